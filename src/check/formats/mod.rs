//! The configuration formats, understood natively: what their own readers accept, from which version on, and where
//! a file goes wrong. Nothing here runs a program or reads a file.

mod alertmanager;
mod checker;
mod go_template;
mod go_url;
mod http;
mod prometheus;
mod relabel;
mod rules;
mod scalar;
mod table;

pub use alertmanager::check_alertmanager;
pub use prometheus::{PrometheusOptions, check_prometheus, check_targets};
pub use rules::{RuleOptions, check_rules};
