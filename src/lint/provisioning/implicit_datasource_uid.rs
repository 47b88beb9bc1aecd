use crate::diagnostic::{Level, Safety};
use crate::facts::Facts;
use crate::facts::datasource::DatasourceTarget;
use crate::lint::{Findings, Lint, Need};
use crate::source::Span;

pub(super) static LINT: Lint = Lint {
    id: "provisioning/implicit-datasource-uid",
    level: Level::Warning,
    summary: "a datasource without a uid, which others name by the hash of its name",
    needs: &[Need::Files],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for datasource in facts
        .datasources
        .iter()
        .filter(|datasource| datasource.written_uid.is_none())
    {
        let panels = facts
            .dashboards
            .iter()
            .flat_map(|dashboard| &dashboard.panels);
        let references = panels.flat_map(|panel| {
            let queries = panel
                .queries
                .iter()
                .filter_map(|query| query.datasource.as_ref());
            panel.datasource.iter().chain(queries)
        });
        let mut places = references
            .filter(|reference| match &reference.target {
                DatasourceTarget::Named(name) => name.as_str() == datasource.uid,
                _ => false,
            })
            .map(|reference| reference.place);
        let rules = facts
            .grafana_rules
            .iter()
            .flat_map(|rule| &rule.queries)
            .filter_map(|query| query.datasource.as_ref())
            .filter(|uid| uid.as_str() == datasource.uid)
            .map(|uid| uid.place)
            .next();
        let Some(user) = places.next().or(rules) else {
            continue;
        };
        let name = datasource.name.as_str();
        let finding = findings
            .report(
                datasource.name.place,
                format!(
                    "`{name}` has no uid: `{}` is made of its name, and changes with it",
                    datasource.uid
                ),
            )
            .label("without a uid")
            .related("named by the derived uid here", user)
            .help(format!(
                "write `uid: {}`, which is what it has now",
                datasource.uid
            ));
        let document = facts.setup.document(datasource.document);
        let Some(entry) = datasource.node.entry("name") else {
            continue;
        };
        // Before the name, in the same line and column: what follows keeps its own.
        let start = entry.key.span.start();
        let position = document.text.position(start);
        let line = document.text.line_span(position.line);
        let is_block = !document.text.text()[line.start()..line.end()].contains('{');
        if is_block {
            let indent = " ".repeat(start - line.start());
            finding.fix(
                Safety::Safe,
                format!("write `uid: {}`", datasource.uid),
                vec![(
                    document.place(Span::new(start, start)),
                    format!("uid: {}\n{indent}", datasource.uid),
                )],
            );
        }
    }
}
