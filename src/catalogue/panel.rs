//! The panels of the library: `exporters/*/panels/*.yaml`.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::CatalogueError;
use crate::promql;

/// One panel, before thresholds, place and id.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LibraryPanel {
    /// Title.
    pub title: String,
    /// What it shows and what to make of it; Grafana shows it at the title.
    pub description: String,
    /// What a reader who expected something else must know; only `explain` shows it.
    #[serde(default)]
    pub note: Option<String>,
    /// How it is drawn.
    #[serde(rename = "type")]
    pub kind: PanelKind,
    /// Wished size; the kind's usual one unless given.
    #[serde(default)]
    pub size: Option<PanelSize>,
    /// What must be there for it to show anything, beside its metrics. All of it.
    #[serde(default)]
    pub needs: Vec<Feature>,
    /// What it asks Prometheus for.
    pub queries: Vec<LibraryQuery>,
    /// Unit of its values.
    #[serde(default)]
    pub unit: GrafanaUnit,
    /// Digits after the point; Grafana chooses unless given.
    #[serde(default)]
    pub decimals: Option<u8>,
    /// Lowest value of its axis.
    #[serde(default)]
    pub min: Option<f64>,
    /// Highest value of its axis.
    #[serde(default)]
    pub max: Option<f64>,
    /// Name of the threshold that gives it colours and lines.
    #[serde(default)]
    pub threshold: Option<String>,
    /// Colours of its own where no threshold has the number, ascending.
    #[serde(default)]
    pub steps: Vec<Step>,
    /// What values mean where a number is a state.
    #[serde(default)]
    pub states: IndexMap<String, State>,
    /// Whether series are put on top of each other.
    #[serde(default)]
    pub stacking: Stacking,
    /// Draw the course behind the number of a `stat`.
    #[serde(default)]
    pub sparkline: bool,
    /// Columns of a `table`, label to title, in order. `Value` is a column only where it is named.
    #[serde(default)]
    pub columns: IndexMap<String, String>,
    /// What stands there instead of "No data" where no data is no fault.
    #[serde(default)]
    pub no_value: Option<String>,
}

/// One query of a panel.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LibraryQuery {
    /// PromQL with Grafana's variables `$job`, `$instance`, `$__rate_interval` and `$__range`.
    pub expr: String,
    /// Name of its series; `{{label}}` stands for a label's value. Empty in tables only.
    #[serde(default)]
    pub legend: String,
    /// Ask for the present value only.
    #[serde(default)]
    pub instant: bool,
    /// How its series differ from the others of the panel.
    #[serde(default)]
    pub style: QueryStyle,
    /// Only asked where the query before it cannot have an answer.
    #[serde(default)]
    pub fallback: bool,
}

/// Grafana's panel types that we use, by their ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PanelKind {
    /// Lines over time.
    Timeseries,
    /// One big number.
    Stat,
    /// One number on an arc from `min` to `max`.
    Gauge,
    /// Numbers as bars.
    Bargauge,
    /// Labels as columns.
    Table,
    /// States over time.
    StateTimeline,
    /// Lines of text, from Loki.
    Logs,
}

impl PanelKind {
    /// Grafana's id.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Timeseries => "timeseries",
            Self::Stat => "stat",
            Self::Gauge => "gauge",
            Self::Bargauge => "bargauge",
            Self::Table => "table",
            Self::StateTimeline => "state-timeline",
            Self::Logs => "logs",
        }
    }

    /// Size where a panel wishes none: three graphs or six numbers to a line.
    pub const fn usual_size(self) -> PanelSize {
        match self {
            Self::Stat | Self::Gauge => PanelSize {
                width: 4,
                height: 5,
            },
            Self::Timeseries | Self::StateTimeline | Self::Bargauge => PanelSize {
                width: 8,
                height: 8,
            },
            Self::Table => PanelSize {
                width: 12,
                height: 8,
            },
            Self::Logs => PanelSize {
                width: 24,
                height: 8,
            },
        }
    }
}

/// Size on Grafana's grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PanelSize {
    /// Columns of 24.
    pub width: u8,
    /// Grid units of about 38 pixels.
    pub height: u8,
}

/// Something that a deployment has or has not, beside the metrics that its exporters expose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Feature {
    /// Some target has replicas.
    Replicas,
    /// Some target is watched by sentinels.
    Sentinels,
    /// Some target is a Redis Cluster.
    Cluster,
    /// Some target saves snapshots (RDB).
    Snapshots,
    /// Some target keeps an append-only file.
    AppendOnlyFile,
    /// Some target keeps its data in either way.
    Persistence,
    /// Some endpoint is probed.
    Probes,
    /// Some target has key policies.
    KeyPolicies,
    /// Prometheus stores samples and evaluates rules itself.
    OwnRules,
    /// Prometheus sends its samples to a storage elsewhere.
    RemoteWrite,
    /// Logs are in a Loki.
    Logs,
}

impl Feature {
    /// Completes "needs …".
    pub const fn words(self) -> &'static str {
        match self {
            Self::Replicas => "a target with replicas",
            Self::Sentinels => "a target of topology `sentinel`",
            Self::Cluster => "a target of topology `cluster`",
            Self::Snapshots => "a target with persistence `rdb` or `rdb-and-aof`",
            Self::AppendOnlyFile => "a target with persistence `aof` or `rdb-and-aof`",
            Self::Persistence => "a target with persistence",
            Self::Probes => "a probe",
            Self::KeyPolicies => "a target with `key_policies`",
            Self::OwnRules => "a Prometheus that is no agent",
            Self::RemoteWrite => "`remote_write`",
            Self::Logs => "a Loki, named in `logs`",
        }
    }
}

/// Grafana's ids of the units that we use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum GrafanaUnit {
    /// A plain number, 12345.
    #[serde(rename = "none")]
    None,
    /// A plain number, shortened: 12.3 K.
    #[default]
    #[serde(rename = "short")]
    Short,
    /// 0 to 1, shown as percent.
    #[serde(rename = "percentunit")]
    Ratio,
    /// 0 to 100.
    #[serde(rename = "percent")]
    Percent,
    /// Seconds.
    #[serde(rename = "s")]
    Seconds,
    /// Bytes, in steps of 1024.
    #[serde(rename = "bytes")]
    Bytes,
    /// Bytes per second.
    #[serde(rename = "Bps")]
    BytesPerSecond,
    /// Operations per second.
    #[serde(rename = "ops")]
    OperationsPerSecond,
    /// Requests per second.
    #[serde(rename = "reqps")]
    RequestsPerSecond,
    /// Messages per second.
    #[serde(rename = "mps")]
    MessagesPerSecond,
    /// Events per second.
    #[serde(rename = "cps")]
    CountsPerSecond,
    /// Unix time in milliseconds, shown as date.
    #[serde(rename = "dateTimeAsIso")]
    Date,
    /// Degrees Celsius.
    #[serde(rename = "celsius")]
    Celsius,
    /// Volts.
    #[serde(rename = "volt")]
    Volts,
    /// Amperes.
    #[serde(rename = "amp")]
    Amperes,
    /// Joules.
    #[serde(rename = "joule")]
    Joules,
    /// Metres.
    #[serde(rename = "lengthm")]
    Metres,
    /// Grams.
    #[serde(rename = "massg")]
    Grams,
}

impl GrafanaUnit {
    /// For a value in a base unit of Prometheus, `None` for one that has no id in Grafana.
    pub fn of_base_unit(unit: &str) -> Option<Self> {
        Some(match unit {
            "seconds" => Self::Seconds,
            "bytes" => Self::Bytes,
            "ratio" => Self::Ratio,
            "percent" => Self::Percent,
            "celsius" => Self::Celsius,
            "volts" => Self::Volts,
            "amperes" => Self::Amperes,
            "joules" => Self::Joules,
            "meters" => Self::Metres,
            "grams" => Self::Grams,
            _ => return None,
        })
    }
}

/// Colours of Grafana's palette.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Color {
    /// As it should be.
    Green,
    /// Look at it.
    Yellow,
    /// Between the two.
    Orange,
    /// Act.
    Red,
    /// Neither good nor bad.
    Blue,
    /// The text's own.
    Text,
}

/// A colour from a value upwards.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// The colour.
    pub color: Color,
    /// Lowest value; unset in the first step only.
    #[serde(default)]
    pub from: Option<f64>,
}

/// What one value means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// Shown instead of the number.
    pub text: String,
    /// Its colour.
    pub color: Color,
}

/// Whether series are put on top of each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stacking {
    /// Each on its own.
    #[default]
    None,
    /// Their sum counts.
    Normal,
    /// Their shares count.
    Percent,
}

/// How the series of a query differ from the others of a panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum QueryStyle {
    /// Not at all.
    #[default]
    Normal,
    /// A dashed line without area: what the others are measured against.
    Limit,
    /// Below the axis.
    Mirrored,
}

impl LibraryPanel {
    /// Wished size.
    pub fn size(&self) -> PanelSize {
        self.size.unwrap_or_else(|| self.kind.usual_size())
    }

    /// Whether it is restricted to the dashboard's choice of Redis servers.
    pub fn uses_redis_jobs(&self) -> bool {
        self.queries.iter().any(LibraryQuery::uses_redis_jobs)
    }

    /// Checks it against itself. It is called `name`, in the file at `path`.
    pub(super) fn check(&self, path: &str, name: &str, errors: &mut Vec<CatalogueError>) {
        let mut contradiction = |message: &str| {
            errors.push(CatalogueError::Contradiction {
                path: path.into(),
                entry: name.into(),
                message: message.into(),
            });
        };
        if self.queries.is_empty() {
            contradiction("a panel without a query shows nothing");
        }
        let size = self.size();
        if !(1..=24).contains(&size.width) || size.height == 0 {
            contradiction("a panel is 1 to 24 columns wide and at least 1 unit high");
        }
        if self.threshold.is_some() && !self.steps.is_empty() {
            contradiction("colours come from a threshold or from steps, not from both");
        }
        let ascending = self
            .steps
            .windows(2)
            .all(|pair| pair[0].from < pair[1].from);
        let first_is_base = self.steps.first().is_none_or(|step| step.from.is_none());
        if !ascending || !first_is_base {
            contradiction("steps ascend, and only the first is without `from`");
        }
        let is_table = self.kind == PanelKind::Table;
        if is_table == self.columns.is_empty() {
            contradiction("a table has columns, and nothing else has");
        }
        if !is_table && self.queries.iter().any(|query| query.legend.is_empty()) {
            contradiction("every query has a legend");
        }
        if self.kind == PanelKind::StateTimeline && self.states.is_empty() {
            contradiction("a state timeline says what its numbers mean");
        }
        let over_time = matches!(self.kind, PanelKind::Timeseries | PanelKind::StateTimeline);
        if over_time && self.queries.iter().any(|query| query.instant) {
            contradiction("a course over time cannot be asked for with `instant`");
        }
        if self.queries.first().is_some_and(|query| query.fallback) {
            contradiction("the first query has none before it to stand in for");
        }
        for query in &self.queries {
            let parsed = promql::parse_with(&query.expr, &promql::Options::grafana());
            if let Some(error) = parsed.errors.first() {
                contradiction(&format!("`{}`: {error}", query.expr));
            }
        }
        if self.sparkline && self.kind != PanelKind::Stat {
            contradiction("only a stat has a sparkline");
        }
    }
}

impl LibraryQuery {
    /// Whether it is restricted to the dashboard's choice of Redis servers.
    pub fn uses_redis_jobs(&self) -> bool {
        self.expr.contains("$job")
    }

    /// Names of the series that it selects, in order, as often as they stand there.
    pub fn metrics(&self) -> Vec<String> {
        let parsed = promql::parse_with(&self.expr, &promql::Options::grafana());
        let selectors = parsed.selectors().into_iter();
        selectors
            .filter_map(|used| used.selector.metric_name().map(ToOwned::to_owned))
            .collect()
    }
}
