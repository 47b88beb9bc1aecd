//! Compose files against two generations of docker-compose.
//!
//! `tests/formats/compose/*.cases` holds small projects with the verdicts of the tools. `UPDATE_EXPECTED` asks them again
//! where they are, and writes what they say.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use rayon::prelude::*;

use super::cases::{Input, parse, theme_files};
use super::{expect_committed, place, verdict};
use stackwright::catalogue::Version;
use stackwright::check::formats::{ComposeOptions, NEWEST_COMPOSE, check_compose};
use stackwright::diagnostic::{Diagnostic, Level};
use stackwright::source::SourceFile;

/// The Compose file of a project with one file.
const ALONE: &str = "compose.yaml";

/// The tools, and the Compose whose verdict ours is compared with. Debian builds its 2.26.1 with the library of 2.33.
pub(super) const GENERATIONS: [(&str, &str, Version); 2] = [
    ("old", "2.26.1", Version::new(2, 33, 1)),
    ("new", "2.40.3", NEWEST_COMPOSE),
];

/// A small project and what both tools say about it, in the order of [`GENERATIONS`].
pub(super) type Project = Input;

impl Project {
    /// Writes the project into a directory of its own.
    fn write(&self) -> tempfile::TempDir {
        let directory = tempfile::Builder::new()
            .prefix("project-")
            .tempdir()
            .expect("a temporary directory");
        for (path, text) in &self.files {
            let path = directory.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
            std::fs::write(path, text).expect("a file");
        }
        directory
    }

    /// The errors that we find.
    pub(super) fn errors(&self, version: Version) -> Vec<Diagnostic> {
        let directory = self.write();
        errors(&directory.path().join("compose.yaml"), version)
    }
}

/// The errors of the project of the Compose file `path` and its override, as `docker-compose config` reads them with an
/// empty environment.
pub(super) fn errors(path: &Path, version: Version) -> Vec<Diagnostic> {
    let read = |path: &Path| {
        let bytes = std::fs::read(path).ok()?;
        let file = SourceFile::decode(path, &bytes).unwrap_or_else(|error| error.file);
        Some(Arc::new(file))
    };
    let files: Vec<Arc<SourceFile>> = [
        path.to_owned(),
        path.with_file_name("compose.override.yaml"),
    ]
    .iter()
    .filter_map(|path| read(path))
    .collect();
    let mut options = ComposeOptions::new(version);
    options.is_environment_complete = true;
    options.files = Some(&read);
    check_compose(&files, &options)
        .into_iter()
        .filter(|diagnostic| diagnostic.level == Level::Error)
        .collect()
}

/// Every project of ours.
pub(super) fn projects() -> Vec<Project> {
    theme_files("compose")
        .iter()
        .flat_map(|path| parse(&std::fs::read_to_string(path).expect("cases"), ALONE))
        .collect()
}

/// Why released tools say something else than the format that they are compared as.
pub(super) fn known_difference(name: &str, version: &str) -> Option<&'static str> {
    match (name, version) {
        ("env_file_raw", "2.26.1") => Some(
            "the reader of this format is part of the program, not of the newer library it is built with",
        ),
        _ => None,
    }
}

/// What a tool says about the project in `directory`.
fn ask(tool: &Path, directory: &Path) -> &'static str {
    let status = Command::new(tool)
        .args(["config", "-q"])
        .current_dir(directory)
        .env_clear()
        .env("HOME", "/nonexistent")
        .output()
        .expect("docker-compose runs")
        .status;
    if status.success() { "accept" } else { "reject" }
}

#[test]
fn the_verdicts_are_those_of_docker_compose() {
    let is_update = std::env::var_os("UPDATE_EXPECTED").is_some();
    // They take ten minutes of a processor: asked only where the tests are meant to be complete.
    if !is_update && std::env::var_os("STACKWRIGHT_REQUIRE_TOOLS").is_none() {
        return;
    }
    let generations = crate::tools::generations();
    if generations.is_empty() {
        return;
    }
    let tools: Vec<PathBuf> = generations
        .iter()
        .map(|generation| generation.program("docker-compose"))
        .collect();
    for path in theme_files("compose") {
        let text = std::fs::read_to_string(&path).expect("cases");
        let said: Vec<[&str; 2]> = parse(&text, ALONE)
            .par_iter()
            .map(|project| {
                let directory = project.write();
                [
                    ask(&tools[0], directory.path()),
                    ask(&tools[1], directory.path()),
                ]
            })
            .collect();
        let mut said = said.into_iter();
        let mut written = String::new();
        for line in text.lines() {
            match line
                .strip_prefix("=== ")
                .and_then(|head| head.split_once(": "))
            {
                Some((name, _)) => {
                    let [old, new] = said.next().expect("a verdict for each");
                    if old == new {
                        writeln!(written, "=== {name}: {old}").unwrap();
                    } else {
                        let [(_, one, _), (_, other, _)] = GENERATIONS;
                        writeln!(written, "=== {name}: {one} {old}, {other} {new}").unwrap();
                    }
                }
                None => writeln!(written, "{line}").unwrap(),
            }
        }
        let name = path.file_name().expect("a name").to_string_lossy();
        expect_committed(&format!("tests/formats/compose/{name}"), &written);
    }
}

#[test]
fn every_project_gets_the_verdict_of_docker_compose() {
    let projects = projects();
    assert!(projects.len() > 400, "{} projects", projects.len());
    let mut wrong = Vec::new();
    for project in &projects {
        for ((_, tool, version), expected) in GENERATIONS.iter().zip(&project.verdicts) {
            let found = project.errors(*version);
            if verdict(&found) != expected && known_difference(&project.name, tool).is_none() {
                let messages: Vec<&String> = found.iter().map(|error| &error.message).collect();
                wrong.push(format!(
                    "{} {tool}: {expected}, ours: {messages:?}",
                    project.name
                ));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} differ\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn real_projects_get_the_verdict_of_docker_compose() {
    let Some(root) = crate::shared::shared("setups") else {
        return;
    };
    let generations = crate::tools::generations();
    let mut checked = 0;
    for setup in std::fs::read_dir(root).expect("setups") {
        let setup = setup.expect("a setup").path();
        let path = setup.join("docker-compose.yml");
        if !path.exists() {
            continue;
        }
        checked += 1;
        for (generation, (_, _, version)) in generations.iter().zip(GENERATIONS) {
            let expected = ask(&generation.program("docker-compose"), &setup);
            let found = errors(&path, version);
            let messages: Vec<&String> = found.iter().map(|error| &error.message).collect();
            assert_eq!(
                verdict(&found),
                expected,
                "{}: {messages:?}",
                path.display()
            );
        }
    }
    assert!(checked > 3, "{checked} projects");
}

#[test]
fn every_mistake_is_told_where_it_is() {
    let mut table = String::new();
    for project in projects() {
        let directory = project.write();
        let found = errors(&directory.path().join("compose.yaml"), NEWEST_COMPOSE);
        if found.is_empty() {
            continue;
        }
        writeln!(table, "{}", project.name).unwrap();
        for error in &found {
            let file = error.location.as_ref().map(|location| location.file.path());
            let file = file.and_then(|path| path.strip_prefix(directory.path()).ok());
            let file = file.filter(|file| *file != Path::new("compose.yaml"));
            let file = file.map_or(String::new(), |file| format!("{}:", file.display()));
            let help = error
                .help
                .as_ref()
                .map_or(String::new(), |help| format!(" · {help}"));
            writeln!(table, "  {file}{}: {}{help}", place(error), error.message).unwrap();
        }
    }
    let directory = std::env::temp_dir();
    assert!(
        !table.contains(&*directory.to_string_lossy()),
        "a path of this machine"
    );
    expect_committed("tests/formats/compose/messages.txt", &table);
}
