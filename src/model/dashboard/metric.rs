//! Panels of a metric: what kind of metric decides how it is asked for.

use super::draw::{graph, legend_of, literal, quantile, quantiles};
use super::naming::in_words;
use crate::catalogue::{GrafanaUnit, LibraryPanel};
use crate::model::application::Application;
use crate::profile::{ApplicationMetric, MetricType, MultiprocessMode};

/// Selects the series of one job.
pub(super) struct Job {
    matcher: String,
}

impl Job {
    pub(super) fn of(application: &Application<'_>) -> Self {
        Self {
            matcher: format!("job={}", literal(&application.job)),
        }
    }

    pub(super) fn selector(&self, metric: &str) -> String {
        format!("{metric}{{{}}}", self.matcher)
    }

    fn rate(&self, metric: &str) -> String {
        format!("rate({}[$__rate_interval])", self.selector(metric))
    }
}

/// ` by (a)`, or nothing.
fn by(label: Option<&str>) -> String {
    label.map_or_else(String::new, |label| format!(" by ({label})"))
}

/// The panels of one metric.
pub(super) fn metric_panels(
    application: &Application<'_>,
    name: &str,
    metric: &ApplicationMetric,
) -> Vec<LibraryPanel> {
    let job = &Job::of(application);
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
        MetricType::Gauge => gauge_panels(job, name, metric, &described, value_unit),
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

fn gauge_panels(
    job: &Job,
    name: &str,
    metric: &ApplicationMetric,
    described: &dyn Fn(String) -> String,
    unit: GrafanaUnit,
) -> Vec<LibraryPanel> {
    let title = title_of(name);
    let mut labels = metric.labels.clone();
    labels.push("instance".into());
    let legend: Vec<String> = labels.iter().map(|label| legend_of(label)).collect();
    let is_per_process = matches!(
        metric.multiprocess,
        Some(MultiprocessMode::All | MultiprocessMode::Liveall)
    );
    let (what, expr) = if is_per_process {
        (
            format!("`{name}` of each instance, all of its processes together."),
            format!("sum by ({}) ({})", labels.join(", "), job.selector(name)),
        )
    } else {
        // Not summed: nobody but the application knows whether sums of it mean anything.
        (format!("`{name}` of each instance."), job.selector(name))
    };
    let mut panel = graph(&title, &described(what), unit)
        .without_minimum()
        .asking(legend.join(" "), expr);
    if unit == GrafanaUnit::Bytes {
        panel.min = Some(0.0);
    }
    let mut panels = vec![panel];
    if let (Some(share), Some(label)) = (&metric.share, metric.labels.first()) {
        let part = format!("{name}{{{},{label}={}}}", job.matcher, literal(share));
        let what = format!("Share of `{name}` whose `{label}` is `{share}`.");
        panels.push(
            graph(
                &format!("{title} {share}"),
                &described(what),
                GrafanaUnit::Ratio,
            )
            .asking(
                legend_of("instance"),
                format!(
                    "sum by (instance) ({part}) / (sum by (instance) ({}) > 0)",
                    job.selector(name)
                ),
            )
            .at_most(1.0)
            .or_else_shows("none"),
        );
    }
    panels
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
pub(super) fn title_of(metric: &str) -> String {
    let name = metric.strip_suffix("_total").unwrap_or(metric);
    let name = ["_seconds", "_bytes", "_ratio", "_percent"]
        .into_iter()
        .find_map(|unit| name.strip_suffix(unit))
        .unwrap_or(name);
    in_words(name.trim_matches('_'))
}
