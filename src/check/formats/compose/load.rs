//! From files to one model: documents, variables, `extends`, `include`, and one file over the other.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::ComposeOptions;
use super::dotenv::Variables;
use super::environment::report_environment;
use super::interpolate::interpolate;
use super::merge::{canonical, merge, unique};
use super::project::{Project, empty_mapping, kind, with};
use super::schema;
use super::values::{check_blocks, check_short_forms};
use super::variable::Variable;
use crate::document::{Entry, Node, Tag, Value};
use crate::source::{SourceFile, Span};

/// Longer chains of `extends` and `include` than this are no design.
pub(super) const DEEPEST: usize = 50;

/// The variables that hold in a project or in an included one.
#[derive(Debug, Clone, Default)]
pub(super) struct Scope {
    /// Those of files; the environment wins over them.
    variables: Variables,
    /// Whether a `.env` may be there that was not looked at.
    is_partial: bool,
}

impl Scope {
    /// Reads `.env` in the project's directory.
    pub(super) fn of_project(project: &mut Project<'_>, directory: &Path) -> Self {
        let outer = Self {
            variables: Variables::new(),
            is_partial: project.options.files.is_none(),
        };
        outer.and(project, &directory.join(".env"))
    }

    /// The same, with the variables of a file if it is there.
    pub(super) fn and(&self, project: &mut Project<'_>, path: &Path) -> Self {
        let mut scope = self.clone();
        if let Some(file) = project.file(path) {
            let options = project.options;
            let read = report_environment(project, &file, &|name| self.lookup(options, name));
            for (name, value) in read {
                scope.variables.entry(name).or_insert(value);
            }
        }
        scope
    }

    pub(super) fn lookup(&self, options: &ComposeOptions<'_>, name: &str) -> Variable {
        if let Some(value) = (options.environment)(name) {
            return Variable::Set(value);
        }
        match self.variables.get(name) {
            Some(Some(value)) => Variable::Set(value.clone()),
            Some(None) => Variable::Open,
            // Compose sets it itself.
            None if name == "COMPOSE_PROJECT_NAME" => Variable::Set("project".into()),
            None if options.is_environment_complete && !self.is_partial => Variable::Unset,
            None => Variable::Open,
        }
    }

    /// The profiles that are switched on.
    pub(super) fn profiles(&self, options: &ComposeOptions<'_>) -> Vec<String> {
        let mut profiles = options.profiles.to_vec();
        if let Variable::Set(names) = self.lookup(options, "COMPOSE_PROFILES") {
            profiles.extend(names.split(',').map(|name| name.trim().to_owned()));
        }
        profiles.retain(|name| !name.is_empty());
        profiles
    }
}

/// A document as it is written, and what it resets in what came before.
pub(super) struct Layer {
    pub model: Node,
    pub resets: Vec<Vec<String>>,
}

/// Reads files into a model.
pub(super) struct Loader<'p, 'a> {
    pub project: &'p mut Project<'a>,
    /// The files whose `include` led here.
    pub including: Vec<PathBuf>,
}

impl Loader<'_, '_> {
    /// The model of `files`, one over the other; `None` where something is wrong with one of them.
    pub(super) fn load(
        &mut self,
        files: &[Arc<SourceFile>],
        directory: &Path,
        scope: &Scope,
    ) -> Option<Node> {
        let before = self.project.count();
        let mut model: Option<Node> = None;
        for file in files {
            for layer in self.layers(file, scope)? {
                model = Some(self.lay(model, &layer, file, directory, scope)?);
            }
        }
        let Some(model) = model else {
            // What is included may be empty.
            if !self.including.is_empty() {
                return Some(empty_mapping(Span::at(0)));
            }
            let end = self.project.add(files.first()?);
            self.project
                .error("empty-file", Span::at(end), "there is nothing in this file")
                .help = Some("add `services`".into());
            return None;
        };
        check_blocks(self.project, &model);
        (self.project.count() == before).then_some(model)
    }

    /// The documents of a file, their variables replaced.
    pub(super) fn layers(&mut self, file: &Arc<SourceFile>, scope: &Scope) -> Option<Vec<Layer>> {
        let documents = self.project.documents(file)?;
        let before = self.project.count();
        let mut layers = Vec::new();
        for document in documents {
            if !matches!(document.value, Value::Mapping(_)) {
                let message = format!(
                    "a Compose file is a mapping, and this is {}",
                    kind(&document)
                );
                self.project
                    .error("wrong-type", document.span, message)
                    .help = Some("begin with `services:`".into());
                return None;
            }
            let mut resets = Vec::new();
            let stripped = strip(&document, &mut Vec::new(), &mut resets)?;
            let options = self.project.options;
            self.check_version(&stripped);
            let model = interpolate(self.project, &stripped, &|name| scope.lookup(options, name));
            layers.push(Layer { model, resets });
        }
        (self.project.count() == before).then_some(layers)
    }

    fn check_version(&mut self, document: &Node) {
        if let Some(version) = document.entry("version")
            && self.project.at_least(2, 25)
        {
            let message = "`version` is obsolete: Docker Compose does not look at it";
            self.project
                .warning("obsolete-field", version.key.span, message)
                .help = Some("remove it".into());
        }
    }

    /// Lays a document over what came before.
    fn lay(
        &mut self,
        base: Option<Node>,
        layer: &Layer,
        file: &Arc<SourceFile>,
        directory: &Path,
        scope: &Scope,
    ) -> Option<Node> {
        let before = self.project.count();
        let mut over = self.extended(layer, file, directory, scope)?;
        let base = base.map(|base| without(&base, &layer.resets, &mut Vec::new()));
        over = self.included(over, file, directory, scope)?;
        let model = match &base {
            Some(base) => merge(self.project, base, &over, &mut Vec::new()),
            None => over,
        };
        let model = unique(self.project, &model);
        if self.project.count() > before {
            return None;
        }
        schema::check(self.project, &model);
        if self.project.count() > before {
            return None;
        }
        check_short_forms(self.project, &model);
        let model = canonical(&model);
        (self.project.count() == before).then_some(model)
    }
}

/// The document without what `!reset` stands at; the places of `!reset` and `!override` go to `resets`.
fn strip(node: &Node, place: &mut Vec<String>, resets: &mut Vec<Vec<String>>) -> Option<Node> {
    match node.tag {
        Some(Tag::Reset) => {
            resets.push(place.clone());
            return None;
        }
        Some(Tag::Override) => {
            resets.push(place.clone());
            return Some(node.clone());
        }
        _ => {}
    }
    Some(match &node.value {
        Value::Mapping(entries) => {
            let mut kept = Vec::with_capacity(entries.len());
            for entry in entries.iter() {
                place.push(entry.key.text.to_string());
                if let Some(value) = strip(&entry.value, place, resets) {
                    kept.push(Entry {
                        value,
                        ..entry.clone()
                    });
                }
                place.pop();
            }
            with(node, Value::Mapping(kept.into()))
        }
        Value::Sequence(items) => {
            let mut kept = Vec::with_capacity(items.len());
            for (index, item) in items.iter().enumerate() {
                place.push(index.to_string());
                kept.extend(strip(item, place, resets));
                place.pop();
            }
            with(node, Value::Sequence(kept.into()))
        }
        _ => node.clone(),
    })
}

/// `node` without what stands at `resets`.
pub(super) fn without<'n>(
    node: &'n Node,
    resets: &[Vec<String>],
    place: &mut Vec<&'n str>,
) -> Node {
    let Value::Mapping(entries) = &node.value else {
        return node.clone();
    };
    if resets.is_empty() {
        return node.clone();
    }
    let mut kept = Vec::with_capacity(entries.len());
    for entry in entries.iter() {
        place.push(&entry.key.text);
        if !resets.iter().any(|reset| reset.iter().eq(place.iter())) {
            kept.push(Entry {
                value: without(&entry.value, resets, place),
                ..entry.clone()
            });
        }
        place.pop();
    }
    with(node, Value::Mapping(kept.into()))
}

pub(super) fn without_key(node: &Node, key: &str) -> Node {
    let entries = node
        .entries()
        .iter()
        .filter(|entry| &*entry.key.text != key)
        .cloned()
        .collect();
    with(node, Value::Mapping(entries))
}
