//! Other texts for files of a setup, made of edits.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::diagnostic::Fix;
use crate::setup::Setup;
use crate::source::{SourceFile, Span};

/// One edit of the text of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TextEdit {
    /// The bytes that go.
    pub span: Span,
    /// What stands there instead.
    pub text: String,
}

/// The edits of one or several fixes, by path relative to the setup, sorted and without overlap; and files that come anew.
#[derive(Debug, Clone, Default)]
pub(super) struct Edits {
    by_path: BTreeMap<String, Vec<TextEdit>>,
    created: BTreeMap<String, String>,
}

impl Edits {
    /// The edits of a fix. Why they cannot be made, where they cannot.
    pub fn of(fix: &Fix, paths: &Paths) -> Result<Self, String> {
        let mut edits = Self::default();
        for edit in &fix.edits {
            let path = paths
                .of(&edit.location.file)
                .ok_or("an edit is of a file that is not in the setup")?;
            let text = edit.location.file.text();
            let span = edit.location.span;
            if text.get(span.start()..span.end()).is_none() {
                return Err("an edit begins or ends within a character".into());
            }
            let edit = TextEdit {
                span,
                text: with_line_breaks_of(text, &edit.text),
            };
            if !edits.insert(path, edit) {
                return Err("two edits of the fix are of the same bytes".into());
            }
        }
        for created in &fix.creates {
            edits
                .created
                .insert(created.path.clone(), created.text.clone());
        }
        Ok(edits)
    }

    /// Adds an edit; `false` where it overlaps another one.
    fn insert(&mut self, path: &str, edit: TextEdit) -> bool {
        let edits = self.by_path.entry(path.to_owned()).or_default();
        let at = edits.partition_point(|other| order(other) < order(&edit));
        let before = at.checked_sub(1).map(|index| &edits[index]);
        let is_free = before.is_none_or(|before| !overlap(before, &edit))
            && edits.get(at).is_none_or(|after| !overlap(&edit, after));
        if is_free {
            edits.insert(at, edit);
        }
        is_free
    }

    /// Adds those of `other`, all or none; `false` where some overlap.
    pub fn join(&mut self, other: &Self) -> bool {
        let mut joined = self.clone();
        for (path, edits) in &other.by_path {
            if !edits.iter().all(|edit| joined.insert(path, edit.clone())) {
                return false;
            }
        }
        for (path, text) in &other.created {
            if joined.created.insert(path.clone(), text.clone()).is_some() {
                return false;
            }
        }
        *self = joined;
        true
    }

    /// The files whose text changes, and their texts afterwards.
    pub fn applied(&self, setup: &Setup) -> BTreeMap<String, Option<String>> {
        let mut texts: BTreeMap<String, Option<String>> = self
            .created
            .iter()
            .map(|(path, text)| (path.clone(), Some(text.clone())))
            .collect();
        for (path, edits) in &self.by_path {
            if let Some(document) = setup.at(path).next() {
                let text = edited(document.file().text(), edits);
                texts.insert(path.clone(), Some(text));
            }
        }
        texts
    }

    /// Paths of the files that are edited.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.by_path.keys().map(String::as_str)
    }

    /// Paths of the files that come anew.
    pub fn created(&self) -> impl Iterator<Item = &str> {
        self.created.keys().map(String::as_str)
    }

    /// Where a byte of the file at `path` is afterwards; of bytes that go, where their replacement begins.
    pub fn moved(&self, path: &str, offset: usize) -> usize {
        let mut shift = 0_isize;
        for edit in self.by_path.get(path).map_or(&[][..], Vec::as_slice) {
            if edit.span.start() >= offset && !(edit.span.is_empty() && edit.span.start() == offset)
            {
                break;
            }
            if offset < edit.span.end() {
                return edit.span.start().saturating_add_signed(shift);
            }
            shift += edit.text.len().cast_signed() - edit.span.len().cast_signed();
        }
        offset.saturating_add_signed(shift)
    }
}

const fn order(edit: &TextEdit) -> (usize, usize) {
    (edit.span.start(), edit.span.end())
}

/// Whether two edits, the first of which begins first, want the same bytes, or insert at the same place.
fn overlap(first: &TextEdit, second: &TextEdit) -> bool {
    first.span.end() > second.span.start()
        || (first.span.is_empty() && second.span.is_empty() && first.span == second.span)
}

fn edited(source: &str, edits: &[TextEdit]) -> String {
    let mut text = String::with_capacity(source.len());
    let mut at = 0;
    for edit in edits {
        text.push_str(&source[at..edit.span.start()]);
        text.push_str(&edit.text);
        at = edit.span.end();
    }
    text.push_str(&source[at..]);
    text
}

/// Lints write `\n`; a file that ends its lines with `\r\n` goes on doing so.
fn with_line_breaks_of(source: &str, text: &str) -> String {
    match source.contains("\r\n") && text.contains('\n') {
        true => text.replace("\r\n", "\n").replace('\n', "\r\n"),
        false => text.to_owned(),
    }
}

/// The path of each file of a setup by the name under which messages show it.
#[derive(Debug)]
pub(super) struct Paths(BTreeMap<std::path::PathBuf, (String, Arc<SourceFile>)>);

impl Paths {
    pub fn of_setup(setup: &Setup) -> Self {
        Self(
            setup
                .documents()
                .iter()
                .map(|document| {
                    let file = document.file();
                    let path = (document.path.to_string(), Arc::clone(file));
                    (file.path().to_path_buf(), path)
                })
                .collect(),
        )
    }

    /// The path of a file in this very state.
    pub fn of(&self, file: &Arc<SourceFile>) -> Option<&str> {
        let (path, known) = self.0.get(file.path())?;
        (Arc::ptr_eq(known, file) || known.text() == file.text()).then_some(path)
    }
}

/// A file and what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// Its text before; `None` where it comes anew.
    pub before: Option<String>,
    /// Its text afterwards; `None` where it goes.
    pub after: Option<String>,
}

/// What becomes of which files, by path relative to the setup.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes(BTreeMap<String, Changed>);

impl Changes {
    /// What differs between two states of a setup in the files at `paths`.
    pub fn between<'p>(
        before: &Setup,
        after: &BTreeMap<String, Option<String>>,
        paths: impl IntoIterator<Item = &'p str>,
    ) -> Self {
        let mut changes = BTreeMap::new();
        for path in paths {
            let old = before
                .at(path)
                .next()
                .map(|document| document.file().text().to_owned());
            let new = after.get(path).cloned().unwrap_or_else(|| old.clone());
            if old != new {
                let changed = Changed {
                    before: old,
                    after: new,
                };
                changes.insert(path.to_owned(), changed);
            }
        }
        Self(changes)
    }

    /// Every file that changes, by path.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Changed)> {
        self.0
            .iter()
            .map(|(path, changed)| (path.as_str(), changed))
    }

    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many files change.
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edits(edits: &[(usize, usize, &str)]) -> Option<Edits> {
        let mut all = Edits::default();
        edits
            .iter()
            .all(|(start, end, text)| {
                let edit = TextEdit {
                    span: Span::new(*start, *end),
                    text: (*text).into(),
                };
                all.insert("a.yml", edit)
            })
            .then_some(all)
    }

    #[test]
    fn edits_are_made_in_the_order_of_the_text() {
        let edits = edits(&[(4, 5, "E"), (0, 1, ""), (5, 5, "!"), (1, 1, "_")]).unwrap();
        assert_eq!(edited("abcdef", &edits.by_path["a.yml"]), "_bcdE!f");
    }

    #[test]
    fn edits_of_the_same_bytes_exclude_each_other() {
        assert!(edits(&[(1, 3, ""), (2, 4, "")]).is_none());
        assert!(edits(&[(2, 4, ""), (1, 3, "")]).is_none());
        assert!(edits(&[(2, 2, "a"), (2, 2, "b")]).is_none());
        assert!(edits(&[(1, 3, ""), (2, 2, "b")]).is_none());
        assert!(edits(&[(1, 3, ""), (3, 4, "")]).is_some());
    }

    #[test]
    fn places_move_with_the_text_around_them() {
        let edits = edits(&[(2, 4, "xyz"), (6, 6, "+")]).unwrap();
        let moved: Vec<usize> = (0..8).map(|at| edits.moved("a.yml", at)).collect();
        assert_eq!(moved, [0, 1, 2, 2, 5, 6, 8, 9]);
        assert_eq!(edits.moved("b.yml", 5), 5);
    }

    #[test]
    fn inserted_lines_end_as_the_others_do() {
        assert_eq!(with_line_breaks_of("a\r\nb\r\n", "c\nd\n"), "c\r\nd\r\n");
        assert_eq!(with_line_breaks_of("a\nb\n", "c\n"), "c\n");
    }
}
