//! `name{label="value"}`.

use super::super::error::ParseError;
use super::super::feature::Feature;
use super::super::function::ValueType;
use super::super::node::{
    Kind, METRIC_NAME, Matcher, Modifiers, Name, NodeId, Placeholder, Selector,
};
use super::super::operator::MatchOp;
use super::super::regexp;
use super::super::token::{Token, TokenKind};
use super::Parser;
use crate::source::Span;

impl Parser<'_> {
    /// A selector whose name is the next token, or one that has only braces.
    pub(super) fn selector(&mut self, name: Option<Token>) -> NodeId {
        let start = self.peek().span.start();
        let name = name.map(|token| {
            self.advance();
            self.plain_name(token)
        });
        let mut selector = Selector {
            name,
            braces: None,
            matchers: Vec::new(),
            placeholders: Vec::new(),
            modifiers: Modifiers::default(),
        };
        if self.is(TokenKind::LeftBrace) {
            selector.braces = Some(self.braces(&mut selector));
        }
        let span = Span::new(start, self.last_end());
        if let Some(again) = self.accept(TokenKind::LeftBrace) {
            self.error(
                ParseError::syntax(again.span, "a second pair of braces")
                    .hint("put all matchers into the first pair"),
            );
            self.skip_to(&[TokenKind::RightBrace]);
            self.accept(TokenKind::RightBrace);
        }
        selector.matchers.shrink_to_fit();
        self.push(Kind::Selector(Box::new(selector)), span, ValueType::Vector)
    }

    fn braces(&mut self, selector: &mut Selector) -> Span {
        let open = self.advance();
        while !matches!(self.kind(), TokenKind::RightBrace | TokenKind::End) {
            let token = self.peek();
            let separated = match token.kind {
                TokenKind::Identifier
                | TokenKind::String
                | TokenKind::Variable
                | TokenKind::Template => self.matcher(selector),
                _ => {
                    self.report_unexpected("a label or `}`");
                    false
                }
            };
            if !separated {
                self.skip_to(&[TokenKind::Comma, TokenKind::RightBrace]);
            }
            if self.accept(TokenKind::Comma).is_some() {
                continue;
            }
            if !matches!(self.kind(), TokenKind::RightBrace | TokenKind::End) {
                if let Some(error) = self.unexpected("`,` or `}`") {
                    self.error(match self.kind() {
                        TokenKind::Identifier => error.hint("matchers are separated by commas"),
                        _ => error,
                    });
                }
                self.skip_to(&[TokenKind::Comma, TokenKind::RightBrace]);
                self.accept(TokenKind::Comma);
            }
        }
        if self.accept(TokenKind::RightBrace).is_none() {
            self.never_closed(open.span, "{");
        }
        Span::new(open.span.start(), self.last_end())
    }

    /// One matcher; whether it was read to its end.
    fn matcher(&mut self, selector: &mut Selector) -> bool {
        let token = self.advance();
        let op_token = self.peek();
        let op = match op_token.kind {
            TokenKind::Equal => {
                self.error(
                    ParseError::syntax(
                        op_token.span,
                        "labels are compared with `=`, values with `==`",
                    )
                    .hint("write `=`")
                    .replace(op_token.span, "="),
                );
                Some(MatchOp::Equal)
            }
            kind => MatchOp::of(kind),
        };
        let Some(op) = op else {
            return self.lone_label(selector, token);
        };
        self.advance();
        let label = match token.kind {
            TokenKind::String => {
                let text = self.text(token);
                self.quoted_name(text)
            }
            _ => self.plain_name(token),
        };
        let value = self.peek();
        match value.kind {
            TokenKind::String => {
                self.advance();
                let value = self.text(value);
                let span = token.span.join(value.span);
                if op.is_regex() && !value.has_variables {
                    self.pattern(&value.text(), value.span);
                }
                selector.matchers.push(Matcher {
                    label,
                    op,
                    value,
                    is_bare_name: false,
                    span,
                });
                true
            }
            TokenKind::Variable | TokenKind::Template => {
                // Grafana can fill in a value with its quotes.
                self.advance();
                self.note_variables(value.span);
                let span = token.span.join(value.span);
                selector.placeholders.push(Placeholder {
                    text: self.slice(span).into(),
                    span,
                });
                true
            }
            _ => {
                if let Some(error) = self.unexpected("a string") {
                    let written = self.slice(value.span);
                    self.error(match value.kind {
                        TokenKind::Identifier | TokenKind::Number | TokenKind::Duration => error
                            .hint(format!("values stand in quotes: `\"{written}\"`"))
                            .replace(value.span, format!("\"{written}\"")),
                        _ => error,
                    });
                }
                false
            }
        }
    }

    /// Notes what of a regular expression not every Prometheus can read.
    fn pattern(&mut self, text: &str, span: Span) {
        let is_young = text.contains("\\Q") || text.contains("(?<");
        let Some(pattern) = is_young.then(|| regexp::read(text).ok()).flatten() else {
            return;
        };
        if pattern.is_open {
            self.feature(Feature::OpenQuotation, span);
        }
        if pattern.has_short_name {
            self.feature(Feature::ShortGroupName, span);
        }
    }

    /// A label without an operator: a quoted metric name, a Grafana variable or a mistake.
    fn lone_label(&mut self, selector: &mut Selector, token: Token) -> bool {
        match token.kind {
            TokenKind::String => {
                let value = self.text(token);
                self.feature(Feature::QuotedName, token.span);
                selector.matchers.push(Matcher {
                    label: Name {
                        text: METRIC_NAME.into(),
                        span: Span::at(token.span.start()),
                        has_variables: false,
                    },
                    op: MatchOp::Equal,
                    value,
                    is_bare_name: true,
                    span: token.span,
                });
                true
            }
            TokenKind::Variable | TokenKind::Template => {
                self.note_variables(token.span);
                selector.placeholders.push(Placeholder {
                    text: self.slice(token.span).into(),
                    span: token.span,
                });
                true
            }
            _ => {
                let next = self.kind();
                if let Some(error) = self.unexpected("`=`, `!=`, `=~` or `!~`") {
                    self.error(match next {
                        TokenKind::Colon => error.hint("write `label=\"value\"`"),
                        TokenKind::Comma | TokenKind::RightBrace => {
                            error.hint("a matcher is `label=\"value\"`")
                        }
                        _ => error,
                    });
                }
                false
            }
        }
    }
}
