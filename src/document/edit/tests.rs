use proptest::prelude::*;
use serde_json::json;

use super::*;

fn change(source: &str, change: &Change) -> Result<String, EditError> {
    edited(source, Dialect::GoYaml2, change)
}

fn route(path: &str) -> Route {
    Route::from_json_pointer(path)
}

#[test]
fn values_are_replaced_in_place() {
    for (source, path, value, expected) in [
        ("a: 1 # one\nb: 2\n", "/a", json!(3), "a: 3 # one\nb: 2\n"),
        ("a: x\n", "/a", json!("yes"), "a: \"yes\"\n"),
        ("a: 'x'\n", "/a", json!("it's"), "a: 'it''s'\n"),
        ("a: \"x\"\n", "/a", json!("y"), "a: \"y\"\n"),
        ("a:\nb: 1\n", "/a", json!(1), "a: 1\nb: 1\n"),
        ("a: |\n  x\n  y\nb: 1\n", "/a", json!("z"), "a: z\nb: 1\n"),
        (
            "- a\n- b # c\n",
            "/1",
            json!("x: y"),
            "- a\n- \"x: y\" # c\n",
        ),
        ("{\"a\": [1, 2]}", "/a/1", json!("x"), "{\"a\": [1, \"x\"]}"),
        ("a: &n 1\nb: *n\n", "/b", json!(1), "!"),
    ] {
        let result = change(source, &Change::Replace(route(path), value));
        match result {
            Ok(text) => assert_eq!(text, expected, "{source:?}"),
            Err(error) => assert_eq!(expected, "!", "{source:?}: {error}"),
        }
    }
}

#[test]
fn keys_are_inserted_behind_the_last() {
    for (source, path, expected) in [
        ("a: 1 # one\n", "", "a: 1 # one\nk: v\n"),
        ("a: 1", "", "a: 1\nk: v"),
        (
            "- x: 1\n  y: 2\n- z\n",
            "/0",
            "- x: 1\n  y: 2\n  k: v\n- z\n",
        ),
        ("a: {x: 1}\n", "/a", "a: {x: 1, k: \"v\"}\n"),
        ("a: {}\n", "/a", "a: {k: \"v\"}\n"),
        ("a:\nb: 1\n", "/a", "a: {k: v}\nb: 1\n"),
        (
            "a:\n  b: |\n    x\nc: 1\n",
            "/a",
            "a:\n  b: |\n    x\n  k: v\nc: 1\n",
        ),
        ("{\n  \"a\": 1\n}", "", "{\n  \"a\": 1,\n  \"k\": \"v\"\n}"),
        (
            "{\"a\": 1, \"b\": 2}",
            "",
            "{\"a\": 1, \"b\": 2, \"k\": \"v\"}",
        ),
        ("a: 1\r\n", "", "a: 1\r\nk: v\r\n"),
    ] {
        let change = Change::Insert(route(path), "k".into(), json!("v"));
        assert_eq!(
            edited(source, Dialect::GoYaml2, &change).as_deref(),
            Ok(expected),
            "{source:?}"
        );
    }
}

#[test]
fn items_are_inserted_in_the_style_of_their_list() {
    for (source, path, index, value, expected) in [
        (
            "- a # one\n- b\n",
            "",
            2,
            json!("c"),
            "- a # one\n- b\n- c\n",
        ),
        (
            "- a # one\n- b\n",
            "",
            1,
            json!("c"),
            "- a # one\n- c\n- b\n",
        ),
        (
            "x:\n  - 'a'\n",
            "/x",
            9,
            json!("c"),
            "x:\n  - 'a'\n  - 'c'\n",
        ),
        ("x: [a]\n", "/x", 1, json!("c"), "x: [a, \"c\"]\n"),
        ("x: [a]\n", "/x", 0, json!("c"), "x: [\"c\", a]\n"),
        ("x: []\n", "/x", 0, json!("c"), "x: [\"c\"]\n"),
        ("x:\ny: 1\n", "/x", 0, json!("c"), "x: [\"c\"]\ny: 1\n"),
        (
            "x:\n- a: 1\n  b: 2\n\n# next\ny: 1\n",
            "/x",
            1,
            json!({"a": ["x", "z"], "b": {"c": "d"}, "e": [1]}),
            "x:\n- a: 1\n  b: 2\n- a: [x, z]\n  b:\n    c: d\n  e:\n    - 1\n\n# next\ny: 1\n",
        ),
    ] {
        let change = Change::InsertItem(route(path), index, value);
        assert_eq!(
            edited(source, Dialect::GoYaml2, &change).as_deref(),
            Ok(expected),
            "{source:?}"
        );
    }
}

#[test]
fn collections_are_inserted_in_block_style() {
    for (source, path, expected) in [
        ("a: 1\n", "", "a: 1\nk:\n  - x: 1\n    z: []\n"),
        (
            "a:\n  b: 1\n",
            "/a",
            "a:\n  b: 1\n  k:\n    - x: 1\n      z: []\n",
        ),
        ("a: {b: 1}\n", "/a", "a: {b: 1, k: [{x: 1, z: []}]}\n"),
    ] {
        let change = Change::Insert(route(path), "k".into(), json!([{"x": 1, "z": []}]));
        assert_eq!(
            edited(source, Dialect::GoYaml2, &change).as_deref(),
            Ok(expected),
            "{source:?}"
        );
    }
}

#[test]
fn entries_are_deleted_with_their_lines() {
    for (source, path, expected) in [
        (
            "a: 1\n# kept\nb: 2 # gone\nc: 3\n",
            "/b",
            "a: 1\n# kept\nc: 3\n",
        ),
        ("a: 1\nb: 2\n", "/b", "a: 1\n"),
        ("a: 1\nb: 2", "/b", "a: 1\n"),
        ("- x: 1\n  y: 2\n", "/0/x", "- y: 2\n"),
        ("- x: 1\n  y: 2\n", "/0/y", "- x: 1\n"),
        ("a:\n  b: 1\nc: 2\n", "/a/b", "a:\n  {}\nc: 2\n"),
        ("- 1\n- 2\n- 3\n", "/1", "- 1\n- 3\n"),
        ("{a: 1, b: 2, c: 3}", "/b", "{a: 1, c: 3}"),
        ("[1, 2, 3]", "/2", "[1, 2]"),
        ("[1]", "/0", "[]"),
        ("a:\n- b:\n    c: 1\n- d\n", "/a/0", "a:\n- d\n"),
    ] {
        let change = Change::Delete(route(path));
        assert_eq!(
            edited(source, Dialect::GoYaml2, &change).as_deref(),
            Ok(expected),
            "{source:?}"
        );
    }
}

#[test]
fn what_is_written_elsewhere_is_not_changed_here() {
    let source = "a: &x {k: 1}\nb: *x\nc: {<<: *x}\n";
    for path in ["/b", "/b/k", "/c/k"] {
        let result = change(source, &Change::Replace(route(path), json!(2)));
        assert!(
            matches!(result, Err(EditError::Aliased(_))),
            "{path}: {result:?}"
        );
    }
}

/// A document, written in one of several ways, with comments.
#[derive(Debug, Clone)]
enum Tree {
    Scalar(String),
    List(Vec<Tree>),
    Map(Vec<(String, Tree)>),
}

fn trees() -> impl Strategy<Value = Tree> {
    let scalar = prop_oneof![
        "[a-z]{1,5}",
        Just("1".to_owned()),
        Just("true".to_owned()),
        Just("'q u'".to_owned()),
        Just("\"x: y\"".to_owned()),
        Just("~".to_owned()),
    ]
    .prop_map(Tree::Scalar);
    scalar.prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(Tree::List),
            prop::collection::btree_map("k[a-z]{1,3}", inner, 1..4)
                .prop_map(|map| Tree::Map(map.into_iter().collect())),
        ]
    })
}

fn flow(tree: &Tree, text: &mut String) {
    match tree {
        Tree::Scalar(scalar) => text.push_str(scalar),
        Tree::List(items) => {
            text.push('[');
            for (at, item) in items.iter().enumerate() {
                text.push_str(if at > 0 { ", " } else { "" });
                flow(item, text);
            }
            text.push(']');
        }
        Tree::Map(entries) => {
            text.push('{');
            for (at, (key, value)) in entries.iter().enumerate() {
                text.push_str(if at > 0 { ", " } else { "" });
                text.push_str(&format!("{key}: "));
                flow(value, text);
            }
            text.push('}');
        }
    }
}

fn block(tree: &Tree, indent: usize, text: &mut String) {
    let pad = " ".repeat(indent);
    match tree {
        Tree::Scalar(_) => unreachable!("written by the parent"),
        Tree::List(items) => {
            for item in items {
                text.push_str(&format!("{pad}# about an item\n{pad}-"));
                child(item, indent, text);
            }
        }
        Tree::Map(entries) => {
            for (key, value) in entries {
                text.push_str(&format!("{pad}{key}:"));
                child(value, indent, text);
            }
        }
    }
}

fn child(tree: &Tree, indent: usize, text: &mut String) {
    match tree {
        Tree::Scalar(scalar) => text.push_str(&format!(" {scalar} # c\n")),
        Tree::List(items) if items.len() == 2 => {
            text.push(' ');
            flow(tree, text);
            text.push('\n');
        }
        _ => {
            text.push('\n');
            block(tree, indent + 2, text);
        }
    }
}

fn routes(node: &Node, route: Route, found: &mut Vec<Route>) {
    found.push(route.clone());
    for entry in node.entries() {
        routes(&entry.value, route.key(entry.key.text.to_string()), found);
    }
    for (at, item) in node.items().iter().enumerate() {
        routes(item, route.index(at), found);
    }
}

proptest! {
    #[test]
    fn every_change_to_every_place_says_what_was_asked(
        tree in trees(),
        in_flow in any::<bool>(),
        kind in 0_u8..3,
        place in any::<prop::sample::Index>(),
    ) {
        let mut source = String::from("top:");
        if in_flow {
            source.push(' ');
            flow(&tree, &mut source);
            source.push('\n');
        } else {
            child(&tree, 0, &mut source);
        }
        source.push_str("end: 1\n");
        let root = read(&source, Dialect::GoYaml2).unwrap();
        let mut all = Vec::new();
        routes(&root, Route::root(), &mut all);
        let route = place.get(&all).clone();
        let node = root.find(&route).unwrap();
        let change = match kind {
            0 if !route.steps().is_empty() => Change::Replace(route, json!("new: value")),
            1 if matches!(node.value, Value::Mapping(_)) => Change::Insert(route, "new".into(), json!({"a": [1]})),
            2 if !route.steps().is_empty() => Change::Delete(route),
            _ => return Ok(()),
        };
        // The result is compared with what was asked for inside; it must not be an error either.
        let result = edited(&source, Dialect::GoYaml2, &change);
        prop_assert!(result.is_ok(), "{change:?}: {result:?}\n{source}");
        let result = result.unwrap();
        if !matches!(change, Change::Delete(_)) {
            let comments = |text: &str| text.matches('#').count();
            let inside = root.find(change.route()).map_or(0, |node| comments(&source[node.span.start()..node.span.end()]));
            prop_assert!(comments(&result) + inside >= comments(&source), "{result}\n{source}");
        }
    }
}
