//! Panels of an application's basic figures, and of what its instrumentation exposes.

use indexmap::IndexMap;

use super::draw::{graph, legend_of, literal, panel, quantile, quantiles};
use super::metric::{Job, metric_panels, title_of};
use crate::catalogue::{
    self, Color, GrafanaUnit, Indicator, LibraryPanel, Metric, PanelKind, State,
};
use crate::model::application::Application;
use crate::profile::{ApplicationMetric, MetricType};

/// The panels that one name stands for.
pub(super) struct NamedPanels {
    /// At least one.
    pub panels: Vec<LibraryPanel>,
    /// Whether a section that names no panels shows them.
    pub is_listed: bool,
}

/// All panels of an application, by the name that a profile calls them: a metric, or one of
/// `health`, `request-rate`, `error-ratio`, `latency`, `requests-by-path`, `requests-by-status`,
/// `latency-by-path`, `in-progress`.
pub(super) fn panels(application: &Application<'_>) -> IndexMap<String, NamedPanels> {
    let mut panels = IndexMap::new();
    let mut add = |name: &str, found: Vec<LibraryPanel>, is_listed: bool| {
        let named = NamedPanels {
            panels: found,
            is_listed,
        };
        panels.entry(name.to_owned()).or_insert(named);
    };
    for (name, panel) in basic_figures(application) {
        add(name, vec![panel], true);
    }
    let shown_with_hits: Vec<&str> = application
        .metrics
        .values()
        .filter_map(|metric| metric.misses.as_deref())
        .collect();
    for (name, metric) in &application.metrics {
        let mut indicators = application.indicators.iter();
        let is_basic = indicators.any(|(_, indicator)| indicator.metric == *name);
        let is_listed = !is_basic && !shown_with_hits.contains(&name.as_str());
        add(name, metric_panels(application, name, metric), is_listed);
    }
    let Some(flavour) = application.flavour else {
        return panels;
    };
    for shown in &flavour.panels {
        if let Some(metric) = flavour.metrics.get(&shown.metric) {
            let panel = instrumentation_panel(application, metric, Some(&shown.by));
            add(&application.exposed_name(&metric.name), vec![panel], true);
        }
    }
    for metric in flavour.metrics.values() {
        let panel = instrumentation_panel(application, metric, None);
        add(&application.exposed_name(&metric.name), vec![panel], false);
    }
    panels
}

/// A metric that the instrumentation exposes, added up over all labels but one.
fn instrumentation_panel(
    application: &Application<'_>,
    metric: &Metric,
    by: Option<&str>,
) -> LibraryPanel {
    let name = application.exposed_name(&metric.name);
    let described = ApplicationMetric {
        kind: match metric.kind {
            catalogue::MetricType::Counter => MetricType::Counter,
            catalogue::MetricType::Gauge => MetricType::Gauge,
            catalogue::MetricType::Histogram => MetricType::Histogram,
            catalogue::MetricType::Summary => MetricType::Summary,
        },
        labels: by.map(ToOwned::to_owned).into_iter().collect(),
        unit: metric.unit.map(|unit| unit.as_str().to_owned()),
        help: metric.help.clone(),
        misses: None,
        share: None,
        multiprocess: None,
    };
    let is_gauge = metric.kind == catalogue::MetricType::Gauge;
    match by {
        Some(label) if is_gauge => {
            let unit = described.unit.as_deref().unwrap_or_default();
            graph(
                &title_of(&name),
                &metric.help,
                GrafanaUnit::of_base_unit(unit).unwrap_or_default(),
            )
            .asking(
                legend_of(label),
                format!(
                    "sum by ({label}) ({})",
                    Job::of(application).selector(&name)
                ),
            )
        }
        _ => metric_panels(application, &name, &described).swap_remove(0),
    }
}

fn basic_figures(application: &Application<'_>) -> Vec<(&'static str, LibraryPanel)> {
    let indicators = &application.indicators;
    let series =
        |indicator: &Indicator, suffix: &str| application.selector(indicator, suffix, literal);
    let rate = |indicator: &Indicator| format!("rate({}[$__rate_interval])", series(indicator, ""));
    let mut figures = Vec::new();
    if let Some(health) = &indicators.health {
        figures.push(("health", health_panel(&series(health, ""))));
    }
    let requests = indicators.requests.as_ref();
    if let Some(requests) = requests {
        let panel = graph(
            "Request rate",
            "Requests per second.",
            GrafanaUnit::RequestsPerSecond,
        );
        let expr = format!("sum({})", rate(requests));
        figures.push(("request-rate", panel.asking("requests", expr)));
    }
    if let (Some(requests), Some(errors)) = (requests, &indicators.errors) {
        let (requests, errors) = (rate(requests), rate(errors));
        // Without a failure there may be no series of failures: that is 0, not "No data".
        let panel = graph(
            "Error ratio",
            "Share of the requests that failed on the server's side. Without requests there is no ratio.",
            GrafanaUnit::Ratio,
        )
        .asking(
            "errors",
            format!("(sum({errors}) or sum({requests}) * 0) / (sum({requests}) > 0)"),
        )
        .or_else_shows("no requests")
        .coloured_by("application-errors");
        figures.push(("error-ratio", panel));
    }
    if let Some(latency) = &indicators.latency {
        let panel = graph(
            "Latency",
            "Time that 50, 95 and 99 of 100 requests stay below.",
            GrafanaUnit::Seconds,
        );
        let panel = quantiles(panel, &series(latency, "_bucket"));
        figures.push(("latency", panel.coloured_by("application-latency")));
    }
    figures.extend(breakdowns(application));
    if let Some(indicator) = &indicators.in_progress {
        let panel = graph(
            "Requests in progress",
            "Requests that are being served.",
            GrafanaUnit::Short,
        );
        let expr = format!("sum({})", series(indicator, ""));
        figures.push(("in-progress", panel.asking("in progress", expr)));
    }
    figures
}

/// What an application says of itself, as words.
fn health_panel(series: &str) -> LibraryPanel {
    let mut panel = panel(
        "Health".into(),
        "What the application says of itself: up, degraded or down.".into(),
        PanelKind::StateTimeline,
        GrafanaUnit::Short,
    );
    panel.min = None;
    for (value, text, color) in [
        ("1", "up", Color::Green),
        ("0.5", "degraded", Color::Yellow),
        ("0", "down", Color::Red),
    ] {
        let state = State {
            text: text.into(),
            color,
        };
        panel.states.insert(value.into(), state);
    }
    // The worst of what it speaks of.
    panel.asking(
        legend_of("instance"),
        format!("min by (instance) ({series})"),
    )
}

/// Requests and latency by path and status.
fn breakdowns(application: &Application<'_>) -> Vec<(&'static str, LibraryPanel)> {
    let indicators = &application.indicators;
    let mut figures = Vec::new();
    let Some(requests) = &indicators.requests else {
        return figures;
    };
    let requests = format!(
        "rate({}[$__rate_interval])",
        application.selector(requests, "", literal)
    );
    if let Some(label) = &indicators.path_label {
        figures.push((
            "requests-by-path",
            graph(
                "Requests by path",
                "The ten paths with the most requests per second.",
                GrafanaUnit::RequestsPerSecond,
            )
            .asking(
                legend_of(label),
                format!("topk(10, sum by ({label}) ({requests}) > 0)"),
            ),
        ));
        let latency = indicators.latency.as_ref().filter(|latency| {
            let shape = application.shape(&latency.metric);
            shape.is_some_and(|shape| shape.has_label(label))
        });
        if let Some(latency) = latency {
            let buckets = application.selector(latency, "_bucket", literal);
            let latency = quantile(0.95, &buckets, Some(label));
            figures.push((
                "latency-by-path",
                graph(
                    "Slowest paths",
                    "The ten paths with the longest latency, 95th percentile.",
                    GrafanaUnit::Seconds,
                )
                .asking(legend_of(label), format!("topk(10, {latency})")),
            ));
        }
    }
    if let Some(label) = &indicators.status_label {
        figures.push((
            "requests-by-status",
            graph(
                "Requests by status",
                "Requests per second by the status of their answers.",
                GrafanaUnit::RequestsPerSecond,
            )
            .asking(legend_of(label), format!("sum by ({label}) ({requests})"))
            .stacked(),
        ));
    }
    figures
}
