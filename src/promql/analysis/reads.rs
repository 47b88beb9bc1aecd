//! What an expression reads: metrics, windows, functions.

use super::super::function::Function;
use super::super::node::Kind;
use super::super::number::Duration;
use super::super::{NodeId, Parsed};

/// One selector, and how its samples are used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// The selector.
    pub selector: NodeId,
    /// Every name its metric can have; `None` where no short list is given.
    pub metrics: Option<Vec<String>>,
    /// The range behind it; `None` where the latest sample is read.
    pub range: Option<NodeId>,
    /// The function whose argument it is, directly or in parentheses.
    pub function: Option<&'static Function>,
    /// The nearest subquery around it.
    pub subquery: Option<NodeId>,
}

/// How long a window is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Length {
    /// So long.
    Fixed(Duration),
    /// As long as a Grafana variable says: `$__rate_interval`.
    Variable(String),
    /// Decided by the query: `step()`, `range()`.
    Query,
}

/// Brackets: a range or a subquery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// The range or subquery.
    pub node: NodeId,
    /// How long.
    pub length: Length,
    /// The step of a subquery that gives one.
    pub step: Option<Length>,
    /// Whether it is a subquery.
    pub is_subquery: bool,
    /// The function that is applied to it.
    pub function: Option<&'static Function>,
}

/// Every selector, in the order of the text, and every window.
pub(super) fn collect(parsed: &Parsed) -> (Vec<Read>, Vec<Window>) {
    let count = parsed.node_count();
    // What each node is an argument of, and the subquery it is in: handed down from parents to children.
    let mut function: Vec<Option<&'static Function>> = vec![None; count];
    let mut subquery: Vec<Option<NodeId>> = vec![None; count];
    let mut range: Vec<Option<NodeId>> = vec![None; count];
    for (id, node) in parsed.nodes().rev() {
        let (own_function, own_subquery) = (function[id.index()], subquery[id.index()]);
        let hands_down = match &node.kind {
            Kind::Call(call) => call.function,
            Kind::Paren(_) | Kind::Range(_) | Kind::Unary(..) => own_function,
            _ => None,
        };
        let inner_subquery = match &node.kind {
            Kind::Subquery(_) => Some(id),
            _ => own_subquery,
        };
        node.kind.for_each_child(|child| {
            function[child.index()] = hands_down;
            subquery[child.index()] = inner_subquery;
        });
        if let Kind::Range(inner) = &node.kind {
            range[inner.selector.index()] = Some(id);
        }
    }
    let mut reads = Vec::new();
    let mut windows = Vec::new();
    for (id, node) in parsed.nodes() {
        match &node.kind {
            Kind::Selector(selector) => reads.push(Read {
                selector: id,
                metrics: selector.metric_names(),
                range: range[id.index()],
                function: function[id.index()],
                subquery: subquery[id.index()],
            }),
            Kind::Range(inner) => windows.push(Window {
                node: id,
                length: length(parsed, inner.window),
                step: None,
                is_subquery: false,
                function: function[id.index()],
            }),
            Kind::Subquery(inner) => windows.push(Window {
                node: id,
                length: length(parsed, inner.window),
                step: inner.step.map(|step| length(parsed, step)),
                is_subquery: true,
                function: function[id.index()],
            }),
            _ => {}
        }
    }
    // Most expressions have one of each, for which a list makes room for four.
    reads.shrink_to_fit();
    windows.shrink_to_fit();
    reads.sort_by_key(|read| parsed[read.selector].span);
    (reads, windows)
}

fn length(parsed: &Parsed, id: NodeId) -> Length {
    if let Some(duration) = parsed.duration(id) {
        return Length::Fixed(duration);
    }
    match &parsed[id].kind {
        Kind::Variable(placeholder) => Length::Variable(placeholder.text.to_string()),
        _ => Length::Query,
    }
}
