use std::collections::HashMap;

use crate::diagnostic::{Level, Safety};
use crate::facts::Facts;
use crate::facts::container::inside;
use crate::facts::dashboard::Dashboard;
use crate::lint::{Findings, Lint, Need};
use crate::source::Span;

pub(super) static LINT: Lint = Lint {
    id: "stack/duplicate-dashboard-uid",
    level: Level::Error,
    summary: "two dashboards share a uid: Grafana shows one of them",
    needs: &[Need::Files],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    let mut first: HashMap<&str, &Dashboard> = HashMap::new();
    for dashboard in &facts.dashboards {
        let Some(uid) = dashboard
            .uid
            .as_ref()
            .filter(|uid| !uid.as_str().is_empty())
        else {
            continue;
        };
        let Some(earlier) = first.get(uid.as_str()) else {
            first.insert(uid.as_str(), dashboard);
            continue;
        };
        let text = |dashboard: &Dashboard| {
            let document = facts.setup.document(dashboard.document);
            facts.setup.slice(document.place(document.root.span))
        };
        let meet = earlier.loaded_by.iter().any(|one| {
            dashboard
                .loaded_by
                .iter()
                .any(|other| same_grafana(facts, *one, *other))
        });
        // A copy in another place, of another stack or another version, is meant.
        if !meet && (text(earlier) == text(dashboard) || is_copy(facts, earlier, dashboard)) {
            continue;
        }
        let place = earlier.uid.as_ref().map_or(uid.place, |uid| uid.place);
        let new = free_uid(facts, uid.as_str());
        let mut finding = findings
            .report(
                uid.place,
                format!(
                    "{} has the uid `{}` of {}: one replaces the other",
                    dashboard.named(),
                    uid.as_str(),
                    earlier.named()
                ),
            )
            .label("taken")
            .related("first used here", place)
            .help("give each dashboard a uid of its own");
        if let Some(new) = new {
            let edit = uid.edit(facts.setup, Span::new(0, uid.value.len()), &new);
            finding = finding.fix(Safety::Unsafe, format!("call it `{new}`"), vec![edit]);
        }
        if !meet {
            finding.assuming("both get into one Grafana");
        }
    }
}

/// Longest uid that Grafana takes.
const LONGEST: usize = 40;

/// A uid like this one that no dashboard has.
fn free_uid(facts: &Facts<'_>, uid: &str) -> Option<String> {
    let is_free = |new: &String| {
        !facts
            .dashboards
            .iter()
            .filter_map(|dashboard| dashboard.uid.as_ref())
            .any(|taken| taken.as_str().eq_ignore_ascii_case(new))
    };
    (2..100)
        .map(|number| format!("{uid}-{number}"))
        .find(is_free)
        .filter(|new| new.len() <= LONGEST)
}

/// Whether two providers are read by one Grafana.
fn same_grafana(facts: &Facts<'_>, one: usize, other: usize) -> bool {
    let service = |index: usize| facts.providers.get(index)?.service.as_ref();
    service(one).is_some() && service(one) == service(other)
}

/// Whether two dashboards are the same one in two stacks: the same title in files of the same name, or either in a part of
/// the setup that has a Compose project of its own.
fn is_copy(facts: &Facts<'_>, one: &Dashboard, other: &Dashboard) -> bool {
    let document = |dashboard: &Dashboard| facts.setup.document(dashboard.document);
    let title = |dashboard: &Dashboard| {
        dashboard
            .title
            .as_ref()
            .map(|title| title.value.to_string())
    };
    let project = |dashboard: &Dashboard| {
        let path = &document(dashboard).path;
        facts
            .projects
            .iter()
            .filter(|project| {
                project.directory.is_empty() || inside(&project.directory, path).is_some()
            })
            .map(|project| &project.directory)
            .max_by_key(|directory| directory.len())
    };
    (document(one).name == document(other).name && title(one) == title(other))
        || project(one) != project(other)
}
