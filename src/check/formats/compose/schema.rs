//! The shape of a Compose file: the schema of the Compose Specification, read over a tree that knows its places.
//!
//! The schema says nothing of versions; [`SINCE`] does. Its alternatives (`oneOf`) are told apart by type alone, so that
//! an error can be told for the one that was meant.

use std::collections::HashMap;
use std::sync::{LazyLock, OnceLock};

use regex::Regex;
use serde_json::Value as Json;

use super::project::{Project, is_at, is_open, kind};
use crate::catalogue::Version;
use crate::check::formats::block::head_of;
use crate::check::formats::scalar::quoted;
use crate::check::formats::words::{listed, nearest, short};
use crate::document::{Dialect, Entry, GoScalar, Node, Value, resolve_go};
use crate::source::Span;

static SCHEMA: LazyLock<Json> = LazyLock::new(|| {
    // The tests read it too: it is part of this program.
    serde_json::from_str(include_str!("spec/compose-spec.json")).unwrap_or_default()
});

/// The patterns of the schema, each compiled when it is first needed; none for what is no regular expression to us.
static PATTERNS: LazyLock<HashMap<&'static str, Pattern>> = LazyLock::new(|| {
    let mut patterns = HashMap::new();
    collect(&SCHEMA, &mut patterns);
    patterns
});

type Pattern = OnceLock<Option<Regex>>;

fn collect(schema: &'static Json, patterns: &mut HashMap<&'static str, Pattern>) {
    let mut add = |pattern: &'static str| {
        patterns.entry(pattern).or_default();
    };
    match schema {
        Json::Object(entries) => {
            if let Some(Json::String(pattern)) = entries.get("pattern") {
                add(pattern);
            }
            if let Some(Json::Object(keys)) = entries.get("patternProperties") {
                keys.keys().for_each(|pattern| add(pattern));
            }
            for value in entries.values() {
                collect(value, patterns);
            }
        }
        Json::Array(items) => {
            for item in items {
                collect(item, patterns);
            }
        }
        _ => {}
    }
}

/// Keys that came after the oldest Compose that we look at, with the first version that knows them.
const SINCE: [(&str, u32, u32, u32); 36] = [
    ("models", 2, 38, 0),
    ("include", 2, 20, 0),
    ("configs.*.content", 2, 23, 1),
    ("configs.*.environment", 2, 23, 1),
    ("networks.*.enable_ipv4", 2, 33, 1),
    ("services.*.annotations", 2, 26, 0),
    ("services.*.attach", 2, 20, 0),
    ("services.*.build.additional_contexts", 2, 17, 0),
    ("services.*.build.dockerfile_inline", 2, 17, 0),
    ("services.*.build.entitlements", 2, 27, 0),
    ("services.*.build.privileged", 2, 15, 0),
    ("services.*.build.provenance", 2, 39, 0),
    ("services.*.build.sbom", 2, 39, 0),
    ("services.*.build.ulimits", 2, 23, 1),
    ("services.*.depends_on.*.required", 2, 20, 0),
    ("services.*.depends_on.*.restart", 2, 17, 0),
    ("services.*.develop", 2, 22, 0),
    ("services.*.develop.watch.[].exec", 2, 32, 0),
    ("services.*.develop.watch.[].include", 2, 34, 0),
    ("services.*.develop.watch.[].initial_sync", 2, 36, 0),
    ("services.*.env_file.[].format", 2, 30, 0),
    ("services.*.env_file.[].required", 2, 24, 0),
    ("services.*.gpus", 2, 30, 0),
    ("services.*.healthcheck.start_interval", 2, 20, 2),
    ("services.*.label_file", 2, 32, 2),
    ("services.*.models", 2, 38, 0),
    ("services.*.networks.*.driver_opts", 2, 27, 1),
    ("services.*.networks.*.gw_priority", 2, 33, 1),
    ("services.*.networks.*.interface_name", 2, 36, 0),
    ("services.*.networks.*.mac_address", 2, 23, 2),
    ("services.*.post_start", 2, 30, 0),
    ("services.*.pre_stop", 2, 30, 0),
    ("services.*.provider", 2, 36, 0),
    ("services.*.pull_refresh_after", 2, 34, 0),
    ("services.*.use_api_socket", 2, 37, 0),
    ("services.*.volumes.[].image", 2, 35, 0),
];

/// Rules of the newest schema that older versions did not have, each at the place of the value or key that it is about,
/// with the first version that has it.
const STRICT_SINCE: [(&str, Rule, u32, u32); 4] = [
    ("services.*.container_name", Rule::Value, 2, 35),
    ("services.*.volumes.[].type", Rule::Value, 2, 35),
    ("services.*.post_start.[].command", Rule::Presence, 2, 35),
    ("services.*.pre_stop.[].command", Rule::Presence, 2, 35),
];

/// What a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// Which values there are.
    Value,
    /// That the key is there.
    Presence,
}

/// Checks `model` by the schema.
pub(super) fn check(project: &mut Project<'_>, model: &Node) {
    let mut walk = Walk {
        project,
        place: Vec::new(),
        name: "this file",
    };
    walk.value(model, model.span, &SCHEMA);
}

struct Walk<'p, 'a, 'n> {
    project: &'p mut Project<'a>,
    place: Vec<&'n str>,
    /// The last key that has a name, for messages.
    name: &'n str,
}

impl<'n> Walk<'_, '_, 'n> {
    /// Whether a rule about this place is in force.
    fn is_strict(&self, about: Rule) -> bool {
        STRICT_SINCE
            .iter()
            .filter(|(pattern, rule, ..)| *rule == about && is_at(&self.place, pattern))
            .all(|(_, _, major, minor)| self.project.at_least(*major, *minor))
    }

    fn value(&mut self, node: &'n Node, key: Span, schema: &'static Json) {
        let schema = resolved(schema);
        if is_open(node) {
            return;
        }
        if let Some(alternatives) = schema["oneOf"].as_array() {
            let fitting = alternatives
                .iter()
                .find(|alternative| takes(alternative, node));
            match fitting {
                Some(alternative) => self.value(node, key, alternative),
                None => self.wrong_type(node, key, schema),
            }
            return;
        }
        if !takes(schema, node) {
            return self.wrong_type(node, key, schema);
        }
        match &node.value {
            Value::Mapping(entries) => self.mapping(node, entries, key, schema),
            Value::Sequence(items) => {
                self.place.push("[]");
                for item in items.iter() {
                    if !schema["items"].is_null() {
                        self.value(item, head_of(item), &schema["items"]);
                    }
                }
                self.place.pop();
                if schema["uniqueItems"] == true {
                    self.unique(items);
                }
            }
            _ => self.scalar(node, schema),
        }
    }

    fn mapping(&mut self, node: &'n Node, entries: &'n [Entry], key: Span, schema: &'static Json) {
        let properties = schema["properties"].as_object();
        let patterns = schema["patternProperties"].as_object();
        for entry in entries.iter() {
            let name = &*entry.key.text;
            self.place.push(name);
            let outer = std::mem::replace(&mut self.name, name);
            let by_pattern = || {
                patterns?
                    .iter()
                    .find(|(pattern, _)| fits(pattern, name))
                    .map(|(_, schema)| schema)
            };
            let known = properties
                .and_then(|properties| properties.get(name))
                .or_else(by_pattern);
            match known {
                Some(_) if self.too_new(entry) => {}
                Some(schema) => self.value(&entry.value, entry.key.span, schema),
                None if schema["additionalProperties"] == false => {
                    self.name = outer;
                    self.unknown(entry, schema);
                }
                None => {}
            }
            self.name = outer;
            self.place.pop();
        }
        for required in schema["required"].as_array().into_iter().flatten() {
            let name = required.as_str().unwrap_or_default();
            self.place.push(name);
            let is_strict = self.is_strict(Rule::Presence);
            self.place.pop();
            if node.get(name).is_none() && is_strict {
                let message = format!("`{name}` of {} is missing", what(&self.place));
                let span = if key.is_empty() { head_of(node) } else { key };
                self.project.error("missing-field", span, message).help =
                    Some(format!("give `{name}`"));
            }
        }
    }

    fn too_new(&mut self, entry: &Entry) -> bool {
        let since = SINCE
            .iter()
            .find(|(pattern, ..)| is_at(&self.place, pattern))
            .map(|(_, major, minor, patch)| Version::new(*major, *minor, *patch));
        let version = self.project.options.version;
        let Some(since) = since.filter(|since| version < *since) else {
            return false;
        };
        let message = format!(
            "`{}` needs Docker Compose {} or newer; this is checked for {}",
            entry.key.text,
            short(since),
            short(version)
        );
        self.project.error("too-new-field", entry.key.span, message);
        true
    }

    fn unknown(&mut self, entry: &Entry, schema: &'static Json) {
        let name = &*entry.key.text;
        let (_, place) = self.place.split_last().unwrap_or((&"", &[]));
        let section = place.last().copied().unwrap_or_default();
        let what = what(place);
        let properties = schema["properties"].as_object();
        let Some(properties) = properties else {
            self.project
                .error(
                    "invalid-name",
                    entry.key.span,
                    format!("`{name}` cannot be the name of a {}", singular(section)),
                )
                .help = Some("use letters, digits, `.`, `_` and `-`".into());
            return;
        };
        let near = nearest(name, properties.keys().map(String::as_str));
        let below = || {
            properties.iter().find(|(_, inner)| {
                let inner = resolved(inner);
                let is_mapping = |schema: &Json| schema["properties"].get(name).is_some();
                is_mapping(inner)
                    || inner["oneOf"].as_array().is_some_and(|one_of| {
                        one_of.iter().any(|schema| is_mapping(resolved(schema)))
                    })
            })
        };
        let help = match near {
            Some(near) => Some(format!("did you mean `{near}`?")),
            None => below().map(|(parent, _)| format!("`{name}` belongs under `{parent}`")),
        };
        let message = format!("{what} has no field `{name}`");
        self.project
            .error("unknown-field", entry.key.span, message)
            .help = help;
    }

    fn scalar(&mut self, node: &'n Node, schema: &'static Json) {
        if resolve_go(node, Dialect::GoYaml3) == GoScalar::Timestamp
            && matches!(node.value, Value::String(_))
            // Where a number would do as well, older versions wrote the date as text.
            && (self.project.at_least(2, 35) || schema["type"] == "string")
        {
            let message = format!("`{}` is a date, and text is expected here", node.text);
            self.project.error("wrong-type", node.span, message).help =
                Some(format!("quote it: `\"{}\"`", node.text));
            return;
        }
        if matches!(resolve_go(node, Dialect::GoYaml3), GoScalar::Float(number) if !number.is_finite())
            && !self.project.at_least(2, 35)
        {
            let message = format!("`{}` is a number that JSON has no word for", node.text);
            self.project.error("wrong-type", node.span, message).help =
                Some(format!("quote it: `\"{}\"`", node.text));
            return;
        }
        let words: Vec<&str> = schema["enum"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Json::as_str)
            .collect();
        if !words.is_empty() && !words.contains(&&*node.text) && self.is_strict(Rule::Value) {
            let near = nearest(&node.text, words.iter().copied());
            let message = format!(
                "`{}` cannot be `{}`, expected {}",
                self.name,
                node.text,
                quoted(&words)
            );
            self.project.error("unknown-value", node.span, message).help =
                near.map(|near| format!("did you mean `{near}`?"));
        }
        if let Some(pattern) = schema["pattern"].as_str() {
            self.pattern(node, pattern);
        }
        let number = match &node.value {
            Value::Number(number) => number.as_f64(),
            _ => None,
        };
        if let Some(number) = number {
            let least = schema["minimum"].as_f64().filter(|least| number < *least);
            let most = schema["maximum"].as_f64().filter(|most| number > *most);
            let message = match (least, most) {
                (Some(least), _) => {
                    format!("`{}` is {}, the least is {least}", self.name, node.text)
                }
                (_, Some(most)) => format!("`{}` is {}, the most is {most}", self.name, node.text),
                _ => return,
            };
            self.project.error("value-out-of-range", node.span, message);
        }
    }

    fn pattern(&mut self, node: &Node, pattern: &str) {
        let text = &*node.text;
        if self.place.last() == Some(&"pull_policy") {
            // Since when there are periods is known, and what the pattern means.
            const OLD: [&str; 5] = ["always", "never", "build", "if_not_present", "missing"];
            let is_known = if self.project.at_least(2, 34) {
                fits(pattern, text)
            } else {
                OLD.contains(&text)
            };
            if !is_known {
                let near = nearest(text, OLD.into_iter());
                let message = format!(
                    "`pull_policy` cannot be `{text}`, expected {}",
                    quoted(&OLD)
                );
                self.project.error("unknown-value", node.span, message).help = match near {
                    Some(near) => Some(format!("did you mean `{near}`?")),
                    None if fits(pattern, text) => {
                        Some("periods need Docker Compose 2.34 or newer".into())
                    }
                    None => None,
                };
            }
        } else if !fits(pattern, text) && self.is_strict(Rule::Value) {
            let message = format!("`{}` cannot be `{text}`", self.name);
            self.project.error("invalid-name", node.span, message).help = Some(
                "use two or more letters, digits, `.`, `_` and `-`, beginning with a letter or digit".into(),
            );
        }
    }

    fn unique(&mut self, items: &[Node]) {
        let mut seen = HashMap::new();
        for item in items.iter().filter(|item| !is_open(item)) {
            if let Some(first) = seen.insert(item.to_json().to_string(), item.span) {
                let message = format!("`{}` is twice in `{}`", item.text, self.name);
                self.project
                    .error("duplicate-entry", item.span, message)
                    .help = Some("remove one of the two".into());
                self.project.relate("first given here", first);
            }
        }
    }

    fn wrong_type(&mut self, node: &Node, key: Span, schema: &'static Json) {
        let mut types = Vec::new();
        types_of(schema, &mut types);
        let expected: Vec<String> = types.iter().map(|name| in_words(name).to_owned()).collect();
        let expected = listed(&expected);
        let is = kind(node);
        let subject = match self.place.as_slice() {
            [.., "[]"] => format!("an entry of `{}`", self.name),
            _ => format!("`{}`", self.name),
        };
        let span = match &node.value {
            Value::Mapping(entries) => entries.first().map_or(node.span, |entry| entry.key.span),
            _ if node.span.is_empty() => key,
            _ => node.span,
        };
        let message = format!("{subject} takes {expected}, and this is {is}");
        let help = match (&node.value, types.as_slice()) {
            (Value::Null, _) => Some("give a value, or remove the line".to_owned()),
            (Value::Number(_) | Value::Bool(_), types) if types.contains(&"string") => {
                Some(format!("quote it: `\"{}\"`", node.text))
            }
            (Value::String(_), types) if types.contains(&"array") => {
                Some(format!("make it a list: `[{}]`", node.text))
            }
            _ => None,
        };
        self.project.error("wrong-type", span, message).help = help;
    }
}

/// The block at `place`, for messages.
fn what(place: &[&str]) -> String {
    match place {
        [] => "a Compose file".into(),
        [section, name] => format!("the {} `{name}`", singular(section)),
        [.., list, "[]"] => format!("an entry of `{list}`"),
        [.., name] => format!("`{name}`"),
    }
}

fn singular(section: &str) -> &str {
    section.strip_suffix('s').unwrap_or(section)
}

fn in_words(json_type: &str) -> &str {
    match json_type {
        "object" => "a mapping",
        "array" => "a list",
        "string" => "text",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "`true` or `false`",
        other => other,
    }
}

fn fits(pattern: &str, text: &str) -> bool {
    PATTERNS
        .get(pattern)
        .and_then(|regex| regex.get_or_init(|| Regex::new(pattern).ok()).as_ref())
        .is_some_and(|regex| regex.is_match(text))
}

/// The schema that `$ref` names.
fn resolved(schema: &'static Json) -> &'static Json {
    schema["$ref"]
        .as_str()
        .and_then(|reference| SCHEMA.pointer(reference.trim_start_matches('#')))
        .unwrap_or(schema)
}

/// Whether a schema takes values of this type at all.
fn takes(schema: &'static Json, node: &Node) -> bool {
    let schema = resolved(schema);
    if let Some(alternatives) = schema["oneOf"].as_array() {
        return alternatives
            .iter()
            .any(|alternative| takes(alternative, node));
    }
    let fits = |name: &str| match &node.value {
        Value::Null => name == "null",
        Value::Bool(_) => name == "boolean",
        Value::Number(number) => {
            name == "number"
                || (name == "integer"
                    && (!number.is_f64() || number.as_f64().is_some_and(|n| n.fract() == 0.0)))
        }
        Value::String(_) => {
            name == "string"
                // `.inf` and `.nan` are numbers that JSON has no word for.
                || (name == "number"
                    && matches!(resolve_go(node, Dialect::GoYaml3), GoScalar::Float(_)))
        }
        Value::Sequence(_) => name == "array",
        Value::Mapping(_) => name == "object",
    };
    match &schema["type"] {
        Json::String(name) => fits(name),
        Json::Array(names) => names.iter().filter_map(Json::as_str).any(fits),
        _ => true,
    }
}

/// The types that a schema takes, each once.
fn types_of(schema: &'static Json, types: &mut Vec<&'static str>) {
    let schema = resolved(schema);
    for alternative in schema["oneOf"].as_array().into_iter().flatten() {
        types_of(alternative, types);
    }
    let names: Vec<&'static str> = match &schema["type"] {
        Json::String(name) => vec![name],
        Json::Array(names) => names.iter().filter_map(Json::as_str).collect(),
        _ => Vec::new(),
    };
    for name in names {
        if !types.contains(&name) {
            types.push(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_is_there_and_the_places_of_new_keys_are_in_it() {
        assert!(SCHEMA["definitions"]["service"].is_object());
        for (place, ..) in SINCE {
            let mut schema = &*SCHEMA;
            for part in place.split('.') {
                schema = step(schema, part).unwrap_or_else(|| panic!("{place}: no {part}"));
            }
        }
    }

    fn step(schema: &'static Json, part: &str) -> Option<&'static Json> {
        let schema = resolved(schema);
        if let Some(alternatives) = schema["oneOf"].as_array() {
            return alternatives.iter().find_map(|schema| step(schema, part));
        }
        match part {
            "[]" => schema.get("items"),
            "*" => schema["patternProperties"].as_object()?.values().next(),
            name => schema["properties"].get(name),
        }
    }

    #[test]
    fn every_keyword_of_the_schema_is_one_that_we_read() {
        const READ: [&str; 20] = [
            "$schema",
            "$id",
            "$ref",
            "type",
            "title",
            "description",
            "properties",
            "patternProperties",
            "additionalProperties",
            "required",
            "items",
            "uniqueItems",
            "oneOf",
            "enum",
            "pattern",
            "minimum",
            "maximum",
            "definitions",
            "default",
            "deprecated",
        ];
        fn walk(schema: &Json, is_names: bool) {
            match schema {
                Json::Object(entries) => {
                    for (key, value) in entries {
                        assert!(is_names || READ.contains(&key.as_str()), "{key}");
                        let names = matches!(
                            key.as_str(),
                            "properties" | "patternProperties" | "definitions"
                        );
                        walk(value, names && !is_names);
                    }
                }
                Json::Array(items) => items.iter().for_each(|item| walk(item, false)),
                _ => {}
            }
        }
        walk(&SCHEMA, false);
    }
}
