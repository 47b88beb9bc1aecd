use indexmap::IndexMap;
use serde::Serialize;

use super::BuildError;
use super::rules::rule_groups;
use crate::bundle::{Artifact, Kind};
use crate::model::alert::{Alerting, Evaluator};
use crate::model::job::{Discovery, ScrapeJob, TargetGroup};
use crate::model::prometheus::{PrometheusProcess, Role, SHARD_LABEL, Shard};
use crate::model::remote::RemoteStorage;
use crate::profile::Scrape;
use crate::quantity::Duration;
use crate::template::Templates;

/// What the configurations of the Prometheus servers say.
#[derive(Debug, Clone, Copy)]
pub struct PrometheusContext<'a> {
    /// Name of the profile.
    pub profile: &'a str,
    /// Name of the environment.
    pub environment: &'a str,
    /// Global times.
    pub scrape: Scrape,
    /// External labels of all of them.
    pub external_labels: &'a IndexMap<String, String>,
    /// `host:port` of Alertmanager.
    pub alertmanager: &'a str,
    /// All jobs, with all of their targets.
    pub jobs: &'a [ScrapeJob],
    /// The servers.
    pub servers: &'a [PrometheusProcess],
    /// `host:port` of those that one of them asks.
    pub sources: &'a [String],
    /// The rules of all of them.
    pub alerting: &'a Alerting<'a>,
    /// The rules of each of several.
    pub counting: &'a [Alerting<'a>],
    /// Where samples are sent.
    pub storages: &'a [RemoteStorage],
}

/// A configuration as its template sees it.
#[derive(Debug, Serialize)]
struct View<'a> {
    profile: &'a str,
    environment: &'a str,
    /// Its number, where it is one of several.
    shard: Option<Shard>,
    scrape_interval: Duration,
    scrape_timeout: Duration,
    evaluation_interval: Duration,
    external_labels: IndexMap<String, String>,
    /// External label that its alerts do not have.
    shard_label: &'a str,
    rule_files: Vec<String>,
    /// `None` where it evaluates no rules.
    alertmanager: Option<&'a str>,
    jobs: &'a [ScrapeJob],
    sources: &'a [String],
    storages: &'a [RemoteStorage],
}

impl<'a> View<'a> {
    fn new(context: PrometheusContext<'a>, server: &'a PrometheusProcess) -> Self {
        let is_asked = server.role == Role::Query;
        let evaluates = !is_asked && context.alerting.evaluator != Evaluator::Ruler;
        let mut external_labels = context.external_labels.clone();
        if let Some(shard) = server.shard() {
            external_labels.insert(SHARD_LABEL.into(), shard.number.to_string());
        }
        Self {
            profile: context.profile,
            environment: context.environment,
            shard: server.shard(),
            scrape_interval: context.scrape.interval,
            scrape_timeout: context.scrape.timeout,
            evaluation_interval: context.scrape.evaluation_interval,
            external_labels,
            shard_label: SHARD_LABEL,
            rule_files: match (evaluates, server.shard()) {
                (false, _) => Vec::new(),
                (true, None) => vec!["rules/*.yml".into()],
                (true, Some(shard)) => rule_files(context, shard.number),
            },
            alertmanager: evaluates.then_some(context.alertmanager),
            jobs: &server.jobs,
            sources: if is_asked { context.sources } else { &[] },
            storages: if is_asked { &[] } else { context.storages },
        }
    }
}

/// The rules that one of several evaluates: those of all, and its own.
fn rule_files(context: PrometheusContext<'_>, number: u64) -> Vec<String> {
    let own = Evaluator::Shard(number);
    let counting = context.counting.iter().filter(|it| it.evaluator == own);
    std::iter::once(context.alerting)
        .chain(counting)
        .flat_map(|alerting| {
            let names = rule_groups(alerting);
            names.map(|name| format!("rules/{}.yml", alerting.evaluator.file(name)))
        })
        .collect()
}

/// `prometheus/prometheus.yml`, and one more for each of several servers, and a file of targets for each job that has
/// many.
///
/// # Errors
///
/// A template that does not render.
pub fn prometheus(
    context: PrometheusContext<'_>,
    templates: &Templates,
) -> Result<Vec<Artifact>, BuildError> {
    let mut artifacts = Vec::new();
    for server in context.servers {
        let view = View::new(context, server);
        artifacts.push(Artifact::new(
            &format!("prometheus/{}", server.config),
            Kind::PrometheusConfig,
            templates.render("stack/prometheus/prometheus.yml.j2", &view)?,
        )?);
    }
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
