//! The profile as it is written: one type per block of the YAML file. Defaults that belong to one
//! field stand here; whatever depends on more than one field is the model's business.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Address, SecretRef, ThresholdValue};
pub use crate::catalogue::Severity;
use crate::quantity::{Bytes, Duration};

/// One Redis monitoring system and its environments.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "stackwright profile")]
pub struct Profile {
    /// Short name of the system; names the output directory and prefixes dashboard uids.
    #[schemars(regex(pattern = r"^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$"))]
    pub name: String,
    /// One sentence for the bundle's README.
    #[serde(default)]
    pub description: String,
    /// External labels of Prometheus, and so of every alert. `environment` is added.
    #[serde(default)]
    pub labels: IndexMap<String, String>,
    /// The Redis deployments that are watched, by name.
    #[serde(default)]
    pub targets: IndexMap<String, Target>,
    /// The redis_exporter processes, by name. Without any, one in `multi-target` mode named
    /// `redis-exporter` watches every target.
    #[serde(default)]
    pub exporters: IndexMap<String, Exporter>,
    /// How often things are scraped and evaluated.
    #[serde(default)]
    pub scrape: Scrape,
    /// Thresholds by name (`stackwright list thresholds`); each replaces a default of the catalogue.
    #[serde(default)]
    pub thresholds: IndexMap<String, Threshold>,
    /// Alerts of the catalogue to disable or change, by name (`stackwright list alerts`).
    #[serde(default)]
    pub alerts: IndexMap<String, AlertOverride>,
    /// Addresses that annotations and messages link to.
    #[serde(default)]
    pub links: Links,
    /// Programs beside Redis whose metrics are scraped, by name.
    #[serde(default)]
    pub applications: IndexMap<String, Application>,
    /// HTTP endpoints that are probed from outside, by name.
    #[serde(default)]
    pub probes: IndexMap<String, Probe>,
    /// Who is told.
    #[serde(default)]
    pub notifications: Notifications,
    /// Dashboards by slug; without any, the catalogue's own are rendered.
    #[serde(default)]
    pub dashboards: IndexMap<String, Dashboard>,
    /// Runbooks of your own, by slug, beside those of the catalogue.
    #[serde(default)]
    pub runbooks: IndexMap<String, Runbook>,
    /// How the stack is run with Docker Compose.
    #[serde(default)]
    pub compose: Compose,
    /// Where the services are, as `host:port` by service (`prometheus`, `alertmanager`, `grafana`,
    /// `blackbox-exporter`, an exporter), where something other than Compose runs them. Unset: the
    /// service's name and its usual port.
    #[serde(default)]
    pub addresses: IndexMap<String, String>,
    /// Versions of the tools, by name (`stackwright list versions`); each replaces the pinned one.
    #[serde(default)]
    pub versions: IndexMap<String, String>,
    /// Overlays by environment name (JSON Merge Patch: mappings merge by key, `null` removes a key,
    /// everything else replaces). Without any, there is one environment named `default`.
    #[serde(default)]
    pub environments: IndexMap<String, serde_json::Value>,
}

/// How the servers of a target belong together.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Default,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Topology {
    /// One server on its own.
    #[default]
    Standalone,
    /// One primary and its replicas.
    Replicated,
    /// One primary and its replicas, watched by sentinels.
    Sentinel,
    /// Redis Cluster: primaries that share 16,384 slots, and their replicas.
    Cluster,
}

impl Topology {
    /// The word in a profile, and the value of the `topology` label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Standalone => "standalone",
            Self::Replicated => "replicated",
            Self::Sentinel => "sentinel",
            Self::Cluster => "cluster",
        }
    }
}

/// How a target keeps its data across a restart.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Default,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Persistence {
    /// Not at all: a pure cache.
    None,
    /// Snapshots, Redis' default.
    #[default]
    Rdb,
    /// The append-only file.
    Aof,
    /// Snapshots and the append-only file.
    RdbAndAof,
}

/// One Redis deployment.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// The server; the first primary of a replicated target; any node of a cluster.
    /// `redis://[user@]host[:port][/db]`, `rediss://` for TLS.
    pub address: Address,
    /// How its servers belong together.
    #[serde(default)]
    pub topology: Topology,
    /// The other servers of a `replicated` or `sentinel` target.
    #[serde(default)]
    pub replicas: Vec<Address>,
    /// The sentinels of a `sentinel` target; port 26379 unless given.
    #[serde(default)]
    pub sentinels: Vec<Address>,
    /// The other nodes of a `cluster` target. Not needed with an exporter in `cluster` mode, which
    /// asks the cluster itself.
    #[serde(default)]
    pub nodes: Vec<Address>,
    /// `maxmemory` of each server. Unset or 0 means that Redis has no limit of its own, and memory
    /// is watched by the absolute threshold `memory-bytes`.
    #[serde(default)]
    pub maxmemory: Option<Bytes>,
    /// `maxclients` of each server; Redis' default is 10000.
    #[serde(default)]
    pub maxclients: Option<u32>,
    /// How it keeps its data.
    #[serde(default)]
    pub persistence: Persistence,
    /// Where the password is found. Never the password itself.
    #[serde(default)]
    pub password: Option<SecretRef>,
    /// Name of the exporter that watches it. Unset: the only one, if there is only one.
    #[serde(default)]
    pub exporter: Option<String>,
    /// Run this Redis as a service of the Compose file.
    #[serde(default)]
    pub server: Option<Server>,
    /// Static labels of its series.
    #[serde(default)]
    pub labels: IndexMap<String, String>,
}

/// A Redis that the Compose file runs. The service's name is the host of the target's address.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    /// Whole image reference; unset: `redis` in the pinned version.
    pub image: Option<String>,
    /// Host port to publish, on `compose.bind`. Unset: not published.
    pub port: Option<u16>,
    /// Named volume of its data. Unset: `<service>_data`, unless `persistence` is `none`.
    pub volume: Option<String>,
    /// What Redis does at `maxmemory`, its `maxmemory-policy`.
    pub maxmemory_policy: Option<String>,
}

/// How an exporter reaches its targets, and Prometheus the exporter.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Default,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum ExporterMode {
    /// One exporter for one server, scraped on `/metrics`.
    Single,
    /// One exporter for many servers, scraped on `/scrape?target=…`.
    #[default]
    MultiTarget,
    /// One exporter beside each target that names it.
    Sidecar,
    /// An exporter that runs elsewhere, behind a URL.
    External,
    /// One exporter for one cluster; it finds the nodes itself (`/discover-cluster-nodes`).
    Cluster,
}

/// One redis_exporter, or one per target in `sidecar` mode.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Exporter {
    /// How it reaches its targets.
    pub mode: ExporterMode,
    /// Name of the scrape job. Unset: `redis` for the only exporter, else the exporter's name.
    pub job: Option<String>,
    /// Where Prometheus finds an `external` exporter: `https://host[:port][/metrics]`.
    pub url: Option<String>,
    /// Credentials for Prometheus at the exporter's door.
    pub basic_auth: Option<BasicAuth>,
    /// Whole image reference; unset: the pinned one.
    pub image: Option<String>,
    /// Port it listens on; 9121 unless given.
    pub port: Option<u16>,
    /// Time between two scrapes; `scrape.interval` unless given.
    #[serde(default)]
    pub interval: Option<Duration>,
    /// Longest time a scrape may take; `scrape.timeout` unless given, and never above the interval.
    #[serde(default)]
    pub timeout: Option<Duration>,
    /// A JSON file `{"redis://host:port": "password"}` for targets with different passwords.
    pub password_file: Option<SecretRef>,
    /// Further flags by name, without dashes (`stackwright list flags`).
    pub flags: IndexMap<String, Flag>,
}

/// The value of an exporter flag.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Flag {
    /// A switch.
    Switch(bool),
    /// A number.
    Number(i64),
    /// Text.
    Text(String),
}

impl std::fmt::Display for Flag {
    /// As on the command line.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Switch(value) => write!(out, "{value}"),
            Self::Number(value) => write!(out, "{value}"),
            Self::Text(value) => out.write_str(value),
        }
    }
}

/// Credentials of HTTP basic authentication.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BasicAuth {
    /// User name.
    pub username: String,
    /// Where the password is found.
    pub password: SecretRef,
}

/// Global intervals.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Scrape {
    /// Time between two scrapes; 15s unless given.
    pub interval: Duration,
    /// Longest time a scrape may take; 10s unless given.
    pub timeout: Duration,
    /// Time between two evaluations of the rules; 15s unless given.
    pub evaluation_interval: Duration,
    /// Range of the rates in rules, at least four scrapes. Unset: 5m, or four scrapes where those
    /// take longer.
    pub window: Option<Duration>,
}

impl Default for Scrape {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(15),
            timeout: Duration::from_secs(10),
            evaluation_interval: Duration::from_secs(15),
            window: None,
        }
    }
}

/// Values of a threshold of the catalogue. What is not given keeps the catalogue's default.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Threshold {
    /// Where it becomes a warning; `off` for never.
    pub warning: Option<ThresholdValue>,
    /// Where it becomes critical; `off` for never.
    pub critical: Option<ThresholdValue>,
    /// How long the condition must hold before the alert fires.
    #[serde(rename = "for")]
    pub pending: Option<Pending>,
    /// Colours of its panels, where they do not follow from `warning` and `critical`.
    pub colors: Option<Colors>,
}

/// Where a panel changes its colour: the value beyond which (below which, where lower is worse) it
/// has it. Green is what is left.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Colors {
    /// Look at it.
    pub yellow: Option<ThresholdValue>,
    /// Between the two.
    pub orange: Option<ThresholdValue>,
    /// Act.
    pub red: Option<ThresholdValue>,
}

/// One duration for both severities, or one each.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Pending {
    /// The same for both.
    Both(Duration),
    /// One each.
    Each {
        /// For the warning.
        warning: Option<Duration>,
        /// For the critical alert.
        critical: Option<Duration>,
    },
}

/// Changes to one alert of the catalogue.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AlertOverride {
    /// `false` leaves the alert out.
    pub enabled: Option<bool>,
    /// The name it is given instead.
    pub name: Option<String>,
    /// Severity, for an alert that has only one.
    pub severity: Option<Severity>,
    /// How long the condition must hold, for an alert without a threshold.
    #[serde(rename = "for")]
    pub pending: Option<Duration>,
    /// Further labels.
    pub labels: IndexMap<String, String>,
    /// Further annotations, or others' replacement.
    pub annotations: IndexMap<String, String>,
    /// Slug of the runbook to link instead of the alert's own.
    pub runbook: Option<String>,
}

/// Addresses that annotations and messages link to.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Links {
    /// Where people open Grafana, such as `https://grafana.example.com`. Unset: its published port
    /// on localhost.
    pub grafana: Option<String>,
    /// Where people open Prometheus.
    pub prometheus: Option<String>,
    /// Where people open Alertmanager.
    pub alertmanager: Option<String>,
    /// Where the bundle's `runbooks/` are published; `<slug>.md` is appended. Unset: the path in
    /// the bundle.
    pub runbooks: Option<String>,
}

/// A program beside Redis whose metrics are scraped.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Application {
    /// One sentence for people.
    #[serde(default)]
    pub description: String,
    /// Where its metrics are: `http(s)://host[:port][/path]`; the path is `/metrics` unless given.
    pub url: String,
    /// Name of the scrape job. Unset: the application's name.
    #[serde(default)]
    pub job: Option<String>,
    /// Time between two scrapes; `scrape.interval` unless given.
    #[serde(default)]
    pub interval: Option<Duration>,
    /// Longest time a scrape may take; `scrape.timeout` unless given, and never above the interval.
    #[serde(default)]
    pub timeout: Option<Duration>,
    /// Credentials.
    #[serde(default)]
    pub basic_auth: Option<BasicAuth>,
    /// Which library instruments it (`stackwright list flavours`): gives request rate, errors and
    /// latency their metric names.
    #[serde(default)]
    pub flavour: Option<String>,
    /// Metrics of its own, by name. They enter the catalogue.
    #[serde(default)]
    pub metrics: IndexMap<String, ApplicationMetric>,
    /// Static labels of its series.
    #[serde(default)]
    pub labels: IndexMap<String, String>,
}

/// What a metric of an application is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MetricType {
    /// Only goes up, until a restart.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Buckets with `le`.
    Histogram,
    /// Quantiles computed by the program.
    Summary,
}

/// A metric that an application exports.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApplicationMetric {
    /// What it is; decides how it is queried.
    #[serde(rename = "type")]
    pub kind: MetricType,
    /// Its labels. The first is the one that panels break down by.
    #[serde(default)]
    pub labels: Vec<String>,
    /// Prometheus base unit: seconds, bytes, ratio …
    #[serde(default)]
    pub unit: Option<String>,
    /// What it says.
    #[serde(default)]
    pub help: String,
    /// For a counter of hits: the counter of misses. Gives a hit ratio panel.
    #[serde(default)]
    pub misses: Option<String>,
}

/// An HTTP endpoint that is probed by blackbox_exporter.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// What is asked for: `http(s)://host[:port]/path`.
    pub url: String,
    /// Status codes that are healthy; any 2xx unless given.
    #[serde(default)]
    pub status: Vec<u16>,
    /// A regular expression that the body must match.
    #[serde(default)]
    pub body: Option<String>,
    /// Time between two scrapes; `scrape.interval` unless given.
    #[serde(default)]
    pub interval: Option<Duration>,
    /// Longest time a scrape may take; `scrape.timeout` unless given, and never above the interval.
    #[serde(default)]
    pub timeout: Option<Duration>,
    /// One sentence for people.
    #[serde(default)]
    pub description: String,
    /// Static labels of its series.
    #[serde(default)]
    pub labels: IndexMap<String, String>,
}

/// Who is told, and how often.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Notifications {
    /// Ways to reach people, by name.
    pub channels: IndexMap<String, Channel>,
    /// Channels that receive what no route takes. Unset: all of them.
    pub default: Option<Vec<String>>,
    /// Routes by name, in order; an alert takes the first that fits.
    pub routes: IndexMap<String, Route>,
    /// Labels by which alerts are put into one message.
    pub group_by: Option<Vec<String>>,
    /// Time to wait for more alerts before the first message; 30s unless given.
    pub group_wait: Option<Duration>,
    /// Time between messages about a group that changed; 5m unless given.
    pub group_interval: Option<Duration>,
    /// Time after which a firing alert is told again; 4h unless given.
    pub repeat_interval: Option<Duration>,
    /// The same per alert group (availability, saturation …).
    pub repeat_intervals: IndexMap<String, Duration>,
}

/// A way to reach people.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Channel {
    /// Slack, by an incoming webhook.
    Slack {
        /// The webhook's address; it is a secret.
        webhook: SecretRef,
        /// Channel such as `#alerts`.
        channel: String,
    },
    /// E-mail over SMTP.
    Email {
        /// Recipients.
        to: Vec<String>,
        /// Sender.
        from: String,
        /// Server as `host:port`.
        smarthost: String,
        /// SMTP user.
        #[serde(default)]
        username: Option<String>,
        /// SMTP password.
        #[serde(default)]
        password: Option<SecretRef>,
    },
    /// PagerDuty, Events API v2.
    Pagerduty {
        /// Integration key; it is a secret.
        routing_key: SecretRef,
    },
    /// Any HTTP endpoint that takes Alertmanager's webhook message.
    Webhook {
        /// Address without credentials, or a reference to one with them.
        url: WebhookUrl,
    },
    /// Nobody: alerts are seen in Prometheus and Alertmanager only.
    Silent {},
}

/// A webhook's address.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum WebhookUrl {
    /// A reference, where the address holds a token.
    Secret(SecretRef),
    /// The address.
    Plain(String),
}

/// A route: which alerts, to which channels.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Route {
    /// Severities that it takes; all unless given.
    pub severity: Vec<Severity>,
    /// Alert groups that it takes; all unless given.
    pub group: Vec<String>,
    /// Alerts that it takes, by their names in the catalogue; all unless given.
    pub alert: Vec<String>,
    /// Targets that it takes; all unless given.
    pub target: Vec<String>,
    /// Channels that receive them.
    pub channels: Vec<String>,
    /// Time after which a firing alert is told again.
    pub repeat_interval: Option<Duration>,
}

/// A dashboard.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Dashboard {
    /// Title; the catalogue's where the slug is one of its dashboards.
    pub title: Option<String>,
    /// Stable uid, at most 40 characters. Unset: from the profile's name and the slug.
    pub uid: Option<String>,
    /// Grafana folder. Unset: the profile's name.
    pub folder: Option<String>,
    /// One sentence for people.
    pub description: Option<String>,
    /// Tags.
    pub tags: Vec<String>,
    /// Sections by name, in order; each is a row. Unset: all sections of the catalogue's dashboard.
    pub sections: IndexMap<String, Section>,
    /// `false` leaves a dashboard of the catalogue out.
    pub enabled: Option<bool>,
}

/// A row of a dashboard.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Section {
    /// Title of the row; the catalogue's where the name is one of its sections.
    pub title: Option<String>,
    /// Show this application's metrics.
    pub application: Option<String>,
    /// Panels of the library by name (`stackwright list panels`), or metrics of the application.
    /// Unset: all of the section.
    pub panels: Option<Vec<String>>,
    /// Start folded.
    pub collapsed: bool,
}

/// A runbook of your own.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Runbook {
    /// Title.
    pub title: String,
    /// Markdown below the title.
    pub text: String,
}

/// How the stack is run with Docker Compose.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Compose {
    /// `false` leaves `compose.yaml` out, where something else runs the services; `addresses` then
    /// says where they are.
    pub enabled: Option<bool>,
    /// Compose project name. Unset: `<profile>-<environment>`.
    pub project: Option<String>,
    /// Compose profiles that the monitoring services belong to.
    pub profiles: Vec<String>,
    /// Host address that published ports are bound to; 127.0.0.1 unless given.
    pub bind: Option<String>,
    /// Published ports by service (`prometheus`, `alertmanager`, `grafana`, `blackbox-exporter`, an
    /// exporter); `off` to publish none.
    pub ports: IndexMap<String, Port>,
    /// Names of the volumes by service.
    pub volumes: IndexMap<String, String>,
    /// Networks to join beside the stack's own, by name: those of the applications.
    pub networks: IndexMap<String, Network>,
    /// Whole image references by service.
    pub images: IndexMap<String, String>,
    /// How long Prometheus keeps samples; 15d unless given.
    pub retention: Option<Duration>,
}

/// A port of the host from 1 to 65535, or `off` to publish none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Port {
    /// The host's port.
    Published(u16),
    /// None.
    Off(Off),
}

/// The word `off`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Off {
    /// Not at all.
    Off,
}

/// A network that exists outside this Compose file.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Network {
    /// Whether somebody else created it.
    pub external: bool,
}
