//! What the catalogue and the setup's own recording rules know of metrics.

use std::collections::BTreeSet;

use crate::catalogue::{self, Catalogue, MetricType, Part, Semantic};
use crate::promql::analysis::{Domain, Knowledge, MetricFacts, MetricKind, Unit};

/// Metrics by name, for the analysis of expressions.
#[derive(Debug)]
pub struct Metrics<'m> {
    catalogue: &'m Catalogue,
    /// Names that a recording rule of the setup gives: of these the catalogue says nothing.
    recorded: BTreeSet<String>,
}

impl<'m> Metrics<'m> {
    pub(super) const fn new(catalogue: &'m Catalogue, recorded: BTreeSet<String>) -> Self {
        Self {
            catalogue,
            recorded,
        }
    }
}

impl Knowledge for Metrics<'_> {
    fn metric(&self, name: &str) -> Option<MetricFacts> {
        if self.recorded.contains(name) {
            return None;
        }
        let resolved = self.catalogue.metric(name)?;
        let metric = resolved.metric;
        let kind = match (resolved.part, metric.semantic) {
            (Part::Bucket, _) => MetricKind::Histogram,
            (Part::Sum | Part::Count, _) => MetricKind::Counter,
            (Part::Created, _) => MetricKind::Timestamp,
            (Part::Whole, Some(Semantic::Info)) => MetricKind::Info,
            (Part::Whole, _) if metric.is_cumulative() => MetricKind::Counter,
            (Part::Whole, _) if metric.domain.is_bool => MetricKind::Boolean,
            (Part::Whole, _) if metric.unit == Some(catalogue::Unit::TimestampSeconds) => {
                MetricKind::Timestamp
            }
            (Part::Whole, _) => match metric.kind {
                MetricType::Histogram => MetricKind::Histogram,
                MetricType::Gauge => MetricKind::Gauge,
                MetricType::Counter => MetricKind::Counter,
                MetricType::Summary => MetricKind::Gauge,
            },
        };
        let domain = metric.domain;
        let is_value = resolved.part == Part::Whole;
        Some(MetricFacts {
            kind,
            unit: resolved.unit().map(unit),
            observed: metric
                .unit
                .filter(|_| resolved.part == Part::Bucket)
                .map(unit),
            domain: is_value.then(|| {
                Domain::new(
                    domain.min.unwrap_or(f64::NEG_INFINITY),
                    domain.max.unwrap_or(f64::INFINITY),
                )
            }),
            // Labels of targets, relabeling and other exporters of the same name add to the list.
            labels: None,
        })
    }
}

/// The catalogue's units as the analysis calculates with them.
fn unit(unit: catalogue::Unit) -> Unit {
    use catalogue::Unit as Of;
    match unit {
        Of::Bytes => Unit::named("bytes"),
        Of::Seconds | Of::TimestampSeconds => Unit::seconds(),
        Of::Milliseconds | Of::TimestampMilliseconds => Unit::named("milliseconds"),
        Of::Microseconds => Unit::named("microseconds"),
        Of::Ratio => Unit::named("ratio"),
        Of::Percent => Unit::named("percent"),
    }
}
