//! `prometheus.yml`.

mod duplicate_target;
mod interval_exceeds_lookback;
mod invalid_config;
mod redis_scraped_as_http;
mod unexpanded_env;

use super::Lint;

pub(super) static LINTS: &[&Lint] = &[
    &duplicate_target::LINT,
    &interval_exceeds_lookback::LINT,
    &invalid_config::LINT,
    &redis_scraped_as_http::LINT,
    &unexpanded_env::LINT,
];
