use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::facts::compose::ComposeService;
use crate::facts::prometheus::{PrometheusServer, host_and_port};
use crate::lint::{Findings, Lint, Need};

pub(super) static LINT: Lint = Lint {
    id: "stack/unscraped-exporter",
    level: Level::Warning,
    summary: "an exporter runs beside Prometheus, and no job scrapes it",
    needs: &[Need::Files],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for (index, project) in facts.projects.iter().enumerate() {
        let servers: Vec<&PrometheusServer> = facts
            .prometheus
            .iter()
            .filter(|server| server.project == Some(index))
            .collect();
        // A server of which only a part is known may scrape anything.
        let is_known = !servers.is_empty()
            && servers.iter().all(|server| !server.jobs.is_empty())
            && servers.iter().flat_map(|server| &server.jobs).all(|job| {
                !job.discovers
                    && job
                        .targets
                        .iter()
                        .all(|target| !target.address.is_placeholder())
            });
        if !is_known {
            continue;
        }
        for service in project.services.values() {
            let is_exporter = service.program.as_ref().is_some_and(|program| {
                program.program.ends_with("_exporter") || program.program == "cadvisor"
            });
            // Beside another program it is reached under that one's name.
            let beside = service
                .shares_network_of()
                .and_then(|name| project.services.get(name));
            let is_scraped = servers.iter().any(|server| {
                scrapes(facts, server, service)
                    || beside.is_some_and(|beside| scrapes(facts, server, beside))
            });
            // A collector writes to Prometheus what it scrapes.
            let is_collected = || {
                let mut hosts = service.hosts.iter();
                hosts.any(|host| facts.is_named_by_collector(host))
            };
            if is_exporter && !is_scraped && !is_collected() {
                let finding = findings
                    .report(
                        service.place(),
                        format!("no job scrapes the exporter `{}`", service.name.as_str()),
                    )
                    .label("asked by nobody");
                let port = service
                    .program
                    .as_ref()
                    .and_then(|program| program.ports.first());
                let finding = match servers.first().and_then(|server| server.jobs.first()) {
                    Some(job) => finding.related("the jobs begin here", job.place()),
                    None => finding,
                };
                let finding = finding.help(match port {
                    Some(port) => format!(
                        "add a job with the target `{}:{port}`",
                        service.name.as_str()
                    ),
                    None => "add a job for it".to_owned(),
                });
                if facts.has_other_scrapers() {
                    finding.assuming("no collector scrapes it either");
                }
            }
        }
    }
}

fn scrapes(facts: &Facts<'_>, server: &PrometheusServer, service: &ComposeService) -> bool {
    let is_on_host = service
        .get("network_mode")
        .is_some_and(|(_, entry)| entry.value.scalar_text() == "host");
    let mut ports = Vec::new();
    if is_on_host {
        let moved = service.flag("web.listen-address");
        let moved = moved.and_then(|address| host_and_port(address.as_str())?.1);
        ports = moved.map_or_else(|| service.listens_on(), |port| vec![port]);
    }
    let is_host = |address: &str| {
        host_and_port(address).is_some_and(|(host, port)| {
            service.hosts.iter().any(|name| name == host)
                // Through a port of the host, from wherever that is.
                || port.is_some_and(|port| ports.contains(&port) || service.ports.iter().any(|published| published.host_port == Some(port)))
        })
    };
    server.jobs.iter().any(|job| {
        let direct = job
            .targets
            .iter()
            .filter_map(|target| target.address.value())
            .any(|text| is_host(text.as_str()));
        let replaced = job
            .relabelings
            .iter()
            .filter_map(|step| step.get("replacement"))
            .any(|node| is_host(node.scalar_text()));
        let document = facts.setup.document(job.document);
        direct
            || replaced
            || document
                .text
                .text()
                .contains(&format!("{}:", service.name.as_str()))
    })
}
