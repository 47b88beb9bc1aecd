//! Where an alert leads whoever it wakes.

use std::collections::BTreeMap;

use crate::catalogue::DashboardLibrary;
use crate::document::Route;
use crate::model::dashboard;
use crate::profile::{self, Problem, Profile};

/// The dashboard that alerts link to, unless the profile has its own.
const DEFAULT_DASHBOARD: &str = "redis-overview";

/// What annotations link to.
#[derive(Debug, Clone, Default)]
pub struct AlertLinks {
    /// Where people open Grafana, without a slash at the end.
    pub grafana: String,
    /// Uid of the dashboard for alerts whose group has none of its own; `None` for no link.
    pub dashboard: Option<String>,
    /// Uid of the dashboard by rule group.
    pub dashboards: BTreeMap<String, String>,
    /// Uid of the dashboard by application.
    pub applications: BTreeMap<String, String>,
    /// Where the bundle's `runbooks/` are published; `None` for the path in the bundle.
    pub runbooks: Option<String>,
}

impl AlertLinks {
    /// What a profile says of them.
    pub(in crate::model) fn resolve(
        profile: &Profile,
        library: &DashboardLibrary,
        problems: &mut Vec<Problem>,
    ) -> Self {
        let links = &profile.links;
        for (key, link) in [
            ("grafana", &links.grafana),
            ("prometheus", &links.prometheus),
            ("alertmanager", &links.alertmanager),
            ("runbooks", &links.runbooks),
        ] {
            let is_url = |link: &String| {
                ["http://", "https://"].iter().any(|scheme| {
                    link.strip_prefix(scheme).is_some_and(|rest| {
                        !rest.is_empty() && rest.chars().all(|char| char.is_ascii_graphic())
                    })
                }) && !link.contains('@')
            };
            if link.as_ref().is_some_and(|link| !is_url(link)) {
                problems.push(
                    Problem::value(
                        "profile/bad-url",
                        Route::of(["links", key]),
                        "this is not an address that a browser can open",
                    )
                    .help("write `https://host/path`, without credentials"),
                );
            }
        }
        let trimmed = |link: &String| link.trim_end_matches('/').to_owned();
        Self {
            grafana: links.grafana.as_ref().map_or_else(
                || {
                    let port = match profile.compose.ports.get("grafana") {
                        Some(crate::profile::Port::Published(port)) => *port,
                        _ => 3000,
                    };
                    format!("http://localhost:{port}")
                },
                trimmed,
            ),
            dashboard: Some(main_dashboard(profile)),
            dashboards: BTreeMap::new(),
            applications: application_dashboards(profile, library),
            runbooks: links.runbooks.as_ref().map(trimmed),
        }
    }
}

/// Uid of the dashboard that alerts about no application link to: the profile's first, or the catalogue's own.
fn main_dashboard(profile: &Profile) -> String {
    let own = profile
        .dashboards
        .iter()
        .find(|(_, written)| written.enabled != Some(false));
    match own {
        Some((slug, written)) => written
            .uid
            .clone()
            .unwrap_or_else(|| dashboard::uid(&profile.name, slug)),
        None => dashboard::uid(&profile.name, DEFAULT_DASHBOARD),
    }
}

/// Uid of the dashboard that shows each application: its own, or the first one with a section of it.
fn application_dashboards(
    profile: &Profile,
    library: &DashboardLibrary,
) -> BTreeMap<String, String> {
    let mut written = profile
        .dashboards
        .iter()
        .filter(|(_, dashboard)| dashboard.enabled != Some(false))
        .peekable();
    let uid = |slug: &str, dashboard: Option<&profile::Dashboard>| {
        let own = dashboard.and_then(|dashboard| dashboard.uid.clone());
        own.unwrap_or_else(|| dashboard::uid(&profile.name, slug))
    };
    let has_own = written.peek().is_some();
    profile
        .applications
        .keys()
        .filter_map(|name| {
            if !has_own {
                let slug = dashboard::application_slug(name, library);
                let is_off = profile.dashboards.contains_key(&slug);
                return (!is_off).then(|| (name.clone(), uid(&slug, None)));
            }
            let (slug, dashboard) = written.clone().find(|(slug, dashboard)| {
                let mut sections = dashboard.sections.values();
                let shows = |section: &profile::Section| section.application.as_ref() == Some(name);
                (*slug == name && dashboard.sections.is_empty()) || sections.any(shows)
            })?;
            Some((name.clone(), uid(slug, Some(dashboard))))
        })
        .collect()
}
