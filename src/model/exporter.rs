//! Exporter processes, and the scrape jobs that reach Redis through them.

use indexmap::IndexMap;

use super::address;
use super::job::{Discovery, JobBasicAuth, JobKind, Relabeling, ScrapeJob, discovery, grouped};
use super::key_policy::KeyPolicies;
use super::key_scan::{self, Watcher};
use super::prometheus;
use super::secret::Secrets;
use super::target::{RedisServer, RedisTarget};
use crate::catalogue::Version;
use crate::document::Route;
use crate::profile::{Exporter, ExporterMode, Flag, Problem, Profile, SecretRef};
use crate::quantity::Duration;

/// Port that redis_exporter listens on unless told otherwise.
pub const EXPORTER_PORT: u16 = 9121;

/// What an exporter says of itself, whatever its namespace.
const OWN_METRICS: &str = "(.+_exporter|go|process)_.+";

/// One redis_exporter process that the stack runs.
#[derive(Debug, Clone, PartialEq)]
pub struct ExporterProcess {
    /// Name of its service, and its host name inside the stack.
    pub service: String,
    /// Name of the exporter in the profile.
    pub exporter: String,
    /// Whole image reference, where the profile gives one.
    pub image: Option<String>,
    /// Port it listens on.
    pub port: u16,
    /// Its one server; `None` where Prometheus names the server with each scrape.
    pub server: Option<RedisServer>,
    /// Flags by name, in order, without those that only other parts of the model can know.
    pub flags: IndexMap<String, Flag>,
    /// ACL user of all its servers; `None` where they differ and each address names its own.
    pub user: Option<String>,
    /// Where the password of its servers is found.
    pub password: Option<SecretRef>,
    /// Where the file with one password per server is found.
    pub password_file: Option<SecretRef>,
    /// What it looks at, where it scans keys and does nothing else.
    pub keys: Option<KeyPolicies>,
}

/// Exporters of a stack, and the jobs that scrape through them.
#[derive(Debug, Clone, Default)]
pub struct Exporting {
    /// Processes to run, by exporter and target.
    pub processes: Vec<ExporterProcess>,
    /// Scrape jobs, Redis first, then sentinels, then keys, then the exporters' own.
    pub jobs: Vec<ScrapeJob>,
}

/// Timings of one job: what it says itself, else what is global.
pub fn timing(
    profile: &Profile,
    interval: Option<Duration>,
    timeout: Option<Duration>,
) -> (Duration, Duration) {
    let interval = interval.unwrap_or(profile.scrape.interval);
    let timeout = timeout.unwrap_or_else(|| profile.scrape.timeout.min(interval));
    (interval, timeout)
}

/// Everything about the exporters of a profile; `version` is that of the oldest.
pub fn resolve(
    profile: &Profile,
    exporters: &IndexMap<String, Exporter>,
    targets: &[RedisTarget],
    version: Option<Version>,
    secrets: &mut Secrets,
    problems: &mut Vec<Problem>,
) -> Exporting {
    let mut exporting = Exporting::default();
    let mut sentinel_jobs = Vec::new();
    let mut key_jobs = Vec::new();
    let mut own_jobs = Vec::new();
    for (name, exporter) in exporters {
        let route = Route::of(["exporters", name]);
        let watched: Vec<&RedisTarget> = targets
            .iter()
            .filter(|target| target.exporter == *name)
            .collect();
        if watched.is_empty() {
            // Where a target is wrong, its exporter looks unused; one problem is enough.
            if problems.is_empty() {
                problems.push(
                    Problem::key(
                        "profile/unused-exporter",
                        route,
                        format!("no target is watched by the exporter `{name}`"),
                    )
                    .help("name it in a target's `exporter`, or remove it"),
                );
            }
            continue;
        }
        if !check(name, exporter, &watched, &route, problems) {
            continue;
        }
        let job = exporter.job.clone().unwrap_or_else(|| {
            if exporters.len() == 1 {
                "redis".into()
            } else {
                name.clone()
            }
        });
        let (interval, timeout) = timing(profile, exporter.interval, exporter.timeout);
        let basic_auth = exporter.basic_auth.as_ref().map(|auth| JobBasicAuth {
            username: auth.username.clone(),
            password_file: secrets.mount_all(
                &auth.password,
                &prometheus::scraping(profile),
                "password of the exporter",
            ),
        });
        let builder = Builder {
            name,
            exporter,
            job: &job,
            interval,
            timeout,
            basic_auth,
            profile,
        };
        let (processes, redis, sentinel, own) = builder.build(&watched);
        exporting.processes.extend(processes);
        exporting.jobs.extend(redis);
        sentinel_jobs.extend(sentinel);
        own_jobs.extend(own);
        let watcher = Watcher {
            profile,
            name,
            exporter,
            job: &job,
            version,
        };
        for target in watched {
            if let Some(keys) = &target.keys {
                let (process, job) = key_scan::resolve(watcher, target, keys);
                exporting.processes.push(process);
                key_jobs.push(job);
            }
        }
    }
    exporting.jobs.extend(sentinel_jobs);
    exporting.jobs.extend(key_jobs);
    exporting.jobs.extend(own_jobs);
    exporting
}

/// What cannot work, whatever the rest of the profile says.
fn check(
    name: &str,
    exporter: &Exporter,
    watched: &[&RedisTarget],
    route: &Route,
    problems: &mut Vec<Problem>,
) -> bool {
    let before = problems.len();
    if let (
        ExporterMode::Single | ExporterMode::External | ExporterMode::Cluster,
        [_, second, ..],
    ) = (exporter.mode, watched)
    {
        problems.push(
            Problem::value(
                "profile/impossible-mode",
                Route::of(["targets", &second.name]),
                format!("the exporter `{name}` watches one target, and this is a further one"),
            )
            .help("give it the mode `multi-target`, or this target an exporter of its own"),
        );
    }
    match (exporter.mode, &exporter.url) {
        (ExporterMode::External, None) => problems.push(
            Problem::key(
                "profile/missing-key",
                route.clone(),
                "an external exporter needs its `url`",
            )
            .help("add `url: https://exporter.example.com`"),
        ),
        (ExporterMode::External, Some(url)) if split_url(url).is_none() => problems.push(
            Problem::value(
                "profile/bad-url",
                route.key("url"),
                "this is not the URL of an exporter",
            )
            .help("write `https://host[:port][/metrics]`; a Redis address (`redis://…`) serves no metrics"),
        ),
        (ExporterMode::External, Some(_)) | (_, None) => {}
        (_, Some(_)) => problems.push(
            Problem::key(
                "profile/impossible-mode",
                route.key("url"),
                "only an `external` exporter has a `url`",
            )
            .help("set `mode: external`, or remove `url`"),
        ),
    }
    if exporter.mode != ExporterMode::External && exporter.basic_auth.is_some() {
        problems.push(
            Problem::key(
                "profile/impossible-mode",
                route.key("basic_auth"),
                "basic authentication guards an `external` exporter; ours is reachable inside the stack only",
            )
            .help("remove `basic_auth`"),
        );
    }
    if exporter.mode == ExporterMode::MultiTarget {
        let mut passwords: Vec<&SecretRef> = watched
            .iter()
            .filter_map(|target| target.password.as_ref())
            .collect();
        passwords.sort();
        passwords.dedup();
        let with = watched
            .iter()
            .filter(|target| target.password.is_some())
            .count();
        if exporter.password_file.is_none()
            && (passwords.len() > 1 || (with > 0 && with < watched.len()))
        {
            problems.push(
                Problem::key(
                    "profile/passwords-differ",
                    route.clone(),
                    format!("the targets of `{name}` do not all have the same password, and an exporter takes one"),
                )
                .help("add `password_file: {file: secrets/redis-passwords.json}` with `{\"redis://host:port\": \"password\"}`, or use mode `sidecar`"),
            );
        }
    }
    for (flag, owner) in [
        ("redis.addr", "the target's `address`"),
        ("redis.password", "the target's `password`"),
        ("redis.password-file", "`password_file`"),
        ("connection-timeout", "the scrape timeout"),
        ("is-cluster", "`mode: cluster`"),
        ("web.listen-address", "`port`"),
    ] {
        if exporter.flags.contains_key(flag) {
            problems.push(
                Problem::key(
                    "profile/reserved-flag",
                    route.key("flags").key(flag),
                    format!("the flag `{flag}` follows from {owner}"),
                )
                .help("remove it here"),
            );
        }
    }
    problems.len() == before
}

/// Scheme, `host[:port]` and path of an exporter's URL.
pub fn split_url(url: &str) -> Option<(&str, &str, &str)> {
    let (scheme, rest) = url.split_once("://")?;
    if !matches!(scheme, "http" | "https") {
        return None;
    }
    let (host, path) = match rest.find('/') {
        Some(slash) => rest.split_at(slash),
        None => (rest, ""),
    };
    let host_ok = !host.is_empty()
        && host.chars().all(|char| {
            char.is_ascii_alphanumeric() || matches!(char, '.' | '-' | '_' | ':' | '[' | ']')
        });
    let path_ok = path
        .chars()
        .all(|char| char.is_ascii_graphic() && !matches!(char, '?' | '#'));
    let path = if path.is_empty() || path == "/" {
        "/metrics"
    } else {
        path
    };
    (host_ok && path_ok).then_some((scheme, host, path))
}

type Built = (
    Vec<ExporterProcess>,
    Vec<ScrapeJob>,
    Vec<ScrapeJob>,
    Vec<ScrapeJob>,
);

struct Builder<'a> {
    name: &'a str,
    exporter: &'a Exporter,
    job: &'a str,
    interval: Duration,
    timeout: Duration,
    basic_auth: Option<JobBasicAuth>,
    profile: &'a Profile,
}

impl Builder<'_> {
    fn build(&self, watched: &[&RedisTarget]) -> Built {
        match self.exporter.mode {
            ExporterMode::External => self.external(watched),
            ExporterMode::Single | ExporterMode::Sidecar => self.beside(watched),
            ExporterMode::MultiTarget => self.multi_target(watched),
            ExporterMode::Cluster => self.cluster(watched),
        }
    }

    fn port(&self) -> u16 {
        self.exporter.port.unwrap_or(EXPORTER_PORT)
    }

    fn process(&self, service: String, server: Option<&RedisServer>) -> ExporterProcess {
        let port = self
            .exporter
            .port
            .or_else(|| address::port(self.profile, &service))
            .unwrap_or(EXPORTER_PORT);
        let mut flags = IndexMap::new();
        // A hung Redis must become `redis_up 0`, not a scrape that times out: the exporter has
        // to give up well before Prometheus does (its own default is 15s).
        let patience = Duration::from_millis((self.timeout.as_millis() / 2).max(100));
        flags.insert(
            "connection-timeout".into(),
            Flag::Text(go_duration(patience)),
        );
        if self.exporter.mode == ExporterMode::Cluster {
            flags.insert("is-cluster".into(), Flag::Switch(true));
        }
        if port != EXPORTER_PORT {
            let address = format!(":{port}");
            flags.insert("web.listen-address".into(), Flag::Text(address));
        }
        flags.extend(
            self.exporter
                .flags
                .iter()
                .map(|(name, value)| (name.clone(), value.clone())),
        );
        ExporterProcess {
            service,
            exporter: self.name.into(),
            image: self.exporter.image.clone(),
            port,
            user: server.and_then(|server| server.user.clone()),
            server: server.cloned(),
            flags,
            password: None,
            password_file: self.exporter.password_file.clone(),
            keys: None,
        }
    }

    fn scrape(
        &self,
        name: String,
        kind: JobKind,
        comment: String,
        discovery: Discovery,
    ) -> ScrapeJob {
        ScrapeJob {
            name,
            kind,
            comment,
            scheme: "http".into(),
            metrics_path: "/metrics".into(),
            params: IndexMap::new(),
            interval: self.interval,
            timeout: self.timeout,
            discovery,
            relabeling: Relabeling::None,
            basic_auth: None,
            keep: None,
            dropped_labels: Vec::new(),
            shard: None,
            sample_limit: None,
        }
    }

    /// One process beside each server. Prometheus scrapes the exporter; `instance` names the server.
    fn beside(&self, watched: &[&RedisTarget]) -> Built {
        let several = watched
            .iter()
            .map(|target| target.servers.len())
            .sum::<usize>()
            > 1;
        let mut processes = Vec::new();
        let mut data = Vec::new();
        let mut sentinels = Vec::new();
        for target in watched {
            for (number, server) in target.servers.iter().enumerate() {
                let service = match (several, target.servers.len()) {
                    (false, _) => self.name.to_owned(),
                    (true, 1) => format!("{}-{}", self.name, target.name),
                    (true, _) => format!("{}-{}-{}", self.name, target.name, number + 1),
                };
                let address = address::of(self.profile, &service, self.port());
                let mut process = self.process(service, Some(server));
                process.password.clone_from(&target.password);
                processes.push(process);
                let mut labels = IndexMap::from([("instance".to_owned(), server.instance.clone())]);
                labels.extend(target.static_labels());
                if server.sentinel {
                    sentinels.push((address, labels));
                } else {
                    data.push((address, labels));
                }
            }
        }
        let redis = self.scrape(
            self.job.into(),
            JobKind::Redis,
            "An exporter beside each Redis. `instance` names the Redis, not the exporter.".into(),
            discovery(self.job, grouped(data)),
        );
        (
            processes,
            vec![redis],
            self.sentinel_job(sentinels),
            Vec::new(),
        )
    }

    fn sentinel_job(&self, targets: Vec<(String, IndexMap<String, String>)>) -> Vec<ScrapeJob> {
        if targets.is_empty() {
            return Vec::new();
        }
        let name = format!("{}-sentinel", self.job);
        let discovery = discovery(&name, grouped(targets));
        vec![self.scrape(
            name,
            JobKind::Sentinel,
            "The sentinels. A job of their own: they have no memory, clients or keys to alert on.".into(),
            discovery,
        )]
    }

    /// One process for all servers. Prometheus names the server with each scrape.
    fn multi_target(&self, watched: &[&RedisTarget]) -> Built {
        let exporter = address::of(self.profile, self.name, self.port());
        let mut process = self.process(self.name.into(), None);
        process.password = watched.iter().find_map(|target| target.password.clone());
        process.user = common_user(watched);
        if process.password_file.is_some() {
            process.password = None;
        }
        let through = |mut job: ScrapeJob| {
            job.metrics_path = "/scrape".into();
            job.relabeling = Relabeling::Through {
                exporter: exporter.clone(),
                labels: IndexMap::new(),
            };
            job
        };
        let of = |sentinel: bool| {
            watched
                .iter()
                .flat_map(|target| {
                    target
                        .servers
                        .iter()
                        .filter(move |server| server.sentinel == sentinel)
                        .map(|server| (server.instance.clone(), target.static_labels()))
                })
                .collect::<Vec<_>>()
        };
        let redis = self.scrape(
            self.job.into(),
            JobKind::Redis,
            "Every Redis through one exporter: the target is a parameter of /scrape.".into(),
            discovery(self.job, grouped(of(false))),
        );
        let sentinel = self
            .sentinel_job(of(true))
            .into_iter()
            .map(through)
            .collect();
        (
            vec![process],
            vec![through(redis)],
            sentinel,
            vec![self.own_job(&exporter)],
        )
    }

    fn own_job(&self, exporter: &str) -> ScrapeJob {
        self.scrape(
            format!("{}-exporter", self.job),
            JobKind::Exporter,
            "The exporter itself: it is what fails when all of its targets seem to.".into(),
            Discovery::Static {
                groups: grouped([(exporter.to_owned(), IndexMap::new())]),
            },
        )
    }

    /// One process that also tells Prometheus which nodes there are.
    fn cluster(&self, watched: &[&RedisTarget]) -> Built {
        let exporter = address::of(self.profile, self.name, self.port());
        let Some(target) = watched.first() else {
            return Built::default();
        };
        let mut process = self.process(self.name.into(), target.servers.first());
        process.password.clone_from(&target.password);
        let mut redis = self.scrape(
            self.job.into(),
            JobKind::Redis,
            "The nodes that the cluster itself names, each through the exporter.".into(),
            Discovery::ClusterNodes {
                url: format!("http://{exporter}/discover-cluster-nodes"),
            },
        );
        redis.metrics_path = "/scrape".into();
        redis.relabeling = Relabeling::Through {
            exporter: exporter.clone(),
            labels: target.static_labels(),
        };
        // Asked for itself, it adds the node that it starts from, which would be there twice.
        let mut own = self.own_job(&exporter);
        own.keep = Some(OWN_METRICS);
        (vec![process], vec![redis], Vec::new(), vec![own])
    }

    /// An exporter that runs elsewhere, usually behind TLS.
    fn external(&self, watched: &[&RedisTarget]) -> Built {
        let parts = self.exporter.url.as_deref().and_then(split_url);
        let (Some((scheme, host, path)), Some(target)) = (parts, watched.first()) else {
            return Built::default();
        };
        let targets = target.servers.first().map(|server| {
            let mut labels = IndexMap::from([("instance".to_owned(), server.instance.clone())]);
            labels.extend(target.static_labels());
            (host.to_owned(), labels)
        });
        let mut job = self.scrape(
            self.job.into(),
            JobKind::Redis,
            "An exporter that runs elsewhere. `instance` names the Redis, not the exporter.".into(),
            Discovery::Static {
                groups: grouped(targets),
            },
        );
        job.scheme = scheme.into();
        job.metrics_path = path.into();
        job.basic_auth.clone_from(&self.basic_auth);
        (Vec::new(), vec![job], Vec::new(), Vec::new())
    }
}

/// The user of all servers. Old exporters take it from their environment only, and read that of an
/// address as a password.
pub(super) fn common_user(targets: &[&RedisTarget]) -> Option<String> {
    let mut servers = targets.iter().flat_map(|target| &target.servers);
    let user = servers.next()?.user.as_ref()?;
    servers
        .all(|server| server.user.as_ref() == Some(user))
        .then(|| user.clone())
}

/// A duration as Go's `time.ParseDuration` takes it, which knows no days.
pub(super) fn go_duration(duration: Duration) -> String {
    let millis = duration.as_millis();
    if millis.is_multiple_of(1_000) {
        format!("{}s", millis / 1_000)
    } else {
        format!("{millis}ms")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_split_and_redis_addresses_are_not_urls() {
        assert_eq!(
            split_url("https://x.up.railway.app"),
            Some(("https", "x.up.railway.app", "/metrics"))
        );
        assert_eq!(split_url("http://h:9121/m"), Some(("http", "h:9121", "/m")));
        for url in [
            "redis://h:6379",
            "h:9121",
            "https://",
            "https://u:p@h",
            "https://h/?a=b",
        ] {
            assert_eq!(split_url(url), None, "{url}");
        }
    }

    #[test]
    fn the_exporter_gives_up_before_prometheus_does() {
        assert_eq!(go_duration(Duration::from_millis(5_000)), "5s");
        assert_eq!(go_duration(Duration::from_millis(750)), "750ms");
    }
}
