use crate::diagnostic::{Level, Safety};
use crate::facts::Facts;
use crate::facts::dashboard::Dashboard;
use crate::lint::{Findings, Lint, Need};
use crate::setup::Kind;

pub(super) static LINT: Lint = Lint {
    id: "dashboard/not-provisionable",
    level: Level::Error,
    summary: "a dashboard in a form that only an import by hand understands, in the directory of a provider",
    needs: &[Need::Files],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for dashboard in &facts.dashboards {
        let Some(provider) = dashboard
            .loaded_by
            .first()
            .and_then(|index| facts.providers.get(*index))
        else {
            continue;
        };
        let place = facts.setup.document(provider.document).head();
        check_wrapper(facts, dashboard, place, findings);
        for input in &dashboard.inputs {
            // A variable of that name is filled in by Grafana itself.
            if dashboard.variable(input.as_str()).is_some() {
                continue;
            }
            let name = input.as_str();
            let message = format!(
                "{} has the input `{name}`, which only an import by hand fills in: `${{{name}}}` stays as it is, and its panels find no datasource",
                dashboard.named()
            );
            findings
                .report(input.place, message)
                .label("never filled in")
                .related("this provider loads the file", place)
                .help(format!("name the datasource by its uid in place of `${{{name}}}`, or make `{name}` a variable of type datasource, and remove `__inputs`"))
                .fix(Safety::Unsafe, format!("make `{name}` a variable of type datasource"), Vec::new());
        }
    }
}

/// `{"dashboard": {…}}` as the API exports it.
fn check_wrapper(
    facts: &Facts<'_>,
    dashboard: &Dashboard,
    provider: crate::setup::Place,
    findings: &mut Findings<'_>,
) {
    let document = facts.setup.document(dashboard.document);
    let wrapper = document.wrapper.map(|id| facts.setup.document(id));
    let is_export = |kind: Kind| kind == Kind::DashboardExport;
    if !wrapper.is_some_and(|wrapper| is_export(wrapper.kind)) && !is_export(document.kind) {
        return;
    }
    let place = wrapper.unwrap_or(document).head();
    findings
        .report(place, format!("{} is wrapped in `{{\"dashboard\": …}}`: Grafana reads a dashboard without title, and refuses it", dashboard.named()))
        .label("the form of the API")
        .related("this provider loads the file", provider)
        .help("keep only what stands under `dashboard`")
        .fix(Safety::Safe, "unwrap the dashboard", Vec::new());
}
