use arcstr::ArcStr;

use super::builder::{Builder, Open, OpenMapping};
use super::go::as_value;
use super::texts::Texts;
use super::{Dialect, Document, Limits, Node, ScalarStyle, SyntaxError, Tag, Value, resolve_plain};
use crate::source::Span;

/// What has been read of a text, whoever knows its characters.
pub(super) struct Reading<'t> {
    dialect: Dialect,
    builder: Builder<'t>,
    texts: Texts,
    comments: Vec<Span>,
}

impl<'t> Reading<'t> {
    pub(super) fn new(text: &'t str, dialect: Dialect, limits: Limits) -> Self {
        Self {
            dialect,
            builder: Builder::new(text, dialect, limits),
            texts: Texts::new(),
            comments: Vec::new(),
        }
    }

    pub(super) fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        span: Span,
        anchor: usize,
        tag: Option<Tag>,
    ) -> Result<(), SyntaxError> {
        let text = self.texts.shared(text);
        let node = scalar(text, style, span, tag, self.dialect);
        self.builder.scalar(node, anchor)
    }

    /// A list or a mapping begins.
    pub(super) fn open(
        &mut self,
        is_sequence: bool,
        start: Span,
        anchor: usize,
        tag: Option<Tag>,
    ) -> Result<(), SyntaxError> {
        let open = match is_sequence {
            true => Open::Sequence(Vec::new()),
            false => Open::Mapping(OpenMapping::default()),
        };
        self.builder.open(open, start, anchor, tag)
    }

    pub(super) fn alias(&mut self, anchor: usize, span: Span) -> Result<(), SyntaxError> {
        self.builder.alias(anchor, span)
    }

    /// `end` is the closing bracket; empty where there is none.
    pub(super) fn close(&mut self, end: Span) -> Result<(), SyntaxError> {
        self.builder.close(end)
    }

    /// A comment from its `#` to the end of its line.
    pub(super) fn comment(&mut self, span: Span) {
        if self.dialect != Dialect::Strict {
            self.comments.push(span);
        }
    }

    /// The tree; `ignored` is what follows its document.
    pub(super) fn document(self, ignored: Option<Span>) -> Document {
        let start = if self.builder.text.starts_with('\u{feff}') {
            3
        } else {
            0
        };
        Document {
            root: self
                .builder
                .root
                .unwrap_or_else(|| Node::plain(Span::at(start), Value::Null, ArcStr::new())),
            problems: self.builder.problems,
            overridden: self.builder.overridden,
            comments: self.comments,
            ignored,
        }
    }
}

fn scalar(
    text: ArcStr,
    style: ScalarStyle,
    span: Span,
    tag: Option<Tag>,
    dialect: Dialect,
) -> Node {
    let mut node = Node {
        style,
        tag,
        ..Node::plain(span, Value::Null, text)
    };
    let is_text = style != ScalarStyle::Plain || node.tag == Some(Tag::Str);
    node.value = match dialect {
        Dialect::Strict if is_text => Value::String(ArcStr::clone(&node.text)),
        Dialect::Strict => resolve_plain(&node.text),
        Dialect::GoYaml2 | Dialect::GoYaml3 => as_value(&node, dialect),
    };
    node
}
