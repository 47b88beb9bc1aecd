//! Mappings, and what stands in them.

use crate::document::{Entry, Node, Value};
use crate::source::Span;

/// A mapping that is being checked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block<'a> {
    pub node: &'a Node,
    /// Where to point when something is missing: the key that introduces the block, or its first key.
    pub head: Span,
}

impl<'a> Block<'a> {
    /// The entry under `name`, unless it is null: that is as good as absent.
    pub(super) fn given(&self, name: &str) -> Option<&'a Entry> {
        self.node
            .entry(name)
            .filter(|entry| !matches!(entry.value.value, Value::Null))
    }

    /// The text of a scalar that is neither null nor empty.
    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        self.given(name)
            .map(|entry| &*entry.value.text)
            .filter(|text| !text.is_empty())
    }

    /// The entry, where [`Self::text`] has something.
    pub(super) fn written(&self, name: &str) -> Option<&'a Entry> {
        self.given(name)
            .filter(|entry| !entry.value.text.is_empty())
    }

    /// A boolean; `None` where it is not given.
    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        match self.given(name)?.value.value {
            Value::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// The items of a list; empty where there is none.
    pub(super) fn items(&self, name: &str) -> &'a [Node] {
        self.node.get(name).map_or(&[], |node| node.items())
    }

    /// Whether a list or mapping with something in it stands there.
    pub(super) fn has_content(&self, name: &str) -> bool {
        self.given(name).is_some_and(|entry| {
            !entry.value.items().is_empty() || !entry.value.entries().is_empty()
        })
    }

    /// The block under `name`, if there is a mapping.
    pub(super) fn block(&self, name: &str) -> Option<Block<'a>> {
        let entry = self.given(name)?;
        matches!(entry.value.value, Value::Mapping(_)).then_some(Block {
            node: &entry.value,
            head: entry.key.span,
        })
    }

    /// The blocks in the list under `name`.
    pub(super) fn blocks(&self, name: &str) -> impl Iterator<Item = Block<'a>> + use<'a> {
        self.items(name)
            .iter()
            .filter(|item| matches!(item.value, Value::Mapping(_)))
            .map(|item| Block {
                node: item,
                head: head_of(item),
            })
    }
}

/// The first key of a mapping, or the node itself.
pub(super) fn head_of(node: &Node) -> Span {
    node.entries()
        .first()
        .map_or(node.span, |entry| entry.key.span)
}

/// Whether something stands there that is neither null nor empty; an empty mapping counts as something.
pub(super) fn is_set(node: &Node) -> bool {
    match &node.value {
        Value::Null => false,
        Value::Sequence(items) => !items.is_empty(),
        Value::Mapping(_) => true,
        _ => !node.text.is_empty(),
    }
}
