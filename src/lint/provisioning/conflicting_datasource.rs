use crate::diagnostic::{Level, Safety};
use crate::facts::Facts;
use crate::facts::datasource::Datasource;
use crate::facts::prometheus::ServiceId;
use crate::facts::provider::grafana_with;
use crate::lint::{Findings, Lint, Need};
use crate::source::Span;

pub(super) static LINT: Lint = Lint {
    id: "provisioning/conflicting-datasource",
    level: Level::Error,
    summary: "two provisioned datasources of one Grafana share a name or a uid, or are both the default",
    needs: &[Need::Files],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    let loaded: Vec<(&Datasource, Option<ServiceId>)> = facts
        .datasources
        .iter()
        .map(|datasource| {
            let path = &facts.setup.document(datasource.document).path;
            let service = grafana_with(facts.setup, &facts.projects, path);
            (datasource, service)
        })
        .collect();
    for (index, (datasource, service)) in loaded.iter().enumerate() {
        let earlier = loaded[..index]
            .iter()
            .filter(|(other, other_service)| {
                other.organisation == datasource.organisation
                    && meet(other, other_service.as_ref(), datasource, service.as_ref())
            })
            .map(|(other, _)| *other);
        for other in earlier {
            report(facts, other, datasource, findings);
        }
    }
}

/// Whether one Grafana reads both: its container has both files, or both are in one file.
fn meet(
    one: &Datasource,
    one_service: Option<&ServiceId>,
    other: &Datasource,
    other_service: Option<&ServiceId>,
) -> bool {
    match (one_service, other_service) {
        (Some(one), Some(other)) => one == other,
        (None, None) => one.document == other.document,
        _ => false,
    }
}

fn report(
    facts: &Facts<'_>,
    earlier: &Datasource,
    datasource: &Datasource,
    findings: &mut Findings<'_>,
) {
    let another = |text: &crate::facts::text::Text, separator: char| {
        let end = Span::at(text.value.len());
        vec![text.edit(facts.setup, end, &format!("{separator}2"))]
    };
    let name = datasource.name.as_str();
    if earlier.name.as_str() == name {
        findings
            .report(
                datasource.name.place,
                format!("the datasource `{name}` is provisioned twice: what one says, the other overwrites"),
            )
            .label("taken")
            .related("first used here", earlier.name.place)
            .help("remove one of them, or give it another name")
            .fix(
                Safety::Unsafe,
                format!("call it `{name} 2`"),
                another(&datasource.name, ' '),
            );
    } else if let (Some(uid), Some(other)) = (&datasource.written_uid, &earlier.written_uid)
        && uid.as_str() == other.as_str()
    {
        findings
            .report(
                uid.place,
                format!(
                    "the datasource `{name}` has the uid `{}` of `{}`: Grafana does not start",
                    uid.as_str(),
                    earlier.name.as_str()
                ),
            )
            .label("taken")
            .related("first used here", other.place)
            .help("give each datasource a uid of its own")
            .fix(
                Safety::Unsafe,
                format!("call it `{}-2`", uid.as_str()),
                another(uid, '-'),
            );
    }
    if datasource.is_default && earlier.is_default && earlier.name.as_str() != name {
        let document = facts.setup.document(datasource.document);
        let default = datasource.node.get("isDefault");
        let finding = findings
            .report(
                datasource.place,
                format!(
                    "`{name}` and `{}` are both the default datasource: Grafana does not start",
                    earlier.name.as_str()
                ),
            )
            .label("also the default")
            .related("the first default", earlier.place)
            .help("set `isDefault: true` for one of them only");
        if let Some(default) = default {
            finding.fix(
                Safety::Unsafe,
                format!("keep `{}` as the default", earlier.name.as_str()),
                vec![(document.place(default.span), "false".into())],
            );
        }
    }
}
