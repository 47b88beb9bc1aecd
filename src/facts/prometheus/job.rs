//! What is scraped: jobs, their targets, and the exporters behind them.

use super::{Reader, ServiceId, USUAL_INTERVAL, global_interval, pairs};
use crate::catalogue::Version;
use crate::document::{Entry, Node};
use crate::facts::compose::directory_of;
use crate::facts::text::{Known, Text};
use crate::quantity::Duration;
use crate::setup::{Document, DocumentId, Kind, Place, joined, prometheus_receivers};

/// One entry of `scrape_configs`.
#[derive(Debug)]
pub struct ScrapeJob {
    /// `job_name`.
    pub name: Text,
    /// Its mapping.
    pub node: Node,
    /// The document that it stands in: `prometheus.yml`, or a file that it includes.
    pub document: DocumentId,
    /// How often it scrapes.
    pub scrape_interval: Duration,
    /// Whether that is said here, and not only the default of Prometheus: a chart and an operator have one of their own.
    pub tells_interval: bool,
    /// `metrics_path`, or `/metrics`.
    pub metrics_path: Known<String>,
    /// `scheme`, or `http`.
    pub scheme: Known<String>,
    /// Targets of `static_configs` and of files of the setup.
    pub targets: Vec<Target>,
    /// Whether targets are discovered at run time, so that the list is not complete.
    pub discovers: bool,
    /// `relabel_configs`.
    pub relabelings: Vec<Node>,
    /// `metric_relabel_configs`.
    pub metric_relabelings: Vec<Node>,
    /// Names of the catalogue's exporters that it scrapes, as far as is known.
    pub exporters: Vec<Exposure>,
}

/// An exporter of the catalogue behind a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exposure {
    /// Name of the exporter.
    pub exporter: String,
    /// Its version, where an image pins it.
    pub version: Option<Version>,
    /// The service that it runs in, where the setup holds it.
    pub service: Option<ServiceId>,
}

/// One address.
#[derive(Debug, Clone)]
pub struct Target {
    /// As written.
    pub address: Known<Text>,
    /// Where.
    pub place: Place,
    /// Labels of its target group.
    pub labels: Vec<(Text, Text)>,
}

impl Target {
    /// Host and port, `None` for a port that is not given; a scheme before it and a path behind it are passed over.
    pub fn host_and_port(&self) -> Option<(&str, Option<u16>)> {
        host_and_port(self.address.value()?.as_str())
    }
}

/// Host and port of an address or URL.
pub fn host_and_port(address: &str) -> Option<(&str, Option<u16>)> {
    let bare = address.split_once("://").map_or(address, |(_, rest)| rest);
    let authority = bare.split(['/', '?', '#']).next()?;
    let authority = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    if let Some(inside) = authority.strip_prefix('[') {
        let (host, rest) = inside.split_once(']')?;
        return Some((
            host,
            rest.strip_prefix(':').and_then(|port| port.parse().ok()),
        ));
    }
    match authority.rsplit_once(':') {
        Some((host, port)) => Some((host, port.parse().ok())),
        None => Some((authority, None)),
    }
}

impl ScrapeJob {
    /// Where to point for the job as a whole: its name.
    pub fn place(&self) -> Place {
        self.name.place
    }
}

/// The `*_sd_configs` whose targets the setup itself holds.
const HELD_HERE: [&str; 1] = ["file_sd_configs"];

impl Reader<'_> {
    pub(super) fn lone_jobs(&self) -> Vec<ScrapeJob> {
        let usual = self.usual_interval();
        let jobs = self.document.root.items().iter();
        jobs.filter_map(|node| self.job(self.document, node, usual))
            .collect()
    }

    pub(super) fn jobs(&self, default_interval: Duration) -> Vec<ScrapeJob> {
        let own = self
            .document
            .root
            .get("scrape_configs")
            .map(|node| (self.document, node));
        let directory = directory_of(&self.document.path);
        let included = self
            .document
            .root
            .get("scrape_config_files")
            .map_or(&[][..], |node| node.items())
            .iter()
            .filter_map(|pattern| joined(directory, pattern.scalar_text()))
            .flat_map(|pattern| self.matching(&pattern))
            .collect::<Vec<_>>();
        let included = included
            .iter()
            .flat_map(|path| self.setup.at(path))
            .filter_map(|document| Some((document, document.root.get("scrape_configs")?)));
        own.into_iter()
            .chain(included)
            .flat_map(|(document, node)| node.items().iter().map(move |job| (document, job)))
            .filter_map(|(document, job)| self.job(document, job, Some(default_interval)))
            .collect()
    }

    /// How often jobs without a `prometheus.yml` scrape that do not say it themselves: a collector has what Prometheus has.
    fn usual_interval(&self) -> Option<Duration> {
        let outer = self.setup.document(self.document.wrapper?);
        if outer.kind != Kind::OpenTelemetry {
            return None;
        }
        let mut configurations = prometheus_receivers(&outer.root);
        let own = configurations.find(|it| {
            let list = it.get("scrape_configs");
            list.is_some_and(|list| list.span == self.document.root.span)
        })?;
        Some(global_interval(own, "scrape_interval"))
    }

    fn job(&self, document: &Document, node: &Node, usual: Option<Duration>) -> Option<ScrapeJob> {
        let name = Text::of(document, node.get("job_name")?);
        let text = |key: &str, default: &str| {
            let text = node.get(key).map_or(default, |node| node.scalar_text());
            match crate::facts::text::placeholder(text) {
                Some(name) => Known::Placeholder(name.to_owned()),
                None => Known::Value(text.to_owned()),
            }
        };
        let list = |key: &str| node.get(key).map_or(&[][..], |node| node.items()).to_vec();
        let mut targets = self.static_targets(document, node);
        let mut discovers = discovers(node);
        for item in list("file_sd_configs") {
            for pattern in item.get("files").map_or(&[][..], |node| node.items()) {
                let (files, is_certain) = self.file_sd(pattern.scalar_text());
                discovers |= !is_certain;
                let documents = files.iter().flat_map(|path| self.setup.at(path));
                for document in documents.filter(|document| document.kind == Kind::Targets) {
                    for group in document.root.items() {
                        targets.extend(group_targets(document, group));
                    }
                }
            }
        }
        let metrics_path = text("metrics_path", "/metrics");
        let exporters = self.exporters(
            &name.value,
            metrics_path.value().map(String::as_str),
            node,
            &targets,
        );
        let interval = node
            .get("scrape_interval")
            .and_then(|node| node.scalar_text().parse().ok())
            .or(usual);
        Some(ScrapeJob {
            scrape_interval: interval.unwrap_or(USUAL_INTERVAL),
            tells_interval: interval.is_some(),
            scheme: text("scheme", "http"),
            relabelings: list("relabel_configs"),
            metric_relabelings: list("metric_relabel_configs"),
            document: document.id,
            node: node.clone(),
            metrics_path,
            name,
            targets,
            discovers,
            exporters,
        })
    }

    fn file_sd(&self, pattern: &str) -> (Vec<String>, bool) {
        let found = self.reader("prometheus", "config.file");
        self.expand(pattern, found.as_ref())
    }

    pub(super) fn static_targets(&self, document: &Document, node: &Node) -> Vec<Target> {
        let groups = node
            .get("static_configs")
            .map_or(&[][..], |node| node.items());
        groups
            .iter()
            .flat_map(|group| group_targets(document, group))
            .collect()
    }

    /// Which of the catalogue's exporters answer at the targets.
    fn exporters(
        &self,
        name: &str,
        metrics_path: Option<&str>,
        node: &Node,
        targets: &[Target],
    ) -> Vec<Exposure> {
        let mut exposures: Vec<Exposure> = Vec::new();
        // With the usual relabeling, the exporter's address is a replacement and the targets are what it probes.
        let replaced = node
            .get("relabel_configs")
            .map_or(&[][..], |node| node.items())
            .iter()
            .filter(|step| {
                step.get("target_label")
                    .is_some_and(|label| label.scalar_text() == "__address__")
            });
        let replaced: Vec<&str> = replaced
            .filter_map(|step| step.get("replacement")?.as_str())
            .filter(|replacement| !replacement.contains('$'))
            .collect();
        let direct = targets
            .iter()
            .filter_map(|target| Some(target.address.value()?.as_str()));
        let addresses: Vec<&str> = match replaced.is_empty() {
            true => direct.collect(),
            false => replaced,
        };
        for (host, port) in addresses.into_iter().filter_map(host_and_port) {
            let exposure = self.exposure(host, port).or_else(|| {
                let by_name = name.replace('-', "_");
                let image = self.catalogue.images().iter().find(|image| {
                    image.exporter.is_some()
                        && (port.is_some_and(|port| image.ports.first() == Some(&port))
                            || by_name == image.program)
                })?;
                Some(Exposure {
                    exporter: image.exporter.clone()?,
                    version: None,
                    service: None,
                })
            });
            exposures.extend(exposure.filter(|exposure| !exposures.contains(exposure)));
        }
        if exposures.is_empty() && metrics_path == Some("/scrape") {
            exposures.push(Exposure {
                exporter: "redis_exporter".into(),
                version: None,
                service: None,
            });
        }
        exposures
    }

    fn exposure(&self, host: &str, port: Option<u16>) -> Option<Exposure> {
        self.projects
            .iter()
            .enumerate()
            .find_map(|(index, project)| {
                let service = project.services_at(host).next()?;
                let image = service.program.as_ref()?;
                // Another port of the container is another program.
                if port.is_some_and(|port| !image.ports.contains(&port)) {
                    return None;
                }
                Some(Exposure {
                    exporter: image.exporter.clone()?,
                    version: service.version(),
                    service: Some(ServiceId {
                        project: index,
                        service: service.name.value.to_string(),
                    }),
                })
            })
    }
}

/// Whether a mapping has service discovery of which the setup does not hold the targets.
pub(super) fn discovers(node: &Node) -> bool {
    node.entries().iter().any(|entry: &Entry| {
        entry.key.text.ends_with("_sd_configs") && !HELD_HERE.contains(&&*entry.key.text)
    })
}

fn group_targets(document: &Document, group: &Node) -> Vec<Target> {
    let labels = pairs(document, group.get("labels"));
    group
        .get("targets")
        .map_or(&[][..], |node| node.items())
        .iter()
        .map(|target| Target {
            address: Known::of(Text::of(document, target)),
            place: document.place(target.span),
            labels: labels.clone(),
        })
        .collect()
}
