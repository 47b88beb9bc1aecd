use std::path::Path;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Bundle, BundlePath, Kind};

/// Where the manifest is, in every bundle.
pub const MANIFEST_PATH: &str = "manifest.json";

/// What we wrote, so that a later run knows what is ours, and what was changed since. The only
/// file that names the version of the tool: elsewhere every release would be drift.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The tool and its version.
    pub generator: String,
    /// Name of the profile.
    pub profile: String,
    /// SHA-256 of the profile's text, hexadecimal.
    pub profile_sha256: String,
    /// Environment that the bundle is for.
    pub environment: String,
    /// Every file but this one, in path order.
    pub files: IndexMap<BundlePath, ManifestFile>,
}

/// One file of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestFile {
    /// What it is for.
    pub kind: Kind,
    /// SHA-256 of its content, hexadecimal.
    pub sha256: String,
}

impl Manifest {
    /// The manifest of `bundle`.
    pub fn of(bundle: &Bundle, profile: &str, profile_text: &str, environment: &str) -> Self {
        Self {
            generator: concat!("stackwright ", env!("CARGO_PKG_VERSION")).into(),
            profile: profile.into(),
            profile_sha256: sha256(profile_text.as_bytes()),
            environment: environment.into(),
            files: bundle
                .artifacts()
                .map(|artifact| {
                    (
                        artifact.path.clone(),
                        ManifestFile {
                            kind: artifact.kind,
                            sha256: sha256(artifact.text.as_bytes()),
                        },
                    )
                })
                .collect(),
        }
    }

    /// Whether `directory` holds this very manifest.
    pub fn is_in(&self, directory: &Path) -> bool {
        std::fs::read_to_string(directory.join(MANIFEST_PATH))
            .is_ok_and(|text| text == self.to_text())
    }

    /// The manifest as the text of its file.
    pub fn to_text(&self) -> String {
        let mut text = serde_json::to_string_pretty(self)
            .expect("internal error: a manifest has only strings as keys");
        text.push('\n');
        text
    }
}

/// SHA-256, hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
