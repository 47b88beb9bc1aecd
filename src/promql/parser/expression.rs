//! Operators: which binds tighter, and what may stand behind one.

use super::super::error::ParseError;
use super::super::feature::Feature;
use super::super::function::ValueType;
use super::super::node::{Binary, Fill, GroupModifier, Kind, Matching, NodeId, Side};
use super::super::operator::{AggregateOp, BinaryOp, Sign, precedence};
use super::super::token::{Keyword, TokenKind};
use super::{MOST_ERRORS, Parser};
use crate::source::Span;

impl Parser<'_> {
    /// The whole input as one expression.
    pub(super) fn whole(&mut self) -> NodeId {
        if self.is(TokenKind::End) {
            let span = self.peek().span;
            if !self.truncated {
                self.error(ParseError::syntax(span, "no expression"));
            }
            return self.missing();
        }
        let mut root = self.expression(precedence::LOWEST);
        let mut said_operator = false;
        while !self.is(TokenKind::End) {
            if self.starts_operand(0) {
                // The operator that is missing is missed once; what follows is read for errors of its own.
                if !said_operator {
                    self.missing_operator();
                }
                said_operator = true;
                self.expression(precedence::LOWEST);
                continue;
            }
            said_operator |= self.is(TokenKind::Unknown);
            self.surplus();
            root = self.operators(root, precedence::LOWEST);
        }
        root
    }

    fn missing_operator(&mut self) {
        if let Some(error) = self.unexpected("an operator or the end of the expression") {
            let before = self
                .at
                .checked_sub(1)
                .and_then(|index| self.tokens.get(index));
            let is_aggregation = before.is_some_and(|token| {
                matches!(token.kind, TokenKind::Keyword(word) if AggregateOp::of(word).is_some())
            });
            self.error(error.hint(if is_aggregation {
                "what is aggregated stands in parentheses: `sum (…)`"
            } else {
                "two expressions need an operator between them"
            }));
        }
    }

    /// Reports and skips a token that can neither follow nor start an expression.
    fn surplus(&mut self) {
        let token = self.peek();
        match token.kind {
            TokenKind::RightParen | TokenKind::RightBrace | TokenKind::RightBracket => {
                let shown = self.shown(token);
                self.error(ParseError::syntax(
                    token.span,
                    format!("{shown} closes nothing"),
                ));
            }
            TokenKind::RegexMatch | TokenKind::RegexNotMatch => {
                let shown = self.shown(token);
                self.error(
                    ParseError::syntax(
                        token.span,
                        format!("{shown} matches labels, in braces, not values"),
                    )
                    .hint("put the matcher in braces behind the metric name"),
                );
            }
            TokenKind::Assign => self.assignment(token.span),
            TokenKind::Comma => {
                if let Some(error) = self.unexpected("an operator or the end of the expression") {
                    self.error(
                        error.hint("a query is one expression; `or` joins the results of two"),
                    );
                }
            }
            _ => self.report_unexpected("an operator or the end of the expression"),
        }
        self.advance();
    }

    /// `=` where only `==` can be meant.
    fn assignment(&mut self, span: Span) {
        self.error(
            ParseError::syntax(
                span,
                "`=` compares labels in braces; values are compared with `==`",
            )
            .hint("write `==`")
            .replace(span, "=="),
        );
    }

    /// `rate(x[5m]) by (y)`: reported and read over.
    fn misplaced_grouping(&mut self, before: NodeId) {
        let Some(grouping) = self.grouping() else {
            return;
        };
        if self.errors.len() >= MOST_ERRORS {
            // The hint quotes what stands before: a text of nothing but these would take quadratic time.
            return;
        }
        let written = self.slice(grouping.span);
        let inner = self.slice(self.span(before));
        let word = if grouping.without { "without" } else { "by" };
        let error = ParseError::syntax(
            grouping.span,
            format!("only an aggregation takes `{word} (…)`"),
        );
        let function = match &self.node(before).kind {
            Kind::Call(call) => Some(&*call.name.text),
            _ => None,
        };
        self.error(match function {
            // A sum of quantiles is no quantile.
            Some("histogram_quantile") => error.hint(
                "group the buckets by these labels and `le`: `histogram_quantile(…, sum by (le, …) (rate(…)))`",
            ),
            Some(_) => {
                let mended = format!("sum {written} ({inner})");
                error
                    .hint(format!("aggregate the result: `{mended}`"))
                    .replace(self.span(before).join(grouping.span), mended)
            }
            None => error.hint("put it behind `sum`, `avg`, `max` or another aggregation"),
        });
    }

    /// An expression of operators that bind at least as tightly as `least`.
    pub(super) fn expression(&mut self, least: u8) -> NodeId {
        if !self.enter() {
            return self.missing();
        }
        let left = self.signed();
        let whole = self.operators(left, least);
        self.leave();
        whole
    }

    /// What follows `left`, as long as its operators bind tightly enough.
    fn operators(&mut self, mut left: NodeId, least: u8) -> NodeId {
        loop {
            let token = self.peek();
            let op = match token.kind {
                TokenKind::Keyword(Keyword::By | Keyword::Without) => {
                    self.misplaced_grouping(left);
                    continue;
                }
                // In the place of an operator a `=` can only mean the comparison.
                TokenKind::Assign if self.starts_operand(1) => {
                    self.assignment(token.span);
                    BinaryOp::Equal
                }
                kind => match BinaryOp::of(kind) {
                    Some(op) => op,
                    None => return left,
                },
            };
            let binding = op.precedence();
            if binding < least {
                return left;
            }
            self.advance();
            match op {
                BinaryOp::Atan2 => self.feature(Feature::Atan2, token.span),
                BinaryOp::TrimUpper | BinaryOp::TrimLower => {
                    self.feature(Feature::TrimOperator, token.span);
                }
                BinaryOp::Variable => {
                    self.note_variables(token.span);
                }
                _ => {}
            }
            let return_bool = self.accept_keyword(Keyword::Bool).map(|token| token.span);
            let matching = self.matching();
            let fill = self.fill();
            let right_least = if op == BinaryOp::Pow {
                binding
            } else {
                binding + 1
            };
            let right = self.expression(right_least);
            let span = self.span(left).join(self.span(right));
            let value_type = match (self.type_of(left), self.type_of(right)) {
                (ValueType::Scalar, ValueType::Scalar) => ValueType::Scalar,
                (ValueType::Any, ValueType::Any | ValueType::Scalar)
                | (ValueType::Scalar, ValueType::Any) => ValueType::Any,
                _ => ValueType::Vector,
            };
            let binary = Binary {
                op,
                op_span: token.span,
                return_bool,
                matching,
                fill,
                left,
                right,
            };
            left = self.push(Kind::Binary(Box::new(binary)), span, value_type);
        }
    }

    /// Whether the token so many ahead can start an expression.
    pub(super) fn starts_operand(&self, ahead: usize) -> bool {
        matches!(
            self.peek_at(ahead).kind,
            TokenKind::Identifier
                | TokenKind::MetricIdentifier
                | TokenKind::Keyword(_)
                | TokenKind::Number
                | TokenKind::Duration
                | TokenKind::LeftParen
                | TokenKind::LeftBrace
                | TokenKind::Add
                | TokenKind::Sub
                | TokenKind::Variable
                | TokenKind::Template
        )
    }

    /// An operand with its signs. A sign binds as tightly as `*`: `-a ^ b` is `-(a ^ b)`, `-a * b` is `(-a) * b`.
    pub(super) fn signed(&mut self) -> NodeId {
        let token = self.peek();
        let sign = match token.kind {
            TokenKind::Add => Sign::Plus,
            TokenKind::Sub => Sign::Minus,
            _ => {
                let operand = self.primary();
                return self.postfix(operand);
            }
        };
        self.advance();
        let operand = self.expression(precedence::POWER);
        let span = token.span.join(self.span(operand));
        let value_type = self.type_of(operand);
        self.push(Kind::Unary(sign, operand), span, value_type)
    }

    /// Brackets and modifiers behind an operand.
    fn postfix(&mut self, mut operand: NodeId) -> NodeId {
        loop {
            match self.kind() {
                TokenKind::LeftBracket => operand = self.brackets(operand),
                TokenKind::Keyword(Keyword::Offset) => operand = self.offset(operand),
                TokenKind::At => self.at_modifier(operand),
                TokenKind::Keyword(Keyword::Anchored | Keyword::Smoothed) => {
                    self.extension(operand)
                }
                _ => return operand,
            }
        }
    }

    /// `on (…)`, `ignoring (…)`, and `group_left (…)` or `group_right (…)` behind them.
    fn matching(&mut self) -> Option<Matching> {
        let token = self.peek();
        let on = match token.kind {
            TokenKind::Keyword(Keyword::On) => true,
            TokenKind::Keyword(Keyword::Ignoring) => false,
            TokenKind::Keyword(Keyword::GroupLeft | Keyword::GroupRight) => {
                let shown = self.shown(token);
                self.error(
                    ParseError::syntax(
                        token.span,
                        format!("{shown} without `on (…)` or `ignoring (…)` before it"),
                    )
                    .hint("say on which labels the sides match: `on (instance) group_left ()`"),
                );
                self.group_modifier();
                return None;
            }
            _ => return None,
        };
        self.advance();
        let labels = self.labels();
        let span = Span::new(token.span.start(), self.last_end());
        let cardinality = self.group_modifier();
        if let TokenKind::Keyword(Keyword::On | Keyword::Ignoring) = self.kind() {
            let again = self.peek();
            self.error(
                ParseError::syntax(
                    again.span,
                    "an operator takes only one of `on (…)` and `ignoring (…)`",
                )
                .hint("name all labels in one of them"),
            );
            self.advance();
            self.labels();
        }
        Some(Matching {
            on,
            labels,
            span,
            cardinality,
        })
    }

    fn group_modifier(&mut self) -> Option<GroupModifier> {
        let token = self.peek();
        let side = match token.kind {
            TokenKind::Keyword(Keyword::GroupLeft) => Side::Left,
            TokenKind::Keyword(Keyword::GroupRight) => Side::Right,
            _ => return None,
        };
        self.advance();
        let labels = if self.is(TokenKind::LeftParen) {
            self.labels()
        } else {
            Vec::new()
        };
        Some(GroupModifier {
            side,
            labels,
            span: Span::new(token.span.start(), self.last_end()),
        })
    }

    /// `fill (…)`, or `fill_left (…)` and `fill_right (…)` in any order.
    fn fill(&mut self) -> Fill {
        let mut fill = Fill::default();
        loop {
            let token = self.peek();
            let (left, right) = match token.kind {
                TokenKind::Keyword(Keyword::Fill) => (true, true),
                TokenKind::Keyword(Keyword::FillLeft) => (true, false),
                TokenKind::Keyword(Keyword::FillRight) => (false, true),
                _ => return fill,
            };
            // The operand itself may be a metric of that name; nothing but a value makes it a modifier.
            self.advance();
            if (left && fill.left.is_some()) || (right && fill.right.is_some()) {
                let shown = self.shown(token);
                self.error(ParseError::syntax(
                    token.span,
                    format!("{shown} fills a side that is filled already"),
                ));
            }
            let value = self.fill_value();
            let span = Span::new(token.span.start(), self.last_end());
            self.feature(Feature::FillModifier, span);
            fill.span = Some(fill.span.map_or(span, |all| all.join(span)));
            if left {
                fill.left = Some(value);
            }
            if right {
                fill.right = Some(value);
            }
        }
    }

    fn fill_value(&mut self) -> f64 {
        let open = self.peek().span;
        if !self.expect(TokenKind::LeftParen, "`(` and a number") {
            return 0.0;
        }
        let negative = match self.kind() {
            TokenKind::Sub => {
                self.advance();
                true
            }
            TokenKind::Add => {
                self.advance();
                false
            }
            _ => false,
        };
        let value = match self.kind() {
            TokenKind::Number | TokenKind::Duration => {
                let token = self.advance();
                self.number_value(token).value
            }
            TokenKind::Variable | TokenKind::Template => {
                let token = self.advance();
                self.note_variables(token.span);
                0.0
            }
            _ => {
                self.report_unexpected("a number");
                0.0
            }
        };
        self.close(open, "`)`");
        if negative { -value } else { value }
    }
}
