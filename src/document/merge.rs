use arcstr::ArcStr;

use super::{Entry, Node, Value};

/// `base` with `patch` laid over it, as JSON Merge Patch (RFC 7396) defines: mappings merge key by
/// key, `null` removes a key, everything else replaces. Every node keeps the position at which
/// it was written, whether in the base or in the overlay.
pub fn merge_patch(base: &Node, patch: &Node) -> Node {
    let Value::Mapping(changes) = &patch.value else {
        return patch.clone();
    };
    let mut entries: Vec<Entry> = base.entries().to_vec();
    let positions: std::collections::HashMap<ArcStr, usize> = entries
        .iter()
        .enumerate()
        .map(|(position, entry)| (ArcStr::clone(&entry.key.text), position))
        .collect();
    let mut removed = Vec::new();
    for change in changes.iter() {
        match (positions.get(&change.key.text), &change.value.value) {
            (Some(position), Value::Null) => removed.push(*position),
            (None, Value::Null) => {}
            (Some(position), _) => {
                let entry = &mut entries[*position];
                entry.value = merge_patch(&entry.value, &change.value);
            }
            (None, _) => entries.push(Entry {
                key: change.key.clone(),
                value: without_nulls(&change.value),
            }),
        }
    }
    removed.sort_unstable();
    for position in removed.into_iter().rev() {
        entries.remove(position);
    }
    Node {
        span: if base.entries().is_empty() {
            patch.span
        } else {
            base.span
        },
        value: Value::Mapping(entries.into()),
        ..base.clone()
    }
}

/// A patch for something that is not there yet: its `null`s remove nothing and leave nothing.
fn without_nulls(node: &Node) -> Node {
    let Value::Mapping(entries) = &node.value else {
        return node.clone();
    };
    let kept = entries
        .iter()
        .filter(|entry| entry.value.value != Value::Null)
        .map(|entry| Entry {
            key: entry.key.clone(),
            value: without_nulls(&entry.value),
        })
        .collect();
    Node {
        value: Value::Mapping(kept),
        ..node.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Limits, parse_yaml};
    use super::*;

    fn tree(text: &str) -> Node {
        parse_yaml(text, Limits::default()).unwrap()
    }

    #[test]
    fn an_overlay_changes_adds_and_removes_by_name() {
        let base = tree("targets: {a: {port: 1, tls: true}, b: {port: 2}}\nlist: [1, 2]");
        let patch = tree("targets: {a: {port: 3}, b: null, c: {port: 4, tls: null}}\nlist: [9]");
        assert_eq!(
            merge_patch(&base, &patch).to_json(),
            serde_json::json!({
                "targets": {"a": {"port": 3, "tls": true}, "c": {"port": 4}},
                "list": [9]
            })
        );
    }

    #[test]
    fn the_examples_of_rfc_7396_hold() {
        for (base, patch, result) in [
            ("{a: b}", "{a: c}", "{a: c}"),
            ("{a: b}", "{b: c}", "{a: b, b: c}"),
            ("{a: b}", "{a: null}", "{}"),
            ("{a: b, b: c}", "{a: null}", "{b: c}"),
            ("{a: [b]}", "{a: c}", "{a: c}"),
            ("{a: c}", "{a: [b]}", "{a: [b]}"),
            ("{a: {b: c}}", "{a: {b: d, c: null}}", "{a: {b: d}}"),
            ("{a: [{b: c}]}", "{a: [1]}", "{a: [1]}"),
            ("[a, b]", "[c, d]", "[c, d]"),
            ("{a: b}", "[c]", "[c]"),
            ("{a: foo}", "null", "null"),
            ("{e: null}", "{a: 1}", "{e: null, a: 1}"),
            ("[1, 2]", "{a: b, c: null}", "{a: b}"),
            ("{}", "{a: {bb: {ccc: null}}}", "{a: {bb: {}}}"),
        ] {
            assert_eq!(
                merge_patch(&tree(base), &tree(patch)).to_json(),
                tree(result).to_json(),
                "{base} + {patch}"
            );
        }
    }
}
