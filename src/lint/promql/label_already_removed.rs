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
        // What is taken over from a side without it is missed again by whoever groups by it: the outermost says what comes of it.
        let all = &expression.analysis.removed_labels;
        for (position, removed) in all.iter().enumerate() {
            let mut later = all.iter().skip(position + 1);
            if !later
                .any(|later| later.removed_by == removed.removed_by && later.label == removed.label)
            {
                report(facts, findings, expression, removed);
            }
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
    let is_taken_over = match &parsed[removed.user].kind {
        Kind::Binary(binary) => {
            let matching = binary.matching.as_ref();
            let group = matching.and_then(|matching| matching.cardinality.as_ref());
            group.is_some_and(|group| group.labels.iter().any(|it| it.span == removed.span))
        }
        _ => false,
    };
    let consequence = match &parsed[removed.user].kind {
        Kind::Aggregation(_) => "groups all series into one",
        Kind::Binary(_) if is_taken_over => "takes nothing over from the other side",
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
    let place = expression.place(facts.setup, removed.span);
    let mut finding = findings.report(place, message);
    if is_taken_over {
        // Series that only this label tells apart are refused; to others nothing happens.
        finding = finding.level(Level::Warning);
    }
    finding
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
