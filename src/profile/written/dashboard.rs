//! Dashboards and runbooks.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

/// A dashboard.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Dashboard {
    /// Title; the catalogue's where the slug is one of its dashboards.
    pub title: Option<String>,
    /// Stable uid, at most 40 characters. Unset: from the profile's name and the slug.
    pub uid: Option<String>,
    /// Grafana folder. Unset: the profile's name.
    pub folder: Option<String>,
    /// One sentence for people.
    pub description: Option<String>,
    /// Tags.
    pub tags: Vec<String>,
    /// Sections by name, in order; each is a row. Unset: all sections of the catalogue's dashboard.
    pub sections: IndexMap<String, Section>,
    /// `false` leaves a dashboard of the catalogue out.
    pub enabled: Option<bool>,
}

/// A row of a dashboard.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Section {
    /// Title of the row; the catalogue's where the name is one of its sections.
    pub title: Option<String>,
    /// Show this application's metrics.
    pub application: Option<String>,
    /// Show the key policies of this target, a panel for each.
    pub target: Option<String>,
    /// Panels of the library by name (`stackwright list panels`), metrics of the application, or
    /// patterns of the target's key policies. Unset: all of the section.
    pub panels: Option<Vec<String>>,
    /// Start folded.
    pub collapsed: bool,
}

/// Logs in a Loki that runs already: a datasource, and the panel `activity-logs`. The stack runs no Loki
/// and collects no logs.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Logs {
    /// Where Grafana reaches Loki: `http(s)://host[:port]`, without credentials.
    pub url: String,
    /// What Redis writes, as labels of streams: `{compose_service=~"redis.*"}`.
    pub selector: String,
}

/// A runbook of your own.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Runbook {
    /// Title.
    pub title: String,
    /// Markdown below the title.
    pub text: String,
}
