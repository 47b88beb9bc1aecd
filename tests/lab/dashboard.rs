//! Whether every query of every dashboard shows something on servers that are well and have something to do.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::Outcome;
use crate::prometheus::Prometheus;
use crate::topology::Topology;

/// A query of a rendered dashboard.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Query {
    /// Name of the dashboard's file.
    pub dashboard: String,
    pub panel: String,
    pub expr: String,
}

/// The queries of one bundle's dashboards.
#[derive(Debug, Default)]
pub struct Dashboards {
    /// Every query, with every variable set to "All".
    asked: BTreeMap<Query, String>,
    /// Those that have shown nothing so far.
    pub empty: BTreeSet<Query>,
}

impl Dashboards {
    /// Reads the dashboards of a bundle.
    pub fn read(bundle: &Path, prometheus: Prometheus) -> Outcome<Self> {
        let mut asked = BTreeMap::new();
        for entry in walkdir::WalkDir::new(bundle.join("grafana/dashboards")) {
            let entry = entry.map_err(|error| error.to_string())?;
            if !entry.file_type().is_file() {
                continue;
            }
            let text = fs::read_to_string(entry.path()).map_err(|error| error.to_string())?;
            let dashboard: Value =
                serde_json::from_str(&text).map_err(|error| error.to_string())?;
            let variables = variables(&dashboard, prometheus)?;
            let file = entry.file_name().to_string_lossy();
            let name = file.trim_end_matches(".json");
            let mut panels = Vec::new();
            collect(&dashboard, &mut panels);
            for (panel, expr) in panels {
                let filled = filled(&expr, &variables);
                let dashboard = name.to_owned();
                asked.insert(
                    Query {
                        dashboard,
                        panel,
                        expr,
                    },
                    filled,
                );
            }
        }
        if asked.is_empty() {
            return Err("there are no dashboards".into());
        }
        let empty = asked.keys().cloned().collect();
        Ok(Self { asked, empty })
    }

    /// How many queries there are.
    pub fn queries(&self) -> usize {
        self.asked.len()
    }

    /// Asks again what has shown nothing so far.
    pub fn ask(&mut self, prometheus: Prometheus) -> Outcome<()> {
        for query in std::mem::take(&mut self.empty) {
            let series = prometheus.query(&self.asked[&query])?;
            if !series.iter().any(|series| series.value.1 != "NaN") {
                self.empty.insert(query);
            }
        }
        Ok(())
    }
}

/// Titles and queries of all panels, those of folded rows as well.
fn collect(parent: &Value, panels: &mut Vec<(String, String)>) {
    for panel in parent["panels"].as_array().into_iter().flatten() {
        let title = panel["title"].as_str().unwrap_or_default();
        for target in panel["targets"].as_array().into_iter().flatten() {
            let expr = target["expr"].as_str().unwrap_or_default();
            panels.push((title.to_owned(), expr.to_owned()));
        }
        collect(panel, panels);
    }
}

/// What "All" stands for, by the variable's name.
fn variables(dashboard: &Value, prometheus: Prometheus) -> Outcome<BTreeMap<String, String>> {
    let mut variables = BTreeMap::from([
        ("__rate_interval".to_owned(), "30s".to_owned()),
        ("__interval".to_owned(), "2s".to_owned()),
        ("__range".to_owned(), "1m".to_owned()),
    ]);
    for variable in dashboard["templating"]["list"]
        .as_array()
        .into_iter()
        .flatten()
    {
        let text = |key: &str| variable[key].as_str().map(str::to_owned);
        let all = match text("allValue") {
            Some(all) => all,
            None => {
                let query = variable["query"]["query"].as_str().unwrap_or_default();
                let (selector, label) = query
                    .strip_prefix("label_values(")
                    .and_then(|rest| rest.strip_suffix(')'))
                    .and_then(|rest| rest.rsplit_once(','))
                    .ok_or_else(|| format!("not a query of a variable: {query}"))?;
                let values =
                    prometheus.label_values(label.trim(), &filled(selector, &variables))?;
                if values.is_empty() {
                    return Err(format!("a variable without values: {query}"));
                }
                format!("({})", values.join("|"))
            }
        };
        variables.insert(text("name").unwrap_or_default(), all);
    }
    Ok(variables)
}

fn filled(expr: &str, variables: &BTreeMap<String, String>) -> String {
    // Longer names first: `$__interval` is the beginning of `$__interval_ms`.
    variables
        .iter()
        .rev()
        .fold(expr.to_owned(), |expr, (name, value)| {
            expr.replace(&format!("${{{name}}}"), value)
                .replace(&format!("${name}"), value)
        })
}

/// A panel that rightly shows nothing in the lab.
#[derive(Debug)]
pub struct Exception {
    /// Its title.
    pub panel: &'static str,
    /// Where; everywhere, where empty.
    pub topologies: &'static [Topology],
    pub reason: &'static str,
}

impl Exception {
    /// Whether it speaks of this query.
    pub fn covers(&self, topology: Topology, query: &Query) -> bool {
        let is_there = self.topologies.is_empty() || self.topologies.contains(&topology);
        is_there && query.panel == self.panel
    }
}

const NO_LIMIT: &str = "there is no `maxmemory` to divide by";

pub const EXCEPTIONS: &[Exception] = &[
    Exception {
        panel: "Memory used",
        topologies: &[Topology::Standalone],
        reason: NO_LIMIT,
    },
    Exception {
        panel: "Memory used of maxmemory",
        topologies: &[Topology::Standalone],
        reason: NO_LIMIT,
    },
    Exception {
        panel: "Memory used over time",
        topologies: &[Topology::Standalone],
        reason: "there is no `maxmemory` to draw a line at",
    },
    Exception {
        panel: "Memory growth",
        topologies: &[Topology::Standalone],
        reason: NO_LIMIT,
    },
    Exception {
        panel: "Memory pressure",
        topologies: &[Topology::Standalone],
        reason: NO_LIMIT,
    },
    Exception {
        panel: "Memory trend",
        topologies: &[Topology::Standalone],
        reason: NO_LIMIT,
    },
    Exception {
        panel: "Memory used without maxmemory",
        topologies: &[
            Topology::TwoStandalones,
            Topology::Replicated,
            Topology::Sentinel,
            Topology::Cluster,
        ],
        reason: "every server has a limit",
    },
    Exception {
        panel: "Certificates",
        topologies: &[],
        reason: "no endpoint of the lab speaks TLS",
    },
    Exception {
        panel: "Lost notifications",
        topologies: &[],
        reason: "none is lost",
    },
];
