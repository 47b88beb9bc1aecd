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
            None => {
                let stem = name.strip_suffix("_total");
                let is_sum = stem.is_some_and(|stem| !names_amount(stem));
                (is_sum || name.ends_with("_bucket")).then_some(Evidence::Name)
            }
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

/// Last words of what has a total as a whole has: `ray_tpu_memory_total` is a level, not a count.
const AMOUNTS: [&str; 14] = [
    "capacity", "cores", "cpus", "disk", "limit", "mem", "memory", "nodes", "pg", "pgs", "quota",
    "size", "space", "swap",
];

/// Whether a name without its `_total` ends in the word for an amount.
fn names_amount(stem: &str) -> bool {
    let word = stem.rsplit('_').next().unwrap_or(stem);
    AMOUNTS.contains(&word)
}
