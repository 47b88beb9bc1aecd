//! One entry of `scrape_configs`, complete.

use indexmap::map::Slice;
use indexmap::{IndexMap, IndexSet};
use serde::Serialize;

use super::application::DroppedLabel;
use super::prometheus::Shard;
use crate::document::Route;
use crate::profile::{Problem, Profile};
use crate::quantity::Duration;

/// What a scrape job is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobKind {
    /// Prometheus, Alertmanager, Grafana, blackbox_exporter: the stack watches itself.
    Own,
    /// Redis servers that hold data, through an exporter.
    Redis,
    /// Sentinels, through an exporter.
    Sentinel,
    /// Keys of Redis servers, through an exporter of their own that scans them.
    Keys,
    /// An exporter's own metrics, where it serves several targets.
    Exporter,
    /// An application.
    Application,
    /// Endpoints, through blackbox_exporter.
    Probe,
}

/// How the address that is scraped comes about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Relabeling {
    /// The target itself.
    None,
    /// The target is a parameter, and `exporter` answers for it.
    Through {
        /// `host:port` of the exporter.
        exporter: String,
        /// Labels of all targets, where service discovery gives none.
        labels: IndexMap<String, String>,
    },
}

/// Targets with the same labels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TargetGroup {
    /// As Prometheus takes them: `host:port`, or what a parameter takes.
    pub targets: Vec<String>,
    /// Static labels.
    pub labels: IndexMap<String, String>,
}

/// Where a job's targets come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Discovery {
    /// They stand in `prometheus.yml`.
    Static {
        /// By labels.
        groups: Vec<TargetGroup>,
    },
    /// They stand in a file of their own, because they are many.
    File {
        /// Path beside `prometheus.yml`.
        path: String,
        /// By labels.
        #[serde(skip)]
        groups: Vec<TargetGroup>,
    },
    /// The exporter names the nodes of a cluster.
    ClusterNodes {
        /// `http://exporter:9121/discover-cluster-nodes`.
        url: String,
    },
}

impl Discovery {
    /// How many targets are known to be there; a cluster's nodes are not.
    pub fn expected(&self) -> Option<usize> {
        match self {
            Self::Static { groups } | Self::File { groups, .. } => {
                Some(groups.iter().map(|group| group.targets.len()).sum())
            }
            Self::ClusterNodes { .. } => None,
        }
    }

    /// The same in a file of its own, whatever their number.
    pub fn into_file(self, job: &str) -> Self {
        match self {
            Self::Static { groups } => Self::File {
                path: format!("targets/{job}.json"),
                groups,
            },
            other => other,
        }
    }

    /// The target groups that we write.
    pub fn groups(&self) -> &[TargetGroup] {
        match self {
            Self::Static { groups } | Self::File { groups, .. } => groups,
            Self::ClusterNodes { .. } => &[],
        }
    }
}

/// Credentials that Prometheus shows at a door.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JobBasicAuth {
    /// User name.
    pub username: String,
    /// File with the password, as Prometheus sees it.
    pub password_file: String,
}

/// One entry of `scrape_configs`, complete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScrapeJob {
    /// `job_name`.
    pub name: String,
    /// What it is there for.
    pub kind: JobKind,
    /// One sentence for the reader of `prometheus.yml`.
    pub comment: String,
    /// `https` or `http`.
    pub scheme: String,
    /// Path of the metrics.
    pub metrics_path: String,
    /// Query parameters.
    pub params: IndexMap<String, Vec<String>>,
    /// Time between two scrapes.
    pub interval: Duration,
    /// Longest time a scrape may take.
    pub timeout: Duration,
    /// Where its targets come from.
    pub discovery: Discovery,
    /// How the scraped address comes about.
    pub relabeling: Relabeling,
    /// Credentials.
    pub basic_auth: Option<JobBasicAuth>,
    /// Regular expression of the metrics that are kept, where not all are.
    pub keep: Option<&'static str>,
    /// Labels that no sample of it keeps.
    pub dropped_labels: Vec<DroppedLabel>,
    /// Which of several Prometheus servers this is, where each keeps a part of the targets.
    pub shard: Option<Shard>,
    /// Samples that a scrape may have before it fails; `None` where nobody knows how many it has.
    pub sample_limit: Option<usize>,
}

/// Above this many targets a job's targets stand in a file of their own, so that
/// `prometheus.yml` stays readable and targets change without a reload.
pub const STATIC_TARGETS_AT_MOST: usize = 100;

/// Targets in `prometheus.yml`, or in a file of their own where they are many.
pub fn discovery(job: &str, groups: Vec<TargetGroup>) -> Discovery {
    let count: usize = groups.iter().map(|group| group.targets.len()).sum();
    if count > STATIC_TARGETS_AT_MOST {
        Discovery::File {
            path: format!("targets/{job}.json"),
            groups,
        }
    } else {
        Discovery::Static { groups }
    }
}

/// Targets with equal labels put together, in order of first appearance.
pub fn grouped(
    targets: impl IntoIterator<Item = (String, IndexMap<String, String>)>,
) -> Vec<TargetGroup> {
    let mut groups: IndexMap<Box<Slice<String, String>>, Vec<String>> = IndexMap::new();
    for (target, labels) in targets {
        let group = groups.entry(labels.into_boxed_slice()).or_default();
        group.push(target);
    }
    groups
        .into_iter()
        .map(|(labels, targets)| TargetGroup {
            targets,
            labels: labels.into_iter().collect(),
        })
        .collect()
}

/// Two jobs of one name are an error.
pub(super) fn check_names(profile: &Profile, jobs: &[ScrapeJob], problems: &mut Vec<Problem>) {
    let mut seen = IndexSet::new();
    for job in jobs {
        if !seen.insert(job.name.as_str()) {
            problems.push(
                Problem::key(
                    "profile/duplicate-job",
                    route(profile, &job.name),
                    format!("two scrape jobs would be called `{}`", job.name),
                )
                .help("give one of them another name with `job:`, or rename the exporter, application or probe"),
            );
        }
    }
}

/// The last place that asks for a job of this name.
fn route(profile: &Profile, job: &str) -> Route {
    let applications = profile.applications.iter();
    let exporters = profile.exporters.iter();
    let asked = exporters
        .map(|(name, exporter)| ("exporters", name, &exporter.job))
        .chain(applications.map(|(name, application)| ("applications", name, &application.job)));
    asked
        .rev()
        .find(|(_, name, written)| written.as_deref().unwrap_or(name) == job)
        .map_or_else(Route::root, |(block, name, written)| {
            let route = Route::of([block]).key(name.as_str());
            match written {
                Some(_) => route.key("job"),
                None => route,
            }
        })
}
