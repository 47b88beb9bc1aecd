//! Where a container sees which files: volumes, configs, secrets, and what its image copies.

use super::service::ServiceReader;
use super::{Build, directory_of};
use crate::document::{Node, Value};
use crate::facts::container::{Container, Mount, MountSource, Via, glob_matches, has_wildcard};
use crate::facts::dockerfile::Dockerfile;
use crate::facts::text::Known;
use crate::setup::{Document, joined};

impl ServiceReader<'_> {
    /// What the service sees of the setup.
    pub fn container(&self, build: Option<&Build>) -> Container {
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
            if has_wildcard(&path) {
                let files: Vec<String> = listing
                    .files()
                    .filter(|file| glob_matches(&path, file))
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
