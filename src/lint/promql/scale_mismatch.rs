use crate::diagnostic::{Level, Safety};
use crate::facts::Facts;
use crate::facts::expression::Expression;
use crate::lint::dashboard::measure::share;
use crate::lint::{Findings, Lint, Need};
use crate::promql::analysis::{Unit, ValueKind};
use crate::promql::{BinaryOp, Comparison, Kind};

pub(super) static LINT: Lint = Lint {
    id: "promql/scale-mismatch",
    level: Level::Error,
    summary: "a share compared with a percentage, or values of different units added or compared",
    needs: &[Need::Catalogue],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for expression in &facts.expressions {
        if !expression.parsed.is_valid() {
            continue;
        }
        for comparison in expression.parsed.comparisons() {
            check_share(facts, findings, expression, &comparison);
        }
        for mismatch in &expression.analysis.unit_mismatches {
            // Numbers of things have no unit that would not fit another.
            if mismatch.left.is_number() || mismatch.right.is_number() {
                continue;
            }
            let Kind::Binary(binary) = &expression.parsed[mismatch.node].kind else {
                continue;
            };
            let does = if binary.op.is_comparison() {
                "compares"
            } else {
                "adds or subtracts"
            };
            let message = format!(
                "{} {does} {} and {}",
                facts.owner(expression),
                mismatch.left,
                mismatch.right
            );
            let left = expression.place(facts.setup, expression.parsed[binary.left].span);
            findings
                .report(
                    expression.place(facts.setup, expression.parsed[binary.right].span),
                    message,
                )
                .label(mismatch.right.to_string())
                .related(mismatch.left.to_string(), left)
                .help("bring both to one unit first");
        }
    }
}

/// A share of 0 to 1 that is compared with something like 80.
fn check_share(
    facts: &Facts<'_>,
    findings: &mut Findings<'_>,
    expression: &Expression,
    comparison: &Comparison<'_>,
) {
    let Some((threshold, is_right)) = comparison.threshold else {
        return;
    };
    let (measured, number) = match is_right {
        true => (comparison.binary.left, comparison.binary.right),
        false => (comparison.binary.right, comparison.binary.left),
    };
    let quantity = expression.analysis.quantity(measured);
    let is_share = quantity.kind == ValueKind::Ratio
        && quantity
            .unit
            .as_ref()
            .is_some_and(|unit| unit.is_same(&Unit::NUMBER));
    let is_share = is_share || share(facts, expression, measured) == Some(1.0);
    // Quotients of like things can be above 1 (memory of the process to that of the data), but hardly ten times.
    if !is_share
        || !(10.0..=100.0).contains(&threshold)
        || comparison.binary.op == BinaryOp::Variable
    {
        return;
    }
    let message = format!(
        "{} compares a share from 0 to 1 with {threshold}, which is a percentage",
        facts.owner(expression)
    );
    // `95 / 100` is `0.95`, and not `0.9500000000000001`.
    let share = (threshold * 10_000.0).round() / 1_000_000.0;
    let span = expression.parsed[number].span;
    findings
        .report(expression.place(facts.setup, span), message)
        .label("a percentage")
        .related(
            "a share",
            expression.place(facts.setup, expression.parsed[measured].span),
        )
        .help(format!(
            "compare with `{}`, or multiply the share by 100",
            threshold / 100.0
        ))
        .fix(
            Safety::Unsafe,
            format!("compare with `{share}`"),
            vec![expression.edit(facts.setup, span, &share.to_string())],
        );
}
