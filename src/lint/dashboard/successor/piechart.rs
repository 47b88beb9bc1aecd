//! The plugin for pie charts as the panel that came after it.

use serde_json::{Value as Json, json};

use super::{FieldConfig, Old, calculation, numeral, property, unit};

const GONE: [&str; 15] = [
    "aliasColors",
    "breakPoint",
    "combine",
    "decimals",
    "fontSize",
    "format",
    "legend",
    "legendType",
    "nullPointMode",
    "nullText",
    "pieType",
    "strokeWidth",
    "valueName",
    "grid",
    "seriesOverrides",
];

pub(super) fn successor(
    old: &Old,
) -> Option<(&'static str, Json, FieldConfig, &'static [&'static str])> {
    // Small slices put together have no successor.
    if super::number(&old.0["combine"]["threshold"]).is_some_and(|share| share > 0.0) {
        return None;
    }
    let mut config = FieldConfig::default();
    config.set("unit", unit(&old.0["format"]));
    config.set("decimals", old.number("decimals").map(numeral));
    config.set("color", Some(json!({"mode": "palette-classic"})));
    if let Json::Object(colors) = &old.0["aliasColors"] {
        for (name, color) in colors {
            let fixed = json!({"mode": "fixed", "fixedColor": color});
            config.of_series(name, vec![property("color", fixed)]);
        }
    }
    let legend = &old.0["legend"];
    let is = |key: &str| legend[key].as_bool() == Some(true);
    let values: Vec<&str> = [("values", "value"), ("percentage", "percent")]
        .into_iter()
        .filter(|(key, _)| is(key))
        .map(|(_, value)| value)
        .collect();
    let kind = old.text("legendType");
    let options = json!({
        "displayLabels": if kind == "On graph" { vec!["name", "percent"] } else { Vec::new() },
        "legend": {
            "displayMode": if values.is_empty() { "list" } else { "table" },
            "placement": if kind == "Right side" { "right" } else { "bottom" },
            "showLegend": legend["show"].as_bool().unwrap_or(true) && kind != "On graph",
            "values": values,
        },
        "pieType": if old.text("pieType") == "donut" { "donut" } else { "pie" },
        "reduceOptions": {"calcs": [calculation(old.text("valueName"))?], "fields": "", "values": false},
        "tooltip": {"mode": "single", "sort": "none"},
    });
    Some(("piechart", options, config, &GONE))
}
