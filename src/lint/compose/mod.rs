//! Compose files.

mod floating_image;
mod impossible_healthcheck;

use super::Lint;

pub(super) static LINTS: &[&Lint] = &[&floating_image::LINT, &impossible_healthcheck::LINT];
