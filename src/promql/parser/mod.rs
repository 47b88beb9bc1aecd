//! Tokens to tree: recursive descent with binding powers, going on after each error.

mod aggregation;
mod duration;
mod expression;
mod primary;
mod selector;

use super::MOST_ERRORS;
use super::error::{ErrorKind, ParseError};
use super::feature::{Feature, FeatureUse};
use super::function::ValueType;
use super::literal;
use super::node::{Kind, Name, Node, NodeId, Text};
use super::token::{Keyword, Token, TokenKind};
use super::variable::{self, Variable};
use crate::source::Span;

/// How deep parentheses, calls and signs may nest. Far above what people or generators write, far below what
/// a thread's stack allows.
pub const DEEPEST: usize = 256;

/// What the parser makes of tokens.
pub(super) struct Outcome {
    pub nodes: Vec<Node>,
    pub root: NodeId,
    pub errors: Vec<ParseError>,
    pub features: Vec<FeatureUse>,
    pub variables: Vec<Variable>,
}

pub(super) struct Parser<'a> {
    text: &'a str,
    tokens: &'a [Token],
    at: usize,
    nodes: Vec<Node>,
    errors: Vec<ParseError>,
    features: Vec<FeatureUse>,
    variables: Vec<Variable>,
    depth: usize,
    grafana: bool,
    /// The lexer has said why the text ends early.
    truncated: bool,
    /// A number has been read between brackets: Prometheus wants one before the colon of a subquery.
    number_in_brackets: bool,
}

/// Builds the tree of `tokens`, the last of which is [`TokenKind::End`].
pub(super) fn parse(text: &str, tokens: &[Token], grafana: bool, truncated: bool) -> Outcome {
    let mut parser = Parser {
        text,
        tokens,
        at: 0,
        nodes: Vec::with_capacity(tokens.len()),
        errors: Vec::new(),
        features: Vec::new(),
        variables: Vec::new(),
        depth: 0,
        grafana,
        truncated,
        number_in_brackets: false,
    };
    let root = parser.whole();
    // Setups have tens of thousands of expressions, and most tokens are no node.
    parser.nodes.shrink_to_fit();
    Outcome {
        nodes: parser.nodes,
        root,
        errors: parser.errors,
        features: parser.features,
        variables: parser.variables,
    }
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Token {
        self.peek_at(0)
    }

    /// The token so many after the next; the end again and again after the end.
    fn peek_at(&self, ahead: usize) -> Token {
        self.tokens
            .get(self.at + ahead)
            .or(self.tokens.last())
            .copied()
            .unwrap_or(Token {
                kind: TokenKind::End,
                span: Span::at(self.text.len()),
            })
    }

    fn kind(&self) -> TokenKind {
        self.peek().kind
    }

    fn is(&self, kind: TokenKind) -> bool {
        self.kind() == kind
    }

    fn advance(&mut self) -> Token {
        let token = self.peek();
        if token.kind != TokenKind::End {
            self.at += 1;
        }
        token
    }

    fn accept(&mut self, kind: TokenKind) -> Option<Token> {
        self.is(kind).then(|| self.advance())
    }

    fn accept_keyword(&mut self, keyword: Keyword) -> Option<Token> {
        self.accept(TokenKind::Keyword(keyword))
    }

    /// Where the last token that was read ends.
    fn last_end(&self) -> usize {
        match self.at.checked_sub(1) {
            Some(index) => self.tokens.get(index).map_or(0, |token| token.span.end()),
            None => 0,
        }
    }

    fn slice(&self, span: Span) -> &'a str {
        self.text.get(span.start()..span.end()).unwrap_or_default()
    }

    fn push(&mut self, kind: Kind, span: Span, value_type: ValueType) -> NodeId {
        let id = NodeId(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
        self.nodes.push(Node {
            kind,
            span,
            value_type,
        });
        id
    }

    fn invalid(&mut self, span: Span) -> NodeId {
        self.push(Kind::Invalid, span, ValueType::Any)
    }

    /// Stands for what is missing behind the last token.
    fn missing(&mut self) -> NodeId {
        let end = self.last_end();
        self.invalid(Span::at(end))
    }

    fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.index()]
    }

    fn node_mut(&mut self, id: NodeId) -> &mut Node {
        &mut self.nodes[id.index()]
    }

    fn span(&self, id: NodeId) -> Span {
        self.node(id).span
    }

    fn type_of(&self, id: NodeId) -> ValueType {
        self.node(id).value_type
    }

    fn feature(&mut self, feature: Feature, span: Span) {
        self.features.push(FeatureUse { feature, span });
    }

    fn error(&mut self, error: ParseError) {
        let again = self
            .errors
            .last()
            .is_some_and(|last| last.span == error.span);
        if !again && self.errors.len() < MOST_ERRORS {
            self.errors.push(error);
        }
    }

    /// How messages name a token.
    fn shown(&self, token: Token) -> String {
        const LONGEST: usize = 24;
        let text = self.slice(token.span);
        match token.kind {
            TokenKind::End => token.kind.describe().to_owned(),
            TokenKind::String if text.len() > LONGEST => "a string".to_owned(),
            _ if text.len() > LONGEST => {
                let short: String = text.chars().take(LONGEST - 1).collect();
                format!("`{short}…`")
            }
            _ => format!("`{text}`"),
        }
    }

    /// The next token is not what it should be. Says nothing where the lexer already has.
    fn unexpected(&mut self, expected: &str) -> Option<ParseError> {
        let token = self.peek();
        let is_known =
            token.kind == TokenKind::Unknown || (token.kind == TokenKind::End && self.truncated);
        (!is_known).then(|| {
            let found = self.shown(token);
            ParseError::syntax(token.span, format!("expected {expected}, found {found}"))
        })
    }

    fn report_unexpected(&mut self, expected: &str) {
        if let Some(error) = self.unexpected(expected) {
            self.error(error);
        }
    }

    /// Reads `kind`, or reports that it is missing.
    fn expect(&mut self, kind: TokenKind, expected: &str) -> bool {
        if self.accept(kind).is_some() {
            return true;
        }
        self.report_unexpected(expected);
        false
    }

    /// Reads the `)` that closes `open`; after a surprise, skips to it.
    fn close(&mut self, open: Span, expected: &str) {
        if self.accept(TokenKind::RightParen).is_some() {
            return;
        }
        if self.is(TokenKind::End) {
            self.never_closed(open, "(");
            return;
        }
        self.report_unexpected(expected);
        self.skip_to(&[TokenKind::RightParen]);
        if self.accept(TokenKind::RightParen).is_none() {
            self.never_closed(open, "(");
        }
    }

    fn never_closed(&mut self, open: Span, bracket: &str) {
        if !self.truncated {
            self.error(ParseError::syntax(
                open,
                format!("this `{bracket}` is never closed"),
            ));
        }
    }

    /// Moves to the next token of one of `kinds` that is not within further brackets, or to the end.
    fn skip_to(&mut self, kinds: &[TokenKind]) {
        let mut open = 0usize;
        loop {
            let kind = self.kind();
            if kind == TokenKind::End || (open == 0 && kinds.contains(&kind)) {
                return;
            }
            match kind {
                TokenKind::LeftParen | TokenKind::LeftBrace | TokenKind::LeftBracket => open += 1,
                TokenKind::RightParen | TokenKind::RightBrace | TokenKind::RightBracket => {
                    open = open.saturating_sub(1);
                }
                _ => {}
            }
            self.advance();
        }
    }

    /// Enters one more level of nesting; on too many, reports it and gives up on the rest.
    fn enter(&mut self) -> bool {
        if self.depth >= DEEPEST {
            let span = self.peek().span;
            if !self
                .errors
                .iter()
                .any(|error| error.kind == ErrorKind::TooDeep)
            {
                self.errors.push(
                    ParseError::new(
                        ErrorKind::TooDeep,
                        span,
                        format!("the expression nests deeper than {DEEPEST} levels"),
                    )
                    .hint("split it, for example with recording rules"),
                );
            }
            self.at = self.tokens.len().saturating_sub(1);
            self.truncated = true;
            return false;
        }
        self.depth += 1;
        true
    }

    fn leave(&mut self) {
        self.depth -= 1;
    }

    /// The string literal of a token.
    fn text(&mut self, token: Token) -> Text {
        let quoted = self.slice(token.span);
        let bytes = if quoted.starts_with(['"', '\'', '`']) {
            match literal::unquote(quoted) {
                Ok(bytes) => bytes,
                Err((offset, why)) => {
                    let at = token.span.start() + offset;
                    let width = self.text[at + 1..].chars().next().map_or(0, char::len_utf8);
                    self.error(
                        ParseError::syntax(Span::new(at, at + 1 + width), why)
                            .hint("write `\\\\` for a backslash, or the string in back quotes"),
                    );
                    Vec::new()
                }
            }
        } else {
            super::lexer::typographic_content(quoted)
                .as_bytes()
                .to_vec()
        };
        let has_variables = self.note_variables(token.span);
        Text {
            bytes: bytes.into(),
            span: token.span,
            has_variables,
        }
    }

    /// Remembers the Grafana variables of a token, and says whether there are any.
    fn note_variables(&mut self, span: Span) -> bool {
        if !self.grafana {
            return false;
        }
        let found = variable::scan_all(self.slice(span), span.start());
        let any = !found.is_empty();
        self.variables.extend(found);
        any
    }

    /// A name from a token that is no string.
    fn plain_name(&mut self, token: Token) -> Name {
        let has_variables = matches!(token.kind, TokenKind::Variable | TokenKind::Template)
            && self.note_variables(token.span);
        Name {
            text: self.slice(token.span).into(),
            span: token.span,
            has_variables,
        }
    }

    /// A name in quotes, which only Prometheus 3 has.
    fn quoted_name(&mut self, text: Text) -> Name {
        self.feature(Feature::QuotedName, text.span);
        Name {
            text: text.text().into(),
            span: text.span,
            has_variables: text.has_variables,
        }
    }
}
