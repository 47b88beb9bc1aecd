use super::measure::{Measure, declared_units, has_one_unit, measured, shown};
use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::facts::dashboard::Panel;
use crate::lint::{Findings, Lint, Need};
use crate::setup::Document;

pub(super) static LINT: Lint = Lint {
    id: "dashboard/mixed-units",
    level: Level::Warning,
    summary: "curves of different units share one axis",
    needs: &[Need::Catalogue],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for dashboard in &facts.dashboards {
        let document = facts.setup.document(dashboard.document);
        for panel in &dashboard.panels {
            let is_curve = matches!(panel.kind.as_str(), "timeseries" | "graph");
            if is_curve && has_one_unit(panel) && !has_own_axes(panel) {
                check_panel(facts, document, panel, findings);
            }
        }
    }
}

/// Whether some series has an axis or a scale of its own.
fn has_own_axes(panel: &Panel) -> bool {
    let overrides = panel
        .node
        .get("fieldConfig")
        .and_then(|node| node.get("overrides"));
    overrides
        .map_or(&[][..], |node| node.items())
        .iter()
        .any(|entry| {
            let properties = entry.get("properties").map_or(&[][..], |node| node.items());
            properties.iter().any(|property| {
                property
                    .get("id")
                    .is_some_and(|id| id.scalar_text().starts_with("custom.axis"))
            })
        })
}

fn check_panel(facts: &Facts<'_>, document: &Document, panel: &Panel, findings: &mut Findings<'_>) {
    let mut first: Option<(Measure, crate::setup::Place)> = None;
    for (_, expression) in shown(facts, panel) {
        let Some(measure) = measured(facts, expression) else {
            continue;
        };
        let place = expression.place(
            facts.setup,
            expression.parsed[expression.parsed.root()].span,
        );
        let Some((other, other_place)) = &first else {
            first = Some((measure, place));
            continue;
        };
        if is_alike(other, &measure) {
            continue;
        }
        let message = format!("{} draws {other} and {measure} on one axis", panel.named());
        let mut finding = findings
            .report(place, message)
            .label(measure.to_string())
            .related(other.to_string(), *other_place)
            .help(
                "give the second one its own unit and axis by an override, or a panel of its own",
            );
        if let Some(unit) = declared_units(document, panel).first() {
            finding = finding.related("one unit for all", unit.place);
        }
        let _complete = finding;
        return;
    }
}

/// Whether both can stand on one axis. A number of events beside events per second is a matter of taste.
fn is_alike(one: &Measure, other: &Measure) -> bool {
    match (one, other) {
        (Measure::Unit(one), Measure::Unit(other)) => one.is_same(other),
        (Measure::Count, _) | (_, Measure::Count) => true,
        _ => std::mem::discriminant(one) == std::mem::discriminant(other),
    }
}
