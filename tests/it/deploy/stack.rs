//! A small stack, resolved from a profile's text.

use std::sync::Arc;

use indexmap::{IndexMap, IndexSet};
use stackwright::artifact::{
    AlertmanagerContext, BlackboxContext, EnvExampleContext, ReadmeContext, ReadmeCounts,
    alertmanager, blackbox, env_example, readme, redis_confs,
};
use stackwright::bundle::Artifact;
use stackwright::catalogue::Catalogue;
use stackwright::model::alert::Evaluator;
use stackwright::model::application;
use stackwright::model::exporter;
use stackwright::model::inhibition::Inhibition;
use stackwright::model::notification::{Notification, NotificationContext};
use stackwright::model::routing::RoutableAlert;
use stackwright::model::secret::Secrets;
use stackwright::model::series::SeriesEstimate;
use stackwright::model::service::{ServiceContext, Services};
use stackwright::model::{probe, prometheus, remote, scrape, target};
use stackwright::platform::{ComposeContext, compose};
use stackwright::profile::{Problem, ProfileDocument, Severity};
use stackwright::source::SourceFile;
use stackwright::template::Templates;

/// What is deployed, and what the profile got wrong.
pub struct Stack {
    pub profile: stackwright::profile::Profile,
    pub alerts: Vec<RoutableAlert>,
    pub notification: Notification,
    pub services: Services,
    pub secrets: Secrets,
    pub problems: Vec<Problem>,
}

impl Stack {
    /// Every file, by path.
    pub fn files(&self) -> Vec<Artifact> {
        let templates = Templates::embedded();
        let (profile, environment) = (self.profile.name.as_str(), "default");
        let Self {
            services, secrets, ..
        } = self;
        let runbooks = [(
            "Redis | down".to_owned(),
            "runbooks/RedisDown.md".to_owned(),
        )];
        let dashboards = [(
            "Overview".to_owned(),
            "http://localhost:3000/d/x".to_owned(),
        )];
        let mut files = alertmanager(
            AlertmanagerContext {
                profile,
                environment,
                notification: &self.notification,
            },
            &templates,
        )
        .expect("alertmanager.yml");
        files.extend(
            blackbox(
                BlackboxContext {
                    profile,
                    environment,
                    probes: &self.profile.probes,
                },
                &templates,
            )
            .expect("blackbox.yml"),
        );
        files.extend(redis_confs(services, &[], &templates).expect("redis.conf"));
        files.push(
            env_example(
                EnvExampleContext {
                    profile,
                    environment,
                    secrets,
                },
                &templates,
            )
            .expect(".env.example"),
        );
        files.push(
            compose(
                ComposeContext {
                    profile,
                    environment,
                    services,
                    secrets,
                },
                &templates,
            )
            .expect("compose.yaml"),
        );
        files.push(
            readme(
                ReadmeContext {
                    profile,
                    description: &self.profile.description,
                    environment,
                    has_compose: true,
                    ports: &Default::default(),
                    has_applications: !self.profile.applications.is_empty(),
                    services,
                    secrets,
                    runbooks: &runbooks,
                    dashboards: &dashboards,
                    counts: ReadmeCounts {
                        servers: 1,
                        alerts: self.alerts.len(),
                    },
                    series: &SeriesEstimate::default(),
                    exporter_users: &[],
                    consumers: &[],
                    evaluator: Evaluator::Prometheus,
                    storages: &[],
                    query_endpoint: &remote::query_endpoint(&self.profile, &mut Secrets::new()),
                },
                &templates,
            )
            .expect("README.md"),
        );
        files
    }

    /// The text of one file.
    pub fn file(&self, path: &str) -> String {
        self.files()
            .into_iter()
            .find(|file| file.path.as_str() == path)
            .map_or_else(|| panic!("no `{path}`"), |file| file.text)
    }

    /// All files in a directory, with the secrets they name.
    pub fn written(&self) -> tempfile::TempDir {
        let directory = tempfile::tempdir().expect("a directory");
        let write = |path: &str, text: &str| {
            let path = directory.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
            std::fs::write(path, text).expect("a file");
        };
        for file in self.files() {
            write(file.path.as_str(), &file.text);
        }
        for (path, _) in self.secrets.files() {
            write(path, "hunter2");
        }
        directory
    }

    /// Messages of problems with their routes, in order.
    pub fn said(&self) -> Vec<String> {
        self.problems
            .iter()
            .map(|problem| {
                let help = problem.help.as_deref().unwrap_or_default();
                format!(
                    "{}: {}: {} [{help}]",
                    problem.level.as_str(),
                    problem.route,
                    problem.message
                )
            })
            .collect()
    }
}

fn alert(
    name: &str,
    severity: Severity,
    group: &str,
    targets: &Arc<IndexSet<String>>,
) -> RoutableAlert {
    RoutableAlert {
        id: name.into(),
        name: name.into(),
        severity,
        group: group.into(),
        labels: IndexMap::new(),
        identity: vec!["instance".into()],
        targets: Arc::clone(targets),
    }
}

/// Resolves the only environment of a profile, with alerts of three groups.
pub fn stack(text: &str) -> Stack {
    stack_with(text, true)
}

/// The same for a profile without a mistake.
pub fn clean(text: &str) -> Stack {
    let stack = stack(text);
    assert!(stack.problems.is_empty(), "{:#?}", stack.said());
    stack
}

/// A profile with everything: every kind of channel, every kind of service.
pub const FULL: &str = r##"
name: demo
description: A demo.
targets:
  cache:
    address: redis://cache
    password: {env: REDIS_PASSWORD}
    maxmemory: 2gb
    persistence: none
    exporter: redis-exporter
    server: {port: 6379, maxmemory_policy: allkeys-lru}
  sessions:
    address: redis://host.docker.internal:6380
    password: {env: REDIS_PASSWORD}
    exporter: redis-exporter
  queue:
    address: redis://queue:6390
    password: {file: secrets/queue-password}
    persistence: rdb-and-aof
    maxclients: 500
    exporter: beside
    server: {}
exporters:
  redis-exporter: {}
  beside: {mode: sidecar}
applications:
  api: {url: 'http://host.docker.internal:8000', basic_auth: {username: u, password: {file: secrets/api}}}
probes:
  health: {url: 'http://host.docker.internal:8000/health', status: [200, 204], body: '"status": ?"ok"'}
  login: {url: 'https://example.com/login', status: [302], description: Sends people to the form.}
links: {alertmanager: 'https://example.com/alertmanager'}
notifications:
  default: [mail]
  channels:
    slack: {kind: slack, webhook: {env: SLACK_WEBHOOK_URL}, channel: '#alerts'}
    pager: {kind: pagerduty, routing_key: {env: PAGERDUTY_KEY}}
    mail:
      kind: email
      to: [ops@example.com, dev@example.com]
      from: alerts@example.com
      smarthost: smtp.example.com:587
      username: alerts
      password: {env: SMTP_PASSWORD}
    hook: {kind: webhook, url: 'https://hooks.example.com/x?y=1'}
    ticket: {kind: webhook, url: {env: TICKET_URL}}
    nobody: {kind: silent}
  routes:
    cache-critical: {severity: [critical], target: [cache], channels: [pager, slack]}
    critical: {severity: [critical], channels: [slack, pager], repeat_interval: 1h}
    slow: {group: [performance], channels: [nobody]}
    sessions: {target: [sessions, queue], channels: [hook, ticket]}
  repeat_intervals: {availability: 15m, saturation: 30m, performance: 200h}
compose:
  profiles: [cache-monitoring]
  networks: {app: {external: true}, monitoring: {external: true}, back: {}}
  ports: {grafana: 3001, redis-exporter: 9121, beside: off}
  retention: 30d
"##;

pub fn stack_with(text: &str, has_webhook_url_file: bool) -> Stack {
    let document = ProfileDocument::parse(SourceFile::new("profile.yaml", text)).expect("YAML");
    let environment = document.environment("default").expect("a profile");
    let profile = stackwright::profile::Profile::clone(&environment.profile);
    let mut problems = Vec::new();
    let mut secrets = Secrets::new();
    let exporters = target::exporters(&profile);
    let targets = target::resolve(&profile, &exporters, &mut problems);
    let exporting = exporter::resolve(
        &profile,
        &exporters,
        &targets,
        None,
        &mut secrets,
        &mut problems,
    );
    let mut jobs = exporting.jobs;
    jobs.extend(scrape::own_jobs(&profile));
    let catalogue = Catalogue::embedded().unwrap();
    let applications = application::resolve(&profile, &catalogue, &mut problems);
    jobs.extend(scrape::application_jobs(
        &profile,
        &applications,
        &mut secrets,
        &mut problems,
    ));
    jobs.extend(scrape::probe_jobs(&profile, &mut problems));
    probe::check(&profile.probes, &mut problems);

    let names: IndexSet<String> = profile.targets.keys().cloned().collect();
    let redis = Arc::new(names.clone());
    let none = Arc::new(IndexSet::new());
    let alerts = vec![
        alert("RedisDown", Severity::Critical, "availability", &redis),
        alert("RedisMemoryHigh", Severity::Warning, "saturation", &redis),
        alert("RedisMemoryHigh", Severity::Critical, "saturation", &redis),
        alert("RedisLatencyHigh", Severity::Warning, "performance", &redis),
        alert(
            "RedisScrapeFailed",
            Severity::Critical,
            "availability",
            &redis,
        ),
        alert(
            "RedisExporterDown",
            Severity::Critical,
            "availability",
            &none,
        ),
        alert("EndpointDown", Severity::Critical, "availability", &none),
    ];
    let groups = ["availability", "saturation", "performance", "replication"]
        .map(String::from)
        .into();
    let notification = Notification::resolve(
        NotificationContext {
            notifications: &profile.notifications,
            alerts: &alerts,
            groups: &groups,
            targets: &names,
            inhibitions: &Inhibition::embedded(),
            jobs: &jobs,
            has_webhook_url_file,
        },
        &mut secrets,
        &mut problems,
    );
    let images = IndexMap::from(
        [
            ("prometheus", "prom/prometheus:v3.5.3"),
            ("alertmanager", "prom/alertmanager:v0.33.1"),
            ("grafana", "grafana/grafana:12.4.3"),
            ("blackbox_exporter", "prom/blackbox-exporter:v0.28.0"),
            ("redis_exporter", "oliver006/redis_exporter:v1.86.0-alpine"),
            ("redis", "redis:8.0.6-alpine"),
        ]
        .map(|(tool, image)| (tool.to_owned(), image.to_owned())),
    );
    let catalogue = stackwright::catalogue::Catalogue::embedded().expect("a catalogue");
    let services = Services::resolve(
        ServiceContext {
            profile: &profile,
            environment: "default",
            images: &images,
            directives: catalogue.directives(),
            targets: &targets,
            exporters: &exporting.processes,
            prometheus_servers: &prometheus::resolve(&profile, &jobs),
            query_endpoint: &remote::query_endpoint(&profile, &mut Secrets::new()),
            agent_flag: None,
            longest_repeat_interval: notification.routing.longest_repeat_interval(),
        },
        &mut secrets,
        &mut problems,
    );
    Stack {
        profile,
        alerts,
        notification,
        services,
        secrets,
        problems,
    }
}
