//! Variables in Compose files and the files that define them.

use std::collections::BTreeMap;

use super::text::Known;
use crate::setup::Document;

/// Variables by name.
pub type Variables = BTreeMap<String, String>;

/// The assignments of an environment file: `NAME=value`, quotes removed; comments and everything else are passed over.
pub fn assignments(document: &Document) -> Variables {
    document
        .text
        .text()
        .lines()
        .filter_map(|line| {
            let line = line.trim();
            let line = line.strip_prefix("export ").unwrap_or(line);
            let (name, value) = line.split_once('=')?;
            let name = name.trim();
            if line.starts_with('#') || name.is_empty() || name.contains(char::is_whitespace) {
                return None;
            }
            let value = value.trim();
            let unquoted = ['"', '\'']
                .iter()
                .find_map(|quote| value.strip_prefix(*quote)?.split(*quote).next());
            let value =
                unquoted.unwrap_or_else(|| value.split(" #").next().unwrap_or_default().trim());
            Some((name.to_owned(), value.to_owned()))
        })
        .collect()
}

/// `text` with `$NAME`, `${NAME}`, `${NAME:-default}` and the like filled in, as Compose does. A variable that has neither a
/// value nor a default is a placeholder.
pub fn interpolate(text: &str, variables: &Variables) -> Known<String> {
    fill(text, variables, 0)
}

/// Defaults can hold variables, which can have defaults.
const DEEPEST: usize = 8;

fn fill(text: &str, variables: &Variables, depth: usize) -> Known<String> {
    if !text.contains('$') {
        return Known::Value(text.to_owned());
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some(inside) = rest.strip_prefix('{') {
            let Some(length) = closing(inside) else {
                return Known::Placeholder(text.to_owned());
            };
            let reference = &inside[..length];
            rest = &inside[length + 1..];
            match value_of(reference, variables, depth) {
                Some(value) => out.push_str(&value),
                None => return Known::Placeholder(format!("${{{reference}}}")),
            }
        } else {
            let length = rest
                .find(|character: char| !(character.is_ascii_alphanumeric() || character == '_'))
                .unwrap_or(rest.len());
            if length == 0 {
                out.push('$');
                continue;
            }
            let name = &rest[..length];
            rest = &rest[length..];
            match variables.get(name) {
                Some(value) => out.push_str(value),
                None => return Known::Placeholder(format!("${name}")),
            }
        }
    }
    out.push_str(rest);
    Known::Value(out)
}

/// Where the brace that was opened before `text` is closed.
fn closing(text: &str) -> Option<usize> {
    let mut open = 1_usize;
    for (at, character) in text.char_indices() {
        match character {
            '{' => open += 1,
            '}' => {
                open -= 1;
                if open == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

fn value_of(reference: &str, variables: &Variables, depth: usize) -> Option<String> {
    let name_end = reference
        .find(|character: char| !(character.is_ascii_alphanumeric() || character == '_'))
        .unwrap_or(reference.len());
    let (name, operator) = reference.split_at(name_end);
    let value = variables.get(name);
    let (operator, default) = match operator.strip_prefix(':') {
        Some(rest) => (rest.get(..1)?, rest.get(1..)?),
        None if operator.is_empty() => return value.cloned(),
        None => (operator.get(..1)?, operator.get(1..)?),
    };
    match (operator, value) {
        ("-", Some(value)) if !value.is_empty() => Some(value.clone()),
        ("-", _) if depth < DEEPEST => fill(default, variables, depth + 1).value().cloned(),
        ("+", value) => Some(value.map_or_else(String::new, |_| default.to_owned())),
        (_, value) => value.cloned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_filled_in_as_compose_does() {
        let variables = Variables::from([
            ("A".to_owned(), "1".to_owned()),
            ("E".to_owned(), String::new()),
        ]);
        for (text, expected) in [
            ("x", Some("x")),
            ("$A-${A}", Some("1-1")),
            ("${B:-y}", Some("y")),
            ("${B:-${C:-z}}", Some("z")),
            ("${E:-y}", Some("y")),
            ("$$A", Some("$A")),
            ("${B}", None),
            ("${B:?must be set}", None),
            ("${A:+set}", Some("set")),
            ("${B", None),
        ] {
            assert_eq!(
                interpolate(text, &variables).value().map(String::as_str),
                expected,
                "{text}"
            );
        }
    }
}
