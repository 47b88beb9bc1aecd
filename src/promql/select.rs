//! Lists of what an expression selects and compares, and the constants in it.

use super::node::{AtTime, Binary, Kind, Node, NodeId, Selector};
use super::number::Duration;
use super::operator::{BinaryOp, Sign};
use super::{Parsed, ValueType};
use crate::source::Span;

/// A selector and the samples it reads.
#[derive(Debug, Clone, Copy)]
pub struct SelectorUse<'a> {
    /// The selector's node.
    pub node: NodeId,
    /// Name and matchers.
    pub selector: &'a Selector,
    /// Its bytes, without the range behind it.
    pub span: Span,
    /// The duration in brackets behind it; `None` for an instant selector.
    pub window: Option<NodeId>,
}

/// A comparison between two expressions.
#[derive(Debug, Clone, Copy)]
pub struct Comparison<'a> {
    /// The comparison's node.
    pub node: NodeId,
    /// Operator and sides.
    pub binary: &'a Binary,
    /// The constant that is compared with, and whether it stands on the right; `None` if neither side is one.
    pub threshold: Option<(f64, bool)>,
}

impl Parsed {
    /// Every selector, in the order of the text.
    pub fn selectors(&self) -> Vec<SelectorUse<'_>> {
        let mut windows = vec![None; self.node_count()];
        for (_, node) in self.nodes() {
            if let Kind::Range(range) = &node.kind {
                windows[range.selector.index()] = Some(range.window);
            }
        }
        self.nodes()
            .filter_map(|(id, node)| match &node.kind {
                Kind::Selector(selector) => Some(SelectorUse {
                    node: id,
                    selector,
                    span: node.span,
                    window: windows[id.index()],
                }),
                _ => None,
            })
            .collect()
    }

    /// Every `==`, `!=`, `<`, `<=`, `>`, `>=`, inner ones first.
    pub fn comparisons(&self) -> impl Iterator<Item = Comparison<'_>> {
        self.nodes().filter_map(|(id, node)| match &node.kind {
            Kind::Binary(binary) if binary.op.is_comparison() => {
                let right = self.number(binary.right).map(|value| (value, true));
                let threshold =
                    right.or_else(|| self.number(binary.left).map(|value| (value, false)));
                Some(Comparison {
                    node: id,
                    binary,
                    threshold,
                })
            }
            _ => None,
        })
    }

    /// The value of a scalar expression that has only literals in it.
    pub fn number(&self, id: NodeId) -> Option<f64> {
        constant(&self.constants, id)
    }

    /// The duration in brackets or behind `offset`, where no query parameter and no variable decides it.
    pub fn duration(&self, id: NodeId) -> Option<Duration> {
        self.number(id).and_then(Duration::from_seconds)
    }

    /// The window of a range or subquery node.
    pub fn window(&self, id: NodeId) -> Option<Duration> {
        match &self[id].kind {
            Kind::Range(range) => self.duration(range.window),
            Kind::Subquery(subquery) => self.duration(subquery.window),
            _ => None,
        }
    }

    /// The time after `@`, in seconds since 1970, of a selector, range or subquery.
    pub fn fixed_time(&self, id: NodeId) -> Option<f64> {
        match self[id].kind.modifiers()?.at.as_ref()?.time {
            AtTime::Timestamp(seconds) => Some(seconds),
            _ => None,
        }
    }
}

/// Nodes that have only literals in them, in their order, with their values.
pub(super) fn constants(nodes: &[Node]) -> Vec<(NodeId, f64)> {
    let mut values = Vec::new();
    for (index, node) in (0..).zip(nodes) {
        let value = |child: &NodeId| constant(&values, *child);
        let constant = match &node.kind {
            _ if !matches!(node.value_type, ValueType::Scalar | ValueType::Duration) => None,
            Kind::Number(number) => Some(number.value),
            Kind::Paren(inner) | Kind::Unary(Sign::Plus, inner) => value(inner),
            Kind::Unary(Sign::Minus, operand) => value(operand).map(|number| -number),
            Kind::Binary(binary) => value(&binary.left)
                .zip(value(&binary.right))
                .and_then(|(left, right)| binary.op.calculate(left, right)),
            Kind::Call(call) => match (&*call.name.text, call.arguments.as_slice()) {
                ("pi", []) => Some(std::f64::consts::PI),
                ("min_of" | "min", [left, right]) => value(left)
                    .zip(value(right))
                    .map(|(left, right)| left.min(right)),
                ("max_of" | "max", [left, right]) => value(left)
                    .zip(value(right))
                    .map(|(left, right)| left.max(right)),
                _ => None,
            },
            _ => None,
        };
        values.extend(constant.map(|value| (NodeId(index), value)));
    }
    values.shrink_to_fit();
    values
}

fn constant(values: &[(NodeId, f64)], id: NodeId) -> Option<f64> {
    let place = values.binary_search_by_key(&id, |(id, _)| *id).ok()?;
    values.get(place).map(|(_, value)| *value)
}

impl BinaryOp {
    /// Both numbers combined, 1 for a comparison that holds and 0 for one that does not; `None` for operators that need series.
    pub fn calculate(self, left: f64, right: f64) -> Option<f64> {
        let truth = |holds: bool| Some(if holds { 1.0 } else { 0.0 });
        match self {
            Self::Add => Some(left + right),
            Self::Sub => Some(left - right),
            Self::Mul => Some(left * right),
            Self::Div => Some(left / right),
            Self::Mod => Some(left % right),
            Self::Pow => Some(left.powf(right)),
            Self::Atan2 => Some(left.atan2(right)),
            Self::Equal => truth(left == right),
            Self::NotEqual => truth(left != right),
            Self::Less => truth(left < right),
            Self::LessEqual => truth(left <= right),
            Self::Greater => truth(left > right),
            Self::GreaterEqual => truth(left >= right),
            _ => None,
        }
    }
}
