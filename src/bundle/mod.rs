//! What is deployed: artifacts at paths, the manifest that knows them, writing them so that a
//! reader never sees half of it, and comparing them with what a directory holds.

mod drift;
mod manifest;
mod output;
mod path;
mod replace;
mod write;

use indexmap::IndexMap;

pub use drift::{Difference, Drift, compare, open};
pub use manifest::{MANIFEST_PATH, Manifest, ManifestFile, sha256};
pub use output::OutputDirectory;
pub use path::{BundlePath, PathError};
pub use replace::{Replacement, replace};
pub use write::{Committed, Staged, WriteError};

/// What an artifact is for; decides which checks read it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// `prometheus.yml`.
    PrometheusConfig,
    /// Targets for file-based service discovery.
    PrometheusTargets,
    /// A rule file.
    PrometheusRules,
    /// Unit tests of rule files.
    PrometheusRuleTests,
    /// `alertmanager.yml`.
    AlertmanagerConfig,
    /// A notification template of Alertmanager.
    NotificationTemplate,
    /// A dashboard.
    GrafanaDashboard,
    /// Provisioning of datasources.
    GrafanaDatasources,
    /// Provisioning of dashboard providers.
    GrafanaDashboardProviders,
    /// Modules of blackbox_exporter.
    BlackboxConfig,
    /// What a Redis server reads when it starts.
    RedisConf,
    /// A Compose file.
    Compose,
    /// The variables that the bundle refers to.
    EnvExample,
    /// For people: prose, and the script that asks the stack.
    Document,
    /// A file that a process of the stack reads and that is of no kind above.
    Configuration,
}

/// One generated file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// Where it goes.
    pub path: BundlePath,
    /// What it is for.
    pub kind: Kind,
    /// Its content.
    pub text: String,
}

impl Artifact {
    /// A file at a path that is ours and therefore well-formed.
    ///
    /// # Errors
    ///
    /// A path that leaves the bundle; only a name from a profile can make one.
    pub fn new(path: &str, kind: Kind, text: String) -> Result<Self, PathError> {
        Ok(Self {
            path: BundlePath::new(path)?,
            kind,
            text,
        })
    }
}

/// Everything one environment is deployed from, in path order.
#[derive(Debug, Clone, Default)]
pub struct Bundle {
    artifacts: IndexMap<BundlePath, Artifact>,
}

impl Bundle {
    /// Puts artifacts together.
    ///
    /// # Errors
    ///
    /// Two artifacts at one path, also where only the case of letters differs.
    pub fn new(artifacts: impl IntoIterator<Item = Artifact>) -> Result<Self, PathError> {
        let mut bundle = Self::default();
        let mut folded = std::collections::BTreeSet::new();
        for artifact in artifacts {
            if !folded.insert(artifact.path.as_str().to_lowercase()) {
                return Err(PathError::Taken(artifact.path.to_string()));
            }
            bundle.artifacts.insert(artifact.path.clone(), artifact);
        }
        bundle.artifacts.sort_unstable_keys();
        Ok(bundle)
    }

    /// The artifacts in path order.
    pub fn artifacts(&self) -> impl Iterator<Item = &Artifact> {
        self.artifacts.values()
    }

    /// The artifacts of one kind, in path order.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &Artifact> {
        self.artifacts()
            .filter(move |artifact| artifact.kind == kind)
    }

    /// The artifact at `path`.
    pub fn get(&self, path: &str) -> Option<&Artifact> {
        self.artifacts.get(path)
    }

    /// How many files.
    pub fn len(&self) -> usize {
        self.artifacts.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.artifacts.is_empty()
    }

    /// Bytes of all files together.
    pub fn size(&self) -> usize {
        self.artifacts().map(|artifact| artifact.text.len()).sum()
    }
}
