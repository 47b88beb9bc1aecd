//! An existing setup that nobody prepared for us: which files there are, what each of them is, and its documents as
//! trees with positions.
//!
//! [`Setup::open`] reads a directory, [`Setup::of_texts`] texts in memory (a bundle, a test); from there on nothing
//! touches a file.

mod classify;
mod discovery;
mod embedded;
mod helm;
mod kind;
mod kubernetes;
mod listing;
mod mixin;
mod read;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use classify::is_logql;
pub use helm::values as helm_values;
pub use kind::Kind;
pub use listing::{Listing, joined};
pub use read::prometheus_receivers;

use crate::bundle::Bundle;
use crate::diagnostic::{Diagnostic, Location};
use crate::document::{Dialect, Node, SyntaxError};
use crate::source::{SourceFile, Span};
use embedded::Placement;

/// Number of a [`Document`] in its [`Setup`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocumentId(u32);

/// Bytes of a document's own text. [`Setup::location`] says where they are in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The document.
    pub document: DocumentId,
    /// The bytes of [`Document::text`].
    pub span: Span,
}

/// One document: a whole file, one of several in a YAML file, or a text inside a wrapper such as a ConfigMap.
#[derive(Debug, Clone)]
pub struct Document {
    /// Its number.
    pub id: DocumentId,
    /// The file it is in, relative to the setup, with `/`.
    pub path: Arc<str>,
    /// The name it has where it is unpacked: the key in a ConfigMap, else the last part of [`Self::path`].
    pub name: Arc<str>,
    /// What it is.
    pub kind: Kind,
    /// Its own text; of a document that is alone in its file, the file.
    pub text: Arc<SourceFile>,
    /// Its content; `null` where it could not be read, and for what is no YAML or JSON.
    pub root: Node,
    /// Why it could not be read.
    pub syntax_error: Option<SyntaxError>,
    /// What is wrong with it although it could be read: duplicate keys and the like.
    pub problems: Vec<SyntaxError>,
    /// Comments, in YAML.
    pub comments: Vec<Span>,
    /// The document that holds it as a text or a part; `None` where it stands in a file by itself.
    pub wrapper: Option<DocumentId>,
    /// The file as a whole.
    file: Arc<SourceFile>,
    placement: Placement,
    is_part: bool,
}

impl Document {
    /// The bytes of `span` in this document.
    pub const fn place(&self, span: Span) -> Place {
        Place {
            document: self.id,
            span,
        }
    }

    /// Where `span` of this document is in its file.
    pub fn location(&self, span: Span) -> Location {
        Location::new(&self.file, self.placement.in_file(span))
    }

    /// What somebody said of [`Self::text`], at the places of the file.
    #[must_use]
    pub fn relocated(&self, mut said: Diagnostic) -> Diagnostic {
        let moved = |location: &Location| self.location(location.span);
        said.location = said.location.as_ref().map(moved);
        for related in &mut said.related {
            related.location = moved(&related.location);
        }
        said
    }

    /// The file that it is in, as a whole.
    pub const fn file(&self) -> &Arc<SourceFile> {
        &self.file
    }

    /// Whether it is only a part of what its text holds: the spec of a PrometheusRule, the dashboard of an export.
    pub fn is_part(&self) -> bool {
        self.is_part
    }

    /// Where to point for the document as a whole: its first line.
    pub fn head(&self) -> Place {
        let start = self.root.span.start();
        let line = self.text.position(start).line;
        let end = self.text.line_span(line).end();
        self.place(Span::new(start, end.max(start)))
    }
}

/// A file that was left out, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skipped {
    /// The path, relative to the setup.
    pub path: String,
    /// The reason, completing "skipped: …".
    pub why: String,
}

/// Everything that was found below one directory.
#[derive(Debug, Default)]
pub struct Setup {
    /// Every document that is something to us, by path and place.
    documents: Vec<Document>,
    /// Every path there is, whatever it is.
    listing: Listing,
    /// Files that could have been something and were not read.
    skipped: Vec<Skipped>,
    /// The directory that it was read from; `None` for texts in memory.
    directory: Option<PathBuf>,
    /// What is put before each path in messages.
    shown: PathBuf,
}

/// Why a setup cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// Neither a directory nor a file that can be read.
    #[error("cannot read `{path}`: {error}")]
    Unreadable {
        /// The path as given.
        path: String,
        /// What the system says.
        error: std::io::Error,
    },
}

impl Setup {
    /// Everything below `root`, or the one file that it is. Paths in messages begin with `root`, or with what leads to it from
    /// `working_directory`.
    ///
    /// # Errors
    ///
    /// [`SetupError`] where `root` itself cannot be read; what cannot be read below it is [`Setup::skipped`].
    pub fn open(root: &Path, working_directory: Option<&Path>) -> Result<Self, SetupError> {
        discovery::open(root, working_directory)
    }

    /// A setup of texts in memory, by their path. `shown` is put before each path in messages.
    pub fn of_texts<'t>(shown: &str, texts: impl IntoIterator<Item = (&'t str, &'t [u8])>) -> Self {
        discovery::of_texts(shown, texts)
    }

    /// A bundle as a setup.
    pub fn of_bundle(shown: &str, bundle: &Bundle) -> Self {
        Self::of_texts(
            shown,
            bundle
                .artifacts()
                .map(|artifact| (artifact.path.as_str(), artifact.text.as_bytes())),
        )
    }

    /// The same setup with other texts in some files, by path: new ones too, and `None` for files that are gone. No file is
    /// read or written.
    #[must_use]
    pub fn with(&self, texts: &BTreeMap<String, Option<String>>) -> Self {
        discovery::with(self, texts)
    }

    /// Where the file at `path` lies, for a setup that was read from files.
    pub fn on_disk(&self, path: &str) -> Option<PathBuf> {
        self.directory
            .as_ref()
            .map(|directory| directory.join(path))
    }

    /// How messages name the file at `path`.
    pub fn shown(&self, path: &str) -> PathBuf {
        self.shown.join(path)
    }

    /// Every document.
    pub fn documents(&self) -> &[Document] {
        &self.documents
    }

    /// The documents of one kind.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &Document> {
        self.documents
            .iter()
            .filter(move |document| document.kind == kind)
    }

    /// The document of that number. Panics on a number of another setup.
    pub fn document(&self, id: DocumentId) -> &Document {
        &self.documents[id.0 as usize]
    }

    /// The documents in the file at `path`.
    pub fn at<'s>(&'s self, path: &str) -> impl Iterator<Item = &'s Document> + use<'s> {
        let first = self
            .documents
            .partition_point(|document| &*document.path < path);
        let path = path.to_owned();
        self.documents[first..]
            .iter()
            .take_while(move |document| *document.path == *path)
    }

    /// Every path there is.
    pub const fn listing(&self) -> &Listing {
        &self.listing
    }

    /// What was not read.
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// Where a place is in its file.
    pub fn location(&self, place: Place) -> Location {
        self.document(place.document).location(place.span)
    }

    /// The bytes of a place.
    pub fn slice(&self, place: Place) -> &str {
        self.document(place.document)
            .text
            .text()
            .get(place.span.start()..place.span.end())
            .unwrap_or_default()
    }
}

/// The reading of YAML that a kind of document gets from the program it is for.
const fn dialect(kind: Kind) -> Dialect {
    match kind {
        Kind::Prometheus
        | Kind::ScrapeConfigs
        | Kind::Alertmanager
        | Kind::Targets
        | Kind::RuleTests
        | Kind::Blackbox => Dialect::GoYaml2,
        _ => Dialect::GoYaml3,
    }
}
