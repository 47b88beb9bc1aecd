//! What a profile writes about dashboards: names looked up, mistakes told with their place.

use std::collections::BTreeSet;

use indexmap::IndexMap;

use super::naming::{UID_AT_MOST, in_words, uid};
use super::resolve::{Draft, DraftPanel, DraftRow, Missing, Resolution};
use crate::catalogue::{LibraryDashboard, LibrarySection};
use crate::document::Route;
use crate::profile::{self, Problem, suggestion};

impl<'a> Resolution<'a> {
    pub(super) fn written(
        &mut self,
        slug: &'a str,
        written: &'a profile::Dashboard,
    ) -> Option<Draft<'a>> {
        let library = self.input.library.dashboards().get(slug);
        let route = Route::of(["dashboards", slug]);
        let rows = if written.sections.is_empty() {
            let Some(dashboard) = library else {
                // One of an application's own, by its name.
                if self.input.applications.contains_key(slug) {
                    let draft = self.of_application(slug, slug.to_owned())?;
                    return self.titled(draft, written, &route);
                }
                let message = format!(
                    "dashboard `{slug}` has no sections, and none of the library has its name"
                );
                let mut problem = Problem::key("profile/unknown-name", route, message);
                let known = self.input.library.dashboards().keys().map(String::as_str);
                problem.help = suggestion(slug, known, "dashboards of the library");
                self.problems.push(problem);
                return None;
            };
            let Some(draft) = self.of_library(dashboard) else {
                let message = format!("no panel of dashboard `{slug}` has anything to show here");
                let mut problem = Problem::key("profile/nothing-to-show", route, message);
                problem.help = self.first_obstacle(dashboard.panels());
                self.problems.push(problem);
                return None;
            };
            draft.rows
        } else {
            self.written_rows(&route.key("sections"), written, library)
        };
        let draft = Draft {
            uid: uid(self.input.profile, slug),
            slug: slug.into(),
            title: library.map_or_else(|| in_words(slug), |found| found.title.clone()),
            description: library.map_or_else(String::new, |found| found.description.clone()),
            folder: self.input.profile.into(),
            tags: library.map_or_else(Vec::new, |found| found.tags.clone()),
            rows,
        };
        self.titled(draft, written, &route)
    }

    /// Lays the profile's title, uid, folder, description and tags over a draft.
    fn titled(
        &mut self,
        mut draft: Draft<'a>,
        written: &profile::Dashboard,
        route: &Route,
    ) -> Option<Draft<'a>> {
        let fields = [
            ("title", &written.title, &mut draft.title),
            ("folder", &written.folder, &mut draft.folder),
            ("description", &written.description, &mut draft.description),
            ("uid", &written.uid, &mut draft.uid),
        ];
        for (key, value, field) in fields {
            let Some(value) = value else { continue };
            if key != "description" && value.trim().is_empty() {
                let message = format!("the {key} of a dashboard cannot be empty");
                self.problems
                    .push(Problem::value("profile/empty", route.key(key), message));
            }
            field.clone_from(value);
        }
        let is_uid = |uid: &str| {
            uid.len() <= UID_AT_MOST
                && uid
                    .chars()
                    .all(|char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_'))
        };
        if written.uid.is_some() && !is_uid(&draft.uid) {
            let message = "Grafana does not take this as a uid";
            self.problems.push(
                Problem::value("profile/bad-uid", route.key("uid"), message)
                    .help("use at most 40 letters, digits, `-` and `_`"),
            );
        }
        for tag in &written.tags {
            if !draft.tags.contains(tag) {
                draft.tags.push(tag.clone());
            }
        }
        Some(draft)
    }

    fn written_rows(
        &mut self,
        route: &Route,
        written: &'a profile::Dashboard,
        library: Option<&'a LibraryDashboard>,
    ) -> Vec<DraftRow<'a>> {
        let mut rows = Vec::new();
        let mut seen = BTreeSet::new();
        for (name, section) in &written.sections {
            let of_library = self.library_section(name, library);
            let route = route.key(name);
            let mut panels = self.section_panels(&route, name, section, of_library, library);
            panels.retain(|(place, panel)| {
                // One name can stand for several panels; they come with one place.
                let is_new = seen.insert((panel.name.clone(), panel.panel.title.clone()));
                if !is_new {
                    let message = format!("panel `{}` is on this dashboard already", panel.name);
                    self.problems.push(
                        Problem::value("profile/duplicate-panel", place.clone(), message)
                            .help("remove it from one of the sections"),
                    );
                }
                is_new
            });
            rows.push(DraftRow {
                title: section
                    .title
                    .clone()
                    .or_else(|| of_library.map(|section| section.title.clone()))
                    .unwrap_or_else(|| in_words(name)),
                collapsed: section.collapsed,
                panels: panels.into_iter().map(|(_, panel)| panel).collect(),
            });
        }
        rows
    }

    /// The section of a name: of this dashboard, or else of the only one that has it.
    fn library_section(
        &self,
        name: &str,
        library: Option<&'a LibraryDashboard>,
    ) -> Option<&'a LibrarySection> {
        let own = library.and_then(|dashboard| dashboard.sections.get(name));
        own.or_else(|| {
            let dashboards = self.input.library.dashboards().values();
            let mut sections = dashboards.filter_map(|dashboard| dashboard.sections.get(name));
            sections.next().filter(|_| sections.next().is_none())
        })
    }

    /// The panels of a section that the profile writes, each with the place that asks for it.
    fn section_panels(
        &mut self,
        route: &Route,
        name: &str,
        section: &'a profile::Section,
        of_library: Option<&'a LibrarySection>,
        library: Option<&'a LibraryDashboard>,
    ) -> Vec<(Route, DraftPanel<'a>)> {
        let application = section.application.as_deref();
        if let Some(name) = application
            && !self.input.applications.contains_key(name)
        {
            let message = format!("there is no application `{name}`");
            let mut problem =
                Problem::value("profile/unknown-name", route.key("application"), message);
            let known = self.input.applications.keys().map(String::as_str);
            problem.help = suggestion(name, known, "applications");
            self.problems.push(problem);
            return Vec::new();
        }
        let target = section.target.as_deref();
        if let Some(name) = target
            && !self.key_policies.contains_key(name)
        {
            let message = format!("there is no target `{name}` with key policies");
            let mut problem = Problem::value("profile/unknown-name", route.key("target"), message);
            let known = self.key_policies.keys().copied();
            problem.help = suggestion(name, known, "targets with key policies")
                .or_else(|| Some("give the target `key_policies`".into()));
            self.problems.push(problem);
            return Vec::new();
        }
        if let Some(names) = &section.panels {
            let route = route.key("panels");
            if names.is_empty() {
                let message = format!("section `{name}` has an empty list of panels");
                self.problems.push(
                    Problem::value("profile/empty", route, message)
                        .help("remove `panels` to get all of the section, or the section itself"),
                );
                return Vec::new();
            }
            // Misses come with their hits.
            let with_hits: Vec<&str> = application
                .and_then(|name| self.input.applications.get(name))
                .into_iter()
                .flat_map(|application| &application.metrics)
                .filter(|(name, _)| names.contains(name))
                .filter_map(|(_, metric)| metric.misses.as_deref())
                .collect();
            return names
                .iter()
                .enumerate()
                .filter(|(_, name)| !with_hits.contains(&name.as_str()))
                .flat_map(|(index, name)| {
                    let route = route.index(index);
                    let panels = self.asked_for(&route, name, application, target);
                    panels.into_iter().map(move |panel| (route.clone(), panel))
                })
                .collect();
        }
        if application.is_some() && target.is_some() {
            let message = "a section shows an application or a target, not both";
            self.problems.push(
                Problem::key("profile/impossible-section", route.key("target"), message)
                    .help("make two sections, or name the panels in `panels`"),
            );
            return Vec::new();
        }
        let panels = match (application.or(target), of_library) {
            (Some(name), _) if target.is_some() => self.policy_panels(name),
            (Some(name), _) => self.application_panels(name),
            (None, Some(section)) => match self.library_row(section) {
                Some(row) => row.panels,
                None => {
                    let message = format!("no panel of section `{name}` has anything to show here");
                    let mut problem =
                        Problem::key("profile/nothing-to-show", route.clone(), message);
                    problem.help = self.first_obstacle(section.panels.iter().map(String::as_str));
                    self.problems.push(problem);
                    return Vec::new();
                }
            },
            (None, None) => {
                let message = format!("section `{name}` has no panels");
                let known = library.into_iter().flat_map(|found| found.sections.keys());
                let mut problem = Problem::key("profile/no-panels", route.clone(), message);
                problem.help = suggestion(
                    name,
                    known.map(String::as_str),
                    "sections of this dashboard",
                )
                .or_else(|| {
                    Some(
                        "name some in `panels` (`stackwright list panels`), or an `application`"
                            .into(),
                    )
                });
                self.problems.push(problem);
                return Vec::new();
            }
        };
        if panels.is_empty() {
            let message = format!(
                "section `{name}` has nothing to show: the application has neither metrics nor a flavour"
            );
            self.problems.push(
                Problem::key("profile/nothing-to-show", route.clone(), message).help(
                    "describe its `metrics` or name its `flavour` (`stackwright list flavours`)",
                ),
            );
        }
        panels
            .into_iter()
            .map(|panel| (route.clone(), panel))
            .collect()
    }

    /// The panels that a name in a profile stands for.
    fn asked_for(
        &mut self,
        route: &Route,
        name: &str,
        application: Option<&str>,
        target: Option<&str>,
    ) -> Vec<DraftPanel<'a>> {
        if let Some(target) = target
            && let Some(panel) = self.key_policies.get(target).and_then(|it| it.get(name))
        {
            return vec![self.policy_panel(target, name, panel)];
        }
        let of_application = application
            .and_then(|application| Some((application, self.applications.get(application)?)));
        if let Some((application, panels)) = of_application
            && let Some(named) = panels.get(name)
        {
            return self.named_panels(application, name, named);
        }
        match self.library_panel(name) {
            Ok(panel) => vec![panel],
            Err(Missing::NotHere(why)) => {
                let message = format!("panel `{name}` has nothing to show here: {why}");
                self.problems.push(
                    Problem::value("profile/nothing-to-show", route.clone(), message)
                        .help("remove it, or give it what it needs"),
                );
                Vec::new()
            }
            Err(Missing::Unknown) => {
                let own = of_application
                    .into_iter()
                    .flat_map(|(_, panels)| panels.keys());
                let policies = target.and_then(|target| self.key_policies.get(target));
                let own = own.chain(policies.into_iter().flat_map(IndexMap::keys));
                let known = own.chain(self.input.library.panels().keys());
                let mut help = suggestion(name, known.map(String::as_str), "panels");
                let owner = self
                    .applications
                    .iter()
                    .find(|(_, panels)| panels.contains_key(name));
                if let Some((owner, _)) = owner {
                    help = Some(format!(
                        "set `application: {owner}` on this section: it has this metric"
                    ));
                }
                let help = help
                    .unwrap_or_else(|| "`stackwright list panels` shows those that exist".into());
                let message = format!("there is no panel `{name}`");
                self.problems.push(
                    Problem::value("profile/unknown-name", route.clone(), message).help(help),
                );
                Vec::new()
            }
        }
    }
}

/// Names that would not be names in a query.
pub(super) fn check_names(
    route: &Route,
    metric: &str,
    described: &profile::ApplicationMetric,
    problems: &mut Vec<Problem>,
) {
    let is_name = |name: &str, also: char| {
        !name.is_empty()
            && !name.starts_with(|first: char| first.is_ascii_digit())
            && name
                .chars()
                .all(|char| char.is_ascii_alphanumeric() || char == '_' || char == also)
    };
    let misses = described
        .misses
        .iter()
        .map(|name| (route.key("misses"), name.as_str()));
    for (route, name) in std::iter::once((route.clone(), metric)).chain(misses) {
        if !is_name(name, ':') {
            let message = "this cannot be the name of a metric";
            problems.push(
                Problem::key("profile/bad-metric-name", route, message)
                    .help("use letters, digits, `_` and `:`, beginning with no digit"),
            );
        }
    }
    for (index, label) in described.labels.iter().enumerate() {
        if !is_name(label, '_') {
            let message = "this cannot be the name of a label";
            problems.push(
                Problem::value(
                    "profile/bad-label-name",
                    route.key("labels").index(index),
                    message,
                )
                .help("use letters, digits and `_`, beginning with no digit"),
            );
        }
    }
}
