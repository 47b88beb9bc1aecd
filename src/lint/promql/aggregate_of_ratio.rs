use crate::diagnostic::{Level, Safety};
use crate::facts::Facts;
use crate::facts::expression::{Expression, Origin};
use crate::lint::{Findings, Lint, Need};
use crate::promql::analysis::ValueKind;
use crate::promql::{AggregateOp, Binary, BinaryOp, Kind, NodeId, Parsed};
use crate::source::Span;

pub(super) static LINT: Lint = Lint {
    id: "promql/aggregate-of-ratio",
    level: Level::Warning,
    summary: "ratios are added up, or their average is taken for the ratio of the whole",
    needs: &[Need::Catalogue],
    check,
};

/// Words of titles that speak of the whole, not of a typical one.
const WHOLE: [&str; 5] = ["overall", "total", "global", "cluster", "fleet"];

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for expression in &facts.expressions {
        let parsed = &expression.parsed;
        if matches!(expression.origin, Origin::Variable { .. }) || !parsed.is_valid() {
            continue;
        }
        for (id, node) in parsed.nodes() {
            let Kind::Aggregation(aggregation) = &node.kind else {
                continue;
            };
            let is_sum = aggregation.op == AggregateOp::Sum;
            if !is_sum && aggregation.op != AggregateOp::Avg {
                continue;
            }
            let Some(division) = division(parsed, aggregation.expr) else {
                continue;
            };
            if !is_share(expression, division) || (!is_sum && !speaks_of_whole(facts, expression)) {
                continue;
            }
            let grouping = aggregation
                .grouping
                .as_ref()
                .map_or_else(String::new, |grouping| {
                    format!(" {}", parsed.slice(grouping.span))
                });
            let grouping = match grouping.is_empty() {
                true => grouping,
                false => grouping + " ",
            };
            let side = |id: NodeId| {
                format!(
                    "sum{grouping}({})",
                    parsed.slice(parsed[parsed.bare(id)].span)
                )
            };
            let help = format!(
                "divide the sums: `{} / {}`",
                side(division.left),
                side(division.right)
            );
            let owner = facts.owner(expression);
            let place = expression.place(facts.setup, aggregation.op_span);
            let sums = match is_of_one_unit(expression, division) {
                true => "adds up ratios: of two that are 60% each, `sum` makes 120%",
                false => "adds up means: of two that are 1 each, `sum` makes 2",
            };
            let by: Vec<&str> = aggregation
                .grouping
                .iter()
                .filter(|grouping| !grouping.without)
                .flat_map(|grouping| &grouping.labels)
                .map(|label| &*label.text)
                .collect();
            let finding = match is_sum {
                true => {
                    let finding = findings.report(place, format!("{owner} {sums}"));
                    match by.is_empty() {
                        true => finding,
                        false => finding.assuming(&format!(
                            "more than one series has the same `{}`",
                            by.join("`, `")
                        )),
                    }
                }
                false => findings
                    .report(
                        place,
                        format!("{owner} takes the average of ratios for that of the whole: one that is small counts as much as a large one"),
                    )
                    .level(Level::Info),
            };
            let [left, right] = [division.left, division.right].map(|id| parsed[id].span);
            let argument = parsed[parsed.bare(aggregation.expr)].span;
            let of_sums = format!(
                "({}{}{}{}{})",
                parsed.slice(Span::new(argument.start(), left.start())),
                side(division.left),
                parsed.slice(Span::new(left.end(), right.start())),
                side(division.right),
                parsed.slice(Span::new(right.end(), argument.end())),
            );
            let edit = expression.edit(facts.setup, parsed[id].span, &of_sums);
            let _complete = finding.label("of ratios").help(help).fix(
                Safety::Unsafe,
                "divide the sums",
                vec![edit],
            );
        }
    }
}

/// The division that an argument is, perhaps times a number.
fn division(parsed: &Parsed, id: NodeId) -> Option<&Binary> {
    let Kind::Binary(binary) = &parsed[parsed.bare(id)].kind else {
        return None;
    };
    let is_number = |id: NodeId| parsed.number(parsed.bare(id)).is_some();
    match binary.op {
        BinaryOp::Mul if is_number(binary.left) => division(parsed, binary.right),
        BinaryOp::Mul | BinaryOp::Div if is_number(binary.right) => division(parsed, binary.left),
        BinaryOp::Div => Some(binary),
        _ => None,
    }
}

/// Whether each quotient is a share or mean of its own: sides of one kind, series by series. Parts of one common total may be
/// added up.
fn is_share(expression: &Expression, division: &Binary) -> bool {
    let parsed = &expression.parsed;
    let has_common_side = division
        .matching
        .as_ref()
        .is_some_and(|matching| matching.cardinality.is_some())
        || [division.left, division.right].into_iter().any(|id| {
            !parsed.nodes().any(|(inner, node)| {
                matches!(node.kind, Kind::Selector(_)) && is_within(parsed, id, inner)
            }) || is_scalar(parsed, id)
        });
    if has_common_side {
        return false;
    }
    let (left, right) = (
        expression.analysis.quantity(division.left),
        expression.analysis.quantity(division.right),
    );
    let is_same_unit = match (&left.unit, &right.unit) {
        (Some(left), Some(right)) => left.measures_same(right) && !left.is_number(),
        _ => false,
    };
    let is_growth = |kind: ValueKind| matches!(kind, ValueKind::Rate | ValueKind::Increase);
    is_same_unit || (is_growth(left.kind) && is_growth(right.kind))
}

/// Whether the quotient is a share: of like by like.
fn is_of_one_unit(expression: &Expression, division: &Binary) -> bool {
    let (left, right) = (
        expression.analysis.quantity(division.left),
        expression.analysis.quantity(division.right),
    );
    match (&left.unit, &right.unit) {
        (Some(left), Some(right)) => left.measures_same(right),
        _ => false,
    }
}

fn is_within(parsed: &Parsed, outer: NodeId, inner: NodeId) -> bool {
    let (outer, inner) = (parsed[outer].span, parsed[inner].span);
    outer.start() <= inner.start() && inner.end() <= outer.end()
}

/// `scalar(…)`: one number for all.
fn is_scalar(parsed: &Parsed, id: NodeId) -> bool {
    matches!(&parsed[parsed.bare(id)].kind, Kind::Call(call) if call.function.is_some_and(|function| function.name == "scalar"))
}

fn speaks_of_whole(facts: &Facts<'_>, expression: &Expression) -> bool {
    let title = facts.owner(expression).to_ascii_lowercase();
    title
        .split(|character: char| !character.is_ascii_alphanumeric())
        .any(|word| WHOLE.contains(&word))
}
