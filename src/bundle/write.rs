use std::io::Write;
use std::path::{Path, PathBuf};

use super::drift::{files_below, read_manifest};
use super::{Bundle, MANIFEST_PATH, Manifest, sha256};

/// Why a bundle cannot be written. The directory is as it was.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Something that we did not write is in the way.
    #[error("`{}` exists and was not written by stackwright", .0.display())]
    Foreign(PathBuf),
    /// The output directory, or a directory in it, is something else.
    #[error("`{}` is not a directory", .0.display())]
    NotADirectory(PathBuf),
    /// What the system said.
    #[error("cannot write `{}`: {source}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> WriteError + '_ {
    |source| WriteError::Io {
        path: path.into(),
        source,
    }
}

/// A bundle that lies complete beside its place, and takes it in one step.
pub struct Staged {
    staging: tempfile::TempDir,
    place: PathBuf,
    /// Files of the earlier render that were changed by hand, and that this one replaces.
    pub replaced_edits: Vec<String>,
    /// Files of the earlier render that are no longer produced.
    pub removed: Vec<String>,
    /// Files that are new or have new content.
    pub changed: Vec<String>,
}

/// Writes `bundle` into a directory beside `directory`, together with whatever `directory` holds
/// that is not ours. Nothing in `directory` changes until [`Staged::commit`].
///
/// # Errors
///
/// A file at one of our paths that we did not write, or whatever the system says (a full or
/// read-only disk). What was staged is removed again.
pub fn stage(bundle: &Bundle, manifest: &Manifest, directory: &Path) -> Result<Staged, WriteError> {
    if directory.exists() && !directory.is_dir() {
        return Err(WriteError::NotADirectory(directory.into()));
    }
    let parent = match directory.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    std::fs::create_dir_all(parent).map_err(io(parent))?;
    let written = read_manifest(directory).map_err(io(directory))?;
    let ours = |path: &str| {
        path == MANIFEST_PATH
            || written
                .as_ref()
                .is_some_and(|written| written.files.contains_key(path))
    };
    if written.is_none() && directory.join(MANIFEST_PATH).exists() {
        return Err(WriteError::Foreign(directory.join(MANIFEST_PATH)));
    }
    let staging = tempfile::Builder::new()
        .prefix(".stackwright-")
        .tempdir_in(parent)
        .map_err(io(parent))?;
    let mut staged = Staged {
        staging,
        place: directory.into(),
        replaced_edits: Vec::new(),
        removed: Vec::new(),
        changed: Vec::new(),
    };
    for path in files_below(directory).map_err(io(directory))? {
        let here = directory.join(&path);
        if bundle.get(&path).is_some() && !ours(&path) {
            return Err(WriteError::Foreign(here));
        }
        if !ours(&path) {
            keep(&here, &staged.staging.path().join(&path))?;
        } else if path != MANIFEST_PATH && bundle.get(&path).is_none() {
            staged.removed.push(path);
        }
    }
    for artifact in bundle.artifacts() {
        let path = artifact.path.as_str();
        let to = staged.staging.path().join(path);
        write_file(&to, artifact.text.as_bytes())?;
        let before = std::fs::read(directory.join(path)).ok();
        if before.as_deref() == Some(artifact.text.as_bytes()) {
            continue;
        }
        staged.changed.push(path.into());
        let rendered = written
            .as_ref()
            .and_then(|written| written.files.get(path))
            .map(|file| file.sha256.as_str());
        if before.is_some_and(|bytes| Some(sha256(&bytes).as_str()) != rendered) {
            staged.replaced_edits.push(path.into());
        }
    }
    let manifest_path = staged.staging.path().join(MANIFEST_PATH);
    write_file(&manifest_path, manifest.to_text().as_bytes())?;
    Ok(staged)
}

impl Staged {
    /// Takes the place of the old directory in one step.
    ///
    /// # Errors
    ///
    /// What the system says; the old directory is then still in its place.
    pub fn commit(self) -> Result<(), WriteError> {
        let place = self.place.clone();
        let fail = io(&place);
        let staging = self.staging.path();
        // A temporary directory is private; a bundle is read by containers that run as anybody.
        open_to_readers(staging).map_err(io(staging))?;
        if !place.exists() {
            std::fs::rename(staging, &place).map_err(fail)?;
            // Nothing is left to clean up, and the guard must not try.
            let _ = self.staging.keep();
            return Ok(());
        }
        exchange(staging, &place).map_err(fail)?;
        // The old bundle is now in the temporary directory, which goes with the guard.
        self.staging.close().map_err(io(&place))
    }
}

#[cfg(unix)]
fn open_to_readers(directory: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(directory, std::fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn open_to_readers(_: &Path) -> std::io::Result<()> {
    Ok(())
}

/// Swaps two directories. Atomic on Linux where the file system can do it; elsewhere two renames,
/// between which the place is empty for an instant, undone if the second fails.
fn exchange(new: &Path, place: &Path) -> std::io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        match renameat_with(CWD, new, CWD, place, RenameFlags::EXCHANGE) {
            Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => {}
            result => return result.map_err(Into::into),
        }
    }
    let aside = place.with_file_name(format!(
        ".stackwright-old-{}",
        place.file_name().unwrap_or_default().to_string_lossy()
    ));
    std::fs::rename(place, &aside)?;
    if let Err(error) = std::fs::rename(new, place) {
        std::fs::rename(&aside, place)?;
        return Err(error);
    }
    std::fs::rename(&aside, new)
}

fn write_file(path: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    make_parent(path)?;
    let mut file = std::fs::File::create_new(path).map_err(io(path))?;
    file.write_all(bytes).map_err(io(path))
}

/// Brings a file of somebody else along: a link to the same file, so that nothing of it changes;
/// a copy where the file system cannot link.
fn keep(from: &Path, to: &Path) -> Result<(), WriteError> {
    make_parent(to)?;
    if std::fs::hard_link(from, to).is_ok() {
        return Ok(());
    }
    std::fs::copy(from, to).map(|_| ()).map_err(io(from))
}

fn make_parent(path: &Path) -> Result<(), WriteError> {
    let Some(parent) = path.parent() else {
        return Ok(());
    };
    std::fs::create_dir_all(parent).map_err(|source| {
        if parent.exists() {
            WriteError::NotADirectory(parent.into())
        } else {
            WriteError::Io {
                path: parent.into(),
                source,
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Artifact, Difference, Kind, compare};
    use super::*;

    fn bundle(files: &[(&str, &str)]) -> (Bundle, Manifest) {
        let bundle =
            Bundle::new(files.iter().map(|(path, text)| {
                Artifact::new(path, Kind::Configuration, (*text).into()).unwrap()
            }))
            .unwrap();
        let manifest = Manifest::of(&bundle, "p", "text", "e");
        (bundle, manifest)
    }

    fn write(files: &[(&str, &str)], place: &Path) -> Result<(), WriteError> {
        let (bundle, manifest) = bundle(files);
        stage(&bundle, &manifest, place)?.commit()
    }

    fn drift(files: &[(&str, &str)], place: &Path) -> Vec<(String, Difference)> {
        let (bundle, manifest) = bundle(files);
        compare(&bundle, &manifest, place)
            .unwrap()
            .into_iter()
            .map(|drift| (drift.path, drift.difference))
            .collect()
    }

    #[test]
    fn a_second_render_replaces_ours_and_leaves_the_rest() {
        let temporary = tempfile::tempdir().unwrap();
        let place = temporary.path().join("out");
        write(&[("a.yml", "1"), ("old/b.yml", "2")], &place).unwrap();
        std::fs::write(place.join(".env"), "SECRET=1").unwrap();
        write(&[("a.yml", "3"), ("new/c.yml", "4")], &place).unwrap();
        assert_eq!(
            files_below(&place).unwrap(),
            [".env", "a.yml", "manifest.json", "new/c.yml"]
        );
        assert_eq!(std::fs::read_to_string(place.join("a.yml")).unwrap(), "3");
        assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_foreign_file_at_our_path_stops_everything() {
        let temporary = tempfile::tempdir().unwrap();
        let place = temporary.path().join("out");
        std::fs::create_dir(&place).unwrap();
        std::fs::write(place.join("b.yml"), "mine").unwrap();
        let error = write(&[("a.yml", "1"), ("b.yml", "2")], &place).unwrap_err();
        assert!(matches!(error, WriteError::Foreign(_)), "{error}");
        assert_eq!(files_below(&place).unwrap(), ["b.yml"]);
        assert_eq!(
            std::fs::read_to_string(place.join("b.yml")).unwrap(),
            "mine"
        );
        assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_where_a_directory_should_be_stops_everything() {
        let temporary = tempfile::tempdir().unwrap();
        let place = temporary.path().join("out");
        std::fs::create_dir(&place).unwrap();
        std::fs::write(place.join("a"), "mine").unwrap();
        assert!(write(&[("a/b.yml", "1")], &place).is_err());
        assert_eq!(files_below(&place).unwrap(), ["a"]);
    }

    #[test]
    fn every_way_to_differ_has_its_name() {
        let temporary = tempfile::tempdir().unwrap();
        let place = temporary.path().join("out");
        let old = [
            ("edited", "1"),
            ("outdated", "1"),
            ("stale", "1"),
            ("same", "1"),
        ];
        write(&old, &place).unwrap();
        assert_eq!(drift(&old, &place), []);
        std::fs::write(place.join("edited"), "x").unwrap();
        std::fs::create_dir_all(place.join("prometheus/rules")).unwrap();
        std::fs::write(place.join("prometheus/rules/x.yml"), "x").unwrap();
        std::fs::write(place.join(".env"), "x").unwrap();
        let new = [
            ("edited", "1"),
            ("outdated", "2"),
            ("missing", "1"),
            ("same", "1"),
        ];
        assert_eq!(
            drift(&new, &place),
            [
                (".env".into(), Difference::Beside),
                ("edited".into(), Difference::HandEdited),
                ("missing".into(), Difference::Missing),
                ("outdated".into(), Difference::Outdated),
                ("prometheus/rules/x.yml".into(), Difference::Foreign),
                ("stale".into(), Difference::Stale),
            ]
        );
    }
}
