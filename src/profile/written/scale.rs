//! How much the stack may become, and how it is spread.

use schemars::JsonSchema;
use serde::Deserialize;

/// What an environment may cost.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Budget {
    /// The most series that Prometheus may hold at a time, as `render` estimates them. More fail the render.
    pub series: Option<usize>,
}
