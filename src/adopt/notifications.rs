//! Channels and routes, off Alertmanager's receivers and routing tree.

use indexmap::IndexMap;
use serde_json::{Value as Json, json};

use super::alerts::Recognised;
use super::reading::{Reading, free_name, name_of, secret_json};
use crate::document::Node;
use crate::facts::alertmanager::{Alertmanager, Receiver, Route};
use crate::facts::text::placeholder;
use crate::promql::MatchOp;
use crate::promql::regex_alternatives;
use crate::quantity::Duration;
use crate::setup::Place;

/// Integrations that a profile has, by their key in a receiver.
const KINDS: [(&str, &str); 4] = [
    ("slack_configs", "slack"),
    ("email_configs", "email"),
    ("pagerduty_configs", "pagerduty"),
    ("webhook_configs", "webhook"),
];

/// Labels by which alerts are put into one message, unless told otherwise.
const GROUP_BY: [&str; 3] = ["alertname", "severity", "redis"];

/// Who is told.
pub(super) fn adopt(reading: &mut Reading<'_>, recognised: &[Recognised]) {
    let facts = reading.facts;
    let project = reading.project.map(|project| project.directory.as_str());
    let is_here = |it: &&Alertmanager| {
        let service = it.service.as_ref();
        let directory = service.and_then(|id| facts.projects.get(id.project));
        directory.is_some_and(|found| Some(found.directory.as_str()) == project)
    };
    let found = facts.alertmanagers.iter().find(is_here);
    let Some(alertmanager) = found.or_else(|| facts.alertmanagers.first()) else {
        return;
    };
    for other in &facts.alertmanagers {
        if !std::ptr::eq(other, alertmanager) {
            let place = facts.setup.document(other.document).head();
            reading.remains(place, "another Alertmanager", "a profile has one");
        }
    }
    let Some(root) = alertmanager.routes.first() else {
        return;
    };
    let receivers = channels(reading, alertmanager);
    let told = |route: &Route| -> Option<Vec<String>> {
        let mut at = Some(route);
        while let Some(route) = at {
            if let Some(receiver) = &route.receiver {
                return receivers.get(receiver.as_str()).cloned();
            }
            at = route
                .parent
                .and_then(|parent| alertmanager.routes.get(parent));
        }
        None
    };
    let everyone = reading.draft.names(&["notifications", "channels"]);
    let default = told(root).unwrap_or_default();
    let is_everyone = default.len() == everyone.len();
    if !default.is_empty() && !is_everyone {
        reading
            .draft
            .set(&["notifications", "default"], default.clone());
    }
    let tree = Tree {
        alertmanager,
        recognised,
        told: &told,
    };
    for (index, route) in alertmanager.routes.iter().enumerate() {
        if route.parent == Some(0) {
            tree.route(reading, index, &Limits::default());
        }
    }
    let group_by: Vec<&str> = root.group_by.iter().map(|text| text.as_str()).collect();
    if !group_by.is_empty() && group_by != GROUP_BY {
        reading
            .draft
            .set(&["notifications", "group_by"], json!(group_by));
    }
    for (key, usual) in [
        ("group_wait", Duration::from_secs(30)),
        ("group_interval", Duration::from_secs(300)),
        ("repeat_interval", Duration::from_secs(4 * 3600)),
    ] {
        let written = duration(&root.node, key).filter(|it| *it != usual && !it.is_zero());
        let written = written.map(|it| it.to_string());
        reading.draft.set_some(&["notifications", key], written);
    }
    for text in &alertmanager.time_intervals {
        reading.remains(
            text.place,
            format!("time interval `{}`", text.as_str()),
            "a profile has routes for all hours",
        );
    }
}

fn duration(node: &Node, key: &str) -> Option<Duration> {
    node.get(key)?.scalar_text().parse().ok()
}

/// The channels of every receiver, by its name.
fn channels(
    reading: &mut Reading<'_>,
    alertmanager: &Alertmanager,
) -> IndexMap<String, Vec<String>> {
    let mut found: IndexMap<String, Json> = IndexMap::new();
    let mut order: Vec<String> = Vec::new();
    let mut receivers: IndexMap<String, Vec<String>> = IndexMap::new();
    // The simplest first: they give the channels their names.
    let mut sorted: Vec<&Receiver> = alertmanager.receivers.iter().collect();
    sorted.sort_by_key(|receiver| receiver.integrations.len());
    for receiver in sorted {
        let named = named_channels(reading, alertmanager, receiver);
        let mut names = Vec::new();
        for (wanted, channel) in named {
            let known = found.iter().find(|(_, known)| **known == channel);
            let name = match known {
                Some((name, _)) => name.clone(),
                None => {
                    let name = free_name(&wanted, |name| found.contains_key(name));
                    found.insert(name.clone(), channel);
                    name
                }
            };
            if !names.contains(&name) {
                names.push(name);
            }
        }
        // Whoever stands between two in one receiver stands between them in the profile.
        let mut after = 0;
        for name in &names {
            match order.iter().position(|known| known == name) {
                Some(position) => after = position + 1,
                None => {
                    order.insert(after.min(order.len()), name.clone());
                    after += 1;
                }
            }
        }
        receivers.insert(receiver.name.value.to_string(), names);
    }
    for name in order {
        if let Some(channel) = found.get(&name) {
            reading
                .draft
                .set(&["notifications", "channels", &name], channel.clone());
        }
    }
    receivers
}

/// The integrations of a receiver as channels, each with the name that it should have.
fn named_channels(
    reading: &mut Reading<'_>,
    alertmanager: &Alertmanager,
    receiver: &Receiver,
) -> Vec<(String, Json)> {
    let own = name_of(receiver.name.as_str(), 63).unwrap_or_else(|| "channel".into());
    let mut channels: Vec<(String, Json)> = Vec::new();
    for (key, node) in &receiver.integrations {
        let kind = KINDS.iter().find(|(known, _)| *known == key.as_str());
        let Some((_, kind)) = kind else {
            reading.remains(
                key.place,
                format!(
                    "`{}` of the receiver `{}`",
                    key.as_str(),
                    receiver.name.as_str()
                ),
                "a profile has the kinds slack, email, pagerduty, webhook and silent",
            );
            continue;
        };
        let channel = Integration {
            alertmanager,
            receiver,
            node,
            place: key.place,
        }
        .channel(reading, kind);
        channels.push(((*kind).to_owned(), channel));
    }
    if channels.is_empty() {
        return vec![(own, json!({"kind": "silent"}))];
    }
    if let [(name, _)] = channels.as_mut_slice() {
        *name = own;
        return channels;
    }
    // `email-and-slack`: the receiver is called after its channels, in their order.
    let parts: Vec<&str> = receiver.name.as_str().split("-and-").collect();
    if parts.len() != channels.len() {
        for (name, _) in &mut channels {
            *name = format!("{own}-{name}");
        }
        return channels;
    }
    let hint = |part: &str, kind: &str| match kind {
        "email" => part.contains("mail"),
        "pagerduty" => part.contains("page"),
        "webhook" => part.contains("hook"),
        kind => part.contains(kind),
    };
    let mut ordered: Vec<Option<(String, Json)>> = vec![None; parts.len()];
    let mut rest = Vec::new();
    for (kind, channel) in channels {
        let free = parts
            .iter()
            .zip(&ordered)
            .position(|(part, taken)| taken.is_none() && hint(part, &kind));
        match free {
            Some(position) => ordered[position] = Some((parts[position].to_owned(), channel)),
            None => rest.push(channel),
        }
    }
    let mut rest = rest.into_iter();
    for (part, place) in parts.iter().zip(&mut ordered) {
        if place.is_none() {
            *place = rest.next().map(|channel| ((*part).to_owned(), channel));
        }
    }
    let named = |(name, channel): (String, Json)| (name_of(&name, 63).unwrap_or_default(), channel);
    ordered.into_iter().flatten().map(named).collect()
}

/// One integration of a receiver.
struct Integration<'a> {
    alertmanager: &'a Alertmanager,
    receiver: &'a Receiver,
    node: &'a Node,
    place: Place,
}

impl Integration<'_> {
    fn channel(&self, reading: &mut Reading<'_>, kind: &str) -> Json {
        match kind {
            "slack" => {
                let webhook =
                    self.secret(reading, &["api_url", "slack_api_url"], "SLACK_WEBHOOK_URL");
                let channel = self.text(reading, "channel", None, "#alerts");
                json!({"kind": "slack", "webhook": webhook, "channel": channel})
            }
            "email" => self.email(reading),
            "pagerduty" => {
                let keys = ["routing_key", "service_key"];
                let key = self.secret(reading, &keys, "PAGERDUTY_ROUTING_KEY");
                json!({"kind": "pagerduty", "routing_key": key})
            }
            _ => {
                let url = self.node.get("url").map_or("", |node| node.scalar_text());
                let is_plain = url.starts_with("http")
                    && placeholder(url).is_none()
                    && !url.contains(['@', '?', '{', '$'])
                    && !is_token(url);
                let url = match is_plain {
                    true => json!(url),
                    false => self.secret(reading, &["url"], "WEBHOOK_URL"),
                };
                json!({"kind": "webhook", "url": url})
            }
        }
    }

    fn email(&self, reading: &mut Reading<'_>) -> Json {
        let to = self.text(reading, "to", None, "alerts@example.com");
        let to: Vec<&str> = to
            .split(',')
            .map(str::trim)
            .filter(|to| !to.is_empty())
            .collect();
        let from = self.text(
            reading,
            "from",
            Some("smtp_from"),
            "alertmanager@example.com",
        );
        let smarthost = self.text(
            reading,
            "smarthost",
            Some("smtp_smarthost"),
            "smtp.example.com:587",
        );
        let mut channel = json!({"kind": "email", "to": to, "from": from, "smarthost": smarthost});
        let has_login = ["auth_username", "auth_password", "auth_password_file"]
            .iter()
            .any(|key| self.find(&[key, &format!("smtp_{key}")]).is_some());
        if has_login {
            let username = self.text(
                reading,
                "auth_username",
                Some("smtp_auth_username"),
                "alertmanager",
            );
            channel["username"] = json!(username);
            let keys = ["auth_password", "smtp_auth_password"];
            channel["password"] = self.secret(reading, &keys, "SMTP_PASSWORD");
        }
        channel
    }

    /// The value under one of `keys`, in the integration or in the global part.
    fn find(&self, keys: &[&str]) -> Option<&Node> {
        keys.iter().find_map(|key| self.node.get(key))
    }

    fn global<'n>(&self, reading: &Reading<'n>, key: &str) -> Option<&'n Node> {
        let document = reading.facts.setup.document(self.alertmanager.document);
        document.root.get("global")?.get(key)
    }

    /// A text that stands there, or a stand-in where something else fills it in.
    fn text(
        &self,
        reading: &mut Reading<'_>,
        key: &str,
        global: Option<&str>,
        stand_in: &str,
    ) -> String {
        let own = self.find(&[key]).map(|node| node.scalar_text().to_owned());
        let text = own.or_else(|| {
            let node = self.global(reading, global?)?;
            Some(node.scalar_text().to_owned())
        });
        match text {
            Some(text)
                if placeholder(&text).is_none() && !text.contains("{{") && !text.is_empty() =>
            {
                text
            }
            _ => {
                reading.remains(
                    self.place,
                    format!("`{key}` of the receiver `{}`", self.receiver.name.as_str()),
                    format!("it is filled in by something else; the profile has `{stand_in}` in its place"),
                );
                stand_in.to_owned()
            }
        }
    }

    /// A reference to the secret under one of `keys`; never the secret.
    fn secret(&self, reading: &mut Reading<'_>, keys: &[&str], variable: &str) -> Json {
        let global = |reading: &Reading<'_>, key: &str| -> Option<String> {
            Some(self.global(reading, key)?.scalar_text().to_owned())
        };
        for key in keys {
            let file = format!("{key}_file");
            let path = self
                .find(&[&file])
                .map(|node| node.scalar_text().to_owned());
            let path = path.or_else(|| global(reading, &file));
            if let Some(path) = path {
                if let Some(secret) = reading.secret_file(&path) {
                    return secret_json(&secret);
                }
                let name = path.rsplit('/').next().unwrap_or(&path);
                reading.remains(
                    self.place,
                    format!("`{file}` of the receiver `{}`", self.receiver.name.as_str()),
                    "it is no Compose secret; the profile expects the file in `secrets/`",
                );
                if let Some(name) = name_of(name, 63) {
                    return json!({"file": format!("secrets/{name}")});
                }
            }
        }
        let own = self.find(keys).map(|node| node.scalar_text().to_owned());
        let text = own.or_else(|| keys.iter().find_map(|key| global(reading, key)));
        let text = text.unwrap_or_default();
        if let Some(name) = super::reading::referenced_variable(&text) {
            return json!({"env": name});
        }
        if !text.is_empty() && placeholder(&text).is_none() {
            reading.remains(
                self.place,
                format!("secret of the receiver `{}`", self.receiver.name.as_str()),
                format!("a profile holds no secret: put the value into the environment variable `{variable}`, and change it, because it has been read here"),
            );
        }
        json!({"env": variable})
    }
}

/// Whether a part of a path looks like a token rather than a word.
fn is_token(url: &str) -> bool {
    url.split('/').skip(3).any(|part| {
        let digits = part.chars().filter(char::is_ascii_digit).count();
        part.len() >= 20 && digits >= 3
    })
}

/// What a route and those above it take.
#[derive(Debug, Clone, Default)]
struct Limits {
    severity: Vec<String>,
    group: Vec<String>,
    alert: Vec<String>,
    target: Vec<String>,
}

impl Limits {
    fn is_group_only(&self) -> bool {
        !self.group.is_empty()
            && self.severity.is_empty()
            && self.alert.is_empty()
            && self.target.is_empty()
    }
}

struct Tree<'t> {
    alertmanager: &'t Alertmanager,
    recognised: &'t [Recognised],
    told: &'t dyn Fn(&Route) -> Option<Vec<String>>,
}

impl Tree<'_> {
    /// A route and what is below it. Children come first: an alert takes the deepest route that fits.
    fn route(&self, reading: &mut Reading<'_>, index: usize, above: &Limits) {
        let Some(route) = self.alertmanager.routes.get(index) else {
            return;
        };
        let Some(limits) = self.limits(reading, route, above) else {
            return;
        };
        let children: Vec<usize> = (0..self.alertmanager.routes.len())
            .filter(|child| self.alertmanager.routes[*child].parent == Some(index))
            .collect();
        for child in children {
            self.route(reading, child, &limits);
        }
        if route.continues {
            reading.remains(
                route.place,
                "`continue: true` of a route",
                "an alert takes the first route of a profile that fits; name all of its channels there",
            );
        }
        for key in ["mute_time_intervals", "active_time_intervals"] {
            if let Some(entry) = route.node.entry(key) {
                let document = reading.facts.setup.document(self.alertmanager.document);
                reading.remains(
                    document.place(entry.key.span),
                    format!("`{key}` of a route"),
                    "a profile has routes for all hours",
                );
            }
        }
        let repeat = duration(&route.node, "repeat_interval").filter(|it| !it.is_zero());
        let channels = (self.told)(route).unwrap_or_default();
        let parent = route
            .parent
            .and_then(|parent| self.alertmanager.routes.get(parent));
        let is_same = parent.and_then(|parent| (self.told)(parent)).as_ref() == Some(&channels);
        // Only the interval of some groups differs.
        if limits.is_group_only()
            && is_same
            && let Some(repeat) = repeat
        {
            for group in &limits.group {
                reading.draft.set(
                    &["notifications", "repeat_intervals", group],
                    repeat.to_string(),
                );
            }
            return;
        }
        if channels.is_empty() {
            return;
        }
        let name = self.name(reading, route, &limits);
        let mut written = serde_json::Map::new();
        for (key, values) in [
            ("severity", &limits.severity),
            ("group", &limits.group),
            ("alert", &limits.alert),
            ("target", &limits.target),
        ] {
            if !values.is_empty() {
                written.insert(key.into(), json!(values));
            }
        }
        written.insert("channels".into(), json!(channels));
        if let Some(repeat) = repeat {
            written.insert("repeat_interval".into(), json!(repeat.to_string()));
        }
        reading
            .draft
            .set(&["notifications", "routes", &name], Json::Object(written));
    }

    /// What a route takes; `None` where a profile cannot say it, or where nothing is left.
    fn limits(&self, reading: &mut Reading<'_>, route: &Route, above: &Limits) -> Option<Limits> {
        let mut limits = above.clone();
        if route.has_unread_matchers {
            reading.remains(route.place, "a route", "its matchers could not be read");
            return None;
        }
        for matcher in &route.matchers {
            let values = match matcher.comparison {
                MatchOp::Equal => Some(vec![matcher.value.clone()]),
                MatchOp::Regex => regex_alternatives(&matcher.value),
                MatchOp::NotEqual | MatchOp::NotRegex => None,
            };
            let Some(values) = values else {
                reading.remains(
                    matcher.place,
                    format!("route for `{}`", matcher.written()),
                    "a route of a profile names the severities, groups, alerts and targets that it takes",
                );
                return None;
            };
            let groups = &reading.facts.catalogue.alerting().groups;
            let targets = reading.draft.names(&["targets"]);
            let (known, place): (Vec<String>, &mut Vec<String>) = match matcher.label.as_str() {
                "severity" => {
                    let known = values.iter().filter_map(|value| match value.as_str() {
                        "critical" | "page" | "high" | "emergency" => Some("critical".to_owned()),
                        "warning" => Some("warning".to_owned()),
                        _ => None,
                    });
                    (known.collect(), &mut limits.severity)
                }
                "group" => {
                    let known = values.iter().filter(|value| groups.contains_key(*value));
                    (known.cloned().collect(), &mut limits.group)
                }
                "alertname" => {
                    let mut known = Vec::new();
                    for value in &values {
                        let found = self.recognised.iter().filter(|it| it.name == *value);
                        known.extend(found.map(|it| it.alert.clone()));
                    }
                    (known, &mut limits.alert)
                }
                "redis" => {
                    let known = values.iter().filter(|value| targets.contains(value));
                    (known.cloned().collect(), &mut limits.target)
                }
                _ => (Vec::new(), &mut limits.target),
            };
            if known.is_empty() {
                reading.remains(
                    matcher.place,
                    format!("route for `{}`", matcher.written()),
                    "no alert of the profile has such a label",
                );
                return None;
            }
            place.clear();
            for value in known {
                if !place.contains(&value) {
                    place.push(value);
                }
            }
        }
        Some(limits)
    }

    /// The name of a route: what the comment above it says in a word, else what it takes.
    fn name(&self, reading: &Reading<'_>, route: &Route, limits: &Limits) -> String {
        let document = reading.facts.setup.document(self.alertmanager.document);
        let text = document.text.text();
        let start = route.node.span.start();
        let above = document.comments.iter().rfind(|comment| {
            comment.end() <= start
                && text.get(comment.end()..start).is_some_and(|between| {
                    between
                        .chars()
                        .all(|char| char.is_whitespace() || char == '-')
                })
        });
        let said = above.and_then(|comment| text.get(comment.start()..comment.end()));
        let said = said.map(|said| said.trim_start_matches('#').trim());
        let word = said.map(|said| said.rsplit('.').next().unwrap_or(said));
        let word = word.filter(|word| !word.is_empty() && !word.contains(char::is_whitespace));
        let taken = [
            &limits.target,
            &limits.alert,
            &limits.group,
            &limits.severity,
        ];
        let by_limits = || {
            let first = taken.iter().find(|values| !values.is_empty())?;
            name_of(&first.join("-"), 40)
        };
        let name = word.and_then(|word| name_of(word, 63)).or_else(by_limits);
        let name = name.unwrap_or_else(|| "everything".into());
        let known = reading.draft.names(&["notifications", "routes"]);
        free_name(&name, |name| known.iter().any(|known| known == name))
    }
}
