//! `graph` as `timeseries`.

use serde_json::{Map, Value as Json, json};

use super::{FieldConfig, Old, calculation, number, numeral, property, unit};

const GONE: [&str; 27] = [
    "aliasColors",
    "bars",
    "dashLength",
    "dashes",
    "decimals",
    "fill",
    "fillGradient",
    "grid",
    "hiddenSeries",
    "legend",
    "lines",
    "linewidth",
    "nullPointMode",
    "percentage",
    "pointradius",
    "points",
    "renderer",
    "seriesOverrides",
    "spaceLength",
    "stack",
    "steppedLine",
    "thresholds",
    "timeRegions",
    "tooltip",
    "xaxis",
    "yaxes",
    "yaxis",
];

pub(super) fn successor(
    old: &Old,
) -> Option<(&'static str, Json, FieldConfig, &'static [&'static str])> {
    // Bars by series and histograms are other panels, and coloured times of day have no successor.
    let mode = old.0["xaxis"]["mode"].as_str().unwrap_or("time");
    if mode != "time" || !old.items("timeRegions").is_empty() {
        return None;
    }
    let mut config = FieldConfig::default();
    let mut custom = Map::new();
    let axis = |index: usize| old.0["yaxes"].get(index).unwrap_or(&Json::Null);
    for (key, value) in axis_properties(axis(0)) {
        match key.strip_prefix("custom.") {
            Some(key) => {
                custom.insert(key.to_owned(), value);
            }
            None => config.set(key, Some(value)),
        }
    }
    if let Some(decimals) = old.number("decimals") {
        config
            .defaults
            .entry("decimals")
            .or_insert_with(|| numeral(decimals));
    }
    let is_drawn = |key: &str, usual: bool| old.0[key].as_bool().unwrap_or(usual);
    let (bars, lines, points) = (
        is_drawn("bars", false),
        is_drawn("lines", true),
        is_drawn("points", false),
    );
    let mut set = |key: &str, value: Json| {
        custom.insert(key.to_owned(), value);
    };
    set("drawStyle", style(bars, lines, points).into());
    set(
        "lineInterpolation",
        if old.is("steppedLine") {
            "stepAfter"
        } else {
            "linear"
        }
        .into(),
    );
    set("lineWidth", numeral(old.number("linewidth").unwrap_or(1.0)));
    set(
        "fillOpacity",
        numeral(if bars {
            100.0
        } else {
            opacity(old.number("fill").unwrap_or(1.0))
        }),
    );
    set(
        "gradientMode",
        if old.number("fillGradient").unwrap_or(0.0) > 0.0 {
            "opacity"
        } else {
            "none"
        }
        .into(),
    );
    set("showPoints", if points { "always" } else { "never" }.into());
    set(
        "pointSize",
        numeral(2.0 + 2.0 * old.number("pointradius").unwrap_or(2.0)),
    );
    // Missing values as zero have no successor but in the query: a gap is the honest one.
    set(
        "spanNulls",
        (old.text("nullPointMode") == "connected").into(),
    );
    if old.is("dashes") {
        set(
            "lineStyle",
            dash(old.number("dashLength"), old.number("spaceLength")),
        );
    }
    let stacking = match (old.is("stack"), old.is("percentage")) {
        (true, true) => "percent",
        (true, false) => "normal",
        _ => "none",
    };
    set("stacking", json!({"mode": stacking, "group": "A"}));
    if let Some((thresholds, mode)) = thresholds(old.items("thresholds"))? {
        config.set("thresholds", Some(thresholds));
        set("thresholdsStyle", json!({"mode": mode}));
    }
    config.set("custom", Some(Json::Object(custom)));
    config.set("color", Some(json!({"mode": "palette-classic"})));
    if let Json::Object(colors) = &old.0["aliasColors"] {
        for (name, color) in colors {
            config.of_series(name, vec![property("color", fixed(color))]);
        }
    }
    for series in old.items("seriesOverrides") {
        if let Some(name) = series["alias"].as_str() {
            config.of_series(name, of_series(series, axis(1))?);
        }
    }
    if old.0["xaxis"]["show"].as_bool() == Some(false) {
        config.overrides.push(json!({
            "matcher": {"id": "byType", "options": "time"},
            "properties": [property("custom.axisPlacement", "hidden")],
        }));
    }
    Some(("timeseries", options(old), config, &GONE))
}

const fn style(bars: bool, lines: bool, points: bool) -> &'static str {
    match (bars, lines, points) {
        (true, ..) => "bars",
        (false, false, true) => "points",
        _ => "line",
    }
}

/// The old scale of filling went from 0 to 10.
fn opacity(fill: f64) -> f64 {
    (fill * 10.0).clamp(0.0, 100.0)
}

fn fixed(color: &Json) -> Json {
    json!({"mode": "fixed", "fixedColor": color})
}

fn dash(length: Option<f64>, space: Option<f64>) -> Json {
    let dash = [length.unwrap_or(10.0), space.unwrap_or(10.0)].map(numeral);
    json!({"fill": "dash", "dash": dash})
}

/// What an axis says of its series.
fn axis_properties(axis: &Json) -> Vec<(&'static str, Json)> {
    let mut properties = Vec::new();
    let mut add = |key, value: Option<Json>| properties.extend(value.map(|value| (key, value)));
    add("unit", unit(&axis["format"]));
    add("min", number(&axis["min"]).map(numeral));
    add("max", number(&axis["max"]).map(numeral));
    add("decimals", number(&axis["decimals"]).map(numeral));
    add(
        "custom.axisLabel",
        axis["label"]
            .as_str()
            .filter(|label| !label.is_empty())
            .map(Json::from),
    );
    if axis["show"].as_bool() == Some(false) {
        add("custom.axisPlacement", Some("hidden".into()));
    }
    let base = number(&axis["logBase"]).filter(|base| *base > 1.0);
    add(
        "custom.scaleDistribution",
        base.map(|base| json!({"type": "log", "log": numeral(base)})),
    );
    properties
}

/// Limits as steps, and how they are drawn. `Some(None)`: there are none; `None`: they contradict each other.
#[expect(
    clippy::option_option,
    reason = "no limits, and limits that cannot be had, are two things"
)]
fn thresholds(limits: &[Json]) -> Option<Option<(Json, &'static str)>> {
    if limits.is_empty() {
        return Some(None);
    }
    let mut sorted: Vec<(f64, &Json)> = limits
        .iter()
        .filter_map(|limit| Some((number(&limit["value"])?, limit)))
        .collect();
    if sorted.is_empty() {
        return Some(None);
    }
    sorted.sort_by(|one, other| one.0.total_cmp(&other.0));
    let color = |limit: &Json| match limit["colorMode"].as_str() {
        Some("critical") | None => Json::from("red"),
        Some("warning") => "orange".into(),
        Some("ok") => "green".into(),
        Some(_) => {
            let own = [&limit["lineColor"], &limit["fillColor"]];
            own.into_iter()
                .find(|color| color.is_string())
                .cloned()
                .unwrap_or_else(|| "red".into())
        }
    };
    let is_below = |limit: &Json| limit["op"] == "lt";
    // The successor has one colour from each number upwards: limits from below come first, those from above last.
    let turn = sorted
        .iter()
        .take_while(|(_, limit)| is_below(limit))
        .count();
    if sorted[turn..].iter().any(|(_, limit)| is_below(limit)) {
        return None;
    }
    let mut steps = Vec::new();
    let (below, above) = sorted.split_at(turn);
    let mut from = Json::Null;
    for (value, limit) in below {
        steps.push(json!({"color": color(limit), "value": from}));
        from = numeral(*value);
    }
    steps.push(json!({"color": "transparent", "value": from}));
    for (value, limit) in above {
        steps.push(json!({"color": color(limit), "value": numeral(*value)}));
    }
    let has = |key: &str| {
        limits
            .iter()
            .any(|limit| limit[key].as_bool() == Some(true))
    };
    let mode = match (has("fill"), has("line")) {
        (true, true) => "line+area",
        (true, false) => "area",
        (false, true) => "line",
        (false, false) => "off",
    };
    Some(Some((json!({"mode": "absolute", "steps": steps}), mode)))
}

/// What `seriesOverrides` says of one series; `None` where it says something that the successor cannot show.
fn of_series(series: &Json, right: &Json) -> Option<Vec<Json>> {
    let mut properties = Vec::new();
    let is = |key: &str| series[key].as_bool();
    let draws = ["bars", "lines", "points"]
        .iter()
        .any(|key| is(key).is_some());
    if draws {
        let (bars, lines, points) = (
            is("bars") == Some(true),
            is("lines") != Some(false),
            is("points") == Some(true),
        );
        properties.push(property("custom.drawStyle", style(bars, lines, points)));
        if points {
            properties.push(property("custom.showPoints", "always"));
        }
    }
    let Json::Object(entries) = series else {
        return None;
    };
    for (key, value) in entries {
        let amount = || number(value).map(numeral);
        match key.as_str() {
            "alias" | "bars" | "lines" | "points" | "zindex" | "$$hashKey" | "dashLength"
            | "spaceLength" => {}
            "yaxis" if number(value) == Some(2.0) => {
                properties.push(property("custom.axisPlacement", "right"));
                properties.extend(
                    axis_properties(right)
                        .into_iter()
                        .filter(|(key, _)| *key != "custom.axisPlacement")
                        .map(|(key, value)| property(key, value)),
                );
            }
            "yaxis" => properties.push(property("custom.axisPlacement", "left")),
            "fill" => properties.push(property(
                "custom.fillOpacity",
                numeral(opacity(number(value)?)),
            )),
            "linewidth" => properties.push(property("custom.lineWidth", amount()?)),
            "pointradius" => properties.push(property(
                "custom.pointSize",
                numeral(2.0 + 2.0 * number(value)?),
            )),
            "color" => properties.push(property("color", fixed(value))),
            "steppedLine" if value.as_bool() == Some(true) => {
                properties.push(property("custom.lineInterpolation", "stepAfter"));
            }
            "steppedLine" => {}
            "dashes" if value.as_bool() == Some(true) => properties.push(property(
                "custom.lineStyle",
                dash(
                    number(&series["dashLength"]),
                    number(&series["spaceLength"]),
                ),
            )),
            "dashes" => {}
            "nullPointMode" => properties.push(property("custom.spanNulls", value == "connected")),
            "transform" if value == "negative-Y" => {
                properties.push(property("custom.transform", "negative-Y"));
            }
            "fillBelowTo" => properties.push(property("custom.fillBelowTo", value.clone())),
            "stack" => {
                let (mode, group) = match value {
                    Json::Bool(false) => ("none", "A"),
                    Json::String(group) => ("normal", group.as_str()),
                    _ => ("normal", "A"),
                };
                properties.push(property(
                    "custom.stacking",
                    json!({"mode": mode, "group": group}),
                ));
            }
            "legend" if value.as_bool() == Some(false) => properties.push(property(
                "custom.hideFrom",
                json!({"legend": true, "tooltip": false, "viz": false}),
            )),
            "legend" => {}
            "hiddenSeries" if value.as_bool() == Some(true) => properties.push(property(
                "custom.hideFrom",
                json!({"legend": false, "tooltip": false, "viz": true}),
            )),
            "hiddenSeries" => {}
            _ => return None,
        }
    }
    Some(properties)
}

fn options(old: &Old) -> Json {
    let legend = &old.0["legend"];
    let is = |key: &str| legend[key].as_bool() == Some(true);
    let calculations: Vec<&str> = ["min", "max", "avg", "current", "total"]
        .into_iter()
        .filter(|key| is(key))
        .filter_map(calculation)
        .collect();
    let tooltip = &old.0["tooltip"];
    let sort = match number(&tooltip["sort"]) {
        Some(1.0) => "asc",
        Some(2.0) => "desc",
        _ => "none",
    };
    json!({
        "legend": {
            "calcs": calculations,
            "displayMode": if is("alignAsTable") { "table" } else { "list" },
            "placement": if is("rightSide") { "right" } else { "bottom" },
            "showLegend": legend["show"].as_bool().unwrap_or(true),
        },
        "tooltip": {
            "mode": if tooltip["shared"].as_bool().unwrap_or(true) { "multi" } else { "single" },
            "sort": sort,
        },
    })
}
