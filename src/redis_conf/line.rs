//! Lines of a redis.conf, split into words as Redis splits them.

use crate::source::Span;

/// A line that says something: neither blank nor a comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The directive, as written.
    pub directive: Word,
    /// What follows it.
    pub arguments: Vec<Word>,
    /// From the first word to the last.
    pub span: Span,
}

impl Line {
    /// The name of the directive: Redis does not tell upper case from lower case.
    pub fn name(&self) -> String {
        self.directive.text.to_ascii_lowercase()
    }
}

/// One word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Its value, without quotes and escapes. Bytes that are no UTF-8 are replaced.
    pub text: String,
    /// Where it stands, with its quotes.
    pub span: Span,
    /// Whether it has no quotes.
    pub is_plain: bool,
}

/// A line that Redis cannot split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// A quote that nothing closes.
    #[error("nothing closes this quote")]
    Open(Span),
    /// Text right behind a closing quote.
    #[error("something follows the closing quote without a space")]
    Glued(Span),
}

impl LineError {
    /// Where.
    pub const fn span(self) -> Span {
        match self {
            Self::Open(span) | Self::Glued(span) => span,
        }
    }
}

/// Every line that says something, or why it cannot be read.
pub fn lines(text: &str) -> impl Iterator<Item = Result<Line, LineError>> {
    let mut start = 0;
    text.split('\n').filter_map(move |line| {
        let at = start;
        start += line.len() + 1;
        let is_space = |char: char| matches!(char, ' ' | '\t' | '\r');
        let trimmed = line.trim_start_matches(is_space);
        let at = at + line.len() - trimmed.len();
        let trimmed = trimmed.trim_end_matches(is_space);
        if trimmed.is_empty() || trimmed.starts_with('#') {
            return None;
        }
        let mut words = match words(trimmed) {
            Ok(words) => words,
            Err(error) => return Some(Err(moved_error(error, at))),
        };
        for word in &mut words {
            word.span = moved(word.span, at);
        }
        if words.is_empty() {
            return None;
        }
        let directive = words.remove(0);
        let last = words.last().map_or(directive.span, |word| word.span);
        Some(Ok(Line {
            span: Span::new(directive.span.start(), last.end()),
            directive,
            arguments: words,
        }))
    })
}

fn moved(span: Span, by: usize) -> Span {
    Span::new(span.start() + by, span.end() + by)
}

fn moved_error(error: LineError, by: usize) -> LineError {
    match error {
        LineError::Open(span) => LineError::Open(moved(span, by)),
        LineError::Glued(span) => LineError::Glued(moved(span, by)),
    }
}

/// The words of one line.
///
/// # Errors
///
/// Quotes that do not come in pairs.
pub fn words(line: &str) -> Result<Vec<Word>, LineError> {
    let bytes = line.as_bytes();
    let mut words = Vec::new();
    let mut at = 0;
    loop {
        while bytes.get(at).is_some_and(|byte| is_space(*byte)) {
            at += 1;
        }
        if at >= bytes.len() {
            return Ok(words);
        }
        let start = at;
        let mut text = Vec::new();
        let mut is_plain = true;
        while let Some(&byte) = bytes.get(at).filter(|byte| !is_space(**byte)) {
            if byte != b'"' && byte != b'\'' {
                text.push(byte);
                at += 1;
                continue;
            }
            is_plain = false;
            let open = Span::new(at, line.len());
            at = quoted_text(bytes, at, &mut text).ok_or(LineError::Open(open))?;
            if bytes.get(at).is_some_and(|byte| !is_space(*byte)) {
                return Err(LineError::Glued(Span::new(at, line.len())));
            }
            break;
        }
        words.push(Word {
            text: String::from_utf8_lossy(&text).into_owned(),
            span: Span::new(start, at),
            is_plain,
        });
    }
}

/// As C's `isspace`.
const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// Reads from a quote at `at`; the place behind the closing one.
fn quoted_text(bytes: &[u8], mut at: usize, text: &mut Vec<u8>) -> Option<usize> {
    let quote = *bytes.get(at)?;
    loop {
        at += 1;
        match (*bytes.get(at)?, bytes.get(at + 1)) {
            (byte, _) if byte == quote => return Some(at + 1),
            (b'\\', Some(b'\'')) if quote == b'\'' => {
                text.push(b'\'');
                at += 1;
            }
            (b'\\', Some(b'x')) if quote == b'"' && hex(bytes, at + 2).is_some() => {
                text.extend(hex(bytes, at + 2));
                at += 3;
            }
            (b'\\', Some(escaped)) if quote == b'"' => {
                text.push(match escaped {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'b' => 8,
                    b'a' => 7,
                    other => *other,
                });
                at += 1;
            }
            (byte, _) => text.push(byte),
        }
    }
}

fn hex(bytes: &[u8], at: usize) -> Option<u8> {
    let digit = |at: usize| {
        let digit = char::from(*bytes.get(at)?).to_digit(16)?;
        u8::try_from(digit).ok()
    };
    Some(digit(at)? * 16 + digit(at + 1)?)
}

/// A word as Redis reads it back: bare where it can be.
pub fn quoted(text: &str) -> String {
    let is_bare =
        |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'\\' | b'#');
    if !text.is_empty() && text.bytes().all(is_bare) {
        return text.to_owned();
    }
    let mut out = String::from("\"");
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => out.extend(['\\', char::from(byte)]),
            b' '..=b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("\\x{byte:02x}")),
        }
    }
    out.push('"');
    out
}

/// A number of bytes as Redis reads it: `100`, `1k` is 1000, `1kb` is 1024.
pub fn bytes(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let factor: u64 = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" => 1_000,
        "kb" => 1 << 10,
        "m" => 1_000_000,
        "mb" => 1 << 20,
        "g" => 1_000_000_000,
        "gb" => 1 << 30,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(line: &str) -> Vec<String> {
        let words = words(line).unwrap();
        words.into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn words_are_split_as_redis_splits_them() {
        assert_eq!(texts("  save 900\t1 "), ["save", "900", "1"]);
        assert_eq!(
            texts(r#"a "b \"c\" \x41\n" 'd\'e\n' f"#),
            ["a", "b \"c\" A\n", "d'e\\n", "f"]
        );
        assert_eq!(texts(r#"save """#), ["save", ""]);
        assert_eq!(texts(r#"pre"fix d""#), ["prefix d"]);
        assert_eq!(words(r#"a "b"#), Err(LineError::Open(Span::new(2, 4))));
        assert_eq!(words(r#"a "b"c"#), Err(LineError::Glued(Span::new(5, 6))));
    }

    #[test]
    fn lines_have_their_places_and_comments_are_none() {
        let text = "# a comment\r\n\n  Timeout 300 \r\n\tsave \"\" # no comment\n";
        let lines: Vec<_> = lines(text).map(Result::unwrap).collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0].name(), "timeout");
        assert_eq!(
            &text[lines[0].span.start()..lines[0].span.end()],
            "Timeout 300"
        );
        assert_eq!(lines[1].arguments.len(), 4);
        let word = &lines[1].arguments[0];
        assert_eq!(&text[word.span.start()..word.span.end()], "\"\"");
    }

    #[test]
    fn whatever_is_quoted_is_read_back() {
        for text in [
            "",
            "plain",
            "a b",
            "#x",
            "q\"u'o\\te",
            "ü\n\t\u{0}",
            "pass word#1",
        ] {
            let line = format!("x {}", quoted(text));
            assert_eq!(texts(&line)[1..], [text.to_owned()], "{line}");
        }
        assert_eq!(quoted("100mb"), "100mb");
    }

    #[test]
    fn sizes_are_those_of_redis() {
        for (text, size) in [
            ("1k", 1000),
            ("1KB", 1024),
            ("2gb", 2 << 30),
            ("0", 0),
            ("7b", 7),
        ] {
            assert_eq!(bytes(text), Some(size), "{text}");
        }
        for text in ["", "mb", "1 mb", "-1", "1.5gb", "1tb", "99999999999gb"] {
            assert_eq!(bytes(text), None, "{text}");
        }
    }
}
