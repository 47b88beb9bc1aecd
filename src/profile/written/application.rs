//! What is watched beside Redis.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::BasicAuth;
use crate::quantity::Duration;

/// A program beside Redis whose metrics are scraped.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Application {
    /// One sentence for people.
    #[serde(default)]
    pub description: String,
    /// Where its metrics are: `http(s)://host[:port][/path]`; the path is `/metrics` unless given.
    pub url: String,
    /// Name of the scrape job. Unset: the application's name.
    #[serde(default)]
    pub job: Option<String>,
    /// Time between two scrapes; `scrape.interval` unless given.
    #[serde(default)]
    pub interval: Option<Duration>,
    /// Longest time a scrape may take; `scrape.timeout` unless given, and never above the interval.
    #[serde(default)]
    pub timeout: Option<Duration>,
    /// Credentials.
    #[serde(default)]
    pub basic_auth: Option<BasicAuth>,
    /// Which library instruments it (`stackwright list flavours`): gives request rate, errors and
    /// latency their metric names.
    #[serde(default)]
    pub flavour: Option<String>,
    /// Metrics of its own, by name. They enter the catalogue.
    #[serde(default)]
    pub metrics: IndexMap<String, ApplicationMetric>,
    /// Static labels of its series.
    #[serde(default)]
    pub labels: IndexMap<String, String>,
}

/// What a metric of an application is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MetricType {
    /// Only goes up, until a restart.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Buckets with `le`.
    Histogram,
    /// Quantiles computed by the program.
    Summary,
}

/// A metric that an application exports.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApplicationMetric {
    /// What it is; decides how it is queried.
    #[serde(rename = "type")]
    pub kind: MetricType,
    /// Its labels. The first is the one that panels break down by.
    #[serde(default)]
    pub labels: Vec<String>,
    /// Prometheus base unit: seconds, bytes, ratio …
    #[serde(default)]
    pub unit: Option<String>,
    /// What it says.
    #[serde(default)]
    pub help: String,
    /// For a counter of hits: the counter of misses. Gives a hit ratio panel.
    #[serde(default)]
    pub misses: Option<String>,
}

/// An HTTP endpoint that is probed by blackbox_exporter.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// What is asked for: `http(s)://host[:port]/path`.
    pub url: String,
    /// Status codes that are healthy; any 2xx unless given.
    #[serde(default)]
    pub status: Vec<u16>,
    /// A regular expression that the body must match.
    #[serde(default)]
    pub body: Option<String>,
    /// Time between two scrapes; `scrape.interval` unless given.
    #[serde(default)]
    pub interval: Option<Duration>,
    /// Longest time a scrape may take; `scrape.timeout` unless given, and never above the interval.
    #[serde(default)]
    pub timeout: Option<Duration>,
    /// One sentence for people.
    #[serde(default)]
    pub description: String,
    /// Static labels of its series.
    #[serde(default)]
    pub labels: IndexMap<String, String>,
}
