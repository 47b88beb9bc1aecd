//! YAML as programs write it, and people who keep their files tidy: block style, one key or item on a line, scalars and flow
//! collections that end on their line, block scalars. Nearly every configuration is nothing else, and is read several times as fast as
//! by the library, which keeps a token and its two ends for everything it meets.
//!
//! There is no error here. At the first thing that is anything else (a tab, an anchor, a value that goes on, a second document, no value) this
//! reader gives up, and the library reads the whole text and says what there is to say. What is taken here gives the same tree, span by
//! span, as the library would give; a test compares them on every file that we have.

use std::borrow::Cow;
use std::ops::ControlFlow;

use super::ScalarStyle;
use super::reading::Reading;
use crate::source::Span;

/// The longest key that YAML allows without `?` is 1,024 characters; far below it nobody has to count.
const LONGEST_KEY: usize = 500;

/// Reads `text` into `reading`, or gives up with `None`, having read a part.
pub(super) fn read(text: &str, reading: &mut Reading<'_>) -> Option<()> {
    if !is_printable(text) {
        return None;
    }
    let mut tidy = Tidy {
        text,
        at: if text.starts_with("---\n") { 4 } else { 0 },
        line: 0,
        open: Vec::new(),
        awaited_since: Some(0),
        reading,
    };
    while let ControlFlow::Continue(()) = tidy.line()? {}
    Some(())
}

/// Whether all characters are such that YAML has no opinion on them, line ends excepted.
fn is_printable(text: &str) -> bool {
    let is_plain = |byte: u8| matches!(byte, b'\n' | b' '..=b'~');
    text.bytes().all(is_plain)
        || text.chars().all(|char| {
            matches!(char,
                '\n' | ' '..='~' | '\u{a0}'..='\u{2027}' | '\u{202a}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}' |
                '\u{10000}'..)
        })
}

/// A block collection that has begun.
#[derive(Clone, Copy)]
struct Block {
    /// Bytes before it on each of its lines; before it are spaces and `-` only.
    column: usize,
    is_sequence: bool,
}

/// A scalar on one line, and where it stops.
struct Scalar<'t> {
    text: Cow<'t, str>,
    style: ScalarStyle,
    span: Span,
}

struct Tidy<'t, 'r, 'd> {
    text: &'t str,
    /// Where the next thing begins.
    at: usize,
    /// Where its line begins.
    line: usize,
    open: Vec<Block>,
    /// The `:` or `-` that still waits for its value; before anything is read, the document does.
    awaited_since: Option<usize>,
    reading: &'r mut Reading<'d>,
}

impl<'t> Tidy<'t, '_, '_> {
    /// The next line and what belongs to it, or the end.
    fn line(&mut self) -> Option<ControlFlow<()>> {
        if self.at == self.text.len() {
            if let Some(since) = self.awaited_since.take() {
                self.nothing(since)?;
            }
            while self.open.pop().is_some() {
                self.reading.close(Span::at(self.at)).ok()?;
            }
            return Some(ControlFlow::Break(()));
        }
        self.line = self.at;
        self.skip_spaces();
        match self.byte() {
            Some(b'\n') => self.at += 1,
            None => {}
            Some(b'#') => self.comment(),
            Some(_) => self.content()?,
        }
        Some(ControlFlow::Continue(()))
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn byte_after(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at + 1).copied()
    }

    fn skip_spaces(&mut self) {
        while self.byte() == Some(b' ') {
            self.at += 1;
        }
    }

    /// Where the line ends on which `at` is.
    fn line_end(&self, at: usize) -> usize {
        let rest = &self.text.as_bytes()[at..];
        at + rest
            .iter()
            .position(|byte| *byte == b'\n')
            .unwrap_or(rest.len())
    }

    /// Where the line begins on which `at` is.
    fn line_start(&self, at: usize) -> usize {
        self.text[..at].rfind('\n').map_or(0, |end| end + 1)
    }

    /// Goes behind the end of the line, which is at `end`.
    fn next_line(&mut self, end: usize) {
        self.at = (end + 1).min(self.text.len());
    }

    fn comment(&mut self) {
        let end = self.line_end(self.at);
        self.reading.comment(Span::new(self.at, end));
        self.next_line(end);
    }

    /// What follows a finished value: nothing, or a comment.
    fn rest_of_line(&mut self) -> Option<()> {
        let start = self.at;
        self.skip_spaces();
        match self.byte() {
            None => {}
            Some(b'\n') => self.at += 1,
            Some(b'#') if self.at > start => self.comment(),
            Some(_) => return None,
        }
        Some(())
    }

    fn is_dash(&self) -> bool {
        self.byte() == Some(b'-')
            && self
                .byte_after(self.at)
                .is_none_or(|next| matches!(next, b' ' | b'\n'))
    }

    /// A line with something on it, from its first character.
    fn content(&mut self) -> Option<()> {
        let column = self.at - self.line;
        let rest = &self.text[self.at..];
        if column == 0 && (rest.starts_with("---") || rest.starts_with("...")) {
            return None;
        }
        let is_sequence = self.is_dash();
        let parent = self.open.last().copied();
        let is_deeper = parent.is_none_or(|parent| column > parent.column);
        // A list may stand below its key without being indented.
        let is_below_key = parent
            .is_some_and(|parent| column == parent.column && is_sequence && !parent.is_sequence);
        match self.awaited_since.take() {
            Some(_) if is_deeper => self.begin(self.at, column, is_sequence)?,
            // For the library such a list begins with its first item.
            Some(_) if is_below_key => self.begin(self.after_dash()?, column, is_sequence)?,
            Some(since) => self.nothing(since)?,
            None => {}
        }
        while let Some(last) = self.open.last()
            && (last.column > column || (last.column == column && last.is_sequence && !is_sequence))
        {
            self.open.pop();
            self.reading.close(Span::at(self.at)).ok()?;
        }
        // A line that continues the value before it is deeper than everything that is open.
        let last = self.open.last()?;
        if last.column != column || last.is_sequence != is_sequence {
            return None;
        }
        while self.is_dash() {
            self.at += 1;
            self.awaited_since = Some(self.at);
            self.skip_spaces();
            match self.byte() {
                None => return Some(()),
                Some(b'\n') => {
                    self.at += 1;
                    return Some(());
                }
                Some(_) if self.is_dash() => self.begin(self.at, self.at - self.line, true)?,
                Some(_) => return self.item(),
            }
        }
        self.entry()
    }

    /// Null, for a key with nothing behind its `:`, which is at `colon`.
    fn nothing(&mut self, colon: usize) -> Option<()> {
        if self.open.last()?.is_sequence {
            return None;
        }
        let (style, span) = (ScalarStyle::Plain, Span::at(colon));
        self.reading.scalar("~", style, span, 0, None).ok()
    }

    /// Where the item of the `-` at this place begins, if it does on this line.
    fn after_dash(&self) -> Option<usize> {
        let rest = self.text[self.at..]
            .strip_prefix('-')?
            .trim_start_matches(' ');
        (!rest.starts_with('\n') && !rest.is_empty()).then(|| self.text.len() - rest.len())
    }

    fn begin(&mut self, start: usize, column: usize, is_sequence: bool) -> Option<()> {
        let start = Span::at(start);
        self.open.push(Block {
            column,
            is_sequence,
        });
        self.awaited_since = None;
        self.reading.open(is_sequence, start, 0, None).ok()
    }

    /// What follows a `-` on its line: the first entry of a mapping, or a value.
    fn item(&mut self) -> Option<()> {
        if matches!(self.byte(), Some(b'[' | b'{' | b'|' | b'>')) {
            return self.value();
        }
        let (start, scalar) = (self.at, self.scalar(false)?);
        if self.is_colon() {
            self.begin(start, start - self.line, false)?;
            return self.value_of(scalar);
        }
        self.finish(scalar)
    }

    /// `key: value`, the first of its line.
    fn entry(&mut self) -> Option<()> {
        let key = self.scalar(false)?;
        if self.is_colon() {
            return self.value_of(key);
        }
        None
    }

    /// Whether a `:` stands here that ends a key.
    fn is_colon(&self) -> bool {
        self.byte() == Some(b':')
            && self
                .byte_after(self.at)
                .is_none_or(|next| matches!(next, b' ' | b'\n'))
    }

    /// The value of a key, from the `:` on.
    fn value_of(&mut self, key: Scalar<'_>) -> Option<()> {
        if key.span.end() - key.span.start() > LONGEST_KEY {
            return None;
        }
        self.scalar_read(key)?;
        self.awaited_since = Some(self.at);
        self.at += 1;
        let colon = self.at;
        self.skip_spaces();
        match self.byte() {
            None => Some(()),
            Some(b'\n') => {
                self.at += 1;
                Some(())
            }
            Some(b'#') if self.at > colon => {
                self.comment();
                Some(())
            }
            Some(b'-') if self.is_dash() => None,
            Some(_) => self.value(),
        }
    }

    /// A value that begins here.
    fn value(&mut self) -> Option<()> {
        match self.byte()? {
            b'[' | b'{' => {
                self.flow()?;
                self.awaited_since = None;
                self.rest_of_line()
            }
            b'|' => self.block_scalar(ScalarStyle::Literal),
            b'>' => self.block_scalar(ScalarStyle::Folded),
            _ => {
                let scalar = self.scalar(false)?;
                if self.is_colon() {
                    return None;
                }
                self.finish(scalar)
            }
        }
    }

    fn finish(&mut self, value: Scalar<'_>) -> Option<()> {
        self.scalar_read(value)?;
        self.awaited_since = None;
        self.rest_of_line()
    }

    fn scalar_read(&mut self, scalar: Scalar<'_>) -> Option<()> {
        let Scalar { text, style, span } = scalar;
        self.reading.scalar(&text, style, span, 0, None).ok()
    }

    /// A scalar on this line; afterwards `at` is where it stops.
    fn scalar(&mut self, is_in_flow: bool) -> Option<Scalar<'t>> {
        match self.byte()? {
            b'"' => self.double_quoted(),
            b'\'' => self.single_quoted(),
            _ => self.plain(is_in_flow),
        }
    }

    fn plain(&mut self, is_in_flow: bool) -> Option<Scalar<'t>> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        match bytes[start] {
            b',' | b'[' | b']' | b'{' | b'}' | b'#' | b'&' | b'*' | b'!' | b'|' | b'>' | b'\''
            | b'"' | b'%' | b'@' | b'`' | b'?' | b':' => return None,
            b'-' if matches!(self.byte_after(start), None | Some(b' ' | b'\n')) => return None,
            b'-' if is_in_flow => return None,
            _ => {}
        }
        let mut at = start;
        while let Some(byte) = bytes.get(at) {
            match byte {
                b'\n' => break,
                b':' if matches!(bytes.get(at + 1), None | Some(b' ' | b'\n')) => break,
                b'#' if bytes[at - 1] == b' ' => break,
                b',' | b'[' | b']' | b'{' | b'}' if is_in_flow => break,
                // In a flow collection `a:b` is one text and `a:[` is not.
                b':' if is_in_flow => return None,
                _ => at += 1,
            }
        }
        let text = self.text[start..at].trim_end_matches(' ');
        let end = start + text.len();
        // `key : value` is as good as `key: value`, and so rare that nothing here counts on it.
        if end < at && bytes.get(at) == Some(&b':') {
            return None;
        }
        self.at = end;
        Some(Scalar {
            text: Cow::Borrowed(text),
            style: ScalarStyle::Plain,
            span: Span::new(start, end),
        })
    }

    fn single_quoted(&mut self) -> Option<Scalar<'t>> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut at = start + 1;
        let mut has_quotes = false;
        loop {
            match bytes.get(at)? {
                b'\n' => return None,
                b'\'' if bytes.get(at + 1) == Some(&b'\'') => {
                    has_quotes = true;
                    at += 2;
                }
                b'\'' => break,
                _ => at += 1,
            }
        }
        let inside = &self.text[start + 1..at];
        let text = match has_quotes {
            true => Cow::Owned(inside.replace("''", "'")),
            false => Cow::Borrowed(inside),
        };
        self.at = at + 1;
        Some(Scalar {
            text,
            style: ScalarStyle::SingleQuoted,
            span: Span::new(start, self.at),
        })
    }

    fn double_quoted(&mut self) -> Option<Scalar<'t>> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut text = Cow::Borrowed("");
        // What is not yet in `text` begins here.
        let mut rest = start + 1;
        let mut at = rest;
        loop {
            match bytes.get(at)? {
                b'\n' => return None,
                b'"' => break,
                b'\\' => {
                    let char = match bytes.get(at + 1)? {
                        b'n' => '\n',
                        b't' => '\t',
                        b'"' => '"',
                        b'\\' => '\\',
                        _ => return None,
                    };
                    let text = text.to_mut();
                    text.push_str(&self.text[rest..at]);
                    text.push(char);
                    at += 2;
                    rest = at;
                }
                _ => at += 1,
            }
        }
        match &mut text {
            Cow::Owned(text) => text.push_str(&self.text[rest..at]),
            Cow::Borrowed(_) => text = Cow::Borrowed(&self.text[rest..at]),
        }
        self.at = at + 1;
        Some(Scalar {
            text,
            style: ScalarStyle::DoubleQuoted,
            span: Span::new(start, self.at),
        })
    }

    /// A flow collection that ends on its line.
    fn flow(&mut self) -> Option<()> {
        let is_sequence = self.byte() == Some(b'[');
        let start = Span::new(self.at, self.at + 1);
        let close = if is_sequence { b']' } else { b'}' };
        self.reading.open(is_sequence, start, 0, None).ok()?;
        self.at += 1;
        loop {
            self.skip_spaces();
            if self.byte()? != close {
                if !is_sequence {
                    let key = self.scalar(true)?;
                    if !self.is_colon() || key.span.end() - key.span.start() > LONGEST_KEY {
                        return None;
                    }
                    self.scalar_read(key)?;
                    self.at += 1;
                    self.skip_spaces();
                }
                match self.byte()? {
                    b'[' | b'{' => self.flow()?,
                    _ => {
                        let value = self.scalar(true)?;
                        self.scalar_read(value)?;
                    }
                }
                self.skip_spaces();
            }
            match self.byte()? {
                b',' if self.byte_after(self.at) == Some(b' ') => self.at += 1,
                byte if byte == close => {
                    let end = Span::new(self.at, self.at + 1);
                    self.at += 1;
                    return self.reading.close(end).ok();
                }
                _ => return None,
            }
        }
    }

    /// A text over several lines, from its `|` or `>` on.
    fn block_scalar(&mut self, style: ScalarStyle) -> Option<()> {
        self.at += 1;
        let is_stripped = self.byte() == Some(b'-');
        if is_stripped {
            self.at += 1;
        }
        self.skip_spaces();
        if self.byte()? != b'\n' {
            return None;
        }
        self.at += 1;
        let first = self.at;
        self.skip_spaces();
        let indentation = self.at - first;
        let parent = self.open.last()?.column;
        if indentation <= parent || self.byte()? == b'\n' {
            return None;
        }
        let mut text = String::new();
        // Empty lines whose line ends belong to the text only if more of it follows.
        let mut empty = 0;
        self.at = first;
        while self.at < self.text.len() {
            let line = self.at;
            self.skip_spaces();
            let indented = self.at - line;
            let line_end = self.line_end(self.at);
            if line_end == self.text.len() {
                // Without a line end at its end the text is another one.
                return None;
            }
            if self.at == line_end {
                if indented > indentation {
                    return None;
                }
                empty += 1;
                self.at = line_end + 1;
                continue;
            }
            if indented < indentation {
                if indented > parent {
                    return None;
                }
                break;
            }
            let is_first = text.is_empty();
            match style {
                ScalarStyle::Literal => {
                    (0..=empty).for_each(|_| text.push('\n'));
                    if is_first {
                        text.clear();
                    }
                }
                // Lines that are deeper keep their ends.
                _ if indented > indentation => return None,
                _ if is_first => {}
                _ if empty == 0 => text.push(' '),
                _ => (0..empty).for_each(|_| text.push('\n')),
            }
            text.push_str(&self.text[line + indentation..line_end]);
            empty = 0;
            self.at = line_end + 1;
        }
        // The library takes what it had to look at for part of the text: empty lines, and the indentation of what follows.
        let span = Span::new(first + indentation, self.at);
        self.at = self.line_start(self.at);
        if !is_stripped {
            text.push('\n');
        }
        self.awaited_since = None;
        self.scalar_read(Scalar {
            text: Cow::Owned(text),
            style,
            span,
        })
    }
}

#[cfg(test)]
mod tests;
