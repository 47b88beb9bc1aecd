//! Every receiver of Alertmanager.

use super::super::checker::Checker;
use super::super::go_template;
use super::super::http::HTTP_CONFIG;
use super::super::http::alertmanager::TLS;
use super::super::http::check_sigv4;
use super::super::table::Kind::{
    Anything, Block as Of, Bool, Choice as OneOf, Custom, Duration, GoDuration, List, Map, Scalar,
    Secret, Sections, Text, Uint,
};
use super::super::table::{Choice, Field, TableOf, field, word};
use super::address::{host_port, http_url, webhook_url};
use super::chat::{
    DISCORD, MATTERMOST, MSTEAMS, MSTEAMS_V2, ROCKETCHAT, SLACK, TELEGRAM, WEBEX, WECHAT,
};
use super::receiver_rules as rules;
use crate::document::{Node, Value};

pub(super) const SEND_RESOLVED: Field = field("send_resolved", Bool);
pub(super) const HTTP: Field = field("http_config", Of(&HTTP_CONFIG));

pub(super) static RECEIVER: TableOf = TableOf {
    what: "a receiver",
    fields: &[&[
        field("name", Text),
        field("labels", Map(&Text, &Text)).since(0, 33),
        field("discord_configs", Sections(&DISCORD, "a Discord config")),
        field("email_configs", Sections(&EMAIL, "an email config")),
        field(
            "incidentio_configs",
            Sections(&INCIDENTIO, "an incident.io config"),
        )
        .since(0, 29),
        field("jira_configs", Sections(&JIRA, "a Jira config")).since(0, 28),
        field(
            "mattermost_configs",
            Sections(&MATTERMOST, "a Mattermost config"),
        )
        .since(0, 30),
        field("msteams_configs", Sections(&MSTEAMS, "a Teams config")).since(0, 26),
        field("msteamsv2_configs", Sections(&MSTEAMS_V2, "a Teams config")).since(0, 28),
        field(
            "opsgenie_configs",
            Sections(&OPSGENIE, "an Opsgenie config"),
        ),
        field(
            "pagerduty_configs",
            Sections(&PAGERDUTY, "a PagerDuty config"),
        ),
        field("pushover_configs", Sections(&PUSHOVER, "a Pushover config")),
        field(
            "rocketchat_configs",
            Sections(&ROCKETCHAT, "a Rocket.Chat config"),
        )
        .since(0, 28),
        field("slack_configs", Sections(&SLACK, "a Slack config")),
        field("sns_configs", Sections(&SNS, "an SNS config")),
        field("telegram_configs", Sections(&TELEGRAM, "a Telegram config")),
        field(
            "victorops_configs",
            Sections(&VICTOROPS, "a VictorOps config"),
        ),
        field("webex_configs", Sections(&WEBEX, "a Webex config")),
        field("webhook_configs", Sections(&WEBHOOK, "a webhook config")),
        field("wechat_configs", Sections(&WECHAT, "a WeChat config")),
    ]],
    rules: &[rules::name],
};

static EMAIL: TableOf = TableOf {
    what: "an email config",
    fields: &[&[
        SEND_RESOLVED,
        field("to", Text),
        field("from", Text),
        field("hello", Text),
        field("smarthost", Scalar(host_port)),
        field("auth_username", Text),
        field("auth_password", Secret),
        field("auth_password_file", Text),
        field("auth_secret", Secret),
        field("auth_secret_file", Text).since(0, 30),
        field("auth_identity", Text),
        field("headers", Map(&Text, &Text)),
        field("html", Text),
        field("text", Text),
        field("require_tls", Bool),
        field("tls_config", Of(&TLS)),
        field("force_implicit_tls", Bool).since(0, 31),
        field("threading", Of(&THREADING)).since(0, 30),
    ]],
    rules: &[rules::email],
};

static THREADING: TableOf = TableOf {
    what: "a threading config",
    fields: &[&[field("enabled", Bool), field("thread_by_date", Text)]],
    rules: &[],
};

static INCIDENTIO: TableOf = TableOf {
    what: "an incident.io config",
    fields: &[&[
        SEND_RESOLVED,
        HTTP,
        field("url", Scalar(http_url)),
        field("url_file", Text),
        field("alert_source_token", Secret),
        field("alert_source_token_file", Text),
        field("max_alerts", Uint),
        field("timeout", GoDuration),
    ]],
    rules: &[rules::incidentio],
};

static PAGERDUTY: TableOf = TableOf {
    what: "a PagerDuty config",
    fields: &[&[
        SEND_RESOLVED,
        HTTP,
        field("service_key", Secret),
        field("service_key_file", Text),
        field("routing_key", Secret),
        field("routing_key_file", Text),
        field("url", Scalar(http_url)),
        field("client", Text),
        field("client_url", Text),
        field("description", Text),
        field("details", Custom(details)),
        field("images", List(&Of(&PAGERDUTY_IMAGE))),
        field("links", List(&Of(&PAGERDUTY_LINK))),
        field("source", Text),
        field("severity", Text),
        field("class", Text),
        field("component", Text),
        field("group", Text),
        field("timeout", GoDuration).since(0, 30),
    ]],
    rules: &[rules::pagerduty],
};

/// Texts by name; since 0.30 they may nest.
fn details(checker: &mut Checker<'_>, node: &Node) {
    if node.value == Value::Null {
        return;
    }
    let kind = if checker.at_least(0, 30) {
        Map(&Text, &Anything)
    } else {
        Map(&Text, &Text)
    };
    checker.value(node, node.span, kind);
}

static PAGERDUTY_IMAGE: TableOf = TableOf {
    what: "an image",
    fields: &[&[field("src", Text), field("alt", Text), field("href", Text)]],
    rules: &[],
};

static PAGERDUTY_LINK: TableOf = TableOf {
    what: "a link",
    fields: &[&[field("href", Text), field("text", Text)]],
    rules: &[],
};

static WEBHOOK: TableOf = TableOf {
    what: "a webhook config",
    fields: &[&[
        SEND_RESOLVED,
        HTTP,
        field("url", Scalar(webhook_url)),
        field("url_file", Text).since(0, 26),
        field("max_alerts", Uint),
        field("timeout", GoDuration).since(0, 28),
        field("payload", Anything).since(0, 33),
    ]],
    rules: &[rules::url],
};

static OPSGENIE: TableOf = TableOf {
    what: "an Opsgenie config",
    fields: &[&[
        SEND_RESOLVED,
        HTTP,
        field("api_key", Secret),
        field("api_key_file", Text),
        field("api_url", Scalar(http_url)),
        field("message", Text),
        field("description", Text),
        field("source", Text),
        field("details", Map(&Text, &Text)),
        field("entity", Text),
        field(
            "responders",
            Sections(&OPSGENIE_RESPONDER, "an Opsgenie responder"),
        ),
        field("actions", Text),
        field("tags", Text),
        field("note", Text),
        field("priority", Text),
        field("update_alerts", Bool),
    ]],
    rules: &[rules::api_key],
};

static OPSGENIE_RESPONDER: TableOf = TableOf {
    what: "an Opsgenie responder",
    fields: &[&[
        field("id", Text),
        field("name", Text),
        field("username", Text),
        field("type", Scalar(responder_type)),
    ]],
    rules: &[rules::responder],
};

static RESPONDER_TYPE: Choice = Choice {
    what: "a type of Opsgenie responder",
    words: &[
        word("team"),
        word("teams"),
        word("user"),
        word("escalation"),
        word("schedule"),
    ],
    ignores_case: true,
    may_be_empty: false,
};

/// A known type, or a template for one.
fn responder_type(checker: &mut Checker<'_>, node: &Node) {
    if !node.text.contains("{{") {
        checker.check_choice(&node.text, node.span, &RESPONDER_TYPE);
        return;
    }
    if let Err(error) = go_template::check(&node.text, &[], &[]) {
        let span = crate::document::written_span(checker.file.text(), node, error.span);
        checker.error("invalid-template", span, error.message);
    }
}

static VICTOROPS: TableOf = TableOf {
    what: "a VictorOps config",
    fields: &[&[
        SEND_RESOLVED,
        HTTP,
        field("api_key", Secret),
        field("api_key_file", Text),
        field("api_url", Scalar(http_url)),
        field("routing_key", Text),
        field("message_type", Text),
        field("state_message", Text),
        field("entity_display_name", Text),
        field("monitoring_tool", Text),
        field("custom_fields", Map(&Text, &Text)),
    ]],
    rules: &[rules::api_key, rules::victorops],
};

static PUSHOVER: TableOf = TableOf {
    what: "a Pushover config",
    fields: &[&[
        SEND_RESOLVED,
        HTTP,
        field("user_key", Secret),
        field("user_key_file", Text).since(0, 26),
        field("token", Secret),
        field("token_file", Text).since(0, 26),
        field("title", Text),
        field("message", Text),
        field("url", Text),
        field("url_title", Text),
        field("device", Text).since(0, 26),
        field("sound", Text),
        field("priority", Text),
        field("retry", Scalar(duration_text)),
        field("expire", Scalar(duration_text)),
        field("ttl", Scalar(duration_text)).since(0, 26),
        field("html", Bool),
        field("monospace", Bool).since(0, 29),
    ]],
    rules: &[rules::pushover],
};

/// A duration with its unit: unlike elsewhere, a number of nanoseconds does not do.
fn duration_text(checker: &mut Checker<'_>, node: &Node) {
    super::super::scalar::check_text(checker, &node.text, node.span, GoDuration);
}

static SNS: TableOf = TableOf {
    what: "an SNS config",
    fields: &[&[
        SEND_RESOLVED,
        HTTP,
        field("api_url", Text),
        field("sigv4", Of(&SIGV4)),
        field("topic_arn", Text),
        field("phone_number", Text),
        field("target_arn", Text),
        field("subject", Text),
        field("message", Text),
        field("attributes", Map(&Text, &Text)),
        field("use_aws_http_client", Bool).since(0, 32),
    ]],
    rules: &[rules::sns],
};

static SIGV4: TableOf = TableOf {
    what: "a SigV4 config",
    fields: &[&[
        field("region", Text),
        field("access_key", Text),
        field("secret_key", Secret),
        field("profile", Text),
        field("role_arn", Text),
        field("external_id", Text).since(0, 32),
        field("service_name", Text).since(0, 33),
        field("use_fips_sts_endpoint", Bool).since(0, 29),
    ]],
    rules: &[check_sigv4],
};

static JIRA: TableOf = TableOf {
    what: "a Jira config",
    fields: &[&[
        SEND_RESOLVED,
        HTTP,
        field("api_url", Scalar(http_url)),
        field("api_type", OneOf(&JIRA_API)).since(0, 29),
        field("project", Text),
        field("summary", Custom(jira_field)),
        field("description", Custom(jira_field)),
        field("labels", Custom(jira_labels)),
        field("priority", Text),
        field("issue_type", Text),
        field("reopen_transition", Text),
        field("resolve_transition", Text),
        field("wont_fix_resolution", Text),
        field("reopen_duration", Duration),
        field("fields", Map(&Text, &Anything)),
        field("custom_fields", Map(&Text, &Anything)).until(0, 28),
    ]],
    rules: &[rules::jira],
};

static JIRA_API: Choice = Choice {
    what: "a type of Jira API",
    words: &[word("auto"), word("cloud"), word("datacenter")],
    ignores_case: false,
    may_be_empty: false,
};

static JIRA_FIELD: TableOf = TableOf {
    what: "a Jira field",
    fields: &[&[field("template", Text), field("enable_update", Bool)]],
    rules: &[],
};

static JIRA_LABELS: TableOf = TableOf {
    what: "Jira labels",
    fields: &[&[field("values", List(&Text)), field("enable_update", Bool)]],
    rules: &[],
};

/// A text; since 0.30 also a mapping that says when it is updated.
fn jira_field(checker: &mut Checker<'_>, node: &Node) {
    if matches!(node.value, Value::Mapping(_)) && checker.at_least(0, 30) {
        checker.block(node, node.span, &JIRA_FIELD);
    } else {
        checker.value(node, node.span, Text);
    }
}

fn jira_labels(checker: &mut Checker<'_>, node: &Node) {
    if matches!(node.value, Value::Mapping(_)) && checker.at_least(0, 34) {
        checker.block(node, node.span, &JIRA_LABELS);
    } else {
        checker.value(node, node.span, List(&Text));
    }
}
