//! Rule files.

mod duplicate_alert;
mod fires_while_healthy;
mod for_too_short;
mod impossible_annotation_label;
mod invalid_file;
mod inverted_severity;
mod missing_metadata;
mod no_condition;
mod text_contradicts_threshold;
mod title_metric_mismatch;
mod unformatted_value;
mod value_in_label;

use super::Lint;

pub(super) static LINTS: &[&Lint] = &[
    &duplicate_alert::LINT,
    &fires_while_healthy::LINT,
    &for_too_short::LINT,
    &impossible_annotation_label::LINT,
    &invalid_file::LINT,
    &inverted_severity::LINT,
    &missing_metadata::LINT,
    &no_condition::LINT,
    &text_contradicts_threshold::LINT,
    &title_metric_mismatch::LINT,
    &unformatted_value::LINT,
    &value_in_label::LINT,
];
