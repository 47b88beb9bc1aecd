//! Regular expressions of label matchers: Go's RE2 syntax, read without compiling.
//!
//! What Rust's regex crates accept differs from Go in both directions (`\Q…\E`, `a{,5}`, `[a&&b]`), so the
//! verdict is our own. Reading also tells whether the expression matches the empty string, on which the rule
//! about selectors that select everything rests.

mod choice;
mod class;

pub(super) use choice::alternatives;

/// Why a pattern is no regular expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PatternError(pub String);

/// What is known of a valid pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pattern {
    /// Whether it matches the empty string, anchored at both ends as Prometheus anchors it.
    pub matches_empty: bool,
    /// Whether a `\Q` has no `\E`, so that it quotes whatever is put behind the pattern.
    pub is_open: bool,
    /// Whether a group is named as `(?<name>…)`, without the `P`.
    pub has_short_name: bool,
}

/// Go's bound on `{n,m}`, on the product of nested ones, and on nesting.
const MOST_REPEATS: u64 = 1000;
const DEEPEST_NESTING: usize = 1000;

/// How far ahead the end of `{n,m}` and `[:name:]` is looked for: without a bound, time would be quadratic.
const LONGEST_LOOK: usize = 64;

/// Reads `pattern` as Go's `regexp/syntax` with Perl flags does.
pub(super) fn read(pattern: &str) -> Result<Pattern, PatternError> {
    Reader {
        rest: pattern,
        frames: vec![Frame::default()],
        after_repeat: false,
        is_open: false,
        has_short_name: false,
    }
    .run()
}

/// What is known of a part of a pattern.
#[derive(Debug, Clone, Copy)]
struct Part {
    matches_empty: bool,
    /// The product of nested repetition counts.
    repeats: u64,
}

const CHARACTER: Part = Part {
    matches_empty: false,
    repeats: 1,
};
const NOTHING: Part = Part {
    matches_empty: true,
    repeats: 1,
};

/// One open group: the alternatives before the last `|`, the sequence since, and its last part.
#[derive(Debug)]
struct Frame {
    earlier_matches_empty: bool,
    sequence_matches_empty: bool,
    repeats: u64,
    last: Option<Part>,
}

impl Default for Frame {
    fn default() -> Self {
        Self {
            earlier_matches_empty: false,
            sequence_matches_empty: true,
            repeats: 1,
            last: None,
        }
    }
}

impl Frame {
    fn end_part(&mut self) {
        if let Some(part) = self.last.take() {
            self.sequence_matches_empty &= part.matches_empty;
            self.repeats = self.repeats.max(part.repeats);
        }
    }

    fn end_alternative(&mut self) {
        self.end_part();
        self.earlier_matches_empty |= self.sequence_matches_empty;
        self.sequence_matches_empty = true;
    }

    fn close(mut self) -> Part {
        self.end_alternative();
        Part {
            matches_empty: self.earlier_matches_empty,
            repeats: self.repeats,
        }
    }
}

struct Reader<'a> {
    rest: &'a str,
    frames: Vec<Frame>,
    after_repeat: bool,
    is_open: bool,
    has_short_name: bool,
}

fn error<T>(message: impl Into<String>) -> Result<T, PatternError> {
    Err(PatternError(message.into()))
}

impl<'a> Reader<'a> {
    fn run(mut self) -> Result<Pattern, PatternError> {
        while let Some(character) = self.rest.chars().next() {
            let was_after_repeat = std::mem::take(&mut self.after_repeat);
            match character {
                '(' => self.open()?,
                ')' => self.close()?,
                '|' => {
                    self.advance(1);
                    self.frame().end_alternative();
                }
                '[' => {
                    self.class()?;
                    self.add(CHARACTER);
                }
                '^' | '$' => {
                    self.advance(1);
                    self.add(NOTHING);
                }
                '*' | '+' | '?' => {
                    self.advance(1);
                    let least = u64::from(character == '+');
                    self.repeat(least, 1, was_after_repeat, &character.to_string())?;
                }
                '{' => match self.counts() {
                    Some((least, most, length)) => {
                        let written = self.rest.get(..length).unwrap_or_default().to_owned();
                        self.advance(length);
                        if least > MOST_REPEATS
                            || most.is_some_and(|most| most > MOST_REPEATS || most < least)
                        {
                            return error(format!(
                                "the repetition `{written}` is out of order or above 1000"
                            ));
                        }
                        self.repeat(
                            least,
                            most.unwrap_or(least).max(1),
                            was_after_repeat,
                            &written,
                        )?;
                    }
                    None => {
                        self.advance(1);
                        self.add(CHARACTER);
                    }
                },
                '\\' => self.escape()?,
                other => {
                    self.advance(other.len_utf8());
                    self.add(CHARACTER);
                }
            }
        }
        match (self.frames.pop(), self.frames.is_empty()) {
            (Some(frame), true) => Ok(Pattern {
                matches_empty: frame.close().matches_empty,
                is_open: self.is_open,
                has_short_name: self.has_short_name,
            }),
            _ => error("a `(` is never closed"),
        }
    }

    fn advance(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    fn frame(&mut self) -> &mut Frame {
        self.frames
            .last_mut()
            .expect("internal error: the outermost group of a pattern is closed only at its end")
    }

    fn add(&mut self, part: Part) {
        let frame = self.frame();
        frame.end_part();
        frame.last = Some(part);
    }

    fn repeat(
        &mut self,
        least: u64,
        most: u64,
        stacked: bool,
        written: &str,
    ) -> Result<(), PatternError> {
        if self.rest.starts_with('?') {
            self.advance(1);
        }
        if stacked {
            return error(format!("`{written}` repeats a repetition"));
        }
        let Some(part) = &mut self.frame().last else {
            return error(format!("nothing stands before `{written}` to repeat"));
        };
        part.matches_empty |= least == 0;
        part.repeats *= most;
        if part.repeats > MOST_REPEATS {
            return error("nested repetitions multiply to more than 1000");
        }
        self.after_repeat = true;
        Ok(())
    }

    /// Least and most of `{n}`, `{n,}`, `{n,m}` and its length; anything else is no repetition but a brace.
    fn counts(&self) -> Option<(u64, Option<u64>, usize)> {
        let inside = self.rest.strip_prefix('{')?;
        let close = inside
            .bytes()
            .take(LONGEST_LOOK)
            .position(|byte| byte == b'}')?;
        let inside = &inside[..close];
        let number = |text: &str| -> Option<u64> {
            let leading_zero = text.len() > 1 && text.starts_with('0');
            (!text.is_empty() && !leading_zero && text.bytes().all(|byte| byte.is_ascii_digit()))
                .then(|| text.parse().unwrap_or(u64::MAX))
        };
        let (least, most) = match inside.split_once(',') {
            None => {
                let least = number(inside)?;
                (least, Some(least))
            }
            Some((least, "")) => (number(least)?, None),
            Some((least, most)) => (number(least)?, Some(number(most)?)),
        };
        Some((least, most, close + 2))
    }

    fn open(&mut self) -> Result<(), PatternError> {
        if let Some(after) = self.rest.strip_prefix("(?") {
            let named = after.strip_prefix("P<").or_else(|| {
                after
                    .strip_prefix('<')
                    .filter(|name| !name.starts_with(['=', '!']))
            });
            if let Some(named) = named {
                let name = named.split('>').next().unwrap_or_default();
                let is_name = !name.is_empty()
                    && named.len() > name.len()
                    && name
                        .chars()
                        .all(|letter| letter == '_' || letter.is_ascii_alphanumeric());
                if !is_name {
                    return error("a group name is letters, digits and `_` between `<` and `>`");
                }
                self.has_short_name |= !after.starts_with('P');
                self.rest = &named[name.len() + 1..];
            } else {
                return self.flags(after);
            }
        } else {
            self.advance(1);
        }
        self.push_frame()
    }

    fn push_frame(&mut self) -> Result<(), PatternError> {
        if self.frames.len() > DEEPEST_NESTING {
            return error("groups nest deeper than 1000");
        }
        self.frames.push(Frame::default());
        Ok(())
    }

    /// `(?i)`, `(?i:`, `(?:`; `after` is what follows `(?`.
    fn flags(&mut self, after: &'a str) -> Result<(), PatternError> {
        let (mut negated, mut any) = (false, false);
        for (offset, flag) in after.char_indices() {
            match flag {
                'i' | 'm' | 's' | 'U' => any = true,
                '-' if !negated => (negated, any) = (true, false),
                ':' | ')' if negated && !any => break,
                ':' => {
                    self.rest = &after[offset + 1..];
                    return self.push_frame();
                }
                ')' => {
                    self.rest = &after[offset + 1..];
                    return Ok(());
                }
                '=' | '!' | '<' => {
                    return error("Prometheus's regular expressions cannot look ahead or behind");
                }
                _ => break,
            }
        }
        error("`(?` starts no group that Prometheus knows")
    }

    fn close(&mut self) -> Result<(), PatternError> {
        self.advance(1);
        if self.frames.len() < 2 {
            return error("a `)` closes nothing");
        }
        if let Some(frame) = self.frames.pop() {
            self.add(frame.close());
        }
        Ok(())
    }

    fn escape(&mut self) -> Result<(), PatternError> {
        let mut characters = self.rest.chars();
        characters.next();
        let part = match characters.next() {
            Some('A' | 'z' | 'B') => NOTHING,
            Some('b') => CHARACTER,
            Some('Q') => {
                let literal = &self.rest[2..];
                let (inside, after) = literal.split_once("\\E").unwrap_or_else(|| {
                    self.is_open = true;
                    (literal, "")
                });
                self.rest = after;
                if !inside.is_empty() {
                    self.add(CHARACTER);
                }
                return Ok(());
            }
            Some('d' | 'D' | 's' | 'S' | 'w' | 'W') => CHARACTER,
            Some('p' | 'P') => {
                self.unicode_class()?;
                self.add(CHARACTER);
                return Ok(());
            }
            _ => {
                self.character_escape()?;
                self.add(CHARACTER);
                return Ok(());
            }
        };
        self.advance(2);
        self.add(part);
        Ok(())
    }

    /// An escape that stands for one character; returns it.
    fn character_escape(&mut self) -> Result<char, PatternError> {
        let mut characters = self.rest.chars();
        characters.next();
        let Some(letter) = characters.next() else {
            return error("a `\\` at the end escapes nothing");
        };
        let after = characters.as_str();
        let hexadecimal = |digits: &str| {
            digits
                .bytes()
                .all(|byte| byte.is_ascii_hexdigit())
                .then(|| u32::from_str_radix(digits, 16).ok())
                .flatten()
        };
        let octal = |text: &str, most: usize| {
            text.bytes()
                .take(most)
                .take_while(|byte| matches!(byte, b'0'..=b'7'))
                .count()
        };
        let (value, rest) = match letter {
            '1'..='7' if octal(after, 1) == 0 => {
                return error("Prometheus's regular expressions have no back references");
            }
            '0'..='7' => {
                let length = octal(after, 2);
                let digits = &self.rest[1..2 + length];
                (u32::from_str_radix(digits, 8).ok(), &after[length..])
            }
            'x' => match after.strip_prefix('{') {
                Some(inside) => match inside.split_once('}') {
                    Some((digits, rest)) => (hexadecimal(digits), rest),
                    None => (None, after),
                },
                None => (
                    after.get(..2).and_then(hexadecimal),
                    after.get(2..).unwrap_or_default(),
                ),
            },
            'a' => (Some(7), after),
            'f' => (Some(12), after),
            'n' => (Some(10), after),
            'r' => (Some(13), after),
            't' => (Some(9), after),
            'v' => (Some(11), after),
            other if other.is_ascii() && !other.is_ascii_alphanumeric() => {
                (Some(u32::from(other)), after)
            }
            _ => (None, after),
        };
        // Surrogates are no characters to Rust but numbers to Go: any character stands for them.
        let character = value
            .filter(|value| *value <= u32::from(char::MAX))
            .map(|value| char::from_u32(value).unwrap_or(char::REPLACEMENT_CHARACTER));
        let Some(character) = character else {
            return error(format!("`\\{letter}` is no escape sequence"));
        };
        self.rest = rest;
        Ok(character)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches_empty(pattern: &str) -> bool {
        read(pattern).is_ok_and(|pattern| pattern.matches_empty)
    }

    #[test]
    fn the_empty_string_is_matched_exactly_where_go_matches_it() {
        for pattern in [
            "", ".*", "a*", "a?", "(a|)", "|a", "^$", "(a*)+", "a{0,3}", "a{0}", "(?i)", "(?:)",
            "\\Q\\E", "(a|b)?", "^*",
        ] {
            assert!(matches_empty(pattern), "{pattern}");
        }
        for pattern in [
            ".+", "a", "a|b", "(a|b)+", "a*b", "[^a]", "a{1,}", "\\Qa\\E", "\\d", "\\b", "x{",
        ] {
            assert!(read(pattern).is_ok(), "{pattern}");
            assert!(!matches_empty(pattern), "{pattern}");
        }
    }

    #[test]
    fn what_go_refuses_is_refused() {
        for pattern in [
            "*",
            "a**",
            "a+*",
            "(",
            ")",
            "a)(b",
            "[",
            "[b-a]",
            "(?=a)",
            "(?<!a)",
            "\\1",
            "\\8",
            "\\",
            "\\Z",
            "\\C",
            "a{1001}",
            "a{2,1}",
            "(a{100}){100}",
            "[[:foo:]]",
            "\\pX",
            "\\p{Foo}",
            "(?P<>x)",
            "(?z)",
            "[a-\\d]",
            "\\p{",
        ] {
            assert!(read(pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn what_rust_refuses_and_go_accepts_is_accepted() {
        for pattern in [
            "a{,5}",
            "{",
            "}",
            "]",
            "a{b",
            "[a&&b]",
            "[[]",
            "[]a]",
            "\\Q(\\E",
            "\\<",
            "\\_",
            "\\-",
            "\\/",
            "[a-]",
            "(?P<a>x)(?P<a>y)",
            "(?<a>x)",
            "(?i:x)",
            "\\pL",
            "\\p{Greek}",
            "\\x{1F600}",
            "\\x41",
            "\\012",
            "[\\]]",
            "(?s-i:x)",
        ] {
            assert!(read(pattern).is_ok(), "{pattern}: {:?}", read(pattern));
        }
    }
}
