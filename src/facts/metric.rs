//! What the name of a metric tells: by the catalogue, else by the conventions of Prometheus.

use super::{Facts, Scraped};
use crate::catalogue::{MetricType, Part, Resolved};

/// Who says what a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// The catalogue knows it, or a page of metrics that the project lists.
    Catalogue,
    /// Its name ends as the conventions want it: `_total`, `_bucket`.
    Name,
}

impl Facts<'_> {
    /// The metric of the catalogue that `name` is; `None` also for what a recording rule of the setup makes.
    pub fn resolved(&self, name: &str) -> Option<Resolved<'_>> {
        match self.recorded.contains_key(name) {
            true => None,
            false => self.catalogue.metric(name),
        }
    }

    /// Who says that `name` only grows; `None` where nobody does.
    pub fn counter(&self, name: &str) -> Option<Evidence> {
        if self.recorded.contains_key(name) || name.contains(':') {
            return None;
        }
        match self.catalogue.metric(name) {
            Some(resolved) => resolved.is_cumulative().then_some(Evidence::Catalogue),
            None if self.given.metrics.is_typed(name) => self
                .given
                .metrics
                .is_cumulative(name)
                .then_some(Evidence::Catalogue),
            None => ["_total", "_bucket"]
                .iter()
                .any(|ending| name.ends_with(ending))
                .then_some(Evidence::Name),
        }
    }

    /// Whether the catalogue says that `name` does not only grow: a level, a state, the quantile of a summary.
    pub fn is_gauge(&self, name: &str) -> bool {
        match self.resolved(name) {
            Some(resolved) => {
                resolved.part == Part::Whole
                    && !resolved.is_cumulative()
                    && resolved.metric.kind != MetricType::Histogram
            }
            None => !self.recorded.contains_key(name) && self.given.metrics.is_gauge(name),
        }
    }

    /// What has to be assumed for the catalogue's word to hold for `name` in this setup: completes "this assumes that …".
    /// `None` where a job scrapes the exporter.
    pub fn assumption(&self, name: &str) -> Option<String> {
        let resolved = self.resolved(name)?;
        match self.scraped(resolved.exporter) {
            Scraped::By(_) => None,
            Scraped::Nowhere | Scraped::Unknown => {
                Some(format!("`{name}` comes from {}", resolved.exporter.title))
            }
        }
    }
}
