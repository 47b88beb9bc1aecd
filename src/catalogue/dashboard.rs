//! The panel library and the dashboards made of it: `exporters/*/panels/*.yaml` and
//! `exporters/*/dashboards/*.yaml`.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use indexmap::map::Entry;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::CatalogueError;
use super::load::{Scrutiny, read};
use crate::promql;

/// All panels by name and all dashboards by slug, in the order of their files.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DashboardLibrary {
    panels: IndexMap<String, LibraryPanel>,
    dashboards: IndexMap<String, LibraryDashboard>,
}

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

/// A dashboard as the library has it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LibraryDashboard {
    /// Name of its file.
    pub slug: String,
    /// Title.
    pub title: String,
    /// One sentence for people.
    pub description: String,
    /// Tags.
    pub tags: Vec<String>,
    /// Whether a profile that names no dashboards gets it.
    pub default: bool,
    /// Sections by name, in order.
    pub sections: IndexMap<String, LibrarySection>,
    /// Whether a row for each target with key policies follows, with a panel for each policy.
    #[serde(default)]
    pub key_policies: bool,
}

/// A row of a dashboard.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LibrarySection {
    /// Title of the row.
    pub title: String,
    /// Names of its panels, in order.
    pub panels: Vec<String>,
    /// Start folded.
    #[serde(default)]
    pub collapsed: bool,
}

/// A file of panels.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PanelFile {
    /// Where the facts come from; for the reader of the file.
    #[allow(dead_code)]
    source: String,
    panels: IndexMap<String, LibraryPanel>,
}

enum Parsed {
    Panels(PanelFile),
    Dashboard(Box<LibraryDashboard>),
}

impl DashboardLibrary {
    /// Reads the panels and dashboards among `files` (path under `templates/`, text), and checks
    /// that they agree with each other as far as `scrutiny` asks for it.
    ///
    /// # Errors
    ///
    /// Every mistake that is found.
    pub(super) fn load<'t>(
        files: impl IntoIterator<Item = (&'t str, &'t str)>,
        scrutiny: Scrutiny,
    ) -> Result<Self, Vec<CatalogueError>> {
        let mut files: Vec<(&str, &str, bool)> = files
            .into_iter()
            .filter_map(|(path, text)| match *path.split('/').collect::<Vec<_>>() {
                ["exporters", _, "panels", _] => Some((path, text, true)),
                ["exporters", _, "dashboards", _] => Some((path, text, false)),
                _ => None,
            })
            .collect();
        files.sort_unstable_by_key(|(path, ..)| *path);
        // Reading YAML is nearly all the time it takes; the files do not depend on each other.
        let parsed: Vec<_> = files
            .par_iter()
            .with_max_len(1)
            .map(|(path, text, is_panels)| {
                let parsed = if *is_panels {
                    read(path, text).map(Parsed::Panels)
                } else {
                    read(path, text).map(|dashboard| Parsed::Dashboard(Box::new(dashboard)))
                };
                (*path, parsed)
            })
            .collect();

        let mut library = Self::default();
        let mut errors = Vec::new();
        let mut homes = BTreeMap::new();
        for (path, parsed) in parsed {
            match parsed {
                Ok(Parsed::Panels(file)) => {
                    library.panels.reserve(file.panels.len());
                    for (name, panel) in file.panels {
                        if scrutiny == Scrutiny::Full {
                            check_panel(path, &name, &panel, &mut errors);
                        }
                        insert(path, &mut library.panels, name, panel, &mut errors);
                    }
                }
                Ok(Parsed::Dashboard(dashboard)) => {
                    if !path.ends_with(&format!("/{}.yaml", dashboard.slug)) {
                        errors.push(CatalogueError::Misplaced {
                            path: path.into(),
                            name: dashboard.slug.clone(),
                        });
                    }
                    homes.insert(dashboard.slug.clone(), path);
                    let slug = dashboard.slug.clone();
                    insert(path, &mut library.dashboards, slug, *dashboard, &mut errors);
                }
                Err(error) => errors.push(error),
            }
        }
        for (slug, path) in homes.into_iter().filter(|_| scrutiny == Scrutiny::Full) {
            library.check_dashboard(path, &slug, &mut errors);
        }
        if errors.is_empty() {
            Ok(library)
        } else {
            Err(errors)
        }
    }

    /// All panels by name.
    pub const fn panels(&self) -> &IndexMap<String, LibraryPanel> {
        &self.panels
    }

    /// All dashboards by slug.
    pub const fn dashboards(&self) -> &IndexMap<String, LibraryDashboard> {
        &self.dashboards
    }

    /// Slugs of the dashboards that show a panel.
    pub fn shown_on<'a>(&'a self, panel: &'a str) -> impl Iterator<Item = &'a str> {
        self.dashboards
            .values()
            .filter(move |dashboard| dashboard.panels().any(|name| name == panel))
            .map(|dashboard| dashboard.slug.as_str())
    }

    fn check_dashboard(&self, path: &str, slug: &str, errors: &mut Vec<CatalogueError>) {
        let Some(dashboard) = self.dashboards.get(slug) else {
            return;
        };
        let mut seen = std::collections::BTreeSet::new();
        for name in dashboard.panels() {
            if !self.panels.contains_key(name) {
                errors.push(CatalogueError::Dangling {
                    path: path.into(),
                    entry: slug.into(),
                    kind: "panel",
                    name: name.into(),
                });
            }
            if !seen.insert(name) {
                errors.push(CatalogueError::Duplicate {
                    path: path.into(),
                    name: name.into(),
                });
            }
        }
    }
}

impl LibraryDashboard {
    /// Names of all panels, in order.
    pub fn panels(&self) -> impl Iterator<Item = &str> {
        self.sections
            .values()
            .flat_map(|section| section.panels.iter().map(String::as_str))
    }
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

fn insert<T>(
    path: &str,
    map: &mut IndexMap<String, T>,
    name: String,
    value: T,
    errors: &mut Vec<CatalogueError>,
) {
    match map.entry(name) {
        Entry::Vacant(vacant) => {
            vacant.insert(value);
        }
        Entry::Occupied(occupied) => errors.push(CatalogueError::Duplicate {
            path: path.into(),
            name: occupied.key().clone(),
        }),
    }
}

/// Checks one panel against itself.
fn check_panel(path: &str, name: &str, panel: &LibraryPanel, errors: &mut Vec<CatalogueError>) {
    let mut contradiction = |message: &str| {
        errors.push(CatalogueError::Contradiction {
            path: path.into(),
            entry: name.into(),
            message: message.into(),
        });
    };
    if panel.queries.is_empty() {
        contradiction("a panel without a query shows nothing");
    }
    let size = panel.size();
    if !(1..=24).contains(&size.width) || size.height == 0 {
        contradiction("a panel is 1 to 24 columns wide and at least 1 unit high");
    }
    if panel.threshold.is_some() && !panel.steps.is_empty() {
        contradiction("colours come from a threshold or from steps, not from both");
    }
    let ascending = panel
        .steps
        .windows(2)
        .all(|pair| pair[0].from < pair[1].from);
    let first_is_base = panel.steps.first().is_none_or(|step| step.from.is_none());
    if !ascending || !first_is_base {
        contradiction("steps ascend, and only the first is without `from`");
    }
    let is_table = panel.kind == PanelKind::Table;
    if is_table == panel.columns.is_empty() {
        contradiction("a table has columns, and nothing else has");
    }
    if !is_table && panel.queries.iter().any(|query| query.legend.is_empty()) {
        contradiction("every query has a legend");
    }
    if panel.kind == PanelKind::StateTimeline && panel.states.is_empty() {
        contradiction("a state timeline says what its numbers mean");
    }
    let over_time = matches!(panel.kind, PanelKind::Timeseries | PanelKind::StateTimeline);
    if over_time && panel.queries.iter().any(|query| query.instant) {
        contradiction("a course over time cannot be asked for with `instant`");
    }
    if panel.queries.first().is_some_and(|query| query.fallback) {
        contradiction("the first query has none before it to stand in for");
    }
    for query in &panel.queries {
        let parsed = promql::parse_with(&query.expr, &promql::Options::grafana());
        if let Some(error) = parsed.errors.first() {
            contradiction(&format!("`{}`: {error}", query.expr));
        }
    }
    if panel.sparkline && panel.kind != PanelKind::Stat {
        contradiction("only a stat has a sparkline");
    }
}
