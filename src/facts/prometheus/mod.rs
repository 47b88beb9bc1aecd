//! Prometheus servers: how they are run, what they scrape, which rule files they load.

mod job;
mod rule_pattern;

pub use job::{Exposure, ScrapeJob, Target, host_and_port};
pub use rule_pattern::RulePattern;

use self::job::discovers;
use super::compose::{ComposeProject, ComposeService};
use super::container::{Resolved, inside};
use super::text::Text;
use crate::catalogue::{Catalogue, Evaluator, Version};
use crate::document::Node;
use crate::quantity::Duration;
use crate::setup::{Document, DocumentId, Kind, Setup};

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

/// How often Prometheus scrapes and evaluates where nobody says otherwise.
const USUAL_INTERVAL: Duration = Duration::from_secs(60);

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
            if files == Resolved::Setup(document.path.to_string()) {
                let id = ServiceId {
                    project: index,
                    service: name.clone(),
                };
                return Some((id, path));
            }
        }
    }
    reader_by_script(setup, projects, document, program)
}

/// The service whose script makes its configuration of a document: it starts with one, and has no other document of that kind.
fn reader_by_script(
    setup: &Setup,
    projects: &[ComposeProject],
    document: &Document,
    program: &str,
) -> Option<(ServiceId, String)> {
    projects.iter().enumerate().find_map(|(index, project)| {
        project.services.iter().find_map(|(name, service)| {
            if !service.runs(program) || service.entrypoint.is_empty() {
                return None;
            }
            let is_alike = |path: &str| setup.at(path).any(|other| other.kind == document.kind);
            let files = service.container.files(setup.listing());
            let mut held = files.into_iter().filter(|(_, file)| is_alike(file));
            let (path, file) = held.next()?;
            let id = ServiceId {
                project: index,
                service: name.clone(),
            };
            (*file == *document.path && held.next().is_none()).then_some((id, path))
        })
    })
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

    /// The service that reads the document as its configuration, and where it finds it: see [`reader_of`].
    fn reader(&self, program: &str, flag: &str) -> Option<(ServiceId, String)> {
        reader_of(self.setup, self.projects, self.document, program, flag)
    }

    fn server(&self) -> PrometheusServer {
        let root = &self.document.root;
        let found = self.reader("prometheus", "config.file");
        let service = found.as_ref().and_then(|(id, _)| self.service(id));
        let agent = match found {
            Some(_) => None,
            None => self.reader("vmagent", "promscrape.config"),
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
        let is_above = directory.is_empty() || inside(directory, &self.document.path).is_some();
        let runs_it = project
            .services
            .values()
            .any(|service| service.runs("prometheus") || service.program.is_none());
        (self.document.wrapper.is_none() && (is_above || runs_it)).then_some(0)
    }

    fn service(&self, id: &ServiceId) -> Option<&ComposeService> {
        self.projects.get(id.project)?.services.get(&id.service)
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
