//! An existing setup as a profile: what a profile can say of it, and what it cannot.
//!
//! A profile is read off the facts of the setup, block by block. Nothing is read that only our own bundles have, so that
//! a setup made by hand is adopted by the same code, and adopting a bundle gives back what it was rendered from.

mod alerts;
mod applications;
mod compare;
mod dashboards;
mod draft;
mod jobs;
mod join;
mod keys;
mod notifications;
mod probe;
mod prose;
mod quantity;
mod reading;
mod remote;
mod scrape;
mod servers;
mod services;
mod targets;
mod thresholds;

pub use alerts::Recognised;
pub use compare::{Change, Difference, compare};
pub use draft::Draft;
pub use join::join;
pub use prose::Prose;
pub use reading::Remainder;

use serde_json::json;

use crate::catalogue::Catalogue;
use crate::diagnostic::Diagnostic;
use crate::facts::Facts;
use crate::facts::compose::ComposeProject;
use crate::facts::interpolation::{Variables, interpolate};
use crate::facts::prometheus::{PrometheusServer, ScrapeJob};
use crate::facts::text::Known;
use crate::model::{Stack, StackError};
use crate::profile::{DEFAULT_ENVIRONMENT, ProfileDocument};
use crate::source::SourceFile;
use crate::template::Templates;
use jobs::{Jobs, Role};
use reading::{Reading, name_of};

/// The longest name of a profile.
const LONGEST_NAME: usize = 40;

/// A profile that would generate the equivalent of a setup.
#[derive(Debug, Clone)]
pub struct Adopted {
    /// The profile.
    pub draft: Draft,
    /// Name of the environment that the setup is.
    pub environment: String,
    /// What the profile does not say, in the order of the files.
    pub remainders: Vec<Remainder>,
    /// Alerts of the setup that are the catalogue's.
    pub recognised: Vec<Recognised>,
}

/// Reads the profile off a setup; `fallback` names it where nothing in it does, and `prose` reads files of it that are no
/// documents. `None` where nothing in the setup is about Redis.
pub fn adopt<'a>(
    facts: &'a Facts<'a>,
    templates: &Templates,
    prose: &'a Prose<'a>,
    fallback: &str,
) -> Option<Adopted> {
    if !is_about_redis(facts) {
        return None;
    }
    let server = main_server(facts);
    let project = server
        .and_then(|server| server.project)
        .or_else(|| main_project(facts))
        .and_then(|index| facts.projects.get(index));
    let mut reading = Reading {
        facts,
        prose,
        server,
        project,
        draft: Draft::default(),
        remainders: Vec::new(),
        exporter_services: Vec::new(),
        environment: DEFAULT_ENVIRONMENT.into(),
    };
    identity(&mut reading, fallback);
    // A profile's Prometheus scrapes what a collector does here, and a chart.
    let of_server = server.map_or(&[][..], |server| &server.jobs);
    let jobs: Vec<&ScrapeJob> = of_server.iter().chain(&facts.lone_jobs).collect();
    let roles = Jobs {
        facts,
        jobs: &jobs,
        project,
    }
    .roles();
    scrape::adopt(&mut reading);
    targets::adopt(&mut reading, &roles);
    applications::adopt(&mut reading, &roles);
    if reading.draft.names(&["targets"]).is_empty() {
        stand_in(&mut reading, &roles);
    }
    services::adopt(&mut reading, &roles);
    keys::adopt(&mut reading, &roles);
    remote::adopt(&mut reading);
    prose::adopt(&mut reading, prose);
    let recognised = alerts::adopt(&mut reading, templates);
    notifications::adopt(&mut reading, &recognised);
    dashboards::adopt(&mut reading, templates);
    let resolved = resolve(
        &reading.draft,
        &reading.environment,
        facts.catalogue,
        templates,
    );
    if let Ok(stack) = resolved {
        alerts::adopt_texts(&mut reading, &stack, &recognised);
    }
    other_servers(&mut reading);
    let mut remainders = reading.remainders;
    remainders.sort_by_key(|it| it.place);
    Some(Adopted {
        draft: reading.draft,
        environment: reading.environment,
        remainders,
        recognised,
    })
}

/// What a draft means.
///
/// # Errors
///
/// What is wrong with it.
pub fn resolve<'c>(
    draft: &Draft,
    environment: &str,
    catalogue: &'c Catalogue,
    templates: &Templates,
) -> Result<Stack<'c>, Vec<Diagnostic>> {
    let mut draft = draft.clone();
    draft.set(&["environments", environment], json!({}));
    let file = SourceFile::new("profile.yaml", draft.to_text(""));
    let document = ProfileDocument::parse(file).map_err(|error| vec![*error])?;
    let profile = document.environment(environment)?;
    match Stack::resolve(&profile, catalogue, templates) {
        Ok((stack, _)) => Ok(stack),
        Err(StackError::Profile(problems)) => Err(profile.diagnostics(problems)),
        Err(StackError::Catalogue(error)) => Err(vec![error.into_diagnostic()]),
    }
}

impl Adopted {
    /// The text of the profile. `source` says what it was adopted from.
    pub fn text(&self, source: &str) -> String {
        let mut draft = self.draft.clone();
        if self.environment != DEFAULT_ENVIRONMENT {
            draft.set(&["environments", &self.environment], json!({}));
        }
        text_of(&draft, source)
    }
}

/// A draft as the text of a profile that was adopted from `source`.
pub fn text_of(draft: &Draft, source: &str) -> String {
    draft.to_text(&format!(
        "Adopted from `{source}`. It renders as it is:\n\n  stackwright render profile.yaml\n\n\
         `stackwright adopt {source} --compare` says how the result differs from what there is."
    ))
}

/// Whether anything is scraped from Redis, run for it, asked of it, or shown of it.
fn is_about_redis(facts: &Facts<'_>) -> bool {
    let mut projects = facts.projects.iter();
    let runs = projects.any(|project| {
        let mut services = project.services.values();
        services.any(|service| service.runs("redis_exporter") || service.runs("redis"))
    });
    let scrapes = facts.scrape_jobs().any(|job| {
        let mut exporters = job.exporters.iter();
        exporters.any(|it| it.exporter == "redis_exporter") || job.name.as_str().contains("redis")
    });
    runs || scrapes
        || facts.expressions.iter().any(|expression| {
            let mut reads = expression.parsed.selectors().into_iter();
            reads.any(|it| {
                let name = it.selector.metric_name();
                name.is_some_and(|name| name.starts_with("redis_"))
            })
        })
}

/// The Prometheus whose jobs are adopted: the first that watches the most Redis servers.
fn main_server<'a>(facts: &'a Facts<'_>) -> Option<&'a PrometheusServer> {
    let watches = |server: &PrometheusServer| {
        let jobs = server.jobs.iter();
        jobs.filter(|job| {
            job.exporters
                .iter()
                .any(|it| it.exporter == "redis_exporter")
        })
        .count()
    };
    let most = facts
        .prometheus
        .iter()
        .map(|server| (watches(server), server.jobs.len()))
        .max()?;
    facts
        .prometheus
        .iter()
        .find(|server| (watches(server), server.jobs.len()) == most)
}

/// The project that runs the most of a stack.
fn main_project(facts: &Facts<'_>) -> Option<usize> {
    let runs = |project: &ComposeProject| {
        let programs = [
            "prometheus",
            "grafana",
            "alertmanager",
            "redis_exporter",
            "redis",
        ];
        let running = programs
            .iter()
            .filter(|program| project.running(program).next().is_some());
        running.count()
    };
    let most = facts
        .projects
        .iter()
        .map(runs)
        .max()
        .filter(|most| *most > 0)?;
    facts
        .projects
        .iter()
        .position(|project| runs(project) == most)
}

/// Name, environment and labels.
fn identity(reading: &mut Reading<'_>, fallback: &str) {
    let labels = external_labels(reading);
    let environment = labels
        .iter()
        .find(|(key, _)| key == "environment")
        .and_then(|(_, value)| name_of(value, 63).filter(|name| name == value));
    if let Some(environment) = &environment {
        reading.environment.clone_from(environment);
    }
    let project = reading.project.and_then(|project| {
        let documents = project.documents.iter();
        documents
            .map(|id| reading.facts.setup.document(*id))
            .find_map(|document| Some(document.root.get("name")?.as_str()?.to_owned()))
    });
    // A project is called after its profile and its environment, as far as nobody says otherwise.
    let suffix = format!("-{}", reading.environment);
    let own = project
        .as_deref()
        .and_then(|name| name.strip_suffix(&suffix));
    let written = own.or(project.as_deref()).unwrap_or(fallback);
    let name = name_of(&written.replace('_', "-"), LONGEST_NAME).unwrap_or_else(|| "redis".into());
    if let Some(project) = project.filter(|project| *project != format!("{name}{suffix}")) {
        reading.draft.set(&["compose", "project"], project);
    }
    reading.draft.set(&["name"], name);
    for (key, value) in labels {
        let is_ours = key == "environment" && environment.as_deref() == Some(&value);
        if !is_ours && key != crate::model::prometheus::SHARD_LABEL {
            reading.draft.set(&["labels", &key], value);
        }
    }
}

/// The external labels of the setup, what stands for a variable filled in: with its value in `.env`, or its default.
fn external_labels(reading: &mut Reading<'_>) -> Vec<(String, String)> {
    let Some(server) = reading.server else {
        return Vec::new();
    };
    let none = Variables::new();
    let variables = reading.project.map_or(&none, |project| &project.variables);
    let mut labels = Vec::new();
    for (key, value) in &server.external_labels {
        let written = value.as_str();
        let name = key.value.to_string();
        let subject = format!("external label `{name}`");
        if !written.contains("${") {
            labels.push((name, written.replace("$$", "$")));
            continue;
        }
        match interpolate(written, variables) {
            Known::Value(value) if !value.is_empty() => {
                let reason = format!(
                    "it is filled in from `{written}`, and is `{value}` in the profile: what else it can be is an environment of its own"
                );
                reading.remains(key.place, subject, reason);
                labels.push((name, value));
            }
            _ => {
                let reason = format!(
                    "it is filled in from `{written}`, and nothing here says with what: write its value under `labels`, or under those of each environment"
                );
                reading.remains(key.place, subject, reason);
            }
        }
    }
    labels
}

/// A target for a setup that does not say which Redis it is about.
fn stand_in(reading: &mut Reading<'_>, roles: &[(&ScrapeJob, Role)]) {
    let told = reading.facts.projects.iter().find_map(|project| {
        let redis = project.running("redis").next()?;
        Some(format!("redis://{}:6379", redis.name.as_str()))
    });
    let is_guess = told.is_none();
    let address = told.unwrap_or_else(|| "redis://redis:6379".into());
    let taken = roles.iter().any(|(job, _)| job.name.as_str() == "redis");
    reading.draft.set(&["targets", "redis", "address"], address);
    if is_guess {
        reading.draft.comment(
            &["targets", "redis"],
            "The setup does not say which Redis it watches: put its address here.",
        );
    }
    // A job that looked like Redis and was none does not take the name away.
    if taken && !reading.draft.names(&["applications", "redis"]).is_empty() {
        reading
            .draft
            .set(&["exporters", "redis-exporter", "job"], "redis-exporter");
    }
}

/// Servers whose jobs are not in the profile.
fn other_servers(reading: &mut Reading<'_>) {
    let Some(main) = reading.server else { return };
    let is_shard = |server: &PrometheusServer| {
        server.jobs.iter().any(|job| {
            let mut steps = job.relabelings.iter();
            steps.any(|step| {
                step.get("action")
                    .is_some_and(|it| it.scalar_text() == "hashmod")
            })
        })
    };
    for server in &reading.facts.prometheus {
        let is_empty = server.jobs.is_empty();
        if std::ptr::eq(server, main) || is_empty || (is_shard(main) && is_shard(server)) {
            continue;
        }
        let document = reading.facts.setup.document(server.document);
        reading.remains(
            document.head(),
            "another Prometheus",
            "a profile has one, or several that share their targets; adopt this one from its own directory",
        );
    }
}
