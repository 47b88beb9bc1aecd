use std::collections::BTreeSet;

use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::facts::alertmanager::{Receiver, Route};
use crate::lint::{Findings, Lint, Need};

pub(super) static LINT: Lint = Lint {
    id: "alertmanager/unused-receiver",
    level: Level::Warning,
    summary: "a receiver or contact point that no route leads to",
    needs: &[Need::Files],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for alertmanager in &facts.alertmanagers {
        let used = receivers_of(&alertmanager.routes).collect();
        report(&alertmanager.receivers, &used, "receiver", findings);
    }
    let policies = facts
        .grafana_notifications
        .iter()
        .flat_map(|notifications| &notifications.policies);
    let mut used: BTreeSet<&str> = BTreeSet::new();
    let mut has_policies = false;
    for policy in policies {
        has_policies = true;
        used.extend(policy.receiver.as_ref().map(|receiver| receiver.as_str()));
    }
    // Without provisioned policies, people set them in Grafana, where nothing can be seen from here.
    if !has_policies {
        return;
    }
    for rule in &facts.grafana_rules {
        let settings = rule.node.get("notification_settings");
        used.extend(
            settings
                .and_then(|settings| settings.get("receiver"))
                .map(|receiver| receiver.scalar_text()),
        );
    }
    for notifications in &facts.grafana_notifications {
        report(
            &notifications.contact_points,
            &used,
            "contact point",
            findings,
        );
    }
}

fn receivers_of(routes: &[Route]) -> impl Iterator<Item = &str> {
    routes
        .iter()
        .filter_map(|route| Some(route.receiver.as_ref()?.as_str()))
}

fn report(receivers: &[Receiver], used: &BTreeSet<&str>, what: &str, findings: &mut Findings<'_>) {
    if used.is_empty() {
        return;
    }
    for receiver in receivers {
        let name = receiver.name.as_str();
        // One without integrations is there to be named by hand, to silence something for a while.
        if used.contains(name) || receiver.integrations.is_empty() {
            continue;
        }
        findings
            .report(
                receiver.name.place,
                format!("no route leads to the {what} `{name}`"),
            )
            .label("gets no alert")
            .help("route alerts to it, or remove it");
    }
}
