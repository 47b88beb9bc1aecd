//! How many series the stack stores, from measured figures, and the limits that follow from it.

use std::collections::BTreeSet;
use std::fmt;

use indexmap::IndexMap;
use serde::Serialize;

use super::image::PinnedTool;
use super::job::{Discovery, JobKind, Relabeling, ScrapeJob};
use super::prometheus::{self, PROMETHEUS, PrometheusProcess, QUERY_JOB};
use super::target::RedisTarget;
use crate::catalogue::series::{SERIES_OF_A_SCRAPE, Scraped, limit};
use crate::catalogue::{Catalogue, Circumstances, Version};
use crate::document::Route;
use crate::profile::{Problem, Profile, Topology};
use crate::quantity::Count;

/// How many times what the profile says of an application its scrape may have.
const APPLICATION_HEADROOM: usize = 2;

/// What the estimate is made from.
#[derive(Debug, Clone, Copy)]
pub struct SeriesInputs<'a> {
    /// The profile.
    pub profile: &'a Profile,
    /// The measured figures.
    pub catalogue: &'a Catalogue,
    /// The targets.
    pub targets: &'a [RedisTarget],
    /// Every scrape job.
    pub jobs: &'a [ScrapeJob],
    /// The Prometheus servers.
    pub servers: &'a [PrometheusProcess],
    /// Version and flags of the exporters.
    pub circumstances: &'a Circumstances,
    /// The tools in the versions that are used.
    pub tools: &'a IndexMap<String, PinnedTool>,
}

/// Series of one job.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JobSeries {
    /// `job_name`.
    pub job: String,
    /// How many targets it has.
    pub targets: usize,
    /// Series of the largest of them, the five of the scrape itself among them.
    pub per_target: usize,
    /// Series of all of them.
    pub series: usize,
    /// Samples in a second.
    pub samples_per_second: f64,
    /// Samples that a scrape may have before it fails.
    pub sample_limit: usize,
}

/// About how many series there are at a time.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct SeriesEstimate {
    /// Series of all jobs together.
    pub total: usize,
    /// Samples in a second.
    pub samples_per_second: f64,
    /// The most that the profile allows.
    pub budget: Option<usize>,
    /// By job, in the order of `prometheus.yml`.
    pub jobs: Vec<JobSeries>,
    /// Jobs of whose series nothing is known.
    pub not_counted: Vec<String>,
    /// By Prometheus, where several share the targets.
    pub servers: Vec<ServerSeries>,
}

/// What one of several Prometheus servers holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServerSeries {
    /// Its service.
    pub service: String,
    /// How many targets it keeps.
    pub targets: usize,
    /// How many series they have.
    pub series: usize,
}

impl SeriesEstimate {
    /// How many targets are counted.
    pub fn targets(&self) -> usize {
        self.jobs.iter().map(|job| job.targets).sum()
    }

    /// Series of the largest target.
    pub fn largest_target(&self) -> usize {
        let jobs = self.jobs.iter();
        jobs.map(|job| job.per_target).max().unwrap_or_default()
    }

    /// The limit of a job; `None` where nothing is known of it.
    pub fn sample_limit(&self, job: &str) -> Option<usize> {
        let found = self.jobs.iter().find(|known| known.job == job)?;
        Some(found.sample_limit)
    }
}

impl fmt::Display for SeriesEstimate {
    /// `about 9,200 from 14 targets, at most 874 of one, 613 samples a second; not counted: grafana`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "about {} from {} targets, at most {} of one, {} samples a second",
            Count::about(self.total),
            Count(self.targets()),
            Count(self.largest_target()),
            Count::about(self.samples_per_second.round() as usize)
        )?;
        if let Some(budget) = self.budget {
            write!(out, "; budget {}", Count(budget))?;
        }
        if !self.not_counted.is_empty() {
            write!(out, "; not counted: {}", self.not_counted.join(", "))?;
        }
        Ok(())
    }
}

/// About how many series there are. A budget that is exceeded is a problem.
pub fn estimate(inputs: SeriesInputs<'_>, problems: &mut Vec<Problem>) -> SeriesEstimate {
    let budget = inputs.profile.budget.series;
    let mut estimate = SeriesEstimate {
        budget,
        ..SeriesEstimate::default()
    };
    for job in inputs.jobs {
        let Some((scrapes, headroom)) = scrapes(inputs, job) else {
            estimate.not_counted.push(job.name.clone());
            continue;
        };
        let largest = scrapes.iter().copied().max().unwrap_or_default();
        let series = scrapes.iter().map(|one| one + SERIES_OF_A_SCRAPE).sum();
        let samples_per_second = series as f64 / job.interval.as_secs_f64();
        estimate.total += series;
        estimate.samples_per_second += samples_per_second;
        estimate.jobs.push(JobSeries {
            job: job.name.clone(),
            targets: scrapes.len(),
            per_target: largest + SERIES_OF_A_SCRAPE,
            series,
            samples_per_second,
            sample_limit: limit(largest, headroom),
        });
    }
    for server in inputs.servers.iter().filter(|it| it.shard().is_some()) {
        let found = server
            .jobs
            .iter()
            .filter(|job| prometheus::holds_targets(job));
        let counted = found.filter_map(|job| scrapes(inputs, job));
        let scrapes: Vec<usize> = counted.flat_map(|(scrapes, _)| scrapes).collect();
        estimate.servers.push(ServerSeries {
            service: server.service.clone(),
            targets: scrapes.len(),
            series: scrapes.iter().map(|one| one + SERIES_OF_A_SCRAPE).sum(),
        });
    }
    if let Some(budget) = budget
        && estimate.total > budget
    {
        problems.push(over_budget(&estimate, budget));
    }
    estimate
}

fn over_budget(estimate: &SeriesEstimate, budget: usize) -> Problem {
    let problem = Problem::value(
        "profile/over-budget",
        Route::of(["budget", "series"]),
        format!(
            "this environment has about {} series, and its budget is {}",
            Count::about(estimate.total),
            Count(budget)
        ),
    );
    match estimate.jobs.iter().max_by_key(|job| job.series) {
        Some(most) => problem.help(format!(
            "most come from the job `{}`: {} targets with up to {} series each; watch fewer, or raise the budget",
            most.job,
            Count(most.targets),
            Count(most.per_target)
        )),
        None => problem,
    }
}

/// Series of each scrape of a job, without those of the scrape itself, and how many times that they may be. `None`
/// where nothing is known.
fn scrapes(inputs: SeriesInputs<'_>, job: &ScrapeJob) -> Option<(Vec<usize>, usize)> {
    let tool_version = |tool: &str| inputs.tools.get(tool).and_then(|tool| tool.version);
    match job.kind {
        JobKind::Redis => of_redis(inputs, job),
        JobKind::Sentinel => {
            let version = inputs.circumstances.exporter;
            all(inputs, job, "redis_exporter", Scraped::Sentinel, version)
        }
        JobKind::Exporter => {
            let version = inputs.circumstances.exporter;
            all(inputs, job, "redis_exporter", Scraped::Itself, version)
        }
        JobKind::Own => {
            let tool = match job.name.as_str() {
                QUERY_JOB => PROMETHEUS.to_owned(),
                name => name.replace('-', "_"),
            };
            let version = tool_version(&tool);
            all(inputs, job, &tool, Scraped::Itself, version)
        }
        JobKind::Probe => {
            let tool = "blackbox_exporter";
            all(inputs, job, tool, Scraped::Endpoint, tool_version(tool))
        }
        JobKind::Application => {
            let applications = &inputs.profile.applications;
            let (_, application) = applications
                .iter()
                .find(|(name, it)| it.job.as_ref().unwrap_or(name) == &job.name)?;
            let count = job.discovery.expected()?;
            Some((vec![application.series?; count], APPLICATION_HEADROOM))
        }
        // As many as there are keys that fit.
        JobKind::Keys => None,
    }
}

/// Every target of the job has the same figure.
fn all(
    inputs: SeriesInputs<'_>,
    job: &ScrapeJob,
    exporter: &str,
    scraped: Scraped,
    version: Option<Version>,
) -> Option<(Vec<usize>, usize)> {
    let figures = inputs.catalogue.exporter(exporter)?.series.as_ref()?;
    let series = figures.of(scraped, version)?;
    Some((vec![series; job.discovery.expected()?], figures.headroom))
}

/// Which server is the primary is not known, and does not matter for the sum.
fn of_redis(inputs: SeriesInputs<'_>, job: &ScrapeJob) -> Option<(Vec<usize>, usize)> {
    let figures = inputs.catalogue.exporter("redis_exporter")?;
    let figures = figures.series.as_ref()?;
    let is_on = |flag: &String| {
        let flags = inputs.circumstances.flags.as_ref();
        flags
            .and_then(|flags| flags.get(flag))
            .is_some_and(|value| value != "false")
    };
    let extra: usize = figures
        .flags
        .iter()
        .filter(|(flag, _)| is_on(flag))
        .map(|(_, series)| series)
        .sum();
    let version = inputs.circumstances.exporter;
    let by_name: IndexMap<&str, &RedisTarget> = inputs
        .targets
        .iter()
        .map(|target| (target.name.as_str(), target))
        .collect();
    let mut seen = BTreeSet::new();
    let mut scraped = |name: &str| match by_name.get(name).map(|target| target.topology) {
        Some(Topology::Cluster) => Scraped::ClusterNode,
        Some(Topology::Replicated | Topology::Sentinel) if !seen.insert(name.to_owned()) => {
            Scraped::Replica
        }
        _ => Scraped::Primary,
    };
    let mut scrapes = Vec::new();
    if let (Discovery::ClusterNodes { .. }, Relabeling::Through { labels, .. }) =
        (&job.discovery, &job.relabeling)
    {
        // Only the cluster knows how many nodes it has; those that are named are there.
        let name = labels.get("redis").map_or("", String::as_str);
        let nodes = by_name.get(name).map_or(1, |target| target.servers.len());
        for _ in 0..nodes {
            scrapes.push(figures.of(scraped(name), version)? + extra);
        }
    }
    for group in job.discovery.groups() {
        let name = group.labels.get("redis").map_or("", String::as_str);
        for _ in &group.targets {
            scrapes.push(figures.of(scraped(name), version)? + extra);
        }
    }
    Some((scrapes, figures.headroom))
}
