//! Panels in Angular as their successors.

use serde_json::{Value, json};

use stackwright::check::formats::{Format, Readers};
use stackwright::diagnostic::Safety;
use stackwright::setup::Setup;

use super::{complaints, mended};

/// The panel after its conversion; as it was where there is none.
fn converted(panel: Value) -> Value {
    let dashboard = json!({
        "uid": "a", "title": "A", "schemaVersion": 16, "templating": {"list": []}, "panels": [panel],
    });
    let text = format!("{dashboard:#}\n");
    let setup = Setup::of_texts("", [("a.json", text.as_bytes())]);
    let mended = mended(&setup, "dashboard/removed-panel-type", Safety::Unsafe);
    assert_eq!(
        complaints(&mended, "dashboard/removed-panel-type", Safety::Unsafe),
        [""; 0]
    );
    let document = &mended.setup.documents()[0];
    let said: Vec<String> = Format::Dashboard
        .validator()
        .check_file(document.file(), &Readers::default())
        .into_iter()
        .map(|said| said.message)
        .collect();
    assert_eq!(said, [""; 0], "{}", document.file().text());
    let json: Value = serde_json::from_str(document.file().text()).expect("JSON");
    json["panels"][0].clone()
}

fn graph(more: Value) -> Value {
    let mut panel = json!({
        "id": 1, "type": "graph", "title": "Memory", "gridPos": {"h": 8, "w": 12, "x": 0, "y": 0},
        "datasource": "Prometheus",
        "targets": [{"expr": "redis_memory_used_bytes", "refId": "A", "legendFormat": "used"}],
        "lines": true, "linewidth": 2, "fill": 3, "nullPointMode": "connected",
        "xaxis": {"mode": "time", "show": true},
        "yaxes": [
            {"format": "bytes", "min": "0", "max": null, "logBase": 10, "label": "Memory", "show": true},
            {"format": "percent", "min": null, "max": 100, "logBase": 1, "show": true},
        ],
        "legend": {"show": true, "rightSide": true, "alignAsTable": true, "values": true, "avg": true, "current": true},
        "tooltip": {"shared": true, "sort": 2},
        "thresholds": [{"value": 100, "op": "gt", "colorMode": "critical", "line": true, "fill": false}],
        "seriesOverrides": [{"alias": "/share.*/", "yaxis": 2, "fill": 0, "dashes": true}],
        "aliasColors": {"used": "#ff0000"},
    });
    let entries = panel.as_object_mut().expect("a panel");
    entries.extend(more.as_object().expect("entries").clone());
    panel
}

#[test]
fn a_graph_keeps_axes_thresholds_series_nulls_and_legend() {
    let panel = converted(graph(json!({})));
    assert_eq!(panel["type"], "timeseries");
    assert_eq!(panel["id"], 1);
    assert!(
        panel.get("yaxes").is_none() && panel.get("legend").is_none(),
        "{panel:#}"
    );
    let defaults = &panel["fieldConfig"]["defaults"];
    assert_eq!(
        [
            &defaults["unit"],
            &defaults["min"],
            &defaults["custom"]["axisLabel"]
        ],
        [&json!("bytes"), &json!(0), &json!("Memory")]
    );
    assert_eq!(
        defaults["custom"]["scaleDistribution"],
        json!({"type": "log", "log": 10})
    );
    assert_eq!(
        [
            &defaults["custom"]["lineWidth"],
            &defaults["custom"]["fillOpacity"],
            &defaults["custom"]["spanNulls"]
        ],
        [&json!(2), &json!(30), &json!(true)]
    );
    assert_eq!(
        defaults["thresholds"]["steps"],
        json!([{"color": "transparent", "value": null}, {"color": "red", "value": 100}])
    );
    assert_eq!(defaults["custom"]["thresholdsStyle"]["mode"], "line");
    assert_eq!(
        panel["fieldConfig"]["overrides"],
        json!([
            {"matcher": {"id": "byName", "options": "used"}, "properties": [
                {"id": "color", "value": {"mode": "fixed", "fixedColor": "#ff0000"}},
            ]},
            {"matcher": {"id": "byRegexp", "options": "/share.*/"}, "properties": [
                {"id": "custom.axisPlacement", "value": "right"},
                {"id": "unit", "value": "percent"},
                {"id": "max", "value": 100},
                {"id": "custom.fillOpacity", "value": 0},
                {"id": "custom.lineStyle", "value": {"fill": "dash", "dash": [10, 10]}},
            ]},
        ])
    );
    assert_eq!(
        panel["options"]["legend"],
        json!({"calcs": ["mean", "lastNotNull"], "displayMode": "table", "placement": "right", "showLegend": true})
    );
    assert_eq!(
        panel["options"]["tooltip"],
        json!({"mode": "multi", "sort": "desc"})
    );
}

#[test]
fn a_graph_with_something_that_has_no_successor_is_left_to_people() {
    for more in [
        json!({"alert": {"name": "a"}}),
        json!({"xaxis": {"mode": "series"}}),
        json!({"timeRegions": [{"op": "time"}]}),
        json!({"thresholds": [
            {"value": 1, "op": "gt", "colorMode": "ok"},
            {"value": 2, "op": "lt", "colorMode": "ok"},
        ]}),
    ] {
        assert_eq!(converted(graph(more.clone()))["type"], "graph", "{more}");
    }
}

#[test]
fn a_single_number_keeps_colours_mappings_and_unit() {
    let panel = converted(json!({
        "id": 1, "type": "singlestat", "title": "Up", "gridPos": {"h": 4, "w": 6, "x": 0, "y": 0},
        "targets": [{"expr": "redis_up", "refId": "A"}],
        "format": "none", "postfix": " servers", "prefix": "", "decimals": 0,
        "colorBackground": true, "colorValue": false, "colors": ["red", "yellow", "green"], "thresholds": "1,2",
        "valueName": "avg", "nullText": "?", "mappingType": 1,
        "valueMaps": [{"op": "=", "text": "N/A", "value": "null"}, {"op": "=", "text": "down", "value": "0"}],
        "sparkline": {"show": true}, "gauge": {"show": false},
    }));
    assert_eq!(panel["type"], "stat");
    let defaults = &panel["fieldConfig"]["defaults"];
    assert_eq!(defaults["unit"], "suffix:servers");
    assert_eq!(
        defaults["thresholds"]["steps"],
        json!([{"color": "red", "value": null}, {"color": "yellow", "value": 1}, {"color": "green", "value": 2}])
    );
    assert_eq!(defaults["mappings"][0]["options"]["match"], "null");
    assert_eq!(defaults["mappings"][1]["options"]["0"]["text"], "down");
    assert_eq!(defaults["noValue"], "?");
    assert_eq!(panel["options"]["colorMode"], "background");
    assert_eq!(panel["options"]["graphMode"], "area");
    assert_eq!(panel["options"]["reduceOptions"]["calcs"], json!(["mean"]));
}

#[test]
fn an_old_table_keeps_its_columns() {
    let panel = converted(json!({
        "id": 1, "type": "table-old", "title": "Servers", "gridPos": {"h": 8, "w": 12, "x": 0, "y": 0},
        "targets": [{"expr": "redis_up", "refId": "A", "format": "table"}],
        "transform": "table", "showHeader": true,
        "styles": [
            {"pattern": "Time", "type": "hidden"},
            {"pattern": "Value", "type": "number", "unit": "bytes", "decimals": 1, "alias": "Memory",
             "colorMode": "cell", "colors": ["green", "red"], "thresholds": ["5"]},
        ],
    }));
    assert_eq!(panel["type"], "table");
    assert_eq!(
        panel["transformations"],
        json!([{"id": "merge", "options": {}}])
    );
    let overrides = &panel["fieldConfig"]["overrides"];
    assert_eq!(
        overrides[0]["properties"],
        json!([{"id": "custom.hidden", "value": true}])
    );
    assert_eq!(
        overrides[1]["properties"][0],
        json!({"id": "displayName", "value": "Memory"})
    );
    assert_eq!(
        overrides[1]["properties"][4]["value"],
        json!({"type": "color-background"})
    );
}

#[test]
fn an_old_pie_chart_keeps_slices_colours_and_legend() {
    let pie = |more: Value| {
        let mut panel = json!({
            "id": 1, "type": "grafana-piechart-panel", "title": "Keys", "gridPos": {"h": 8, "w": 12, "x": 0, "y": 0},
            "datasource": "Prometheus",
            "targets": [{"expr": "redis_db_keys", "refId": "A", "legendFormat": "{{db}}"}],
            "pieType": "donut", "format": "short", "decimals": 1, "valueName": "current", "strokeWidth": 1,
            "legendType": "Right side",
            "legend": {"show": true, "values": true, "percentage": true},
            "aliasColors": {"db0": "#1F60C4"},
            "combine": {"label": "Others", "threshold": 0},
        });
        let entries = panel.as_object_mut().expect("a panel");
        entries.extend(more.as_object().expect("entries").clone());
        converted(panel)
    };
    let panel = pie(json!({}));
    assert_eq!(panel["type"], "piechart");
    assert_eq!(
        panel["targets"],
        json!([{"expr": "redis_db_keys", "refId": "A", "legendFormat": "{{db}}"}])
    );
    assert_eq!(panel["options"]["pieType"], "donut");
    assert_eq!(
        panel["options"]["legend"],
        json!({"displayMode": "table", "placement": "right", "showLegend": true, "values": ["value", "percent"]})
    );
    assert_eq!(
        panel["options"]["reduceOptions"]["calcs"],
        json!(["lastNotNull"])
    );
    assert_eq!(panel["options"]["displayLabels"], json!([]));
    let config = &panel["fieldConfig"];
    assert_eq!(config["defaults"]["unit"], "short");
    assert_eq!(config["defaults"]["decimals"], 1);
    assert_eq!(
        config["overrides"],
        json!([{
            "matcher": {"id": "byName", "options": "db0"},
            "properties": [{"id": "color", "value": {"mode": "fixed", "fixedColor": "#1F60C4"}}],
        }])
    );
    for old in [
        "pieType",
        "legendType",
        "aliasColors",
        "combine",
        "strokeWidth",
        "format",
        "valueName",
    ] {
        assert!(
            panel.get(old).is_none(),
            "`{old}` is still there: {panel:#}"
        );
    }
    // Names on the slices are labels of the panel that came after it.
    let on_graph = pie(json!({"legendType": "On graph", "pieType": "pie", "valueName": "total"}));
    assert_eq!(
        on_graph["options"]["displayLabels"],
        json!(["name", "percent"])
    );
    assert_eq!(on_graph["options"]["legend"]["showLegend"], false);
    assert_eq!(on_graph["options"]["pieType"], "pie");
    assert_eq!(
        on_graph["options"]["reduceOptions"]["calcs"],
        json!(["sum"])
    );
    // Small slices put together have no successor, so that somebody has to look.
    let combined = pie(json!({"combine": {"label": "Others", "threshold": 0.05}}));
    assert_eq!(combined["type"], "grafana-piechart-panel");
}
