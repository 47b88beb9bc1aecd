//! What the catalogue tells the analysis of PromQL about metrics.

use super::exporter::{Part, Resolved};
use super::metric::{MetricType, Unit};
use super::{Catalogue, Semantic};
use crate::promql::analysis::{self, Domain, Knowledge, MetricFacts, MetricKind};

impl Knowledge for Catalogue {
    /// Under default namespaces.
    fn metric(&self, name: &str) -> Option<MetricFacts> {
        let series = Self::metric(self, name)?;
        let metric = series.metric;
        let domain = metric.domain;
        Some(MetricFacts {
            kind: kind(series),
            unit: series.unit().map(unit),
            observed: metric
                .unit
                .filter(|_| series.part == Part::Bucket)
                .map(unit),
            domain: (series.part == Part::Whole).then(|| {
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

fn kind(series: Resolved<'_>) -> MetricKind {
    let metric = series.metric;
    match series.part {
        Part::Bucket => MetricKind::Histogram,
        Part::Sum | Part::Count => MetricKind::Counter,
        Part::Created => MetricKind::Timestamp,
        Part::Whole if metric.semantic == Some(Semantic::Info) => MetricKind::Info,
        Part::Whole if metric.is_cumulative() => MetricKind::Counter,
        Part::Whole if metric.domain.is_bool => MetricKind::Boolean,
        Part::Whole
            if metric
                .unit
                .is_some_and(|unit| unit.base() == Unit::TimestampSeconds) =>
        {
            MetricKind::Timestamp
        }
        Part::Whole if metric.kind == MetricType::Histogram => MetricKind::Histogram,
        Part::Whole => MetricKind::Gauge,
    }
}

/// The catalogue's units as the analysis calculates with them.
fn unit(unit: Unit) -> analysis::Unit {
    analysis::Unit::named(match unit {
        Unit::TimestampSeconds => "seconds",
        Unit::TimestampMilliseconds => "milliseconds",
        other => other.as_str(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::promql::analysis::{Analysis, ValueKind};
    use crate::promql::parse;

    #[test]
    fn the_analysis_knows_what_the_catalogue_knows() {
        let catalogue = Catalogue::embedded().expect("the catalogue is correct");
        let quantity = |text: &str| {
            let parsed = parse(text);
            let analysis = Analysis::of(&parsed, &catalogue);
            analysis.quantity(parsed.root()).clone()
        };
        assert_eq!(quantity("redis_up").kind, ValueKind::Boolean);
        let ratio = quantity("redis_memory_used_bytes / redis_memory_max_bytes");
        assert_eq!(ratio.kind, ValueKind::Ratio);
        let rate = quantity("rate(redis_net_input_bytes_total[5m])");
        assert_eq!(
            rate.unit.map(|unit| unit.to_string()).as_deref(),
            Some("bytes/seconds")
        );
        let age = quantity("time() - redis_rdb_last_save_timestamp_seconds");
        assert_eq!(age.kind, ValueKind::Age);
        assert_eq!(quantity("nobody_knows_this").kind, ValueKind::Unknown);
    }
}
