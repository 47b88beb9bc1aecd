use crate::catalogue::nearest;
use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::facts::text::{Text, placeholder};
use crate::lint::{Findings, Lint, Need};

pub(super) static LINT: Lint = Lint {
    id: "alertmanager/undefined-receiver",
    level: Level::Error,
    summary: "a route leads to a receiver or contact point that is not defined",
    needs: &[Need::Files],
    check,
};

/// The contact point that every Grafana begins with.
const OF_GRAFANA: &str = "grafana-default-email";

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for config in &facts.kubernetes.alertmanager_configs {
        let defined: Vec<&str> = config.receivers.iter().map(Text::as_str).collect();
        for receiver in &config.named {
            report(receiver, &defined, "receiver", findings);
        }
    }
    check_grafana(facts, findings);
}

fn check_grafana(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    let mut defined: Vec<&str> = facts
        .grafana_notifications
        .iter()
        .flat_map(|notifications| &notifications.contact_points)
        .map(|point| point.name.as_str())
        .collect();
    // Where none is provisioned, all of them are made by hand.
    if defined.is_empty() {
        return;
    }
    defined.push(OF_GRAFANA);
    let policies = facts
        .grafana_notifications
        .iter()
        .flat_map(|notifications| &notifications.policies);
    for receiver in policies.filter_map(|policy| policy.receiver.as_ref()) {
        report(receiver, &defined, "contact point", findings);
    }
}

fn report(receiver: &Text, defined: &[&str], what: &str, findings: &mut Findings<'_>) {
    let name = receiver.as_str();
    if name.is_empty()
        || name.contains('$')
        || placeholder(name).is_some()
        || defined.contains(&name)
    {
        return;
    }
    let bare = |text: &str| text.replace(['-', '_', ' '], "").to_lowercase();
    let near = defined
        .iter()
        .copied()
        .find(|known| bare(known) == bare(name))
        .or_else(|| nearest(name, defined.iter().copied()));
    let known: Vec<&str> = defined
        .iter()
        .copied()
        .filter(|known| *known != OF_GRAFANA)
        .collect();
    let finding = findings
        .report(receiver.place, format!("no {what} is called `{name}`"))
        .label("not defined")
        .help(match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("defined are `{}`", known.join("`, `")),
        });
    if what == "contact point" && near.is_none() {
        finding.assuming("nobody made it by hand in Grafana");
    }
}
