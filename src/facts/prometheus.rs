//! Prometheus servers: how they are run, what they scrape, which rule files they load.

use super::compose::{ComposeProject, ComposeService, directory_of};
use super::container::{Expansion, glob_matches, has_wildcard};
use super::text::{Known, Text};
use crate::catalogue::{Catalogue, Evaluator, Version};
use crate::document::{Entry, Node};
use crate::quantity::Duration;
use crate::setup::{Document, DocumentId, Kind, Place, Setup, joined, prometheus_receivers};

/// Which service of which project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceId {
    /// Index in [`Facts::projects`](super::Facts::projects).
    pub project: usize,
    /// Its name.
    pub service: String,
}

/// One `prometheus.yml`, and who runs it.
#[derive(Debug)]
pub struct PrometheusServer {
    /// The configuration.
    pub document: DocumentId,
    /// The service that reads it; `None` where the setup does not tell.
    pub service: Option<ServiceId>,
    /// What reads it: Prometheus, or vmagent, which understands more.
    pub reader: Evaluator,
    /// The project that it is part of: of its service, else the only one of the setup.
    pub project: Option<usize>,
    /// The version that its image pins.
    pub version: Option<Version>,
    /// `global.scrape_interval`, or its default of 1 minute.
    pub scrape_interval: Duration,
    /// `global.evaluation_interval`, or its default of 1 minute.
    pub evaluation_interval: Duration,
    /// `global.external_labels`.
    pub external_labels: Vec<(Text, Text)>,
    /// What is scraped.
    pub jobs: Vec<ScrapeJob>,
    /// Patterns of `rule_files`.
    pub rule_patterns: Vec<RulePattern>,
    /// `alerting.alertmanagers`: every address. `None`: there is no such section.
    pub alertmanagers: Option<Vec<Target>>,
    /// Whether Alertmanagers or targets are discovered at run time, so that the lists are not complete.
    pub discovers_alertmanagers: bool,
    /// Whether it is started with a script of the setup, which may fill in placeholders.
    pub has_script: bool,
}

/// One pattern of `rule_files`.
#[derive(Debug)]
pub struct RulePattern {
    /// As written.
    pub text: Text,
    /// The rule files that it finds.
    pub documents: Vec<DocumentId>,
    /// Every file of the setup that it finds, rules or not.
    pub files: Vec<String>,
    /// Whether that is all: no volume, no image of others, no guess about where files end up.
    pub is_certain: bool,
}

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

/// How often Prometheus scrapes and evaluates where nobody says otherwise.
const USUAL_INTERVAL: Duration = Duration::from_secs(60);

/// The `*_sd_configs` whose targets the setup itself holds.
const HELD_HERE: [&str; 1] = ["file_sd_configs"];

/// Every `prometheus.yml` of a setup.
pub(super) fn servers(
    setup: &Setup,
    catalogue: &Catalogue,
    projects: &[ComposeProject],
) -> Vec<PrometheusServer> {
    Reader::of_all(setup, catalogue, projects, Kind::Prometheus)
        .map(|reader| reader.server())
        .collect()
}

/// Scrape jobs without a `prometheus.yml`: those that a Helm chart or an operator adds to its own, those of an OpenTelemetry
/// collector. What else is scraped there is not known.
pub(super) fn lone_jobs(
    setup: &Setup,
    catalogue: &Catalogue,
    projects: &[ComposeProject],
) -> Vec<ScrapeJob> {
    Reader::of_all(setup, catalogue, projects, Kind::ScrapeConfigs)
        .flat_map(|reader| reader.lone_jobs())
        .collect()
}

struct Reader<'r> {
    setup: &'r Setup,
    catalogue: &'r Catalogue,
    projects: &'r [ComposeProject],
    document: &'r Document,
}

/// The service that is started with the configuration in `document`, and the path at which it finds it.
pub fn reader_of(
    setup: &Setup,
    projects: &[ComposeProject],
    document: &Document,
    program: &str,
    flag: &str,
) -> Option<(ServiceId, String)> {
    for (index, project) in projects.iter().enumerate() {
        for (name, service) in &project.services {
            let configured = service.flag(flag).map(|path| path.value.to_string());
            let default = service
                .program
                .as_ref()
                .filter(|image| image.program == program)
                .and_then(|image| image.config.clone());
            let Some(path) = configured.or(default) else {
                continue;
            };
            let files = service.container.resolve(setup.listing(), &path);
            if files == super::container::Resolved::Setup(document.path.to_string()) {
                let id = ServiceId {
                    project: index,
                    service: name.clone(),
                };
                return Some((id, path));
            }
        }
    }
    None
}

impl<'r> Reader<'r> {
    fn of_all(
        setup: &'r Setup,
        catalogue: &'r Catalogue,
        projects: &'r [ComposeProject],
        kind: Kind,
    ) -> impl Iterator<Item = Self> {
        setup.of_kind(kind).map(move |document| Self {
            setup,
            catalogue,
            projects,
            document,
        })
    }

    fn lone_jobs(&self) -> Vec<ScrapeJob> {
        let usual = self.usual_interval();
        let jobs = self.document.root.items().iter();
        jobs.filter_map(|node| self.job(self.document, node, usual))
            .collect()
    }

    fn server(&self) -> PrometheusServer {
        let root = &self.document.root;
        let found = reader_of(
            self.setup,
            self.projects,
            self.document,
            "prometheus",
            "config.file",
        );
        let service = found.as_ref().and_then(|(id, _)| self.service(id));
        let agent = match found {
            Some(_) => None,
            None => reader_of(
                self.setup,
                self.projects,
                self.document,
                "vmagent",
                "promscrape.config",
            ),
        };
        let reader = match (&found, &agent) {
            (Some(_), _) => Evaluator::Prometheus,
            (None, Some(_)) => Evaluator::VictoriaMetrics,
            (None, None) => self.catalogue.evaluators().of_scrape_configuration(root),
        };
        let global = root.get("global");
        let scrape_interval = global_interval(root, "scrape_interval");
        let alerting = root
            .get("alerting")
            .and_then(|alerting| alerting.get("alertmanagers"));
        let patterns = root.get("rule_files").map_or(&[][..], |node| node.items());
        PrometheusServer {
            document: self.document.id,
            reader,
            project: found
                .as_ref()
                .or(agent.as_ref())
                .map(|(id, _)| id.project)
                .or_else(|| self.only_project()),
            version: service.and_then(ComposeService::version),
            scrape_interval,
            evaluation_interval: global_interval(root, "evaluation_interval"),
            external_labels: pairs(
                self.document,
                global.and_then(|global| global.get("external_labels")),
            ),
            jobs: self.jobs(scrape_interval),
            rule_patterns: patterns
                .iter()
                .map(|pattern| self.rule_pattern(pattern, found.as_ref()))
                .collect(),
            alertmanagers: alerting.map(|node| {
                node.items()
                    .iter()
                    .flat_map(|item| self.static_targets(self.document, item))
                    .collect()
            }),
            discovers_alertmanagers: alerting
                .is_some_and(|node| node.items().iter().any(discovers)),
            has_script: service.is_some_and(|service| !service.entrypoint.is_empty()),
            service: found.or(agent).map(|(id, _)| id),
        }
    }

    /// The only project of the setup, where it may be this server's: it lies above it, or runs a Prometheus or something of which
    /// only the image is known. What is inside a Kubernetes object runs there.
    fn only_project(&self) -> Option<usize> {
        let [project] = self.projects else {
            return None;
        };
        let directory = &project.directory;
        let is_above = directory.is_empty()
            || super::container::inside(directory, &self.document.path).is_some();
        let runs_it = project
            .services
            .values()
            .any(|service| service.runs("prometheus") || service.program.is_none());
        (self.document.wrapper.is_none() && (is_above || runs_it)).then_some(0)
    }

    fn service(&self, id: &ServiceId) -> Option<&ComposeService> {
        self.projects.get(id.project)?.services.get(&id.service)
    }

    fn rule_pattern(&self, node: &Node, found: Option<&(ServiceId, String)>) -> RulePattern {
        let text = Text::of(self.document, node);
        if found.is_none() && self.document.wrapper.is_some() {
            return self.pattern_of_configmaps(text);
        }
        let (files, is_certain) = self.expand(&text.value, found);
        let documents = files
            .iter()
            .flat_map(|path| self.setup.at(path))
            .filter(|document| document.kind == Kind::Rules)
            .map(|document| document.id)
            .collect();
        RulePattern {
            text,
            documents,
            files,
            is_certain,
        }
    }

    /// Files of ConfigMaps are mounted by their names, wherever that is: those of the configuration's own before those of its
    /// directory, and those before all others.
    fn pattern_of_configmaps(&self, text: Text) -> RulePattern {
        let name = text.value.rsplit('/').next().unwrap_or_default();
        let all = || {
            self.setup.of_kind(Kind::Rules).filter(|document| {
                document.wrapper.is_some()
                    && !document.is_part()
                    && glob_matches(name, &document.name)
            })
        };
        let directory = |document: &Document| directory_of(&document.path).to_owned();
        let own: Vec<_> = all()
            .filter(|document| document.wrapper == self.document.wrapper)
            .collect();
        let near: Vec<_> = all()
            .filter(|document| directory(document) == directory(self.document))
            .collect();
        let found = [own, near, all().collect()]
            .into_iter()
            .find(|documents| !documents.is_empty())
            .unwrap_or_default();
        let mut files: Vec<String> = found
            .iter()
            .map(|document| document.path.to_string())
            .collect();
        files.dedup();
        RulePattern {
            text,
            documents: found.iter().map(|document| document.id).collect(),
            files,
            is_certain: false,
        }
    }

    /// The files of the setup that a pattern finds, and whether that is certain.
    fn expand(&self, pattern: &str, found: Option<&(ServiceId, String)>) -> (Vec<String>, bool) {
        let listing = self.setup.listing();
        if let Some((id, config)) = found
            && let Some(service) = self.service(id)
        {
            let pattern = match pattern.starts_with('/') {
                true => pattern.to_owned(),
                false => format!("{}/{pattern}", directory_of(config)),
            };
            let Expansion {
                files,
                may_have_more,
            } = service.container.expand(listing, &pattern);
            return (files, !may_have_more);
        }
        // What else is mounted beside a file of a ConfigMap, nobody knows.
        if self.document.wrapper.is_some() {
            return (Vec::new(), false);
        }
        let directory = directory_of(&self.document.path);
        if let Some(pattern) = joined(directory, pattern) {
            let files = self.matching(&pattern);
            // Relative paths are taken from the configuration, wherever it ends up, so its neighbours count.
            let is_certain = !files.is_empty();
            return (files, is_certain);
        }
        // Nobody says how files get into the container: usually as they lie beside the configuration.
        let parts: Vec<&str> = pattern.split('/').filter(|part| !part.is_empty()).collect();
        let files = (0..parts.len())
            .map(|skip| parts[skip..].join("/"))
            .filter_map(|rest| joined(directory, &rest))
            .map(|pattern| self.matching(&pattern))
            .find(|files| !files.is_empty());
        (files.unwrap_or_default(), false)
    }

    fn matching(&self, pattern: &str) -> Vec<String> {
        let listing = self.setup.listing();
        if !has_wildcard(pattern) {
            return listing
                .is_file(pattern)
                .then(|| pattern.to_owned())
                .into_iter()
                .collect();
        }
        listing
            .files()
            .filter(|file| glob_matches(pattern, file))
            .map(str::to_owned)
            .collect()
    }

    fn jobs(&self, default_interval: Duration) -> Vec<ScrapeJob> {
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
            match super::text::placeholder(text) {
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
        let found = reader_of(
            self.setup,
            self.projects,
            self.document,
            "prometheus",
            "config.file",
        );
        self.expand(pattern, found.as_ref())
    }

    fn static_targets(&self, document: &Document, node: &Node) -> Vec<Target> {
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

/// An interval of `global`, or its default.
fn global_interval(configuration: &Node, key: &str) -> Duration {
    let written = configuration
        .get("global")
        .and_then(|global| global.get(key));
    written
        .and_then(|node| node.scalar_text().parse().ok())
        .unwrap_or(USUAL_INTERVAL)
}

/// Whether a mapping has service discovery of which the setup does not hold the targets.
fn discovers(node: &Node) -> bool {
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

/// Keys and scalar values of a mapping.
pub fn pairs(document: &Document, node: Option<&Node>) -> Vec<(Text, Text)> {
    node.map_or(&[][..], |node| node.entries())
        .iter()
        .map(|entry| {
            (
                Text::of_key(document, &entry.key),
                Text::of(document, &entry.value),
            )
        })
        .collect()
}
