use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::lint::{Findings, Lint};

pub(super) static LINT: Lint = Lint {
    id: "alertmanager/deprecated-match",
    level: Level::Info,
    summary: "matchers in the form before Alertmanager 0.22",
    needs: &[],
    check,
};

const OLD: [(&str, &str, &str); 6] = [
    ("match", "matchers", "="),
    ("match_re", "matchers", "=~"),
    ("source_match", "source_matchers", "="),
    ("source_match_re", "source_matchers", "=~"),
    ("target_match", "target_matchers", "="),
    ("target_match_re", "target_matchers", "=~"),
];

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for alertmanager in &facts.alertmanagers {
        let document = facts.setup.document(alertmanager.document);
        let routes = alertmanager.routes.iter().map(|route| &route.node);
        let inhibit = alertmanager.inhibit_rules.iter().map(|rule| &rule.node);
        for node in routes.chain(inhibit) {
            for (old, new, operator) in OLD {
                let Some(entry) = node.entry(old) else {
                    continue;
                };
                let written: Vec<String> = entry
                    .value
                    .entries()
                    .iter()
                    .map(|matcher| {
                        format!(
                            "'{}{operator}\"{}\"'",
                            matcher.key.text,
                            matcher.value.scalar_text()
                        )
                    })
                    .collect();
                findings
                    .report(
                        document.place(entry.key.span),
                        format!("`{old}` is deprecated since Alertmanager 0.22"),
                    )
                    .label("the older form")
                    .help(format!("write `{new}: [{}]`", written.join(", ")));
            }
        }
        if let Some(entry) = document.root.entry("mute_time_intervals") {
            findings
                .report(
                    document.place(entry.key.span),
                    "`mute_time_intervals` is deprecated since Alertmanager 0.24",
                )
                .label("the older form")
                .help("write `time_intervals`; routes go on naming them in `mute_time_intervals`");
        }
    }
}
