//! Rule files.

mod invalid_file;

use super::Lint;

pub(super) static LINTS: &[&Lint] = &[&invalid_file::LINT];
