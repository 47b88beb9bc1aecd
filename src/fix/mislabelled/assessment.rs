//! What a dashboard promises, and what it shows.

use std::collections::BTreeMap;

use super::Strategy;
use super::names::subject;
use crate::diagnostic::{Diagnostic, Location};
use crate::facts::Facts;
use crate::facts::Scraped;
use crate::facts::dashboard::{Dashboard, Panel};
use crate::lint::subject::{Product, Relation, is_only, product, relation, words};

/// A mislabelled dashboard.
#[derive(Debug, Clone)]
pub struct Assessment {
    /// Index in the facts.
    pub(super) dashboard: usize,
    /// Its file, relative to the setup.
    pub path: String,
    /// Its title.
    pub title: String,
    /// The system that the title names: `redis`.
    pub promised: String,
    /// What most of its queries are about, as a word for names: `API`.
    pub shown: String,
    /// Panel by panel.
    pub panels: Vec<PanelAssessment>,
    /// The way that fits best.
    pub recommended: Strategy,
    /// Why.
    pub reason: String,
}

/// What one panel promises and shows.
#[derive(Debug, Clone)]
pub struct PanelAssessment {
    /// Index in the dashboard's panels.
    pub(super) panel: usize,
    /// Its title.
    pub title: String,
    /// What its title promises, or else its row or its dashboard; and which of them does.
    pub promised: (String, Promise),
    /// What its queries are about; `None` where nobody can tell.
    pub shown: Option<String>,
    /// A metric that shows it.
    pub evidence: Option<String>,
    /// Where that is read.
    pub location: Option<Location>,
}

/// Who promises what a panel shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Promise {
    /// Its own title.
    Panel,
    /// The row that it stands in.
    Row,
    /// The dashboard.
    Dashboard,
}

impl Promise {
    /// Completes "promised by …".
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Panel => "its title",
            Self::Row => "its row",
            Self::Dashboard => "the dashboard",
        }
    }
}

impl PanelAssessment {
    /// Whether it shows something else than is promised.
    pub fn is_mislabelled(&self) -> bool {
        self.shown
            .as_ref()
            .is_some_and(|shown| !shown.eq_ignore_ascii_case(&self.promised.0))
    }
}

/// Every mislabelled dashboard among the findings. One that deliberately has sections for different systems is left alone.
pub fn assess(facts: &Facts<'_>, findings: &[Diagnostic]) -> Vec<Assessment> {
    facts
        .dashboards
        .iter()
        .enumerate()
        .filter_map(|(index, dashboard)| {
            let title = dashboard.title.as_ref()?;
            let place = facts.setup.location(title.place);
            let is_found = findings.iter().any(|finding| {
                finding.id == "dashboard/dashboard-identity-mismatch"
                    && finding.location.as_ref().is_some_and(|location| {
                        location.file.path() == place.file.path() && location.span == place.span
                    })
            });
            let product = product(facts.catalogue, title.as_str()).filter(|_| is_found)?;
            assessment(facts, index, product)
        })
        .collect()
}

fn assessment(facts: &Facts<'_>, index: usize, product: Product<'_>) -> Option<Assessment> {
    let dashboard = &facts.dashboards[index];
    let panels: Vec<PanelAssessment> = dashboard
        .panels
        .iter()
        .enumerate()
        .filter(|(_, panel)| !panel.is_row())
        .map(|(panel, _)| panel_assessment(facts, dashboard, panel, product))
        .collect();
    if is_deliberate(&panels) {
        return None;
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for shown in panels.iter().filter_map(|panel| panel.shown.as_deref()) {
        if !shown.eq_ignore_ascii_case(product.word) {
            *counts.entry(shown).or_default() += 1;
        }
    }
    // The first of the most frequent ones.
    let most = counts.values().max()?;
    let shown = counts.iter().find(|(_, count)| *count == most)?.0;
    let (recommended, reason) = recommendation(facts, index, product, shown, &panels);
    Some(Assessment {
        dashboard: index,
        path: facts.setup.document(dashboard.document).path.to_string(),
        title: dashboard.title.as_ref()?.value.to_string(),
        promised: product.word.to_owned(),
        shown: (*shown).to_owned(),
        recommended,
        reason,
        panels,
    })
}

/// Whether every panel that shows something else stands under a row that says so.
fn is_deliberate(panels: &[PanelAssessment]) -> bool {
    let mut mislabelled = panels.iter().filter(|panel| panel.is_mislabelled());
    let keeps = panels
        .iter()
        .any(|panel| panel.promised.1 == Promise::Row && !panel.is_mislabelled());
    keeps && mislabelled.all(|panel| panel.promised.1 == Promise::Panel)
}

/// The row that a panel stands in: the one that holds it, or the last open one before it.
pub(super) fn row_of(dashboard: &Dashboard, panel: usize) -> Option<(usize, &Panel)> {
    let index = dashboard.panels[panel].row.or_else(|| {
        dashboard.panels[..panel]
            .iter()
            .rposition(|other| other.is_row() && other.row.is_none())
    })?;
    Some((index, dashboard.panels.get(index)?))
}

fn panel_assessment(
    facts: &Facts<'_>,
    dashboard: &Dashboard,
    index: usize,
    of_dashboard: Product<'_>,
) -> PanelAssessment {
    let panel = &dashboard.panels[index];
    let title = panel.title.as_str();
    let row = row_of(dashboard, index).map(|(_, row)| row.title.as_str());
    let promised = |title: &str| {
        product(facts.catalogue, title)
            .filter(|product| is_only(facts.catalogue, title, *product))
            .map(|product| subject(product.word))
            .or_else(|| speaks_of_application(title).then(|| "API".to_owned()))
    };
    let promised = match (promised(title), row.and_then(promised)) {
        (Some(word), _) => (word, Promise::Panel),
        (None, Some(word)) => (word, Promise::Row),
        (None, None) => (subject(of_dashboard.word), Promise::Dashboard),
    };
    let mut shown = None;
    let mut evidence = None;
    let mut location = None;
    for query in &panel.queries {
        let Some(expression) = query.expression.map(|id| facts.expression(id)) else {
            continue;
        };
        let (word, metric) = match relation(facts.catalogue, &expression.parsed, of_dashboard) {
            Relation::About => (subject(of_dashboard.word), None),
            Relation::Foreign(metric, technology) => (subject(technology), Some(metric)),
            Relation::Unclear => continue,
        };
        let metric = metric.map(str::to_owned).or_else(|| {
            let used = expression.parsed.selectors();
            let name = used.first()?.selector.metric_name()?;
            Some(name.to_owned())
        });
        let span = expression.parsed[expression.parsed.root()].span;
        shown = Some(word);
        evidence = metric;
        location = Some(facts.setup.location(expression.place(facts.setup, span)));
        break;
    }
    PanelAssessment {
        panel: index,
        title: title.to_owned(),
        promised,
        shown,
        evidence,
        location,
    }
}

/// Whether a title says by itself that it is about an application.
fn speaks_of_application(title: &str) -> bool {
    const SIGNS: [&str; 6] = ["api", "http", "application", "app", "backend", "endpoint"];
    words(title)
        .iter()
        .any(|word| SIGNS.contains(&word.as_str()))
}

fn recommendation(
    facts: &Facts<'_>,
    index: usize,
    product: Product<'_>,
    shown: &str,
    panels: &[PanelAssessment],
) -> (Strategy, String) {
    let word = subject(product.word);
    let is_redis = matches!(product.word, "redis" | "valkey");
    let scraped = facts
        .catalogue
        .exporter("redis_exporter")
        .map_or(Scraped::Unknown, |exporter| facts.scraped(exporter));
    if !is_redis {
        let reason =
            format!("the panels are sound and about the {shown}; only the names are wrong");
        return (Strategy::Rename, reason);
    }
    if scraped == Scraped::Nowhere {
        let reason = "no job scrapes redis_exporter: panels of Redis would stay empty".to_owned();
        return (Strategy::Rename, reason);
    }
    let other = facts
        .dashboards
        .iter()
        .enumerate()
        .find(|(other, dashboard)| *other != index && shows(facts, dashboard, product));
    if let Some((_, other)) = other {
        let reason = format!(
            "`{}` shows {word} already; the panels here are sound and about the {shown}, only their names are wrong",
            facts.setup.document(other.document).path
        );
        return (Strategy::Rename, reason);
    }
    let own_promises = panels
        .iter()
        .filter(|panel| panel.is_mislabelled() && panel.promised.1 == Promise::Panel)
        .count();
    if own_promises * 2 > panels.len() {
        let reason = format!("most panels promise {word} by their own titles");
        return (Strategy::Replace, reason);
    }
    let reason = format!(
        "no other dashboard shows {word}, and the panels about the {shown} are sound: both are worth having"
    );
    (Strategy::Split, reason)
}

/// Whether a dashboard has at least three panels about the product.
fn shows(facts: &Facts<'_>, dashboard: &Dashboard, product: Product<'_>) -> bool {
    let is_about = |panel: &&Panel| {
        panel.queries.iter().any(|query| {
            query.expression.is_some_and(|id| {
                let parsed = &facts.expression(id).parsed;
                parsed.selectors().iter().any(|used| {
                    used.selector
                        .metric_name()
                        .is_some_and(|name| name.starts_with(product.word))
                })
            })
        })
    };
    dashboard.panels.iter().filter(is_about).nth(2).is_some()
}
