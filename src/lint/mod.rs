//! What a setup gets wrong although every official validator may accept it. A lint is one file
//! `src/lint/<area>/<name>.rs`: it reads [`Facts`], says what it finds, cannot fail and touches no file.

pub mod baseline;
mod finding;
mod fingerprint;
mod known_labels;
pub mod options;
mod page;
mod policy;
mod rewriting;
mod secret_file;
mod share;
pub(crate) mod subject;
mod suppress;

mod alertmanager;
mod compose;
mod config;
mod dashboard;
mod promql;
mod provisioning;
mod rule;
mod scrape;
mod security;
mod stack;

use rayon::prelude::*;

use finding::Circumstances;
pub use finding::{Finding, Findings};
pub use fingerprint::{fingerprint, fingerprints};
pub use page::{Example, Page, page};
pub use policy::{Base, PathPattern, PathRule, Policy, Selection};
use suppress::Suppressing;

use crate::diagnostic::{Diagnostic, Level};
use crate::facts::Facts;

/// What a lint needs to know beyond one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// What the catalogue knows of metrics and exporters.
    Catalogue,
    /// Other files of the setup.
    Files,
    /// Versions, from the tags of images.
    Versions,
}

impl Need {
    /// Lower-case word for tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Catalogue => "catalogue",
            Self::Files => "files",
            Self::Versions => "versions",
        }
    }
}

/// One lint.
pub struct Lint {
    /// `area/defect`: path of its code, its page and its cases.
    pub id: &'static str,
    /// Level of what it finds, unless a finding says otherwise.
    pub level: Level,
    /// What it finds, in one line.
    pub summary: &'static str,
    /// What it needs to know beyond one file.
    pub needs: &'static [Need],
    /// Looks at the facts and says what is wrong.
    pub check: fn(&Facts<'_>, &mut Findings<'_>),
}

impl std::fmt::Debug for Lint {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.id)
    }
}

impl Lint {
    /// The part of [`Self::id`] before the slash.
    pub fn area(&self) -> &'static str {
        self.id.split('/').next().unwrap_or(self.id)
    }

    /// Whether `name` is its id or its area.
    pub fn is_called(&self, name: &str) -> bool {
        name == self.id || name == self.area()
    }
}

/// Every lint, by area and name.
pub static LINTS: &[&[&Lint]] = &[
    alertmanager::LINTS,
    compose::LINTS,
    config::LINTS,
    dashboard::LINTS,
    promql::LINTS,
    provisioning::LINTS,
    rule::LINTS,
    scrape::LINTS,
    security::LINTS,
    stack::LINTS,
];

/// Every lint, by area and name.
pub fn lints() -> impl Iterator<Item = &'static Lint> {
    LINTS.iter().copied().flatten().copied()
}

/// The lint of that id.
pub fn lint(id: &str) -> Option<&'static Lint> {
    lints().find(|lint| lint.id == id)
}

/// The first lint whose id or area `name` is.
pub fn lint_named(name: &str) -> Option<&'static Lint> {
    lints().find(|lint| lint.is_called(name))
}

/// Nobody means one of ours by a longer name.
const LONGEST_NAME: usize = 100;

/// The id or area that somebody who wrote `name` probably meant.
pub fn nearest_name(name: &str) -> Option<&'static str> {
    if name.len() > LONGEST_NAME {
        return None;
    }
    let names: std::collections::BTreeSet<&str> =
        lints().flat_map(|lint| [lint.id, lint.area()]).collect();
    crate::catalogue::nearest(name, names)
}

/// What came of running lints.
#[derive(Debug, Clone, Default)]
pub struct Judged {
    /// What is to be told, in the order of files and places.
    pub findings: Vec<Diagnostic>,
    /// How many findings a suppression hides.
    pub suppressed: usize,
}

/// Runs the selected lints with nothing else wanted.
pub fn check(facts: &Facts<'_>, selection: &Selection) -> Vec<Diagnostic> {
    judge(facts, &Policy::from(selection)).findings
}

/// Runs lints. Findings come in the order of files and places; what two lints find alike is said by both, what one finds
/// twice is said once.
pub fn judge(facts: &Facts<'_>, policy: &Policy) -> Judged {
    let suppressing = Suppressing::of(facts, policy);
    let is_selected = |lint: &Lint| policy.selection.includes(lint);
    // Whether a suppression is of use is known only when its lints have run.
    let is_watched = config::LINTS.iter().copied().any(is_selected);
    let (last, first): (Vec<&Lint>, Vec<&Lint>) = lints()
        .filter(|lint| is_selected(lint) || is_watched && suppressing.names(lint))
        .partition(|lint| lint.area() == config::AREA);
    let of_others = run(&first, facts, policy, &suppressing, &[]);
    let mut found = run(&last, facts, policy, &suppressing, &of_others);
    found.extend(of_others);
    found.retain(|finding| lint(&finding.id).is_some_and(is_selected));
    let before = found.len();
    found.retain(|finding| !suppressing.covers(finding, policy));
    let suppressed = before - found.len();
    let mut findings: Vec<Diagnostic> = found
        .into_iter()
        .filter_map(|finding| policy.judged(lint(&finding.id)?, finding))
        .collect();
    sort(&mut findings);
    Judged {
        findings,
        suppressed,
    }
}

fn run(
    lints: &[&Lint],
    facts: &Facts<'_>,
    policy: &Policy,
    suppressing: &Suppressing<'_>,
    of_others: &[Diagnostic],
) -> Vec<Diagnostic> {
    let circumstances = Circumstances {
        policy,
        suppressing,
        of_others,
    };
    let mut found: Vec<Diagnostic> = lints
        .par_iter()
        .flat_map_iter(|lint| {
            let mut findings = Findings::new(lint, facts.setup, circumstances);
            (lint.check)(facts, &mut findings);
            findings.into_diagnostics()
        })
        .collect();
    sort(&mut found);
    found
}

fn sort(found: &mut Vec<Diagnostic>) {
    found.sort_by(|one, other| order(one).cmp(&order(other)));
    found.dedup_by(|one, other| order(one) == order(other));
}

/// Where a finding stands in the report; equal for findings that are the same.
fn order(diagnostic: &Diagnostic) -> (Option<(&std::path::Path, usize, usize)>, &str, &str) {
    let place = diagnostic.location.as_ref().map(|location| {
        (
            location.file.path(),
            location.span.start(),
            location.span.end(),
        )
    });
    (place, diagnostic.id.as_str(), diagnostic.message.as_str())
}
