//! Dashboards of Grafana.

mod grid;
pub(super) mod measure;
mod successor;

mod dashboard_identity_mismatch;
mod disordered_thresholds;
mod duplicate_id;
mod fixed_rate_range;
mod foreign_query_language;
mod ignored_query_datasource;
mod impossible_legend_label;
mod invalid_json;
mod label_number_mismatch;
mod mixed_units;
mod multi_value_equality;
mod named_metric;
mod not_provisionable;
mod operation_mismatch;
mod overlapping_panels;
mod panel_outside_grid;
mod partially_applied_variable;
mod percent_scale;
mod removed_panel_type;
mod title_metric_mismatch;
mod undefined_variable;
mod uneven_filter;
mod unit_mismatch;

use super::Lint;
use crate::document::JsonText;
use crate::setup::Document;

/// The text of a dashboard that is to be changed, where it is JSON and not a text within another file.
fn json_text(document: &Document) -> Option<JsonText<'_>> {
    let is_whole = document.wrapper.is_none() || document.is_part();
    let text = document.text.text();
    (is_whole && text.trim_start().starts_with('{')).then(|| JsonText::new(text))
}

pub(super) static LINTS: &[&Lint] = &[
    &dashboard_identity_mismatch::LINT,
    &disordered_thresholds::LINT,
    &duplicate_id::LINT,
    &fixed_rate_range::LINT,
    &foreign_query_language::LINT,
    &ignored_query_datasource::LINT,
    &impossible_legend_label::LINT,
    &invalid_json::LINT,
    &label_number_mismatch::LINT,
    &mixed_units::LINT,
    &multi_value_equality::LINT,
    &not_provisionable::LINT,
    &operation_mismatch::LINT,
    &overlapping_panels::LINT,
    &panel_outside_grid::LINT,
    &partially_applied_variable::LINT,
    &percent_scale::LINT,
    &removed_panel_type::LINT,
    &title_metric_mismatch::LINT,
    &undefined_variable::LINT,
    &uneven_filter::LINT,
    &unit_mismatch::LINT,
];
