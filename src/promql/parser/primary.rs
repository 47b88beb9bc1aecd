//! What an expression is built from: literals, parentheses, calls.

use super::super::error::ParseError;
use super::super::feature::Feature;
use super::super::function::{Function, ValueType};
use super::super::node::{Call, Kind, NodeId, Number, Placeholder};
use super::super::number::{self, NumberError};
use super::super::operator::{AggregateOp, BinaryOp, precedence};
use super::super::token::{Keyword, Token, TokenKind};
use super::super::version::Support;
use super::Parser;
use crate::source::Span;

impl Parser<'_> {
    pub(super) fn primary(&mut self) -> NodeId {
        let token = self.peek();
        match token.kind {
            TokenKind::Number | TokenKind::Duration => {
                self.advance();
                let number = self.number_value(token);
                if number.is_duration {
                    self.feature(Feature::DurationAsNumber, token.span);
                }
                self.push(Kind::Number(number), token.span, ValueType::Scalar)
            }
            TokenKind::String => {
                self.advance();
                let text = self.text(token);
                self.push(Kind::String(text), token.span, ValueType::String)
            }
            TokenKind::LeftParen => self.parenthesis(),
            TokenKind::LeftBrace => self.selector(None),
            TokenKind::Identifier if self.opens_call(1) => self.call(),
            TokenKind::Variable | TokenKind::Template => self.variable(),
            TokenKind::Identifier => self.selector(Some(token)),
            TokenKind::MetricIdentifier => {
                if self.opens_call(1) {
                    self.call()
                } else {
                    self.selector(Some(token))
                }
            }
            TokenKind::Keyword(keyword) => self.keyword(keyword, token),
            _ => self.no_operand(),
        }
    }

    fn opens_call(&self, ahead: usize) -> bool {
        self.peek_at(ahead).kind == TokenKind::LeftParen
    }

    fn keyword(&mut self, keyword: Keyword, token: Token) -> NodeId {
        let next = self.peek_at(1).kind;
        if let Some(op) = AggregateOp::of(keyword) {
            let is_aggregation = matches!(
                next,
                TokenKind::LeftParen | TokenKind::Keyword(Keyword::By | Keyword::Without)
            );
            if is_aggregation {
                return self.aggregation(op);
            }
        }
        let is_function = matches!(
            keyword,
            Keyword::Start
                | Keyword::End
                | Keyword::Step
                | Keyword::Range
                | Keyword::MinOf
                | Keyword::MaxOf
        );
        if is_function && next == TokenKind::LeftParen {
            return self.call();
        }
        if keyword.is_metric_name() {
            return self.selector(Some(token));
        }
        self.no_operand()
    }

    /// Nothing here starts an expression.
    fn no_operand(&mut self) -> NodeId {
        let token = self.peek();
        if let Some(error) = self.unexpected("an expression") {
            let error = match token.kind {
                TokenKind::Keyword(_) => {
                    error.hint("a metric of that name is quoted, in braces: `{\"…\"}`")
                }
                _ => error,
            };
            self.error(error);
        }
        let stays = matches!(
            token.kind,
            TokenKind::End
                | TokenKind::Comma
                | TokenKind::RightParen
                | TokenKind::RightBrace
                | TokenKind::RightBracket
        ) || BinaryOp::of(token.kind).is_some();
        if stays {
            return self.missing();
        }
        self.advance();
        self.invalid(token.span)
    }

    /// The value of a number or duration token.
    pub(super) fn number_value(&mut self, token: Token) -> Number {
        let text = self.slice(token.span);
        let is_duration = token.kind == TokenKind::Duration;
        if text.contains('_') {
            self.feature(Feature::NumberUnderscore, token.span);
        }
        let read = if is_duration {
            number::parse_duration(text).map(number::Duration::seconds)
        } else {
            number::parse_number(text)
        };
        let value = match read {
            Ok(value) => value,
            Err(why) => {
                let what = if is_duration { "duration" } else { "number" };
                let error = match why {
                    NumberError::OutOfRange => {
                        ParseError::syntax(token.span, format!("the {what} `{text}` is too large"))
                    }
                    NumberError::UnitOrder => ParseError::syntax(
                        token.span,
                        format!("the units of `{text}` are out of order or repeat"),
                    )
                    .hint("each unit once, from y, w, d, h, m, s to ms"),
                    NumberError::Fraction => ParseError::syntax(
                        token.span,
                        format!("the duration `{text}` has a fraction"),
                    )
                    .hint("write it in a smaller unit: `1h30m` for one and a half hours"),
                    NumberError::Malformed => {
                        ParseError::syntax(token.span, format!("`{text}` is not a {what}"))
                    }
                };
                self.error(error);
                1.0
            }
        };
        Number { value, is_duration }
    }

    fn parenthesis(&mut self) -> NodeId {
        let open = self.advance();
        let inner = self.expression(precedence::LOWEST);
        self.close(open.span, "an operator or `)`");
        let span = Span::new(open.span.start(), self.last_end());
        let value_type = self.type_of(inner);
        self.push(Kind::Paren(inner), span, value_type)
    }

    fn call(&mut self) -> NodeId {
        let token = self.advance();
        let name = self.plain_name(token);
        let function = Function::of(&name.text);
        match function {
            Some(function) => {
                if function.support != Support::ALWAYS {
                    self.feature(Feature::Function(function), token.span);
                }
            }
            None if name.has_variables => {}
            None => self.unknown_function(&name.text, token.span),
        }
        let arguments = self.arguments();
        let span = Span::new(token.span.start(), self.last_end());
        let value_type = function.map_or(ValueType::Any, |function| function.returns);
        let call = Call {
            function,
            name,
            arguments,
        };
        self.push(Kind::Call(Box::new(call)), span, value_type)
    }

    fn unknown_function(&mut self, name: &str, span: Span) {
        const LONGEST_NAME: usize = 64;
        let error = ParseError::syntax(span, format!("there is no function `{name}`"));
        let lower = name.to_ascii_lowercase();
        if Function::of(&lower).is_some() {
            self.error(
                error
                    .hint(format!("function names are lower case: `{lower}`"))
                    .replace(span, lower),
            );
            return;
        }
        let names = Function::all()
            .iter()
            .filter(|function| function.support.until.is_none())
            .map(|function| function.name)
            .chain(AggregateOp::ALL.map(AggregateOp::as_str));
        let nearest = names
            .filter(|_| lower.len() <= LONGEST_NAME)
            .map(|known| (strsim::osa_distance(&lower, known), known))
            .min();
        self.error(match nearest {
            Some((distance, known)) if distance <= 2 && distance < lower.len() => {
                error.hint(format!("write `{known}`")).replace(span, known)
            }
            _ => error,
        });
    }

    /// `(a, b)`
    pub(super) fn arguments(&mut self) -> Vec<NodeId> {
        let mut out = Vec::new();
        let open = self.peek().span;
        if self.accept(TokenKind::LeftParen).is_none() {
            let is_operand = self.starts_operand(0);
            if let Some(error) = self.unexpected("`(`") {
                self.error(if is_operand {
                    error.hint("the arguments stand in parentheses")
                } else {
                    error
                });
            }
            if is_operand {
                out.push(self.signed());
            }
            return out;
        }
        if self.accept(TokenKind::RightParen).is_some() {
            return out;
        }
        loop {
            out.push(self.expression(precedence::LOWEST));
            if let Some(comma) = self.accept(TokenKind::Comma) {
                if self.is(TokenKind::RightParen) {
                    self.error(
                        ParseError::syntax(comma.span, "a comma behind the last argument")
                            .hint("remove the comma")
                            .replace(comma.span, ""),
                    );
                    break;
                }
                continue;
            }
            if matches!(self.kind(), TokenKind::RightParen | TokenKind::End) {
                break;
            }
            if let Some(mut error) = self.unexpected("an operator, `,` or `)`") {
                if self.is(TokenKind::RightBracket) || self.is(TokenKind::RightBrace) {
                    error = error.hint("a bracket of another kind is still open or already closed");
                }
                self.error(error);
            }
            self.skip_to(&[TokenKind::Comma, TokenKind::RightParen]);
            if self.accept(TokenKind::Comma).is_none() {
                break;
            }
        }
        self.close(open, "`,` or `)`");
        out
    }

    /// A Grafana variable where an expression starts: a metric name, a function, an aggregation or all of it.
    fn variable(&mut self) -> NodeId {
        let token = self.peek();
        let next = self.peek_at(1).kind;
        if matches!(next, TokenKind::Keyword(Keyword::By | Keyword::Without)) {
            return self.aggregation(AggregateOp::Variable);
        }
        if next == TokenKind::LeftParen {
            return self.call();
        }
        let text = self.slice(token.span);
        let is_name = matches!(next, TokenKind::LeftBrace | TokenKind::LeftBracket)
            || (token.kind == TokenKind::Template
                && !text.starts_with(|c: char| c.is_ascii_digit() || c == '.'));
        if is_name {
            return self.selector(Some(token));
        }
        self.advance();
        self.note_variables(token.span);
        let placeholder = Placeholder {
            text: text.into(),
            span: token.span,
        };
        self.push(Kind::Variable(placeholder), token.span, ValueType::Any)
    }
}
