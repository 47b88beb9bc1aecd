use std::path::Path;

use super::{Artifact, Bundle, MANIFEST_PATH, Manifest, sha256};

/// How a file of a directory differs from the bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Difference {
    /// Somebody changed it after it was rendered.
    HandEdited,
    /// It is as it was rendered, but the profile or the templates have moved on.
    Outdated,
    /// It should be there.
    Missing,
    /// An earlier render wrote it; it is no longer produced.
    Stale,
    /// We did not write it, and it lies where a process of the stack would load it.
    Foreign,
    /// We did not write it; nothing of the stack loads it. Not drift by itself.
    Beside,
}

impl Difference {
    /// In the reader's words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HandEdited => "hand-edited",
            Self::Outdated => "outdated",
            Self::Missing => "missing",
            Self::Stale => "no longer produced",
            Self::Foreign => "foreign",
            Self::Beside => "not ours, left alone",
        }
    }
}

/// One file that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// Path inside the directory.
    pub path: String,
    /// How it differs.
    pub difference: Difference,
    /// What the directory has; `None` where the file is missing or not text.
    pub found: Option<String>,
    /// What the bundle has instead of `found`; `None` where one of them is missing.
    pub expected: Option<String>,
}

/// Top-level folders from which processes of the stack load whatever they find.
const LOADED: [&str; 6] = [
    "prometheus/",
    "ruler/",
    "alertmanager/",
    "grafana/",
    "blackbox/",
    "redis/",
];

/// Compares `bundle` with what `directory` holds, in path order. A directory that does not exist
/// holds nothing. The manifest itself is compared except for the tool's version.
///
/// # Errors
///
/// A file or directory that cannot be read.
pub fn compare(
    bundle: &Bundle,
    manifest: &Manifest,
    directory: &Path,
) -> Result<Vec<Drift>, std::io::Error> {
    let written = read_manifest(directory)?;
    let mut drifts = Vec::new();
    for artifact in bundle.artifacts() {
        let path = artifact.path.as_str();
        let found = match std::fs::read(directory.join(path)) {
            Ok(bytes) => Some(bytes),
            Err(error) if is_absent(&error) => None,
            Err(error) => return Err(error),
        };
        if found.as_deref() == Some(artifact.text.as_bytes()) {
            continue;
        }
        let as_rendered = |bytes: &[u8]| {
            written
                .as_ref()
                .and_then(|written| written.files.get(path))
                .is_some_and(|file| file.sha256 == sha256(bytes))
        };
        drifts.push(Drift {
            path: path.into(),
            difference: match &found {
                None => Difference::Missing,
                Some(bytes) if as_rendered(bytes) => Difference::Outdated,
                Some(_) => Difference::HandEdited,
            },
            expected: found.is_some().then(|| artifact.text.clone()),
            found: found.and_then(|bytes| String::from_utf8(bytes).ok()),
        });
    }
    match &written {
        None => drifts.push(Drift {
            path: MANIFEST_PATH.into(),
            difference: Difference::Missing,
            found: None,
            expected: None,
        }),
        Some(written) => {
            let same = Manifest {
                generator: manifest.generator.clone(),
                ..written.clone()
            };
            // A changed comment in the profile changes its hash and nothing else: not drift.
            let same = Manifest {
                profile_sha256: manifest.profile_sha256.clone(),
                ..same
            };
            if same != *manifest && drifts.is_empty() {
                drifts.push(Drift {
                    path: MANIFEST_PATH.into(),
                    difference: Difference::Outdated,
                    found: Some(written.to_text()),
                    expected: Some(manifest.to_text()),
                });
            }
        }
    }
    for path in files_below(directory)? {
        if bundle.get(&path).is_some() || path == MANIFEST_PATH {
            continue;
        }
        let ours = written
            .as_ref()
            .is_some_and(|written| written.files.contains_key(path.as_str()));
        let difference = if ours {
            Difference::Stale
        } else if LOADED.iter().any(|folder| path.starts_with(folder)) {
            Difference::Foreign
        } else {
            Difference::Beside
        };
        drifts.push(Drift {
            found: None,
            path,
            difference,
            expected: None,
        });
    }
    drifts.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(drifts)
}

/// The manifest of an earlier render; `None` where there is none, or one that is not ours.
pub(super) fn read_manifest(directory: &Path) -> Result<Option<Manifest>, std::io::Error> {
    match std::fs::read_to_string(directory.join(MANIFEST_PATH)) {
        Ok(text) => Ok(serde_json::from_str(&text).ok()),
        Err(error) if is_absent(&error) || error.kind() == std::io::ErrorKind::InvalidData => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// The bundle that lies in `directory`, as its manifest lists it; `None` where there is no manifest of
/// ours. Files that are missing or not text are left out, which the checks then notice.
///
/// # Errors
///
/// A file that cannot be read.
pub fn open(directory: &Path) -> Result<Option<Bundle>, std::io::Error> {
    let Some(manifest) = read_manifest(directory)? else {
        return Ok(None);
    };
    let mut artifacts = Vec::new();
    for (path, file) in manifest.files {
        match std::fs::read_to_string(directory.join(path.as_str())) {
            Ok(text) => artifacts.push(Artifact {
                path,
                kind: file.kind,
                text,
            }),
            Err(error) if is_absent(&error) || error.kind() == std::io::ErrorKind::InvalidData => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Bundle::new(artifacts).ok())
}

fn is_absent(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
    )
}

/// Every file and symbolic link below `directory`, by its path there; nothing where it does not exist.
pub(super) fn files_below(directory: &Path) -> Result<Vec<String>, std::io::Error> {
    entries_below(directory, false)
}

/// Every folder below `directory`, by its path there, outer ones first; nothing where it does not exist.
pub(super) fn folders_below(directory: &Path) -> Result<Vec<String>, std::io::Error> {
    entries_below(directory, true)
}

fn entries_below(directory: &Path, folders: bool) -> Result<Vec<String>, std::io::Error> {
    if !directory.exists() {
        return Ok(Vec::new());
    }
    let mut paths = Vec::new();
    for entry in walkdir::WalkDir::new(directory)
        .min_depth(1)
        .sort_by_file_name()
    {
        let entry = entry?;
        if entry.file_type().is_dir() != folders {
            continue;
        }
        let path = entry.path().strip_prefix(directory).unwrap_or(entry.path());
        paths.push(path.to_string_lossy().replace('\\', "/"));
    }
    Ok(paths)
}
