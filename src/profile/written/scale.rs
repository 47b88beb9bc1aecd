//! How much the stack may become, how it is spread, and where else its samples go.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::BasicAuth;
use crate::profile::SecretRef;

/// What an environment may cost.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Budget {
    /// The most series that Prometheus may hold at a time, as `render` estimates them. More fail the render.
    pub series: Option<usize>,
}

/// How the targets are spread over several Prometheus servers.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Sharding {
    /// How many Prometheus servers share the targets. Each watches all servers of a target or none, because alerts count
    /// them.
    #[schemars(range(min = 1, max = 64))]
    pub shards: u64,
}

impl Default for Sharding {
    fn default() -> Self {
        Self { shards: 1 }
    }
}

/// A storage elsewhere that samples are sent to: Mimir, Thanos Receive, Grafana Cloud, another Prometheus.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RemoteWrite {
    /// Where samples are sent: `https://mimir.example.com/api/v1/push`. Without TLS only to a name without dots, a private
    /// address or this host.
    pub url: String,
    /// Where they are asked for, as the root of Prometheus' own interface: `https://mimir.example.com/prometheus`. Grafana asks here
    /// where no Prometheus of the stack has all of the samples.
    #[serde(default)]
    pub query_url: Option<String>,
    /// Credentials, for both.
    #[serde(default)]
    pub basic_auth: Option<BasicAuth>,
    /// Where a token is found that is shown instead of a user name and a password.
    #[serde(default)]
    pub bearer_token: Option<SecretRef>,
    /// Further headers, such as `X-Scope-OrgID` for a tenant of Mimir. Nothing secret.
    #[serde(default)]
    pub headers: IndexMap<String, String>,
    /// How samples wait to be sent.
    #[serde(default)]
    pub queue: Queue,
}

/// The queue of a remote storage. Prometheus sends over as many connections as it needs, up to `max_shards`, each with
/// a buffer of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Queue {
    /// Most connections; 50 unless given. What the storage can bear when it comes back after an hour.
    #[schemars(range(min = 1, max = 1000))]
    pub max_shards: u64,
    /// Most samples in one request; 2000 unless given.
    #[schemars(range(min = 1, max = 100_000))]
    pub max_samples_per_send: u64,
    /// Samples that each connection buffers; 10000 unless given, and at least as many as one request holds.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub capacity: u64,
}

impl Default for Queue {
    /// The defaults of Prometheus 3, which differ from those of 2.42.
    fn default() -> Self {
        Self {
            max_shards: 50,
            max_samples_per_send: 2_000,
            capacity: 10_000,
        }
    }
}
