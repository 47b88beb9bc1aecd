//! `bundle/secrets`: a safety net under the rule that secrets are references. It knows secrets by the names of their
//! keys and by the form of URLs, and is meant to be silent where somebody took care.

use super::inspection::{Inspection, Text};
use crate::bundle::Kind;
use crate::diagnostic::Diagnostic;
use crate::document::{Node, Value};
use crate::source::Span;

pub(super) const NAME: &str = "bundle/secrets";

/// Keys that end like this hold a secret.
const SECRET_KEYS: [&str; 15] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "api_key",
    "apikey",
    "access_key",
    "secret_key",
    "private_key",
    "routing_key",
    "service_key",
    "api_url",
    "credentials",
    "requirepass",
];

pub(super) fn check(inspection: &Inspection<'_>) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    for document in inspection.documents() {
        // What dashboards, rules and targets hold is text for people and PromQL: only URLs are looked at.
        let has_keys = !matches!(
            document.text.kind(),
            Kind::GrafanaDashboard
                | Kind::PrometheusRules
                | Kind::PrometheusRuleTests
                | Kind::PrometheusTargets
        );
        if has_keys {
            let report = &mut |span, name: &str| {
                findings.push(literal(&document.text, span, name));
            };
            keys(&document.tree, report);
        }
        findings.extend(urls(&document.text));
    }
    for text in inspection.texts() {
        if text.kind() == Kind::EnvExample {
            assignments(text, &mut findings);
        }
        findings.extend(urls(text));
    }
    findings
}

/// The value itself is never repeated.
fn literal(text: &Text<'_>, span: Span, name: &str) -> Diagnostic {
    text.error(NAME, span, format!("`{name}` is a literal secret"))
        .help("refer to a file (`*_file`), a Compose secret or an environment variable")
}

fn is_secret_key(name: &str) -> bool {
    let name = name.trim_start_matches('-').to_ascii_lowercase();
    let name = name.replace(['-', '.'], "_");
    let mut words = name.rsplit('_');
    let last = words.next().unwrap_or_default();
    SECRET_KEYS
        .iter()
        .any(|key| *key == last || name.ends_with(key) && name != "_key" && key.contains('_'))
        || last.ends_with("password")
}

/// Whether a value says where the secret is, rather than being it.
fn is_reference(value: &str) -> bool {
    let value = value.trim().trim_matches(['"', '\'']);
    let is_placeholder = value.starts_with('<') && value.ends_with('>');
    value.is_empty()
        || is_placeholder
        || value.contains('$')
        || value.contains("{{")
        || value.starts_with(['/', '.', '*'])
        || matches!(value, "true" | "false" | "null")
}

fn keys(node: &Node, report: &mut impl FnMut(Span, &str)) {
    for entry in node.entries() {
        let name = &*entry.key.text;
        match &entry.value.value {
            Value::String(text) if is_secret_key(name) && !is_reference(text) => {
                report(entry.value.span, name);
            }
            Value::Number(_) if is_secret_key(name) => report(entry.value.span, name),
            _ => keys(&entry.value, report),
        }
    }
    let mut previous: Option<&str> = None;
    for item in node.items() {
        // Arguments and variables: `--redis.password=x`, `--requirepass x`, `REDIS_PASSWORD=x`.
        if let Some(text) = item.as_str() {
            if let Some((name, value)) = text.split_once('=')
                && !name.contains(' ')
                && is_secret_key(name)
                && !is_reference(value)
            {
                report(item.span, name);
            }
            if let Some(flag) = previous.filter(|flag| flag.starts_with("--"))
                && is_secret_key(flag)
                && !flag.contains('=')
                && !text.starts_with('-')
                && !is_reference(text)
            {
                report(item.span, flag);
            }
        }
        previous = item.as_str();
        keys(item, report);
    }
}

/// `NAME=value` lines of `.env.example`, which is no place for values of secrets.
fn assignments(text: &Text<'_>, findings: &mut Vec<Diagnostic>) {
    let mut start = 0;
    for line in text.artifact.text.split_inclusive('\n') {
        if let Some((name, value)) = line.split_once('=')
            && !name.trim_start().starts_with('#')
            && is_secret_key(name.trim())
            && !is_reference(value)
        {
            let at = start + name.len() + 1;
            let span = Span::new(at, at + value.trim_end().len());
            let name = name.trim();
            let message = format!("`{name}` has a value, which would be everybody's password");
            findings.push(text.error(NAME, span, message).help("leave it empty"));
        }
        start += line.len();
    }
}

/// `scheme://user:password@host`, anywhere.
fn urls(text: &Text<'_>) -> Vec<Diagnostic> {
    let source = &*text.artifact.text;
    let mut findings = Vec::new();
    for (at, _) in source.match_indices("://") {
        let start = at + 3;
        let rest = &source[start..];
        let end = rest
            .find(|char: char| char.is_whitespace() || "/\"'`\\)>,".contains(char))
            .unwrap_or(rest.len());
        let Some((credentials, _)) = rest[..end].rsplit_once('@') else {
            continue;
        };
        let Some((user, password)) = credentials.split_once(':') else {
            continue;
        };
        // Words that only say what belongs there.
        let is_word = matches!(
            password.to_ascii_lowercase().as_str(),
            "password" | "pass" | "pw" | "secret" | "…" | "..."
        );
        if !is_reference(password) && !is_word && !password.contains(['<', '{']) {
            let from = start + user.len() + 1;
            let span = Span::new(from, from + password.len());
            let message = "a password stands in this URL";
            findings.push(
                text.error(NAME, span, message)
                    .help("keep it in a file or an environment variable"),
            );
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use crate::check::embedded::samples::findings;

    const REFER: &str =
        "help: refer to a file (`*_file`), a Compose secret or an environment variable";

    #[test]
    fn references_are_not_reported() {
        let compose = "services:
  a:
    command: [--redis.password-file=/run/secrets/x, '--requirepass', '$PASSWORD', --token-count, '3']
    environment:
      REDIS_PASSWORD: ${REDIS_PASSWORD:?say it}
      GF_SECURITY_ADMIN_PASSWORD__FILE: /run/secrets/grafana
      GF_SECURITY_DISABLE_INITIAL_ADMIN_PASSWORD: 'false'
    secrets: [redis-password]
secrets: {redis-password: {environment: REDIS_PASSWORD}, token: {file: ./secrets/token}}
";
        let alertmanager = "receivers:
  - {name: a, slack_configs: [{api_url_file: /run/secrets/slack}], email_configs: [{auth_password_file: x}]}
";
        let env = "# The password.\nREDIS_PASSWORD=\n# API_TOKEN=x\nGRAFANA_PORT=3000\n";
        let readme = "Call redis://user:password@host, https://$USER:$TOKEN@host or redis://host:6379/0@1.\n";
        let files = [
            ("compose.yaml", compose),
            ("alertmanager/alertmanager.yml", alertmanager),
            (".env.example", env),
            ("README.md", readme),
            (
                "grafana/dashboards/a.json",
                r#"{"uid": "a", "title": "token: x", "token": "x"}"#,
            ),
        ];
        assert_eq!(findings("bundle/secrets", &files), [""; 0]);
    }

    #[test]
    fn literals_are_reported_without_being_repeated() {
        let compose = "services:
  a:
    command: [--requirepass, hunter2, --redis.password=hunter2]
    environment: {REDIS_PASSWORD: hunter2, DB_PASSWORD: 1234}
  b: {environment: [API_TOKEN=hunter2]}
";
        let alertmanager = "receivers:
  - {name: a, slack_configs: [{api_url: 'https://hooks.example/T/B/x'}]}
  - {name: b, pagerduty_configs: [{routing_key: hunter2}]}
";
        let files = [
            ("compose.yaml", compose),
            ("alertmanager/alertmanager.yml", alertmanager),
            (".env.example", "REDIS_PASSWORD=hunter2\n"),
            ("README.md", "See redis://:hunter2@redis:6379.\n"),
        ];
        let found = findings("bundle/secrets", &files);
        assert_eq!(
            found,
            [
                format!("alertmanager/alertmanager.yml:2:41: `api_url` is a literal secret · {REFER}"),
                format!("alertmanager/alertmanager.yml:3:49: `routing_key` is a literal secret · {REFER}"),
                format!("compose.yaml:3:30: `--requirepass` is a literal secret · {REFER}"),
                format!("compose.yaml:3:39: `--redis.password` is a literal secret · {REFER}"),
                format!("compose.yaml:4:35: `REDIS_PASSWORD` is a literal secret · {REFER}"),
                format!("compose.yaml:4:57: `DB_PASSWORD` is a literal secret · {REFER}"),
                format!("compose.yaml:5:21: `API_TOKEN` is a literal secret · {REFER}"),
                ".env.example:1:16: `REDIS_PASSWORD` has a value, which would be everybody's password · help: leave it empty"
                    .to_owned(),
                "README.md:1:14: a password stands in this URL · help: keep it in a file or an environment variable"
                    .to_owned(),
            ]
        );
        assert!(found.iter().all(|line| !line.contains("hunter2")));
    }
}
