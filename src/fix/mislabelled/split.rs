//! Rows by what the panels show.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use super::assessment::Assessment;
use super::library::{Replacement, is_specific, panels};
use super::names::subject;
use super::rename::panel_titles;
use super::{Draft, Impossible, quoted};
use crate::catalogue::{Catalogue, PanelSize};
use crate::document::{Item, JsonText, Node, Splice, spliced};
use crate::facts::Facts;
use crate::facts::dashboard::{Dashboard, Panel};
use crate::model::dashboard::{COLUMNS, Place, place};
use crate::source::Span;

/// The library's dashboard whose panels are what nobody wants to miss of Redis.
const ESSENTIAL: &str = "redis-services";

pub(super) fn draft(
    facts: &Facts<'_>,
    catalogue: &Catalogue,
    assessment: &Assessment,
    unwanted: &BTreeSet<String>,
) -> Result<Draft, Impossible> {
    let dashboard = &facts.dashboards[assessment.dashboard];
    let document = facts.setup.document(dashboard.document);
    if !matches!(assessment.promised.as_str(), "redis" | "valkey") {
        return Err(Impossible::NoLibrary(subject(&assessment.promised)));
    }
    let list = dashboard
        .node
        .get("panels")
        .filter(|_| dashboard.node.get("rows").is_none())
        .ok_or(Impossible::OtherSchema)?;
    let titles: Vec<(&Panel, String)> = panel_titles(facts, assessment);
    let mut draft = Draft::default();
    let names: Vec<&str> = catalogue
        .dashboards()
        .dashboards()
        .get(ESSENTIAL)
        .map_or_else(Vec::new, |library| library.panels().collect());
    let missing: Vec<Replacement> = panels(facts, catalogue, dashboard, &names)?
        .into_iter()
        .filter(|panel| is_specific(panel, dashboard) && !unwanted.contains(&panel.title))
        .collect();
    let mut layout = Layout {
        source: document.text.text(),
        next_id: next_id(dashboard.panels.iter()),
        y: 0,
        items: Vec::new(),
    };
    let sections = sections(facts, assessment);
    let of_promised = subject(&assessment.promised);
    let own: &[usize] = sections
        .get(of_promised.as_str())
        .map_or(&[], Vec::as_slice);
    layout.row(&format!("{of_promised} infrastructure"));
    layout.added(&missing);
    for panel in &missing {
        draft.done.push(format!("panel `{}` is added", panel.title));
    }
    layout.kept(own.iter().map(|index| &dashboard.panels[*index]), &titles);
    for (section, indices) in &sections {
        if *section == of_promised {
            continue;
        }
        let title = match section.as_str() {
            "API" => "API performance".to_owned(),
            "Cache" => "Application cache".to_owned(),
            other => other.to_owned(),
        };
        draft.done.push(format!(
            "row `{title}` takes panels: {}",
            titles_of(dashboard, indices)
        ));
        layout.row(&title);
        layout.kept(
            indices.iter().map(|index| &dashboard.panels[*index]),
            &titles,
        );
    }
    for (panel, title) in &titles {
        draft.done.push(format!(
            "panel: `{}` becomes `{title}`",
            panel.title.as_str()
        ));
    }
    let items: Vec<Item<'_>> = layout
        .items
        .iter()
        .map(|item| match item {
            Placed::New(json) => Item::New(json),
            Placed::Kept(text) => Item::Kept(text),
        })
        .collect();
    draft
        .splices
        .push(JsonText::new(document.text.text()).listed(list, &items));
    Ok(draft)
}

fn titles_of(dashboard: &Dashboard, panels: &[usize]) -> String {
    let titles: Vec<String> = panels
        .iter()
        .map(|index| format!("`{}`", dashboard.panels[*index].title.as_str()))
        .collect();
    titles.join(", ")
}

/// Panels by what they show, those about Redis and its use first; panels of which nobody can tell stay with the ones before them.
fn sections(facts: &Facts<'_>, assessment: &Assessment) -> BTreeMap<String, Vec<usize>> {
    let dashboard = &facts.dashboards[assessment.dashboard];
    let mut sections: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let mut last = assessment.shown.clone();
    for panel in &assessment.panels {
        let is_cache = panel.evidence.as_ref().is_some_and(|metric| {
            metric.contains("cache") && !metric.starts_with(&assessment.promised)
        });
        let section = match &panel.shown {
            _ if is_cache => "Cache".to_owned(),
            Some(shown) => shown.clone(),
            None => last.clone(),
        };
        last.clone_from(&section);
        if dashboard.panels.get(panel.panel).is_some() {
            sections.entry(section).or_default().push(panel.panel);
        }
    }
    // A panel alone makes no row: it stays beside what most panels show.
    let of_promised = subject(&assessment.promised);
    let alone: Vec<String> = sections
        .iter()
        .filter(|(section, panels)| {
            panels.len() < 2
                && **section != of_promised
                && **section != assessment.shown
                && *section != "Cache"
        })
        .map(|(section, _)| section.clone())
        .collect();
    for section in alone {
        let panels = sections.remove(&section).unwrap_or_default();
        let most = sections.entry(assessment.shown.clone()).or_default();
        most.extend(panels);
        most.sort_unstable();
    }
    sections
}

fn next_id<'p>(panels: impl Iterator<Item = &'p Panel>) -> u64 {
    let ids = panels.filter_map(|panel| panel.id.as_ref()?.as_str().parse::<u64>().ok());
    ids.max().unwrap_or_default() + 1
}

enum Placed {
    New(Json),
    Kept(String),
}

/// Rows and panels from top to bottom.
struct Layout<'s> {
    source: &'s str,
    next_id: u64,
    y: u32,
    items: Vec<Placed>,
}

impl Layout<'_> {
    fn id(&mut self) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        id
    }

    fn row(&mut self, title: &str) {
        let id = self.id();
        self.items.push(Placed::New(json!({
            "collapsed": false,
            "gridPos": {"h": 1, "w": COLUMNS, "x": 0, "y": self.y},
            "id": id,
            "panels": [],
            "title": title,
            "type": "row",
        })));
        self.y += 1;
    }

    fn added(&mut self, panels: &[Replacement]) {
        let sizes: Vec<PanelSize> = panels.iter().map(|panel| panel.size).collect();
        let (places, below) = place(&sizes, self.y);
        for (panel, place) in panels.iter().zip(places) {
            let mut json = panel.json.clone();
            json["id"] = self.id().into();
            json["gridPos"] = grid(place);
            self.items.push(Placed::New(json));
        }
        self.y = below;
    }

    /// Panels as they were written, but for their places and for titles that are not true.
    fn kept<'p>(&mut self, panels: impl Iterator<Item = &'p Panel>, titles: &[(&Panel, String)]) {
        let panels: Vec<&Panel> = panels.collect();
        let sizes: Vec<PanelSize> = panels.iter().map(|panel| size(&panel.node)).collect();
        let (places, below) = place(&sizes, self.y);
        for (panel, place) in panels.into_iter().zip(places) {
            let text = JsonText::new(self.source);
            let mut splices: Vec<Splice> = match panel.node.get("gridPos") {
                Some(node) => text.updated(
                    node,
                    &[
                        ("h", Some(place.h.into())),
                        ("w", Some(place.w.into())),
                        ("x", Some(place.x.into())),
                        ("y", Some(place.y.into())),
                    ],
                ),
                None => text.updated(&panel.node, &[("gridPos", Some(grid(place)))]),
            };
            let renamed = titles
                .iter()
                .find(|(other, _)| other.node.span == panel.node.span);
            if let Some((_, title)) = renamed {
                splices.push((panel.title.place.span, quoted(title)));
            }
            let span = panel.node.span;
            let within = splices
                .into_iter()
                .map(|(at, text)| {
                    (
                        Span::new(at.start() - span.start(), at.end() - span.start()),
                        text,
                    )
                })
                .collect::<Vec<_>>();
            let written = &self.source[span.start()..span.end()];
            self.items.push(Placed::Kept(spliced(written, &within)));
        }
        self.y = below;
    }
}

fn grid(place: Place) -> Json {
    json!({"h": place.h, "w": place.w, "x": place.x, "y": place.y})
}

fn size(panel: &Node) -> PanelSize {
    let number = |key: &str| {
        let node = panel.get("gridPos")?.get(key)?;
        node.scalar_text().parse::<u8>().ok()
    };
    PanelSize {
        width: number("w").unwrap_or(12).clamp(1, COLUMNS),
        height: number("h").unwrap_or(8).max(1),
    }
}
