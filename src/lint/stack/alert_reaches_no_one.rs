use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::facts::alertmanager::{Alertmanager, Receiver, Route};
use crate::facts::alerts::{Chance, LabelValue, SentAlert, SentAlerts};
use crate::lint::{Findings, Lint, Need};

pub(super) static LINT: Lint = Lint {
    id: "stack/alert-reaches-no-one",
    level: Level::Error,
    summary: "every route that an alert can take ends at a receiver that sends nothing",
    needs: &[Need::Files],
    check,
};

/// Severities that somebody must hear of.
const URGENT: [&str; 8] = [
    "critical",
    "page",
    "emergency",
    "disaster",
    "p0",
    "p1",
    "high",
    "error",
];

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    // Of several Alertmanagers, each may be there for some of the alerts.
    let [alertmanager] = facts.alertmanagers.as_slice() else {
        return;
    };
    // A part of a configuration, without routes or receivers, tells nothing.
    if alertmanager.routes.is_empty() || alertmanager.receivers.is_empty() {
        return;
    }
    // Where nobody can hear of anything, notifications are switched off.
    let is_off = alertmanager
        .receivers
        .iter()
        .all(|receiver| receiver.integrations.is_empty());
    if is_off {
        return;
    }
    let alerts = facts.alerts();
    for alert in &alerts.all {
        check_alert(alertmanager, &alerts, alert, findings);
    }
}

fn check_alert(
    alertmanager: &Alertmanager,
    alerts: &SentAlerts<'_>,
    alert: &SentAlert,
    findings: &mut Findings<'_>,
) {
    let mut ends = Vec::new();
    if !follow(&alertmanager.routes, 0, alerts, alert, &mut ends) {
        return;
    }
    let receivers: Vec<Option<&Receiver>> = ends
        .iter()
        .map(|end| receiver(alertmanager, *end))
        .collect();
    let reaches = receivers
        .iter()
        .any(|receiver| receiver.is_none_or(|receiver| !receiver.integrations.is_empty()));
    if reaches {
        return;
    }
    let (Some(end), Some(Some(receiver))) = (ends.first(), receivers.first()) else {
        return;
    };
    // Watchdogs, and whatever has a route of its own to nobody, are meant to end there.
    let is_default = alertmanager
        .routes
        .get(*end)
        .is_some_and(|route| route.parent.is_none());
    let severity = match alerts.value(alert, "severity") {
        LabelValue::Is(value) => value,
        _ => String::new(),
    };
    let is_urgent = URGENT.contains(&severity.to_ascii_lowercase().as_str());
    if !is_default || !is_urgent || alert.name == "Watchdog" {
        return;
    }
    let Some(route) = alertmanager.routes.get(*end) else {
        return;
    };
    findings
        .report(
            alert.place,
            format!(
                "nobody hears of alert `{}`: no route takes it, and the default receiver `{}` sends nothing",
                alert.name,
                receiver.name.as_str()
            ),
        )
        .label(format!("severity `{severity}`"))
        .related("it ends at the default route", route.place)
        .related("whose receiver has no integration", receiver.name.place)
        .help(format!(
            "add a route with `severity=\"{severity}\"` to a receiver that sends, or give `{}` an integration",
            receiver.name.as_str()
        ));
}

/// Collects the routes at which an alert can end below `index`, which takes it; `false` where that is not known.
fn follow(
    routes: &[Route],
    index: usize,
    alerts: &SentAlerts<'_>,
    alert: &SentAlert,
    ends: &mut Vec<usize>,
) -> bool {
    let mut is_taken = false;
    for (child, route) in routes.iter().enumerate() {
        if route.parent != Some(index) {
            continue;
        }
        if route.has_unread_matchers {
            return false;
        }
        match alerts.chance_of_all(alert, &route.matchers) {
            Chance::Never | Chance::Unlikely => {}
            Chance::Perhaps => return false,
            Chance::Certain => {
                is_taken = true;
                if !follow(routes, child, alerts, alert, ends) {
                    return false;
                }
                if !route.continues {
                    return true;
                }
            }
        }
    }
    if !is_taken {
        ends.push(index);
    }
    true
}

/// The receiver of a route, its own or the one that it inherits.
fn receiver(alertmanager: &Alertmanager, index: usize) -> Option<&Receiver> {
    let mut at = Some(index);
    while let Some(route) = at.and_then(|index| alertmanager.routes.get(index)) {
        if let Some(name) = &route.receiver {
            return alertmanager
                .receivers
                .iter()
                .find(|receiver| receiver.name.value == name.value);
        }
        at = route.parent;
    }
    None
}
