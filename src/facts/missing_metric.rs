//! Metrics that expressions read and the scraped exporters do not expose.

use super::compose::ComposeService;
use super::expression::Expression;
use super::{Facts, Scraped};
use crate::catalogue::{Availability, Reason};
use crate::promql::Kind;
use crate::source::Span;

/// A metric of a catalogued exporter that is scraped and does not have it.
#[derive(Debug)]
pub struct MissingMetric<'f> {
    /// The expression that reads it.
    pub expression: &'f Expression,
    /// Where in the expression.
    pub span: Span,
    /// Its name.
    pub name: String,
    /// Why it is not there.
    pub reason: Reason,
    /// Whether the version of the exporter is known.
    pub is_pinned: bool,
    /// The service of the exporter, where the setup holds it.
    pub service: Option<&'f ComposeService>,
}

impl Facts<'_> {
    /// Every metric that no scraped exporter exposes, each for the reason that the first of them has.
    pub fn missing_metrics(&self) -> Vec<MissingMetric<'_>> {
        let scraped: Vec<_> = self
            .catalogue
            .exporters()
            .filter_map(|exporter| match self.scraped(exporter) {
                Scraped::By(circumstances) => Some((exporter, circumstances)),
                _ => None,
            })
            .collect();
        let mut missing = Vec::new();
        for expression in &self.expressions {
            for read in &expression.analysis.reads {
                let Kind::Selector(selector) = &expression.parsed[read.selector].kind else {
                    continue;
                };
                let Some(name) = selector.metric_name() else {
                    continue;
                };
                if self.recorded.contains_key(name) || self.given.metrics.has(name) {
                    continue;
                }
                for (exporter, circumstances) in &scraped {
                    let mut reasons = circumstances.iter().map(|circumstances| {
                        match self.catalogue.availability(exporter, name, circumstances) {
                            Some(Availability::Unavailable(reason)) => {
                                Some((reason, circumstances.exporter.is_some()))
                            }
                            _ => None,
                        }
                    });
                    let Some(Some((reason, is_pinned))) = reasons.next() else {
                        continue;
                    };
                    if reasons.any(|reason| reason.is_none()) {
                        continue;
                    }
                    missing.push(MissingMetric {
                        expression,
                        span: selector
                            .metric_name_span()
                            .unwrap_or(expression.parsed[read.selector].span),
                        name: name.to_owned(),
                        reason,
                        is_pinned,
                        service: self.service_of(&exporter.name),
                    });
                }
            }
        }
        missing
    }

    /// The first service that a job scrapes as that exporter.
    fn service_of(&self, exporter: &str) -> Option<&ComposeService> {
        self.scrape_jobs()
            .flat_map(|job| &job.exporters)
            .filter(|exposure| exposure.exporter == exporter)
            .find_map(|exposure| self.service(exposure.service.as_ref()?))
    }
}
