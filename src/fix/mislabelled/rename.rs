//! Names after what the queries show.

use super::assessment::{Assessment, row_of};
use super::names::{retitled, reworded, slug, title_of_legend};
use super::{Draft, quoted};
use crate::document::Node;
use crate::facts::Facts;
use crate::facts::dashboard::{Dashboard, Panel};
use crate::facts::text::Text;
use crate::lint::subject::{product, words};
use crate::setup::Document;
use crate::source::Span;

/// Longest uid that Grafana takes.
const UID_AT_MOST: usize = 40;

/// Title, uid and links to it, tags, rows, panels, file.
pub(super) fn draft(facts: &Facts<'_>, assessment: &Assessment) -> Draft {
    let dashboard = &facts.dashboards[assessment.dashboard];
    let mut renaming = Renaming {
        facts,
        assessment,
        dashboard,
        draft: Draft::default(),
    };
    renaming.title();
    renaming.tags();
    renaming.uid();
    renaming.file();
    renaming.rows();
    renaming.panels();
    renaming.draft
}

struct Renaming<'r> {
    facts: &'r Facts<'r>,
    assessment: &'r Assessment,
    dashboard: &'r Dashboard,
    draft: Draft,
}

impl Renaming<'_> {
    fn document(&self) -> &Document {
        self.facts.setup.document(self.dashboard.document)
    }

    fn reworded(&self, text: &str) -> Option<String> {
        reworded(text, &self.assessment.promised, &self.assessment.shown)
    }

    /// Another text in place of a JSON string.
    fn rename(&mut self, what: &str, text: &Text, new: &str) {
        self.draft.splices.push((text.place.span, quoted(new)));
        self.draft
            .done
            .push(format!("{what}: `{}` becomes `{new}`", text.as_str()));
    }

    fn title(&mut self) {
        if let Some(title) = &self.dashboard.title
            && let Some(new) = self.reworded(title.as_str())
        {
            self.rename("title", title, &new);
        }
    }

    fn tags(&mut self) {
        let Some(tags) = self.dashboard.node.get("tags") else {
            return;
        };
        let known: Vec<&str> = tags.items().iter().filter_map(|tag| tag.as_str()).collect();
        let texts: Vec<Text> = tags
            .items()
            .iter()
            .filter(|tag| tag.as_str().is_some())
            .map(|tag| Text::of(self.document(), tag))
            .collect();
        for text in &texts {
            let Some(new) = self.reworded(text.as_str()) else {
                continue;
            };
            // A tag that is there twice would be harmless, but nobody would write it.
            if !known.contains(&new.as_str()) {
                self.rename("tag", text, &new);
                self.links_by_tag(text.as_str(), &new);
            }
        }
    }

    /// Links and lists that choose dashboards by a tag follow it, unless other dashboards go on having it: then those are what
    /// is meant.
    fn links_by_tag(&mut self, old: &str, new: &str) {
        let has_it = |dashboard: &Dashboard| {
            let tags = dashboard.node.get("tags");
            let mut tags = tags.map_or(&[][..], |tags| tags.items()).iter();
            tags.any(|tag| tag.as_str() == Some(old))
        };
        let is_shared = self
            .facts
            .dashboards
            .iter()
            .any(|other| other.document != self.dashboard.document && has_it(other));
        let facts = self.facts;
        for dashboard in &facts.dashboards {
            let document = facts.setup.document(dashboard.document);
            for tag in choices_by_tag(dashboard).filter(|tag| tag.as_str() == Some(old)) {
                let line = document.text.position(tag.span.start()).line;
                let place = format!("{}:{line}", document.path);
                if is_shared || document.wrapper.is_some() {
                    let why = match is_shared {
                        true => "other dashboards have the tag",
                        false => "it is embedded in another file",
                    };
                    self.draft.left.push(format!(
                        "list by tag `{old}` at {place}: {why}; it no longer has this dashboard"
                    ));
                    continue;
                }
                self.draft
                    .done
                    .push(format!("list by tag: {place}: `{old}` becomes `{new}`"));
                let splice = (tag.span, quoted(new));
                self.splice(&document.path, splice);
            }
        }
    }

    fn uid(&mut self) {
        let Some(uid) = &self.dashboard.uid else {
            return;
        };
        let Some(new) = self.reworded(uid.as_str()) else {
            return;
        };
        let is_taken = self.facts.dashboards.iter().any(|dashboard| {
            dashboard
                .uid
                .as_ref()
                .is_some_and(|uid| uid.as_str().eq_ignore_ascii_case(&new))
        });
        if is_taken || new.len() > UID_AT_MOST {
            let why = if is_taken { "is taken" } else { "is too long" };
            self.draft
                .left
                .push(format!("uid `{}`: `{new}` {why}", uid.as_str()));
            return;
        }
        self.rename("uid", uid, &new);
        self.links(uid.as_str(), &new, "link to it", |before, after| {
            let ends = after.is_none_or(|after| !(after.is_alphanumeric() || "-_".contains(after)));
            let is_named = [
                "dashboardUid\": \"",
                "dashboardUID\": \"",
                "dashboardUid: ",
                "dashboardUid__: ",
            ]
            .iter()
            .any(|key| before.ends_with(key));
            ends && (before.ends_with("/d/") || before.ends_with("/d-solo/") || is_named)
        });
    }

    /// Changes bytes of this dashboard's file, or of another one.
    fn splice(&mut self, path: &str, splice: (Span, String)) {
        match *path == *self.assessment.path {
            true => self.draft.splices.push(splice),
            false => {
                let others = &mut self.draft.elsewhere;
                others.entry(path.to_owned()).or_default().push(splice);
            }
        }
    }

    /// Replaces `old` in every file of the setup where `is_meant` says so of the text before and the character after it.
    fn links(
        &mut self,
        old: &str,
        new: &str,
        what: &str,
        is_meant: impl Fn(&str, Option<char>) -> bool,
    ) {
        let mut seen = std::collections::BTreeSet::new();
        for document in self.facts.setup.documents() {
            if !seen.insert(&document.path) || document.syntax_error.is_some() {
                continue;
            }
            let text = document.file().text();
            for (at, _) in text.match_indices(old) {
                let end = at + old.len();
                if !is_meant(&text[..at], text[end..].chars().next()) {
                    continue;
                }
                let splice = (Span::new(at, end), new.to_owned());
                let line = document.file().position(at).line;
                self.draft
                    .done
                    .push(format!("{what}: {}:{line}", document.path));
                self.splice(&document.path, splice);
            }
        }
    }

    fn file(&mut self) {
        let path = &self.assessment.path;
        let (directory, name) = path
            .rsplit_once('/')
            .map_or(("", path.as_str()), |(directory, name)| {
                (&path[..=directory.len()], name)
            });
        let Some(new) = self.reworded(name) else {
            return;
        };
        let new_path = format!(
            "{directory}{}",
            new.replace(&self.assessment.shown, &slug(&self.assessment.shown))
        );
        if self.facts.setup.listing().exists(&new_path) {
            self.draft
                .left
                .push(format!("file `{path}`: there is a `{new_path}` already"));
            return;
        }
        self.draft
            .done
            .push(format!("file: `{path}` becomes `{new_path}`"));
        let (old_name, new_name) = (name.to_owned(), new_path[directory.len()..].to_owned());
        self.draft.path = Some(new_path);
        self.links(&old_name, &new_name, "name of the file", |before, after| {
            before.ends_with(['/', '"', '\'', ' ', '\n'])
                && after.is_none_or(|after| !after.is_alphanumeric() && after != '.')
        });
    }

    /// Rows that name the product, and rows none of whose panels shows what they name.
    fn rows(&mut self) {
        for (index, row) in self.dashboard.panels.iter().enumerate() {
            if !row.is_row() || row.title.as_str().is_empty() {
                continue;
            }
            let below: Vec<_> = self
                .assessment
                .panels
                .iter()
                .filter(|panel| {
                    row_of(self.dashboard, panel.panel).is_some_and(|(row, _)| row == index)
                })
                .collect();
            let all_foreign = !below.is_empty()
                && below.iter().all(|panel| {
                    panel
                        .shown
                        .as_ref()
                        .is_some_and(|shown| !says(row.title.as_str(), shown))
                });
            let names_a_product = product(self.facts.catalogue, row.title.as_str()).is_some();
            let new = match self.reworded(row.title.as_str()) {
                Some(new) => new,
                None if all_foreign && names_a_product => retitled(
                    self.facts.catalogue,
                    row.title.as_str(),
                    &self.assessment.shown,
                ),
                None => continue,
            };
            if new != row.title.as_str() {
                self.rename("row", &row.title, &new);
            }
        }
    }

    fn panels(&mut self) {
        for (panel, new) in panel_titles(self.facts, self.assessment) {
            self.rename("panel", &panel.title, &new);
        }
    }
}

/// The tags by which a dashboard chooses others: in its links, in those of its panels, in panels that list dashboards.
fn choices_by_tag(dashboard: &Dashboard) -> impl Iterator<Item = &Node> {
    let of_links = std::iter::once(&dashboard.node)
        .chain(dashboard.panels.iter().map(|panel| &panel.node))
        .filter_map(|node| node.get("links"))
        .flat_map(|links| links.items())
        .filter(|link| {
            link.get("type")
                .is_some_and(|kind| kind.scalar_text() == "dashboards")
        });
    let of_lists = dashboard
        .panels
        .iter()
        .filter(|panel| panel.kind.as_str() == "dashlist")
        // The older form has the tags beside the title.
        .flat_map(|panel| [Some(&panel.node), panel.node.get("options")])
        .flatten();
    of_links
        .chain(of_lists)
        .filter_map(|node| node.get("tags"))
        .flat_map(|tags| tags.items())
}

fn says(title: &str, subject: &str) -> bool {
    words(title)
        .iter()
        .any(|word| *word == subject.to_lowercase())
}

/// Panels whose own titles promise what they do not show, and titles that are true.
pub(super) fn panel_titles<'f>(
    facts: &'f Facts<'_>,
    assessment: &Assessment,
) -> Vec<(&'f Panel, String)> {
    let dashboard = &facts.dashboards[assessment.dashboard];
    assessment
        .panels
        .iter()
        .filter(|panel| {
            panel.is_mislabelled() && panel.promised.1 == super::assessment::Promise::Panel
        })
        .filter_map(|assessed| {
            let panel = dashboard.panels.get(assessed.panel)?;
            let shown = assessed.shown.as_deref()?;
            let legend = match &panel.queries[..] {
                [only] => only.legend.as_ref(),
                _ => None,
            };
            let new = legend
                .and_then(|legend| title_of_legend(legend.as_str()))
                .filter(|legend| says(legend, shown))
                .map_or_else(
                    || retitled(facts.catalogue, panel.title.as_str(), shown),
                    str::to_owned,
                );
            (new != panel.title.as_str()).then_some((panel, new))
        })
        .collect()
}
