//! One service of a project, read from the files that describe it.

use std::collections::BTreeMap;

use super::port::{long_port, short_port};
use super::{Build, ComposeService, Layer, PublishedPort, directory_of};
use crate::catalogue::Catalogue;
use crate::document::{Entry, Node, Value};
use crate::facts::dockerfile::Dockerfile;
use crate::facts::image::ImageReference;
use crate::facts::interpolation::{Variables, assignments, interpolate};
use crate::facts::text::{Known, Text};
use crate::setup::{Document, Kind, Setup, joined};

/// Reads one service from the files that describe it.
pub(super) struct ServiceReader<'r> {
    pub setup: &'r Setup,
    pub catalogue: &'r Catalogue,
    pub variables: &'r Variables,
    pub layers: &'r [Layer],
    pub documents: &'r [&'r Document],
}

impl ServiceReader<'_> {
    pub fn read(&self, name: Text) -> ComposeService {
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
        let program = image.as_ref().and_then(|image| {
            self.catalogue
                .images()
                .of_repository(image.repository.as_deref()?)
        });
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
            lacks_env_file: self.env_files().iter().any(Option::is_none),
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

    pub fn document(&self, layer: &Layer) -> &Document {
        self.setup.document(layer.document)
    }

    fn last(&self, key: &str) -> Option<(&Document, &Entry)> {
        self.layers
            .iter()
            .rev()
            .find_map(|layer| Some((self.document(layer), layer.node.entry(key)?)))
    }

    /// Every layer's value under `key`.
    pub fn all(&self, key: &str) -> impl Iterator<Item = (&Document, &Node)> {
        self.layers
            .iter()
            .filter_map(move |layer| Some((self.document(layer), layer.node.get(key)?)))
    }

    /// A scalar with variables filled in.
    pub fn text(&self, document: &Document, node: &Node) -> Known<Text> {
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
            Value::Sequence(items) => items.iter().map(&word).collect(),
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
            None => node.get("context").map_or(Some(".".to_owned()), &text)?,
        };
        let context = joined(directory_of(&document.path), &context);
        let name = node
            .get("dockerfile")
            .and_then(text)
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

    /// The files of `env_file`; `None` for one that the setup does not hold.
    fn env_files(&self) -> Vec<Option<&Document>> {
        let mut files = Vec::new();
        for (document, node) in self.all("env_file") {
            let paths = node.as_str().into_iter().chain(
                node.items()
                    .iter()
                    .filter_map(|item| item.as_str().or_else(|| item.get("path")?.as_str())),
            );
            for path in paths {
                let mut found = joined(directory_of(&document.path), path)
                    .into_iter()
                    .flat_map(|path| self.setup.at(&path).collect::<Vec<_>>())
                    .filter(|document| document.kind == Kind::EnvFile);
                files.push(found.next());
            }
        }
        files
    }

    fn environment(
        &self,
        dockerfile: Option<&Dockerfile>,
    ) -> BTreeMap<String, Option<Known<Text>>> {
        let mut all = BTreeMap::new();
        for (name, value) in dockerfile.iter().flat_map(|file| &file.environment) {
            all.insert(name.clone(), Some(Known::Value(value.clone())));
        }
        for file in self.env_files().into_iter().flatten() {
            for (name, value) in assignments(file) {
                all.insert(name, Some(Known::Value(Text::at(file.head(), value))));
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
}
