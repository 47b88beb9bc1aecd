//! What the catalogue tells the analysis of PromQL about metrics.

use super::exporter::{Part, Resolved};
use super::metric::{Domain, MetricType, Unit};
use super::{Catalogue, Known};
use crate::promql::analysis::{self, Knowledge, MetricFacts, MetricKind};

impl Knowledge for Catalogue {
    /// Under default namespaces. Labels are not told: those that a scrape job adds are not in the catalogue.
    fn metric(&self, name: &str) -> Option<MetricFacts> {
        match self.know(name)? {
            Known::Metric(series) if series.is_series() => Some(facts(series)),
            _ => None,
        }
    }
}

fn facts(series: Resolved<'_>) -> MetricFacts {
    let unit = series.unit();
    let own = series.part == Part::Whole;
    let is_timestamp = unit.is_some_and(|unit| unit.base() == Unit::TimestampSeconds);
    let kind = match series.part {
        Part::Bucket => MetricKind::Histogram,
        _ if is_timestamp => MetricKind::Timestamp,
        _ if series.is_cumulative() => MetricKind::Counter,
        _ if series.metric.is_info() => MetricKind::Info,
        _ if series.metric.domain.is_bool => MetricKind::Boolean,
        _ => MetricKind::Gauge,
    };
    MetricFacts {
        kind,
        unit: unit.map(unit_of),
        observed: series
            .metric
            .unit
            .filter(|_| matches!(series.metric.kind, MetricType::Histogram) && !own)
            .map(unit_of),
        domain: own.then(|| domain_of(series.metric.domain)),
        labels: None,
    }
}

fn unit_of(unit: Unit) -> analysis::Unit {
    analysis::Unit::named(match unit {
        Unit::TimestampSeconds => "seconds",
        Unit::TimestampMilliseconds => "milliseconds",
        other => other.as_str(),
    })
}

fn domain_of(domain: Domain) -> analysis::Domain {
    if domain.is_bool {
        return analysis::Domain::new(0.0, 1.0);
    }
    analysis::Domain::new(
        domain.min.unwrap_or(f64::NEG_INFINITY),
        domain.max.unwrap_or(f64::INFINITY),
    )
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
