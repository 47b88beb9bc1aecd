use std::path::{Path, PathBuf};

use super::WriteError;
use super::write::io;

/// How a bundle that is not in its place yet is named; random characters follow.
pub(super) const STAGING_PREFIX: &str = ".stackwright-";
/// How an old bundle is named while a new one takes its place, where the two cannot be swapped in one step; the
/// name of the place follows.
pub(super) const ASIDE_PREFIX: &str = ".stackwright-old-";

/// A directory that bundles are written to, ours alone until this is dropped: another render into it waits. What an
/// interrupted render left behind is gone. Directories that had to be made go again where nothing was written.
pub struct OutputDirectory {
    path: PathBuf,
    /// Directories that were made, the outermost first.
    made: Vec<PathBuf>,
    /// Holds the lock while it is open. `None` where the file system has none.
    _lock: Option<std::fs::File>,
}

impl OutputDirectory {
    /// Makes `path` where it does not exist, and waits for its turn.
    ///
    /// # Errors
    ///
    /// Something in the way that is not a directory, or what the system says.
    pub fn open(path: &Path) -> Result<Self, WriteError> {
        let made = make(path)?;
        let lock = lock(path).map_err(io(path))?;
        if lock.is_some() {
            // Whoever else staged something here is no longer at work.
            tidy(path);
        }
        Ok(Self {
            path: path.into(),
            made,
            _lock: lock,
        })
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for OutputDirectory {
    fn drop(&mut self) {
        for directory in self.made.iter().rev() {
            // Fails where it is not empty, which is what keeps a bundle.
            let _ = std::fs::remove_dir(directory);
        }
    }
}

fn make(path: &Path) -> Result<Vec<PathBuf>, WriteError> {
    let mut missing = Vec::new();
    for ancestor in path.ancestors() {
        if ancestor.as_os_str().is_empty() {
            break;
        }
        // Asked once: between two questions another render may make the directory.
        match std::fs::metadata(ancestor) {
            Ok(there) if there.is_dir() => break,
            Ok(_) => return Err(WriteError::NotADirectory(ancestor.into())),
            Err(_) => missing.push(ancestor.to_path_buf()),
        }
    }
    missing.reverse();
    std::fs::create_dir_all(path).map_err(|source| {
        for directory in missing.iter().rev() {
            let _ = std::fs::remove_dir(directory);
        }
        io(path)(source)
    })?;
    Ok(missing)
}

/// The lock is on the directory itself, so that no file has to lie in it, and the system lets go of it however we end.
#[cfg(unix)]
fn lock(path: &Path) -> std::io::Result<Option<std::fs::File>> {
    use std::os::unix::fs::MetadataExt;

    use rustix::fs::{FlockOperation, flock};
    loop {
        let file = std::fs::File::open(path)?;
        if flock(&file, FlockOperation::LockExclusive).is_err() {
            // A network file system may have no locks: render all the same, and leave everything else alone.
            return Ok(None);
        }
        // Another render may have made this directory, failed, and removed it while we waited.
        let is_same = |there: &std::fs::Metadata| {
            file.metadata()
                .is_ok_and(|here| (here.dev(), here.ino()) == (there.dev(), there.ino()))
        };
        if std::fs::metadata(path).as_ref().is_ok_and(is_same) {
            return Ok(Some(file));
        }
        std::fs::create_dir_all(path)?;
    }
}

#[cfg(not(unix))]
fn lock(_: &Path) -> std::io::Result<Option<std::fs::File>> {
    Ok(None)
}

/// Removes what an interrupted render left in `directory`, as far as the system lets us. An old bundle whose
/// successor did not arrive goes back to its place.
fn tidy(directory: &Path) {
    let Ok(entries) = std::fs::read_dir(directory) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let (Some(name), Ok(kind)) = (name.to_str(), entry.file_type()) else {
            continue;
        };
        if !kind.is_dir() {
            continue;
        }
        if let Some(place) = name.strip_prefix(ASIDE_PREFIX) {
            let place = directory.join(place);
            if place.exists() {
                let _ = std::fs::remove_dir_all(entry.path());
            } else {
                let _ = std::fs::rename(entry.path(), place);
            }
        } else if name.strip_prefix(STAGING_PREFIX).is_some_and(is_random) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// What `tempfile` appends to a prefix.
fn is_random(name: &str) -> bool {
    name.len() == 6 && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_interrupted_render_left_is_gone_and_nothing_else_is() {
        let temporary = tempfile::tempdir().unwrap();
        let at = |name: &str| temporary.path().join(name);
        for name in [
            ".stackwright-a1B2c3",
            ".stackwright-mine",
            ".stackwright-old-dev",
            ".stackwright-old-prod",
            "dev",
            "other",
        ] {
            std::fs::create_dir_all(at(name).join("x")).unwrap();
        }
        std::fs::write(at(".stackwright-abcdef"), "a file").unwrap();
        drop(OutputDirectory::open(temporary.path()).unwrap());
        let mut names: Vec<_> = std::fs::read_dir(temporary.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(
            names,
            [
                ".stackwright-abcdef",
                ".stackwright-mine",
                "dev",
                "other",
                "prod"
            ]
        );
    }

    #[test]
    fn directories_that_were_made_for_nothing_go_again() {
        let temporary = tempfile::tempdir().unwrap();
        drop(OutputDirectory::open(&temporary.path().join("a/b/c")).unwrap());
        assert!(!temporary.path().join("a").exists());
        let output = OutputDirectory::open(&temporary.path().join("a/b/c")).unwrap();
        std::fs::write(output.path().join("x"), "").unwrap();
        drop(output);
        assert!(temporary.path().join("a/b/c/x").exists());
    }

    #[test]
    fn a_file_above_the_directory_is_named() {
        let temporary = tempfile::tempdir().unwrap();
        std::fs::write(temporary.path().join("a"), "").unwrap();
        let error = OutputDirectory::open(&temporary.path().join("a/b"))
            .err()
            .unwrap();
        assert!(matches!(error, WriteError::NotADirectory(path) if path.ends_with("a")));
    }
}
