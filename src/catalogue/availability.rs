//! Whether a metric is exposed, given what is known about the exporter and the servers it scrapes.

use std::fmt;

use indexmap::IndexMap;
use serde::Deserialize;

use super::exporter::{DynamicFamily, Exporter, FlagType, Included};
use super::metric::Metric;
use super::version::{Since, Version};

/// What kind of server a metric comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServerKind {
    /// A primary without replicas, cluster or not.
    Primary,
    /// A primary with at least one connected replica.
    PrimaryWithReplicas,
    /// A replica.
    Replica,
    /// A node of a Redis Cluster, besides being a primary or replica.
    Cluster,
    /// A sentinel.
    Sentinel,
    /// Only in data: any of the above that holds data, so all but a sentinel.
    Data,
}

impl ServerKind {
    /// Whether a server of this kind gives what a metric that needs `needed` shows.
    fn provides(self, needed: Self) -> bool {
        self == needed || (needed == Self::Data && self != Self::Sentinel)
    }

    /// With article, to stand after "needs".
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Primary => "a primary",
            Self::PrimaryWithReplicas => "a primary with replicas",
            Self::Replica => "a replica",
            Self::Cluster => "a cluster node",
            Self::Sentinel => "a sentinel",
            Self::Data => "a server that holds data",
        }
    }
}

/// Whose server it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Product {
    /// Redis.
    Redis,
    /// Valkey.
    Valkey,
    /// KeyDB.
    #[serde(rename = "keydb")]
    KeyDb,
    /// Tile38.
    Tile38,
    /// Azure Cache for Redis.
    Azure,
}

impl Product {
    /// The product's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Redis => "Redis",
            Self::Valkey => "Valkey",
            Self::KeyDb => "KeyDB",
            Self::Tile38 => "Tile38",
            Self::Azure => "Azure Cache for Redis",
        }
    }
}

/// What it takes for a metric to be exposed; all of it must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Needs {
    /// At least one of these exporter flags is on.
    #[serde(default)]
    pub any_flag: Vec<String>,
    /// None of these exporter flags is on.
    #[serde(default)]
    pub no_flag: Vec<String>,
    /// The exporter may run the CONFIG command: not on most managed services.
    #[serde(default)]
    pub config_command: bool,
    /// Kind of server.
    #[serde(default)]
    pub server: Option<ServerKind>,
    /// First version of Redis.
    #[serde(default)]
    pub redis: Option<Version>,
    /// First version of Redis without it.
    #[serde(default)]
    pub redis_below: Option<Version>,
    /// First version of Valkey; alone it means that Redis never has it.
    #[serde(default)]
    pub valkey: Option<Version>,
    /// Only this product has it.
    #[serde(default)]
    pub product: Option<Product>,
    /// A loaded module, by the name that the server knows it by.
    #[serde(default)]
    pub module: Option<String>,
    /// Something that can only be seen on the running server.
    #[serde(default)]
    pub condition: Option<String>,
}

impl Needs {
    /// Whether nothing is needed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What is known about an exporter and the servers it scrapes. What is not known never rules a metric out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Circumstances {
    /// Version of the exporter.
    pub exporter: Option<Version>,
    /// Flags of the exporter by name without dashes, values as on the command line; a flag that is
    /// not listed has its default. `None`: the flags are not known.
    pub flags: Option<IndexMap<String, String>>,
    /// Kinds of server among the targets; empty: not known.
    pub servers: Vec<ServerKind>,
    /// Whose servers.
    pub product: Option<Product>,
    /// Version of the servers.
    pub server_version: Option<Version>,
    /// Modules loaded.
    pub modules: Option<Vec<String>>,
    /// Prefix in place of the exporter's default namespace.
    pub namespace: Option<String>,
}

impl Circumstances {
    /// Whether the flag called `name` is on: true, or not empty; `None` where flags are not known.
    pub fn flag_is_on(&self, exporter: &Exporter, name: &str) -> Option<bool> {
        let flags = self.flags.as_ref()?;
        let Some(flag) = exporter.flag(name) else {
            return Some(false);
        };
        let value = flags.get(name).unwrap_or(&flag.default);
        Some(match flag.kind {
            // What Go's flag package takes for true.
            FlagType::Bool => matches!(value.as_str(), "1" | "t" | "T" | "true" | "TRUE" | "True"),
            FlagType::String | FlagType::Int64 => !value.is_empty(),
        })
    }
}

/// Whether a metric is exposed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Availability {
    /// Nothing known speaks against it.
    Available,
    /// As [`Self::Available`], if the running server fulfils this.
    Conditional(String),
    /// Not exposed.
    Unavailable(Reason),
}

impl Availability {
    /// Whether the metric is certainly not exposed.
    pub const fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

/// Why a metric is not exposed. Its text completes "not exposed: …".
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The exporter is too old.
    Since {
        /// First version with the metric.
        since: Since,
        /// Version in use.
        version: Version,
    },
    /// The exporter is too new.
    Removed {
        /// First version without the metric.
        until: Version,
        /// Version in use.
        version: Version,
    },
    /// None of these flags is on.
    NeedsFlag(Vec<String>),
    /// The flag would do it, but the exporter is too old for the flag.
    FlagSince {
        /// The flag.
        flag: String,
        /// First version with the flag.
        since: Since,
        /// Version in use.
        version: Version,
    },
    /// This flag switches it off.
    NotWithFlag(String),
    /// CONFIG is switched off.
    NeedsConfigCommand,
    /// No target is of this kind.
    NeedsServer(ServerKind),
    /// The servers are too old.
    NeedsServerVersion(Product, Version),
    /// The servers are too new.
    NeedsServerBelow(Product, Version),
    /// The servers are of another product.
    NeedsProduct(Product),
    /// The module is not loaded.
    NeedsModule(String),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Since { since, version } => {
                write!(f, "since {since}, the exporter is {version}")
            }
            Self::Removed { until, version } => {
                write!(f, "removed in {until}, the exporter is {version}")
            }
            Self::NeedsFlag(flags) => {
                let flags: Vec<_> = flags.iter().map(|flag| format!("--{flag}")).collect();
                write!(f, "needs {}", flags.join(" or "))
            }
            Self::FlagSince {
                flag,
                since,
                version,
            } => write!(
                f,
                "needs --{flag}, which exists since {since}, the exporter is {version}"
            ),
            Self::NotWithFlag(flag) => write!(f, "switched off by --{flag}"),
            Self::NeedsConfigCommand => {
                f.write_str("needs the CONFIG command, which --config-command=- switches off")
            }
            Self::NeedsServer(kind) => write!(f, "only {} has it", kind.words()),
            Self::NeedsServerVersion(product, version) => {
                write!(f, "needs {} {version}", product.as_str())
            }
            Self::NeedsServerBelow(product, version) => {
                write!(f, "only {} before {version} has it", product.as_str())
            }
            Self::NeedsProduct(product) => write!(f, "only {} has it", product.as_str()),
            Self::NeedsModule(module) => write!(f, "needs the module `{module}`"),
        }
    }
}

/// From this version on Valkey has what Redis added after the fork at 7.2, unless an entry says otherwise.
const VALKEY_WITH_LATER_FIELDS: Version = Version::new(8, 0, 0);
/// Last version of Redis that Valkey was forked from.
const VALKEY_FORK: Version = Version::new(7, 2, 0);

/// Why a span of versions leaves out the one in use.
fn outside(
    since: Option<Since>,
    until: Option<Version>,
    circumstances: &Circumstances,
) -> Option<Reason> {
    let version = circumstances.exporter?;
    if let Some(since) = since.filter(|since| !since.includes(version)) {
        return Some(Reason::Since { since, version });
    }
    let until = until.filter(|until| version >= *until)?;
    Some(Reason::Removed { until, version })
}

impl Metric {
    /// Whether `exporter` exposes the metric under these circumstances.
    pub fn availability(&self, exporter: &Exporter, circumstances: &Circumstances) -> Availability {
        match outside(self.since, self.until, circumstances) {
            Some(reason) => Availability::Unavailable(reason),
            None => self.needs.availability(exporter, circumstances),
        }
    }
}

impl DynamicFamily {
    /// Whether `exporter` makes such metrics under these circumstances.
    pub fn availability(&self, exporter: &Exporter, circumstances: &Circumstances) -> Availability {
        match outside(self.since, self.until, circumstances) {
            Some(reason) => Availability::Unavailable(reason),
            None => self.needs.availability(exporter, circumstances),
        }
    }
}

impl Included {
    /// Whether `exporter` passes its client library's metrics on under these circumstances.
    pub fn availability(&self, exporter: &Exporter, circumstances: &Circumstances) -> Availability {
        match (self.needs_since, circumstances.exporter) {
            (Some(since), Some(version)) if version < since => Availability::Available,
            _ => self.needs.availability(exporter, circumstances),
        }
    }
}

impl Needs {
    /// Whether everything needed is there.
    pub fn availability(&self, exporter: &Exporter, circumstances: &Circumstances) -> Availability {
        let missing = self
            .missing_flag(exporter, circumstances)
            .or_else(|| self.missing_server(circumstances));
        match (missing, &self.condition) {
            (Some(reason), _) => Availability::Unavailable(reason),
            (None, Some(condition)) => Availability::Conditional(condition.clone()),
            (None, None) => Availability::Available,
        }
    }

    fn missing_flag(&self, exporter: &Exporter, circumstances: &Circumstances) -> Option<Reason> {
        let flags = circumstances.flags.as_ref()?;
        let is_on = |name: &str| circumstances.flag_is_on(exporter, name) == Some(true);
        if !self.any_flag.is_empty() {
            let mut too_new = None;
            let on = self.any_flag.iter().any(|name| {
                let Some(version) = circumstances.exporter else {
                    return is_on(name);
                };
                match exporter.flag(name) {
                    Some(flag) if is_on(name) && !flag.since.includes(version) => {
                        too_new = Some(Reason::FlagSince {
                            flag: name.clone(),
                            since: flag.since,
                            version,
                        });
                        false
                    }
                    _ => is_on(name),
                }
            });
            if !on {
                return Some(too_new.unwrap_or_else(|| Reason::NeedsFlag(self.any_flag.clone())));
            }
        }
        if let Some(flag) = self.no_flag.iter().find(|flag| is_on(flag)) {
            return Some(Reason::NotWithFlag(flag.clone()));
        }
        // `-` is redis_exporter's own way to say "do not ask for the configuration".
        let config_command = flags.get("config-command").map(String::as_str);
        (self.config_command && config_command == Some("-")).then_some(Reason::NeedsConfigCommand)
    }

    fn missing_server(&self, circumstances: &Circumstances) -> Option<Reason> {
        if let Some(needed) = self.server
            && !circumstances.servers.is_empty()
            && !circumstances
                .servers
                .iter()
                .any(|kind| kind.provides(needed))
        {
            return Some(Reason::NeedsServer(needed));
        }
        if let (Some(needed), Some(product)) = (self.product, circumstances.product)
            && needed != product
        {
            return Some(Reason::NeedsProduct(needed));
        }
        if let (Some(module), Some(modules)) = (&self.module, &circumstances.modules)
            && !modules.contains(module)
        {
            return Some(Reason::NeedsModule(module.clone()));
        }
        self.missing_server_version(circumstances)
    }

    fn missing_server_version(&self, circumstances: &Circumstances) -> Option<Reason> {
        let version = circumstances.server_version;
        // Not knowing the product, a version can only be compared if both count alike.
        match circumstances.product? {
            Product::Redis => {
                if self.valkey.is_some() && self.redis.is_none() {
                    return Some(Reason::NeedsProduct(Product::Valkey));
                }
                let version = version?;
                if let Some(needed) = self.redis.filter(|needed| version < *needed) {
                    return Some(Reason::NeedsServerVersion(Product::Redis, needed));
                }
                let below = self.redis_below.filter(|below| version >= *below)?;
                Some(Reason::NeedsServerBelow(Product::Redis, below))
            }
            Product::Valkey => {
                if let Some(below) = self.redis_below.filter(|below| *below <= VALKEY_FORK) {
                    return Some(Reason::NeedsServerBelow(Product::Redis, below));
                }
                let later = self.redis.filter(|needed| *needed > VALKEY_FORK);
                let needed = self.valkey.or(later.map(|_| VALKEY_WITH_LATER_FIELDS))?;
                (version? < needed).then_some(Reason::NeedsServerVersion(Product::Valkey, needed))
            }
            Product::KeyDb | Product::Tile38 | Product::Azure => None,
        }
    }
}
