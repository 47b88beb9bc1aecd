//! What the service discoveries demand beyond the types of their fields.

use super::super::block::{Block, is_set};
use super::super::checker::Checker;
use super::super::go_url;
use super::super::http::check_http;
use super::super::scalar::millis;
use super::discovery::check_url;
use crate::document::{Node, Value};

/// Before 2.48 some service discoveries did not look at their HTTP client settings.
pub(super) fn http_since_2_48(checker: &mut Checker<'_>, block: &Block<'_>) {
    if checker.at_least(2, 48) {
        check_http(checker, block);
    }
}

pub(super) fn role(checker: &mut Checker<'_>, block: &Block<'_>) {
    checker.require(block, "role", "a service discovery");
}

pub(super) fn aws(checker: &mut Checker<'_>, block: &Block<'_>) {
    checker.require(block, "role", "an AWS service discovery");
    region_from_metadata(checker, block);
}

/// Without a region it is asked of the machine's metadata: an error anywhere but on AWS.
pub(super) fn region_from_metadata(checker: &mut Checker<'_>, block: &Block<'_>) {
    if block.text("region").is_none() {
        checker
            .warning(
                "missing-field",
                block.head,
                "without a `region` this loads only where AWS can be asked for it",
            )
            .help = Some("give `region`".into());
    }
}

pub(super) fn filters(checker: &mut Checker<'_>, block: &Block<'_>) {
    for filter in block.blocks("filters") {
        if filter.items("values").is_empty() {
            checker
                .error(
                    "missing-field",
                    filter
                        .node
                        .entry("values")
                        .map_or(filter.head, |entry| entry.key.span),
                    "a filter needs at least one value",
                )
                .help = Some("list values, or remove the filter".into());
        }
    }
}

pub(super) fn azure(checker: &mut Checker<'_>, block: &Block<'_>) {
    let what = "an Azure service discovery";
    let method = match block.node.get("authentication_method") {
        None => "OAuth",
        Some(node) => &*node.text,
    };
    checker.require(block, "subscription_id", what);
    if method == "OAuth" {
        for name in ["tenant_id", "client_id", "client_secret"] {
            checker.require(block, name, what);
        }
    }
    let known = ["OAuth", "ManagedIdentity"].contains(&method)
        || (method == "SDK" && checker.at_least(2, 50))
        || (method == "WorkloadIdentity" && checker.at_least(3, 11));
    if !known && let Some(entry) = block.node.entry("authentication_method") {
        checker
            .error(
                "unknown-value",
                entry.value.span,
                format!("`{method}` is not a way to authenticate to Azure"),
            )
            .help = Some("use `OAuth`, `ManagedIdentity`, `SDK` or `WorkloadIdentity`".into());
    }
}

pub(super) fn consul(checker: &mut Checker<'_>, block: &Block<'_>) {
    required_unless_absent(checker, block, "server", "a Consul service discovery");
    let user = block
        .written("username")
        .or_else(|| block.written("password"));
    if let (Some(user), Some(basic)) = (user, block.given("basic_auth")) {
        checker.conflict(&[user, basic]);
    }
    if let Some(token) = block.written("token") {
        for name in ["authorization", "oauth2"] {
            if let Some(other) = block.given(name) {
                checker.conflict(&[token, other]);
            }
        }
    }
}

/// A field with a default may be absent but not be empty.
fn required_unless_absent(checker: &mut Checker<'_>, block: &Block<'_>, name: &str, what: &str) {
    if block.node.entry(name).is_some() {
        checker.require(block, name, what);
    }
}

pub(super) fn dns(checker: &mut Checker<'_>, block: &Block<'_>) {
    checker.require(block, "names", "a DNS service discovery");
    required_unless_absent(checker, block, "type", "a DNS service discovery");
    let kind = match block.node.entry("type") {
        None => "SRV".to_owned(),
        Some(_) => match block.text("type") {
            Some(text) => text.to_uppercase(),
            None => return,
        },
    };
    let has_port = block
        .given("port")
        .is_some_and(|entry| &*entry.value.text != "0");
    if kind != "SRV" && !has_port {
        let span = block
            .given("type")
            .map_or(block.head, |entry| entry.value.span);
        checker
            .error(
                "missing-field",
                span,
                format!("`{kind}` records hold no port, and none is given"),
            )
            .help = Some("give `port`".into());
    }
}

pub(super) fn docker(checker: &mut Checker<'_>, block: &Block<'_>) {
    if checker.require(block, "host", "a Docker service discovery") {
        check_url(checker, block, "host", &[], false);
    }
}

pub(super) fn eureka(checker: &mut Checker<'_>, block: &Block<'_>) {
    if !checker.require(block, "server", "a Eureka service discovery") {
        return;
    }
    let Some(entry) = block.written("server") else {
        return;
    };
    let is_whole = go_url::parse(&entry.value.text)
        .is_ok_and(|url| !url.scheme.is_empty() && !url.host.is_empty());
    if !is_whole {
        checker
            .error(
                "invalid-url",
                entry.value.span,
                format!("`{}` is not the URL of a Eureka server", entry.value.text),
            )
            .help = Some("write it as `http://host:port/eureka`".into());
    }
}

pub(super) fn file(checker: &mut Checker<'_>, block: &Block<'_>) {
    checker.require(block, "files", "a file service discovery");
    for path in block.items("files") {
        if !is_target_file(&path.text) {
            checker
                .error(
                    "invalid-path",
                    path.span,
                    format!("`{}` is not a path for `file_sd_configs`", path.text),
                )
                .help =
                Some("end it in `.json`, `.yml` or `.yaml`, with `*` only in the file name".into());
        }
    }
}

/// `^[^*]*(\*[^/]*)?\.(json|yml|yaml|JSON|YML|YAML)$`.
fn is_target_file(path: &str) -> bool {
    let stem = [".json", ".yml", ".yaml", ".JSON", ".YML", ".YAML"]
        .iter()
        .find_map(|suffix| path.strip_suffix(suffix));
    stem.is_some_and(is_glob_in_last_part)
}

/// `^[^*]*(\*[^/]*)?$`: at most the last part of a path may hold `*`.
pub(super) fn is_glob_in_last_part(path: &str) -> bool {
    path.find('*')
        .is_none_or(|star| !path[star..].contains('/'))
}

pub(super) fn gce(checker: &mut Checker<'_>, block: &Block<'_>) {
    checker.require(block, "project", "a GCE service discovery");
    checker.require(block, "zone", "a GCE service discovery");
}

pub(super) fn http_sd(checker: &mut Checker<'_>, block: &Block<'_>) {
    if checker.require(block, "url", "an HTTP service discovery") {
        check_url(checker, block, "url", &["http", "https"], true);
    }
}

pub(super) fn ionos(checker: &mut Checker<'_>, block: &Block<'_>) {
    checker.require(block, "datacenter_id", "an IONOS service discovery");
}

pub(super) fn kuma(checker: &mut Checker<'_>, block: &Block<'_>) {
    if checker.require(block, "server", "a Kuma service discovery") {
        check_url(checker, block, "server", &[], true);
    }
}

pub(super) fn marathon(checker: &mut Checker<'_>, block: &Block<'_>) {
    checker.require(block, "servers", "a Marathon service discovery");
    if checker.at_most_one(block, &["auth_token", "auth_token_file"]) {
        return;
    }
    let token = block
        .written("auth_token")
        .or_else(|| block.written("auth_token_file"));
    let Some(token) = token else { return };
    for name in [
        "basic_auth",
        "authorization",
        "bearer_token",
        "bearer_token_file",
    ] {
        if let Some(other) = block.given(name)
            && is_set(&other.value)
        {
            checker.conflict(&[token, other]);
            return;
        }
    }
}

pub(super) fn zookeeper(checker: &mut Checker<'_>, block: &Block<'_>) {
    checker.require(block, "servers", "a ZooKeeper service discovery");
    checker.require(block, "paths", "a ZooKeeper service discovery");
    for path in block.items("paths") {
        if !path.text.starts_with('/') {
            checker
                .error(
                    "invalid-path",
                    path.span,
                    format!("the path `{}` does not begin with `/`", path.text),
                )
                .help = Some(format!("write `/{}`", path.text));
        }
    }
}

pub(super) fn nomad(checker: &mut Checker<'_>, block: &Block<'_>) {
    required_unless_absent(checker, block, "server", "a Nomad service discovery");
}

pub(super) fn openstack(checker: &mut Checker<'_>, block: &Block<'_>) {
    checker.require(block, "role", "an OpenStack service discovery");
    checker.require(block, "region", "an OpenStack service discovery");
    required_unless_absent(
        checker,
        block,
        "availability",
        "an OpenStack service discovery",
    );
}

pub(super) fn outscale(checker: &mut Checker<'_>, block: &Block<'_>) {
    let what = "an Outscale service discovery";
    required_unless_absent(checker, block, "region", what);
    checker.require(block, "access_key", what);
    one_secret(checker, block, what);
}

/// Exactly one of `secret_key` and `secret_key_file`.
fn one_secret(checker: &mut Checker<'_>, block: &Block<'_>, what: &str) {
    if checker.at_most_one(block, &["secret_key", "secret_key_file"]) {
        return;
    }
    let has_one = ["secret_key", "secret_key_file"]
        .iter()
        .any(|name| block.written(name).is_some());
    if !has_one {
        checker
            .error(
                "missing-field",
                block.head,
                format!("{what} needs `secret_key` or `secret_key_file`"),
            )
            .help = Some("give `secret_key_file`".into());
    }
}

pub(super) fn ovhcloud(checker: &mut Checker<'_>, block: &Block<'_>) {
    let what = "an OVHcloud service discovery";
    required_unless_absent(checker, block, "endpoint", what);
    for name in [
        "application_key",
        "application_secret",
        "consumer_key",
        "service",
    ] {
        checker.require(block, name, what);
    }
}

pub(super) fn puppetdb(checker: &mut Checker<'_>, block: &Block<'_>) {
    if checker.require(block, "url", "a PuppetDB service discovery") {
        check_url(checker, block, "url", &["http", "https"], true);
    }
    checker.require(block, "query", "a PuppetDB service discovery");
}

pub(super) fn scaleway(checker: &mut Checker<'_>, block: &Block<'_>) {
    let what = "a Scaleway service discovery";
    for name in ["role", "project_id", "access_key"] {
        checker.require(block, name, what);
    }
    one_secret(checker, block, what);
    required_unless_absent(checker, block, "zone", what);
    required_unless_absent(checker, block, "api_url", what);
    check_url(checker, block, "api_url", &[], false);
    if let Some(entry) = block.written("api_url")
        && entry.value.text.ends_with('/')
    {
        checker
            .error(
                "invalid-url",
                entry.value.span,
                "the URL of Scaleway's API ends in `/`",
            )
            .help = Some("leave the `/` at its end out".into());
    }
    let is_key = |text: &str| {
        text.strip_prefix("SCW").is_some_and(|rest| {
            rest.len() == 17
                && rest
                    .bytes()
                    .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        })
    };
    let is_zone = |text: &str| {
        let parts: Vec<&str> = text.split('-').collect();
        matches!(parts[..], [country, city, number]
            if country.len() == 2 && city.len() == 3 && number.len() == 1
                && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'))
    };
    for (name, expected) in [
        ("access_key", "`SCW` and 17 capitals or digits"),
        ("secret_key", "a UUID"),
        ("project_id", "a UUID"),
        ("zone", "a zone such as `fr-par-1`"),
    ] {
        let Some(entry) = block.written(name) else {
            continue;
        };
        let text = &*entry.value.text;
        let fits = match name {
            "access_key" => is_key(text),
            "zone" => is_zone(text),
            _ => is_uuid(text),
        };
        if !fits {
            checker.error(
                "invalid-identifier",
                entry.value.span,
                format!("`{name}` of a Scaleway service discovery is {expected}"),
            );
        }
    }
}

/// Eight, four, four, four and twelve hexadecimal digits.
pub(super) fn is_uuid(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12])
        && parts
            .iter()
            .all(|part| part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

pub(super) fn stackit_endpoint(checker: &mut Checker<'_>, node: &Node) {
    if matches!(node.value, Value::Mapping(_) | Value::Sequence(_)) {
        checker.wrong_type(node, "a URL");
        return;
    }
    if let Err(problem) = go_url::parse(&node.text) {
        checker.error(
            "invalid-url",
            node.span,
            format!("`{}` is not a URL: {problem}", node.text),
        );
    }
}

pub(super) fn triton(checker: &mut Checker<'_>, block: &Block<'_>) {
    let what = "a Triton service discovery";
    for name in ["account", "dns_suffix", "endpoint"] {
        checker.require(block, name, what);
    }
    required_unless_absent(checker, block, "role", what);
    // Null is no interval, and counts as 0.
    if let Some(interval) = block.node.entry("refresh_interval")
        && millis(interval.value.scalar_text()).unwrap_or(0) == 0
    {
        let message = format!("`refresh_interval` of {what} is 0");
        checker
            .error("value-out-of-range", interval.key.span, message)
            .help = Some("give one of a minute, or leave it out".into());
    }
}

pub(super) fn uyuni(checker: &mut Checker<'_>, block: &Block<'_>) {
    let what = "a Uyuni service discovery";
    for name in ["server", "username", "password"] {
        checker.require(block, name, what);
    }
}
