//! Rule unit-test files, as `promtool test rules` reads them.

use std::sync::Arc;

use super::block::{Block, head_of};
use super::checker::Checker;
use super::reader::{Reader, Reading, Unknown, read};
use super::rules::check_expr;
use super::series::{check_values, is_histogram};
use super::table::Kind::{Block as Of, Bool, Duration, Float, List, Map, Scalar, Sections, Text};
use super::table::{TableOf, field};
use crate::catalogue::Version;
use crate::diagnostic::Diagnostic;
use crate::document::{Dialect, Node, Value, written_span};
use crate::promql;
use crate::source::{SourceFile, Span};

pub(super) static FILE: TableOf = TableOf {
    what: "a rule test file",
    fields: &[&[
        field("rule_files", List(&Text)),
        field("evaluation_interval", Duration),
        field("group_eval_order", List(&Text)),
        field("fuzzy_compare", Bool).since(3, 5),
        field("tests", List(&Of(&TEST))),
    ]],
    rules: &[],
};

static TEST: TableOf = TableOf {
    what: "a rule test",
    fields: &[&[
        field("name", Text),
        field("interval", Duration),
        field("start_timestamp", Text).since(3, 9),
        field("input_series", List(&Of(&SERIES))),
        field(
            "alert_rule_test",
            Sections(&ALERT_TEST, "a test of an alert"),
        ),
        field(
            "promql_expr_test",
            Sections(&EXPR_TEST, "a test of an expression"),
        ),
        field("external_labels", Map(&Text, &Text)),
        field("external_url", Text),
    ]],
    rules: &[check_interval],
};

static SERIES: TableOf = TableOf {
    what: "an input series",
    fields: &[&[
        field("series", Scalar(series)),
        field("values", Scalar(values)),
    ]],
    rules: &[check_series],
};

static ALERT_TEST: TableOf = TableOf {
    what: "a test of an alert",
    fields: &[&[
        field("eval_time", Duration),
        field("alertname", Text),
        field("exp_alerts", List(&Of(&ALERT))),
    ]],
    rules: &[check_alert],
};

static ALERT: TableOf = TableOf {
    what: "an expected alert",
    fields: &[&[
        field("exp_labels", Map(&Text, &Text)),
        field("exp_annotations", Map(&Text, &Text)),
    ]],
    rules: &[],
};

static EXPR_TEST: TableOf = TableOf {
    what: "a test of an expression",
    fields: &[&[
        field("expr", Scalar(check_expr)),
        field("eval_time", Duration),
        field("exp_samples", List(&Of(&SAMPLE))),
    ]],
    rules: &[check_expr_given],
};

static SAMPLE: TableOf = TableOf {
    what: "an expected sample",
    fields: &[&[
        field("labels", Scalar(labels)),
        field("value", Float),
        field("histogram", Scalar(histogram)).since(2, 48),
    ]],
    rules: &[],
};

pub(super) const DIALECT: Dialect = Dialect::GoYaml2;

/// Everything wrong with a rule unit-test file before it runs, for the promtool of that version.
pub fn check_rule_tests(file: &Arc<SourceFile>, version: Version) -> Vec<Diagnostic> {
    check(file, &read(file.text(), DIALECT), version)
}

pub(super) fn check(
    file: &Arc<SourceFile>,
    reading: &Reading,
    version: Version,
) -> Vec<Diagnostic> {
    let reader = Reader {
        area: "rule-test",
        product: "promtool",
        version,
        dialect: DIALECT,
        unknown: Unknown::Refused,
    };
    let mut checker = Checker::new(file, reader);
    if let Some(document) = checker.take(reading) {
        let root = &document.root;
        if root.value != Value::Null {
            checker.block(root, head_of(root), &FILE);
        }
    }
    checker.finish()
}

/// Until 2.49 the interval did not default to that of the evaluation.
fn check_interval(checker: &mut Checker<'_>, block: &Block<'_>) {
    let has_series = block.has_content("input_series");
    if has_series && !checker.at_least(2, 49) && block.written("interval").is_none() {
        checker.require(block, "interval", "a rule test");
    }
}

fn check_series(checker: &mut Checker<'_>, block: &Block<'_>) {
    checker.require(block, "series", "an input series");
}

fn check_alert(checker: &mut Checker<'_>, block: &Block<'_>) {
    checker.require(block, "alertname", "a test of an alert");
}

fn check_expr_given(checker: &mut Checker<'_>, block: &Block<'_>) {
    checker.require(block, "expr", "a test of an expression");
}

/// A metric with its labels, each by `=`.
fn series(checker: &mut Checker<'_>, node: &Node) {
    metric(
        checker,
        node,
        "a series is a metric name with labels: `up{job=\"x\"}`",
    );
}

/// The same, where the metric name may be missing, and everything else too.
fn labels(checker: &mut Checker<'_>, node: &Node) {
    if !matches!(node.text.trim(), "" | "{}") {
        metric(
            checker,
            node,
            "labels are written like a series: `up{job=\"x\"}`",
        );
    }
}

fn metric(checker: &mut Checker<'_>, node: &Node, help: &str) {
    if node.text.is_empty() || node.text.trim() == "{}" {
        return;
    }
    let parsed = promql::parse(&node.text);
    let mut problems: Vec<(Span, String)> = parsed
        .errors
        .iter()
        // A selector that selects everything is refused, a series without a name is not.
        .filter(|error| error.kind != promql::ErrorKind::Type)
        .map(|error| (error.span, error.message.clone()))
        .collect();
    if problems.is_empty() {
        let root = &parsed[parsed.root()];
        match &root.kind {
            promql::Kind::Selector(selector) => {
                problems.extend(
                    selector
                        .matchers
                        .iter()
                        .filter(|matcher| matcher.op != promql::MatchOp::Equal)
                        .map(|matcher| {
                            (
                                matcher.span,
                                "a series has values for its labels, and this selects some"
                                    .to_owned(),
                            )
                        }),
                );
            }
            _ => problems.push((
                Span::new(0, node.text.len()),
                "this is an expression, and not a series".to_owned(),
            )),
        }
    }
    if let Some((span, message)) = problems.into_iter().next() {
        let span = written_span(checker.file.text(), node, span);
        checker.error("invalid-series", span, message).help = Some(help.into());
    }
}

fn values(checker: &mut Checker<'_>, node: &Node) {
    if let Err(span) = check_values(&node.text) {
        let item = node.text[span.start()..span.end()].to_owned();
        let span = written_span(checker.file.text(), node, span);
        checker
            .error(
                "invalid-series",
                span,
                format!("`{item}` is not a value of a series"),
            )
            .help = Some(
            "write values as `1 2 3`, `0+10x5` (six values, ten apart), `_` (none) or `stale`"
                .into(),
        );
    }
}

fn histogram(checker: &mut Checker<'_>, node: &Node) {
    if !node.text.is_empty() && !is_histogram(&node.text) {
        checker
            .error(
                "invalid-series",
                node.span,
                format!("`{}` is not a histogram", node.text),
            )
            .help = Some("write it as `{{schema:0 sum:5 count:4 buckets:[1 2 1]}}`".into());
    }
}
