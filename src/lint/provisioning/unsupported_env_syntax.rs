use crate::diagnostic::{Level, Safety};
use crate::facts::Facts;
use crate::facts::provisioning::references;
use crate::lint::{Findings, Lint};

pub(super) static LINT: Lint = Lint {
    id: "provisioning/unsupported-env-syntax",
    level: Level::Error,
    summary: "a shell's `${NAME:-default}` in a provisioning file: Grafana makes nothing of it",
    needs: &[],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for (_, reference) in references(facts.setup) {
        let name_end = reference
            .name
            .find(|character: char| !(character.is_ascii_alphanumeric() || character == '_'));
        let Some(name_end) = name_end.filter(|end| reference.has_braces && *end > 0) else {
            continue;
        };
        let (name, operator) = reference.name.split_at(name_end);
        if !operator.starts_with([':', '-', '?', '+', '=']) || name.starts_with("__") {
            continue;
        }
        let place = reference.text.part(facts.setup, reference.span);
        let message = format!(
            "Grafana has no defaults: `${{{}}}` is the empty text",
            reference.name
        );
        let default = operator.trim_start_matches([':', '-', '?', '+', '=']);
        let help = match default {
            "" => format!("write `${{{name}}}`, which is as empty where `{name}` is not set"),
            default => format!(
                "write `${{{name}}}`, and give Grafana `{name}={default}` in its environment"
            ),
        };
        findings
            .report(place, message)
            .label("always empty")
            .help(help)
            .fix(
                Safety::Unsafe,
                format!("write `${{{name}}}`"),
                vec![(place, format!("${{{name}}}"))],
            );
    }
}
