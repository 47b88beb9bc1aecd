//! What the tables of fields are made of.

use super::block::Block;
use super::checker::Checker;
use crate::catalogue::Version;
use crate::document::Node;

/// One field of a block.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    pub name: &'static str,
    pub kind: Kind,
    /// First version that knows it; `None`: every version we look at.
    pub since: Option<Version>,
    /// First version that no longer knows it.
    pub until: Option<Version>,
}

/// A field of every version.
pub(super) const fn field(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        kind,
        since: None,
        until: None,
    }
}

impl Field {
    /// The same, from a version on.
    pub(super) const fn since(mut self, major: u32, minor: u32) -> Self {
        self.since = Some(Version::new(major, minor, 0));
        self
    }

    /// The same, up to but not including a version.
    pub(super) const fn until(mut self, major: u32, minor: u32) -> Self {
        self.until = Some(Version::new(major, minor, 0));
        self
    }

    pub(super) fn exists_in(&self, version: Version) -> bool {
        self.since.is_none_or(|since| version >= since)
            && self.until.is_none_or(|until| version < until)
    }
}

/// What may stand as a value. `null` may stand everywhere and means the zero value, except where said otherwise.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// Any scalar, taken by its text.
    Text,
    /// The same, never shown in a message.
    Secret,
    Bool,
    Int,
    /// A whole number that is not negative.
    Uint,
    Float,
    /// Prometheus' notation of a duration.
    Duration,
    /// Go's notation of a duration (`1.5h`), or whole nanoseconds.
    GoDuration,
    /// `512MB`.
    Size,
    /// What Go reads as a URL.
    Url,
    /// A regular expression that Prometheus anchors.
    Regex,
    LabelName,
    LabelValue,
    /// One of these words.
    Choice(&'static Choice),
    /// Whatever is YAML.
    Anything,
    List(&'static Kind),
    /// A list in which `null` is an error, saying which section is empty.
    Sections(&'static TableOf, &'static str),
    /// Keys by one rule, values by another.
    Map(&'static Kind, &'static Kind),
    Block(&'static TableOf),
    /// Code of its own, for a scalar that is not null.
    Scalar(fn(&mut Checker<'_>, &Node)),
    /// Code of its own, for any node.
    Custom(fn(&mut Checker<'_>, &Node)),
}

/// Words that may stand as a value, each with the versions that know it.
#[derive(Debug)]
pub(super) struct Choice {
    /// What the value is, for the message: `a role`.
    pub what: &'static str,
    pub words: &'static [Field],
    /// Whether upper case letters count as lower case ones.
    pub ignores_case: bool,
    /// Whether the empty text is accepted too.
    pub may_be_empty: bool,
}

/// A word of a [`Choice`].
pub(super) const fn word(name: &'static str) -> Field {
    field(name, Kind::Anything)
}

/// A rule that looks at more than one field of a block.
pub(super) type Rule = fn(&mut Checker<'_>, &Block<'_>);

/// The fields and rules of a mapping.
#[derive(Debug)]
pub(super) struct TableOf {
    /// With its article: `a scrape config`.
    pub what: &'static str,
    /// Lists of fields, so that blocks can share some.
    pub fields: &'static [&'static [Field]],
    pub rules: &'static [Rule],
}

impl TableOf {
    /// Every field of every version.
    pub(super) fn all(&self) -> impl Iterator<Item = &'static Field> + use<> {
        self.fields.iter().flat_map(|fields| fields.iter())
    }
}
