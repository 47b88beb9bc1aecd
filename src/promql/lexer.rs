//! Bytes to tokens.
//!
//! Where Prometheus's own lexer stops at the first wrong byte, this one reports it and goes on, reading
//! known slips (`=>`, `&&`, curly quotes) as what they were meant to be.

use super::error::ParseError;
use super::scan::{is_word, is_word_start, scan_duration, scan_number};
use super::token::{Keyword, Token, TokenKind};
use super::variable;
use crate::source::Span;

/// What the lexer makes of an expression.
pub(super) struct Lexed {
    /// Every token but comments, with [`TokenKind::End`] last.
    pub tokens: Vec<Token>,
    pub comments: Vec<Token>,
    pub errors: Vec<ParseError>,
    /// A string without its closing quote swallowed the rest: what is missing at the end is its fault.
    pub truncated: bool,
}

/// Splits `text` into tokens. Time and space are linear in its length.
pub(super) fn lex(text: &str, grafana: bool) -> Lexed {
    let mut lexer = Lexer {
        text,
        bytes: text.as_bytes(),
        at: 0,
        grafana,
        in_braces: false,
        in_brackets: false,
        past_number: false,
        out: Lexed {
            tokens: Vec::with_capacity(text.len() / 3 + 2),
            comments: Vec::new(),
            errors: Vec::new(),
            truncated: false,
        },
    };
    lexer.run();
    lexer.out
}

struct Lexer<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    grafana: bool,
    /// Between `{` and `}` every word is a plain name.
    in_braces: bool,
    /// Between `[` and `]` a colon is a token of its own.
    in_brackets: bool,
    /// Within brackets, after the first number: only there does Prometheus accept comments.
    past_number: bool,
    out: Lexed,
}

impl Lexer<'_> {
    fn run(&mut self) {
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b' ' | b'\t' | b'\n' | b'\r' => self.at += 1,
                b'#' => self.comment(),
                b'"' | b'\'' | b'`' => self.string(byte),
                b'0'..=b'9' => self.number(),
                b'.' if self.peek(1).is_some_and(|next| next.is_ascii_digit()) => self.number(),
                _ if is_word_start(byte) => self.word(),
                b':' if !self.in_brackets && !self.in_braces => self.word(),
                b'$' | b'[' if self.variable_end(self.at).is_some() => self.word(),
                b'{' | b'%' | b'$' if self.residue(byte) => {}
                _ => self.symbol(byte),
            }
        }
        self.push(TokenKind::End, self.at);
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    /// Reports what a generator should have replaced: `{{ … }}`, `%(…)s` in braces, `$name`. Whether there is any.
    fn residue(&mut self, byte: u8) -> bool {
        const LONGEST: usize = 256;
        let rest = &self.bytes[self.at..self.bytes.len().min(self.at + LONGEST)];
        let end_of = |closer: &[u8]| rest.windows(closer.len()).position(|bytes| bytes == closer);
        let length = match byte {
            b'{' if rest.get(1) == Some(&b'{') => end_of(b"}}").map(|end| end + 2),
            b'%' if rest.get(1) == Some(&b'(') && self.in_braces => {
                end_of(b")s").map(|end| end + 2)
            }
            b'$' => variable::scan(self.text, self.at).map(|found| found.span.len()),
            _ => None,
        };
        let Some(end) = length.map(|length| self.at + length) else {
            return false;
        };
        let span = Span::new(self.at, end);
        let shown: String = self.text[self.at..end].chars().take(40).collect();
        self.error(if byte == b'$' {
            ParseError::syntax(
                span,
                format!("`{shown}` is a variable, and Prometheus has none"),
            )
            .hint("Grafana and shells have variables; a rule needs the value itself")
        } else {
            ParseError::syntax(
                span,
                format!("`{shown}` is a template that nothing has filled in"),
            )
            .hint("render the file first")
        });
        self.push(TokenKind::Unknown, end);
        true
    }

    /// Adds the token from the current position to `end`, and moves there.
    fn push(&mut self, kind: TokenKind, end: usize) {
        let span = Span::new(self.at, end);
        self.out.tokens.push(Token { kind, span });
        self.at = end;
    }

    fn error(&mut self, error: ParseError) {
        if self.out.errors.len() < super::MOST_ERRORS {
            self.out.errors.push(error);
        }
    }

    /// Where the Grafana variable that starts at `at` ends.
    fn variable_end(&self, at: usize) -> Option<usize> {
        if !self.grafana {
            return None;
        }
        variable::scan(self.text, at).map(|found| found.span.end())
    }

    fn comment(&mut self) {
        let end = self.bytes[self.at..]
            .iter()
            .position(|byte| matches!(byte, b'\n' | b'\r'))
            .map_or(self.bytes.len(), |length| self.at + length);
        let span = Span::new(self.at, end);
        if self.in_brackets && !self.past_number {
            self.error(
                ParseError::syntax(
                    span,
                    "Prometheus reads no comment before the first number in brackets",
                )
                .hint("move the comment out of the brackets"),
            );
        }
        self.out.comments.push(Token {
            kind: TokenKind::Comment,
            span,
        });
        self.at = end;
    }

    fn string(&mut self, quote: u8) {
        let start = self.at;
        let mut end = start + 1;
        loop {
            match self.bytes.get(end) {
                Some(&byte) if byte == quote => break,
                Some(b'\\') if quote != b'`' => end += 2,
                Some(b'\n') if quote != b'`' => return self.unterminated(start),
                Some(_) => end += 1,
                None => return self.unterminated(start),
            }
        }
        // Prometheus cannot tell this character from broken UTF-8 and refuses it.
        if let Some(offset) = self.text[start..end].find(char::REPLACEMENT_CHARACTER) {
            let width = char::REPLACEMENT_CHARACTER.len_utf8();
            self.error(
                ParseError::syntax(
                    Span::new(start + offset, start + offset + width),
                    "U+FFFD in a string, the mark of text that was not UTF-8",
                )
                .hint("write the bytes that are meant, for example `\\xff`"),
            );
        }
        self.push(TokenKind::String, end + 1);
    }

    fn unterminated(&mut self, start: usize) {
        let end = self.bytes.len();
        let quote = &self.text[start..=start];
        let line_end = self.bytes[start..]
            .iter()
            .position(|byte| *byte == b'\n')
            .map_or(end, |length| start + length);
        let span = Span::new(start, if quote == "`" { end } else { line_end });
        let error = ParseError::syntax(span, format!("the string has no closing `{quote}`"));
        self.error(if line_end < end && quote != "`" {
            error.hint("only strings in back quotes may span lines; elsewhere write `\\n`")
        } else {
            error
        });
        self.out.truncated = true;
        self.push(TokenKind::Unknown, end);
    }

    /// A name, keyword or Grafana variable.
    fn word(&mut self) {
        let colons = !self.in_brackets && !self.in_braces;
        let (end, variables) = self.word_end(self.at, colons);
        let word = &self.bytes[self.at..end];
        let kind = if variables > 0 {
            self.past_number = true;
            if self.variable_end(self.at) == Some(end) {
                TokenKind::Variable
            } else {
                TokenKind::Template
            }
        } else if self.in_braces {
            TokenKind::Identifier
        } else if word.contains(&b':') {
            TokenKind::MetricIdentifier
        } else if word.eq_ignore_ascii_case(b"inf") || word.eq_ignore_ascii_case(b"nan") {
            TokenKind::Number
        } else {
            match Keyword::of(word) {
                // Younger than the language, so that metrics of these names stay what they were.
                Some(Keyword::Fill | Keyword::FillLeft | Keyword::FillRight)
                    if !self.parenthesis_follows(end) =>
                {
                    TokenKind::Identifier
                }
                Some(keyword) => TokenKind::Keyword(keyword),
                None => TokenKind::Identifier,
            }
        };
        self.push(kind, end);
    }

    /// Where the word that starts at `at` ends, and how many variables are in it.
    fn word_end(&self, at: usize, colons: bool) -> (usize, usize) {
        let mut end = at;
        let mut variables = 0;
        while let Some(&byte) = self.bytes.get(end) {
            if is_word(byte) || (colons && byte == b':') {
                end += 1;
            } else if matches!(byte, b'$' | b'[')
                && let Some(after) = self.variable_end(end)
            {
                variables += 1;
                end = after;
            } else {
                break;
            }
        }
        (end, variables)
    }

    fn parenthesis_follows(&self, at: usize) -> bool {
        self.bytes[at..]
            .iter()
            .find(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
            == Some(&b'(')
    }

    fn number(&mut self) {
        let start = self.at;
        let (mut end, is_number) = scan_number(self.bytes, start);
        let kind = if is_number {
            TokenKind::Number
        } else if let Some(after) = scan_duration(self.bytes, end) {
            end = after;
            TokenKind::Duration
        } else {
            let (after, variables) = self.word_end(end, false);
            if variables > 0 {
                end = after;
                TokenKind::Template
            } else {
                return self.bad_number(end);
            }
        };
        if let Some(after) = self.variable_end(end) {
            let (after, _) = self.word_end(after, false);
            return self.push(TokenKind::Template, after);
        }
        self.past_number = true;
        self.push(kind, end);
    }

    fn bad_number(&mut self, scanned: usize) {
        let end = self.bytes[scanned..]
            .iter()
            .position(|byte| !is_word(*byte) && *byte != b'.')
            .map_or(self.bytes.len(), |length| scanned + length);
        let span = Span::new(self.at, end);
        let text = &self.text[self.at..end];
        let error =
            ParseError::syntax(span, format!("`{text}` is neither a number nor a duration"));
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let unit = match text[digits..].to_ascii_lowercase().as_str() {
            "sec" | "secs" | "second" | "seconds" => Some("s"),
            "min" | "mins" | "minute" | "minutes" => Some("m"),
            "hr" | "hrs" | "hour" | "hours" => Some("h"),
            "day" | "days" => Some("d"),
            "week" | "weeks" => Some("w"),
            "year" | "years" => Some("y"),
            "msec" | "millisecond" | "milliseconds" => Some("ms"),
            _ => None,
        };
        let error = match unit {
            Some(unit) if digits > 0 => {
                let meant = format!("{}{unit}", &text[..digits]);
                error.hint(format!("write `{meant}`")).replace(span, meant)
            }
            _ if text.bytes().any(|byte| byte.is_ascii_alphabetic()) => {
                error.hint("the units are ms, s, m, h, d, w and y, in lower case, as in `1h30m`")
            }
            _ => error,
        };
        self.error(error);
        self.push(TokenKind::Unknown, end);
    }

    fn symbol(&mut self, byte: u8) {
        let next = self.peek(1);
        let (kind, length) = match (byte, next) {
            (b'(', _) => (TokenKind::LeftParen, 1),
            (b')', _) => (TokenKind::RightParen, 1),
            (b',', _) => (TokenKind::Comma, 1),
            (b':', _) => (TokenKind::Colon, 1),
            (b'@', _) => (TokenKind::At, 1),
            (b'+', _) => (TokenKind::Add, 1),
            (b'-', _) => (TokenKind::Sub, 1),
            (b'*', _) => (TokenKind::Mul, 1),
            (b'/', _) => (TokenKind::Div, 1),
            (b'%', _) => (TokenKind::Mod, 1),
            (b'^', _) => (TokenKind::Pow, 1),
            (b'{', _) => {
                self.in_braces = true;
                (TokenKind::LeftBrace, 1)
            }
            (b'}', _) => {
                self.in_braces = false;
                (TokenKind::RightBrace, 1)
            }
            (b'[', _) => {
                self.in_brackets = true;
                self.past_number = false;
                (TokenKind::LeftBracket, 1)
            }
            (b']', _) => {
                self.in_brackets = false;
                (TokenKind::RightBracket, 1)
            }
            (b'=', Some(b'=')) => (TokenKind::Equal, 2),
            (b'=', Some(b'~')) => (TokenKind::RegexMatch, 2),
            (b'=', Some(b'>')) => return self.slip("=>", ">=", TokenKind::GreaterEqual),
            (b'=', Some(b'<')) => return self.slip("=<", "<=", TokenKind::LessEqual),
            (b'=', _) => (TokenKind::Assign, 1),
            (b'!', Some(b'=')) => (TokenKind::NotEqual, 2),
            (b'!', Some(b'~')) => (TokenKind::RegexNotMatch, 2),
            (b'<', Some(b'=')) => (TokenKind::LessEqual, 2),
            (b'<', Some(b'/')) => (TokenKind::TrimUpper, 2),
            (b'<', Some(b'>')) => return self.slip("<>", "!=", TokenKind::NotEqual),
            (b'<', _) => (TokenKind::Less, 1),
            (b'>', Some(b'=')) => (TokenKind::GreaterEqual, 2),
            (b'>', Some(b'/')) => (TokenKind::TrimLower, 2),
            (b'>', _) => (TokenKind::Greater, 1),
            (b'&', Some(b'&')) => {
                return self.slip("&&", "and", TokenKind::Keyword(Keyword::And));
            }
            (b'|', Some(b'|')) => {
                return self.slip("||", "or", TokenKind::Keyword(Keyword::Or));
            }
            (b'|', _) if self.is_log_pipe() => return self.log_pipe(),
            _ => return self.unexpected_character(),
        };
        self.push(kind, self.at + length);
    }

    /// Whether the `|` here stands behind braces or a string, as Loki's filters and parsers do.
    fn is_log_pipe(&self) -> bool {
        self.out
            .tokens
            .last()
            .is_some_and(|token| matches!(token.kind, TokenKind::RightBrace | TokenKind::String))
    }

    /// The rest is no PromQL, and further errors would only hide that.
    fn log_pipe(&mut self) {
        let span = Span::new(self.at, self.at + 1);
        self.error(
            ParseError::syntax(
                span,
                "`|` filters log lines: this is LogQL, the language of Loki",
            )
            .hint("give the query to a Loki datasource or ruler"),
        );
        self.out.truncated = true;
        self.push(TokenKind::Unknown, self.bytes.len());
    }

    /// An operator of another language: reported, and read as the one of this.
    fn slip(&mut self, written: &str, meant: &str, kind: TokenKind) {
        let span = Span::new(self.at, self.at + written.len());
        self.error(
            ParseError::syntax(span, format!("PromQL has no operator `{written}`"))
                .hint(format!("write `{meant}`"))
                .replace(span, meant),
        );
        self.push(kind, span.end());
    }

    fn unexpected_character(&mut self) {
        let rest = &self.text[self.at..];
        let Some(character) = rest.chars().next() else {
            return;
        };
        let span = Span::new(self.at, self.at + character.len_utf8());
        match character {
            '“' | '”' | '„' | '‟' | '«' | '»' => {
                return self.typographic_string(&['“', '”', '„', '‟', '«', '»', '"']);
            }
            '‘' | '’' | '‚' | '‛' => {
                return self.typographic_string(&['‘', '’', '‚', '‛', '\'']);
            }
            '\u{feff}' | '\u{a0}' | '\u{200b}' | '\u{2009}' | '\u{202f}' | '\u{2060}'
            | '\u{3000}' => {
                let code = u32::from(character);
                self.error(
                    ParseError::syntax(
                        span,
                        format!("the character U+{code:04X} looks like a space but is none to Prometheus"),
                    )
                    .hint("replace it by a plain space")
                    .replace(span, " "),
                );
                self.at = span.end();
                return;
            }
            _ => {}
        }
        let shown = character.escape_debug();
        let error = ParseError::syntax(span, format!("unexpected character `{shown}`"));
        let mut end = span.end();
        let after_name = self.out.tokens.last().is_some_and(|token| {
            token.span.end() == self.at
                && matches!(
                    token.kind,
                    TokenKind::Identifier | TokenKind::MetricIdentifier
                )
        });
        let error = match character {
            '$' => error.hint("Prometheus knows no variables: this is Grafana's or a shell's"),
            '−' | '–' | '—' => error.hint("write `-`").replace(span, "-"),
            '×' => error.hint("write `*`").replace(span, "*"),
            '÷' => error.hint("write `/`").replace(span, "/"),
            '≥' => error.hint("write `>=`").replace(span, ">="),
            '≤' => error.hint("write `<=`").replace(span, "<="),
            '≠' => error.hint("write `!=`").replace(span, "!="),
            ';' => error.hint("one expression has no end mark"),
            '!' => error.hint("`!=` compares, `unless` excludes"),
            '&' => error.hint("write `and`"),
            '|' => error.hint("write `or`"),
            '.' if after_name => {
                end += self.bytes[end..]
                    .iter()
                    .take_while(|byte| is_word(**byte) || **byte == b'.')
                    .count();
                error.hint(
                    "a name with other characters than letters, digits, `_` and `:` is quoted, in braces: `{\"a.b\"}`",
                )
            }
            _ if after_name && character.is_alphanumeric() => {
                error.hint("a name with other letters than a-z is quoted, in braces: `{\"é\"}`")
            }
            _ => error,
        };
        self.error(error);
        self.push(TokenKind::Unknown, end);
    }

    /// A string in quotes that a word processor made: reported, and read as the string it was meant to be.
    fn typographic_string(&mut self, closers: &[char]) {
        let start = self.at;
        let mut characters = self.text[start..].char_indices();
        characters.next();
        let closer = characters
            .take_while(|(_, character)| *character != '\n')
            .find(|(_, character)| closers.contains(character));
        let Some((offset, character)) = closer else {
            let span = Span::new(start, self.bytes.len());
            self.error(
                ParseError::syntax(
                    span,
                    "a typographic quote opens a string that nothing closes",
                )
                .hint("write strings in \", ' or `"),
            );
            self.out.truncated = true;
            return self.push(TokenKind::Unknown, span.end());
        };
        let end = start + offset + character.len_utf8();
        let span = Span::new(start, end);
        let inside = typographic_content(&self.text[start..end]);
        self.error(
            ParseError::syntax(span, "typographic quotes around a string")
                .hint("write strings in \", ' or `")
                .replace(span, super::literal::quote(inside.as_bytes())),
        );
        self.push(TokenKind::String, end);
    }
}

/// What stands between the first and the last character of `quoted`.
pub(super) fn typographic_content(quoted: &str) -> &str {
    let mut characters = quoted.chars();
    characters.next();
    characters.next_back();
    characters.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<TokenKind> {
        lex(text, true)
            .tokens
            .iter()
            .map(|token| token.kind)
            .collect()
    }

    #[test]
    fn numbers_and_durations_end_where_prometheus_ends_them() {
        use TokenKind::{Duration, End, Number, Unknown};
        assert_eq!(kinds("5m"), [Duration, End]);
        assert_eq!(kinds("1e3"), [Number, End]);
        assert_eq!(kinds("0x1F"), [Number, End]);
        assert_eq!(kinds(".5"), [Number, End]);
        assert_eq!(kinds("1_000"), [Number, End]);
        assert_eq!(kinds("1m1"), [Unknown, End]);
        assert_eq!(kinds("2.5."), [Unknown, End]);
        assert_eq!(kinds("2."), [Number, End]);
        assert_eq!(kinds("100..4"), [Unknown, End]);
        assert_eq!(kinds("5min"), [Unknown, End]);
    }

    #[test]
    fn variables_are_tokens_and_parts_of_tokens() {
        use TokenKind::{End, LeftBracket, RightBracket, Template, Variable};
        assert_eq!(kinds("$x"), [Variable, End]);
        assert_eq!(kinds("${x:regex}"), [Variable, End]);
        assert_eq!(kinds("[[x]]"), [Variable, End]);
        assert_eq!(kinds("redis_${x}_total"), [Template, End]);
        assert_eq!(kinds("${n}m"), [Template, End]);
        assert_eq!(kinds("5${unit}"), [Template, End]);
        assert_eq!(kinds("[[[x]]]"), [LeftBracket, Variable, RightBracket, End]);
    }

    #[test]
    fn fill_is_a_keyword_only_before_a_parenthesis() {
        use TokenKind::{End, Identifier, LeftParen};
        assert_eq!(kinds("fill"), [Identifier, End]);
        assert_eq!(
            kinds("fill ("),
            [TokenKind::Keyword(Keyword::Fill), LeftParen, End]
        );
    }
}
