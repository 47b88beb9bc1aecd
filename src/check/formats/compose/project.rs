//! The files of a project while they are read: their texts, and what is wrong with them.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use arcstr::ArcStr;

use super::ComposeOptions;
use crate::catalogue::Version;
use crate::diagnostic::{Diagnostic, Level};
use crate::document::{
    Dialect, Entry, GoScalar, Key, Limits, Node, Problem, ScalarStyle, Shared, SyntaxError, Tag,
    Value, read_yaml, resolve_go, written_span,
};
use crate::source::{SourceFile, Span};

/// Deeper than any Compose file.
const DEEPEST: usize = 200;

/// A text, and where it begins among all texts: one span then says in which file it is, also after files are merged.
struct Source {
    file: Arc<SourceFile>,
    start: usize,
}

/// A project that is being read.
pub(super) struct Project<'a> {
    pub options: &'a ComposeOptions<'a>,
    sources: Vec<Source>,
    /// With the place in all texts, for the order.
    found: Vec<(usize, Diagnostic)>,
    /// Whether everything that the project is made of was there to be read.
    pub is_whole: bool,
}

impl<'a> Project<'a> {
    pub(super) fn new(options: &'a ComposeOptions<'a>) -> Self {
        Self {
            options,
            sources: Vec::new(),
            found: Vec::new(),
            is_whole: true,
        }
    }

    /// Whether Docker Compose is of at least this version.
    pub(super) fn at_least(&self, major: u32, minor: u32) -> bool {
        self.options.version >= Version::new(major, minor, 0)
    }

    /// How many errors were found so far: a step is looked at only where the one before found nothing, as Compose does.
    pub(super) fn count(&self) -> usize {
        self.found
            .iter()
            .filter(|(_, found)| found.level == Level::Error)
            .count()
    }

    /// What was found, in the order of the files and their texts.
    pub(super) fn finish(mut self) -> Vec<Diagnostic> {
        self.found.sort_by_key(|(start, _)| *start);
        self.found
            .into_iter()
            .map(|(_, diagnostic)| diagnostic)
            .collect()
    }

    /// Records an error.
    pub(super) fn error(
        &mut self,
        defect: &str,
        span: Span,
        message: impl Into<String>,
    ) -> &mut Diagnostic {
        let diagnostic = Diagnostic::error(format!("compose/{defect}"), message);
        self.record(diagnostic, span)
    }

    /// Records what Compose accepts and nobody means.
    pub(super) fn warning(
        &mut self,
        defect: &str,
        span: Span,
        message: impl Into<String>,
    ) -> &mut Diagnostic {
        let diagnostic = Diagnostic::warning(format!("compose/{defect}"), message);
        self.record(diagnostic, span)
    }

    fn record(&mut self, diagnostic: Diagnostic, span: Span) -> &mut Diagnostic {
        let diagnostic = match self.source_of(span) {
            Some(source) => diagnostic.at(&source.file, local(span, source.start)),
            None => diagnostic,
        };
        let place = self.found.len();
        self.found.push((span.start(), diagnostic));
        &mut self.found[place].1
    }

    /// Adds a further place to the last finding.
    pub(super) fn relate(&mut self, note: &str, span: Span) {
        let Some((start, last)) = self.found.pop() else {
            return;
        };
        let related = match self.source_of(span) {
            Some(source) => last.related(note, &source.file, local(span, source.start)),
            None => last,
        };
        self.found.push((start, related));
    }

    fn source_of(&self, span: Span) -> Option<&Source> {
        let after = self
            .sources
            .partition_point(|source| source.start <= span.start());
        self.sources.get(after.checked_sub(1)?)
    }

    /// Where the bytes `within` of a scalar's text were written.
    pub(super) fn within(&self, node: &Node, within: Span) -> Span {
        let Some(source) = self.source_of(node.span) else {
            return node.span;
        };
        let here = Node {
            span: local(node.span, source.start),
            ..node.clone()
        };
        written_span(source.file.text(), &here, within).shifted(source.start)
    }

    /// The file `path` that another one names; `None` where it is not there. Said by whoever asks.
    pub(super) fn file(&self, path: &Path) -> Option<Arc<SourceFile>> {
        (self.options.files?)(path)
    }

    /// Makes a text one of the project's; its start among all texts.
    pub(super) fn add(&mut self, file: &Arc<SourceFile>) -> usize {
        let start = self
            .sources
            .last()
            .map_or(0, |last| last.start + last.file.text().len() + 1);
        self.sources.push(Source {
            file: Arc::clone(file),
            start,
        });
        start
    }

    /// The documents of a file: Compose lays one over the other. `None` where one of them is not YAML.
    pub(super) fn documents(&mut self, file: &Arc<SourceFile>) -> Option<Vec<Node>> {
        let start = self.add(file);
        let limits = Limits {
            depth: DEEPEST,
            ..Limits::default()
        };
        let before = self.count();
        let mut documents = Vec::new();
        let mut from = 0;
        loop {
            let text = &file.text()[from..];
            let base = start + from;
            match read_yaml(text, Dialect::GoYaml3, limits) {
                Err(error) => {
                    self.syntax(error, base);
                    return None;
                }
                Ok(document) => {
                    for problem in document.problems {
                        self.syntax(problem, base);
                    }
                    if document.root.value != Value::Null {
                        documents.push(shifted(&document.root, base));
                    }
                    match document.ignored {
                        // Every round has to come further.
                        Some(rest) if rest.start() > 0 => from += rest.start(),
                        _ => break,
                    }
                }
            }
        }
        for document in &documents {
            self.check_keys(document, start, file.text());
        }
        (self.count() == before).then_some(documents)
    }

    fn syntax(&mut self, error: SyntaxError, base: usize) {
        let defect = match error.problem {
            Problem::DuplicateKey => "duplicate-key",
            _ => "syntax",
        };
        let span = error.span.shifted(base);
        self.error(defect, span, error.message).help = error.help;
        if let Some(first) = error.first {
            self.relate("first given here", first.shifted(base));
        }
    }

    /// Keys that Go's YAML library reads as numbers, booleans or null.
    fn check_keys(&mut self, node: &Node, start: usize, text: &str) {
        for entry in node.entries() {
            let span = local(entry.key.span, start);
            let is_plain = !text
                .get(span.start()..)
                .is_some_and(|rest| rest.starts_with(['"', '\'', '?', '!', '|', '>']));
            let scalar = Node::plain(span, Value::Null, ArcStr::clone(&entry.key.text));
            if is_plain && resolve_go(&scalar, Dialect::GoYaml3) != GoScalar::Text {
                self.error(
                    "wrong-type",
                    entry.key.span,
                    format!("the key `{}` is not text", entry.key.text),
                )
                .help = Some(format!("quote it: `\"{}\"`", entry.key.text));
            }
            self.check_keys(&entry.value, start, text);
        }
        for item in node.items() {
            self.check_keys(item, start, text);
        }
    }
}

fn local(span: Span, start: usize) -> Span {
    Span::new(
        span.start().saturating_sub(start),
        span.end().saturating_sub(start),
    )
}

/// The same tree, its spans moved right.
fn shifted(node: &Node, by: usize) -> Node {
    let value = match &node.value {
        Value::Sequence(items) => {
            Value::Sequence(items.iter().map(|item| shifted(item, by)).collect())
        }
        Value::Mapping(entries) => Value::Mapping(
            entries
                .iter()
                .map(|entry| Entry {
                    key: Key {
                        text: ArcStr::clone(&entry.key.text),
                        span: entry.key.span.shifted(by),
                    },
                    value: shifted(&entry.value, by),
                })
                .collect(),
        ),
        other => other.clone(),
    };
    Node {
        span: node.span.shifted(by),
        value,
        ..node.clone()
    }
}

/// `node` with another value.
pub(super) fn with(node: &Node, value: Value) -> Node {
    Node {
        value,
        ..node.clone()
    }
}

/// A mapping without anything in it.
pub(super) fn empty_mapping(span: Span) -> Node {
    Node::plain(span, Value::Mapping(Shared::default()), ArcStr::new())
}

/// Text that stands where `node` does.
pub(super) fn text_at(node: &Node, text: &str) -> Node {
    let text: ArcStr = text.into();
    Node {
        // Whatever it looks like, it is text.
        style: ScalarStyle::DoubleQuoted,
        ..Node::plain(node.span, Value::String(ArcStr::clone(&text)), text)
    }
}

/// The same, holding a variable that somebody has yet to set.
pub(super) fn open_at(node: &Node) -> Node {
    Node {
        tag: Some(Tag::Unset),
        ..node.clone()
    }
}

/// Whether nothing can be said about a value before somebody sets a variable.
pub(super) fn is_open(node: &Node) -> bool {
    node.tag == Some(Tag::Unset)
}

/// The text of a scalar that is text and complete.
pub(super) fn known_text(node: &Node) -> Option<&str> {
    node.as_str().filter(|_| !is_open(node))
}

/// What kind of value this is, in the words of our messages.
pub(super) fn kind(node: &Node) -> &'static str {
    match node.value {
        Value::String(_) => "text",
        _ => node.kind(),
    }
}

/// An entry that is made, and not written.
pub(super) fn entry(name: &str, span: Span, value: Node) -> Entry {
    Entry {
        key: Key {
            text: name.into(),
            span,
        },
        value,
    }
}

/// A mapping's entry under `name`, unless it is null.
pub(super) fn given<'n>(node: &'n Node, name: &str) -> Option<&'n Entry> {
    node.entry(name)
        .filter(|entry| entry.value.value != Value::Null)
}

/// `path` as seen from `directory`, without `.` and `..` where that can be said without looking.
pub(super) fn joined(directory: &Path, path: &str) -> PathBuf {
    let mut out = PathBuf::new();
    for part in directory.join(path).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir
                if matches!(out.components().next_back(), Some(Component::Normal(_))) =>
            {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}

/// Whether `place` is what `pattern` names: keys joined by dots, `*` for any one.
pub(super) fn is_at(place: &[&str], pattern: &str) -> bool {
    // Most patterns end in another name: that is seen at once.
    let last = pattern.rsplit('.').next().unwrap_or_default();
    if last != "*" && place.last() != Some(&last) {
        return false;
    }
    let mut parts = pattern.split('.');
    place.iter().all(|name| {
        parts
            .next()
            .is_some_and(|part| part == "*" || part == *name)
    }) && parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_paths_are_compared_part_by_part() {
        assert!(is_at(&["services", "a.b", "build"], "services.*.build"));
        assert!(!is_at(&["services", "a"], "services.*.build"));
        assert!(!is_at(
            &["services", "a", "build", "args"],
            "services.*.build"
        ));
        let path = |directory: &str, path| joined(Path::new(directory), path);
        assert_eq!(path("a/b", "../c/./d.env"), Path::new("a/c/d.env"));
        assert_eq!(path("", "../x"), Path::new("../x"));
        assert_eq!(path("a", "/x"), Path::new("/x"));
    }
}
