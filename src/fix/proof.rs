//! Whether a setup is better after a change: its files parse, the findings that were to go are gone, and none has come.

use std::collections::BTreeMap;

use super::changes::Edits;
use crate::diagnostic::Diagnostic;
use crate::setup::{Document, Setup};

/// Why a fix is not applied although a lint offers it. Ours to mend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Defect {
    /// Its edits cannot be made, for this reason.
    Edits(String),
    /// The file cannot be read afterwards.
    Unreadable(String),
    /// A comment of the file would go, this one.
    LosesComment(String),
    /// The finding is still there.
    Remains,
    /// Another finding comes: its lint, and what it says.
    Brings(String, String),
    /// It is sound alone, but not together with another one, and that in every round.
    Disputed,
}

impl std::fmt::Display for Defect {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Edits(why) => write!(out, "{why}"),
            Self::Unreadable(file) => write!(out, "`{file}` could not be read afterwards"),
            Self::LosesComment(comment) => write!(out, "the comment `{comment}` would be lost"),
            Self::Remains => write!(out, "the finding would still be there"),
            Self::Brings(lint, message) => write!(out, "it would bring {lint}: {message}"),
            Self::Disputed => write!(out, "it contradicts another fix"),
        }
    }
}

/// What the proof needs to know of the state before.
pub(super) struct Before<'b> {
    pub setup: &'b Setup,
    pub findings: &'b [Diagnostic],
}

/// Proves a change: `fixed` are the findings (by index) that it is for.
pub(super) fn prove(
    before: &Before<'_>,
    edits: &Edits,
    fixed: &[usize],
    after: &Setup,
    check: impl FnOnce(&Setup) -> Vec<Diagnostic>,
) -> Result<Vec<Diagnostic>, Defect> {
    for path in edits.paths() {
        parses(before.setup, after, path)?;
        comments_survive(before.setup, after, path)?;
    }
    let found = check(after);
    let expected = before
        .findings
        .iter()
        .enumerate()
        .filter(|(index, _)| !fixed.contains(index))
        .map(|(_, finding)| finding);
    let shown_to_path: BTreeMap<&std::path::Path, &str> = before
        .setup
        .documents()
        .iter()
        .map(|document| (document.file().path(), &*document.path))
        .collect();
    let surplus = unmatched(&found, expected, |finding| {
        let location = finding.location.as_ref()?;
        let path = shown_to_path.get(location.file.path())?;
        Some(edits.moved(path, location.span.start()))
    });
    let Some(finding) = surplus.first() else {
        return Ok(found);
    };
    let is_fixed = fixed.iter().any(|index| {
        let old = &before.findings[*index];
        old.id == finding.id && old.message == finding.message
    });
    Err(if is_fixed {
        Defect::Remains
    } else {
        Defect::Brings(finding.id.clone(), finding.message.clone())
    })
}

fn parses(before: &Setup, after: &Setup, path: &str) -> Result<(), Defect> {
    let faults = |setup: &Setup| {
        setup
            .at(path)
            .map(|document| document.problems.len() + usize::from(document.syntax_error.is_some()))
            .sum::<usize>()
    };
    let is_there = after.at(path).next().is_some();
    let was_skipped = after.skipped().iter().any(|skipped| skipped.path == path);
    if !is_there || was_skipped || faults(after) > faults(before) {
        return Err(Defect::Unreadable(path.to_owned()));
    }
    Ok(())
}

fn comments_survive(before: &Setup, after: &Setup, path: &str) -> Result<(), Defect> {
    let comments = |setup: &Setup| {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for document in setup.at(path).filter(|document| !document.is_part()) {
            for comment in texts_of_comments(document) {
                *counts.entry(comment).or_default() += 1;
            }
        }
        counts
    };
    let after = comments(after);
    match comments(before)
        .into_iter()
        .find(|(comment, count)| after.get(comment).is_none_or(|after| after < count))
    {
        Some((comment, _)) => Err(Defect::LosesComment(comment)),
        None => Ok(()),
    }
}

fn texts_of_comments(document: &Document) -> impl Iterator<Item = String> {
    let text = document.text.text();
    document
        .comments
        .iter()
        .filter_map(|span| text.get(span.start()..span.end()))
        .map(|comment| comment.trim().to_owned())
}

/// Those of `found` that none of `expected` accounts for. The same finding may have moved, or say a number that changed: what is of
/// the same lint and file counts as the same if its message or its place is.
fn unmatched<'f, 'e>(
    found: &'f [Diagnostic],
    expected: impl Iterator<Item = &'e Diagnostic>,
    moved: impl Fn(&Diagnostic) -> Option<usize>,
) -> Vec<&'f Diagnostic> {
    struct Known<'k> {
        finding: &'k Diagnostic,
        start: Option<usize>,
    }
    fn file(finding: &Diagnostic) -> Option<&std::path::Path> {
        finding
            .location
            .as_ref()
            .map(|location| location.file.path())
    }
    fn start(finding: &Diagnostic) -> Option<usize> {
        finding
            .location
            .as_ref()
            .map(|location| location.span.start())
    }
    let mut known: BTreeMap<_, Vec<Option<Known<'e>>>> = BTreeMap::new();
    for finding in expected {
        let known = known
            .entry((finding.id.as_str(), file(finding)))
            .or_default();
        known.push(Some(Known {
            finding,
            start: moved(finding),
        }));
    }
    type Alike = fn(&Diagnostic, &Diagnostic, bool) -> bool;
    let passes: [Alike; 3] = [
        |old, new, same_place| same_place && old.message == new.message,
        |old, new, _| old.message == new.message,
        |_, _, same_place| same_place,
    ];
    let mut left: Vec<&Diagnostic> = found.iter().collect();
    for alike in passes {
        left.retain(|new| {
            let Some(known) = known.get_mut(&(new.id.as_str(), file(new))) else {
                return true;
            };
            let same = known.iter_mut().find(|known| {
                known
                    .as_ref()
                    .is_some_and(|known| alike(known.finding, new, known.start == start(new)))
            });
            match same {
                Some(same) => {
                    *same = None;
                    false
                }
                None => true,
            }
        });
    }
    left
}
