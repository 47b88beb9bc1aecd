use crate::catalogue::MetricType;
use crate::diagnostic::{Level, Safety};
use crate::facts::Facts;
use crate::facts::expression::Expression;
use crate::lint::{Findings, Lint, Need};
use crate::promql::{AggregateOp, Call, Function, Kind, NodeId};

pub(super) static LINT: Lint = Lint {
    id: "promql/rate-on-non-counter",
    level: Level::Error,
    summary: "`rate`, `irate` or `increase` of something that does not only grow",
    needs: &[Need::Catalogue],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for expression in &facts.expressions {
        for (id, node) in expression.parsed.nodes() {
            let Kind::Call(call) = &node.kind else {
                continue;
            };
            let is_growth = call.function.is_some_and(Function::takes_growth);
            if is_growth && let Some(argument) = call.arguments.first() {
                check_argument(facts, findings, expression, id, call, *argument);
            }
        }
    }
}

fn check_argument(
    facts: &Facts<'_>,
    findings: &mut Findings<'_>,
    expression: &Expression,
    id: NodeId,
    call: &Call,
    argument: NodeId,
) {
    let parsed = &expression.parsed;
    match &parsed[parsed.bare(argument)].kind {
        Kind::Range(range) => {
            if let Kind::Selector(selector) = &parsed[range.selector].kind
                && let Some(name) = selector.metric_name()
                && facts.is_gauge(name)
            {
                let place = expression.place(facts.setup, parsed[range.selector].span);
                report_gauge(facts, findings, expression, (id, call), place, name);
            }
        }
        Kind::Subquery(subquery) => {
            if let Some(op) = aggregated(parsed, subquery.expr)
                && has_counters(facts, parsed, subquery.expr)
            {
                let function = &call.name.text;
                let place = expression.place(facts.setup, parsed[subquery.expr].span);
                let written = growth_first(parsed, call, subquery);
                let message = format!(
                    "{} takes `{function}` of `{}` over counters: one counter that restarts makes the aggregate drop, and `{function}` sees a huge growth",
                    facts.owner(expression),
                    op.as_str()
                );
                let finding = findings
                    .report(place, message)
                    .label("aggregated before its growth is known")
                    .help(format!(
                        "aggregate the growth: `{}({function}(…))`",
                        op.as_str()
                    ));
                if let Some(written) = written {
                    let edit = expression.edit(facts.setup, parsed[id].span, &written);
                    finding.fix(Safety::Unsafe, format!("write `{written}`"), vec![edit]);
                }
            }
        }
        _ => {}
    }
}

/// `sum(rate(x[5m]))` for `rate(sum(x)[5m:1m])`.
fn growth_first(
    parsed: &crate::promql::Parsed,
    call: &Call,
    subquery: &crate::promql::Subquery,
) -> Option<String> {
    let Kind::Aggregation(aggregation) = &parsed[parsed.bare(subquery.expr)].kind else {
        return None;
    };
    let is_moved = subquery.modifiers.offset.is_some() || subquery.modifiers.at.is_some();
    let grouping = aggregation
        .grouping
        .as_ref()
        .map_or_else(String::new, |grouping| {
            format!(" {} ", parsed.slice(grouping.span))
        });
    (!is_moved && call.arguments.len() == 1).then(|| {
        format!(
            "{}{grouping}({}({}[{}]))",
            aggregation.op.as_str(),
            call.name.text,
            parsed.slice(parsed[parsed.bare(aggregation.expr)].span),
            parsed.slice(parsed[subquery.window].span)
        )
    })
}

/// The aggregation that `id` is, of those that mix several counters.
fn aggregated(parsed: &crate::promql::Parsed, id: NodeId) -> Option<AggregateOp> {
    match &parsed[parsed.bare(id)].kind {
        Kind::Aggregation(aggregation) => {
            use AggregateOp::{Avg, Max, Min, Sum};
            let op = aggregation.op;
            let is_selector = matches!(
                parsed[parsed.bare(aggregation.expr)].kind,
                Kind::Selector(_)
            );
            (matches!(op, Sum | Avg | Min | Max) && is_selector).then_some(op)
        }
        _ => None,
    }
}

fn has_counters(facts: &Facts<'_>, parsed: &crate::promql::Parsed, id: NodeId) -> bool {
    let Kind::Aggregation(aggregation) = &parsed[parsed.bare(id)].kind else {
        return false;
    };
    match &parsed[parsed.bare(aggregation.expr)].kind {
        Kind::Selector(selector) => selector
            .metric_name()
            .is_some_and(|name| facts.counter(name).is_some()),
        _ => false,
    }
}

fn report_gauge(
    facts: &Facts<'_>,
    findings: &mut Findings<'_>,
    expression: &Expression,
    (id, call): (NodeId, &Call),
    place: crate::setup::Place,
    name: &str,
) {
    let function = &call.name.text;
    let owner = facts.owner(expression);
    let is_summary = facts
        .resolved(name)
        .is_some_and(|resolved| resolved.metric.kind == MetricType::Summary);
    let (what, help) = match (is_summary, &**function) {
        (true, _) => (
            "holds quantiles",
            "read the quantile as it is, or take the growth of the `_sum` and `_count` series"
                .to_owned(),
        ),
        (false, "increase") => (
            "is a gauge",
            format!("write `delta({})`", inner(expression, id)),
        ),
        (false, _) => (
            "is a gauge",
            format!(
                "write `deriv({})`, or look at the value itself",
                inner(expression, id)
            ),
        ),
    };
    let message = format!(
        "{owner} takes `{function}` of `{name}`, which {what}: every decrease counts as a restart, and as growth"
    );
    let mut finding = findings.report(place, message).label(what).help(help);
    if !is_summary {
        let instead = match &**function {
            "increase" => "delta",
            _ => "deriv",
        };
        let edit = expression.edit(facts.setup, call.name.span, instead);
        finding = finding.fix(Safety::Unsafe, format!("write `{instead}`"), vec![edit]);
    }
    if let Some(assumption) = facts.assumption(name) {
        finding.assuming(&assumption);
    }
}

/// What stands between the parentheses of a call with one argument.
fn inner(expression: &Expression, id: NodeId) -> &str {
    let Kind::Call(call) = &expression.parsed[id].kind else {
        return "…";
    };
    call.arguments.first().map_or("…", |argument| {
        expression.parsed.slice(expression.parsed[*argument].span)
    })
}
