//! Rule files.

mod for_too_short;
mod impossible_annotation_label;
mod invalid_file;
mod inverted_severity;
mod no_condition;
mod text_contradicts_threshold;
mod title_metric_mismatch;
mod value_in_label;

use super::Lint;

pub(super) static LINTS: &[&Lint] = &[
    &for_too_short::LINT,
    &impossible_annotation_label::LINT,
    &invalid_file::LINT,
    &inverted_severity::LINT,
    &no_condition::LINT,
    &text_contradicts_threshold::LINT,
    &title_metric_mismatch::LINT,
    &value_in_label::LINT,
];
