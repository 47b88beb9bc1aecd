//! Redis deployments.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::profile::{Address, SecretRef};
use crate::quantity::Bytes;

/// One Redis deployment.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// The server; the first primary of a replicated target; any node of a cluster.
    /// `redis://[user@]host[:port][/db]`, `rediss://` for TLS.
    pub address: Address,
    /// How its servers belong together.
    #[serde(default)]
    pub topology: Topology,
    /// The other servers of a `replicated` or `sentinel` target.
    #[serde(default)]
    pub replicas: Vec<Address>,
    /// The sentinels of a `sentinel` target; port 26379 unless given.
    #[serde(default)]
    pub sentinels: Vec<Address>,
    /// The other nodes of a `cluster` target. Not needed with an exporter in `cluster` mode, which
    /// asks the cluster itself.
    #[serde(default)]
    pub nodes: Vec<Address>,
    /// `maxmemory` of each server. Unset or 0 means that Redis has no limit of its own, and memory
    /// is watched by the absolute threshold `memory-bytes`.
    #[serde(default)]
    pub maxmemory: Option<Bytes>,
    /// `maxclients` of each server; Redis' default is 10000.
    #[serde(default)]
    pub maxclients: Option<u32>,
    /// How it keeps its data.
    #[serde(default)]
    pub persistence: Persistence,
    /// Where the password is found. Never the password itself.
    #[serde(default)]
    pub password: Option<SecretRef>,
    /// Name of the exporter that watches it. Unset: the only one, if there is only one.
    #[serde(default)]
    pub exporter: Option<String>,
    /// Run this Redis as a service of the Compose file.
    #[serde(default)]
    pub server: Option<Server>,
    /// Static labels of its series.
    #[serde(default)]
    pub labels: IndexMap<String, String>,
}

/// How the servers of a target belong together.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Default,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Topology {
    /// One server on its own.
    #[default]
    Standalone,
    /// One primary and its replicas.
    Replicated,
    /// One primary and its replicas, watched by sentinels.
    Sentinel,
    /// Redis Cluster: primaries that share 16,384 slots, and their replicas.
    Cluster,
}

impl Topology {
    /// The word in a profile, and the value of the `topology` label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Standalone => "standalone",
            Self::Replicated => "replicated",
            Self::Sentinel => "sentinel",
            Self::Cluster => "cluster",
        }
    }
}

/// How a target keeps its data across a restart.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Default,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Persistence {
    /// Not at all: a pure cache.
    None,
    /// Snapshots, Redis' default.
    #[default]
    Rdb,
    /// The append-only file.
    Aof,
    /// Snapshots and the append-only file.
    RdbAndAof,
}

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
}
