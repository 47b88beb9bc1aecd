//! The old table as the new one.

use serde_json::{Value as Json, json};

use super::{FieldConfig, Old, calculation, number, numeral, property, steps};

const GONE: [&str; 8] = [
    "columns",
    "fontSize",
    "pageSize",
    "scroll",
    "showHeader",
    "sort",
    "styles",
    "transform",
];

pub(super) fn successor(
    old: &Old,
) -> Option<(&'static str, Json, FieldConfig, &'static [&'static str])> {
    if !matches!(
        old.text("transform"),
        "" | "table" | "timeseries_to_columns" | "timeseries_to_rows" | "timeseries_aggregations"
    ) {
        return None;
    }
    let mut config = FieldConfig::default();
    for style in old.items("styles") {
        let pattern = style["pattern"].as_str()?;
        let properties = properties(style)?;
        match pattern {
            // The style of everything that has no other.
            "/.*/" => {
                for property in properties {
                    let (Some(id), value) = (property["id"].as_str(), property["value"].clone())
                    else {
                        continue;
                    };
                    match id.strip_prefix("custom.") {
                        Some(key) => {
                            let custom =
                                config.defaults.entry("custom").or_insert_with(|| json!({}));
                            custom[key] = value;
                        }
                        None => config.set(id, Some(value)),
                    }
                }
            }
            pattern => config.of_series(pattern, properties),
        }
    }
    let options = json!({"showHeader": old.0["showHeader"].as_bool().unwrap_or(true)});
    Some(("table", options, config, &GONE))
}

/// What a style says of its columns; `None` where it says something that the successor cannot show.
fn properties(style: &Json) -> Option<Vec<Json>> {
    let text = |key: &str| style[key].as_str().filter(|text| !text.is_empty());
    let mut properties = Vec::new();
    properties.extend(text("alias").map(|alias| property("displayName", alias)));
    if let Some(align) = text("align") {
        properties.push(property("custom.align", align));
    }
    match text("type")? {
        "hidden" => properties.push(property("custom.hidden", true)),
        "number" => {
            properties.extend(text("unit").map(|unit| property("unit", unit)));
            properties.extend(
                number(&style["decimals"]).map(|value| property("decimals", numeral(value))),
            );
        }
        "date" => {
            let format = text("dateFormat").unwrap_or("YYYY-MM-DD HH:mm:ss");
            properties.push(property("unit", format!("time: {format}")));
        }
        "string" => {}
        _ => return None,
    }
    let limits: Vec<f64> = style["thresholds"]
        .as_array()
        .map_or(&[][..], Vec::as_slice)
        .iter()
        .filter_map(number)
        .collect();
    let colors = style["colors"].as_array().map_or(&[][..], Vec::as_slice);
    let cell = match text("colorMode") {
        Some("cell" | "row") => Some("color-background"),
        Some("value") => Some("color-text"),
        _ => None,
    };
    if let Some((cell, steps)) = cell.zip(steps(&limits, colors)) {
        properties.push(property("thresholds", steps));
        properties.push(property("custom.cellOptions", json!({"type": cell})));
    }
    if style["link"].as_bool() == Some(true) {
        // `$__cell` and its like have other names now.
        return None;
    }
    Some(properties)
}

/// What made columns of series.
pub(super) fn transformations(kind: &str, old: &Old) -> Option<Json> {
    if kind != "table" {
        return None;
    }
    let mut all = old.items("transformations").to_vec();
    all.push(match old.text("transform") {
        "timeseries_to_columns" => {
            json!({"id": "joinByField", "options": {"byField": "Time", "mode": "outer"}})
        }
        "timeseries_to_rows" => json!({"id": "seriesToRows", "options": {}}),
        "timeseries_aggregations" => {
            let reducers: Vec<&str> = old
                .items("columns")
                .iter()
                .filter_map(|column| calculation(column["value"].as_str()?))
                .collect();
            json!({"id": "reduce", "options": {"includeTimeField": false, "reducers": reducers}})
        }
        "table" => json!({"id": "merge", "options": {}}),
        _ => return None,
    });
    Some(all.into())
}
