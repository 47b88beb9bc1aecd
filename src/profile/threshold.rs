use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// The value of a threshold as written: a number in the threshold's base unit, text with a unit
/// (`90%`, `5ms`, `100mb`), a level (`high`), or `off`. What it means depends on the threshold's unit, which the
/// catalogue knows.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(untagged)]
pub enum ThresholdValue {
    /// In the threshold's base unit: ratio, seconds, bytes, or a count.
    Number(f64),
    /// With a unit, or `off`.
    Text(String),
}

impl ThresholdValue {
    /// Whether this severity is switched off.
    pub fn is_off(&self) -> bool {
        matches!(self, Self::Text(text) if text == "off")
    }
}

impl JsonSchema for ThresholdValue {
    fn schema_name() -> Cow<'static, str> {
        "ThresholdValue".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A number in the threshold's base unit, text with a unit (90%, 5ms, 100mb), a level (medium), or off.",
            "anyOf": [
                {"type": "number"},
                {"type": "string", "pattern": "^(off|low|medium|high|-?[0-9]+(\\.[0-9]+)? ?[a-zA-Z%/]*)$"},
            ],
        })
    }
}
