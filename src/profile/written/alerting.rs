//! Thresholds and alerts.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::catalogue::Severity;
use crate::profile::ThresholdValue;
use crate::quantity::Duration;

/// Values of a threshold of the catalogue. What is not given keeps the catalogue's default.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Threshold {
    /// Where it becomes a warning; `off` for never.
    pub warning: Option<ThresholdValue>,
    /// Where it becomes critical; `off` for never.
    pub critical: Option<ThresholdValue>,
    /// How long the condition must hold before the alert fires.
    #[serde(rename = "for")]
    pub pending: Option<Pending>,
    /// Colours of its panels, where they do not follow from `warning` and `critical`.
    pub colors: Option<Colors>,
}

/// Where a panel changes its colour: the value beyond which (below which, where lower is worse) it
/// has it. Green is what is left.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Colors {
    /// Look at it.
    pub yellow: Option<ThresholdValue>,
    /// Between the two.
    pub orange: Option<ThresholdValue>,
    /// Act.
    pub red: Option<ThresholdValue>,
}

/// Memory pressure in four levels (0 low, 1 medium, 2 high, 3 critical), and its trend. Recorded as
/// `redis:memory_pressure:level` and `redis:memory_trend:direction`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MemoryPressure {
    /// What used memory is a share of.
    pub of: PressureBase,
    /// Share above which the level is medium; 60% unless given.
    pub medium: Option<ThresholdValue>,
    /// Share above which the level is high; 75% unless given.
    pub high: Option<ThresholdValue>,
    /// Share above which the level is critical; 85% unless given.
    pub critical: Option<ThresholdValue>,
    /// Percentage points per hour up to which memory is stable, neither growing nor shrinking; 1
    /// unless given.
    pub stable: Option<ThresholdValue>,
}

/// What used memory is measured against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PressureBase {
    /// The server's limit. Without one there is no level.
    #[default]
    Maxmemory,
    /// The most that was ever used since the start. A server that grows is always at its peak.
    Peak,
}

impl PressureBase {
    /// The word in a profile.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Maxmemory => "maxmemory",
            Self::Peak => "peak",
        }
    }
}

/// One duration for both severities, or one each.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Pending {
    /// The same for both.
    Both(Duration),
    /// One each.
    Each {
        /// For the warning.
        warning: Option<Duration>,
        /// For the critical alert.
        critical: Option<Duration>,
    },
}

/// Changes to one alert of the catalogue.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AlertOverride {
    /// `false` leaves the alert out.
    pub enabled: Option<bool>,
    /// The name it is given instead.
    pub name: Option<String>,
    /// Severity, for an alert that has only one.
    pub severity: Option<Severity>,
    /// How long the condition must hold, for an alert without a threshold.
    #[serde(rename = "for")]
    pub pending: Option<Duration>,
    /// Further labels.
    pub labels: IndexMap<String, String>,
    /// Further annotations, or others' replacement.
    pub annotations: IndexMap<String, String>,
    /// Slug of the runbook to link instead of the alert's own.
    pub runbook: Option<String>,
}

/// Addresses that annotations and messages link to.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Links {
    /// Where people open Grafana, such as `https://grafana.example.com`. Unset: its published port
    /// on localhost.
    pub grafana: Option<String>,
    /// Where people open Prometheus.
    pub prometheus: Option<String>,
    /// Where people open Alertmanager.
    pub alertmanager: Option<String>,
    /// Where the bundle's `runbooks/` are published; `<slug>.md` is appended. Unset: the path in
    /// the bundle.
    pub runbooks: Option<String>,
}
