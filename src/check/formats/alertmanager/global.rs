//! The global block, and what receivers take from it.

use super::super::block::Block;
use super::super::checker::Checker;
use super::super::http::HTTP_CONFIG;
use super::super::http::alertmanager::TLS;
use super::super::table::Kind::{Block as Of, Bool, Duration, Scalar, Secret, Text};
use super::super::table::{TableOf, field};
use super::address::{host_port, http_url, secret_url};
use super::receiver_rules::{SLACK_API, own_authorization};
use super::route::first;
use crate::document::Value;

pub(super) static GLOBAL: TableOf = TableOf {
    what: "the global config",
    fields: &[&[
        field("resolve_timeout", Duration),
        field("http_config", Of(&HTTP_CONFIG)),
        field("jira_api_url", Scalar(http_url)).since(0, 28),
        field("smtp_from", Text),
        field("smtp_hello", Text),
        field("smtp_smarthost", Scalar(host_port)),
        field("smtp_auth_username", Text),
        field("smtp_auth_password", Secret),
        field("smtp_auth_password_file", Text),
        field("smtp_auth_secret", Secret),
        field("smtp_auth_secret_file", Text).since(0, 30),
        field("smtp_auth_identity", Text),
        field("smtp_require_tls", Bool),
        field("smtp_tls_config", Of(&TLS)).since(0, 28),
        field("smtp_force_implicit_tls", Bool).since(0, 31),
        field("slack_api_url", Scalar(secret_url)),
        field("slack_api_url_file", Text),
        field("slack_app_token", Secret).since(0, 30),
        field("slack_app_token_file", Text).since(0, 30),
        field("slack_app_url", Scalar(http_url)).since(0, 30),
        field("pagerduty_url", Scalar(http_url)),
        field("opsgenie_api_url", Scalar(http_url)),
        field("opsgenie_api_key", Secret),
        field("opsgenie_api_key_file", Text),
        field("wechat_api_url", Scalar(http_url)),
        field("wechat_api_secret", Secret),
        field("wechat_api_secret_file", Text).since(0, 31),
        field("wechat_api_corp_id", Text),
        field("victorops_api_url", Scalar(http_url)),
        field("victorops_api_key", Secret),
        field("victorops_api_key_file", Text),
        field("telegram_api_url", Scalar(http_url)),
        field("telegram_bot_token", Secret).since(0, 31),
        field("telegram_bot_token_file", Text).since(0, 31),
        field("webex_api_url", Scalar(http_url)),
        field("rocketchat_api_url", Scalar(http_url)).since(0, 28),
        field("rocketchat_token", Secret).since(0, 28),
        field("rocketchat_token_file", Text).since(0, 28),
        field("rocketchat_token_id", Secret).since(0, 28),
        field("rocketchat_token_id_file", Text).since(0, 28),
        field("mattermost_webhook_url", Scalar(secret_url)).since(0, 32),
        field("mattermost_webhook_url_file", Text).since(0, 32),
    ]],
    rules: &[check_global],
};

/// Each secret is given or read from a file, not both.
fn check_global(checker: &mut Checker<'_>, block: &Block<'_>) {
    for pair in [
        ["slack_api_url", "slack_api_url_file"],
        ["slack_app_token", "slack_app_token_file"],
        ["opsgenie_api_key", "opsgenie_api_key_file"],
        ["victorops_api_key", "victorops_api_key_file"],
        ["smtp_auth_password", "smtp_auth_password_file"],
        ["smtp_auth_secret", "smtp_auth_secret_file"],
        ["wechat_api_secret", "wechat_api_secret_file"],
        ["telegram_bot_token", "telegram_bot_token_file"],
        ["mattermost_webhook_url", "mattermost_webhook_url_file"],
        ["rocketchat_token", "rocketchat_token_file"],
        ["rocketchat_token_id", "rocketchat_token_id_file"],
    ] {
        checker.at_most_one(block, &pair);
    }
    let url = first(block, &["slack_api_url", "slack_api_url_file"]);
    let token = first(block, &["slack_app_token", "slack_app_token_file"]);
    // A token may stand beside the URL that it is for, which was the way before there were tokens.
    let app_url = block.text("slack_app_url").unwrap_or(SLACK_API);
    if let (Some(url), Some(token)) = (url, token)
        && *url.value.text != *app_url
    {
        checker.conflict(&[url, token]);
    }
}

/// What a kind of receiver needs and may take from the global block.
struct Need {
    section: &'static str,
    /// Any one of these in the receiver does.
    own: &'static [&'static str],
    /// Else any one of these in the global block.
    global: &'static [&'static str],
    what: &'static str,
    /// Since which minor version the global block is asked; before, the receiver needs its own.
    global_since: u32,
}

const fn need(
    section: &'static str,
    own: &'static [&'static str],
    global: &'static [&'static str],
    what: &'static str,
) -> Need {
    Need {
        section,
        own,
        global,
        what,
        global_since: 0,
    }
}

static NEEDS: &[Need] = &[
    need(
        "email_configs",
        &["smarthost"],
        &["smtp_smarthost"],
        "an SMTP server",
    ),
    need("email_configs", &["from"], &["smtp_from"], "a sender"),
    need(
        "slack_configs",
        &["api_url", "api_url_file", "app_token", "app_token_file"],
        &[
            "slack_api_url",
            "slack_api_url_file",
            "slack_app_token",
            "slack_app_token_file",
        ],
        "a Slack URL",
    ),
    need(
        "opsgenie_configs",
        &["api_key", "api_key_file"],
        &["opsgenie_api_key", "opsgenie_api_key_file"],
        "an Opsgenie key",
    ),
    need(
        "victorops_configs",
        &["api_key", "api_key_file"],
        &["victorops_api_key", "victorops_api_key_file"],
        "a VictorOps key",
    ),
    need(
        "wechat_configs",
        &["api_secret", "api_secret_file"],
        &["wechat_api_secret", "wechat_api_secret_file"],
        "a WeChat secret",
    ),
    need(
        "wechat_configs",
        &["corp_id"],
        &["wechat_api_corp_id"],
        "a WeChat corporation",
    ),
    Need {
        global_since: 31,
        ..need(
            "telegram_configs",
            &["bot_token", "bot_token_file"],
            &["telegram_bot_token", "telegram_bot_token_file"],
            "a Telegram bot token",
        )
    },
    need(
        "jira_configs",
        &["api_url"],
        &["jira_api_url"],
        "a Jira URL",
    ),
    need(
        "rocketchat_configs",
        &["token_id", "token_id_file"],
        &["rocketchat_token_id", "rocketchat_token_id_file"],
        "a Rocket.Chat user",
    ),
    need(
        "rocketchat_configs",
        &["token", "token_file"],
        &["rocketchat_token", "rocketchat_token_file"],
        "a Rocket.Chat token",
    ),
    Need {
        global_since: 32,
        ..need(
            "mattermost_configs",
            &["webhook_url", "webhook_url_file"],
            &["mattermost_webhook_url", "mattermost_webhook_url_file"],
            "a Mattermost URL",
        )
    },
];

/// URLs that have a default, which null in the global block takes away.
static DEFAULTS: &[(&str, &str, &str)] = &[
    ("pagerduty_configs", "url", "pagerduty_url"),
    ("opsgenie_configs", "api_url", "opsgenie_api_url"),
    ("wechat_configs", "api_url", "wechat_api_url"),
    ("victorops_configs", "api_url", "victorops_api_url"),
    ("webex_configs", "api_url", "webex_api_url"),
];

/// What receivers take from the global block must be there.
pub(super) fn check_receivers(checker: &mut Checker<'_>, block: &Block<'_>) {
    let global = block.block("global");
    for receiver in block.blocks("receivers") {
        for need in NEEDS {
            let asks_global = checker.at_least(0, need.global_since);
            let has = |names: &[&str]| {
                asks_global
                    && global.is_some_and(|global| names.iter().any(|name| is_there(&global, name)))
            };
            let in_global = has(need.global);
            // A token of an app is sent as authorization itself, so it helps only where none is configured.
            let in_global_by_token_only = need.section == "slack_configs"
                && in_global
                && !has(&["slack_api_url", "slack_api_url_file"]);
            for config in receiver.blocks(need.section) {
                let is_served =
                    in_global && !(in_global_by_token_only && own_authorization(&config).is_some());
                if is_served || need.own.iter().any(|name| is_there(&config, name)) {
                    continue;
                }
                let (own, global) = (need.own[0], need.global[0]);
                let help = if asks_global {
                    format!("give `{own}` here, or `{global}` in `global`")
                } else {
                    format!("give `{own}`")
                };
                checker
                    .error(
                        "missing-field",
                        config.head,
                        format!(
                            "this receiver has no {}",
                            need.what
                                .split_once(' ')
                                .map_or(need.what, |(_, noun)| noun)
                        ),
                    )
                    .help = Some(help);
            }
        }
        let Some(global) = global else { continue };
        for (section, own, default) in DEFAULTS {
            let is_taken_away = global
                .node
                .get(default)
                .is_some_and(|node| node.value == Value::Null);
            if !is_taken_away {
                continue;
            }
            for config in receiver.blocks(section) {
                if config.given(own).is_none() {
                    checker
                        .error(
                            "missing-field",
                            config.head,
                            format!("this receiver has no URL: `{default}` is null"),
                        )
                        .help = Some(format!("give `{own}` here, or remove `{default}`"));
                }
            }
        }
    }
}

/// Given, and not the empty text; an address is a pointer upstream, a secret of Rocket.Chat too.
fn is_there(block: &Block<'_>, name: &str) -> bool {
    let empty_counts = matches!(
        name,
        "token" | "token_id" | "rocketchat_token" | "rocketchat_token_id"
    );
    block
        .given(name)
        .is_some_and(|entry| empty_counts || !entry.value.text.is_empty())
}
