//! Reading the profile that a command was given.

use std::io::Read;
use std::path::Path;

use super::init::profile_names;
use crate::diagnostic::Diagnostic;
use crate::profile::ProfileDocument;
use crate::source::SourceFile;

/// Largest profile that is read: 64 MiB. 10,000 targets, written out again in each of 20 environments, take 40 MB.
const LARGEST: u64 = 64 << 20;

/// The starter profiles in the binary, by name.
pub static PROFILES: include_dir::Dir<'static> =
    include_dir::include_dir!("$CARGO_MANIFEST_DIR/profiles");

/// Reads the profile at `path`; `-` is standard input.
///
/// # Errors
///
/// A file that is missing, unreadable, a directory, too large, or not UTF-8; a text that is no YAML.
pub fn read_profile(path: &Path) -> Result<ProfileDocument, Box<Diagnostic>> {
    let shown = path.display();
    let unreadable = |message: String, help: &str| {
        Box::new(Diagnostic::error("profile/unreadable", message).help(help))
    };
    let too_large = || {
        unreadable(
            format!("`{shown}` is larger than {} MiB", LARGEST >> 20),
            "this is hardly a profile; check the path",
        )
    };
    let help = "check the path and its permissions";
    let bytes = if path == Path::new("-") {
        read_bounded(std::io::stdin().lock())
            .map_err(|error| unreadable(format!("cannot read standard input: {error}"), help))?
    } else {
        let metadata = std::fs::metadata(path).map_err(|error| {
            let help = if error.kind() == std::io::ErrorKind::NotFound {
                format!(
                    "write a starter profile with `stackwright init {shown}`, or one like {} with `--like`",
                    profile_names().join(", ")
                )
            } else {
                help.into()
            };
            unreadable(format!("cannot read `{shown}`: {}", reason(&error)), &help)
        })?;
        if metadata.is_dir() {
            return Err(unreadable(
                format!("`{shown}` is a directory, expected a profile"),
                "name the profile's file",
            ));
        }
        if metadata.len() > LARGEST {
            return Err(too_large());
        }
        std::fs::File::open(path)
            .and_then(read_bounded)
            .map_err(|error| {
                unreadable(format!("cannot read `{shown}`: {}", reason(&error)), help)
            })?
    };
    if bytes.len() as u64 > LARGEST {
        return Err(too_large());
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
        let file = std::sync::Arc::new(SourceFile::new(path, text));
        Box::new(
            Diagnostic::error("profile/not-utf-8", "this file is not UTF-8")
                .at(&file, crate::source::Span::at(valid))
                .help("save the file as UTF-8"),
        )
    })?;
    ProfileDocument::parse(SourceFile::new(path, text))
}

/// One byte more than a profile may have, at most: a device or a pipe has no size to ask for, and no end.
fn read_bounded(input: impl Read) -> Result<Vec<u8>, std::io::Error> {
    let mut bytes = Vec::new();
    input.take(LARGEST + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The system's reason without its number.
pub fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error") {
        Some((reason, _)) => reason.to_lowercase(),
        None => text,
    }
}
