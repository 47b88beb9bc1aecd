//! Whether a tree is of the shape that our schema wants: as much of JSON Schema as that schema uses.

use std::sync::Arc;

use serde_json::Value as Json;

use crate::catalogue::nearest;
use crate::diagnostic::Diagnostic;
use crate::document::{Node, Value};
use crate::source::{SourceFile, Span};

/// Everything in `tree` that is not of the shape.
pub(super) fn check(file: &Arc<SourceFile>, tree: &Node, schema: &Json) -> Vec<Diagnostic> {
    let mut shape = Shape {
        file,
        problems: Vec::new(),
    };
    shape.node(tree, schema, "this file", tree.span);
    shape.problems
}

struct Shape<'s> {
    file: &'s Arc<SourceFile>,
    problems: Vec<Diagnostic>,
}

impl Shape<'_> {
    fn say(&mut self, id: &str, span: Span, message: String, help: Option<String>) {
        let mut problem = Diagnostic::error(id, message).at(self.file, span);
        problem.help = help;
        self.problems.push(problem);
    }

    /// `name` is what messages call the node; `key` where its name is written.
    fn node(&mut self, node: &Node, schema: &Json, name: &str, key: Span) {
        if let Some(branches) = schema["anyOf"].as_array() {
            // The branch for this type of value tells what is wrong within it.
            let Some(branch) = branches.iter().find(|branch| is_of_type(node, branch)) else {
                let wanted: Vec<&str> = branches.iter().map(wanted).collect();
                self.wrong_type(node, &wanted.join(" or "), name);
                return;
            };
            return self.node(node, branch, name, key);
        }
        if !is_of_type(node, schema) {
            return self.wrong_type(node, wanted(schema), name);
        }
        match &node.value {
            Value::Mapping(_) => self.mapping(node, schema, name, key),
            Value::Sequence(items) => {
                if items.is_empty() && schema["minItems"].as_u64() > Some(0) {
                    let message = format!("`{name}` is empty");
                    self.say("config/wrong-value", node.span, message, None);
                }
                for item in items.iter() {
                    self.node(item, &schema["items"], name, item.span);
                }
            }
            Value::String(text) => self.text(node, text, schema, name),
            _ => {}
        }
    }

    fn wrong_type(&mut self, node: &Node, wanted: &str, name: &str) {
        let kind = node.kind().replace("mapping", "table");
        let message = format!("`{name}` is {kind}, expected {wanted}");
        self.say("config/wrong-type", node.span, message, None);
    }

    fn mapping(&mut self, node: &Node, schema: &Json, name: &str, key: Span) {
        for entry in node.entries() {
            let known = schema["properties"].as_object();
            let own = known.and_then(|known| known.get(&*entry.key.text));
            let others = Some(&schema["additionalProperties"]).filter(|schema| schema.is_object());
            match own.or(others) {
                Some(schema) => self.node(&entry.value, schema, &entry.key.text, entry.key.span),
                None => {
                    let known = known.into_iter().flat_map(|known| known.keys());
                    let help = meant(&entry.key.text, known.map(String::as_str), "known keys");
                    let message = format!("{} has no key `{}`", called(name), entry.key.text);
                    self.say("config/unknown-key", entry.key.span, message, help);
                }
            }
        }
        let required = schema["required"].as_array().into_iter().flatten();
        for missing in required.filter_map(Json::as_str) {
            if node.entry(missing).is_none() {
                let message = format!("{} lacks the key `{missing}`", called(name));
                let help = Some(format!("add `{missing} = …`"));
                self.say("config/missing-key", key, message, help);
            }
        }
    }

    fn text(&mut self, node: &Node, text: &str, schema: &Json, name: &str) {
        if let Some(words) = schema["enum"].as_array() {
            let words = || words.iter().filter_map(Json::as_str);
            if !words().any(|word| word == text) {
                let help = meant(text, words(), "expected one of");
                let help =
                    help.or_else(|| Some("`stackwright list lints` prints the names".to_owned()));
                let message = format!("`{name}` cannot be `{text}`");
                self.say("config/unknown-value", node.span, message, help);
            }
            return;
        }
        let fits = schema["pattern"].as_str().is_none_or(|pattern| {
            regex::Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(text))
        });
        let is_long_enough = text.len() as u64 >= schema["minLength"].as_u64().unwrap_or(0);
        if !fits || !is_long_enough {
            let message = format!("`{name}` cannot be `{text}`");
            let about = schema["description"].as_str();
            let help = about.map(|about| format!("expected: {}", about.trim_end_matches('.')));
            self.say("config/wrong-value", node.span, message, help);
        }
    }
}

/// How a message calls a table.
fn called(name: &str) -> String {
    match name {
        "this file" => name.into(),
        name => format!("`{name}`"),
    }
}

/// The nearest of the known words, or all of them where they are few.
fn meant<'w>(word: &str, known: impl Iterator<Item = &'w str>, what: &str) -> Option<String> {
    let known: Vec<&str> = known.collect();
    match nearest(word, known.iter().copied()) {
        Some(near) => Some(format!("did you mean `{near}`?")),
        None if known.is_empty() || known.len() > 24 => None,
        None => Some(format!("{what}: {}", known.join(", "))),
    }
}

fn is_of_type(node: &Node, schema: &Json) -> bool {
    match (schema["type"].as_str(), &node.value) {
        (Some("object"), Value::Mapping(_))
        | (Some("array"), Value::Sequence(_))
        | (Some("string"), Value::String(_))
        | (None, _) => true,
        (Some("integer"), Value::Number(number)) => number.is_i64(),
        _ => false,
    }
}

fn wanted(schema: &Json) -> &'static str {
    match schema["type"].as_str() {
        Some("object") => "a table",
        Some("array") => "a list",
        Some("integer") => "a whole number",
        _ => "a string",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Catalogue;

    /// What [`Shape`] looks at, and what says nothing about a value.
    const KEYWORDS: [&str; 14] = [
        "$schema",
        "$id",
        "title",
        "description",
        "type",
        "enum",
        "anyOf",
        "properties",
        "additionalProperties",
        "required",
        "items",
        "minItems",
        "minLength",
        "pattern",
    ];

    fn keywords(schema: &Json, visit: &mut impl FnMut(&str)) {
        let Some(object) = schema.as_object() else {
            return;
        };
        for (keyword, value) in object {
            visit(keyword);
            match (keyword.as_str(), value) {
                ("properties", Json::Object(properties)) => {
                    properties
                        .values()
                        .for_each(|schema| keywords(schema, visit));
                }
                ("anyOf", Json::Array(branches)) => {
                    branches.iter().for_each(|schema| keywords(schema, visit));
                }
                ("items" | "additionalProperties", schema) => keywords(schema, visit),
                _ => {}
            }
        }
    }

    #[test]
    fn the_schema_wants_nothing_that_is_not_checked() {
        let catalogue = Catalogue::embedded().expect("a correct catalogue");
        let mut count = 0;
        keywords(&super::super::json_schema(&catalogue), &mut |keyword| {
            assert!(KEYWORDS.contains(&keyword), "{keyword}");
            count += 1;
        });
        assert!(count > 100);
    }
}
