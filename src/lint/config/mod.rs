//! What a project says to us: comments that suppress findings, and `stackwright.toml`.

mod expired_suppression;
mod invalid_suppression;
mod unknown_suppression;
mod unused_suppression;

use super::Lint;

/// The area.
pub(super) const AREA: &str = "config";

/// Lints of the area `config`, by name. They run after all others, and may look at what those found.
pub(super) static LINTS: &[&Lint] = &[
    &expired_suppression::LINT,
    &invalid_suppression::LINT,
    &unknown_suppression::LINT,
    &unused_suppression::LINT,
];
