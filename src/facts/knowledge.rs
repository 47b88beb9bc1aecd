//! What the catalogue and the setup's own recording rules know of metrics.

use std::collections::BTreeSet;

use super::metrics_page::MetricsPage;
use crate::catalogue::Catalogue;
use crate::promql::analysis::{Knowledge, MetricFacts, MetricKind, Unit};

/// Metrics by name, for the analysis of expressions.
#[derive(Debug)]
pub struct Metrics<'m> {
    catalogue: &'m Catalogue,
    /// Names that a recording rule of the setup gives: of these the catalogue says nothing.
    recorded: BTreeSet<String>,
    /// Metrics that the project lists.
    listed: &'m MetricsPage,
}

impl<'m> Metrics<'m> {
    pub(super) const fn new(
        catalogue: &'m Catalogue,
        recorded: BTreeSet<String>,
        listed: &'m MetricsPage,
    ) -> Self {
        Self {
            catalogue,
            recorded,
            listed,
        }
    }
}

impl Knowledge for Metrics<'_> {
    fn metric(&self, name: &str) -> Option<MetricFacts> {
        if self.recorded.contains(name) {
            return None;
        }
        Knowledge::metric(self.catalogue, name)
            .or_else(|| self.listed.facts(name))
            .or_else(|| conventional(name))
    }
}

/// What the conventions of Prometheus say of a name that the catalogue does not know: base units and kinds as suffixes.
fn conventional(name: &str) -> Option<MetricFacts> {
    if name.contains(':') {
        return None;
    }
    let with = |kind: MetricKind, stem: &str| MetricFacts {
        kind,
        unit: named_unit(stem),
        ..MetricFacts::default()
    };
    if let Some(stem) = name.strip_suffix("_bucket") {
        return Some(MetricFacts {
            kind: MetricKind::Histogram,
            observed: named_unit(stem),
            ..MetricFacts::default()
        });
    }
    if let Some(stem) = name.strip_suffix("_total") {
        return Some(with(MetricKind::Counter, stem));
    }
    if name.ends_with("_timestamp_seconds") {
        return Some(with(MetricKind::Timestamp, "_seconds"));
    }
    if let Some(stem) = name.strip_suffix("_sum") {
        return named_unit(stem).map(|_| with(MetricKind::Counter, stem));
    }
    if let Some(stem) = name.strip_suffix("_count") {
        return named_unit(stem).map(|_| with(MetricKind::Counter, ""));
    }
    named_unit(name).map(|_| with(MetricKind::Unknown, name))
}

/// The unit at the end of a name.
pub(super) fn named_unit(name: &str) -> Option<Unit> {
    ["seconds", "bytes", "milliseconds", "microseconds"]
        .into_iter()
        .find(|unit| {
            name.strip_suffix(unit)
                .is_some_and(|rest| rest.ends_with('_'))
        })
        .map(Unit::named)
}
