//! Who evaluates the rules of a setup: Prometheus, or something that understands more than it does.

use std::collections::BTreeSet;

use super::Facts;
use super::compose::ComposeProject;
use super::expression::Expression;
use super::prometheus::{PrometheusServer, ServiceId, reader_of};
use crate::catalogue::Evaluator;
use crate::setup::{Document, Kind, Setup};

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
        let evaluators = self.catalogue.evaluators();
        let is_named = |text: &str| evaluators.is_named(Evaluator::VictoriaMetrics, text);
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
