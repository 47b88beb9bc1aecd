//! Rule files.

mod impossible_annotation_label;
mod invalid_file;
mod title_metric_mismatch;

use super::Lint;

pub(super) static LINTS: &[&Lint] = &[
    &impossible_annotation_label::LINT,
    &invalid_file::LINT,
    &title_metric_mismatch::LINT,
];
