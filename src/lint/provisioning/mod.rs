//! What Grafana is provisioned with.

mod conflicting_datasource;
mod duplicate_rule_uid;
mod filtering_query_with_threshold;
mod implicit_datasource_uid;
mod incomplete_rule_query;
mod misplaced_credential;
mod nested_file;
mod overlapping_providers;
mod unescaped_dollar;
mod unknown_condition;
mod unknown_key;
mod unset_variable;
mod unsupported_env_syntax;

use super::Lint;

pub(super) static LINTS: &[&Lint] = &[
    &conflicting_datasource::LINT,
    &duplicate_rule_uid::LINT,
    &filtering_query_with_threshold::LINT,
    &implicit_datasource_uid::LINT,
    &incomplete_rule_query::LINT,
    &misplaced_credential::LINT,
    &nested_file::LINT,
    &overlapping_providers::LINT,
    &unescaped_dollar::LINT,
    &unknown_condition::LINT,
    &unknown_key::LINT,
    &unset_variable::LINT,
    &unsupported_env_syntax::LINT,
];
