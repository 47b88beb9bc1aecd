use crate::diagnostic::{Level, Safety};
use crate::facts::Facts;
use crate::facts::dashboard::{Dashboard, Panel};
use crate::lint::{Findings, Lint};
use crate::promql::{Kind, MatchOp};
use crate::source::Span;

pub(super) static LINT: Lint = Lint {
    id: "dashboard/multi-value-equality",
    level: Level::Error,
    summary: "a variable with several values is compared by `=`, which then matches nothing",
    needs: &[],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for expression in &facts.expressions {
        let Some((dashboard, panel)) = facts.panel_of(expression) else {
            continue;
        };
        for (_, node) in expression.parsed.nodes() {
            let Kind::Selector(selector) = &node.kind else {
                continue;
            };
            for matcher in selector
                .label_matchers()
                .filter(|matcher| matcher.value.has_variables)
            {
                let instead = match matcher.op {
                    MatchOp::Equal => "=~",
                    MatchOp::NotEqual => "!~",
                    _ => continue,
                };
                let inside = |span: Span| {
                    span.start() >= matcher.value.span.start()
                        && span.end() <= matcher.value.span.end()
                };
                let several = expression
                    .parsed
                    .variables
                    .iter()
                    .filter(|used| inside(used.span) && used.format.is_none())
                    .find_map(|used| {
                        dashboard
                            .variable(&used.name)
                            .filter(|variable| variable.is_multi || variable.includes_all)
                    });
                let Some(variable) = several
                    .filter(|variable| !is_repeated(dashboard, panel, variable.name.as_str()))
                else {
                    continue;
                };
                let name = variable.name.as_str();
                let what = match variable.is_multi {
                    true => "can have several values",
                    false => "can be All",
                };
                let message = format!(
                    "{} compares `{}` with `${name}` by `{}`, but the variable {what}: then nothing matches",
                    panel.named(),
                    matcher.label.text,
                    matcher.op.as_str()
                );
                let op = Span::new(matcher.label.span.end(), matcher.value.span.start());
                let place = expression.place(facts.setup, op);
                findings
                    .report(expression.place(facts.setup, matcher.span), message)
                    .label(format!("write `{instead}`"))
                    .related(format!("this {what}"), variable.name.place)
                    .help(format!(
                        "compare by `{instead}`: Grafana writes several values as `(a|b)`"
                    ))
                    .fix(
                        Safety::Safe,
                        format!("write `{instead}`"),
                        vec![(place, instead.into())],
                    );
            }
        }
    }
}

/// Whether the panel, or the row that it is in, is repeated for each value: then it has one.
fn is_repeated(dashboard: &Dashboard, panel: &Panel, variable: &str) -> bool {
    let repeats = |panel: &Panel| {
        panel
            .node
            .get("repeat")
            .is_some_and(|node| node.scalar_text() == variable)
    };
    // A row that is not collapsed has its panels behind it, so that any repeated row may be theirs.
    repeats(panel)
        || dashboard
            .panels
            .iter()
            .any(|panel| panel.is_row() && repeats(panel))
}
