//! What Grafana has without plugins, and what it no longer has.

use serde::Deserialize;

/// `templates/grafana.yaml`: types of panels and of datasources.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrafanaTypes {
    /// Where the lists were read.
    pub source: String,
    /// Types of panels that every image has, or had.
    pub panels: Vec<String>,
    /// Types of datasources that every image has.
    pub datasources: Vec<String>,
    /// Former names of types of datasources, which still mean them.
    pub renamed_datasources: Vec<Replaced>,
    /// Types of panels that Grafana turns into another as it loads a dashboard.
    pub converted: Vec<Replaced>,
    /// Plugins that were given up.
    pub given_up: Vec<Replaced>,
}

/// A type, and what does its work now.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replaced {
    /// The former type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The type of today.
    pub now: String,
}

impl GrafanaTypes {
    /// What Grafana makes of a panel of that type as it loads a dashboard.
    pub fn converted(&self, kind: &str) -> Option<&str> {
        now(&self.converted, kind)
    }

    /// The type of a datasource under the name that it has today.
    pub fn datasource<'t>(&'t self, kind: &'t str) -> &'t str {
        now(&self.renamed_datasources, kind).unwrap_or(kind)
    }

    /// What does the work of a plugin that was given up.
    pub fn given_up(&self, kind: &str) -> Option<&str> {
        now(&self.given_up, kind)
    }
}

fn now<'t>(table: &'t [Replaced], kind: &str) -> Option<&'t str> {
    table
        .iter()
        .find(|replaced| replaced.kind == kind)
        .map(|replaced| replaced.now.as_str())
}
