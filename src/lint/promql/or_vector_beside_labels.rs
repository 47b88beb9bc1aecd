use super::ancestors;
use crate::diagnostic::{Level, Safety};
use crate::facts::Facts;
use crate::facts::expression::{Expression, Origin};
use crate::facts::rules::{RuleFile, RuleKind};
use crate::lint::{Findings, Lint};
use crate::promql::{AggregateOp, Binary, BinaryOp, Kind, METRIC_NAME, NodeId, Parsed};
use crate::source::Span;

pub(super) static LINT: Lint = Lint {
    id: "promql/or-vector-beside-labels",
    level: Level::Warning,
    summary: "`or vector(0)` behind series with labels, where it adds a series instead of standing in for missing ones",
    needs: &[],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for expression in &facts.expressions {
        let parsed = &expression.parsed;
        if !parsed.is_valid() || matches!(expression.origin, Origin::Variable { .. }) {
            continue;
        }
        let parents = parsed.parents();
        for (id, node) in parsed.nodes() {
            let Kind::Binary(binary) = &node.kind else {
                continue;
            };
            if binary.op == BinaryOp::Or
                && binary.matching.is_none()
                && is_vector_of_number(parsed, binary.right)
                && can_have_labels(facts, expression, binary.left)
                && !is_absorbed(parsed, &parents, id)
            {
                report(facts, findings, expression, binary);
            }
        }
    }
}

fn is_vector_of_number(parsed: &Parsed, id: NodeId) -> bool {
    match &parsed[parsed.bare(id)].kind {
        // `x or vector(0) == 0`: the comparison binds more tightly than `or`.
        Kind::Binary(binary) if !binary.op.is_set() => {
            is_vector_of_number(parsed, binary.left) && parsed.number(binary.right).is_some()
        }
        Kind::Call(call) => {
            let number = call.arguments.first().and_then(|id| parsed.number(*id));
            call.function
                .is_some_and(|function| function.name == "vector")
                && number.is_some()
        }
        _ => false,
    }
}

/// Whether series of `id` have labels besides their name. What has no labels is replaced by `vector(0)` as intended.
fn can_have_labels(facts: &Facts<'_>, expression: &Expression, id: NodeId) -> bool {
    let labels = expression.analysis.labels(id);
    let has_labels =
        labels.may_have_others() || labels.possible().any(|label| label != METRIC_NAME);
    has_labels && !is_recorded_without_labels(facts, expression, id)
}

/// Whether all that `id` reads comes from recording rules that leave no labels.
fn is_recorded_without_labels(facts: &Facts<'_>, expression: &Expression, id: NodeId) -> bool {
    let span = expression.parsed[id].span;
    let mut names = expression
        .parsed
        .selectors()
        .into_iter()
        .filter(|used| used.span.start() >= span.start() && used.span.end() <= span.end())
        .map(|used| used.selector.metric_name())
        .peekable();
    let rules = || facts.rule_files.iter().flat_map(RuleFile::rules);
    let is_bare = |name: &str| {
        let mut makers = rules()
            .filter(|(_, rule)| rule.kind == RuleKind::Recording && rule.name.as_str() == name)
            .peekable();
        makers.peek().is_some()
            && makers.all(|(group, rule)| {
                let result = rule.expression.map(|id| facts.expression(id));
                group.labels.is_empty()
                    && rule.labels.is_empty()
                    && result.is_some_and(|result| {
                        let labels = result.analysis.labels(result.parsed.root());
                        !labels.may_have_others()
                            && labels.possible().all(|label| label == METRIC_NAME)
                    })
            })
    };
    names.peek().is_some() && names.all(|name| name.is_some_and(is_bare))
}

/// Whether an aggregation around it makes one number of all series, to which a zero more adds nothing.
fn is_absorbed(parsed: &Parsed, parents: &[Option<NodeId>], id: NodeId) -> bool {
    ancestors(parents, id).any(|id| match &parsed[id].kind {
        Kind::Aggregation(aggregation) => {
            matches!(aggregation.op, AggregateOp::Sum | AggregateOp::Max)
                && aggregation
                    .grouping
                    .as_ref()
                    .is_none_or(|grouping| !grouping.without && grouping.labels.is_empty())
        }
        _ => false,
    })
}

fn report(
    facts: &Facts<'_>,
    findings: &mut Findings<'_>,
    expression: &Expression,
    binary: &Binary,
) {
    let parsed = &expression.parsed;
    let fallback = parsed.slice(parsed[binary.right].span);
    let left = parsed[binary.left].span;
    let span = binary.op_span.join(parsed[binary.right].span);
    let place = expression.place(facts.setup, span);
    let owner = facts.owner(expression);
    let message = match facts.is_alerting(expression) {
        true => format!(
            "`or {fallback}` in {owner} adds a series without labels beside those that are there, and the condition holds or fails for it as well"
        ),
        false => format!(
            "`or {fallback}` in {owner} adds a series without labels beside those that are there: a second value that nobody measured"
        ),
    };
    let after = expression.place(facts.setup, Span::at(binary.op_span.end()));
    findings
        .report(place, message)
        .label("always one more series")
        .related("these series have labels", expression.place(facts.setup, left))
        .help(format!(
            "aggregate the left side (`sum(…) or {fallback}`), or match on no label (`or on() {fallback}`), so that it only stands in for missing series"
        ))
        .fix(
            Safety::Unsafe,
            "match on no label",
            vec![(after, " on()".into())],
        );
}
