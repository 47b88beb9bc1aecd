use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::facts::expression::Expression;
use crate::facts::rules::{RuleFile, RuleKind};
use crate::lint::{Findings, Lint};
use crate::promql::Kind;

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
        if !expression.parsed.is_valid()
            || expression.analysis.reads.is_empty()
            || decides(facts, expression)
        {
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
