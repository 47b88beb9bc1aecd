//! Changes on disk: each file is replaced in one step, all of them or none.

use std::path::{Path, PathBuf};

use super::changes::Changes;
use crate::bundle::{Replacement, WriteError, replace};
use crate::setup::Setup;

/// Whether the old files stay beside the new ones, under which ending.
pub type Backup<'b> = Option<&'b str>;

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum WriteFailure {
    /// Somebody has changed the file since it was read, or it is in an encoding that we do not write.
    #[error("`{}` is not as it was read: it was changed meanwhile, or is not UTF-8", .0.display())]
    Stale(PathBuf),
    /// Something is where a backup or a new file should go.
    #[error("`{}` is already there", .0.display())]
    InTheWay(PathBuf),
    /// What the system says.
    #[error(transparent)]
    System(#[from] WriteError),
}

/// Writes the changes of a setup that was read from files.
///
/// # Errors
///
/// What [`WriteFailure`] lists; every file is then as it was.
pub fn write(setup: &Setup, changes: &Changes, backup: Backup<'_>) -> Result<(), WriteFailure> {
    let mut replacements = Vec::new();
    for (path, changed) in changes.iter() {
        let Some(place) = setup.on_disk(path) else {
            continue;
        };
        let found = std::fs::read(&place).ok();
        match &changed.before {
            Some(before) if found.as_deref() != Some(before.as_bytes()) => {
                return Err(WriteFailure::Stale(place));
            }
            None if place.symlink_metadata().is_ok() => return Err(WriteFailure::InTheWay(place)),
            _ => {}
        }
        let backup = backup
            .filter(|_| changed.before.is_some())
            .map(|suffix| beside(&place, suffix));
        if let Some(backup) = &backup
            && backup.symlink_metadata().is_ok()
        {
            return Err(WriteFailure::InTheWay(backup.clone()));
        }
        replacements.push(Replacement {
            place,
            text: changed.after.clone(),
            backup,
        });
    }
    Ok(replace(&replacements)?)
}

fn beside(place: &Path, suffix: &str) -> PathBuf {
    let mut name = place.file_name().unwrap_or_default().to_os_string();
    name.push(suffix);
    place.with_file_name(name)
}
