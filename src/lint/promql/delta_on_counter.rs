use crate::diagnostic::{Level, Safety};
use crate::facts::Facts;
use crate::facts::metric::Evidence;
use crate::lint::{Findings, Lint, Need};
use crate::promql::Kind;

pub(super) static LINT: Lint = Lint {
    id: "promql/delta-on-counter",
    level: Level::Warning,
    summary: "`delta`, `idelta` or `deriv` of a counter, which is negative at every restart",
    needs: &[Need::Catalogue],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for expression in &facts.expressions {
        let parsed = &expression.parsed;
        for (_, node) in parsed.nodes() {
            let Kind::Call(call) = &node.kind else {
                continue;
            };
            let instead = match call.function.map(|function| function.name) {
                Some("delta") => "increase",
                Some("idelta") => "increase",
                Some("deriv") => "rate",
                _ => continue,
            };
            let argument = call
                .arguments
                .first()
                .map(|argument| &parsed[parsed.bare(*argument)].kind);
            let Some(Kind::Range(range)) = argument else {
                continue;
            };
            let Kind::Selector(selector) = &parsed[range.selector].kind else {
                continue;
            };
            let Some(name) = selector.metric_name() else {
                continue;
            };
            let Some(evidence) = facts.counter(name) else {
                continue;
            };
            let function = &call.name.text;
            let place = expression.place(facts.setup, call.name.span);
            let message = format!(
                "{} takes `{function}` of the counter `{name}`: it is negative whenever the process restarts",
                facts.owner(expression)
            );
            let finding = findings
                .report(place, message)
                .label("for gauges")
                .help(format!("write `{instead}(…)`, which knows restarts"))
                .fix(
                    Safety::Unsafe,
                    format!("write `{instead}`"),
                    vec![(place, instead.into())],
                );
            if evidence == Evidence::Name {
                finding.assuming(&format!("`{name}` is a counter, as its name says"));
            }
        }
    }
}
