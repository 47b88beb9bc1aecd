//! `alertmanager.yml`.

mod deprecated_match;
mod invalid_config;
mod invalid_template;
mod receiver_without_integration;
mod undefined_receiver;
mod undefined_template;
mod unexpanded_env;
mod unreachable_route;
mod unused_receiver;

use super::Lint;

pub(super) static LINTS: &[&Lint] = &[
    &deprecated_match::LINT,
    &invalid_config::LINT,
    &invalid_template::LINT,
    &receiver_without_integration::LINT,
    &undefined_receiver::LINT,
    &undefined_template::LINT,
    &unexpanded_env::LINT,
    &unreachable_route::LINT,
    &unused_receiver::LINT,
];
