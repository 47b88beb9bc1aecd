//! Compose projects: services, what runs in them, and what they see of the setup.

use std::collections::BTreeMap;
use std::sync::Arc;

use indexmap::IndexMap;

use super::container::{Container, Mount, MountSource, Via};
use super::dockerfile::Dockerfile;
use super::image::ImageReference;
use super::interpolation::{Variables, assignments, interpolate};
use super::text::{Known, Text};
use crate::catalogue::{Catalogue, Image, Version};
use crate::document::{Entry, Node, Value};
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
    pub node: Arc<Node>,
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

    /// The value of an environment variable, where it is known.
    pub fn variable(&self, name: &str) -> Option<&Text> {
        self.environment.get(name)?.as_ref()?.value()
    }

    /// The value of `--name value`, `--name=value` or one dash, in `command` or `entrypoint`.
    pub fn flag(&self, name: &str) -> Option<Text> {
        let arguments: Vec<&Text> = self.entrypoint.iter().chain(&self.command).collect();
        arguments.iter().enumerate().find_map(|(index, argument)| {
            let bare = argument
                .value
                .strip_prefix("--")
                .or_else(|| argument.value.strip_prefix('-'))?;
            match bare.split_once('=') {
                Some((flag, value)) => (flag == name).then(|| Text::at(argument.place, value)),
                None if bare == name => arguments.get(index + 1).map(|next| (*next).clone()),
                None => None,
            }
        })
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
    let directory = directory_of(&document.path);
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
    for service in document
        .root
        .get("services")
        .map_or(&[][..], |node| node.entries())
    {
        let file = service
            .value
            .get("extends")
            .and_then(|extends| extends.get("file"));
        paths.extend(file.and_then(|file| file.as_str()));
    }
    paths
        .into_iter()
        .filter_map(|path| joined(directory, path))
        .flat_map(|path| {
            setup
                .at(&path)
                .map(|document| document.id)
                .collect::<Vec<_>>()
        })
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
    for document in documents {
        for entry in document
            .root
            .get("services")
            .map_or(&[][..], |node| node.entries())
        {
            let (_, layers) = layers
                .entry(entry.key.text.to_string())
                .or_insert_with(|| (Text::of_key(document, &entry.key), Vec::new()));
            layers.push(Layer {
                document: document.id,
                key: entry.key.span,
                node: Arc::clone(&entry.value),
            });
        }
    }
    let services = layers
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
    ComposeProject {
        directory,
        documents: documents.iter().map(|document| document.id).collect(),
        services,
        variables,
        external_networks: external_networks(documents),
    }
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

struct ServiceReader<'r> {
    setup: &'r Setup,
    catalogue: &'r Catalogue,
    variables: &'r Variables,
    layers: &'r [Layer],
    documents: &'r [&'r Document],
}

impl ServiceReader<'_> {
    fn read(&self, name: Text) -> ComposeService {
        let build = self.build();
        let dockerfile = build.as_ref().and_then(|build| build.dockerfile.as_ref());
        let given = self
            .last("image")
            .map(|(document, entry)| self.text(document, &entry.value));
        // `image` beside `build` only names the result.
        let image = match &build {
            Some(_) => dockerfile.and_then(|file| file.base.clone()),
            None => given,
        }
        .map(ImageReference::of);
        let program = image
            .as_ref()
            .and_then(|image| {
                self.catalogue
                    .images()
                    .of_repository(image.repository.as_deref()?)
            })
            .cloned();
        let list = |key: &str| {
            self.last(key)
                .map(|(document, entry)| self.words(document, &entry.value))
        };
        let from_file =
            |pick: fn(&Dockerfile) -> &Vec<Text>| dockerfile.map(pick).cloned().unwrap_or_default();
        let command = list("command").unwrap_or_else(|| from_file(|file| &file.command));
        let entrypoint = list("entrypoint").unwrap_or_else(|| from_file(|file| &file.entrypoint));
        let hosts = self.hosts(&name);
        let container = self.container(build.as_ref());
        ComposeService {
            hosts,
            image,
            program,
            environment: self.environment(dockerfile),
            command,
            entrypoint,
            ports: self.ports(),
            networks: self.names("networks"),
            profiles: self.names("profiles"),
            container,
            build,
            layers: self.layers.to_vec(),
            name,
        }
    }

    fn document(&self, layer: &Layer) -> &Document {
        self.setup.document(layer.document)
    }

    fn last(&self, key: &str) -> Option<(&Document, &Entry)> {
        self.layers
            .iter()
            .rev()
            .find_map(|layer| Some((self.document(layer), layer.node.entry(key)?)))
    }

    /// Every layer's value under `key`.
    fn all(&self, key: &str) -> impl Iterator<Item = (&Document, &Arc<Node>)> {
        self.layers
            .iter()
            .filter_map(move |layer| Some((self.document(layer), layer.node.get(key)?)))
    }

    /// A scalar with variables filled in.
    fn text(&self, document: &Document, node: &Node) -> Known<Text> {
        match interpolate(node.scalar_text(), self.variables) {
            Known::Value(value) if value == node.scalar_text() => {
                Known::Value(Text::of(document, node))
            }
            Known::Value(value) => Known::Value(Text::at(document.place(node.span), value)),
            Known::Placeholder(name) => Known::Placeholder(name),
        }
    }

    /// A list of words, or a text that a shell would split. What is not known stays as it is written.
    fn words(&self, document: &Document, node: &Node) -> Vec<Text> {
        let word = |node: &Node| match self.text(document, node) {
            Known::Value(text) => text,
            Known::Placeholder(_) => Text::of(document, node),
        };
        match &node.value {
            Value::Sequence(items) => items.iter().map(|item| word(item)).collect(),
            Value::String(_) => {
                let whole = word(node);
                let words = whole.value.split_whitespace();
                words
                    .map(|part| Text::at(whole.place, part.trim_matches(['"', '\''])))
                    .collect()
            }
            _ => Vec::new(),
        }
    }

    /// Items of a list or keys of a mapping, of every layer.
    fn names(&self, key: &str) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for (_, node) in self.all(key) {
            names.extend(
                node.items()
                    .iter()
                    .map(|item| item.scalar_text().to_owned()),
            );
            names.extend(
                node.entries()
                    .iter()
                    .map(|entry| entry.key.text.to_string()),
            );
        }
        names.dedup();
        names
    }

    fn hosts(&self, name: &Text) -> Vec<String> {
        let mut hosts = vec![name.value.to_string()];
        for key in ["container_name", "hostname"] {
            let text = self
                .last(key)
                .map(|(document, entry)| self.text(document, &entry.value));
            hosts.extend(text.and_then(|text| text.value().map(|text| text.value.to_string())));
        }
        for (_, networks) in self.all("networks") {
            for network in networks.entries() {
                let aliases = network
                    .value
                    .get("aliases")
                    .map_or(&[][..], |node| node.items());
                hosts.extend(aliases.iter().map(|alias| alias.scalar_text().to_owned()));
            }
        }
        for (_, links) in self.all("links") {
            let aliases = links
                .items()
                .iter()
                .filter_map(|link| link.scalar_text().split_once(':'));
            hosts.extend(aliases.map(|(_, alias)| alias.to_owned()));
        }
        hosts
    }

    fn build(&self) -> Option<Build> {
        let (document, entry) = self.last("build")?;
        let node = &entry.value;
        let text = |node: &Node| {
            self.text(document, node)
                .value()
                .map(|text| text.value.to_string())
        };
        let context = match node.as_str() {
            Some(_) => text(node)?,
            None => node
                .get("context")
                .map_or(Some(".".to_owned()), |node| text(node))?,
        };
        let context = joined(directory_of(&document.path), &context);
        let name = node
            .get("dockerfile")
            .and_then(|node| text(node))
            .unwrap_or_else(|| "Dockerfile".into());
        let dockerfile = context.as_ref().and_then(|context| {
            let path = joined(context, &name)?;
            let document = self
                .setup
                .at(&path)
                .find(|document| document.kind == Kind::Dockerfile)?;
            Some(Dockerfile::of(document))
        });
        Some(Build {
            context,
            dockerfile,
            place: document.place(entry.key.span),
        })
    }

    fn environment(
        &self,
        dockerfile: Option<&Dockerfile>,
    ) -> BTreeMap<String, Option<Known<Text>>> {
        let mut all = BTreeMap::new();
        for (name, value) in dockerfile.iter().flat_map(|file| &file.environment) {
            all.insert(name.clone(), Some(Known::Value(value.clone())));
        }
        for (document, node) in self.all("env_file") {
            let paths = node.as_str().into_iter().chain(
                node.items()
                    .iter()
                    .filter_map(|item| item.as_str().or_else(|| item.get("path")?.as_str())),
            );
            for path in paths.filter_map(|path| joined(directory_of(&document.path), path)) {
                for file in self
                    .setup
                    .at(&path)
                    .filter(|document| document.kind == Kind::EnvFile)
                {
                    for (name, value) in assignments(file) {
                        all.insert(name, Some(Known::Value(Text::at(file.head(), value))));
                    }
                }
            }
        }
        for (document, node) in self.all("environment") {
            for entry in node.entries() {
                let value = match entry.value.value {
                    Value::Null => None,
                    _ => Some(self.text(document, &entry.value)),
                };
                all.insert(entry.key.text.to_string(), value);
            }
            for item in node.items() {
                let text = item.scalar_text();
                let Some((name, value)) = text.split_once('=') else {
                    all.insert(text.to_owned(), None);
                    continue;
                };
                let value = match interpolate(value, self.variables) {
                    Known::Value(value) => Known::Value(Text::at(document.place(item.span), value)),
                    Known::Placeholder(name) => Known::Placeholder(name),
                };
                all.insert(name.to_owned(), Some(value));
            }
        }
        all
    }

    fn ports(&self) -> Vec<PublishedPort> {
        let mut ports = Vec::new();
        for (document, node) in self.all("ports") {
            for item in node.items() {
                let place = document.place(item.span);
                let known = match item.value {
                    Value::Mapping(_) => long_port(item, place),
                    _ => self
                        .text(document, item)
                        .value()
                        .and_then(|text| short_port(&text.value, place)),
                };
                ports.extend(known);
            }
        }
        ports
    }

    fn container(&self, build: Option<&Build>) -> Container {
        let mut container = Container::default();
        if let Some(build) = build {
            match (&build.dockerfile, &build.context) {
                (Some(file), Some(context)) => {
                    container.is_opaque = file.has_stages;
                    container.mounts = self.copies(file, context);
                }
                _ => container.is_opaque = true,
            }
        }
        for (document, node) in self.all("volumes") {
            for item in node.items() {
                let mount = match item.value {
                    Value::Mapping(_) => self.long_volume(document, item),
                    _ => self.short_volume(document, item),
                };
                container.mounts.extend(mount);
            }
        }
        for section in ["configs", "secrets"] {
            for (document, node) in self.all(section) {
                let mounts = node
                    .items()
                    .iter()
                    .filter_map(|item| self.config(document, section, item));
                container.mounts.extend(mounts);
            }
        }
        container
    }

    fn copies(&self, file: &Dockerfile, context: &str) -> Vec<Mount> {
        let listing = self.setup.listing();
        let mut mounts = Vec::new();
        for copy in &file.copies {
            let source = copy.source.value.trim_start_matches('/');
            let Some(path) = joined(context, source) else {
                continue;
            };
            let target = copy.destination.value.trim_end_matches('/').to_owned();
            let into = copy.destination.value.ends_with('/') || copy.is_one_of_many;
            let mut add = |path: String, target: String| {
                mounts.push(Mount {
                    target,
                    source: MountSource::Setup(path),
                    via: Via::Copy,
                    place: copy.source.place,
                });
            };
            if super::container::has_wildcard(&path) {
                let files: Vec<String> = listing
                    .files()
                    .filter(|file| super::container::glob_matches(&path, file))
                    .map(str::to_owned)
                    .collect();
                for file in files {
                    let name = file.rsplit('/').next().unwrap_or(&file).to_owned();
                    add(file, format!("{target}/{name}"));
                }
                continue;
            }
            // A directory is copied as its content, a file into a directory under its name.
            let name = path.rsplit('/').next().unwrap_or_default().to_owned();
            match into && !listing.is_directory(&path) {
                true => add(path, format!("{target}/{name}")),
                false => add(path, target),
            }
        }
        mounts
    }

    fn source(&self, document: &Document, source: &str) -> MountSource {
        match source {
            _ if source.contains('$') => MountSource::Unknown(source.to_owned()),
            _ if source.starts_with('.') => match joined(directory_of(&document.path), source) {
                Some(path) => MountSource::Setup(path),
                None => MountSource::Elsewhere(source.to_owned()),
            },
            _ => MountSource::Elsewhere(source.to_owned()),
        }
    }

    fn short_volume(&self, document: &Document, item: &Node) -> Option<Mount> {
        let place = document.place(item.span);
        let text = match self.text(document, item) {
            Known::Value(text) => text.value.to_string(),
            Known::Placeholder(_) => item.scalar_text().to_owned(),
        };
        // A colon within `${…}` separates nothing.
        let (source, rest) = split_outside_braces(&text)?;
        let target = split_outside_braces(rest).map_or(rest, |(target, _)| target);
        if !target.starts_with('/') {
            return None;
        }
        Some(Mount {
            target: target.trim_end_matches('/').to_owned(),
            source: self.source(document, source),
            via: Via::ShortVolume,
            place,
        })
    }

    fn long_volume(&self, document: &Document, item: &Node) -> Option<Mount> {
        let text = |key: &str| {
            let node = item.get(key)?;
            Some(match self.text(document, node) {
                Known::Value(text) => text.value.to_string(),
                Known::Placeholder(_) => node.scalar_text().to_owned(),
            })
        };
        let source = match (text("type").as_deref(), text("source")) {
            (Some("bind"), Some(source)) => {
                let relative = if source.starts_with(['.', '/', '$', '~']) {
                    source
                } else {
                    format!("./{source}")
                };
                self.source(document, &relative)
            }
            (_, source) => MountSource::Elsewhere(source.unwrap_or_default()),
        };
        Some(Mount {
            target: text("target")?.trim_end_matches('/').to_owned(),
            source,
            via: Via::LongVolume,
            place: document.place(item.span),
        })
    }

    fn config(&self, document: &Document, section: &str, item: &Node) -> Option<Mount> {
        let name = item.as_str().or_else(|| item.get("source")?.as_str())?;
        let target = item.get("target").and_then(|node| node.as_str());
        let target = match (target, section) {
            (Some(target), _) if target.starts_with('/') => target.to_owned(),
            (target, "secrets") => format!("/run/secrets/{}", target.unwrap_or(name)),
            (target, _) => format!("/{}", target.unwrap_or(name)),
        };
        let source = self.documents.iter().find_map(|other| {
            let file = other.root.get(section)?.get(name)?.get("file")?.as_str()?;
            let file = if file.starts_with(['.', '/', '$', '~']) {
                file.to_owned()
            } else {
                format!("./{file}")
            };
            Some(self.source(other, &file))
        });
        Some(Mount {
            target,
            source: source.unwrap_or_else(|| MountSource::Elsewhere(name.to_owned())),
            via: Via::Config,
            place: document.place(item.span),
        })
    }
}

/// At the first colon that is not within braces.
fn split_outside_braces(text: &str) -> Option<(&str, &str)> {
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            b':' if depth == 0 => return Some((&text[..at], &text[at + 1..])),
            _ => {}
        }
    }
    None
}

fn long_port(item: &Node, place: Place) -> Option<PublishedPort> {
    let number = |key: &str| {
        item.get(key)
            .and_then(|node| node.scalar_text().parse().ok())
    };
    Some(PublishedPort {
        host_address: item
            .get("host_ip")
            .map(|node| node.scalar_text().to_owned()),
        host_port: number("published"),
        container_port: number("target")?,
        place,
    })
}

/// `[[address:]port:]port[/protocol]`; of a range the first port counts.
fn short_port(text: &str, place: Place) -> Option<PublishedPort> {
    let text = text.split('/').next()?;
    let first = |range: &str| {
        range
            .split('-')
            .next()
            .and_then(|port| port.parse::<u16>().ok())
    };
    let (host, container) = match text.rsplit_once(':') {
        Some((host, container)) => (Some(host), container),
        None => (None, text),
    };
    let (host_address, host_port) = match host {
        None => (None, None),
        Some(host) => match host.rsplit_once(':') {
            Some((address, port)) => (
                Some(address.trim_matches(['[', ']']).to_owned()),
                first(port),
            ),
            None => (None, first(host)),
        },
    };
    Some(PublishedPort {
        host_address: host_address.filter(|address| !address.is_empty()),
        host_port,
        container_port: first(container)?,
        place,
    })
}
