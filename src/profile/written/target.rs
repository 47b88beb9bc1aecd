//! Redis deployments.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Consumer, Server};
use crate::profile::{Address, SecretRef};
use crate::quantity::{Bytes, Duration};

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
    /// What must hold for its keys, by the pattern that they fit, as `SCAN` takes it: `user:*`. A
    /// key that fits several must keep all of them; its memory is that of the first.
    #[serde(default)]
    pub key_policies: IndexMap<String, KeyPolicy>,
    /// Applications that use it, by name: what each is told, and what is expected of its keys.
    #[serde(default)]
    pub consumers: IndexMap<String, Consumer>,
    /// How its keys are looked at; only with `key_policies`, or consumers with a `key_prefix`.
    #[serde(default)]
    pub key_scan: KeyScan,
    /// Static labels of its series.
    #[serde(default)]
    pub labels: IndexMap<String, String>,
}

/// What must hold for the keys that fit a pattern.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct KeyPolicy {
    /// One sentence for people.
    pub description: String,
    /// Longest time to live; a key with a longer one, or with none, breaks the policy.
    pub ttl: Option<Duration>,
    /// Most elements of a list, set, sorted set, hash or stream.
    pub max_length: Option<u32>,
    /// Whether losing such a key does harm, so that it must not be evicted.
    pub durable: bool,
    /// Also show length and memory of each key by its name, one series for each: for few keys,
    /// whose names are nobody's personal data.
    pub by_key: bool,
}

/// How keys are looked at: an exporter and a scrape job of their own, because they scan the keyspace.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct KeyScan {
    /// Time between two scans; 2m unless given. A sample counts for 5m, so that one scan may fail.
    pub interval: Duration,
    /// Longest time a scan may take; 1m unless given, and never above the interval.
    pub timeout: Option<Duration>,
    /// Most keys that the Lua script looks at for each policy; 5000 unless given. Redis serves
    /// nobody else meanwhile, about 3 microseconds for each key that fits.
    pub sample: u32,
    /// Whether Lua scripts may be used (`EVAL`). Without them keys are only counted: nothing is known
    /// of their memory, times to live and lengths.
    pub lua: bool,
}

impl Default for KeyScan {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(120),
            timeout: None,
            sample: 5000,
            lua: true,
        }
    }
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
