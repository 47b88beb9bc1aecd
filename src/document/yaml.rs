use std::collections::HashMap;
use std::sync::Arc;

use granit_parser::{Event, Options, Parser, ScalarStyle as Written};

use super::{Entry, Key, Node, ScalarStyle, Value, resolve_plain};
use crate::source::Span;

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

/// Why a text is not YAML that we read, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
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
    fn new(message: impl Into<String>, span: Span) -> Self {
        Self {
            message: message.into(),
            span,
            first: None,
            help: None,
        }
    }

    fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Reads one YAML document. A byte order mark is skipped; anchors, aliases and merge keys (`<<`)
/// are followed within `limits`; an empty text is `null`.
///
/// # Errors
///
/// The first thing that is not YAML, a duplicate or non-scalar key, an unknown alias, a second
/// document, or a limit that is exceeded.
pub fn parse_yaml(text: &str, limits: Limits) -> Result<Arc<Node>, SyntaxError> {
    let offset = if text.starts_with('\u{feff}') { 3 } else { 0 };
    let mut options = Options::default();
    options.emit_comments = false;
    options.flow_nesting_limit = limits.depth;
    options.block_nesting_limit = limits.depth;
    let mut builder = Builder {
        text,
        offset,
        anchors: HashMap::new(),
        limits,
        nodes: 0,
        has_aliases: false,
        open: Vec::new(),
        root: None,
    };
    let mut documents = 0;
    for event in Parser::new_from_str_with_options(&text[offset..], options) {
        let (event, span) = event.map_err(|error| builder.scan_error(&error))?;
        let range = span.byte_range().unwrap_or(0..0);
        let span = Span::new(range.start, range.end).shifted(offset);
        match event {
            Event::DocumentStart(..) => {
                documents += 1;
                if documents > 1 {
                    return Err(SyntaxError::new("a second document begins here", span)
                        .help("keep one document in a file; remove the `---`"));
                }
            }
            Event::Scalar(value, style, anchor, tag) => {
                let style = if style == Written::Plain {
                    ScalarStyle::Plain
                } else {
                    ScalarStyle::Quoted
                };
                let as_text = tag.is_some_and(|tag| tag.is_yaml_core_schema_tag("str"));
                let value = if style == ScalarStyle::Plain && !as_text {
                    resolve_plain(&value)
                } else {
                    Value::String(value.as_ref().into())
                };
                builder.scalar(Node { span, style, value }, anchor)?;
            }
            Event::SequenceStart(_, anchor, _) => {
                builder.open(Open::Sequence(Vec::new()), span, anchor)?;
            }
            Event::MappingStart(_, anchor, _) => {
                builder.open(Open::mapping(), span, anchor)?;
            }
            Event::SequenceEnd | Event::MappingEnd => builder.close(span)?,
            Event::Alias(anchor) => builder.alias(anchor, span)?,
            _ => {}
        }
    }
    Ok(builder.root.unwrap_or_else(|| {
        Arc::new(Node {
            span: Span::at(offset),
            style: ScalarStyle::Plain,
            value: Value::Null,
        })
    }))
}

enum Open {
    Sequence(Vec<Arc<Node>>),
    Mapping {
        entries: Vec<Entry>,
        places: HashMap<Arc<str>, usize>,
        key: Option<Key>,
        /// Mappings named by `<<`, in order; they fill only what the mapping does not say itself.
        merged: Vec<Arc<Node>>,
    },
}

impl Open {
    fn mapping() -> Self {
        Self::Mapping {
            entries: Vec::new(),
            places: HashMap::new(),
            key: None,
            merged: Vec::new(),
        }
    }
}

struct Frame {
    open: Open,
    start: Span,
    anchor: usize,
}

struct Builder<'a> {
    text: &'a str,
    offset: usize,
    anchors: HashMap<usize, (Arc<Node>, usize)>,
    limits: Limits,
    nodes: usize,
    has_aliases: bool,
    open: Vec<Frame>,
    root: Option<Arc<Node>>,
}

impl Builder<'_> {
    fn scan_error(&self, error: &granit_parser::ScanError) -> SyntaxError {
        let at = error
            .marker()
            .byte_offset()
            .map_or(self.text.len(), |byte| byte + self.offset)
            .min(self.text.len());
        let line_start = self.text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let line_end = self.text[at..]
            .find('\n')
            .map_or(self.text.len(), |newline| at + newline);
        let line = &self.text[line_start..line_end];
        let indentation = line.len() - line.trim_start().len();
        if let Some(tab) = line[..indentation].find('\t') {
            let tab = line_start + tab;
            return SyntaxError::new("a tab is used for indentation", Span::new(tab, tab + 1))
                .help("indent with spaces");
        }
        let message = error.info();
        if message.contains("nesting") || message.contains("recursion") {
            return SyntaxError::new(
                format!("nested deeper than {} levels", self.limits.depth),
                Span::at(at),
            )
            .help("flatten the document");
        }
        SyntaxError::new(message, Span::at(at))
    }

    fn count(&mut self, nodes: usize, span: Span) -> Result<(), SyntaxError> {
        self.nodes += nodes;
        if self.nodes <= self.limits.nodes {
            return Ok(());
        }
        let most = self.limits.nodes;
        Err(if self.has_aliases {
            SyntaxError::new(
                format!("aliases expand this document beyond {most} nodes"),
                span,
            )
            .help("write the repeated part once, or use fewer nested aliases")
        } else {
            SyntaxError::new(
                format!("this document has more than {most} keys and values"),
                span,
            )
            .help("split it, or check that it is the right file")
        })
    }

    fn scalar(&mut self, node: Node, anchor: usize) -> Result<(), SyntaxError> {
        self.count(1, node.span)?;
        let node = Arc::new(node);
        if anchor > 0 {
            self.anchors.insert(anchor, (Arc::clone(&node), 1));
        }
        self.push(node)
    }

    fn open(&mut self, open: Open, start: Span, anchor: usize) -> Result<(), SyntaxError> {
        self.count(1, start)?;
        if let Some(Frame {
            open: Open::Mapping { key: None, .. },
            ..
        }) = self.open.last()
        {
            return Err(
                SyntaxError::new("a list or mapping cannot be a key here", start)
                    .help("quote the key if it is meant as text"),
            );
        }
        if self.open.len() >= self.limits.depth {
            return Err(SyntaxError::new(
                format!("nested deeper than {} levels", self.limits.depth),
                start,
            )
            .help("flatten the document"));
        }
        self.open.push(Frame {
            open,
            start,
            anchor,
        });
        Ok(())
    }

    fn close(&mut self, end: Span) -> Result<(), SyntaxError> {
        let Some(Frame {
            open,
            start,
            anchor,
        }) = self.open.pop()
        else {
            return Ok(());
        };
        let (value, last) = match open {
            Open::Sequence(items) => {
                let last = items.last().map_or(start.end, |item| item.span.end);
                (Value::Sequence(items), last)
            }
            Open::Mapping {
                mut entries,
                mut places,
                merged,
                ..
            } => {
                let last = entries
                    .last()
                    .map_or(start.end, |entry| entry.value.span.end);
                for other in merged {
                    for entry in other.entries() {
                        if !places.contains_key(&entry.key.text) {
                            places.insert(Arc::clone(&entry.key.text), entries.len());
                            entries.push(entry.clone());
                        }
                    }
                }
                (Value::Mapping(entries), last)
            }
        };
        // A block collection "ends" where the next token begins; its own bytes end with its last
        // child. A flow collection ends with its bracket.
        let end = if end.is_empty() {
            last.max(start.start)
        } else {
            end.end
        };
        let node = Arc::new(Node {
            span: Span::new(start.start, end),
            style: ScalarStyle::Plain,
            value,
        });
        if anchor > 0 {
            let size = node.size();
            self.anchors.insert(anchor, (Arc::clone(&node), size));
        }
        self.push(node)
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<(), SyntaxError> {
        let Some((node, size)) = self.anchors.get(&anchor).cloned() else {
            return Err(SyntaxError::new("this alias refers to itself", span)
                .help("an anchor can be used only after the value it names"));
        };
        self.has_aliases = true;
        self.count(size, span)?;
        self.push(node)
    }

    fn push(&mut self, node: Arc<Node>) -> Result<(), SyntaxError> {
        let Some(frame) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        match &mut frame.open {
            Open::Sequence(items) => items.push(node),
            Open::Mapping {
                entries,
                places,
                key,
                merged,
            } => match key.take() {
                None => *key = Some(as_key(self.text, &node)?),
                Some(name) if &*name.text == "<<" && is_merge(&node) => match &node.value {
                    Value::Sequence(items) => merged.extend(items.iter().cloned()),
                    _ => merged.push(node),
                },
                Some(name) => {
                    if let Some(&first) = places.get(&name.text) {
                        let mut error = SyntaxError::new(
                            format!("the key `{}` is given twice", name.text),
                            name.span,
                        )
                        .help("remove one of the two");
                        error.first = Some(entries[first].key.span);
                        return Err(error);
                    }
                    places.insert(Arc::clone(&name.text), entries.len());
                    entries.push(Entry {
                        key: name,
                        value: node,
                    });
                }
            },
        }
        Ok(())
    }
}

fn is_merge(node: &Node) -> bool {
    match &node.value {
        Value::Mapping(_) => true,
        Value::Sequence(items) => items
            .iter()
            .all(|item| matches!(item.value, Value::Mapping(_))),
        _ => false,
    }
}

fn as_key(text: &str, node: &Node) -> Result<Key, SyntaxError> {
    let key = match &node.value {
        Value::String(text) => Arc::clone(text),
        Value::Sequence(_) | Value::Mapping(_) => {
            return Err(
                SyntaxError::new("a list or mapping cannot be a key here", node.span)
                    .help("quote the key if it is meant as text"),
            );
        }
        // `1:` and `true:` are keys by their text.
        _ => text
            .get(node.span.start..node.span.end)
            .unwrap_or_default()
            .into(),
    };
    Ok(Key {
        text: key,
        span: node.span,
    })
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
            &text[span.start..span.end]
        };
        assert_eq!(span(Route::of(["a", "b"]).index(1)), "two");
        assert_eq!(span(Route::of(["a", "b"])), "[1, two]");
        assert_eq!(span(Route::of(["d"])), "\"q\"");
        assert!(span(Route::of(["a"])).starts_with("b: [1, two]"));
        let key = root.key_span_of(&Route::of(["a", "c"]));
        assert_eq!(&text[key.start..key.end], "c");
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
        assert!(error("a: *nope").span.start > 0);
    }
}
