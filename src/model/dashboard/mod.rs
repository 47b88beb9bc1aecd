//! Dashboards, complete: every panel with its queries, colours, place and id.

mod application;
mod draw;
mod key_policy;
mod layout;
mod metric;
mod naming;
mod parts;
mod resolve;
mod written;

use std::collections::BTreeSet;

use indexmap::IndexMap;
use serde::Serialize;

pub use layout::{COLUMNS, Place, place};
pub use naming::{Folder, UID_AT_MOST, uid};
pub(super) use parts::DashboardParts;
pub use resolve::{application_slug, library_panels, resolve};

use super::application::Application;
use crate::catalogue::{
    self, Color, DashboardLibrary, Feature, GrafanaUnit, PanelKind, PanelSize, QueryStyle,
    Stacking, State, Step,
};
use crate::model::key_policy::KeyPolicies;
use crate::profile;
use crate::quantity::Duration;

/// Uid of the Prometheus datasource. Fixed, because datasource and dashboards are deployed together:
/// a variable to choose it could only be wrong.
pub const PROMETHEUS_UID: &str = "stackwright-prometheus";

/// Uid of the Loki datasource.
pub const LOKI_UID: &str = "stackwright-loki";

/// Uid of the Alertmanager datasource.
pub const ALERTMANAGER_UID: &str = "stackwright-alertmanager";

/// What dashboards depend on.
pub struct DashboardInput<'a> {
    /// Panels and dashboards to choose from.
    pub library: &'a DashboardLibrary,
    /// Name of the profile.
    pub profile: &'a str,
    /// The profile's dashboards.
    pub written: &'a IndexMap<String, profile::Dashboard>,
    /// Names of the jobs whose series come from Redis servers and sentinels.
    pub redis_jobs: &'a [String],
    /// Longest scrape interval of these jobs.
    pub redis_interval: Duration,
    /// Global scrape interval; that of the datasource.
    pub scrape_interval: Duration,
    /// Key policies of the targets that have some.
    pub key_policies: &'a [&'a KeyPolicies],
    /// Applications by name.
    pub applications: &'a IndexMap<String, Application<'a>>,
    /// Thresholds by name, with the numbers of this environment.
    pub thresholds: &'a IndexMap<String, PanelThreshold>,
    /// What Redis writes, as a selector of Loki's streams.
    pub logs: Option<&'a str>,
    /// What the deployment has.
    pub features: &'a BTreeSet<Feature>,
    /// Why no scraped exporter exposes a metric; `None` where one does, or where nobody knows.
    pub unavailable: &'a dyn Fn(&str) -> Option<String>,
}

/// Which side of a threshold is bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// Used memory, latency: bad above.
    HigherIsWorse,
    /// Hit ratio: bad below.
    LowerIsWorse,
}

impl Direction {
    /// Of a threshold of the catalogue; `None` for one that only guards others.
    pub const fn of(direction: catalogue::Direction) -> Option<Self> {
        match direction {
            catalogue::Direction::HigherIsWorse => Some(Self::HigherIsWorse),
            catalogue::Direction::LowerIsWorse => Some(Self::LowerIsWorse),
            catalogue::Direction::Guard => None,
        }
    }
}

/// The numbers of a threshold; `None` for a severity that is off.
#[derive(Debug, Clone, PartialEq)]
pub struct PanelThreshold {
    /// Which side is bad.
    pub direction: Direction,
    /// Where it becomes a warning.
    pub warning: Option<f64>,
    /// Where it becomes critical.
    pub critical: Option<f64>,
    /// Colours of the profile's own, mildest first; empty where the severities decide.
    pub colors: Vec<(Color, f64)>,
}

/// Where "more than nothing" begins on a panel.
const JUST_ABOVE_ZERO: f64 = 1e-6;

impl PanelThreshold {
    /// The colours that this means, ascending.
    pub fn steps(&self) -> Vec<Step> {
        // Beyond a threshold means above it, and Grafana's steps begin at their number.
        let above = |number: f64| {
            if number == 0.0 {
                JUST_ABOVE_ZERO
            } else {
                number
            }
        };
        let step = |color, from| Step { color, from };
        if !self.colors.is_empty() {
            let first = step(Color::Green, None);
            let rest = self.colors.iter();
            return match self.direction {
                Direction::HigherIsWorse => std::iter::once(first)
                    .chain(rest.map(|(color, from)| step(*color, Some(above(*from)))))
                    .collect(),
                // Ascending means worst first, and each colour ends where the milder one begins.
                Direction::LowerIsWorse => {
                    let ends: Vec<f64> = self.colors.iter().map(|(_, end)| *end).collect();
                    let milder = std::iter::once(Color::Green)
                        .chain(self.colors.iter().map(|(color, _)| *color));
                    let worst = self.colors.last().map(|(color, _)| step(*color, None));
                    let others = milder
                        .zip(&ends)
                        .map(|(color, end)| step(color, Some(*end)));
                    let mut others: Vec<Step> = others.collect();
                    others.reverse();
                    worst.into_iter().chain(others).collect()
                }
            };
        }
        let numbers = (self.warning, self.critical);
        match (self.direction, numbers) {
            (_, (None, None)) => vec![step(Color::Green, None)],
            (Direction::HigherIsWorse, (warning, critical)) => {
                let mut steps = vec![step(Color::Green, None)];
                steps.extend(warning.map(|from| step(Color::Yellow, Some(above(from)))));
                steps.extend(critical.map(|from| step(Color::Red, Some(above(from)))));
                steps
            }
            (Direction::LowerIsWorse, (Some(warning), Some(critical))) => vec![
                step(Color::Red, None),
                step(Color::Yellow, Some(critical)),
                step(Color::Green, Some(warning)),
            ],
            (Direction::LowerIsWorse, (Some(only), None)) => {
                vec![step(Color::Yellow, None), step(Color::Green, Some(only))]
            }
            (Direction::LowerIsWorse, (None, Some(only))) => {
                vec![step(Color::Red, None), step(Color::Green, Some(only))]
            }
        }
    }
}

/// A dashboard, complete.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Dashboard {
    /// Its key in the profile, its name in the library; file name without `.json`.
    pub slug: String,
    /// Stable identity in Grafana.
    pub uid: String,
    /// Title.
    pub title: String,
    /// One sentence for people.
    pub description: String,
    /// Where Grafana shows it.
    pub folder: Folder,
    /// Tags; the last one is the profile's name, by which the dashboards link to each other.
    pub tags: Vec<String>,
    /// The tag that all dashboards of the bundle have.
    pub bundle_tag: String,
    /// Regular expression that matches the Redis jobs; `None` where no panel uses `$job`, and the
    /// dashboard then has no variables.
    pub redis_jobs: Option<String>,
    /// Rows, in order.
    pub rows: Vec<Row>,
}

impl Dashboard {
    /// All panels without the rows, in order.
    pub fn panels(&self) -> impl Iterator<Item = &Panel> {
        self.rows.iter().flat_map(|row| &row.panels)
    }
}

/// A row and the panels below it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// Unique in the dashboard.
    pub id: u32,
    /// Title.
    pub title: String,
    /// Starts folded; its panels then stand inside it.
    pub collapsed: bool,
    /// Where it is.
    pub place: Place,
    /// Panels, in order.
    pub panels: Vec<Panel>,
}

/// A panel, complete.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Panel {
    /// Its name in the library, or what it shows of an application.
    pub name: String,
    /// Unique in the dashboard.
    pub id: u32,
    /// Title.
    pub title: String,
    /// What it shows.
    pub description: String,
    /// How it is drawn.
    pub kind: PanelKind,
    /// Wished size; [`Self::place`] is the real one.
    #[serde(skip)]
    pub size: PanelSize,
    /// Where it is.
    pub place: Place,
    /// What it asks for.
    pub queries: Vec<Query>,
    /// Unit of its values.
    pub unit: GrafanaUnit,
    /// Digits after the point.
    pub decimals: Option<u8>,
    /// Lowest value of its axis.
    pub min: Option<f64>,
    /// Highest value of its axis.
    pub max: Option<f64>,
    /// Colours, ascending; the first has no number.
    pub steps: Vec<Step>,
    /// Whether the steps are a threshold's, and drawn as lines.
    pub has_threshold: bool,
    /// What values mean.
    pub states: IndexMap<String, State>,
    /// Whether series are put on top of each other.
    pub stacking: Stacking,
    /// Draw the course behind the number.
    pub sparkline: bool,
    /// Columns of a table, label to title.
    pub columns: IndexMap<String, String>,
    /// What stands there instead of "No data".
    pub no_value: Option<String>,
}

/// A query, complete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Query {
    /// `A`, `B` … `Z`, `AA` …
    pub ref_id: String,
    /// PromQL with Grafana's variables.
    pub expr: String,
    /// Name of its series.
    pub legend: String,
    /// Ask for the present value only.
    pub instant: bool,
    /// How its series differ.
    pub style: QueryStyle,
    /// Time between two samples, where it is not that of the datasource: `$__rate_interval` needs it.
    pub interval: Option<Duration>,
}
