//! From what the profile writes to dashboards that are complete.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;

use super::application::{self, NamedPanels};
use super::naming::{UID_AT_MOST, folders, in_words, ref_id, uid};
use super::{COLUMNS, Dashboard, DashboardInput, Panel, Place, Query, Row, layout};
use crate::catalogue::{
    Color, LibraryDashboard, LibraryPanel, LibraryQuery, LibrarySection, PanelKind, Step,
};
use crate::document::Route;
use crate::profile::{self, Problem, suggestion};
use crate::quantity::Duration;
use crate::template::regex_literal;

/// The dashboards of a profile: those that it names, or else the library's own and one for each
/// application. Whatever cannot show anything here is left out, unless the profile asks for it.
///
/// # Errors
///
/// Every name that does not exist, every panel that is asked for and could show nothing, and what
/// Grafana could not tell apart.
pub fn resolve(input: &DashboardInput<'_>) -> Result<Vec<Dashboard>, Vec<Problem>> {
    let mut resolution = Resolution::new(input);
    let drafts = resolution.drafts();
    resolution.check_uids(&drafts);
    if !resolution.problems.is_empty() {
        return Err(resolution.problems);
    }
    let titles = drafts.iter().map(|draft| draft.folder.as_str());
    let folders = folders(input.profile, titles);
    Ok(drafts
        .into_iter()
        .filter_map(|draft| {
            let folder = folders.get(&draft.folder)?.clone();
            Some(resolution.complete(draft, folder))
        })
        .collect())
}

/// A dashboard whose panels have been chosen.
struct Draft<'a> {
    slug: String,
    uid: String,
    title: String,
    description: String,
    folder: String,
    tags: Vec<String>,
    rows: Vec<DraftRow<'a>>,
}

struct DraftRow<'a> {
    title: String,
    collapsed: bool,
    panels: Vec<DraftPanel<'a>>,
}

struct DraftPanel<'a> {
    /// What it is called in messages and told apart by.
    name: String,
    panel: Cow<'a, LibraryPanel>,
    interval: Duration,
}

struct Resolution<'a> {
    input: &'a DashboardInput<'a>,
    applications: BTreeMap<&'a str, IndexMap<String, NamedPanels>>,
    problems: Vec<Problem>,
}

impl<'a> Resolution<'a> {
    fn new(input: &'a DashboardInput<'a>) -> Self {
        let mut problems = Vec::new();
        let mut applications = BTreeMap::new();
        for (name, application) in input.applications {
            let route = Route::of(["applications", name, "metrics"]);
            let before = problems.len();
            for (metric, described) in application.metrics {
                check_names(&route.key(metric), metric, described, &mut problems);
            }
            if problems.len() == before {
                applications.insert(name.as_str(), application::panels(application));
            }
        }
        Self {
            input,
            applications,
            problems,
        }
    }

    fn drafts(&mut self) -> Vec<Draft<'a>> {
        let input = self.input;
        let is_wanted = |dashboard: &profile::Dashboard| dashboard.enabled != Some(false);
        if input.written.values().any(is_wanted) {
            let mut drafts = Vec::new();
            for (slug, dashboard) in input.written {
                if is_wanted(dashboard) {
                    drafts.extend(self.written(slug, dashboard));
                } else {
                    self.check_known(slug);
                }
            }
            return drafts;
        }
        for slug in input.written.keys() {
            self.check_known(slug);
        }
        let mut drafts = Vec::new();
        for (slug, dashboard) in input.library.dashboards() {
            if dashboard.default && !input.written.contains_key(slug) {
                drafts.extend(self.of_library(dashboard));
            }
        }
        for name in input.applications.keys() {
            let slug = if input.library.dashboards().contains_key(name) {
                format!("application-{name}")
            } else {
                name.clone()
            };
            if !input.written.contains_key(&slug) {
                drafts.extend(self.of_application(name, slug));
            }
        }
        drafts
    }

    /// A dashboard that is switched off must exist, or the switch does nothing.
    fn check_known(&mut self, slug: &str) {
        let library = self.input.library.dashboards();
        let applications = self.input.applications;
        let is_application = |slug: &str| {
            applications.contains_key(slug)
                || slug
                    .strip_prefix("application-")
                    .is_some_and(|name| applications.contains_key(name))
        };
        let has_own_sections = self
            .input
            .written
            .get(slug)
            .is_some_and(|dashboard| !dashboard.sections.is_empty());
        if library.contains_key(slug) || is_application(slug) || has_own_sections {
            return;
        }
        let route = Route::of(["dashboards", slug]);
        let message = format!("there is no dashboard `{slug}` to leave out");
        let mut problem = Problem::key("profile/unknown-name", route, message);
        problem.help = suggestion(slug, library.keys().map(String::as_str), "dashboards");
        self.problems.push(problem);
    }

    /// A dashboard of the library as it is; `None` where it has nothing to show.
    fn of_library(&self, dashboard: &'a LibraryDashboard) -> Option<Draft<'a>> {
        let rows: Vec<_> = dashboard
            .sections
            .values()
            .filter_map(|section| self.library_row(section))
            .collect();
        (!rows.is_empty()).then(|| Draft {
            uid: uid(self.input.profile, &dashboard.slug),
            slug: dashboard.slug.clone(),
            title: dashboard.title.clone(),
            description: dashboard.description.clone(),
            folder: self.input.profile.into(),
            tags: dashboard.tags.clone(),
            rows,
        })
    }

    fn library_row(&self, section: &'a LibrarySection) -> Option<DraftRow<'a>> {
        let panels: Vec<_> = section
            .panels
            .iter()
            .filter_map(|name| self.library_panel(name).ok())
            .collect();
        (!panels.is_empty()).then(|| DraftRow {
            title: section.title.clone(),
            collapsed: section.collapsed,
            panels,
        })
    }

    fn of_application(&self, name: &str, slug: String) -> Option<Draft<'a>> {
        let panels = self.application_panels(name);
        (!panels.is_empty()).then(|| Draft {
            uid: uid(self.input.profile, &slug),
            slug,
            title: format!("Application {name}"),
            description: format!("Metrics of the application {name}."),
            folder: self.input.profile.into(),
            tags: vec!["application".into()],
            rows: vec![DraftRow {
                title: in_words(name),
                collapsed: false,
                panels,
            }],
        })
    }

    /// All panels of an application that a section shows unless it names some.
    fn application_panels(&self, name: &str) -> Vec<DraftPanel<'a>> {
        let Some(panels) = self.applications.get(name) else {
            return Vec::new();
        };
        panels
            .iter()
            .filter(|(_, named)| named.is_listed)
            .flat_map(|(panel, named)| self.named_panels(name, panel, named))
            .collect()
    }

    fn named_panels(
        &self,
        application: &str,
        name: &str,
        named: &NamedPanels,
    ) -> Vec<DraftPanel<'a>> {
        let interval = self.input.applications.get(application);
        let interval = interval.map_or(self.input.scrape_interval, |found| found.interval);
        named
            .panels
            .iter()
            .map(|panel| DraftPanel {
                name: format!("{application}/{name}"),
                panel: Cow::Owned(panel.clone()),
                interval,
            })
            .collect()
    }

    /// A panel of the library with the queries that can have an answer here, or why it has none.
    fn library_panel(&self, name: &str) -> Result<DraftPanel<'a>, Missing> {
        let Some((_, panel)) = self.input.library.panels().get_key_value(name) else {
            return Err(Missing::Unknown);
        };
        let missing = panel
            .needs
            .iter()
            .find(|need| !self.input.features.contains(need));
        if let Some(need) = missing {
            return Err(Missing::NotHere(format!("it needs {}", need.words())));
        }
        let mut reason = None;
        let mut answered = Vec::new();
        let mut is_asked_already = false;
        for query in &panel.queries {
            if query.fallback && is_asked_already {
                continue;
            }
            let why = self.unanswered(query);
            is_asked_already = why.is_none();
            match why {
                Some(why) => reason = reason.or(Some(why)),
                None => answered.push(query.clone()),
            }
        }
        let panel = match reason {
            Some(why) if answered.is_empty() => return Err(Missing::NotHere(why)),
            _ if answered.len() == panel.queries.len() => Cow::Borrowed(panel),
            _ => Cow::Owned(LibraryPanel {
                queries: answered,
                ..panel.clone()
            }),
        };
        Ok(DraftPanel {
            name: name.into(),
            interval: if panel.uses_redis_jobs() {
                self.input.redis_interval
            } else {
                self.input.scrape_interval
            },
            panel,
        })
    }

    /// Why a query has no answer here.
    fn unanswered(&self, query: &LibraryQuery) -> Option<String> {
        if self.input.redis_jobs.is_empty() && query.uses_redis_jobs() {
            return Some("there is no Redis target".into());
        }
        query.metrics().into_iter().find_map(|metric| {
            (self.input.unavailable)(&metric).map(|why| format!("`{metric}` is not exposed: {why}"))
        })
    }

    fn written(&mut self, slug: &'a str, written: &'a profile::Dashboard) -> Option<Draft<'a>> {
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
                .flat_map(|application| application.metrics)
                .filter(|(name, _)| names.contains(name))
                .filter_map(|(_, metric)| metric.misses.as_deref())
                .collect();
            return names
                .iter()
                .enumerate()
                .filter(|(_, name)| !with_hits.contains(&name.as_str()))
                .flat_map(|(index, name)| {
                    let route = route.index(index);
                    let panels = self.asked_for(&route, name, application);
                    panels.into_iter().map(move |panel| (route.clone(), panel))
                })
                .collect();
        }
        let panels = match (application, of_library) {
            (Some(application), _) => self.application_panels(application),
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
    ) -> Vec<DraftPanel<'a>> {
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

    fn first_obstacle<'n>(&self, mut panels: impl Iterator<Item = &'n str>) -> Option<String> {
        panels.find_map(|name| match self.library_panel(name) {
            Err(Missing::NotHere(why)) => Some(format!("panel `{name}`: {why}")),
            _ => None,
        })
    }

    fn check_uids(&mut self, drafts: &[Draft<'_>]) {
        let mut owners = BTreeMap::new();
        for draft in drafts {
            // Grafana's databases do not all tell upper case from lower case.
            if let Some(owner) = owners.insert(draft.uid.to_ascii_lowercase(), &draft.slug) {
                let route = Route::of(["dashboards", &draft.slug]);
                let message = format!(
                    "dashboards `{owner}` and `{}` have the same uid `{}`",
                    draft.slug, draft.uid
                );
                self.problems.push(
                    Problem::key("profile/duplicate-uid", route, message)
                        .help("give one of them another `uid`"),
                );
            }
        }
    }

    fn complete(&self, draft: Draft<'_>, folder: super::Folder) -> Dashboard {
        let mut tags = draft.tags;
        tags.retain(|tag| tag != self.input.profile);
        tags.push(self.input.profile.into());
        let uses_jobs = draft
            .rows
            .iter()
            .flat_map(|row| &row.panels)
            .any(|panel| panel.panel.uses_redis_jobs());
        let redis_jobs: Vec<_> = self
            .input
            .redis_jobs
            .iter()
            .map(|job| regex_literal(job))
            .collect();
        let mut next_id = 0;
        let mut id = || {
            next_id += 1;
            next_id
        };
        let mut y = 0;
        let mut rows = Vec::new();
        for row in draft.rows {
            let row_id = id();
            let sizes: Vec<_> = row.panels.iter().map(|panel| panel.panel.size()).collect();
            let (places, below) = layout::place(&sizes, y + 1);
            let panels = row.panels.into_iter().zip(places);
            rows.push(Row {
                id: row_id,
                title: row.title,
                collapsed: row.collapsed,
                place: Place {
                    x: 0,
                    y,
                    w: COLUMNS,
                    h: 1,
                },
                panels: panels
                    .map(|(panel, place)| self.complete_panel(id(), panel, place))
                    .collect(),
            });
            // Nothing of a folded row takes room.
            y = if row.collapsed { y + 1 } else { below };
        }
        Dashboard {
            slug: draft.slug,
            uid: draft.uid,
            title: draft.title,
            description: draft.description,
            folder,
            tags,
            bundle_tag: self.input.profile.into(),
            redis_jobs: uses_jobs.then(|| redis_jobs.join("|")),
            rows,
        }
    }

    fn complete_panel(&self, id: u32, draft: DraftPanel<'_>, place: Place) -> Panel {
        let interval = (draft.interval != self.input.scrape_interval).then_some(draft.interval);
        let size = draft.panel.size();
        let panel = draft.panel.into_owned();
        let threshold = panel
            .threshold
            .as_ref()
            .and_then(|name| self.input.thresholds.get(name));
        let steps = match threshold {
            Some(threshold) => threshold.steps(),
            None if panel.steps.is_empty() => vec![Step {
                color: neutral(panel.kind),
                from: None,
            }],
            None => panel.steps,
        };
        let queries = panel.queries.into_iter().enumerate();
        Panel {
            name: draft.name,
            id,
            title: panel.title,
            description: panel.description,
            kind: panel.kind,
            size,
            place,
            queries: queries
                .map(|(index, query)| Query {
                    ref_id: ref_id(index),
                    interval: interval.filter(|_| query.expr.contains("$__rate_interval")),
                    expr: query.expr,
                    legend: query.legend,
                    instant: query.instant,
                    style: query.style,
                })
                .collect(),
            unit: panel.unit,
            decimals: panel.decimals,
            min: panel.min,
            max: panel.max,
            has_threshold: threshold.is_some() && steps.len() > 1,
            steps,
            states: panel.states,
            stacking: panel.stacking,
            sparkline: panel.sparkline,
            columns: panel.columns,
            no_value: panel.no_value,
        }
    }
}

/// Why a panel of the library is not shown.
enum Missing {
    /// There is none of this name.
    Unknown,
    /// It would stay empty; the reason completes a sentence.
    NotHere(String),
}

/// Colour of a number that is neither good nor bad.
const fn neutral(kind: PanelKind) -> Color {
    match kind {
        PanelKind::Gauge | PanelKind::Bargauge => Color::Blue,
        PanelKind::Timeseries => Color::Green,
        PanelKind::Stat | PanelKind::Table | PanelKind::StateTimeline => Color::Text,
    }
}

/// Names that would not be names in a query.
fn check_names(
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
