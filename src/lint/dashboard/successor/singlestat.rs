//! `singlestat` as `stat`, or as `gauge` where it drew one.

use serde_json::{Value as Json, json};

use super::{FieldConfig, Old, calculation, mappings, number, numeral, steps, unit};

const GONE: [&str; 23] = [
    "colorBackground",
    "colorPostfix",
    "colorPrefix",
    "colorValue",
    "colors",
    "decimals",
    "format",
    "gauge",
    "mappingType",
    "mappingTypes",
    "nullPointMode",
    "nullText",
    "postfix",
    "postfixFontSize",
    "prefix",
    "prefixFontSize",
    "rangeMaps",
    "sparkline",
    "tableColumn",
    "thresholds",
    "valueFontSize",
    "valueMaps",
    "valueName",
];

pub(super) fn successor(
    old: &Old,
) -> Option<(&'static str, Json, FieldConfig, &'static [&'static str])> {
    let mut config = FieldConfig::default();
    config.set("unit", affixed(old)?);
    config.set("decimals", old.number("decimals").map(numeral));
    let numbers: Vec<f64> = old
        .text("thresholds")
        .split(',')
        .filter_map(|number| number.trim().parse().ok())
        .collect();
    let colors = old.items("colors");
    let is_coloured = old.is("colorBackground") || old.is("colorValue");
    let gauge = &old.0["gauge"];
    let is_gauge = gauge["show"].as_bool() == Some(true);
    config.set("thresholds", steps(&numbers, colors));
    config.set("color", Some(json!({"mode": "thresholds"})));
    config.set("mappings", Some(mappings(old).into()));
    config.set("noValue", old.0["nullText"].as_str().map(Json::from));
    if is_gauge {
        config.set("min", number(&gauge["minValue"]).map(numeral));
        config.set("max", number(&gauge["maxValue"]).map(numeral));
    }
    let value = old.text("valueName");
    let is_name = value == "name";
    let reduce = json!({
        "calcs": [if is_name { "lastNotNull" } else { calculation(value)? }],
        "fields": match old.text("tableColumn") {
            "" => String::new(),
            column => format!("/^{}$/", regex::escape(column)),
        },
        "values": false,
    });
    let options = match is_gauge {
        true => json!({
            "orientation": "auto",
            "reduceOptions": reduce,
            "showThresholdLabels": gauge["thresholdLabels"].as_bool().unwrap_or(false),
            "showThresholdMarkers": gauge["thresholdMarkers"].as_bool().unwrap_or(true),
        }),
        false => json!({
            "colorMode": match (is_coloured && !numbers.is_empty(), old.is("colorBackground")) {
                (false, _) => "none",
                (true, true) => "background",
                (true, false) => "value",
            },
            "graphMode": if old.0["sparkline"]["show"].as_bool() == Some(true) { "area" } else { "none" },
            "justifyMode": "auto",
            "orientation": "auto",
            "reduceOptions": reduce,
            "textMode": if is_name { "name" } else { "auto" },
        }),
    };
    Some((
        if is_gauge { "gauge" } else { "stat" },
        options,
        config,
        &GONE,
    ))
}

/// The unit, with what stood before or behind the value where that can be had; `None` where it cannot.
#[expect(
    clippy::option_option,
    reason = "no unit, and one that cannot be had, are two things"
)]
fn affixed(old: &Old) -> Option<Option<Json>> {
    let (prefix, postfix) = (old.text("prefix").trim(), old.text("postfix").trim());
    let own = unit(&old.0["format"]);
    let is_plain = own
        .as_ref()
        .is_none_or(|unit| matches!(unit.as_str(), Some("none" | "short")));
    match (prefix, postfix) {
        ("", "") => Some(own),
        ("", postfix) if is_plain => Some(Some(format!("suffix:{postfix}").into())),
        (prefix, "") if is_plain => Some(Some(format!("prefix:{prefix}").into())),
        _ => None,
    }
}
