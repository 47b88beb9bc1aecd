use super::json_text;
use super::measure::shown;
use super::named_metric::NamedMetrics;
use crate::diagnostic::{Level, Safety};
use crate::facts::Facts;
use crate::facts::dashboard::{Dashboard, Panel};
use crate::lint::rewriting::Edits;
use crate::lint::subject::{
    Relation, is_only, metric_read, product, relation, topics, topics_read, words,
};
use crate::lint::{Findings, Lint, Need};

pub(super) static LINT: Lint = Lint {
    id: "dashboard/title-metric-mismatch",
    level: Level::Warning,
    summary: "a mislabelled panel: its title speaks of something else than its metrics",
    needs: &[Need::Catalogue],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    let named = NamedMetrics::of(facts);
    for dashboard in &facts.dashboards {
        for panel in &dashboard.panels {
            if panel.title.as_str().is_empty() || panel.is_row() {
                continue;
            }
            if !check_product(facts, dashboard, panel, findings)
                && !check_topic(facts, dashboard, panel, findings)
            {
                named.check(facts, panel, findings);
            }
        }
    }
}

/// Whether the title names a product that a query does not measure.
fn check_product(
    facts: &Facts<'_>,
    dashboard: &Dashboard,
    panel: &Panel,
    findings: &mut Findings<'_>,
) -> bool {
    let title = panel.title.as_str();
    let Some(product) =
        product(facts.catalogue, title).filter(|product| is_only(facts.catalogue, title, *product))
    else {
        return false;
    };
    let description = panel
        .node
        .get("description")
        .map_or("", |node| node.scalar_text());
    for (query, expression) in shown(facts, panel) {
        let Relation::Foreign(metric, technology) =
            relation(facts.catalogue, &expression.parsed, product)
        else {
            continue;
        };
        // A description or a legend that names the metric's side has thought of it.
        let legend = query.legend.as_ref().map_or("", |legend| legend.as_str());
        if description.contains(metric)
            || legend.to_lowercase().contains(&technology.to_lowercase())
        {
            continue;
        }
        let place = expression.place(
            facts.setup,
            expression.parsed[expression.parsed.root()].span,
        );
        let message = format!(
            "{} says {}, but reads `{metric}`, which is of {technology}",
            panel.named(),
            product.word
        );
        let mut finding = findings
            .report(panel.title.place, message)
            .label(format!("says {}", product.word))
            .related("and reads this", place)
            .help("name the panel after what it shows, or query what its title promises");
        if let Some(name) = dashboard.title.as_ref().filter(|name| {
            crate::lint::subject::product(facts.catalogue, name.as_str()) == Some(product)
        }) {
            finding = finding.related("so does the dashboard", name.place);
        }
        if let Some((new, edits)) = retitled(facts, dashboard, panel, metric) {
            finding = finding.fix(Safety::Unsafe, format!("call it `{new}`"), edits);
        }
        let _complete = finding;
        return true;
    }
    false
}

/// Whether no metric of a Redis panel is about anything that its title names.
fn check_topic(
    facts: &Facts<'_>,
    dashboard: &Dashboard,
    panel: &Panel,
    findings: &mut Findings<'_>,
) -> bool {
    let said = topics(facts.catalogue, &words(panel.title.as_str()));
    if said.is_empty() {
        return false;
    }
    let mut read = Vec::new();
    let mut first = None;
    for (query, expression) in shown(facts, panel) {
        let Some(topics) = topics_read(facts.catalogue, &expression.parsed) else {
            return false;
        };
        read.extend(topics);
        let legend = query.legend.as_ref().map_or("", |legend| legend.as_str());
        read.extend(super::super::subject::topics(
            facts.catalogue,
            &words(legend),
        ));
        first = first.or_else(|| {
            expression
                .analysis
                .reads
                .first()
                .map(|read| (expression, read))
        });
    }
    let Some((expression, first)) =
        first.filter(|_| !said.iter().any(|topic| read.contains(topic)))
    else {
        return false;
    };
    let span = expression.parsed[first.selector].span;
    let (metric, topic) = metric_read(facts.catalogue, expression);
    let message = format!(
        "{} speaks of {}, but `{metric}` is about {topic}",
        panel.named(),
        said[0].as_str()
    );
    let finding = findings
        .report(panel.title.place, message)
        .label(format!("says {}", said[0].as_str()))
        .related("and reads this", expression.place(facts.setup, span))
        .help("name the panel after what it shows, or query what its title promises");
    if let Some((new, edits)) = retitled(facts, dashboard, panel, metric) {
        finding.fix(Safety::Unsafe, format!("call it `{new}`"), edits);
    }
    true
}

/// The panel under the name of its metric, with the old title in the description.
fn retitled(
    facts: &Facts<'_>,
    dashboard: &Dashboard,
    panel: &Panel,
    metric: &str,
) -> Option<(String, Edits)> {
    let document = facts.setup.document(dashboard.document);
    let text = json_text(document).filter(|_| !dashboard.has_elements)?;
    let bare = ["_total", "_bytes", "_seconds"]
        .iter()
        .fold(metric, |name, unit| name.strip_suffix(unit).unwrap_or(name));
    let mut title = bare.replace([':', '_'], " ");
    title.get_mut(..1)?.make_ascii_uppercase();
    let note = format!("Its title was `{}`.", panel.title.as_str());
    let description = panel
        .node
        .get("description")
        .map(|node| node.scalar_text())
        .filter(|text| !text.is_empty())
        .map_or_else(|| note.clone(), |text| format!("{text} {note}"));
    let changes = [
        ("title", Some(title.clone().into())),
        ("description", Some(description.into())),
    ];
    let splices = text.updated(&panel.node, &changes).into_iter();
    let edits = splices.map(|(span, text)| (document.place(span), text));
    Some((title, edits.collect()))
}
