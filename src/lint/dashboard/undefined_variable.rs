use std::collections::BTreeSet;

use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::facts::dashboard::Dashboard;
use crate::facts::datasource::{DatasourceReference, DatasourceTarget};
use crate::facts::expression::Origin;
use crate::lint::{Findings, Lint};

pub(super) static LINT: Lint = Lint {
    id: "dashboard/undefined-variable",
    level: Level::Error,
    summary: "a dashboard uses a variable that it does not define",
    needs: &[],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for (index, dashboard) in facts.dashboards.iter().enumerate() {
        let names: BTreeSet<&str> = dashboard
            .variables
            .iter()
            .map(|variable| variable.name.as_str())
            .collect();
        let inputs: BTreeSet<&str> = dashboard
            .inputs
            .iter()
            .map(|input| input.as_str())
            .collect();
        let is_known =
            |name: &str| names.contains(name) || inputs.contains(name) || is_built_in(name);
        let own = |origin: Origin| match origin {
            Origin::Panel { dashboard, .. }
            | Origin::Variable { dashboard, .. }
            | Origin::Annotation { dashboard } => dashboard == index,
            _ => false,
        };
        for expression in facts
            .expressions
            .iter()
            .filter(|expression| own(expression.origin))
        {
            for variable in &expression.parsed.variables {
                if is_known(&variable.name) {
                    continue;
                }
                let message = format!(
                    "{} uses `${}`, which the dashboard does not define",
                    facts.owner(expression),
                    variable.name
                );
                let finding = findings
                    .report(expression.place(facts.setup, variable.span), message)
                    .label("stays as it is");
                finding.help(help(&variable.name, &names));
            }
        }
        check_datasources(dashboard, &names, &is_known, findings);
        check_repeats(facts, dashboard, &names, &is_known, findings);
    }
}

fn check_repeats(
    facts: &Facts<'_>,
    dashboard: &Dashboard,
    names: &BTreeSet<&str>,
    is_known: &dyn Fn(&str) -> bool,
    findings: &mut Findings<'_>,
) {
    let document = facts.setup.document(dashboard.document);
    for panel in &dashboard.panels {
        let Some(repeat) = panel
            .node
            .get("repeat")
            .and_then(|node| node.as_str().map(|name| (name, node)))
        else {
            continue;
        };
        let (name, node) = repeat;
        if name.is_empty() || is_known(name) {
            continue;
        }
        let message = format!(
            "{} is repeated for `${name}`, which the dashboard does not define",
            panel.named()
        );
        findings
            .report(document.place(node.span), message)
            .level(Level::Warning)
            .label("shown once")
            .help(help(name, names));
    }
}

/// What Grafana fills in by itself, and groups of regular expressions such as `$1`.
fn is_built_in(name: &str) -> bool {
    name.starts_with("__") || name == "timeFilter" || name.bytes().all(|byte| byte.is_ascii_digit())
}

fn check_datasources(
    dashboard: &Dashboard,
    names: &BTreeSet<&str>,
    is_known: &dyn Fn(&str) -> bool,
    findings: &mut Findings<'_>,
) {
    let of_panels = dashboard.panels.iter().flat_map(|panel| {
        panel.datasource.iter().chain(
            panel
                .queries
                .iter()
                .filter_map(|query| query.datasource.as_ref()),
        )
    });
    let of_variables = dashboard
        .variables
        .iter()
        .filter_map(|variable| variable.datasource.as_ref());
    let all: Vec<&DatasourceReference> = of_panels.chain(of_variables).collect();
    for reference in all {
        let DatasourceTarget::Variable(name) = &reference.target else {
            continue;
        };
        if is_known(name) {
            continue;
        }
        findings
            .report(reference.place, format!("the datasource is `${{{name}}}`, which the dashboard does not define: Grafana finds no datasource"))
            .label("no such variable")
            .help(help(name, names));
    }
}

fn help(name: &str, names: &BTreeSet<&str>) -> String {
    match names
        .iter()
        .find(|known| strsim::damerau_levenshtein(known, name) <= 2)
    {
        Some(near) => format!("did you mean `${near}`?"),
        None => format!("define `{name}` under the dashboard's variables, or write a value"),
    }
}
