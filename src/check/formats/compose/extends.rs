//! `extends`: a service on top of another one, of the same file or of another.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::load::{DEEPEST, Layer, Loader, Scope, without, without_key};
use super::merge::{map_values, merge, unique};
use super::project::{given, is_open, joined, kind, known_text, text_at, with};
use crate::check::formats::words::nearest;
use crate::document::{Entry, Node, Tag, Value};
use crate::source::{SourceFile, Span};

/// Where a service stands.
struct Home<'h> {
    services: &'h Node,
    file: Arc<SourceFile>,
    directory: &'h Path,
}

impl Loader<'_, '_> {
    /// The document with every `extends` followed.
    pub(super) fn extended(
        &mut self,
        layer: &Layer,
        file: &Arc<SourceFile>,
        directory: &Path,
        scope: &Scope,
    ) -> Option<Node> {
        let Some(services) = layer.model.entry("services") else {
            return Some(layer.model.clone());
        };
        if !matches!(services.value.value, Value::Mapping(_)) {
            let span = if services.value.span.is_empty() {
                services.key.span
            } else {
                services.value.span
            };
            let message = format!(
                "`services` is a mapping, and this is {}",
                kind(&services.value)
            );
            self.project.error("wrong-type", span, message).help =
                Some("write each service under its name".into());
            return None;
        }
        let mut chain = Vec::new();
        let mut entries = Vec::new();
        for service in services.value.entries() {
            chain.clear();
            let home = Home {
                services: &services.value,
                file: Arc::clone(file),
                directory,
            };
            let value = self.service(service, &home, scope, &layer.resets, &mut chain)?;
            entries.push(Entry {
                value,
                ..service.clone()
            });
        }
        let services = with(&services.value, Value::Mapping(entries.into()));
        Some(map_values(&layer.model, |name, value| match name {
            "services" => services.clone(),
            _ => value.clone(),
        }))
    }

    /// A service with what it extends below it.
    fn service(
        &mut self,
        service: &Entry,
        home: &Home<'_>,
        scope: &Scope,
        resets: &[Vec<String>],
        chain: &mut Vec<(PathBuf, String)>,
    ) -> Option<Node> {
        let Some(extends) = service.value.entry("extends") else {
            return Some(service.value.clone());
        };
        let name = &*service.key.text;
        let (reference, file) = match &extends.value.value {
            Value::Mapping(_) => (extends.value.get("service"), given(&extends.value, "file")),
            _ => (Some(&extends.value), None),
        };
        let Some(reference) = reference else {
            self.project
                .error(
                    "missing-field",
                    extends.key.span,
                    "`service` of `extends` is missing",
                )
                .help = Some("name the service to extend".into());
            return None;
        };
        for entry in extends.value.entries() {
            let key = &*entry.key.text;
            if !matches!(key, "service" | "file") {
                let near = nearest(key, ["service", "file"].into_iter());
                let message = format!("Compose does not look at `{key}` of `extends`");
                self.project
                    .warning("ignored-field", entry.key.span, message)
                    .help = near.map(|near| format!("did you mean `{near}`?"));
            }
        }
        let own = without_key(&service.value, "extends");
        if is_open(reference) || file.is_some_and(|file| is_open(&file.value)) {
            self.project.is_whole = false;
            return Some(own);
        }
        let Some(target) = reference.as_str() else {
            let message = format!("`extends` names a service, and this is {}", kind(reference));
            self.project
                .error("wrong-type", reference.span, message)
                .help = Some("write `extends: NAME`".into());
            return None;
        };
        let here = (home.file.path().to_owned(), name.to_owned());
        if chain.contains(&here) || chain.len() > DEEPEST {
            let message = format!("`{name}` extends itself, by way of others or not");
            self.project
                .error("dependency-cycle", extends.value.span, message)
                .help = Some("remove one of these `extends`".into());
            return None;
        }
        chain.push(here);
        let other;
        let base_home;
        let base = match file {
            None => {
                let Some(base) = home.services.entry(target) else {
                    self.unknown_base(home.services, target, reference.span);
                    return None;
                };
                self.service(base, home, scope, resets, chain)?
            }
            Some(file) => {
                let path = known_text(&file.value).unwrap_or_default();
                let whole = joined(home.directory, path);
                if self.project.options.files.is_none() {
                    self.project.is_whole = false;
                    return Some(own);
                }
                let Some(source) = self.project.file(&whole) else {
                    self.missing_file(path, file.value.span);
                    return None;
                };
                other = self.base_services(&source, scope, &file.value)?;
                base_home = whole.parent().map(Path::to_owned).unwrap_or_default();
                let home = Home {
                    services: &other,
                    file: source,
                    directory: &base_home,
                };
                let Some(base) = other.entry(target) else {
                    self.unknown_base(&other, target, reference.span);
                    return None;
                };
                let base = self.service(base, &home, scope, &[], chain)?;
                resolve_paths(&base, &base_home)
            }
        };
        if !matches!(base.value, Value::Mapping(_)) {
            return Some(own);
        }
        let base = at_service(&base, name, resets);
        Some(merge(
            self.project,
            &base,
            &own,
            &mut vec!["services", name],
        ))
    }

    fn unknown_base(&mut self, services: &Node, target: &str, span: Span) {
        let near = nearest(
            target,
            services.entries().iter().map(|entry| &*entry.key.text),
        );
        self.project
            .error(
                "undefined-service",
                span,
                format!("the service `{target}` is not there to be extended"),
            )
            .help = near.map(|near| format!("did you mean `{near}`?"));
    }

    pub(super) fn missing_file(&mut self, path: &str, span: Span) {
        self.project
            .error(
                "missing-file",
                span,
                format!("the file `{path}` is not there"),
            )
            .help = Some("create it, or correct the path".into());
    }

    /// The services of a file that somebody extends. Its shape is checked where they end up.
    fn base_services(
        &mut self,
        file: &Arc<SourceFile>,
        scope: &Scope,
        named: &Node,
    ) -> Option<Node> {
        let before = self.project.count();
        let mut model: Option<Node> = None;
        for layer in self.layers(file, scope)? {
            let merged = match &model {
                Some(base) => {
                    let base = without(base, &layer.resets, &mut Vec::new());
                    merge(self.project, &base, &layer.model, &mut Vec::new())
                }
                None => layer.model,
            };
            model = Some(unique(self.project, &merged));
        }
        let services = model.as_ref().and_then(|model| model.get("services"));
        let Some(services) = services.filter(|node| matches!(node.value, Value::Mapping(_))) else {
            let message = format!("`{}` has no services to extend", named.text);
            self.project.error("undefined-service", named.span, message);
            return None;
        };
        (self.project.count() == before).then(|| services.clone())
    }
}

/// A service that is extended, without what the service `name` resets.
fn at_service(base: &Node, name: &str, resets: &[Vec<String>]) -> Node {
    let mut place = vec!["services", name];
    without(base, resets, &mut place)
}

/// A service of another directory, the paths in it put together with that directory.
pub(super) fn resolve_paths(service: &Node, directory: &Path) -> Node {
    map_values(service, |name, value| match name {
        "env_file" | "label_file" => resolve(value, directory),
        _ => value.clone(),
    })
}

fn resolve(node: &Node, directory: &Path) -> Node {
    match &node.value {
        Value::Sequence(items) => {
            let items = items.iter().map(|item| resolve(item, directory)).collect();
            with(node, Value::Sequence(items))
        }
        Value::Mapping(_) => map_values(node, |name, value| match name {
            "path" => resolve(value, directory),
            _ => value.clone(),
        }),
        Value::String(text) if !is_open(node) && node.tag != Some(Tag::Joined) => {
            let path = joined(directory, text);
            let mut resolved = text_at(node, &path.to_string_lossy());
            resolved.tag = Some(Tag::Joined);
            resolved
        }
        _ => node.clone(),
    }
}
