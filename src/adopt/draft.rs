//! A profile in the making: its blocks as a tree, and what stands above them as comments.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use crate::template::{yaml_block, yaml_comment, yaml_string};

/// The blocks of a profile in the order in which people read them.
const ORDER: [&str; 24] = [
    "name",
    "description",
    "labels",
    "targets",
    "exporters",
    "scrape",
    "applications",
    "probes",
    "thresholds",
    "memory_pressure",
    "alerts",
    "dashboards",
    "logs",
    "sharding",
    "remote_write",
    "agent",
    "links",
    "notifications",
    "compose",
    "addresses",
    "versions",
    "budget",
    "runbooks",
    "environments",
];

/// Columns that a mapping on one line may take.
const WIDEST_FLOW: usize = 96;

/// Columns of a comment.
const WIDEST_COMMENT: usize = 110;

/// Blocks whose entries are things of their own, which always take several lines.
const THINGS: [&str; 8] = [
    "targets",
    "exporters",
    "applications",
    "probes",
    "dashboards",
    "channels",
    "remote_write",
    "runbooks",
];

/// A profile in the making.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Draft {
    tree: Map<String, Json>,
    comments: BTreeMap<Vec<String>, String>,
}

impl Draft {
    /// Puts `value` at `path`, whose mappings are made where they are not there yet.
    pub fn set(&mut self, path: &[&str], value: impl Into<Json>) {
        let Some((last, above)) = path.split_last() else {
            return;
        };
        let mut mapping = &mut self.tree;
        for step in above {
            let next = mapping
                .entry(*step)
                .or_insert_with(|| Json::Object(Map::new()));
            if !next.is_object() {
                *next = Json::Object(Map::new());
            }
            let Some(inner) = next.as_object_mut() else {
                return;
            };
            mapping = inner;
        }
        mapping.insert((*last).to_owned(), value.into());
    }

    /// Puts `value` at `path` where there is one.
    pub fn set_some(&mut self, path: &[&str], value: Option<impl Into<Json>>) {
        if let Some(value) = value {
            self.set(path, value);
        }
    }

    /// What stands at `path`.
    pub fn get(&self, path: &[&str]) -> Option<&Json> {
        let (first, rest) = path.split_first()?;
        rest.iter()
            .try_fold(self.tree.get(*first)?, |value, step| value.get(*step))
    }

    /// Removes what stands at `path`, and what was said of it.
    pub fn remove(&mut self, path: &[&str]) {
        let Some((last, above)) = path.split_last() else {
            return;
        };
        let mut mapping = Some(&mut self.tree);
        for step in above {
            mapping = mapping
                .and_then(|it| it.get_mut(*step))
                .and_then(Json::as_object_mut);
        }
        if let Some(mapping) = mapping {
            mapping.shift_remove(*last);
        }
        self.comments.retain(|place, _| {
            !(place.len() >= path.len() && place.iter().zip(path).all(|(a, b)| a == b))
        });
    }

    /// Names of the entries at `path`.
    pub fn names(&self, path: &[&str]) -> Vec<String> {
        let entries = self.get(path).and_then(Json::as_object);
        entries.map_or_else(Vec::new, |it| it.keys().cloned().collect())
    }

    /// Says something above what stands at `path`.
    pub fn comment(&mut self, path: &[&str], text: &str) {
        let path = path.iter().map(|step| (*step).to_owned()).collect();
        let comment = self.comments.entry(path).or_default();
        if !comment.is_empty() {
            comment.push('\n');
        }
        comment.push_str(text);
    }

    /// The tree.
    pub const fn tree(&self) -> &Map<String, Json> {
        &self.tree
    }

    /// What is said above what stands at each path.
    pub const fn comments(&self) -> &BTreeMap<Vec<String>, String> {
        &self.comments
    }

    /// As the text of a profile, `head` above it.
    pub fn to_text(&self, head: &str) -> String {
        let mut out = String::from("# yaml-language-server: $schema=profile.schema.json\n#\n");
        for line in head.lines() {
            out.push_str(format!("# {line}").trim_end());
            out.push('\n');
        }
        let rank = |key: &str| ORDER.iter().position(|known| *known == key);
        let mut blocks: Vec<(&String, &Json)> = self.tree.iter().collect();
        blocks.sort_by_key(|(key, _)| rank(key).unwrap_or(ORDER.len()));
        for (key, value) in blocks {
            let is_block = value.as_object().is_some_and(|it| !it.is_empty());
            // What is one line each stands together.
            if is_block || key == "name" || self.comments.contains_key(&vec![key.clone()]) {
                out.push('\n');
            }
            self.entry(&mut vec![key.clone()], value, &mut out);
        }
        out
    }

    fn entry(&self, path: &mut Vec<String>, value: &Json, out: &mut String) {
        let indent = "  ".repeat(path.len() - 1);
        if let Some(comment) = self.comments.get(path) {
            for line in wrapped(comment, WIDEST_COMMENT.saturating_sub(indent.len() + 2)) {
                out.push_str(&format!("{indent}# {}\n", yaml_comment(&line, 0)));
            }
        }
        let key = yaml_string(path.last().map_or("", String::as_str));
        match value {
            Json::Object(entries) if entries.is_empty() => {
                out.push_str(&format!("{indent}{key}: {{}}\n"));
            }
            Json::Object(entries) => {
                let line = flow(value);
                let is_short = indent.len() + key.len() + 2 + line.chars().count() <= WIDEST_FLOW;
                if is_short && self.is_small(path, value) {
                    out.push_str(&format!("{indent}{key}: {line}\n"));
                    return;
                }
                out.push_str(&format!("{indent}{key}:\n"));
                for (name, value) in entries {
                    path.push(name.clone());
                    self.entry(path, value, out);
                    path.pop();
                }
            }
            Json::Array(items) => {
                let line = flow(value);
                if indent.len() + key.len() + 2 + line.chars().count() <= WIDEST_FLOW {
                    out.push_str(&format!("{indent}{key}: {line}\n"));
                    return;
                }
                out.push_str(&format!("{indent}{key}:\n"));
                for item in items {
                    out.push_str(&format!("{indent}  - {}\n", flow(item)));
                }
            }
            Json::String(text) => {
                let text = match text.contains('\n') {
                    true => yaml_block(text, indent.len() + 2),
                    false => plain(text),
                };
                out.push_str(&format!("{indent}{key}: {text}\n"));
            }
            scalar => out.push_str(&format!("{indent}{key}: {scalar}\n")),
        }
    }

    /// Whether a mapping reads well on one line: one of its entries is no thing of its own, and nothing is said within it.
    fn is_small(&self, path: &[String], value: &Json) -> bool {
        let above = path.len().checked_sub(2).map(|index| path[index].as_str());
        let own = path.last().map_or("", String::as_str);
        if path.len() == 2 && matches!(own, "channels" | "routes") {
            return false;
        }
        let is_thing = path.len() == 2 || path.len() == 3 && path[0] == "notifications";
        if path.len() == 1 || (is_thing && above.is_some_and(|above| THINGS.contains(&above))) {
            return false;
        }
        let has_comments = self
            .comments
            .keys()
            .any(|place| place.len() > path.len() && place.starts_with(path));
        let depth_of = |value: &Json| -> usize {
            value
                .as_object()
                .into_iter()
                .flat_map(Map::values)
                .map(|inner| usize::from(inner.is_object()))
                .max()
                .unwrap_or(0)
        };
        let has_lines = |value: &Json| match value {
            Json::Object(entries) => entries
                .values()
                .any(|inner| inner.as_str().is_some_and(|text| text.contains('\n'))),
            _ => false,
        };
        !has_comments
            && !has_lines(value)
            && depth_of(value) <= 1
            && value
                .as_object()
                .is_none_or(|it| it.values().all(|inner| depth_of(inner) == 0))
    }
}

/// A value on one line.
fn flow(value: &Json) -> String {
    match value {
        Json::Object(entries) => {
            let entries: Vec<String> = entries
                .iter()
                .map(|(key, value)| format!("{}: {}", yaml_string(key), flow(value)))
                .collect();
            format!("{{{}}}", entries.join(", "))
        }
        Json::Array(items) => {
            let items: Vec<String> = items.iter().map(flow).collect();
            format!("[{}]", items.join(", "))
        }
        Json::String(text) => plain(text),
        scalar => scalar.to_string(),
    }
}

/// Text as a YAML scalar. A number with a unit (`80%`, `512mb`, `0.5ms`) stands without quotes, as people write it: no reader
/// takes it for a number.
fn plain(text: &str) -> String {
    let number = text.trim_end_matches(|char: char| char.is_ascii_lowercase() || char == '%');
    let unit = &text[number.len()..];
    let is_number = number.starts_with(|first: char| first.is_ascii_digit())
        && number.ends_with(|last: char| last.is_ascii_digit())
        && number
            .chars()
            .all(|char| char.is_ascii_digit() || char == '.')
        && number.matches('.').count() < 2;
    const UNITS: [&str; 13] = [
        "%", "b", "kb", "mb", "gb", "tb", "us", "ms", "s", "m", "h", "d", "w",
    ];
    match is_number && UNITS.contains(&unit) {
        true => text.to_owned(),
        false => yaml_string(text),
    }
}

/// Text in lines of at most `width` characters, broken between words.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            let is_full = line.chars().count() + 1 + word.chars().count() > width;
            if !line.is_empty() && is_full {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_draft_reads_like_a_profile_of_a_person() {
        let mut draft = Draft::default();
        draft.set(&["thresholds", "memory"], json!({"warning": "80%"}));
        draft.set(&["name"], "shop");
        draft.set(&["targets", "cache", "address"], "redis://cache:6379");
        draft.set(
            &["targets", "cache", "password"],
            json!({"env": "REDIS_PASSWORD"}),
        );
        draft.comment(&["targets", "cache"], "Where it is.");
        assert_eq!(
            draft.to_text("Adopted."),
            "\
# yaml-language-server: $schema=profile.schema.json
#
# Adopted.

name: shop

targets:
  # Where it is.
  cache:
    address: redis://cache:6379
    password: {env: REDIS_PASSWORD}

thresholds:
  memory: {warning: 80%}
"
        );
    }
}
