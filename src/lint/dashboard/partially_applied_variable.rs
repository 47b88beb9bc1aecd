use std::collections::BTreeMap;

use crate::diagnostic::{Level, Safety};
use crate::document::{Change, Route, splice};
use crate::facts::Facts;
use crate::facts::dashboard::{Dashboard, Variable};
use crate::facts::expression::{Expression, Origin};
use crate::lint::{Findings, Lint};
use crate::promql::{Kind, Selector};
use crate::source::Span;

pub(super) static LINT: Lint = Lint {
    id: "dashboard/partially-applied-variable",
    level: Level::Warning,
    summary: "a choice at the top of a dashboard changes some panels and not others, or none",
    needs: &[],
    check,
};

/// Words of titles of panels that are meant to show all.
const OF_ALL: [&str; 8] = [
    "all", "total", "overall", "global", "fleet", "every", "top", "compared",
];

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    let mut of_panels: Vec<Vec<&Expression>> = vec![Vec::new(); facts.dashboards.len()];
    for expression in &facts.expressions {
        if let Origin::Panel { dashboard, .. } = expression.origin
            && let Some(expressions) = of_panels.get_mut(dashboard)
        {
            expressions.push(expression);
        }
    }
    for (expressions, dashboard) in of_panels.iter().zip(&facts.dashboards) {
        // Library panels keep their queries in Grafana.
        let text = facts.setup.document(dashboard.document).text.text();
        if text.contains("\"libraryPanel\"") || text.contains("LibraryPanel") {
            continue;
        }
        for variable in dashboard
            .variables
            .iter()
            .filter(|variable| is_choice(variable))
        {
            check_unused(facts, dashboard, variable, text, findings);
            check_uneven(facts, expressions, dashboard, variable, findings);
        }
    }
}

/// Whether somebody chooses it, and it is not hidden.
fn is_choice(variable: &Variable) -> bool {
    let is_hidden = variable
        .node
        .get("hide")
        .is_some_and(|node| node.scalar_text() == "2");
    matches!(variable.kind.as_str(), "query" | "custom" | "textbox") && !is_hidden
}

fn check_unused(
    facts: &Facts<'_>,
    dashboard: &Dashboard,
    variable: &Variable,
    text: &str,
    findings: &mut Findings<'_>,
) {
    let name = variable.name.as_str();
    let is_named = text.match_indices('$').any(|(at, _)| {
        let rest = text[at + 1..].trim_start_matches('{');
        rest.strip_prefix(name).is_some_and(ends_name)
    }) || text.contains(&format!("[[{name}"))
        || text.contains(&format!("var-{name}"));
    let is_repeated = dashboard.panels.iter().any(|panel| {
        panel
            .node
            .get("repeat")
            .is_some_and(|repeat| repeat.scalar_text() == name)
    }) || dashboard
        .node
        .get("rows")
        .map_or(&[][..], |rows| rows.items())
        .iter()
        .any(|row| {
            row.get("repeat")
                .is_some_and(|repeat| repeat.scalar_text() == name)
        });
    // Links that take every variable along hand it to other dashboards. What has no panels yet is a program's to complete.
    if is_named
        || dashboard.panels.is_empty()
        || is_repeated
        || text.contains("\"includeVars\": true")
        || text.contains("__all_variables")
    {
        return;
    }
    let finding = findings
        .report(
            variable.name.place,
            format!(
                "nothing in the dashboard uses the variable `{name}`: choosing changes nothing"
            ),
        )
        .label("never used")
        .help("use it in the panels' queries, or remove it")
        .level(Level::Info);
    let document = facts.setup.document(dashboard.document);
    let list = dashboard
        .node
        .get("templating")
        .and_then(|node| node.get("list"));
    let index = list.and_then(|list| {
        let mut items = list.items().iter();
        items.position(|item| item.span == variable.node.span)
    });
    let Some(index) = index.filter(|_| super::json_text(document).is_some()) else {
        return;
    };
    let only = list.filter(|list| list.items().len() == 1);
    let removed = match only {
        Some(list) => Ok((list.span, "[]".to_owned())),
        None => splice(
            document.text.text(),
            &dashboard.node,
            &Change::Delete(Route::of(["templating", "list"]).index(index)),
        ),
    };
    if let Ok((span, text)) = removed {
        let edits = vec![(document.place(span), text)];
        finding.fix(Safety::Safe, format!("remove the variable `{name}`"), edits);
    }
}

fn ends_name(rest: &str) -> bool {
    !rest.starts_with(|next: char| next.is_ascii_alphanumeric() || next == '_')
}

fn check_uneven(
    facts: &Facts<'_>,
    expressions: &[&Expression],
    dashboard: &Dashboard,
    variable: &Variable,
    findings: &mut Findings<'_>,
) {
    let name = variable.name.as_str();
    let (users, others): (Vec<&Expression>, Vec<&Expression>) = expressions
        .iter()
        .copied()
        .partition(|expression| uses(expression, name));
    // Which label it chooses, for each metric that it is applied to.
    let mut applied: BTreeMap<(&str, &str), (&Expression, Span)> = BTreeMap::new();
    for expression in &users {
        for (selector, metric) in selectors(expression) {
            for matcher in selector.label_matchers() {
                let is_it = expression.parsed.variables.iter().any(|used| {
                    &*used.name == name
                        && matcher.span.start() <= used.span.start()
                        && used.span.end() <= matcher.span.end()
                });
                if is_it {
                    applied
                        .entry((metric, &matcher.label.text))
                        .or_insert((expression, matcher.span));
                }
            }
        }
    }
    // Where it is the exception, somebody wants it in that one place.
    if users.len() < 2 || others.len() >= users.len() {
        return;
    }
    for expression in others {
        let title = facts
            .panel_of(expression)
            .map_or("", |(_, panel)| panel.title.as_str())
            .to_ascii_lowercase();
        let is_of_all = title
            .split(|character: char| !character.is_alphanumeric())
            .any(|word| OF_ALL.contains(&word));
        let found = selectors(expression)
            .into_iter()
            .find_map(|(selector, metric)| {
                let ((_, label), place) = applied.iter().find(|((known, label), _)| {
                    *known == metric
                        && selector.placeholders.is_empty()
                        && selector
                            .label_matchers()
                            .all(|matcher| &*matcher.label.text != *label)
                })?;
                Some((selector, metric, *label, *place))
            });
        let Some((selector, metric, label, (user, span))) = found else {
            continue;
        };
        if is_of_all || groups_by(expression, label) {
            continue;
        }
        let at = selector
            .metric_name_span()
            .unwrap_or(expression.parsed[expression.parsed.root()].span);
        let (end, matcher) = with_matcher(expression, selector, at, label, name);
        findings
            .report(
                expression.place(facts.setup, at),
                format!(
                    "{} shows `{metric}` of everything, whatever is chosen as `{name}` in {}",
                    facts.owner(expression),
                    dashboard.named()
                ),
            )
            .label(format!("without `{label}=~\"${name}\"`"))
            .related("here the choice counts", user.place(facts.setup, span))
            .help(format!(
                "add `{label}=~\"${name}\"`, or say in the title that it shows all"
            ))
            .fix(
                Safety::Unsafe,
                format!("add `{label}=~\"${name}\"`"),
                vec![expression.edit(facts.setup, Span::at(end), &matcher)],
            );
    }
}

/// Where a further matcher goes in a selector, and how it is written there.
fn with_matcher(
    expression: &Expression,
    selector: &Selector,
    name_span: Span,
    label: &str,
    name: &str,
) -> (usize, String) {
    let matcher = format!("{label}=~\"${name}\"");
    match (selector.matchers.last(), selector.braces) {
        (Some(last), _) => (last.span.end(), format!(", {matcher}")),
        (None, Some(braces)) => (braces.end() - 1, matcher),
        (None, None) => {
            let end = name_span.end().min(expression.text.value.len());
            (end, format!("{{{matcher}}}"))
        }
    }
}

fn uses(expression: &Expression, name: &str) -> bool {
    expression
        .parsed
        .variables
        .iter()
        .any(|variable| &*variable.name == name)
}

fn selectors(expression: &Expression) -> Vec<(&Selector, &str)> {
    expression
        .parsed
        .nodes()
        .filter_map(|(_, node)| match &node.kind {
            Kind::Selector(selector) => Some((&**selector, selector.metric_name()?)),
            _ => None,
        })
        .collect()
}

/// What a result is grouped by is told apart in the panel itself.
fn groups_by(expression: &Expression, label: &str) -> bool {
    expression.parsed.nodes().any(|(_, node)| match &node.kind {
        Kind::Aggregation(aggregation) => aggregation.grouping.as_ref().is_some_and(|grouping| {
            !grouping.without && grouping.labels.iter().any(|known| &*known.text == label)
        }),
        _ => false,
    })
}
