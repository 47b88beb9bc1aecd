//! Dashboard providers: which directories Grafana loads dashboards from.

use super::compose::ComposeProject;
use super::container::Resolved;
use super::prometheus::ServiceId;
use super::text::Text;
use crate::document::Node;
use crate::setup::{DocumentId, Kind, Setup};

/// One entry of `providers`.
#[derive(Debug)]
pub struct DashboardProvider {
    /// The file.
    pub document: DocumentId,
    /// Its name.
    pub name: Text,
    /// `options.path`.
    pub path: Option<Text>,
    /// The service whose Grafana reads the file; `None` where the setup does not tell.
    pub service: Option<ServiceId>,
    /// Where the path leads in that service.
    pub resolved: Option<Resolved>,
    /// Files of the setup at or below it, as far as is known.
    pub files: Vec<String>,
    /// Its mapping.
    pub node: Node,
}

/// Where Grafana's provisioning lies, unless `GF_PATHS_PROVISIONING` says otherwise.
pub const PROVISIONING: &str = "/etc/grafana/provisioning";

/// Every provider of a setup.
pub(super) fn providers(setup: &Setup, projects: &[ComposeProject]) -> Vec<DashboardProvider> {
    let mut providers = Vec::new();
    for document in setup.of_kind(Kind::DashboardProviders) {
        let service = grafana_with(setup, projects, &document.path);
        for node in document
            .root
            .get("providers")
            .map_or(&[][..], |node| node.items())
        {
            let text = |node: Option<&Node>| {
                node.filter(|node| node.as_str().is_some())
                    .map(|node| Text::of(document, node))
            };
            let path = text(node.get("options").and_then(|options| options.get("path")));
            let resolved = path.as_ref().zip(service.as_ref()).and_then(|(path, id)| {
                let service = projects.get(id.project)?.services.get(&id.service)?;
                Some(service.container.resolve(setup.listing(), &path.value))
            });
            let files = path.as_ref().zip(service.as_ref()).and_then(|(path, id)| {
                let service = projects.get(id.project)?.services.get(&id.service)?;
                let files = service.container.files(setup.listing());
                let below = files
                    .into_iter()
                    .filter(|(file, _)| super::container::inside(&path.value, file).is_some());
                Some(below.map(|(_, file)| file).collect())
            });
            providers.push(DashboardProvider {
                document: document.id,
                name: text(node.get("name"))
                    .unwrap_or_else(|| Text::at(document.place(node.span), "")),
                path,
                service: service.clone(),
                resolved,
                files: files.unwrap_or_default(),
                node: node.clone(),
            });
        }
    }
    providers
}

/// The Grafana that sees the file at `path` below its provisioning directory.
pub fn grafana_with(setup: &Setup, projects: &[ComposeProject], path: &str) -> Option<ServiceId> {
    projects.iter().enumerate().find_map(|(index, project)| {
        project.running("grafana").find_map(|service| {
            let provisioning = service.variable("GF_PATHS_PROVISIONING");
            let provisioning = provisioning.map_or(PROVISIONING, |path| path.as_str());
            let sees = service
                .container
                .files(setup.listing())
                .iter()
                .any(|(target, file)| {
                    file == path && super::container::inside(provisioning, target).is_some()
                });
            sees.then(|| ServiceId {
                project: index,
                service: service.name.value.to_string(),
            })
        })
    })
}
