//! `include`: other Compose files with a directory and variables of their own.

use std::path::Path;
use std::sync::Arc;

use super::extends::resolve_paths;
use super::load::{DEEPEST, Loader, Scope, without_key};
use super::merge::{map_values, merge};
use super::project::{is_open, joined, kind, with};
use crate::check::formats::words::nearest;
use crate::document::{Node, Value};
use crate::source::SourceFile;

impl Loader<'_, '_> {
    /// The document with what it includes.
    pub(super) fn included(
        &mut self,
        model: Node,
        file: &Arc<SourceFile>,
        directory: &Path,
        scope: &Scope,
    ) -> Option<Node> {
        let Some(include) = model.entry("include").cloned() else {
            return Some(model);
        };
        let mut model = without_key(&model, "include");
        if include.value.value == Value::Null {
            return Some(model);
        }
        let Value::Sequence(items) = &include.value.value else {
            let message = format!(
                "`include` takes a list, and this is {}",
                kind(&include.value)
            );
            self.project
                .error("wrong-type", include.value.span, message)
                .help = Some("write `- FILE`, one in a line".into());
            return None;
        };
        if self.project.options.files.is_none() {
            self.project.is_whole = false;
            return Some(model);
        }
        let own = model.clone();
        for item in items.iter() {
            let Some(read) = self.include(item, file, directory, scope)? else {
                continue;
            };
            model = self.imported(&model, &own, &read)?;
        }
        Some(model)
    }

    /// One entry of `include`; `Some(None)` where nothing can be said about it.
    fn include(
        &mut self,
        item: &Node,
        file: &Arc<SourceFile>,
        directory: &Path,
        scope: &Scope,
    ) -> Option<Option<Node>> {
        let list = |node: Option<&Node>| -> Vec<Node> {
            match node.map(|node| &node.value) {
                Some(Value::Sequence(items)) => items.to_vec(),
                Some(Value::String(_)) => node.cloned().into_iter().collect(),
                _ => Vec::new(),
            }
        };
        self.check_item(item)?;
        let paths = match &item.value {
            Value::Mapping(_) => list(item.get("path")),
            _ => list(Some(item)),
        };
        let env_files = list(item.get("env_file"));
        let own_directory = item.get("project_directory");
        if paths
            .iter()
            .chain(&env_files)
            .chain(own_directory)
            .any(is_open)
        {
            self.project.is_whole = false;
            return Some(None);
        }
        let mut files = Vec::new();
        let mut wholes = Vec::new();
        for path in &paths {
            let whole = joined(directory, &path.text);
            let Some(source) = self.project.file(&whole) else {
                self.missing_file(&path.text, path.span);
                return None;
            };
            files.push(source);
            wholes.push(whole);
        }
        let (Some(first), Some(path)) = (wholes.first(), paths.first()) else {
            return Some(None);
        };
        let here = joined(Path::new(""), &file.path().to_string_lossy());
        if self.including.contains(first) || *first == here || self.including.len() > DEEPEST {
            let message = format!(
                "`{}` is included by itself, by way of others or not",
                path.text
            );
            self.project
                .error("dependency-cycle", path.span, message)
                .help = Some("remove one of these `include`s".into());
            return None;
        }
        let inner_directory = match own_directory.and_then(|node| node.as_str()) {
            Some(path) => joined(directory, path),
            None => first.parent().map(Path::to_owned).unwrap_or_default(),
        };
        let mut inner = scope.clone();
        if env_files.is_empty() {
            inner = inner.and(self.project, &inner_directory.join(".env"));
        }
        for env_file in &env_files {
            let whole = joined(directory, &env_file.text);
            if self.project.file(&whole).is_none() {
                self.missing_file(&env_file.text, env_file.span);
                return None;
            }
            inner = inner.and(self.project, &whole);
        }
        self.including.push(here);
        let model = self.load(&files, &inner_directory, &inner);
        self.including.pop();
        Some(Some(resolve_model(&model?, &inner_directory)))
    }

    /// The shape of an entry, which the schema never sees: what it includes is in its place by then.
    fn check_item(&mut self, item: &Node) -> Option<()> {
        const KEYS: [&str; 3] = ["path", "env_file", "project_directory"];
        let is_text = |node: &Node| matches!(node.value, Value::String(_));
        let is_texts = |node: &Node| is_text(node) || node.items().iter().all(&is_text);
        let before = self.project.count();
        for entry in item.entries() {
            let name = &*entry.key.text;
            if !KEYS.contains(&name) {
                let near = nearest(name, KEYS.into_iter());
                let message = format!("Compose does not look at `{name}` of an `include`");
                self.project
                    .warning("ignored-field", entry.key.span, message)
                    .help = near.map(|near| format!("did you mean `{near}`?"));
            } else if !(is_texts(&entry.value)
                && (name != "project_directory" || is_text(&entry.value)))
            {
                let message = format!("`{name}` takes text, and this is {}", kind(&entry.value));
                self.project
                    .error("wrong-type", entry.value.span, message)
                    .help = Some("write a path".into());
            }
        }
        if !matches!(item.value, Value::String(_) | Value::Mapping(_)) {
            let message = format!(
                "an entry of `include` takes text or a mapping, and this is {}",
                kind(item)
            );
            self.project.error("wrong-type", item.span, message).help = Some("write a path".into());
        }
        (self.project.count() == before).then_some(())
    }

    /// Adds what was included; `own` is what the including file says itself.
    fn imported(&mut self, model: &Node, own: &Node, read: &Node) -> Option<Node> {
        const SECTIONS: [&str; 6] = [
            "services", "volumes", "networks", "secrets", "configs", "models",
        ];
        let mut entries = model.entries().to_vec();
        for section in SECTIONS {
            let Some(from) = read.entry(section) else {
                continue;
            };
            let Some(place) = entries.iter().position(|entry| &*entry.key.text == section) else {
                entries.push(from.clone());
                continue;
            };
            let mut inner = entries[place].value.entries().to_vec();
            for resource in from.value.entries() {
                let name = &*resource.key.text;
                let Some(at) = inner.iter().position(|entry| &*entry.key.text == name) else {
                    inner.push(resource.clone());
                    continue;
                };
                let written = own.get(section).and_then(|section| section.entry(name));
                if inner[at].value.to_json() == resource.value.to_json() {
                    continue;
                }
                if self.project.at_least(5, 0) && written.is_some() {
                    let mut place = vec![section, name];
                    let value = merge(self.project, &resource.value, &inner[at].value, &mut place);
                    inner[at].value = value;
                    continue;
                }
                let kind = section.trim_end_matches('s');
                let span = inner[at].key.span;
                let message = format!("the {kind} `{name}` is included already, and not the same");
                self.project.error("duplicate-name", span, message).help = Some(
                    "rename one of the two, or override it in a file of its own under `include.path`".into(),
                );
                self.project.relate("included", resource.key.span);
                return None;
            }
            entries[place].value = with(&entries[place].value, Value::Mapping(inner.into()));
        }
        Some(with(model, Value::Mapping(entries.into())))
    }
}

/// A model of another directory, the paths in it put together with that directory.
fn resolve_model(model: &Node, directory: &Path) -> Node {
    map_values(model, |name, value| match name {
        "services" => map_values(value, |_, service| resolve_paths(service, directory)),
        _ => value.clone(),
    })
}
