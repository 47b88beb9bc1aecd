//! Every PromQL expression of a bundle: rules, dashboards, variables, unit tests.

use std::fmt;

use crate::bundle::Kind;
use crate::check::embedded::inspection::{Document, Inspection};
use crate::check::embedded::rules::rules;
use crate::document::Node;
use crate::source::Span;

/// Whose expression it is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Owner<'i> {
    Alert(&'i str),
    RecordingRule(&'i str),
    Panel(&'i str),
    Variable(&'i str),
    Annotation(&'i str),
    UnitTest,
}

impl fmt::Display for Owner<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alert(name) => write!(out, "the alert `{name}`"),
            Self::RecordingRule(name) => write!(out, "the recording rule `{name}`"),
            Self::Panel(title) => write!(out, "the panel `{title}`"),
            Self::Variable(name) => write!(out, "the variable `{name}`"),
            Self::Annotation(name) => write!(out, "the annotation `{name}`"),
            Self::UnitTest => out.write_str("the unit test"),
        }
    }
}

/// One expression and where it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Query<'i> {
    pub(super) document: &'i Document<'i>,
    /// The scalar that holds it.
    pub(super) span: Span,
    pub(super) expr: &'i str,
    pub(super) owner: Owner<'i>,
    /// Whether Grafana fills in variables before Prometheus reads it.
    pub(super) is_filled_in: bool,
}

/// Every expression, in the order of files; rules first.
pub(super) fn queries<'i>(inspection: &'i Inspection<'_>) -> Vec<Query<'i>> {
    let mut queries = Vec::new();
    for rule in rules(inspection) {
        if let Some(node) = rule.node.get("expr")
            && let Some(expr) = node.as_str()
        {
            queries.push(Query {
                document: rule.document,
                span: node.span,
                expr,
                owner: if rule.is_alert() {
                    Owner::Alert(rule.name())
                } else {
                    Owner::RecordingRule(rule.name())
                },
                is_filled_in: false,
            });
        }
    }
    for document in inspection.of_kind(Kind::GrafanaDashboard) {
        dashboard(document, &mut queries);
    }
    for document in inspection.of_kind(Kind::PrometheusRuleTests) {
        for series in items(&document.tree, "tests").flat_map(|test| items(test, "input_series")) {
            let Some(node) = series.get("series") else {
                continue;
            };
            // Tests of a large fleet have thousands of series: their names are all that matters.
            let written = node.as_str().unwrap_or_default();
            let name = written.split(['{', ' ']).next().unwrap_or_default();
            if !name.is_empty() {
                queries.push(Query {
                    document,
                    span: node.span,
                    expr: name,
                    owner: Owner::UnitTest,
                    is_filled_in: false,
                });
            }
        }
    }
    queries
}

fn dashboard<'i>(document: &'i Document<'i>, queries: &mut Vec<Query<'i>>) {
    let mut push = |node: &'i Node, expr: &'i str, owner: Owner<'i>| {
        if !expr.trim().is_empty() {
            queries.push(Query {
                document,
                span: node.span,
                expr,
                owner,
                is_filled_in: true,
            });
        }
    };
    let tree = &document.tree;
    for panel in items(tree, "panels") {
        for panel in std::iter::once(panel).chain(items(panel, "panels")) {
            for query in items(panel, "targets") {
                // Loki is asked in a language of its own.
                let datasource = query.get("datasource").and_then(|it| it.get("type"));
                if datasource.and_then(|kind| kind.as_str()) == Some("loki") {
                    continue;
                }
                if let Some(node) = query.get("expr") {
                    let expr = node.as_str().unwrap_or_default();
                    push(node, expr, Owner::Panel(text(panel, "title")));
                }
            }
        }
    }
    let templating = tree.get("templating").into_iter();
    for variable in templating.flat_map(|templating| items(templating, "list")) {
        let Some(query) = variable.get("query") else {
            continue;
        };
        let node = query.get("query").unwrap_or(query);
        if text(variable, "type") == "query"
            && let Some(expr) = node.as_str().and_then(queried)
        {
            push(node, expr, Owner::Variable(text(variable, "name")));
        }
    }
    let annotations = tree.get("annotations").into_iter();
    for annotation in annotations.flat_map(|annotations| items(annotations, "list")) {
        if let Some(node) = annotation.get("expr") {
            let expr = node.as_str().unwrap_or_default();
            push(node, expr, Owner::Annotation(text(annotation, "name")));
        }
    }
}

/// The PromQL in the query of a variable: `label_values(PROMQL, label)`, `query_result(PROMQL)`. `None` for the forms
/// that have none.
fn queried(query: &str) -> Option<&str> {
    let query = query.trim();
    let inner = |name: &str| query.strip_prefix(name)?.strip_suffix(')');
    if let Some(inner) = inner("label_values(") {
        // The label is a plain name, so the last comma stands before it.
        return Some(inner.rsplit_once(',')?.0);
    }
    inner("query_result(")
}

fn items<'n>(node: &'n Node, key: &str) -> impl Iterator<Item = &'n Node> + use<'n> {
    node.get(key).into_iter().flat_map(|list| list.items())
}

fn text<'n>(node: &'n Node, key: &str) -> &'n str {
    node.get(key)
        .and_then(|value| value.as_str())
        .unwrap_or_default()
}
