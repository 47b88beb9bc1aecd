use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::lint::{Findings, Lint};

pub(super) static LINT: Lint = Lint {
    id: "alertmanager/receiver-without-integration",
    level: Level::Warning,
    summary: "a route leads to a receiver that sends nothing to anybody",
    needs: &[],
    check,
};

/// Names that say that nobody is meant to hear of it.
const ON_PURPOSE: [&str; 13] = [
    "null", "nobody", "black", "hole", "dev", "none", "nowhere", "silent", "silence", "drop",
    "discard", "noop", "ignore",
];

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for alertmanager in &facts.alertmanagers {
        for receiver in &alertmanager.receivers {
            let name = receiver.name.as_str();
            let lower = name.to_ascii_lowercase();
            let route = alertmanager.routes.iter().find(|route| {
                route
                    .receiver
                    .as_ref()
                    .is_some_and(|receiver| receiver.as_str() == name)
            });
            let Some(route) = route.filter(|_| receiver.integrations.is_empty()) else {
                continue;
            };
            let is_listed = findings
                .options()
                .silent_receivers
                .iter()
                .any(|silent| silent == name);
            if is_listed || ON_PURPOSE.iter().any(|word| lower.contains(word)) {
                continue;
            }
            findings
                .report(
                    receiver.name.place,
                    format!("alerts for `{name}` reach nobody: the receiver has no integration"),
                )
                .label("sends nothing")
                .related("alerts come from here", route.place)
                .help("give it an integration, such as `email_configs`, or call it `null` if that is meant");
        }
    }
}
