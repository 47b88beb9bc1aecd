use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::facts::compose::ComposeService;
use crate::facts::prometheus::{PrometheusServer, ScrapeJob, host_and_port};
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
            let Some(is_certain) = counts_both(facts, service, other) else {
                continue;
            };
            let finding = findings
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
            if !is_certain {
                finding.assuming("what scrapes them writes to the same place");
            }
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

/// Whether series of both exporters come together: certainly where one Prometheus scrapes both, perhaps where the job of a chart or a
/// collector scrapes one of them. What nobody scrapes counts nothing, and neither do servers that scrape one each.
fn counts_both(facts: &Facts<'_>, one: &ComposeService, other: &ComposeService) -> Option<bool> {
    let by_one =
        |server: &PrometheusServer| scrapes(&server.jobs, one) && scrapes(&server.jobs, other);
    if facts.prometheus.iter().any(by_one) {
        return Some(true);
    }
    let by_server = |service| {
        let mut servers = facts.prometheus.iter();
        servers.any(|server| scrapes(&server.jobs, service))
    };
    let by_lone = |service| scrapes(&facts.lone_jobs, service);
    let are_scraped =
        by_lone(one) && (by_lone(other) || by_server(other)) || by_lone(other) && by_server(one);
    are_scraped.then_some(false)
}

fn scrapes(jobs: &[ScrapeJob], service: &ComposeService) -> bool {
    jobs.iter()
        .flat_map(|job| &job.targets)
        .filter_map(|target| target.host_and_port())
        .any(|(host, _)| service.hosts.iter().any(|name| name == host))
}
