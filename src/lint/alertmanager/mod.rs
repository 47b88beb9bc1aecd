//! `alertmanager.yml`.

mod invalid_config;
mod unreachable_route;

use super::Lint;

pub(super) static LINTS: &[&Lint] = &[&invalid_config::LINT, &unreachable_route::LINT];
