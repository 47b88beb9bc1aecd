//! Queries of what the names promise.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::assessment::Assessment;
use super::library::{Replacement, is_specific, panels};
use super::names::subject;
use super::{Draft, Impossible};
use crate::catalogue::Catalogue;
use crate::document::{JsonText, Splice};
use crate::facts::Facts;
use crate::facts::dashboard::Panel;
use crate::lint::subject::words;

pub(super) fn draft(
    facts: &Facts<'_>,
    catalogue: &Catalogue,
    assessment: &Assessment,
    unwanted: &BTreeSet<String>,
) -> Result<Draft, Impossible> {
    if !matches!(assessment.promised.as_str(), "redis" | "valkey") {
        return Err(Impossible::NoLibrary(subject(&assessment.promised)));
    }
    let dashboard = &facts.dashboards[assessment.dashboard];
    let text = JsonText::new(facts.setup.document(dashboard.document).text.text());
    let names: Vec<&str> = catalogue
        .dashboards()
        .panels()
        .keys()
        .map(String::as_str)
        .collect();
    let library: Vec<Replacement> = panels(facts, catalogue, dashboard, &names)?
        .into_iter()
        .filter(|panel| is_specific(panel, dashboard) && !unwanted.contains(&panel.title))
        .collect();
    let mut draft = Draft::default();
    let mut taken: BTreeSet<(&str, bool)> = BTreeSet::new();
    for assessed in &assessment.panels {
        let panel = &dashboard.panels[assessed.panel];
        let is_about = assessed
            .shown
            .as_ref()
            .is_some_and(|shown| shown.eq_ignore_ascii_case(&subject(&assessment.promised)));
        if is_about || panel.queries.is_empty() {
            continue;
        }
        let wants_number = is_number(panel.kind.as_str());
        let Some(counterpart) = counterpart(panel, &library, |name| {
            taken.contains(&(name, wants_number))
        }) else {
            draft.left.push(format!(
                "panel `{}` has no counterpart in the panel library",
                panel.title.as_str()
            ));
            continue;
        };
        taken.insert((&counterpart.name, wants_number));
        draft.splices.extend(replaced(&text, panel, counterpart));
        draft.done.push(format!(
            "panel `{}` becomes `{}`, as panel `{}` of the library",
            panel.title.as_str(),
            title_and_targets(panel, counterpart).0,
            counterpart.name
        ));
    }
    if draft.done.is_empty() {
        return Err(Impossible::NoCounterpart);
    }
    Ok(draft)
}

/// What words of titles mean for a Redis server.
const CONCEPTS: [(&str, &[&str]); 18] = [
    (
        "commands",
        &[
            "command",
            "commands",
            "request",
            "requests",
            "operation",
            "operations",
            "ops",
            "throughput",
            "calls",
        ],
    ),
    (
        "lookups",
        &["query", "queries", "lookup", "lookups", "read", "reads"],
    ),
    (
        "latency",
        &["latency", "duration", "response", "slow", "slowest"],
    ),
    (
        "quantiles",
        &[
            "percentile",
            "percentiles",
            "quantile",
            "quantiles",
            "p50",
            "p90",
            "p95",
            "p99",
        ],
    ),
    (
        "errors",
        &["error", "errors", "failed", "failures", "rejected"],
    ),
    ("memory", &["memory", "ram", "rss"]),
    (
        "clients",
        &[
            "client",
            "clients",
            "connection",
            "connections",
            "connected",
        ],
    ),
    ("hits", &["hit", "hits", "miss", "misses", "cache"]),
    (
        "keys",
        &["key", "keys", "keyspace", "items", "database", "activity"],
    ),
    ("network", &["network", "traffic", "bandwidth"]),
    ("cpu", &["cpu"]),
    ("uptime", &["uptime"]),
    ("health", &["up", "health", "status", "availability"]),
    ("evictions", &["evicted", "evictions", "eviction"]),
    ("expiry", &["expired", "expiry", "ttl"]),
    (
        "replication",
        &[
            "replication",
            "replica",
            "replicas",
            "lag",
            "slave",
            "slaves",
        ],
    ),
    (
        "snapshots",
        &["snapshot", "snapshots", "rdb", "aof", "persistence"],
    ),
    ("fragmentation", &["fragmentation"]),
];

fn concepts(text: &str) -> BTreeSet<&'static str> {
    let words = words(text);
    CONCEPTS
        .iter()
        .filter(|(_, signs)| words.iter().any(|word| signs.contains(&word.as_str())))
        .map(|(concept, _)| *concept)
        .collect()
}

/// The panel of the library that shows what a title promises: as much of it as possible, and as little else.
fn counterpart<'l>(
    panel: &Panel,
    library: &'l [Replacement],
    is_taken: impl Fn(&str) -> bool,
) -> Option<&'l Replacement> {
    let promised = concepts(panel.title.as_str());
    let wants_number = is_number(panel.kind.as_str());
    library
        .iter()
        .filter(|candidate| !is_taken(&candidate.name))
        .filter_map(|candidate| {
            let kind = candidate.json["type"].as_str().unwrap_or_default();
            let offered = concepts(&format!("{} {}", candidate.name, candidate.title));
            let shared = promised.intersection(&offered).count() as i32;
            let surplus = offered.difference(&promised).count() as i32;
            let lacking = promised.difference(&offered).count() as i32;
            // States and tables are drawn from other queries than numbers and lines.
            let fits = matches!(kind, "stat" | "gauge" | "timeseries" | "bargauge");
            let other_kind = i32::from(is_number(kind) != wants_number);
            (shared > 0 && fits).then_some((
                shared * 6 - surplus * 2 - lacking * 3 - other_kind,
                candidate,
            ))
        })
        .filter(|(score, _)| *score > 0)
        // The first of the best ones.
        .fold(
            None,
            |best: Option<(i32, &Replacement)>, (score, candidate)| match best {
                Some((highest, _)) if highest >= score => best,
                _ => Some((score, candidate)),
            },
        )
        .map(|(_, candidate)| candidate)
}

/// Whether panels of a type show one number, and not a course.
fn is_number(kind: &str) -> bool {
    matches!(kind, "singlestat" | "stat" | "gauge" | "bargauge")
}

/// Title, queries, unit, thresholds and description of `new`; id, place, size, type and all else of `panel`.
fn replaced(text: &JsonText<'_>, panel: &Panel, new: &Replacement) -> Vec<Splice> {
    let node = &panel.node;
    let defaults = &new.json["fieldConfig"]["defaults"];
    let steps = defaults["thresholds"]["steps"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let (title, targets) = title_and_targets(panel, new);
    let mut changes: Vec<(&str, Option<Json>)> = vec![
        ("title", Some(title.into())),
        ("description", Some(new.json["description"].clone())),
        ("targets", Some(targets)),
    ];
    let mut splices = Vec::new();
    match panel.kind.as_str() {
        "singlestat" => {
            let limits: Vec<String> = steps
                .iter()
                .filter_map(|step| step["value"].as_f64())
                .map(|value| value.to_string())
                .collect();
            changes.push(("format", Some(defaults["unit"].clone())));
            changes.push(("thresholds", Some(limits.join(",").into())));
            if limits.is_empty() {
                changes.push(("colorBackground", Some(false.into())));
            }
        }
        "graph" => {
            changes.push(("thresholds", Some(json!([]))));
            if let Some(axis) = node.get("yaxes").and_then(|axes| axes.items().first()) {
                splices.extend(text.updated(axis, &[("format", Some(defaults["unit"].clone()))]));
            }
        }
        _ => {
            let own = node
                .get("fieldConfig")
                .and_then(|config| config.get("defaults"));
            let mut merged = own.map_or_else(|| json!({}), |own| own.to_json());
            for key in [
                "unit",
                "thresholds",
                "min",
                "max",
                "decimals",
                "noValue",
                "mappings",
            ] {
                match (defaults.get(key), merged.as_object_mut()) {
                    (Some(value), Some(merged)) => {
                        merged.insert(key.into(), value.clone());
                    }
                    (None, Some(merged)) => {
                        merged.shift_remove(key);
                    }
                    _ => {}
                }
            }
            // Overrides name series that are no longer there.
            let config =
                json!({"defaults": merged, "overrides": new.json["fieldConfig"]["overrides"]});
            changes.push(("fieldConfig", Some(config)));
        }
    }
    splices.extend(text.updated(node, &changes));
    splices
}

/// Title and queries; of a panel that shows one number only one of them, the one that its title asks for where it asks for a
/// quantile.
fn title_and_targets(panel: &Panel, new: &Replacement) -> (String, Json) {
    let mut title = new.title.clone();
    let mut targets = new.json["targets"].as_array().cloned().unwrap_or_default();
    if is_number(panel.kind.as_str()) && targets.len() > 1 {
        let words = words(panel.title.as_str());
        let asked = targets.iter().position(|target| {
            let legend = target["legendFormat"].as_str().unwrap_or_default();
            words.iter().any(|word| word == legend)
        });
        targets = targets.drain(..).skip(asked.unwrap_or(0)).take(1).collect();
        let legend = targets
            .first()
            .and_then(|target| target["legendFormat"].as_str())
            .filter(|legend| !legend.contains('{'));
        if let Some(legend) = legend {
            let subject = title.split(',').next().unwrap_or_default();
            title = format!("{subject}, {legend}");
        }
    }
    let names_datasource = panel
        .queries
        .iter()
        .any(|query| query.node.get("datasource").is_some());
    for target in &mut targets {
        let Some(entries) = target.as_object_mut() else {
            continue;
        };
        if !names_datasource {
            entries.shift_remove("datasource");
        }
        entries.insert("refId".into(), "A".into());
    }
    for (index, target) in targets.iter_mut().enumerate() {
        let letter = char::from(b'A' + u8::try_from(index).unwrap_or(0) % 26);
        target["refId"] = letter.to_string().into();
    }
    (title, Json::Array(targets))
}
