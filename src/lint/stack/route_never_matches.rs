use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::facts::alertmanager::Route;
use crate::facts::alerts::{Chance, SentAlerts};
use crate::facts::matcher::LabelMatcher;
use crate::lint::{Findings, Lint, Need};

pub(super) static LINT: Lint = Lint {
    id: "stack/route-never-matches",
    level: Level::Warning,
    summary: "a route waits for labels that no alert of the setup can have",
    needs: &[Need::Files],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    let alerts = facts.alerts();
    for alertmanager in &facts.alertmanagers {
        check_tree(&alertmanager.routes, &alerts, None, findings);
    }
    let alerts = facts.grafana_alerts();
    for notifications in &facts.grafana_notifications {
        let assumption = "every alert rule of Grafana is provisioned here";
        check_tree(&notifications.policies, &alerts, Some(assumption), findings);
    }
}

fn check_tree(
    routes: &[Route],
    alerts: &SentAlerts<'_>,
    assumption: Option<&str>,
    findings: &mut Findings<'_>,
) {
    if alerts.all.is_empty() {
        return;
    }
    let mut is_dead = vec![false; routes.len()];
    for (index, route) in routes.iter().enumerate() {
        let Some(parent) = route.parent else { continue };
        // What a dead route holds is dead for its reason.
        is_dead[index] = is_dead[parent];
        if is_dead[parent] || route.has_unread_matchers || route.matchers.is_empty() {
            continue;
        }
        let matchers = path(routes, index);
        let best = alerts
            .all
            .iter()
            .map(|alert| alerts.chance_of_all(alert, matchers.iter().copied()))
            .max();
        if best.is_some_and(|best| best > Chance::Unlikely) {
            continue;
        }
        is_dead[index] = true;
        let written: Vec<String> = matchers
            .iter()
            .map(|matcher| format!("`{}`", matcher.written()))
            .collect();
        let message = format!(
            "no alert of the setup is {}: this route never gets one",
            written.join(" and ")
        );
        let mut finding = findings.report(route.place, message).label("no alert fits");
        finding = match unsatisfied(&route.matchers, alerts) {
            Some(help) => finding.help(help),
            None => finding.help("give an alert these labels together, or remove the route"),
        };
        if let Some(assumption) = assumption {
            finding.assuming(assumption);
        }
    }
}

/// The matchers of a route and of the routes above it.
fn path(routes: &[Route], index: usize) -> Vec<&LabelMatcher> {
    let mut matchers = Vec::new();
    let mut next = Some(index);
    while let Some(route) = next.and_then(|index| routes.get(index)) {
        // The root takes everything, whatever is written there.
        if route.parent.is_some() {
            matchers.extend(&route.matchers);
        }
        next = route.parent;
    }
    matchers
}

/// What the rules have under the label of the first matcher that nothing fits.
fn unsatisfied(matchers: &[LabelMatcher], alerts: &SentAlerts<'_>) -> Option<String> {
    let matcher = matchers.iter().find(|matcher| {
        alerts
            .all
            .iter()
            .all(|alert| alerts.chance(alert, matcher) <= Chance::Unlikely)
    })?;
    let values = alerts.given_values(&matcher.label)?;
    let values: Vec<String> = values.iter().map(|value| format!("`{value}`")).collect();
    Some(match values.as_slice() {
        [] if matcher.label == "alertname" => {
            "name an alert that exists, or remove the route".into()
        }
        [] => format!("no rule gives the label `{}`", matcher.label),
        values => format!("rules give `{}` only {}", matcher.label, values.join(", ")),
    })
}
