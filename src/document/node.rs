use arcstr::ArcStr;
use serde_json::Number;

use super::shared::Shared;
use super::{Route, Step};
use crate::source::Span;

/// How a scalar was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScalarStyle {
    /// Without quotes: its type follows from its text. Also the style of what is no scalar.
    Plain,
    /// `'…'`.
    SingleQuoted,
    /// `"…"`.
    DoubleQuoted,
    /// `|`.
    Literal,
    /// `>`.
    Folded,
}

/// What a [`Node`] holds. What is in a collection lies side by side, one allocation for all of it, because trees have millions of
/// nodes; and it is shared, so that merging overlays copies nothing.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `null`, `~` or nothing at all.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number; `.inf` and `.nan`, which JSON cannot hold, stay strings.
    Number(Number),
    /// Text.
    String(ArcStr),
    /// A list.
    Sequence(Shared<Node>),
    /// Key-value pairs in the order of the text, without duplicates.
    Mapping(Shared<Entry>),
}

/// A key of a mapping.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// The key's text after unquoting.
    pub text: ArcStr,
    /// Where it stands.
    pub span: Span,
}

/// One key-value pair.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: Key,
    /// Its value.
    pub value: Node,
}

/// What a tag says of a node. One byte, because trees have millions of nodes and few tags: of those that mean nothing here, only
/// that they are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tag {
    /// `!!null`
    Null,
    /// `!!bool`
    Bool,
    /// `!!int`
    Int,
    /// `!!float`
    Float,
    /// `!!str`
    Str,
    /// `!!binary`: bytes in base64.
    Binary,
    /// `!!timestamp`
    Timestamp,
    /// `!!merge`, which `<<` has unwritten.
    Merge,
    /// Compose's `!reset`: what stands here in files before this one is dropped.
    Reset,
    /// Compose's `!override`: what stands here in files before this one is replaced, not merged.
    Override,
    /// Every other.
    Other,
    /// Written nowhere: a value that holds a variable which somebody has yet to set, after Compose's interpolation.
    Unset,
    /// Written nowhere: a path that was put together with the directory of the file that names it.
    Joined,
}

impl Tag {
    /// By its name without `!!`, or as written (`!reset`).
    pub fn named(name: &str) -> Self {
        match name {
            "null" => Self::Null,
            "bool" => Self::Bool,
            "int" => Self::Int,
            "float" => Self::Float,
            "str" => Self::Str,
            "binary" => Self::Binary,
            "timestamp" => Self::Timestamp,
            "merge" => Self::Merge,
            "!reset" => Self::Reset,
            "!override" => Self::Override,
            _ => Self::Other,
        }
    }
}

/// One node of a document tree. Cloning one copies nothing that it holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The bytes it was written in; a value given by an alias has the span of its anchor's node.
    pub span: Span,
    /// How it was written, where it is a scalar.
    pub style: ScalarStyle,
    /// What it holds.
    pub value: Value,
    /// A scalar's text after unquoting and folding, whatever type it then has (`0755`, `yes`); empty for
    /// everything else.
    pub text: ArcStr,
    /// Its tag; `None` where there is none.
    pub tag: Option<Tag>,
    /// Whether `<<` brought it into its mapping. It says so of the entry, where it would take eight bytes.
    pub is_merged: bool,
}

impl Node {
    /// A node that stands where it is written, without quotes and tag.
    pub fn plain(span: Span, value: Value, text: ArcStr) -> Self {
        Self {
            span,
            style: ScalarStyle::Plain,
            value,
            text,
            tag: None,
            is_merged: false,
        }
    }

    /// The entries of a mapping; empty for everything else.
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Mapping(entries) => entries,
            _ => &[],
        }
    }

    /// Whether `other` is this node or a clone of it, and not only one that says the same.
    pub fn is_same(&self, other: &Self) -> bool {
        self.span == other.span
            && ArcStr::ptr_eq(&self.text, &other.text)
            && match (&self.value, &other.value) {
                (Value::Sequence(one), Value::Sequence(two)) => one.is_same(two),
                (Value::Mapping(one), Value::Mapping(two)) => one.is_same(two),
                (one, two) => one == two,
            }
    }

    /// The items of a sequence; empty for everything else.
    pub fn items(&self) -> &[Node] {
        match &self.value {
            Value::Sequence(items) => items,
            _ => &[],
        }
    }

    /// The entry of a mapping under `key`.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| &*entry.key.text == key)
    }

    /// The value of a mapping under `key`.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The text of a string scalar.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The text of any scalar, whatever type it has; empty for `null`, as Go decodes it.
    pub fn scalar_text(&self) -> &str {
        match self.value {
            Value::Null => "",
            _ => &self.text,
        }
    }

    /// Number of nodes in this tree, itself included.
    pub fn size(&self) -> usize {
        1 + match &self.value {
            Value::Sequence(items) => items.iter().map(|item| item.size()).sum(),
            Value::Mapping(entries) => entries.iter().map(|entry| entry.value.size()).sum(),
            _ => 0,
        }
    }

    /// What kind of value this is, as the field says it.
    pub fn kind(&self) -> &'static str {
        match &self.value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::Sequence(_) => "a list",
            Value::Mapping(_) => "a mapping",
        }
    }

    /// The node at `route`.
    pub fn find(&self, route: &Route) -> Option<&Node> {
        route
            .steps()
            .iter()
            .try_fold(self, |node, step| match step {
                Step::Key(key) => node.get(key),
                Step::Index(index) => node.items().get(*index),
            })
    }

    /// The span of the node at `route`, or of its nearest ancestor that exists.
    pub fn span_of(&self, route: &Route) -> Span {
        let mut node = self;
        for step in route.steps() {
            let next = match step {
                Step::Key(key) => node.get(key),
                Step::Index(index) => node.items().get(*index),
            };
            match next {
                Some(next) => node = next,
                None => break,
            }
        }
        node.span
    }

    /// The span of the key that leads to `route`, or of the nearest ancestor's key that exists.
    pub fn key_span_of(&self, route: &Route) -> Span {
        let mut node = self;
        let mut span = self.span;
        for step in route.steps() {
            let next = match step {
                Step::Key(key) => node.entry(key).map(|entry| (entry.key.span, &entry.value)),
                Step::Index(index) => node.items().get(*index).map(|item| (item.span, item)),
            };
            let Some((next_span, next)) = next else { break };
            span = next_span;
            node = next;
        }
        span
    }

    /// The same tree without positions.
    pub fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(value) => serde_json::Value::Bool(*value),
            Value::Number(number) => serde_json::Value::Number(number.clone()),
            Value::String(text) => serde_json::Value::String(text.to_string()),
            Value::Sequence(items) => {
                serde_json::Value::Array(items.iter().map(|item| item.to_json()).collect())
            }
            Value::Mapping(entries) => serde_json::Value::Object(
                entries
                    .iter()
                    .map(|entry| (entry.key.text.to_string(), entry.value.to_json()))
                    .collect(),
            ),
        }
    }
}

#[cfg(all(test, target_pointer_width = "64"))]
mod tests {
    use super::*;

    /// A large setup has two million entries: eight bytes more are a thirtieth of what `lint` needs.
    #[test]
    fn nodes_and_entries_are_small() {
        assert_eq!(size_of::<Value>(), 16);
        assert_eq!(size_of::<Node>(), 40);
        assert_eq!(size_of::<Entry>(), 56);
    }
}
