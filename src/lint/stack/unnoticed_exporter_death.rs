use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::facts::expression::{Expression, Origin};
use crate::facts::matcher::LabelMatcher;
use crate::facts::prometheus::ScrapeJob;
use crate::lint::{Findings, Lint, Need};
use crate::promql::{BinaryOp, Kind, Selector};

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
    for (index, server) in facts.prometheus.iter().enumerate() {
        // Rules that are not seen here may watch anything.
        let sees_all_rules = !server.has_script
            && !server.rule_patterns.is_empty()
            && server
                .rule_patterns
                .iter()
                .all(|pattern| pattern.is_certain && !pattern.documents.is_empty());
        if !sees_all_rules {
            continue;
        }
        let loaded = || {
            let files = facts.rule_files.iter();
            let files = files.filter(|file| file.loaded_by.contains(&index));
            let rules = files.flat_map(|file| file.rules());
            rules
                .filter_map(|(_, rule)| rule.expression)
                .map(|id| facts.expression(id))
        };
        for job in &server.jobs {
            let [exposure] = job.exporters.as_slice() else {
                continue;
            };
            // Without Prometheus itself no rule is evaluated.
            if exposure.exporter == "prometheus" {
                continue;
            }
            let silent = loaded().find(|expression| {
                facts.is_alerting(expression) && reads(facts, expression, job, &exposure.exporter)
            });
            let Some(silent) = silent else {
                continue;
            };
            // A second server may watch this one's targets, and so does Grafana.
            let is_evaluated = |expression: &Expression| match expression.origin {
                Origin::Rule { file, .. } => !facts.rule_files[file].loaded_by.is_empty(),
                Origin::GrafanaRule { .. } => true,
                _ => false,
            };
            let is_noticed = facts.expressions.iter().any(|expression| {
                is_evaluated(expression) && notices(facts, expression, job, &exposure.exporter)
            });
            if is_noticed {
                continue;
            }
            let owner = facts.owner(silent);
            let message = format!(
                "no alert tells that {} of job `{}` is gone: without it {owner} has no series, and is silent",
                exposure.exporter,
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

/// Whether an expression reads what the exporter of the job exposes, and nothing else. A job that does not exist is a slip for
/// this one.
fn reads(facts: &Facts<'_>, expression: &Expression, job: &ScrapeJob, exporter: &str) -> bool {
    let is_of_job = |selector: &Selector| {
        let mut jobs = facts.prometheus.iter().flat_map(|server| &server.jobs);
        accepts(selector, job) || !jobs.any(|other| accepts(selector, other))
    };
    let mut selectors = selectors(expression).peekable();
    selectors.peek().is_some()
        && selectors.all(|selector| is_exposed(facts, selector, exporter) && is_of_job(selector))
}

fn is_exposed(facts: &Facts<'_>, selector: &Selector, exporter: &str) -> bool {
    selector.metric_name().is_some_and(|name| {
        facts
            .catalogue
            .exporter(exporter)
            .is_some_and(|exporter| exporter.resolve(name).is_some())
    })
}

/// Whether an expression may have a result because the exporter of the job is gone.
fn notices(facts: &Facts<'_>, expression: &Expression, job: &ScrapeJob, exporter: &str) -> bool {
    if is_of_grafana(expression) && reads(facts, expression, job, exporter) {
        // Grafana has a state of its own for no data.
        return true;
    }
    let asks_for_scrapes = selectors(expression).any(|selector| {
        selector
            .metric_name()
            .is_none_or(|name| OF_EVERY_SCRAPE.contains(&name))
            && accepts(selector, job)
    });
    let sees_absence = expression.parsed.nodes().any(|(_, node)| match &node.kind {
        Kind::Call(call) => call
            .function
            .is_none_or(|function| function.name.starts_with("absent")),
        // What stands in where there is nothing, and what is left when something is missing.
        Kind::Binary(binary) => matches!(binary.op, BinaryOp::Or | BinaryOp::Unless),
        // Fewer than there should be.
        Kind::Aggregation(aggregation) => aggregation.op.as_str() == "count",
        _ => false,
    });
    asks_for_scrapes
        || (sees_absence
            && selectors(expression)
                .any(|selector| is_exposed(facts, selector, exporter) && accepts(selector, job)))
}

const fn is_of_grafana(expression: &Expression) -> bool {
    matches!(expression.origin, Origin::GrafanaRule { .. })
}

fn selectors(expression: &Expression) -> impl Iterator<Item = &Selector> {
    expression
        .parsed
        .nodes()
        .filter_map(|(_, node)| match &node.kind {
            Kind::Selector(selector) => Some(&**selector),
            _ => None,
        })
}

/// Whether series of the job can be among those that are selected.
fn accepts(selector: &Selector, job: &ScrapeJob) -> bool {
    selector
        .label_matchers()
        .filter(|matcher| &*matcher.label.text == "job")
        .all(|matcher| {
            LabelMatcher::of_selector(matcher, job.place())
                .is_none_or(|wanted| wanted.accepts(job.name.as_str()))
        })
}
