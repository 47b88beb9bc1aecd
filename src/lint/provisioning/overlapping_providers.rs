use crate::diagnostic::{Level, Safety};
use crate::document::Change;
use crate::facts::Facts;
use crate::facts::container::inside;
use crate::facts::provider::DashboardProvider;
use crate::lint::rewriting::{edits, route_to};
use crate::lint::{Findings, Lint, Need};
use crate::source::Span;

pub(super) static LINT: Lint = Lint {
    id: "provisioning/overlapping-providers",
    level: Level::Error,
    summary: "two dashboard providers of one Grafana share a name, or load the same directory",
    needs: &[Need::Files],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for (index, provider) in facts.providers.iter().enumerate() {
        for earlier in &facts.providers[..index] {
            // Without containers, only one file is certain to be read by one Grafana.
            let meet = match (&earlier.service, &provider.service) {
                (Some(one), Some(other)) => one == other,
                (None, None) => earlier.document == provider.document,
                _ => false,
            };
            if meet && organisation(earlier) == organisation(provider) {
                report(facts, earlier, provider, findings);
            }
        }
    }
}

fn organisation(provider: &DashboardProvider) -> &str {
    provider
        .node
        .get("orgId")
        .map_or("1", |node| node.scalar_text())
}

fn report(
    facts: &Facts<'_>,
    earlier: &DashboardProvider,
    provider: &DashboardProvider,
    findings: &mut Findings<'_>,
) {
    let name = provider.name.as_str();
    if !name.is_empty() && earlier.name.as_str() == name {
        findings
            .report(
                provider.name.place,
                format!("two dashboard providers are called `{name}`: Grafana refuses to start"),
            )
            .label("taken")
            .related("first used here", earlier.name.place)
            .help("give each provider a name of its own")
            .fix(
                Safety::Unsafe,
                format!("call it `{name}-2`"),
                vec![provider.name.edit(facts.setup, Span::at(name.len()), "-2")],
            );
    }
    let (Some(path), Some(other)) = (&provider.path, &earlier.path) else {
        return;
    };
    let nested =
        inside(other.as_str(), path.as_str()).or_else(|| inside(path.as_str(), other.as_str()));
    let Some(rest) = nested else { return };
    let message = match rest.is_empty() {
        true => format!(
            "two providers load `{}`: each of its dashboards is provisioned twice",
            path.as_str()
        ),
        false => format!(
            "`{}` and `{}` are nested: what is in the inner directory is provisioned twice",
            path.as_str(),
            other.as_str()
        ),
    };
    let finding = findings
        .report(path.place, message)
        .label("also loaded by another provider")
        .related("the other provider", other.place)
        .help("give each provider a directory that the other does not reach");
    // Of two that load the same, one is enough.
    let document = facts.setup.document(provider.document);
    let without = || {
        edits(
            document,
            &[Change::Delete(route_to(document, &provider.node)?)],
        )
    };
    if rest.is_empty()
        && let Some(edits) = without()
    {
        finding.fix(Safety::Unsafe, "remove the second one", edits);
    }
}
