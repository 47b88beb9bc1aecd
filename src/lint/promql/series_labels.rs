//! Labels of series, where the catalogue knows the metrics that they are of.

use std::collections::BTreeSet;

use crate::catalogue::Evidence;
use crate::facts::{Facts, Scraped};
use crate::lint::known_labels::{Attached, OF_EVERY_TARGET};
use crate::promql::{
    AggregateOp, Call, Grouping, Kind, MatchOp, NodeId, Parsed, Selector, ValueType,
};

/// The labels of what an expression, or a part of one, gives. What a target may have besides is not among them.
#[derive(Debug, Clone, Default)]
pub(super) struct SeriesLabels<'e> {
    /// The metric that they are known from; empty where only a grouping tells of them.
    pub metric: &'e str,
    /// Labels that each series has.
    pub always: BTreeSet<String>,
    /// Labels that the exporter or the expression can give, those of `always` included.
    pub possible: BTreeSet<String>,
    /// Whether an aggregation has taken everything else away.
    pub is_closed: bool,
}

impl<'e> SeriesLabels<'e> {
    /// Of the node `id`; `None` where the catalogue, or this, knows too little.
    pub fn of(
        facts: &Facts<'_>,
        attached: &Attached,
        parsed: &'e Parsed,
        id: NodeId,
    ) -> Option<Self> {
        let of = |id| Self::of(facts, attached, parsed, id);
        match &parsed[parsed.bare(id)].kind {
            Kind::Selector(selector) => Self::of_selector(facts, attached, selector),
            Kind::Range(range) => of(range.selector),
            Kind::Subquery(subquery) => of(subquery.expr),
            Kind::Unary(_, inner) => of(*inner),
            Kind::Call(call) => of(argument(call)?),
            Kind::Aggregation(aggregation) if aggregation.op.keeps_series() => of(aggregation.expr),
            Kind::Aggregation(aggregation) if aggregation.op == AggregateOp::CountValues => None,
            Kind::Aggregation(aggregation) => {
                let grouping = aggregation.grouping.as_ref();
                // What is left is said by the grouping, whatever there was before; `without` says only what is not.
                let inner = match grouping.is_some_and(|grouping| grouping.without) {
                    true => of(aggregation.expr)?,
                    false => of(aggregation.expr).unwrap_or_default(),
                };
                inner.grouped(grouping)
            }
            Kind::Binary(binary) if binary.op.is_arithmetic() || binary.op.is_comparison() => {
                match (parsed.number(binary.left), parsed.number(binary.right)) {
                    (None, Some(_)) => of(binary.left),
                    (Some(_), None) => of(binary.right),
                    // Both sides have the same labels, or there is no result.
                    _ if binary.matching.is_none() => of(binary.left),
                    _ => None,
                }
            }
            Kind::Binary(binary) if binary.op.is_set() && binary.op.as_str() != "or" => {
                of(binary.left)
            }
            _ => None,
        }
    }

    fn of_selector(facts: &Facts<'_>, attached: &Attached, selector: &'e Selector) -> Option<Self> {
        let name = selector.metric_name()?;
        if facts.recorded.contains_key(name) || facts.given.metrics.labels(name).is_some() {
            return None;
        }
        let mut known = facts
            .catalogue
            .exporters()
            .filter_map(|exporter| exporter.resolve(name));
        let (resolved, None) = (known.next()?, known.next()) else {
            return None;
        };
        let prefix = facts.catalogue.prefixes().of(name);
        let is_its_own = prefix.is_some_and(|prefix| prefix.evidence == Evidence::Strong);
        if !is_its_own && !matches!(facts.scraped(resolved.exporter), Scraped::By(_)) {
            return None;
        }
        let added = resolved.exporter.added_labels.iter();
        let mut possible: BTreeSet<String> = resolved
            .metric
            .all_labels()
            .chain(resolved.part_label())
            .chain(added.map(|added| added.label.as_str()))
            .chain(OF_EVERY_TARGET)
            .map(str::to_owned)
            .collect();
        let versions: Vec<_> = match facts.scraped(resolved.exporter) {
            Scraped::By(all) => all.iter().map(|one| one.exporter).collect(),
            _ => vec![None],
        };
        // What came with a version, or stands among the labels of targets, is on some series and not on others.
        let is_constant = |label: &&String| {
            !attached.has(label)
                && versions
                    .iter()
                    .all(|version| resolved.metric.has_label(label, *version))
        };
        let mut always: BTreeSet<String> = resolved
            .metric
            .labels
            .iter()
            .filter(is_constant)
            .cloned()
            .collect();
        if !attached.drops {
            always.extend(OF_EVERY_TARGET.map(str::to_owned));
        }
        for matcher in selector.label_matchers() {
            let label = &*matcher.label.text;
            if matcher.label.has_variables {
                return None;
            }
            // A label that the catalogue does not know: it is another metric of that name, or a slip.
            if !possible.contains(label) && !attached.has(label) {
                return None;
            }
            match matcher.op {
                MatchOp::Equal if matcher.value.bytes.is_empty() => {
                    always.remove(label);
                    possible.remove(label);
                }
                MatchOp::Equal if !matcher.value.has_variables => {
                    always.insert(label.to_owned());
                    possible.insert(label.to_owned());
                }
                _ => {
                    possible.insert(label.to_owned());
                }
            }
        }
        Some(Self {
            metric: name,
            always,
            possible,
            is_closed: false,
        })
    }

    fn grouped(mut self, grouping: Option<&Grouping>) -> Option<Self> {
        let Some(grouping) = grouping else {
            self.always.clear();
            self.possible.clear();
            self.is_closed = true;
            return Some(self);
        };
        if grouping.labels.iter().any(|label| label.has_variables) {
            return None;
        }
        let names: BTreeSet<&str> = grouping.labels.iter().map(|label| &*label.text).collect();
        let keeps = |label: &String| names.contains(label.as_str()) != grouping.without;
        self.always.retain(&keeps);
        self.possible.retain(&keeps);
        if !grouping.without {
            // A target may have what the exporter does not give.
            self.possible.extend(names.into_iter().map(str::to_owned));
            self.is_closed = true;
        }
        Some(self)
    }
}

/// The argument whose labels the result of a call has; `None` where the function makes labels of its own.
fn argument(call: &Call) -> Option<NodeId> {
    let function = call.function?;
    let makes_labels = matches!(
        function.name,
        "absent"
            | "absent_over_time"
            | "scalar"
            | "info"
            | "label_replace"
            | "label_join"
            | "histogram_quantile"
            | "histogram_quantiles"
            | "histogram_fraction"
    );
    let of_series =
        |argument: &&ValueType| matches!(argument, ValueType::Vector | ValueType::Matrix);
    let index = function
        .arguments
        .iter()
        .position(|argument| of_series(&argument))
        .filter(|_| !makes_labels)?;
    call.arguments.get(index).copied()
}
