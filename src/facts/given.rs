//! What is known of a setup beyond its files, because the project says so.

use std::collections::BTreeMap;

use super::alertmanager::Alertmanager;
use super::metrics_page::MetricsPage;
use super::prometheus::PrometheusServer;
use crate::catalogue::Version;

/// What a project says of its setup.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Given {
    /// Versions of programs, by their names in `templates/images.yaml`; they count where no image tells.
    pub versions: BTreeMap<String, Version>,
    /// Metrics that are there, whoever exposes them.
    pub metrics: MetricsPage,
}

impl Given {
    /// The same for every setup of which nothing is said.
    pub fn nothing() -> &'static Self {
        static NOTHING: Given = Given {
            versions: BTreeMap::new(),
            metrics: MetricsPage::new(),
        };
        &NOTHING
    }

    /// The version of a program, unless an image tells it.
    pub fn version(&self, program: &str) -> Option<Version> {
        self.versions.get(program).copied()
    }

    pub(super) fn complete_servers(&self, servers: &mut [PrometheusServer]) {
        for server in servers {
            server.version = server.version.or(self.version("prometheus"));
            for exposure in server.jobs.iter_mut().flat_map(|job| &mut job.exporters) {
                exposure.version = exposure.version.or(self.version(&exposure.exporter));
            }
        }
    }

    pub(super) fn complete_alertmanagers(&self, alertmanagers: &mut [Alertmanager]) {
        for alertmanager in alertmanagers {
            alertmanager.version = alertmanager.version.or(self.version("alertmanager"));
        }
    }
}
