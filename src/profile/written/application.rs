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
    /// First part of the flavour's metric names, where the application has changed it (`prefix` of
    /// starlette_exporter).
    #[serde(default)]
    pub namespace: Option<String>,
    /// Where request rate, errors, latency and health are found, where the flavour does not say it.
    #[serde(default)]
    pub indicators: Indicators,
    /// Labels to drop from all of its series, because their values never end (a user, a time). What
    /// is left must still tell the series apart. Those that the flavour knows are dropped anyway.
    #[serde(default)]
    pub drop_labels: Vec<String>,
    /// Metrics of its own, by name. They enter the catalogue.
    #[serde(default)]
    pub metrics: IndexMap<String, ApplicationMetric>,
    /// About how many series a scrape of it has. The estimate of the whole counts them, and a scrape with more than
    /// twice as many fails. Unset: they are not counted, and there is no limit.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub series: Option<usize>,
    /// Static labels of its series.
    #[serde(default)]
    pub labels: IndexMap<String, String>,
}

/// An application's basic figures: what panels and alerts ask of every application. Each is a metric
/// with matchers as in PromQL: `http_requests_total{code=~"5.."}`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Indicators {
    /// Counter of requests.
    pub requests: Option<String>,
    /// Counter of requests that failed on the server's side.
    pub errors: Option<String>,
    /// Histogram of durations in seconds.
    pub latency: Option<String>,
    /// Gauge of requests being served.
    pub in_progress: Option<String>,
    /// Gauge of its own health: 1 up, 0.5 degraded, 0 down.
    pub health: Option<String>,
    /// Label of the request counter that holds the path or route.
    pub path: Option<String>,
    /// Label of the request counter that holds the HTTP method.
    pub method: Option<String>,
    /// Label of the request counter that holds the status code or class.
    pub status: Option<String>,
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
    /// For a gauge of states, such as connections of a pool: the value of its first label whose
    /// share is shown, too.
    #[serde(default)]
    pub share: Option<String>,
    /// For a gauge of several processes: how prometheus_client puts them together. With `all` and
    /// `liveall` each process has series of its own, and panels add them up.
    #[serde(default)]
    pub multiprocess: Option<MultiprocessMode>,
}

/// Modes of a gauge in prometheus_client's multiprocess mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MultiprocessMode {
    /// A series for each process, dead ones too, told apart by `pid`.
    All,
    /// A series for each process that lives, told apart by `pid`.
    Liveall,
    /// The largest value.
    Max,
    /// The smallest value.
    Min,
    /// The sum.
    Sum,
    /// The value that was set last.
    Mostrecent,
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
