//! How much of what people found by hand the lints find: `tests/score` prints it.
//!
//! `tests/score_codes.json` says which lints, or areas of lints, speak of a code of the ground truth.
//!
//! Most setups that were fixed later hold one file, and most of those defects are between that file and others. Where the file alone
//! says nothing and the record needs more than the file, it is judged among the other files of its repository, as they stand in the
//! one whole tree of it that is at hand.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};

use serde_json::Value;
use stackwright::diagnostic::{Diagnostic, Level};
use stackwright::setup::Setup;

use super::findings;
use crate::shared::shared;

/// The whole tree of the repository of most records.
const WHOLE_TREE: &str = "setups/gatewayz-7f8c491";

/// A finding this many lines away still points at the record.
const NEAR: u64 = 3;

/// A line of a `.jsonl` file.
type Record = Value;

struct Truth {
    root: PathBuf,
    codes: BTreeMap<String, Vec<String>>,
    /// Findings by setup.
    found: BTreeMap<String, Vec<Diagnostic>>,
}

impl Truth {
    fn read() -> Option<Self> {
        let root = shared("ground-truth")?.parent()?.to_path_buf();
        let codes = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/score_codes.json");
        let codes = std::fs::read_to_string(codes).expect("a map of codes");
        let mut found = BTreeMap::new();
        let mut setups: Vec<PathBuf> = std::fs::read_dir(root.join("setups"))
            .expect("setups")
            .filter_map(|entry| Some(entry.ok()?.path()))
            .collect();
        setups.sort();
        for path in setups {
            let setup = Setup::open(&path, Some(&root)).expect("a readable setup");
            let name = format!(
                "setups/{}",
                path.file_name().unwrap_or_default().to_string_lossy()
            );
            found.insert(name, findings(&setup, ""));
        }
        Some(Self {
            root,
            codes: serde_json::from_str(&codes).expect("lints by code"),
            found,
        })
    }

    fn records(&self, file: &str) -> Vec<Record> {
        let text =
            std::fs::read_to_string(self.root.join("ground-truth").join(file)).expect("records");
        text.lines()
            .map(|line| serde_json::from_str(line).expect("a record"))
            .collect()
    }

    fn of(&self, file: &str) -> &[Diagnostic] {
        self.found.get(&setup(file)).map_or(&[], Vec::as_slice)
    }

    /// Whether a lint that speaks of `code` points at one of the lines; at the file, where there are none.
    fn reports(&self, file: &str, lines: &[u64], code: &str) -> bool {
        self.kinds(code)
            .points_at(self.of(file), Path::new(file), lines)
    }

    /// Lints that speak of a code.
    fn kinds(&self, code: &str) -> Kinds {
        Kinds(self.codes.get(code).cloned().unwrap_or_default())
    }

    /// What is found in the setup of `file` when the rest of its repository is around it.
    fn among_other_files(&self, file: &str) -> Vec<Diagnostic> {
        let tree = tempfile::tempdir().expect("a directory");
        let lay = |from: &str, is_left_out: &dyn Fn(&Path) -> bool| {
            let from = self.root.join(from);
            for entry in walkdir::WalkDir::new(&from) {
                let entry = entry.expect("a readable setup");
                let to = tree
                    .path()
                    .join(setup(file))
                    .join(entry.path().strip_prefix(&from).expect("below"));
                if entry.file_type().is_dir() {
                    std::fs::create_dir_all(&to).expect("a directory");
                } else if !is_left_out(entry.path()) {
                    std::fs::copy(entry.path(), &to).expect("a copy");
                }
            }
        };
        // A dashboard that has moved since would be there twice.
        let name = Path::new(file).file_name();
        lay(WHOLE_TREE, &|path| {
            path.file_name() == name && path.extension().is_some_and(|it| it == "json")
        });
        lay(&setup(file), &|_| false);
        let setup = Setup::open(&tree.path().join(setup(file)), Some(tree.path()));
        findings(&setup.expect("a readable setup"), "")
    }
}

/// `setups/NAME` of a file below it.
fn setup(file: &str) -> String {
    file.split('/').take(2).collect::<Vec<_>>().join("/")
}

/// Lints, and areas of lints.
struct Kinds(Vec<String>);

impl Kinds {
    fn hold(&self, id: &str) -> bool {
        self.0.iter().any(|kind| match kind.ends_with(['/', '-']) {
            true => id.starts_with(kind.as_str()),
            false => id == kind,
        })
    }

    fn points_at(&self, found: &[Diagnostic], file: &Path, lines: &[u64]) -> bool {
        self.pointing(found, file, lines).next().is_some()
    }

    fn pointing<'f>(
        &'f self,
        found: &'f [Diagnostic],
        file: &'f Path,
        lines: &'f [u64],
    ) -> impl Iterator<Item = &'f Diagnostic> {
        places(found, file)
            .filter(|(diagnostic, at)| {
                self.hold(&diagnostic.id)
                    && (lines.is_empty() || lines.iter().any(|line| line.abs_diff(*at) <= NEAR))
            })
            .map(|(diagnostic, _)| diagnostic)
    }
}

/// The lines of a file that findings point at, with the findings.
fn places<'f>(
    found: &'f [Diagnostic],
    file: &'f Path,
) -> impl Iterator<Item = (&'f Diagnostic, u64)> {
    found.iter().flat_map(move |diagnostic| {
        let related = diagnostic.related.iter().map(|related| &related.location);
        diagnostic
            .location
            .iter()
            .chain(related)
            .filter(move |location| location.file.path() == file)
            .map(move |location| {
                let line = location.file.position(location.span.start()).line;
                (diagnostic, line as u64)
            })
    })
}

fn text<'r>(record: &'r Record, key: &str) -> &'r str {
    record[key].as_str().unwrap_or_default()
}

fn lines(record: &Record, key: &str) -> Vec<u64> {
    record[key]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_u64)
        .collect()
}

/// Found and all, by code.
#[derive(Default)]
struct Tally(BTreeMap<String, (usize, usize)>);

impl Tally {
    fn add(&mut self, code: &str, is_found: bool) {
        let count = self.0.entry(code.to_owned()).or_default();
        count.0 += usize::from(is_found);
        count.1 += 1;
    }

    fn total(&self) -> (usize, usize) {
        self.0.values().fold((0, 0), |(found, all), count| {
            (found + count.0, all + count.1)
        })
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (found, all) = self.total();
        let percent = (found * 100).checked_div(all).unwrap_or_default();
        writeln!(out, "{found} of {all} ({percent} %)")?;
        let codes: Vec<String> = self
            .0
            .iter()
            .map(|(code, (found, all))| format!("{code} {found}/{all}"))
            .collect();
        for line in codes.chunks(10) {
            writeln!(out, "    {}", line.join("  "))?;
        }
        Ok(())
    }
}

/// Prints the score, and what is missed by code with `SCORE_MISSED=1`.
#[test]
fn score() {
    let Some(truth) = Truth::read() else { return };
    let mut missed: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut table = String::new();

    let (mut certain, mut plausible) = (Tally::default(), Tally::default());
    for record in truth.records("defects.jsonl") {
        let (file, code) = (text(&record, "file"), text(&record, "code"));
        let line = record["line"].as_u64();
        let is_found = truth.reports(file, &Vec::from_iter(line), code);
        match text(&record, "certainty") {
            "certain" => {
                certain.add(code, is_found);
                if !is_found {
                    let line = line.unwrap_or_default();
                    let entry = format!("{file}:{line}: {}", text(&record, "why"));
                    missed.entry(code.to_owned()).or_default().push(entry);
                }
            }
            _ => plausible.add(code, is_found),
        }
    }
    writeln!(table, "defects, certain: {certain}").unwrap();
    writeln!(table, "defects, plausible: {plausible}").unwrap();

    let (mut alone, mut before, mut after) = (Tally::default(), Tally::default(), Tally::default());
    for record in truth.records("fixed-later.jsonl") {
        if text(&record, "needs") == "no" {
            continue;
        }
        let (file, fixed) = (text(&record, "before"), text(&record, "after"));
        let (code, at) = (text(&record, "code"), lines(&record, "before_lines"));
        let kinds = truth.kinds(code);
        let is_told_alone = truth.reports(file, &at, code);
        alone.add(code, is_told_alone);
        let is_alone = is_told_alone || text(&record, "needs") == "static";
        let (found, left) = match is_alone {
            true => (truth.of(file).to_vec(), truth.of(fixed).to_vec()),
            false => (
                truth.among_other_files(file),
                truth.among_other_files(fixed),
            ),
        };
        let (file, fixed) = (Path::new(file), Path::new(fixed));
        let is_found = kinds.points_at(&found, file, &at);
        before.add(code, is_found);
        if !is_found {
            let file = file.display();
            let entry = format!("{file}:{at:?}: fixed later: {}", text(&record, "wrong"));
            missed.entry(code.to_owned()).or_default().push(entry);
        } else if text(&record, "note").is_empty() {
            // Nothing of that kind may be left at the lines. The other files are of another commit, and have other defects: there
            // one of the findings must be gone.
            let is_gone = match is_alone {
                true => !kinds.points_at(&left, fixed, &at),
                false => kinds.pointing(&found, file, &at).any(|gone| {
                    !kinds
                        .pointing(&left, fixed, &[])
                        .any(|left| (&left.id, &left.message) == (&gone.id, &gone.message))
                }),
            };
            after.add(code, is_gone);
        }
    }
    writeln!(table, "fixed later, reported in the file alone: {alone}").unwrap();
    writeln!(
        table,
        "fixed later, reported there or among the other files: {before}"
    )
    .unwrap();
    writeln!(
        table,
        "fixed later, gone after (of those reported): {after}"
    )
    .unwrap();

    let mut traps = Vec::new();
    for record in truth.records("traps.jsonl") {
        let file = text(&record, "file");
        let kinds: BTreeSet<&str> = truth
            .codes
            .iter()
            .filter(|(code, _)| text(&record, "tempting").contains(code.as_str()))
            .flat_map(|(_, kinds)| kinds.iter().map(String::as_str))
            .collect();
        for (diagnostic, line) in places(truth.of(file), Path::new(file)) {
            let is_tempting =
                kinds.is_empty() || kinds.iter().any(|kind| diagnostic.id.starts_with(kind));
            if lines(&record, "lines").contains(&line)
                && diagnostic.level >= Level::Warning
                && is_tempting
            {
                traps.push(format!(
                    "{file}:{line}: {}: {}",
                    diagnostic.id, diagnostic.message
                ));
            }
        }
    }
    writeln!(table, "traps: {} hit", traps.len()).unwrap();
    for trap in &traps {
        writeln!(table, "    {trap}").unwrap();
    }

    let mut by_lint: BTreeMap<(&str, Level), usize> = BTreeMap::new();
    for diagnostic in truth.found.values().flatten() {
        *by_lint
            .entry((&diagnostic.id, diagnostic.level))
            .or_default() += 1;
    }
    writeln!(table, "findings in all setups:").unwrap();
    for ((id, level), count) in by_lint {
        writeln!(table, "    {count:5} {} {id}", level.as_str()).unwrap();
    }
    println!("{table}");
    if std::env::var_os("SCORE_MISSED").is_some() {
        for (code, records) in missed {
            println!(
                "{code}: {:?}",
                truth.codes.get(&code).cloned().unwrap_or_default()
            );
            for record in records {
                println!("    {record}");
            }
        }
    }
    assert!(
        traps.is_empty(),
        "traps must stay silent:\n{}",
        traps.join("\n")
    );
}
