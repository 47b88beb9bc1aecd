//! Remote write and remote read.

use super::super::block::{Block, is_set};
use super::super::checker::Checker;
use super::super::http::prometheus::HTTP;
use super::super::http::{RESERVED_HEADERS, check_http, check_sigv4};
use super::super::relabel::RELABEL;
use super::super::scalar::millis;
use super::super::table::Kind::{
    Block as Of, Bool, Choice as OneOf, Duration, Int, LabelName, LabelValue, Map, Secret,
    Sections, Text, Uint, Url,
};
use super::super::table::{Choice, TableOf, field, word};
use super::discovery_rules;
use crate::document::{Entry, Value};

pub(super) static REMOTE_WRITE: TableOf = TableOf {
    what: "a remote write config",
    fields: &[
        &[
            field("url", Url),
            field("remote_timeout", Duration),
            field("headers", Map(&Text, &Text)),
            field(
                "write_relabel_configs",
                Sections(&RELABEL, "a relabeling rule of a remote write config"),
            ),
            field("name", Text),
            field("send_exemplars", Bool),
            field("send_native_histograms", Bool),
            field("round_robin_dns", Bool).since(3, 1),
            field("protobuf_message", OneOf(&MESSAGE)).since(2, 54),
            field("queue_config", Of(&QUEUE)),
            field("metadata_config", Of(&METADATA)),
            field("sigv4", Of(&SIGV4)),
            field("azuread", Of(&AZURE_AD)).since(2, 45),
            field("google_iam", Of(&GOOGLE_IAM)).since(2, 55),
        ],
        HTTP,
    ],
    rules: &[check_write, check_http],
};

static MESSAGE: Choice = Choice {
    what: "a message of the remote write protocol",
    words: &[
        word("prometheus.WriteRequest"),
        word("io.prometheus.write.v2.Request"),
    ],
    ignores_case: false,
    may_be_empty: false,
};

static QUEUE: TableOf = TableOf {
    what: "a queue config",
    fields: &[&[
        field("capacity", Int),
        field("max_shards", Int),
        field("min_shards", Int),
        field("max_samples_per_send", Int),
        field("batch_send_deadline", Duration),
        field("min_backoff", Duration),
        field("max_backoff", Duration),
        field("retry_on_http_429", Bool),
        field("sample_age_limit", Duration).since(2, 50),
    ]],
    rules: &[check_queue],
};

static METADATA: TableOf = TableOf {
    what: "a metadata config",
    fields: &[&[
        field("send", Bool),
        field("send_interval", Duration),
        field("max_samples_per_send", Int),
    ]],
    rules: &[],
};

/// Signing requests for AWS, here and for Alertmanagers.
pub(super) static SIGV4: TableOf = TableOf {
    what: "a SigV4 config",
    fields: &[&[
        field("region", Text),
        field("access_key", Text),
        field("secret_key", Secret),
        field("profile", Text),
        field("role_arn", Text),
        field("external_id", Text).since(3, 11),
        field("service_name", Text).since(3, 11),
        field("use_fips_sts_endpoint", Bool).since(3, 6),
    ]],
    rules: &[check_sigv4],
};

static AZURE_AD: TableOf = TableOf {
    what: "an Azure AD config",
    fields: &[&[
        field("cloud", OneOf(&CLOUD)),
        field("managed_identity", Of(&MANAGED_IDENTITY)),
        field("workload_identity", Of(&WORKLOAD_IDENTITY)).since(3, 7),
        field("oauth", Of(&AZURE_OAUTH)).since(2, 48),
        field("sdk", Of(&AZURE_SDK)).since(2, 52),
        field("scope", Text).since(3, 9),
    ]],
    rules: &[check_azure_ad],
};

static CLOUD: Choice = Choice {
    what: "an Azure cloud",
    words: &[
        word("AzureChina"),
        word("AzureGovernment"),
        word("AzurePublic"),
    ],
    ignores_case: false,
    may_be_empty: false,
};

static MANAGED_IDENTITY: TableOf = TableOf {
    what: "a managed identity",
    fields: &[&[field("client_id", Text)]],
    rules: &[],
};

static WORKLOAD_IDENTITY: TableOf = TableOf {
    what: "a workload identity",
    fields: &[&[
        field("client_id", Text),
        field("tenant_id", Text),
        field("token_file_path", Text),
    ]],
    rules: &[],
};

static AZURE_OAUTH: TableOf = TableOf {
    what: "an Azure OAuth config",
    fields: &[&[
        field("client_id", Text),
        field("client_secret", Secret),
        field("tenant_id", Text),
    ]],
    rules: &[],
};

static AZURE_SDK: TableOf = TableOf {
    what: "an Azure SDK config",
    fields: &[&[field("tenant_id", Text)]],
    rules: &[],
};

static GOOGLE_IAM: TableOf = TableOf {
    what: "a Google IAM config",
    fields: &[&[field("credentials_file", Text)]],
    rules: &[],
};

pub(super) static REMOTE_READ: TableOf = TableOf {
    what: "a remote read config",
    fields: &[
        &[
            field("url", Url),
            field("remote_timeout", Duration),
            field("chunked_read_limit", Uint).since(2, 54),
            field("headers", Map(&Text, &Text)),
            field("read_recent", Bool),
            field("name", Text),
            field("required_matchers", Map(&LabelName, &LabelValue)),
            field("filter_external_labels", Bool),
        ],
        HTTP,
    ],
    rules: &[check_read, check_http],
};

const AUTHORIZE: &str = "use `authorization`, `basic_auth` or `oauth2`";

fn check_write(checker: &mut Checker<'_>, block: &Block<'_>) {
    check_given_url(checker, block, "remote_write");
    check_headers(checker, block, AUTHORIZE);
    let auth: Vec<&Entry> = [
        "basic_auth",
        "authorization",
        "oauth2",
        "sigv4",
        "azuread",
        "google_iam",
    ]
    .iter()
    .filter_map(|name| block.given(name))
    .collect();
    // Two of the first three are reported by the HTTP client's own rule.
    let own = auth
        .iter()
        .any(|entry| matches!(&*entry.key.text, "sigv4" | "azuread" | "google_iam"));
    if own {
        checker.conflict(&auth);
    }
    if let Some(entry) = block.node.entry("protobuf_message")
        && entry.value.value == Value::Null
    {
        checker.require(block, "protobuf_message", "a remote write config");
    }
}

fn check_read(checker: &mut Checker<'_>, block: &Block<'_>) {
    check_given_url(checker, block, "remote_read");
    check_headers(checker, block, AUTHORIZE);
}

/// An empty text is a URL for Go, only its absence is not.
fn check_given_url(checker: &mut Checker<'_>, block: &Block<'_>, section: &str) {
    if block.given("url").is_none() {
        checker.require(block, "url", section);
    }
}

/// Headers that Prometheus sets itself; `authorization_help` says what to do instead of setting that one.
pub(super) fn check_headers(
    checker: &mut Checker<'_>,
    block: &Block<'_>,
    authorization_help: &str,
) {
    let Some(headers) = block.given("headers") else {
        return;
    };
    for entry in headers.value.entries() {
        let name = entry.key.text.to_lowercase();
        let help = if name == "authorization" {
            authorization_help
        } else if RESERVED_HEADERS.contains(&name.as_str()) {
            "remove it"
        } else {
            continue;
        };
        checker
            .error(
                "reserved-header",
                entry.key.span,
                format!(
                    "the header `{}` is set by Prometheus itself",
                    entry.key.text
                ),
            )
            .help = Some(help.into());
    }
}

/// Since 3.12: counts are positive, and bounds in order.
fn check_queue(checker: &mut Checker<'_>, block: &Block<'_>) {
    if !checker.at_least(3, 12) {
        return;
    }
    let number = |name: &str, default: i64| -> i64 {
        match block.node.get(name).map(|node| &node.value) {
            None => default,
            Some(Value::Number(number)) => number.as_i64().unwrap_or(default),
            Some(_) => 0,
        }
    };
    let mut bounds_known = true;
    for (name, default) in [
        ("capacity", 10_000),
        ("max_shards", 50),
        ("min_shards", 1),
        ("max_samples_per_send", 2_000),
    ] {
        let value = number(name, default);
        if value < 1
            && let Some(entry) = block.node.entry(name)
        {
            let span = if entry.value.span.is_empty() {
                entry.key.span
            } else {
                entry.value.span
            };
            checker
                .error(
                    "value-out-of-range",
                    span,
                    format!("`{name}` of a queue must be at least 1"),
                )
                .help = Some(format!("the default is {default}"));
            bounds_known &= !name.ends_with("shards");
        }
    }
    let (least, most) = (number("min_shards", 1), number("max_shards", 50));
    if bounds_known
        && least > most
        && let Some(entry) = block
            .given("min_shards")
            .or_else(|| block.given("max_shards"))
    {
        checker.error(
            "value-out-of-range",
            entry.value.span,
            format!("`min_shards` is {least}, more than `max_shards`, which is {most}"),
        );
    }
    let backoff = |name: &str, default: u64| match block.node.get(name) {
        None => default,
        Some(node) => millis(&node.text).unwrap_or(0),
    };
    let (least, most) = (backoff("min_backoff", 30), backoff("max_backoff", 5_000));
    if most < least
        && let Some(entry) = block
            .given("max_backoff")
            .or_else(|| block.given("min_backoff"))
    {
        checker
            .error(
                "value-out-of-range",
                entry.value.span,
                "`max_backoff` is shorter than `min_backoff`",
            )
            .help = Some("the defaults are `30ms` and `5s`".into());
    }
}

fn check_azure_ad(checker: &mut Checker<'_>, block: &Block<'_>) {
    let ways = ["managed_identity", "workload_identity", "oauth", "sdk"];
    let given: Vec<&Entry> = ways.iter().filter_map(|name| block.given(name)).collect();
    if given.is_empty() {
        checker
            .error(
                "missing-field",
                block.head,
                "`azuread` says no way to authenticate",
            )
            .help = Some("give `managed_identity`, `oauth`, `workload_identity` or `sdk`".into());
    }
    checker.conflict(&given);
    if let Some(entry) = block.node.entry("cloud")
        && !is_set(&entry.value)
    {
        checker.require(block, "cloud", "an Azure AD config");
    }
    let newer = checker.at_least(3, 5);
    let ids: [(&str, &[&str]); 4] = [
        ("managed_identity", &["client_id"]),
        ("workload_identity", &["client_id", "tenant_id"]),
        ("oauth", &["client_id", "client_secret", "tenant_id"]),
        ("sdk", &[]),
    ];
    for (way, names) in ids {
        let Some(inner) = block.block(way) else {
            continue;
        };
        for name in names {
            let may_be_empty = way == "managed_identity" && newer;
            if !may_be_empty || inner.written(name).is_some() {
                checker.require(&inner, name, &format!("`{way}`"));
            }
            if *name == "client_id"
                && let Some(entry) = inner.written(name)
                && !is_go_uuid(&entry.value.text)
            {
                checker
                    .error(
                        "invalid-uuid",
                        entry.value.span,
                        format!("`client_id` of `{way}` is not a UUID"),
                    )
                    .help = Some("write it as `00000000-0000-0000-0000-000000000000`".into());
            }
        }
    }
    let tenant_ok = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'))
    };
    for way in ["oauth", "sdk", "workload_identity"] {
        if let Some(entry) = block
            .block(way)
            .and_then(|inner| inner.written("tenant_id"))
            && !tenant_ok(&entry.value.text)
        {
            checker.error(
                "invalid-uuid",
                entry.value.span,
                format!("`tenant_id` of `{way}` is not a tenant"),
            );
        }
    }
}

/// As Go's `uuid.Parse` reads it: also with `urn:uuid:`, in braces, or without hyphens.
fn is_go_uuid(text: &str) -> bool {
    let text = text
        .strip_prefix("urn:uuid:")
        .or_else(|| text.strip_prefix('{')?.strip_suffix('}'))
        .unwrap_or(text);
    let is_plain = || text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_plain() || discovery_rules::is_uuid(text)
}
