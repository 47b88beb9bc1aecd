//! Who connects to whom: the host is a service, both are in one network, and it listens on that port.

use std::cell::RefCell;
use std::collections::BTreeSet;

use super::NAME;
use crate::bundle::Kind;
use crate::catalogue::Exporter;
use crate::check::embedded::address::Address;
use crate::check::embedded::compose::{ComposeFile, Service};
use crate::check::embedded::container::{Place, Trace, reader};
use crate::check::embedded::inspection::{Document, Inspection};
use crate::check::pattern::fits;
use crate::diagnostic::Diagnostic;
use crate::document::{Entry, Node};
use crate::profile::suggestion;
use crate::source::Span;

/// Name by which containers reach the host that runs them: of itself on Docker Desktop, elsewhere only by `extra_hosts`.
const HOST_GATEWAY: &str = "host.docker.internal";

pub(super) fn check(inspection: &Inspection<'_>, compose: &ComposeFile<'_>) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    let network = Network {
        inspection,
        compose,
        reached: RefCell::default(),
    };
    let configs = inspection.of_kind(Kind::PrometheusConfig);
    let mut read = configs
        .filter_map(|document| {
            let (prometheus, _) = reader(compose, &document.text.artifact.path)?;
            Some((document, prometheus))
        })
        .peekable();
    let is_read = read.peek().is_some();
    for (document, prometheus) in read {
        findings.extend(network.prometheus(document, prometheus));
    }
    if is_read {
        findings.extend(network.unscraped());
    }
    let grafana = compose.grafana();
    for document in inspection.of_kind(Kind::GrafanaDatasources) {
        let Some(grafana) = grafana else { continue };
        for datasource in items(&document.tree, "datasources") {
            let Some(url) = datasource.get("url") else {
                continue;
            };
            let name = text(datasource, "name");
            findings.extend(network.connect(&Connection {
                from: grafana,
                to: url.as_str().unwrap_or_default(),
                scheme: "http",
                document,
                span: url.span,
                who: format!("the datasource `{name}`"),
                certainty: Certainty::Reachable,
            }));
        }
    }
    for document in inspection.of_kind(Kind::AlertmanagerConfig) {
        let Some((alertmanager, _)) = reader(compose, &document.text.artifact.path) else {
            continue;
        };
        for receiver in items(&document.tree, "receivers") {
            for webhook in items(receiver, "webhook_configs") {
                let Some(url) = webhook.get("url") else {
                    continue;
                };
                findings.extend(network.connect(&Connection {
                    from: alertmanager,
                    to: url.as_str().unwrap_or_default(),
                    scheme: "http",
                    document,
                    span: url.span,
                    who: format!("the receiver `{}`", text(receiver, "name")),
                    certainty: Certainty::Reachable,
                }));
            }
        }
    }
    findings
}

/// One program that asks another one.
struct Connection<'c, 'i> {
    from: &'c Service<'i>,
    to: &'c str,
    scheme: &'c str,
    document: &'c Document<'i>,
    span: Span,
    /// How messages name the one that asks.
    who: String,
    certainty: Certainty,
}

/// What may explain a name without dots that is no service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Certainty {
    /// Nothing: the stack runs it itself.
    Own,
    /// A network of somebody else.
    Reachable,
    /// Anything: servers behind an exporter may have names that only the network's own resolver knows.
    Anything,
}

struct Network<'c, 'i> {
    inspection: &'i Inspection<'i>,
    compose: &'c ComposeFile<'i>,
    /// Services that somebody asks.
    reached: RefCell<BTreeSet<String>>,
}

impl<'c, 'i> Network<'c, 'i> {
    fn prometheus(
        &self,
        document: &'c Document<'i>,
        prometheus: &'c Service<'i>,
    ) -> Vec<Diagnostic> {
        let mut findings = Vec::new();
        let root = &document.tree;
        let alerting = root.get("alerting").into_iter();
        for group in alerting
            .flat_map(|alerting| items(alerting, "alertmanagers"))
            .flat_map(|alertmanagers| items(alertmanagers, "static_configs"))
        {
            for target in items(group, "targets") {
                findings.extend(self.connect(&Connection {
                    from: prometheus,
                    to: target.as_str().unwrap_or_default(),
                    scheme: "http",
                    document,
                    span: target.span,
                    who: "`alerting`".into(),
                    certainty: Certainty::Own,
                }));
            }
        }
        for (key, certainty) in [
            ("remote_read", Certainty::Own),
            ("remote_write", Certainty::Reachable),
        ] {
            for remote in items(root, key) {
                let Some(url) = remote.get("url") else {
                    continue;
                };
                findings.extend(self.connect(&Connection {
                    from: prometheus,
                    to: url.as_str().unwrap_or_default(),
                    scheme: "http",
                    document,
                    span: url.span,
                    who: format!("`{key}`"),
                    certainty,
                }));
            }
        }
        for job in items(root, "scrape_configs") {
            findings.extend(self.job(document, prometheus, job));
        }
        findings
    }

    fn job(
        &self,
        document: &'c Document<'i>,
        prometheus: &'c Service<'i>,
        job: &'i Node,
    ) -> Vec<Diagnostic> {
        let name = text(job, "job_name");
        let who = format!("the scrape job `{name}`");
        let scheme = match text(job, "scheme") {
            "" => "http",
            scheme => scheme,
        };
        let direct = |to, document, span| Connection {
            from: prometheus,
            to,
            scheme,
            document,
            span,
            who: who.clone(),
            certainty: Certainty::Reachable,
        };
        let mut findings = Vec::new();
        // Prometheus loads both, and scrapes nothing.
        if let Some(written) = job.get("scheme")
            && !matches!(scheme, "http" | "https")
        {
            let message = format!("{who} has the scheme `{scheme}`, expected `http` or `https`");
            findings.push(document.error(NAME, written.span, message));
        }
        let finds_targets = |entry: &Entry| match &*entry.key.text {
            "static_configs" => {
                items(job, "static_configs").any(|group| items(group, "targets").next().is_some())
            }
            name => name.ends_with("_sd_configs") && !entry.value.items().is_empty(),
        };
        if !job.entries().iter().any(finds_targets) {
            let message = format!("{who} has no targets, and no service discovery to find any");
            findings.push(document.error(NAME, job.span, message));
        }
        for discovery in items(job, "http_sd_configs") {
            if let Some(url) = discovery.get("url") {
                let to = url.as_str().unwrap_or_default();
                findings.extend(self.connect(&direct(to, document, url.span)));
            }
        }
        // Behind an exporter, `__address__` is replaced and the targets are what the exporter asks.
        let exporter = items(job, "relabel_configs").find_map(|relabel| {
            let replacement = relabel.get("replacement")?;
            (text(relabel, "target_label") == "__address__").then_some(replacement)
        });
        let (from, certainty) = match exporter {
            None => (Some(prometheus), Certainty::Reachable),
            Some(replacement) => {
                let to = replacement.as_str().unwrap_or_default();
                findings.extend(self.connect(&direct(to, document, replacement.span)));
                let address = Address::parse(to, scheme);
                let service = address.and_then(|address| self.compose.service_at(address.host));
                (service, Certainty::Anything)
            }
        };
        let Some(from) = from else { return findings };
        let mut seen = BTreeSet::new();
        for (document, target) in self.targets(document, job) {
            let to = target.as_str().unwrap_or_default();
            // One finding for a host is enough.
            if let Some(Address { host, port }) = Address::parse(to, scheme)
                && seen.insert((host, port))
            {
                findings.extend(self.connect(&Connection {
                    from,
                    to,
                    scheme,
                    document,
                    span: target.span,
                    who: who.clone(),
                    certainty,
                }));
            }
        }
        findings
    }

    /// Targets in the configuration and in the files that it names.
    fn targets(
        &self,
        document: &'c Document<'i>,
        job: &'i Node,
    ) -> Vec<(&'c Document<'i>, &'c Node)>
    where
        'i: 'c,
    {
        let mut targets = Vec::new();
        for group in items(job, "static_configs") {
            targets.extend(items(group, "targets").map(|target| (document, target)));
        }
        let place = Place::of(document, Some(self.compose));
        for pattern in items(job, "file_sd_configs").flat_map(|discovery| items(discovery, "files"))
        {
            let pattern = pattern.as_str().unwrap_or_default();
            let Trace::Bundle(pattern) = place.trace(pattern) else {
                continue;
            };
            let files = self.inspection.of_kind(Kind::PrometheusTargets);
            for file in files.filter(|file| fits(&pattern, file.path())) {
                let groups = file.tree.items().iter();
                targets.extend(
                    groups
                        .flat_map(|group| items(group, "targets"))
                        .map(|target| (file, target)),
                );
            }
        }
        targets
    }

    fn connect(&self, connection: &Connection<'_, '_>) -> Option<Diagnostic> {
        let Connection { from, who, .. } = connection;
        let address = Address::parse(connection.to, connection.scheme)?;
        let host = address.host;
        let error = |message: String| {
            connection
                .document
                .error(NAME, connection.span, message)
                .related(
                    format!("`{}` asks", from.name),
                    self.compose.document.text.file(),
                    self.service_span(from.name),
                )
        };
        let to = if address.is_loopback() {
            Some(*from)
        } else {
            self.compose.service_at(host)
        };
        let Some(to) = to else {
            if host == HOST_GATEWAY && !from.has_network_mode && !from.extra_hosts.contains(&host) {
                let message = format!(
                    "{who} asks `{host}`, which `{}` does not know on Linux",
                    from.name
                );
                let help = format!(
                    "add `extra_hosts: {{{host}: host-gateway}}` to `{}`",
                    from.name
                );
                return Some(error(message).help(help));
            }
            let is_elsewhere =
                !address.is_bare() || from.has_network_mode || from.extra_hosts.contains(&host);
            let is_explained = match connection.certainty {
                Certainty::Own => is_elsewhere,
                Certainty::Reachable => is_elsewhere || self.compose.joins_external_network(from),
                Certainty::Anything => true,
            };
            if is_explained {
                return None;
            }
            let mut diagnostic = error(format!(
                "{who} asks `{host}`, which is no service of the Compose file"
            ));
            let services = self.compose.services.keys().copied();
            diagnostic.help = suggestion(host, services, "its services").map(|help| {
                if help.starts_with("did you mean") {
                    return help;
                }
                format!("{help}; what runs elsewhere is reached through `compose.networks`, or as `{HOST_GATEWAY}`")
            });
            return Some(diagnostic);
        };
        self.reached.borrow_mut().insert(to.name.to_owned());
        if !from.meets(to) {
            let diagnostic = error(format!(
                "{who} asks `{host}`, which shares no network with `{}`",
                from.name
            ));
            return Some(diagnostic.help("give both services a network in common"));
        }
        let ports = self.listens_on(to);
        let port = address.port?;
        if ports.is_empty() || ports.contains(&port) {
            return None;
        }
        let known: Vec<String> = ports.iter().map(u16::to_string).collect();
        Some(error(format!(
            "{who} asks port {port} of `{}`, which listens on {}",
            to.name,
            known.join(" and ")
        )))
    }

    fn service_span(&self, name: &str) -> Span {
        self.compose
            .document
            .tree
            .get("services")
            .and_then(|services| services.entry(name))
            .map_or(Span::at(0), |entry| entry.key.span)
    }

    /// Exporters that run for nobody.
    fn unscraped(&self) -> Vec<Diagnostic> {
        let reached = self.reached.borrow();
        let services = self.compose.services.values();
        services
            .filter(|service| !reached.contains(service.name))
            .filter(|service| {
                self.exporter(service)
                    .is_some_and(|exporter| exporter.name.ends_with("_exporter"))
            })
            .map(|service| {
                let message = format!("no scrape job asks the exporter `{}`", service.name);
                let span = self.service_span(service.name);
                self.compose.document.error(NAME, span, message)
            })
            .collect()
    }

    /// What the catalogue knows about the program that a service runs.
    fn exporter(&self, service: &Service<'_>) -> Option<&'i Exporter> {
        let program = service.program()?;
        let catalogue = self.inspection.catalogue;
        catalogue.exporters().find(|exporter| {
            let tool = exporter
                .tool
                .as_deref()
                .and_then(|tool| catalogue.tool(tool));
            tool.is_some_and(|tool| tool.image.rsplit('/').next() == Some(program))
        })
    }

    /// Ports that a service listens on; empty for not known.
    fn listens_on(&self, service: &Service<'_>) -> Vec<u16> {
        let told = ["web.listen-address", "listen-address"]
            .iter()
            .find_map(|flag| service.flag(flag).map(|flag| flag.name))
            .or_else(|| service.variable("REDIS_EXPORTER_WEB_LISTEN_ADDRESS"))
            .or_else(|| service.variable("GF_SERVER_HTTP_PORT"))
            .and_then(|address| address.rsplit(':').next()?.parse().ok());
        if let Some(port) = told {
            return vec![port];
        }
        match (self.exporter(service), service.program()) {
            (Some(exporter), _) => exporter.ports.clone(),
            (None, Some("grafana" | "grafana-oss" | "grafana-enterprise")) => vec![3000],
            // `port` in a configuration file may say otherwise, so this is not known for sure.
            _ => Vec::new(),
        }
    }
}

fn items<'n>(node: &'n Node, key: &str) -> impl Iterator<Item = &'n Node> + use<'n> {
    node.get(key).into_iter().flat_map(|list| list.items())
}

fn text<'n>(node: &'n Node, key: &str) -> &'n str {
    node.get(key)
        .and_then(|value| value.as_str())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use crate::check::embedded::samples::findings;

    const COMPOSE: &str = "services:
  prometheus:
    image: prom/prometheus:v3.5.3
    command: [--config.file=/etc/prometheus/prometheus.yml]
    volumes: [./prometheus:/etc/prometheus]
    networks: [own]
    extra_hosts: {host.docker.internal: host-gateway}
  alertmanager: {image: 'prom/alertmanager:v0.33.1', networks: [own]}
  grafana: {image: 'grafana/grafana:12.4.3', networks: [own]}
  redis-exporter:
    image: oliver006/redis_exporter:v1.86.0-alpine
    command: ['--web.listen-address=:9122']
    networks: [own]
  redis: {image: 'redis:8', networks: [other]}
networks: {own: {}, other: {}}
";

    fn prometheus(config: &str) -> Vec<String> {
        findings(
            "bundle/references",
            &[
                ("compose.yaml", COMPOSE),
                ("prometheus/prometheus.yml", config),
                (
                    "prometheus/targets/a.json",
                    r#"[{"targets": ["redis-exporter:9122", "redis-exporter:9122", "exporter:1"]}]"#,
                ),
            ],
        )
    }

    #[test]
    fn what_can_be_reached_is_not_reported() {
        let config = "alerting: {alertmanagers: [{static_configs: [{targets: ['alertmanager:9093']}]}]}
scrape_configs:
  - {job_name: own, static_configs: [{targets: ['localhost:9090']}]}
  - {job_name: far, scheme: https, static_configs: [{targets: ['x.up.railway.app']}]}
  - {job_name: host, static_configs: [{targets: ['host.docker.internal:8000']}]}
  - {job_name: one, static_configs: [{targets: ['redis-exporter:9122']}]}
  - job_name: many
    static_configs: [{targets: ['redis://somewhere:6379']}]
    relabel_configs: [{target_label: __address__, replacement: 'redis-exporter:9122'}]
  - {job_name: cluster, http_sd_configs: [{url: 'http://redis-exporter:9122/discover-cluster-nodes'}]}
";
        assert_eq!(prometheus(config), [""; 0]);
    }

    #[test]
    fn an_unknown_host_is_reported_with_the_nearest_service() {
        let config =
            "alerting: {alertmanagers: [{static_configs: [{targets: ['alertmanger:9093']}]}]}
scrape_configs:
  - {job_name: files, file_sd_configs: [{files: ['targets/*.json']}]}
";
        assert_eq!(
            prometheus(config),
            [
                "prometheus/prometheus.yml:1:57: `alerting` asks `alertmanger`, which is no service of the Compose file · \
                 help: did you mean `alertmanager`?",
                "prometheus/targets/a.json:1:61: the scrape job `files` asks `exporter`, which is no service of the Compose \
                 file · help: its services: prometheus, alertmanager, grafana, redis-exporter, redis; what runs elsewhere is reached \
                 through `compose.networks`, or as `host.docker.internal`",
            ]
        );
    }

    #[test]
    fn a_service_on_another_port_or_network_is_reported() {
        let config = "scrape_configs:
  - {job_name: own, static_configs: [{targets: ['localhost:9091']}]}
  - {job_name: one, static_configs: [{targets: ['redis-exporter:9121']}]}
  - job_name: many
    static_configs: [{targets: ['redis://redis:6379']}]
    relabel_configs: [{target_label: __address__, replacement: 'redis-exporter:9122'}]
";
        assert_eq!(
            prometheus(config),
            [
                "prometheus/prometheus.yml:2:49: the scrape job `own` asks port 9091 of `prometheus`, which listens on 9090",
                "prometheus/prometheus.yml:3:49: the scrape job `one` asks port 9121 of `redis-exporter`, which listens on \
                 9122",
                "prometheus/prometheus.yml:5:33: the scrape job `many` asks `redis`, which shares no network with \
                 `redis-exporter` · help: give both services a network in common",
            ]
        );
    }

    #[test]
    fn an_exporter_that_nobody_asks_is_reported() {
        let config =
            "scrape_configs: [{job_name: own, static_configs: [{targets: ['localhost:9090']}]}]";
        assert_eq!(
            prometheus(config),
            ["compose.yaml:10:3: no scrape job asks the exporter `redis-exporter`"]
        );
    }

    #[test]
    fn the_host_itself_must_be_known_on_linux_too() {
        let compose = COMPOSE.replace(
            "    extra_hosts: {host.docker.internal: host-gateway}\n",
            "",
        );
        let config = "scrape_configs: [{job_name: api, static_configs: [{targets: ['host.docker.internal:8000', 'redis-exporter:9122']}]}]";
        let files = [
            ("compose.yaml", compose.as_str()),
            ("prometheus/prometheus.yml", config),
        ];
        assert_eq!(
            findings("bundle/references", &files),
            [
                "prometheus/prometheus.yml:1:62: the scrape job `api` asks `host.docker.internal`, which `prometheus` does \
                 not know on Linux · help: add `extra_hosts: {host.docker.internal: host-gateway}` to `prometheus`"
            ]
        );
    }

    #[test]
    fn a_datasource_asks_from_grafana() {
        let datasources = "datasources:
  - {name: Prometheus, url: 'http://prometheus:9091'}
  - {name: Far, url: 'https://prometheus.example.org'}
";
        let files = [
            ("compose.yaml", COMPOSE),
            (
                "prometheus/prometheus.yml",
                "scrape_configs: [{static_configs: [{targets: ['redis-exporter:9122']}]}]",
            ),
            (
                "grafana/provisioning/datasources/datasources.yaml",
                datasources,
            ),
        ];
        assert_eq!(
            findings("bundle/references", &files),
            [
                "grafana/provisioning/datasources/datasources.yaml:2:29: the datasource `Prometheus` asks port 9091 of \
                 `prometheus`, which listens on 9090"
            ]
        );
    }

    #[test]
    fn a_webhook_is_reached_from_alertmanager() {
        let compose = COMPOSE.replace(
            "networks: [own]}\n  grafana",
            "networks: [own], volumes: ['./alertmanager:/etc/alertmanager']}\n  grafana",
        );
        let receivers = "receivers:
  - name: team
    webhook_configs: [{url: 'http://api:8000/alerts'}, {url: 'http://grafana:3001/x'}]
  - name: far
    webhook_configs: [{url: 'https://hooks.example.org/x'}]
";
        let files = [
            ("compose.yaml", compose.as_str()),
            (
                "prometheus/prometheus.yml",
                "scrape_configs: [{static_configs: [{targets: ['redis-exporter:9122']}]}]",
            ),
            ("alertmanager/alertmanager.yml", receivers),
        ];
        assert_eq!(
            findings("bundle/references", &files),
            [
                "alertmanager/alertmanager.yml:3:29: the receiver `team` asks `api`, which is no service of the Compose file \
                 · help: its services: prometheus, alertmanager, grafana, redis-exporter, redis; what runs elsewhere is \
                 reached through `compose.networks`, or as `host.docker.internal`",
                "alertmanager/alertmanager.yml:3:62: the receiver `team` asks port 3001 of `grafana`, which listens on 3000",
            ]
        );
    }

    #[test]
    fn a_network_of_somebody_else_explains_unknown_names() {
        let compose = "services:
  prometheus: {image: prom/prometheus, volumes: ['./prometheus:/etc/prometheus'], networks: [theirs]}
networks: {theirs: {external: true}}
";
        let config = "scrape_configs: [{job_name: api, static_configs: [{targets: ['api:8000']}]}]";
        let files = [
            ("compose.yaml", compose),
            ("prometheus/prometheus.yml", config),
        ];
        assert_eq!(findings("bundle/references", &files), [""; 0]);
        let closed = compose.replace("external: true", "");
        let files = [
            ("compose.yaml", closed.as_str()),
            ("prometheus/prometheus.yml", config),
        ];
        assert_eq!(findings("bundle/references", &files).len(), 1);
    }
}
