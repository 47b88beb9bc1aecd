use crate::check::formats::notification_template_problem;
use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::facts::scalars::each_scalar;
use crate::facts::text::Text;
use crate::lint::{Findings, Lint};

pub(super) static LINT: Lint = Lint {
    id: "alertmanager/invalid-template",
    level: Level::Error,
    summary: "a text of a notification is a template that cannot be read",
    needs: &[],
    check,
};

/// How actions of Go's templates begin, and those of other languages do not.
const BEGINNINGS: [&str; 10] = [
    ".",
    "$",
    "range ",
    "if ",
    "with ",
    "template ",
    "define ",
    "end",
    "else",
    "printf ",
];

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for alertmanager in &facts.alertmanagers {
        let document = facts.setup.document(alertmanager.document);
        let Some(receivers) = document.root.get("receivers") else {
            continue;
        };
        each_scalar(receivers, &mut |keys, node| {
            let Some(value) = node.as_str().filter(|value| is_template(value)) else {
                return;
            };
            let Some((message, span)) = notification_template_problem(value) else {
                return;
            };
            let key = keys.last().copied().unwrap_or("text");
            findings
                .report(
                    Text::of(document, node).part(facts.setup, span),
                    format!("the template of `{key}` cannot be read: {message}"),
                )
                .label("the notification fails")
                .help("mend it: Alertmanager starts all the same, and notices when it has something to say");
        });
    }
}

fn is_template(value: &str) -> bool {
    value.split("{{").skip(1).any(|action| {
        let action = action.trim_start_matches(['-', ' ']);
        BEGINNINGS
            .iter()
            .any(|beginning| action.starts_with(beginning))
    })
}
