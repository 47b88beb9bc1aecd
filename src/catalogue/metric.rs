//! One metric family: what it is, what its values can be, and what it takes to be exposed.

use std::fmt;
use std::str::FromStr;

use indexmap::IndexMap;
use serde::Deserialize;
use serde::de::Deserializer;

use super::availability::Needs;
use super::version::{Since, Version, text};

/// Type of a metric as the exporter declares it in `# TYPE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MetricType {
    /// Only rises, falls to 0 on a restart.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Buckets, sum and count.
    Histogram,
    /// Quantiles, sum and count.
    Summary,
}

impl MetricType {
    /// Prometheus' own word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::Summary => "summary",
        }
    }
}

/// What a value really is where the declared type does not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Semantic {
    /// A count that only rises, declared as a gauge: `rate()` is right, `delta()` is wrong.
    Counter,
    /// Constant 1; what it says is in the labels, so comparing the value says nothing.
    Info,
}

/// Unit of a value as exposed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Seconds.
    Seconds,
    /// Thousandths of a second.
    Milliseconds,
    /// Millionths of a second.
    Microseconds,
    /// A share of 1, or a quotient of two like quantities.
    Ratio,
    /// A share of 100.
    Percent,
    /// Seconds since 1970.
    TimestampSeconds,
    /// Milliseconds since 1970.
    TimestampMilliseconds,
}

impl Unit {
    /// Name in our data files and in text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Seconds => "seconds",
            Self::Milliseconds => "milliseconds",
            Self::Microseconds => "microseconds",
            Self::Ratio => "ratio",
            Self::Percent => "percent",
            Self::TimestampSeconds => "timestamp_seconds",
            Self::TimestampMilliseconds => "timestamp_milliseconds",
        }
    }

    /// Prometheus' base unit of the same quantity.
    pub const fn base(self) -> Self {
        match self {
            Self::Milliseconds | Self::Microseconds => Self::Seconds,
            Self::Percent => Self::Ratio,
            Self::TimestampMilliseconds => Self::TimestampSeconds,
            base => base,
        }
    }

    /// Divide by this to get the base unit.
    pub const fn per_base(self) -> f64 {
        match self {
            Self::Milliseconds | Self::TimestampMilliseconds => 1e3,
            Self::Microseconds => 1e6,
            Self::Percent => 100.0,
            _ => 1.0,
        }
    }
}

/// Values a sample can have. In data files: `bool`, `ratio`, `any`, or a range such as `-1..` or `0..100`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Domain {
    /// Smallest value, `None` where there is none.
    pub min: Option<f64>,
    /// Largest value, `None` where there is none.
    pub max: Option<f64>,
    /// Whether only 0 and 1 occur.
    pub is_bool: bool,
}

impl Domain {
    /// 0 or more: what a metric has whose entry does not say otherwise.
    pub const NON_NEGATIVE: Self = Self {
        min: Some(0.0),
        max: None,
        is_bool: false,
    };

    /// Whether `value` can occur.
    pub fn contains(self, value: f64) -> bool {
        if self.is_bool {
            return value == 0.0 || value == 1.0;
        }
        self.min.is_none_or(|min| value >= min) && self.max.is_none_or(|max| value <= max)
    }
}

impl Default for Domain {
    fn default() -> Self {
        Self::NON_NEGATIVE
    }
}

/// Why a text is not a [`Domain`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a value domain, expected `bool`, `ratio`, `any` or a range such as `-1..` or `0..100`"
)]
pub struct DomainError(pub String);

impl FromStr for Domain {
    type Err = DomainError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || DomainError(text.to_owned());
        let range = |min, max| Self {
            min,
            max,
            is_bool: false,
        };
        match text {
            "bool" => Ok(Self {
                is_bool: true,
                ..range(Some(0.0), Some(1.0))
            }),
            "ratio" => Ok(range(Some(0.0), Some(1.0))),
            "any" => Ok(range(None, None)),
            _ => {
                let (min, max) = text.split_once("..").ok_or_else(error)?;
                let bound = |side: &str| match side {
                    "" => Ok(None),
                    number => match number.parse::<f64>() {
                        Ok(number) if number.is_finite() => Ok(Some(number)),
                        _ => Err(error()),
                    },
                };
                let (min, max) = (bound(min)?, bound(max)?);
                match (min, max) {
                    (Some(min), Some(max)) if min >= max => Err(error()),
                    (None, None) => Err(error()),
                    _ => Ok(range(min, max)),
                }
            }
        }
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_bool {
            return f.write_str("0 or 1");
        }
        match (self.min, self.max) {
            (Some(min), Some(max)) => write!(f, "{min} to {max}"),
            (Some(min), None) => write!(f, "{min} or more"),
            (None, Some(max)) => write!(f, "{max} or less"),
            (None, None) => f.write_str("any number"),
        }
    }
}

impl<'de> Deserialize<'de> for Domain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text(deserializer)
    }
}

/// What a 0 means. Data files only write `normal`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Zero {
    /// 0 happens on a healthy system: as a denominator it needs a guard.
    Normal,
    /// 0 is trouble, or "nothing yet".
    #[default]
    #[serde(skip_deserializing)]
    Notable,
}

/// Subject of a metric. The name of the data file is the topic of everything in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// The server as a whole: up, identity, restarts.
    Server,
    /// Client connections.
    Clients,
    /// Memory.
    Memory,
    /// Keys, hits, misses, expiry, eviction.
    Keyspace,
    /// Single keys and key groups that somebody asked for.
    Keys,
    /// Commands and error replies.
    Commands,
    /// How long things take.
    Latency,
    /// CPU.
    Cpu,
    /// Network traffic.
    Network,
    /// RDB and AOF.
    Persistence,
    /// Replication.
    Replication,
    /// Redis Cluster.
    Cluster,
    /// Redis Sentinel.
    Sentinel,
    /// Streams and consumer groups.
    Streams,
    /// Lua scripts and functions.
    Scripts,
    /// Modules and forks with fields of their own.
    Modules,
    /// The exporter about itself.
    Exporter,
    /// HTTP requests of an application.
    Http,
    /// Worker processes of an application server.
    Workers,
    /// Probes from outside.
    Probe,
    /// Language runtime and process.
    Runtime,
    /// What Prometheus adds to each scrape.
    Scrape,
    /// Evaluation of rules.
    Rules,
    /// Storage of samples.
    Storage,
    /// Alerts and notifications.
    Notifications,
    /// Configuration of a program.
    Configuration,
}

impl Topic {
    /// All topics, in the order in which lists show them.
    pub const ALL: [Self; 26] = [
        Self::Server,
        Self::Clients,
        Self::Memory,
        Self::Keyspace,
        Self::Keys,
        Self::Commands,
        Self::Latency,
        Self::Cpu,
        Self::Network,
        Self::Persistence,
        Self::Replication,
        Self::Cluster,
        Self::Sentinel,
        Self::Streams,
        Self::Scripts,
        Self::Modules,
        Self::Exporter,
        Self::Http,
        Self::Workers,
        Self::Probe,
        Self::Runtime,
        Self::Scrape,
        Self::Rules,
        Self::Storage,
        Self::Notifications,
        Self::Configuration,
    ];

    /// Name of the data file without `.yaml`, and in text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Clients => "clients",
            Self::Memory => "memory",
            Self::Keyspace => "keyspace",
            Self::Keys => "keys",
            Self::Commands => "commands",
            Self::Latency => "latency",
            Self::Cpu => "cpu",
            Self::Network => "network",
            Self::Persistence => "persistence",
            Self::Replication => "replication",
            Self::Cluster => "cluster",
            Self::Sentinel => "sentinel",
            Self::Streams => "streams",
            Self::Scripts => "scripts",
            Self::Modules => "modules",
            Self::Exporter => "exporter",
            Self::Http => "http",
            Self::Workers => "workers",
            Self::Probe => "probe",
            Self::Runtime => "runtime",
            Self::Scrape => "scrape",
            Self::Rules => "rules",
            Self::Storage => "storage",
            Self::Notifications => "notifications",
            Self::Configuration => "configuration",
        }
    }

    /// The topic called `name`.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|topic| topic.as_str() == name)
    }
}

/// Type that older versions of an exporter declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FormerType {
    /// The type then.
    #[serde(rename = "type")]
    pub kind: MetricType,
    /// First version with the present type.
    pub until: Version,
}

/// One entry of `metrics/<topic>.yaml`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metric {
    /// Family name under the exporter's default namespace.
    pub name: String,
    /// Type as declared by the newest version.
    #[serde(rename = "type")]
    pub kind: MetricType,
    /// Type that older versions declared.
    #[serde(default)]
    pub formerly: Option<FormerType>,
    /// What the value really is, where the type does not tell.
    #[serde(default)]
    pub semantic: Option<Semantic>,
    /// Unit as exposed; `None` for counts and states.
    #[serde(default)]
    pub unit: Option<Unit>,
    /// Labels every series has. Prometheus drops empty ones, so a label can be missing on some servers.
    #[serde(default)]
    pub labels: Vec<String>,
    /// Labels that depend on server or flags.
    #[serde(default)]
    pub optional_labels: Vec<String>,
    /// First version for labels that came later than the metric.
    #[serde(default)]
    pub label_since: IndexMap<String, Version>,
    /// Labels whose values are known, all of them.
    #[serde(default)]
    pub values: IndexMap<String, Vec<String>>,
    /// Values a sample can have.
    #[serde(default)]
    pub domain: Domain,
    /// What a 0 means.
    #[serde(default)]
    pub zero: Zero,
    /// Values of the label `quantile`; empty for a summary of sum and count only.
    #[serde(default)]
    pub quantiles: Vec<String>,
    /// First version of the exporter; `None` where the history was not looked at.
    #[serde(default)]
    pub since: Option<Since>,
    /// First version of the exporter without it.
    #[serde(default)]
    pub until: Option<Version>,
    /// What it takes for the metric to be exposed.
    #[serde(default)]
    pub needs: Needs,
    /// Whether it is still exposed while the monitored server is unreachable.
    #[serde(default)]
    pub while_down: bool,
    /// Subject, from the name of the file.
    #[serde(skip, default = "unset_topic")]
    pub topic: Topic,
    /// What the exporter reads: an INFO field, a command; `None` where it is the program's own count.
    #[serde(default)]
    pub source: Option<String>,
    /// What it tells an engineer on call.
    pub help: String,
}

/// Stands in until the loader knows the file name.
const fn unset_topic() -> Topic {
    Topic::Server
}

impl Metric {
    /// Whether the value only rises, so that `rate()` and `increase()` make sense.
    pub fn is_cumulative(&self) -> bool {
        self.kind == MetricType::Counter || self.semantic == Some(Semantic::Counter)
    }

    /// Whether the value is always 1 and the labels are the message.
    pub fn is_info(&self) -> bool {
        self.semantic == Some(Semantic::Info)
    }

    /// Whether it is 1 while all is well, and 0 otherwise.
    pub fn tells_health(&self) -> bool {
        self.domain.is_bool && self.zero == Zero::Notable
    }

    /// Type declared by `version` of the exporter; unknown means newest.
    pub fn type_in(&self, version: Option<Version>) -> MetricType {
        match (self.formerly, version) {
            (Some(former), Some(version)) if version < former.until => former.kind,
            _ => self.kind,
        }
    }

    /// Labels a series may have, optional ones last.
    pub fn all_labels(&self) -> impl Iterator<Item = &str> {
        self.labels
            .iter()
            .chain(&self.optional_labels)
            .map(String::as_str)
    }

    /// Whether `label` can be on a series of `version` of the exporter; unknown means newest.
    pub fn has_label(&self, label: &str, version: Option<Version>) -> bool {
        let came = self.label_since.get(label);
        self.all_labels().any(|known| known == label)
            && came.is_none_or(|came| version.is_none_or(|version| version >= *came))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_read_back_as_words() {
        for (text, words) in [
            ("bool", "0 or 1"),
            ("ratio", "0 to 1"),
            ("any", "any number"),
            ("-1..", "-1 or more"),
            ("0..100", "0 to 100"),
        ] {
            assert_eq!(text.parse::<Domain>().expect("a domain").to_string(), words);
        }
    }

    #[test]
    fn an_empty_or_reversed_range_is_no_domain() {
        for text in ["", "..", "1..0", "1..1", "a..b", "0..inf", "percent"] {
            assert!(text.parse::<Domain>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_state_is_zero_or_one_and_nothing_between() {
        let state: Domain = "bool".parse().expect("a domain");
        assert!(state.contains(1.0) && !state.contains(0.5) && !state.contains(2.0));
    }

    #[test]
    fn every_unit_converts_to_a_base_unit() {
        assert_eq!(Unit::Microseconds.base(), Unit::Seconds);
        assert!((2e6 / Unit::Microseconds.per_base() - 2.0).abs() < f64::EPSILON);
        assert_eq!(Unit::Bytes.base(), Unit::Bytes);
    }
}
