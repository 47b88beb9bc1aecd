//! Programs that read rules and scrape configurations of Prometheus, and understand more than it does.

use std::collections::BTreeSet;

use super::Facts;
use super::compose::ComposeProject;
use super::expression::Expression;
use super::prometheus::{PrometheusServer, ServiceId, reader_of};
use crate::document::Node;
use crate::setup::{Document, Kind, Setup};

/// Who evaluates rules, or reads a scrape configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evaluator {
    /// Prometheus, or nobody says otherwise.
    Prometheus,
    /// vmalert, vmagent, and what they write to: the language is MetricsQL.
    VictoriaMetrics,
    /// The ruler of Mimir or Cortex.
    Mimir,
    /// The ruler of Thanos.
    Thanos,
}

/// What a file, a rule group and a rule may have beyond what Prometheus knows.
struct Additions {
    evaluator: Evaluator,
    file: &'static [&'static str],
    group: &'static [&'static str],
    rule: &'static [&'static str],
}

const ADDITIONS: [Additions; 3] = [
    Additions {
        evaluator: Evaluator::VictoriaMetrics,
        file: &[],
        group: &[
            "type",
            "concurrency",
            "eval_offset",
            "eval_delay",
            "eval_alignment",
            "params",
            "headers",
            "notifier_headers",
            "tenant",
            "extra_filter_labels",
            "debug",
        ],
        rule: &["debug", "update_entries_limit"],
    },
    Additions {
        evaluator: Evaluator::Mimir,
        file: &["namespace"],
        group: &[
            "source_tenants",
            "evaluation_delay",
            "align_evaluation_time_on_interval",
            "remote_write",
        ],
        rule: &[],
    },
    Additions {
        evaluator: Evaluator::Thanos,
        file: &[],
        group: &["partial_response_strategy"],
        rule: &[],
    },
];

/// Keys of a scrape configuration that only vmagent and VictoriaMetrics know.
const OF_VMAGENT: [&str; 9] = [
    "stream_parse",
    "series_limit",
    "scrape_align_interval",
    "scrape_offset",
    "no_stale_markers",
    "disable_compression",
    "disable_keepalive",
    "relabel_debug",
    "metric_relabel_debug",
];

impl Evaluator {
    /// For whom a rule file is written, judged by keys that only one program knows.
    pub fn of_rules(root: &Node) -> Self {
        let has = |node: &Node, keys: &[&str]| keys.iter().any(|key| node.get(key).is_some());
        let groups = root.get("groups").map_or(&[][..], |node| node.items());
        let rules = || {
            groups
                .iter()
                .flat_map(|group| group.get("rules").map_or(&[][..], |node| node.items()))
        };
        ADDITIONS
            .iter()
            .find(|additions| {
                has(root, additions.file)
                    || groups.iter().any(|group| has(group, additions.group))
                    || rules().any(|rule| has(rule, additions.rule))
            })
            .map_or(Self::Prometheus, |additions| additions.evaluator)
    }

    /// For whom a scrape configuration is written, judged in the same way.
    pub fn of_scrape_configuration(root: &Node) -> Self {
        let jobs = root
            .get("scrape_configs")
            .map_or(&[][..], |node| node.items());
        let is_theirs = |job: &Node| {
            let steps = ["relabel_configs", "metric_relabel_configs"];
            OF_VMAGENT.iter().any(|key| job.get(key).is_some())
                || steps
                    .iter()
                    .filter_map(|key| job.get(key))
                    .flat_map(|steps| steps.items())
                    .any(|step| step.get("if").is_some())
        };
        match jobs.iter().any(is_theirs) {
            true => Self::VictoriaMetrics,
            false => Self::Prometheus,
        }
    }

    /// Its name, where it is not Prometheus.
    pub const fn other_than_prometheus(self) -> Option<&'static str> {
        match self {
            Self::Prometheus => None,
            Self::VictoriaMetrics => Some("VictoriaMetrics"),
            Self::Mimir => Some("Mimir"),
            Self::Thanos => Some("Thanos"),
        }
    }

    /// Whether it knows a key in a rule file that Prometheus does not.
    pub fn adds(self, key: &str) -> bool {
        ADDITIONS
            .iter()
            .filter(|additions| additions.evaluator == self)
            .flat_map(|additions| [additions.file, additions.group, additions.rule])
            .any(|keys| keys.contains(&key))
    }
}

/// How images, services and datasources of VictoriaMetrics are called.
const OF_VICTORIA_METRICS: [&str; 4] = ["victoria", "vmselect", "vmsingle", "vmauth"];

impl Facts<'_> {
    /// Whether Prometheus itself reads the configuration, and not an agent that knows its form.
    pub fn is_of_prometheus(&self, server: &PrometheusServer) -> bool {
        server.reader == Evaluator::Prometheus
            && (server.service.is_some() || !self.has_victoria_metrics())
    }

    /// Whether an expression may be in MetricsQL, which has more functions than PromQL and windows of its own: of what a
    /// Prometheus loads it is not, of everything else where VictoriaMetrics is part of the setup.
    pub fn may_be_metricsql(&self, expression: &Expression) -> bool {
        let file = self.rule_of(expression).map(|(file, _)| file);
        if file.is_some_and(|file| file.evaluator == Evaluator::VictoriaMetrics) {
            return true;
        }
        let is_loaded = file.is_some_and(|file| {
            let mut servers = file.loaded_by.iter();
            servers.any(|server| self.is_of_prometheus(&self.prometheus[*server]))
        });
        !is_loaded && self.has_victoria_metrics()
    }

    fn has_victoria_metrics(&self) -> bool {
        *self
            .has_victoria_metrics
            .get_or_init(|| self.finds_victoria_metrics())
    }

    fn finds_victoria_metrics(&self) -> bool {
        let is_named = |text: &str| OF_VICTORIA_METRICS.iter().any(|name| text.contains(name));
        let mut services = self
            .projects
            .iter()
            .flat_map(|project| project.services.values());
        let mut datasources = self.datasources.iter();
        services.any(|service| {
            let image = service.image.as_ref();
            image.is_some_and(|image| image.repository.as_deref().is_some_and(is_named))
        }) || datasources.any(|datasource| {
            let url = datasource.url.as_ref().and_then(|url| url.value());
            is_named(datasource.kind.as_str()) || url.is_some_and(|url| is_named(url.as_str()))
        })
    }
}

/// A service that evaluates rules in place of Prometheus.
pub(super) struct Ruler {
    /// The service.
    pub(super) service: ServiceId,
    /// What it is.
    pub(super) evaluator: Evaluator,
    files: BTreeSet<String>,
}

impl Ruler {
    /// Whether it loads the file.
    pub(super) fn loads(&self, document: &Document) -> bool {
        self.files.contains(&*document.path)
    }

    /// Those of a setup: vmalert and Thanos before Mimir, in the order of their projects.
    pub(super) fn all(setup: &Setup, projects: &[ComposeProject]) -> Vec<Self> {
        let mut rulers = Vec::new();
        for (index, project) in projects.iter().enumerate() {
            for (name, service) in &project.services {
                let Some(program) = &service.program else {
                    continue;
                };
                let (evaluator, patterns) = match &*program.program {
                    "vmalert" => (Evaluator::VictoriaMetrics, service.flags("rule")),
                    "thanos" => (Evaluator::Thanos, service.flags("rule-file")),
                    _ => continue,
                };
                let files = patterns
                    .iter()
                    .flat_map(|pattern| {
                        let found = service.container.expand(setup.listing(), pattern.as_str());
                        found.files
                    })
                    .collect();
                rulers.push(Self {
                    service: ServiceId {
                        project: index,
                        service: name.clone(),
                    },
                    evaluator,
                    files,
                });
            }
        }
        let configurations = setup.of_kind(Kind::Mimir);
        rulers.extend(configurations.filter_map(|it| Self::of_mimir(setup, projects, it)));
        rulers
    }

    fn of_mimir(
        setup: &Setup,
        projects: &[ComposeProject],
        configuration: &Document,
    ) -> Option<Self> {
        let directory = configuration
            .root
            .get("ruler_storage")?
            .get("local")?
            .get("directory")?
            .as_str()?;
        let (id, _) = reader_of(setup, projects, configuration, "mimir", "config.file")?;
        let service = projects.get(id.project)?.services.get(&id.service)?;
        // One directory for each tenant.
        let pattern = format!("{}/*/*", directory.trim_end_matches('/'));
        let found = service.container.expand(setup.listing(), &pattern);
        Some(Self {
            service: id,
            evaluator: Evaluator::Mimir,
            files: found.files.into_iter().collect(),
        })
    }
}
