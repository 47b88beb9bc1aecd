//! What stands in brackets and behind a selector: ranges, subqueries, `offset`, `@`, `anchored`, `smoothed`.

use super::super::error::ParseError;
use super::super::feature::Feature;
use super::super::function::ValueType;
use super::super::node::{
    At, AtTime, Binary, Call, Extension, Fill, Kind, Name, NodeId, Placeholder, Range, Subquery,
};
use super::super::number;
use super::super::operator::{BinaryOp, Sign, precedence};
use super::super::token::{Keyword, Token, TokenKind};
use super::Parser;
use crate::source::Span;

const DURATION: ValueType = ValueType::Duration;

impl Parser<'_> {
    /// `[5m]`, `[1h:5m]` behind `operand`.
    pub(super) fn brackets(&mut self, operand: NodeId) -> NodeId {
        let open = self.advance();
        let window = self.window("a duration such as `5m`");
        if self.accept(TokenKind::RightBracket).is_some() {
            return self.range(operand, window, open);
        }
        if self.is(TokenKind::Colon) {
            return self.subquery(operand, window, open);
        }
        self.bracket_error(window, "`:` or `]`");
        self.close_bracket(open);
        if matches!(self.node(operand).kind, Kind::Selector(_)) {
            return self.range(operand, window, open);
        }
        self.invalid(Span::new(self.span(operand).start(), self.last_end()))
    }

    fn range(&mut self, operand: NodeId, window: NodeId, open: Token) -> NodeId {
        let span = Span::new(self.span(operand).start(), self.last_end());
        let brackets = Span::new(open.span.start(), self.last_end());
        match &self.node(operand).kind {
            Kind::Selector(selector) => {
                let modifiers = &selector.modifiers;
                let offset = modifiers
                    .offset
                    .filter(|offset| self.literal(*offset) != Some(0.0));
                let misplaced = match (offset, &modifiers.at) {
                    (Some(_), _) => Some("offset"),
                    (None, Some(_)) => Some("@"),
                    (None, None) => None,
                };
                if let Some(modifier) = misplaced {
                    let written = self.slice(brackets);
                    self.error(
                        ParseError::syntax(
                            brackets,
                            format!("a range stands before `{modifier}`, not behind it"),
                        )
                        .hint(format!("write `metric{written} {modifier} …`")),
                    );
                }
            }
            Kind::Invalid | Kind::Variable(_) => {}
            Kind::Range(_) => self.error(ParseError::syntax(brackets, "a range of a range")),
            _ => {
                let inside = self.slice(Span::new(
                    open.span.end(),
                    self.last_end().saturating_sub(1),
                ));
                let mended = format!("[{}:]", inside.trim_end());
                self.error(
                    ParseError::syntax(brackets, "a range stands only behind a metric selector")
                        .hint(format!(
                            "a subquery over an expression has a colon: `{mended}`"
                        ))
                        .replace(brackets, mended),
                );
            }
        }
        let range = Range {
            selector: operand,
            window,
            modifiers: Default::default(),
        };
        self.push(Kind::Range(Box::new(range)), span, ValueType::Matrix)
    }

    fn subquery(&mut self, operand: NodeId, window: NodeId, open: Token) -> NodeId {
        let colon = self.advance();
        if !self.number_in_brackets {
            self.error(
                ParseError::syntax(
                    colon.span,
                    "Prometheus wants a number before the colon of a subquery",
                )
                .hint("write for example `[1 * range():]`"),
            );
        }
        let step = (!self.is(TokenKind::RightBracket)).then(|| self.window("a duration or `]`"));
        if self.accept(TokenKind::RightBracket).is_none() {
            self.bracket_error(step.unwrap_or(window), "`]`");
            self.close_bracket(open);
        }
        let span = Span::new(self.span(operand).start(), self.last_end());
        self.feature(
            Feature::Subquery,
            Span::new(open.span.start(), self.last_end()),
        );
        let subquery = Subquery {
            expr: operand,
            window,
            step,
            modifiers: Default::default(),
        };
        self.push(Kind::Subquery(Box::new(subquery)), span, ValueType::Matrix)
    }

    /// A duration that must not be zero or negative as far as that shows without evaluating it.
    fn window(&mut self, expected: &str) -> NodeId {
        if matches!(self.kind(), TokenKind::RightBracket | TokenKind::Colon) {
            self.report_unexpected(expected);
            return self.missing();
        }
        let window = self.duration(precedence::LOWEST, true);
        if self.literal(window).is_some_and(|seconds| seconds <= 0.0) {
            self.error(ParseError::syntax(
                self.span(window),
                "the duration in brackets must be greater than zero",
            ));
        }
        window
    }

    /// Reports what stands behind a duration in brackets and does not belong there.
    fn bracket_error(&mut self, before: NodeId, expected: &str) {
        let Some(error) = self.unexpected(expected) else {
            return;
        };
        let token = self.peek();
        let unit = self.slice(token.span);
        let number = self.span(before);
        let is_unit = matches!(token.kind, TokenKind::Identifier | TokenKind::Keyword(_))
            && matches!(unit, "ms" | "s" | "m" | "h" | "d" | "w" | "y")
            && matches!(self.node(before).kind, Kind::Number(number) if !number.is_duration);
        self.error(if is_unit {
            let mended = format!("{}{unit}", self.slice(number));
            ParseError::syntax(
                number.join(token.span),
                format!("a space between the number and its unit `{unit}`"),
            )
            .hint(format!("write `{mended}`"))
            .replace(number.join(token.span), mended)
        } else {
            error
        });
    }

    fn close_bracket(&mut self, open: Token) {
        self.skip_to(&[TokenKind::RightBracket, TokenKind::RightParen]);
        if self.accept(TokenKind::RightBracket).is_none() {
            self.never_closed(open.span, "[");
        }
    }

    /// A literal with its signs, in seconds; parentheses make it an expression.
    pub(super) fn literal(&self, id: NodeId) -> Option<f64> {
        let (mut id, mut sign) = (id, 1.0);
        loop {
            match &self.node(id).kind {
                Kind::Number(number) => return Some(sign * number.value),
                Kind::Unary(Sign::Plus, operand) => id = *operand,
                Kind::Unary(Sign::Minus, operand) => (id, sign) = (*operand, -sign),
                _ => return None,
            }
        }
    }

    /// A duration expression of operators that bind at least as tightly as `least`.
    fn duration(&mut self, least: u8, in_brackets: bool) -> NodeId {
        if !self.enter() {
            return self.missing();
        }
        let mut left = self.duration_operand(in_brackets);
        loop {
            let token = self.peek();
            let Some(op) =
                BinaryOp::of(token.kind).filter(|op| op.is_arithmetic() && *op != BinaryOp::Atan2)
            else {
                break;
            };
            let binding = op.precedence();
            if binding < least {
                break;
            }
            self.advance();
            let right = self.duration(
                if op == BinaryOp::Pow {
                    binding
                } else {
                    binding + 1
                },
                in_brackets,
            );
            let span = self.span(left).join(self.span(right));
            self.feature(Feature::DurationExpression, span);
            if matches!(op, BinaryOp::Div | BinaryOp::Mod) && self.literal(right) == Some(0.0) {
                self.error(ParseError::syntax(
                    token.span.join(self.span(right)),
                    "a duration divided by zero",
                ));
            }
            let binary = Binary {
                op,
                op_span: token.span,
                return_bool: None,
                matching: None,
                fill: Fill::default(),
                left,
                right,
            };
            left = self.push(Kind::Binary(Box::new(binary)), span, DURATION);
        }
        self.leave();
        left
    }

    fn duration_operand(&mut self, in_brackets: bool) -> NodeId {
        let token = self.peek();
        match token.kind {
            TokenKind::Add | TokenKind::Sub => {
                self.advance();
                let operand = self.duration(precedence::POWER, in_brackets);
                self.duration_sign(token, operand, false)
            }
            TokenKind::LeftParen => {
                self.advance();
                let inner = self.duration(precedence::LOWEST, in_brackets);
                self.close(token.span, "an operator or `)`");
                let span = Span::new(token.span.start(), self.last_end());
                self.feature(Feature::DurationExpression, span);
                self.push(Kind::Paren(inner), span, DURATION)
            }
            _ => self.duration_atom(in_brackets),
        }
    }

    /// A sign before a duration; `is_offset` says that it is the first behind `offset`.
    fn duration_sign(&mut self, token: Token, operand: NodeId, is_offset: bool) -> NodeId {
        let sign = if token.kind == TokenKind::Sub {
            Sign::Minus
        } else {
            Sign::Plus
        };
        let span = token.span.join(self.span(operand));
        if !is_offset || sign == Sign::Plus {
            self.feature(Feature::DurationSign, span);
        }
        self.push(Kind::Unary(sign, operand), span, DURATION)
    }

    /// A literal, `step()`, `range()`, `min_of(…)`, `max_of(…)` or a Grafana variable.
    fn duration_atom(&mut self, in_brackets: bool) -> NodeId {
        let token = self.peek();
        match token.kind {
            TokenKind::Number | TokenKind::Duration
                if !in_brackets || !self.is_named_number(token) =>
            {
                self.advance();
                self.number_in_brackets |= in_brackets;
                let number = self.number_value(token);
                if !number.is_duration {
                    self.feature(Feature::NumberAsDuration, token.span);
                }
                if number::out_of_range(number.value) {
                    self.error(ParseError::syntax(
                        token.span,
                        format!("the duration {} is too large", self.shown(token)),
                    ));
                }
                self.push(Kind::Number(number), token.span, DURATION)
            }
            TokenKind::Variable | TokenKind::Template => {
                self.advance();
                self.number_in_brackets |= in_brackets;
                self.note_variables(token.span);
                let placeholder = Placeholder {
                    text: self.slice(token.span).into(),
                    span: token.span,
                };
                self.push(Kind::Variable(placeholder), token.span, DURATION)
            }
            TokenKind::Keyword(keyword) if self.peek_at(1).kind == TokenKind::LeftParen => {
                let (feature, arguments) = match keyword {
                    Keyword::Step => (Feature::DurationStep, 0),
                    Keyword::Range => (Feature::DurationRange, 0),
                    Keyword::MinOf | Keyword::MaxOf => (Feature::DurationMinOfMaxOf, 2),
                    Keyword::Min | Keyword::Max => (Feature::DurationMinMax, 2),
                    _ => return self.no_duration(),
                };
                self.duration_call(feature, arguments, in_brackets)
            }
            _ => self.no_duration(),
        }
    }

    /// `Inf` and `NaN`, which are no durations.
    fn is_named_number(&self, token: Token) -> bool {
        self.slice(token.span)
            .starts_with(|c: char| c.is_ascii_alphabetic())
    }

    fn no_duration(&mut self) -> NodeId {
        self.report_unexpected("a duration such as `5m`");
        self.missing()
    }

    fn duration_call(&mut self, feature: Feature, wanted: usize, in_brackets: bool) -> NodeId {
        let token = self.advance();
        let open = self.advance();
        let mut arguments = Vec::new();
        if !self.is(TokenKind::RightParen) {
            arguments.push(self.duration(precedence::LOWEST, in_brackets));
            while self.accept(TokenKind::Comma).is_some() {
                arguments.push(self.duration(precedence::LOWEST, in_brackets));
            }
        }
        self.close(open.span, "an operator, `,` or `)`");
        let span = Span::new(token.span.start(), self.last_end());
        self.feature(feature, span);
        let name = self.slice(token.span).to_ascii_lowercase();
        if arguments.len() != wanted {
            let takes = if wanted == 0 {
                "no argument"
            } else {
                "two durations"
            };
            self.error(ParseError::syntax(
                span,
                format!("`{name}` takes {takes} here"),
            ));
        }
        let call = Call {
            function: None,
            name: Name {
                text: name.into(),
                span: token.span,
                has_variables: false,
            },
            arguments,
        };
        self.push(Kind::Call(Box::new(call)), span, DURATION)
    }

    /// The duration behind `offset`: one term, or an expression that starts with a parenthesis.
    ///
    /// `x offset 5m + y` adds `y` to the moved `x`, as Prometheus has it.
    fn offset_duration(&mut self) -> NodeId {
        let token = self.peek();
        if !matches!(token.kind, TokenKind::Add | TokenKind::Sub) {
            return match token.kind {
                TokenKind::LeftParen => self.duration(precedence::LOWEST, false),
                _ => self.duration_atom(false),
            };
        }
        match self.peek_at(1).kind {
            TokenKind::LeftParen => {
                self.advance();
                let operand = self.duration_operand(false);
                self.duration_sign(token, operand, true)
            }
            TokenKind::Add | TokenKind::Sub => self.duration(precedence::LOWEST, false),
            _ => {
                self.advance();
                let operand = self.duration_atom(false);
                self.duration_sign(token, operand, true)
            }
        }
    }

    /// `offset 5m` behind `operand`.
    pub(super) fn offset(&mut self, operand: NodeId) -> NodeId {
        let token = self.advance();
        let offset = self.offset_duration();
        let span = Span::new(token.span.start(), self.last_end());
        if matches!(self.node(offset).kind, Kind::Unary(Sign::Minus, _)) {
            self.feature(Feature::NegativeOffset, span);
        }
        if self.literal(offset) == Some(0.0) {
            self.feature(Feature::ZeroOffset, span);
        }
        let end = self.last_end();
        let earlier = match self.node(operand).kind.modifiers() {
            Some(modifiers) => modifiers.offset,
            None => {
                self.misplaced_modifier(operand, span, "offset");
                return operand;
            }
        };
        // Prometheus takes an offset of zero for none.
        if earlier.is_some_and(|earlier| self.literal(earlier) != Some(0.0)) {
            self.error(
                ParseError::syntax(span, "a second `offset` for the same samples")
                    .hint("add the two up"),
            );
            return operand;
        }
        let (operand, offset) = self.move_behind(operand, offset);
        let node = self.node_mut(operand);
        node.span = Span::new(node.span.start(), end);
        if let Some(modifiers) = node.kind.modifiers_mut() {
            modifiers.offset = Some(offset);
        }
        operand
    }

    /// Moves the node of `operand` behind the nodes of its offset, so that parents stay behind their children.
    fn move_behind(&mut self, operand: NodeId, offset: NodeId) -> (NodeId, NodeId) {
        let first = operand.index();
        self.nodes[first..].rotate_left(1);
        for node in &mut self.nodes[first..] {
            node.kind.for_each_duration_child_mut(|child| {
                if child.index() > first {
                    child.0 -= 1;
                }
            });
        }
        (
            NodeId(operand.0 + (offset.0 - operand.0)),
            NodeId(offset.0 - 1),
        )
    }

    /// `@ 1609746000`, `@ start()`, `@ end()` behind `operand`.
    pub(super) fn at_modifier(&mut self, operand: NodeId) {
        let token = self.advance();
        let time = self.at_time();
        let span = Span::new(token.span.start(), self.last_end());
        self.feature(Feature::AtModifier, span);
        let earlier = match &self.node(operand).kind {
            Kind::Range(range) => {
                let inner = self.node(range.selector).kind.modifiers();
                range.modifiers.at.is_some() || inner.is_some_and(|inner| inner.at.is_some())
            }
            kind => match kind.modifiers() {
                Some(modifiers) => modifiers.at.is_some(),
                None => return self.misplaced_modifier(operand, span, "@"),
            },
        };
        if earlier {
            self.error(ParseError::syntax(
                span,
                "a second `@` for the same samples",
            ));
            return;
        }
        let node = self.node_mut(operand);
        node.span = Span::new(node.span.start(), span.end());
        if let (Some(modifiers), Some(time)) = (node.kind.modifiers_mut(), time) {
            modifiers.at = Some(At { time, span });
        }
    }

    fn at_time(&mut self) -> Option<AtTime> {
        let token = self.peek();
        let sign = match token.kind {
            TokenKind::Keyword(keyword @ (Keyword::Start | Keyword::End)) => {
                self.advance();
                let open = self.peek().span;
                if self.expect(TokenKind::LeftParen, "`()`") {
                    self.close(open, "`)`");
                }
                return Some(if keyword == Keyword::Start {
                    AtTime::Start
                } else {
                    AtTime::End
                });
            }
            TokenKind::Variable | TokenKind::Template => {
                self.advance();
                self.note_variables(token.span);
                return Some(AtTime::Variable(self.slice(token.span).into()));
            }
            TokenKind::Add => {
                self.advance();
                1.0
            }
            TokenKind::Sub => {
                self.advance();
                -1.0
            }
            _ => 1.0,
        };
        let number = self.peek();
        if !matches!(number.kind, TokenKind::Number | TokenKind::Duration) {
            if let Some(error) = self.unexpected("a Unix time, `start()` or `end()`") {
                self.error(error);
            }
            return None;
        }
        self.advance();
        let value = self.number_value(number);
        if value.is_duration {
            self.feature(Feature::DurationAsNumber, number.span);
        }
        let seconds = sign * value.value;
        // The bounds of a 64-bit integer, where Prometheus puts them.
        if !(i64::MIN as f64..i64::MAX as f64).contains(&seconds) || seconds == i64::MIN as f64 {
            self.error(ParseError::syntax(
                token.span.join(number.span),
                format!(
                    "the time `{}` is out of bounds",
                    self.slice(token.span.join(number.span))
                ),
            ));
        }
        Some(AtTime::Timestamp(seconds))
    }

    /// `anchored`, `smoothed` behind `operand`.
    pub(super) fn extension(&mut self, operand: NodeId) {
        let token = self.advance();
        let extension = if token.kind == TokenKind::Keyword(Keyword::Anchored) {
            Extension::Anchored
        } else {
            Extension::Smoothed
        };
        let word = self.slice(token.span);
        self.feature(Feature::ExtendedRangeSelector, token.span);
        let earlier = match &self.node(operand).kind {
            Kind::Selector(selector) => selector.modifiers.extension,
            Kind::Range(range) => range.modifiers.extension.or_else(|| {
                let inner = self.node(range.selector).kind.modifiers();
                inner.and_then(|inner| inner.extension)
            }),
            Kind::Invalid | Kind::Variable(_) => return,
            Kind::Subquery(_) => {
                return self.error(ParseError::syntax(
                    token.span,
                    format!("a subquery cannot be `{word}`"),
                ));
            }
            _ => {
                return self.error(
                    ParseError::syntax(
                        token.span,
                        format!("`{word}` stands only behind a selector"),
                    )
                    .hint(format!("write `rate(metric[5m] {word})`")),
                );
            }
        };
        if earlier.is_some_and(|earlier| earlier != extension) {
            return self.error(ParseError::syntax(
                token.span,
                "a selector is `anchored` or `smoothed`, not both",
            ));
        }
        let node = self.node_mut(operand);
        node.span = Span::new(node.span.start(), token.span.end());
        if let Some(modifiers) = node.kind.modifiers_mut() {
            modifiers.extension = Some(extension);
        }
    }

    fn misplaced_modifier(&mut self, operand: NodeId, span: Span, modifier: &str) {
        let error = ParseError::syntax(
            span,
            format!("`{modifier}` stands only behind a selector or a subquery"),
        );
        let error = match &self.node(operand).kind {
            Kind::Invalid | Kind::Variable(_) => return,
            Kind::Call(_) | Kind::Aggregation(_) | Kind::Paren(_) => {
                let written = self.slice(span);
                error.hint(format!(
                    "move `{written}` into the parentheses, behind the selector"
                ))
            }
            _ => error,
        };
        self.error(error);
    }
}
