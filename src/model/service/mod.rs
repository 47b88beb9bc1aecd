//! What the stack runs: services, ports, volumes and networks, whatever platform runs them.

mod check;
mod exporter;
mod redis;

use indexmap::IndexMap;
use serde::Serialize;

pub use exporter::ExporterService;
pub use redis::RedisService;

use super::exporter::ExporterProcess;
use super::job::ScrapeJob;
use super::prometheus::{PROMETHEUS, PROMETHEUS_PORT, PrometheusProcess, Role};
use super::remote::QueryEndpoint;
use super::secret::Secrets;
use super::target::RedisTarget;
use crate::catalogue::Directives;
use crate::document::Route;
use crate::profile::{Channel, Links, Port, Problem, Profile, SecretRef, WebhookUrl, suggestion};
use crate::quantity::Duration;

/// Name by which containers reach the host that runs them.
pub const HOST_GATEWAY: &str = "host.docker.internal";
/// The environment variable that Grafana's first password is taken from.
pub const GRAFANA_PASSWORD: &str = "GRAFANA_ADMIN_PASSWORD";

/// How long Prometheus keeps samples unless told otherwise, as Prometheus' own default.
const RETENTION: Duration = Duration::from_secs(15 * 24 * 3600);
/// How long Alertmanager remembers what it told, its own default.
const NOTIFICATION_RETENTION: Duration = Duration::from_secs(120 * 3600);

/// What [`Services::resolve`] needs to know.
#[derive(Debug, Clone, Copy)]
pub struct ServiceContext<'a> {
    /// The profile.
    pub profile: &'a Profile,
    /// Name of the environment.
    pub environment: &'a str,
    /// Whole image references that are pinned, by tool: `prometheus`, `alertmanager`, `grafana`,
    /// `blackbox_exporter`, `redis_exporter`, `redis`.
    pub images: &'a IndexMap<String, String>,
    /// What may stand in a redis.conf.
    pub directives: &'a Directives,
    /// The targets.
    pub targets: &'a [RedisTarget],
    /// The exporters that the stack runs, with all of their flags.
    pub exporters: &'a [ExporterProcess],
    /// The Prometheus servers, the one that people ask first.
    pub prometheus_servers: &'a [PrometheusProcess],
    /// Where Grafana asks.
    pub query_endpoint: &'a QueryEndpoint,
    /// The switch that makes them agents, where they are.
    pub agent_flag: Option<&'static str>,
    /// The longest time after which an alert is told again.
    pub longest_repeat_interval: Duration,
}

/// A service that keeps data and has a page to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonitoringService {
    /// Whole image reference.
    pub image: String,
    /// Port on the host; `None` where it is not published.
    pub published: Option<u16>,
    /// Named volume of its data.
    pub volume: String,
    /// Where people open it.
    pub external_url: String,
    /// Whether it asks the host that runs it.
    pub reaches_host: bool,
}

impl MonitoringService {
    fn summary<'a>(&'a self, name: &'a str, port: u16) -> ServiceSummary<'a> {
        ServiceSummary {
            name,
            image: &self.image,
            port,
            published: self.published,
        }
    }
}

/// What a Prometheus does with samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storing {
    /// It keeps them for so long.
    For(Duration),
    /// It has none of its own.
    Nothing,
    /// It sends them on. This switch makes it an agent.
    Agent(&'static str),
}

/// A Prometheus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrometheusService {
    /// Its name, and its host name inside the stack.
    pub service: String,
    /// Name of its configuration in the bundle's `prometheus/`.
    pub config: String,
    /// What it does with samples.
    pub storing: Storing,
    /// What it has in common with the others.
    pub page: MonitoringService,
}

impl PrometheusService {
    /// Its flags, with `configuration` and `data` as it sees them: a file and a directory.
    pub fn flags(&self, configuration: &str, data: &str) -> Vec<String> {
        let mut flags = vec![format!("--config.file={configuration}")];
        match self.storing {
            Storing::For(retention) => flags.extend([
                format!("--storage.tsdb.path={data}"),
                format!("--storage.tsdb.retention.time={retention}"),
            ]),
            Storing::Nothing => flags.push(format!("--storage.tsdb.path={data}")),
            Storing::Agent(switch) => {
                flags.extend([switch.to_owned(), format!("--storage.agent.path={data}")])
            }
        }
        flags
    }
}

/// The blackbox exporter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeService {
    /// Whole image reference.
    pub image: String,
    /// Port on the host; `None` where it is not published.
    pub published: Option<u16>,
    /// Whether some probe asks the host that runs it.
    pub reaches_host: bool,
}

/// A network beside the stack's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceNetwork {
    /// Name in the Compose file.
    pub key: String,
    /// Real name.
    pub name: String,
    /// Whether somebody else created it.
    pub external: bool,
}

/// What is alike in all services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ServiceSummary<'a> {
    /// Its name, and its host name inside the stack.
    pub name: &'a str,
    /// Whole image reference.
    pub image: &'a str,
    /// Port it listens on.
    pub port: u16,
    /// Port on the host; `None` where it is not published.
    pub published: Option<u16>,
}

/// Everything the stack runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Services {
    /// Name of the project.
    pub project: String,
    /// Compose profiles of the monitoring services.
    pub profiles: Vec<String>,
    /// Host address that ports are published on.
    pub bind: String,
    /// How long Alertmanager remembers what it told: longer than every repeat interval.
    pub notification_retention: Duration,
    /// The Prometheus servers, the one that people ask first.
    pub prometheus: Vec<PrometheusService>,
    /// Alertmanager.
    pub alertmanager: MonitoringService,
    /// Whether Alertmanager tells another container, on a network of somebody else.
    pub alertmanager_meets_outside: bool,
    /// Grafana.
    pub grafana: MonitoringService,
    /// Whether Grafana asks a storage outside of the stack, of samples or of logs.
    pub grafana_meets_outside: bool,
    /// Path in the container of the file with Grafana's first password.
    pub grafana_password_file: String,
    /// The blackbox exporter, where there are probes.
    pub blackbox: Option<ProbeService>,
    /// The exporters, in the model's order.
    pub exporters: Vec<ExporterService>,
    /// The Redis servers that the stack runs itself, in the profile's order.
    pub redis: Vec<RedisService>,
    /// Networks beside the stack's own.
    pub networks: Vec<ServiceNetwork>,
}

impl Services {
    /// Resolves what runs. `secrets` learns what the services read, `problems` what is wrong. With
    /// an error among them the result must not be rendered.
    pub fn resolve(
        context: ServiceContext<'_>,
        secrets: &mut Secrets,
        problems: &mut Vec<Problem>,
    ) -> Self {
        let compose = &context.profile.compose;
        let links = &context.profile.links;
        let redis = redis::resolve(context, secrets, problems);
        let exporters = exporter::resolve(context, secrets, problems);
        let blackbox = (!context.profile.probes.is_empty()).then(|| ProbeService {
            image: image(context, "blackbox-exporter", "blackbox_exporter", None),
            published: published(context, "blackbox-exporter", None),
            reaches_host: (context.profile.probes.values())
                .any(|probe| host_of(&probe.url) == HOST_GATEWAY),
        });
        let page = |service: &str, port: u16, link: &Option<String>| MonitoringService {
            image: image(context, service, service, None),
            published: published(context, service, Some(port)),
            volume: volume(context, service, None),
            external_url: link.clone().unwrap_or_else(|| {
                let port = published(context, service, Some(port)).unwrap_or(port);
                format!("http://localhost:{port}")
            }),
            reaches_host: false,
        };
        let longest = context.longest_repeat_interval;
        let services = Self {
            project: compose
                .project
                .clone()
                .unwrap_or_else(|| format!("{}-{}", context.profile.name, context.environment)),
            profiles: compose.profiles.clone(),
            bind: compose.bind.clone().unwrap_or_else(|| "127.0.0.1".into()),
            // Twice, so that a repeat is still known when it is due.
            notification_retention: NOTIFICATION_RETENTION.max(longest.times(2)),
            prometheus: prometheus_servers(context),
            alertmanager: MonitoringService {
                reaches_host: told(context.profile).any(|host| host == HOST_GATEWAY),
                ..page("alertmanager", 9093, &links.alertmanager)
            },
            alertmanager_meets_outside: told(context.profile).any(is_neighbour),
            grafana: MonitoringService {
                reaches_host: asked_elsewhere(context).any(|host| host == HOST_GATEWAY),
                ..page("grafana", 3000, &links.grafana)
            },
            grafana_meets_outside: asked_elsewhere(context).next().is_some(),
            grafana_password_file: secrets.mount(
                &SecretRef::Env(GRAFANA_PASSWORD.into()),
                "grafana",
                "first password of Grafana's administrator; later changes are made in Grafana",
            ),
            blackbox,
            exporters,
            redis,
            networks: networks(context),
        };
        check::check(&services, context, problems);
        services
    }

    /// Whether the stack itself runs the Redis of a target.
    pub fn runs(&self, target: &str) -> bool {
        self.redis.iter().any(|redis| redis.target == target)
    }

    /// Every service, in the order of the Compose file.
    pub fn summaries(&self) -> Vec<ServiceSummary<'_>> {
        let blackbox = self.blackbox.iter().map(|probe| ServiceSummary {
            name: "blackbox-exporter",
            image: &probe.image,
            port: 9115,
            published: probe.published,
        });
        let exporters = self.exporters.iter().map(|exporter| ServiceSummary {
            name: &exporter.service,
            image: &exporter.image,
            port: exporter.port,
            published: exporter.published,
        });
        let redis = self.redis.iter().map(|redis| ServiceSummary {
            name: &redis.service,
            image: &redis.image,
            port: redis.port,
            published: redis.published,
        });
        let prometheus =
            (self.prometheus.iter()).map(|it| it.page.summary(&it.service, PROMETHEUS_PORT));
        prometheus
            .chain([
                self.alertmanager.summary("alertmanager", 9093),
                self.grafana.summary("grafana", 3000),
            ])
            .chain(blackbox)
            .chain(exporters)
            .chain(redis)
            .collect()
    }

    /// Volume and the service whose data it holds, in the same order.
    pub fn volumes(&self) -> Vec<(&str, &str)> {
        let redis = self
            .redis
            .iter()
            .filter_map(|redis| Some((redis.volume.as_deref()?, redis.service.as_str())));
        let prometheus = self.prometheus.iter();
        let prometheus = prometheus.map(|it| (it.page.volume.as_str(), it.service.as_str()));
        let pages = [
            (self.alertmanager.volume.as_str(), "alertmanager"),
            (self.grafana.volume.as_str(), "grafana"),
        ];
        prometheus.chain(pages).chain(redis).collect()
    }
}

fn prometheus_servers(context: ServiceContext<'_>) -> Vec<PrometheusService> {
    let profile = context.profile;
    // Where people look: at the first, which knows everything where there are several.
    let asked = (context.prometheus_servers.first()).map_or(PROMETHEUS, |first| &first.service);
    let port = published(context, asked, Some(PROMETHEUS_PORT)).unwrap_or(PROMETHEUS_PORT);
    let link = profile.links.prometheus.clone();
    let external_url = link.unwrap_or_else(|| format!("http://localhost:{port}"));
    let service = |process: &PrometheusProcess| PrometheusService {
        service: process.service.clone(),
        config: process.config.clone(),
        storing: match (context.agent_flag, process.role) {
            (Some(flag), _) => Storing::Agent(flag),
            (None, Role::Query) => Storing::Nothing,
            (None, Role::Whole | Role::Shard(_)) => {
                Storing::For(profile.compose.retention.unwrap_or(RETENTION))
            }
        },
        page: MonitoringService {
            image: image(
                context,
                &process.service,
                PROMETHEUS,
                profile.compose.images.get(PROMETHEUS),
            ),
            published: published(
                context,
                &process.service,
                (process.service == asked).then_some(PROMETHEUS_PORT),
            ),
            volume: volume(context, &process.service, None),
            external_url: external_url.clone(),
            reaches_host: process.jobs.iter().any(scrapes_host)
                || (profile.remote_write.values()).any(|it| host_of(&it.url) == HOST_GATEWAY),
        },
    };
    context.prometheus_servers.iter().map(service).collect()
}

/// The image of a service: the Compose block's word, then its owner's, then the pinned one.
fn image(context: ServiceContext<'_>, service: &str, tool: &str, own: Option<&String>) -> String {
    context
        .profile
        .compose
        .images
        .get(service)
        .or(own)
        .or_else(|| context.images.get(tool))
        .cloned()
        .unwrap_or_else(|| tool.to_owned())
}

fn published(context: ServiceContext<'_>, service: &str, default: Option<u16>) -> Option<u16> {
    match context.profile.compose.ports.get(service) {
        Some(Port::Published(port)) => Some(*port),
        Some(Port::Off(_)) => None,
        None => default,
    }
}

fn volume(context: ServiceContext<'_>, service: &str, own: Option<&String>) -> String {
    context
        .profile
        .compose
        .volumes
        .get(service)
        .or(own)
        .cloned()
        .unwrap_or_else(|| format!("{service}_data"))
}

fn networks(context: ServiceContext<'_>) -> Vec<ServiceNetwork> {
    let written = &context.profile.compose.networks;
    written
        .iter()
        .map(|(name, network)| {
            // `monitoring` is the stack's own; another one of that name keeps its real name.
            let mut key = name.clone();
            while key == OWN_NETWORK || (key != *name && written.contains_key(&key)) {
                key.push_str("-outside");
            }
            ServiceNetwork {
                key,
                name: name.clone(),
                external: network.external,
            }
        })
        .collect()
}

/// Hosts outside of the stack that Grafana asks.
fn asked_elsewhere(context: ServiceContext<'_>) -> impl Iterator<Item = &str> {
    let storage = context.query_endpoint;
    let logs = context.profile.logs.iter().map(|logs| &logs.url);
    let urls = (!storage.is_own).then_some(&storage.url).into_iter();
    urls.chain(logs).map(|url| host_of(url))
}

/// Hosts that Alertmanager tells, as far as they are no secret.
fn told(profile: &Profile) -> impl Iterator<Item = &str> {
    let channels = profile.notifications.channels.values();
    channels.filter_map(|channel| match channel {
        Channel::Webhook {
            url: WebhookUrl::Plain(url),
        } => Some(host_of(url)),
        Channel::Email { smarthost, .. } => Some(host_of(smarthost)),
        _ => None,
    })
}

/// Whether a host is a name that only another container has: one without a dot.
fn is_neighbour(host: &str) -> bool {
    !host.contains('.') && host != "localhost"
}

/// The stack's own network.
pub const OWN_NETWORK: &str = "monitoring";

fn scrapes_host(job: &ScrapeJob) -> bool {
    job.relabeling == super::job::Relabeling::None
        && job
            .discovery
            .groups()
            .iter()
            .flat_map(|group| &group.targets)
            .any(|target| host_of(target) == HOST_GATEWAY)
}

/// The host in `[scheme://]host[:port][/path]`.
fn host_of(address: &str) -> &str {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let place = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    place.split(':').next().unwrap_or(place)
}

/// Help for a name that no service bears.
fn unknown_service<'a>(
    route: Route,
    name: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Problem {
    let mut problem = Problem::key(
        "profile/unknown-service",
        route,
        format!("there is no service `{name}`"),
    );
    problem.help = suggestion(name, known, "services");
    problem
}

/// Links as the profile gives them, checked by [`check`].
fn written_links(links: &Links) -> [(&'static str, Option<&String>); 4] {
    [
        ("grafana", links.grafana.as_ref()),
        ("prometheus", links.prometheus.as_ref()),
        ("alertmanager", links.alertmanager.as_ref()),
        ("runbooks", links.runbooks.as_ref()),
    ]
}
