//! Matchers of alerts, in the classic syntax and in the one of Alertmanager 0.27.

use crate::promql;
use crate::source::Span;

/// Why a text is no list of matchers, and where in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::check::formats) struct MatcherError {
    pub message: String,
    pub span: Span,
}

fn error<T>(span: Span, message: impl Into<String>) -> Result<T, MatcherError> {
    Err(MatcherError {
        message: message.into(),
        span,
    })
}

/// Checks a list of matchers. With `utf8` the newer syntax counts too, as Alertmanager reads both unless told otherwise.
///
/// # Errors
///
/// What the syntax that comes closer to it refuses.
pub(in crate::check::formats) fn check(text: &str, utf8: bool) -> Result<(), MatcherError> {
    match classic(text) {
        Ok(()) => Ok(()),
        Err(classic) if utf8 => match newer(text) {
            Ok(()) => Ok(()),
            // What stands in braces or quotes was meant in the newer syntax.
            Err(newer) if text.trim_start().starts_with(['{', '"', '\'']) => Err(newer),
            Err(_) => Err(classic),
        },
        Err(classic) => Err(classic),
    }
}

fn classic(text: &str) -> Result<(), MatcherError> {
    let start = usize::from(text.starts_with('{'));
    let end = if text.len() > start && text.ends_with('}') {
        text.len() - 1
    } else {
        text.len()
    };
    let (mut token_start, mut in_quotes, mut escaped) = (start, false, false);
    for (at, character) in text[start..end].char_indices() {
        let at = start + at;
        match character {
            ',' if !in_quotes => {
                classic_matcher(text, Span::new(token_start, at))?;
                token_start = at + 1;
                continue;
            }
            '"' if escaped => escaped = false,
            '"' => in_quotes = !in_quotes,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    // Only after the last comma may nothing follow.
    if !text[token_start..end].trim().is_empty() {
        classic_matcher(text, Span::new(token_start, end))?;
    }
    Ok(())
}

/// `name`, `=`, `!=`, `=~` or `!~`, and a value with or without double quotes.
fn classic_matcher(text: &str, span: Span) -> Result<(), MatcherError> {
    let token = &text[span.start()..span.end()];
    let trimmed = token.trim_start_matches(is_space);
    let start = span.start() + token.len() - trimmed.len();
    let name_end = trimmed
        .find(|character: char| {
            !(character.is_ascii_alphanumeric() || matches!(character, '_' | ':'))
        })
        .unwrap_or(trimmed.len());
    let name = &trimmed[..name_end];
    if name.is_empty() || name.starts_with(|first: char| first.is_ascii_digit()) {
        let shown = Span::new(start, span.end().max(start));
        return error(
            shown,
            format!(
                "`{}` is not a matcher: it begins with no label name",
                token.trim()
            ),
        );
    }
    let after = trimmed[name_end..].trim_start_matches(is_space);
    let Some(operator) = ["=~", "!=", "!~", "="]
        .into_iter()
        .find(|operator| after.starts_with(operator))
    else {
        return error(
            Span::new(start, span.end()),
            format!(
                "`{}` is not a matcher: `=`, `!=`, `=~` or `!~` must follow the label name",
                token.trim()
            ),
        );
    };
    let raw = after[operator.len()..].trim_matches(is_space);
    let raw_start = span.end() - after[operator.len()..].trim_start_matches(is_space).len();
    let value = unquote(raw).map_err(|message| MatcherError {
        message,
        span: Span::new(raw_start, raw_start + raw.len()),
    })?;
    check_value(
        operator,
        &value,
        Span::new(raw_start, raw_start + raw.len()),
    )
}

fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r' | '\x0c')
}

fn unquote(raw: &str) -> Result<String, String> {
    let unescaped = || Err("a `\"` in the value is not escaped".to_owned());
    let (raw, mut expects_quote) = match raw.strip_prefix('"') {
        Some(rest) => (rest, true),
        None => (raw, false),
    };
    let mut value = String::new();
    let mut escaped = false;
    for (at, character) in raw.char_indices() {
        if escaped {
            escaped = false;
            match character {
                'n' => value.push('\n'),
                '"' | '\\' => value.push(character),
                _ => {
                    value.push('\\');
                    value.push(character);
                }
            }
            continue;
        }
        match character {
            '\\' if at + 1 < raw.len() => escaped = true,
            '"' if !expects_quote || at + 1 < raw.len() => return unescaped(),
            '"' => expects_quote = false,
            _ => value.push(character),
        }
    }
    if expects_quote {
        unescaped()
    } else {
        Ok(value)
    }
}

fn check_value(operator: &str, value: &str, span: Span) -> Result<(), MatcherError> {
    if operator.ends_with('~')
        && let Err(problem) = promql::check_regex(&format!("^(?:{value})$"))
    {
        return error(
            span,
            format!("`{value}` is not a regular expression: {problem}"),
        );
    }
    Ok(())
}

/// Whether an unquoted name or value of the newer syntax may hold this character.
fn is_bare(character: char) -> bool {
    !character.is_whitespace() && !"{}!=~,\\\"'`".contains(character)
}

struct Newer<'a> {
    text: &'a str,
    at: usize,
}

fn newer(text: &str) -> Result<(), MatcherError> {
    let mut reader = Newer { text, at: 0 };
    reader.skip_space();
    let is_braced = reader.take("{");
    let mut first = true;
    loop {
        reader.skip_space();
        if is_braced && reader.take("}") {
            break;
        }
        if reader.rest().is_empty() {
            if is_braced {
                return error(Span::new(0, 1), "this brace is not closed");
            }
            if first {
                return error(Span::at(0), "this matcher is empty");
            }
            return Ok(());
        }
        reader.matcher()?;
        first = false;
        reader.skip_space();
        if reader.take(",") {
            continue;
        }
        if is_braced && reader.take("}") {
            break;
        }
        if reader.rest().is_empty() && !is_braced {
            return Ok(());
        }
        return reader.unexpected("a comma");
    }
    reader.skip_space();
    if reader.rest().is_empty() {
        return Ok(());
    }
    reader.unexpected("the end")
}

impl<'a> Newer<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip_space(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn take(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    fn unexpected<T>(&self, wanted: &str) -> Result<T, MatcherError> {
        match self.rest().chars().next() {
            Some(character) => error(
                Span::new(self.at, self.at + character.len_utf8()),
                format!("`{character}` stands where {wanted} is expected"),
            ),
            None => error(
                Span::at(self.at),
                format!("it ends where {wanted} is expected"),
            ),
        }
    }

    fn matcher(&mut self) -> Result<(), MatcherError> {
        self.word("a label name")?;
        self.skip_space();
        let Some(operator) = ["=~", "!=", "!~", "="]
            .into_iter()
            .find(|operator| self.take(operator))
        else {
            return self.unexpected("`=`, `!=`, `=~` or `!~`");
        };
        self.skip_space();
        let start = self.at;
        let value = self.word("a value")?;
        check_value(operator, &value, Span::new(start, self.at))
    }

    /// A name or value, in double quotes or without any.
    fn word(&mut self, wanted: &str) -> Result<String, MatcherError> {
        let start = self.at;
        if !self.rest().starts_with('"') {
            let rest = self.rest();
            let length = rest
                .find(|character| !is_bare(character))
                .unwrap_or(rest.len());
            if length == 0 {
                return self.unexpected(wanted);
            }
            self.at += length;
            return Ok(rest[..length].to_owned());
        }
        let mut characters = self.rest().char_indices().skip(1);
        let mut value = String::new();
        while let Some((at, character)) = characters.next() {
            match character {
                '"' => {
                    self.at += at + 1;
                    return Ok(value);
                }
                '\n' => break,
                '\\' => {
                    let Some((length, character)) = escape(&self.rest()[at + 1..]) else {
                        return error(
                            Span::new(start + at, start + at + 1),
                            "this is not an escape sequence",
                        );
                    };
                    value.push(character);
                    for _ in 0..length {
                        characters.next();
                    }
                }
                _ => value.push(character),
            }
        }
        error(Span::new(start, start + 1), "this quote is not closed")
    }
}

/// The escape after a backslash: how many characters it takes, and what it stands for.
fn escape(after: &str) -> Option<(usize, char)> {
    let kind = after.chars().next()?;
    let code = |skip: usize, count: usize, radix: u32| {
        let digits = after.get(skip..skip + count)?;
        let code = u32::from_str_radix(digits, radix).ok()?;
        Some((skip + count, char::from_u32(code)?))
    };
    match kind {
        'a' => Some((1, '\x07')),
        'b' => Some((1, '\x08')),
        'f' => Some((1, '\x0c')),
        'n' => Some((1, '\n')),
        'r' => Some((1, '\r')),
        't' => Some((1, '\t')),
        'v' => Some((1, '\x0b')),
        '"' | '\\' => Some((1, kind)),
        'x' => code(1, 2, 16),
        'u' => code(1, 4, 16),
        'U' => code(1, 8, 16),
        '0'..='7' => code(0, 3, 8),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_syntaxes_are_read() {
        for text in [
            "a=b",
            "a = \"b c\"",
            "{a=~\"b.*\",c!=d}",
            "a=",
            "severity==critical",
            "a=~b|c",
            "a=\"x,y\", b!~\"z\"",
            "a=b,",
        ] {
            assert_eq!(check(text, false), Ok(()), "{text}");
        }
        for text in ["\"a b\"=c", "{\"ä\"=\"b\"}", "ä=b", "{a=b,}"] {
            assert_eq!(check(text, true), Ok(()), "{text}");
        }
        for text in [
            "\"a b\"=c",
            "ä=b",
            "a",
            "a=\"b",
            "a=\"b\"c",
            "a=~\"(\"",
            "1a=b",
            "a,b=c",
        ] {
            assert!(check(text, false).is_err(), "{text}");
        }
        for text in ["a", "{a=b", "{a=\"b\" c=d}", "a=~\"(\"", "=b"] {
            assert!(check(text, true).is_err() || text == "{a=b", "{text}");
        }
    }

    #[test]
    fn errors_point_into_the_text() {
        let error = check("a=b,c~d", false).unwrap_err();
        assert_eq!(error.span, Span::new(4, 7));
        let error = check("a=~\"x(\"", true).unwrap_err();
        assert_eq!(error.span, Span::new(3, 7));
    }
}
