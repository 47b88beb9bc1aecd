//! What an expression does, computed once: labels, reads, kinds, units and values of every part.

mod flow;
mod labels;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use labels::{LabelFacts, Labels, Presence};

use super::{NodeId, Parsed};
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

/// What is known of one metric.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MetricFacts {
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

/// What an expression does.
#[derive(Debug, Clone)]
pub struct Analysis {
    labels: Vec<Arc<Labels>>,
    /// Labels used where they no longer are.
    pub removed_labels: Vec<RemovedLabel>,
    /// Operators whose sides can never match.
    pub impossible_matches: Vec<ImpossibleMatch>,
}

impl Analysis {
    /// Analyses `parsed`, which may have errors: of what could not be read, nothing is claimed.
    pub fn of(parsed: &Parsed, knowledge: &dyn Knowledge) -> Self {
        let flow = flow::Flow::of(parsed, knowledge);
        Self {
            labels: flow.labels,
            removed_labels: flow.removed,
            impossible_matches: flow.impossible,
        }
    }

    /// The labels of the series that a node evaluates to. Panics on a node of another expression.
    pub fn labels(&self, id: NodeId) -> &Labels {
        &self.labels[id.index()]
    }
}
