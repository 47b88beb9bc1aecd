//! Exporters, and how Prometheus asks.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::profile::SecretRef;
use crate::quantity::Duration;

/// One redis_exporter, or one per target in `sidecar` mode.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Exporter {
    /// How it reaches its targets.
    pub mode: ExporterMode,
    /// Name of the scrape job. Unset: `redis` for the only exporter, else the exporter's name.
    pub job: Option<String>,
    /// Where Prometheus finds an `external` exporter: `https://host[:port][/metrics]`.
    pub url: Option<String>,
    /// Credentials for Prometheus at the exporter's door.
    pub basic_auth: Option<BasicAuth>,
    /// Whole image reference; unset: the pinned one.
    pub image: Option<String>,
    /// Port it listens on; 9121 unless given.
    pub port: Option<u16>,
    /// Time between two scrapes; `scrape.interval` unless given.
    #[serde(default)]
    pub interval: Option<Duration>,
    /// Longest time a scrape may take; `scrape.timeout` unless given, and never above the interval.
    #[serde(default)]
    pub timeout: Option<Duration>,
    /// A JSON file `{"redis://host:port": "password"}` for targets with different passwords.
    pub password_file: Option<SecretRef>,
    /// Further flags by name, without dashes (`stackwright list flags`).
    pub flags: IndexMap<String, Flag>,
}

/// How an exporter reaches its targets, and Prometheus the exporter.
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
pub enum ExporterMode {
    /// One exporter for one server, scraped on `/metrics`.
    Single,
    /// One exporter for many servers, scraped on `/scrape?target=…`.
    #[default]
    MultiTarget,
    /// One exporter beside each target that names it.
    Sidecar,
    /// An exporter that runs elsewhere, behind a URL.
    External,
    /// One exporter for one cluster; it finds the nodes itself (`/discover-cluster-nodes`).
    Cluster,
}

/// The value of an exporter flag.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Flag {
    /// A switch.
    Switch(bool),
    /// A number.
    Number(i64),
    /// Text.
    Text(String),
}

impl std::fmt::Display for Flag {
    /// As on the command line.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Switch(value) => write!(out, "{value}"),
            Self::Number(value) => write!(out, "{value}"),
            Self::Text(value) => out.write_str(value),
        }
    }
}

/// Credentials of HTTP basic authentication.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BasicAuth {
    /// User name.
    pub username: String,
    /// Where the password is found.
    pub password: SecretRef,
}

/// Global intervals.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Scrape {
    /// Time between two scrapes; 15s unless given.
    pub interval: Duration,
    /// Longest time a scrape may take; 10s unless given.
    pub timeout: Duration,
    /// Time between two evaluations of the rules; 15s unless given.
    pub evaluation_interval: Duration,
    /// Range of the rates in rules, at least four scrapes. Unset: 5m, or four scrapes where those
    /// take longer.
    pub window: Option<Duration>,
}

impl Default for Scrape {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(15),
            timeout: Duration::from_secs(10),
            evaluation_interval: Duration::from_secs(15),
            window: None,
        }
    }
}
