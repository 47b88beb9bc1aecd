//! What is wrong with an expression.

use std::fmt;

use crate::source::Span;

/// Which rule an expression breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ErrorKind {
    /// The bytes make no token, or the tokens no expression.
    Syntax,
    /// The parts do not fit together: a scalar where a range vector is needed, `bool` on an addition.
    Type,
    /// The Prometheus it is meant for does not know it, or not without a flag.
    Unsupported,
    /// It nests deeper than we follow.
    TooDeep,
}

impl ErrorKind {
    /// The rule in one word, as ids of diagnostics have it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Syntax => "syntax",
            Self::Type => "type",
            Self::Unsupported => "unsupported",
            Self::TooDeep => "too-deep",
        }
    }
}

/// Text to put in place of other text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replacement {
    /// The bytes to replace.
    pub span: Span,
    /// What to write there.
    pub text: String,
}

/// One thing that is wrong with an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    /// Which rule it breaks.
    pub kind: ErrorKind,
    /// Where, in bytes of the expression.
    pub span: Span,
    /// What is wrong and what was expected; one line that can stand alone.
    pub message: String,
    /// How to mend it, imperative, for a slip that we know.
    pub hint: Option<String>,
    /// The edit that keeps what the author meant, where there is exactly one.
    pub replacement: Option<Replacement>,
}

impl ParseError {
    pub(super) fn new(kind: ErrorKind, span: Span, message: impl Into<String>) -> Self {
        Self {
            kind,
            span,
            message: message.into(),
            hint: None,
            replacement: None,
        }
    }

    pub(super) fn syntax(span: Span, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Syntax, span, message)
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(super) fn replace(mut self, span: Span, text: impl Into<String>) -> Self {
        self.replacement = Some(Replacement {
            span,
            text: text.into(),
        });
        self
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "; {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ParseError {}
