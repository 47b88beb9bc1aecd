use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

/// Where a secret is found when the stack is started. Holds a name, and cannot hold the secret.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum SecretRef {
    /// An environment variable of the one who starts the stack.
    Env(String),
    /// A file beside the Compose file.
    File(String),
}

impl SecretRef {
    /// Whether the name can be what it says: a variable's name, or a relative or absolute path
    /// that stays where it is told.
    pub fn is_well_formed(&self) -> bool {
        match self {
            Self::Env(name) => {
                !name.is_empty()
                    && !name.starts_with(|first: char| first.is_ascii_digit())
                    && name
                        .chars()
                        .all(|char| char.is_ascii_alphanumeric() || char == '_')
            }
            Self::File(path) => {
                !path.is_empty()
                    && !path.ends_with('/')
                    && path.chars().all(|char| {
                        char.is_ascii_alphanumeric() || matches!(char, '.' | '_' | '-' | '/')
                    })
            }
        }
    }
}

impl JsonSchema for SecretRef {
    fn schema_name() -> Cow<'static, str> {
        "SecretRef".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Where a secret is found: {env: NAME} for an environment variable, {file: PATH} for a file. Never the secret itself.",
            "type": "object",
            "properties": {
                "env": {
                    "description": "The name of an environment variable: letters, digits and `_`, no digit first.",
                    "type": "string",
                    "pattern": "^[A-Za-z_][A-Za-z0-9_]*$",
                },
                "file": {
                    "description": "The path of a file beside the Compose file: letters, digits, `.`, `_`, `-` and `/`.",
                    "type": "string",
                    "pattern": "^[A-Za-z0-9._/-]*[A-Za-z0-9._-]$",
                },
            },
            "minProperties": 1,
            "maxProperties": 1,
            "additionalProperties": false,
        })
    }
}
