//! Patterns of keys as Redis' `SCAN MATCH` reads them, and the same as patterns of Lua.

use std::fmt::Write as _;

/// A pattern that Redis can read: `user:*`, `?`, `[a-z]`, `[^x]`, `\*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob {
    text: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Plain(String),
    /// `?`: one byte.
    One,
    /// `*`: any bytes.
    Any,
    /// `[…]`: what Lua has between the brackets for it.
    Class(String),
}

/// Why a text is not a [`Glob`]. Completes "this pattern …".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GlobError {
    /// Nothing at all.
    #[error("is empty, and fits no key")]
    Empty,
    /// `[` without `]`.
    #[error("has a `[` that nothing closes")]
    OpenClass,
    /// `[]` or `[^]`.
    #[error("has brackets with nothing between them")]
    EmptyClass,
    /// A backslash at the end.
    #[error("ends with a `\\` that nothing follows")]
    Dangling,
    /// A line break, a tab.
    #[error("has a control character")]
    Control,
}

impl Glob {
    /// Reads a pattern.
    ///
    /// # Errors
    ///
    /// What Redis would read as something else than it says.
    pub fn parse(text: &str) -> Result<Self, GlobError> {
        if text.is_empty() {
            return Err(GlobError::Empty);
        }
        if text.contains(char::is_control) {
            return Err(GlobError::Control);
        }
        let mut parts = Vec::new();
        let mut chars = text.chars();
        while let Some(char) = chars.next() {
            match char {
                '*' if parts.last() == Some(&Part::Any) => {}
                '*' => parts.push(Part::Any),
                '?' => parts.push(Part::One),
                '[' => parts.push(Part::Class(class(&mut chars)?)),
                '\\' => plain(&mut parts, chars.next().ok_or(GlobError::Dangling)?),
                other => plain(&mut parts, other),
            }
        }
        Ok(Self {
            text: text.to_owned(),
            parts,
        })
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether every key fits.
    pub fn is_everything(&self) -> bool {
        self.parts == [Part::Any]
    }

    /// The key itself, where only one fits.
    pub fn only_key(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [Part::Plain(key)] => Some(key),
            _ => None,
        }
    }

    /// What all keys that fit have in common: `user::cart` of `user:*:cart`.
    pub fn plain_text(&self) -> String {
        let plain = self.parts.iter().filter_map(|part| match part {
            Part::Plain(text) => Some(text.as_str()),
            _ => None,
        });
        plain.collect()
    }

    /// A pattern of Lua that fits the same keys. Its captures, one after the other, are
    /// [`Self::plain_text`]: redis_exporter makes the name of a key group of them.
    pub fn lua_pattern(&self) -> String {
        let mut out = String::from("^");
        let open = self.parts.last() == Some(&Part::Any);
        let parts = &self.parts[..self.parts.len() - usize::from(open)];
        for part in parts {
            match part {
                Part::Plain(text) => {
                    out.push('(');
                    for char in text.chars() {
                        push_escaped(&mut out, char);
                    }
                    out.push(')');
                }
                Part::One => out.push('.'),
                Part::Any => out.push_str(".*"),
                Part::Class(class) => {
                    // Writing to a string cannot fail.
                    let _ = write!(out, "[{class}]");
                }
            }
        }
        if !open {
            out.push('$');
        }
        out
    }
}

fn plain(parts: &mut Vec<Part>, char: char) {
    match parts.last_mut() {
        Some(Part::Plain(text)) => text.push(char),
        _ => parts.push(Part::Plain(char.into())),
    }
}

/// What follows `[`, up to and with `]`.
fn class(chars: &mut std::str::Chars<'_>) -> Result<String, GlobError> {
    let mut out = String::new();
    if let Some(rest) = chars.as_str().strip_prefix('^') {
        *chars = rest.chars();
        out.push('^');
    }
    let nothing = out.len();
    loop {
        match chars.next().ok_or(GlobError::OpenClass)? {
            ']' if out.len() == nothing => return Err(GlobError::EmptyClass),
            ']' => return Ok(out),
            '\\' => push_escaped(&mut out, chars.next().ok_or(GlobError::OpenClass)?),
            first => {
                push_escaped(&mut out, first);
                if let Some(rest) = chars.as_str().strip_prefix('-') {
                    // Whatever follows ends the range, also `]`.
                    *chars = rest.chars();
                    out.push('-');
                    push_escaped(&mut out, chars.next().ok_or(GlobError::OpenClass)?);
                }
            }
        }
    }
}

/// A character that Lua takes as it is, inside brackets and outside.
fn push_escaped(out: &mut String, char: char) {
    if "^$()%.[]*+-?".contains(char) {
        out.push('%');
    }
    out.push(char);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_become_those_of_lua_and_capture_what_is_plain() {
        for (glob, lua, plain) in [
            ("user:*", "^(user:)", "user:"),
            ("user:*:cart", "^(user:).*(:cart)$", "user::cart"),
            ("queue", "^(queue)$", "queue"),
            ("a?[^b-d]%", "^(a).[^b-d](%%)$", "a%"),
            ("[-a][0-9-x]", "^[%-a][0-9%-x]$", ""),
            (r"\*[\]x]**", "^(%*)[%]x]", "*"),
            ("*", "^", ""),
        ] {
            let parsed = Glob::parse(glob).unwrap();
            assert_eq!(parsed.lua_pattern(), lua, "{glob}");
            assert_eq!(parsed.plain_text(), plain, "{glob}");
        }
        assert!(Glob::parse("**").unwrap().is_everything());
        assert_eq!(Glob::parse("queue").unwrap().only_key(), Some("queue"));
        assert_eq!(Glob::parse("queue?").unwrap().only_key(), None);
    }

    #[test]
    fn what_redis_would_read_otherwise_is_no_pattern() {
        for (text, error) in [
            ("", GlobError::Empty),
            ("a[b", GlobError::OpenClass),
            ("a[b-]", GlobError::OpenClass),
            ("a[]", GlobError::EmptyClass),
            ("a[^]", GlobError::EmptyClass),
            ("a\\", GlobError::Dangling),
            ("a\nb", GlobError::Control),
        ] {
            assert_eq!(Glob::parse(text), Err(error), "{text:?}");
        }
    }
}
