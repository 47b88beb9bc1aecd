use std::collections::BTreeSet;

use super::rule_glob_matches_nothing;
use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::facts::compose::ComposeService;
use crate::facts::container::{MountSource, inside};
use crate::facts::dashboard::Dashboard;
use crate::facts::provider::PROVISIONING;
use crate::lint::{Findings, Lint, Need};
use crate::setup::{Document, Kind};

pub(super) static LINT: Lint = Lint {
    id: "stack/orphan-artifact",
    level: Level::Warning,
    summary: "a rule file, a dashboard or a provisioning file that nothing loads",
    needs: &[Need::Files],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    let seen = Seen::of(facts);
    check_rule_files(facts, &seen, findings);
    check_provisioning(facts, &seen, findings);
    check_dashboards(facts, &seen, findings);
}

/// Files of the setup that containers have.
#[derive(Default)]
struct Seen {
    by_any: BTreeSet<String>,
    by_prometheus: BTreeSet<String>,
    /// By programs other than Grafana, which may load dashboards in another way.
    by_others: BTreeSet<String>,
    /// What a Grafana shows first: it needs no provider.
    homes: BTreeSet<String>,
}

/// Where Grafana has its first page unless told otherwise.
const HOME: &str = "/usr/share/grafana/public/dashboards/home.json";

impl Seen {
    fn of(facts: &Facts<'_>) -> Self {
        let mut seen = Self::default();
        for service in services(facts) {
            let files = service.container.files(facts.setup.listing());
            if service.runs("grafana") {
                let home = service.variable("GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH");
                let home = home.map_or(HOME, |path| path.as_str());
                seen.homes.extend(files.get(home).cloned());
            }
            let files: Vec<String> = files.into_values().collect();
            if service.runs("prometheus") {
                seen.by_prometheus.extend(files.iter().cloned());
            }
            if !service.runs("grafana") {
                seen.by_others.extend(files.iter().cloned());
            }
            seen.by_any.extend(files);
        }
        seen
    }
}

fn check_rule_files(facts: &Facts<'_>, seen: &Seen, findings: &mut Findings<'_>) {
    // Only a server whose container is known, and that loads rules from the setup, tells what is forgotten.
    let servers: Vec<_> = facts
        .prometheus
        .iter()
        .filter(|server| server.service.is_some() && !server.rule_patterns.is_empty())
        .collect();
    let is_certain = !servers.is_empty()
        && servers.len() == facts.prometheus.len()
        && servers
            .iter()
            .flat_map(|server| &server.rule_patterns)
            .all(|pattern| pattern.is_certain);
    if !is_certain {
        return;
    }
    let spoken_of = rule_glob_matches_nothing::spoken_of(facts);
    for file in &facts.rule_files {
        let document = facts.setup.document(file.document);
        if !file.loaded_by.is_empty() || document.wrapper.is_some() || document.is_part() {
            continue;
        }
        // Where a pattern finds nothing, that is what there is to mend, and this file is named there.
        if spoken_of.is_some_and(|other| other.id == document.id) {
            continue;
        }
        // Mimir's and Loki's rulers read rules from directories of their own.
        let is_mounted = seen.by_any.contains(&*document.path);
        if is_mounted && !seen.by_prometheus.contains(&*document.path) {
            continue;
        }
        let finding = findings
            .report(
                document.head(),
                "no Prometheus of the setup loads this rule file",
            )
            .label("never evaluated");
        let finding = match servers
            .first()
            .and_then(|server| server.rule_patterns.first())
        {
            Some(pattern) => finding.related("rules are loaded from here", pattern.text.place),
            None => finding,
        };
        finding.help("add it to `rule_files` and to what the container sees, or delete it");
    }
}

fn services<'f>(facts: &'f Facts<'_>) -> impl Iterator<Item = &'f ComposeService> {
    facts
        .projects
        .iter()
        .flat_map(|project| project.services.values())
}

/// The Grafana services of the setup, where it is known what each of them provisions.
fn grafanas<'f>(facts: &'f Facts<'_>) -> Option<Vec<&'f ComposeService>> {
    let all: Vec<&ComposeService> = services(facts)
        .filter(|service| service.runs("grafana"))
        .collect();
    let is_known = |service: &&ComposeService| {
        !service.container.is_opaque
            && !service.environment.contains_key("GF_PATHS_PROVISIONING")
            && service.container.mounts.iter().all(|mount| {
                matches!(mount.source, MountSource::Setup(_))
                    || (inside(PROVISIONING, &mount.target).is_none()
                        && inside(&mount.target, PROVISIONING).is_none())
            })
    };
    (!all.is_empty() && all.iter().all(is_known)).then_some(all)
}

fn check_provisioning(facts: &Facts<'_>, seen: &Seen, findings: &mut Findings<'_>) {
    let Some(grafanas) = grafanas(facts) else {
        return;
    };
    // A Grafana that gets nothing at all from the setup is provisioned by other means.
    let mut provisioned = grafanas
        .iter()
        .flat_map(|service| service.container.files(facts.setup.listing()))
        .filter(|(path, _)| inside(PROVISIONING, path).is_some())
        .peekable();
    if provisioned.peek().is_none() {
        return;
    }
    for document in facts.setup.documents() {
        let what = match document.kind {
            Kind::Datasources => "these datasources",
            Kind::DashboardProviders => "these dashboard providers",
            Kind::GrafanaAlerting => "this alerting configuration",
            _ => continue,
        };
        if document.wrapper.is_some() || document.is_part() || seen.by_any.contains(&*document.path)
        {
            continue;
        }
        let place = first_item(document);
        let finding = findings
            .report(
                place,
                format!(
                    "no Grafana of the setup gets {what}: the file is neither mounted nor copied"
                ),
            )
            .label("never loaded");
        match grafanas.first() {
            Some(service) => finding.related("this is what Grafana gets", service.place()),
            None => finding,
        }
        .help("mount it below `/etc/grafana/provisioning`, or delete it");
    }
}

/// The first thing in a provisioning file.
fn first_item(document: &Document) -> crate::setup::Place {
    let first = document
        .root
        .entries()
        .iter()
        .find_map(|entry| entry.value.items().first());
    first.map_or_else(
        || document.head(),
        |item| crate::facts::alertmanager::head(document, item),
    )
}

fn check_dashboards(facts: &Facts<'_>, seen: &Seen, findings: &mut Findings<'_>) {
    // Every provider must be one of a Grafana that is known, and load from the setup.
    let is_known = grafanas(facts).is_some()
        && facts
            .providers
            .iter()
            .filter(|provider| provider.service.is_some())
            .all(|provider| !provider.files.is_empty() || provider.path.is_some());
    let mut loading = facts
        .providers
        .iter()
        .filter(|provider| provider.service.is_some() && !provider.files.is_empty())
        .peekable();
    let Some(provider) = loading.peek().filter(|_| is_known).copied() else {
        return;
    };
    for dashboard in &facts.dashboards {
        let document = facts.setup.document(dashboard.document);
        if !dashboard.loaded_by.is_empty() || document.wrapper.is_some() || document.is_part() {
            continue;
        }
        if dashboard.panels.is_empty()
            || seen.by_others.contains(&*document.path)
            || seen.homes.contains(&*document.path)
            || is_of_kustomize(facts, document)
        {
            continue;
        }
        report_dashboard(facts, dashboard, provider.name.place, findings);
    }
}

/// Whether Kustomize may make a ConfigMap of a file: one beside it or above it is there.
fn is_of_kustomize(facts: &Facts<'_>, document: &Document) -> bool {
    let directories = document.path.match_indices('/').map(|(at, _)| at + 1);
    [0].into_iter().chain(directories).any(|at| {
        let directory = &document.path[..at];
        ["kustomization.yaml", "kustomization.yml"]
            .iter()
            .any(|name| facts.setup.listing().is_file(&format!("{directory}{name}")))
    })
}

fn report_dashboard(
    facts: &Facts<'_>,
    dashboard: &Dashboard,
    provider: crate::setup::Place,
    findings: &mut Findings<'_>,
) {
    findings
        .report(
            dashboard.place(facts.setup),
            format!("no provider loads {}", dashboard.named()),
        )
        .label("never shown")
        .related("other dashboards come from here", provider)
        .help("put it where a provider looks, or delete it");
}
