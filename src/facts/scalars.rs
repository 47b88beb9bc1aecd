//! Every scalar of a document with the keys that lead to it.

use crate::document::{Node, Value};

/// Calls `visit` with the keys that lead to each scalar, the nearest last, and the scalar. Items of a list have the key of
/// the list.
pub fn each_scalar<'n>(node: &'n Node, visit: &mut dyn FnMut(&[&'n str], &'n Node)) {
    let mut keys = Vec::new();
    walk(node, &mut keys, visit);
}

fn walk<'n>(node: &'n Node, keys: &mut Vec<&'n str>, visit: &mut dyn FnMut(&[&'n str], &'n Node)) {
    match &node.value {
        Value::Mapping(entries) => {
            for entry in entries.iter() {
                keys.push(&entry.key.text);
                walk(&entry.value, keys, visit);
                keys.pop();
            }
        }
        Value::Sequence(items) => items.iter().for_each(|item| walk(item, keys, visit)),
        _ => visit(keys, node),
    }
}
