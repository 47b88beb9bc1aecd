//! What we say about a text: a level, a message, places, and how to mend it.

use std::sync::Arc;

use crate::source::{SourceFile, Span};

/// How bad a [`Diagnostic`] is. `severity` is an alert's label, never this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Worth knowing.
    Info,
    /// Very likely wrong.
    Warning,
    /// Will not load, never works, or says the opposite of the truth.
    Error,
}

impl Level {
    /// Lower-case word, as in every output format of ours.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A place in a text.
#[derive(Debug, Clone)]
pub struct Location {
    /// The text.
    pub file: Arc<SourceFile>,
    /// The bytes meant.
    pub span: Span,
}

impl Location {
    /// A place in `file`.
    pub fn new(file: &Arc<SourceFile>, span: Span) -> Self {
        Self {
            file: Arc::clone(file),
            span,
        }
    }
}

/// A further place that explains a [`Diagnostic`].
#[derive(Debug, Clone)]
pub struct Related {
    /// What this place has to do with it, in the reader's words.
    pub note: String,
    /// Where.
    pub location: Location,
}

/// What a [`Fix`] does to the meaning of what it changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Safety {
    /// The same meaning for every input for which there was one; comments stay.
    Safe,
    /// A good guess: results change, or somebody has to choose.
    Unsafe,
}

impl Safety {
    /// Lower-case word, as in every output format of ours.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::Unsafe => "unsafe",
        }
    }
}

/// Other text in place of a span; an empty span inserts.
#[derive(Debug, Clone)]
pub struct Edit {
    /// The bytes that go.
    pub location: Location,
    /// What stands there instead, written for the file's language.
    pub text: String,
}

/// How a program could mend it.
#[derive(Debug, Clone)]
pub struct Fix {
    /// Whether it keeps the meaning.
    pub safety: Safety,
    /// What it does, in the imperative: "rename to `redis_up`".
    pub title: String,
    /// All of it, in any order, never overlapping; empty where it is only described.
    pub edits: Vec<Edit>,
    /// Files that come into being with it.
    pub creates: Vec<NewFile>,
}

/// A file that a [`Fix`] makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFile {
    /// Its path relative to the setup, with `/`.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// One thing that is wrong: what, where, and how to mend it.
#[derive(Debug, Clone)]
pub struct Diagnostic {
    /// `area/defect`, kebab-case: the path of everything about this kind of finding.
    pub id: String,
    /// How bad.
    pub level: Level,
    /// One line that can stand alone: what is wrong, the value in backticks, present tense.
    pub message: String,
    /// Where; `None` only where there is no text (a file that cannot be read).
    pub location: Option<Location>,
    /// Short text at the carets; empty for none.
    pub label: String,
    /// Further places.
    pub related: Vec<Related>,
    /// How to mend it, imperative; `None` where we do not know.
    pub help: Option<String>,
    /// How a program could mend it.
    pub fix: Option<Fix>,
}

impl Diagnostic {
    /// An error without a place yet.
    pub fn error(id: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Level::Error, id, message)
    }

    /// A warning without a place yet.
    pub fn warning(id: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Level::Warning, id, message)
    }

    /// Of any level, without a place yet.
    pub fn new(level: Level, id: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            level,
            message: message.into(),
            location: None,
            label: String::new(),
            related: Vec::new(),
            help: None,
            fix: None,
        }
    }

    /// The same, at `span` of `file`.
    pub fn at(mut self, file: &Arc<SourceFile>, span: Span) -> Self {
        self.location = Some(Location::new(file, span));
        self
    }

    /// The same, with a short text at the carets.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// The same, with advice in the imperative.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same, with a further place.
    pub fn related(mut self, note: impl Into<String>, file: &Arc<SourceFile>, span: Span) -> Self {
        self.related.push(Related {
            note: note.into(),
            location: Location::new(file, span),
        });
        self
    }
}
