//! What each scrape job of a setup is there for, in the words of a profile.

use crate::facts::Facts;
use crate::facts::compose::{ComposeProject, ComposeService};
use crate::facts::prometheus::{ScrapeJob, host_and_port};
use crate::model::target::{REDIS_PORT, SENTINEL_PORT};

/// What a job is there for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Role {
    /// Redis servers through one exporter at this `host:port`.
    Through(String),
    /// Sentinels through one exporter.
    Sentinels(String),
    /// Keys of Redis servers, through an exporter that scans them.
    Keys(String),
    /// The nodes that a cluster names, through one exporter.
    Cluster(String),
    /// Exporters that each watch one Redis.
    Beside,
    /// The own metrics of an exporter that others are reached through.
    OwnMetrics,
    /// Endpoints, through a blackbox exporter.
    Probe,
    /// The stack watches itself.
    Own,
    /// A program beside Redis.
    Application,
    /// What no profile has, with the reason.
    Nothing(String),
}

/// What decides the role of a job.
#[derive(Debug, Clone, Copy)]
pub(super) struct Jobs<'j, 'a> {
    pub(super) facts: &'a Facts<'a>,
    /// Those of the Prometheus, and those that stand elsewhere.
    pub(super) jobs: &'j [&'a ScrapeJob],
    pub(super) project: Option<&'a ComposeProject>,
}

impl<'a> Jobs<'_, 'a> {
    /// The role of each job, in their order.
    pub(super) fn roles(self) -> Vec<(&'a ScrapeJob, Role)> {
        let jobs = self.jobs.iter();
        jobs.map(|job| (*job, self.role(job))).collect()
    }

    fn role(self, job: &'a ScrapeJob) -> Role {
        let has = |exporter: &str| job.exporters.iter().any(|it| it.exporter == exporter);
        if let Some(exporter) = replaced_address(job) {
            return self.through(job, exporter);
        }
        let addresses: Vec<&str> = job
            .targets
            .iter()
            .filter_map(|target| Some(target.address.value()?.as_str()))
            .collect();
        let Some(first) = addresses.first().copied() else {
            let missing = job.targets.iter().find_map(|target| match &target.address {
                crate::facts::text::Known::Placeholder(name) => Some(name.as_str()),
                crate::facts::text::Known::Value(_) => None,
            });
            return Role::Nothing(match missing {
                Some(name) => format!("its target `{name}` is filled in by something else"),
                None if job.discovers => {
                    "its targets are discovered at run time, and a profile names them".into()
                }
                None => "it has no target".into(),
            });
        };
        let names_redis = |label: &str| {
            let mut labels = job.targets.iter().flat_map(|target| &target.labels);
            labels.any(|(key, value)| {
                key.as_str() == label
                    && ["redis://", "rediss://"]
                        .iter()
                        .any(|scheme| value.as_str().starts_with(scheme))
            })
        };
        if has("redis_exporter") {
            let is_shared = self.jobs.iter().any(|other| {
                replaced_address(other).is_some_and(|exporter| addresses.contains(&exporter))
            });
            return if is_shared {
                Role::OwnMetrics
            } else {
                Role::Beside
            };
        }
        if names_redis("instance") {
            return Role::Beside;
        }
        if let Some(program) = self.own_program(job, first) {
            return match program {
                "prometheus" | "alertmanager" | "grafana" | "blackbox_exporter" => Role::Own,
                "redis" => Role::Nothing(REDIS_PORT_REASON.into()),
                _ => Role::Application,
            };
        }
        if addresses.iter().any(|address| self.is_redis(address)) {
            return Role::Nothing(REDIS_PORT_REASON.into());
        }
        let (host, port) = host_and_port(first).unwrap_or((first, None));
        if self.project.is_some() && matches!(host, "localhost" | "127.0.0.1") {
            return Role::Nothing("inside its container `localhost` is Prometheus itself".into());
        }
        if port.is_none() && host.starts_with("redis") && !host.contains("exporter") {
            return Role::Nothing(format!(
                "`{host}` looks like a Redis, and Redis serves no metrics: scrape an exporter beside it"
            ));
        }
        Role::Application
    }

    fn through(self, job: &'a ScrapeJob, exporter: &str) -> Role {
        let is_blackbox = job
            .metrics_path
            .value()
            .is_some_and(|path| path == "/probe")
            || job
                .exporters
                .iter()
                .any(|it| it.exporter == "blackbox_exporter");
        if is_blackbox {
            return Role::Probe;
        }
        if !job
            .exporters
            .iter()
            .any(|it| it.exporter == "redis_exporter")
        {
            return Role::Nothing(
                "it is scraped through an exporter that a profile does not know".into(),
            );
        }
        let host = host_and_port(exporter).map_or(exporter, |(host, _)| host);
        let exporter = exporter.to_owned();
        let service = self.service_at(host);
        let scans = service.is_some_and(|service| {
            [
                "check-keys",
                "check-single-keys",
                "count-keys",
                "check-key-groups",
                "script",
            ]
            .iter()
            .any(|flag| service.has_flag(flag))
        });
        // An exporter that only scans keys has another one beside it for everything else.
        let is_alone = self.jobs.iter().all(|other| {
            std::ptr::eq(*other, job)
                || replaced_address(other).is_none_or(|other| other == exporter)
        });
        if scans && !is_alone {
            return Role::Keys(exporter);
        }
        if job.discovers && job.node.get("http_sd_configs").is_some() {
            return Role::Cluster(exporter);
        }
        let ports = job
            .targets
            .iter()
            .filter_map(|target| target.host_and_port()?.1);
        let mut ports = ports.peekable();
        match ports.peek().is_some() && ports.all(|port| port == SENTINEL_PORT) {
            true => Role::Sentinels(exporter),
            false => Role::Through(exporter),
        }
    }

    fn service_at(self, host: &str) -> Option<&'a ComposeService> {
        let services = self.project?.services.values();
        services
            .into_iter()
            .find(|service| service.hosts.iter().any(|name| name == host))
    }

    /// The well-known program that answers at an address.
    fn own_program(self, job: &'a ScrapeJob, address: &str) -> Option<&'a str> {
        let (host, port) = host_and_port(address)?;
        if let Some(service) = self.service_at(host) {
            let image = service.program.as_ref()?;
            let fits = port.is_none_or(|port| image.ports.contains(&port));
            return fits.then_some(image.program.as_str());
        }
        let exposed = job.exporters.iter().map(|it| it.exporter.as_str());
        let images = self.facts.catalogue.images();
        let by_exporter = exposed
            .filter_map(|exporter| {
                let mut images = images.iter();
                images.find(|image| image.exporter.as_deref() == Some(exporter))
            })
            .map(|image| image.program.as_str())
            .next();
        let by_name = || {
            ["prometheus", "alertmanager", "grafana"]
                .into_iter()
                .find(|name| *name == host && *name == job.name.as_str())
        };
        by_exporter.or_else(by_name)
    }

    /// Whether a Redis listens at an address: by its port, or because an exporter is told so.
    fn is_redis(self, address: &str) -> bool {
        let Some((host, port)) = host_and_port(address) else {
            return false;
        };
        if matches!(port, Some(REDIS_PORT | SENTINEL_PORT)) {
            return true;
        }
        let projects = self.facts.projects.iter();
        let exporters = projects.flat_map(|project| project.running("redis_exporter"));
        exporters
            .filter_map(|service| told_address(service))
            .any(|told| {
                let told = told.rsplit_once('@').map_or(told, |(_, rest)| rest);
                host_and_port(told).is_some_and(|(other, other_port)| {
                    other == host && (port.is_none() || port == other_port)
                })
            })
    }
}

const REDIS_PORT_REASON: &str =
    "it scrapes a Redis port, and Redis serves no metrics: what is scraped is an exporter";

/// The address of the Redis that an exporter is started with.
pub(super) fn told_address(service: &ComposeService) -> Option<&str> {
    let variable = service.environment.get("REDIS_ADDR");
    let written = variable.and_then(|value| value.as_ref()?.value());
    let text = written.map(|text| text.as_str()).or_else(|| {
        let arguments = service.command.iter().chain(&service.entrypoint);
        let prefixes = ["--redis.addr=", "-redis.addr="];
        arguments.into_iter().find_map(|argument| {
            prefixes
                .iter()
                .find_map(|prefix| argument.value.strip_prefix(prefix))
        })
    })?;
    (!text.is_empty()).then_some(text)
}

/// The address that a job scrapes instead of that of its targets.
pub(super) fn replaced_address(job: &ScrapeJob) -> Option<&str> {
    job.relabelings
        .iter()
        .filter(|step| {
            let target = step.get("target_label");
            target.is_some_and(|label| label.scalar_text() == "__address__")
        })
        .filter_map(|step| step.get("replacement")?.as_str())
        .rfind(|replacement| !replacement.contains('$'))
}
