//! Dashboards whose names promise another system than their queries show, and the three ways to mend one: give it the names of
//! what it shows, the queries of what it promises, or both, each in rows of its own.

mod assessment;
mod library;
mod names;
mod rename;
mod replace;
mod split;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

pub use assessment::{Assessment, PanelAssessment, assess};

use super::Changes;
use crate::catalogue::Catalogue;
use crate::diagnostic::Diagnostic;
use crate::document::Splice;
use crate::facts::Facts;
use crate::lint::{Selection, check};
use crate::setup::Setup;
use crate::source::Span;

/// The lints that say that something bears a wrong name.
pub const FAMILY: [&str; 4] = [
    "dashboard/dashboard-identity-mismatch",
    "dashboard/title-metric-mismatch",
    "dashboard/operation-mismatch",
    "dashboard/label-number-mismatch",
];

/// How a mislabelled dashboard is mended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Strategy {
    /// Names after what the queries show: title, uid with the links to it, tags, rows, panels, file.
    Rename,
    /// Queries of what the names promise, from the panel library.
    Replace,
    /// Rows by what the panels show, and the missing Redis panels.
    Split,
}

impl Strategy {
    /// All of them, in the order in which they are told.
    pub const ALL: [Self; 3] = [Self::Rename, Self::Replace, Self::Split];

    /// Its word on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rename => "rename",
            Self::Replace => "replace",
            Self::Split => "split",
        }
    }
}

/// What a strategy comes to.
#[derive(Debug)]
pub struct Relabelled {
    /// What differs.
    pub changes: Changes,
    /// What was done, a line each.
    pub done: Vec<String>,
    /// What it leaves as it is, and why.
    pub left: Vec<String>,
    /// Findings of the family that remain in the dashboard, and findings that were not there before. Both should be empty.
    pub doubts: Vec<Diagnostic>,
}

/// What a strategy wants, before it is proven.
#[derive(Debug, Default)]
struct Draft {
    /// Changes of the dashboard's text.
    splices: Vec<Splice>,
    /// Its new path, where it gets one.
    path: Option<String>,
    /// Changes of other files of the setup, by path.
    elsewhere: BTreeMap<String, Vec<Splice>>,
    done: Vec<String>,
    left: Vec<String>,
}

/// Why a strategy cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Impossible {
    /// The dashboard is a text in another file, such as a ConfigMap, where layout and quoting are not ours.
    #[error("it is embedded in another file")]
    Embedded,
    /// The library has panels of Redis only.
    #[error("there is no panel library for {0}")]
    NoLibrary(String),
    /// No panel of it has a counterpart in the library.
    #[error("no panel of it has a counterpart in the panel library")]
    NoCounterpart,
    /// Its panels are within rows, as in dashboards of old, or elements by name, as in the newest ones.
    #[error("its panels do not stand in one list")]
    OtherSchema,
    /// A template of ours does not render.
    #[error("internal error: {0}")]
    Template(String),
}

/// The setup with a mislabelled dashboard mended in one of the ways.
///
/// # Errors
///
/// What [`Impossible`] lists.
pub fn relabel(
    facts: &Facts<'_>,
    catalogue: &Catalogue,
    findings: &[Diagnostic],
    assessment: &Assessment,
    strategy: Strategy,
) -> Result<Relabelled, Impossible> {
    let setup = facts.setup;
    let dashboard = &facts.dashboards[assessment.dashboard];
    let document = setup.document(dashboard.document);
    if document.wrapper.is_some() {
        return Err(Impossible::Embedded);
    }
    // A panel of the library that brings a finding here is one that this setup cannot answer.
    let mut unwanted: BTreeSet<String> = BTreeSet::new();
    loop {
        let draft = match strategy {
            Strategy::Rename => rename::draft(facts, assessment),
            Strategy::Replace => replace::draft(facts, catalogue, assessment, &unwanted)?,
            Strategy::Split => split::draft(facts, catalogue, assessment, &unwanted)?,
        };
        let texts = texts(setup, assessment, &draft);
        let after = setup.with(&texts);
        let facts_after = Facts::of(&after, catalogue);
        let found = check(&facts_after, &Selection::default());
        let path = draft.path.as_deref().unwrap_or(&assessment.path);
        let mut doubts = doubts(setup, findings, &after, &found, (&assessment.path, path));
        let panels = Panels::of(&facts_after, path);
        // What is said of a panel that was not touched was true before, and is only told there now.
        doubts.retain(|doubt| {
            FAMILY.contains(&doubt.id.as_str())
                || panels
                    .at(doubt)
                    .is_none_or(|(written, _)| !document.text.text().contains(written))
        });
        let guilty: BTreeSet<String> = doubts
            .iter()
            .filter_map(|doubt| Some(panels.at(doubt)?.1.to_owned()))
            .collect();
        if guilty.is_subset(&unwanted) {
            let paths = texts.keys().map(String::as_str);
            return Ok(Relabelled {
                changes: Changes::between(setup, &texts, paths),
                done: draft.done,
                left: draft.left,
                doubts,
            });
        }
        unwanted.extend(guilty);
    }
}

/// The texts of all files that the draft changes.
fn texts(
    setup: &Setup,
    assessment: &Assessment,
    draft: &Draft,
) -> BTreeMap<String, Option<String>> {
    let text_of = |path: &str| {
        let document = setup.at(path).next();
        document.map_or("", |document| document.file().text())
    };
    let mut texts: BTreeMap<String, Option<String>> = draft
        .elsewhere
        .iter()
        .map(|(path, splices)| {
            let text = crate::document::spliced(text_of(path), splices);
            (path.clone(), Some(text))
        })
        .collect();
    let text = crate::document::spliced(text_of(&assessment.path), &draft.splices);
    if let Some(path) = &draft.path {
        texts.insert(assessment.path.clone(), None);
        texts.insert(path.clone(), Some(text));
    } else {
        texts.insert(assessment.path.clone(), Some(text));
    }
    texts
}

/// Findings of the family in the dashboard, and those that are new: more of a lint in a file than there were.
fn doubts(
    before: &Setup,
    findings: &[Diagnostic],
    after: &Setup,
    found: &[Diagnostic],
    (old_path, path): (&str, &str),
) -> Vec<Diagnostic> {
    let shown = |finding: &Diagnostic| {
        let location = finding.location.as_ref();
        location.map(|location| location.file.path().to_path_buf())
    };
    let (old_name, name) = (before.shown(old_path), after.shown(path));
    let mut known: BTreeMap<_, usize> = BTreeMap::new();
    for finding in findings {
        let file = shown(finding).map(|file| if file == old_name { name.clone() } else { file });
        *known.entry((finding.id.as_str(), file)).or_default() += 1;
    }
    found
        .iter()
        .filter(|finding| {
            let file = shown(finding);
            let is_of_family =
                file.as_ref() == Some(&name) && FAMILY.contains(&finding.id.as_str());
            is_of_family
                || match known.get_mut(&(finding.id.as_str(), file)) {
                    Some(count) if *count > 0 => {
                        *count -= 1;
                        false
                    }
                    _ => true,
                }
        })
        .cloned()
        .collect()
}

/// Where the panels of a dashboard are written, and their titles.
struct Panels<'p>(Vec<(Span, &'p str, &'p str)>);

impl<'p> Panels<'p> {
    fn of(facts: &'p Facts<'_>, path: &str) -> Self {
        let dashboards = facts
            .dashboards
            .iter()
            .filter(|dashboard| &*facts.setup.document(dashboard.document).path == path);
        let panels = dashboards.flat_map(|dashboard| {
            let text = facts.setup.document(dashboard.document).text.text();
            let panels = dashboard.panels.iter().filter(|panel| !panel.is_row());
            panels.map(|panel| {
                let span = panel.node.span;
                (span, &text[span.start()..span.end()], panel.title.as_str())
            })
        });
        Self(panels.collect())
    }

    /// Text and title of the panel that a finding is about.
    fn at(&self, finding: &Diagnostic) -> Option<(&'p str, &'p str)> {
        let at = finding.location.as_ref()?.span.start();
        self.0
            .iter()
            .find(|(span, ..)| span.start() <= at && at < span.end())
            .map(|(_, text, title)| (*text, *title))
    }
}

/// A text as JSON writes it.
fn quoted(text: &str) -> String {
    Json::from(text).to_string()
}
