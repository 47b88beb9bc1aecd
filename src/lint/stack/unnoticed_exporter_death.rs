use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::catalogue::exporter::Exporter;
use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::facts::expression::{Expression, Origin};
use crate::facts::matcher::LabelMatcher;
use crate::facts::prometheus::{PrometheusServer, ScrapeJob};
use crate::lint::{Findings, Lint, Need};
use crate::promql::{BinaryOp, Kind, Selector};
use crate::setup::Place;

pub(super) static LINT: Lint = Lint {
    id: "stack/unnoticed-exporter-death",
    level: Level::Warning,
    summary: "every alert on the metrics of an exporter is silent when the exporter itself is gone",
    needs: &[Need::Catalogue, Need::Files],
    check,
};

/// Metrics that Prometheus makes of each scrape, whatever comes of it.
const OF_EVERY_SCRAPE: [&str; 2] = ["up", "scrape_samples_scraped"];

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    let servers = facts.prometheus.iter().enumerate();
    // Rules that are not seen here may watch anything.
    let mut servers = servers
        .filter(|(_, server)| sees_all_rules(server))
        .peekable();
    if servers.peek().is_none() {
        return;
    }
    let questions: Vec<Question<'_>> = facts
        .expressions
        .iter()
        .filter(|expression| is_evaluated(facts, expression))
        .map(Question::of)
        .collect();
    // Which jobs Alloy has, nobody knows.
    let jobs: Option<BTreeSet<&str>> =
        (!facts.has_alloy()).then(|| facts.scrape_jobs().map(|job| job.name.as_str()).collect());
    // Of jobs outside of a `prometheus.yml` nobody knows which rules watch them: a chart brings its own.
    for (index, server) in servers {
        let mut watches: BTreeMap<&str, Watch<'_>> = BTreeMap::new();
        for job in &server.jobs {
            let [exposure] = job.exporters.as_slice() else {
                continue;
            };
            let exporter = exposure.exporter.as_str();
            // Without Prometheus itself no rule is evaluated.
            if exporter == "prometheus" {
                continue;
            }
            let watch = watches
                .entry(exporter)
                .or_insert_with(|| Watch::of(facts, &questions, index, exporter));
            let Some(silent) = watch.silent_without(job, jobs.as_ref()) else {
                continue;
            };
            let owner = facts.owner(silent);
            let message = format!(
                "no alert tells that {exporter} of job `{}` is gone: without it {owner} has no series, and is silent",
                job.name.as_str()
            );
            findings
                .report(job.place(), message)
                .label("nobody asks whether it is there")
                .related("silent when the exporter is gone", silent.text.place)
                .help(format!(
                    "add an alert on `up{{job=\"{}\"}} == 0`",
                    job.name.as_str()
                ));
        }
    }
}

fn sees_all_rules(server: &PrometheusServer) -> bool {
    !server.has_script
        && !server.rule_patterns.is_empty()
        && server
            .rule_patterns
            .iter()
            .all(|pattern| pattern.is_certain && !pattern.documents.is_empty())
}

/// Whether anybody evaluates it: a second server may watch the targets of the first, and so does Grafana.
fn is_evaluated(facts: &Facts<'_>, expression: &Expression) -> bool {
    match expression.origin {
        Origin::Rule { file, .. } => !facts.rule_files[file].loaded_by.is_empty(),
        Origin::GrafanaRule { .. } => true,
        _ => false,
    }
}

/// An expression that somebody evaluates, and what it selects.
struct Question<'f> {
    expression: &'f Expression,
    selections: Vec<Selection<'f>>,
    /// Whether it may have a result because something is not there.
    sees_absence: bool,
}

impl<'f> Question<'f> {
    fn of(expression: &'f Expression) -> Self {
        let nodes = expression.parsed.nodes();
        let selections = nodes.filter_map(|(_, node)| match &node.kind {
            Kind::Selector(selector) => Some(Selection::of(selector, expression.text.place)),
            _ => None,
        });
        Self {
            expression,
            selections: selections.collect(),
            sees_absence: expression
                .parsed
                .nodes()
                .any(|(_, node)| sees_absence(&node.kind)),
        }
    }

    /// Whether it reads what an exporter exposes, and nothing else.
    fn reads(&self, exporter: &Exporter) -> bool {
        !self.selections.is_empty() && self.selections.iter().all(|one| one.is_of(exporter))
    }

    /// Whether all it reads is of a job. A job that does not exist is a slip for this one.
    fn is_of(&self, job: &str, jobs: Option<&BTreeSet<&str>>) -> bool {
        let mut selections = self.selections.iter();
        selections.all(|one| one.accepts(job) || one.accepts_none(jobs))
    }
}

fn sees_absence(kind: &Kind) -> bool {
    match kind {
        Kind::Call(call) => call
            .function
            .is_none_or(|function| function.name.starts_with("absent")),
        // What stands in where there is nothing, and what is left when something is missing.
        Kind::Binary(binary) => matches!(binary.op, BinaryOp::Or | BinaryOp::Unless),
        // Fewer than there should be.
        Kind::Aggregation(aggregation) => aggregation.op.as_str() == "count",
        _ => false,
    }
}

/// A selector, as far as it matters here.
struct Selection<'f> {
    metric: Option<&'f str>,
    /// What it asks of the label `job`.
    wanted: Vec<LabelMatcher>,
    accepts_none: OnceCell<bool>,
}

impl<'f> Selection<'f> {
    fn of(selector: &'f Selector, place: Place) -> Self {
        let of_job = selector
            .label_matchers()
            .filter(|matcher| &*matcher.label.text == "job");
        Self {
            metric: selector.metric_name(),
            wanted: of_job
                .filter_map(|matcher| LabelMatcher::of_selector(matcher, place))
                .collect(),
            accepts_none: OnceCell::new(),
        }
    }

    fn is_of(&self, exporter: &Exporter) -> bool {
        self.metric
            .is_some_and(|name| exporter.resolve(name).is_some())
    }

    /// Whether it asks for what Prometheus makes of every scrape.
    fn is_of_every_scrape(&self) -> bool {
        self.metric
            .is_none_or(|name| OF_EVERY_SCRAPE.contains(&name))
    }

    /// Whether series of the job can be among those that are selected.
    fn accepts(&self, job: &str) -> bool {
        self.wanted.iter().all(|matcher| matcher.accepts(job))
    }

    /// Whether it asks for none of the jobs there are, where those are known.
    fn accepts_none(&self, jobs: Option<&BTreeSet<&str>>) -> bool {
        let none = || jobs.is_some_and(|jobs| !jobs.iter().any(|job| self.accepts(job)));
        *self.accepts_none.get_or_init(none)
    }
}

/// Who looks at what one exporter exposes.
struct Watch<'q> {
    /// Alerts that read nothing else: silent without it, for all that they say themselves.
    alerts: Vec<&'q Question<'q>>,
    /// The same, evaluated by Grafana, which has a state of its own for no data.
    of_grafana: Vec<&'q Question<'q>>,
    /// Selections of expressions that have a result because they select nothing, or something else than before.
    noticing: Vec<&'q Selection<'q>>,
}

impl<'q> Watch<'q> {
    fn of(facts: &Facts<'_>, questions: &'q [Question<'q>], server: usize, exporter: &str) -> Self {
        let mut watch = Self {
            alerts: Vec::new(),
            of_grafana: Vec::new(),
            noticing: Vec::new(),
        };
        let Some(exporter) = facts.catalogue.exporter(exporter) else {
            return watch;
        };
        for question in questions {
            if question.reads(exporter) {
                match question.expression.origin {
                    Origin::Rule { file, .. } => {
                        let is_loaded = facts.rule_files[file].loaded_by.contains(&server);
                        if is_loaded && facts.is_alerting(question.expression) {
                            watch.alerts.push(question);
                        }
                    }
                    _ => watch.of_grafana.push(question),
                }
            }
            let noticing = question.selections.iter().filter(|selection| {
                selection.is_of_every_scrape()
                    || (question.sees_absence && selection.is_of(exporter))
            });
            watch.noticing.extend(noticing);
        }
        watch
    }

    /// An alert that is silent when the exporter of the job is gone, if nothing else tells of that.
    fn silent_without(
        &self,
        job: &ScrapeJob,
        jobs: Option<&BTreeSet<&str>>,
    ) -> Option<&'q Expression> {
        let job = job.name.as_str();
        let silent = self.alerts.iter().find(|alert| alert.is_of(job, jobs))?;
        let is_noticed = self.noticing.iter().any(|selection| selection.accepts(job))
            || self.of_grafana.iter().any(|rule| rule.is_of(job, jobs));
        (!is_noticed).then_some(silent.expression)
    }
}
