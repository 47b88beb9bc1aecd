use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::facts::container::inside;
use crate::facts::provider::PROVISIONING;
use crate::lint::{Findings, Lint, Need};
use crate::setup::{Document, Kind};

pub(super) static LINT: Lint = Lint {
    id: "provisioning/nested-file",
    level: Level::Error,
    summary: "a provisioning file in a sub-directory, where Grafana does not look",
    needs: &[Need::Files],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for document in facts.setup.documents() {
        let Some(directory) = directory(document.kind) else {
            continue;
        };
        if document.wrapper.is_some() {
            continue;
        }
        let paths = seen_at(facts, document);
        if let Some(place) = astray(&paths, directory) {
            let message = format!(
                "`{}` is at `{place}`: Grafana reads such files only from `{PROVISIONING}/{directory}`",
                document.name
            );
            findings
                .report(document.head(), message)
                .label("never loaded")
                .help(format!(
                    "mount it at `{PROVISIONING}/{directory}/{}`",
                    document.name
                ));
            continue;
        }
        let nested = match paths.as_slice() {
            // Without a container, a path that is written as Grafana expects it tells enough.
            [] => document
                .path
                .rsplit_once(&format!("provisioning/{directory}/"))
                .map(|(_, below)| below)
                .filter(|below| below.contains('/')),
            paths => {
                let below: Vec<&str> = paths
                    .iter()
                    .filter_map(|path| inside(&format!("{PROVISIONING}/{directory}"), path))
                    .collect();
                let is_loaded = below.iter().any(|path| !path.contains('/'));
                below.first().filter(|_| !is_loaded).copied()
            }
        };
        let Some(below) = nested else { continue };
        let name = below.rsplit('/').next().unwrap_or(below);
        let message = format!(
            "`{name}` is in a sub-directory of `{directory}`: Grafana reads only the files directly in it"
        );
        findings
            .report(document.head(), message)
            .label("never loaded")
            .help(format!(
                "move it up, to `provisioning/{directory}/{name}`, or mount it there"
            ));
    }
}

/// Where a file is among those that provision Grafana, but neither in the directory of its kind nor below it.
fn astray<'p>(paths: &'p [String], directory: &str) -> Option<&'p str> {
    let is_at = |path: &String| inside(&format!("{PROVISIONING}/{directory}"), path).is_some();
    let mut among = paths
        .iter()
        .filter(|path| inside(PROVISIONING, path).is_some());
    among
        .next()
        .filter(|_| !paths.iter().any(is_at))
        .map(String::as_str)
}

const fn directory(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Datasources => Some("datasources"),
        Kind::DashboardProviders => Some("dashboards"),
        Kind::GrafanaAlerting => Some("alerting"),
        _ => None,
    }
}

/// Where Grafana's containers have the file.
fn seen_at(facts: &Facts<'_>, document: &Document) -> Vec<String> {
    let services = facts
        .projects
        .iter()
        .flat_map(|project| project.running("grafana"));
    services
        .flat_map(|service| service.container.files(facts.setup.listing()))
        .filter(|(_, file)| **file == *document.path)
        .map(|(path, _)| path)
        .collect()
}
