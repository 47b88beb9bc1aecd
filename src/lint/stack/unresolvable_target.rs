use crate::diagnostic::{Level, Safety};
use crate::facts::Facts;
use crate::facts::compose::{ComposeProject, ComposeService};
use crate::facts::prometheus::{PrometheusServer, Target, host_and_port};
use crate::facts::text::{Text, placeholder};
use crate::lint::{Findings, Lint, Need};
use crate::setup::{Kind, Place, Setup};
use crate::source::Span;

pub(super) static LINT: Lint = Lint {
    id: "stack/unresolvable-target",
    level: Level::Error,
    summary: "a target whose host is no service that Prometheus reaches, or whose port nothing listens on",
    needs: &[Need::Files],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for server in &facts.prometheus {
        let Some(project) = server.project.and_then(|index| facts.projects.get(index)) else {
            if facts.projects.is_empty() {
                check_alone(server, findings);
            }
            continue;
        };
        // With Kubernetes beside it, the configuration may be for either.
        if server.service.is_none() && facts.setup.of_kind(Kind::Kubernetes).next().is_some() {
            continue;
        }
        let service = server.service.as_ref().and_then(|id| facts.service(id));
        let look = Look {
            setup: facts.setup,
            project,
            service,
            server,
        };
        for job in &server.jobs {
            // A rewritten address is what counts, and the targets are names for it.
            let rewrites = job.relabelings.iter().any(|step| {
                step.get("target_label")
                    .is_some_and(|label| label.scalar_text() == "__address__")
            });
            if rewrites {
                let replaced = job
                    .relabelings
                    .iter()
                    .filter(|step| {
                        step.get("target_label")
                            .is_some_and(|label| label.scalar_text() == "__address__")
                    })
                    .filter_map(|step| step.get("replacement"))
                    .map(|node| Text::of(facts.setup.document(job.document), node));
                for text in replaced.filter(|text| !text.as_str().contains('$')) {
                    look.at(&text, findings);
                }
                continue;
            }
            look.targets(&job.targets, findings);
        }
        look.targets(
            server.alertmanagers.as_deref().unwrap_or_default(),
            findings,
        );
        let document = facts.setup.document(server.document);
        for key in ["remote_write", "remote_read"] {
            let items = document.root.get(key).map_or(&[][..], |node| node.items());
            for url in items.iter().filter_map(|item| item.get("url")) {
                let text = Text::of(document, url);
                if placeholder(text.as_str()).is_none() {
                    look.at(&text, findings);
                }
            }
        }
    }
}

/// Of a configuration without anything beside it, its own targets tell how it runs.
fn check_alone(server: &PrometheusServer, findings: &mut Findings<'_>) {
    let addresses = || {
        let targets = server.jobs.iter().flat_map(|job| &job.targets);
        targets.filter_map(|target| {
            let text = target.address.value()?;
            let (host, port) = host_and_port(text.as_str())?;
            Some((text, host, port))
        })
    };
    // Names without a dot, such as `redis-exporter`, are those of containers.
    let in_container = addresses().find(|(_, host, _)| {
        !is_own(host) && !host.contains(['.', ':']) && host.contains(['-', '_'])
    });
    for (text, host, port) in addresses() {
        if is_example(host) {
            report_example(text, host, findings);
        }
        // Without a port it is not told which program is meant; a server of one's own may listen elsewhere.
        let is_other = port.is_some_and(|port| !matches!(port, 9090 | 80 | 443));
        if let Some((named, ..)) = &in_container
            && is_own(host)
            && is_other
        {
            findings
                .report(
                    text.place,
                    format!("`{host}` is Prometheus itself, and other targets are named as containers are"),
                )
                .label("in a container, nothing else listens here")
                .related("a container's name", named.place)
                .help("name the exporter's container")
                .level(Level::Warning)
                .assuming("Prometheus runs in a container of its own");
        }
    }
}

fn is_own(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "::1")
}

/// Whether a host is one of an example: `example_api`, `your-host`. `example.com` is what people write in place of a name that
/// they do not tell.
fn is_example(host: &str) -> bool {
    !host.contains('.')
        && host
            .split(['-', '_'])
            .any(|word| matches!(word, "example" | "your" | "changeme" | "placeholder"))
}

fn report_example(text: &Text, host: &str, findings: &mut Findings<'_>) {
    findings
        .report(
            text.place,
            format!("`{host}` is the name of an example: the target stays down"),
        )
        .label("left over")
        .help("name the host that is meant, or remove the target")
        .level(Level::Warning)
        .assuming("no host has this name");
}

struct Look<'l> {
    setup: &'l Setup,
    project: &'l ComposeProject,
    service: Option<&'l ComposeService>,
    server: &'l PrometheusServer,
}

impl Look<'_> {
    fn targets(&self, targets: &[Target], findings: &mut Findings<'_>) {
        for text in targets.iter().filter_map(|target| target.address.value()) {
            self.at(text, findings);
        }
    }

    fn at(&self, text: &Text, findings: &mut Findings<'_>) {
        let Some((host, port)) = host_and_port(text.as_str()) else {
            return;
        };
        if is_own(host) {
            self.at_localhost(text, host, port, findings);
            return;
        }
        // Names with dots are for DNS, addresses for nobody; what Docker or the service itself adds is known to them. Without a
        // network of its own it asks whom the host asks.
        let is_on_host = self
            .service
            .is_some_and(|service| service.get("network_mode").is_some());
        if host.contains(['.', ':']) || host.is_empty() || is_on_host || self.is_extra_host(host) {
            return;
        }
        let here: Vec<&ComposeService> = self.project.services_at(host).collect();
        let Some(first) = here.first() else {
            if self
                .service
                .is_some_and(|service| self.project.is_open(service))
            {
                return;
            }
            self.no_service(text, host, findings);
            return;
        };
        if let Some(server) = self.service
            && here.iter().all(|target| !server.reaches(target))
        {
            findings
                .report(
                    text.place,
                    format!(
                        "`{host}` is on no network of `{}`: the target stays down",
                        server.name.as_str()
                    ),
                )
                .label("out of reach")
                .related("the target", first.place())
                .related("who wants to reach it", server.place())
                .help("put both services on one network");
            return;
        }
        self.at_port(text, host, port, &here, findings);
    }

    fn no_service(&self, text: &Text, host: &str, findings: &mut Findings<'_>) {
        let near = self
            .project
            .services
            .keys()
            .find(|name| same_letters(name, host));
        let mut finding = findings
            .report(
                text.place,
                format!("`{host}` is no service of the Compose project: the target stays down"),
            )
            .label("no such host");
        finding = match (near, self.service) {
            (Some(near), _) => finding.help(format!("did you mean `{near}`?")).fix(
                Safety::Unsafe,
                format!("ask `{near}`"),
                self.replaced(text, host, near),
            ),
            (None, Some(server)) => finding
                .related("who wants to reach it", server.place())
                .help("name a service, or remove the target"),
            (None, None) => finding.help("name a service, or remove the target"),
        };
        if self.service.is_none() {
            finding.assuming(&format!(
                "`{host}` is not started outside of this Compose project"
            ));
        }
    }

    /// In a container, that is the container.
    fn at_localhost(
        &self,
        text: &Text,
        host: &str,
        port: Option<u16>,
        findings: &mut Findings<'_>,
    ) {
        let Some(server) = self.service else { return };
        let own = server
            .flag("web.listen-address")
            .and_then(|address| host_and_port(address.as_str()).and_then(|(_, port)| port))
            .unwrap_or(9090);
        let shares = ["network_mode", "pid"]
            .iter()
            .any(|key| server.get(key).is_some());
        if shares || port == Some(own) || self.server.has_script {
            return;
        }
        let meant = self.project.services.values().find(|service| {
            service.name.value != server.name.value
                && port.is_some_and(|port| {
                    service.listens_on().contains(&port)
                        || service
                            .ports
                            .iter()
                            .any(|published| published.host_port == Some(port))
                })
        });
        let finding = findings
            .report(
                text.place,
                format!("`{host}` is Prometheus' own container, where nothing else listens"),
            )
            .label("not the host");
        match meant {
            Some(meant) => finding
                .related("this service has the port", meant.place())
                .help(format!(
                    "write `{}` instead of `{host}`",
                    meant.name.as_str()
                ))
                .fix(
                    Safety::Unsafe,
                    format!("ask `{}`", meant.name.as_str()),
                    self.replaced(text, host, meant.name.as_str()),
                ),
            None => finding.help(format!(
                "name a service, or `host.docker.internal` for the host, instead of `{host}`"
            )),
        };
    }

    fn at_port(
        &self,
        text: &Text,
        host: &str,
        port: Option<u16>,
        here: &[&ComposeService],
        findings: &mut Findings<'_>,
    ) {
        let [target] = here else { return };
        let Some(port) = port else { return };
        let Some(program) = &target.program else {
            return;
        };
        let is_moved =
            !target.command.is_empty() || !target.entrypoint.is_empty() || target.build.is_some();
        // Exposed or set by a variable: the image's own list is not the whole truth.
        let is_set = target.environment.values().flatten().any(|value| {
            value
                .value()
                .is_none_or(|value| value.as_str().contains(&port.to_string()))
        });
        let has_beside = self
            .project
            .services
            .values()
            .any(|service| service.shares_network_of() == Some(target.name.as_str()));
        let listens = target.listens_on();
        if has_beside || program.ports.is_empty() || listens.contains(&port) || is_moved || is_set {
            return;
        }
        let old = format!(":{port}");
        let published = target
            .ports
            .iter()
            .find(|published| published.host_port == Some(port));
        let finding = findings
            .report(
                text.place,
                format!("nothing in `{host}` listens on port {port}"),
            )
            .label("connection refused")
            .related("the service", target.place());
        let elsewhere = self.project.services.values().find(|service| {
            let program = service.program.as_ref();
            program.is_some_and(|program| program.ports.first() == Some(&port))
        });
        match (published, elsewhere, program.ports.first()) {
            (Some(published), _, _) => finding
                .related("this is the port of the host", published.place)
                .help(format!(
                    "between containers the port is {}",
                    published.container_port
                ))
                .fix(
                    Safety::Unsafe,
                    format!("ask port {}", published.container_port),
                    self.replaced(text, &old, &format!(":{}", published.container_port)),
                ),
            (None, Some(other), _) => {
                let other = other.name.as_str();
                finding
                    .help(format!("`{other}` listens on port {port}"))
                    .fix(
                        Safety::Unsafe,
                        format!("ask `{other}`"),
                        self.replaced(text, host, other),
                    )
            }
            (None, None, Some(known)) => finding
                .help(format!("{} listens on port {known}", program.program))
                .fix(
                    Safety::Unsafe,
                    format!("ask port {known}"),
                    self.replaced(text, &old, &format!(":{known}")),
                ),
            (None, None, None) => finding,
        };
    }

    /// The first `old` of an address as `new`.
    fn replaced(&self, text: &Text, old: &str, new: &str) -> Vec<(Place, String)> {
        let at = text.as_str().find(old);
        at.map(|at| text.edit(self.setup, Span::new(at, at + old.len()), new))
            .into_iter()
            .collect()
    }

    fn is_extra_host(&self, host: &str) -> bool {
        self.service.is_some_and(|service| {
            ["extra_hosts", "external_links"].iter().any(|key| {
                service.get(key).is_some_and(|(_, entry)| {
                    let items = entry.value.items().iter().map(|item| item.scalar_text());
                    let keys = entry.value.entries().iter().map(|entry| &*entry.key.text);
                    items
                        .chain(keys)
                        .any(|text| text.split([':', '=']).any(|part| part == host))
                })
            })
        })
    }
}

/// Whether two names differ in dashes and underscores only.
fn same_letters(one: &str, other: &str) -> bool {
    let bare = |text: &str| text.replace(['-', '_'], "").to_ascii_lowercase();
    bare(one) == bare(other)
}
