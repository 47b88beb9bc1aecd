//! Aggregations and lists of labels.

use super::super::error::{ErrorKind, ParseError};
use super::super::feature::Feature;
use super::super::function::ValueType;
use super::super::node::{Aggregation, Grouping, Kind, Name, NodeId};
use super::super::operator::AggregateOp;
use super::super::token::{Keyword, TokenKind};
use super::Parser;
use crate::source::Span;

impl Parser<'_> {
    /// `sum (…)`, `sum by (…) (…)`, `sum (…) by (…)`
    pub(super) fn aggregation(&mut self, op: AggregateOp) -> NodeId {
        let token = self.advance();
        match op {
            AggregateOp::Group => self.feature(Feature::GroupAggregation, token.span),
            AggregateOp::Limitk | AggregateOp::LimitRatio => {
                self.feature(Feature::LimitAggregation, token.span);
            }
            AggregateOp::Variable => {
                self.note_variables(token.span);
            }
            _ => {}
        }
        let mut grouping = self.grouping();
        let before = self.errors.len();
        let mut arguments = self.arguments();
        let arguments_are_read = self.errors.len() == before;
        if let TokenKind::Keyword(Keyword::By | Keyword::Without) = self.kind() {
            if grouping.is_some() {
                let again = self.peek();
                self.error(
                    ParseError::syntax(again.span, "the aggregation is grouped already")
                        .hint("name all labels in one list"),
                );
                self.grouping();
            } else {
                grouping = self.grouping();
            }
        }
        let span = Span::new(token.span.start(), self.last_end());
        let name = op.as_str();
        let wanted = 1 + usize::from(op.has_parameter());
        let counted = arguments.len();
        if counted != wanted && arguments_are_read && op != AggregateOp::Variable {
            let error = ParseError::new(
                ErrorKind::Type,
                span,
                format!(
                    "`{name}` takes {}, not {counted}",
                    if wanted == 1 {
                        "one argument"
                    } else {
                        "two arguments"
                    }
                ),
            );
            self.error(match (op.has_parameter(), counted) {
                (true, 1) => error.hint(format!(
                    "the parameter comes first: `{name}(…, expression)`"
                )),
                (false, 2..) => error.hint("labels to keep stand in `by (…)`"),
                _ => error,
            });
        }
        let has_parameter = op.has_parameter() || (op == AggregateOp::Variable && counted > 1);
        let surplus = arguments.split_off(counted.min(1 + usize::from(has_parameter)));
        let expr = match arguments.pop() {
            Some(expr) => expr,
            None => self.invalid(Span::at(span.end())),
        };
        let aggregation = Aggregation {
            op,
            op_span: token.span,
            grouping,
            parameter: arguments.pop(),
            expr,
            surplus,
        };
        self.push(
            Kind::Aggregation(Box::new(aggregation)),
            span,
            ValueType::Vector,
        )
    }

    /// `by (…)`, `without (…)`
    pub(super) fn grouping(&mut self) -> Option<Grouping> {
        let token = self.peek();
        let without = match token.kind {
            TokenKind::Keyword(Keyword::By) => false,
            TokenKind::Keyword(Keyword::Without) => true,
            _ => return None,
        };
        self.advance();
        let labels = self.labels();
        Some(Grouping {
            without,
            labels,
            span: Span::new(token.span.start(), self.last_end()),
        })
    }

    /// `(a, "b.c",)`
    pub(super) fn labels(&mut self) -> Vec<Name> {
        let mut out = Vec::new();
        let open = self.peek().span;
        if !self.is(TokenKind::LeftParen) {
            if let Some(error) = self.unexpected("`(` and a list of labels") {
                let is_label = matches!(self.kind(), TokenKind::Identifier | TokenKind::String);
                self.error(if is_label {
                    error.hint("labels stand in parentheses: `by (job)`")
                } else {
                    error
                });
                if is_label {
                    self.advance();
                }
            }
            return out;
        }
        self.advance();
        while !matches!(self.kind(), TokenKind::RightParen | TokenKind::End) {
            if let Some(label) = self.label() {
                out.push(label);
            } else {
                self.skip_to(&[TokenKind::Comma, TokenKind::RightParen]);
            }
            if self.accept(TokenKind::Comma).is_some() {
                continue;
            }
            if !matches!(self.kind(), TokenKind::RightParen | TokenKind::End) {
                self.report_unexpected("`,` or `)` in the list of labels");
                self.skip_to(&[TokenKind::Comma, TokenKind::RightParen]);
                self.accept(TokenKind::Comma);
            }
        }
        if self.accept(TokenKind::RightParen).is_none() {
            self.never_closed(open, "(");
        }
        out
    }

    fn label(&mut self) -> Option<Name> {
        let token = self.peek();
        match token.kind {
            // The one keyword that Prometheus's grammar leaves out here.
            TokenKind::Keyword(Keyword::Without) => {
                if let Some(error) = self.unexpected("a label") {
                    self.error(
                        error
                            .hint("write it in quotes: `\"without\"`")
                            .replace(token.span, "\"without\""),
                    );
                }
                None
            }
            TokenKind::Identifier
            | TokenKind::Variable
            | TokenKind::Template
            | TokenKind::Keyword(_) => {
                self.advance();
                Some(self.plain_name(token))
            }
            TokenKind::String => {
                self.advance();
                let text = self.text(token);
                if text.bytes.is_empty() || std::str::from_utf8(&text.bytes).is_err() {
                    self.error(ParseError::syntax(
                        token.span,
                        "the name of a label is UTF-8 and not empty",
                    ));
                }
                Some(self.quoted_name(text))
            }
            TokenKind::MetricIdentifier => {
                self.advance();
                self.feature(Feature::ColonInLabel, token.span);
                Some(self.plain_name(token))
            }
            _ => {
                self.report_unexpected("a label");
                None
            }
        }
    }
}
