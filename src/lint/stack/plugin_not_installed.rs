use std::collections::BTreeSet;

use crate::diagnostic::{Level, Safety};
use crate::facts::Facts;
use crate::facts::compose::ComposeService;
use crate::facts::container::{MountSource, inside};
use crate::facts::provider::grafana_with;
use crate::facts::text::Text;
use crate::lint::rewriting::{Edits, in_place, with_variable};
use crate::lint::{Findings, Lint, Need};

pub(super) static LINT: Lint = Lint {
    id: "stack/plugin-not-installed",
    level: Level::Error,
    summary: "a panel or datasource needs a plugin that Grafana does not get",
    needs: &[Need::Files],
    check,
};

/// Variables that name plugins to install.
const VARIABLES: [&str; 4] = [
    "GF_INSTALL_PLUGINS",
    "GF_PLUGINS_PREINSTALL",
    "GF_PLUGINS_PREINSTALL_SYNC",
    "GF_INSTALL_PLUGINS_FORCE",
];

/// Where plugins lie.
const PLUGINS: &str = "/var/lib/grafana/plugins";

/// What a Grafana has beside what its image brings.
struct Installed<'f> {
    service: &'f ComposeService,
    names: BTreeSet<String>,
    /// Whether somebody may have installed more by hand, into a volume that stays.
    keeps_data: bool,
}

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    let services: Vec<&ComposeService> = facts
        .projects
        .iter()
        .flat_map(|project| project.running("grafana"))
        .collect();
    // With several Grafanas, each may have what the other lacks.
    let [service] = services.as_slice() else {
        return;
    };
    let Some(installed) = installed(service) else {
        return;
    };
    let mut told: BTreeSet<(crate::setup::DocumentId, String)> = BTreeSet::new();
    for dashboard in &facts.dashboards {
        if dashboard.loaded_by.is_empty() {
            continue;
        }
        for panel in &dashboard.panels {
            let kind = panel.kind.as_str();
            if is_plugin(kind, "panel")
                && !facts
                    .catalogue
                    .grafana()
                    .panels
                    .iter()
                    .any(|known| known == kind)
                && facts.catalogue.grafana().given_up(kind).is_none()
                && told.insert((dashboard.document, kind.to_owned()))
            {
                installed.report(facts, &panel.named(), &panel.kind, findings);
            }
        }
    }
    for datasource in &facts.datasources {
        let kind = datasource.kind.as_str();
        let path = &facts.setup.document(datasource.document).path;
        if is_plugin(kind, "datasource")
            && !facts
                .catalogue
                .grafana()
                .datasources
                .iter()
                .any(|known| known == kind)
            && grafana_with(facts.setup, &facts.projects, path).is_some()
            && told.insert((datasource.document, kind.to_owned()))
        {
            let owner = format!("datasource `{}`", datasource.name.as_str());
            installed.report(facts, &owner, &datasource.kind, findings);
        }
    }
}

/// `author-name-panel`: what Grafana itself has is named in one word.
fn is_plugin(kind: &str, what: &str) -> bool {
    kind.split('-').count() >= 3 && kind.ends_with(&format!("-{what}"))
}

/// `None` where that is not known.
fn installed(service: &ComposeService) -> Option<Installed<'_>> {
    let mut names = BTreeSet::new();
    for variable in VARIABLES {
        match service.environment.get(variable) {
            None => {}
            Some(None) => return None,
            Some(Some(value)) => {
                // `https://…/x.zip;name`, `name 1.2.3`, `name@1.2.3`.
                for part in value.value()?.as_str().split(',') {
                    names.extend(
                        part.split([';', ' ', '@'])
                            .map(|word| word.trim().to_owned()),
                    );
                }
            }
        }
    }
    if service.get("env_file").is_some() || service.environment.contains_key("GF_PATHS_PLUGINS") {
        return None;
    }
    if let Some(build) = &service.build {
        let file = build.dockerfile.as_ref()?;
        if file.has_stages {
            return None;
        }
        for run in &file.runs {
            names.extend(run.as_str().split_whitespace().map(str::to_owned));
        }
    }
    // An entry point or a mount of plugins may bring anything.
    let brings = service
        .container
        .mounts
        .iter()
        .any(|mount| inside(PLUGINS, &mount.target).is_some());
    if brings || !service.entrypoint.is_empty() {
        return None;
    }
    let keeps_data = service.container.mounts.iter().any(|mount| {
        inside(&mount.target, PLUGINS).is_some() && !matches!(mount.source, MountSource::Setup(_))
    });
    Some(Installed {
        service,
        names,
        keeps_data,
    })
}

impl Installed<'_> {
    /// The plugin among those that Grafana installs.
    fn with(&self, facts: &Facts<'_>, name: &str) -> Option<Edits> {
        let given = VARIABLES
            .iter()
            .find_map(|variable| self.service.variable(variable));
        match given {
            Some(list) => {
                let new = match list.as_str() {
                    "" => return None,
                    others => format!("{others},{name}"),
                };
                in_place(facts.setup, list.place, list.as_str(), &new)
            }
            None => with_variable(facts, self.service, VARIABLES[0], name),
        }
    }

    fn report(&self, facts: &Facts<'_>, owner: &str, kind: &Text, findings: &mut Findings<'_>) {
        let name = kind.as_str();
        if self.names.contains(name) {
            return;
        }
        let mut finding = findings
            .report(
                kind.place,
                format!("{owner} needs the plugin `{name}`, which Grafana does not have"),
            )
            .label("not installed")
            .related("this Grafana shows it", self.service.place())
            .help(format!("add `{name}` to `GF_INSTALL_PLUGINS`"));
        if let Some(edits) = self.with(facts, name) {
            finding = finding.fix(Safety::Unsafe, format!("install `{name}`"), edits);
        }
        if self.keeps_data {
            finding.assuming("nobody installed it by hand into Grafana's volume");
        }
    }
}
