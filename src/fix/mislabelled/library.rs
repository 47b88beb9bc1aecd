//! Panels of the library, for dashboards that we did not make.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use serde_json::Value as Json;

use super::Impossible;
use crate::artifact::dashboard_panel;
use crate::catalogue::{Availability, Catalogue};
use crate::facts::Facts;
use crate::facts::Scraped;
use crate::facts::dashboard::Dashboard;
use crate::model::dashboard::{self, DashboardInput, PanelThreshold, library_panels};
use crate::quantity::Duration;
use crate::template::Templates;

/// What the queries of the library are restricted to, in dashboards with these variables.
const CHOICE: &str = r#"job=~"$job",instance=~"$instance""#;

/// A panel of the library, written for one dashboard.
#[derive(Debug, Clone)]
pub(super) struct Replacement {
    /// Its name in the library.
    pub name: String,
    /// Its title.
    pub title: String,
    /// Wished width and height.
    pub size: crate::catalogue::PanelSize,
    /// The whole panel, without `id` and `gridPos` that mean something.
    pub json: Json,
}

/// The panels of the library by name, those that this setup can answer; with the datasource of `dashboard`, and restricted to
/// the choice of its variables where it has them.
pub(super) fn panels(
    facts: &Facts<'_>,
    catalogue: &Catalogue,
    dashboard: &Dashboard,
    names: &[&str],
) -> Result<Vec<Replacement>, Impossible> {
    let exporter = catalogue.exporter("redis_exporter");
    let circumstances = match exporter.map(|exporter| facts.scraped(exporter)) {
        Some(Scraped::By(circumstances)) => circumstances.into_iter().next(),
        _ => None,
    };
    let unavailable = |metric: &str| -> Option<String> {
        match catalogue.availability(exporter?, metric, circumstances.as_ref()?)? {
            Availability::Unavailable(reason) => Some(reason.to_string()),
            Availability::Available | Availability::Conditional(_) => None,
        }
    };
    let thresholds: IndexMap<String, PanelThreshold> = catalogue
        .alerting()
        .thresholds
        .values()
        .filter_map(|threshold| {
            let shown = PanelThreshold {
                direction: dashboard::Direction::of(threshold.direction)?,
                warning: threshold.warning,
                critical: threshold.critical,
                colors: Vec::new(),
            };
            Some((threshold.name.clone(), shown))
        })
        .collect();
    let jobs = ["redis".to_owned()];
    let interval = Duration::from_secs(15);
    let input = DashboardInput {
        library: catalogue.dashboards(),
        profile: "",
        written: &IndexMap::new(),
        redis_jobs: &jobs,
        redis_interval: interval,
        scrape_interval: interval,
        key_policies: &[],
        applications: &IndexMap::new(),
        thresholds: &thresholds,
        features: &BTreeSet::new(),
        unavailable: &unavailable,
        logs: None,
    };
    let has_choice = ["job", "instance"]
        .iter()
        .all(|name| dashboard.variable(name).is_some());
    let datasource = datasource(dashboard);
    let templates = Templates::embedded();
    let mut replacements = Vec::new();
    for panel in library_panels(&input, names) {
        let mut json = dashboard_panel(&panel, &templates)
            .map_err(|error| Impossible::Template(error.message))?;
        adapt(&mut json, datasource.as_ref(), has_choice);
        replacements.push(Replacement {
            title: panel.title.clone(),
            name: panel.name.clone(),
            size: panel.size,
            json,
        });
    }
    Ok(replacements)
}

/// The datasource that most panels of a dashboard name.
fn datasource(dashboard: &Dashboard) -> Option<Json> {
    let mut counts: BTreeMap<String, (usize, Json)> = BTreeMap::new();
    for panel in &dashboard.panels {
        let own = panel.node.get("datasource");
        let of_query = || panel.queries.first()?.node.get("datasource");
        if let Some(node) = own.or_else(of_query).filter(|_| !panel.is_row()) {
            let json = node.to_json();
            counts.entry(json.to_string()).or_insert((0, json)).0 += 1;
        }
    }
    let most = counts.values().map(|(count, _)| *count).max()?;
    let (_, json) = counts.into_values().find(|(count, _)| *count == most)?;
    Some(json)
}

fn adapt(json: &mut Json, datasource: Option<&Json>, has_choice: bool) {
    match json {
        Json::Object(entries) => {
            match datasource {
                Some(datasource) if entries.contains_key("datasource") => {
                    entries.insert("datasource".into(), datasource.clone());
                }
                Some(_) => {}
                None => {
                    entries.shift_remove("datasource");
                }
            }
            for (key, value) in entries.iter_mut() {
                match value {
                    Json::String(expr) if key == "expr" && !has_choice => {
                        *expr = expr
                            .replace(&format!("{{{CHOICE}}}"), "")
                            .replace(&format!("{{{CHOICE},"), "{");
                    }
                    value if key != "datasource" => adapt(value, datasource, has_choice),
                    _ => {}
                }
            }
        }
        Json::Array(items) => {
            for item in items {
                adapt(item, datasource, has_choice);
            }
        }
        _ => {}
    }
}

/// Whether a panel still asks for a variable, or for what is scraped whatever it is.
pub(super) fn is_specific(replacement: &Replacement, dashboard: &Dashboard) -> bool {
    let has_choice =
        dashboard.variable("job").is_some() && dashboard.variable("instance").is_some();
    let targets = replacement.json.get("targets").and_then(Json::as_array);
    has_choice
        || targets.is_some_and(|targets| {
            targets.iter().all(|target| {
                let expr = target
                    .get("expr")
                    .and_then(Json::as_str)
                    .unwrap_or_default();
                !expr.contains("$job")
                    && !expr.contains("$instance")
                    && !lint_words(expr).any(|word| word == "up")
            })
        })
}

fn lint_words(expr: &str) -> impl Iterator<Item = &str> {
    expr.split(|character: char| !(character.is_alphanumeric() || character == '_'))
}
