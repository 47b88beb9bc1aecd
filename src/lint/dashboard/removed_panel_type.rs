use super::{json_text, successor};
use crate::catalogue::Version;
use crate::diagnostic::{Level, Safety};
use crate::facts::Facts;
use crate::facts::dashboard::{Dashboard, Panel};
use crate::lint::{Findings, Lint, Need};

pub(super) static LINT: Lint = Lint {
    id: "dashboard/removed-panel-type",
    level: Level::Warning,
    summary: "a panel of a type that Grafana no longer has",
    needs: &[Need::Versions],
    check,
};

/// Since when panels in Angular are switched off unless somebody switches them on; the next major version has none.
const OFF: Version = Version::new(11, 0, 0);

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    let version = facts.grafana_version();
    check_installed(facts, findings);
    for dashboard in &facts.dashboards {
        for panel in &dashboard.panels {
            check_panel(facts, dashboard, panel, version, findings);
        }
    }
}

/// Plugins that are installed although they no longer run.
fn check_installed(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for service in facts
        .projects
        .iter()
        .flat_map(|project| project.running("grafana"))
    {
        let Some(plugins) = service.variable("GF_INSTALL_PLUGINS") else {
            continue;
        };
        for name in plugins.as_str().split(',') {
            // `name`, `name 1.2.3`, `https://…/x.zip;name`.
            let name = name.rsplit(';').next().unwrap_or(name);
            let name = name.split_whitespace().next().unwrap_or(name);
            let Some(new) = facts.catalogue.grafana().given_up(name) else {
                continue;
            };
            findings
                .report(
                    plugins.place,
                    format!("Grafana installs `{name}`, which needs Angular and was given up"),
                )
                .level(Level::Info)
                .label("no longer there")
                .help(format!("drop it, and make its panels a `{new}`"));
        }
    }
}

fn check_panel(
    facts: &Facts<'_>,
    dashboard: &Dashboard,
    panel: &Panel,
    version: Option<Version>,
    findings: &mut Findings<'_>,
) {
    let types = facts.catalogue.grafana();
    let kind = panel.kind.as_str();
    let (level, state, instead) = match (types.converted(kind), types.given_up(kind), version) {
        (Some(new), _, Some(version)) if version < OFF && kind == "graph" => {
            (Level::Info, "goes with Grafana 12".to_owned(), new)
        }
        (Some(new), ..) => (
            Level::Warning,
            format!("is gone: Grafana shows a `{new}` that it guesses from the old options"),
            new,
        ),
        (_, Some(new), Some(version)) if version >= OFF => (
            Level::Error,
            format!("does not work in Grafana {version}: the panel stays empty"),
            new,
        ),
        (_, Some(new), _) => (
            Level::Warning,
            "needs Angular, which Grafana no longer has".to_owned(),
            new,
        ),
        _ => return,
    };
    // Without the name of the panel: many of one type in a dashboard are told once.
    let message = format!("a panel has the type `{kind}`, which {state}");
    let finding = findings.report(panel.kind.place, message).level(level).label(panel.named()).help(format!(
        "make it a `{instead}`: open the dashboard in Grafana, change the visualization, look at units and thresholds, and save the JSON"
    ));
    let document = facts.setup.document(dashboard.document);
    if let Some(text) = json_text(document).filter(|_| !dashboard.has_elements)
        && let Some(changes) = successor::changes(kind, &panel.node)
    {
        let edits = text
            .updated(&panel.node, &changes)
            .into_iter()
            .map(|(span, text)| (document.place(span), text))
            .collect();
        let title = format!("make {} a `{instead}`", panel.named());
        finding.fix(Safety::Unsafe, title, edits);
    }
}
