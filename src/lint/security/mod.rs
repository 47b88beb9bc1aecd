//! What others can read or do who should not.

mod exporter_leaks_secrets;
mod exposed_admin_port;
mod grafana_open_admin;
mod open_redis;
mod plaintext_secret;
mod unverified_tls;

use super::Lint;

pub(super) static LINTS: &[&Lint] = &[
    &exporter_leaks_secrets::LINT,
    &exposed_admin_port::LINT,
    &grafana_open_admin::LINT,
    &open_redis::LINT,
    &plaintext_secret::LINT,
    &unverified_tls::LINT,
];
