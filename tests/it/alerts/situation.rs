//! Environments that together need every alert.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use stackwright::artifact;
use stackwright::bundle::Artifact;
use stackwright::catalogue::{Catalogue, Version};
use stackwright::model::alert::{AlertLinks, Alerting, AlertingInputs, Evaluation, resolve};
use stackwright::model::application;
use stackwright::model::glob::Glob;
use stackwright::model::job::{Discovery, JobKind, Relabeling, ScrapeJob, TargetGroup};
use stackwright::model::key_policy::{KeyPolicies, KeyPolicy};
use stackwright::model::memory_pressure::MemoryPressure;
use stackwright::model::target::RedisTarget;
use stackwright::profile::{
    AlertOverride, Persistence, PressureBase, Problem, SecretRef, Threshold, Topology,
};
use stackwright::quantity::{Bytes, Duration};
use stackwright::template::Templates;

/// What an environment is like.
#[derive(Clone)]
pub struct Situation {
    pub name: &'static str,
    pub targets: Vec<RedisTarget>,
    pub jobs: Vec<ScrapeJob>,
    /// `applications` of a profile.
    pub applications: &'static str,
    pub exporter: Option<Version>,
    pub redis: Option<Version>,
    pub thresholds: IndexMap<String, Threshold>,
    pub pressure: MemoryPressure,
    pub overrides: IndexMap<String, AlertOverride>,
    pub runbooks: BTreeSet<String>,
    pub links: AlertLinks,
    pub evaluation: Evaluation,
}

pub fn catalogue() -> Catalogue {
    Catalogue::embedded().unwrap_or_else(|errors| panic!("{errors:#?}"))
}

impl Situation {
    pub fn resolve<'c>(&self, catalogue: &'c Catalogue) -> (Alerting<'c>, Vec<Problem>) {
        let mut problems = Vec::new();
        let profile = format!("name: demo\napplications:\n{}", self.applications);
        let profile = serde_yaml::from_str(&profile).unwrap();
        let applications = application::resolve(&profile, catalogue, &mut problems);
        let inputs = AlertingInputs {
            targets: &self.targets,
            jobs: &self.jobs,
            applications: &applications,
            exporter: self.exporter,
            redis: self.redis,
            thresholds: &self.thresholds,
            pressure: &self.pressure,
            overrides: &self.overrides,
            own_runbooks: &self.runbooks,
            links: &self.links,
            window: None,
            evaluation: &self.evaluation,
        };
        let alerting = resolve(
            catalogue.alerting(),
            &inputs,
            &Templates::embedded(),
            &mut problems,
        )
        .unwrap_or_else(|error| panic!("{}: {error:?}", self.name));
        (alerting, problems)
    }

    /// Rules and their tests.
    pub fn artifacts(&self, catalogue: &Catalogue) -> Vec<Artifact> {
        let (alerting, problems) = self.resolve(catalogue);
        assert!(problems.is_empty(), "{}: {problems:#?}", self.name);
        let templates = Templates::embedded();
        let mut artifacts = artifact::rules(&alerting, &templates).unwrap();
        artifacts.extend(artifact::rule_tests(&alerting, &templates).unwrap());
        artifacts
    }

    /// The same with only one alert of the catalogue.
    pub fn only(&self, catalogue: &Catalogue, alert: &str) -> Self {
        let mut only = self.clone();
        for (_, other) in catalogue.alerting().alerts() {
            if other.name != alert {
                only.overrides
                    .entry(other.name.clone())
                    .or_default()
                    .enabled = Some(false);
            }
        }
        only
    }

    pub fn threshold(mut self, name: &str, yaml: &str) -> Self {
        let written = serde_yaml::from_str(yaml).unwrap_or_else(|error| panic!("{yaml}: {error}"));
        self.thresholds.insert(name.to_owned(), written);
        self
    }

    pub fn override_alert(mut self, name: &str, yaml: &str) -> Self {
        let written = serde_yaml::from_str(yaml).unwrap_or_else(|error| panic!("{yaml}: {error}"));
        self.overrides.insert(name.to_owned(), written);
        self
    }
}

pub fn job(name: &str, kind: JobKind, targets: usize) -> ScrapeJob {
    ScrapeJob {
        name: name.into(),
        kind,
        comment: String::new(),
        scheme: "http".into(),
        metrics_path: "/metrics".into(),
        params: IndexMap::new(),
        interval: Duration::from_secs(15),
        timeout: Duration::from_secs(10),
        discovery: Discovery::Static {
            groups: vec![TargetGroup {
                targets: (0..targets).map(|n| format!("{name}-{n}:1")).collect(),
                labels: IndexMap::new(),
            }],
        },
        relabeling: Relabeling::None,
        basic_auth: None,
        keep: None,
        dropped_labels: Vec::new(),
        shard: None,
        sample_limit: None,
    }
}

pub fn target(name: &str, topology: Topology) -> RedisTarget {
    RedisTarget {
        name: name.into(),
        topology,
        servers: Vec::new(),
        maxmemory: None,
        maxclients: 10_000,
        persistence: Persistence::RdbAndAof,
        password: Some(SecretRef::Env("REDIS_PASSWORD".into())),
        exporter: "redis-exporter".into(),
        keys: None,
        labels: IndexMap::new(),
    }
}

fn keys(target: &str) -> KeyPolicies {
    KeyPolicies {
        target: target.into(),
        policies: vec![KeyPolicy {
            pattern: Glob::parse("session:*").unwrap(),
            description: String::new(),
            ttl: Some(Duration::from_secs(3600)),
            max_length: Some(100),
            is_durable: false,
            by_key: false,
        }],
        interval: Duration::from_secs(300),
        timeout: Duration::from_secs(60),
        sample: 5000,
        lua: true,
        database: 0,
    }
}

fn own_jobs() -> Vec<ScrapeJob> {
    ["prometheus", "alertmanager", "grafana"]
        .map(|name| job(name, JobKind::Own, 1))
        .into()
}

/// One server, default everything.
pub fn small() -> Situation {
    let mut jobs = vec![job("redis", JobKind::Redis, 1)];
    jobs.extend(own_jobs());
    Situation {
        name: "small",
        targets: vec![target("cache", Topology::Standalone)],
        jobs,
        applications: "  {}",
        exporter: Some(Version::new(1, 86, 0)),
        redis: Some(Version::new(8, 0, 6)),
        thresholds: IndexMap::new(),
        pressure: MemoryPressure::default(),
        overrides: IndexMap::new(),
        runbooks: BTreeSet::new(),
        links: AlertLinks {
            grafana: "http://localhost:3000".into(),
            dashboard: Some("demo-overview".into()),
            dashboards: BTreeMap::new(),
            applications: BTreeMap::new(),
            runbooks: None,
        },
        evaluation: Evaluation {
            has_remote_write: true,
            ..Evaluation::default()
        },
    }
}

/// Every instrumentation, one under another namespace, and one that the profile describes.
const APPLICATIONS: &str = r#"
  api: {url: 'http://api', flavour: fastapi_handmade}
  renamed: {url: 'http://b', job: 'a|b', flavour: starlette_exporter, namespace: shop_api}
  workers: {url: 'http://workers', flavour: gunicorn_prometheus_exporter}
  shop: {url: 'http://shop', flavour: fastapi_instrumentator}
  wrapper: {url: 'http://wrapper', metrics: {service_health: {type: gauge}}, indicators: {health: service_health}}
  gateway:
    url: http://gateway
    metrics:
      calls_total: {type: counter, labels: [code, route]}
      call_seconds: {type: histogram, unit: seconds, labels: [route]}
      health: {type: gauge, labels: [part]}
    indicators:
      requests: calls_total{route!="/health"}
      errors: calls_total{code=~"5..|4[29]9",route!="/health"}
      latency: call_seconds{route!~"/health|/\"metrics\""}
      health: health{part="self"}
"#;

/// Everything at once: each topology, several jobs, every alert.
pub fn everything() -> Situation {
    let mut jobs = vec![
        job("redis", JobKind::Redis, 3),
        job("redis|prod", JobKind::Redis, 2),
        job("redis-sentinel", JobKind::Sentinel, 3),
        job("redis-keys-cache", JobKind::Keys, 1),
        job("redis-keys-shards", JobKind::Keys, 3),
        job("redis-exporter", JobKind::Exporter, 1),
        job("api", JobKind::Application, 2),
        job("a|b", JobKind::Application, 1),
        job("workers", JobKind::Application, 1),
        job("shop", JobKind::Application, 1),
        job("wrapper", JobKind::Application, 1),
        job("gateway", JobKind::Application, 1),
        job("probe", JobKind::Probe, 2),
    ];
    jobs.extend(own_jobs());
    let mut limited = target("limited", Topology::Replicated);
    limited.maxmemory = Some(Bytes(2 << 30));
    limited.keys = Some(keys("limited"));
    Situation {
        name: "everything",
        targets: vec![
            target("cache", Topology::Standalone),
            limited,
            target("ha", Topology::Sentinel),
            target("shards", Topology::Cluster),
        ],
        jobs,
        applications: APPLICATIONS,
        links: AlertLinks {
            grafana: "https://grafana.example.com/".into(),
            dashboard: Some("demo-overview".into()),
            dashboards: BTreeMap::from([("cluster".to_owned(), "demo-cluster".to_owned())]),
            applications: BTreeMap::from([("api".to_owned(), "demo-api".to_owned())]),
            runbooks: Some("https://runbooks.example.com/redis/".into()),
        },
        ..small()
    }
    .threshold("clients", "{warning: 100, critical: 150}")
    .threshold("memory-pressure", "{warning: medium, critical: high}")
    .threshold("tail-latency", "{warning: 100ms}")
}

/// An old exporter, a slow scrape, and both severities of every threshold, at values of somebody's own.
pub fn peculiar() -> Situation {
    let mut situation = Situation {
        name: "peculiar",
        exporter: Some(Version::new(1, 45, 0)),
        pressure: MemoryPressure {
            of: PressureBase::Peak,
            medium: 0.123_456_789,
            high: 0.5,
            critical: 0.999,
            stable: 0.0,
        },
        ..everything()
    };
    for job in &mut situation.jobs {
        job.interval = Duration::from_secs(90);
    }
    situation
        .threshold("memory", "{warning: 71.3%, critical: 0.87654321, for: 30s}")
        .threshold("memory-bytes", "{warning: 900mb, critical: 1000mb}")
        .threshold("system-memory", "{warning: 33%, for: {critical: 0s}}")
        .threshold("memory-trend", "{warning: 7.5, critical: 33}")
        .threshold("memory-trend-floor", "{warning: 1%}")
        .threshold("fragmentation", "{warning: 1.5, critical: 3}")
        .threshold("connections", "{warning: 85%, critical: 95%, for: 90s}")
        .threshold("rejected-connections", "{warning: 0, critical: 7}")
        .threshold("latency", "{warning: 0.3ms, critical: 7ms}")
        .threshold("slowlog", "{warning: 0.07, critical: 3}")
        .threshold("blocked-clients", "{warning: 5, critical: 6}")
        .threshold("hit-ratio", "{warning: 77%, critical: 33.3%}")
        .threshold("evictions", "{warning: 7.3, critical: 1234.5, for: 10m}")
        .threshold("keys-without-expiry", "{warning: 1%, critical: 2%}")
        .threshold("keys-missing-ttl", "{warning: 3, critical: 1000}")
        .threshold("keys-ttl-too-long", "{warning: 1, critical: 2, for: 1h}")
        .threshold("keys-too-long", "{warning: 17, critical: 18}")
        .threshold("key-growth", "{warning: 1.3, critical: 10}")
        .threshold("key-growth-floor", "{warning: 123456}")
        .threshold(
            "replication-lag",
            "{warning: 2500ms, critical: 1m, for: 1h}",
        )
        .threshold("authentication-failures", "{warning: 3, critical: 100}")
        .threshold("certificate-lifetime", "{warning: 30d, critical: off}")
        .threshold("tail-latency", "{warning: 3ms, critical: 71ms, for: 30s}")
        .threshold("application-errors", "{warning: 0.7%, critical: 33%}")
        .threshold("application-latency", "{warning: 300ms, critical: 1.7s}")
        .threshold("application-traffic", "{warning: 0.3}")
        .threshold("latency-traffic", "{warning: 0.7}")
        .threshold("hit-ratio-traffic", "{warning: 1.3}")
        .override_alert(
            "RedisDown",
            "{name: CacheDown, for: 30s, severity: warning, labels: {team: 'a {{ b }}'}, \
             annotations: {note: '{{ .Nope }} \"x\"', where: '{{ $labels.instance }}'}}",
        )
        .override_alert("RedisSentinelDown", "{for: 0s}")
}

/// An exporter of unknown version, only criticals, thresholds at zero.
pub fn severe() -> Situation {
    let mut situation = Situation {
        name: "severe",
        exporter: None,
        redis: None,
        ..everything()
    };
    situation.links.dashboard = None;
    situation.links.dashboards.clear();
    for (name, value) in [
        ("memory", "90%"),
        ("memory-bytes", "4gb"),
        ("system-memory", "80%"),
        ("memory-pressure", "low"),
        ("tail-latency", "1s"),
        ("application-errors", "0"),
        ("application-latency", "1us"),
        ("memory-trend", "25"),
        ("fragmentation", "2"),
        ("connections", "95%"),
        ("clients", "900"),
        ("rejected-connections", "100"),
        ("latency", "100ms"),
        ("slowlog", "0"),
        ("blocked-clients", "0"),
        ("hit-ratio", "10%"),
        ("evictions", "0"),
        ("keys-without-expiry", "99%"),
        ("keys-missing-ttl", "0"),
        ("keys-ttl-too-long", "5"),
        ("keys-too-long", "0"),
        ("key-growth", "1"),
        ("replication-lag", "30s"),
        ("authentication-failures", "0"),
        ("certificate-lifetime", "0"),
    ] {
        situation = situation.threshold(name, &format!("{{warning: off, critical: {value}}}"));
    }
    situation
}

pub fn all() -> Vec<Situation> {
    vec![small(), everything(), peculiar(), severe()]
}
