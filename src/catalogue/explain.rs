//! The text of `explain METRIC` and the rows of `list metrics`. Nothing is printed here.

use std::fmt::Write as _;

use super::availability::Needs;
use super::exporter::{DynamicFamily, Exporter, Misnomer, RemovedMetric, Resolved};
use super::metric::{Metric, MetricType, Topic, Zero};
use super::{Catalogue, Known};

/// One line of `list metrics`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricRow {
    /// Name under the default namespace.
    pub name: String,
    /// Type in Prometheus' words.
    pub kind: &'static str,
    /// Unit, empty for none.
    pub unit: &'static str,
    /// Subject.
    pub topic: &'static str,
    /// Exporter.
    pub exporter: String,
    /// First version of the exporter, empty where unknown.
    pub since: String,
    /// What it takes, empty for nothing.
    pub needs: String,
    /// What it tells.
    pub help: String,
}

/// Metrics of all exporters or of the one called `exporter`, of all topics or of `topic`, in the
/// catalogue's order.
pub fn metric_rows(
    catalogue: &Catalogue,
    exporter: Option<&str>,
    topic: Option<Topic>,
) -> Vec<MetricRow> {
    catalogue
        .exporters()
        .filter(|candidate| exporter.is_none_or(|name| candidate.name == name))
        .flat_map(|exporter| {
            exporter
                .metrics
                .values()
                .map(move |metric| (exporter, metric))
        })
        .filter(|(_, metric)| topic.is_none_or(|topic| metric.topic == topic))
        .map(|(exporter, metric)| MetricRow {
            name: metric.name.clone(),
            kind: metric.kind.as_str(),
            unit: metric.unit.map_or("", |unit| unit.as_str()),
            topic: metric.topic.as_str(),
            exporter: exporter.name.clone(),
            since: metric
                .since
                .map_or_else(String::new, |since| since.to_string()),
            needs: needs_words(&metric.needs).join("; "),
            help: metric.help.clone(),
        })
        .collect()
}

/// What the catalogue says about `name`, as lines of text; `None` for a name it does not know.
pub fn explain_metric(catalogue: &Catalogue, name: &str) -> Option<String> {
    Some(match catalogue.know(name)? {
        Known::Metric(resolved) => explain_resolved(name, &resolved),
        Known::Dynamic(exporter, family) => explain_dynamic(name, exporter, family),
        Known::Removed(exporter, removed) => explain_removed(exporter, removed),
        Known::Misnomer(exporter, misnomer) => explain_misnomer(exporter, misnomer),
    })
}

/// What goes wrong when the metric is used as its name and type suggest.
pub fn traps(metric: &Metric) -> Vec<String> {
    let mut traps = Vec::new();
    let ends_in_total = metric.name.ends_with("_total");
    if metric.is_info() {
        traps.push("Always 1: compare its labels, never its value.".to_owned());
    } else if metric.is_cumulative() && metric.kind == MetricType::Gauge {
        traps.push(
            "Declared a gauge but only rises: use rate() or increase(), not delta().".to_owned(),
        );
    } else if metric.kind == MetricType::Counter && !ends_in_total {
        traps
            .push("A counter although the name lacks _total: use rate() or increase().".to_owned());
    } else if metric.kind == MetricType::Gauge && ends_in_total {
        traps.push("A level although the name ends in _total: never rate().".to_owned());
    }
    match metric.kind {
        MetricType::Histogram => traps.push(format!(
            "`{0}` alone matches nothing: use {0}_bucket, {0}_sum or {0}_count.",
            metric.name
        )),
        MetricType::Summary if metric.quantiles.is_empty() => traps.push(format!(
            "Has no quantiles: only {0}_sum and {0}_count exist.",
            metric.name
        )),
        _ => {}
    }
    if metric.zero == Zero::Normal {
        traps.push("0 is normal: as a denominator it needs a guard such as `> 0`.".to_owned());
    }
    if let Some(unit) = metric.unit
        && unit.base() != unit
    {
        traps.push(format!(
            "In {}: divide by {} for {}.",
            unit.as_str(),
            unit.per_base(),
            unit.base().as_str()
        ));
    }
    if metric.domain.min.is_none_or(|min| min < 0.0) {
        traps.push("Can be negative.".to_owned());
    }
    traps
}

fn explain_resolved(name: &str, resolved: &Resolved<'_>) -> String {
    let Resolved {
        exporter, metric, ..
    } = resolved;
    let mut lines = Lines::new(name, &metric.help);
    if name != metric.name {
        lines.row("series of", &metric.name);
    }
    lines.row("exporter", &exporter.title);
    let mut kind = metric.kind.as_str().to_owned();
    if let Some(former) = metric.formerly {
        let _ = write!(kind, " ({} before {})", former.kind.as_str(), former.until);
    }
    lines.row("type", &kind);
    if let Some(unit) = resolved.unit() {
        lines.row("unit", unit.as_str());
    }
    lines.row("labels", &labels_words(metric, resolved.part_label()));
    for (label, values) in &metric.values {
        lines.row("", &format!("{label} is one of {}", values.join(", ")));
    }
    lines.row("values", &metric.domain.to_string());
    lines.row("topic", metric.topic.as_str());
    if let Some(source) = &metric.source {
        lines.row("read from", source);
    }
    if let Some(since) = metric.since {
        lines.row("since", &since.to_string());
    }
    if let Some(until) = metric.until {
        lines.row("removed in", &until.to_string());
    }
    for need in needs_words(&metric.needs) {
        lines.row("needs", &need);
    }
    if metric.while_down {
        lines.row("", "exposed even while the monitored server is unreachable");
    }
    for trap in traps(metric) {
        lines.row("beware", &trap);
    }
    lines.text
}

fn explain_dynamic(name: &str, exporter: &Exporter, family: &DynamicFamily) -> String {
    let mut lines = Lines::new(name, &family.help);
    lines.row("exporter", &exporter.title);
    lines.row("type", family.kind.as_str());
    lines.row("labels", &joined_or_none(family.labels.iter().cloned()));
    if let Some(until) = family.until {
        lines.row("removed in", &until.to_string());
    }
    for need in needs_words(&family.needs) {
        lines.row("needs", &need);
    }
    lines.row(
        "beware",
        "Named at run time: whether this one exists depends on the server.",
    );
    lines.text
}

fn explain_removed(exporter: &Exporter, removed: &RemovedMetric) -> String {
    let mut lines = Lines::new(
        &removed.name,
        &format!(
            "Not exposed since {} {}.",
            exporter.title, removed.removed_in
        ),
    );
    for name in &removed.replaced_by {
        lines.row("use", name);
    }
    if removed.meaning_changed {
        lines.row(
            "beware",
            "Renaming is not enough: unit or meaning changed too.",
        );
    }
    if let Some(note) = &removed.note {
        lines.row("beware", note);
    }
    lines.text
}

fn explain_misnomer(exporter: &Exporter, misnomer: &Misnomer) -> String {
    let mut lines = Lines::new(
        &misnomer.name,
        &format!("No version of {} exposes this name.", exporter.title),
    );
    for name in &misnomer.meant {
        lines.row("use", name);
    }
    if let Some(expr) = &misnomer.expr {
        lines.row("as", expr);
    }
    if let Some(note) = &misnomer.note {
        lines.row("beware", note);
    }
    lines.text
}

/// What it takes, one phrase per condition.
pub fn needs_words(needs: &Needs) -> Vec<String> {
    let flags = |flags: &[String], between: &str| {
        let flags: Vec<_> = flags.iter().map(|flag| format!("--{flag}")).collect();
        flags.join(between)
    };
    let mut words = Vec::new();
    if !needs.any_flag.is_empty() {
        words.push(flags(&needs.any_flag, " or "));
    }
    if !needs.no_flag.is_empty() {
        words.push(format!("not {}", flags(&needs.no_flag, " nor ")));
    }
    if needs.config_command {
        words.push("the CONFIG command".to_owned());
    }
    if let Some(kind) = needs.server {
        words.push(kind.words().to_owned());
    }
    if let Some(version) = needs.redis {
        words.push(format!("Redis {version} or newer"));
    }
    if let Some(version) = needs.redis_below {
        words.push(format!("Redis before {version}"));
    }
    if let Some(version) = needs.valkey {
        words.push(format!("Valkey {version} or newer"));
    }
    if let Some(product) = needs.product {
        words.push(product.as_str().to_owned());
    }
    if let Some(module) = &needs.module {
        words.push(format!("the module `{module}`"));
    }
    words.extend(needs.condition.clone());
    words
}

fn labels_words(metric: &Metric, part_label: Option<&str>) -> String {
    joined_or_none(
        metric
            .labels
            .iter()
            .map(|label| match metric.label_since.get(label) {
                Some(since) => format!("{label} (since {since})"),
                None => label.clone(),
            })
            .chain(part_label.map(str::to_owned))
            .chain(
                metric
                    .optional_labels
                    .iter()
                    .map(|label| format!("{label} (optional)")),
            ),
    )
}

fn joined_or_none(words: impl Iterator<Item = String>) -> String {
    let words: Vec<_> = words.collect();
    if words.is_empty() {
        "none".to_owned()
    } else {
        words.join(", ")
    }
}

/// A heading, a sentence, and rows of word and text.
struct Lines {
    text: String,
    last: String,
}

impl Lines {
    fn new(heading: &str, sentence: &str) -> Self {
        Self {
            text: format!("{heading}\n  {sentence}\n\n"),
            last: String::new(),
        }
    }

    /// The same word is not repeated on the next line.
    fn row(&mut self, word: &str, text: &str) {
        let shown = if word == self.last { "" } else { word };
        let line = format!("  {shown:<12}{text}\n");
        self.text.push_str(&line);
        if !word.is_empty() {
            word.clone_into(&mut self.last);
        }
    }
}
