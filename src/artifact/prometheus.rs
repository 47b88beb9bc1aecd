use indexmap::IndexMap;
use serde::Serialize;

use super::BuildError;
use crate::bundle::{Artifact, Kind};
use crate::model::job::{Discovery, ScrapeJob, TargetGroup};
use crate::quantity::Duration;
use crate::template::Templates;

/// What `prometheus.yml` says.
#[derive(Debug, Serialize)]
pub struct PrometheusContext<'a> {
    /// Name of the profile.
    pub profile: &'a str,
    /// Name of the environment.
    pub environment: &'a str,
    /// Global interval.
    pub scrape_interval: Duration,
    /// Global timeout.
    pub scrape_timeout: Duration,
    /// Time between two evaluations.
    pub evaluation_interval: Duration,
    /// External labels.
    pub external_labels: &'a IndexMap<String, String>,
    /// `host:port` of Alertmanager.
    pub alertmanager: &'a str,
    /// All jobs, in order.
    pub jobs: &'a [ScrapeJob],
}

/// `prometheus/prometheus.yml`, and a file of targets for each job that has many.
///
/// # Errors
///
/// A template that does not render.
pub fn prometheus(
    context: &PrometheusContext<'_>,
    templates: &Templates,
) -> Result<Vec<Artifact>, BuildError> {
    let text = templates.render("stack/prometheus/prometheus.yml.j2", context)?;
    let mut artifacts = vec![Artifact::new(
        "prometheus/prometheus.yml",
        Kind::PrometheusConfig,
        text,
    )?];
    for job in context.jobs {
        if let Discovery::File { path, groups } = &job.discovery {
            artifacts.push(Artifact::new(
                &format!("prometheus/{path}"),
                Kind::PrometheusTargets,
                target_file(groups),
            )?);
        }
    }
    Ok(artifacts)
}

/// Target groups as Prometheus reads them from a file, one group a line.
fn target_file(groups: &[TargetGroup]) -> String {
    let lines: Vec<String> = groups
        .iter()
        .map(|group| {
            serde_json::to_string(group)
                .expect("internal error: a target group has only strings as keys")
        })
        .collect();
    format!("[\n  {}\n]\n", lines.join(",\n  "))
}
