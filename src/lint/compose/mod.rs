//! Compose files.

mod floating_image;
mod impossible_healthcheck;
mod shadowed_mount;

use super::Lint;

pub(super) static LINTS: &[&Lint] = &[
    &floating_image::LINT,
    &impossible_healthcheck::LINT,
    &shadowed_mount::LINT,
];
