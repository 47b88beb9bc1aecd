use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::facts::compose::ComposeService;
use crate::facts::prometheus::ScrapeJob;
use crate::lint::{Findings, Lint, Need};

pub(super) static LINT: Lint = Lint {
    id: "scrape/redis-scraped-as-http",
    level: Level::Error,
    summary: "Redis itself as a scrape target: it speaks no HTTP and has no metrics page",
    needs: &[Need::Files],
    check,
};

/// Ports of Redis, Redis over TLS, Sentinel.
const PORTS: [u16; 3] = [6379, 6380, 26379];

/// It speaks Redis' protocol, and answers HTTP on the same port.
const DRAGONFLY: &str = "dragonfly";

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for job in facts.scrape_jobs().filter(|job| !is_multi_target(job)) {
        for target in &job.targets {
            let Some(text) = target.address.value() else {
                continue;
            };
            let Some((host, port)) = target.host_and_port() else {
                continue;
            };
            let services: Vec<_> = facts
                .projects
                .iter()
                .flat_map(|project| project.services_at(host))
                .collect();
            let is_dragonfly = |service: &&ComposeService| {
                let image = service.image.as_ref();
                let repository = image.and_then(|image| image.repository.as_deref());
                repository.is_some_and(|repository| repository.contains(DRAGONFLY))
            };
            if host.contains(DRAGONFLY) || services.iter().any(is_dragonfly) {
                continue;
            }
            let is_redis = !services.is_empty()
                && services.iter().all(|service| service.runs("redis"))
                && port.is_none_or(|port| PORTS.contains(&port));
            let is_known_port = port.is_some_and(|port| PORTS.contains(&port))
                || text.as_str().starts_with("redis://")
                || text.as_str().starts_with("rediss://");
            let is_named = !is_redis && !is_known_port && is_named_redis(job, host, port);
            if !is_redis && !is_known_port && !is_named {
                continue;
            }
            let message = format!(
                "job `{}` scrapes `{}`, which is Redis itself",
                job.name.as_str(),
                text.as_str()
            );
            let finding = findings
                .report(text.place, message)
                .label("speaks no HTTP")
                .help(
                    "scrape redis_exporter (port 9121), and give it this address in `REDIS_ADDR`",
                );
            if is_named {
                finding.assuming(&format!("`{host}` is a Redis server, as its name says"));
            }
        }
    }
}

/// Whether targets are handed to an exporter as a parameter.
fn is_multi_target(job: &ScrapeJob) -> bool {
    job.relabelings.iter().any(|step| {
        step.get("target_label")
            .is_some_and(|label| matches!(label.scalar_text(), "__param_target" | "__address__"))
    }) || job
        .metrics_path
        .value()
        .is_none_or(|path| path != "/metrics")
}

/// `redis.example.com` or `redis-production-1a2b.up.example.com` without a port of its own, and nothing that says exporter.
fn is_named_redis(job: &ScrapeJob, host: &str, port: Option<u16>) -> bool {
    let label = host.split('.').next().unwrap_or(host).to_ascii_lowercase();
    let other = [
        "export",
        "metric",
        "insight",
        "enterprise",
        "operator",
        "proxy",
        "api",
        "commander",
    ];
    let mut words = label.split(['-', '_']);
    let is_redis = words
        .next()
        .is_some_and(|word| matches!(word, "redis" | "valkey"));
    is_redis
        && host.contains('.')
        && matches!(port, None | Some(80 | 443))
        && !other
            .iter()
            .any(|word| label.contains(word) || job.name.as_str().contains(word))
}
