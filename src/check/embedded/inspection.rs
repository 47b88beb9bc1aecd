//! Every artifact, read once for all checks.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rayon::prelude::*;

use super::EmbeddedContext;
use super::parse::{self, Language, Reader};
use crate::bundle::{Artifact, Bundle, Kind};
use crate::catalogue::Catalogue;
use crate::check::formats;
use crate::diagnostic::Diagnostic;
use crate::document::Node;
use crate::source::{SourceFile, Span};

/// An artifact's text as a file that diagnostics point into, made when the first one does.
#[derive(Debug)]
pub(super) struct Text<'b> {
    pub(super) artifact: &'b Artifact,
    file: OnceLock<Arc<SourceFile>>,
}

impl<'b> Text<'b> {
    fn new(artifact: &'b Artifact) -> Self {
        Self {
            artifact,
            file: OnceLock::new(),
        }
    }

    pub(super) fn path(&self) -> &'b str {
        self.artifact.path.as_str()
    }

    pub(super) fn kind(&self) -> Kind {
        self.artifact.kind
    }

    pub(super) fn file(&self) -> &Arc<SourceFile> {
        self.file.get_or_init(|| {
            let artifact = self.artifact;
            Arc::new(SourceFile::new(
                artifact.path.as_str(),
                artifact.text.as_str(),
            ))
        })
    }

    /// An error of `check` at `span` of this text.
    pub(super) fn error(
        &self,
        check: &'static str,
        span: Span,
        message: impl Into<String>,
    ) -> Diagnostic {
        Diagnostic::error(check, message).at(self.file(), span)
    }
}

/// An artifact that is YAML or JSON, read.
#[derive(Debug)]
pub(super) struct Document<'b> {
    pub(super) text: Text<'b>,
    pub(super) tree: Node,
}

/// What the files of the bundle before said, by path. Environments of one profile differ in few of them, and to read
/// them is most of the work.
#[derive(Debug, Default)]
pub struct Readings {
    reader: Reader,
    last: Mutex<HashMap<String, Reading>>,
}

#[derive(Debug)]
struct Reading {
    text: String,
    tree: Node,
}

impl Readings {
    /// For bundles whose every byte comes from templates in this program, and so needs no second reader.
    pub fn of_our_templates() -> Self {
        Self {
            reader: Reader::Ours,
            ..Self::default()
        }
    }

    /// The tree of `text`, from memory where it is what it was last time.
    fn read(&self, text: &Text<'_>, language: Language) -> Result<Node, Vec<Diagnostic>> {
        let last = || self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(reading) = last().get(text.path())
            && reading.text == text.artifact.text
        {
            return Ok(reading.tree.clone());
        }
        let tree = parse::read(text, language, self.reader)?;
        let reading = Reading {
            text: text.artifact.text.clone(),
            tree: tree.clone(),
        };
        // What is replaced is freed after the lock is gone: a tree can be large.
        let replaced = last().insert(text.path().to_owned(), reading);
        drop(replaced);
        Ok(tree)
    }
}

impl<'b> Document<'b> {
    /// What a validator takes. That nothing is wrong with it as YAML was checked when it was read.
    pub(super) fn reading(&self) -> formats::Reading {
        Ok(self.tree.clone().into())
    }

    pub(super) fn path(&self) -> &'b str {
        self.text.path()
    }

    pub(super) fn error(
        &self,
        check: &'static str,
        span: Span,
        message: impl Into<String>,
    ) -> Diagnostic {
        self.text.error(check, span, message)
    }
}

#[derive(Debug)]
enum Content<'b> {
    Document(Document<'b>),
    /// Neither YAML nor JSON.
    Text(Text<'b>),
    Unreadable(&'b Artifact, Vec<Diagnostic>),
}

/// A bundle while it is being checked.
#[derive(Debug)]
pub(super) struct Inspection<'b> {
    pub(super) bundle: &'b Bundle,
    pub(super) catalogue: &'b Catalogue,
    pub(super) context: &'b EmbeddedContext,
    /// In path order.
    contents: Vec<Content<'b>>,
}

impl<'b> Inspection<'b> {
    pub(super) fn new(
        bundle: &'b Bundle,
        catalogue: &'b Catalogue,
        context: &'b EmbeddedContext,
    ) -> Self {
        let artifacts: Vec<&Artifact> = bundle.artifacts().collect();
        let contents = artifacts
            .into_par_iter()
            .map(|artifact| read(artifact, &context.readings))
            .collect();
        Self {
            bundle,
            catalogue,
            context,
            contents,
        }
    }

    /// What was read, in path order.
    pub(super) fn documents(&self) -> impl Iterator<Item = &Document<'b>> {
        self.contents.iter().filter_map(|content| match content {
            Content::Document(document) => Some(document),
            _ => None,
        })
    }

    /// The documents of one kind, in path order.
    pub(super) fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &Document<'b>> {
        self.documents()
            .filter(move |document| document.text.kind() == kind)
    }

    /// Every text that is neither YAML nor JSON.
    pub(super) fn texts(&self) -> impl Iterator<Item = &Text<'b>> {
        self.contents.iter().filter_map(|content| match content {
            Content::Text(text) => Some(text),
            _ => None,
        })
    }

    /// The artifacts that are not what their names say.
    pub(super) fn unreadable(&self) -> impl Iterator<Item = &'b Artifact> {
        self.contents.iter().filter_map(|content| match content {
            Content::Unreadable(artifact, _) => Some(*artifact),
            _ => None,
        })
    }

    /// Why they are not.
    pub(super) fn unreadable_because(&self) -> impl Iterator<Item = &Diagnostic> {
        self.contents
            .iter()
            .filter_map(|content| match content {
                Content::Unreadable(_, diagnostics) => Some(diagnostics),
                _ => None,
            })
            .flatten()
    }
}

fn read<'b>(artifact: &'b Artifact, readings: &Readings) -> Content<'b> {
    let text = Text::new(artifact);
    let Some(language) = Language::of(artifact.path.file_name()) else {
        return Content::Text(text);
    };
    match readings.read(&text, language) {
        Ok(tree) => Content::Document(Document { text, tree }),
        Err(diagnostics) => Content::Unreadable(artifact, diagnostics),
    }
}
