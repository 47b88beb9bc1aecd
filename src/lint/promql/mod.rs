//! PromQL, wherever it stands: rules, panels, variables, annotations, alerts of Grafana.

mod aggregate_of_ratio;
mod bad_histogram_quantile;
mod contradicting_label;
mod delta_on_counter;
mod feature_not_in_pinned_prometheus;
mod label_already_removed;
mod or_vector_beside_labels;
mod range_too_short;
mod rate_on_non_counter;
mod raw_counter;
mod redundant_regex;
mod renamed_metric;
mod rival_metrics;
mod scale_mismatch;
mod series_labels;
mod syntax;
mod threshold_out_of_domain;
mod unknown_label;
mod unknown_metric;
mod unrendered_placeholder;
mod vector_match_mismatch;
mod zero_denominator;

use super::Lint;
use crate::promql::NodeId;

pub(super) static LINTS: &[&Lint] = &[
    &aggregate_of_ratio::LINT,
    &bad_histogram_quantile::LINT,
    &contradicting_label::LINT,
    &delta_on_counter::LINT,
    &feature_not_in_pinned_prometheus::LINT,
    &label_already_removed::LINT,
    &or_vector_beside_labels::LINT,
    &range_too_short::LINT,
    &rate_on_non_counter::LINT,
    &raw_counter::LINT,
    &redundant_regex::LINT,
    &renamed_metric::LINT,
    &rival_metrics::LINT,
    &scale_mismatch::LINT,
    &syntax::LINT,
    &threshold_out_of_domain::LINT,
    &unknown_label::LINT,
    &unknown_metric::LINT,
    &unrendered_placeholder::LINT,
    &vector_match_mismatch::LINT,
    &zero_denominator::LINT,
];

/// What stands around a node, from its parent to the root.
fn ancestors(parents: &[Option<NodeId>], id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
    let parent = |id: NodeId| parents.get(id.index()).copied().flatten();
    std::iter::successors(parent(id), move |id| parent(*id))
}
