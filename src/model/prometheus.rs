//! The Prometheus servers of a stack: one, or several that share the targets and one that asks them all.
//!
//! A target goes to the Prometheus that the hash of its name gives, with all of its servers and sentinels: what alerts
//! count and compare, they count by target. So the same rules hold on each of them. What there is only one of is
//! watched by the first one. Each is watched by another one, because one that is down cannot say so.

use indexmap::IndexMap;
use md5::{Digest, Md5};
use serde::Serialize;

use super::address;
use super::job::{Discovery, JobKind, Relabeling, ScrapeJob, TargetGroup};
use super::routing::TARGET_LABEL;
use crate::catalogue::Version;
use crate::document::Route;
use crate::profile::{Problem, Profile};

/// Port that Prometheus listens on.
pub const PROMETHEUS_PORT: u16 = 9090;
/// Name of the Prometheus that people and Grafana ask, and of its job.
pub const PROMETHEUS: &str = "prometheus";
/// Job of the Prometheus that only asks the others.
pub const QUERY_JOB: &str = "prometheus-query";
/// First version that can be an agent.
const FIRST_AGENT: Version = Version::new(2, 32, 0);
/// External label that tells the Prometheus servers of a stack apart. Their alerts do not have it.
pub const SHARD_LABEL: &str = "prometheus_shard";

/// Which part of the targets a Prometheus watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Shard {
    /// Its number, from 0.
    pub number: u64,
    /// How many there are.
    pub of: u64,
}

impl Shard {
    /// Whether a target of this name is one of its own: what Prometheus' relabeling action `hashmod` computes, the last
    /// eight bytes of the MD5 as a number, modulo.
    pub fn holds(self, target: &str) -> bool {
        let digest: [u8; 16] = Md5::digest(target.as_bytes()).into();
        let hash = digest[8..]
            .iter()
            .fold(0, |hash: u64, byte| hash << 8 | u64::from(*byte));
        hash % self.of == self.number
    }
}

/// What a Prometheus is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Everything.
    Whole,
    /// A part of the targets.
    Shard(Shard),
    /// To be asked about all of them: it has no samples of its own.
    Query,
}

/// One Prometheus process of the stack.
#[derive(Debug, Clone, PartialEq)]
pub struct PrometheusProcess {
    /// Name of its service, and its host name inside the stack.
    pub service: String,
    /// Name of its configuration in the bundle's `prometheus/`.
    pub config: String,
    /// What it is there for.
    pub role: Role,
    /// What it scrapes, with the targets that it keeps.
    pub jobs: Vec<ScrapeJob>,
}

impl PrometheusProcess {
    /// Its part of the targets, where it has one.
    pub const fn shard(&self) -> Option<Shard> {
        match self.role {
            Role::Shard(shard) => Some(shard),
            Role::Whole | Role::Query => None,
        }
    }
}

/// Name of the service of one of several.
fn shard_service(number: u64) -> String {
    format!("{PROMETHEUS}-shard-{number}")
}

/// The services that scrape.
pub fn scraping(profile: &Profile) -> Vec<String> {
    match profile.sharding.shards {
        0 | 1 => vec![PROMETHEUS.to_owned()],
        shards => (0..shards).map(shard_service).collect(),
    }
}

/// The service that scrapes what there is only one of.
pub fn first(profile: &Profile) -> String {
    match profile.sharding.shards {
        0 | 1 => PROMETHEUS.to_owned(),
        _ => shard_service(0),
    }
}

/// `host:port` of the Prometheus that people ask, as the others reach it.
pub fn address(profile: &Profile) -> String {
    address::of(profile, PROMETHEUS, PROMETHEUS_PORT)
}

/// `host:port` of each Prometheus that is asked by another one.
pub fn sources(profile: &Profile) -> Vec<String> {
    scraping(profile)
        .iter()
        .map(|service| address::of(profile, service, PROMETHEUS_PORT))
        .collect()
}

/// Whether a Prometheus is needed that asks the others: there are several, and nothing else has all samples.
pub fn has_query(profile: &Profile) -> bool {
    profile.sharding.shards > 1 && !profile.agent && !is_stored_elsewhere(profile)
}

/// Whether Grafana asks a storage elsewhere, because no Prometheus of the stack has all samples.
pub fn is_stored_elsewhere(profile: &Profile) -> bool {
    (profile.agent || profile.sharding.shards > 1)
        && (profile.remote_write.values()).any(|remote| remote.query_url.is_some())
}

/// Every Prometheus of the stack, and what each of them scrapes of `jobs`.
pub fn resolve(profile: &Profile, jobs: &[ScrapeJob]) -> Vec<PrometheusProcess> {
    let of = profile.sharding.shards;
    if of <= 1 {
        return vec![PrometheusProcess {
            service: PROMETHEUS.into(),
            config: "prometheus.yml".into(),
            role: Role::Whole,
            jobs: jobs.to_vec(),
        }];
    }
    let query = has_query(profile).then(|| PrometheusProcess {
        service: PROMETHEUS.into(),
        config: "prometheus.yml".into(),
        role: Role::Query,
        jobs: Vec::new(),
    });
    let shards = (0..of).map(|number| {
        let shard = Shard { number, of };
        PrometheusProcess {
            service: shard_service(number),
            config: format!("shard-{number}.yml"),
            role: Role::Shard(shard),
            jobs: jobs.iter().filter_map(|job| part(job, shard)).collect(),
        }
    });
    query.into_iter().chain(shards).collect()
}

/// The part of a job that one of several scrapes; `None` where it has none.
fn part(job: &ScrapeJob, shard: Shard) -> Option<ScrapeJob> {
    let mut part = job.clone();
    match job.kind {
        JobKind::Redis | JobKind::Sentinel | JobKind::Keys => {
            part.shard = Some(shard);
            if let Discovery::Static { groups } | Discovery::File { groups, .. } =
                &mut part.discovery
            {
                groups.retain(|group| shard.holds(name_of(&group.labels)));
            }
        }
        JobKind::Own if job.name == PROMETHEUS => {
            // Each is watched by the one before it.
            let next = ((shard.number + 1) % shard.of) as usize;
            part.discovery = Discovery::Static {
                groups: (job.discovery.groups().iter())
                    .map(|group| TargetGroup {
                        targets: group.targets.get(next).cloned().into_iter().collect(),
                        labels: group.labels.clone(),
                    })
                    .collect(),
            };
        }
        _ if shard.number > 0 => return None,
        _ => {}
    }
    Some(part)
}

/// Whether a Prometheus must find targets of this job: those of some go to others.
pub fn holds_targets(job: &ScrapeJob) -> bool {
    match (&job.discovery, &job.relabeling, job.shard) {
        (Discovery::ClusterNodes { .. }, Relabeling::Through { labels, .. }, Some(shard)) => {
            shard.holds(name_of(labels))
        }
        _ => job.discovery.expected() != Some(0),
    }
}

/// The switch that makes Prometheus an agent.
pub fn agent_flag(version: Option<Version>) -> &'static str {
    if version.is_some_and(|version| version < Version::new(3, 0, 0)) {
        "--enable-feature=agent"
    } else {
        "--agent"
    }
}

/// What cannot work, or has no use.
pub fn check(
    profile: &Profile,
    servers: &[PrometheusProcess],
    version: Option<Version>,
    problems: &mut Vec<Problem>,
) {
    if profile.agent && version.is_some_and(|version| version < FIRST_AGENT) {
        problems.push(
            Problem::key(
                "profile/version-without-agent",
                Route::of(["agent"]),
                format!("this version of Prometheus has no agent; it came with {FIRST_AGENT}"),
            )
            .help("set `versions.prometheus` to a newer one, or remove `agent`"),
        );
    }
    if profile.sharding.shards > 1 && profile.labels.contains_key(SHARD_LABEL) {
        problems.push(
            Problem::key(
                "profile/reserved-label",
                Route::of(["labels", SHARD_LABEL]),
                format!("the label `{SHARD_LABEL}` tells the Prometheus servers apart"),
            )
            .help("remove it, or give it another name"),
        );
    }
    let idle = servers.iter().filter(|server| {
        let mut jobs = server.jobs.iter();
        server.shard().is_some() && !jobs.any(|job| job.shard.is_some() && holds_targets(job))
    });
    let idle: Vec<&str> = idle.map(|server| server.service.as_str()).collect();
    if !idle.is_empty() && !profile.targets.is_empty() {
        problems.push(
            Problem::value(
                "profile/idle-shard",
                Route::of(["sharding", "shards"]),
                format!("no target falls to {}", idle.join(", ")),
            )
            .help("use fewer shards: targets are spread by the hash of their names")
            .warning(),
        );
    }
}

fn name_of(labels: &IndexMap<String, String>) -> &str {
    labels.get(TARGET_LABEL).map_or("", String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_goes_where_prometheus_sends_it() {
        // What the relabeling of Prometheus 2.42 and 3.5.3 keeps; the tests that run them see the same.
        for (target, of, number) in [
            ("cache", 2, 0),
            ("cache", 7, 3),
            ("sessions", 2, 1),
            ("sessions", 3, 1),
            ("queue", 3, 0),
            ("cache-1", 7, 2),
            ("", 3, 1),
        ] {
            let holds: Vec<u64> = (0..of)
                .filter(|number| {
                    Shard {
                        number: *number,
                        of,
                    }
                    .holds(target)
                })
                .collect();
            assert_eq!(holds, [number], "{target} of {of}");
        }
    }
}
