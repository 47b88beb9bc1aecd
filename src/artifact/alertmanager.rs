use serde::Serialize;

use super::BuildError;
use crate::bundle::{Artifact, Kind};
use crate::model::inhibition::InhibitRule;
use crate::model::notification::{Integration, Notification, Receiver, WebhookAddress};
use crate::model::routing::{Matcher, Origin, Routing, RoutingNode};
use crate::quantity::Duration;
use crate::template::{Templates, go_template};

/// What `alertmanager.yml` says.
#[derive(Debug, Clone, Copy)]
pub struct AlertmanagerContext<'a> {
    /// Name of the profile.
    pub profile: &'a str,
    /// Name of the environment.
    pub environment: &'a str,
    /// Who is told of what.
    pub notification: &'a Notification,
}

/// `alertmanager/alertmanager.yml` and its notification templates.
///
/// # Errors
///
/// A template that does not render.
pub fn alertmanager(
    context: AlertmanagerContext<'_>,
    templates: &Templates,
) -> Result<Vec<Artifact>, BuildError> {
    let notification = context.notification;
    let view = View {
        profile: context.profile,
        environment: context.environment,
        routing: Root::new(&notification.routing),
        receivers: notification.receivers.iter().map(One::new).collect(),
        inhibit_rules: notification
            .inhibit_rules
            .iter()
            .map(Inhibit::new)
            .collect(),
    };
    let config = templates.render("stack/alertmanager/alertmanager.yml.j2", &view)?;
    let messages = templates.render("stack/alertmanager/templates/stackwright.tmpl.j2", &view)?;
    Ok(vec![
        Artifact::new(
            "alertmanager/alertmanager.yml",
            Kind::AlertmanagerConfig,
            config,
        )?,
        Artifact::new(
            "alertmanager/templates/stackwright.tmpl",
            Kind::NotificationTemplate,
            messages,
        )?,
    ])
}

/// The template's values. What Alertmanager expands as a Go template and comes from the profile is
/// written as data of such a template.
#[derive(Debug, Serialize)]
struct View<'a> {
    profile: &'a str,
    environment: &'a str,
    routing: Root<'a>,
    receivers: Vec<One<'a>>,
    inhibit_rules: Vec<Inhibit<'a>>,
}

#[derive(Debug, Serialize)]
struct Root<'a> {
    receiver: &'a str,
    group_by: &'a [String],
    group_wait: Duration,
    group_interval: Duration,
    repeat_interval: Duration,
    routes: Vec<Child<'a>>,
}

#[derive(Debug, Serialize)]
struct Child<'a> {
    comment: String,
    receiver: &'a str,
    matchers: Vec<String>,
    repeat_interval: Option<Duration>,
    routes: Vec<Child<'a>>,
}

#[derive(Debug, Serialize)]
struct One<'a> {
    name: &'a str,
    is_silent: bool,
    slack: Vec<Slack<'a>>,
    email: Vec<Email<'a>>,
    pagerduty: Vec<Pagerduty<'a>>,
    webhook: Vec<Webhook<'a>>,
}

#[derive(Debug, Serialize)]
struct Slack<'a> {
    api_url_file: &'a str,
    channel: String,
}

#[derive(Debug, Serialize)]
struct Email<'a> {
    to: String,
    from: String,
    smarthost: &'a str,
    username: Option<&'a str>,
    password_file: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct Pagerduty<'a> {
    routing_key_file: &'a str,
}

#[derive(Debug, Serialize)]
struct Webhook<'a> {
    url: Option<&'a str>,
    url_file: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct Inhibit<'a> {
    reason: &'a str,
    source_matchers: Vec<String>,
    target_matchers: Vec<String>,
    equal: &'a [String],
}

impl<'a> Root<'a> {
    fn new(routing: &'a Routing) -> Self {
        Self {
            receiver: &routing.receiver,
            group_by: &routing.group_by,
            group_wait: routing.group_wait,
            group_interval: routing.group_interval,
            repeat_interval: routing.repeat_interval,
            routes: routing
                .routes
                .iter()
                .map(|node| Child::new(node, &routing.receiver))
                .collect(),
        }
    }
}

impl<'a> Child<'a> {
    fn new(node: &'a RoutingNode, inherited: &'a str) -> Self {
        let receiver = node.receiver.as_deref().unwrap_or(inherited);
        Self {
            comment: match &node.origin {
                Origin::Route(name) => format!("notifications.routes.{name}"),
                Origin::RepeatIntervals => "notifications.repeat_intervals".into(),
            },
            receiver,
            matchers: texts(&node.matchers),
            repeat_interval: node.repeat_interval,
            routes: node
                .routes
                .iter()
                .map(|child| Self::new(child, receiver))
                .collect(),
        }
    }
}

impl<'a> One<'a> {
    fn new(receiver: &'a Receiver) -> Self {
        let mut one = Self {
            name: &receiver.name,
            is_silent: receiver.integrations.is_empty(),
            slack: Vec::new(),
            email: Vec::new(),
            pagerduty: Vec::new(),
            webhook: Vec::new(),
        };
        for integration in &receiver.integrations {
            match integration {
                Integration::Slack {
                    api_url_file,
                    channel,
                } => one.slack.push(Slack {
                    api_url_file,
                    channel: go_template(channel),
                }),
                Integration::Email {
                    to,
                    from,
                    smarthost,
                    username,
                    password_file,
                } => one.email.push(Email {
                    to: go_template(&to.join(", ")),
                    from: go_template(from),
                    smarthost,
                    username: username.as_deref(),
                    password_file: password_file.as_deref(),
                }),
                Integration::Pagerduty { routing_key_file } => {
                    one.pagerduty.push(Pagerduty { routing_key_file });
                }
                Integration::Webhook { address } => one.webhook.push(match address {
                    WebhookAddress::Url(url) => Webhook {
                        url: Some(url),
                        url_file: None,
                    },
                    WebhookAddress::File(path) => Webhook {
                        url: None,
                        url_file: Some(path),
                    },
                }),
            }
        }
        one
    }
}

impl<'a> Inhibit<'a> {
    fn new(rule: &'a InhibitRule) -> Self {
        Self {
            reason: &rule.reason,
            source_matchers: texts(&rule.source_matchers),
            target_matchers: texts(&rule.target_matchers),
            equal: &rule.equal,
        }
    }
}

fn texts(matchers: &[Matcher]) -> Vec<String> {
    matchers.iter().map(Matcher::to_text).collect()
}
