//! Which technology a metric name belongs to, judged by its prefix.

use serde::Deserialize;

/// How much a prefix says about the job that exposes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// The job is of this technology.
    #[default]
    Strong,
    /// Several technologies use the prefix; needs a job name or a label as well.
    Ambiguous,
    /// Language runtime or process: found next to every technology, decides nothing.
    Runtime,
    /// Made by Prometheus itself or by recording rules.
    Synthetic,
}

/// One line of `templates/metric_prefixes.yaml`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricPrefix {
    /// How a name starts, or the whole name where `exact`.
    pub prefix: String,
    /// Whether only the whole name counts.
    #[serde(default)]
    pub exact: bool,
    /// What is measured.
    pub technology: String,
    /// Program that exposes it; `built in` where the technology does so itself.
    pub exporter: String,
    /// How much it says.
    #[serde(default)]
    pub evidence: Evidence,
    /// The metric of that prefix that is 1 while all is well, and 0 otherwise.
    #[serde(default)]
    pub health: Option<String>,
    /// What to beware of.
    #[serde(default)]
    pub note: Option<String>,
}

/// All known prefixes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MetricPrefixes(Vec<MetricPrefix>);

impl MetricPrefixes {
    /// In the order of the file.
    pub(super) fn new(prefixes: Vec<MetricPrefix>) -> Self {
        Self(prefixes)
    }

    /// The longest prefix of `name`; `None` for a name nobody is known to use.
    pub fn of(&self, name: &str) -> Option<&MetricPrefix> {
        self.0
            .iter()
            .filter(|known| {
                if known.exact {
                    name == known.prefix
                } else {
                    name.starts_with(&known.prefix)
                }
            })
            .max_by_key(|known| known.prefix.len())
    }

    /// All prefixes in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = &MetricPrefix> {
        self.0.iter()
    }
}
