//! Dashboards.

mod duplicate_id;

use super::Lint;

pub(super) static LINTS: &[&Lint] = &[&duplicate_id::LINT];
