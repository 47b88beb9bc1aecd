use crate::catalogue::Version;
use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::facts::dashboard::Panel;
use crate::lint::{Findings, Lint, Need};

pub(super) static LINT: Lint = Lint {
    id: "dashboard/removed-panel-type",
    level: Level::Warning,
    summary: "a panel of a type that Grafana no longer has",
    needs: &[Need::Versions],
    check,
};

/// Since when panels in Angular are switched off unless somebody switches them on; the next major version has none.
const OFF: Version = Version::new(11, 0, 0);

/// Types that Grafana itself turns into the new one as it loads a dashboard.
const CONVERTED: [(&str, &str); 3] = [
    ("graph", "timeseries"),
    ("singlestat", "stat"),
    ("table-old", "table"),
];

/// Plugins in Angular that were given up, and what does their work now.
const GIVEN_UP: [(&str, &str); 20] = [
    ("grafana-piechart-panel", "piechart"),
    ("grafana-worldmap-panel", "geomap"),
    ("grafana-singlestat-panel", "stat"),
    ("natel-discrete-panel", "state-timeline"),
    ("vonage-status-panel", "stat"),
    ("michaeldmoore-multistat-panel", "bargauge"),
    ("blackmirror1-singlestat-math-panel", "stat"),
    ("blackmirror1-statusbygroup-panel", "stat"),
    ("jeanbaptistewatenberg-percent-panel", "stat"),
    ("mtanda-histogram-panel", "histogram"),
    ("savantly-heatmap-panel", "heatmap"),
    ("petrslavotinek-carpetplot-panel", "heatmap"),
    ("neocat-cal-heatmap-panel", "heatmap"),
    ("snuids-radar-panel", "barchart"),
    ("snuids-trafficlights-panel", "stat"),
    ("corpglory-progresslist-panel", "bargauge"),
    ("farski-blendstat-panel", "stat"),
    ("ryantxu-ajax-panel", "text"),
    ("agenty-flowcharting-panel", "canvas"),
    ("digrich-bubblechart-panel", "xychart"),
];

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    let version = facts.grafana_version();
    for dashboard in &facts.dashboards {
        for panel in &dashboard.panels {
            check_panel(panel, version, findings);
        }
    }
}

fn check_panel(panel: &Panel, version: Option<Version>, findings: &mut Findings<'_>) {
    let kind = panel.kind.as_str();
    let named = |table: &[(&'static str, &'static str)]| {
        table
            .iter()
            .find(|(old, _)| *old == kind)
            .map(|(_, new)| *new)
    };
    let (level, state, instead) = match (named(&CONVERTED), named(&GIVEN_UP), version) {
        (Some(new), _, Some(version)) if version < OFF && kind == "graph" => {
            (Level::Info, "goes with Grafana 12".to_owned(), new)
        }
        (Some(new), ..) => (
            Level::Warning,
            format!("is gone: Grafana shows a `{new}` that it guesses from the old options"),
            new,
        ),
        (_, Some(new), Some(version)) if version >= OFF => (
            Level::Error,
            format!("does not work in Grafana {version}: the panel stays empty"),
            new,
        ),
        (_, Some(new), _) => (
            Level::Warning,
            "needs Angular, which Grafana no longer has".to_owned(),
            new,
        ),
        _ => return,
    };
    let message = format!("{} has the type `{kind}`, which {state}", panel.named());
    findings.report(panel.kind.place, message).level(level).label("no longer there").help(format!(
        "make it a `{instead}`: open the dashboard in Grafana, change the visualization, look at units and thresholds, and save the JSON"
    ));
}
