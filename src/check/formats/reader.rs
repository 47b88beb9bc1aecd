//! Who reads a file: its program, the version of it, its library.

use crate::catalogue::Version;
use crate::document::{Dialect, Document, Limits, SyntaxError, parse_json, read_yaml};

/// Deeper than any configuration; Go's own bound is 10,000.
const DEEPEST: usize = 500;

/// What is in a file, as the YAML library of its reader sees it, or why it sees nothing.
pub type Reading = Result<Document, SyntaxError>;

/// Reads a file's text.
pub(super) fn read(text: &str, dialect: Dialect) -> Reading {
    read_yaml(text, dialect, limits())
}

/// Reads a file's text as JSON.
pub(super) fn read_json(text: &str) -> Reading {
    parse_json(text, limits()).map(Document::from)
}

fn limits() -> Limits {
    Limits {
        depth: DEEPEST,
        ..Limits::default()
    }
}

/// What reads a file, and so whose verdict is given.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader {
    /// First part of every id: `prometheus`.
    pub area: &'static str,
    /// Name in messages: `Prometheus`.
    pub product: &'static str,
    /// Its version.
    pub version: Version,
    /// Its YAML library.
    pub dialect: Dialect,
    /// What it does with a field that it does not know.
    pub unknown: Unknown,
}

/// What becomes of a field that nobody reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unknown {
    /// The file is refused.
    Refused,
    /// It is ignored: an error where it looks like one that is known, else worth a warning.
    Ignored,
    /// Others may read it: an error where it looks much like one that is known, else nothing.
    Foreign,
}
