//! Compose files.

mod ephemeral_data;
mod floating_image;
mod impossible_healthcheck;
mod invalid_file;
mod missing_bind_source;
mod port_clash;
mod shadowed_mount;

use super::Lint;

pub(super) static LINTS: &[&Lint] = &[
    &ephemeral_data::LINT,
    &floating_image::LINT,
    &impossible_healthcheck::LINT,
    &invalid_file::LINT,
    &missing_bind_source::LINT,
    &port_clash::LINT,
    &shadowed_mount::LINT,
];
