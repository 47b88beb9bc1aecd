use super::grafana_open_admin;
use crate::diagnostic::{Level, Safety};
use crate::document::{Node, Value};
use crate::facts::Facts;
use crate::facts::compose::ComposeService;
use crate::facts::scalars::each_scalar;
use crate::facts::secret::{is_plain, is_secret_key};
use crate::facts::text::Text;
use crate::lint::secret_file::secret_file;
use crate::lint::{Finding, Findings, Lint};
use crate::setup::{Document, DocumentId, Kind, helm_values};

pub(super) static LINT: Lint = Lint {
    id: "security/plaintext-secret",
    level: Level::Warning,
    summary: "a password, token or key that everybody who has the files can read",
    needs: &[],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for document in facts.setup.documents() {
        let how = match document.kind {
            Kind::Prometheus | Kind::ScrapeConfigs | Kind::Alertmanager | Kind::Blackbox => {
                "put it into a file, and name that with the key that ends in `_file`"
            }
            Kind::Datasources => "write `$__file{…}` or a variable, and keep the secret outside",
            Kind::GrafanaAlerting => "write a variable, and keep the secret outside",
            _ => continue,
        };
        each_scalar(&document.root, &mut |keys, node| {
            let Some(key) = keys.last() else { return };
            let value = node.scalar_text();
            // With VictorOps it names the team; the secret is `api_key`.
            let is_team = *key == "routing_key" && keys.contains(&"victorops_configs");
            let is_secret = (is_secret_key(key) && !is_team)
                || (document.kind == Kind::Datasources && is_header(keys, value));
            if !((is_secret && is_plain(value)) || has_token(value)) {
                return;
            }
            let text = Text::of(document, node);
            let finding = report(&text, key, how, findings);
            let moved = reader(facts, document.id)
                .and_then(|service| secret_file(facts, document, node, service));
            if let Some(moved) = moved {
                let title = format!("move it to the Compose secret `{}`", moved.name);
                let finding = finding.fix(Safety::Unsafe, title, moved.edits);
                if let Some((path, text)) = moved.file {
                    finding.creating(path, text);
                }
            }
        });
    }
    for document in facts.setup.of_kind(Kind::HelmValues) {
        check_chart(document, findings);
    }
    for service in facts
        .projects
        .iter()
        .flat_map(|project| project.services.values())
    {
        check_service(service, findings);
    }
}

/// Where values of kube-prometheus-stack hold secrets: other keys below `grafana` name Secrets and keys in them.
const OF_CHART: [&[&str]; 6] = [
    &["alertmanager", "config"],
    &["grafana", "adminPassword"],
    &["grafana", "env"],
    &["grafana", "grafana.ini"],
    &["grafana", "datasources"],
    &["grafana", "additionalDataSources"],
];

fn check_chart(document: &Document, findings: &mut Findings<'_>) {
    let Some(values) = helm_values(&document.root) else {
        return;
    };
    let how = "keep it in a Secret, and name that in the values";
    for path in OF_CHART {
        let node = path
            .iter()
            .try_fold(values, |node, key| node.get(key))
            .filter(|node| node.value != Value::Null);
        let Some(node) = node else { continue };
        let mut check = |key: &str, node: &Node| {
            let value = node.scalar_text();
            let is_secret = is_secret_key(key) && is_plain(value);
            let is_known = key == "adminPassword" && grafana_open_admin::is_known_password(value);
            if (is_secret && !is_known) || has_token(value) {
                report(&Text::of(document, node), key, how, findings);
            }
        };
        match (path.last(), node.as_str()) {
            (Some(key), Some(_)) => check(key, node),
            _ => each_scalar(node, &mut |keys, node| {
                if let Some(key) = keys.last() {
                    check(key, node);
                }
            }),
        }
    }
}

/// A header's value that authorises: tenants and the like are no secrets.
fn is_header(keys: &[&str], value: &str) -> bool {
    keys.last()
        .is_some_and(|key| key.starts_with("httpHeaderValue"))
        && ["Bearer ", "Basic ", "Token "]
            .iter()
            .any(|scheme| value.starts_with(scheme))
}

/// Addresses that are secrets themselves.
fn has_token(value: &str) -> bool {
    [
        "https://hooks.slack.com/services/",
        "https://discord.com/api/webhooks/",
    ]
    .iter()
    .any(|prefix| {
        value
            .strip_prefix(prefix)
            .is_some_and(|rest| rest.len() > 8 && is_plain(rest))
    })
}

fn check_service(service: &ComposeService, findings: &mut Findings<'_>) {
    let how = "take it from a variable without a default, or from a secret";
    for (name, value) in &service.environment {
        let Some(text) = value.as_ref().and_then(|value| value.value()) else {
            continue;
        };
        let is_secret = is_secret_key(name) && is_plain(text.as_str());
        let is_url = password_of_url(text.as_str()).is_some_and(is_plain);
        // A file of variables is where secrets belong.
        if !(is_secret || is_url) || is_from_file(service, text) {
            continue;
        }
        // What everybody knows is no secret, and reported as such.
        if grafana_open_admin::is_known(service, name, text) {
            continue;
        }
        report(text, name, how, findings);
    }
    let arguments: Vec<&Text> = service.entrypoint.iter().chain(&service.command).collect();
    for (index, argument) in arguments.iter().enumerate() {
        let Some(flag) = argument.as_str().strip_prefix("--") else {
            continue;
        };
        let (name, value) = match flag.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (flag, arguments.get(index + 1).map(|next| next.as_str())),
        };
        let Some(value) = value.filter(|value| !value.starts_with("--")) else {
            continue;
        };
        if is_secret_key(name) && is_plain(value) {
            let message = format!(
                "the arguments of `{}` hold a secret: `--{name}` is seen by everybody who lists processes",
                service.name.as_str()
            );
            findings
                .report(argument.place, message)
                .label("in the clear")
                .help(how);
        }
    }
}

/// The password in `postgresql://user:password@host/name`.
fn password_of_url(url: &str) -> Option<&str> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let (credentials, _) = authority.rsplit_once('@')?;
    let is_scheme = scheme
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'+');
    let (_, password) = credentials.split_once(':')?;
    is_scheme.then_some(password)
}

fn is_from_file(service: &ComposeService, text: &Text) -> bool {
    service
        .layers
        .iter()
        .all(|layer| layer.document != text.place.document)
}

fn report<'d, 'f>(
    text: &Text,
    key: &str,
    how: &str,
    findings: &'d mut Findings<'f>,
) -> Finding<'d, 'f> {
    findings
        .report(text.place, format!("`{key}` holds a secret in the clear"))
        .label("readable for everybody")
        .help(how)
}

/// The service that reads a configuration of Prometheus or Alertmanager.
fn reader<'f>(facts: &'f Facts<'_>, document: DocumentId) -> Option<&'f ComposeService> {
    let prometheus = facts
        .prometheus
        .iter()
        .map(|server| (server.document, &server.service));
    let alertmanagers = facts
        .alertmanagers
        .iter()
        .map(|alertmanager| (alertmanager.document, &alertmanager.service));
    let (_, service) = prometheus
        .chain(alertmanagers)
        .find(|(other, _)| *other == document)?;
    facts.service(service.as_ref()?)
}
