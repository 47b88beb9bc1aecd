//! One file per kind of file that we generate: the model's part that it needs → [`Artifact`]s.
//!
//! [`Artifact`]: crate::bundle::Artifact

mod alertmanager;
mod application_metrics;
mod blackbox;
mod dashboard;
mod consumer;
mod env_example;
mod grafana_provisioning;
mod key_script;
mod prometheus;
mod readme;
mod redis_conf;
mod rule_tests;
mod rules;
mod runbooks;
mod shell;
mod verify;

pub use alertmanager::{AlertmanagerContext, alertmanager};
pub use application_metrics::application_metrics;
pub use blackbox::{BlackboxContext, blackbox};
pub use consumer::{ConsumerContext, consumers};
pub use dashboard::{dashboards, panel as dashboard_panel};
pub use env_example::{EnvExampleContext, env_example};
pub use grafana_provisioning::{DASHBOARDS_MOUNT, ProvisioningContext, grafana_provisioning};
pub use key_script::{key_script_directory, key_scripts};
pub use prometheus::{PrometheusContext, prometheus};
pub use readme::{ReadmeContext, ReadmeCounts, readme};
pub use redis_conf::{EXPORTER_USER_FILE, redis_confs, redis_directory};
pub use rule_tests::rule_tests;
pub use rules::rules;
pub use runbooks::{runbook, runbook_names, runbook_text, runbooks, runbooks_of};
pub use verify::{VerifyContext, verify};

use crate::bundle::PathError;
use crate::diagnostic::Diagnostic;
use crate::template::TemplateError;

/// Why an artifact cannot be built.
#[derive(Debug, Clone)]
pub enum BuildError {
    /// A template does not render. Ours or the user's: the error says which.
    Template(TemplateError),
    /// A name of the profile makes a path that cannot be.
    Path(PathError),
}

impl From<TemplateError> for BuildError {
    fn from(error: TemplateError) -> Self {
        Self::Template(error)
    }
}

impl From<PathError> for BuildError {
    fn from(error: PathError) -> Self {
        Self::Path(error)
    }
}

impl BuildError {
    /// As a diagnostic.
    pub fn into_diagnostic(self) -> Diagnostic {
        match self {
            Self::Template(error) => error.into_diagnostic(),
            Self::Path(error) => Diagnostic::error("bundle/bad-path", error.to_string())
                .help("rename what the path is made from"),
        }
    }
}
