//! Which exporters of the catalogue the setup scrapes, and how they run.

use indexmap::IndexMap;

use super::Facts;
use super::prometheus::{Exposure, Target};
use crate::catalogue::{Circumstances, Exporter};

/// What is known of an exporter of the catalogue in this setup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scraped {
    /// A job scrapes it; each exposure with what is known of how it runs.
    By(Vec<Circumstances>),
    /// Jobs are known, all of them, and none scrapes it.
    Nowhere,
    /// The setup does not tell: there is no Prometheus in it, or targets are placeholders or discovered at run time.
    Unknown,
}

impl Facts<'_> {
    /// Whether and how the setup scrapes an exporter of the catalogue.
    pub fn scraped(&self, exporter: &Exporter) -> Scraped {
        let jobs = || self.prometheus.iter().flat_map(|server| &server.jobs);
        let circumstances: Vec<Circumstances> = jobs()
            .flat_map(|job| &job.exporters)
            .filter(|exposure| exposure.exporter == exporter.name)
            .map(|exposure| self.circumstances(exporter, exposure))
            .collect();
        if !circumstances.is_empty() {
            return Scraped::By(circumstances);
        }
        let is_known = self.prometheus.iter().any(|server| !server.jobs.is_empty())
            && jobs().all(|job| {
                !job.discovers
                    && job
                        .targets
                        .iter()
                        .all(|target| !target.address.is_placeholder())
            });
        match is_known {
            true => Scraped::Nowhere,
            false => Scraped::Unknown,
        }
    }

    /// Whether a job scrapes something of which nobody knows what it exposes: an application, a gateway, what is discovered.
    pub fn scrapes_applications(&self) -> bool {
        *self
            .scrapes_applications
            .get_or_init(|| self.finds_applications())
    }

    fn finds_applications(&self) -> bool {
        let is_known = |target: &Target| {
            let Some((host, port)) = target.host_and_port() else {
                return false;
            };
            let mut services = self
                .projects
                .iter()
                .flat_map(|project| project.services_at(host))
                .peekable();
            match services.peek() {
                Some(_) => services.all(|service| {
                    let image = service.program.as_ref();
                    image.is_some_and(|image| !image.metrics.is_empty())
                }),
                None => self.catalogue.images().iter().any(|image| {
                    !image.metrics.is_empty()
                        && port.is_some()
                        && image.ports.first() == port.as_ref()
                }),
            }
        };
        let mut jobs = self.prometheus.iter().flat_map(|server| &server.jobs);
        jobs.any(|job| {
            job.exporters.is_empty() && (job.discovers || !job.targets.iter().all(is_known))
        })
    }

    fn circumstances(&self, exporter: &Exporter, exposure: &Exposure) -> Circumstances {
        let mut circumstances = Circumstances {
            exporter: exposure.version,
            ..Circumstances::default()
        };
        let Some(service) = exposure.service.as_ref().and_then(|id| self.service(id)) else {
            return circumstances;
        };
        let mut flags = IndexMap::new();
        let mut is_known = service.build.is_none() && !service.lacks_env_file;
        for (name, value) in &service.environment {
            if let Some(flag) = exporter.flag_of_env(name) {
                match value {
                    Some(value) if value.value().is_some() => {
                        let value = value.value().map_or("", |text| text.as_str());
                        flags.insert(flag.name.clone(), value.to_owned());
                    }
                    // How Redis is reached decides nothing of what is exposed.
                    _ if flag.name.starts_with("redis.") => {}
                    _ => is_known = false,
                }
            }
        }
        for argument in service.entrypoint.iter().chain(&service.command) {
            let Some(bare) = argument.value.strip_prefix('-') else {
                continue;
            };
            let bare = bare.trim_start_matches('-');
            let (name, value) = bare.split_once('=').unwrap_or((bare, "true"));
            flags.insert(name.to_owned(), value.to_owned());
        }
        circumstances.namespace = exporter
            .namespace_flag
            .as_ref()
            .and_then(|flag| flags.get(flag).cloned());
        circumstances.flags = is_known.then_some(flags);
        circumstances
    }
}
