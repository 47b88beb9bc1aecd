//! Which findings are suppressed, and by what.

use std::path::PathBuf;

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
        let all = facts.suppressions.known.iter().chain(&policy.suppressions);
        let is_over = |suppression: &Suppression| {
            suppression
                .until
                .is_some_and(|until| policy.today.is_some_and(|today| today > until))
        };
        Self {
            all: all
                .map(|suppression| Applied {
                    suppression,
                    area: area(facts, &suppression.scope),
                    is_in_force: !is_over(suppression),
                })
                .collect(),
        }
    }

    /// Every lint that one of them names.
    pub(super) fn names(&self, lint: &Lint) -> bool {
        let mut names = self.all.iter().flat_map(|one| &one.suppression.lints);
        names.any(|name| lint.is_called(&name.text))
    }

    /// Whether a finding is suppressed.
    pub(super) fn covers(&self, finding: &Diagnostic, policy: &Policy) -> bool {
        self.all.iter().any(|one| {
            let mut names = one.suppression.lints.iter();
            one.is_in_force
                && names.any(|name| is_of(finding, &name.text))
                && one.holds_for(finding, policy)
        })
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Applied<'s>> {
        self.all.iter()
    }
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
    pub(super) fn has_use(&self, name: &str, findings: &[Diagnostic], policy: &Policy) -> bool {
        findings
            .iter()
            .any(|finding| is_of(finding, name) && self.holds_for(finding, policy))
    }

    fn holds_for(&self, finding: &Diagnostic, policy: &Policy) -> bool {
        let Some(location) = &finding.location else {
            return false;
        };
        let path = location.file.path();
        match &self.area {
            Area::Spans(spans) => spans.iter().any(|(file, span)| {
                file == path && (span.start..=span.end).contains(&location.span.start)
            }),
            Area::Files(pattern) => policy
                .base
                .relative(path)
                .is_some_and(|path| pattern.matches(&path)),
            Area::Elsewhere => false,
        }
    }
}

/// Whether a finding is one of the lint or area `name`.
fn is_of(finding: &Diagnostic, name: &str) -> bool {
    finding
        .id
        .strip_prefix(name)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
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
