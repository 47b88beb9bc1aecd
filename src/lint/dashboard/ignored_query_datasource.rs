use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::facts::datasource::{DatasourceReference, DatasourceTarget};
use crate::lint::{Findings, Lint, Need};

pub(super) static LINT: Lint = Lint {
    id: "dashboard/ignored-query-datasource",
    level: Level::Warning,
    summary: "a query names another datasource than its panel, which is the one that is asked",
    needs: &[Need::Files],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for panel in facts
        .dashboards
        .iter()
        .flat_map(|dashboard| &dashboard.panels)
    {
        let Some((own, asked)) = panel
            .datasource
            .as_ref()
            .and_then(|reference| Some((reference, identity(facts, reference)?)))
        else {
            continue;
        };
        for query in &panel.queries {
            let Some(reference) = &query.datasource else {
                continue;
            };
            let Some(named) = identity(facts, reference).filter(|named| *named != asked) else {
                continue;
            };
            findings
                .report(
                    reference.place,
                    format!(
                        "{} asks `{asked}`; that its query names `{named}` is ignored",
                        panel.named()
                    ),
                )
                .label("this one is not asked")
                .related("this one is", own.place)
                .help("name one datasource in both places, or let the panel have `-- Mixed --`");
        }
    }
}

/// What a reference names, by one name for each datasource; `None` for the default one, and for what Grafana itself answers.
fn identity(facts: &Facts<'_>, reference: &DatasourceReference) -> Option<String> {
    match &reference.target {
        DatasourceTarget::Named(name) => {
            let by_name = facts
                .datasources
                .iter()
                .find(|datasource| datasource.name.as_str() == name.as_str());
            Some(by_name.map_or_else(|| name.value.to_string(), |found| found.uid.clone()))
        }
        DatasourceTarget::Variable(_) | DatasourceTarget::Default | DatasourceTarget::BuiltIn => {
            None
        }
    }
}
