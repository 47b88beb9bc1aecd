//! Expressions that people really run.

use std::collections::BTreeSet;
use std::path::Path;

use stackwright::promql::{self, Options, Parsed};

use crate::shared::shared;

/// Every string under a key `expr` of a JSON or YAML tree.
fn expressions(value: &serde_json::Value, out: &mut BTreeSet<String>) {
    match value {
        serde_json::Value::Object(entries) => {
            for (key, value) in entries {
                match value.as_str() {
                    Some(text) if key == "expr" => {
                        out.insert(text.to_owned());
                    }
                    _ => expressions(value, out),
                }
            }
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| expressions(item, out)),
        _ => {}
    }
}

/// Every expression of the dashboards and rule files below `root`. What does not parse as JSON or YAML is left out.
fn collect(root: &Path) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    for entry in walkdir::WalkDir::new(root).into_iter().flatten() {
        let extension = entry
            .path()
            .extension()
            .and_then(|extension| extension.to_str());
        let Ok(text) = std::fs::read_to_string(entry.path()) else {
            continue;
        };
        let value: Option<serde_json::Value> = match extension {
            Some("json") => serde_json::from_str(&text).ok(),
            Some("yml" | "yaml") => serde_yaml::from_str(&text).ok(),
            _ => None,
        };
        if let Some(value) = value {
            expressions(&value, &mut out);
        }
    }
    out
}

fn is_logql(parsed: &Parsed) -> bool {
    parsed
        .errors
        .iter()
        .any(|error| error.message.contains("LogQL"))
}

#[test]
fn real_expressions_read_back_or_are_refused_with_advice() {
    /// Those that are wrong, counted by hand: grouping behind a function, a rate of no range, a list with `as`.
    const WRONG: usize = 13;
    let Some(root) = shared("setups") else {
        return;
    };
    let all = collect(&root);
    assert!(all.len() > 500, "only {} expressions", all.len());
    let options = Options::grafana();
    let mut wrong = Vec::new();
    for text in &all {
        let parsed = promql::parse_with(text, &options);
        if parsed.is_valid() {
            for printed in [parsed.format(), parsed.format_lines()] {
                let again = promql::parse_with(&printed, &options);
                assert_eq!(again.tree(), parsed.tree(), "{text}\n{printed}");
            }
        } else {
            assert!(
                parsed.errors[0].hint.is_some(),
                "{text}: {:?}",
                parsed.errors
            );
            if !is_logql(&parsed) {
                wrong.push(text);
            }
        }
    }
    assert!(
        wrong.len() <= WRONG,
        "{} of {}: {wrong:#?}",
        wrong.len(),
        all.len()
    );
}
