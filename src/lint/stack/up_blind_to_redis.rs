use crate::diagnostic::{Level, Safety};
use crate::facts::Facts;
use crate::facts::expression::Expression;
use crate::facts::matcher::LabelMatcher;
use crate::lint::{Findings, Lint, Need};
use crate::promql::{Kind, MatchOp, NodeId, Parsed};
use crate::source::Span;

pub(super) static LINT: Lint = Lint {
    id: "stack/up-blind-to-redis",
    level: Level::Warning,
    summary: "whether Redis is there is judged by `up` alone, which only says that the exporter answers",
    needs: &[Need::Catalogue, Need::Files],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    let jobs: Vec<&str> = facts
        .scrape_jobs()
        .filter(|job| {
            job.exporters
                .iter()
                .any(|exposure| exposure.exporter == "redis_exporter")
        })
        .map(|job| job.name.as_str())
        .collect();
    let alerts = || {
        facts
            .expressions
            .iter()
            .filter(|expression| facts.is_alerting(expression))
    };
    let is_watched = alerts().any(|expression| {
        expression.analysis.reads.iter().any(|read| {
            read.metrics
                .as_ref()
                .is_none_or(|names| names.iter().any(|name| name == "redis_up"))
        })
    });
    if jobs.is_empty() || is_watched {
        return;
    }
    for expression in alerts() {
        for (node, job) in asks_for_job(expression, &jobs) {
            let finding = findings
                .report(
                    expression.place(facts.setup, expression.parsed[node].span),
                    format!(
                        "{} sees the exporter of `{job}`, not Redis: when Redis is down, `up` stays 1",
                        facts.owner(expression)
                    ),
                )
                .label("the exporter answers")
                .help("add an alert on `redis_up == 0`");
            if let Some(text) = or_redis(&expression.parsed, node) {
                let root = expression.parsed[expression.parsed.root()].span;
                let edit = expression.edit(facts.setup, Span::at(root.end()), &text);
                finding.fix(Safety::Unsafe, "ask for `redis_up`, too", vec![edit]);
            }
        }
    }
}

/// ` or redis_up{…} == 0` behind an expression that is `up{…} == 0`.
fn or_redis(parsed: &Parsed, selector: NodeId) -> Option<String> {
    let root = parsed.root();
    let comparison = parsed
        .comparisons()
        .find(|comparison| comparison.node == root)?;
    let binary = comparison.binary;
    let is_alone = parsed.bare(binary.left) == selector && binary.return_bool.is_none();
    let (threshold, true) = comparison.threshold? else {
        return None;
    };
    let Kind::Selector(of_up) = &parsed[selector].kind else {
        return None;
    };
    let matchers = of_up.braces.map_or("", |span| parsed.slice(span));
    let op = binary.op.as_str();
    is_alone.then(|| format!(" or redis_up{matchers} {op} {threshold}"))
}

/// Selectors of `up` for one of the jobs by its name.
fn asks_for_job<'e>(expression: &'e Expression, jobs: &'e [&str]) -> Vec<(NodeId, &'e str)> {
    let mut found = Vec::new();
    for (id, node) in expression.parsed.nodes() {
        let Kind::Selector(selector) = &node.kind else {
            continue;
        };
        if selector.metric_name() != Some("up") {
            continue;
        }
        for matcher in selector.label_matchers() {
            let is_positive = matches!(matcher.op, MatchOp::Equal | MatchOp::Regex);
            if &*matcher.label.text != "job" || !is_positive {
                continue;
            }
            let Some(wanted) = LabelMatcher::of_selector(matcher, expression.text.place) else {
                continue;
            };
            // Of an expression for every job, Redis is only one.
            let is_short = wanted
                .accepted_values()
                .is_some_and(|values| values.len() == 1);
            if let Some(job) = jobs.iter().find(|job| is_short && wanted.accepts(job)) {
                found.push((id, *job));
            }
        }
    }
    found
}
