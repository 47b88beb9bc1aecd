//! Grafana's variables and macros: `$name`, `${name}`, `${name.field}`, `${name:format}`, `[[name]]`, `[[name:format]]`.

use crate::source::Span;

/// A reference to a Grafana variable or to one of its built-in macros (`$__rate_interval`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// The name without `$` and braces.
    pub name: String,
    /// What follows the colon: `regex`, `csv`, `pipe`, …
    pub format: Option<String>,
    /// The bytes of the reference.
    pub span: Span,
}

impl Variable {
    /// Whether Grafana fills it in by itself (`$__interval`, `$__range`, `$__rate_interval`, `$__from`, …).
    pub fn is_built_in(&self) -> bool {
        self.name.starts_with("__")
    }

    /// Whether Grafana fills it with a duration.
    pub fn is_duration(&self) -> bool {
        matches!(
            self.name.as_str(),
            "__interval" | "__rate_interval" | "__range" | "interval"
        )
    }
}

/// How far from the name the `}` may be: without a bound, many open `${` would take quadratic time.
const LONGEST_SUFFIX: usize = 256;

/// The reference that starts exactly at `at`.
pub(super) fn scan(text: &str, at: usize) -> Option<Variable> {
    let rest = &text.as_bytes()[at..];
    let word = |from: usize| {
        rest[from..]
            .iter()
            .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_')
            .count()
    };
    let found = |name_at: usize, length: usize, format: Option<(usize, usize)>, end: usize| {
        let part = |from: usize, to: usize| text.get(at + from..at + to).map(str::to_owned);
        Some(Variable {
            name: part(name_at, name_at + length)?,
            format: format.and_then(|(from, to)| part(from, to)),
            span: Span::new(at, at + end),
        })
    };
    match rest {
        [b'$', b'{', ..] => {
            let length = word(2);
            let after = 2 + length;
            if length == 0 || !matches!(rest.get(after)?, b'}' | b':' | b'.') {
                return None;
            }
            let suffix = &rest[after..rest.len().min(after + LONGEST_SUFFIX)];
            let close = after + suffix.iter().position(|byte| *byte == b'}')?;
            let format = rest[after..close]
                .iter()
                .position(|byte| *byte == b':')
                .map(|colon| (after + colon + 1, close));
            found(2, length, format, close + 1)
        }
        [b'$', ..] => match word(1) {
            0 => None,
            length => found(1, length, None, 1 + length),
        },
        [b'[', b'[', ..] => {
            let length = word(2);
            let after = 2 + length;
            if length == 0 {
                return None;
            }
            let (format, close) = match rest.get(after)? {
                b':' => {
                    let format = word(after + 1);
                    (Some((after + 1, after + 1 + format)), after + 1 + format)
                }
                _ => (None, after),
            };
            rest.get(close..close + 2)
                .filter(|brackets| *brackets == b"]]")?;
            found(2, length, format, close + 2)
        }
        _ => None,
    }
}

/// Every reference in `text`, with `base` added to its span.
pub(super) fn scan_all(text: &str, base: usize) -> Vec<Variable> {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if matches!(bytes[at], b'$' | b'[')
            && let Some(mut variable) = scan(text, at)
        {
            at = variable.span.end();
            variable.span = variable.span.shifted(base);
            out.push(variable);
        } else {
            at += 1;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_notation_is_understood() {
        let names = |text: &str| -> Vec<(String, Option<String>)> {
            scan_all(text, 0)
                .into_iter()
                .map(|variable| (variable.name, variable.format))
                .collect()
        };
        let one =
            |name: &str, format: Option<&str>| vec![(name.to_owned(), format.map(str::to_owned))];
        assert_eq!(names("$a"), one("a", None));
        assert_eq!(names("x${a}y"), one("a", None));
        assert_eq!(names("${a:regex}"), one("a", Some("regex")));
        assert_eq!(names("${a.text:raw}"), one("a", Some("raw")));
        assert_eq!(names("[[a:pipe]]"), one("a", Some("pipe")));
        assert_eq!(names("price$"), []);
        assert_eq!(names("${}"), []);
        assert_eq!(names("^a$|b"), []);
        assert_eq!(names("[[a]"), []);
    }
}
