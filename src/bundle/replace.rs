//! Replacing single files: what is there before a failure is there after it.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::output::STAGING_PREFIX;
use super::write::{WriteError, io, like};

/// What becomes of one file.
#[derive(Debug, Clone)]
pub struct Replacement {
    /// The file.
    pub place: PathBuf,
    /// Its new text; `None`: it goes.
    pub text: Option<String>,
    /// Where its old text stays, if anywhere.
    pub backup: Option<PathBuf>,
}

/// A new text that lies complete beside its place.
struct Staged {
    place: PathBuf,
    new: Option<tempfile::TempPath>,
    /// The old text, to be put back if another file fails.
    old: Option<tempfile::TempPath>,
}

/// Replaces files, each in one step: a reader sees the old text or the new one. Mode and owner stay; a symbolic link goes on
/// pointing where it did, and what it points to is replaced.
///
/// # Errors
///
/// What the system says; then all of them are as they were.
pub fn replace(replacements: &[Replacement]) -> Result<(), WriteError> {
    let staged: Result<Vec<Staged>, WriteError> = replacements.iter().map(stage).collect();
    let mut staged = staged?;
    for replacement in replacements {
        if let Some(backup) = &replacement.backup {
            std::fs::copy(&replacement.place, backup).map_err(io(backup))?;
        }
    }
    for done in 0..staged.len() {
        if let Err(error) = take_place(&mut staged[done]) {
            staged[..done].iter_mut().for_each(put_back);
            for backup in replacements.iter().filter_map(|one| one.backup.as_ref()) {
                // The copy of a file that is as it was says nothing.
                let _ = std::fs::remove_file(backup);
            }
            return Err(error);
        }
    }
    Ok(())
}

fn stage(replacement: &Replacement) -> Result<Staged, WriteError> {
    let place = match replacement.place.is_symlink() {
        true => replacement
            .place
            .canonicalize()
            .map_err(io(&replacement.place))?,
        false => replacement.place.clone(),
    };
    let directory = match place.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    std::fs::create_dir_all(directory).map_err(io(directory))?;
    let beside = |bytes: &[u8]| -> Result<tempfile::TempPath, WriteError> {
        let mut file = tempfile::Builder::new()
            .prefix(STAGING_PREFIX)
            .tempfile_in(directory)
            .map_err(io(&place))?;
        file.write_all(bytes)
            .and_then(|()| file.as_file().sync_all())
            .and_then(|()| like(&place, file.path(), 0o644))
            .map_err(io(&place))?;
        Ok(file.into_temp_path())
    };
    let old = match place.exists() {
        true => Some(beside(&std::fs::read(&place).map_err(io(&place))?)?),
        false => None,
    };
    let new = replacement
        .text
        .as_ref()
        .map(|text| beside(text.as_bytes()))
        .transpose()?;
    Ok(Staged { place, new, old })
}

fn take_place(staged: &mut Staged) -> Result<(), WriteError> {
    match staged.new.take() {
        Some(new) => new
            .persist(&staged.place)
            .map_err(|failed| io(&staged.place)(failed.error)),
        None => std::fs::remove_file(&staged.place).map_err(io(&staged.place)),
    }
}

/// As good as it gets: the failure that led here is what is told.
fn put_back(staged: &mut Staged) {
    let _ = match staged.old.take() {
        Some(old) => old.persist(&staged.place).is_ok(),
        None => std::fs::remove_file(&staged.place).is_ok(),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replacement(place: PathBuf, text: Option<&str>) -> Replacement {
        Replacement {
            place,
            text: text.map(Into::into),
            backup: None,
        }
    }

    #[test]
    #[cfg(unix)]
    fn mode_and_link_stay() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("a.yml");
        let link = directory.path().join("link.yml");
        std::fs::write(&file, "old").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        let mut one = replacement(link.clone(), Some("new"));
        one.backup = Some(directory.path().join("link.yml.orig"));
        replace(&[one]).unwrap();
        assert!(link.is_symlink());
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "new");
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o640);
        let backup = std::fs::read_to_string(directory.path().join("link.yml.orig")).unwrap();
        assert_eq!(backup, "old");
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 3);
    }

    #[test]
    fn a_failure_leaves_everything_as_it_was() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("a.yml");
        std::fs::write(&file, "old").unwrap();
        // A file cannot take the place of a directory.
        let folder = directory.path().join("b.yml");
        std::fs::create_dir_all(folder.join("c")).unwrap();
        let replacements = [
            replacement(file.clone(), Some("new")),
            replacement(folder, None),
        ];
        replace(&replacements).unwrap_err();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "old");
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 2);
    }
}
