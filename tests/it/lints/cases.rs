//! `tests/lints/<area>/<name>/<behaviour>/input/…` and what the lint `<area>/<name>` says of it: `expected.txt`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use stackwright::config::Config;
use stackwright::facts::given::Given;
use stackwright::lint::lints;
use stackwright::report::{Style, render};
use stackwright::setup::Setup;
use stackwright::source::SourceFile;

use super::{CATALOGUE, findings_of_project};

struct Case {
    /// `area/name`.
    lint: String,
    /// The directory with `input` and `expected.txt`.
    directory: PathBuf,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lints")
}

fn directories(path: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        .map(|entry| entry.expect("a readable directory").path())
        .filter(|path| path.is_dir())
        .collect();
    found.sort();
    found
}

fn name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for area in directories(&root()) {
        for lint in directories(&area) {
            for directory in directories(&lint) {
                cases.push(Case {
                    lint: format!("{}/{}", name(&area), name(&lint)),
                    directory,
                });
            }
        }
    }
    cases
}

/// The files of every case, by their paths.
pub(super) fn inputs() -> Vec<Vec<(String, Vec<u8>)>> {
    let files = |case: Case| {
        let input = case.directory.join("input");
        walkdir::WalkDir::new(&input)
            .sort_by_file_name()
            .into_iter()
            .filter_map(Result::ok)
            .filter(|entry| entry.file_type().is_file())
            .map(|entry| {
                let path = entry.path().strip_prefix(&input).expect("a path in it");
                let text = std::fs::read(entry.path()).expect("a readable case");
                (path.to_string_lossy().into_owned(), text)
            })
            .collect()
    };
    cases().into_iter().map(files).collect()
}

/// What `stackwright.toml` of a case says, where there is one.
fn project(input: &Path) -> (Config, Given) {
    let mut given = Given::default();
    let Ok(text) = std::fs::read_to_string(input.join("stackwright.toml")) else {
        return (Config::default(), given);
    };
    let file = SourceFile::new("stackwright.toml", text);
    let config = Config::parse(file, &CATALOGUE).expect("a correct configuration");
    for named in &config.metrics {
        let text = std::fs::read_to_string(input.join(&named.path)).expect("metrics");
        given.metrics.read(&text).expect("a page of metrics");
    }
    given.versions.clone_from(&config.versions);
    (config, given)
}

/// What the lint says, as a person reads it.
fn said(case: &Case) -> String {
    let input = case.directory.join("input");
    assert!(input.is_dir(), "{} has no input/", case.directory.display());
    let setup = Setup::open(&input, Some(&input)).expect("a readable case");
    let (config, given) = project(&input);
    let text: String = findings_of_project(&setup, &case.lint, &config, &given)
        .iter()
        .map(|diagnostic| {
            let fix = diagnostic.fix.as_ref().map_or_else(String::new, |fix| {
                format!("  = fix ({}): {}\n", fix.safety.as_str(), fix.title)
            });
            format!("{}{fix}\n", render(diagnostic, Style::Plain))
        })
        .collect();
    match text.is_empty() {
        true => "nothing\n".into(),
        false => text,
    }
}

#[test]
fn every_case_says_what_is_expected() {
    let mut wrong = Vec::new();
    for case in cases() {
        let said = said(&case);
        let path = case.directory.join("expected.txt");
        if std::env::var_os("UPDATE_EXPECTED").is_some() {
            std::fs::write(&path, &said).expect("a writable checkout");
            continue;
        }
        let shown = path.strip_prefix(root()).unwrap_or(&path).display();
        match std::fs::read_to_string(&path) {
            Err(_) => wrong.push(format!("{shown} is missing")),
            Ok(expected) if expected != said => {
                wrong.push(format!(
                    "{shown}\n--- expected\n{expected}\n--- said\n{said}"
                ));
            }
            Ok(_) => {}
        }
    }
    assert!(
        wrong.is_empty(),
        "run `UPDATE_EXPECTED=1 cargo test --test it -- lints::cases` and read `git diff`:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn every_case_belongs_to_a_lint() {
    let known: BTreeSet<&str> = lints().map(|lint| lint.id).collect();
    for case in cases() {
        assert!(
            known.contains(case.lint.as_str()),
            "there is no lint `{}`",
            case.lint
        );
    }
}

/// How many cases of each kind a lint has, at least.
const FEWEST: usize = 5;

#[test]
fn every_lint_has_cases_that_it_reports_and_cases_that_it_must_not() {
    let mut counts: BTreeMap<&str, (usize, usize)> =
        lints().map(|lint| (lint.id, (0, 0))).collect();
    for case in cases() {
        let Some(count) = counts.get_mut(case.lint.as_str()) else {
            continue;
        };
        match said(&case).as_str() {
            "nothing\n" => count.1 += 1,
            _ => count.0 += 1,
        }
    }
    counts.retain(|_, (reported, silent)| *reported < FEWEST || *silent < FEWEST);
    assert!(
        counts.is_empty(),
        "(reported, silent), {FEWEST} of each are needed: {counts:#?}"
    );
}
