//! What a setup gets wrong although every official validator may accept it. A lint is one file
//! `src/lint/<area>/<name>.rs`: it reads [`Facts`], says what it finds, cannot fail and touches no file.

mod finding;
mod page;
mod subject;

mod alertmanager;
mod compose;
mod dashboard;
mod promql;
mod provisioning;
mod rule;
mod scrape;
mod security;
mod stack;

use rayon::prelude::*;

pub use finding::{Finding, Findings};
pub use page::{Example, Page, page};

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
}

/// Every lint, by area and name.
pub static LINTS: &[&[&Lint]] = &[
    alertmanager::LINTS,
    compose::LINTS,
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

/// Which lints run.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Ids or areas; empty: all.
    pub select: Vec<String>,
    /// Ids or areas that do not run; wins over `select`.
    pub ignore: Vec<String>,
}

impl Selection {
    /// Whether a lint runs.
    pub fn includes(&self, lint: &Lint) -> bool {
        let named = |names: &[String]| {
            names
                .iter()
                .any(|name| name == lint.id || name == lint.area())
        };
        (self.select.is_empty() || named(&self.select)) && !named(&self.ignore)
    }

    /// Names that are neither a lint nor an area.
    pub fn unknown(&self) -> impl Iterator<Item = &str> {
        self.select
            .iter()
            .chain(&self.ignore)
            .map(String::as_str)
            .filter(|name| !lints().any(|lint| lint.id == *name || lint.area() == *name))
    }
}

/// Runs the selected lints. Findings come in the order of files and places; what two lints find alike is said by both, what
/// one finds twice is said once.
pub fn check(facts: &Facts<'_>, selection: &Selection) -> Vec<Diagnostic> {
    let selected: Vec<&Lint> = lints().filter(|lint| selection.includes(lint)).collect();
    let mut found: Vec<Diagnostic> = selected
        .into_par_iter()
        .flat_map_iter(|lint| {
            let mut findings = Findings::new(lint, facts.setup);
            (lint.check)(facts, &mut findings);
            findings.into_diagnostics()
        })
        .collect();
    found.sort_by(|one, other| order(one).cmp(&order(other)));
    found.dedup_by(|one, other| order(one) == order(other));
    found
}

/// Where a finding stands in the report; equal for findings that are the same.
fn order(diagnostic: &Diagnostic) -> (Option<(&std::path::Path, usize, usize)>, &str, &str) {
    let place = diagnostic
        .location
        .as_ref()
        .map(|location| (location.file.path(), location.span.start, location.span.end));
    (place, diagnostic.id.as_str(), diagnostic.message.as_str())
}
