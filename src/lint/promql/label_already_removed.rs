use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::facts::expression::Expression;
use crate::lint::{Findings, Lint};
use crate::promql::Kind;
use crate::promql::analysis::RemovedLabel;
use crate::source::Span;

pub(super) static LINT: Lint = Lint {
    id: "promql/label-already-removed",
    level: Level::Error,
    summary: "an expression names a label that an inner part of it has removed",
    needs: &[],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for expression in &facts.expressions {
        if !expression.parsed.is_valid() {
            continue;
        }
        for removed in &expression.analysis.removed_labels {
            report(facts, findings, expression, removed);
        }
    }
}

fn report(
    facts: &Facts<'_>,
    findings: &mut Findings<'_>,
    expression: &Expression,
    removed: &RemovedLabel,
) {
    let label = &removed.label;
    let parsed = &expression.parsed;
    let consequence = match &parsed[removed.user].kind {
        Kind::Aggregation(_) => "groups all series into one",
        Kind::Binary(_) => "compares a label that no series has",
        _ => "reads an empty value",
    };
    let message = format!(
        "{} names the label `{label}`, which is no longer there, and {consequence}",
        facts.owner(expression)
    );
    let what = match &parsed[removed.removed_by].kind {
        Kind::Aggregation(aggregation) => aggregation
            .grouping
            .as_ref()
            .map_or(aggregation.op_span, |grouping| grouping.span),
        _ => head(parsed[removed.removed_by].span),
    };
    findings
        .report(expression.place(facts.setup, removed.span), message)
        .label("no series has it")
        .related(
            format!("this removes `{label}`"),
            expression.place(facts.setup, what),
        )
        .help(format!(
            "keep `{label}` in the inner aggregation, or do without it"
        ));
}

/// A long span is pointed at by its beginning.
fn head(span: Span) -> Span {
    Span::new(span.start(), span.end().min(span.start() + 40))
}
