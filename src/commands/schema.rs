use super::{Console, Exit};
use crate::profile;

/// Prints the JSON Schema of a profile.
pub fn schema(console: Console) -> Exit {
    console.result(&schema_text());
    Exit::Clean
}

/// The JSON Schema as the text of `docs/reference/profile.schema.json`.
pub fn schema_text() -> String {
    let mut text = serde_json::to_string_pretty(profile::json_schema())
        .expect("internal error: a JSON value has only strings as keys");
    text.push('\n');
    text
}
