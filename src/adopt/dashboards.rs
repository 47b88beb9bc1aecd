//! Dashboards, where they are made of the library's panels, and the colours of their thresholds.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json, json};

use super::reading::{Reading, free_name, name_of};
use super::resolve;
use crate::catalogue::{Color, Direction, LibraryPanel};
use crate::facts::dashboard::{Dashboard, Panel};
use crate::model::dashboard::{self as rendered, uid};
use crate::promql;
use crate::template::Templates;

/// A dashboard of the setup with the name that it has in a profile.
struct Found<'a> {
    slug: String,
    dashboard: &'a Dashboard,
}

/// Dashboards of the setup.
pub(super) fn adopt(reading: &mut Reading<'_>, templates: &Templates) {
    let facts = reading.facts;
    let catalogue = facts.catalogue;
    let mut found: Vec<Found<'_>> = facts
        .dashboards
        .iter()
        .filter_map(|dashboard| {
            let path = &facts.setup.document(dashboard.document).path;
            let stem = path.rsplit('/').next()?.strip_suffix(".json")?;
            Some(Found {
                slug: name_of(stem, 63)?,
                dashboard,
            })
        })
        .collect();
    sort(reading, &mut found);
    let environment = reading.environment.clone();
    let Ok(stack) = resolve(&reading.draft, &environment, catalogue, templates) else {
        return;
    };
    let is_usual = |found: &Found<'_>| {
        let usual = stack.dashboards.iter().find(|it| it.slug == found.slug);
        usual.is_some_and(|usual| {
            same_panels(found.dashboard, usual) && same_head(reading, found, usual)
        })
    };
    let is_default = found.len() == stack.dashboards.len() && found.iter().all(is_usual);
    if is_default {
        colors(reading, &stack.dashboards);
        return;
    }
    let mut adopted = 0;
    for one in &found {
        adopted += usize::from(write(reading, one));
    }
    if adopted == 0 {
        return;
    }
    // Now that the panels are the same, what is left are their colours, and sections that need no list.
    let Ok(stack) = resolve(&reading.draft, &environment, catalogue, templates) else {
        return;
    };
    let dashboards = stack.dashboards;
    shorten(reading, &found, templates);
    colors(reading, &dashboards);
}

/// The order of the README's links, and where there are none: first the one that most alerts link to, which is what the first
/// dashboard of a profile is for.
fn sort(reading: &Reading<'_>, found: &mut [Found<'_>]) {
    let readme = reading.readme();
    let facts = reading.facts;
    let rules = || facts.rule_files.iter().flat_map(|file| file.rules());
    let links = |uid: &str| {
        let link = format!("/d/{uid}?");
        let linking = rules().filter(|(_, rule)| {
            let mut annotations = rule.annotations.iter();
            annotations.any(|(_, text)| text.as_str().contains(&link))
        });
        linking.count()
    };
    found.sort_by_cached_key(|one| {
        let uid = one.dashboard.uid.as_ref().map_or("", |text| text.as_str());
        let place = readme.find(&format!("/d/{uid})"));
        (place.unwrap_or(usize::MAX), std::cmp::Reverse(links(uid)))
    });
}

/// Titles of the panels, rows between them.
fn titles(dashboard: &Dashboard) -> Vec<&str> {
    dashboard
        .panels
        .iter()
        .map(|panel| panel.title.as_str())
        .collect()
}

fn same_panels(found: &Dashboard, usual: &rendered::Dashboard) -> bool {
    let mut all: Vec<&str> = Vec::new();
    for row in &usual.rows {
        all.push(&row.title);
        all.extend(row.panels.iter().map(|panel| panel.title.as_str()));
    }
    titles(found) == all
}

fn same_head(reading: &Reading<'_>, found: &Found<'_>, usual: &rendered::Dashboard) -> bool {
    let head = Head::of(reading, found.dashboard);
    head.uid == usual.uid
        && head.title == usual.title
        && head.description == usual.description
        && head
            .folder
            .as_deref()
            .is_none_or(|folder| folder == usual.folder.title)
        && head
            .tags
            .iter()
            .all(|tag| usual.tags.contains(tag) || *tag == usual.bundle_tag)
}

/// What a dashboard says of itself.
struct Head {
    title: String,
    uid: String,
    description: String,
    tags: Vec<String>,
    folder: Option<String>,
}

impl Head {
    fn of(reading: &Reading<'_>, dashboard: &Dashboard) -> Self {
        let text = |key: &str| {
            let node = dashboard.node.get(key);
            node.and_then(|node| node.as_str())
                .unwrap_or_default()
                .to_owned()
        };
        let tags = dashboard
            .node
            .get("tags")
            .map_or(&[][..], |node| node.items());
        let provider = dashboard.loaded_by.first();
        let provider = provider.and_then(|index| reading.facts.providers.get(*index));
        let folder = provider.and_then(|it| it.node.get("folder")?.as_str().map(str::to_owned));
        Self {
            title: text("title"),
            uid: text("uid"),
            description: text("description"),
            tags: tags
                .iter()
                .map(|tag| tag.scalar_text().to_owned())
                .collect(),
            folder: folder.filter(|folder| !folder.is_empty()),
        }
    }
}

/// Writes a dashboard; `false` where too few of its panels are the library's.
fn write(reading: &mut Reading<'_>, found: &Found<'_>) -> bool {
    let facts = reading.facts;
    let dashboard = found.dashboard;
    let title = dashboard.title.as_ref().map_or("", |text| text.as_str());
    let sections = sections(reading, dashboard);
    let panels = dashboard
        .panels
        .iter()
        .filter(|panel| !panel.is_row())
        .count();
    let known: usize = sections.iter().map(|section| section.panels.len()).sum();
    let place = dashboard.title.as_ref().map(|text| text.place);
    let place = place.unwrap_or_else(|| facts.setup.document(dashboard.document).head());
    if known == 0 || known * 2 < panels {
        reading.remains(
            place,
            format!("dashboard `{title}`"),
            format!("{known} of its {panels} panels are the library's; a profile's dashboards are made of those"),
        );
        return false;
    }
    for section in &sections {
        for panel in &section.unknown {
            reading.remains(
                panel.place,
                format!("{} of dashboard `{title}`", panel.named()),
                "the library has no such panel",
            );
        }
    }
    let slug = found.slug.as_str();
    let head = Head::of(reading, dashboard);
    let library = facts.catalogue.dashboards().dashboards().get(slug);
    let name = reading
        .draft
        .get(&["name"])
        .and_then(Json::as_str)
        .unwrap_or_default()
        .to_owned();
    let mut block = Map::new();
    if library.is_none_or(|it| it.title != head.title) && !head.title.trim().is_empty() {
        block.insert("title".into(), json!(head.title));
    }
    if !head.uid.is_empty() && head.uid != uid(&name, slug) && head.uid.len() <= 40 {
        block.insert("uid".into(), json!(head.uid));
    }
    if let Some(folder) = head.folder.filter(|folder| *folder != name) {
        block.insert("folder".into(), json!(folder));
    }
    if library.map_or("", |it| it.description.as_str()) != head.description {
        block.insert("description".into(), json!(head.description));
    }
    let own: Vec<&String> = head
        .tags
        .iter()
        .filter(|tag| library.is_none_or(|it| !it.tags.contains(tag)))
        .collect();
    // A dashboard's last tag is the profile's name anyway, but a profile may well say it.
    if !own.is_empty() && own != [&name] {
        block.insert("tags".into(), json!(own));
    }
    let mut written = Map::new();
    for section in sections {
        let mut one = Map::new();
        let usual = library.and_then(|it| it.sections.get(&section.name));
        if usual.is_none_or(|it| it.title != section.title) && !section.title.is_empty() {
            one.insert("title".into(), json!(section.title));
        }
        if let Some(application) = section.application {
            one.insert("application".into(), json!(application));
        }
        if let Some(target) = section.target {
            one.insert("target".into(), json!(target));
        }
        one.insert("panels".into(), json!(section.panels));
        if section.is_collapsed {
            one.insert("collapsed".into(), json!(true));
        }
        written.insert(section.name, Json::Object(one));
    }
    block.insert("sections".into(), Json::Object(written));
    reading
        .draft
        .set(&["dashboards", slug], Json::Object(block));
    true
}

/// A row in the words of a profile.
struct Section<'a> {
    name: String,
    title: String,
    application: Option<String>,
    target: Option<String>,
    panels: Vec<String>,
    unknown: Vec<&'a Panel>,
    is_collapsed: bool,
}

fn sections<'a>(reading: &Reading<'_>, dashboard: &'a Dashboard) -> Vec<Section<'a>> {
    let library = reading.facts.catalogue.dashboards();
    let mut sections: Vec<Section<'a>> = Vec::new();
    for panel in &dashboard.panels {
        if panel.is_row() || sections.is_empty() {
            let title = if panel.is_row() {
                panel.title.as_str()
            } else {
                ""
            };
            let mut known = library.dashboards().values().flat_map(|it| &it.sections);
            let known = known.find(|(_, section)| section.title == title);
            let name = known
                .map(|(name, _)| name.clone())
                .or_else(|| name_of(title, 63));
            let name = name.unwrap_or_else(|| "panels".into());
            let name = free_name(&name, |name| sections.iter().any(|it| it.name == name));
            let collapsed = panel.node.get("collapsed");
            sections.push(Section {
                name,
                title: title.to_owned(),
                application: None,
                target: None,
                panels: Vec::new(),
                unknown: Vec::new(),
                is_collapsed: panel.is_row()
                    && collapsed.is_some_and(|it| it.scalar_text() == "true"),
            });
            if panel.is_row() {
                continue;
            }
        }
        let Some(section) = sections.last_mut() else {
            continue;
        };
        match library_name(reading, panel) {
            Some(Shown::Library(name)) => {
                if !section.panels.contains(&name) {
                    section.panels.push(name);
                }
            }
            Some(Shown::Application(application, name)) => {
                section.application.get_or_insert(application);
                if !section.panels.contains(&name) {
                    section.panels.push(name);
                }
            }
            Some(Shown::Policy(target, pattern)) => {
                section.target.get_or_insert(target);
                section.panels.push(pattern);
            }
            None => section.unknown.push(panel),
        }
    }
    sections.retain(|section| !section.panels.is_empty());
    sections
}

enum Shown {
    Library(String),
    Application(String, String),
    Policy(String, String),
}

/// Which panel of the library, of an application or of a key policy has this title and asks for the same metrics.
fn library_name(reading: &Reading<'_>, panel: &Panel) -> Option<Shown> {
    let title = panel.title.as_str();
    for target in reading.draft.names(&["targets"]) {
        if reading
            .draft
            .get(&["targets", &target, "key_policies", title])
            .is_some()
        {
            return Some(Shown::Policy(target, title.to_owned()));
        }
    }
    let metrics: BTreeSet<String> = panel
        .queries
        .iter()
        .filter_map(|query| query.expression)
        .flat_map(|id| {
            let selectors = reading.facts.expression(id).parsed.selectors();
            let names = selectors
                .into_iter()
                .filter_map(|it| it.selector.metric_name());
            names.map(str::to_owned).collect::<Vec<_>>()
        })
        .collect();
    let library = reading.facts.catalogue.dashboards();
    // Of several with this title, the one that is drawn alike.
    let is_alike = |known: &LibraryPanel| known.kind.as_str() == panel.kind.as_str();
    let titled = || {
        library
            .panels()
            .iter()
            .filter(|(_, known)| known.title == title)
    };
    let found = titled().find(|(_, known)| is_alike(known) && asks_for(known, &metrics));
    let found = found.or_else(|| titled().find(|(_, known)| asks_for(known, &metrics)));
    if let Some((name, _)) = found {
        return Some(Shown::Library(name.clone()));
    }
    for application in reading.draft.names(&["applications"]) {
        for metric in reading
            .draft
            .names(&["applications", &application, "metrics"])
        {
            let is_part = |name: &String| {
                let bare = ["_bucket", "_count", "_sum"]
                    .iter()
                    .find_map(|end| name.strip_suffix(end));
                *name == metric || bare == Some(&metric)
            };
            if metrics.iter().next().is_some_and(is_part) {
                return Some(Shown::Application(application, metric));
            }
        }
        let basic = match title {
            "Request rate" => Some("request-rate"),
            "Error ratio" => Some("error-ratio"),
            "Latency" => Some("latency"),
            "Health" => Some("health"),
            _ => None,
        };
        if let Some(basic) = basic {
            return Some(Shown::Application(application, basic.to_owned()));
        }
    }
    None
}

/// Whether a panel of the library asks for one of these metrics, or for none at all.
fn asks_for(known: &LibraryPanel, metrics: &BTreeSet<String>) -> bool {
    let mut asked = known.queries.iter().flat_map(|query| {
        let parsed = promql::parse_with(&query.expr, &promql::Options::grafana());
        let selectors = parsed.selectors();
        let names = selectors.iter().filter_map(|it| it.selector.metric_name());
        names.map(str::to_owned).collect::<Vec<_>>()
    });
    match asked.next() {
        None => true,
        Some(first) => metrics.contains(&first) || asked.any(|name| metrics.contains(&name)),
    }
}

/// Leaves out sections that a dashboard has without a word.
fn shorten(reading: &mut Reading<'_>, found: &[Found<'_>], templates: &Templates) {
    let environment = reading.environment.clone();
    for one in found {
        let slug = one.slug.as_str();
        let Some(sections) = reading
            .draft
            .get(&["dashboards", slug, "sections"])
            .cloned()
        else {
            continue;
        };
        let Some(sections) = sections.as_object() else {
            continue;
        };
        let mut attempts = vec![Vec::new()];
        let without_panels = |name: &str| {
            let mut section = sections.get(name).cloned().unwrap_or_default();
            if let Some(section) = section.as_object_mut() {
                section.shift_remove("panels");
            }
            section
        };
        attempts.extend(sections.keys().map(|name| vec![name.clone()]));
        for attempt in attempts {
            let mut draft = reading.draft.clone();
            match attempt.as_slice() {
                [] => draft.remove(&["dashboards", slug, "sections"]),
                names => {
                    for name in names {
                        draft.set(
                            &["dashboards", slug, "sections", name],
                            without_panels(name),
                        );
                    }
                }
            }
            let stack = resolve(&draft, &environment, reading.facts.catalogue, templates);
            let is_same = stack.is_ok_and(|stack| {
                let usual = stack.dashboards.iter().find(|it| it.slug == slug);
                usual.is_some_and(|usual| same_panels(one.dashboard, usual))
            });
            if is_same {
                reading.draft = draft;
                if attempt.is_empty() {
                    break;
                }
            }
        }
    }
}

/// Colours of thresholds, where panels of the setup have other ones than follow from the alerts.
fn colors(reading: &mut Reading<'_>, dashboards: &[rendered::Dashboard]) {
    let facts = reading.facts;
    let catalogue = facts.catalogue;
    for panel in dashboards.iter().flat_map(|it| it.panels()) {
        let library = catalogue.dashboards().panels().iter();
        let mut library = library.filter(|(name, _)| **name == panel.name);
        let Some(threshold) = library
            .next()
            .and_then(|(_, known)| known.threshold.as_deref())
        else {
            continue;
        };
        let Some(definition) = catalogue.alerting().thresholds.get(threshold) else {
            continue;
        };
        if reading
            .draft
            .get(&["thresholds", threshold, "colors"])
            .is_some()
        {
            continue;
        }
        let mut panels = facts.dashboards.iter().flat_map(|it| &it.panels);
        let existing =
            panels.find(|it| it.title.as_str() == panel.title && it.kind.as_str() != "row");
        let Some(steps) = existing.and_then(steps) else {
            continue;
        };
        let own: Vec<(Color, Option<f64>)> =
            panel.steps.iter().map(|it| (it.color, it.from)).collect();
        if own == steps || steps.len() < 2 {
            continue;
        }
        let pairs: Vec<(Color, f64)> = match definition.direction {
            Direction::LowerIsWorse => steps
                .windows(2)
                .filter_map(|pair| Some((pair[0].0, pair[1].1?)))
                .collect(),
            _ => steps
                .iter()
                .filter_map(|(color, from)| Some((*color, (*from)?)))
                .collect(),
        };
        let mut block = Map::new();
        for (key, color) in [
            ("yellow", Color::Yellow),
            ("orange", Color::Orange),
            ("red", Color::Red),
        ] {
            let found = pairs.iter().find(|(known, _)| *known == color);
            if let Some((_, value)) = found {
                // "Just above nothing" is nothing.
                let value = if *value == 1e-6 { 0.0 } else { *value };
                block.insert(
                    key.into(),
                    super::thresholds::written(definition.unit, value),
                );
            }
        }
        if !block.is_empty() {
            reading
                .draft
                .set(&["thresholds", threshold, "colors"], Json::Object(block));
        }
    }
}

/// The colours of a panel, ascending.
fn steps(panel: &Panel) -> Option<Vec<(Color, Option<f64>)>> {
    let defaults = panel.node.get("fieldConfig")?.get("defaults")?;
    let steps = defaults.get("thresholds")?.get("steps")?;
    steps
        .items()
        .iter()
        .map(|step| {
            let color = match step.get("color")?.as_str()? {
                "green" => Color::Green,
                "yellow" => Color::Yellow,
                "orange" => Color::Orange,
                "red" => Color::Red,
                _ => return None,
            };
            Some((
                color,
                step.get("value")
                    .and_then(|node| node.scalar_text().parse().ok()),
            ))
        })
        .collect()
}
