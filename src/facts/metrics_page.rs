//! A saved `/metrics` page, or a list of metrics, from a project that knows what its applications expose.

use std::collections::{BTreeMap, BTreeSet};

use super::knowledge::named_unit;
use crate::promql::analysis::{MetricFacts, MetricKind};

/// Metrics by the names of their series.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MetricsPage {
    series: BTreeMap<String, Series>,
}

#[derive(Debug, Clone, Default, PartialEq)]
struct Series {
    /// What `# TYPE` makes of it.
    kind: Option<MetricKind>,
    /// Labels of its samples; `None` where there are none.
    labels: Option<BTreeSet<String>>,
}

/// The first line of a text that is neither of a page nor of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotMetrics {
    /// One-based.
    pub line: usize,
    /// What is wrong with it.
    pub message: String,
}

impl MetricsPage {
    /// Without any.
    pub(super) const fn new() -> Self {
        Self {
            series: BTreeMap::new(),
        }
    }

    /// Adds what a text holds: the text format of Prometheus, OpenMetrics, one name on each line, a JSON list of names, or
    /// the answer to `/api/v1/label/__name__/values`.
    ///
    /// # Errors
    ///
    /// The first line that is nothing of that.
    pub fn read(&mut self, text: &str) -> Result<(), NotMetrics> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if text.trim_start().starts_with('[')
            || text.trim_start().starts_with("{\"") && is_json(text)
        {
            return self.read_json(text);
        }
        let mut families: BTreeMap<&str, &str> = BTreeMap::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if let Some(comment) = line.strip_prefix('#') {
                if let Some(family) = comment.trim_start().strip_prefix("TYPE ")
                    && let Some((name, kind)) = family.trim().split_once(char::is_whitespace)
                {
                    families.insert(name, kind.trim());
                }
                continue;
            }
            if line.is_empty() {
                continue;
            }
            let (name, labels) = sample(line).map_err(|message| NotMetrics {
                line: index + 1,
                message: message.into(),
            })?;
            let series = self.series.entry(name.to_owned()).or_default();
            if let Some(labels) = labels {
                series.labels.get_or_insert_default().extend(labels);
            }
            series.kind = kind(&families, name).or(series.kind);
        }
        // A family without a sample yet is exposed as soon as there is one.
        for (name, declared) in &families {
            let names: &[&str] = match *declared {
                "histogram" => &["_bucket", "_sum", "_count"],
                "summary" => &["", "_sum", "_count"],
                _ => &[""],
            };
            let has_samples = names
                .iter()
                .chain(&["_total"])
                .any(|ending| self.series.contains_key(&format!("{name}{ending}")));
            for ending in names.iter().filter(|_| !has_samples) {
                let name = format!("{name}{ending}");
                let kind = kind(&families, &name);
                self.series.insert(name, Series { kind, labels: None });
            }
        }
        Ok(())
    }

    fn read_json(&mut self, text: &str) -> Result<(), NotMetrics> {
        let not_json = |error: &serde_json::Error| NotMetrics {
            line: error.line().max(1),
            message: "this is neither JSON nor a page of metrics".into(),
        };
        let json: serde_json::Value =
            serde_json::from_str(text).map_err(|error| not_json(&error))?;
        let names = json.as_array().or_else(|| json["data"].as_array());
        let names: Option<Vec<&str>> =
            names.and_then(|names| names.iter().map(|name| name.as_str()).collect());
        let names = names.ok_or_else(|| NotMetrics {
            line: 1,
            message: "this JSON is no list of names, nor has it one as `data`".into(),
        })?;
        for name in names {
            self.series.entry(name.to_owned()).or_default();
        }
        Ok(())
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.series.is_empty()
    }

    /// Whether there is a series of that name.
    pub fn has(&self, name: &str) -> bool {
        self.series.contains_key(name)
    }

    /// Every name, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.series.keys().map(String::as_str)
    }

    /// The labels that the samples of a metric have, those of targets not included; `None` where the page does not tell.
    pub fn labels(&self, name: &str) -> Option<&BTreeSet<String>> {
        self.series.get(name)?.labels.as_ref()
    }

    /// Whether a page says what type a metric has.
    pub fn is_typed(&self, name: &str) -> bool {
        self.kind(name).is_some()
    }

    /// Whether a page says that a metric only grows.
    pub fn is_cumulative(&self, name: &str) -> bool {
        matches!(
            self.kind(name),
            Some(MetricKind::Counter | MetricKind::Histogram)
        )
    }

    /// Whether a page says that a metric is a level.
    pub fn is_gauge(&self, name: &str) -> bool {
        self.kind(name) == Some(MetricKind::Gauge)
    }

    fn kind(&self, name: &str) -> Option<MetricKind> {
        self.series.get(name)?.kind
    }

    /// What it tells the analysis of expressions.
    pub(super) fn facts(&self, name: &str) -> Option<MetricFacts> {
        let kind = self.kind(name)?;
        let stem = name.strip_suffix("_total").unwrap_or(name);
        let is_histogram = kind == MetricKind::Histogram;
        let observed = name.strip_suffix("_bucket").and_then(named_unit);
        Some(MetricFacts {
            kind,
            unit: named_unit(stem).filter(|_| !is_histogram),
            observed: observed.filter(|_| is_histogram),
            ..MetricFacts::default()
        })
    }
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

/// The kind of a series by the type of its family.
fn kind(families: &BTreeMap<&str, &str>, name: &str) -> Option<MetricKind> {
    let of = |stem: &str| families.get(stem).copied();
    if let Some(declared) = of(name) {
        return match declared {
            "counter" => Some(MetricKind::Counter),
            "gauge" | "stateset" => Some(MetricKind::Gauge),
            "info" => Some(MetricKind::Info),
            // The quantiles of a summary are levels.
            "summary" => Some(MetricKind::Gauge),
            "histogram" | "gaugehistogram" => Some(MetricKind::Histogram),
            _ => None,
        };
    }
    let part = |ending: &str| name.strip_suffix(ending).and_then(of);
    match (
        part("_bucket"),
        part("_sum").or(part("_count")),
        part("_total"),
        part("_info"),
    ) {
        (Some("histogram"), ..) => Some(MetricKind::Histogram),
        (_, Some("histogram" | "summary"), ..) => Some(MetricKind::Counter),
        (_, _, Some("counter"), _) => Some(MetricKind::Counter),
        (_, _, _, Some("info")) => Some(MetricKind::Info),
        _ => None,
    }
}

/// Name and label names of a sample, or the name alone that is a line of a list.
fn sample(line: &str) -> Result<(&str, Option<Vec<String>>), &'static str> {
    let is_name = |name: &str| {
        !name.is_empty()
            && !name.starts_with(|char: char| char.is_ascii_digit())
            && name
                .chars()
                .all(|char| char.is_ascii_alphanumeric() || matches!(char, '_' | ':'))
    };
    let end = line
        .find(|char: char| char.is_whitespace() || char == '{')
        .unwrap_or(line.len());
    let (name, rest) = line.split_at(end);
    if !is_name(name) {
        return Err("a line of metrics begins with a name");
    }
    let rest = rest.trim_start();
    if rest.is_empty() {
        return Ok((name, None));
    }
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(inner) => label_names(inner).ok_or("these labels cannot be read")?,
        None => (Vec::new(), rest),
    };
    let value = rest.split_whitespace().next();
    match value.map(str::parse::<f64>) {
        Some(Ok(_)) => Ok((name, Some(labels))),
        Some(Err(_)) => Err("the value is no number"),
        // `name{label="x"}`, copied from a query.
        None => Ok((name, Some(labels))),
    }
}

/// The names up to `}`, and what follows it.
fn label_names(text: &str) -> Option<(Vec<String>, &str)> {
    let mut names = Vec::new();
    let mut rest = text.trim_start();
    loop {
        if let Some(after) = rest.strip_prefix('}') {
            return Some((names, after));
        }
        let (name, value) = rest.split_once('=')?;
        names.push(name.trim().to_owned());
        let value = value.trim_start().strip_prefix('"')?;
        let mut is_escaped = false;
        let end = value.find(|char: char| {
            let is_end = char == '"' && !is_escaped;
            is_escaped = char == '\\' && !is_escaped;
            is_end
        })?;
        rest = value[end + 1..].trim_start();
        rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(text: &str) -> MetricsPage {
        let mut page = MetricsPage::default();
        page.read(text).expect("metrics");
        page
    }

    #[test]
    fn a_page_tells_types_and_labels() {
        let page = page(
            "# HELP orders_total Orders.\n# TYPE orders_total counter\norders_total{status=\"a\\\"}b\",shop=\"x\"} 3 1700000000\n\
             # TYPE queue_depth gauge\nqueue_depth 4\n# TYPE wait_seconds histogram\nwait_seconds_bucket{le=\"+Inf\"} 1\n\
             wait_seconds_sum 1\nwait_seconds_count 1\n# TYPE later_total counter\n# EOF\n",
        );
        assert!(page.is_cumulative("orders_total") && !page.is_gauge("orders_total"));
        let labels: Vec<&str> = page
            .labels("orders_total")
            .unwrap()
            .iter()
            .map(String::as_str)
            .collect();
        assert_eq!(labels, ["shop", "status"]);
        assert!(page.is_gauge("queue_depth") && page.labels("queue_depth").unwrap().is_empty());
        assert_eq!(
            page.facts("wait_seconds_bucket").unwrap().kind,
            MetricKind::Histogram
        );
        assert!(page.is_cumulative("wait_seconds_count"));
        assert!(page.has("later_total") && page.labels("later_total").is_none());
        assert!(!page.has("wait_seconds"));
    }

    #[test]
    fn openmetrics_lists_and_answers_of_the_api_are_read() {
        assert!(
            page("# TYPE jobs counter\njobs_total 1 # {trace=\"x\"} 1\n")
                .is_cumulative("jobs_total")
        );
        for text in [
            "a_total\nb\n",
            "[\"a_total\", \"b\"]",
            "{\"status\":\"success\",\"data\":[\"a_total\",\"b\"]}",
        ] {
            assert_eq!(page(text).names().collect::<Vec<_>>(), ["a_total", "b"]);
        }
    }

    #[test]
    fn what_is_no_page_is_refused_with_its_line() {
        let line = |text: &str| {
            MetricsPage::default()
                .read(text)
                .map_err(|error| error.line)
        };
        assert_eq!(line("up 1\n<html>\n"), Err(2));
        assert_eq!(line("up one\n"), Err(1));
        assert_eq!(line("[1]"), Err(1));
        assert_eq!(line(""), Ok(()));
    }
}
