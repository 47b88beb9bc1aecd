//! Files that configurations name: rule files, targets, notification templates, secrets.

use super::NAME;
use super::declarations::paths_in;
use crate::bundle::Kind;
use crate::check::embedded::compose::{ComposeFile, Named};
use crate::check::embedded::container::{Place, Trace, reader, trace};
use crate::check::embedded::inspection::{Document, Inspection};
use crate::check::pattern::fits;
use crate::diagnostic::Diagnostic;
use crate::document::{Entry, Node};

pub(super) fn check(
    inspection: &Inspection<'_>,
    compose: Option<&ComposeFile<'_>>,
) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    for kind in [
        Kind::PrometheusConfig,
        Kind::AlertmanagerConfig,
        Kind::BlackboxConfig,
    ] {
        for document in inspection.of_kind(kind) {
            if let Some(compose) = compose {
                findings.extend(unread(compose, document));
            }
            let view = View {
                inspection,
                document,
                place: Place::of(document, compose),
            };
            view.walk(&document.tree, &mut findings);
        }
    }
    if let Some(compose) = compose {
        findings.extend(datasource_secrets(inspection, compose));
        findings.extend(missing_configs(inspection, compose));
    }
    findings
}

/// A configuration that no service is started with.
fn unread(compose: &ComposeFile<'_>, document: &Document<'_>) -> Option<Diagnostic> {
    if reader(compose, &document.text.artifact.path).is_some() {
        return None;
    }
    let message = format!("no service of the Compose file reads `{}`", document.path());
    let help = "mount it, and name it with `--config.file`";
    Some(document.error(NAME, document.tree.span, message).help(help))
}

/// `--config.file` of a service that leads to nothing.
fn missing_configs(inspection: &Inspection<'_>, compose: &ComposeFile<'_>) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    for service in compose.services.values() {
        let Some(Named { name: path, span }) = service.flag("config.file") else {
            continue;
        };
        let problem = match trace(service, path) {
            Trace::Bundle(file) if inspection.bundle.get(&file).is_none() => {
                format!("is `{file}`, which is not in the bundle")
            }
            Trace::Nowhere => "is not mounted".into(),
            Trace::Bundle(_) | Trace::Elsewhere => continue,
        };
        let message = format!("`{path}` of `{}` {problem}", service.name);
        findings.push(compose.document.error(NAME, span, message));
    }
    findings
}

fn datasource_secrets(inspection: &Inspection<'_>, compose: &ComposeFile<'_>) -> Vec<Diagnostic> {
    let Some(grafana) = compose.grafana() else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    for document in inspection.of_kind(Kind::GrafanaDatasources) {
        strings(&document.tree, &mut |text, node| {
            for path in paths_in(text).filter(|path| trace(grafana, path) == Trace::Nowhere) {
                let message = format!("`{}` sees no file `{path}`", grafana.name);
                findings.push(document.error(NAME, node.span, message));
            }
        });
    }
    findings
}

fn strings<'n>(node: &'n Node, visit: &mut impl FnMut(&'n str, &'n Node)) {
    if let Some(text) = node.as_str() {
        visit(text, node);
    }
    for item in node.items() {
        strings(item, visit);
    }
    for entry in node.entries() {
        strings(&entry.value, visit);
    }
}

struct View<'v, 'i> {
    inspection: &'v Inspection<'i>,
    document: &'v Document<'i>,
    place: Place<'v, 'i>,
}

impl View<'_, '_> {
    fn walk(&self, node: &Node, findings: &mut Vec<Diagnostic>) {
        for entry in node.entries() {
            match &*entry.key.text {
                "rule_files" | "templates" => self.patterns(entry, findings),
                "file_sd_configs" => {
                    for files in entry
                        .value
                        .items()
                        .iter()
                        .filter_map(|sd| sd.entry("files"))
                    {
                        self.patterns(files, findings);
                    }
                }
                key if key.ends_with("_file") => findings.extend(self.secret(entry)),
                _ => self.walk(&entry.value, findings),
            }
        }
        for item in node.items() {
            self.walk(item, findings);
        }
    }

    fn patterns(&self, entry: &Entry, findings: &mut Vec<Diagnostic>) {
        let key = &entry.key.text;
        for item in entry.value.items() {
            let Some(pattern) = item.as_str() else {
                continue;
            };
            let problem = match self.place.trace(pattern) {
                Trace::Bundle(path) => {
                    let mut paths = self.inspection.bundle.artifacts();
                    if paths.any(|artifact| fits(&path, artifact.path.as_str())) {
                        continue;
                    }
                    format!("no file of the bundle fits `{pattern}` of `{key}`")
                }
                Trace::Nowhere => {
                    let reader = self.place.service().map_or("", |service| service.name);
                    format!("`{pattern}` of `{key}` is not mounted into `{reader}`")
                }
                Trace::Elsewhere => continue,
            };
            findings.push(self.document.error(NAME, item.span, problem));
        }
    }

    /// A file with a password or certificate: never in the bundle, so it has to come with a secret or a mount.
    fn secret(&self, entry: &Entry) -> Option<Diagnostic> {
        let path = entry.value.as_str()?;
        let service = self.place.service()?;
        if path.is_empty() || self.place.trace(path) != Trace::Nowhere {
            return None;
        }
        let message = format!(
            "`{}` names `{path}`, which `{}` does not see",
            entry.key.text, service.name
        );
        let diagnostic = self.document.error(NAME, entry.value.span, message);
        Some(match path.strip_prefix("/run/secrets/") {
            Some(name) => diagnostic.help(format!(
                "add `{name}` to `secrets` of `{}` in the Compose file",
                service.name
            )),
            None => diagnostic.help("mount it, or use a secret"),
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::check::embedded::samples::findings;

    const COMPOSE: &str = "services:
  prometheus:
    image: prom/prometheus
    volumes: ['./prometheus:/etc/prometheus:ro']
    secrets: [remote]
  alertmanager:
    image: prom/alertmanager
    command: --config.file=/etc/alertmanager/alertmanager.yml
    volumes: ['./alertmanager:/etc/alertmanager:ro']
    secrets: [slack]
secrets: {slack: {file: ./slack}, remote: {file: ./remote}}
";
    const RULES: (&str, &str) = ("prometheus/rules/a.yml", "groups: []");
    const TEMPLATE: (&str, &str) = (
        "alertmanager/templates/a.tmpl",
        "{{ define \"a\" }}{{ end }}",
    );

    fn found(prometheus: &str, alertmanager: &str) -> Vec<String> {
        findings(
            "bundle/references",
            &[
                ("compose.yaml", COMPOSE),
                ("prometheus/prometheus.yml", prometheus),
                ("alertmanager/alertmanager.yml", alertmanager),
                ("prometheus/targets/a.json", "[]"),
                RULES,
                TEMPLATE,
            ],
        )
    }

    #[test]
    fn files_that_are_there_are_not_reported() {
        let prometheus = "rule_files: [rules/*.yml, /etc/prometheus/rules/a.yml]
scrape_configs:
  - job_name: a
    basic_auth: {password_file: /run/secrets/remote}
    file_sd_configs: [{files: [targets/a.json]}]
";
        let alertmanager = "templates: [templates/*.tmpl]
receivers: [{name: a, slack_configs: [{api_url_file: /run/secrets/slack}]}]
";
        assert_eq!(found(prometheus, alertmanager), [""; 0]);
    }

    #[test]
    fn files_that_are_missing_are_reported_where_they_are_named() {
        let prometheus = "rule_files: [rule/*.yml, /etc/rules/*.yml]
scrape_configs:
  - job_name: a
    basic_auth: {password_file: /run/secrets/slack}
    file_sd_configs: [{files: [targets/b.json]}]
";
        let alertmanager = "templates: ['*.tmpl']
receivers: [{name: a, slack_configs: [{api_url_file: /etc/slack}]}]
";
        assert_eq!(
            found(prometheus, alertmanager),
            [
                "prometheus/prometheus.yml:1:14: no file of the bundle fits `rule/*.yml` of `rule_files`",
                "prometheus/prometheus.yml:1:26: `/etc/rules/*.yml` of `rule_files` is not mounted into `prometheus`",
                "prometheus/prometheus.yml:4:33: `password_file` names `/run/secrets/slack`, which `prometheus` does not \
                 see · help: add `slack` to `secrets` of `prometheus` in the Compose file",
                "prometheus/prometheus.yml:5:32: no file of the bundle fits `targets/b.json` of `files`",
                "alertmanager/alertmanager.yml:1:13: no file of the bundle fits `*.tmpl` of `templates`",
                "alertmanager/alertmanager.yml:2:54: `api_url_file` names `/etc/slack`, which `alertmanager` does not see · \
                 help: mount it, or use a secret",
            ]
        );
    }

    #[test]
    fn without_a_compose_file_paths_are_relative_to_the_configuration() {
        let found = findings(
            "bundle/references",
            &[
                (
                    "prometheus/prometheus.yml",
                    "rule_files: [rules/*.yml, /etc/rules/*.yml, rules/*.yaml]",
                ),
                RULES,
            ],
        );
        assert_eq!(
            found,
            [
                "prometheus/prometheus.yml:1:45: no file of the bundle fits `rules/*.yaml` of `rule_files`"
            ]
        );
    }

    #[test]
    fn a_configuration_must_reach_its_program() {
        let compose = "services:
  prometheus:
    image: prom/prometheus
    command: [--config.file=/etc/prometheus/prom.yml]
    volumes: ['./prometheus:/etc/prometheus:ro']
  blackbox: {image: prom/blackbox-exporter, command: [--config.file, /etc/b.yml]}
";
        let files = [
            ("compose.yaml", compose),
            ("prometheus/prometheus.yml", "global: {}"),
        ];
        assert_eq!(
            findings("bundle/references", &files),
            [
                "prometheus/prometheus.yml:1:1: no service of the Compose file reads `prometheus/prometheus.yml` · help: \
                 mount it, and name it with `--config.file`",
                "compose.yaml:4:15: `/etc/prometheus/prom.yml` of `prometheus` is `prometheus/prom.yml`, which is not in \
                 the bundle",
                "compose.yaml:6:70: `/etc/b.yml` of `blackbox` is not mounted",
            ]
        );
    }
}
