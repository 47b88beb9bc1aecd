use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::facts::compose::ComposeService;
use crate::facts::prometheus::host_and_port;
use crate::lint::{Findings, Lint, Need};

pub(super) static LINT: Lint = Lint {
    id: "stack/duplicate-exporter",
    level: Level::Warning,
    summary: "two exporters watch one Redis, so that every sum counts it twice",
    needs: &[Need::Files],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for project in &facts.projects {
        let exporters: Vec<(&ComposeService, (&str, u16))> = project
            .running("redis_exporter")
            .filter(|service| service.profiles.is_empty())
            .filter_map(|service| Some((service, watched(service)?)))
            .collect();
        for (index, (service, address)) in exporters.iter().enumerate() {
            let Some((other, _)) = exporters[..index]
                .iter()
                .find(|(_, earlier)| earlier == address)
            else {
                continue;
            };
            // What nobody scrapes counts nothing.
            if !is_scraped(facts, service) || !is_scraped(facts, other) {
                continue;
            }
            findings
                .report(
                    service.place(),
                    format!(
                        "`{}` watches `{}:{}`, which `{}` watches already",
                        service.name.as_str(),
                        address.0,
                        address.1,
                        other.name.as_str()
                    ),
                )
                .label("counted twice")
                .related("the other exporter", other.place())
                .help("remove one of them, and its job");
        }
    }
}

/// The Redis that an exporter watches by itself; `None` for one that is told with each scrape, or where it is not known.
fn watched(service: &ComposeService) -> Option<(&str, u16)> {
    let by_flag = service
        .entrypoint
        .iter()
        .chain(&service.command)
        .find_map(|argument| {
            let bare = argument.as_str().trim_start_matches('-');
            bare.strip_prefix("redis.addr=")
        });
    let address = match by_flag {
        Some(address) => address,
        None => service.variable("REDIS_ADDR")?.as_str(),
    };
    let (host, port) = host_and_port(address)?;
    (!host.is_empty() && !address.contains('$')).then_some((host, port.unwrap_or(6379)))
}

fn is_scraped(facts: &Facts<'_>, service: &ComposeService) -> bool {
    facts
        .prometheus
        .iter()
        .flat_map(|server| &server.jobs)
        .flat_map(|job| &job.targets)
        .filter_map(|target| target.host_and_port())
        .any(|(host, _)| service.hosts.iter().any(|name| name == host))
}
