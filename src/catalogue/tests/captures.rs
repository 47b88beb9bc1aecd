//! Scrapes of real exporters hold the catalogue to the truth, in both directions.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::*;

/// One family of a scrape: type, and every label seen.
#[derive(Default)]
struct Family {
    kind: String,
    labels: BTreeMap<String, BTreeSet<String>>,
}

/// A whole scrape, what it was taken from, and what is in it.
type Capture = (String, Circumstances, BTreeMap<String, Family>);

/// `None` where the shared data is absent.
fn captures() -> Option<Vec<Capture>> {
    let shared = std::env::var_os("STACKWRIGHT_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"),
        PathBuf::from,
    );
    let directory = std::fs::read_dir(shared.join("data/captures")).ok()?;
    let mut captures: Vec<_> = directory
        .map(|entry| {
            let path = entry.expect("a directory entry").path();
            let name = path
                .file_stem()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            let text = std::fs::read_to_string(&path).expect("a scrape");
            (name.clone(), circumstances_of(&name), families(&text))
        })
        .collect();
    captures.sort_by(|a, b| a.0.cmp(&b.0));
    Some(captures)
}

/// Reads `1.86__redis7.0.15.replica.default`.
fn circumstances_of(name: &str) -> Circumstances {
    let (exporter, rest) = name.split_once("__").expect("exporter__server");
    let (server, kind) = rest
        .strip_suffix(".default")
        .or_else(|| rest.strip_suffix(".full"))
        .and_then(|rest| rest.rsplit_once('.'))
        .expect("server.kind.setup");
    let digit = server
        .find(|c: char| c.is_ascii_digit())
        .expect("a version");
    let full = flags([
        ("check-keys", "*"),
        ("check-key-groups", "^(.)"),
        ("check-streams", "*"),
        ("count-keys", "*"),
        ("script", "s.lua"),
        ("export-client-list", "true"),
        ("include-config-metrics", "true"),
        ("include-go-runtime-metrics", "true"),
        ("include-modules-metrics", "true"),
        ("include-rdb-file-size-metric", "true"),
        ("include-system-metrics", "true"),
        ("ping-on-connect", "true"),
    ]);
    Circumstances {
        exporter: exporter.parse().ok(),
        flags: Some(if name.ends_with(".full") {
            full
        } else {
            IndexMap::new()
        }),
        servers: match kind {
            "master" => vec![ServerKind::PrimaryWithReplicas],
            "replica" => vec![ServerKind::Replica],
            "cluster" => vec![ServerKind::PrimaryWithReplicas, ServerKind::Cluster],
            "sentinel" => vec![ServerKind::Sentinel],
            _ => vec![],
        },
        product: Some(if server.starts_with("redis") {
            Product::Redis
        } else {
            Product::Valkey
        }),
        server_version: server[digit..].parse().ok(),
        modules: None,
        namespace: None,
    }
}

/// Just enough of the text format for what exporters write.
fn families(text: &str) -> BTreeMap<String, Family> {
    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    let mut current = String::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').expect("name and type");
            name.clone_into(&mut current);
            kind.clone_into(&mut families.entry(current.clone()).or_default().kind);
        } else if !line.starts_with('#')
            && let Some((_, labels)) = line.split_once('{')
        {
            let family = families.entry(current.clone()).or_default();
            for (label, value) in label_pairs(labels) {
                family.labels.entry(label).or_default().insert(value);
            }
        }
    }
    families
}

/// `a="1",b="2"} 3` as pairs; values may hold escaped quotes.
fn label_pairs(labels: &str) -> Vec<(String, String)> {
    let (mut pairs, mut name, mut value) = (Vec::new(), String::new(), String::new());
    let (mut in_value, mut escaped) = (false, false);
    for c in labels.chars() {
        match c {
            '\\' if in_value && !escaped => escaped = true,
            '"' if in_value && !escaped => {
                in_value = false;
                pairs.push((std::mem::take(&mut name), std::mem::take(&mut value)));
            }
            _ if in_value => {
                escaped = false;
                value.push(c);
            }
            '"' => in_value = true,
            '}' => break,
            ',' | '=' => {}
            _ => name.push(c),
        }
    }
    pairs
}

/// Runs `check` on every family of every capture and fails with all complaints at once.
fn in_every_capture(
    check: impl Fn(&Catalogue, &Exporter, &Circumstances, &str, &Family) -> Option<String>,
) {
    let Some(captures) = captures() else {
        println!("not run: no shared data");
        return;
    };
    let catalogue = catalogue();
    let exporter = catalogue.exporter("redis_exporter").expect("the exporter");
    let mut complaints = Vec::new();
    let mut families_seen = 0;
    for (capture, circumstances, families) in &captures {
        for (name, family) in families {
            families_seen += 1;
            if let Some(complaint) = check(&catalogue, exporter, circumstances, name, family) {
                complaints.push(format!("{capture}: {name}: {complaint}"));
            }
        }
    }
    assert!(families_seen > 1000, "only {families_seen} families read");
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn every_scraped_family_is_known_with_its_type() {
    in_every_capture(|catalogue, exporter, circumstances, name, family| {
        let kind = match catalogue.know_at(exporter, name, None) {
            Some(Known::Metric(resolved)) => resolved.metric.type_in(circumstances.exporter),
            Some(Known::Dynamic(library, _)) if library.name == "go_client" => return None,
            Some(Known::Dynamic(_, dynamic)) => dynamic.kind,
            other => return Some(format!("{other:?}")),
        };
        (kind.as_str() != family.kind).then(|| format!("{} is {}", kind.as_str(), family.kind))
    });
}

#[test]
fn every_scraped_label_is_known() {
    in_every_capture(|catalogue, exporter, circumstances, name, family| {
        let Some(Known::Metric(resolved)) = catalogue.know_at(exporter, name, None) else {
            return None;
        };
        // `_bucket` and the quantiles are part of the family in a scrape.
        let known = resolved.labels(circumstances);
        let unknown: Vec<_> = family
            .labels
            .keys()
            .filter(|label| !known.contains(&label.as_str()) && *label != "le")
            .collect();
        (!unknown.is_empty()).then(|| format!("labels {unknown:?}"))
    });
}

#[test]
fn every_scraped_value_is_in_the_closed_set_of_its_label() {
    in_every_capture(|catalogue, exporter, _, name, family| {
        let Some(Known::Metric(resolved)) = catalogue.know_at(exporter, name, None) else {
            return None;
        };
        let mut sets = resolved.metric.values.iter();
        sets.find_map(|(label, values)| {
            let mut seen = family.labels.get(label)?.iter();
            // To Prometheus an empty value is no label: a sentinel has no role.
            let other = seen.find(|seen| !seen.is_empty() && !values.contains(seen))?;
            Some(format!("{label}=\"{other}\""))
        })
    });
}

#[test]
fn nothing_scraped_is_called_unavailable() {
    in_every_capture(|catalogue, exporter, circumstances, name, _| {
        match catalogue.availability(exporter, name, circumstances) {
            Some(Availability::Unavailable(reason)) => Some(reason.to_string()),
            Some(_) => None,
            None => Some("not known".to_owned()),
        }
    });
}

/// The other direction: what we promise without a condition is there.
#[test]
fn what_is_available_was_scraped() {
    let Some(captures) = captures() else {
        println!("not run: no shared data");
        return;
    };
    let catalogue = catalogue();
    let exporter = catalogue.exporter("redis_exporter").expect("the exporter");
    let mut missing = Vec::new();
    for (capture, circumstances, families) in &captures {
        if circumstances.servers.is_empty() {
            continue;
        }
        let without_modules = Circumstances {
            modules: Some(Vec::new()),
            ..circumstances.clone()
        };
        for metric in exporter.metrics.values() {
            let available =
                metric.availability(exporter, &without_modules) == Availability::Available;
            if available && !families.contains_key(&metric.name) {
                missing.push(format!("{capture}: {}", metric.name));
            }
        }
    }
    assert!(
        missing.is_empty(),
        "{} missing:\n{}",
        missing.len(),
        missing.join("\n")
    );
}

#[test]
fn what_survives_an_unreachable_server_was_scraped_from_one() {
    let Some(captures) = captures() else {
        println!("not run: no shared data");
        return;
    };
    let catalogue = catalogue();
    let exporter = catalogue.exporter("redis_exporter").expect("the exporter");
    let (_, _, down) = captures
        .iter()
        .find(|(name, ..)| name.contains(".down."))
        .expect("a scrape of a server that is down");
    for metric in exporter.metrics.values() {
        assert_eq!(
            metric.while_down,
            down.contains_key(&metric.name),
            "{}",
            metric.name
        );
    }
}
