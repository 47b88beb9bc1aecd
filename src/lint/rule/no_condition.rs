use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::facts::expression::Expression;
use crate::facts::rules::{PromRule, RuleFile, RuleKind};
use crate::lint::{Findings, Lint};
use crate::promql::{BinaryOp, Kind, NodeId, Parsed};

pub(super) static LINT: Lint = Lint {
    id: "rule/no-condition",
    level: Level::Warning,
    summary: "an alert without a condition, which fires for everything that there is",
    needs: &[],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for (_, rule) in facts.rule_files.iter().flat_map(RuleFile::rules) {
        let Some(expression) = rule
            .expression
            .filter(|_| rule.kind == RuleKind::Alerting)
            .map(|id| facts.expression(id))
        else {
            continue;
        };
        // A dead man's switch reads nothing, and fires on purpose.
        if !expression.parsed.is_valid() || expression.analysis.reads.is_empty() {
            continue;
        }
        if let Some(constant) = constant(&expression.parsed) {
            report_constant(facts, rule, expression, constant, findings);
            continue;
        }
        if decides(facts, expression) {
            continue;
        }
        let message = format!(
            "alert `{}` has no condition: it fires for every series that the expression finds, whatever its value",
            rule.name.as_str()
        );
        let span = expression.parsed[expression.parsed.root()].span;
        findings
            .report(expression.place(facts.setup, span), message)
            .label("no comparison")
            .help("compare it with a threshold, such as `> 0`");
    }
}

/// Whether an expression, or a recording rule that it reads, compares or asks for presence.
fn decides(facts: &Facts<'_>, expression: &Expression) -> bool {
    expression.parsed.nodes().any(|(_, node)| match &node.kind {
        Kind::Binary(binary) => binary.op.is_comparison() || binary.op.is_set(),
        Kind::Call(call) => call.name.text.starts_with("absent"),
        Kind::Selector(selector) => match selector.metric_name() {
            // Alerts are there only while they are pending or fire.
            Some("ALERTS") | None => true,
            Some(name) => facts.recorded.contains_key(name),
        },
        _ => false,
    })
}

/// The `vector(0)` that an expression has where nothing else is left.
fn constant(parsed: &Parsed) -> Option<NodeId> {
    let root = parsed.bare(parsed.root());
    let Kind::Binary(binary) = &parsed[root].kind else {
        return None;
    };
    let side = parsed.bare(binary.right);
    let is_constant = match &parsed[side].kind {
        Kind::Call(call) => {
            &*call.name.text == "vector"
                && call
                    .arguments
                    .first()
                    .is_some_and(|argument| parsed.number(*argument).is_some())
        }
        _ => false,
    };
    (binary.op == BinaryOp::Or && is_constant).then_some(side)
}

/// An alert fires for every result, also for one of 0.
fn report_constant(
    facts: &Facts<'_>,
    rule: &PromRule,
    expression: &Expression,
    constant: NodeId,
    findings: &mut Findings<'_>,
) {
    let parsed = &expression.parsed;
    let written = parsed.slice(parsed[constant].span);
    findings
        .report(
            expression.place(facts.setup, parsed[constant].span),
            format!(
                "alert `{}` always fires: where its condition does not hold, `{written}` is the result",
                rule.name.as_str()
            ),
        )
        .label("a result, too")
        .help(format!("compare behind it, `(… or {written}) > …`, or remove it"));
}
