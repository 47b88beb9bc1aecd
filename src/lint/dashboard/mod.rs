//! Dashboards of Grafana.

mod grid;
mod measure;

mod dashboard_identity_mismatch;
mod disordered_thresholds;
mod duplicate_id;
mod impossible_legend_label;
mod label_number_mismatch;
mod mixed_units;
mod operation_mismatch;
mod overlapping_panels;
mod panel_outside_grid;
mod percent_scale;
mod removed_panel_type;
mod title_metric_mismatch;
mod unit_mismatch;

use super::Lint;

pub(super) static LINTS: &[&Lint] = &[
    &dashboard_identity_mismatch::LINT,
    &disordered_thresholds::LINT,
    &duplicate_id::LINT,
    &impossible_legend_label::LINT,
    &label_number_mismatch::LINT,
    &mixed_units::LINT,
    &operation_mismatch::LINT,
    &overlapping_panels::LINT,
    &panel_outside_grid::LINT,
    &percent_scale::LINT,
    &removed_panel_type::LINT,
    &title_metric_mismatch::LINT,
    &unit_mismatch::LINT,
];
