use super::ancestors;
use crate::diagnostic::{Level, Safety};
use crate::facts::Facts;
use crate::facts::expression::{Expression, Origin};
use crate::facts::metric::Evidence;
use crate::lint::{Findings, Lint, Need};
use crate::promql::analysis::Read;
use crate::promql::{AggregateOp, BinaryOp, Kind, NodeId, Parsed};

pub(super) static LINT: Lint = Lint {
    id: "promql/raw-counter",
    level: Level::Warning,
    summary: "a counter is compared, divided or drawn as it is, not as its growth",
    needs: &[Need::Catalogue],
    check,
};

/// What is done with the counter's value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Misuse {
    /// A threshold is compared with the total since the process began.
    Compared,
    /// Two totals are divided: an average over the whole life of the process.
    Divided,
    /// A curve that only ever rises.
    Drawn,
}

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for expression in &facts.expressions {
        if !expression.parsed.is_valid()
            || matches!(
                expression.origin,
                Origin::Variable { .. } | Origin::Annotation { .. }
            )
        {
            continue;
        }
        let parents = expression.parsed.parents();
        // Numerator and denominator of one ratio are one mistake.
        let mut told: Vec<Misuse> = Vec::new();
        for read in &expression.analysis.reads {
            let Some((name, evidence)) = counter(facts, &expression.parsed, read) else {
                continue;
            };
            let Some(misuse) = misuse(facts, expression, &parents, read.selector) else {
                continue;
            };
            if !told.contains(&misuse) {
                told.push(misuse);
                report(
                    facts,
                    findings,
                    expression,
                    read.selector,
                    name,
                    evidence,
                    misuse,
                );
            }
        }
    }
}

/// The counter that `read` takes the present value of.
fn counter<'e>(facts: &Facts<'_>, parsed: &'e Parsed, read: &Read) -> Option<(&'e str, Evidence)> {
    if read.range.is_some() {
        return None;
    }
    let Kind::Selector(selector) = &parsed[read.selector].kind else {
        return None;
    };
    let name = selector.metric_name()?;
    // Buckets have a lint of their own.
    (!name.ends_with("_bucket")).then_some(())?;
    Some((name, facts.counter(name)?))
}

fn misuse(
    facts: &Facts<'_>,
    expression: &Expression,
    parents: &[Option<NodeId>],
    selector: NodeId,
) -> Option<Misuse> {
    let parsed = &expression.parsed;
    let mut is_divided = false;
    let mut below = selector;
    for id in ancestors(parents, selector) {
        match &parsed[id].kind {
            Kind::Aggregation(aggregation) => {
                use AggregateOp::{Avg, Max, Min, Sum};
                let keeps_value = matches!(aggregation.op, Sum | Avg | Max | Min)
                    || aggregation.op.keeps_series();
                if !keeps_value || aggregation.parameter == Some(below) {
                    return None;
                }
            }
            Kind::Call(call) => {
                let keeps_value = call.function.is_some_and(|function| {
                    matches!(
                        function.name,
                        "sort"
                            | "sort_desc"
                            | "label_replace"
                            | "label_join"
                            | "round"
                            | "ceil"
                            | "floor"
                            | "clamp_min"
                            | "clamp_max"
                            | "clamp"
                            | "scalar"
                            | "vector"
                    )
                });
                if !keeps_value {
                    return None;
                }
            }
            Kind::Binary(binary) => match binary.op {
                // What stands behind `and` and `unless` only has to be there.
                BinaryOp::And | BinaryOp::Unless if binary.right == below => return None,
                // `x unless x offset 5m`: series that are new.
                BinaryOp::And | BinaryOp::Unless if is_shifted(parsed, binary.right) => {
                    return None;
                }
                // The difference of two readings is a growth.
                BinaryOp::Sub => return None,
                BinaryOp::Div => {
                    let other = if binary.left == below {
                        binary.right
                    } else {
                        binary.left
                    };
                    if parsed.number(other).is_none() {
                        is_divided = is_divided || is_raw(facts, parsed, other);
                        // Divided by something that is no total: a use we know too little of.
                        if !is_divided {
                            return None;
                        }
                    }
                }
                BinaryOp::Mul
                    if parsed
                        .number(binary.left)
                        .or(parsed.number(binary.right))
                        .is_none() =>
                {
                    return None;
                }
                op if op.is_comparison() => {
                    let other = if binary.left == below {
                        binary.right
                    } else {
                        binary.left
                    };
                    let number = parsed.number(other)?;
                    // `== 0`: has it ever happened. A filter before counting keeps nothing of the value.
                    let is_alert = facts.is_alerting(expression);
                    let is_counted = ancestors(parents, id).any(|id| matches!(&parsed[id].kind, Kind::Aggregation(aggregation) if matches!(aggregation.op, AggregateOp::Count | AggregateOp::Group)));
                    if op == BinaryOp::Equal && number == 0.0 || is_counted {
                        return None;
                    }
                    // Less than so much since the process began: it has begun not long ago.
                    let is_left = binary.left == below;
                    let is_below = match op {
                        BinaryOp::Less | BinaryOp::LessEqual => is_left,
                        BinaryOp::Greater | BinaryOp::GreaterEqual => !is_left,
                        _ => false,
                    };
                    if is_below && !is_divided {
                        return None;
                    }
                    return is_alert.then_some(if is_divided {
                        Misuse::Divided
                    } else {
                        Misuse::Compared
                    });
                }
                _ => {}
            },
            Kind::Subquery(_) => return None,
            _ => {}
        }
        below = id;
    }
    if is_divided {
        return Some(Misuse::Divided);
    }
    let (_, panel) = facts.panel_of(expression)?;
    let is_curve = matches!(panel.kind.as_str(), "timeseries" | "graph");
    let title = panel.title.as_str().to_ascii_lowercase();
    let is_meant = ["total", "cumulative", "since", "lifetime", "all time"]
        .iter()
        .any(|word| title.contains(word));
    (is_curve && !is_meant).then_some(Misuse::Drawn)
}

/// Whether `id` is a selector of an earlier time.
fn is_shifted(parsed: &Parsed, id: NodeId) -> bool {
    match &parsed[parsed.bare(id)].kind {
        Kind::Selector(selector) => selector.modifiers.offset.is_some(),
        _ => false,
    }
}

/// Whether `id` has the present value of a counter in it, and no growth.
fn is_raw(facts: &Facts<'_>, parsed: &Parsed, id: NodeId) -> bool {
    let mut open = vec![id];
    let mut found = false;
    while let Some(id) = open.pop() {
        match &parsed[id].kind {
            Kind::Call(_) | Kind::Subquery(_) | Kind::Range(_) => return false,
            Kind::Selector(selector) => {
                found = found
                    || selector
                        .metric_name()
                        .is_some_and(|name| facts.counter(name).is_some());
            }
            kind => kind.for_each_child(|child| open.push(child)),
        }
    }
    found
}

fn report(
    facts: &Facts<'_>,
    findings: &mut Findings<'_>,
    expression: &Expression,
    selector: NodeId,
    name: &str,
    evidence: Evidence,
    misuse: Misuse,
) {
    let owner = facts.owner(expression);
    let message = match misuse {
        Misuse::Compared => format!(
            "{owner} compares the counter `{name}` as it is: once above the threshold it stays there until the process restarts"
        ),
        Misuse::Divided => format!(
            "{owner} divides counters such as `{name}` as they are: an average since the process began, which hardly moves any more"
        ),
        Misuse::Drawn => format!(
            "{owner} draws the counter `{name}` as it is: a line that rises until the process restarts"
        ),
    };
    let text = expression.parsed.slice(expression.parsed[selector].span);
    let window = if expression.origin.is_grafana() && !facts.is_alerting(expression) {
        "$__rate_interval"
    } else {
        "5m"
    };
    let function = if misuse == Misuse::Compared {
        "increase"
    } else {
        "rate"
    };
    let mut finding = findings
        .report(
            expression.place(facts.setup, expression.parsed[selector].span),
            message,
        )
        .label("a counter")
        .help(format!("take its growth: `{function}({text}[{window}])`"));
    // Both sides of a quotient want the same, and only one of them is told.
    if misuse != Misuse::Divided {
        let growth = format!("{function}({text}[{window}])");
        finding = finding.fix(
            Safety::Unsafe,
            format!("write `{growth}`"),
            vec![expression.edit(facts.setup, expression.parsed[selector].span, &growth)],
        );
    }
    let is_curve = facts
        .panel_of(expression)
        .is_none_or(|(_, panel)| matches!(panel.kind.as_str(), "timeseries" | "graph"));
    if !is_curve {
        finding = finding.level(Level::Info);
    }
    if evidence == Evidence::Name {
        finding.assuming(&format!("`{name}` is a counter, as its name says"));
    }
}
