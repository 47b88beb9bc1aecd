//! Real configurations.

use std::fmt::Write;
use std::path::Path;

use stackwright::check::formats;

use super::{Format, errors, expect_committed, place};
use serde_json::Value;

#[test]
fn no_working_configuration_of_a_real_setup_is_rejected() {
    let Some(root) = crate::shared::shared("setups") else {
        return;
    };
    let mut table = String::new();
    let mut checked = 0;
    let files = walkdir::WalkDir::new(&root).sort_by_file_name();
    for file in files.into_iter().filter_map(Result::ok) {
        let Some(format) = format_of(file.path()) else {
            continue;
        };
        checked += 1;
        let found = errors(file.path(), format, format.newest());
        if found.is_empty() {
            continue;
        }
        let name = file.path().strip_prefix(&root).unwrap_or(file.path());
        writeln!(table, "{}", name.display()).unwrap();
        for error in &found {
            writeln!(table, "  {}: {}", place(error), error.message).unwrap();
        }
    }
    assert!(checked > 20, "only {checked} configurations were found");
    // Each of these was read, and is wrong: see the notes in the file.
    expect_committed("tests/formats/rejected_setups.txt", &table);
}

/// What a file is, by its content.
fn format_of(path: &Path) -> Option<Format> {
    let extension = path.extension()?.to_str()?;
    if extension == "json" {
        let is_dashboards = |part: std::path::Component<'_>| part.as_os_str() == "dashboards";
        return path
            .components()
            .any(is_dashboards)
            .then_some(Format::Grafana(formats::Format::Dashboard));
    }
    if !matches!(extension, "yml" | "yaml") {
        return None;
    }
    let text = std::fs::read_to_string(path).ok()?;
    let document = serde_yaml::Deserializer::from_str(&text).next()?;
    let document: Value = serde::Deserialize::deserialize(document).ok()?;
    let has = |key: &str| document.get(key).is_some();
    // Loki writes its rules in the same form, in another language.
    let is_loki = path.components().any(|part| part.as_os_str() == "loki");
    if has("apiVersion") && !has("kind") && !is_loki {
        Some(if has("datasources") || has("deleteDatasources") {
            Format::Grafana(formats::Format::Datasources)
        } else if has("providers") {
            Format::Grafana(formats::Format::DashboardProviders)
        } else {
            Format::Grafana(formats::Format::GrafanaAlerting)
        })
    } else if has("apiVersion") || is_loki {
        None
    } else if has("groups") {
        let is_rules = document["groups"]
            .as_array()?
            .iter()
            .any(|group| group.get("rules").is_some());
        is_rules.then_some(Format::Rules { legacy: false })
    } else if has("scrape_configs") && !has("clients") && !has("positions") {
        Some(Format::Prometheus)
    } else if has("route") && has("receivers") {
        Some(Format::Alertmanager)
    } else if has("services") {
        Some(Format::Compose)
    } else {
        None
    }
}
