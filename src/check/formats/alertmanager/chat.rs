//! The receivers that write into a chat.

use super::super::table::Kind::{
    Block as Of, Bool, Choice as OneOf, GoDuration, Int, List, Scalar, Secret, Text,
};
use super::super::table::{Choice, Field, TableOf, field, word};
use super::address::{http_url, secret_url};
use super::receiver::{HTTP, SEND_RESOLVED};
use super::receiver_rules as rules;

pub(super) static DISCORD: TableOf = TableOf {
    what: "a Discord config",
    fields: &[&[
        SEND_RESOLVED,
        HTTP,
        field("webhook_url", Scalar(secret_url)),
        field("webhook_url_file", Text).since(0, 26),
        field("content", Text).since(0, 28),
        field("title", Text),
        field("message", Text),
        field("username", Text).since(0, 28),
        field("avatar_url", Text).since(0, 28),
    ]],
    rules: &[rules::webhook_url],
};

pub(super) static SLACK: TableOf = TableOf {
    what: "a Slack config",
    fields: &[&[
        SEND_RESOLVED,
        HTTP,
        field("api_url", Scalar(secret_url)),
        field("api_url_file", Text),
        field("app_token", Secret).since(0, 30),
        field("app_token_file", Text).since(0, 30),
        field("app_url", Scalar(http_url)).since(0, 30),
        field("channel", Text),
        field("username", Text),
        field("color", Text),
        field("title", Text),
        field("title_link", Text),
        field("pretext", Text),
        field("text", Text),
        field("message_text", Text).since(0, 31),
        field("fields", List(&Of(&SLACK_FIELD))),
        field("short_fields", Bool),
        field("footer", Text),
        field("fallback", Text),
        field("callback_id", Text),
        field("icon_emoji", Text),
        field("icon_url", Text),
        field("image_url", Text),
        field("thumb_url", Text),
        field("link_names", Bool),
        field("mrkdwn_in", List(&Text)),
        field("actions", List(&Of(&SLACK_ACTION))),
        field("update_message", Bool).since(0, 32),
        field("post_updates_to_thread", Bool).since(0, 34),
        field("timeout", GoDuration).since(0, 30),
    ]],
    rules: &[rules::slack],
};

static SLACK_FIELD: TableOf = TableOf {
    what: "a field of a message",
    fields: &[&[
        field("title", Text),
        field("value", Text),
        field("short", Bool),
    ]],
    rules: &[rules::message_field],
};

static SLACK_ACTION: TableOf = TableOf {
    what: "a Slack action",
    fields: &[&[
        field("type", Text),
        field("text", Text),
        field("url", Text),
        field("style", Text),
        field("name", Text),
        field("value", Text),
        field("confirm", Of(&SLACK_CONFIRMATION)),
    ]],
    rules: &[rules::slack_action],
};

static SLACK_CONFIRMATION: TableOf = TableOf {
    what: "a Slack confirmation",
    fields: &[&[
        field("text", Text),
        field("title", Text),
        field("ok_text", Text),
        field("dismiss_text", Text),
    ]],
    rules: &[rules::slack_confirmation],
};

pub(super) static WECHAT: TableOf = TableOf {
    what: "a WeChat config",
    fields: &[&[
        SEND_RESOLVED,
        HTTP,
        field("api_secret", Secret),
        field("api_secret_file", Text).since(0, 31),
        field("corp_id", Text),
        field("message", Text),
        field("api_url", Scalar(http_url)),
        field("to_user", Text),
        field("to_party", Text),
        field("to_tag", Text),
        field("agent_id", Text),
        field("message_type", OneOf(&WECHAT_TYPE)),
    ]],
    rules: &[rules::wechat],
};

static WECHAT_TYPE: Choice = Choice {
    what: "a type of WeChat message",
    words: &[word("text"), word("markdown")],
    ignores_case: false,
    may_be_empty: true,
};

pub(super) static TELEGRAM: TableOf = TableOf {
    what: "a Telegram config",
    fields: &[&[
        SEND_RESOLVED,
        HTTP,
        field("api_url", Scalar(http_url)),
        field("bot_token", Secret),
        field("bot_token_file", Text).since(0, 26),
        field("chat_id", Int),
        field("chat_id_file", Text).since(0, 31),
        field("message_thread_id", Int).since(0, 27),
        field("message", Text),
        field("disable_notifications", Bool),
        field("parse_mode", OneOf(&PARSE_MODE)),
        field("timeout", GoDuration).since(0, 34),
    ]],
    rules: &[rules::telegram],
};

static PARSE_MODE: Choice = Choice {
    what: "a parse mode of Telegram",
    words: &[word("Markdown"), word("MarkdownV2"), word("HTML")],
    ignores_case: false,
    may_be_empty: true,
};

pub(super) static WEBEX: TableOf = TableOf {
    what: "a Webex config",
    fields: &[&[
        SEND_RESOLVED,
        HTTP,
        field("api_url", Scalar(http_url)),
        field("message", Text),
        field("room_id", Text),
    ]],
    rules: &[rules::webex],
};

pub(super) static MSTEAMS: TableOf = TableOf {
    what: "a Teams config",
    fields: &[&[
        SEND_RESOLVED,
        HTTP,
        field("webhook_url", Scalar(secret_url)),
        field("webhook_url_file", Text),
        field("title", Text),
        field("summary", Text).since(0, 27),
        field("text", Text),
    ]],
    rules: &[rules::webhook_url],
};

pub(super) static MSTEAMS_V2: TableOf = TableOf {
    what: "a Teams config",
    fields: &[&[
        SEND_RESOLVED,
        HTTP,
        field("webhook_url", Scalar(secret_url)),
        field("webhook_url_file", Text),
        field("title", Text),
        field("text", Text),
    ]],
    rules: &[rules::webhook_url],
};

pub(super) static ROCKETCHAT: TableOf = TableOf {
    what: "a Rocket.Chat config",
    fields: &[&[
        SEND_RESOLVED,
        HTTP,
        field("api_url", Scalar(http_url)),
        field("token_id", Secret),
        field("token_id_file", Text),
        field("token", Secret),
        field("token_file", Text),
        field("channel", Text),
        field("color", Text),
        field("title", Text),
        field("title_link", Text),
        field("text", Text),
        field("fields", List(&Of(&ROCKETCHAT_FIELD))),
        field("short_fields", Bool),
        field("emoji", Text),
        field("icon_url", Text),
        field("image_url", Text),
        field("thumb_url", Text),
        field("link_names", Bool),
        field("actions", List(&Of(&ROCKETCHAT_ACTION))),
    ]],
    rules: &[rules::rocketchat],
};

static ROCKETCHAT_FIELD: TableOf = TableOf {
    what: "a field of a message",
    fields: &[&[
        field("short", Bool),
        field("title", Text),
        field("value", Text),
    ]],
    rules: &[],
};

// Upstream names these by their Go fields alone.
static ROCKETCHAT_ACTION: TableOf = TableOf {
    what: "a Rocket.Chat action",
    fields: &[&[
        field("type", Text),
        field("text", Text),
        field("url", Text),
        field("imageurl", Text),
        field("iswebview", Bool),
        field("webviewheightratio", Text),
        field("msg", Text),
        field("msginchatwindow", Bool),
        field("msgprocessingtype", Text),
    ]],
    rules: &[],
};

pub(super) static MATTERMOST: TableOf = TableOf {
    what: "a Mattermost config",
    fields: &[
        &[
            SEND_RESOLVED,
            HTTP,
            field("webhook_url", Scalar(secret_url)),
            field("webhook_url_file", Text),
            field("channel", Text),
            field("username", Text),
            field("icon_url", Text),
            field("icon_emoji", Text),
            field("attachments", List(&Of(&MATTERMOST_ATTACHMENT))),
            field("type", Text),
            field("props", Of(&MATTERMOST_PROPS)),
            field("priority", Of(&MATTERMOST_PRIORITY)),
        ],
        MATTERMOST_MESSAGE,
    ],
    rules: &[rules::mattermost],
};

static MATTERMOST_MESSAGE: &[Field] = &[
    field("fallback", Text),
    field("color", Text),
    field("pretext", Text),
    field("text", Text),
    field("author_name", Text),
    field("author_link", Text),
    field("author_icon", Text),
    field("title", Text),
    field("title_link", Text),
    field("fields", List(&Of(&SLACK_FIELD))),
    field("thumb_url", Text),
    field("footer", Text),
    field("footer_icon", Text),
    field("image_url", Text),
];

static MATTERMOST_ATTACHMENT: TableOf = TableOf {
    what: "a Mattermost attachment",
    fields: &[MATTERMOST_MESSAGE],
    rules: &[],
};

static MATTERMOST_PROPS: TableOf = TableOf {
    what: "Mattermost props",
    fields: &[&[field("card", Text)]],
    rules: &[],
};

static MATTERMOST_PRIORITY: TableOf = TableOf {
    what: "a Mattermost priority",
    fields: &[&[
        field("priority", Text),
        field("requested_ack", Bool),
        field("persistent_notifications", Bool),
    ]],
    rules: &[],
};
