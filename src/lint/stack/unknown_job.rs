use std::collections::BTreeSet;

use crate::diagnostic::{Level, Safety};
use crate::facts::Facts;
use crate::facts::expression::Expression;
use crate::facts::matcher::LabelMatcher;
use crate::facts::prometheus::PrometheusServer;
use crate::lint::{Findings, Lint, Need};
use crate::promql::{Kind, MatchOp};
use crate::source::Span;

pub(super) static LINT: Lint = Lint {
    id: "stack/unknown-job",
    level: Level::Error,
    summary: "an expression asks for a job that Prometheus does not have",
    needs: &[Need::Files],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    let names: Vec<Option<BTreeSet<String>>> = facts
        .prometheus
        .iter()
        .map(|server| jobs(facts, server))
        .collect();
    for expression in &facts.expressions {
        let Some(known) = server_of(facts, expression).and_then(|index| names[index].as_ref())
        else {
            continue;
        };
        for (_, node) in expression.parsed.nodes() {
            let Kind::Selector(selector) = &node.kind else {
                continue;
            };
            // What a rule records may come from another server, or keep labels of its own.
            let is_recorded = selector
                .metric_name()
                .is_some_and(|name| facts.recorded.contains_key(name) || name.contains(':'));
            if is_recorded {
                continue;
            }
            for matcher in selector.label_matchers() {
                let comparison = matcher.op;
                let is_positive = matches!(comparison, MatchOp::Equal | MatchOp::Regex);
                if &*matcher.label.text != "job" || !is_positive {
                    continue;
                }
                let value = matcher.value.text();
                let place = expression.place(facts.setup, matcher.value.span);
                let Some(wanted) = LabelMatcher::of_selector(matcher, place) else {
                    continue;
                };
                if value.is_empty()
                    || wanted.accepts("")
                    || known.iter().any(|job| wanted.accepts(job))
                    || findings
                        .options()
                        .jobs
                        .iter()
                        .any(|job| wanted.accepts(job))
                {
                    continue;
                }
                report(
                    facts,
                    expression,
                    &value,
                    matcher.value.span,
                    known,
                    comparison,
                    findings,
                );
            }
        }
    }
}

fn report(
    facts: &Facts<'_>,
    expression: &Expression,
    value: &str,
    span: Span,
    known: &BTreeSet<String>,
    comparison: MatchOp,
    findings: &mut Findings<'_>,
) {
    let place = expression.place(facts.setup, span);
    let bare = |text: &str| text.replace(['-', '_'], "").to_ascii_lowercase();
    let near = known.iter().find(|job| {
        bare(job) == bare(value)
            || bare(job).contains(&bare(value))
            || bare(value).contains(&bare(job))
    });
    let finding = findings
        .report(
            place,
            format!(
                "{} asks for the job `{value}`, which no scrape configuration has",
                facts.owner(expression)
            ),
        )
        .label("no such job");
    // One name is a promise; a pattern is written to fit several setups, and may come with a pack of rules of which others fit.
    let finding = match comparison {
        MatchOp::Regex => finding.level(Level::Warning),
        _ => finding,
    };
    match near {
        Some(near) if comparison == MatchOp::Equal => {
            let finding = finding.help(format!("did you mean `{near}`?"));
            // The quotes are part of the span.
            let inside = expression.place(
                facts.setup,
                Span::new(span.start() + 1, span.end().saturating_sub(1)),
            );
            finding.fix(
                Safety::Unsafe,
                format!("ask for `{near}`"),
                vec![(inside, near.clone())],
            );
        }
        _ => {
            let jobs: Vec<String> = known.iter().map(|job| format!("`{job}`")).collect();
            finding.help(format!("jobs are {}", jobs.join(", ")));
        }
    }
}

/// The server that evaluates an expression, where only one can.
fn server_of(facts: &Facts<'_>, expression: &Expression) -> Option<usize> {
    if let Some((file, _)) = facts.rule_of(expression) {
        return match file.loaded_by.as_slice() {
            [server] => Some(*server),
            _ => None,
        };
    }
    // Of several datasources each may be another Prometheus.
    let sources = facts
        .datasources
        .iter()
        .filter(|datasource| datasource.kind.as_str() == "prometheus")
        .map(|datasource| datasource.name.as_str())
        .collect::<BTreeSet<_>>();
    (facts.prometheus.len() == 1 && sources.len() == 1).then_some(0)
}

/// Every value that the label `job` can have; `None` where nobody knows.
fn jobs(facts: &Facts<'_>, server: &PrometheusServer) -> Option<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    // What a collector scrapes it may write here, under the names of its jobs.
    if facts.has_alloy() {
        return None;
    }
    for job in server.jobs.iter().chain(&facts.lone_jobs) {
        names.insert(job.name.value.to_string());
        let keeps_foreign = job
            .node
            .get("honor_labels")
            .is_some_and(|node| node.scalar_text() == "true");
        if keeps_foreign {
            return None;
        }
        for target in &job.targets {
            let own = target
                .labels
                .iter()
                .filter(|(label, _)| label.as_str() == "job");
            names.extend(own.map(|(_, value)| value.value.to_string()));
        }
        for step in job.relabelings.iter().chain(&job.metric_relabelings) {
            let action = step
                .get("action")
                .map_or("replace", |node| node.scalar_text());
            let writes_job = step
                .get("target_label")
                .is_some_and(|label| label.scalar_text() == "job");
            match (action, writes_job) {
                ("labelmap", _) => return None,
                (_, true) => {
                    let replacement = step.get("replacement")?.scalar_text();
                    if replacement.contains('$') {
                        return None;
                    }
                    names.insert(replacement.to_owned());
                }
                _ => {}
            }
        }
        if crate::facts::text::placeholder(job.name.as_str()).is_some() || job.discovers {
            // Discovery rarely changes the job, but a rule about it would be a guess.
            return None;
        }
    }
    (!names.is_empty()).then_some(names)
}
