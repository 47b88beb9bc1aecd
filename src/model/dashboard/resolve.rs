//! From what the profile writes to dashboards that are complete.

use std::borrow::Cow;
use std::collections::BTreeMap;

use indexmap::IndexMap;

use super::application::{self, NamedPanels};
use super::key_policy;
use super::naming::{folders, in_words, ref_id, uid};
use super::{COLUMNS, Dashboard, DashboardInput, Panel, Place, Query, Row, layout};
use crate::catalogue::{
    Color, DashboardLibrary, Feature, LibraryDashboard, LibraryPanel, LibraryQuery, LibrarySection,
    PanelKind, Step,
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

/// Panels of the library by name, complete but for their places, for a dashboard that is not a profile's. Those that could
/// show nothing are left out.
pub fn library_panels(input: &DashboardInput<'_>, names: &[&str]) -> Vec<Panel> {
    let resolution = Resolution::new(input);
    names
        .iter()
        .filter_map(|name| resolution.library_panel(name).ok())
        .map(|draft| resolution.complete_panel(0, draft, Place::default()))
        .collect()
}

/// A dashboard whose panels have been chosen.
pub(super) struct Draft<'a> {
    pub(super) slug: String,
    pub(super) uid: String,
    pub(super) title: String,
    pub(super) description: String,
    pub(super) folder: String,
    pub(super) tags: Vec<String>,
    pub(super) rows: Vec<DraftRow<'a>>,
}

pub(super) struct DraftRow<'a> {
    pub(super) title: String,
    pub(super) collapsed: bool,
    pub(super) panels: Vec<DraftPanel<'a>>,
}

pub(super) struct DraftPanel<'a> {
    /// What it is called in messages and told apart by.
    pub(super) name: String,
    pub(super) panel: Cow<'a, LibraryPanel>,
    pub(super) interval: Duration,
}

pub(super) struct Resolution<'a> {
    pub(super) input: &'a DashboardInput<'a>,
    pub(super) applications: BTreeMap<&'a str, IndexMap<String, NamedPanels>>,
    /// By target and pattern.
    pub(super) key_policies: IndexMap<&'a str, IndexMap<String, LibraryPanel>>,
    pub(super) problems: Vec<Problem>,
}

impl<'a> Resolution<'a> {
    fn new(input: &'a DashboardInput<'a>) -> Self {
        let mut problems = Vec::new();
        let mut applications = BTreeMap::new();
        for (name, application) in input.applications {
            let route = Route::of(["applications", name, "metrics"]);
            let before = problems.len();
            for (metric, described) in &application.metrics {
                super::written::check_names(&route.key(metric), metric, described, &mut problems);
            }
            if problems.len() == before {
                applications.insert(name.as_str(), application::panels(application));
            }
        }
        let key_policies = input
            .key_policies
            .iter()
            .map(|keys| (keys.target.as_str(), key_policy::panels(keys)));
        Self {
            input,
            applications,
            key_policies: key_policies.collect(),
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
            let slug = application_slug(name, input.library);
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
    pub(super) fn of_library(&self, dashboard: &'a LibraryDashboard) -> Option<Draft<'a>> {
        let mut rows: Vec<_> = dashboard
            .sections
            .values()
            .filter_map(|section| self.library_row(section))
            .collect();
        if dashboard.key_policies {
            rows.extend(self.key_policies.keys().map(|target| DraftRow {
                title: format!("Policies of {target}"),
                collapsed: false,
                panels: self.policy_panels(target),
            }));
        }
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

    pub(super) fn library_row(&self, section: &'a LibrarySection) -> Option<DraftRow<'a>> {
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

    pub(super) fn of_application(&self, name: &str, slug: String) -> Option<Draft<'a>> {
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
    pub(super) fn application_panels(&self, name: &str) -> Vec<DraftPanel<'a>> {
        let Some(panels) = self.applications.get(name) else {
            return Vec::new();
        };
        panels
            .iter()
            .filter(|(_, named)| named.is_listed)
            .flat_map(|(panel, named)| self.named_panels(name, panel, named))
            .collect()
    }

    /// The panels of all key policies of a target.
    pub(super) fn policy_panels(&self, target: &str) -> Vec<DraftPanel<'a>> {
        let panels = self.key_policies.get(target).into_iter().flatten();
        panels
            .map(|(pattern, panel)| self.policy_panel(target, pattern, panel))
            .collect()
    }

    pub(super) fn policy_panel(
        &self,
        target: &str,
        pattern: &str,
        panel: &LibraryPanel,
    ) -> DraftPanel<'a> {
        DraftPanel {
            name: format!("{target}/{pattern}"),
            panel: Cow::Owned(panel.clone()),
            interval: self.key_interval(),
        }
    }

    /// The longest time between two scans of keys.
    fn key_interval(&self) -> Duration {
        let intervals = self.input.key_policies.iter().map(|keys| keys.interval);
        intervals.max().unwrap_or(self.input.scrape_interval)
    }

    pub(super) fn named_panels(
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
    pub(super) fn library_panel(&self, name: &str) -> Result<DraftPanel<'a>, Missing> {
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
            interval: if panel.needs.contains(&Feature::KeyPolicies) {
                self.key_interval()
            } else if panel.uses_redis_jobs() {
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

    pub(super) fn first_obstacle<'n>(
        &self,
        mut panels: impl Iterator<Item = &'n str>,
    ) -> Option<String> {
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
                    expr: match self.input.logs {
                        Some(streams) if panel.kind == PanelKind::Logs => {
                            query.expr.replace(LOG_STREAMS, streams)
                        }
                        _ => query.expr,
                    },
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

/// What stands for the streams of the Redis servers in a query of the library.
const LOG_STREAMS: &str = "$streams";

/// Slug of an application's own dashboard, which a dashboard of the library may have taken.
pub fn application_slug(application: &str, library: &DashboardLibrary) -> String {
    if library.dashboards().contains_key(application) {
        format!("application-{application}")
    } else {
        application.to_owned()
    }
}

/// Why a panel of the library is not shown.
pub(super) enum Missing {
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
        PanelKind::Stat | PanelKind::Table | PanelKind::StateTimeline | PanelKind::Logs => {
            Color::Text
        }
    }
}
