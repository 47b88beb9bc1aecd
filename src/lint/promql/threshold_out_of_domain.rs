use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::facts::expression::Expression;
use crate::lint::{Findings, Lint, Need};
use crate::promql::analysis::{Outcome, ValueKind};
use crate::promql::{BinaryOp, Kind, NodeId};

pub(super) static LINT: Lint = Lint {
    id: "promql/threshold-out-of-domain",
    level: Level::Error,
    summary: "a comparison that always or never holds, for every value that the metric can have",
    needs: &[Need::Catalogue],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for expression in &facts.expressions {
        if !expression.parsed.is_valid() {
            continue;
        }
        for decided in &expression.analysis.decided_comparisons {
            check_comparison(facts, findings, expression, decided.node, decided.outcome);
        }
    }
}

fn check_comparison(
    facts: &Facts<'_>,
    findings: &mut Findings<'_>,
    expression: &Expression,
    node: NodeId,
    outcome: Outcome,
) {
    let parsed = &expression.parsed;
    let Kind::Binary(binary) = &parsed[node].kind else {
        return;
    };
    let (measured, limit) = match (parsed.number(binary.left), parsed.number(binary.right)) {
        (None, Some(limit)) => (binary.left, limit),
        (Some(limit), None) => (binary.right, limit),
        _ => return,
    };
    let quantity = expression.analysis.quantity(measured);
    // Where only presence counts (`count(…) > 0`, `absent(…) == 1`, the labels of an info metric) a comparison
    // that always holds is a habit, and harmless.
    let is_presence = matches!(
        quantity.kind,
        ValueKind::Count | ValueKind::Info | ValueKind::Constant | ValueKind::Unknown
    ) || quantity.domain.low == quantity.domain.high;
    let is_whole = parsed.bare(parsed.root()) == node;
    // `count(x) < 1 or absent(x)`: what it does not say, the other side says.
    let is_said_otherwise = quantity.kind == ValueKind::Count
        && parsed.nodes().any(|(_, other)| {
            matches!(&other.kind, Kind::Binary(other) if other.op == BinaryOp::Or
                && parsed.bare(other.left) == node)
        });
    if is_said_otherwise {
        return;
    }
    let (says, consequence) = match outcome {
        // What a filter has left may be compared again: an empty domain is the work of another comparison.
        Outcome::Never if !quantity.domain.is_empty() && quantity.kind != ValueKind::Unknown => {
            ("never holds", "no result, ever")
        }
        Outcome::Always
            if !is_presence
                && is_whole
                && facts.is_alerting(expression)
                && binary.return_bool.is_none() =>
        {
            (
                "always holds",
                "the alert fires as long as there is a series",
            )
        }
        _ => return,
    };
    let text = parsed.slice(parsed[node].span);
    let shown = if text.len() > 60 {
        "the comparison"
    } else {
        text
    };
    let message = format!(
        "{}: `{shown}` {says}: {consequence}",
        facts.owner(expression)
    );
    let domain = &quantity.domain;
    let values = match (domain.low.is_finite(), domain.high.is_finite()) {
        (true, true) if domain.low == domain.high => format!("only {}", domain.low),
        (true, true) => format!("{} to {}", domain.low, domain.high),
        (true, false) => format!("{} and above", domain.low),
        (false, true) => format!("{} and below", domain.high),
        (false, false) => "any".to_owned(),
    };
    findings
        .report(expression.place(facts.setup, parsed[node].span), message)
        .label(says)
        .related(
            format!("its values are {values}"),
            expression.place(facts.setup, parsed[measured].span),
        )
        .help(format!(
            "compare with another number than {limit}: the values are {values}"
        ));
}
