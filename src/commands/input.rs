//! Reading the profile that a command was given.

use std::path::Path;

use crate::diagnostic::Diagnostic;
use crate::profile::ProfileDocument;
use crate::source::SourceFile;

/// Largest profile that is read: 256 MiB. 10,000 targets written out take 2 MB.
const LARGEST: u64 = 256 << 20;

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
    let bytes = if path == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut std::io::stdin().lock(), &mut bytes)
            .map_err(|error| unreadable(format!("cannot read standard input: {error}"), ""))?;
        bytes
    } else {
        let metadata = std::fs::metadata(path).map_err(|error| {
            let names: Vec<&str> = PROFILES
                .files()
                .filter_map(|file| file.path().file_stem()?.to_str())
                .collect();
            let help = if error.kind() == std::io::ErrorKind::NotFound {
                format!(
                    "write a starter profile with `stackwright init {shown}`, or one like {} with `--like`",
                    names.join(", ")
                )
            } else {
                "check the path and its permissions".into()
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
            return Err(unreadable(
                format!("`{shown}` is larger than {} MiB", LARGEST >> 20),
                "this is not a profile; check the path",
            ));
        }
        std::fs::read(path).map_err(|error| {
            unreadable(
                format!("cannot read `{shown}`: {}", reason(&error)),
                "check the file's permissions",
            )
        })?
    };
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

/// The system's reason without its number.
pub fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error") {
        Some((reason, _)) => reason.to_lowercase(),
        None => text,
    }
}
