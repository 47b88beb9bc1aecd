//! Changes to JSON as it is written: with the file's own indentation, every other byte as it was.

use serde_json::Value as Json;

use super::{Entry, Node};
use crate::source::Span;

/// A JSON text that is to be changed.
#[derive(Debug, Clone, Copy)]
pub struct JsonText<'s> {
    source: &'s str,
    /// White space that a level of nesting adds; `None`: everything stands on one line.
    unit: Option<&'s str>,
    /// Whether a space follows a colon.
    is_spaced: bool,
}

/// Bytes that go, and what stands there instead.
pub type Splice = (Span, String);

impl<'s> JsonText<'s> {
    /// A text, whose style is that of its first lines.
    pub fn new(source: &'s str) -> Self {
        let unit = source.find('\n').and_then(|newline| {
            let line = &source[newline + 1..];
            let width = line.find(|character| !matches!(character, ' ' | '\t'))?;
            (width > 0).then(|| &line[..width])
        });
        Self {
            source,
            unit,
            is_spaced: source.contains("\": ") || unit.is_some(),
        }
    }

    /// The white space that begins the line in which `at` stands.
    fn indentation(&self, at: usize) -> &'s str {
        let start = self.source[..at]
            .rfind('\n')
            .map_or(0, |newline| newline + 1);
        let line = &self.source[start..at];
        let width = line
            .find(|character| !matches!(character, ' ' | '\t'))
            .unwrap_or(line.len());
        &line[..width]
    }

    /// A value as it is written where the line is indented by `indentation`.
    pub fn written(&self, value: &Json, indentation: &str) -> String {
        let mut text = String::new();
        self.write(value, indentation, &mut text);
        text
    }

    fn write(&self, value: &Json, indentation: &str, text: &mut String) {
        let (open, close, count) = match value {
            Json::Object(entries) => ('{', '}', entries.len()),
            Json::Array(items) => ('[', ']', items.len()),
            scalar => {
                text.push_str(&scalar.to_string());
                return;
            }
        };
        text.push(open);
        let inner = self.unit.map(|unit| format!("{indentation}{unit}"));
        let mut is_first = true;
        let mut begin = |text: &mut String| {
            if !std::mem::take(&mut is_first) {
                text.push(',');
                if inner.is_none() && self.is_spaced {
                    text.push(' ');
                }
            }
            if let Some(inner) = &inner {
                text.push('\n');
                text.push_str(inner);
            }
        };
        let deeper = inner.as_deref().unwrap_or_default();
        match value {
            Json::Object(entries) => {
                for (key, value) in entries {
                    begin(text);
                    text.push_str(&Json::String(key.clone()).to_string());
                    text.push_str(if self.is_spaced { ": " } else { ":" });
                    self.write(value, deeper, text);
                }
            }
            Json::Array(items) => {
                for item in items {
                    begin(text);
                    self.write(item, deeper, text);
                }
            }
            _ => {}
        }
        if inner.is_some() && count > 0 {
            text.push('\n');
            text.push_str(indentation);
        }
        text.push(close);
    }

    /// Another value in place of a node.
    pub fn replaced(&self, node: &Node, value: &Json) -> Splice {
        let indentation = self.indentation(node.span.start());
        (node.span, self.written(value, indentation))
    }

    /// Other values under some keys of a mapping: `None` removes the entry, a key that is not there is added at the end.
    pub fn updated(&self, mapping: &Node, changes: &[(&str, Option<Json>)]) -> Vec<Splice> {
        let entries = mapping.entries();
        let change = |entry: &Entry| {
            changes
                .iter()
                .find(|(key, _)| *key == &*entry.key.text)
                .map(|(_, value)| value)
        };
        let is_removed = |entry: &Entry| matches!(change(entry), Some(None));
        let added: Vec<(&str, &Json)> = changes
            .iter()
            .filter(|(key, _)| mapping.entry(key).is_none())
            .filter_map(|(key, value)| Some((*key, value.as_ref()?)))
            .collect();
        if entries.iter().all(is_removed) {
            let all = added
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).clone()))
                .collect();
            return vec![self.replaced(mapping, &Json::Object(all))];
        }
        let mut splices = Vec::new();
        let kept = entries.iter().position(|entry| !is_removed(entry));
        let first_kept = kept.unwrap_or_default();
        for (index, entry) in entries.iter().enumerate() {
            match change(entry) {
                None => {}
                Some(Some(value)) => splices.push(self.replaced(&entry.value, value)),
                Some(None) => splices.push((
                    match index.checked_sub(1) {
                        Some(previous) if index > first_kept => {
                            Span::new(entries[previous].value.span.end(), entry.value.span.end())
                        }
                        _ => Span::new(
                            entry.key.span.start(),
                            entries
                                .get(index + 1)
                                .map_or(entry.value.span.end(), |next| next.key.span.start()),
                        ),
                    },
                    String::new(),
                )),
            }
        }
        if let (false, Some(last)) = (added.is_empty(), entries.last()) {
            let key_start = entries.first().map_or(0, |entry| entry.key.span.start());
            let opening = &self.source[mapping.span.start()..key_start];
            let is_line = opening.contains('\n');
            let indentation = self.indentation(key_start);
            let text: String = added
                .iter()
                .map(|(key, value)| {
                    let (separator, value) = match is_line {
                        true => (
                            format!(",\n{indentation}"),
                            self.written(value, indentation),
                        ),
                        false => (", ".to_owned(), self.on_one_line().written(value, "")),
                    };
                    let colon = if self.is_spaced { ": " } else { ":" };
                    format!("{separator}{}{colon}{value}", Json::from(*key))
                })
                .collect();
            splices.push((Span::at(last.value.span.end()), text));
        }
        splices
    }

    const fn on_one_line(self) -> Self {
        Self { unit: None, ..self }
    }

    /// Other items of a list: `Kept` ones stand as they were written, at the same indentation.
    pub fn listed(&self, list: &Node, items: &[Item<'_>]) -> Splice {
        let indentation = self.indentation(list.span.start()).to_owned();
        let Some(unit) = self.unit else {
            let texts: Vec<String> = items.iter().map(|item| self.item(item, "")).collect();
            return (list.span, format!("[{}]", texts.join(", ")));
        };
        let inner = match list.items().first() {
            Some(first) => self.indentation(first.span.start()).to_owned(),
            None => format!("{indentation}{unit}"),
        };
        let texts: Vec<String> = items
            .iter()
            .map(|item| format!("\n{inner}{}", self.item(item, &inner)))
            .collect();
        (list.span, format!("[{}\n{indentation}]", texts.join(",")))
    }

    fn item(&self, item: &Item<'_>, indentation: &str) -> String {
        match item {
            Item::New(value) => self.written(value, indentation),
            Item::Kept(text) => (*text).to_owned(),
        }
    }
}

/// An item of a changed list.
#[derive(Debug, Clone)]
pub enum Item<'i> {
    /// A value that was not there.
    New(&'i Json),
    /// The text of one that was.
    Kept(&'i str),
}

/// `source` with splices made, which may come in any order but do not overlap.
pub fn spliced(source: &str, splices: &[Splice]) -> String {
    let mut sorted: Vec<&Splice> = splices.iter().collect();
    sorted.sort_by_key(|(span, _)| (span.start(), span.end()));
    let mut text = String::with_capacity(source.len());
    let mut at = 0;
    for (span, new) in sorted {
        text.push_str(source.get(at..span.start()).unwrap_or_default());
        text.push_str(new);
        at = span.end().max(at);
    }
    text.push_str(source.get(at..).unwrap_or_default());
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{Limits, parse_json};
    use super::*;

    fn updated(source: &str, changes: &[(&str, Option<Json>)]) -> String {
        let root = parse_json(source, Limits::default()).unwrap();
        spliced(source, &JsonText::new(source).updated(&root, changes))
    }

    #[test]
    fn entries_are_written_in_the_style_of_the_file() {
        let source = "{\n    \"a\": 1,\n    \"b\": [2]\n}\n";
        assert_eq!(
            updated(
                source,
                &[("b", Some(json!([3, {}]))), ("c", Some(json!({"d": []})))]
            ),
            "{\n    \"a\": 1,\n    \"b\": [\n        3,\n        {}\n    ],\n    \"c\": {\n        \"d\": []\n    }\n}\n"
        );
        let compact = r#"{"a":1,"b":2}"#;
        assert_eq!(
            updated(
                compact,
                &[("a", None), ("c", Some(json!({"d": 1, "e": 2})))]
            ),
            r#"{"b":2, "c":{"d":1,"e":2}}"#
        );
    }

    #[test]
    fn entries_go_with_their_commas() {
        let source = "{\n  \"a\": 1,\n  \"b\": 2,\n  \"c\": 3,\n  \"d\": 4\n}";
        for removed in [
            &["a"][..],
            &["b"],
            &["d"],
            &["a", "b"],
            &["a", "c"],
            &["c", "d"],
            &["a", "b", "c", "d"],
        ] {
            for added in [&[][..], &[("e", Some(json!(5)))]] {
                let mut changes: Vec<(&str, Option<Json>)> =
                    removed.iter().map(|key| (*key, None)).collect();
                changes.extend(added.iter().cloned());
                let text = updated(source, &changes);
                let json: Json = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}"));
                let mut expected: Vec<&str> = vec!["a", "b", "c", "d"];
                expected.retain(|key| !removed.contains(key));
                expected.extend(added.iter().map(|(key, _)| *key));
                let keys: Vec<&str> = json
                    .as_object()
                    .unwrap()
                    .keys()
                    .map(String::as_str)
                    .collect();
                assert_eq!(keys, expected, "{text}");
            }
        }
    }

    #[test]
    fn items_that_stay_keep_their_bytes() {
        let source = "{\n  \"a\": [\n    {\"b\":   1}\n  ]\n}";
        let root = parse_json(source, Limits::default()).unwrap();
        let list = root.get("a").unwrap();
        let kept = &source[list.items()[0].span.start()..list.items()[0].span.end()];
        let new = json!({"c": 2});
        let splice = JsonText::new(source).listed(list, &[Item::New(&new), Item::Kept(kept)]);
        assert_eq!(
            spliced(source, &[splice]),
            "{\n  \"a\": [\n    {\n      \"c\": 2\n    },\n    {\"b\":   1}\n  ]\n}"
        );
    }
}
