use std::io::Write;
use std::path::{Path, PathBuf};

use super::drift::{files_below, folders_below, read_manifest};
use super::output::{ASIDE_PREFIX, STAGING_PREFIX};
use super::{Bundle, MANIFEST_PATH, Manifest, OutputDirectory, sha256};

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

pub(super) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> WriteError + '_ {
    |source| WriteError::Io {
        path: path.into(),
        source,
    }
}

/// A bundle that lies complete beside its place, and takes it in one step.
pub struct Staged {
    staging: tempfile::TempDir,
    place: PathBuf,
    replaced_edits: Vec<String>,
    removed: Vec<String>,
}

impl OutputDirectory {
    /// Writes `bundle` into a directory beside the folder `name`, together with whatever the folder holds that
    /// is not ours. Nothing in the folder changes until [`Staged::commit`]. A folder that is a symbolic link is
    /// replaced where it points to.
    ///
    /// # Errors
    ///
    /// A file at one of our paths that we did not write, or whatever the system says (a full or
    /// read-only disk). What was staged is removed again.
    pub fn stage(
        &self,
        bundle: &Bundle,
        manifest: &Manifest,
        name: &str,
    ) -> Result<Staged, WriteError> {
        let mut directory = self.path().join(name);
        if directory.is_symlink() {
            directory = directory.canonicalize().map_err(io(&directory))?;
        }
        if directory.exists() && !directory.is_dir() {
            return Err(WriteError::NotADirectory(directory));
        }
        let parent = directory.parent().unwrap_or(self.path());
        let written = read_manifest(&directory).map_err(io(&directory))?;
        if written.is_none() && directory.join(MANIFEST_PATH).exists() {
            return Err(WriteError::Foreign(directory.join(MANIFEST_PATH)));
        }
        let staging = tempfile::Builder::new()
            .prefix(STAGING_PREFIX)
            .tempdir_in(parent)
            .map_err(io(parent))?;
        let mut staged = Staged {
            staging,
            place: directory.clone(),
            replaced_edits: Vec::new(),
            removed: Vec::new(),
        };
        staged.keep_foreign(bundle, written.as_ref())?;
        staged.write(bundle, manifest, written.as_ref())?;
        like(&directory, staged.staging.path(), 0o755).map_err(io(&directory))?;
        Ok(staged)
    }
}

impl Staged {
    /// Brings along what is not ours, and notes what is ours and no longer produced.
    fn keep_foreign(
        &mut self,
        bundle: &Bundle,
        written: Option<&Manifest>,
    ) -> Result<(), WriteError> {
        let ours = |path: &str| {
            path == MANIFEST_PATH || written.is_some_and(|written| written.files.contains_key(path))
        };
        for path in files_below(&self.place).map_err(io(&self.place))? {
            let here = self.place.join(&path);
            if ours(&path) {
                if path != MANIFEST_PATH && bundle.get(&path).is_none() {
                    self.removed.push(path);
                }
                continue;
            }
            // Also a file or a symbolic link where a folder of ours must be: writing would follow the link.
            let folder = format!("{path}/");
            let in_our_way = bundle.artifacts().any(|artifact| {
                let artifact = artifact.path.as_str();
                artifact == path || artifact.starts_with(&folder)
            });
            if in_our_way {
                return Err(WriteError::Foreign(here));
            }
            keep(&here, &self.staging.path().join(&path))?;
        }
        // Folders of somebody else stay as they were, empty ones and private ones too.
        let mut folders = Vec::new();
        for folder in folders_below(&self.place).map_err(io(&self.place))? {
            let to = self.staging.path().join(&folder);
            let is_ours = written.is_some_and(|written| {
                let folder = format!("{folder}/");
                written
                    .files
                    .keys()
                    .any(|path| path.as_str().starts_with(&folder))
            });
            if to.exists() || !is_ours {
                std::fs::create_dir_all(&to).map_err(io(&to))?;
                folders.push((self.place.join(&folder), to));
            }
        }
        // The deepest first: a folder that cannot be written to is closed only when it is complete.
        for (from, to) in folders.into_iter().rev() {
            like(&from, &to, 0o755).map_err(io(&from))?;
        }
        Ok(())
    }

    fn write(
        &mut self,
        bundle: &Bundle,
        manifest: &Manifest,
        written: Option<&Manifest>,
    ) -> Result<(), WriteError> {
        for artifact in bundle.artifacts() {
            let path = artifact.path.as_str();
            self.write_file(path, artifact.text.as_bytes())?;
            let before = std::fs::read(self.place.join(path)).ok();
            if before.as_deref() == Some(artifact.text.as_bytes()) {
                continue;
            }
            let rendered = written
                .and_then(|written| written.files.get(path))
                .map(|file| file.sha256.as_str());
            if before.is_some_and(|bytes| Some(sha256(&bytes).as_str()) != rendered) {
                self.replaced_edits.push(path.into());
            }
        }
        self.write_file(MANIFEST_PATH, manifest.to_text().as_bytes())
    }

    /// Errors name the place that the file is meant for: the staging directory is gone by then.
    fn write_file(&self, path: &str, bytes: &[u8]) -> Result<(), WriteError> {
        let to = self.staging.path().join(path);
        let shown = self.place.join(path);
        let created = match std::fs::File::create_new(&to) {
            // The first file of its folder.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                make_parent(&to).map_err(io(&shown))?;
                std::fs::File::create_new(&to)
            }
            created => created,
        };
        created
            .and_then(|mut file| file.write_all(bytes))
            .map_err(io(&shown))
    }

    /// Files of the earlier render that were changed by hand, and that this one replaces.
    pub fn edits(&self) -> impl Iterator<Item = PathBuf> {
        self.replaced_edits.iter().map(|path| self.place.join(path))
    }

    /// Files of the earlier render that are no longer produced.
    pub fn removed(&self) -> impl Iterator<Item = PathBuf> {
        self.removed.iter().map(|path| self.place.join(path))
    }

    /// Takes the place of the old directory in one step.
    ///
    /// # Errors
    ///
    /// What the system says; the old directory is then still in its place.
    pub fn commit(self) -> Result<Committed, WriteError> {
        let fail = io(&self.place);
        let staging = self.staging.path();
        let is_new = !self.place.exists();
        if is_new {
            std::fs::rename(staging, &self.place).map_err(fail)?;
        } else {
            exchange(staging, &self.place).map_err(fail)?;
        }
        Ok(Committed {
            // From here on it must not be removed by a guard: it may be the only copy of the old bundle.
            old: self.staging.keep(),
            place: self.place,
            is_new,
        })
    }
}

/// A bundle in its place, and the one that was there before.
#[must_use = "the old bundle stays beside the new one until it is undone or finished"]
pub struct Committed {
    old: PathBuf,
    place: PathBuf,
    is_new: bool,
}

impl Committed {
    /// Puts the old bundle back.
    ///
    /// # Errors
    ///
    /// What the system says; the new bundle is then in the place.
    pub fn undo(self) -> Result<(), WriteError> {
        let fail = io(&self.place);
        if self.is_new {
            return std::fs::remove_dir_all(&self.place).map_err(fail);
        }
        exchange(&self.old, &self.place).map_err(fail)?;
        std::fs::remove_dir_all(&self.old).map_err(io(&self.old))
    }

    /// Removes the old bundle. A file that somebody put there after the new one had been staged is moved over first.
    ///
    /// # Errors
    ///
    /// What the system says; the new bundle is in its place all the same, and the next render cleans up.
    pub fn finish(self) -> Result<(), WriteError> {
        if self.is_new {
            return Ok(());
        }
        let fail = || io(&self.old);
        let written = read_manifest(&self.old).map_err(fail())?;
        for path in files_below(&self.old).map_err(fail())? {
            let ours = path == MANIFEST_PATH
                || written
                    .as_ref()
                    .is_some_and(|written| written.files.contains_key(path.as_str()));
            let to = self.place.join(&path);
            if !ours && to.symlink_metadata().is_err() {
                make_parent(&to).map_err(io(&to))?;
                std::fs::rename(self.old.join(&path), &to).map_err(io(&to))?;
            }
        }
        std::fs::remove_dir_all(&self.old).map_err(fail())
    }
}

/// Gives `to` the permissions of `from`, and its owner where we may. Without `from`, those of `mode`: what is temporary
/// is private, and files of a stack are read by containers that run as anybody.
#[cfg(unix)]
pub(super) fn like(from: &Path, to: &Path, mode: u32) -> std::io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let Ok(metadata) = std::fs::metadata(from) else {
        return std::fs::set_permissions(to, std::fs::Permissions::from_mode(mode));
    };
    let ours = std::fs::metadata(to)?;
    if (ours.uid(), ours.gid()) != (metadata.uid(), metadata.gid()) {
        // Only root may give a directory away; then it stays ours.
        let _ = std::os::unix::fs::chown(to, Some(metadata.uid()), Some(metadata.gid()));
    }
    std::fs::set_permissions(to, metadata.permissions())
}

#[cfg(not(unix))]
pub(super) fn like(_: &Path, _: &Path, _: u32) -> std::io::Result<()> {
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
        "{ASIDE_PREFIX}{}",
        place.file_name().unwrap_or_default().to_string_lossy()
    ));
    std::fs::rename(place, &aside)?;
    if let Err(error) = std::fs::rename(new, place) {
        std::fs::rename(&aside, place)?;
        return Err(error);
    }
    std::fs::rename(&aside, new)
}

/// Brings a file of somebody else along: a link to the same file, so that nothing of it changes;
/// a copy where the file system cannot link.
fn keep(from: &Path, to: &Path) -> Result<(), WriteError> {
    make_parent(to).map_err(io(from))?;
    if std::fs::hard_link(from, to).is_ok() {
        return Ok(());
    }
    std::fs::copy(from, to).map(|_| ()).map_err(io(from))
}

fn make_parent(path: &Path) -> std::io::Result<()> {
    path.parent().map_or(Ok(()), std::fs::create_dir_all)
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
        let output = OutputDirectory::open(place.parent().unwrap())?;
        let name = place.file_name().unwrap().to_str().unwrap();
        output.stage(&bundle, &manifest, name)?.commit()?.finish()
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
