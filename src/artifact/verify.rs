use serde::Serialize;

use super::BuildError;
use super::shell::word;
use crate::bundle::{Artifact, Kind};
use crate::model::job::{JobKind, ScrapeJob};
use crate::model::remote::QueryEndpoint;
use crate::model::service::Services;
use crate::template::{Templates, promql_string, regex_literal};

/// What `verify.sh` asks for.
#[derive(Debug, Clone, Copy)]
pub struct VerifyContext<'a> {
    /// Name of the profile.
    pub profile: &'a str,
    /// Name of the environment.
    pub environment: &'a str,
    /// Where people open Prometheus, Alertmanager and Grafana.
    pub services: &'a Services,
    /// All jobs, in order.
    pub jobs: &'a [ScrapeJob],
    /// Recording and alerting rules that the Prometheus servers have together; `None` where they evaluate none.
    pub rules: Option<usize>,
    /// Where samples are asked for.
    pub query_endpoint: &'a QueryEndpoint,
}

/// `verify.sh`: asks the running stack whether it watches what the profile says.
///
/// # Errors
///
/// A template that does not render.
pub fn verify(context: VerifyContext<'_>, templates: &Templates) -> Result<Artifact, BuildError> {
    let url = |url: &str| word(url.trim_end_matches('/'));
    let mut questions = vec![Question::new(
        "whether the last configuration is loaded",
        "min(prometheus_config_last_reload_successful{job=\"prometheus\"})",
        1,
    )];
    if let Some(rules) = context.rules {
        questions.push(Question::new(
            "Alertmanagers that Prometheus knows",
            "min(prometheus_notifications_alertmanagers_discovered{job=\"prometheus\"})",
            1,
        ));
        questions.push(Question::new(
            "rules that are loaded",
            "sum(prometheus_rule_group_rules{job=\"prometheus\"})",
            rules,
        ));
    }
    // Between two scans of keys there is no `up`.
    for job in context.jobs.iter().filter(|job| job.kind != JobKind::Keys) {
        let quoted = promql_string(&job.name);
        questions.push(match job.discovery.expected() {
            Some(expected) => Question::new(
                &format!("targets of job {} that answer", job.name),
                &format!("sum(up{{job={quoted}}}) or vector(0)"),
                expected,
            ),
            // Nobody but the exporter knows how many there are.
            None => Question::new(
                &format!("whether every target of job {} answers", job.name),
                &format!("min(up{{job={quoted}}}) or vector(0)"),
                1,
            ),
        });
    }
    for (what, metric, kinds) in [
        (
            "Redis servers that are up",
            "redis_up",
            &[JobKind::Redis, JobKind::Sentinel][..],
        ),
        (
            "endpoints that are healthy",
            "probe_success",
            &[JobKind::Probe],
        ),
    ] {
        let jobs: Vec<&ScrapeJob> = context
            .jobs
            .iter()
            .filter(|job| kinds.contains(&job.kind))
            .collect();
        let names: Vec<String> = jobs.iter().map(|job| regex_literal(&job.name)).collect();
        let selector = format!("{metric}{{job=~{}}}", promql_string(&names.join("|")));
        let expected: Option<usize> = jobs.iter().map(|job| job.discovery.expected()).sum();
        match expected {
            _ if jobs.is_empty() => {}
            Some(expected) => {
                let query = format!("sum({selector}) or vector(0)");
                questions.push(Question::new(what, &query, expected));
            }
            None => {
                let query = format!("min({selector}) or vector(0)");
                questions.push(Question::new("whether every Redis server is up", &query, 1));
            }
        }
    }
    let view = View {
        profile: context.profile,
        environment: context.environment,
        prometheus: match (context.services.prometheus.first(), context.query_endpoint) {
            (Some(first), endpoint) if endpoint.is_own => url(&first.page.external_url),
            (_, endpoint) => url(&endpoint.url),
        },
        is_own: context.query_endpoint.is_own,
        alertmanager: url(&context.services.alertmanager.external_url),
        grafana: url(&context.services.grafana.external_url),
        questions,
    };
    let text = templates.render("stack/verify.sh.j2", &view)?;
    Ok(Artifact::new("verify.sh", Kind::Document, text)?)
}

#[derive(Debug, Serialize)]
struct View<'a> {
    profile: &'a str,
    environment: &'a str,
    /// Words of the shell, as the rest.
    prometheus: String,
    /// Whether that is a Prometheus of the stack.
    is_own: bool,
    alertmanager: String,
    grafana: String,
    questions: Vec<Question>,
}

/// A query that has one value while all is well.
#[derive(Debug, Serialize)]
struct Question {
    what: String,
    query: String,
    expected: usize,
}

impl Question {
    fn new(what: &str, query: &str, expected: usize) -> Self {
        Self {
            what: word(what),
            query: word(query),
            expected,
        }
    }
}
