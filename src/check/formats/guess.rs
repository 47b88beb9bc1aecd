//! Which format a single file has: by the keys at its top and one level below, then by its name.

use super::table::{Kind, TableOf};
use super::{Format, Reading, VALIDATORS, reader};
use crate::document::{Dialect, Entry, Node, Value};

impl Format {
    /// The format that knows most of the keys in `text`, and the text as the program of that format reads it; among equals, and where
    /// nothing is in it, the one that `file_name` speaks of. `None` where neither tells.
    pub fn guess(text: &str, file_name: &str) -> Option<(Self, Reading)> {
        const DIALECT: Dialect = Dialect::GoYaml3;
        let named = Self::named_in(file_name);
        let reading = reader::read(text, DIALECT);
        let format = match &reading {
            Ok(document) => Self::of_tree(&document.root, named),
            Err(_) => Self::of_broken(text, named),
        }?;
        let reading = match format.validator().dialect {
            DIALECT => reading,
            dialect => reader::read(text, dialect),
        };
        Some((format, reading))
    }

    fn of_tree(root: &Node, named: Option<Self>) -> Option<Self> {
        if let Value::Sequence(items) = &root.value {
            let is_group = |item: &Node| item.get("targets").is_some();
            return items.iter().any(is_group).then_some(Self::Targets);
        }
        if root.value == Value::Null {
            return named;
        }
        best(named, |table| {
            root.entries()
                .iter()
                .map(|entry| weight(table, entry))
                .sum()
        })
    }

    /// Of a text that is no YAML: by the words before a colon at its left margin.
    fn of_broken(text: &str, named: Option<Self>) -> Option<Self> {
        let keys: Vec<&str> = text
            .lines()
            .filter_map(|line| Some(line.split_once(':')?.0.trim_end()))
            .collect();
        let score = |table: &TableOf| {
            let known = keys.iter().filter(|key| knows(table, key).is_some());
            known.count()
        };
        best(named, score).or(named)
    }

    /// What the name of a file says: `alertmanager.yml`, `redis.rules.yml`, `rules_test.yml`.
    fn named_in(file_name: &str) -> Option<Self> {
        let name = file_name.to_ascii_lowercase();
        [
            ("alertmanager", Self::Alertmanager),
            ("test", Self::RuleTests),
            ("rule", Self::Rules),
            ("alert", Self::Rules),
            ("target", Self::Targets),
            ("prometheus", Self::Prometheus),
        ]
        .into_iter()
        .find_map(|(word, format)| name.contains(word).then_some(format))
    }
}

/// The format with the highest score; `preferred` among equals.
fn best(preferred: Option<Format>, score: impl Fn(&TableOf) -> usize) -> Option<Format> {
    let scored = VALIDATORS
        .iter()
        .filter_map(|validator| Some((score(validator.table?), validator.format)));
    scored
        .filter(|(score, _)| *score > 0)
        .max_by_key(|(score, format)| {
            (
                *score,
                Some(*format) == preferred,
                std::cmp::Reverse(*format),
            )
        })
        .map(|(_, format)| format)
}

/// What speaks for a table: that it knows a key, and keys below it.
fn weight(table: &TableOf, entry: &Entry) -> usize {
    let Some(kind) = knows(table, &entry.key.text) else {
        return 0;
    };
    let below = match kind {
        Kind::Block(inner) => entry
            .value
            .entries()
            .iter()
            .filter(|entry| knows(inner, &entry.key.text).is_some())
            .count(),
        _ => 0,
    };
    1 + below
}

fn knows(table: &TableOf, key: &str) -> Option<Kind> {
    table
        .all()
        .find(|field| field.name == key)
        .map(|field| field.kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_tell_before_names_do() {
        for (text, name, expected) in [
            ("remote_write: []", "a.yml", Some(Format::Prometheus)),
            (
                "global: {resolve_timeout: 1m}",
                "a.yml",
                Some(Format::Alertmanager),
            ),
            (
                "global: {scrape_interval: 1m}",
                "alertmanager.yml",
                Some(Format::Prometheus),
            ),
            ("global: {nonsense: 1}", "a.yml", Some(Format::Prometheus)),
            (
                "global: {nonsense: 1}",
                "alertmanager.yml",
                Some(Format::Alertmanager),
            ),
            ("groups: []", "a.yml", Some(Format::Rules)),
            ("tests: []", "a.yml", Some(Format::RuleTests)),
            (
                "rule_files: [a]\ntests: []",
                "a.yml",
                Some(Format::RuleTests),
            ),
            ("- targets: [a]", "a.yml", Some(Format::Targets)),
            ("", "redis.rules.yml", Some(Format::Rules)),
            ("", "a.yml", None),
            ("name: shop", "shop.yaml", None),
            ("name: shop", "alertmanager.yml", None),
            ("[", "alertmanager.yml", Some(Format::Alertmanager)),
            (
                "route: [\nreceivers:\n",
                "a.yml",
                Some(Format::Alertmanager),
            ),
        ] {
            let guessed = Format::guess(text, name).map(|(format, _)| format);
            assert_eq!(guessed, expected, "{name}: {text}");
        }
    }
}
