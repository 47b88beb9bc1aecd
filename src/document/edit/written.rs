//! Values as people would write them into the file.

use serde_json::Value as Json;

use crate::document::{ScalarStyle, Value, resolve_plain};

/// A value as it is written: in the style of what it replaces where that can hold it, else as JSON, which is YAML too.
pub(super) fn literal(value: &Json, style: ScalarStyle, in_flow: bool) -> String {
    let Json::String(text) = value else {
        return flow(value, false);
    };
    match style {
        ScalarStyle::Plain | ScalarStyle::Literal | ScalarStyle::Folded
            if !in_flow && is_plain(text) =>
        {
            text.clone()
        }
        ScalarStyle::SingleQuoted
            if text
                .chars()
                .all(|character| (' '..='~').contains(&character)) =>
        {
            format!("'{}'", text.replace('\'', "''"))
        }
        _ => quoted(text),
    }
}

/// A value on one line; in JSON keys are quoted, too.
pub(super) fn flow(value: &Json, is_json: bool) -> String {
    match value {
        Json::Object(entries) => {
            let entries = entries.iter().map(|(key, value)| {
                let key = match !is_json && is_plain(key) {
                    true => key.clone(),
                    false => quoted(key),
                };
                format!("{key}: {}", flow(value, is_json))
            });
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        Json::Array(items) => {
            let items = items.iter().map(|item| flow(item, is_json));
            format!("[{}]", items.collect::<Vec<_>>().join(", "))
        }
        Json::String(text) => quoted(text),
        _ => value.to_string(),
    }
}

/// In double quotes, with escapes that JSON and YAML share.
fn quoted(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    literal.push('"');
    for character in text.chars() {
        match character {
            '"' => literal.push_str("\\\""),
            '\\' => literal.push_str("\\\\"),
            '\n' => literal.push_str("\\n"),
            '\t' => literal.push_str("\\t"),
            '\r' => literal.push_str("\\r"),
            '\0'..=' ' if character != ' ' => {
                literal.push_str(&format!("\\u{:04x}", u32::from(character)));
            }
            '\u{7f}'..='\u{a0}' | '\u{2028}' | '\u{2029}' | '\u{feff}' => {
                literal.push_str(&format!("\\u{:04x}", u32::from(character)));
            }
            _ => literal.push(character),
        }
    }
    literal.push('"');
    literal
}

/// Whether everybody reads `text` as itself without quotes.
fn is_plain(text: &str) -> bool {
    const WORDS: [&str; 8] = ["y", "n", "yes", "no", "on", "off", "true", "false"];
    text.starts_with(|first: char| first.is_ascii_alphabetic() || matches!(first, '/' | '_' | '.'))
        && !text.ends_with([' ', ':'])
        && text
            .chars()
            .all(|character| character.is_ascii_alphanumeric() || " ./_-:()+%=".contains(character))
        && !text.contains(": ")
        && matches!(resolve_plain(text), Value::String(_))
        && !WORDS.contains(&text.to_lowercase().as_str())
}

/// Columns by which what we write stands to the right of what holds it.
pub(super) const INDENTATION: usize = 2;

pub(super) fn newline_of(source: &str) -> &'static str {
    if source.contains("\r\n") {
        "\r\n"
    } else {
        "\n"
    }
}

/// What follows a key's colon or an item's dash: a scalar on the same line, a collection on lines of its own at `column`.
pub(super) fn block(value: &Json, column: usize, newline: &str) -> String {
    let indentation = " ".repeat(column);
    let begin = format!("{newline}{indentation}");
    match value {
        Json::Object(entries) if !entries.is_empty() => entries
            .iter()
            .map(|(key, value)| {
                let key = literal(&Json::from(key.as_str()), ScalarStyle::Plain, false);
                let value = short_list(value)
                    .unwrap_or_else(|| block(value, column + INDENTATION, newline));
                format!("{begin}{key}:{value}")
            })
            .collect(),
        Json::Array(items) if !items.is_empty() => items
            .iter()
            .map(|item| format!("{begin}-{}", behind_dash(item, column, newline)))
            .collect(),
        _ => format!(" {}", literal(value, ScalarStyle::Plain, false)),
    }
}

/// A list of a few words as people write it within something: `[__address__]`.
fn short_list(value: &Json) -> Option<String> {
    let items = value.as_array()?;
    let words: Option<Vec<&str>> = items.iter().map(Json::as_str).collect();
    let words = words.filter(|words| (1..=3).contains(&words.len()))?;
    words
        .iter()
        .all(|word| is_plain(word))
        .then(|| format!(" [{}]", words.join(", ")))
}

/// An item whose dash stands at `column`, without the dash: a mapping begins on its line.
pub(super) fn behind_dash(item: &Json, column: usize, newline: &str) -> String {
    let text = block(item, column + INDENTATION, newline);
    match text.strip_prefix(newline) {
        Some(rest) => format!(" {}", rest.trim_start()),
        None => text,
    }
}
