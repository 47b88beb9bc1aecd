//! The tree of an expression.
//!
//! Nodes live in one list, children before parents, and refer to each other by number: no pass over a tree
//! needs recursion, so a chain of a hundred thousand `+` costs no stack.

use super::function::{Function, ValueType};
use super::literal;
use super::operator::{AggregateOp, BinaryOp, MatchOp, Sign};
use super::variable::Variable;
use crate::source::Span;

/// Number of a node within its [`Parsed`](super::Parsed).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(super) u32);

impl NodeId {
    /// Its place in the list of nodes: children come before parents.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// One part of an expression.
#[derive(Debug, Clone)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// Its bytes, from its first to its last token.
    pub span: Span,
    /// What it evaluates to; [`ValueType::Duration`] for all that stands in brackets or after `offset`.
    pub value_type: ValueType,
}

/// What a [`Node`] is.
#[derive(Debug, Clone)]
pub enum Kind {
    /// A number literal, in seconds where a unit is written.
    Number(Number),
    /// A string literal.
    String(Text),
    /// `name{label="value"}`
    Selector(Box<Selector>),
    /// `selector[5m]`
    Range(Box<Range>),
    /// `expr[1h:5m]`
    Subquery(Box<Subquery>),
    /// `function(…)`
    Call(Box<Call>),
    /// `sum by (label) (…)`
    Aggregation(Box<Aggregation>),
    /// `a + b`
    Binary(Box<Binary>),
    /// `-a`
    Unary(Sign, NodeId),
    /// `(a)`
    Paren(NodeId),
    /// A Grafana variable that stands for a whole expression, number or duration.
    Variable(Placeholder),
    /// Nothing that could be understood; an error says why.
    Invalid,
}

/// A number literal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Number {
    /// Its value; a duration's in seconds.
    pub value: f64,
    /// Whether it is written with a unit.
    pub is_duration: bool,
}

/// A string literal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// What it holds, without quotes and escapes. `"\xff"` is no UTF-8 and yet a string.
    pub bytes: Box<[u8]>,
    /// The literal with its quotes.
    pub span: Span,
    /// Whether Grafana variables are in it.
    pub has_variables: bool,
}

impl Text {
    /// What it holds, with U+FFFD for what is no UTF-8.
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        literal::text(&self.bytes)
    }
}

/// A metric or label name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The name, without quotes and escapes.
    pub text: Box<str>,
    /// Its token.
    pub span: Span,
    /// Whether Grafana variables are in it.
    pub has_variables: bool,
}

/// Text with Grafana variables in it where PromQL wants something else than text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placeholder {
    /// The token as written.
    pub text: Box<str>,
    /// Its bytes.
    pub span: Span,
}

/// `name{label="value"}`, with the modifiers written behind it.
#[derive(Debug, Clone)]
pub struct Selector {
    /// The metric name before the braces.
    pub name: Option<Name>,
    /// From `{` to `}`; `None` without braces.
    pub braces: Option<Span>,
    /// In the order written; a quoted metric name within the braces is one of them.
    pub matchers: Vec<Matcher>,
    /// Grafana variables that stand for whole matchers: `{$filters}`.
    pub placeholders: Vec<Placeholder>,
    /// `offset` and `@`, where no range stands between.
    pub modifiers: Modifiers,
}

/// The label under which the metric name is held.
pub const METRIC_NAME: &str = "__name__";

impl Selector {
    /// The metric name, if exactly one is named: `a`, `{"a"}` or `{__name__="a"}`. No Grafana variable counts as a name.
    pub fn metric_name(&self) -> Option<&str> {
        if let Some(name) = &self.name {
            return (!name.has_variables).then_some(&name.text);
        }
        self.matchers
            .iter()
            .find(|matcher| {
                matcher.op == MatchOp::Equal
                    && &*matcher.label.text == METRIC_NAME
                    && !matcher.value.has_variables
            })
            .and_then(|matcher| std::str::from_utf8(&matcher.value.bytes).ok())
            .filter(|name| !name.is_empty())
    }

    /// Every name the metric can have, if the selector limits it to a list: also `{__name__=~"a|b_(c|d)"}`.
    pub fn metric_names(&self) -> Option<Vec<String>> {
        if let Some(name) = self.metric_name() {
            return Some(vec![name.to_owned()]);
        }
        self.name_matchers()
            .filter(|matcher| matcher.op == MatchOp::Regex && !matcher.value.has_variables)
            .find_map(|matcher| super::regexp::alternatives(&matcher.value.text()))
    }

    /// Where the metric name stands, for [`Selector::metric_name`] and patterns alike.
    pub fn metric_name_span(&self) -> Option<Span> {
        let in_braces = || {
            self.name_matchers()
                .next()
                .map(|matcher| matcher.value.span)
        };
        self.name.as_ref().map(|name| name.span).or_else(in_braces)
    }

    /// The matchers of the metric name within the braces.
    pub fn name_matchers(&self) -> impl Iterator<Item = &Matcher> {
        self.matchers
            .iter()
            .filter(|matcher| &*matcher.label.text == METRIC_NAME)
    }

    /// The matchers of other labels than the metric name.
    pub fn label_matchers(&self) -> impl Iterator<Item = &Matcher> {
        self.matchers
            .iter()
            .filter(|matcher| &*matcher.label.text != METRIC_NAME)
    }
}

/// `label="value"` within braces.
#[derive(Debug, Clone)]
pub struct Matcher {
    /// The label; [`METRIC_NAME`] for a bare quoted metric name, whose token is then [`Matcher::value`].
    pub label: Name,
    /// How the value is compared.
    pub op: MatchOp,
    /// The value.
    pub value: Text,
    /// Whether it is a bare quoted metric name: `{"a.b"}`.
    pub is_bare_name: bool,
    /// From label to value.
    pub span: Span,
}

/// What moves or extends the samples of a selector.
#[derive(Debug, Clone, Default)]
pub struct Modifiers {
    /// The duration after `offset`.
    pub offset: Option<NodeId>,
    /// The time after `@`.
    pub at: Option<At>,
    /// `anchored` or `smoothed`.
    pub extension: Option<Extension>,
}

/// The time after `@`.
#[derive(Debug, Clone, PartialEq)]
pub struct At {
    /// Which time.
    pub time: AtTime,
    /// From `@` to the end of the time.
    pub span: Span,
}

/// Which time stands after `@`.
#[derive(Debug, Clone, PartialEq)]
pub enum AtTime {
    /// Seconds since 1970.
    Timestamp(f64),
    /// `start()`: the start of the range query.
    Start,
    /// `end()`: the end of the range query.
    End,
    /// A Grafana variable, as written.
    Variable(Box<str>),
}

/// How a range treats its edges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the word itself")]
pub enum Extension {
    Anchored,
    Smoothed,
}

/// `selector[5m]`
#[derive(Debug, Clone)]
pub struct Range {
    /// The selector; any other node only where an error says so.
    pub selector: NodeId,
    /// The duration in brackets.
    pub window: NodeId,
    /// What is written behind the brackets.
    pub modifiers: Modifiers,
}

/// `expr[1h:5m]`
#[derive(Debug, Clone)]
pub struct Subquery {
    /// What is evaluated again and again.
    pub expr: NodeId,
    /// The duration before the colon.
    pub window: NodeId,
    /// The duration after the colon; `None` is the global evaluation interval.
    pub step: Option<NodeId>,
    /// What is written behind the brackets.
    pub modifiers: Modifiers,
}

/// `function(…)`
#[derive(Debug, Clone)]
pub struct Call {
    /// The function; `None` for an unknown one or a Grafana variable.
    pub function: Option<&'static Function>,
    /// Its name as written.
    pub name: Name,
    /// The arguments.
    pub arguments: Vec<NodeId>,
}

/// `sum by (label) (…)`
#[derive(Debug, Clone)]
pub struct Aggregation {
    /// Which aggregation.
    pub op: AggregateOp,
    /// Its token.
    pub op_span: Span,
    /// `by` or `without`; `None` aggregates everything into one series.
    pub grouping: Option<Grouping>,
    /// The argument before the expression: `topk(5, …)`.
    pub parameter: Option<NodeId>,
    /// What is aggregated.
    pub expr: NodeId,
    /// Further arguments, where an error says that there are too many.
    pub surplus: Vec<NodeId>,
}

/// `by (…)`, `without (…)`
#[derive(Debug, Clone)]
pub struct Grouping {
    /// `without` rather than `by`.
    pub without: bool,
    /// The labels.
    pub labels: Vec<Name>,
    /// From the keyword to the closing parenthesis.
    pub span: Span,
}

/// `a + b`
#[derive(Debug, Clone)]
pub struct Binary {
    /// The operator.
    pub op: BinaryOp,
    /// Its token.
    pub op_span: Span,
    /// The `bool` behind the operator.
    pub return_bool: Option<Span>,
    /// `on` or `ignoring`.
    pub matching: Option<Matching>,
    /// `fill`, `fill_left`, `fill_right`.
    pub fill: Fill,
    /// Left of the operator.
    pub left: NodeId,
    /// Right of the operator.
    pub right: NodeId,
}

/// `on (…)`, `ignoring (…)` and what follows them.
#[derive(Debug, Clone)]
pub struct Matching {
    /// `on` rather than `ignoring`.
    pub on: bool,
    /// The labels.
    pub labels: Vec<Name>,
    /// From the keyword to the closing parenthesis.
    pub span: Span,
    /// `group_left` or `group_right`.
    pub cardinality: Option<GroupModifier>,
}

/// `group_left (…)`, `group_right (…)`
#[derive(Debug, Clone)]
pub struct GroupModifier {
    /// Which side has the higher cardinality.
    pub side: Side,
    /// Labels to take over from the other side.
    pub labels: Vec<Name>,
    /// From the keyword to the closing parenthesis, if there is one.
    pub span: Span,
}

/// A side of a binary operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the word itself")]
pub enum Side {
    Left,
    Right,
}

/// Values for series that the other side lacks.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Fill {
    /// For what the left side lacks.
    pub left: Option<f64>,
    /// For what the right side lacks.
    pub right: Option<f64>,
    /// From the first `fill` to the last closing parenthesis.
    pub span: Option<Span>,
}

impl Kind {
    /// Calls `visit` with every child in the order of the text, durations included.
    pub fn for_each_child(&self, mut visit: impl FnMut(NodeId)) {
        let modifiers = |modifiers: &Modifiers, visit: &mut dyn FnMut(NodeId)| {
            if let Some(offset) = modifiers.offset {
                visit(offset);
            }
        };
        match self {
            Self::Number(_) | Self::String(_) | Self::Variable(_) | Self::Invalid => {}
            Self::Selector(selector) => modifiers(&selector.modifiers, &mut visit),
            Self::Range(range) => {
                visit(range.selector);
                visit(range.window);
                modifiers(&range.modifiers, &mut visit);
            }
            Self::Subquery(subquery) => {
                visit(subquery.expr);
                visit(subquery.window);
                if let Some(step) = subquery.step {
                    visit(step);
                }
                modifiers(&subquery.modifiers, &mut visit);
            }
            Self::Call(call) => call.arguments.iter().copied().for_each(visit),
            Self::Aggregation(aggregation) => {
                if let Some(parameter) = aggregation.parameter {
                    visit(parameter);
                }
                visit(aggregation.expr);
                aggregation.surplus.iter().copied().for_each(visit);
            }
            Self::Binary(binary) => {
                visit(binary.left);
                visit(binary.right);
            }
            Self::Unary(_, operand) | Self::Paren(operand) => visit(*operand),
        }
    }

    /// Calls `visit` with the number of every child of a node that is part of a duration.
    pub(super) fn for_each_duration_child_mut(&mut self, mut visit: impl FnMut(&mut NodeId)) {
        match self {
            Self::Call(call) => call.arguments.iter_mut().for_each(visit),
            Self::Binary(binary) => {
                visit(&mut binary.left);
                visit(&mut binary.right);
            }
            Self::Unary(_, operand) | Self::Paren(operand) => visit(operand),
            _ => {}
        }
    }

    /// The modifiers behind a selector, range or subquery.
    pub fn modifiers(&self) -> Option<&Modifiers> {
        match self {
            Self::Selector(selector) => Some(&selector.modifiers),
            Self::Range(range) => Some(&range.modifiers),
            Self::Subquery(subquery) => Some(&subquery.modifiers),
            _ => None,
        }
    }

    pub(super) fn modifiers_mut(&mut self) -> Option<&mut Modifiers> {
        match self {
            Self::Selector(selector) => Some(&mut selector.modifiers),
            Self::Range(range) => Some(&mut range.modifiers),
            Self::Subquery(subquery) => Some(&mut subquery.modifiers),
            _ => None,
        }
    }
}

impl Placeholder {
    /// The variables in it.
    pub fn variables(&self) -> Vec<Variable> {
        super::variable::scan_all(&self.text, self.span.start())
    }
}
