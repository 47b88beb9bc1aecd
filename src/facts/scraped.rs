//! Which exporters of the catalogue the setup scrapes, and how they run.

use indexmap::IndexMap;

use super::Facts;
use super::prometheus::{Exposure, ScrapeJob, Target};
use crate::catalogue::{Circumstances, Exporter};
use crate::setup::{Document, Kind};

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
        let circumstances: Vec<Circumstances> = self
            .scrape_jobs()
            .flat_map(|job| &job.exporters)
            .filter(|exposure| exposure.exporter == exporter.name)
            .map(|exposure| self.circumstances(exporter, exposure))
            .collect();
        if !circumstances.is_empty() {
            return Scraped::By(circumstances);
        }
        let is_known = self.prometheus.iter().any(|server| !server.jobs.is_empty())
            && !self.has_other_scrapers()
            && self.scrape_jobs().all(|job| {
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

    /// Every scrape job, of whatever scrapes.
    pub fn scrape_jobs(&self) -> impl Iterator<Item = &ScrapeJob> {
        let of_servers = self.prometheus.iter().flat_map(|server| &server.jobs);
        of_servers.chain(&self.lone_jobs)
    }

    /// Whether anything else than a Prometheus whose configuration is here scrapes: a chart's or an operator's, an OpenTelemetry
    /// collector, Alloy. Then series may come from more than the jobs that are known, and have labels of their own.
    pub fn has_other_scrapers(&self) -> bool {
        !self.lone_jobs.is_empty() || self.has_alloy()
    }

    /// Whether Alloy scrapes: what and under which job, only its own language says.
    pub fn has_alloy(&self) -> bool {
        let scrapes = |document: &Document| document.text.text().contains("prometheus.scrape");
        *self
            .has_alloy
            .get_or_init(|| self.setup.of_kind(Kind::Alloy).any(scrapes))
    }

    /// Whether a collector beside Prometheus, if the setup has one, names `host` as an address.
    pub fn is_named_by_collector(&self, host: &str) -> bool {
        let address = format!("{host}:");
        [Kind::Alloy, Kind::OpenTelemetry]
            .into_iter()
            .flat_map(|kind| self.setup.of_kind(kind))
            .any(|document| document.text.text().contains(&address))
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
        self.has_alloy()
            || self.scrape_jobs().any(|job| {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Catalogue;
    use crate::setup::Setup;

    const PROMETHEUS: (&str, &str) = (
        "prometheus.yml",
        "scrape_configs: [{job_name: p, static_configs: [{targets: ['localhost:9090']}]}]",
    );

    /// Whether Redis exporter is scraped, and under which jobs anything is.
    fn scraped(texts: &[(&str, &str)]) -> (Scraped, Vec<String>) {
        let catalogue = Catalogue::embedded().unwrap();
        let texts = texts.iter().map(|(path, text)| (*path, text.as_bytes()));
        let setup = Setup::of_texts("", texts);
        let facts = Facts::of(&setup, &catalogue);
        let exporter = catalogue.exporter("redis_exporter").unwrap();
        let jobs = facts.scrape_jobs().map(|job| job.name.value.to_string());
        (facts.scraped(exporter), jobs.collect())
    }

    #[test]
    fn who_scrapes_beside_prometheus_may_scrape_anything() {
        let of_prometheus = scraped(&[PROMETHEUS]);
        assert_eq!(of_prometheus, (Scraped::Nowhere, vec!["p".into()]));
        let alloy = ("a.alloy", "prometheus.scrape \"x\" { targets = [] }");
        assert_eq!(scraped(&[PROMETHEUS, alloy]).0, Scraped::Unknown);
        let of_logs = ("a.alloy", "loki.write \"x\" { }");
        assert_eq!(scraped(&[PROMETHEUS, of_logs]).0, Scraped::Nowhere);
    }

    #[test]
    fn jobs_outside_of_a_prometheus_yml_are_jobs() {
        const JOB: &str = "[{job_name: r, static_configs: [{targets: ['redis-exporter:9121']}]}]";
        for (path, text) in [
            (
                "otel.yaml",
                format!(
                    "receivers: {{prometheus/x: {{config: {{scrape_configs: {JOB}}}}}}}\nexporters: {{}}\nservice: {{}}"
                ),
            ),
            (
                "values.yaml",
                format!("prometheus: {{prometheusSpec: {{additionalScrapeConfigs: {JOB}}}}}"),
            ),
            ("additional.yaml", JOB.to_owned()),
        ] {
            let (scraped, jobs) = scraped(&[PROMETHEUS, (path, &text)]);
            assert!(matches!(scraped, Scraped::By(_)), "{text}");
            assert_eq!(jobs, ["p", "r"], "{text}");
        }
    }
}
