//! Thresholds and alerts, recovered from the expressions of rules.
//!
//! The profile as it is so far is resolved with numbers that stand nowhere else in place of every threshold. A rule of the
//! setup that is the same expression but for those numbers says what they are. Any other rule is held against the
//! catalogue by the quantity that it asks for.

use std::collections::{BTreeMap, BTreeSet};

use super::probe::{Candidate, Hole, Markers, candidates, fill, loosen, shape};
use super::quantity::{Question, Recorded, Side, measure, question};
use super::reading::Reading;
use super::resolve;
use super::thresholds::{write_alerts, write_numbers};
use crate::catalogue::Severity;
use crate::facts::rules::{PromRule, RuleKind};
use crate::model::Stack;
use crate::promql::{self, Parsed};
use crate::quantity::Duration;
use crate::setup::Place;
use crate::template::Templates;

/// An alert of the setup that is one of the catalogue.
#[derive(Debug, Clone, PartialEq)]
pub struct Recognised {
    /// Where its name stands.
    pub place: Place,
    /// Its name in the setup.
    pub name: String,
    /// Its name in the catalogue.
    pub alert: String,
    /// The severity that it has in the profile.
    pub severity: Severity,
    /// Its expression.
    pub expr: String,
    /// How long it must hold.
    pub pending: Duration,
    /// The number that it compares with, in the unit of the catalogue's threshold; `None` without a threshold.
    pub value: Option<f64>,
    /// Whether it is the catalogue's own expression.
    pub is_same: bool,
}

/// What the rules of a setup come to.
#[derive(Default)]
pub(super) struct Recovered {
    /// By threshold and severity: the number and how long it must hold.
    pub(super) thresholds: BTreeMap<(String, Severity), (f64, Duration)>,
    pub(super) guards: BTreeMap<String, f64>,
    pub(super) pressure: BTreeMap<&'static str, f64>,
    pub(super) windows: Vec<Duration>,
    pub(super) recognised: Vec<Recognised>,
    pub(super) peak: bool,
}

/// Thresholds and alerts of the setup.
pub(super) fn adopt(reading: &mut Reading<'_>, templates: &Templates) -> Vec<Recognised> {
    let catalogue = reading.facts.catalogue;
    let mut probe = reading.draft.clone();
    let markers = Markers::plant(catalogue.alerting(), &mut probe);
    loosen(&mut probe);
    let Some(stack) = resolve(&probe, &reading.environment, catalogue, templates).ok() else {
        reading.remains(
            None,
            "alerts",
            "the profile so far could not be resolved, so that no threshold was recovered",
        );
        return Vec::new();
    };
    let (candidates, recorded) = candidates(&stack);
    let window = stack.alerting.window;
    let mut recovered = Recovered::default();
    let mut others = Vec::new();
    let facts = reading.facts;
    let rules: Vec<&PromRule> = facts
        .rule_files
        .iter()
        .flat_map(|file| file.rules())
        .map(|(_, rule)| rule)
        .collect();
    for rule in &rules {
        if rule.kind == RuleKind::Recording {
            recording(reading, rule, &stack, &markers, &mut recovered);
            continue;
        }
        let Some(parsed) = rule.expression.map(|id| &facts.expression(id).parsed) else {
            continue;
        };
        if !same(rule, parsed, &candidates, &markers, window, &mut recovered) {
            others.push((*rule, parsed));
        }
    }
    let distinct: BTreeSet<&str> = candidates.iter().map(|it| it.alert.as_str()).collect();
    let found: BTreeSet<String> = recovered
        .recognised
        .iter()
        .map(|it| it.alert.clone())
        .collect();
    // A setup that has most of the catalogue's alerts has left out the others on purpose.
    let is_whole = found.len() * 2 > distinct.len();
    let mut known = recorded;
    for rule in rules.iter().filter(|rule| rule.kind == RuleKind::Recording) {
        let parsed = rule.expression.map(|id| &facts.expression(id).parsed);
        if let Some(measure) = parsed.and_then(|parsed| measure(parsed, &known)) {
            known.entry(rule.name.value.to_string()).or_insert(measure);
        }
    }
    for (rule, parsed) in others {
        alike(reading, rule, parsed, &candidates, &known, &mut recovered);
    }
    let mut missing: BTreeSet<String> = BTreeSet::new();
    if is_whole {
        left_out(reading, &found);
        // What the targets as they are would have, and the setup has not.
        if let Ok(stack) = resolve(&reading.draft, &reading.environment, catalogue, templates) {
            let alerting = std::iter::once(&stack.alerting).chain(&stack.counting);
            let ids = alerting
                .flat_map(|it| it.rules())
                .map(|it| it.alert.name.clone());
            missing.extend(ids.filter(|id| !found.contains(id)));
        }
    }
    write_numbers(reading, &recovered, &missing, window);
    write_alerts(reading, &recovered, &missing);
    recovered.recognised
}

/// The severity of an alert in the words of a profile, and whether it is the setup's own word.
fn severity_of(rule: &PromRule) -> (Severity, bool) {
    let written = rule.label("severity").map_or("", |text| text.as_str());
    match written.to_ascii_lowercase().as_str() {
        "critical" => (Severity::Critical, true),
        "warning" => (Severity::Warning, true),
        "page" | "pager" | "high" | "emergency" | "fatal" | "error" | "crit" | "disaster" => {
            (Severity::Critical, false)
        }
        _ => (Severity::Warning, false),
    }
}

/// A rule that is one of the catalogue's but for its numbers.
fn same(
    rule: &PromRule,
    parsed: &Parsed,
    candidates: &[Candidate],
    markers: &Markers,
    window: Duration,
    recovered: &mut Recovered,
) -> bool {
    let existing = shape(parsed);
    let (severity, _) = severity_of(rule);
    // An alert without a threshold may have another severity than the catalogue's.
    let by_severity = |it: &&Candidate| it.threshold.is_none() || it.severity == severity;
    for candidate in candidates.iter().filter(by_severity) {
        let own = candidate.threshold.as_ref().map(|(_, value)| *value);
        let Some(filling) = fill(&existing, &candidate.shape, own, markers, window) else {
            continue;
        };
        let value = filling.value;
        let pending = rule.pending.unwrap_or_default();
        if let (Some((name, _)), Some(value)) = (&candidate.threshold, value) {
            recovered
                .thresholds
                .entry((name.clone(), severity))
                .or_insert((value, pending));
        }
        for (hole, found) in filling.holes {
            match hole {
                Hole::Guard(name) => drop(recovered.guards.entry(name).or_insert(found)),
                Hole::Pressure(key) => drop(recovered.pressure.entry(key).or_insert(found)),
                Hole::Threshold(_) => {}
            }
        }
        recovered.windows.extend(filling.windows);
        recovered.recognised.push(Recognised {
            place: rule.place(),
            name: rule.name.value.to_string(),
            alert: candidate.alert.clone(),
            severity,
            expr: parsed.text().to_owned(),
            pending,
            value,
            is_same: true,
        });
        return true;
    }
    false
}

/// A recording rule: the catalogue's own says where levels of memory pressure begin, any other is not in the profile.
fn recording(
    reading: &mut Reading<'_>,
    rule: &PromRule,
    stack: &Stack<'_>,
    markers: &Markers,
    recovered: &mut Recovered,
) {
    let facts = reading.facts;
    let Some(parsed) = rule.expression.map(|id| &facts.expression(id).parsed) else {
        return;
    };
    let existing = shape(parsed);
    let own = stack
        .alerting
        .recording
        .iter()
        .filter(|it| it.rule.name == rule.name.as_str())
        .find_map(|it| {
            let candidate = shape(&promql::parse(&it.expr));
            fill(&existing, &candidate, None, markers, stack.alerting.window)
        });
    let of_peak = rule.name.as_str() == "redis:memory_pressure:level"
        && parsed.text().contains("redis_memory_used_peak_bytes");
    match own {
        Some(filling) => {
            recovered.windows.extend(filling.windows);
            for (hole, found) in filling.holes {
                if let Hole::Pressure(key) = hole {
                    recovered.pressure.insert(key, found);
                }
            }
        }
        None if of_peak => {
            recovered.peak = true;
            let keys = ["medium", "high", "critical"];
            for (key, found) in keys.into_iter().zip(existing.numbers) {
                recovered.pressure.insert(key, found);
            }
        }
        None => reading.remains(
            rule.place(),
            format!("recording rule `{}`", rule.name.as_str()),
            "a stack records what its own rules and panels read",
        ),
    }
}

/// A rule that asks the same as one of the catalogue's in other words.
fn alike(
    reading: &mut Reading<'_>,
    rule: &PromRule,
    parsed: &Parsed,
    candidates: &[Candidate],
    recorded: &Recorded,
    recovered: &mut Recovered,
) {
    let name = rule.name.as_str();
    let subject = format!("alert `{name}`");
    if !parsed.is_valid() {
        reading.remains(rule.place(), subject, "its expression is not valid");
        return;
    }
    let Some(asked) = question(parsed, recorded) else {
        reading.remains(
            rule.place(),
            subject,
            "no alert of the catalogue asks for this",
        );
        return;
    };
    let (severity, is_own_word) = severity_of(rule);
    let catalogue = reading.facts.catalogue.alerting();
    let found = candidates
        .iter()
        .filter(|it| fits(&asked, it, parsed, severity))
        .min_by_key(|it| {
            // The job that a rule names decides between alerts on `up`.
            usize::from(
                it.job
                    .as_ref()
                    .is_some_and(|job| !parsed.text().contains(job.as_str())),
            )
        });
    let Some(candidate) = found else {
        reading.remains(
            rule.place(),
            subject,
            "no alert of the catalogue asks for this",
        );
        return;
    };
    let pending = rule.pending.unwrap_or_default();
    let mut value = None;
    if let Some((threshold, _)) = &candidate.threshold
        && let Some(scale) = candidate.question.as_ref().map(|it| it.measure.scale)
        && let Some(definition) = catalogue.thresholds.get(threshold)
    {
        let number = asked.value_in(scale);
        let [low, high] = definition.range;
        if !(low..=high).contains(&number) {
            reading.remains(
                rule.place(),
                subject,
                format!(
                    "it compares with {}, which is outside the range of `{threshold}`",
                    definition.unit.in_words(number)
                ),
            );
            return;
        }
        let key = (threshold.clone(), severity);
        if recovered.thresholds.contains_key(&key) {
            reading.remains(
                rule.place(),
                subject,
                format!(
                    "another alert of severity {} has the threshold `{threshold}` already",
                    severity.as_str()
                ),
            );
            return;
        }
        recovered.thresholds.insert(key, (number, pending));
        value = Some(number);
    } else if recovered
        .recognised
        .iter()
        .any(|it| it.alert == candidate.alert)
    {
        reading.remains(
            rule.place(),
            subject,
            format!(
                "another alert asks the same, `{}` of the catalogue",
                candidate.alert
            ),
        );
        return;
    }
    if !is_own_word && let Some(label) = rule.label("severity") {
        reading.remains(
            label.place,
            format!("severity `{}` of the alert `{name}`", label.as_str()),
            format!(
                "a profile knows `warning` and `critical`; it is {}",
                severity.as_str()
            ),
        );
    }
    recovered.recognised.push(Recognised {
        place: rule.place(),
        name: name.to_owned(),
        alert: candidate.alert.clone(),
        severity,
        expr: parsed.text().to_owned(),
        pending,
        value,
        is_same: false,
    });
}

/// Whether a rule of the setup asks what a candidate asks.
fn fits(asked: &Question, candidate: &Candidate, parsed: &Parsed, severity: Severity) -> bool {
    let Some(wanted) = &candidate.question else {
        return false;
    };
    if wanted.measure.quantity != asked.measure.quantity {
        return false;
    }
    if asked.measure.quantity == "up" {
        let job = |word: &str| parsed.text().contains(word);
        let fits = match candidate.alert.as_str() {
            "RedisScrapeFailed" => job("redis"),
            "TargetDown" => !job("redis"),
            _ => false,
        };
        if !fits {
            return false;
        }
    }
    match &candidate.threshold {
        Some(_) => candidate.severity == severity && wanted.side == asked.side,
        None => {
            let value = asked.value_in(wanted.measure.scale);
            // Of a state that is 0 or 1, `< 1` and `!= 1` are `== 0`.
            let is_zero = |side: Side, value: f64| {
                (side == Side::Equal && value == 0.0)
                    || (matches!(side, Side::Below | Side::Other) && value == 1.0)
            };
            (wanted.side == asked.side && wanted.value == value)
                || (is_zero(wanted.side, wanted.value) && is_zero(asked.side, value))
        }
    }
}

/// What a setup that has most of the catalogue's alerts says by leaving some out: what its targets are not.
fn left_out(reading: &mut Reading<'_>, found: &BTreeSet<String>) {
    let targets = reading.draft.names(&["targets"]);
    let (run, watched): (Vec<&String>, Vec<&String>) = targets
        .iter()
        .partition(|name| reading.draft.get(&["targets", name, "server"]).is_some());
    let (rdb, aof) = (
        found.contains("RedisSnapshotFailed"),
        found.contains("RedisAofWriteFailed"),
    );
    let persistence = match (rdb, aof) {
        (true, true) => "rdb-and-aof",
        (true, false) => "rdb",
        (false, true) => "aof",
        (false, false) => "none",
    };
    // One target with both is enough for the alerts on both.
    let mut is_said = !run.is_empty();
    for name in watched {
        let needed = match persistence {
            "rdb-and-aof" if is_said => "rdb",
            other => other,
        };
        is_said |= needed == "rdb-and-aof";
        if needed != "rdb" {
            reading.draft.set(&["targets", name, "persistence"], needed);
        }
    }
    let is_limited =
        !found.contains("RedisMemoryBytesHigh") && !found.contains("RedisSystemMemoryHigh");
    for name in &targets {
        if is_limited && reading.draft.get(&["targets", name, "maxmemory"]).is_none() {
            reading.draft.set(&["targets", name, "maxmemory"], "1gb");
            reading.draft.comment(
                &["targets", name, "maxmemory"],
                "The rules say that there is a limit, and not how much: put it here.",
            );
        }
    }
}

/// What else the catalogue's own alerts carry in the setup: labels, annotations, runbooks. `stack` is what the profile renders.
pub(super) fn adopt_texts(reading: &mut Reading<'_>, stack: &Stack<'_>, recognised: &[Recognised]) {
    let facts = reading.facts;
    let rules = || facts.rule_files.iter().flat_map(|file| file.rules());
    for found in recognised.iter().filter(|it| it.is_same) {
        let Some((_, rule)) = rules().find(|(_, rule)| rule.place() == found.place) else {
            continue;
        };
        let alerting = std::iter::once(&stack.alerting).chain(&stack.counting);
        let rendered = alerting.flat_map(|it| it.rules()).find(|it| {
            it.alert.name == found.alert && it.severity == found.severity && it.expr == found.expr
        });
        let Some(rendered) = rendered else { continue };
        for (key, value) in &rule.labels {
            let is_known = rendered.labels.contains_key(key.as_str());
            let is_ours = matches!(
                key.as_str(),
                "severity" | "group" | "job" | "alertname" | "shard"
            );
            if !is_known && !is_ours {
                let path = ["alerts", &found.alert, "labels", key.as_str()];
                reading.draft.set(&path, value.value.to_string());
            }
        }
        for (key, value) in &rule.annotations {
            match key.as_str() {
                "dashboard_url" => {}
                "runbook" | "runbook_url" => {
                    let (base, file) = value
                        .as_str()
                        .rsplit_once('/')
                        .unwrap_or(("", value.as_str()));
                    let slug = file.trim_end_matches(".md");
                    let is_known = reading.draft.get(&["runbooks", slug]).is_some()
                        || facts.catalogue.alerting().alert(slug).is_some();
                    if slug != rendered.runbook && is_known {
                        reading
                            .draft
                            .set(&["alerts", &found.alert, "runbook"], slug);
                    }
                    if key.as_str() == "runbook_url" && !base.is_empty() {
                        reading.draft.set(&["links", "runbooks"], base);
                    }
                }
                key => {
                    if rendered.annotations.get(key).map(String::as_str) != Some(value.as_str()) {
                        let path = ["alerts", &found.alert, "annotations", key];
                        reading.draft.set(&path, value.value.to_string());
                    }
                }
            }
        }
    }
}
