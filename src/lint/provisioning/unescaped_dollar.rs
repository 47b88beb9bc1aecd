use crate::diagnostic::{Level, Safety};
use crate::facts::Facts;
use crate::facts::provisioning::{Reference, references};
use crate::lint::{Findings, Lint};
use crate::source::Span;

pub(super) static LINT: Lint = Lint {
    id: "provisioning/unescaped-dollar",
    level: Level::Error,
    summary: "a dollar of Grafana's own syntax, which provisioning takes for a variable of the environment",
    needs: &[],
    check,
};

/// Variables of a template in a label.
const OF_TEMPLATES: [&str; 3] = ["labels", "values", "value"];

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for (_, reference) in references(facts.setup) {
        if !is_own_syntax(&reference) {
            continue;
        }
        let start = reference.span.start();
        let dollar = reference
            .text
            .part(facts.setup, Span::new(start, start + 1));
        let place = reference.text.part(facts.setup, reference.span);
        let written = &reference.text.as_str()[reference.span.start()..reference.span.end()];
        findings
            .report(
                place,
                format!(
                    "provisioning replaces `{written}` by the empty text before anything reads it"
                ),
            )
            .label("taken for a variable of the environment")
            .help(format!("write `${written}`: two dollars stand for one"))
            .fix(
                Safety::Safe,
                format!("write `${written}`"),
                vec![(dollar, "$$".into())],
            );
    }
}

fn is_own_syntax(reference: &Reference) -> bool {
    let first = reference
        .name
        .split(['.', ':', '['])
        .next()
        .unwrap_or_default();
    let in_template = || {
        let text = reference.text.as_str();
        text[..reference.span.start()].contains("{{")
    };
    first.starts_with("__") || (OF_TEMPLATES.contains(&first) && in_template())
}
