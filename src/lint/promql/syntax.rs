use crate::diagnostic::{Level, Safety};
use crate::facts::Facts;
use crate::facts::expression::Origin;
use crate::lint::{Findings, Lint};
use crate::promql::{ErrorKind, Parsed, Replacement};

pub(super) static LINT: Lint = Lint {
    id: "promql/syntax",
    level: Level::Error,
    summary: "an expression that Prometheus cannot read",
    needs: &[],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for expression in &facts.expressions {
        // The first mistake is the one to mend; what follows from it is noise.
        let Some(error) = expression
            .parsed
            .errors
            .iter()
            .find(|error| error.kind != ErrorKind::Unsupported)
        else {
            continue;
        };
        // MetricsQL has more functions, modifiers and templates than PromQL.
        if facts.may_be_metricsql(expression) {
            continue;
        }
        // What a generator has yet to fill in has a lint of its own.
        let is_unrendered = match expression.origin.is_grafana() {
            true => expression.parsed.template().is_some(),
            false => crate::facts::text::placeholder(expression.text.as_str()).is_some(),
        };
        if is_unrendered {
            continue;
        }
        // What is no text, or an empty one, is the business of `rule/invalid-file`, which looks at whole files.
        let is_of_whole_file = matches!(expression.origin, Origin::Rule { .. })
            && !facts
                .setup
                .document(expression.text.place.document)
                .is_part();
        if is_of_whole_file && expression.text.as_str().is_empty() {
            continue;
        }
        let place = expression.place(facts.setup, error.span);
        let message = format!(
            "{} of {} cannot be read: {}",
            "the expression",
            facts.owner(expression),
            error.message
        );
        let mut finding = findings.report(place, message);
        if let Some(hint) = &error.hint {
            finding = finding.help(hint.clone());
        }
        if let Some(replacement) = &error.replacement {
            let title = format!("write `{}`", replacement.text);
            let safety = safety(&expression.parsed, replacement);
            finding.fix(
                safety,
                title,
                vec![expression.edit(facts.setup, replacement.span, &replacement.text)],
            );
        }
    }
}

/// Letters that a word processor has put in place of others, and blanks, leave no doubt about what was meant.
fn safety(parsed: &Parsed, replacement: &Replacement) -> Safety {
    let bare = |text: &str| -> String { text.split_whitespace().collect() };
    let old = parsed.slice(replacement.span);
    match !old.is_ascii() || bare(old) == bare(&replacement.text) {
        true => Safety::Safe,
        false => Safety::Unsafe,
    }
}
