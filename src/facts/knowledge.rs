//! What the catalogue and the setup's own recording rules know of metrics.

use std::collections::BTreeSet;

use crate::catalogue::Catalogue;
use crate::promql::analysis::{Knowledge, MetricFacts};

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
        Knowledge::metric(self.catalogue, name)
    }
}
