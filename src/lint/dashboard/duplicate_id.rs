use std::collections::HashMap;

use crate::diagnostic::{Level, Safety};
use crate::facts::Facts;
use crate::facts::dashboard::{Dashboard, Panel};
use crate::facts::text::Text;
use crate::lint::{Findings, Lint};

pub(super) static LINT: Lint = Lint {
    id: "dashboard/duplicate-id",
    level: Level::Warning,
    summary: "two panels of a dashboard, or two queries of a panel, share an id",
    needs: &[],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for dashboard in &facts.dashboards {
        check_panels(dashboard, findings);
        for panel in &dashboard.panels {
            check_queries(panel, findings);
        }
    }
}

fn check_panels(dashboard: &Dashboard, findings: &mut Findings<'_>) {
    let mut first: HashMap<&str, (&Text, &Panel)> = HashMap::new();
    let ids = dashboard
        .panels
        .iter()
        .filter_map(|panel| panel.id.as_ref()?.value.parse::<u64>().ok());
    let mut free = ids.max().unwrap_or(0);
    for panel in &dashboard.panels {
        let Some(id) = &panel.id else {
            continue;
        };
        let Some((other_id, other)) = first.get(id.as_str()) else {
            first.insert(id.as_str(), (id, panel));
            continue;
        };
        free = free.saturating_add(1);
        let message = format!(
            "{} has the id {} of {}",
            panel.named(),
            id.as_str(),
            other.named()
        );
        findings
            .report(id.place, message)
            .label("taken")
            .related("first used here", other_id.place)
            .help(format!("give it an id of its own, such as {free}: links, shared panels and alerts find a panel by its id"))
            .fix(Safety::Safe, format!("renumber to {free}"), vec![(id.place, free.to_string())]);
    }
}

fn check_queries(panel: &Panel, findings: &mut Findings<'_>) {
    let mut first: HashMap<&str, &Text> = HashMap::new();
    let taken: Vec<&str> = panel
        .queries
        .iter()
        .filter_map(|query| Some(query.ref_id.as_ref()?.as_str()))
        .collect();
    for id in panel
        .queries
        .iter()
        .filter_map(|query| query.ref_id.as_ref())
    {
        if id.as_str().is_empty() {
            continue;
        }
        let Some(other) = first.get(id.as_str()) else {
            first.insert(id.as_str(), id);
            continue;
        };
        let free = ('A'..='Z')
            .map(String::from)
            .find(|letter| !taken.contains(&letter.as_str()));
        let message = format!(
            "{} has two queries `{}`: Grafana shows the result of one",
            panel.named(),
            id.as_str()
        );
        let finding = findings
            .report(id.place, message)
            .label("taken")
            .related("first used here", other.place)
            .help("give each query a letter of its own");
        if let Some(free) = free {
            let safety = match names_queries(panel) {
                true => Safety::Unsafe,
                false => Safety::Safe,
            };
            finding.fix(
                safety,
                format!("call the second one `{free}`"),
                vec![(id.place, format!("\"{free}\""))],
            );
        }
    }
}

/// Whether anything in a panel refers to its queries by their letters.
fn names_queries(panel: &Panel) -> bool {
    let node = &panel.node;
    let has = |key: &str| node.get(key).is_some_and(|node| node.size() > 1);
    let overrides = node
        .get("fieldConfig")
        .and_then(|config| config.get("overrides"))
        .map_or(&[][..], |node| node.items());
    let by_query = overrides.iter().any(|rule| {
        let id = rule.get("matcher").and_then(|matcher| matcher.get("id"));
        id.is_some_and(|id| id.as_str() == Some("byFrameRefID"))
    });
    let computes = panel
        .queries
        .iter()
        .any(|query| query.node.get("expression").is_some());
    has("alert") || has("transformations") || by_query || computes
}
