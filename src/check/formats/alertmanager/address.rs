//! Addresses that Alertmanager sends to.

use super::super::checker::Checker;
use super::super::go_url;
use crate::document::Node;

/// What a hidden value is replaced by when a configuration is printed; read back unchanged.
const HIDDEN: &str = "<secret>";

/// An `http` or `https` URL with a host.
pub(super) fn http_url(checker: &mut Checker<'_>, node: &Node) {
    check(checker, node, false);
}

/// The same, which may be hidden and is not shown.
pub(super) fn secret_url(checker: &mut Checker<'_>, node: &Node) {
    if &*node.text != HIDDEN {
        check(checker, node, true);
    }
}

/// The address of a webhook, which became a secret in 0.26.
pub(super) fn webhook_url(checker: &mut Checker<'_>, node: &Node) {
    if checker.at_least(0, 26) {
        secret_url(checker, node);
    } else {
        check(checker, node, false);
    }
}

fn check(checker: &mut Checker<'_>, node: &Node, is_secret: bool) {
    let problem = match go_url::parse(&node.text) {
        // What is wrong may itself show the secret.
        Err(_) if is_secret => "it cannot be read as one".into(),
        Err(problem) => problem,
        Ok(url) if !["http", "https"].contains(&url.scheme.to_lowercase().as_str()) => {
            "it must begin with `http://` or `https://`".into()
        }
        Ok(url) if url.host.is_empty() => "it has no host".into(),
        Ok(_) => return,
    };
    let what = if is_secret {
        "this is not a URL".into()
    } else {
        format!("`{}` is not a URL", node.text)
    };
    checker.error("invalid-url", node.span, format!("{what}: {problem}"));
}

/// `host:port`, with an IPv6 host in brackets.
pub(super) fn host_port(checker: &mut Checker<'_>, node: &Node) {
    let text = &*node.text;
    if text.is_empty() {
        return;
    }
    let fits = match text.strip_prefix('[') {
        Some(after) => after.split_once(']').is_some_and(|(host, port)| {
            !host.contains('[')
                && port.len() > 1
                && port.starts_with(':')
                && !port[1..].contains([':', '[', ']'])
        }),
        None => text.split_once(':').is_some_and(|(host, port)| {
            !port.is_empty() && !port.contains([':', '[', ']']) && !host.contains(['[', ']'])
        }),
    };
    if !fits {
        checker
            .error(
                "invalid-address",
                node.span,
                format!("`{text}` is not an address with a port"),
            )
            .help = Some("write it as `smtp.example.org:587`".into());
    }
}
