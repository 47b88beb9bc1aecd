//! `prometheus.yml`.

mod invalid_config;

use super::Lint;

pub(super) static LINTS: &[&Lint] = &[&invalid_config::LINT];
