//! Diagnostics and outcomes as people and programs read them.

mod expression;
mod findings;
mod fold;
mod json;
mod redact;
mod text;

pub use expression::{Expression, diagnostics as expression_diagnostics};
pub use findings::{Hidden, Report};
pub use fold::{Folded, folded};
pub use json::{diagnostic as diagnostic_json, location as location_json};
pub use redact::redact;
pub use text::{Style, concise, diff, diff_between, render};
