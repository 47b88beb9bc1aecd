use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::facts::expression::Expression;
use crate::lint::{Findings, Lint, Need};
use crate::promql::{Kind, NodeId};
use crate::setup::{DocumentId, Place};

pub(super) static LINT: Lint = Lint {
    id: "stack/metric-under-two-names",
    level: Level::Warning,
    summary: "one measure of the application is read under a framework's name here and under a general one there",
    needs: &[Need::Files],
    check,
};

/// Prefixes that web frameworks' instrumentations put before what others call `http_`.
const FRAMEWORKS: [&str; 9] = [
    "fastapi",
    "starlette",
    "flask",
    "django",
    "express",
    "gin",
    "echo",
    "fiber",
    "actix",
];

/// What is measured, whatever instrument: `http_request_duration_seconds_bucket` and `fastapi_requests_duration_seconds_sum`.
fn measure(rest: &str) -> String {
    let bare = ["_bucket", "_sum", "_count"]
        .iter()
        .find_map(|part| rest.strip_suffix(part))
        .unwrap_or(rest);
    bare.replace("requests", "request")
}

fn is_of_requests(rest: &str) -> bool {
    rest.starts_with("request_") || rest.starts_with("requests_")
}

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    // By measure: the framework's name for it, and who reads it.
    let mut specific: BTreeMap<String, (&str, &Expression, NodeId)> = BTreeMap::new();
    let mut frameworks: BTreeSet<&str> = BTreeSet::new();
    for (expression, node, name) in reads(facts) {
        for framework in FRAMEWORKS {
            if let Some(rest) = name
                .strip_prefix(framework)
                .and_then(|rest| rest.strip_prefix('_'))
            {
                frameworks.insert(framework);
                specific
                    .entry(measure(rest))
                    .or_insert((name, expression, node));
            }
        }
    }
    // Requests that one file counts under the framework's name; what else it says of requests has that prefix, too.
    let mut beside: BTreeMap<DocumentId, (&str, &Expression, NodeId)> = BTreeMap::new();
    for (expression, node, name) in reads(facts) {
        let is_counted = name.ends_with("_total")
            && frameworks.iter().any(|framework| {
                name.strip_prefix(framework)
                    .and_then(|rest| rest.strip_prefix('_'))
                    .is_some_and(is_of_requests)
            });
        if is_counted {
            beside
                .entry(expression.text.place.document)
                .or_insert((name, expression, node));
        }
    }
    // Two frameworks are two applications, and the general name may be a third's.
    if frameworks.len() != 1 {
        return;
    }
    let mut told: BTreeSet<Place> = BTreeSet::new();
    for (expression, node, name) in reads(facts) {
        let Some(rest) = name.strip_prefix("http_") else {
            continue;
        };
        let found = specific.get(&measure(rest)).or_else(|| {
            let document = expression.text.place.document;
            beside.get(&document).filter(|_| is_of_requests(rest))
        });
        let Some((other, reader, other_node)) = found else {
            continue;
        };
        // Once for an expression, however often it reads it.
        if facts.recorded.contains_key(name) || !told.insert(expression.text.place) {
            continue;
        }
        let Kind::Selector(selector) = &expression.parsed[node].kind else {
            continue;
        };
        let span = selector
            .metric_name_span()
            .unwrap_or(expression.parsed[node].span);
        let message = format!(
            "{} reads `{name}`, and {} reads {} `{other}`",
            facts.owner(expression),
            facts.owner(reader),
            match name.strip_prefix("http_").map(measure) == measure_of(other) {
                true => "the same measure as",
                false => "requests as",
            }
        );
        findings
            .report(expression.place(facts.setup, span), message)
            .label("another name for the same")
            .related(
                "the other name",
                reader.place(facts.setup, reader.parsed[*other_node].span),
            )
            .help("look at the application's `/metrics`, and read the name that is there in both places")
            .assuming("both are about one application, which exposes one of the two names");
    }
}

/// What a framework's metric measures.
fn measure_of(name: &str) -> Option<String> {
    FRAMEWORKS
        .iter()
        .find_map(|framework| name.strip_prefix(framework)?.strip_prefix('_').map(measure))
}

/// Every selector with a metric's name.
fn reads<'f>(facts: &'f Facts<'_>) -> impl Iterator<Item = (&'f Expression, NodeId, &'f str)> {
    facts.expressions.iter().flat_map(|expression| {
        expression.analysis.reads.iter().filter_map(move |read| {
            match &expression.parsed[read.selector].kind {
                Kind::Selector(selector) => {
                    Some((expression, read.selector, selector.metric_name()?))
                }
                _ => None,
            }
        })
    })
}
