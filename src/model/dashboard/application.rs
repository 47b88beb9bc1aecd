//! Panels for the metrics of an application: what kind of metric decides how it is asked for.

use indexmap::IndexMap;

use super::naming::in_words;
use crate::catalogue::exporter::Indicator;
use crate::catalogue::{
    Exporter, GrafanaUnit, Indicators, LibraryPanel, LibraryQuery, PanelKind, QueryStyle, Stacking,
};
use crate::profile::{ApplicationMetric, MetricType};
use crate::quantity::Duration;
use crate::template::promql_string;

/// What panels of an application depend on.
pub struct ApplicationInput<'a> {
    /// Name of its scrape job.
    pub job: &'a str,
    /// Its scrape interval.
    pub interval: Duration,
    /// Its own metrics.
    pub metrics: &'a IndexMap<String, ApplicationMetric>,
    /// Its instrumentation, where the profile says which one it is.
    pub flavour: Option<&'a Exporter>,
}

/// The panels that one name stands for.
pub(super) struct NamedPanels {
    /// At least one.
    pub panels: Vec<LibraryPanel>,
    /// Whether a section that names no panels shows them.
    pub is_listed: bool,
}

/// All panels of an application, by the name that a profile calls them: a metric, or one of
/// `request-rate`, `error-ratio`, `latency`, `requests-by-path`, `requests-by-status`,
/// `latency-by-path`, `in-progress`.
pub(super) fn panels(application: &ApplicationInput<'_>) -> IndexMap<String, NamedPanels> {
    let job = Job::new(application.job);
    let mut panels = IndexMap::new();
    let flavour = application.flavour;
    let indicators = flavour.and_then(|flavour| flavour.indicators.as_ref());
    if let (Some(flavour), Some(indicators)) = (flavour, indicators) {
        for (name, panel) in basic_figures(&job, flavour, indicators) {
            let named = NamedPanels {
                panels: vec![panel],
                is_listed: true,
            };
            panels.insert(name.to_owned(), named);
        }
    }
    let shown_with_hits: Vec<&str> = application
        .metrics
        .values()
        .filter_map(|metric| metric.misses.as_deref())
        .collect();
    for (name, metric) in application.metrics {
        let is_basic = indicators.is_some_and(|indicators| {
            [
                &indicators.requests,
                &indicators.errors,
                &indicators.latency,
            ]
            .into_iter()
            .chain(&indicators.in_progress)
            .any(|indicator| indicator.metric == *name)
        });
        let named = NamedPanels {
            panels: metric_panels(&job, application, name, metric),
            is_listed: !is_basic && !shown_with_hits.contains(&name.as_str()),
        };
        panels.insert(name.clone(), named);
    }
    panels
}

/// Selects the series of one job.
struct Job {
    matcher: String,
}

impl Job {
    fn new(job: &str) -> Self {
        Self {
            matcher: format!("job={}", literal(job)),
        }
    }

    fn selector(&self, metric: &str) -> String {
        format!("{metric}{{{}}}", self.matcher)
    }

    fn rate(&self, metric: &str) -> String {
        format!("rate({}[$__rate_interval])", self.selector(metric))
    }

    /// The series that an indicator means, of the metric itself or of its part `suffix`.
    fn series(&self, indicator: &Indicator, suffix: &str) -> String {
        let condition = indicator
            .condition
            .as_ref()
            .map_or_else(String::new, |found| {
                format!(
                    ",{}{}{}",
                    found.label,
                    found.op.as_str(),
                    literal(&found.value)
                )
            });
        format!(
            "{}{suffix}{{{}{condition}}}",
            indicator.metric, self.matcher
        )
    }

    fn rate_of(&self, indicator: &Indicator) -> String {
        format!("rate({}[$__rate_interval])", self.series(indicator, ""))
    }
}

/// A PromQL string that Grafana cannot take for one with variables in it.
pub(super) fn literal(text: &str) -> String {
    promql_string(text)
        .replace('$', r"\x24")
        .replace("[[", r"\x5b\x5b")
}

/// ` by (a)`, or nothing.
fn by(label: Option<&str>) -> String {
    label.map_or_else(String::new, |label| format!(" by ({label})"))
}

fn panel(title: String, description: String, kind: PanelKind, unit: GrafanaUnit) -> LibraryPanel {
    LibraryPanel {
        title,
        description,
        note: None,
        kind,
        size: None,
        needs: Vec::new(),
        queries: Vec::new(),
        unit,
        decimals: None,
        min: Some(0.0),
        max: None,
        threshold: None,
        steps: Vec::new(),
        states: IndexMap::new(),
        stacking: Stacking::None,
        sparkline: false,
        columns: IndexMap::new(),
        no_value: None,
    }
}

impl LibraryPanel {
    fn asking(mut self, legend: impl Into<String>, expr: String) -> Self {
        self.queries.push(LibraryQuery {
            expr,
            legend: legend.into(),
            instant: false,
            style: QueryStyle::Normal,
            fallback: false,
        });
        self
    }

    fn at_most(mut self, max: f64) -> Self {
        self.max = Some(max);
        self
    }

    fn without_minimum(mut self) -> Self {
        self.min = None;
        self
    }

    fn stacked(mut self) -> Self {
        self.stacking = Stacking::Normal;
        self
    }

    fn or_else_shows(mut self, text: &str) -> Self {
        self.no_value = Some(text.into());
        self
    }
}

fn graph(title: &str, description: &str, unit: GrafanaUnit) -> LibraryPanel {
    panel(
        title.into(),
        description.into(),
        PanelKind::Timeseries,
        unit,
    )
}

fn legend_of(label: &str) -> String {
    format!("{{{{{label}}}}}")
}

fn basic_figures(
    job: &Job,
    flavour: &Exporter,
    indicators: &Indicators,
) -> Vec<(&'static str, LibraryPanel)> {
    let requests = job.rate_of(&indicators.requests);
    let errors = job.rate_of(&indicators.errors);
    let buckets = job.series(&indicators.latency, "_bucket");
    let mut figures = vec![
        (
            "request-rate",
            graph(
                "Request rate",
                "Requests per second.",
                GrafanaUnit::RequestsPerSecond,
            )
            .asking("requests", format!("sum({requests})")),
        ),
        (
            "error-ratio",
            // Without a failure there may be no series of failures: that is 0, not "No data".
            graph(
                "Error ratio",
                "Share of the requests that failed on the server's side. Without requests there is no ratio.",
                GrafanaUnit::Ratio,
            )
            .asking(
                "errors",
                format!("(sum({errors}) or sum({requests}) * 0) / (sum({requests}) > 0)"),
            )
            .or_else_shows("no requests"),
        ),
        (
            "latency",
            quantiles(
                graph(
                    "Latency",
                    "Time that 50, 95 and 99 of 100 requests stay below.",
                    GrafanaUnit::Seconds,
                ),
                &buckets,
            ),
        ),
    ];
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
        let latency = flavour.metrics.get(&indicators.latency.metric);
        if latency.is_some_and(|metric| metric.has_label(label, None)) {
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
    if let Some(indicator) = &indicators.in_progress {
        figures.push((
            "in-progress",
            graph(
                "Requests in progress",
                "Requests that are being served.",
                GrafanaUnit::Short,
            )
            .asking("in progress", format!("sum({})", job.series(indicator, ""))),
        ));
    }
    figures
}

fn quantile(quantile: f64, buckets: &str, label: Option<&str>) -> String {
    let label = label.map_or_else(String::new, |label| format!(", {label}"));
    format!(
        "histogram_quantile({quantile}, sum by (le{label}) (rate({buckets}[$__rate_interval])))"
    )
}

fn quantiles(panel: LibraryPanel, buckets: &str) -> LibraryPanel {
    [("p50", 0.5), ("p95", 0.95), ("p99", 0.99)]
        .into_iter()
        .fold(panel, |panel, (legend, value)| {
            panel.asking(legend, quantile(value, buckets, None))
        })
}

fn metric_panels(
    job: &Job,
    application: &ApplicationInput<'_>,
    name: &str,
    metric: &ApplicationMetric,
) -> Vec<LibraryPanel> {
    let label = metric.labels.first().map(String::as_str);
    let by_label = label.map_or_else(String::new, |label| format!(" by `{label}`"));
    let described = |what: String| {
        let help = metric.help.trim();
        if help.is_empty() {
            what
        } else {
            format!("{help}\n\n{what}")
        }
    };
    let base_unit = metric.unit.as_deref().unwrap_or_default();
    let value_unit = GrafanaUnit::of_base_unit(base_unit).unwrap_or_default();
    let title = title_of(name);
    match metric.kind {
        MetricType::Counter => match &metric.misses {
            Some(misses) => {
                // Broken down only by what both have; a counter that is not described is taken to
                // be like its sibling.
                let label = label.filter(|label| {
                    let described = application.metrics.get(misses);
                    described.is_none_or(|misses| misses.labels.iter().any(|l| l == label))
                });
                hit_panels(job, name, misses, label, &described)
            }
            None => {
                let unit = match value_unit {
                    GrafanaUnit::Bytes => GrafanaUnit::BytesPerSecond,
                    GrafanaUnit::Seconds => GrafanaUnit::Ratio,
                    _ => GrafanaUnit::CountsPerSecond,
                };
                let legend = label.map_or_else(|| title.clone(), legend_of);
                vec![
                    graph(
                        &title,
                        &described(format!("`{name}` per second{by_label}.")),
                        unit,
                    )
                    .asking(legend, format!("sum{} ({})", by(label), job.rate(name))),
                ]
            }
        },
        // Not summed: nobody but the application knows whether sums of it mean anything.
        MetricType::Gauge => {
            let labels: Vec<String> = metric.labels.iter().map(|label| legend_of(label)).collect();
            let legend = [labels.as_slice(), &[legend_of("instance")]]
                .concat()
                .join(" ");
            let mut graph = graph(
                &title,
                &described(format!("`{name}` of each instance.")),
                value_unit,
            )
            .without_minimum()
            .asking(legend, job.selector(name));
            if value_unit == GrafanaUnit::Bytes {
                graph.min = Some(0.0);
            }
            vec![graph]
        }
        MetricType::Histogram => {
            let buckets = job.selector(&format!("{name}_bucket"));
            let what = format!("What 50, 95 and 99 of 100 values of `{name}` stay below.");
            let mut panels = vec![quantiles(
                graph(&title, &described(what), value_unit),
                &buckets,
            )];
            if let Some(label) = label {
                let what = format!("What 95 of 100 values of `{name}` stay below, by `{label}`.");
                panels.push(
                    graph(&format!("{title} by {label}"), &described(what), value_unit)
                        .asking(legend_of(label), quantile(0.95, &buckets, Some(label))),
                );
            }
            panels
        }
        MetricType::Summary => {
            let sum = format!("sum{} ({})", by(label), job.rate(&format!("{name}_sum")));
            let count = format!("sum{} ({})", by(label), job.rate(&format!("{name}_count")));
            let what = format!(
                "Mean of `{name}`{by_label}. Quantiles of a summary cannot be put together."
            );
            vec![
                graph(&format!("{title}, mean"), &described(what), value_unit).asking(
                    label.map_or_else(|| "mean".to_owned(), legend_of),
                    format!("{sum} / ({count} > 0)"),
                ),
            ]
        }
    }
}

fn hit_panels(
    job: &Job,
    hits: &str,
    misses: &str,
    label: Option<&str>,
    described: &dyn Fn(String) -> String,
) -> Vec<LibraryPanel> {
    let rate = |metric: &str| format!("sum{} ({})", by(label), job.rate(metric));
    let (hit_rate, miss_rate) = (rate(hits), rate(misses));
    // A cache that has only hit, or only missed, has but one of the two series.
    let all_hits = format!("({hit_rate} or {miss_rate} * 0)");
    let all_misses = format!("({miss_rate} or {hit_rate} * 0)");
    let title = title_of(hits);
    let ratio_title = format!("{} ratio", title.strip_suffix('s').unwrap_or(&title));
    let by_label = label.map_or_else(String::new, |label| format!(" by `{label}`"));
    let legend = |word: &str| {
        label.map_or_else(
            || word.to_owned(),
            |label| format!("{word} {}", legend_of(label)),
        )
    };
    vec![
        graph(
            &ratio_title,
            &described(format!(
                "Share of `{hits}` in the sum with `{misses}`{by_label}, from rates. Without lookups there is no ratio."
            )),
            GrafanaUnit::Ratio,
        )
        .asking(
            label.map_or_else(|| "hit ratio".to_owned(), legend_of),
            format!("{all_hits} / ({all_hits} + {all_misses} > 0)"),
        )
        .at_most(1.0)
        .or_else_shows("no lookups"),
        graph(
            &format!("{title} and misses"),
            &described(format!("`{hits}` and `{misses}` per second{by_label}.")),
            GrafanaUnit::CountsPerSecond,
        )
        .asking(legend("hits"), hit_rate)
        .asking(legend("misses"), miss_rate)
        .stacked(),
    ]
}

/// `cache_hits_total` → `Cache hits`: the name without what the axis says anyway.
fn title_of(metric: &str) -> String {
    let name = metric.strip_suffix("_total").unwrap_or(metric);
    let name = ["_seconds", "_bytes", "_ratio", "_percent"]
        .into_iter()
        .find_map(|unit| name.strip_suffix(unit))
        .unwrap_or(name);
    in_words(name.trim_matches('_'))
}
