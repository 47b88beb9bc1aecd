//! What a profile may change about alerts.

use std::collections::BTreeMap;

use super::AlertingInputs;
use crate::catalogue::AlertCatalogue;
use crate::document::Route;
use crate::profile::{Problem, suggestion};

/// Mistakes of `alerts`.
pub(super) fn check(
    catalogue: &AlertCatalogue,
    inputs: &AlertingInputs<'_>,
    problems: &mut Vec<Problem>,
) {
    let mut names: BTreeMap<&str, &str> = BTreeMap::new();
    for (name, written) in inputs.overrides {
        let route = Route::of(["alerts", name]);
        let Some((_, alert)) = catalogue.alert(name) else {
            let mut problem = Problem::key(
                "profile/unknown-alert",
                route,
                format!("there is no alert `{name}`"),
            );
            problem.help = suggestion(
                name,
                catalogue.alerts().map(|(_, alert)| alert.name.as_str()),
                "alerts",
            )
            .or_else(|| Some("`stackwright list alerts` names them all".into()));
            problems.push(problem);
            continue;
        };
        if let Some(threshold) = &alert.threshold {
            for (key, given) in [
                ("severity", written.severity.is_some()),
                ("for", written.pending.is_some()),
            ] {
                if given {
                    problems.push(
                        Problem::key(
                            "profile/misplaced-override",
                            route.key(key),
                            format!("`{key}` of `{name}` belongs to its threshold"),
                        )
                        .help(format!("set `thresholds.{threshold}` instead")),
                    );
                }
            }
        }
        for key in written.labels.keys() {
            if matches!(key.as_str(), "severity" | "group" | "alertname") {
                problems.push(
                    Problem::key(
                        "profile/reserved-label",
                        route.key("labels").key(key),
                        format!("the label `{key}` of an alert is set by stackwright"),
                    )
                    .help("routes and inhibition rely on it; use another name"),
                );
            }
        }
        if let Some(runbook) = &written.runbook
            && !inputs.own_runbooks.contains(runbook)
            && catalogue.alert(runbook).is_none()
        {
            let mut problem = Problem::value(
                "profile/unknown-runbook",
                route.key("runbook"),
                format!("there is no runbook `{runbook}`"),
            );
            problem.help = suggestion(
                runbook,
                inputs.own_runbooks.iter().map(String::as_str),
                "runbooks",
            );
            problems.push(problem);
        }
        if let Some(new) = &written.name {
            let taken = catalogue.alert(new).is_some() && new != name;
            if new.is_empty() || taken || names.insert(new, name).is_some() {
                problems.push(Problem::value(
                    "profile/bad-alert-name",
                    route.key("name"),
                    if new.is_empty() {
                        "an alert needs a name".to_owned()
                    } else {
                        format!("another alert is called `{new}` already")
                    },
                ));
            }
        }
    }
}
