//! The profile as it is written: one type per block of the YAML file. Defaults that belong to one
//! field stand here; whatever depends on more than one field is the model's business.

mod alerting;
mod application;
mod compose;
mod consumer;
mod dashboard;
mod exporter;
mod notification;
mod scale;
mod server;
mod target;

pub use crate::catalogue::Severity;
pub use alerting::{
    AlertOverride, Colors, Links, MemoryPressure, Pending, PressureBase, Threshold,
};
pub use application::{
    Application, ApplicationMetric, Indicators, MetricType, MultiprocessMode, Probe,
};
pub use compose::{Compose, Network, Off, Port};
pub use consumer::{Consumer, ConsumerVariables};
pub use dashboard::{Dashboard, Logs, Runbook, Section};
pub use exporter::{BasicAuth, Exporter, ExporterMode, Flag, Scrape};
pub use notification::{Channel, Notifications, Route, WebhookUrl};
pub use scale::{Budget, Queue, RemoteWrite, Sharding};
pub use server::{Conf, ConfLines, ConfValue, Server};
pub use target::{KeyPolicy, KeyScan, Persistence, Target, Topology};

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

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
    /// Where levels of memory pressure begin, and what memory is measured against.
    #[serde(default)]
    pub memory_pressure: MemoryPressure,
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
    /// What an environment may cost.
    #[serde(default)]
    pub budget: Budget,
    /// How the targets are spread over several Prometheus servers.
    #[serde(default)]
    pub sharding: Sharding,
    /// Storages elsewhere that samples are sent to, by name.
    #[serde(default)]
    pub remote_write: IndexMap<String, RemoteWrite>,
    /// Run Prometheus as an agent: it scrapes and sends, and neither stores nor evaluates anything. The rules go into
    /// `ruler/`, for the one who has the samples.
    #[serde(default)]
    pub agent: bool,
    /// Where the servers' logs are, beside their metrics.
    #[serde(default)]
    pub logs: Option<Logs>,
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
