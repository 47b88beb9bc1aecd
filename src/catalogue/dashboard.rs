//! The panel library and the dashboards made of it: `exporters/*/panels/*.yaml` and
//! `exporters/*/dashboards/*.yaml`.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use indexmap::map::Entry;
use rayon::prelude::*;
use serde::Deserialize;

use super::CatalogueError;
use super::load::{Scrutiny, read};
use super::panel::LibraryPanel;

/// All panels by name and all dashboards by slug, in the order of their files.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DashboardLibrary {
    panels: IndexMap<String, LibraryPanel>,
    dashboards: IndexMap<String, LibraryDashboard>,
}

/// A dashboard as the library has it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LibraryDashboard {
    /// Name of its file.
    pub slug: String,
    /// Title.
    pub title: String,
    /// One sentence for people.
    pub description: String,
    /// Tags.
    pub tags: Vec<String>,
    /// Whether a profile that names no dashboards gets it.
    pub default: bool,
    /// Sections by name, in order.
    pub sections: IndexMap<String, LibrarySection>,
    /// Whether a row for each target with key policies follows, with a panel for each policy.
    #[serde(default)]
    pub key_policies: bool,
}

/// A row of a dashboard.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LibrarySection {
    /// Title of the row.
    pub title: String,
    /// Names of its panels, in order.
    pub panels: Vec<String>,
    /// Start folded.
    #[serde(default)]
    pub collapsed: bool,
}

/// A file of panels.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PanelFile {
    /// Where the facts come from; for the reader of the file.
    #[allow(dead_code)]
    source: String,
    panels: IndexMap<String, LibraryPanel>,
}

enum Parsed {
    Panels(PanelFile),
    Dashboard(Box<LibraryDashboard>),
}

impl DashboardLibrary {
    /// Reads the panels and dashboards among `files` (path under `templates/`, text), and checks
    /// that they agree with each other as far as `scrutiny` asks for it.
    ///
    /// # Errors
    ///
    /// Every mistake that is found.
    pub(super) fn load<'t>(
        files: impl IntoIterator<Item = (&'t str, &'t str)>,
        scrutiny: Scrutiny,
    ) -> Result<Self, Vec<CatalogueError>> {
        let mut files: Vec<(&str, &str, bool)> = files
            .into_iter()
            .filter_map(|(path, text)| match *path.split('/').collect::<Vec<_>>() {
                ["exporters", _, "panels", _] => Some((path, text, true)),
                ["exporters", _, "dashboards", _] => Some((path, text, false)),
                _ => None,
            })
            .collect();
        files.sort_unstable_by_key(|(path, ..)| *path);
        // Reading YAML is nearly all the time it takes; the files do not depend on each other.
        let parsed: Vec<_> = files
            .par_iter()
            .with_max_len(1)
            .map(|(path, text, is_panels)| {
                let parsed = if *is_panels {
                    read(path, text).map(Parsed::Panels)
                } else {
                    read(path, text).map(|dashboard| Parsed::Dashboard(Box::new(dashboard)))
                };
                (*path, parsed)
            })
            .collect();

        let mut library = Self::default();
        let mut errors = Vec::new();
        let mut homes = BTreeMap::new();
        for (path, parsed) in parsed {
            match parsed {
                Ok(Parsed::Panels(file)) => {
                    library.panels.reserve(file.panels.len());
                    for (name, panel) in file.panels {
                        if scrutiny == Scrutiny::Full {
                            panel.check(path, &name, &mut errors);
                        }
                        insert(path, &mut library.panels, name, panel, &mut errors);
                    }
                }
                Ok(Parsed::Dashboard(dashboard)) => {
                    if !path.ends_with(&format!("/{}.yaml", dashboard.slug)) {
                        errors.push(CatalogueError::Misplaced {
                            path: path.into(),
                            name: dashboard.slug.clone(),
                        });
                    }
                    homes.insert(dashboard.slug.clone(), path);
                    let slug = dashboard.slug.clone();
                    insert(path, &mut library.dashboards, slug, *dashboard, &mut errors);
                }
                Err(error) => errors.push(error),
            }
        }
        for (slug, path) in homes.into_iter().filter(|_| scrutiny == Scrutiny::Full) {
            library.check_dashboard(path, &slug, &mut errors);
        }
        if errors.is_empty() {
            Ok(library)
        } else {
            Err(errors)
        }
    }

    /// All panels by name.
    pub const fn panels(&self) -> &IndexMap<String, LibraryPanel> {
        &self.panels
    }

    /// All dashboards by slug.
    pub const fn dashboards(&self) -> &IndexMap<String, LibraryDashboard> {
        &self.dashboards
    }

    /// Slugs of the dashboards that show a panel.
    pub fn shown_on<'a>(&'a self, panel: &'a str) -> impl Iterator<Item = &'a str> {
        self.dashboards
            .values()
            .filter(move |dashboard| dashboard.panels().any(|name| name == panel))
            .map(|dashboard| dashboard.slug.as_str())
    }

    fn check_dashboard(&self, path: &str, slug: &str, errors: &mut Vec<CatalogueError>) {
        let Some(dashboard) = self.dashboards.get(slug) else {
            return;
        };
        let mut seen = std::collections::BTreeSet::new();
        for name in dashboard.panels() {
            if !self.panels.contains_key(name) {
                errors.push(CatalogueError::Dangling {
                    path: path.into(),
                    entry: slug.into(),
                    kind: "panel",
                    name: name.into(),
                });
            }
            if !seen.insert(name) {
                errors.push(CatalogueError::Duplicate {
                    path: path.into(),
                    name: name.into(),
                });
            }
        }
    }
}

impl LibraryDashboard {
    /// Names of all panels, in order.
    pub fn panels(&self) -> impl Iterator<Item = &str> {
        self.sections
            .values()
            .flat_map(|section| section.panels.iter().map(String::as_str))
    }
}

fn insert<T>(
    path: &str,
    map: &mut IndexMap<String, T>,
    name: String,
    value: T,
    errors: &mut Vec<CatalogueError>,
) {
    match map.entry(name) {
        Entry::Vacant(vacant) => {
            vacant.insert(value);
        }
        Entry::Occupied(occupied) => errors.push(CatalogueError::Duplicate {
            path: path.into(),
            name: occupied.key().clone(),
        }),
    }
}
