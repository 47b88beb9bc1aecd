//! How applications are instrumented: the same questions have other names in every library.

use serde::Deserialize;

use super::exporter::Exporter;
use super::load::CatalogueError;
use super::metric::MetricType;
use crate::promql::MatchOp;

/// A comparison of a label with a value, as in a PromQL selector.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelMatch {
    /// The label.
    pub label: String,
    /// `=`, `!=`, `=~` or `!~`.
    pub op: MatchOp,
    /// Value or regular expression.
    pub value: String,
}

/// Where one of an application's basic figures is found.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Indicator {
    /// The metric.
    pub metric: String,
    /// Which of its series; all of them where empty.
    #[serde(default, rename = "where")]
    pub conditions: Vec<LabelMatch>,
}

/// The questions that are asked of every application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IndicatorName {
    /// How much is asked of it?
    Requests,
    /// How much of that fails?
    Errors,
    /// How long does it take?
    Latency,
    /// How much is it working on?
    InProgress,
    /// What does it say of itself?
    Health,
}

impl IndicatorName {
    /// All of them, in the order of a dashboard.
    pub const ALL: [Self; 5] = [
        Self::Requests,
        Self::Errors,
        Self::Latency,
        Self::InProgress,
        Self::Health,
    ];

    /// The key in data files and profiles.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Errors => "errors",
            Self::Latency => "latency",
            Self::InProgress => "in_progress",
            Self::Health => "health",
        }
    }

    /// What its metric must be.
    pub const fn metric_type(self) -> MetricType {
        match self {
            Self::Requests | Self::Errors => MetricType::Counter,
            Self::Latency => MetricType::Histogram,
            Self::InProgress | Self::Health => MetricType::Gauge,
        }
    }
}

/// An application's basic figures. `None` where it does not say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Indicators {
    /// Counter of requests.
    pub requests: Option<Indicator>,
    /// Counter of failed requests.
    pub errors: Option<Indicator>,
    /// Histogram of durations in seconds.
    pub latency: Option<Indicator>,
    /// Requests being served now.
    pub in_progress: Option<Indicator>,
    /// Gauge of its own health: 1 up, 0.5 degraded, 0 down.
    pub health: Option<Indicator>,
    /// Label of [`Self::requests`] that holds the path or route.
    pub path_label: Option<String>,
    /// Label of [`Self::requests`] that holds the HTTP method.
    pub method_label: Option<String>,
    /// Label of [`Self::requests`] that holds the status code or class.
    pub status_label: Option<String>,
}

impl Indicators {
    /// Where one of the figures is found.
    pub const fn get(&self, name: IndicatorName) -> Option<&Indicator> {
        match name {
            IndicatorName::Requests => self.requests.as_ref(),
            IndicatorName::Errors => self.errors.as_ref(),
            IndicatorName::Latency => self.latency.as_ref(),
            IndicatorName::InProgress => self.in_progress.as_ref(),
            IndicatorName::Health => self.health.as_ref(),
        }
    }

    /// The same, to be changed.
    pub const fn get_mut(&mut self, name: IndicatorName) -> &mut Option<Indicator> {
        match name {
            IndicatorName::Requests => &mut self.requests,
            IndicatorName::Errors => &mut self.errors,
            IndicatorName::Latency => &mut self.latency,
            IndicatorName::InProgress => &mut self.in_progress,
            IndicatorName::Health => &mut self.health,
        }
    }

    /// Those that are there.
    pub fn iter(&self) -> impl Iterator<Item = (IndicatorName, &Indicator)> {
        IndicatorName::ALL
            .into_iter()
            .filter_map(|name| Some((name, self.get(name)?)))
    }

    /// Labels of the request counter that panels break down by.
    pub fn labels(&self) -> impl Iterator<Item = &str> {
        [&self.path_label, &self.method_label, &self.status_label]
            .into_iter()
            .flatten()
            .map(String::as_str)
    }

    /// Whether a figure or its breakdown needs this label.
    pub fn use_label(&self, label: &str) -> bool {
        let conditions = self.iter().flat_map(|(_, indicator)| &indicator.conditions);
        self.labels().any(|used| used == label)
            || conditions.into_iter().any(|used| used.label == label)
    }
}

/// A label whose values never end. Dropping it must leave the series of a scrape distinct, or
/// Prometheus keeps one of them and refuses the others.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnboundedLabel {
    /// The label. No other metric of the library may have one of this name.
    pub label: String,
    /// The metrics that have it.
    pub metrics: Vec<String>,
    /// What its values are, and what tells the series apart without it.
    pub why: String,
}

/// A metric of a library that a dashboard of an application shows.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstrumentationPanel {
    /// The metric.
    pub metric: String,
    /// Label to break down by; its series are added up over all others.
    pub by: String,
}

/// What a library's file says about labels and metrics that do not fit together.
pub(super) fn check(exporter: &Exporter, path: &str, errors: &mut Vec<CatalogueError>) {
    let dangling = |entry: &str, kind: &'static str, name: &str| CatalogueError::Dangling {
        path: path.to_owned(),
        entry: entry.to_owned(),
        kind,
        name: name.to_owned(),
    };
    let contradiction = |entry: &str, message: String| CatalogueError::Contradiction {
        path: path.to_owned(),
        entry: entry.to_owned(),
        message,
    };
    let has_label = |metric: &str, label: &str| {
        exporter
            .metrics
            .get(metric)
            .is_some_and(|metric| metric.has_label(label, None))
    };
    for panel in &exporter.panels {
        if !has_label(&panel.metric, &panel.by) {
            errors.push(dangling(&panel.metric, "label", &panel.by));
        }
    }
    for unbounded in &exporter.unbounded_labels {
        for metric in &unbounded.metrics {
            if !has_label(metric, &unbounded.label) {
                errors.push(dangling(&unbounded.label, "metric", metric));
            }
        }
        for metric in exporter.metrics.values() {
            let is_named = unbounded.metrics.contains(&metric.name);
            if !is_named && metric.has_label(&unbounded.label, None) {
                let message = format!("`{}` would lose this label, too", metric.name);
                errors.push(contradiction(&unbounded.label, message));
            }
        }
    }
    let Some(indicators) = &exporter.indicators else {
        return;
    };
    for name in [
        IndicatorName::Requests,
        IndicatorName::Errors,
        IndicatorName::Latency,
    ] {
        if indicators.get(name).is_none() {
            errors.push(contradiction(
                name.as_str(),
                "an instrumentation has this figure".into(),
            ));
        }
    }
    for (name, indicator) in indicators.iter() {
        let entry = name.as_str();
        let Some(metric) = exporter.metrics.get(&indicator.metric) else {
            errors.push(dangling(entry, "metric", &indicator.metric));
            continue;
        };
        if metric.kind != name.metric_type() {
            let message = format!("`{}` is not a {}", metric.name, name.metric_type().as_str());
            errors.push(contradiction(entry, message));
        }
        let used = indicator.conditions.iter().map(|used| used.label.as_str());
        let broken_down: Vec<&str> = match name {
            IndicatorName::Requests => indicators.labels().collect(),
            _ => Vec::new(),
        };
        for label in used.chain(broken_down) {
            if !metric.has_label(label, None) {
                errors.push(dangling(entry, "label", label));
            }
            if exporter.unbounded_labels.iter().any(|it| it.label == label) {
                errors.push(contradiction(
                    entry,
                    format!("the label `{label}` is dropped"),
                ));
            }
        }
    }
}
