//! The HTTP client settings that Prometheus and Alertmanager share (`prometheus/common`). The two got
//! most fields in different versions: one set of tables for each.

use super::block::Block;
use super::checker::Checker;
use super::table::Kind::{
    Anything, Block as Of, Bool, Choice as OneOf, List, Map, Secret, Text, Url,
};
use super::table::{Choice, Field, TableOf, field, word};
use crate::document::Entry;

static TLS_VERSION: Choice = Choice {
    what: "a TLS version",
    words: &[word("TLS10"), word("TLS11"), word("TLS12"), word("TLS13")],
    ignores_case: false,
    may_be_empty: false,
};

/// Builds the tables for one product: its name in the module, and the versions in which it got what is not old.
macro_rules! http_tables {
    ($name:ident, inline_tls: $inline:expr, references: $references:expr,
     username_file: $username:expr, proxy: $proxy:expr, headers: $headers:expr, jwt: $jwt:expr, http2: $http2:expr) => {
        pub(super) mod $name {
            use super::*;

            pub(in super::super) static TLS: TableOf = TableOf {
                what: "a TLS config",
                fields: &[&[
                    field("ca", Text).since($inline.0, $inline.1),
                    field("cert", Text).since($inline.0, $inline.1),
                    field("key", Secret).since($inline.0, $inline.1),
                    field("ca_file", Text),
                    field("cert_file", Text),
                    field("key_file", Text),
                    field("ca_ref", Text).since($references.0, $references.1),
                    field("cert_ref", Text).since($references.0, $references.1),
                    field("key_ref", Text).since($references.0, $references.1),
                    field("server_name", Text),
                    field("insecure_skip_verify", Bool),
                    field("min_version", OneOf(&TLS_VERSION)),
                    field("max_version", OneOf(&TLS_VERSION)),
                ]],
                rules: &[check_tls],
            };

            static BASIC_AUTH: TableOf = TableOf {
                what: "basic auth",
                fields: &[&[
                    field("username", Text),
                    field("username_file", Text).since($username.0, $username.1),
                    field("username_ref", Text).since($references.0, $references.1),
                    field("password", Secret),
                    field("password_file", Text),
                    field("password_ref", Text).since($references.0, $references.1),
                ]],
                rules: &[],
            };

            static AUTHORIZATION: TableOf = TableOf {
                what: "an authorization",
                fields: &[&[
                    field("type", Text),
                    field("credentials", Secret),
                    field("credentials_file", Text),
                    field("credentials_ref", Text).since($references.0, $references.1),
                ]],
                rules: &[],
            };

            static OAUTH2_PROXY: &[Field] = &[
                field("proxy_url", Url),
                field("no_proxy", Text).since($proxy.0, $proxy.1),
                field("proxy_from_environment", Bool).since($proxy.0, $proxy.1),
                field("proxy_connect_header", Map(&Text, &List(&Secret))).since($proxy.0, $proxy.1),
            ];

            static OAUTH2: TableOf = TableOf {
                what: "an OAuth 2 config",
                fields: &[
                    &[
                        field("client_id", Text),
                        field("client_secret", Secret),
                        field("client_secret_file", Text),
                        field("client_secret_ref", Text).since($references.0, $references.1),
                        field("client_certificate_key_id", Text).since($jwt.0, $jwt.1),
                        field("client_certificate_key", Secret).since($jwt.0, $jwt.1),
                        field("client_certificate_key_file", Text).since($jwt.0, $jwt.1),
                        field("client_certificate_key_ref", Text).since($jwt.0, $jwt.1),
                        field("grant_type", Text).since($jwt.0, $jwt.1),
                        field("signature_algorithm", Text).since($jwt.0, $jwt.1),
                        field("iss", Text).since($jwt.0, $jwt.1),
                        field("audience", Text).since($jwt.0, $jwt.1),
                        field("claims", Map(&Text, &Anything)).since($jwt.0, $jwt.1),
                        field("scopes", List(&Text)),
                        field("token_url", Text),
                        field("endpoint_params", Map(&Text, &Text)),
                        field("tls_config", Of(&TLS)),
                    ],
                    OAUTH2_PROXY,
                ],
                rules: &[check_oauth2, check_proxy],
            };

            /// A header to send, by its values.
            pub(in super::super) static HEADER: TableOf = TableOf {
                what: "a header",
                fields: &[&[
                    field("values", List(&Text)),
                    field("secrets", List(&Secret)),
                    field("files", List(&Text)),
                ]],
                rules: &[],
            };

            /// Fields that every block with an HTTP client has.
            pub(in super::super) static HTTP: &[Field] = &[
                field("basic_auth", Of(&BASIC_AUTH)),
                field("authorization", Of(&AUTHORIZATION)),
                field("oauth2", Of(&OAUTH2)),
                field("bearer_token", Secret),
                field("bearer_token_file", Text),
                field("tls_config", Of(&TLS)),
                field("follow_redirects", Bool),
                field("enable_http2", Bool).since($http2.0, $http2.1),
                field("proxy_url", Url),
                field("no_proxy", Text).since($proxy.0, $proxy.1),
                field("proxy_from_environment", Bool).since($proxy.0, $proxy.1),
                field("proxy_connect_header", Map(&Text, &List(&Secret))),
                field("http_headers", Map(&Text, &Of(&HEADER))).since($headers.0, $headers.1),
            ];
        }
    };
}

http_tables!(prometheus, inline_tls: (2, 48), references: (2, 54), username_file: (2, 48),
    proxy: (2, 43), headers: (2, 55), jwt: (3, 8), http2: (2, 35));
http_tables!(alertmanager, inline_tls: (0, 27), references: (0, 28), username_file: (0, 27),
    proxy: (0, 26), headers: (0, 28), jwt: (0, 30), http2: (0, 25));

/// The HTTP client as a block of its own, as receivers have it.
pub(super) static HTTP_CONFIG: TableOf = TableOf {
    what: "an HTTP client config",
    fields: &[alertmanager::HTTP],
    rules: &[check_http],
};

static SIGNATURE: Choice = Choice {
    what: "a signature algorithm",
    words: &[word("RS256"), word("RS384"), word("RS512")],
    ignores_case: false,
    may_be_empty: true,
};

/// Headers that belong to the protocol, in lower case.
pub(super) const RESERVED_HEADERS: [&str; 16] = [
    "host",
    "content-encoding",
    "content-length",
    "content-type",
    "user-agent",
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "www-authenticate",
    "accept-encoding",
    "x-prometheus-remote-write-version",
    "x-prometheus-remote-read-version",
    "x-amz-date",
    "x-amz-security-token",
    "x-amz-content-sha256",
];

/// Further ones that `http_headers` cannot set.
const OWN_HEADERS: [&str; 2] = ["authorization", "x-prometheus-scrape-timeout-seconds"];

const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// The blocks and secrets that exclude each other.
pub(super) fn check_http(checker: &mut Checker<'_>, block: &Block<'_>) {
    if !checker.at_most_one(block, &["bearer_token", "bearer_token_file"]) {
        let strong = ["basic_auth", "authorization", "oauth2"];
        let mut given: Vec<&Entry> = strong.iter().filter_map(|name| block.given(name)).collect();
        given.extend(
            ["bearer_token", "bearer_token_file"]
                .iter()
                .filter_map(|name| block.written(name)),
        );
        checker.conflict(&given);
    }
    if let Some(basic) = block.block("basic_auth") {
        checker.at_most_one(&basic, &["username", "username_file", "username_ref"]);
        checker.at_most_one(&basic, &["password", "password_file", "password_ref"]);
    }
    if let Some(authorization) = block.block("authorization") {
        checker.at_most_one(
            &authorization,
            &["credentials", "credentials_file", "credentials_ref"],
        );
        if let Some(kind) = authorization.written("type")
            && kind.value.text.trim().eq_ignore_ascii_case("basic")
        {
            checker
                .error(
                    "conflicting-fields",
                    kind.value.span,
                    "the type of an authorization cannot be `basic`",
                )
                .help = Some("use `basic_auth` instead".into());
        }
    }
    check_proxy(checker, block);
    if let Some(headers) = block.block("http_headers") {
        for entry in headers.node.entries() {
            check_header_name(checker, entry);
        }
    }
}

/// `http_headers` cannot set what the client sets itself.
fn check_header_name(checker: &mut Checker<'_>, entry: &Entry) {
    let name = entry.key.text.to_lowercase();
    if RESERVED_HEADERS.contains(&name.as_str()) || OWN_HEADERS.contains(&name.as_str()) {
        checker
            .error(
                "reserved-header",
                entry.key.span,
                format!(
                    "the header `{}` is set by the client itself",
                    entry.key.text
                ),
            )
            .help = Some("remove it".into());
    }
}

fn check_oauth2(checker: &mut Checker<'_>, block: &Block<'_>) {
    checker.require(block, "client_id", "OAuth 2");
    checker.require(block, "token_url", "OAuth 2");
    let secrets = ["client_secret", "client_secret_file", "client_secret_ref"];
    let has_secret = secrets.iter().any(|name| block.written(name).is_some());
    if !has_secret && needs_secret(checker) {
        checker
            .error(
                "missing-field",
                block.head,
                "OAuth 2 needs `client_secret` or `client_secret_file`",
            )
            .help = Some("give `client_secret_file`".into());
    }
    if block.text("grant_type") != Some(JWT_BEARER) {
        checker.at_most_one(block, &secrets);
        return check_grant_type(checker, block);
    }
    let keys = [
        "client_certificate_key",
        "client_certificate_key_file",
        "client_certificate_key_ref",
    ];
    checker.at_most_one(block, &keys);
    if let Some(algorithm) = block.written("signature_algorithm") {
        let node = &algorithm.value;
        checker.check_choice(&node.text, node.span, &SIGNATURE);
    }
}

/// Whatever else stands there counts as `client_credentials`.
fn check_grant_type(checker: &mut Checker<'_>, block: &Block<'_>) {
    const DEFAULT: &str = "client_credentials";
    if let Some(grant) = block.written("grant_type")
        && &*grant.value.text != DEFAULT
    {
        let message = format!("`{}` is read as `{DEFAULT}`", grant.value.text);
        checker
            .warning("unknown-value", grant.value.span, message)
            .help = Some(format!("write `{DEFAULT}`, or `{JWT_BEARER}`"));
    }
}

/// Before `prometheus/common` 0.42 an OAuth 2 client without a secret was refused.
fn needs_secret(checker: &Checker<'_>) -> bool {
    if checker.reader.area == "prometheus" {
        !checker.at_least(2, 44)
    } else {
        !checker.at_least(0, 26)
    }
}

/// A proxy is either given or taken from the environment, and the rest needs one.
fn check_proxy(checker: &mut Checker<'_>, block: &Block<'_>) {
    let from_environment = block.flag("proxy_from_environment") == Some(true);
    let url = block.written("proxy_url");
    if from_environment {
        for other in ["proxy_url", "no_proxy"] {
            checker.at_most_one(block, &["proxy_from_environment", other]);
        }
    }
    if url.is_none() && !from_environment {
        for dependent in ["proxy_connect_header", "no_proxy"] {
            let Some(entry) = block.given(dependent) else {
                continue;
            };
            let is_set = if dependent == "no_proxy" {
                !entry.value.text.is_empty()
            } else {
                !entry.value.entries().is_empty()
            };
            if is_set {
                checker
                    .error(
                        "missing-field",
                        entry.key.span,
                        format!("`{dependent}` does nothing without `proxy_url`"),
                    )
                    .help = Some("give `proxy_url`, or remove this".into());
            }
        }
    }
}

fn check_tls(checker: &mut Checker<'_>, block: &Block<'_>) {
    checker.at_most_one(block, &["ca", "ca_file", "ca_ref"]);
    let cert_conflict = checker.at_most_one(block, &["cert", "cert_file", "cert_ref"]);
    let key_conflict = checker.at_most_one(block, &["key", "key_file", "key_ref"]);
    if cert_conflict || key_conflict {
        return;
    }
    let one_of = |names: [&str; 3]| names.iter().find_map(|name| block.written(name));
    match (
        one_of(["cert", "cert_file", "cert_ref"]),
        one_of(["key", "key_file", "key_ref"]),
    ) {
        (Some(cert), None) => {
            checker
                .error(
                    "missing-field",
                    cert.key.span,
                    "a client certificate is given without its key",
                )
                .help = Some("give `key_file`".into());
        }
        (None, Some(key)) => {
            checker
                .error(
                    "missing-field",
                    key.key.span,
                    "the key of a client certificate is given without the certificate",
                )
                .help = Some("give `cert_file`".into());
        }
        _ => {}
    }
    let order = ["TLS10", "TLS11", "TLS12", "TLS13"];
    let rank = |name: &str| {
        let text = block.text(name)?;
        order.iter().position(|version| *version == text)
    };
    if let (Some(least), Some(most), Some(entry)) = (
        rank("min_version"),
        rank("max_version"),
        block.given("max_version"),
    ) && most < least
    {
        checker.error(
            "value-out-of-range",
            entry.value.span,
            "`max_version` is older than `min_version`",
        );
    }
}

/// Keys of AWS come in pairs, and an external id belongs to a role.
pub(super) fn check_sigv4(checker: &mut Checker<'_>, block: &Block<'_>) {
    if let (Some(id), None) = (block.written("external_id"), block.written("role_arn")) {
        checker
            .error(
                "missing-field",
                id.key.span,
                "`external_id` of SigV4 needs `role_arn` too",
            )
            .help = Some("give `role_arn`, or remove this".into());
    }
    let (one, missing) = match (block.written("access_key"), block.written("secret_key")) {
        (Some(one), None) => (one, "secret_key"),
        (None, Some(one)) => (one, "access_key"),
        _ => return,
    };
    checker
        .error(
            "missing-field",
            one.key.span,
            format!("`{}` of SigV4 needs `{missing}` too", one.key.text),
        )
        .help = Some(format!("give `{missing}`, or neither"));
}
