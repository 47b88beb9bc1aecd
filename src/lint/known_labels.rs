//! Which labels a metric can have in a setup: what its exporter gives, and what targets, relabeling and Prometheus attach.

use std::collections::BTreeSet;

use super::Findings;
use crate::catalogue::{Circumstances, Evidence, Resolved};
use crate::facts::expression::Expression;
use crate::facts::prometheus::ScrapeJob;
use crate::facts::text::Known;
use crate::facts::{Facts, Scraped};
use crate::promql::analysis::Presence;
use crate::promql::{AggregateOp, Kind};

/// Labels that every scraped series has.
pub(super) const OF_EVERY_TARGET: [&str; 2] = ["instance", "job"];

/// Names under which programs expose the status of a response: one metric has one of them.
pub(super) const STATUS: [&str; 5] = [
    "status",
    "status_code",
    "code",
    "http_status",
    "response_code",
];

/// Whether nothing but its use tells which labels a metric has: of one that is known by name and prefix,
/// `promql/unknown-label` says which are right.
pub(super) fn are_unclear(facts: &Facts<'_>, metric: &str) -> bool {
    let prefix = facts.catalogue.prefixes().of(metric);
    facts.resolved(metric).is_none()
        || prefix.is_none_or(|prefix| prefix.evidence != Evidence::Strong)
}

/// Labels of the infrastructure, which rules and dashboards for many places name wherever they run.
const OF_PLACES: [&str; 24] = [
    "app",
    "availability_zone",
    "cluster",
    "container",
    "datacenter",
    "dc",
    "endpoint",
    "env",
    "environment",
    "host",
    "hostname",
    "kubernetes_namespace",
    "kubernetes_pod_name",
    "namespace",
    "node",
    "nodename",
    "pod",
    "project",
    "region",
    "service",
    "team",
    "tenant",
    "zone",
    "stage",
];

/// Functions whose result can have labels that no series has.
const MAKE_LABELS: [&str; 6] = [
    "absent",
    "absent_over_time",
    "info",
    "label_join",
    "label_replace",
    "vector",
];

/// Labels that targets, relabeling and Prometheus itself add.
pub(super) struct Attached {
    names: BTreeSet<String>,
    /// Whether discovery or a pattern adds labels that only the running system knows.
    pub is_open: bool,
    /// Whether labels are taken away when samples are stored.
    pub drops: bool,
}

impl Attached {
    pub fn of(facts: &Facts<'_>) -> Self {
        let mut names: BTreeSet<String> = [
            "job",
            "instance",
            "__name__",
            "exported_job",
            "exported_instance",
            "prometheus",
            "replica",
        ]
        .map(String::from)
        .into();
        let (mut is_open, mut drops) = (facts.has_other_scrapers(), false);
        for server in &facts.prometheus {
            names.extend(
                server
                    .external_labels
                    .iter()
                    .map(|(name, _)| name.value.to_string()),
            );
            for job in &server.jobs {
                is_open = is_open || job.discovers;
                names.extend(labels_of(job));
                let relabelings = job.relabelings.iter().chain(&job.metric_relabelings);
                for step in relabelings {
                    let action = step
                        .get("action")
                        .map_or("replace", |node| node.scalar_text());
                    is_open = is_open || action == "labelmap";
                    drops = drops || matches!(action, "labeldrop" | "labelkeep");
                    names.extend(
                        step.get("target_label")
                            .map(|node| node.scalar_text().to_owned()),
                    );
                }
            }
        }
        Self {
            names,
            is_open,
            drops,
        }
    }

    /// Whether `label` is on series of the setup, whatever their exporter.
    pub fn has(&self, label: &str) -> bool {
        self.names.contains(label)
    }

    /// The first metric of `expression`, where all its metrics come from exporters that are scraped and none of their series
    /// can have `label`: not from the exporter, not from the setup, not from a function.
    pub fn metric_without<'e>(
        &self,
        facts: &Facts<'_>,
        findings: &Findings<'_>,
        expression: &'e Expression,
        label: &str,
    ) -> Option<&'e str> {
        let is_given = |known: &String| known == label;
        if self.is_open
            || self.has(label)
            || OF_PLACES.contains(&label)
            || findings.options().labels.iter().any(is_given)
            || !expression.parsed.is_valid()
            || facts.prometheus.iter().any(is_fed)
        {
            return None;
        }
        let mut first = None;
        for (_, node) in expression.parsed.nodes() {
            match &node.kind {
                Kind::Selector(selector) => {
                    let name = selector.metric_name()?;
                    if !selector.placeholders.is_empty() || can_have(facts, name, label) {
                        return None;
                    }
                    first = first.or(Some(name));
                }
                Kind::Call(call) if MAKE_LABELS.contains(&&*call.name.text) => return None,
                Kind::Aggregation(aggregation) if aggregation.op == AggregateOp::CountValues => {
                    return None;
                }
                _ => {}
            }
        }
        first
    }

    /// [`Self::metric_without`] for a label of the result that nothing in the expression decides.
    pub fn metric_of_result_without<'e>(
        &self,
        facts: &Facts<'_>,
        findings: &Findings<'_>,
        expression: &'e Expression,
        label: &str,
    ) -> Option<&'e str> {
        let labels = expression.analysis.labels(expression.parsed.root());
        match labels.get(label).presence {
            Presence::Maybe => self.metric_without(facts, findings, expression, label),
            Presence::Always | Presence::Never => None,
        }
    }
}

/// Whether a server takes series over from another one, with labels that only that one knows.
fn is_fed(server: &crate::facts::prometheus::PrometheusServer) -> bool {
    server.jobs.iter().any(|job| match &job.metrics_path {
        Known::Value(path) => path.contains("federate"),
        Known::Placeholder(_) => true,
    })
}

/// Whether series called `name` can have `label` from where they are exposed; also where nobody knows.
fn can_have(facts: &Facts<'_>, name: &str, label: &str) -> bool {
    let known: Vec<Resolved<'_>> = facts
        .catalogue
        .exporters()
        .filter_map(|exporter| exporter.resolve(name))
        .collect();
    let given = facts.given.metrics.labels(name);
    if facts.recorded.contains_key(name) || known.is_empty() || given.is_some() {
        return true;
    }
    let mut is_scraped = false;
    for resolved in &known {
        if let Scraped::By(all) = facts.scraped(resolved.exporter) {
            is_scraped = true;
            let has = |all: &Circumstances| resolved.labels(all).contains(&label);
            if all.iter().any(has) {
                return true;
            }
        }
    }
    !is_scraped
}

fn labels_of(job: &ScrapeJob) -> impl Iterator<Item = String> + '_ {
    job.targets
        .iter()
        .flat_map(|target| target.labels.iter().map(|(name, _)| name.value.to_string()))
}
