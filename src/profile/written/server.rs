//! Redis servers that the stack runs itself.

use std::borrow::Cow;

use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};

use crate::profile::SecretRef;
use crate::redis_conf;

/// A Redis that the Compose file runs. The service's name is the host of the target's address.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    /// Whole image reference; unset: `redis` in the pinned version.
    pub image: Option<String>,
    /// Host port to publish, on `compose.bind`. Unset: not published.
    pub port: Option<u16>,
    /// Named volume of its data. Unset: `<service>_data`, unless `persistence` is `none`.
    pub volume: Option<String>,
    /// What Redis does at `maxmemory`, its `maxmemory-policy`.
    pub maxmemory_policy: Option<String>,
    /// Password of everybody but the exporter, where the target's address names a user for the
    /// exporter, whose password is then the target's.
    pub password: Option<SecretRef>,
    /// Further directives of its redis.conf: a mapping of directives to values, or the text of a
    /// redis.conf. They are checked against what the version of Redis knows.
    pub conf: Conf,
}

impl Server {
    /// Its `maxmemory-policy`, wherever it is written.
    pub fn eviction_policy(&self) -> Option<String> {
        let field = self.maxmemory_policy.clone();
        field.or_else(|| self.conf.setting("maxmemory-policy"))
    }
}

/// Directives of a redis.conf.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Conf {
    /// By name; a list for several lines of one name.
    Directives(IndexMap<String, ConfLines>),
    /// As in a redis.conf.
    Text(String),
}

impl Default for Conf {
    fn default() -> Self {
        Self::Directives(IndexMap::new())
    }
}

impl Conf {
    /// Every line as redis.conf has it.
    pub fn to_text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Directives(directives) => {
                let lines = directives.iter().flat_map(|(name, lines)| {
                    let values = lines.values().iter();
                    values.map(move |value| format!("{name} {}\n", value.0))
                });
                lines.collect()
            }
        }
    }

    /// The value of a directive with one argument, the last one where it is there twice.
    pub fn setting(&self, name: &str) -> Option<String> {
        let text = self.to_text();
        let lines = redis_conf::lines(&text).filter_map(Result::ok);
        let line = lines.filter(|line| line.name() == name).last()?;
        match line.arguments.as_slice() {
            [only] => Some(only.text.clone()),
            _ => None,
        }
    }
}

/// What follows a directive, once or several times.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ConfLines {
    /// One line.
    One(ConfValue),
    /// Several lines.
    Several(Vec<ConfValue>),
}

impl ConfLines {
    /// One value for each line.
    pub fn values(&self) -> &[ConfValue] {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Several(values) => values,
        }
    }
}

/// What follows a directive in its line: words as redis.conf has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfValue(pub String);

impl<'de> Deserialize<'de> for ConfValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Switch(bool),
            Number(serde_json::Number),
            Text(String),
        }
        Ok(Self(match Written::deserialize(deserializer)? {
            Written::Switch(true) => "yes".into(),
            Written::Switch(false) => "no".into(),
            Written::Number(number) => number.to_string(),
            // An empty text is an empty word, and not the absence of one.
            Written::Text(text) if text.trim().is_empty() => "\"\"".into(),
            Written::Text(text) => text,
        }))
    }
}

impl JsonSchema for ConfValue {
    fn schema_name() -> Cow<'static, str> {
        "ConfValue".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "What follows a directive in its line: words as redis.conf has them.",
            "type": ["string", "number", "boolean"],
        })
    }
}
