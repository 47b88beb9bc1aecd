//! The blocks `thresholds`, `memory_pressure` and `alerts` of a profile, from what was recovered.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use super::alerts::Recovered;
use super::quantity::rounded;
use super::reading::Reading;
use crate::catalogue::{Direction, Severity, ThresholdDefinition, ThresholdUnit};
use crate::model::alert::SHORTEST_WINDOW;
use crate::quantity::{Bytes, Duration};

/// A number of a threshold as people write it, where that is the very same number.
pub(super) fn written(unit: ThresholdUnit, value: f64) -> Json {
    let candidates = match unit {
        ThresholdUnit::Ratio => vec![format!("{}%", rounded(value * 100.0))],
        ThresholdUnit::Seconds => {
            let millis = (value * 1e3).round();
            let duration = Duration::from_millis(millis.max(0.0) as u64);
            vec![duration.to_string(), format!("{}ms", rounded(value * 1e3))]
        }
        ThresholdUnit::Bytes => vec![Bytes(value.max(0.0) as u64).to_string()],
        ThresholdUnit::PressureLevel => vec![unit.in_words(value)],
        _ => Vec::new(),
    };
    let text = candidates
        .into_iter()
        .find(|text| unit.parse(text) == Some(value));
    match text {
        Some(text) => json!(text),
        None if value.fract() == 0.0 && value.abs() < 1e15 => json!(value as i64),
        None => json!(value),
    }
}

pub(super) fn write_numbers(
    reading: &mut Reading<'_>,
    recovered: &Recovered,
    missing: &BTreeSet<String>,
    window: Duration,
) {
    let catalogue = reading.facts.catalogue.alerting();
    for definition in catalogue.thresholds.values() {
        let name = definition.name.as_str();
        if definition.direction == Direction::Guard {
            let found = recovered
                .guards
                .get(name)
                .filter(|it| Some(**it) != definition.warning);
            let value = found.map(|value| written(definition.unit, *value));
            reading
                .draft
                .set_some(&["thresholds", name, "warning"], value);
            continue;
        }
        let of = |severity| {
            recovered
                .thresholds
                .get(&(name.to_owned(), severity))
                .copied()
        };
        let (warning, critical) = (of(Severity::Warning), of(Severity::Critical));
        let is_missing = catalogue.alerts().any(|(_, alert)| {
            alert.threshold.as_deref() == Some(name) && missing.contains(&alert.name)
        });
        if warning.is_none() && critical.is_none() && !is_missing {
            continue;
        }
        one_threshold(reading, definition, warning, critical);
    }
    let defaults = crate::model::memory_pressure::MemoryPressure::default();
    let (share, slope) = (ThresholdUnit::Ratio, ThresholdUnit::PercentagePointsPerHour);
    for (key, usual, unit) in [
        ("medium", defaults.medium, share),
        ("high", defaults.high, share),
        ("critical", defaults.critical, share),
        ("stable", defaults.stable, slope),
    ] {
        let value = recovered.pressure.get(key);
        let value = value.filter(|value| **value != usual);
        let value = value.map(|value| written(unit, *value));
        reading.draft.set_some(&["memory_pressure", key], value);
    }
    if recovered.peak {
        reading.draft.set(&["memory_pressure", "of"], "peak");
    }
    let mut windows = recovered.windows.clone();
    windows.sort_unstable();
    windows.dedup();
    if let [one] = windows.as_slice()
        && *one != window
        && *one != SHORTEST_WINDOW
    {
        reading.draft.set(&["scrape", "window"], one.to_string());
    }
}

fn one_threshold(
    reading: &mut Reading<'_>,
    definition: &ThresholdDefinition,
    warning: Option<(f64, Duration)>,
    critical: Option<(f64, Duration)>,
) {
    let name = definition.name.as_str();
    let mut block = serde_json::Map::new();
    for (key, found, usual) in [
        ("warning", warning, definition.warning),
        ("critical", critical, definition.critical),
    ] {
        match (found, usual) {
            (Some((value, _)), _) => {
                block.insert(key.into(), written(definition.unit, value));
            }
            (None, Some(_)) => {
                block.insert(key.into(), json!("off"));
            }
            (None, None) => {}
        }
    }
    let pending = |found: Option<(f64, Duration)>, usual: Duration| found.map_or(usual, |it| it.1);
    let pendings = (
        pending(warning, definition.warning_pending),
        pending(critical, definition.critical_pending),
    );
    if pendings != (definition.warning_pending, definition.critical_pending) {
        let text = |duration: Duration| json!(duration.to_string());
        let value = match (warning, critical) {
            (Some(_), None) => text(pendings.0),
            (None, Some(_)) => text(pendings.1),
            _ if pendings.0 == pendings.1 => text(pendings.0),
            _ => json!({"warning": text(pendings.0), "critical": text(pendings.1)}),
        };
        block.insert("for".into(), value);
    }
    // What is the catalogue's own needs no word.
    let is_usual = warning.map(|it| it.0) == definition.warning
        && critical.map(|it| it.0) == definition.critical
        && !block.contains_key("for");
    if !is_usual {
        reading
            .draft
            .set(&["thresholds", name], Json::Object(block));
    }
}

/// Names, severities and times of alerts, where they are not the catalogue's.
pub(super) fn write_alerts(
    reading: &mut Reading<'_>,
    recovered: &Recovered,
    missing: &BTreeSet<String>,
) {
    let catalogue = reading.facts.catalogue.alerting();
    for id in missing {
        let has_threshold = catalogue
            .alert(id)
            .is_some_and(|(_, alert)| alert.threshold.is_some());
        if !has_threshold {
            reading.draft.set(&["alerts", id, "enabled"], false);
        }
    }
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for found in &recovered.recognised {
        let Some((_, alert)) = catalogue.alert(&found.alert) else {
            continue;
        };
        let id = alert.name.as_str();
        match names.get(id) {
            None => {
                names.insert(id.to_owned(), found.name.clone());
                let is_taken = catalogue.alert(&found.name).is_some()
                    || recovered
                        .recognised
                        .iter()
                        .any(|other| other.name == found.name && other.alert != id);
                if found.name != id && is_taken {
                    reading.remains(
                        found.place,
                        format!("name of the alert `{}`", found.name),
                        format!("it asks what `{id}` of the catalogue asks, and the name belongs to another alert"),
                    );
                } else if found.name != id && !found.name.is_empty() {
                    reading
                        .draft
                        .set(&["alerts", id, "name"], found.name.clone());
                }
            }
            Some(first) if *first != found.name => reading.remains(
                found.place,
                format!("name of the alert `{}`", found.name),
                format!("both severities of an alert have one name, here `{first}`"),
            ),
            Some(_) => {}
        }
        if alert.threshold.is_none() {
            if alert.severity.is_some_and(|usual| usual != found.severity) {
                reading
                    .draft
                    .set(&["alerts", id, "severity"], found.severity.as_str());
            }
            if found.pending != alert.pending.unwrap_or_default() {
                reading
                    .draft
                    .set(&["alerts", id, "for"], found.pending.to_string());
            }
        }
    }
}
