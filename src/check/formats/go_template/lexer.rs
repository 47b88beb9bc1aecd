//! Tokens of a Go template.

use super::TemplateError;
use crate::source::Span;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Text outside of actions.
    Text,
    LeftDelimiter,
    RightDelimiter,
    Space,
    /// A word that is neither a keyword nor a constant.
    Identifier,
    Keyword,
    /// `true` or `false`.
    Bool,
    Nil,
    Number,
    Character,
    Quoted,
    Raw,
    /// `$` or `$name`.
    Variable,
    /// `.name`.
    Field,
    Dot,
    Pipe,
    LeftParen,
    RightParen,
    /// `:=`.
    Declare,
    /// `=`.
    Assign,
    Comma,
    /// Any other ASCII character that may stand in an action, to be refused by the parser.
    Other,
    End,
}

/// A token with its bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token {
    pub kind: Kind,
    pub span: Span,
}

const KEYWORDS: [&str; 11] = [
    "block", "break", "continue", "define", "else", "end", "if", "range", "template", "with", "nil",
];

/// Splits a template into tokens.
///
/// # Errors
///
/// The first thing that is no token.
pub(super) fn lex(text: &str) -> Result<Vec<Token>, TemplateError> {
    let mut lexer = Lexer {
        text,
        at: 0,
        tokens: Vec::new(),
        parens: Vec::new(),
    };
    lexer.run()?;
    let end = Span::at(text.len());
    lexer.tokens.push(Token {
        kind: Kind::End,
        span: end,
    });
    Ok(lexer.tokens)
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    tokens: Vec<Token>,
    /// Where the open parentheses of this action stand.
    parens: Vec<usize>,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn push(&mut self, kind: Kind, length: usize) {
        self.tokens.push(Token {
            kind,
            span: Span::new(self.at, self.at + length),
        });
        self.at += length;
    }

    fn error<T>(&self, span: Span, message: impl Into<String>) -> Result<T, TemplateError> {
        Err(TemplateError {
            message: message.into(),
            span,
            is_unknown_function: false,
        })
    }

    fn run(&mut self) -> Result<(), TemplateError> {
        while !self.rest().is_empty() {
            let Some(open) = self.rest().find("{{") else {
                self.push(Kind::Text, self.rest().len());
                break;
            };
            if open > 0 {
                self.push(Kind::Text, open);
            }
            let start = self.at;
            let trim = usize::from(is_trim_left(&self.rest()[2..]));
            let inner = 2 + trim * 2;
            if self.rest()[inner.min(self.rest().len())..].starts_with("/*") {
                self.comment(start, inner)?;
                continue;
            }
            self.push(Kind::LeftDelimiter, 2 + trim);
            self.action(start)?;
        }
        Ok(())
    }

    /// Skips `{{/* … */}}`.
    fn comment(&mut self, start: usize, inner: usize) -> Result<(), TemplateError> {
        let Some(end) = self.rest()[inner..].find("*/") else {
            return self.error(
                Span::new(start, start + inner + 2),
                "this comment is not closed",
            );
        };
        self.at += inner + end + 2;
        let rest = self.rest();
        let closing = if rest.starts_with("}}") {
            2
        } else if is_trim_right(rest) {
            rest.find("}}").map_or(0, |at| at + 2)
        } else {
            return self.error(
                Span::new(start, self.at),
                "a comment must be the only thing in its braces",
            );
        };
        self.at += closing;
        Ok(())
    }

    fn action(&mut self, start: usize) -> Result<(), TemplateError> {
        self.parens.clear();
        loop {
            let rest = self.rest();
            if rest.starts_with("}}") || is_trim_right(rest) {
                if let Some(paren) = self.parens.last() {
                    return self.error(
                        Span::new(*paren, paren + 1),
                        "this parenthesis is not closed",
                    );
                }
                let length = rest.find("}}").map_or(2, |at| at + 2);
                self.push(Kind::RightDelimiter, length);
                return Ok(());
            }
            let Some(first) = rest.chars().next() else {
                return self.error(
                    Span::new(start, start + 2),
                    "this action is not closed: `}}` is missing",
                );
            };
            match first {
                ' ' | '\t' | '\r' | '\n' => {
                    let mut length = rest.find(|c| !is_space(c)).unwrap_or(rest.len());
                    // ` -}}` belongs to the delimiter.
                    if rest[length..].starts_with("-}}") {
                        length -= 1;
                    }
                    if length > 0 {
                        self.push(Kind::Space, length);
                    }
                }
                ':' if rest.starts_with(":=") => self.push(Kind::Declare, 2),
                ':' => {
                    return self.error(Span::new(self.at, self.at + 1), "`:=` is expected here");
                }
                '=' => self.push(Kind::Assign, 1),
                '|' => self.push(Kind::Pipe, 1),
                ',' => self.push(Kind::Comma, 1),
                '(' => {
                    self.parens.push(self.at);
                    self.push(Kind::LeftParen, 1);
                }
                ')' => {
                    if self.parens.pop().is_none() {
                        return self.error(
                            Span::new(self.at, self.at + 1),
                            "this parenthesis is not opened",
                        );
                    }
                    self.push(Kind::RightParen, 1);
                }
                '"' => self.quoted('"', Kind::Quoted, "this string is not closed")?,
                '\'' => self.quoted('\'', Kind::Character, "this character is not closed")?,
                '`' => {
                    let Some(end) = rest[1..].find('`') else {
                        return self.error(
                            Span::new(self.at, self.at + 1),
                            "this raw string is not closed",
                        );
                    };
                    self.push(Kind::Raw, end + 2);
                }
                '$' => {
                    let length = 1 + word_length(&rest[1..]);
                    self.push(Kind::Variable, length);
                    self.terminator()?;
                }
                '.' if !rest[1..].starts_with(|c: char| c.is_ascii_digit()) => {
                    let length = word_length(&rest[1..]);
                    if length == 0 {
                        self.push(Kind::Dot, 1);
                    } else {
                        self.push(Kind::Field, 1 + length);
                    }
                    self.terminator()?;
                }
                '.' | '+' | '-' | '0'..='9' => self.number()?,
                _ if is_word(first) => {
                    let length = word_length(rest);
                    let kind = match &rest[..length] {
                        "true" | "false" => Kind::Bool,
                        "nil" => Kind::Nil,
                        word if KEYWORDS.contains(&word) => Kind::Keyword,
                        _ => Kind::Identifier,
                    };
                    self.push(kind, length);
                    self.terminator()?;
                }
                _ if first.is_ascii_graphic() => self.push(Kind::Other, 1),
                _ => {
                    return self.error(
                        Span::new(self.at, self.at + first.len_utf8()),
                        format!("`{}` cannot stand in an action", first.escape_default()),
                    );
                }
            }
        }
    }

    /// A string or character with escapes, on one line.
    fn quoted(&mut self, quote: char, kind: Kind, unclosed: &str) -> Result<(), TemplateError> {
        let mut characters = self.rest().char_indices().skip(1);
        while let Some((at, character)) = characters.next() {
            match character {
                '\\' => match characters.next() {
                    Some((_, '\n')) | None => break,
                    Some(_) => {}
                },
                '\n' => break,
                _ if character == quote => {
                    let literal = &self.rest()[1..at];
                    if let Some(escape) = bad_escape(literal, quote) {
                        return self.error(
                            Span::new(self.at, self.at + at + 1),
                            format!("`{escape}` is not an escape sequence"),
                        );
                    }
                    if kind == Kind::Character && !is_one_character(literal) {
                        return self.error(
                            Span::new(self.at, self.at + at + 1),
                            "single quotes hold exactly one character; write text in double quotes",
                        );
                    }
                    self.push(kind, at + 1);
                    return Ok(());
                }
                _ => {}
            }
        }
        self.error(Span::new(self.at, self.at + 1), unclosed)
    }

    fn number(&mut self) -> Result<(), TemplateError> {
        let rest = self.rest();
        let mut length = 0;
        let mut previous = ' ';
        for character in rest.chars() {
            let is_sign = matches!(character, '+' | '-')
                && (length == 0 || matches!(previous, 'e' | 'E' | 'p' | 'P'));
            if !(is_sign || character.is_ascii_alphanumeric() || matches!(character, '.' | '_')) {
                break;
            }
            length += character.len_utf8();
            previous = character;
        }
        let number = &rest[..length];
        if !is_go_number(number) {
            let span = Span::new(self.at, self.at + length.max(1));
            return self.error(
                span,
                format!("`{}` is not a number", &rest[..length.max(1)]),
            );
        }
        self.push(Kind::Number, length);
        Ok(())
    }

    /// A word, field or variable must not run into something else.
    fn terminator(&mut self) -> Result<(), TemplateError> {
        let rest = self.rest();
        let fits = rest.is_empty()
            || rest.starts_with([' ', '\t', '\r', '\n', '.', ',', '|', ':', ')', '('])
            || rest.starts_with("}}")
            || rest.starts_with('=')
                && self
                    .tokens
                    .last()
                    .is_some_and(|last| last.kind == Kind::Variable);
        if fits {
            return Ok(());
        }
        let first = rest.chars().next().unwrap_or(' ');
        self.error(
            Span::new(self.at, self.at + first.len_utf8()),
            format!("`{first}` cannot follow here"),
        )
    }
}

fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r' | '\n')
}

/// `- ` after `{{`.
fn is_trim_left(after: &str) -> bool {
    after.starts_with('-') && after[1..].starts_with(is_space)
}

/// ` -}}`.
fn is_trim_right(rest: &str) -> bool {
    rest.starts_with(is_space) && rest[1..].starts_with("-}}")
}

fn is_word(character: char) -> bool {
    character == '_' || character.is_alphanumeric()
}

fn word_length(text: &str) -> usize {
    text.find(|character| !is_word(character))
        .unwrap_or(text.len())
}

/// The first escape that Go does not know.
fn bad_escape(literal: &str, quote: char) -> Option<String> {
    let mut rest = literal;
    while let Some(at) = rest.find('\\') {
        let after = &rest[at + 1..];
        let kind = after.chars().next()?;
        let digits = |skip: usize, count: usize, radix: u32| {
            after
                .get(skip..skip + count)
                .is_some_and(|digits| digits.chars().all(|digit| digit.is_digit(radix)))
        };
        let length = match kind {
            'a' | 'b' | 'f' | 'n' | 'r' | 't' | 'v' | '\\' => 1,
            _ if kind == quote => 1,
            'x' if digits(1, 2, 16) => 3,
            'u' if digits(1, 4, 16) => 5,
            'U' if digits(1, 8, 16) => 9,
            '0'..='7' if digits(0, 3, 8) => 3,
            _ => return Some(format!("\\{kind}")),
        };
        rest = &after[length..];
    }
    None
}

fn is_one_character(literal: &str) -> bool {
    literal.starts_with('\\') || literal.chars().count() == 1
}

/// Whole numbers in any base, fractions, hexadecimal fractions, imaginary numbers.
fn is_go_number(text: &str) -> bool {
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    let text = text.strip_suffix('i').unwrap_or(text);
    let lower = text.to_ascii_lowercase();
    let plain = lower.replace('_', "");
    if lower.starts_with('_') || lower.ends_with('_') || lower.contains("__") {
        return false;
    }
    if let Some(rest) = plain.strip_prefix("0x") {
        let (mantissa, exponent) = rest.split_once('p').unwrap_or((rest, "0"));
        let digits = mantissa.replacen('.', "", 1);
        let is_whole = !rest.contains(['.', 'p']);
        return !digits.is_empty()
            && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
            && (is_whole || rest.contains('p'))
            && exponent.parse::<i32>().is_ok()
            && (!is_whole || digits.trim_start_matches('0').len() <= 16);
    }
    for (prefix, radix) in [("0b", 2), ("0o", 8)] {
        if let Some(rest) = plain.strip_prefix(prefix) {
            return u64::from_str_radix(rest, radix).is_ok();
        }
    }
    let is_decimal = plain
        .bytes()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'+' | b'-'));
    is_decimal && plain.parse::<f64>().is_ok_and(f64::is_finite)
}
