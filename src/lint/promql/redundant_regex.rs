use crate::diagnostic::{Level, Safety};
use crate::facts::Facts;
use crate::facts::expression::Origin;
use crate::lint::{Findings, Lint};
use crate::promql::{Kind, MatchOp, Matcher};

pub(super) static LINT: Lint = Lint {
    id: "promql/redundant-regex",
    level: Level::Info,
    summary: "a regular expression that a plain comparison would do for",
    needs: &[],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for expression in &facts.expressions {
        // Lists of jobs in variables are written by programs, and become longer.
        if !expression.parsed.is_valid() || matches!(expression.origin, Origin::Variable { .. }) {
            continue;
        }
        let matchers = expression
            .parsed
            .nodes()
            .filter_map(|(_, node)| match &node.kind {
                Kind::Selector(selector) => Some(selector.matchers.iter()),
                _ => None,
            });
        for matcher in matchers.flatten() {
            let Some(literal) = literal(matcher) else {
                continue;
            };
            let (op, plain) = match matcher.op {
                MatchOp::Regex => ("=~", "="),
                _ => ("!~", "!="),
            };
            let value = matcher.value.text();
            let label = &matcher.label.text;
            let message = format!(
                "`{label}{op}\"{value}\"` in {} is a plain comparison: patterns are anchored at both ends",
                facts.owner(expression)
            );
            let place = expression.place(facts.setup, matcher.span);
            let mended = format!(
                "{}{plain}{}",
                expression.parsed.slice(matcher.label.span),
                quoted(expression.parsed.slice(matcher.value.span), literal)
            );
            // Quotes of the expression are escaped within JSON and double-quoted YAML: only a text that needs no escape
            // can be put there as it is.
            let edits = match facts.setup.slice(place) == expression.parsed.slice(matcher.span) {
                true => vec![(place, mended.clone())],
                false => {
                    let written = facts.setup.slice(place);
                    escaped(written, &mended).map_or_else(Vec::new, |text| vec![(place, text)])
                }
            };
            findings
                .report(place, message)
                .label("needs no pattern")
                .help(format!("write `{mended}`"))
                .fix(Safety::Safe, format!("write `{mended}`"), edits);
        }
    }
}

/// The only text that the pattern matches, where it says so without a pattern's means.
fn literal(matcher: &Matcher) -> Option<String> {
    let is_pattern = matches!(matcher.op, MatchOp::Regex | MatchOp::NotRegex);
    if !is_pattern || matcher.value.has_variables || matcher.is_bare_name {
        return None;
    }
    let text = matcher.value.text();
    let bare = text.strip_prefix('^').unwrap_or(&text);
    let bare = bare.strip_suffix('$').unwrap_or(bare);
    let bare = bare
        .strip_prefix('(')
        .and_then(|bare| bare.strip_suffix(')'))
        .unwrap_or(bare);
    let is_plain = !bare.is_empty()
        && bare
            .chars()
            .all(|character| character.is_alphanumeric() || "_-:/ @,=".contains(character));
    is_plain.then(|| bare.to_owned())
}

/// `literal` in the quotes of `written`.
fn quoted(written: &str, literal: String) -> String {
    let quote = written.chars().next().unwrap_or('"');
    format!("{quote}{literal}{quote}")
}

/// `text` with its quotes escaped as those of `written` are.
fn escaped(written: &str, text: &str) -> Option<String> {
    written.contains("\\\"").then(|| text.replace('"', "\\\""))
}
