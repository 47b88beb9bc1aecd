//! What receivers demand beyond the types of their fields. What may come from the global block is checked where that
//! is known.

use std::collections::HashMap;

use super::super::block::Block;
use super::super::checker::Checker;
use crate::document::{Entry, Value};
use crate::source::Span;

pub(super) fn name(checker: &mut Checker<'_>, block: &Block<'_>) {
    checker.require(block, "name", "a receiver");
    // Alertmanager gives it this label itself.
    let Some(label) = block
        .given("labels")
        .and_then(|entry| entry.value.entry("name"))
    else {
        return;
    };
    let name = block.text("name").unwrap_or_default();
    let label_text = label.value.scalar_text();
    if label_text != name {
        checker
            .error(
                "conflicting-fields",
                label.value.span,
                format!("the label `name` is `{label_text}`, and the receiver is `{name}`"),
            )
            .help = Some("leave the label out: it is the receiver's name by itself".into());
    }
}

/// Exactly one of two fields.
pub(super) fn exactly_one(checker: &mut Checker<'_>, block: &Block<'_>, names: [&str; 2]) {
    if checker.at_most_one(block, &names) {
        return;
    }
    if !names.iter().any(|name| block.written(name).is_some()) {
        let what = if block.node.entry(names[0]).is_some() {
            "is empty"
        } else {
            "is missing"
        };
        let span = block
            .node
            .entry(names[0])
            .map_or(block.head, |entry| entry.key.span);
        checker
            .error(
                "missing-field",
                span,
                format!("`{}` {what}, and so is `{}`", names[0], names[1]),
            )
            .help = Some(format!("give `{}`", names[1]));
    }
}

pub(super) fn webhook_url(checker: &mut Checker<'_>, block: &Block<'_>) {
    exactly_one(checker, block, ["webhook_url", "webhook_url_file"]);
}

pub(super) fn url(checker: &mut Checker<'_>, block: &Block<'_>) {
    exactly_one(checker, block, ["url", "url_file"]);
}

pub(super) fn api_key(checker: &mut Checker<'_>, block: &Block<'_>) {
    checker.at_most_one(block, &["api_key", "api_key_file"]);
}

pub(super) fn email(checker: &mut Checker<'_>, block: &Block<'_>) {
    checker.require(block, "to", "an email config");
    let mut seen: HashMap<String, Span> = HashMap::new();
    let headers = block
        .node
        .get("headers")
        .map_or(&[][..], |headers| headers.entries());
    for entry in headers {
        let name = entry.key.text.to_lowercase();
        if let Some(first) = seen.insert(name, entry.key.span) {
            checker
                .error(
                    "duplicate-key",
                    entry.key.span,
                    format!(
                        "the header `{}` is given twice, in different case",
                        entry.key.text
                    ),
                )
                .help = Some("remove one of the two".into());
            checker.relate("first given here", first);
        }
    }
    let Some(threading) = block.block("threading") else {
        return;
    };
    if threading.flag("enabled") != Some(true) {
        return;
    }
    for entry in headers {
        let name = entry.key.text.to_lowercase();
        if matches!(name.as_str(), "references" | "in-reply-to") {
            checker
                .error(
                    "conflicting-fields",
                    entry.key.span,
                    format!("threading sets the header `{}` itself", entry.key.text),
                )
                .help = Some("remove it".into());
        }
    }
    let by_date = threading.given("thread_by_date");
    if !by_date.is_some_and(|entry| matches!(&*entry.value.text, "none" | "daily")) {
        let span = by_date.map_or(threading.head, |entry| entry.value.span);
        checker
            .error(
                "unknown-value",
                span,
                "`thread_by_date` must be `none` or `daily`",
            )
            .help = Some("give one of them".into());
    }
}

pub(super) fn incidentio(checker: &mut Checker<'_>, block: &Block<'_>) {
    url(checker, block);
    checker.at_most_one(block, &["alert_source_token", "alert_source_token_file"]);
    let token = block
        .written("alert_source_token")
        .or_else(|| block.written("alert_source_token_file"));
    let http = block.block("http_config");
    let authorization = http.and_then(|http| http.given("authorization"));
    match (token, authorization) {
        (Some(token), Some(authorization)) => {
            checker.conflict(&[token, authorization]);
        }
        (None, None) if http.is_some() || !checker.at_least(0, 32) => {
            checker
                .error(
                    "missing-field",
                    block.head,
                    "an incident.io config needs `alert_source_token` or `alert_source_token_file`",
                )
                .help = Some("give `alert_source_token_file`".into());
        }
        _ => {}
    }
}

pub(super) fn pagerduty(checker: &mut Checker<'_>, block: &Block<'_>) {
    let keys = [
        "routing_key",
        "routing_key_file",
        "service_key",
        "service_key_file",
    ];
    if !keys.iter().any(|name| block.written(name).is_some()) {
        checker
            .error(
                "missing-field",
                block.head,
                "a PagerDuty config needs `routing_key` or `service_key`",
            )
            .help = Some("give `routing_key_file`".into());
    }
    checker.at_most_one(block, &["routing_key", "routing_key_file"]);
    checker.at_most_one(block, &["service_key", "service_key_file"]);
}

/// Where Slack's own API stands, which alone can change a message later.
pub(super) const SLACK_API: &str = "https://slack.com/api/chat.postMessage";

pub(super) fn slack(checker: &mut Checker<'_>, block: &Block<'_>) {
    checker.at_most_one(block, &["api_url", "api_url_file"]);
    checker.at_most_one(block, &["app_token", "app_token_file"]);
    let url = block
        .given("api_url")
        .or_else(|| block.written("api_url_file"));
    let token = block
        .written("app_token")
        .or_else(|| block.written("app_token_file"));
    if let (Some(url), Some(token)) = (url, token) {
        checker.conflict(&[url, token]);
    }
    if let (Some(token), Some(authorization)) = (token, own_authorization(block)) {
        checker.conflict(&[token, authorization]);
    }
    for name in ["update_message", "post_updates_to_thread"] {
        if block.flag(name) == Some(true)
            && block.text("api_url") != Some(SLACK_API)
            && let Some(entry) = block.given(name)
        {
            checker
                .error(
                    "conflicting-fields",
                    entry.key.span,
                    format!("`{name}` works with a bot token only"),
                )
                .help = Some(format!("set `api_url: {SLACK_API}`"));
        }
    }
}

pub(super) fn message_field(checker: &mut Checker<'_>, block: &Block<'_>) {
    checker.require(block, "title", "a field of a message");
    checker.require(block, "value", "a field of a message");
}

pub(super) fn slack_action(checker: &mut Checker<'_>, block: &Block<'_>) {
    checker.require(block, "type", "a Slack action");
    checker.require(block, "text", "a Slack action");
    if block.written("url").is_none() && block.written("name").is_none() {
        checker
            .error(
                "missing-field",
                block.head,
                "a Slack action needs `url` or `name`",
            )
            .help = Some("give `url`".into());
    }
}

pub(super) fn slack_confirmation(checker: &mut Checker<'_>, block: &Block<'_>) {
    checker.require(block, "text", "a Slack confirmation");
}

pub(super) fn wechat(checker: &mut Checker<'_>, block: &Block<'_>) {
    checker.at_most_one(block, &["api_secret", "api_secret_file"]);
}

pub(super) fn responder(checker: &mut Checker<'_>, block: &Block<'_>) {
    let names = ["id", "name", "username"];
    if !names.iter().any(|name| block.written(name).is_some()) {
        checker
            .error(
                "missing-field",
                block.head,
                "an Opsgenie responder needs `id`, `name` or `username`",
            )
            .help = Some("give `name`".into());
    }
    checker.require(block, "type", "an Opsgenie responder");
}

pub(super) fn victorops(checker: &mut Checker<'_>, block: &Block<'_>) {
    const RESERVED: [&str; 7] = [
        "routing_key",
        "message_type",
        "state_message",
        "entity_display_name",
        "monitoring_tool",
        "entity_id",
        "entity_state",
    ];
    checker.require(block, "routing_key", "a VictorOps config");
    let fields = block
        .node
        .get("custom_fields")
        .map_or(&[][..], |fields| fields.entries());
    for entry in fields {
        if RESERVED.contains(&&*entry.key.text) {
            checker
                .error(
                    "conflicting-fields",
                    entry.key.span,
                    format!("`{}` is a field of VictorOps itself", entry.key.text),
                )
                .help = Some("rename this custom field".into());
        }
    }
}

pub(super) fn pushover(checker: &mut Checker<'_>, block: &Block<'_>) {
    exactly_one(checker, block, ["user_key", "user_key_file"]);
    exactly_one(checker, block, ["token", "token_file"]);
    if block.flag("html") == Some(true) && block.flag("monospace") == Some(true) {
        checker.at_most_one(block, &["html", "monospace"]);
    }
}

/// A topic, a target or a telephone number; all three at once pass too.
pub(super) fn sns(checker: &mut Checker<'_>, block: &Block<'_>) {
    let given: Vec<_> = ["target_arn", "topic_arn", "phone_number"]
        .iter()
        .filter_map(|name| block.written(name))
        .collect();
    match given.len() {
        0 => {
            checker
                .error(
                    "missing-field",
                    block.head,
                    "an SNS config needs `topic_arn`, `target_arn` or `phone_number`",
                )
                .help = Some("give `topic_arn`".into());
        }
        2 => {
            checker.conflict(&given);
        }
        _ => {}
    }
}

pub(super) fn telegram(checker: &mut Checker<'_>, block: &Block<'_>) {
    checker.at_most_one(block, &["bot_token", "bot_token_file"]);
    let is_zero = |value: &Value| matches!(value, Value::Number(number) if number.as_f64().is_some_and(|number| number.trunc() == 0.0));
    let chat = block
        .written("chat_id")
        .filter(|entry| !is_zero(&entry.value.value));
    let file = block.written("chat_id_file");
    match (chat, file) {
        (Some(chat), Some(file)) => {
            checker.conflict(&[chat, file]);
        }
        (None, None) => {
            let span = block
                .given("chat_id")
                .map_or(block.head, |entry| entry.value.span);
            checker
                .error(
                    "missing-field",
                    span,
                    "a Telegram config needs a `chat_id` other than 0",
                )
                .help = Some("give `chat_id`".into());
        }
        _ => {}
    }
}

pub(super) fn webex(checker: &mut Checker<'_>, block: &Block<'_>) {
    checker.require(block, "room_id", "a Webex config");
    let authorized = own_authorization(block).is_some();
    if !authorized {
        checker
            .error(
                "missing-field",
                block.head,
                "a Webex config needs `http_config` with `authorization`",
            )
            .help = Some("give `http_config: {authorization: {credentials_file: …}}`".into());
    }
}

/// What sets the header `Authorization` in the HTTP client of a receiver, basic authentication aside.
pub(super) fn own_authorization<'a>(block: &Block<'a>) -> Option<&'a Entry> {
    let http = block.block("http_config")?;
    http.given("authorization")
        .or_else(|| http.written("bearer_token"))
        .or_else(|| http.written("bearer_token_file"))
}

pub(super) fn jira(checker: &mut Checker<'_>, block: &Block<'_>) {
    checker.require(block, "project", "a Jira config");
    checker.require(block, "issue_type", "a Jira config");
    // Null is read as a text, and as that no type.
    if block.node.entry("api_type").is_some() {
        checker.require(block, "api_type", "a Jira config");
    }
}

pub(super) fn rocketchat(checker: &mut Checker<'_>, block: &Block<'_>) {
    for names in [["token", "token_file"], ["token_id", "token_id_file"]] {
        let [secret, file] = names;
        // The empty text counts as given.
        if let (Some(secret), Some(file)) = (block.given(secret), block.written(file)) {
            checker.conflict(&[secret, file]);
        }
    }
}

pub(super) fn mattermost(checker: &mut Checker<'_>, block: &Block<'_>) {
    checker.at_most_one(block, &["webhook_url", "webhook_url_file"]);
}
