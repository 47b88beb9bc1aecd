//! What others can read or do who should not.

mod exposed_admin_port;
mod grafana_open_admin;
mod plaintext_secret;

use super::Lint;

pub(super) static LINTS: &[&Lint] = &[
    &exposed_admin_port::LINT,
    &grafana_open_admin::LINT,
    &plaintext_secret::LINT,
];
