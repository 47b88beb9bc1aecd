//! Text that is being read, and positions in it. Bytes in, positions out.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use arcstr::ArcStr;

/// A half-open range of byte offsets into a [`SourceFile`]'s text. Trees hold millions of them, so offsets take four bytes:
/// whatever is longer than 4 GiB is never read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Span {
    start: u32,
    end: u32,
}

/// As a [`Span`] holds it.
const fn narrow(offset: usize) -> u32 {
    if offset > u32::MAX as usize {
        u32::MAX
    } else {
        offset as u32
    }
}

impl Span {
    /// The range `start..end`.
    pub const fn new(start: usize, end: usize) -> Self {
        Self {
            start: narrow(start),
            end: narrow(end),
        }
    }

    /// A zero-width position, for what is missing.
    pub const fn at(offset: usize) -> Self {
        Self::new(offset, offset)
    }

    /// Offset of the first byte.
    pub const fn start(self) -> usize {
        self.start as usize
    }

    /// Offset after the last byte.
    pub const fn end(self) -> usize {
        self.end as usize
    }

    /// The smallest span that covers both.
    pub fn join(self, other: Self) -> Self {
        Self {
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }

    /// The same range, moved right by `by` bytes.
    pub const fn shifted(self, by: usize) -> Self {
        Self::new(self.start() + by, self.end() + by)
    }

    /// Length in bytes.
    pub const fn len(self) -> usize {
        self.end.saturating_sub(self.start) as usize
    }

    /// Whether no byte is covered.
    pub const fn is_empty(self) -> bool {
        self.start >= self.end
    }
}

/// One-based line and column. The column counts characters, not bytes, as editors do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// One-based line.
    pub line: usize,
    /// One-based column in characters.
    pub column: usize,
}

/// A text with the name under which it is shown to people.
#[derive(Debug, Clone)]
pub struct SourceFile {
    path: PathBuf,
    text: ArcStr,
    /// Byte offset of the start of every line, found when the first one is asked for: of most files nothing is said.
    line_starts: OnceLock<Vec<u32>>,
}

/// Bytes that are no text in any encoding that YAML knows.
#[derive(Debug, Clone)]
pub struct Undecodable {
    /// The text as far as it can be read, `\u{fffd}` for what cannot.
    pub file: SourceFile,
    /// Where the first byte that is none stands in it.
    pub span: Span,
}

impl SourceFile {
    /// From bytes: UTF-8, or UTF-16 with a byte order mark, as YAML allows.
    ///
    /// # Errors
    ///
    /// The first place that is neither.
    pub fn decode(path: impl Into<PathBuf>, bytes: &[u8]) -> Result<Self, Box<Undecodable>> {
        let path = path.into();
        let unit = match bytes {
            [0xff, 0xfe, ..] => Some(u16::from_le_bytes as fn([u8; 2]) -> u16),
            [0xfe, 0xff, ..] => Some(u16::from_be_bytes as fn([u8; 2]) -> u16),
            _ => None,
        };
        let (text, valid) = match unit {
            Some(unit) => {
                let (pairs, rest) = bytes.as_chunks::<2>();
                let units = pairs.iter().map(|pair| unit(*pair));
                let text: Result<String, _> = char::decode_utf16(units.clone()).collect();
                match text {
                    Ok(text) if rest.is_empty() => return Ok(Self::new(path, text)),
                    _ => {
                        let lossy: String = char::decode_utf16(units)
                            .map(|character| character.unwrap_or(char::REPLACEMENT_CHARACTER))
                            .collect();
                        let valid = lossy
                            .find(char::REPLACEMENT_CHARACTER)
                            .unwrap_or(lossy.len());
                        (lossy, valid)
                    }
                }
            }
            None => match std::str::from_utf8(bytes) {
                Ok(text) => return Ok(Self::new(path, text)),
                Err(error) => (
                    String::from_utf8_lossy(bytes).into_owned(),
                    error.valid_up_to(),
                ),
            },
        };
        let end = text[valid..]
            .chars()
            .next()
            .map_or(valid, |character| valid + character.len_utf8());
        Err(Box::new(Undecodable {
            file: Self::new(path, text),
            span: Span::new(valid, end),
        }))
    }

    /// `path` is what messages show; nothing is read from disk here.
    pub fn new(path: impl Into<PathBuf>, text: impl Into<ArcStr>) -> Self {
        Self {
            path: path.into(),
            text: text.into(),
            line_starts: OnceLock::new(),
        }
    }

    fn line_starts(&self) -> &[u32] {
        self.line_starts.get_or_init(|| {
            let breaks = self.text.match_indices('\n');
            let mut starts: Vec<u32> = std::iter::once(0)
                .chain(breaks.map(|(offset, _)| narrow(offset + 1)))
                .collect();
            starts.shrink_to_fit();
            starts
        })
    }

    /// Where the line of that index begins.
    fn line_start(&self, index: usize) -> Option<usize> {
        let start = self.line_starts().get(index)?;
        Some(*start as usize)
    }

    /// The name under which messages show this text.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Line and column of a byte offset; an offset past the end is the end.
    pub fn position(&self, offset: usize) -> Position {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = self
            .line_starts()
            .partition_point(|start| *start as usize <= offset);
        let start = self.line_start(line - 1).unwrap_or_default();
        Position {
            line,
            column: self.text[start..offset].chars().count() + 1,
        }
    }

    /// Byte range of the one-based `line`, without its line break; empty past the end.
    pub fn line_span(&self, line: usize) -> Span {
        let Some(start) = self.line_start(line.wrapping_sub(1)) else {
            return Span::at(self.text.len());
        };
        let end = self
            .line_start(line)
            .map_or(self.text.len(), |next| next - 1);
        let end = if self.text[start..end].ends_with('\r') {
            end - 1
        } else {
            end
        };
        Span::new(start, end)
    }

    /// How many lines there are; an empty text has one.
    pub fn line_count(&self) -> usize {
        self.line_starts().len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_encodings_of_yaml_are_decoded() {
        let of = |bytes: &[u8]| SourceFile::decode("a", bytes).map(|file| file.text().to_owned());
        assert_eq!(of("é".as_bytes()).unwrap(), "é");
        assert_eq!(of(&[0xff, 0xfe, b'a', 0, 0xe9, 0]).unwrap(), "\u{feff}aé");
        assert_eq!(of(&[0xfe, 0xff, 0, b'a']).unwrap(), "\u{feff}a");
        let error = of(b"caf\xe9: 1").unwrap_err();
        assert_eq!(
            (error.span.start(), error.file.text()),
            (3, "caf\u{fffd}: 1")
        );
        assert!(of(&[0xff, 0xfe, b'a']).is_err());
        assert!(of(&[0xff, 0xfe, 0, 0xd8]).is_err());
    }

    #[test]
    fn columns_count_characters_and_lines_start_at_one() {
        let file = SourceFile::new("a.yaml", "é: 1\r\nb: 2");
        assert_eq!(file.position(0), Position { line: 1, column: 1 });
        assert_eq!(file.position(2), Position { line: 1, column: 2 });
        assert_eq!(file.position(8), Position { line: 2, column: 2 });
        assert_eq!(file.position(999), Position { line: 2, column: 5 });
        assert_eq!(
            &file.text()[file.line_span(1).start()..file.line_span(1).end()],
            "é: 1"
        );
    }
}
