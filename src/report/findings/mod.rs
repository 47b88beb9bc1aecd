//! What `lint` found, in every format that somebody reads.

mod github;
mod gitlab;
mod json;
mod junit;
mod sarif;
mod text;

use super::fold::Folded;
use crate::diagnostic::{Diagnostic, Level};

/// All that a run of `lint` has to tell.
#[derive(Debug)]
pub struct Report<'r> {
    /// What was found, in the order of files and places.
    pub findings: &'r [Diagnostic],
    /// Paths that were looked at, and what was found there.
    pub setups: &'r [(String, String)],
    /// Files that were not read, and why.
    pub skipped: &'r [(String, String)],
    /// What is not told.
    pub hidden: Hidden,
    /// How many findings were repaired before.
    pub fixed: usize,
    /// The lowest level that makes the run fail.
    pub fails_from: Level,
}

/// How many findings are not told, by the reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hidden {
    /// Suppressed by a comment or by `stackwright.toml`.
    pub suppressed: usize,
    /// In the baseline; `None` without one.
    pub known: Option<usize>,
    /// In the baseline, and not found any more.
    pub gone: usize,
    /// Not touched by the change that was asked about; `None` where none was.
    pub untouched: Option<usize>,
}

impl Report<'_> {
    /// How many findings have a level.
    fn count(&self, level: Level) -> usize {
        let all = self.findings.iter();
        all.filter(|finding| finding.level == level).count()
    }
}

/// The file of a finding as formats want it: with `/`. Empty for one without a place.
fn file(finding: &Diagnostic) -> String {
    finding
        .location
        .as_ref()
        .map_or_else(String::new, |location| {
            location.file.path().to_string_lossy().replace('\\', "/")
        })
}

/// The line of a finding; 1 for one without a place.
fn line(finding: &Diagnostic) -> usize {
    finding.location.as_ref().map_or(1, |location| {
        location.file.position(location.span.start()).line
    })
}

/// What a finding says, for formats that show no source: message and help.
fn sentence(finding: &Diagnostic) -> String {
    match &finding.help {
        Some(help) => format!("{}\nhelp: {help}", finding.message),
        None => finding.message.clone(),
    }
}

/// "the same twice more: lines 3, 8"; nothing where there are no more.
fn more(folded: &Folded<'_>) -> Option<String> {
    let times = match folded.more.len() {
        0 => return None,
        1 => "once".into(),
        2 => "twice".into(),
        count => format!("{count} times"),
    };
    Some(format!("the same {times} more: {}", lines(&folded.more)))
}

/// More lines than this are told by their number.
const MOST_LINES: usize = 12;

fn lines(lines: &[usize]) -> String {
    let mut shown: Vec<String> = lines.iter().map(ToString::to_string).collect();
    // Several findings of one line are said once.
    shown.dedup();
    let rest = match shown.len().saturating_sub(MOST_LINES) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    shown.truncate(MOST_LINES);
    let word = if shown.len() == 1 { "line" } else { "lines" };
    format!("{word} {}{rest}", shown.join(", "))
}
