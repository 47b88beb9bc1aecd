use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::facts::alertmanager::Route;
use crate::lint::{Findings, Lint};

pub(super) static LINT: Lint = Lint {
    id: "alertmanager/unreachable-route",
    level: Level::Warning,
    summary: "an earlier route takes every alert that a later one waits for",
    needs: &[],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for alertmanager in &facts.alertmanagers {
        check_tree(&alertmanager.routes, findings);
    }
    for notifications in &facts.grafana_notifications {
        check_tree(&notifications.policies, findings);
    }
}

fn check_tree(routes: &[Route], findings: &mut Findings<'_>) {
    for (index, route) in routes.iter().enumerate() {
        let earlier = routes[..index].iter().find(|earlier| {
            earlier.parent.is_some()
                && earlier.parent == route.parent
                && !earlier.continues
                && earlier.covers(route)
        });
        let Some(earlier) = earlier else {
            continue;
        };
        let what = match route.receiver.as_ref() {
            Some(receiver) => format!("the route to `{}`", receiver.as_str()),
            None => "this route".into(),
        };
        let taken = match earlier.matchers.as_slice() {
            [] => "matches every alert".to_owned(),
            matchers => {
                let written: Vec<String> = matchers
                    .iter()
                    .map(|matcher| format!("`{}`", matcher.written()))
                    .collect();
                format!("already takes {}", written.join(" and "))
            }
        };
        findings
            .report(
                route.place,
                format!("{what} is never reached: an earlier route {taken}"),
            )
            .label("no alert gets here")
            .related(
                "this route comes first and does not continue",
                earlier.place,
            )
            .help("put the narrower route first, or give the earlier one `continue: true`");
    }
}
