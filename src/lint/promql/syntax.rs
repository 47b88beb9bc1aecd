use crate::diagnostic::{Level, Safety};
use crate::facts::Facts;
use crate::lint::{Findings, Lint};
use crate::promql::ErrorKind;

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
        // What a generator has yet to fill in has a lint of its own.
        if crate::facts::text::placeholder(expression.text.as_str()).is_some()
            && !expression.origin.is_grafana()
        {
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
            finding.fix(
                Safety::Unsafe,
                title,
                vec![expression.edit(facts.setup, replacement.span, &replacement.text)],
            );
        }
    }
}
