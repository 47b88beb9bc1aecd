//! Compose projects: services, what runs in them, and what they see of the setup.

mod extends;
mod mount;
mod port;
mod service;

use std::collections::BTreeMap;

use indexmap::IndexMap;

pub use self::extends::extended;
use self::extends::{DEEPEST_EXTENDS, extended_by, inherited, templates};
use self::service::ServiceReader;
use crate::catalogue::{Catalogue, Image, Version};
use crate::document::{Entry, Node};
use crate::facts::container::Container;
use crate::facts::dockerfile::Dockerfile;
use crate::facts::image::ImageReference;
use crate::facts::interpolation::{Variables, assignments};
use crate::facts::text::{Known, Text};
use crate::setup::{Document, DocumentId, Kind, Place, Setup, joined};
use crate::source::Span;

/// Compose files that belong together: a base with its overlays and what it includes.
#[derive(Debug)]
pub struct ComposeProject {
    /// Its directory in the setup.
    pub directory: String,
    /// Its files, base first.
    pub documents: Vec<DocumentId>,
    /// Its services by name, in the order of the files.
    pub services: IndexMap<String, ComposeService>,
    /// Variables of its `.env`.
    pub variables: Variables,
    /// Networks that are made outside of it, so that services of other projects may be on them.
    pub external_networks: Vec<String>,
}

/// A service of a project.
#[derive(Debug)]
pub struct ComposeService {
    /// Its name, where it is first given.
    pub name: Text,
    /// Everything that is said of it, base first.
    pub layers: Vec<Layer>,
    /// The image, `image:` or what its Dockerfile builds on.
    pub image: Option<ImageReference>,
    /// What runs in it, where its image is well known.
    pub program: Option<Image>,
    /// Its build, where it has one.
    pub build: Option<Build>,
    /// `environment`, `env_file` and `ENV` of the Dockerfile; `None` for a variable that is passed through.
    pub environment: BTreeMap<String, Option<Known<Text>>>,
    /// Whether a file of `env_file` is not in the setup, so that `environment` may not be all.
    pub lacks_env_file: bool,
    /// `command`, or `CMD`.
    pub command: Vec<Text>,
    /// `entrypoint`, or `ENTRYPOINT`; empty for the image's own.
    pub entrypoint: Vec<Text>,
    /// `ports`.
    pub ports: Vec<PublishedPort>,
    /// Names under which others reach it: its own, `container_name`, `hostname`, aliases.
    pub hosts: Vec<String>,
    /// `networks`; empty for the default one.
    pub networks: Vec<String>,
    /// `profiles`.
    pub profiles: Vec<String>,
    /// The files that it sees.
    pub container: Container,
}

/// What one Compose file says of a service.
#[derive(Debug, Clone)]
pub struct Layer {
    /// The file.
    pub document: DocumentId,
    /// Where the service's name stands.
    pub key: Span,
    /// Its mapping.
    pub node: Node,
}

/// `build`.
#[derive(Debug)]
pub struct Build {
    /// The context in the setup; `None` where it leads out of it.
    pub context: Option<String>,
    /// The Dockerfile, where the setup holds it.
    pub dockerfile: Option<Dockerfile>,
    /// Where it is written.
    pub place: Place,
}

/// One entry of `ports`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedPort {
    /// The address of the host; `None` for all of them.
    pub host_address: Option<String>,
    /// The port of the host; `None` where Docker chooses.
    pub host_port: Option<u16>,
    /// The port in the container.
    pub container_port: u16,
    /// Where it is written.
    pub place: Place,
}

impl Layer {
    fn at(&self) -> (DocumentId, Span) {
        (self.document, self.key)
    }
}

impl ComposeService {
    /// Whether `program` of `templates/images.yaml` runs in it.
    pub fn runs(&self, program: &str) -> bool {
        self.program
            .as_ref()
            .is_some_and(|image| image.program == program)
    }

    /// The version of what runs in it, where the image's tag tells.
    pub fn version(&self) -> Option<Version> {
        self.image.as_ref()?.version
    }

    /// The value under `key`, of the last file that gives it.
    pub fn get(&self, key: &str) -> Option<(&Layer, &Entry)> {
        self.layers
            .iter()
            .rev()
            .find_map(|layer| Some((layer, layer.node.entry(key)?)))
    }

    /// The service whose network it shares, where it has none of its own: `network_mode: service:redis`.
    pub fn shares_network_of(&self) -> Option<&str> {
        let (_, entry) = self.get("network_mode")?;
        entry.value.as_str()?.strip_prefix("service:")
    }

    /// The value of an environment variable, where it is known.
    pub fn variable(&self, name: &str) -> Option<&Text> {
        self.environment.get(name)?.as_ref()?.value()
    }

    /// The value of `--name value`, `--name=value` or one dash, in `command` or `entrypoint`.
    pub fn flag(&self, name: &str) -> Option<Text> {
        self.flags(name).into_iter().next()
    }

    /// Every value of a flag that may be given several times.
    pub fn flags(&self, name: &str) -> Vec<Text> {
        let arguments: Vec<&Text> = self.entrypoint.iter().chain(&self.command).collect();
        let value = |(index, argument): (usize, &&Text)| {
            let bare = argument
                .value
                .strip_prefix("--")
                .or_else(|| argument.value.strip_prefix('-'))?;
            match bare.split_once('=') {
                Some((flag, value)) => (flag == name).then(|| Text::at(argument.place, value)),
                None if bare == name => arguments.get(index + 1).map(|next| (*next).clone()),
                None => None,
            }
        };
        arguments.iter().enumerate().filter_map(value).collect()
    }

    /// Whether `--name` is among the arguments, with or without a value.
    pub fn has_flag(&self, name: &str) -> bool {
        self.entrypoint.iter().chain(&self.command).any(|argument| {
            argument.value.trim_start_matches('-').split('=').next() == Some(name)
                && argument.value.starts_with('-')
        })
    }

    /// Where to point for the service as a whole.
    pub fn place(&self) -> Place {
        self.name.place
    }

    /// Whether both are on a network.
    pub fn reaches(&self, other: &Self) -> bool {
        let is_default = |service: &Self| service.networks.is_empty();
        (is_default(self) && is_default(other))
            || self
                .networks
                .iter()
                .any(|network| other.networks.contains(network))
            || (is_default(self) && other.networks.iter().any(|network| network == "default"))
            || (is_default(other) && self.networks.iter().any(|network| network == "default"))
    }

    /// Ports that something in it listens on as far as is known: of its image, its Dockerfile, and the container's side of
    /// `ports` and `expose`. Empty: nothing is known.
    pub fn listens_on(&self) -> Vec<u16> {
        let image = self
            .program
            .iter()
            .flat_map(|image| image.ports.iter().copied());
        let built = self
            .build
            .iter()
            .filter_map(|build| build.dockerfile.as_ref())
            .flat_map(|file| file.ports.iter().copied());
        let exposed = self
            .layers
            .iter()
            .filter_map(|layer| layer.node.get("expose"))
            .flat_map(|node| node.items())
            .filter_map(|item| item.scalar_text().split('/').next()?.parse().ok());
        let mut ports: Vec<u16> = image
            .chain(built)
            .chain(exposed)
            .chain(self.ports.iter().map(|port| port.container_port))
            .collect();
        ports.sort_unstable();
        ports.dedup();
        ports
    }
}

impl ComposeProject {
    /// The services that answer to a host name.
    pub fn services_at<'p>(&'p self, host: &'p str) -> impl Iterator<Item = &'p ComposeService> {
        self.services
            .values()
            .filter(move |service| service.hosts.iter().any(|name| name == host))
    }

    /// Whether services of other projects may be on a network of the service; `default` is that of services without any.
    pub fn is_open(&self, service: &ComposeService) -> bool {
        let is_external = |name: &String| self.external_networks.contains(name);
        match service.networks.is_empty() {
            true => self.external_networks.iter().any(|name| name == "default"),
            false => service.networks.iter().any(is_external),
        }
    }

    /// Whether two of its files are certainly used together. `compose.dev.yaml` and `compose.prod.yaml` are not, and either may
    /// be used without `compose.yaml`.
    pub fn are_together(setup: &Setup, one: DocumentId, other: DocumentId) -> bool {
        let is_default = |id| rank(&setup.document(id).name).0 != 1;
        one == other || (is_default(one) && is_default(other))
    }

    /// The services in which `program` runs.
    pub fn running<'p>(&'p self, program: &'p str) -> impl Iterator<Item = &'p ComposeService> {
        self.services
            .values()
            .filter(move |service| service.runs(program))
    }
}

/// Every project of a setup, by directory.
pub(super) fn projects(setup: &Setup, catalogue: &Catalogue) -> Vec<ComposeProject> {
    let mut by_directory: BTreeMap<String, Vec<&Document>> = BTreeMap::new();
    for document in setup.of_kind(Kind::Compose) {
        let directory = directory_of(&document.path).to_owned();
        by_directory.entry(directory).or_default().push(document);
    }
    let included: Vec<DocumentId> = by_directory
        .values()
        .flatten()
        .flat_map(|document| included(setup, document))
        .collect();
    by_directory
        .into_iter()
        .filter_map(|(directory, mut documents)| {
            documents.retain(|document| !included.contains(&document.id));
            documents.sort_by_key(|document| rank(&document.name));
            if documents.is_empty() {
                return None;
            }
            let mut all = documents;
            let mut next = 0;
            // Included files can include others, and each other.
            while let Some(document) = all.get(next) {
                for id in included_of(setup, document) {
                    if all.iter().all(|known| known.id != id) {
                        all.push(setup.document(id));
                    }
                }
                next += 1;
            }
            Some(project(setup, catalogue, directory, &all))
        })
        .collect()
}

/// The version of every program that an image pins; of several, the oldest. By its name in `templates/images.yaml`.
pub fn pinned_versions(setup: &Setup, catalogue: &Catalogue) -> BTreeMap<String, Version> {
    let mut pinned: BTreeMap<String, Version> = BTreeMap::new();
    for project in projects(setup, catalogue) {
        for service in project.services.values() {
            if let (Some(program), Some(version)) = (&service.program, service.version()) {
                let known = pinned.entry(program.program.clone()).or_insert(version);
                *known = version.min(*known);
            }
        }
    }
    pinned
}

fn included(setup: &Setup, document: &Document) -> Vec<DocumentId> {
    let mut ids = included_of(setup, document);
    ids.retain(|id| *id != document.id);
    ids
}

/// Files under `include` and `extends`.
fn included_of(setup: &Setup, document: &Document) -> Vec<DocumentId> {
    let items = document
        .root
        .get("include")
        .map_or(&[][..], |node| node.items());
    let mut paths: Vec<&str> = Vec::new();
    for item in items {
        paths.extend(item.as_str());
        if let Some(path) = item.get("path") {
            paths.extend(path.as_str());
            paths.extend(path.items().iter().filter_map(|path| path.as_str()));
        }
    }
    let mut ids = documents_at(setup, document, paths);
    ids.extend(extended_by(setup, document));
    ids
}

/// What lies at paths that a document names.
fn documents_at<'p>(
    setup: &Setup,
    document: &Document,
    paths: impl IntoIterator<Item = &'p str>,
) -> Vec<DocumentId> {
    let directory = directory_of(&document.path);
    let paths = paths.into_iter();
    paths
        .filter_map(|path| joined(directory, path))
        .flat_map(|path| setup.at(&path).map(|it| it.id).collect::<Vec<_>>())
        .collect()
}

/// The directory of a path; empty for the root.
pub fn directory_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(directory, _)| directory)
}

/// The base comes first, then the overlay that Compose reads by itself.
fn rank(name: &str) -> (u8, String) {
    let rank = match name {
        "compose.yaml" | "compose.yml" | "docker-compose.yml" | "docker-compose.yaml" => 0,
        name if name.contains("override") => 2,
        _ => 1,
    };
    (rank, name.to_owned())
}

fn project(
    setup: &Setup,
    catalogue: &Catalogue,
    directory: String,
    documents: &[&Document],
) -> ComposeProject {
    let env = joined(&directory, ".env").unwrap_or_default();
    let variables: Variables = setup
        .at(&env)
        .filter(|document| document.kind == Kind::EnvFile)
        .flat_map(assignments)
        .collect();
    let mut layers: IndexMap<String, (Text, Vec<Layer>)> = IndexMap::new();
    let extended: Vec<DocumentId> = documents
        .iter()
        .flat_map(|document| extended_by(setup, document))
        .filter(|id| *id != documents[0].id)
        .collect();
    let templates = templates(setup, documents);
    for document in documents {
        let is_only_extended =
            extended.contains(&document.id) && directory_of(&document.path) != directory;
        for entry in document
            .root
            .get("services")
            .map_or(&[][..], |node| node.entries())
        {
            if templates.contains(&(document.id, &*entry.key.text)) {
                continue;
            }
            let (_, layers) = layers
                .entry(entry.key.text.to_string())
                .or_insert_with(|| (Text::of_key(document, &entry.key), Vec::new()));
            // Of a file that is there to be extended from, a service of the same name is another one.
            if is_only_extended && !layers.is_empty() {
                continue;
            }
            let layer = Layer {
                document: document.id,
                key: entry.key.span,
                node: entry.value.clone(),
            };
            for inherited in inherited(setup, &layer, DEEPEST_EXTENDS) {
                if layers.iter().all(|known| known.at() != inherited.at()) {
                    layers.push(inherited);
                }
            }
            layers.push(layer);
        }
    }
    let mut services: IndexMap<String, ComposeService> = layers
        .into_iter()
        .map(|(key, (name, layers))| {
            let reader = ServiceReader {
                setup,
                catalogue,
                variables: &variables,
                layers: &layers,
                documents,
            };
            (key, reader.read(name))
        })
        .collect();
    for (linked, alias) in links(&services) {
        if let Some(service) = services.get_mut(&linked) {
            service.hosts.push(alias);
        }
    }
    ComposeProject {
        directory,
        documents: documents.iter().map(|document| document.id).collect(),
        services,
        variables,
        external_networks: external_networks(documents),
    }
}

/// Services that others know by a further name: `links: ["redis:cache"]`.
fn links(services: &IndexMap<String, ComposeService>) -> Vec<(String, String)> {
    let nodes = services.values().filter_map(|service| service.get("links"));
    let items = nodes.flat_map(|(_, entry)| entry.value.items());
    let pairs = items.filter_map(|link| link.scalar_text().split_once(':'));
    pairs
        .map(|(service, alias)| (service.to_owned(), alias.to_owned()))
        .collect()
}

fn external_networks(documents: &[&Document]) -> Vec<String> {
    let networks = documents.iter().flat_map(|document| {
        document
            .root
            .get("networks")
            .map_or(&[][..], |node| node.entries())
    });
    networks
        .filter(|network| {
            network
                .value
                .get("external")
                .is_some_and(|external| external.scalar_text() != "false")
        })
        .map(|network| network.key.text.to_string())
        .collect()
}
