//! The configuration formats, understood natively: what their own readers accept, from which version on, and where
//! a file goes wrong. Nothing here runs a program or reads a file.

mod alertmanager;
mod checker;
mod compose;
mod go_template;
mod go_url;
mod http;
mod prometheus;
mod relabel;
mod rule_test;
mod rules;
mod scalar;
mod series;
mod table;

pub use alertmanager::check_alertmanager;
pub use compose::{ComposeFiles, ComposeOptions, NEWEST_COMPOSE, check_compose};
pub use prometheus::{Included, PrometheusOptions, check_prometheus, check_targets};
pub use rule_test::check_rule_tests;
pub use rules::{RuleOptions, check_rules};
