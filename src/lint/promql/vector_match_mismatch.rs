use std::collections::BTreeSet;

use super::series_labels::SeriesLabels;
use crate::diagnostic::{Level, Safety};
use crate::facts::Facts;
use crate::facts::expression::Expression;
use crate::lint::known_labels::{Attached, OF_EVERY_TARGET};
use crate::lint::{Findings, Lint};
use crate::promql::analysis::{LabelFacts, Presence};
use crate::promql::{Binary, BinaryOp, Kind, NodeId, Parsed};
use crate::source::Span;

pub(super) static LINT: Lint = Lint {
    id: "promql/vector-match-mismatch",
    level: Level::Error,
    summary: "two sides of an operator that never match, because of a label that they have to share",
    needs: &[],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    let attached = Attached::of(facts);
    for expression in &facts.expressions {
        if !expression.parsed.is_valid() {
            continue;
        }
        if expression.analysis.impossible_matches.is_empty()
            && !check_groupings(facts, findings, expression)
        {
            check_metrics(facts, &attached, findings, expression);
        }
        for impossible in &expression.analysis.impossible_matches {
            let Kind::Binary(binary) = &expression.parsed[impossible.node].kind else {
                continue;
            };
            // `x or y` and `x unless y` have a result all the same.
            if matches!(binary.op.as_str(), "or" | "unless") {
                continue;
            }
            let label = &impossible.label;
            let place = |id| expression.place(facts.setup, expression.parsed[id].span);
            let message = format!(
                "the sides of `{}` in {} never match, because they have to agree on `{label}`: the result is empty",
                binary.op.as_str(),
                facts.owner(expression)
            );
            let finding = findings
                .report(expression.place(facts.setup, binary.op_span), message)
                .label("matches nothing")
                .related(side(label, &impossible.left), place(binary.left))
                .related(side(label, &impossible.right), place(binary.right))
                .help(format!("say which labels to match on (`{} on(…)`), or bring both sides to the same labels", binary.op.as_str()));
            let is_there = |facts: &LabelFacts| facts.presence != Presence::Never;
            let (left, right) = (is_there(&impossible.left), is_there(&impossible.right));
            if let Some((span, text)) = ignoring(binary, label, left, right) {
                finding.fix(
                    Safety::Unsafe,
                    format!("match without `{label}`"),
                    vec![expression.edit(facts.setup, span, &text)],
                );
            }
        }
    }
}

/// Sides that are grouped by different labels: they match only where the further labels are missing everywhere. Whether
/// there are any.
fn check_groupings(
    facts: &Facts<'_>,
    findings: &mut Findings<'_>,
    expression: &Expression,
) -> bool {
    let parsed = &expression.parsed;
    let mut are_any = false;
    for (_, node) in parsed.nodes() {
        let Kind::Binary(binary) = &node.kind else {
            continue;
        };
        let is_paired = binary.matching.is_none()
            && (binary.op.is_arithmetic()
                || binary.op.is_comparison()
                || binary.op == BinaryOp::And);
        if !is_paired {
            continue;
        }
        let (Some(left), Some(right)) = (
            grouped_by(parsed, binary.left),
            grouped_by(parsed, binary.right),
        ) else {
            continue;
        };
        let further = left.symmetric_difference(&right).next();
        let Some(label) = further else {
            continue;
        };
        let place = |id| expression.place(facts.setup, parsed[id].span);
        let words = |labels: &BTreeSet<&str>| match labels.is_empty() {
            true => "has no labels".to_owned(),
            false => format!(
                "grouped by {}",
                labels
                    .iter()
                    .map(|label| format!("`{label}`"))
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
        };
        let message = format!(
            "the sides of `{}` in {} are grouped by different labels, and never match",
            binary.op.as_str(),
            facts.owner(expression)
        );
        let (has_left, has_right) = (left.contains(label), right.contains(label));
        let mut finding = findings
            .report(expression.place(facts.setup, binary.op_span), message)
            .label("matches nothing")
            .related(words(&left), place(binary.left))
            .related(words(&right), place(binary.right))
            .help(format!("say which labels to match on, and which side has more of them: `{} ignoring({label}) group_left()`", binary.op.as_str()));
        if let Some((span, text)) = ignoring(binary, label, has_left, has_right) {
            finding = finding.fix(
                Safety::Unsafe,
                format!("match without `{label}`"),
                vec![expression.edit(facts.setup, span, &text)],
            );
        }
        finding.assuming(&format!("series have the label `{label}`"));
        are_any = true;
    }
    are_any
}

/// Sides whose metrics the catalogue knows: one always has a label that the other never has.
fn check_metrics(
    facts: &Facts<'_>,
    attached: &Attached,
    findings: &mut Findings<'_>,
    expression: &Expression,
) {
    let parsed = &expression.parsed;
    for (_, node) in parsed.nodes() {
        let Kind::Binary(binary) = &node.kind else {
            continue;
        };
        let is_paired =
            (binary.op.is_arithmetic() || binary.op.is_comparison() || binary.op == BinaryOp::And)
                && binary.fill.span.is_none();
        let ignored = match &binary.matching {
            Some(matching) if matching.on => continue,
            Some(matching) => matching.labels.as_slice(),
            None => &[],
        };
        if !is_paired || ignored.iter().any(|label| label.has_variables) {
            continue;
        }
        let of = |id| SeriesLabels::of(facts, attached, parsed, id);
        let (Some(left), Some(right)) = (of(binary.left), of(binary.right)) else {
            continue;
        };
        let lacks = |one: &SeriesLabels<'_>, other: &SeriesLabels<'_>| -> Vec<String> {
            let labels = one.always.iter().filter(|label| {
                !other.possible.contains(*label)
                    && (other.is_closed || !attached.has(label))
                    && ignored.iter().all(|name| *name.text != ***label)
            });
            labels.cloned().collect()
        };
        let (of_left, of_right) = (lacks(&left, &right), lacks(&right, &left));
        let is_left = !of_left.is_empty();
        let (labels, metric, with, without) = match is_left {
            true => (of_left, left.metric, binary.left, binary.right),
            false => (of_right, right.metric, binary.right, binary.left),
        };
        let Some(label) = labels.first() else {
            continue;
        };
        let place = |id| expression.place(facts.setup, parsed[id].span);
        let message = format!(
            "the sides of `{}` in {} never match: only `{}` has the label `{label}`",
            binary.op.as_str(),
            facts.owner(expression),
            metric,
        );
        // `and` only asks whether the target is the same.
        let of_target = (binary.op == BinaryOp::And && binary.matching.is_none())
            .then_some(OF_EVERY_TARGET)
            .filter(|target| {
                !target
                    .iter()
                    .any(|name| labels.iter().any(|label| label == name))
            })
            .map(|target| format!(" on ({})", target.join(", ")));
        let help = match &of_target {
            Some(on) => format!("say which labels have to agree: `and{on}`"),
            None => format!(
                "bring both sides to the same labels, or let one side have more of them: `{} ignoring ({}) group_{} ()`",
                binary.op.as_str(),
                labels.join(", "),
                if is_left { "left" } else { "right" },
            ),
        };
        let finding = findings
            .report(expression.place(facts.setup, binary.op_span), message)
            .label("matches nothing")
            .related(format!("has the label `{label}`"), place(with))
            .related(format!("has no label `{label}`"), place(without))
            .help(help);
        let (title, edit) = match of_target {
            Some(on) => (
                "match on `instance` and `job`".to_owned(),
                Some((Span::at(binary.op_span.end()), on)),
            ),
            None => (
                format!("match without `{}`", labels.join("`, `")),
                ignoring(binary, &labels.join(", "), is_left, !is_left),
            ),
        };
        if let Some((span, text)) = edit {
            let edits = vec![expression.edit(facts.setup, span, &text)];
            finding.fix(Safety::Unsafe, title, edits);
        }
    }
}

/// What makes both sides match without a label that only one of them has, or that differs; and where it goes.
fn ignoring(binary: &Binary, label: &str, left: bool, right: bool) -> Option<(Span, String)> {
    if let Some(matching) = &binary.matching {
        // A label in `on` is wanted, and one more that is ignored may need another side of many.
        let last = matching.labels.last().filter(|_| !matching.on)?;
        return Some((Span::at(last.span.end()), format!(", {label}")));
    }
    let side = match (left, right) {
        _ if binary.op.is_set() => "",
        (true, false) => " group_left()",
        (false, true) => " group_right()",
        _ => "",
    };
    let at = binary
        .return_bool
        .map_or(binary.op_span.end(), |span| span.end());
    Some((Span::at(at), format!(" ignoring({label}){side}")))
}

/// The labels that an aggregation leaves, also where its result is multiplied by a number.
fn grouped_by(parsed: &Parsed, id: NodeId) -> Option<BTreeSet<&str>> {
    match &parsed[parsed.bare(id)].kind {
        Kind::Aggregation(aggregation) if !aggregation.op.keeps_series() => {
            let Some(grouping) = &aggregation.grouping else {
                return Some(BTreeSet::new());
            };
            let is_plain =
                !grouping.without && grouping.labels.iter().all(|label| !label.has_variables);
            is_plain.then(|| grouping.labels.iter().map(|label| &*label.text).collect())
        }
        Kind::Binary(binary) if binary.op.is_arithmetic() || binary.op.is_comparison() => {
            match (parsed.number(binary.left), parsed.number(binary.right)) {
                (None, Some(_)) => grouped_by(parsed, binary.left),
                (Some(_), None) => grouped_by(parsed, binary.right),
                _ => None,
            }
        }
        _ => None,
    }
}

fn side(label: &str, facts: &LabelFacts) -> String {
    match (facts.presence, &facts.value) {
        (Presence::Never, _) => format!("has no label `{label}`"),
        (_, Some(value)) => format!("`{label}` is `{value}`"),
        _ => format!("has the label `{label}`"),
    }
}
