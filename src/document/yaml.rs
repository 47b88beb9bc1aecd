use std::collections::BTreeMap;

use granit_parser::{Event, Options, Parser, ScalarStyle as Written, Tag as WrittenTag};

use super::builder::too_deep;
use super::reading::Reading;
use super::{Node, ScalarStyle, Tag, tidy};
use crate::source::Span;

/// Whose reading of YAML a text gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Ours: one document, the core schema of YAML 1.2 without its traps, everything doubtful an error.
    Strict,
    /// Go's yaml.v2, which reads `prometheus.yml`, `alertmanager.yml`, file_sd files and rule unit tests.
    GoYaml2,
    /// Go's yaml.v3, which reads rule files.
    GoYaml3,
}

/// Bounds that keep a hostile text from taking the machine with it.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Deepest nesting of lists and mappings. 128, far beyond any real configuration.
    pub depth: usize,
    /// Most nodes after aliases are followed. 4 million: 10,000 targets in 20 environments
    /// written out need a quarter of it. They take about 600 MB.
    pub nodes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: 128,
            nodes: 4_000_000,
        }
    }
}

/// Which rule a text breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// It is not YAML.
    Syntax,
    /// A key is given twice in one mapping.
    DuplicateKey,
    /// A key is a list or a mapping.
    ComplexKey,
    /// A `!!binary` key whose bytes are no text.
    NotText,
    /// `<<` with something that cannot be merged.
    Merge,
    /// An alias without its anchor.
    Alias,
    /// More documents than one.
    SecondDocument,
    /// Nested too deep.
    TooDeep,
    /// Too many nodes once aliases are followed.
    TooLarge,
}

/// Why a text is not YAML that we read, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// Which rule is broken.
    pub problem: Problem,
    /// What is wrong, in one line.
    pub message: String,
    /// Where.
    pub span: Span,
    /// Where it was said first, for a duplicate key.
    pub first: Option<Span>,
    /// How to mend it.
    pub help: Option<String>,
}

impl SyntaxError {
    pub(super) fn new(problem: Problem, message: impl Into<String>, span: Span) -> Self {
        Self {
            problem,
            message: message.into(),
            span,
            first: None,
            help: None,
        }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// A document that has been read, perhaps with things wrong in it that leave a tree nevertheless.
#[derive(Debug, Clone)]
pub struct Document {
    /// Its content; `null` for an empty text.
    pub root: Node,
    /// Duplicate keys, keys that are no scalars, impossible merges, in the order of the text. Always empty for
    /// [`Dialect::Strict`].
    pub problems: Vec<SyntaxError>,
    /// Keys that replace what `<<` brings in, each with the key that it replaces.
    pub overridden: BTreeMap<Span, Span>,
    /// Every comment, `#` included, in the order of the text.
    pub comments: Vec<Span>,
    /// What follows the first document: Go's libraries, and so Prometheus, never look at it.
    pub ignored: Option<Span>,
}

impl From<Node> for Document {
    /// A tree of which there is no more to say.
    fn from(root: Node) -> Self {
        Self {
            root,
            problems: Vec::new(),
            overridden: BTreeMap::new(),
            comments: Vec::new(),
            ignored: None,
        }
    }
}

/// Reads one YAML document. A byte order mark is skipped; anchors, aliases and merge keys (`<<`)
/// are followed within `limits`; an empty text is `null`.
///
/// # Errors
///
/// The first thing that is not YAML, a duplicate or non-scalar key, an unknown alias, a second
/// document, or a limit that is exceeded.
pub fn parse_yaml(text: &str, limits: Limits) -> Result<Node, SyntaxError> {
    read_yaml(text, Dialect::Strict, limits).map(|document| document.root)
}

/// Reads the first document of a text as `dialect` does.
///
/// # Errors
///
/// What leaves no tree: the first thing that is not YAML, an unknown alias, a limit that is exceeded; for
/// [`Dialect::Strict`] also the first of what the others collect in [`Document::problems`], and a second document.
pub fn read_yaml(text: &str, dialect: Dialect, limits: Limits) -> Result<Document, SyntaxError> {
    let mut tidy = Reading::new(text, dialect, limits);
    if tidy::read(text, &mut tidy).is_some() {
        return Ok(tidy.document(None));
    }
    read_any(text, dialect, limits)
}

/// The same for any text, by the library; [`tidy`] reads most texts faster.
pub(super) fn read_any(
    text: &str,
    dialect: Dialect,
    limits: Limits,
) -> Result<Document, SyntaxError> {
    let offset = if text.starts_with('\u{feff}') { 3 } else { 0 };
    let mut options = Options::default();
    options.emit_comments = dialect != Dialect::Strict;
    options.flow_nesting_limit = limits.depth;
    options.block_nesting_limit = limits.depth;
    let mut reading = Reading::new(text, dialect, limits);
    let mut documents = 0;
    let mut ignored = None;
    for event in Parser::new_from_str_with_options(&text[offset..], options) {
        let (event, span) = event.map_err(|error| scan_error(text, offset, limits, &error))?;
        let range = span.byte_range().unwrap_or(0..0);
        let span = Span::new(range.start, range.end).shifted(offset);
        match event {
            Event::DocumentStart(..) => {
                documents += 1;
                if documents > 1 {
                    return Err(SyntaxError::new(
                        Problem::SecondDocument,
                        "a second document begins here",
                        span,
                    )
                    .help("keep one document in a file; remove the `---`"));
                }
            }
            Event::DocumentEnd if dialect != Dialect::Strict => {
                let rest = text[span.end()..].trim_start();
                ignored =
                    (!rest.is_empty()).then(|| Span::new(text.len() - rest.len(), text.len()));
                break;
            }
            Event::Comment(..) => reading.comment(span),
            Event::Scalar(value, style, anchor, tag) => {
                let tag = tag_name(tag.as_deref());
                reading.scalar(&value, written(style), span, anchor, tag)?;
            }
            Event::SequenceStart(_, anchor, tag) => {
                reading.open(true, span, anchor, tag_name(tag.as_deref()))?;
            }
            Event::MappingStart(_, anchor, tag) => {
                reading.open(false, span, anchor, tag_name(tag.as_deref()))?;
            }
            Event::SequenceEnd | Event::MappingEnd => reading.close(span)?,
            Event::Alias(anchor) => reading.alias(anchor, span)?,
            _ => {}
        }
    }
    let read = ignored.map_or(text.len(), |rest: Span| rest.start());
    if dialect != Dialect::Strict
        && let Some(error) = forbidden_character(&text[..read], offset)
    {
        return Err(error);
    }
    Ok(reading.document(ignored))
}

const fn written(style: Written) -> ScalarStyle {
    match style {
        Written::Plain => ScalarStyle::Plain,
        Written::SingleQuoted => ScalarStyle::SingleQuoted,
        Written::DoubleQuoted => ScalarStyle::DoubleQuoted,
        Written::Literal => ScalarStyle::Literal,
        Written::Folded => ScalarStyle::Folded,
    }
}

fn tag_name(tag: Option<&WrittenTag>) -> Option<Tag> {
    const CORE: &str = "tag:yaml.org,2002:";
    let tag = tag?;
    let name = tag.to_string();
    let name = name
        .strip_prefix("!!")
        .or_else(|| name.strip_prefix(CORE))
        .unwrap_or(&name);
    Some(Tag::named(name))
}

fn scan_error(
    text: &str,
    offset: usize,
    limits: Limits,
    error: &granit_parser::ScanError,
) -> SyntaxError {
    let at = error
        .marker()
        .byte_offset()
        .map_or(text.len(), |byte| byte + offset)
        .min(text.len());
    let line_start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let line_end = text[at..]
        .find('\n')
        .map_or(text.len(), |newline| at + newline);
    let line = &text[line_start..line_end];
    let indentation = line.len() - line.trim_start().len();
    if let Some(tab) = line[..indentation].find('\t') {
        let tab = line_start + tab;
        return SyntaxError::new(
            Problem::Syntax,
            "a tab is used for indentation",
            Span::new(tab, tab + 1),
        )
        .help("indent with spaces");
    }
    let message = error.info();
    if message.contains("nesting") || message.contains("recursion") {
        return too_deep(limits.depth, Span::at(at));
    }
    // The reader's own word for a line that is neither a key nor the rest of a text.
    let message = match message.as_ref() {
        "simple key expected ':'" => "expected `:` behind a key",
        message => message,
    };
    SyntaxError::new(Problem::Syntax, message, Span::at(at))
}

/// The first character that YAML allows nowhere, escaped or not at all.
fn forbidden_character(text: &str, offset: usize) -> Option<SyntaxError> {
    let allowed = |character: char| {
        matches!(character,
            '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..)
    };
    let text = &text[offset..];
    let is_plain = |byte: u8| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~');
    if text.bytes().all(is_plain) {
        return None;
    }
    let (at, character) = text
        .char_indices()
        .find(|(_, character)| !allowed(*character))?;
    let start = offset + at;
    Some(
        SyntaxError::new(
            Problem::Syntax,
            format!(
                "the character U+{:04X} is not allowed in YAML",
                u32::from(character)
            ),
            Span::new(start, start + character.len_utf8()),
        )
        .help("remove it, or write it as an escape in double quotes"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Route;

    fn error(text: &str) -> SyntaxError {
        parse_yaml(text, Limits::default()).unwrap_err()
    }

    #[test]
    fn every_node_knows_its_bytes() {
        let text = "a:\n  b: [1, two]\n  c: |\n    x\nd: \"q\"\n";
        let root = parse_yaml(text, Limits::default()).unwrap();
        let span = |route: Route| {
            let span = root.span_of(&route);
            &text[span.start()..span.end()]
        };
        assert_eq!(span(Route::of(["a", "b"]).index(1)), "two");
        assert_eq!(span(Route::of(["a", "b"])), "[1, two]");
        assert_eq!(span(Route::of(["d"])), "\"q\"");
        assert!(span(Route::of(["a"])).starts_with("b: [1, two]"));
        let key = root.key_span_of(&Route::of(["a", "c"]));
        assert_eq!(&text[key.start()..key.end()], "c");
    }

    #[test]
    fn a_byte_order_mark_within_a_text_is_a_character_like_any_other() {
        let read = |text: &str| {
            let limits = Limits::default();
            read_yaml(text, Dialect::GoYaml3, limits).map(|document| document.root.to_json())
        };
        assert_eq!(
            read("# a \u{feff}\na: x\u{feff}y\nb: \"\u{feff}\"\n").ok(),
            Some(serde_json::json!({"a": "x\u{feff}y", "b": "\u{feff}"}))
        );
        assert_eq!(read("\u{feff}a: 1").ok(), Some(serde_json::json!({"a": 1})));
        // Both verified with promtool 2.42 and 3.5: a line of text where a key must be, and another key.
        assert!(read("a: 1\n\u{feff}# x\n").is_err());
        assert_ne!(
            read("- \u{feff}a: 1").ok(),
            Some(serde_json::json!([{"a": 1}]))
        );
    }

    #[test]
    fn aliases_and_merge_keys_are_followed() {
        let root = parse_yaml(
            "base: &b {x: 1, y: 2}\nuse: {<<: *b, y: 3}\nsame: *b",
            Limits::default(),
        )
        .unwrap();
        assert_eq!(
            root.to_json(),
            serde_json::json!({"base": {"x": 1, "y": 2}, "use": {"y": 3, "x": 1}, "same": {"x": 1, "y": 2}})
        );
    }

    #[test]
    fn hostile_texts_are_errors_with_a_place() {
        let duplicate = error("a: 1\nb: 2\na: 3\n");
        assert_eq!(duplicate.message, "the key `a` is given twice");
        assert_eq!(duplicate.first, Some(Span::new(0, 1)));
        assert_eq!(error("a:\n\tb: 1").message, "a tab is used for indentation");
        assert!(error(&"[".repeat(10_000)).message.contains("nested deeper"));
        let deep: String = (0..10_000)
            .map(|level| format!("{}a:\n", " ".repeat(level)))
            .collect();
        assert!(error(&deep).message.contains("nested deeper"));
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for level in 1..10 {
            let previous = level - 1;
            let items = vec![format!("*a{previous}"); 10].join(", ");
            bomb.push_str(&format!("a{level}: &a{level} [{items}]\n"));
        }
        assert!(error(&bomb).message.contains("aliases expand"));
        assert!(error("a: 1\n---\nb: 2").message.contains("second document"));
        assert!(error("? [a]\n: 1").message.contains("cannot be a key"));
        assert!(error("a: *nope").span.start() > 0);
    }
}
