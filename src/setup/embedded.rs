//! Where the text of a document is in the file that holds it.

use std::sync::Arc;

use crate::source::Span;

/// How offsets of a document's text become offsets of its file.
#[derive(Debug, Clone)]
pub(super) enum Placement {
    /// The text is so many bytes into the file.
    Shifted(usize),
    /// The text is a scalar of the file: the offset of every byte, and of the end.
    Written(Arc<[usize]>),
    /// The text is a scalar of a document that is one itself.
    Nested(Arc<Placement>, Arc<[usize]>),
}

impl Placement {
    fn offset(&self, offset: usize) -> usize {
        let written = |table: &[usize]| {
            table
                .get(offset)
                .or(table.last())
                .copied()
                .unwrap_or_default()
        };
        match self {
            Self::Shifted(by) => offset + by,
            Self::Written(table) => written(table),
            Self::Nested(outer, table) => outer.offset(written(table)),
        }
    }

    /// The bytes of the file.
    pub(super) fn in_file(&self, span: Span) -> Span {
        let start = self.offset(span.start());
        if span.is_empty() {
            return Span::at(start);
        }
        // After the last byte, not before the next one: indentation may lie between.
        let end = match self {
            Self::Shifted(by) => span.end() + by,
            _ => self.offset(span.end() - 1) + 1,
        };
        Span::new(start, end.max(start))
    }

    /// The placement of a text that is a scalar of this one.
    pub(super) fn within(&self, table: Vec<usize>) -> Self {
        match self {
            Self::Shifted(by) => {
                Self::Written(table.into_iter().map(|offset| offset + by).collect())
            }
            outer => Self::Nested(Arc::new(outer.clone()), table.into()),
        }
    }
}
