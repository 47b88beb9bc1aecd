//! How the stack is run.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::quantity::Duration;

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
