//! Matchers on an alert's labels: Alertmanager's and Grafana's.

use std::collections::BTreeSet;

use regex::Regex;

use super::text::Text;
use crate::promql::{MatchOp, Matcher, regex_alternatives};
use crate::setup::Place;

/// One matcher.
#[derive(Debug, Clone)]
pub struct LabelMatcher {
    /// The label.
    pub label: String,
    /// How it compares.
    pub comparison: MatchOp,
    /// What with, unquoted.
    pub value: String,
    /// Where it is written.
    pub place: Place,
    /// Every value it accepts, or refuses where it is negative; `None` where they are not a short list.
    values: Option<BTreeSet<String>>,
    regex: Option<Regex>,
}

impl LabelMatcher {
    /// A matcher; a regular expression that Go refuses matches nothing.
    pub fn new(label: &str, comparison: MatchOp, value: &str, place: Place) -> Self {
        let is_regex = comparison.is_regex();
        let values = match is_regex {
            true => regex_alternatives(value).map(|values| values.into_iter().collect()),
            false => Some(BTreeSet::from([value.to_owned()])),
        };
        let regex = (is_regex && values.is_none())
            .then(|| Regex::new(&format!("^(?s:{value})$")).ok())
            .flatten();
        Self {
            label: label.to_owned(),
            comparison,
            value: value.to_owned(),
            place,
            values,
            regex,
        }
    }

    /// Every matcher in a text such as `{a="b", c=~"d"}` or `a = b`, in either of Alertmanager's syntaxes. `None` where it
    /// is none.
    pub fn parse(text: &Text) -> Option<Vec<Self>> {
        let inside = text.value.trim();
        let inside = inside.strip_prefix('{').unwrap_or(inside);
        let inside = inside.strip_suffix('}').unwrap_or(inside);
        split_outside_quotes(inside)
            .into_iter()
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(|part| {
                let start = part.find(['=', '!'])?;
                let label = part[..start].trim().trim_matches('"');
                let (operator, value) = ["=~", "!=", "!~", "="]
                    .into_iter()
                    .find_map(|operator| Some((operator, part[start..].strip_prefix(operator)?)))?;
                let value = unquoted(value.trim());
                (!label.is_empty()).then_some(())?;
                Some(Self::new(
                    label,
                    MatchOp::named(operator)?,
                    &value,
                    text.place,
                ))
            })
            .collect()
    }

    /// The matcher of a selector; `None` where its value holds variables.
    pub fn of_selector(matcher: &Matcher, place: Place) -> Option<Self> {
        let label = &*matcher.label.text;
        (!matcher.value.has_variables)
            .then(|| Self::new(label, matcher.op, &matcher.value.text(), place))
    }

    /// The matcher of that operator; `None` for an unknown one.
    pub fn of_operator(label: &str, operator: &str, value: &str, place: Place) -> Option<Self> {
        Some(Self::new(label, MatchOp::named(operator)?, value, place))
    }

    /// Whether it asks for something other than a value.
    pub const fn is_negative(&self) -> bool {
        matches!(self.comparison, MatchOp::NotEqual | MatchOp::NotRegex)
    }

    /// Whether it accepts a value; a label that is not there has the empty one.
    pub fn accepts(&self, value: &str) -> bool {
        let is_match = match (&self.values, &self.regex) {
            (Some(values), _) => values.contains(value),
            (None, Some(regex)) => regex.is_match(value),
            (None, None) => false,
        };
        is_match != self.is_negative()
    }

    /// Every value it accepts, or refuses where it is negative; `None` where they are not a short list.
    pub fn values(&self) -> Option<&BTreeSet<String>> {
        self.values.as_ref()
    }

    /// Every value it accepts, where it is positive and they are a short list.
    pub fn accepted_values(&self) -> Option<&BTreeSet<String>> {
        self.values.as_ref().filter(|_| !self.is_negative())
    }

    /// Whether everything that `other` accepts is accepted by this one. `false` also where that is not known.
    pub fn covers(&self, other: &Self) -> bool {
        if self.label != other.label {
            return false;
        }
        if let Some(values) = other.accepted_values() {
            return values.iter().all(|value| self.accepts(value));
        }
        (self.comparison == other.comparison && self.value == other.value)
            || (self.comparison == MatchOp::Regex && matches!(self.value.as_str(), ".*" | "(.*)"))
            || (self.comparison == MatchOp::Regex && self.value == ".+" && !other.accepts(""))
    }

    /// As it would be written.
    pub fn written(&self) -> String {
        format!(
            "{}{}\"{}\"",
            self.label,
            self.comparison.as_str(),
            self.value
        )
    }
}

/// At commas outside of double quotes.
fn split_outside_quotes(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut in_quotes, mut escaped) = (0, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => in_quotes = !in_quotes,
            b',' if !in_quotes => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

fn unquoted(value: &str) -> String {
    let Some(inside) = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
    else {
        return value.to_owned();
    };
    let mut out = String::with_capacity(inside.len());
    let mut characters = inside.chars();
    while let Some(character) = characters.next() {
        match (character, characters.as_str().chars().next()) {
            ('\\', Some(next @ ('"' | '\\'))) => {
                out.push(next);
                characters.next();
            }
            ('\\', Some('n')) => {
                out.push('\n');
                characters.next();
            }
            _ => out.push(character),
        }
    }
    out
}
