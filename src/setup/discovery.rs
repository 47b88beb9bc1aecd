//! Finding and reading the files of a setup.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ignore::{DirEntry, WalkBuilder};
use rayon::prelude::*;

use super::read::{Found, Language, Outcome, language, read};
use super::{Document, DocumentId, Kind, Listing, Setup, SetupError, Skipped, joined};
use crate::source::SourceFile;

/// Larger files are not read: the largest dashboards are a tenth of this.
const LARGEST: u64 = 32 * 1024 * 1024;
/// More files are not looked at: no setup has so many, and a home directory has.
const MOST_FILES: usize = 200_000;

/// A file that may be something to us.
struct Candidate {
    path: String,
    absolute: PathBuf,
    language: Language,
    size: u64,
}

/// What a candidate came to.
struct ReadFile {
    path: String,
    file: Arc<SourceFile>,
    documents: Vec<Found>,
}

pub(super) fn open(root: &Path, working_directory: Option<&Path>) -> Result<Setup, SetupError> {
    let unreadable = |error| SetupError::Unreadable {
        path: root.display().to_string(),
        error,
    };
    let metadata = fs::metadata(root).map_err(unreadable)?;
    // A single file is a setup of one file; its neighbours are only known to exist.
    let directory = match metadata.is_file() {
        true => root
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty())
            .unwrap_or(Path::new(".")),
        false => root,
    };
    if !metadata.is_file() {
        fs::read_dir(root).map_err(unreadable)?;
    }
    let shown = shown(directory, working_directory);
    let mut setup = Setup {
        directory: Some(directory.to_path_buf()),
        shown: shown.clone(),
        ..Setup::default()
    };
    let mut candidates = Vec::new();
    if metadata.is_file() {
        let name = root
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        setup.listing.add_file(&name);
        // Somebody who names a file wants it read, whatever its name.
        candidates.push(Candidate {
            language: language(&name)
                .filter(|language| *language != Language::Template)
                .unwrap_or(Language::Yaml),
            path: name,
            absolute: root.to_path_buf(),
            size: metadata.len(),
        });
    } else {
        walk(root, &mut setup, &mut candidates);
    }
    let read: Vec<Result<ReadFile, Skipped>> = candidates
        .par_iter()
        .map(|candidate| read_candidate(candidate, &shown))
        .collect();
    let mut files = Vec::new();
    for outcome in read {
        match outcome {
            Ok(file) => files.push(file),
            Err(skipped) => setup.skipped.push(skipped),
        }
    }
    files.extend(beyond_ignored(root, &shown, &mut setup.listing, &files));
    assemble(&mut setup, files);
    Ok(setup)
}

pub(super) fn of_texts<'t>(
    shown: &str,
    texts: impl IntoIterator<Item = (&'t str, &'t [u8])>,
) -> Setup {
    let mut setup = Setup {
        shown: shown.into(),
        ..Setup::default()
    };
    let mut files = Vec::new();
    let shown = Path::new(shown);
    for (path, bytes) in texts {
        setup.listing.add_file(path);
        let Some(language) = language(path) else {
            continue;
        };
        match read_bytes(path, &shown.join(path), language, bytes) {
            Ok(file) => files.push(file),
            Err(skipped) => setup.skipped.push(skipped),
        }
    }
    assemble(&mut setup, files);
    setup
}

pub(super) fn with(before: &Setup, texts: &BTreeMap<String, Option<String>>) -> Setup {
    let mut after = Setup {
        listing: before.listing.clone(),
        directory: before.directory.clone(),
        shown: before.shown.clone(),
        skipped: before.skipped.clone(),
        documents: Vec::new(),
    };
    after
        .skipped
        .retain(|skipped| !texts.contains_key(&skipped.path));
    let mut files: Vec<ReadFile> = Vec::new();
    for (path, text) in texts {
        let Some(text) = text else {
            after.listing.remove_file(path);
            continue;
        };
        after.listing.add_file(path);
        // What was read once because somebody named it is read again, whatever its name.
        let was_read = before.at(path).next().is_some();
        let Some(language) = language(path).or(was_read.then_some(Language::Yaml)) else {
            continue;
        };
        match read_bytes(path, &before.shown.join(path), language, text.as_bytes()) {
            Ok(file) => files.push(file),
            Err(skipped) => after.skipped.push(skipped),
        }
    }
    let kept = before
        .documents
        .chunk_by(|one, other| one.path == other.path)
        .filter(|documents| !texts.contains_key(&*documents[0].path));
    files.extend(kept.map(|documents| {
        let first = documents[0].id.0;
        ReadFile {
            path: documents[0].path.to_string(),
            file: Arc::clone(&documents[0].file),
            documents: documents
                .iter()
                .map(|document| Found {
                    name: Arc::clone(&document.name),
                    kind: document.kind,
                    text: Arc::clone(&document.text),
                    root: document.root.clone(),
                    syntax_error: document.syntax_error.clone(),
                    problems: document.problems.clone(),
                    comments: document.comments.clone(),
                    wrapper: document
                        .wrapper
                        .map(|wrapper| wrapper.0.saturating_sub(first) as usize),
                    placement: document.placement.clone(),
                    is_part: document.is_part,
                })
                .collect(),
        }
    }));
    assemble(&mut after, files);
    after
}

/// The path before every file's own in messages: relative to the working directory where it lies below it.
fn shown(root: &Path, working_directory: Option<&Path>) -> PathBuf {
    let root = working_directory
        .and_then(|directory| root.strip_prefix(directory).ok())
        .unwrap_or(root);
    root.components()
        .filter(|part| part.as_os_str() != ".")
        .collect()
}

fn walk(root: &Path, setup: &mut Setup, candidates: &mut Vec<Candidate>) {
    let walk = WalkBuilder::new(root)
        .hidden(false)
        .git_global(false)
        .require_git(false)
        .follow_links(false)
        .sort_by_file_name(|one, other| one.cmp(other))
        .filter_entry(|entry| {
            !matches!(
                entry.file_name().to_str(),
                Some(".git" | "node_modules" | ".terraform")
            )
        })
        .build();
    let mut count = 0;
    for entry in walk {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                setup.skipped.push(unreadable(root, &error));
                continue;
            }
        };
        let Some(path) = relative(root, &entry) else {
            continue;
        };
        let Some(kind) = entry.file_type() else {
            continue;
        };
        if kind.is_dir() {
            setup.listing.add_directory(&path);
            continue;
        }
        count += 1;
        if count > MOST_FILES {
            setup.skipped.push(Skipped {
                path,
                why: format!("more than {MOST_FILES} files"),
            });
            return;
        }
        if kind.is_symlink() {
            // Where it leads is looked at where it lies; links can go in circles and out of the setup.
            match fs::metadata(entry.path()) {
                Ok(metadata) if metadata.is_dir() => setup.listing.add_directory(&path),
                Ok(_) => setup.listing.add_file(&path),
                Err(_) => {}
            }
            if language(&path).is_some() {
                setup.skipped.push(Skipped {
                    path,
                    why: "a symbolic link".into(),
                });
            }
            continue;
        }
        setup.listing.add_file(&path);
        if let Some(language) = language(&path).filter(|_| kind.is_file()) {
            let size = entry.metadata().map_or(0, |metadata| metadata.len());
            candidates.push(Candidate {
                path,
                absolute: entry.into_path(),
                language,
                size,
            });
        }
    }
}

/// The path below `root`, with `/`; `None` for the root itself.
fn relative(root: &Path, entry: &DirEntry) -> Option<String> {
    let path = entry.path().strip_prefix(root).ok()?;
    let parts: Vec<_> = path
        .components()
        .map(|part| part.as_os_str().to_string_lossy())
        .collect();
    (!parts.is_empty()).then(|| parts.join("/"))
}

fn unreadable(root: &Path, error: &ignore::Error) -> Skipped {
    fn path_of(error: &ignore::Error) -> Option<&Path> {
        match error {
            ignore::Error::WithPath { path, .. } => Some(path),
            ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => {
                path_of(err)
            }
            _ => None,
        }
    }
    let path = path_of(error).map_or_else(String::new, |path| {
        path.strip_prefix(root)
            .unwrap_or(path)
            .display()
            .to_string()
    });
    let why = error
        .io_error()
        .map_or_else(|| "cannot be read".to_owned(), reason);
    Skipped { path, why }
}

/// What the system says, without its number.
fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::PermissionDenied => "permission denied".into(),
        kind => kind.to_string(),
    }
}

fn read_candidate(candidate: &Candidate, shown: &Path) -> Result<ReadFile, Skipped> {
    let skipped = |why: String| Skipped {
        path: candidate.path.clone(),
        why,
    };
    if candidate.size > LARGEST {
        let megabytes = candidate.size / (1024 * 1024);
        return Err(skipped(format!(
            "{megabytes} MiB, more than {} MiB",
            LARGEST / (1024 * 1024)
        )));
    }
    let bytes = fs::read(&candidate.absolute).map_err(|error| skipped(reason(&error)))?;
    read_bytes(
        &candidate.path,
        &shown.join(&candidate.path),
        candidate.language,
        bytes,
    )
}

fn read_bytes(
    path: &str,
    shown: &Path,
    language: Language,
    bytes: impl AsRef<[u8]>,
) -> Result<ReadFile, Skipped> {
    let skipped = |why: String| Skipped {
        path: path.to_owned(),
        why,
    };
    let file = SourceFile::decode(shown, bytes.as_ref()).map_err(|error| {
        let line = error.file.position(error.span.start()).line;
        skipped(format!("not UTF-8, see line {line}"))
    })?;
    // The text is a copy of them.
    drop(bytes);
    let file = Arc::new(file);
    match read(path, language, &file) {
        Outcome::Documents(documents) => Ok(ReadFile {
            path: path.to_owned(),
            file,
            documents,
        }),
        Outcome::Skipped(why) => Err(skipped(why)),
    }
}

/// What Compose files name and `.gitignore` hides: it exists, and a `.env` of them is read.
fn beyond_ignored(
    root: &Path,
    shown: &Path,
    listing: &mut Listing,
    files: &[ReadFile],
) -> Vec<ReadFile> {
    let mut more = Vec::new();
    for file in files {
        let directory = file
            .path
            .rsplit_once('/')
            .map_or("", |(directory, _)| directory);
        for document in file
            .documents
            .iter()
            .filter(|document| document.kind == Kind::Compose)
        {
            let env = joined(directory, ".env");
            for path in named_paths(&document.root)
                .into_iter()
                .filter_map(|path| joined(directory, path))
                .chain(env)
            {
                if listing.exists(&path) {
                    continue;
                }
                let Ok(metadata) = fs::metadata(root.join(&path)) else {
                    continue;
                };
                if metadata.is_dir() {
                    listing.add_directory(&path);
                    continue;
                }
                listing.add_file(&path);
                if let Some(language @ Language::Lines(Kind::EnvFile)) = language(&path) {
                    let candidate = Candidate {
                        absolute: root.join(&path),
                        path,
                        language,
                        size: metadata.len(),
                    };
                    more.extend(read_candidate(&candidate, shown));
                }
            }
        }
    }
    more
}

/// Paths on the host that a Compose file names.
fn named_paths(root: &crate::document::Node) -> Vec<&str> {
    let services = root.get("services").map_or(&[][..], |node| node.entries());
    let mut paths = Vec::new();
    for service in services {
        for volume in service
            .value
            .get("volumes")
            .map_or(&[][..], |node| node.items())
        {
            let short = volume.as_str().and_then(|text| text.split(':').next());
            let long = volume.get("source").and_then(|source| source.as_str());
            paths.extend(short.or(long).filter(|path| path.starts_with('.')));
        }
        if let Some(node) = service.value.get("env_file") {
            paths.extend(node.as_str());
            paths.extend(
                node.items()
                    .iter()
                    .filter_map(|item| item.as_str().or_else(|| item.get("path")?.as_str())),
            );
        }
    }
    for section in ["secrets", "configs"] {
        for entry in root.get(section).map_or(&[][..], |node| node.entries()) {
            paths.extend(entry.value.get("file").and_then(|file| file.as_str()));
        }
    }
    paths
}

fn assemble(setup: &mut Setup, mut files: Vec<ReadFile>) {
    files.sort_by(|one, other| one.path.cmp(&other.path));
    for file in files {
        let first = setup.documents.len();
        let number = |index: usize| DocumentId(u32::try_from(index).unwrap_or(u32::MAX));
        let path: Arc<str> = file.path.into();
        for found in file.documents {
            let id = number(setup.documents.len());
            setup.documents.push(Document {
                id,
                path: Arc::clone(&path),
                name: found.name,
                kind: found.kind,
                text: found.text,
                root: found.root,
                syntax_error: found.syntax_error,
                problems: found.problems,
                comments: found.comments,
                wrapper: found.wrapper.map(|wrapper| number(first + wrapper)),
                file: Arc::clone(&file.file),
                placement: found.placement,
                is_part: found.is_part,
            });
        }
    }
    setup.skipped.sort();
    setup.skipped.dedup();
}
