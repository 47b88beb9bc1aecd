//! Which findings are suppressed, and by what.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Lint;
use super::policy::{PathPattern, Policy};
use crate::diagnostic::Diagnostic;
use crate::facts::Facts;
use crate::facts::suppression::{Scope, Suppression};
use crate::source::Span;

/// Suppressions of comments and of the project, with the places they hold for.
#[derive(Debug)]
pub(super) struct Suppressing<'s> {
    all: Vec<Applied<'s>>,
    /// Where those hold that are in force, by lint or area and by file; sorted, and none within another.
    here: BTreeMap<&'s str, BTreeMap<PathBuf, Vec<Span>>>,
    /// Indices in `all` of those in force that hold for files by a pattern: a project has few, its comments may be many.
    of_files: Vec<usize>,
}

/// A suppression and where it holds.
#[derive(Debug)]
pub(super) struct Applied<'s> {
    pub suppression: &'s Suppression,
    area: Area,
    /// Whether it still holds.
    pub is_in_force: bool,
}

#[derive(Debug)]
enum Area {
    /// What begins at one of these bytes of these files.
    Spans(Vec<(PathBuf, Span)>),
    /// Files by their path below the policy's base.
    Files(PathPattern),
    /// Of a dashboard that the setup does not have.
    Elsewhere,
}

impl<'s> Suppressing<'s> {
    pub(super) fn of(facts: &'s Facts<'_>, policy: &'s Policy) -> Self {
        let is_over = |suppression: &Suppression| {
            suppression
                .until
                .is_some_and(|until| policy.today.is_some_and(|today| today > until))
        };
        let mut all = Vec::new();
        let mut of_files = Vec::new();
        let mut here: BTreeMap<&str, BTreeMap<PathBuf, Vec<Span>>> = BTreeMap::new();
        for suppression in facts.suppressions.known.iter().chain(&policy.suppressions) {
            let area = area(facts, &suppression.scope);
            let is_in_force = !is_over(suppression);
            if let (Area::Spans(spans), true) = (&area, is_in_force) {
                for name in &suppression.lints {
                    let files = here.entry(&name.text).or_default();
                    for (path, span) in spans {
                        files.entry(path.clone()).or_default().push(*span);
                    }
                }
            }
            if is_in_force && matches!(area, Area::Files(_)) {
                of_files.push(all.len());
            }
            all.push(Applied {
                suppression,
                area,
                is_in_force,
            });
        }
        here.values_mut()
            .flat_map(BTreeMap::values_mut)
            .for_each(join);
        Self {
            all,
            here,
            of_files,
        }
    }

    /// Every lint that one of them names.
    pub(super) fn names(&self, lint: &Lint) -> bool {
        let mut names = self.all.iter().flat_map(|one| &one.suppression.lints);
        names.any(|name| lint.is_called(&name.text))
    }

    /// Whether a finding is suppressed.
    pub(super) fn covers(&self, finding: &Diagnostic, policy: &Policy) -> bool {
        let Some(location) = &finding.location else {
            return false;
        };
        let path = location.file.path();
        let start = location.span.start();
        let is_here = names_of(finding).iter().any(|name| {
            let spans = self.here.get(name).and_then(|files| files.get(path));
            spans.is_some_and(|spans| {
                let after = spans.partition_point(|span| span.start() <= start);
                let before = after.checked_sub(1).and_then(|index| spans.get(index));
                before.is_some_and(|span| start <= span.end())
            })
        });
        is_here
            || self.of_files.iter().any(|index| {
                let one = &self.all[*index];
                let Area::Files(pattern) = &one.area else {
                    return false;
                };
                let mut names = one.suppression.lints.iter();
                names.any(|name| names_of(finding).contains(&name.text.as_str()))
                    && matches(pattern, path, policy)
            })
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Applied<'s>> {
        self.all.iter()
    }
}

/// Puts together spans that touch each other, and sorts them.
fn join(spans: &mut Vec<Span>) {
    spans.sort_unstable();
    spans.dedup_by(|next, span| {
        let touches = next.start() <= span.end();
        if touches {
            *span = span.join(*next);
        }
        touches
    });
}

impl Applied<'_> {
    /// Whether it is about a dashboard that the setup does not have.
    pub(super) fn is_elsewhere(&self) -> bool {
        matches!(self.area, Area::Elsewhere)
    }

    /// Whether there is the dashboard, but not the panel or the query.
    pub(super) fn leads_nowhere(&self) -> bool {
        matches!(&self.area, Area::Spans(spans) if spans.is_empty())
    }

    /// Whether one of the findings of the lint or area `name` is here.
    pub(super) fn has_use(&self, name: &str, places: &Places<'_>, policy: &Policy) -> bool {
        let Some(files) = places.by_name.get(name) else {
            return false;
        };
        match &self.area {
            Area::Spans(spans) => spans.iter().any(|(file, span)| {
                files.get(file.as_path()).is_some_and(|starts| {
                    let first = starts.partition_point(|start| *start < span.start());
                    starts.get(first).is_some_and(|start| *start <= span.end())
                })
            }),
            Area::Files(pattern) => files.keys().any(|path| matches(pattern, path, policy)),
            Area::Elsewhere => false,
        }
    }
}

/// Where findings begin, by lint and by area, and by file.
#[derive(Debug)]
pub(super) struct Places<'f> {
    by_name: BTreeMap<&'f str, BTreeMap<&'f Path, Vec<usize>>>,
}

impl<'f> Places<'f> {
    pub(super) fn of(findings: &'f [Diagnostic]) -> Self {
        let mut by_name: BTreeMap<&str, BTreeMap<&Path, Vec<usize>>> = BTreeMap::new();
        for finding in findings {
            let Some(location) = &finding.location else {
                continue;
            };
            for name in names_of(finding) {
                let files = by_name.entry(name).or_default();
                let starts = files.entry(location.file.path()).or_default();
                starts.push(location.span.start());
            }
        }
        by_name
            .values_mut()
            .flat_map(BTreeMap::values_mut)
            .for_each(|starts| starts.sort_unstable());
        Self { by_name }
    }
}

/// The names by which a finding can be suppressed: its lint and the lint's area.
fn names_of(finding: &Diagnostic) -> [&str; 2] {
    let id = finding.id.as_str();
    [id, id.split('/').next().unwrap_or(id)]
}

fn matches(pattern: &PathPattern, path: &Path, policy: &Policy) -> bool {
    let path = policy.base.relative(path);
    path.is_some_and(|path| pattern.matches(&path))
}

fn area(facts: &Facts<'_>, scope: &Scope) -> Area {
    let (uid, panel, ref_id) = match scope {
        Scope::Here(location) => {
            let file = location.file.path().to_path_buf();
            return Area::Spans(vec![(file, location.span)]);
        }
        // A pattern that is none is refused where it is read.
        Scope::Files(pattern) => {
            return PathPattern::new(pattern).map_or(Area::Elsewhere, Area::Files);
        }
        Scope::Dashboard { uid, panel, ref_id } => (uid, panel, ref_id),
    };
    let mut dashboards = facts
        .dashboards
        .iter()
        .filter(|dashboard| {
            let written = dashboard.uid.as_ref();
            written.is_some_and(|written| written.as_str() == uid)
        })
        .peekable();
    if dashboards.peek().is_none() {
        return Area::Elsewhere;
    }
    let mut spans = Vec::new();
    for dashboard in dashboards {
        let document = facts.setup.document(dashboard.document);
        let mut add = |span: Span| {
            let location = document.location(span);
            spans.push((location.file.path().to_path_buf(), location.span));
        };
        if panel.is_none() && ref_id.is_none() {
            add(dashboard.node.span);
            continue;
        }
        for found in &dashboard.panels {
            let id = found
                .id
                .as_ref()
                .and_then(|id| id.as_str().parse::<i64>().ok());
            if panel.is_some() && id != *panel {
                continue;
            }
            match ref_id {
                None => add(found.node.span),
                Some(wanted) => found
                    .queries
                    .iter()
                    .filter(|query| {
                        let written = query.ref_id.as_ref();
                        written.is_some_and(|written| written.as_str() == wanted)
                    })
                    .for_each(|query| add(query.node.span)),
            }
        }
    }
    Area::Spans(spans)
}
