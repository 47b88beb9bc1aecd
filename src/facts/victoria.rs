//! Whether VictoriaMetrics is part of the setup: it reads files of Prometheus, and allows more in them.

use super::Facts;
use super::prometheus::PrometheusServer;

/// How its images, services and datasources are called.
const NAMES: [&str; 4] = ["victoria", "vmselect", "vmsingle", "vmauth"];

impl Facts<'_> {
    /// Whether queries may be in MetricsQL, which has more functions than PromQL and windows of its own.
    pub fn has_victoria_metrics(&self) -> bool {
        let is_named = |text: &str| NAMES.iter().any(|name| text.contains(name));
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

    /// Whether Prometheus itself reads the configuration, and not an agent that knows its form.
    pub fn is_of_prometheus(&self, server: &PrometheusServer) -> bool {
        server.service.is_some() || !self.has_victoria_metrics()
    }
}
