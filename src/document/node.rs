use std::ops::Deref;
use std::sync::Arc;

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

/// How an entry came into its mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Origin {
    /// It is written there.
    #[default]
    Own,
    /// `<<` brought it in.
    Merged,
    /// It is written there and replaces what `<<` brings in, whose key has this span.
    Overriding(Span),
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
    /// How it came into this mapping.
    pub origin: Origin,
}

/// A tag, which few nodes have: one pointer, so that all others pay little for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Tag(Arc<String>);

impl From<&str> for Tag {
    fn from(name: &str) -> Self {
        Self(Arc::new(name.to_owned()))
    }
}

impl Deref for Tag {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
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
    /// Its tag without `!!` (`str`, `binary`), or as written (`!foo`); `None` where there is none.
    pub tag: Option<Tag>,
}

/// The text of what has none. It costs no memory.
pub(super) const fn no_text() -> ArcStr {
    ArcStr::new()
}

impl Node {
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
        assert_eq!(size_of::<Node>(), 48);
        assert_eq!(size_of::<Entry>(), 80);
    }
}
