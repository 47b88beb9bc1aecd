//! Applications that use a Redis deployment.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::profile::SecretRef;
use crate::quantity::Duration;

/// An application that uses a target: what it is told of it, and what is expected of its keys.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Consumer {
    /// One sentence for people.
    pub description: String,
    /// What its keys begin with: `shop` for keys `shop:…`. They are watched as by a key policy for `shop:*`. A prefix
    /// that ends with something else than a letter or digit is taken as it is: `shop.` for `shop.*`.
    pub key_prefix: Option<String>,
    /// Longest time to live of its keys, in whole seconds. A key with a longer one, or with none, breaks the policy.
    pub ttl: Option<Duration>,
    /// ACL user with which it connects. Unset: everybody's.
    pub user: Option<String>,
    /// Where its password is found. Unset: that of everybody, where the target has one.
    pub password: Option<SecretRef>,
    /// Names of its environment variables, by what they hold. Unset: `REDIS_HOST`, `REDIS_PORT` and so on for all that
    /// has a value.
    pub variables: ConsumerVariables,
    /// Further environment variables, which are no secrets: `REDIS_ENABLED: "true"`.
    pub environment: IndexMap<String, String>,
}

/// Names of environment variables.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ConsumerVariables {
    /// The address as a URL, without a password: `redis://cache:6379/0`. It has no variable unless it is named.
    pub url: Option<String>,
    /// The host.
    pub host: Option<String>,
    /// The port.
    pub port: Option<String>,
    /// The number of the database.
    pub db: Option<String>,
    /// Whether the connection is encrypted: `true` or `false`.
    pub tls: Option<String>,
    /// The ACL user.
    pub user: Option<String>,
    /// The password.
    pub password: Option<String>,
    /// What its keys begin with.
    pub key_prefix: Option<String>,
    /// Time to live of its keys in seconds.
    pub ttl_seconds: Option<String>,
    /// The sentinels as `host:port`, with commas between them. They have no variable unless it is named.
    pub sentinels: Option<String>,
    /// All servers as `host:port`, with commas between them. They have no variable unless it is named.
    pub nodes: Option<String>,
}
