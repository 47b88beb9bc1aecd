use super::measure::{Measure, declared_units, has_one_unit, measured, shown};
use crate::diagnostic::{Level, Safety};
use crate::document::Node;
use crate::facts::Facts;
use crate::facts::dashboard::{Dashboard, Panel};
use crate::facts::text::Text;
use crate::lint::{Findings, Lint, Need};
use crate::promql::analysis::Unit;
use crate::setup::Document;

pub(super) static LINT: Lint = Lint {
    id: "dashboard/percent-scale",
    level: Level::Warning,
    summary: "a share from 0 to 1 shown as a percentage from 0 to 100, or the reverse",
    needs: &[Need::Catalogue],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for dashboard in &facts.dashboards {
        let document = facts.setup.document(dashboard.document);
        for panel in &dashboard.panels {
            check_limits(document, panel, findings);
            if has_one_unit(panel) {
                check_queries(facts, dashboard, panel, findings);
            }
        }
    }
}

fn check_queries(
    facts: &Facts<'_>,
    dashboard: &Dashboard,
    panel: &Panel,
    findings: &mut Findings<'_>,
) {
    let document = facts.setup.document(dashboard.document);
    for unit in declared_units(document, panel) {
        let (wrong, right) = match unit.as_str() {
            "percent" => (Unit::NUMBER, "percentunit"),
            "percentunit" => (Unit::named("percent"), "percent"),
            _ => continue,
        };
        let mut queries = shown(facts, panel).peekable();
        let Some((_, expression)) = queries.peek().copied() else {
            continue;
        };
        let is_wrong = |measure: Option<Measure>| matches!(measure, Some(Measure::Unit(unit)) if unit.is_same(&wrong));
        if !queries.all(|(_, expression)| is_wrong(measured(facts, expression))) {
            continue;
        }
        let (is, consequence) = match right {
            "percentunit" => ("a share from 0 to 1", "0.8 reads 0.8 %"),
            _ => ("a percentage from 0 to 100", "80 reads 8000 %"),
        };
        let message = format!(
            "{} shows {is} in the unit `{}`: {consequence}",
            panel.named(),
            unit.as_str()
        );
        let place = expression.place(
            facts.setup,
            expression.parsed[expression.parsed.root()].span,
        );
        findings
            .report(unit.place, message)
            .label(format!("the values are {is}"))
            .related("computed here", place)
            .help(format!("show it in the unit `{right}`"))
            .fix(
                Safety::Safe,
                format!("change the unit to `{right}`"),
                vec![(unit.place, format!("\"{right}\""))],
            );
    }
}

/// Minimum, maximum and thresholds on the other scale than the unit.
fn check_limits(document: &Document, panel: &Panel, findings: &mut Findings<'_>) {
    let Some(defaults) = panel
        .node
        .get("fieldConfig")
        .and_then(|node| node.get("defaults"))
    else {
        return;
    };
    let unit = defaults.get("unit").map_or("", |node| node.scalar_text());
    let is_absolute = defaults
        .get("thresholds")
        .and_then(|node| node.get("mode"))
        .is_none_or(|mode| mode.scalar_text() != "percentage");
    let steps = defaults
        .get("thresholds")
        .and_then(|node| node.get("steps"))
        .map_or(&[][..], |node| node.items());
    let is_default = matches!(steps, [_, red] if is_step(red, "red", "80"));
    let steps = steps
        .iter()
        .filter(|_| is_absolute && !is_default)
        .filter_map(|step| step.get("value"));
    let limits = defaults.get("max").into_iter().chain(steps);
    let (is_wrong, says): (fn(f64) -> bool, &str) = match unit {
        // A share of 2 and more is no share.
        "percentunit" => (|limit| limit >= 5.0, "0 to 1"),
        _ => return,
    };
    let wrong = limits
        .filter(|node| node.scalar_text().parse::<f64>().is_ok_and(is_wrong))
        .map(|node| Text::of(document, node));
    // One limit stands for all: they were written together.
    if let Some(limit) = wrong.into_iter().next() {
        let message = format!(
            "{} has the unit `{unit}`, whose values are {says}, and the limit {}",
            panel.named(),
            limit.as_str()
        );
        let mut finding = findings.report(limit.place, message).label("never reached");
        if let Some(unit) = defaults.get("unit") {
            finding = finding.related("the unit", document.place(unit.span));
        }
        finding.help("write limits as shares (`0.8` for 80 %), or multiply the query by 100 and use `percent`");
    }
}

/// Grafana gives every new panel a red threshold at 80, whatever its unit.
fn is_step(step: &Node, color: &str, value: &str) -> bool {
    let is = |key: &str, text: &str| step.get(key).is_some_and(|node| node.scalar_text() == text);
    is("color", color) && is("value", value)
}
