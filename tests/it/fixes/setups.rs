//! Every real setup, repaired: what people have written stays what it was around the fixes.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use stackwright::diagnostic::Safety;
use stackwright::fix::{Changed, Mended};
use stackwright::setup::{Kind, Setup};

use super::{complaints, mended};
use crate::shared::shared;
use crate::tools::generations;

/// Lines that edits were made in, as they stood before their round.
fn edited_lines(mended: &Mended) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    for edit in mended.applied.iter().flat_map(|applied| &applied.fix.edits) {
        let file = &edit.location.file;
        let span = edit.location.span;
        let first = file.position(span.start()).line;
        let last = file.position(span.end()).line;
        for line in first..=last {
            let line = file.line_span(line);
            lines.insert(file.text()[line.start()..line.end()].to_owned());
        }
    }
    lines
}

/// Lines of the old text that are not in the new one, by their difference.
fn lost_lines(changed: &Changed) -> Vec<String> {
    let before = changed.before.as_deref().unwrap_or_default();
    let after = changed.after.as_deref().unwrap_or_default();
    similar::TextDiff::from_lines(before, after)
        .iter_all_changes()
        .filter(|change| change.tag() == similar::ChangeTag::Delete)
        .map(|change| change.value().trim_end_matches(['\n', '\r']).to_owned())
        .collect()
}

/// What promtool of both generations says of a rule file: whether it takes it.
fn verdicts(text: &str) -> Vec<bool> {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("rules.yml");
    std::fs::write(&path, text).expect("a writable directory");
    generations()
        .iter()
        .map(|generation| {
            Command::new(generation.program("promtool"))
                .args(["check", "rules"])
                .arg(&path)
                .output()
                .expect("promtool runs")
                .status
                .success()
        })
        .collect()
}

fn check(name: &str, setup: &Setup, safety: Safety, wrong: &mut Vec<String>) -> Mended {
    let mended = mended(setup, "", safety);
    let edited = edited_lines(&mended);
    for what in complaints(&mended, "", safety) {
        wrong.push(format!("{name}: {what}"));
    }
    for (path, changed) in mended.changes.iter() {
        let lost = lost_lines(changed);
        for line in lost.iter().filter(|line| !edited.contains(*line)) {
            wrong.push(format!("{name}/{path}: nobody asked to change `{line}`"));
        }
        let is_rules = setup
            .at(path)
            .any(|document| document.kind == Kind::Rules && document.wrapper.is_none());
        if let (true, Some(before), Some(after)) = (is_rules, &changed.before, &changed.after)
            && verdicts(before) != verdicts(after)
        {
            wrong.push(format!("{name}/{path}: promtool changed its mind"));
        }
    }
    mended
}

fn setups(root: &Path) -> Vec<std::path::PathBuf> {
    let mut setups: Vec<_> = std::fs::read_dir(root)
        .expect("setups")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.is_dir())
        .collect();
    setups.sort();
    setups
}

/// `tests/score fixes` prints what it comes to.
#[test]
fn safe_fixes_change_nothing_else_in_real_setups() {
    let Some(root) = shared("setups") else { return };
    let mut wrong = Vec::new();
    let (mut files, mut safe, mut refused, mut guesses) = (0, 0, 0, 0);
    for path in setups(&root) {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let setup = Setup::open(&path, Some(&root)).expect("a readable setup");
        files += setup.documents().len();
        safe += check(&name, &setup, Safety::Safe, &mut wrong).applied.len();
        let mended = mended(&setup, "", Safety::Unsafe);
        guesses += mended.applied.len();
        refused += mended.refused.len();
    }
    println!(
        "{files} documents: {safe} safe fixes; {guesses} with the unsafe ones, {refused} of which fail their proof"
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
