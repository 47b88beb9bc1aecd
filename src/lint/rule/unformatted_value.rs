use crate::diagnostic::{Level, Safety};
use crate::facts::Facts;
use crate::facts::expression::Expression;
use crate::facts::rules::{PromRule, RuleFile, RuleKind};
use crate::facts::text::Text;
use crate::lint::{Findings, Lint, Need};
use crate::promql::analysis::{Quantity, Unit, ValueKind};
use crate::source::Span;

pub(super) static LINT: Lint = Lint {
    id: "rule/unformatted-value",
    level: Level::Info,
    summary: "an alert prints its value as a bare number that nobody can read",
    needs: &[Need::Catalogue],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for (_, rule) in facts.rule_files.iter().flat_map(RuleFile::rules) {
        if rule.kind == RuleKind::Alerting {
            check_rule(facts, rule, findings);
        }
    }
}

fn check_rule(facts: &Facts<'_>, rule: &PromRule, findings: &mut Findings<'_>) {
    let Some(expression) = rule.expression.map(|id| facts.expression(id)) else {
        return;
    };
    if !expression.parsed.is_valid() {
        return;
    }
    let owner = facts.owner(expression);
    let quantity = expression.analysis.quantity(expression.parsed.root());
    let is_percentage =
        |unit: &Unit| quantity.kind == ValueKind::Ratio && unit.is_same(&Unit::named("percent"));
    if quantity.unit.as_ref().is_some_and(is_percentage) {
        for (_, text) in &rule.annotations {
            report_percentage_of_percentage(facts, text, &owner, findings);
        }
    }
    let Some(form) = form(expression) else { return };
    for (_, text) in &rule.annotations {
        for printed in printed(text) {
            report(facts, text, &printed, &form, &owner, findings);
        }
    }
}

/// How a value should be printed.
struct Form {
    /// What it is, for the message.
    what: &'static str,
    /// The function of Prometheus' templates.
    function: &'static str,
    /// What follows the function's result.
    unit: &'static str,
    is_share: bool,
}

fn form(expression: &Expression) -> Option<Form> {
    let Quantity { kind, unit, .. } = expression.analysis.quantity(expression.parsed.root());
    let with = |what, function, unit| Form {
        what,
        function,
        unit,
        is_share: false,
    };
    let unit = unit.as_ref();
    let is = |name: &str| unit.is_some_and(|unit| unit.is_same(&Unit::named(name)));
    let per_second = |name: &str| {
        unit.is_some_and(|unit| unit.is_same(&Unit::named(name).per(&Unit::seconds())))
    };
    // Compared with more than 1, it is how many times as much.
    let is_multiple = expression.parsed.comparisons().any(|comparison| {
        comparison
            .threshold
            .is_some_and(|(threshold, _)| threshold > 1.0)
    });
    match kind {
        ValueKind::Ratio if is_multiple => None,
        ValueKind::Ratio if unit.is_some_and(|unit| unit.is_same(&Unit::NUMBER)) => Some(Form {
            is_share: true,
            ..with("a share of 1", "humanizePercentage", "")
        }),
        ValueKind::Timestamp => None,
        _ if per_second("bytes") => Some(with("bytes per second", "humanize1024", "B/s")),
        _ if is("bytes") => Some(with("bytes", "humanize1024", "B")),
        _ if is("seconds") => Some(with("seconds", "humanizeDuration", "")),
        _ => None,
    }
}

/// One place where the bare value is printed.
struct Printed<'t> {
    span: Span,
    /// The text right behind it.
    behind: &'t str,
}

fn printed(text: &Text) -> Vec<Printed<'_>> {
    let whole = text.as_str();
    actions(whole)
        .filter(|(_, inside)| matches!(*inside, "$value" | ".Value"))
        .map(|(span, _)| Printed {
            span,
            behind: &whole[span.end()..],
        })
        .collect()
}

/// `{{…}}` with what stands in it.
fn actions(text: &str) -> impl Iterator<Item = (Span, &str)> {
    text.match_indices("{{").filter_map(|(start, _)| {
        let end = start + text[start..].find("}}")? + 2;
        let inside = text[start + 2..end - 2].trim_matches(['-', ' ', '\t']);
        Some((Span::new(start, end), inside))
    })
}

fn report(
    facts: &Facts<'_>,
    text: &Text,
    printed: &Printed<'_>,
    form: &Form,
    owner: &str,
    findings: &mut Findings<'_>,
) {
    let place = text.part(facts.setup, printed.span);
    let has_percent = printed.behind.trim_start().starts_with('%');
    if form.is_share && has_percent {
        let length = printed.behind.len() - printed.behind.trim_start().len() + 1;
        let span = Span::new(printed.span.start(), printed.span.end() + length);
        let place = text.part(facts.setup, span);
        findings
            .report(
                place,
                format!("{owner} prints a share of 1 with `%` behind it: 90% is told as 0.9%"),
            )
            .label("a hundredth of the truth")
            .help("write `{{ $value | humanizePercentage }}`")
            .level(Level::Warning)
            .fix(
                Safety::Safe,
                "write `{{ $value | humanizePercentage }}`",
                vec![(place, "{{ $value | humanizePercentage }}".to_owned())],
            );
        return;
    }
    // Whoever names the unit behind it has thought of it.
    if names_unit(printed.behind) {
        return;
    }
    let instead = format!("{{{{ $value | {} }}}}{}", form.function, form.unit);
    findings
        .report(
            place,
            format!("{owner} prints {} as a bare number", form.what),
        )
        .label("without a unit")
        .help(format!("write `{instead}`"))
        .fix(
            Safety::Safe,
            format!("write `{instead}`"),
            vec![(place, instead)],
        );
}

/// `humanizePercentage` multiplies by 100, also what is a percentage already.
fn report_percentage_of_percentage(
    facts: &Facts<'_>,
    text: &Text,
    owner: &str,
    findings: &mut Findings<'_>,
) {
    for (span, inside) in actions(text.as_str()) {
        let words: Vec<&str> = inside.split_whitespace().collect();
        if words != ["$value", "|", "humanizePercentage"] {
            continue;
        }
        let place = text.part(facts.setup, span);
        let instead = "{{ $value | printf \"%.1f\" }}%";
        findings
            .report(
                place,
                format!("{owner} makes a percentage of a percentage: 90% is told as 9000%"),
            )
            .label("a hundred times the truth")
            .help(format!(
                "write `{instead}`, or leave out `* 100` in the expression"
            ))
            .level(Level::Warning)
            .fix(
                Safety::Safe,
                format!("write `{instead}`"),
                vec![(place, instead.to_owned())],
            );
    }
}

/// Whether a unit follows: `%`, ` bytes`, `s`, ` MB`.
fn names_unit(behind: &str) -> bool {
    let behind = behind.trim_start();
    if behind.starts_with(['%', '/']) {
        return true;
    }
    let word: String = behind
        .chars()
        .take_while(|character| character.is_alphabetic())
        .collect();
    [
        "s",
        "sec",
        "secs",
        "second",
        "seconds",
        "ms",
        "milliseconds",
        "minutes",
        "b",
        "byte",
        "bytes",
        "kb",
        "mb",
        "gb",
        "kib",
        "mib",
        "gib",
        "bps",
        "percent",
        "ratio",
        "x",
        "times",
    ]
    .contains(&word.to_ascii_lowercase().as_str())
}
