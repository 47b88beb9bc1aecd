//! What an expression does, computed once: labels, reads, kinds, units and values of every part.

mod convention;
mod domain;
mod flow;
mod labels;
mod quantity;
mod reads;
#[cfg(test)]
mod tests;
mod unit;

use std::sync::Arc;

pub use convention::NamingConventions;
pub use domain::{Domain, Outcome};
pub use labels::{LabelFacts, Labels, Presence};
pub use quantity::{Quantity, ValueKind};
pub use reads::{Length, Read, Window};
pub use unit::Unit;

use super::{Function, Kind, NodeId, Parsed};
use crate::source::Span;

/// What is known of metrics from elsewhere: a catalogue, recording rules, a running server.
pub trait Knowledge {
    /// What is known of the metric `name`; `None` for nothing.
    fn metric(&self, name: &str) -> Option<MetricFacts>;
}

/// No knowledge at all.
impl Knowledge for () {
    fn metric(&self, _: &str) -> Option<MetricFacts> {
        None
    }
}

/// What the first knows, else what the second does.
impl<A: Knowledge, B: Knowledge> Knowledge for (&A, B) {
    fn metric(&self, name: &str) -> Option<MetricFacts> {
        self.0.metric(name).or_else(|| self.1.metric(name))
    }
}

/// What a metric measures.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum MetricKind {
    /// Not known.
    #[default]
    Unknown,
    /// Only grows, but for resets, whatever type it is exposed as.
    Counter,
    /// A level.
    Gauge,
    /// 0 or 1.
    Boolean,
    /// Seconds since 1970.
    Timestamp,
    /// Buckets of a classic histogram, or a native one.
    Histogram,
    /// Always 1: the labels matter.
    Info,
}

/// What is known of one metric.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MetricFacts {
    /// What it measures.
    pub kind: MetricKind,
    /// The unit of its samples.
    pub unit: Option<Unit>,
    /// The unit of what a histogram observes.
    pub observed: Option<Unit>,
    /// The values it can have.
    pub domain: Option<Domain>,
    /// Every label it can have, those of targets included; `None` where the list is not known to be complete.
    pub labels: Option<Vec<String>>,
}

/// A label that is used where an inner part of the expression has taken it away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemovedLabel {
    /// The label.
    pub label: String,
    /// Where it is named.
    pub span: Span,
    /// The aggregation, call or operator that names it.
    pub user: NodeId,
    /// What took it away.
    pub removed_by: NodeId,
}

/// Two sides of an operator that must agree on a label and never do: no result at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImpossibleMatch {
    /// The operator.
    pub node: NodeId,
    /// The label.
    pub label: String,
    /// What the left side has.
    pub left: LabelFacts,
    /// What the right side has.
    pub right: LabelFacts,
}

/// Two sides that are added or compared and have different units.
#[derive(Debug, Clone, PartialEq)]
pub struct UnitMismatch {
    /// The operator.
    pub node: NodeId,
    /// The unit of its left side.
    pub left: Unit,
    /// The unit of its right side.
    pub right: Unit,
}

/// A comparison that is decided before any sample is read.
///
/// One that always holds filters nothing: a mistake for a threshold, harmless where only the presence of
/// series counts, as in `count(up == 0) > 0` and `absent(up) == 1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ComparisonOutcome {
    /// The comparison.
    pub node: NodeId,
    /// [`Outcome::Always`] or [`Outcome::Never`].
    pub outcome: Outcome,
}

/// A call of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FunctionUse {
    /// The call.
    pub node: NodeId,
    /// The function.
    pub function: &'static Function,
}

/// What an expression does.
#[derive(Debug, Clone)]
pub struct Analysis {
    labels: Vec<Arc<Labels>>,
    quantities: Vec<Quantity>,
    /// Every selector, in the order of the text.
    pub reads: Vec<Read>,
    /// Every range and subquery.
    pub windows: Vec<Window>,
    /// Every call of a known function.
    pub functions: Vec<FunctionUse>,
    /// Sides of different units.
    pub unit_mismatches: Vec<UnitMismatch>,
    /// Comparisons that always or never hold.
    pub decided_comparisons: Vec<ComparisonOutcome>,
    /// Labels used where they no longer are.
    pub removed_labels: Vec<RemovedLabel>,
    /// Operators whose sides can never match.
    pub impossible_matches: Vec<ImpossibleMatch>,
}

impl Analysis {
    /// Analyses `parsed`, which may have errors: of what could not be read, nothing is claimed.
    pub fn of(parsed: &Parsed, knowledge: &dyn Knowledge) -> Self {
        let flow = flow::Flow::of(parsed, knowledge);
        let quantities = quantity::Quantities::of(parsed, knowledge);
        let (reads, windows) = reads::collect(parsed);
        let mut functions: Vec<FunctionUse> = parsed
            .nodes()
            .filter_map(|(node, part)| match &part.kind {
                Kind::Call(call) => call.function.map(|function| FunctionUse { node, function }),
                _ => None,
            })
            .collect();
        functions.shrink_to_fit();
        Self {
            labels: flow.labels,
            quantities: quantities.all,
            reads,
            windows,
            functions,
            unit_mismatches: quantities.mismatches,
            decided_comparisons: quantities.outcomes,
            removed_labels: flow.removed,
            impossible_matches: flow.impossible,
        }
    }

    /// What the values of a node are. Panics on a node of another expression.
    pub fn quantity(&self, id: NodeId) -> &Quantity {
        &self.quantities[id.index()]
    }

    /// The labels of the series that a node evaluates to. Panics on a node of another expression.
    pub fn labels(&self, id: NodeId) -> &Labels {
        &self.labels[id.index()]
    }
}
