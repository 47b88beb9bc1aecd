//! Contact points: who is told, and how.

use super::{boolean, whole};
use crate::catalogue::Version;
use crate::check::formats::block::Block;
use crate::check::formats::checker::Checker;
use crate::check::formats::scalar::quoted;
use crate::check::formats::table::Kind::{Anything, Block as Of, List, Map, Scalar, Text};
use crate::check::formats::table::{TableOf, field};
use crate::check::formats::words::nearest;

pub(super) static CONTACT_POINT: TableOf = TableOf {
    what: "a contact point",
    fields: &[&[
        field("orgId", Scalar(whole)),
        field("name", Text),
        field("receivers", List(&Of(&RECEIVER))),
    ]],
    rules: &[|checker, block| {
        checker.require(block, "name", "a contact point");
    }],
};

static RECEIVER: TableOf = TableOf {
    what: "a receiver of a contact point",
    fields: &[&[
        field("uid", Scalar(super::uid)),
        field("type", Text),
        field("settings", Map(&Text, &Anything)),
        field("disableResolveMessage", Scalar(boolean)),
    ]],
    rules: &[check_receiver],
};

/// A type of receiver: its name, the first version that has it, and its settings without which it is refused. Of a setting
/// with `|`, one of those names is enough.
type Integration = (&'static str, (u32, u32), &'static [&'static str]);

const INTEGRATIONS: [Integration; 23] = [
    ("prometheus-alertmanager", (9, 0), &["url"]),
    ("dingding", (9, 0), &["url"]),
    ("discord", (9, 0), &["url"]),
    ("email", (9, 0), &["addresses"]),
    ("googlechat", (9, 0), &["url"]),
    ("jira", (12, 0), &["api_url", "project", "issue_type"]),
    ("kafka", (9, 0), &["kafkaRestProxy", "kafkaTopic"]),
    ("line", (9, 0), &["token"]),
    ("mqtt", (11, 2), &["brokerUrl", "topic"]),
    ("oncall", (9, 5), &["url"]),
    ("opsgenie", (9, 0), &["apiKey"]),
    ("pagerduty", (9, 0), &["integrationKey"]),
    ("pushover", (9, 0), &["apiToken", "userKey"]),
    ("sensugo", (9, 0), &["url", "apikey"]),
    ("slack", (9, 0), &["url|token"]),
    ("sns", (11, 1), &["topic_arn|target_arn|phone_number"]),
    ("teams", (9, 0), &["url"]),
    ("telegram", (9, 0), &["bottoken", "chatid"]),
    (
        "threema",
        (9, 0),
        &["gateway_id", "recipient_id", "api_secret"],
    ),
    ("victorops", (9, 0), &["url"]),
    ("webex", (9, 4), &["bot_token"]),
    ("webhook", (9, 0), &["url"]),
    ("wecom", (9, 0), &["url|secret"]),
];

fn check_receiver(checker: &mut Checker<'_>, receiver: &Block<'_>) {
    checker.require(receiver, "uid", "a receiver");
    if !checker.require(receiver, "type", "a receiver") {
        return;
    }
    let Some(kind) = receiver.written("type") else {
        return;
    };
    let name = kind.value.text.trim().to_lowercase();
    if name.contains('$') {
        return;
    }
    let version = checker.reader.version;
    let known = INTEGRATIONS.iter().find(|(known, ..)| *known == name);
    let Some((_, since, settings)) = known else {
        let near = nearest(&name, INTEGRATIONS.iter().map(|(name, ..)| *name));
        let message = format!("`{}` is not a type of receiver", kind.value.text);
        checker
            .error("unknown-value", kind.value.span, message)
            .help = near.map(|near| format!("did you mean `{near}`?"));
        return;
    };
    if version < Version::new(since.0, since.1, 0) {
        let message = format!(
            "receivers of the type `{name}` need Grafana {}.{} or newer; this is checked for {}.{}",
            since.0, since.1, version.major, version.minor
        );
        checker.error("unknown-value", kind.value.span, message);
        return;
    }
    if !checker.require(receiver, "settings", "a receiver") {
        return;
    }
    let Some(given) = receiver.block("settings") else {
        return;
    };
    for setting in *settings {
        let names: Vec<&str> = setting.split('|').collect();
        if names.iter().any(|name| {
            given
                .written(name)
                .is_some_and(|entry| !entry.value.text.trim().is_empty())
        }) {
            continue;
        }
        let keys = given.node.entries().iter().map(|entry| &*entry.key.text);
        let misspelt = names.iter().find_map(|name| {
            let key = nearest(name, keys.clone())?;
            given
                .node
                .entry(key)
                .filter(|_| key != *name)
                .map(|entry| (*name, entry.key.span))
        });
        let message = match names.as_slice() {
            [name] => format!(
                "`{name}` of the settings of a receiver of the type `{}` is missing",
                kind.value.text
            ),
            _ => format!(
                "the settings of a receiver of the type `{}` need one of {}",
                kind.value.text,
                quoted(&names)
            ),
        };
        let (span, help) = match misspelt {
            Some((name, span)) => (span, format!("did you mean `{name}`?")),
            None => (given.head, format!("give {}", quoted(&names))),
        };
        checker.error("missing-field", span, message).help = Some(help);
    }
}
