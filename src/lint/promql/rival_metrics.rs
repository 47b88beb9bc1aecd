use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::facts::expression::Expression;
use crate::lint::{Findings, Lint, Need};
use crate::promql::{BinaryOp, Kind, NodeId};
use crate::setup::DocumentId;

pub(super) static LINT: Lint = Lint {
    id: "promql/rival-metrics",
    level: Level::Warning,
    summary: "one file counts the same requests by metrics of different libraries, of which a program has one",
    needs: &[Need::Catalogue],
    check,
};

/// Selectors, and the expressions that they stand in.
type Uses<'f> = Vec<(&'f Expression, NodeId)>;

/// How many expressions there are.
fn expressions(uses: &Uses<'_>) -> usize {
    let places: BTreeSet<_> = uses
        .iter()
        .map(|(expression, _)| expression.text.place)
        .collect();
    places.len()
}

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    // Metrics of requests, by exporter: libraries that an application is built with, one or the other.
    let rivals: BTreeMap<&str, &str> = facts
        .catalogue
        .exporters()
        // Of libraries for one framework an application has one; servers count beside them.
        .filter(|exporter| {
            ["fastapi", "starlette"]
                .iter()
                .any(|framework| exporter.name.starts_with(framework))
        })
        .filter_map(|exporter| {
            Some((
                exporter
                    .indicators
                    .as_ref()?
                    .requests
                    .as_ref()?
                    .metric
                    .as_str(),
                exporter.title.as_str(),
            ))
        })
        .collect();
    let mut files: BTreeMap<DocumentId, BTreeMap<&str, Uses<'_>>> = BTreeMap::new();
    for expression in facts
        .expressions
        .iter()
        .filter(|expression| facts.is_alerting(expression))
    {
        if reads_either(expression) {
            continue;
        }
        for read in &expression.analysis.reads {
            let Kind::Selector(selector) = &expression.parsed[read.selector].kind else {
                continue;
            };
            // Whom it names it means.
            let is_named = selector.label_matchers().any(|matcher| {
                matches!(
                    &*matcher.label.text,
                    "job" | "service" | "app" | "namespace"
                )
            });
            if is_named {
                continue;
            }
            if let Some((metric, _)) = selector
                .metric_name()
                .and_then(|name| rivals.get_key_value(name))
            {
                let file = files.entry(expression.text.place.document).or_default();
                file.entry(metric)
                    .or_default()
                    .push((expression, read.selector));
            }
        }
    }
    for file in files.values() {
        let Some((usual, others)) = file.iter().max_by_key(|(_, uses)| expressions(uses)) else {
            continue;
        };
        for (metric, uses) in file.iter().filter(|(metric, _)| *metric != usual) {
            let mut told = BTreeSet::new();
            for (expression, selector) in uses {
                let span = expression.parsed[*selector].span;
                if !told.insert((expression.text.place, span)) {
                    continue;
                }
                let message = format!(
                    "{} reads `{metric}`, other alerts of the file `{usual}`: both count requests, each by another library, and an application has one",
                    facts.owner(expression)
                );
                let mut finding = findings
                    .report(expression.place(facts.setup, span), message)
                    .label("of another library")
                    .help(format!("look which of them the application exposes, and use that: `count({metric})`, `count({usual})`"));
                if let Some((other, selector)) = others.first() {
                    finding = finding.related(
                        "the other one",
                        other.place(facts.setup, other.parsed[*selector].span),
                    );
                }
                let _complete = finding;
            }
        }
    }
}

/// Whether an expression takes one metric or the other on purpose.
fn reads_either(expression: &Expression) -> bool {
    expression
        .parsed
        .nodes()
        .any(|(_, node)| matches!(&node.kind, Kind::Binary(binary) if binary.op == BinaryOp::Or))
}
