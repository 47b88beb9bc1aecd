//! The Kubernetes service discovery.

use super::super::block::{Block, is_set};
use super::super::checker::Checker;
use super::super::http::check_http;
use super::super::http::prometheus::HTTP;
use super::super::scalar::quoted;
use super::super::table::Kind::{Block as Of, Bool, Choice as OneOf, List, Text, Url};
use super::super::table::{Choice, TableOf, field, word};
use crate::document::{Entry, Value};

pub(super) static KUBERNETES: TableOf = TableOf {
    what: "a Kubernetes service discovery",
    fields: &[
        &[
            field("api_server", Url),
            field("role", OneOf(&ROLE)),
            field("kubeconfig_file", Text),
            field("namespaces", Of(&NAMESPACES)),
            field("selectors", List(&Of(&SELECTOR))),
            field("attach_metadata", Of(&ATTACH_METADATA)),
        ],
        HTTP,
    ],
    rules: &[check, check_http],
};

static ROLE: Choice = Choice {
    what: "a role of the Kubernetes service discovery",
    words: &[
        word("node"),
        word("pod"),
        word("service"),
        word("endpoints"),
        word("endpointslice"),
        word("ingress"),
    ],
    ignores_case: false,
    may_be_empty: false,
};

static NAMESPACES: TableOf = TableOf {
    what: "`namespaces`",
    fields: &[&[field("own_namespace", Bool), field("names", List(&Text))]],
    rules: &[],
};

static SELECTOR: TableOf = TableOf {
    what: "a selector",
    fields: &[&[
        field("role", OneOf(&ROLE)),
        field("label", Text),
        field("field", Text),
    ]],
    rules: &[],
};

static ATTACH_METADATA: TableOf = TableOf {
    what: "`attach_metadata`",
    fields: &[&[field("node", Bool), field("namespace", Bool).since(3, 6)]],
    rules: &[],
};

fn check(checker: &mut Checker<'_>, block: &Block<'_>) {
    checker.require(block, "role", "a Kubernetes service discovery");
    let api_server = block.given("api_server");
    let kubeconfig = block.written("kubeconfig_file");
    let own_namespace = block.block("namespaces").and_then(|namespaces| {
        namespaces
            .given("own_namespace")
            .filter(|entry| entry.value.value == Value::Bool(true))
    });
    let client = custom_client(block);
    if let (Some(kubeconfig), Some(api_server)) = (kubeconfig, api_server) {
        checker.conflict(&[kubeconfig, api_server]);
    } else if let (Some(kubeconfig), Some(client)) = (kubeconfig, client) {
        checker.conflict(&[kubeconfig, client]);
    } else if let (None, Some(client)) = (api_server, client) {
        checker
            .error(
                "missing-field",
                client.key.span,
                format!(
                    "`{}` needs an explicit `api_server`: inside a cluster the pod's own account is used",
                    client.key.text
                ),
            )
            .help = Some("give `api_server`, or remove the HTTP client settings".into());
    }
    if let Some(own_namespace) = own_namespace {
        for other in [api_server, kubeconfig].into_iter().flatten() {
            checker.conflict(&[own_namespace, other]);
        }
    }
    selectors(checker, block);
}

/// The first HTTP client setting that differs from the defaults.
fn custom_client<'a>(block: &Block<'a>) -> Option<&'a Entry> {
    HTTP.iter()
        .filter_map(|field| block.given(field.name))
        .find(|entry| {
            let is_default_on = matches!(&*entry.key.text, "follow_redirects" | "enable_http2");
            match &entry.value.value {
                Value::Bool(value) => *value != is_default_on,
                Value::Mapping(entries) if &*entry.key.text == "tls_config" => entries
                    .iter()
                    .any(|inner| inner.value.value != Value::Bool(false) && is_set(&inner.value)),
                Value::Mapping(_) => true,
                _ => !entry.value.text.is_empty(),
            }
        })
}

fn selectors(checker: &mut Checker<'_>, block: &Block<'_>) {
    let Some(role) = block.text("role") else {
        return;
    };
    let allowed: &[&str] = match role {
        "pod" if checker.at_least(3, 11) => &["pod", "node"],
        "pod" => &["pod"],
        "service" => &["service"],
        "endpointslice" if checker.at_least(3, 11) => &["pod", "service", "endpointslice", "node"],
        "endpointslice" => &["pod", "service", "endpointslice"],
        "endpoints" if checker.at_least(3, 11) => &["pod", "service", "endpoints", "node"],
        "endpoints" => &["pod", "service", "endpoints"],
        "node" => &["node"],
        "ingress" => &["ingress"],
        _ => return,
    };
    for item in block.items("selectors") {
        if item.value == Value::Null {
            checker
                .error("missing-field", item.span, "a selector is empty")
                .help = Some("remove it".into());
        }
    }
    let mut seen: Vec<&Entry> = Vec::new();
    for selector in block.blocks("selectors") {
        let Some(entry) = selector.given("role") else {
            checker.require(&selector, "role", "a selector");
            continue;
        };
        let text = &*entry.value.text;
        if let Some(first) = seen.iter().find(|first| *first.value.text == *text) {
            let first = first.value.span;
            checker
                .error(
                    "duplicate-name",
                    entry.value.span,
                    format!("there are two selectors of the role `{text}`"),
                )
                .help = Some("join them: `label: \"a=b,c=d\"`".into());
            checker.relate("first given here", first);
        } else if !allowed.contains(&text) && !text.is_empty() {
            checker
                .error(
                    "unknown-value",
                    entry.value.span,
                    format!(
                        "the role `{role}` takes selectors of the roles {} only, and not `{text}`",
                        quoted(allowed)
                    ),
                )
                .help = Some("remove this selector".into());
        }
        seen.push(entry);
        for name in ["label", "field"] {
            if let Some(entry) = selector.written(name)
                && !is_selector(&entry.value.text, name == "label")
            {
                checker
                    .error(
                        "invalid-selector",
                        entry.value.span,
                        format!("`{}` is not a {name} selector", entry.value.text),
                    )
                    .help = Some("write it as `key=value,other!=value`".into());
            }
        }
    }
}

/// Whether the terms of a Kubernetes selector have the form they need.
fn is_selector(text: &str, of_labels: bool) -> bool {
    if !of_labels {
        return text
            .split(',')
            .all(|term| term.is_empty() || term.contains('='));
    }
    let mut depth = 0_u32;
    let mut term = String::new();
    let mut terms = Vec::new();
    for character in text.chars() {
        match character {
            '(' => depth += 1,
            ')' if depth == 0 => return false,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                terms.push(std::mem::take(&mut term));
                continue;
            }
            _ => {}
        }
        term.push(character);
    }
    terms.push(term);
    depth == 0 && (terms.iter().all(|term| is_label_term(term.trim())) || text.trim().is_empty())
}

/// What stands in names and values of labels: up to 63 characters, the first and the last of them a letter or a digit.
fn is_label_part(text: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric();
    let bytes = text.as_bytes();
    bytes.len() <= 63
        && bytes.first().copied().is_some_and(is_word)
        && bytes.last().copied().is_some_and(is_word)
        && bytes
            .iter()
            .all(|byte| is_word(*byte) || matches!(byte, b'-' | b'_' | b'.'))
}

/// `name`, or `domain/name`; the domain in lower case.
fn is_label_key(text: &str) -> bool {
    let (domain, name) = match text.split_once('/') {
        Some((domain, name)) => (Some(domain), name),
        None => (None, text),
    };
    let is_domain = |domain: &str| {
        domain.len() <= 253
            && domain.split('.').all(|label| {
                is_label_part(label)
                    && label.bytes().all(|byte| {
                        byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'
                    })
            })
    };
    is_label_part(name) && domain.is_none_or(is_domain)
}

fn is_label_term(term: &str) -> bool {
    let key_end = term
        .find(|character: char| {
            !(character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.' | '/'))
        })
        .unwrap_or(term.len());
    let (key, rest) = term.split_at(key_end);
    let rest = rest.trim_start();
    if let Some(absent) = key.is_empty().then(|| rest.strip_prefix('!')).flatten() {
        return is_label_term(absent.trim());
    }
    let is_value = |value: &str| value.trim().is_empty() || is_label_part(value.trim());
    if !is_label_key(key) {
        return false;
    }
    if rest.is_empty() {
        return true;
    }
    for operator in ["!=", "==", "=", ">", "<"] {
        if let Some(value) = rest.strip_prefix(operator) {
            return is_value(value);
        }
    }
    ["in", "notin"].iter().any(|operator| {
        rest.strip_prefix(operator)
            .map(str::trim)
            .and_then(|list| list.strip_prefix('(')?.strip_suffix(')'))
            .is_some_and(|list| list.split(',').all(is_value))
    })
}
