use super::{NotificationContext, root};
use crate::document::Route;
use crate::model::secret::Secrets;
use crate::profile::{Channel, Problem, SecretRef, WebhookUrl};

/// The Compose service that reads the secrets of channels.
const SERVICE: &str = "alertmanager";

/// One way to reach people, with secrets as paths in Alertmanager's container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Integration {
    /// Slack, by an incoming webhook.
    Slack {
        /// File with the webhook's address.
        api_url_file: String,
        /// Channel such as `#alerts`.
        channel: String,
    },
    /// E-mail.
    Email {
        /// Recipients.
        to: Vec<String>,
        /// Sender.
        from: String,
        /// Server as `host:port`.
        smarthost: String,
        /// SMTP user, where the server wants one.
        username: Option<String>,
        /// File with the SMTP password.
        password_file: Option<String>,
    },
    /// PagerDuty, Events API v2.
    Pagerduty {
        /// File with the integration key.
        routing_key_file: String,
    },
    /// An HTTP endpoint.
    Webhook {
        /// Its address.
        address: WebhookAddress,
    },
}

/// Where Alertmanager finds a webhook's address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WebhookAddress {
    /// Here.
    Url(String),
    /// In this file.
    File(String),
}

/// What the channel `name` is in Alertmanager; `None` for one that tells nobody.
pub(super) fn integration(
    context: NotificationContext<'_>,
    name: &str,
    secrets: &mut Secrets,
    problems: &mut Vec<Problem>,
) -> Option<Integration> {
    let place = root().key("channels").key(name);
    let mut mount = |source: &SecretRef, what: &str| {
        secrets.mount(source, SERVICE, &format!("{what} of the channel {name}"))
    };
    match context.notifications.channels.get(name)? {
        Channel::Silent {} => None,
        Channel::Slack { webhook, channel } => Some(Integration::Slack {
            api_url_file: mount(webhook, "Slack webhook"),
            channel: channel.clone(),
        }),
        Channel::Pagerduty { routing_key } => Some(Integration::Pagerduty {
            routing_key_file: mount(routing_key, "PagerDuty integration key"),
        }),
        Channel::Webhook {
            url: WebhookUrl::Plain(url),
        } => {
            check_url(url, place.key("url"), problems);
            Some(Integration::Webhook {
                address: WebhookAddress::Url(url.clone()),
            })
        }
        Channel::Webhook {
            url: WebhookUrl::Secret(source),
        } => {
            if !context.has_webhook_url_file {
                problems.push(
                    Problem::value(
                        "profile/unsupported-by-alertmanager",
                        place.key("url"),
                        "this Alertmanager cannot read a webhook's address from a file",
                    )
                    .help("raise `versions.alertmanager` to v0.26.0 or later"),
                );
            }
            Some(Integration::Webhook {
                address: WebhookAddress::File(mount(source, "webhook address")),
            })
        }
        Channel::Email {
            to,
            from,
            smarthost,
            username,
            password,
        } => {
            check_mail(to, from, smarthost, &place, problems);
            if username.is_some() != password.is_some() {
                let (given, missing) = if username.is_some() {
                    ("username", "password")
                } else {
                    ("password", "username")
                };
                problems.push(
                    Problem::value(
                        "profile/half-a-login",
                        place.key(given),
                        format!("`{given}` is given without `{missing}`"),
                    )
                    .help("give both, or neither for a server that wants no login"),
                );
            }
            Some(Integration::Email {
                to: to.clone(),
                from: from.clone(),
                smarthost: smarthost.clone(),
                username: username.clone(),
                password_file: password
                    .as_ref()
                    .map(|source| mount(source, "SMTP password")),
            })
        }
    }
}

fn check_url(url: &str, place: Route, problems: &mut Vec<Problem>) {
    let rest = url
        .strip_prefix("http://")
        .or_else(|| url.strip_prefix("https://"));
    let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next());
    let message = match host {
        None => "a webhook's address begins with `http://` or `https://`",
        Some(host) if host.contains('@') => "a webhook's address must not contain credentials",
        Some(host) if host.is_empty() || host.starts_with(':') => {
            "a webhook's address needs a host"
        }
        // Alertmanager expands `{{ }}` in addresses; no address has braces of its own.
        _ if !url
            .chars()
            .all(|char| char.is_ascii_graphic() && !matches!(char, '{' | '}' | '"' | '\\')) =>
        {
            "a webhook's address has neither spaces nor braces nor quotes"
        }
        Some(_) => return,
    };
    problems.push(
        Problem::value("profile/webhook-address", place, message).help(
            "an address that holds a token is a secret: give `{env: NAME}` or `{file: PATH}`",
        ),
    );
}

fn check_mail(
    to: &[String],
    from: &str,
    smarthost: &str,
    place: &Route,
    problems: &mut Vec<Problem>,
) {
    if to.is_empty() {
        problems.push(
            Problem::value(
                "profile/no-recipient",
                place.key("to"),
                "this e-mail channel has no recipient",
            )
            .help("name at least one address in `to`"),
        );
    }
    let recipients = to
        .iter()
        .enumerate()
        .map(|(index, address)| (address.as_str(), place.key("to").index(index)));
    for (address, place) in recipients.chain([(from, place.key("from"))]) {
        if !is_mail_address(address) {
            problems.push(
                Problem::value(
                    "profile/not-an-address",
                    place,
                    format!("`{address}` is not an e-mail address"),
                )
                .help("write `name@host`, each recipient as an item of its own"),
            );
        }
    }
    let is_host = |host: &str| {
        !host.is_empty()
            && host.chars().all(|char| {
                char.is_ascii_alphanumeric() || matches!(char, '.' | '-' | '_' | ':' | '[' | ']')
            })
    };
    let is_port = |port: &str| port.parse::<u16>().is_ok_and(|port| port > 0);
    if !smarthost
        .rsplit_once(':')
        .is_some_and(|(host, port)| is_host(host) && is_port(port))
    {
        problems.push(
            Problem::value(
                "profile/smarthost",
                place.key("smarthost"),
                format!("`{smarthost}` is not a host with a port"),
            )
            .help("write `host:port`, such as `smtp.example.com:587`"),
        );
    }
}

/// Loose on purpose: only what would break the header, or be read as several addresses, is refused.
fn is_mail_address(text: &str) -> bool {
    text.split_once('@')
        .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'))
        && text.chars().all(|char| {
            !char.is_whitespace() && !char.is_control() && !",;<>{}\"()\\".contains(char)
        })
}
