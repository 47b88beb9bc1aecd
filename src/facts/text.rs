//! Texts as they are written, and what is known of them before the setup runs.

use arcstr::ArcStr;

use crate::document::{Node, ScalarStyle, Value, written_span};
use crate::setup::{Document, Place, Setup};
use crate::source::Span;

/// A scalar of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// Its text after unquoting.
    pub value: ArcStr,
    /// Where it stands, quotes included.
    pub place: Place,
    style: ScalarStyle,
    /// The scalar's whole text and where this one begins in it, where it is only a part.
    whole: Option<(ArcStr, usize)>,
}

impl Text {
    /// The scalar `node` of `document`; of anything else the empty text.
    pub fn of(document: &Document, node: &Node) -> Self {
        Self {
            value: ArcStr::clone(&node.text),
            place: document.place(node.span),
            style: node.style,
            whole: None,
        }
    }

    /// The key of an entry.
    pub fn of_key(document: &Document, key: &crate::document::Key) -> Self {
        Self {
            value: ArcStr::clone(&key.text),
            place: document.place(key.span),
            style: ScalarStyle::Plain,
            whole: None,
        }
    }

    /// A text that stands at `place` in a form of its own: a word of a Dockerfile, a value with variables filled in.
    pub fn at(place: Place, value: impl Into<ArcStr>) -> Self {
        Self {
            value: value.into(),
            place,
            style: ScalarStyle::Plain,
            whole: None,
        }
    }

    /// The bytes `start..end` of [`Self::value`] as a text of their own, which keeps its place.
    pub(super) fn slice(&self, start: usize, end: usize) -> Option<Self> {
        Some(Self {
            value: self.value.get(start..end)?.into(),
            whole: Some((ArcStr::clone(&self.value), start)),
            ..self.clone()
        })
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.value
    }

    /// Where the value was written, without the quotes around it.
    pub fn inside(&self, setup: &Setup) -> Place {
        self.part(setup, Span::new(0, self.value.len()))
    }

    /// Where the bytes `within` of [`Self::value`] were written, so that a caret can point into quoted and folded text.
    pub fn part(&self, setup: &Setup, within: Span) -> Place {
        let document = setup.document(self.place.document);
        let (text, start) = self
            .whole
            .as_ref()
            .map_or((&self.value, 0), |(whole, start)| (whole, *start));
        let node = Node {
            style: self.style,
            ..Node::plain(self.place.span, Value::Null, ArcStr::clone(text))
        };
        document.place(written_span(
            document.text.text(),
            &node,
            within.shifted(start),
        ))
    }

    /// An edit that puts `new` in place of the bytes `within` of [`Self::value`], written as the scalar is. A plain scalar that
    /// would no longer be one is quoted.
    pub fn edit(&self, setup: &Setup, within: Span, new: &str) -> (Place, String) {
        let place = self.part(setup, within);
        let written = match self.style {
            ScalarStyle::DoubleQuoted => {
                let quoted = serde_json::Value::from(new).to_string();
                quoted[1..quoted.len() - 1].to_owned()
            }
            ScalarStyle::SingleQuoted => new.replace('\'', "''"),
            ScalarStyle::Plain if self.whole.is_none() => {
                let (before, after) = (
                    self.value.get(..within.start()),
                    self.value.get(within.end()..),
                );
                let value = format!("{}{new}{}", before.unwrap_or(""), after.unwrap_or(""));
                if !is_plain(&value) {
                    return (self.place, format!("'{}'", value.replace('\'', "''")));
                }
                new.to_owned()
            }
            _ => new.to_owned(),
        };
        (place, written)
    }
}

/// Whether a text that stands without quotes can go on doing so.
fn is_plain(value: &str) -> bool {
    !value.starts_with(|first: char| "{}[]&*!|>'\"%@`#,?-:".contains(first))
        && !value.contains(": ")
        && !value.contains(" #")
        && !value.ends_with(':')
        && value.trim() == value
}

/// A value, or something that is filled in later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known<T> {
    /// As it will be.
    Value(T),
    /// Holds this placeholder: lints that are not about placeholders stay silent.
    Placeholder(String),
}

impl<T> Known<T> {
    /// The value, where it is known.
    pub const fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Placeholder(_) => None,
        }
    }

    /// Whether something else fills it in.
    pub const fn is_placeholder(&self) -> bool {
        matches!(self, Self::Placeholder(_))
    }
}

impl Known<Text> {
    /// `text`, unless there is a placeholder in it.
    pub fn of(text: Text) -> Self {
        match placeholder(&text.value) {
            Some(name) => Self::Placeholder(name.to_owned()),
            None => Self::Value(text),
        }
    }
}

/// The first part of a text that looks as if something fills it in before the program reads it: `${NAME}`, `{{ name }}`,
/// `<name>`, `%(name)s`, `__NAME__`, `FASTAPI_TARGET`, `REPLACE_ME`.
pub fn placeholder(text: &str) -> Option<&str> {
    for (open, close) in [
        ("${", "}"),
        ("{{", "}}"),
        ("%(", ")"),
        ("<", ">"),
        ("@@", "@@"),
        ("__", "__"),
        ("$(", ")"),
    ] {
        if let Some(start) = text.find(open)
            && let Some(length) = text[start + open.len()..].find(close)
            && length > 0
            && is_name_for_value(open, &text[start + open.len()..][..length])
        {
            return Some(&text[start..start + open.len() + length + close.len()]);
        }
    }
    words(text).find(|word| is_capital_name(word))
}

/// Whether what stands between the marks can be a name: `a < b and c > d` are two comparisons, `__name__` is a label.
fn is_name_for_value(open: &str, inside: &str) -> bool {
    match open {
        "<" => {
            inside.starts_with(|first: char| first.is_alphabetic())
                && inside.ends_with(char::is_alphanumeric)
                && inside.chars().all(|character| {
                    character.is_alphanumeric() || matches!(character, ' ' | '-' | '_' | '.' | ':')
                })
        }
        "__" => !inside.contains(|character: char| character.is_ascii_lowercase()),
        _ => true,
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|character: char| !(character.is_ascii_alphanumeric() || character == '_'))
}

/// `FASTAPI_TARGET`: at least two words in capitals.
fn is_capital_name(word: &str) -> bool {
    word.contains('_')
        && word.len() > 3
        && word.starts_with(|first: char| first.is_ascii_uppercase())
        && word.ends_with(|last: char| last.is_ascii_uppercase() || last.is_ascii_digit())
        && word
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_recognised() {
        for (text, expected) in [
            ("${HOST}:9121", Some("${HOST}")),
            ("ALERTMANAGER_TARGET", Some("ALERTMANAGER_TARGET")),
            ("MIMIR_URL/api/v1/push", Some("MIMIR_URL")),
            ("{{ host }}:9121", Some("{{ host }}")),
            ("<your-host>:9121", Some("<your-host>")),
            ("<your host>:9121", Some("<your host>")),
            ("__HOST__:9121", Some("__HOST__")),
            ("redis-exporter:9121", None),
            ("a < b and c > d", None),
            ("a<1 and c>d", None),
            ("{__name__=\"a\"}", None),
            ("api_v1:80", None),
            ("HOST", None),
            ("API:80", None),
        ] {
            assert_eq!(placeholder(text), expected, "{text}");
        }
    }
}
