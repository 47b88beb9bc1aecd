//! Who is told of what: routes, receivers and inhibit rules.

mod channel;
mod tree;

use indexmap::{IndexMap, IndexSet};

pub use channel::{Integration, WebhookAddress};

use super::inhibition::{InhibitRule, Inhibition, inhibit_rules};
use super::job::ScrapeJob;
use super::routing::{RoutableAlert, Routing};
use super::secret::Secrets;
use crate::document::Route;
use crate::profile::{Notifications, Problem};

/// What [`Notification::resolve`] needs to know.
#[derive(Debug, Clone, Copy)]
pub struct NotificationContext<'a> {
    /// What the profile says.
    pub notifications: &'a Notifications,
    /// Every alert that is rendered, once per severity.
    pub alerts: &'a [RoutableAlert],
    /// All alert groups of the catalogue, also those without a rendered alert.
    pub groups: &'a IndexSet<String>,
    /// All targets of the profile.
    pub targets: &'a IndexSet<String>,
    /// The catalogue's inhibitions.
    pub inhibitions: &'a [Inhibition],
    /// The scrape jobs, which say what is watched through which exporter.
    pub jobs: &'a [ScrapeJob],
    /// Whether this Alertmanager reads a webhook's address from a file: 0.26 and later.
    pub has_webhook_url_file: bool,
}

/// Everything that `alertmanager.yml` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// The routing tree.
    pub routing: Routing,
    /// Those who are told, in the order in which the tree first names them.
    pub receivers: Vec<Receiver>,
    /// What is not told while something else fires.
    pub inhibit_rules: Vec<InhibitRule>,
}

/// A list of channels that are told together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receiver {
    /// The channel's name, or the channels' joined by `-and-`; `silent` where the profile has none.
    pub name: String,
    /// The ways to reach people; empty where nobody is told.
    pub integrations: Vec<Integration>,
}

impl Notification {
    /// Resolves the profile's notifications. `secrets` learns what the channels read, `problems`
    /// what is wrong. With an error among them the result must not be rendered.
    pub fn resolve(
        context: NotificationContext<'_>,
        secrets: &mut Secrets,
        problems: &mut Vec<Problem>,
    ) -> Self {
        let mut receivers = ReceiverNames::default();
        let routing = tree::routing(context, &mut receivers, problems);
        for name in context.notifications.channels.keys() {
            if !receivers.0.keys().flatten().any(|used| used == name) {
                problems.push(
                    Problem::key(
                        "profile/unused-channel",
                        root().key("channels").key(name),
                        format!("no alert is told through the channel `{name}`"),
                    )
                    .warning()
                    .help("name it in `default` or in the `channels` of a route, or remove it"),
                );
            }
        }
        let mut integrations = IndexMap::new();
        for name in receivers.0.keys().flatten() {
            if !integrations.contains_key(name.as_str()) {
                let integration = channel::integration(context, name, secrets, problems);
                integrations.insert(name.as_str(), integration);
            }
        }
        Self {
            receivers: receivers
                .0
                .iter()
                .map(|(channels, name)| Receiver {
                    name: name.clone(),
                    integrations: channels
                        .iter()
                        .filter_map(|channel| integrations[channel.as_str()].clone())
                        .collect(),
                })
                .collect(),
            routing,
            inhibit_rules: inhibit_rules(context.inhibitions, context.alerts, context.jobs),
        }
    }
}

/// Where notifications stand in a profile.
fn root() -> Route {
    Route::of(["notifications"])
}

/// Names of receivers by their channels, in the order of first use.
#[derive(Debug, Default)]
struct ReceiverNames(IndexMap<Vec<String>, String>);

impl ReceiverNames {
    /// The name of the receiver that tells `channels`.
    fn of(&mut self, channels: Vec<String>) -> String {
        if let Some(name) = self.0.get(&channels) {
            return name.clone();
        }
        let wanted = if channels.is_empty() {
            "silent".to_owned()
        } else {
            channels.join("-and-")
        };
        // A channel may be called `a-and-b`, too.
        let mut name = wanted.clone();
        let mut number = 1;
        while self.0.values().any(|taken| *taken == name) {
            number += 1;
            name = format!("{wanted} ({number})");
        }
        self.0.insert(channels, name.clone());
        name
    }
}
