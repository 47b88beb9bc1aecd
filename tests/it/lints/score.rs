//! How much of what people found by hand the lints find: `tests/score` prints it.
//!
//! `tests/score_codes.json` says which lints, or areas of lints, speak of a code of the ground truth.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};

use serde_json::Value;
use stackwright::diagnostic::{Diagnostic, Level};
use stackwright::setup::Setup;

use super::findings;
use crate::shared::shared;

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

    fn in_file<'t>(&'t self, file: &'t str) -> impl Iterator<Item = (&'t Diagnostic, u64)> {
        let setup: String = file.split('/').take(2).collect::<Vec<_>>().join("/");
        self.found
            .get(&setup)
            .into_iter()
            .flatten()
            .flat_map(move |diagnostic| {
                let related = diagnostic.related.iter().map(|related| &related.location);
                diagnostic
                    .location
                    .iter()
                    .chain(related)
                    .filter(move |location| location.file.path() == Path::new(file))
                    .map(move |location| {
                        let line = location.file.position(location.span.start()).line;
                        (diagnostic, line as u64)
                    })
            })
    }

    /// Whether a lint that speaks of `code` points at one of the lines; at the file, where there are none.
    fn reports(&self, file: &str, lines: &[u64], code: &str) -> bool {
        let kinds = self.codes.get(code).map_or(&[][..], Vec::as_slice);
        self.in_file(file).any(|(diagnostic, at)| {
            (lines.is_empty() || lines.iter().any(|line| line.abs_diff(at) <= NEAR))
                && kinds.iter().any(|kind| match kind.ends_with(['/', '-']) {
                    true => diagnostic.id.starts_with(kind.as_str()),
                    false => diagnostic.id == *kind,
                })
        })
    }
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

    let (mut before, mut after) = (Tally::default(), Tally::default());
    for record in truth.records("fixed-later.jsonl") {
        if text(&record, "needs") == "no" {
            continue;
        }
        let (file, code) = (text(&record, "before"), text(&record, "code"));
        let at = lines(&record, "before_lines");
        let is_found = truth.reports(file, &at, code);
        before.add(code, is_found);
        if !is_found {
            let entry = format!("{file}:{at:?}: fixed later: {}", text(&record, "wrong"));
            missed.entry(code.to_owned()).or_default().push(entry);
        } else if text(&record, "note").is_empty() {
            // Lines move: afterwards nothing of that kind may be left at all where it was the same lint that spoke.
            after.add(code, !truth.reports(text(&record, "after"), &at, code));
        }
    }
    writeln!(table, "fixed later, reported before: {before}").unwrap();
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
        for (diagnostic, line) in truth.in_file(file) {
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
