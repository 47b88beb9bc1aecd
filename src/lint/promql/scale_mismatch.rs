use crate::diagnostic::{Level, Safety};
use crate::facts::Facts;
use crate::facts::expression::Expression;
use crate::facts::grafana_alerting::GrafanaRule;
use crate::lint::share::{Bound, share};
use crate::lint::{Findings, Lint, Need};
use crate::promql::analysis::{Unit, ValueKind};
use crate::promql::{BinaryOp, Comparison, Kind, NodeId};
use crate::setup::Place;

pub(super) static LINT: Lint = Lint {
    id: "promql/scale-mismatch",
    level: Level::Error,
    summary: "a share compared with a percentage, or values of different units added or compared",
    needs: &[Need::Catalogue],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for rule in &facts.grafana_rules {
        check_grafana(facts, findings, rule);
    }
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
            if mismatch.left.measures_same(&mismatch.right)
                && !is_conversion(mismatch.left.scale / mismatch.right.scale)
            {
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

/// Whether values of one kind that differ by this factor are in two units: `used > 0.9 * limit` and `x > 2 * (x offset 1d)` are
/// in one, seconds and minutes or bytes and megabytes are not.
fn is_conversion(factor: f64) -> bool {
    let factor = factor.max(1.0 / factor);
    factor >= 999.0 || (factor - 60.0).abs() < 1e-9
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
    let is_above_asked = match comparison.binary.op {
        BinaryOp::Greater => is_right,
        BinaryOp::Less => !is_right,
        BinaryOp::Variable => return,
        _ => false,
    };
    if !is_percentage(facts, expression, measured, threshold, is_above_asked) {
        return;
    }
    let span = expression.parsed[number].span;
    let fix = expression.edit(facts.setup, span, &as_share(threshold));
    report(
        findings,
        &facts.owner(expression),
        threshold,
        expression.place(facts.setup, span),
        expression.place(facts.setup, expression.parsed[measured].span),
        fix,
    );
}

/// The same in a rule of Grafana, whose condition has the number.
fn check_grafana(facts: &Facts<'_>, findings: &mut Findings<'_>, rule: &GrafanaRule) {
    let Some(condition) = rule.threshold() else {
        return;
    };
    let number = condition
        .evaluator
        .get("params")
        .and_then(|params| params.items().first());
    let expression = condition.query.expression.map(|id| facts.expression(id));
    let (Some(number), Some(expression)) = (number, expression) else {
        return;
    };
    let root = expression.parsed.root();
    let is_above_asked = condition.op == BinaryOp::Greater;
    if !is_percentage(facts, expression, root, condition.number, is_above_asked) {
        return;
    }
    let place = facts.setup.document(rule.document).place(number.span);
    report(
        findings,
        &format!("alert `{}`", rule.title.as_str()),
        condition.number,
        place,
        expression.place(facts.setup, expression.parsed[root].span),
        (place, as_share(condition.number)),
    );
}

/// Whether a number that a share of 0 to 1 is compared with is meant in per cent.
fn is_percentage(
    facts: &Facts<'_>,
    expression: &Expression,
    measured: NodeId,
    threshold: f64,
    is_above_asked: bool,
) -> bool {
    let quantity = expression.analysis.quantity(measured);
    let is_number = quantity
        .unit
        .as_ref()
        .is_some_and(|unit| unit.is_same(&Unit::NUMBER));
    let bound = match share(facts, expression, measured) {
        Some(share) if share.scale == 1.0 => share.bound,
        Some(_) => return false,
        // `avg(up)`
        None if quantity.kind == ValueKind::Ratio && is_number && quantity.domain.high <= 1.0 => {
            Bound::Part
        }
        None => return false,
    };
    threshold <= 100.0
        && match bound {
            Bound::Part if is_above_asked => threshold >= 1.0,
            Bound::Part => threshold > 1.0,
            // More than all there is has been used of some limits, but hardly ten times as much.
            Bound::Limit => threshold >= 10.0,
            Bound::None => false,
        }
}

/// `95 / 100` is `0.95`, and not `0.9500000000000001`.
fn as_share(percentage: f64) -> String {
    ((percentage * 10_000.0).round() / 1_000_000.0).to_string()
}

/// That `owner` compares the share at `measured` with the percentage at `number`.
fn report(
    findings: &mut Findings<'_>,
    owner: &str,
    threshold: f64,
    number: Place,
    measured: Place,
    fix: (Place, String),
) {
    let share = as_share(threshold);
    findings
        .report(
            number,
            format!("{owner} compares a share from 0 to 1 with {threshold}, which is a percentage"),
        )
        .label("a percentage")
        .related("a share", measured)
        .help(format!(
            "compare with `{share}`, or multiply the share by 100"
        ))
        .fix(Safety::Unsafe, format!("compare with `{share}`"), vec![fix]);
}
