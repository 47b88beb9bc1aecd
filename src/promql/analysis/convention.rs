//! What a metric's name says by Prometheus's naming conventions, for names that nobody knows more about.

use super::{Knowledge, MetricFacts, MetricKind, Unit};

/// Knowledge by the last words of a name: `_total` is a counter, `_seconds` a unit.
///
/// A name can lie: what is concluded from it describes, and proves nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NamingConventions;

/// Base units that names end in. Source: <https://prometheus.io/docs/practices/naming/#base-units>.
const UNITS: [&str; 8] = [
    "seconds", "bytes", "celsius", "meters", "volts", "amperes", "joules", "grams",
];

impl Knowledge for NamingConventions {
    fn metric(&self, name: &str) -> Option<MetricFacts> {
        // The name of a recording rule tells the operations, not the metric.
        if name.contains(':') {
            return None;
        }
        if name == "up" {
            return Some(of(MetricKind::Boolean));
        }
        let (rest, last) = name.rsplit_once('_')?;
        let unit = |name: &str| {
            UNITS
                .iter()
                .find(|unit| name.strip_suffix(**unit).is_some_and(ends_word))
                .map(|unit| Unit::named(unit))
        };
        let counter = |unit| MetricFacts {
            unit,
            ..of(MetricKind::Counter)
        };
        match last {
            "total" => Some(counter(unit(rest))),
            "bucket" => Some(MetricFacts {
                observed: unit(rest),
                ..of(MetricKind::Histogram)
            }),
            // Anything may be called a sum or a count; of what has a unit, it is a histogram's or summary's.
            "sum" => unit(rest).map(|unit| counter(Some(unit))),
            "count" => unit(rest).map(|_| counter(None)),
            "info" => Some(of(MetricKind::Info)),
            "created" => Some(timestamp()),
            "seconds" if rest.ends_with("_timestamp") => Some(timestamp()),
            "ratio" => Some(MetricFacts {
                unit: Some(Unit::NUMBER),
                ..of(MetricKind::Gauge)
            }),
            _ => Some(MetricFacts {
                unit: Some(unit(name)?),
                ..of(MetricKind::Unknown)
            }),
        }
    }
}

fn of(kind: MetricKind) -> MetricFacts {
    MetricFacts {
        kind,
        ..MetricFacts::default()
    }
}

fn timestamp() -> MetricFacts {
    MetricFacts {
        unit: Some(Unit::seconds()),
        ..of(MetricKind::Timestamp)
    }
}

/// Whether a word can begin behind `before`.
fn ends_word(before: &str) -> bool {
    before.is_empty() || before.ends_with('_')
}

#[cfg(test)]
mod tests {
    use super::super::{Analysis, ValueKind};
    use super::*;
    use crate::promql::parse;

    fn quantity_of(text: &str) -> (ValueKind, Option<String>) {
        let parsed = parse(text);
        let analysis = Analysis::of(&parsed, &NamingConventions);
        let quantity = analysis.quantity(parsed.root());
        (quantity.kind, quantity.unit.as_ref().map(Unit::to_string))
    }

    #[test]
    fn the_end_of_a_name_says_what_it_measures() {
        let is = |text, kind, unit: Option<&str>| {
            assert_eq!(quantity_of(text), (kind, unit.map(str::to_owned)), "{text}");
        };
        is("http_requests_total", ValueKind::Counter, None);
        is(
            "rate(cpu_seconds_total[5m])",
            ValueKind::Rate,
            Some("number"),
        );
        is("x_bytes", ValueKind::Unknown, Some("bytes"));
        is("x_megabytes", ValueKind::Unknown, None);
        is("x_bytes / y_bytes", ValueKind::Ratio, Some("number"));
        is(
            "histogram_quantile(0.9, rate(x_seconds_bucket[5m]))",
            ValueKind::Gauge,
            Some("seconds"),
        );
        is(
            "time() - x_timestamp_seconds",
            ValueKind::Age,
            Some("seconds"),
        );
        is("build_info", ValueKind::Info, None);
        is("queue_count", ValueKind::Unknown, None);
        is("job:x_seconds:sum", ValueKind::Unknown, None);
    }
}
