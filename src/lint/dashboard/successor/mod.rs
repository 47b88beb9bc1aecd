//! Panels in Angular as their successors: everything that both know is carried over, and what the new one cannot show makes the
//! conversion a matter for people.

mod graph;
mod piechart;
mod singlestat;
mod table;

use serde_json::{Map, Value as Json, json};

use crate::document::Node;

/// The entries of a panel that change: `None` for those that go.
pub(super) type Changes = Vec<(&'static str, Option<Json>)>;

/// What turns an old panel into its successor; `None` where something of it has no place there.
pub(super) fn changes(kind: &str, panel: &Node) -> Option<Changes> {
    let old = Old(panel.to_json());
    // Alerts of the old kind are lost with the type that shows them; who has some must move them first.
    if old.0.get("alert").is_some_and(|alert| !alert.is_null()) {
        return None;
    }
    let (kind, options, field_config, gone): (_, _, _, &[&str]) = match kind {
        "graph" => graph::successor(&old)?,
        "singlestat" | "grafana-singlestat-panel" => singlestat::successor(&old)?,
        "table-old" => table::successor(&old)?,
        "grafana-piechart-panel" => piechart::successor(&old)?,
        _ => return None,
    };
    let mut changes: Changes = gone
        .iter()
        .filter(|key| panel.entry(key).is_some())
        .map(|key| (*key, None))
        .collect();
    changes.push(("type", Some(kind.into())));
    changes.push(("options", Some(options)));
    changes.push(("fieldConfig", Some(merged(&old, field_config))));
    if panel.entry("pluginVersion").is_some() {
        changes.push(("pluginVersion", None));
    }
    if let Some(transformations) = table::transformations(kind, &old) {
        changes.push(("transformations", Some(transformations)));
    }
    Some(changes)
}

/// Field configuration that the panel has already, such as links, and what is carried over.
fn merged(old: &Old, new: FieldConfig) -> Json {
    let mut defaults = match &old.0["fieldConfig"]["defaults"] {
        Json::Object(own) => own.clone(),
        _ => Map::new(),
    };
    for (key, value) in new.defaults {
        match (defaults.get_mut(&key), value) {
            (Some(Json::Object(own)), Json::Object(more)) => own.extend(more),
            (_, value) => {
                defaults.insert(key, value);
            }
        }
    }
    let mut overrides = match &old.0["fieldConfig"]["overrides"] {
        Json::Array(own) => own.clone(),
        _ => Vec::new(),
    };
    overrides.extend(new.overrides);
    json!({"defaults": defaults, "overrides": overrides})
}

/// `fieldConfig` in the making.
#[derive(Debug, Default)]
struct FieldConfig {
    defaults: Map<String, Json>,
    overrides: Vec<Json>,
}

impl FieldConfig {
    fn set(&mut self, key: &str, value: Option<Json>) {
        if let Some(value) = value {
            self.defaults.insert(key.into(), value);
        }
    }

    /// Properties of the series with that name, or whose names match the expression between slashes.
    fn of_series(&mut self, name: &str, properties: Vec<Json>) {
        if properties.is_empty() {
            return;
        }
        let is_pattern = name.len() > 1 && name.starts_with('/');
        let matcher = if is_pattern { "byRegexp" } else { "byName" };
        self.overrides.push(json!({
            "matcher": {"id": matcher, "options": name},
            "properties": properties,
        }));
    }
}

fn property(id: &str, value: impl Into<Json>) -> Json {
    json!({"id": id, "value": value.into()})
}

/// A panel as it was.
struct Old(Json);

impl Old {
    fn is(&self, key: &str) -> bool {
        self.0[key].as_bool() == Some(true)
    }

    fn text(&self, key: &str) -> &str {
        self.0[key].as_str().unwrap_or_default()
    }

    fn number(&self, key: &str) -> Option<f64> {
        number(&self.0[key])
    }

    fn items(&self, key: &str) -> &[Json] {
        self.0[key].as_array().map_or(&[], Vec::as_slice)
    }
}

/// A number, also one that is written as a text.
fn number(value: &Json) -> Option<f64> {
    value
        .as_f64()
        .or_else(|| value.as_str()?.trim().parse().ok())
        .filter(|number| number.is_finite())
}

/// A number without a fraction where it has none.
fn numeral(value: f64) -> Json {
    // Exact up to here.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value.fract() == 0.0 && value.abs() < EXACT {
        true => (value as i64).into(),
        false => value.into(),
    }
}

/// A unit, unless it says nothing.
fn unit(value: &Json) -> Option<Json> {
    value
        .as_str()
        .filter(|unit| !unit.is_empty())
        .map(Json::from)
}

/// How a value of a series is called by the old panels, and by the new ones.
fn calculation(old: &str) -> Option<&'static str> {
    Some(match old {
        "current" | "last" | "" => "lastNotNull",
        "avg" => "mean",
        "min" => "min",
        "max" => "max",
        "total" => "sum",
        "first" => "firstNotNull",
        "delta" => "delta",
        "diff" => "diff",
        "range" => "range",
        "count" => "count",
        _ => return None,
    })
}

/// Steps of colours: `numbers` ascending, one colour more than numbers.
fn steps(numbers: &[f64], colors: &[Json]) -> Option<Json> {
    if numbers.is_empty() || colors.len() <= numbers.len() {
        return None;
    }
    let starts = std::iter::once(Json::Null).chain(numbers.iter().copied().map(numeral));
    let steps: Vec<Json> = colors
        .iter()
        .zip(starts)
        .map(|(color, value)| json!({"color": color, "value": value}))
        .collect();
    Some(json!({"mode": "absolute", "steps": steps}))
}

/// `valueMaps` and `rangeMaps` as mappings.
fn mappings(old: &Old) -> Vec<Json> {
    let mut mappings = Vec::new();
    // 1 maps values, 2 maps ranges.
    if old.number("mappingType") == Some(2.0) {
        for (index, map) in old.items("rangeMaps").iter().enumerate() {
            let bound = |key: &str| number(&map[key]).map_or(Json::Null, numeral);
            let is_null = map["from"] == "null";
            mappings.push(match is_null {
                true => special_null(&map["text"], index),
                false => json!({"type": "range", "options": {
                    "from": bound("from"), "to": bound("to"),
                    "result": {"index": index, "text": map["text"]},
                }}),
            });
        }
        return mappings;
    }
    for (index, map) in old.items("valueMaps").iter().enumerate() {
        let value = match &map["value"] {
            Json::String(value) => value.clone(),
            other => other.to_string(),
        };
        mappings.push(match value.as_str() {
            "null" => special_null(&map["text"], index),
            value => json!({"type": "value", "options": {
                value: {"index": index, "text": map["text"]},
            }}),
        });
    }
    mappings
}

fn special_null(text: &Json, index: usize) -> Json {
    json!({"type": "special", "options": {
        "match": "null",
        "result": {"index": index, "text": text},
    }})
}
