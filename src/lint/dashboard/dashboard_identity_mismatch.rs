use super::measure::shown;
use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::facts::dashboard::Dashboard;
use crate::lint::subject::{Relation, is_only, product, relation};
use crate::lint::{Findings, Lint, Need};
use crate::setup::Place;

pub(super) static LINT: Lint = Lint {
    id: "dashboard/dashboard-identity-mismatch",
    level: Level::Warning,
    summary: "a mislabelled dashboard: its title names one system, most of its metrics are of another",
    needs: &[Need::Catalogue],
    check,
};

/// Fewer queries than that are no majority of anything.
const FEWEST: usize = 3;

/// So many of the foreign queries are shown; more would hide the finding.
const SHOWN: usize = 12;

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for dashboard in &facts.dashboards {
        check_dashboard(facts, dashboard, findings);
    }
}

fn check_dashboard(facts: &Facts<'_>, dashboard: &Dashboard, findings: &mut Findings<'_>) {
    let Some(title) = &dashboard.title else {
        return;
    };
    let Some(product) = product(facts.catalogue, title.as_str())
        .filter(|product| is_only(facts.catalogue, title.as_str(), *product))
    else {
        return;
    };
    let mut about = 0_usize;
    let mut all = 0_usize;
    let mut foreign: Vec<(Place, &str, &str)> = Vec::new();
    for panel in &dashboard.panels {
        for (_, expression) in shown(facts, panel) {
            all += 1;
            match relation(facts.catalogue, &expression.parsed, product) {
                Relation::About => about += 1,
                Relation::Foreign(metric, technology) => {
                    let place = expression.place(
                        facts.setup,
                        expression.parsed[expression.parsed.root()].span,
                    );
                    foreign.push((place, metric, technology));
                }
                Relation::Unclear => {}
            }
        }
    }
    // Most queries are of something else, and hardly any of what the title says.
    if foreign.len() < FEWEST || foreign.len() * 5 < all * 3 || about * 5 > all {
        return;
    }
    let message = format!(
        "{} speaks of {}, but {} of its {all} queries read other systems and {about} read {}",
        dashboard.named(),
        product.word,
        foreign.len(),
        product.word
    );
    let mut finding = findings
        .report(title.place, message)
        .label(format!("says {}", product.word))
        .help("name the dashboard (title, tags, uid, file) after what it shows, or query what it promises");
    for (place, metric, technology) in foreign.into_iter().take(SHOWN) {
        finding = finding.related(format!("`{metric}` is of {technology}"), place);
    }
}
