//! Across files: what one of them expects of another.

mod rule_glob_matches_nothing;

use super::Lint;

pub(super) static LINTS: &[&Lint] = &[&rule_glob_matches_nothing::LINT];
