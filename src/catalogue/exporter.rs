//! One exporter: how to run it, its flags, and what it exposes under which name.

use indexmap::IndexMap;
use serde::Deserialize;

use super::availability::{Circumstances, Needs};
use super::instrumentation::{Indicators, InstrumentationPanel, UnboundedLabel};
use super::metric::{Metric, MetricType, Unit};
use super::permission::Permission;
use super::series::SeriesFigures;
use super::version::{Since, Version};

/// Type of a command line flag, in the words of Go's flag package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FlagType {
    /// `true` or `false`.
    Bool,
    /// Any text.
    String,
    /// A whole number.
    Int64,
}

/// A command line flag of an exporter.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flag {
    /// Name without dashes.
    pub name: String,
    /// Type of its value.
    #[serde(rename = "type")]
    pub kind: FlagType,
    /// Environment variable that sets it too; `None` where there is none.
    #[serde(default)]
    pub env: Option<String>,
    /// Value where it is not set, as text.
    #[serde(default)]
    pub default: String,
    /// First version with the flag.
    pub since: Since,
    /// First version without the flag.
    #[serde(default)]
    pub until: Option<Version>,
    /// Whether its value is a secret and belongs into a file or an environment variable.
    #[serde(default)]
    pub secret: bool,
    /// What it does.
    pub summary: String,
}

/// A metric that newer versions no longer expose.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemovedMetric {
    /// Former name.
    pub name: String,
    /// First version without it.
    pub removed_in: Version,
    /// What to use instead; several where its content was spread.
    pub replaced_by: Vec<String>,
    /// Whether a mere rename is not enough: unit or meaning changed too.
    #[serde(default)]
    pub meaning_changed: bool,
    /// What else to change.
    #[serde(default)]
    pub note: Option<String>,
}

/// A name that never existed but is found in dashboards and rules.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Misnomer {
    /// The wrong name.
    pub name: String,
    /// The metrics that were meant; the first is the best guess.
    pub meant: Vec<String>,
    /// Expression that gives what the wrong name promises, where a mere rename does not.
    #[serde(default)]
    pub expr: Option<String>,
    /// What to beware of.
    #[serde(default)]
    pub note: Option<String>,
}

/// Metrics whose names the exporter makes from what the server says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DynamicFamily {
    /// How the names start.
    pub prefix: String,
    /// What they contain after the prefix; empty for anything.
    #[serde(default)]
    pub containing: String,
    /// Type of all of them.
    #[serde(rename = "type")]
    pub kind: MetricType,
    /// Labels every series has.
    #[serde(default)]
    pub labels: Vec<String>,
    /// First version of the exporter.
    #[serde(default)]
    pub since: Option<Since>,
    /// First version of the exporter without them.
    #[serde(default)]
    pub until: Option<Version>,
    /// What it takes for them to be exposed.
    #[serde(default)]
    pub needs: Needs,
    /// What they tell.
    pub help: String,
}

impl DynamicFamily {
    /// Whether `name`, under the default namespace, is one of them.
    pub fn covers(&self, name: &str) -> bool {
        name.strip_prefix(&self.prefix)
            .is_some_and(|rest| !rest.is_empty() && rest.contains(&self.containing))
    }
}

/// Metrics of a client library that show up among those of an exporter.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Included {
    /// Name of the catalogue's exporter that describes them.
    pub exporter: String,
    /// Which of its metrics.
    pub prefix: String,
    /// What it takes, from version [`Self::needs_since`] on.
    #[serde(default)]
    pub needs: Needs,
    /// Before this version nothing was needed.
    #[serde(default)]
    pub needs_since: Option<Version>,
}

/// A label that a flag adds to every metric.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddedLabel {
    /// The label.
    pub label: String,
    /// The flag that adds it.
    pub flag: String,
    /// Metrics that never get it.
    #[serde(default)]
    pub except: Vec<String>,
}

/// `exporters/<name>/exporter.yaml`, together with the metrics beside it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exporter {
    /// Name of its directory.
    pub name: String,
    /// Name for people.
    pub title: String,
    /// First part of every metric name unless configured otherwise; `None` where there is no common one.
    #[serde(default)]
    pub namespace: Option<String>,
    /// Flag that changes the namespace.
    #[serde(default)]
    pub namespace_flag: Option<String>,
    /// TCP ports it listens on by default.
    #[serde(default)]
    pub ports: Vec<u16>,
    /// Name of its line in `versions.yaml`; `None` where no container is run for it.
    #[serde(default)]
    pub tool: Option<String>,
    /// Whether every metric it can expose is listed, so that an unlisted name is a mistake.
    #[serde(default)]
    pub complete: bool,
    /// Whether its client library adds a `_created` series to counters, histograms and summaries.
    #[serde(default)]
    pub created_series: bool,
    /// What an operator must know about it as a whole.
    #[serde(default)]
    pub notes: Vec<String>,
    /// Where the facts come from.
    pub source: String,
    /// Metrics of client libraries among its own.
    #[serde(default)]
    pub includes: Vec<Included>,
    /// Labels that flags add to every metric.
    #[serde(default)]
    pub added_labels: Vec<AddedLabel>,
    /// Basic figures, for application instrumentations.
    #[serde(default)]
    pub indicators: Option<Indicators>,
    /// Labels whose values never end, and whose series can do without them.
    #[serde(default)]
    pub unbounded_labels: Vec<UnboundedLabel>,
    /// Metrics beside the indicators that a dashboard of an application shows.
    #[serde(default)]
    pub panels: Vec<InstrumentationPanel>,
    /// Metrics named at run time.
    #[serde(default)]
    pub dynamic: Vec<DynamicFamily>,
    /// Metrics of older versions.
    #[serde(default)]
    pub removed: Vec<RemovedMetric>,
    /// Names that never existed.
    #[serde(default)]
    pub misnomers: Vec<Misnomer>,
    /// Command line flags.
    #[serde(default)]
    pub flags: Vec<Flag>,
    /// How many series a scrape has; `None` where nobody measured it.
    #[serde(default)]
    pub series: Option<SeriesFigures>,
    /// Metrics by name under the default namespace; grouped by topic, sorted as in the files.
    #[serde(skip)]
    pub metrics: IndexMap<String, Metric>,
    /// Commands that it sends, and when.
    #[serde(skip)]
    pub permissions: Vec<Permission>,
}

/// Which series of a family a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// The family itself: the value of a counter or gauge, the quantiles of a summary.
    Whole,
    /// `_bucket` of a histogram.
    Bucket,
    /// `_sum` of a histogram or summary.
    Sum,
    /// `_count` of a histogram or summary.
    Count,
    /// `_created`, the time a series began.
    Created,
}

/// A metric name that the catalogue knows, and what it stands for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Resolved<'c> {
    /// Who exposes it.
    pub exporter: &'c Exporter,
    /// The family.
    pub metric: &'c Metric,
    /// Which of its series.
    pub part: Part,
}

impl Resolved<'_> {
    /// Whether a series of this name exists at all. The bare name of a histogram matches nothing,
    /// nor does that of a summary without quantiles.
    pub fn is_series(&self) -> bool {
        self.part != Part::Whole
            || match self.metric.kind {
                MetricType::Histogram => false,
                MetricType::Summary => !self.metric.quantiles.is_empty(),
                MetricType::Counter | MetricType::Gauge => true,
            }
    }

    /// Whether the value of this series only rises.
    pub fn is_cumulative(&self) -> bool {
        match self.part {
            Part::Whole => self.metric.is_cumulative(),
            Part::Bucket | Part::Sum | Part::Count => true,
            Part::Created => false,
        }
    }

    /// Unit of this series' value.
    pub fn unit(&self) -> Option<Unit> {
        match self.part {
            Part::Whole | Part::Sum => self.metric.unit,
            Part::Bucket | Part::Count => None,
            Part::Created => Some(Unit::TimestampSeconds),
        }
    }

    /// Every label such a series can have under these circumstances, besides those that Prometheus and the
    /// scrape job add. What is not known is assumed to be there.
    pub fn labels(&self, circumstances: &Circumstances) -> Vec<&str> {
        let version = circumstances.exporter;
        let added = self.exporter.added_labels.iter().filter(|added| {
            circumstances.flag_is_on(self.exporter, &added.flag) != Some(false)
                && !added.except.contains(&self.metric.name)
        });
        self.metric
            .all_labels()
            .filter(|label| self.metric.has_label(label, version))
            .chain(self.part_label())
            .chain(added.map(|added| added.label.as_str()))
            .collect()
    }

    /// Label that only this part has: `le` or `quantile`.
    pub fn part_label(&self) -> Option<&'static str> {
        match (self.part, self.metric.kind) {
            (Part::Bucket, _) => Some("le"),
            (Part::Whole, MetricType::Summary) => Some("quantile"),
            _ => None,
        }
    }
}

impl Exporter {
    /// The flag called `name`, without dashes.
    pub fn flag(&self, name: &str) -> Option<&Flag> {
        self.flags.iter().find(|flag| flag.name == name)
    }

    /// The flag that the environment variable `env` sets.
    pub fn flag_of_env(&self, env: &str) -> Option<&Flag> {
        self.flags
            .iter()
            .find(|flag| flag.env.as_deref() == Some(env))
    }

    /// Every label that some metric of it carries, sorted. A static label of the same name on a
    /// scrape job overwrites the exporter's.
    pub fn label_names(&self) -> Vec<&str> {
        let mut names: Vec<_> = self
            .metrics
            .values()
            .flat_map(Metric::all_labels)
            .chain(self.added_labels.iter().map(|added| added.label.as_str()))
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// `name` under the default namespace, `None` if it is not under `namespace` at all.
    /// An empty `namespace` is one that was switched off.
    pub fn default_name(&self, name: &str, namespace: &str) -> Option<String> {
        let default = self.namespace.as_deref()?;
        let rest = if namespace.is_empty() {
            name
        } else {
            name.strip_prefix(namespace)?.strip_prefix('_')?
        };
        Some(format!("{default}_{rest}"))
    }

    /// `name`, given under the default namespace, as an exporter with `namespace` calls it.
    pub fn exposed_name(&self, name: &str, namespace: &str) -> String {
        let rest = self
            .namespace
            .as_deref()
            .and_then(|default| name.strip_prefix(default)?.strip_prefix('_'));
        match rest {
            Some(rest) if namespace.is_empty() => rest.to_owned(),
            Some(rest) => format!("{namespace}_{rest}"),
            None => name.to_owned(),
        }
    }

    /// What `name` under the default namespace stands for; `_bucket`, `_sum` and the like are understood.
    pub fn resolve(&self, name: &str) -> Option<Resolved<'_>> {
        if let Some(metric) = self.metrics.get(name) {
            return Some(Resolved {
                exporter: self,
                metric,
                part: Part::Whole,
            });
        }
        let (family, suffix) = name.rsplit_once('_')?;
        let part = match suffix {
            "bucket" => Part::Bucket,
            "sum" => Part::Sum,
            "count" => Part::Count,
            "created" if self.created_series => Part::Created,
            _ => return None,
        };
        let metric = self.metrics.get(family).or_else(|| {
            // `requests_total` begins at `requests_created`.
            let counter = format!("{family}_total");
            self.metrics.get(&counter).filter(|_| part == Part::Created)
        })?;
        let exists = match (part, metric.kind) {
            (Part::Bucket, kind) => kind == MetricType::Histogram,
            (Part::Sum | Part::Count, kind) => {
                matches!(kind, MetricType::Histogram | MetricType::Summary)
            }
            (Part::Created, kind) => kind != MetricType::Gauge,
            (Part::Whole, _) => true,
        };
        exists.then_some(Resolved {
            exporter: self,
            metric,
            part,
        })
    }

    /// The run-time family that covers `name` under the default namespace.
    pub fn dynamic_family(&self, name: &str) -> Option<&DynamicFamily> {
        self.dynamic.iter().find(|family| family.covers(name))
    }

    /// The removed metric called `name`.
    pub fn removed(&self, name: &str) -> Option<&RemovedMetric> {
        self.removed.iter().find(|removed| removed.name == name)
    }

    /// The misnomer `name`.
    pub fn misnomer(&self, name: &str) -> Option<&Misnomer> {
        self.misnomers.iter().find(|misnomer| misnomer.name == name)
    }
}
