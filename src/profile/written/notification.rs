//! Who is told.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::catalogue::Severity;
use crate::profile::SecretRef;
use crate::quantity::Duration;

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
