//! Alerts as data: what they ask, when they make sense, and what their test feeds them.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::alert_test::{AlertTest, RecordingCase};
use super::instrumentation::IndicatorName;
use super::load::CatalogueError;
use super::version::Version;
use crate::quantity::Duration;

/// The `severity` label.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Look at it in working hours.
    Warning,
    /// Wake somebody up.
    Critical,
}

impl Severity {
    /// The label's value.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// Which jobs of a stack an alert is about.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Default,
)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// Servers that hold data.
    #[default]
    Redis,
    /// Sentinels.
    Sentinels,
    /// Keys, of targets that have policies for them.
    Keys,
    /// Exporters' own metrics.
    Exporters,
    /// Programs beside Redis.
    Applications,
    /// Probed endpoints.
    Probes,
    /// Applications, probes and the stack itself: what has no alert of its own for being down.
    Others,
    /// Prometheus itself.
    Prometheus,
    /// Alertmanager.
    Alertmanager,
}

impl Subject {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Redis,
        Self::Sentinels,
        Self::Keys,
        Self::Exporters,
        Self::Applications,
        Self::Probes,
        Self::Others,
        Self::Prometheus,
        Self::Alertmanager,
    ];

    /// The word that data files use, also as the name of the matcher in expressions.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Redis => "redis",
            Self::Sentinels => "sentinels",
            Self::Keys => "keys",
            Self::Exporters => "exporters",
            Self::Applications => "applications",
            Self::Probes => "probes",
            Self::Others => "others",
            Self::Prometheus => "prometheus",
            Self::Alertmanager => "alertmanager",
        }
    }
}

/// What a policy for keys can limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyLimit {
    /// How long they live.
    Ttl,
    /// How many elements they have.
    Length,
}

/// What must be written to disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PersistenceKind {
    /// Snapshots.
    Rdb,
    /// The append-only file.
    Aof,
}

/// A topology's name as the `topology` label has it.
pub type TopologyName = String;

/// When an alert makes sense. Everything that is given must hold.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AlertNeeds {
    /// All of these jobs exist.
    pub jobs: Vec<Subject>,
    /// A target has one of these topologies; any, where empty.
    pub topologies: Vec<TopologyName>,
    /// Exporter flags without which the metrics are not there. Rendering the alert switches them on.
    pub flags: Vec<String>,
    /// First exporter that has the metrics.
    pub exporter: Option<Version>,
    /// First Redis that has them.
    pub redis: Option<Version>,
    /// A target has no `maxmemory`. There is no opposite: a server may have a limit that the profile
    /// does not know, so what is about limits is always there and guards itself.
    pub unlimited: bool,
    /// A target keeps its data this way.
    pub persistence: Option<PersistenceKind>,
    /// A target has a password.
    pub password: bool,
    /// The keys of a target are looked at with a Lua script.
    pub lua: bool,
    /// A policy whose keys that script looks at has this limit.
    pub limit: Option<KeyLimit>,
    /// Prometheus evaluates rules itself.
    pub rules: bool,
    /// Prometheus sends its samples to a storage elsewhere.
    pub remote_write: bool,
    /// For an alert of each application: the figures without which it asks nothing.
    pub indicators: Vec<IndicatorName>,
}

/// What an alert is repeated for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Each {
    /// One rule per job, because each has its own expected number of targets.
    Job,
    /// One rule per application, because each has names of its own for the same figure.
    Application,
}

/// One alert.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alert {
    /// Its name, that of its runbook too.
    #[serde(rename = "alert")]
    pub name: String,
    /// Why it is there, for the reader of the rule file.
    pub why: String,
    /// The annotation `summary`: what is wrong where, with the value.
    pub summary: String,
    /// The annotation `description`: what it means, with the threshold.
    pub description: String,
    /// PromQL, a template.
    pub expr: String,
    /// How long it must hold; unset with a threshold, which has its own.
    #[serde(rename = "for", default)]
    pub pending: Option<Duration>,
    /// Unset with a threshold, which has one value for each severity.
    #[serde(default)]
    pub severity: Option<Severity>,
    /// Name of the threshold that `<{ threshold }>` stands for.
    #[serde(default)]
    pub threshold: Option<String>,
    /// What it is repeated for.
    #[serde(default)]
    pub each: Option<Each>,
    /// The jobs it is about.
    #[serde(default)]
    pub on: Subject,
    /// Which of `job`, `instance`, `redis` and `topology` its result has.
    #[serde(default = "every_target_label")]
    pub keeps: Vec<String>,
    /// When it makes sense.
    #[serde(default)]
    pub needs: AlertNeeds,
    /// What its unit test feeds it.
    pub test: AlertTest,
    /// Where it comes from.
    pub source: String,
}

fn every_target_label() -> Vec<String> {
    ["job", "instance", "redis", "topology"]
        .map(Into::into)
        .into()
}

/// The alerts of one rule group, which is one file.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlertGroup {
    /// The question that its alerts answer.
    pub about: String,
    /// In the order in which they are rendered.
    pub alerts: Vec<Alert>,
}

/// A recording rule.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordingRule {
    /// `level:metric:operation`.
    #[serde(rename = "record")]
    pub name: String,
    /// Why it is there, for the reader of the rule file.
    pub why: String,
    /// PromQL, a template.
    pub expr: String,
    /// What its unit test feeds it, by the name of a server.
    pub test: IndexMap<String, RecordingCase>,
    /// How far the expression looks back, where that is not the rate window.
    #[serde(default)]
    pub looks_back: Option<Duration>,
    /// The jobs that it reads; without any it is left out.
    #[serde(default)]
    pub on: Subject,
    /// Where it comes from.
    pub source: String,
}

/// The rule groups in the order of a triage: what is asked first stands first.
pub const GROUPS: [&str; 9] = [
    "availability",
    "applications",
    "saturation",
    "performance",
    "capacity",
    "replication",
    "cluster",
    "persistence",
    "config",
];

/// Everything about alerts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AlertCatalogue {
    /// By name.
    pub thresholds: IndexMap<String, super::ThresholdDefinition>,
    /// In the order of the file.
    pub recording_rules: IndexMap<String, RecordingRule>,
    /// By name, in the order of [`GROUPS`].
    pub groups: IndexMap<String, AlertGroup>,
}

impl AlertCatalogue {
    /// Every alert with its group, in triage order.
    pub fn alerts(&self) -> impl Iterator<Item = (&str, &Alert)> {
        self.groups.iter().flat_map(|(group, alerts)| {
            alerts
                .alerts
                .iter()
                .map(move |alert| (group.as_str(), alert))
        })
    }

    /// The alert called `name`, and its group.
    pub fn alert(&self, name: &str) -> Option<(&str, &Alert)> {
        self.alerts().find(|(_, alert)| alert.name == name)
    }
}

/// Names beside those of guards that a sum in a test may use.
const NAMES: [&str; 9] = [
    "value",
    "window",
    "expected",
    "bound",
    "application.errors_are_requests",
    "pressure.medium",
    "pressure.high",
    "pressure.critical",
    "pressure.stable",
];

impl AlertCatalogue {
    /// Puts the groups into triage order.
    pub(super) fn sort(&mut self) {
        self.groups
            .sort_by_cached_key(|name, _| GROUPS.iter().position(|group| group == name));
    }

    /// A number for each name that a sum may use.
    fn stands_for(&self, name: &str) -> Option<f64> {
        let guard = name.strip_prefix("guard.");
        match guard.or_else(|| name.strip_prefix("at.")) {
            Some(guard) => self.thresholds.get(&guard.replace('_', "-"))?.warning,
            None => NAMES.contains(&name).then_some(1.0),
        }
    }

    /// Reports entries that contradict each other.
    pub(super) fn check(&self, errors: &mut Vec<CatalogueError>) {
        for rule in self.recording_rules.values() {
            let mut contradiction = |message: String| {
                errors.push(CatalogueError::Contradiction {
                    path: "exporters/redis_exporter/recording_rules.yaml".into(),
                    entry: rule.name.clone(),
                    message,
                });
            };
            let records = |case: &RecordingCase| case.records.is_some();
            if !rule.test.values().any(records) || rule.test.values().all(records) {
                contradiction("its test shows a server with a result, and one without".into());
            }
            for sum in rule.test.values().flat_map(RecordingCase::sums) {
                if sum.evaluate(&|name| self.stands_for(name)).is_none() {
                    contradiction(format!("its test cannot compute `{}`", sum.0));
                }
            }
        }
        let mut seen = std::collections::BTreeSet::new();
        for (group, alert) in self.alerts() {
            let path = format!("exporters/redis_exporter/alerts/{group}.yaml");
            if !seen.insert(&alert.name) {
                errors.push(CatalogueError::Duplicate {
                    path: path.clone(),
                    name: alert.name.clone(),
                });
            }
            let mut contradiction = |message: &str| {
                errors.push(CatalogueError::Contradiction {
                    path: path.clone(),
                    entry: alert.name.clone(),
                    message: message.to_owned(),
                });
            };
            match &alert.threshold {
                Some(_) if alert.severity.is_some() || alert.pending.is_some() => {
                    contradiction("severity and `for` are the threshold's");
                }
                None if alert.severity.is_none() => {
                    contradiction("it has neither a severity nor a threshold");
                }
                _ => {}
            }
            for sum in alert.test.sums() {
                if sum.evaluate(&|name| self.stands_for(name)).is_none() {
                    contradiction(&format!("its test cannot compute `{}`", sum.0));
                }
            }
            if let Some(threshold) = &alert.threshold
                && self
                    .thresholds
                    .get(threshold)
                    .is_none_or(|threshold| threshold.direction == super::Direction::Guard)
            {
                errors.push(CatalogueError::Dangling {
                    path: path.clone(),
                    entry: alert.name.clone(),
                    kind: "threshold",
                    name: threshold.clone(),
                });
            }
        }
    }
}
