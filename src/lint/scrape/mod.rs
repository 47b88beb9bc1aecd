//! `prometheus.yml`.

mod duplicate_target;
mod incomplete_multi_target_relabel;
mod interval_exceeds_lookback;
mod invalid_config;
mod monitor_selects_nothing;
mod redis_scraped_as_http;
mod setting_not_in_pinned_version;
mod unexpanded_env;
mod unknown_monitor_port;
mod unknown_probe_module;

use super::Lint;

pub(super) static LINTS: &[&Lint] = &[
    &duplicate_target::LINT,
    &incomplete_multi_target_relabel::LINT,
    &interval_exceeds_lookback::LINT,
    &invalid_config::LINT,
    &monitor_selects_nothing::LINT,
    &redis_scraped_as_http::LINT,
    &setting_not_in_pinned_version::LINT,
    &unexpanded_env::LINT,
    &unknown_monitor_port::LINT,
    &unknown_probe_module::LINT,
];
