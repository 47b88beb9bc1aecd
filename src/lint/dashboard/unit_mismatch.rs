use super::measure::{Measure, declared, declared_units, fitting, has_one_unit, measured, shown};
use crate::diagnostic::{Level, Safety};
use crate::facts::Facts;
use crate::facts::dashboard::{Dashboard, Panel};
use crate::facts::expression::Expression;
use crate::facts::text::Text;
use crate::lint::{Findings, Lint, Need};
use crate::promql::Function;
use crate::promql::analysis::Unit;

pub(super) static LINT: Lint = Lint {
    id: "dashboard/unit-mismatch",
    level: Level::Warning,
    summary: "a panel shows its values in a unit that they do not have",
    needs: &[Need::Catalogue],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for dashboard in &facts.dashboards {
        for panel in dashboard.panels.iter().filter(|panel| has_one_unit(panel)) {
            check_panel(facts, findings, dashboard, panel);
        }
    }
}

fn check_panel(
    facts: &Facts<'_>,
    findings: &mut Findings<'_>,
    dashboard: &Dashboard,
    panel: &Panel,
) {
    // The growth of a gauge is wrong itself (`promql/rate-on-non-counter`), and what its author meant may well have the unit.
    if shown(facts, panel).any(|(_, expression)| grows_a_gauge(facts, expression)) {
        return;
    }
    let document = facts.setup.document(dashboard.document);
    for unit in declared_units(document, panel) {
        let Some(said) = declared(unit.as_str()) else {
            continue;
        };
        let mut measures = Vec::new();
        for (query, expression) in shown(facts, panel) {
            measures.push((query, expression, measured(facts, expression)));
        }
        let wrong = measures.iter().find_map(|(query, expression, measure)| {
            let measure = measure.as_ref()?;
            contradicts(measure, &said).then_some((*query, *expression, measure))
        });
        let Some((_, expression, measure)) = wrong else {
            continue;
        };
        let agree = measures
            .iter()
            .all(|(_, _, other)| other.as_ref() == Some(measure));
        let place = expression.place(
            facts.setup,
            expression.parsed[expression.parsed.root()].span,
        );
        report(findings, panel, &unit, measure, &said, agree, place);
    }
}

fn grows_a_gauge(facts: &Facts<'_>, expression: &Expression) -> bool {
    expression.analysis.reads.iter().any(|read| {
        let grows = read.function.is_some_and(Function::takes_growth);
        let mut metrics = read.metrics.iter().flatten();
        grows && metrics.any(|metric| facts.is_gauge(metric))
    })
}

/// Whether values that are `measure` are shown as something else. Shares and percentages have a lint of their own.
fn contradicts(measure: &Measure, said: &Measure) -> bool {
    match (measure, said) {
        (Measure::Unit(is), Measure::Unit(said)) => {
            // The growth of a share has no unit in Grafana.
            let is_growth_of_share = is.measures_same(&Unit::NUMBER.per(&Unit::seconds()));
            let is_share = is.is_number() && said.is_number();
            !(is_share || is_growth_of_share || is.is_same(said))
        }
        (Measure::Unit(is), Measure::Throughput) => !is.is_number(),
        // Of milliseconds since 1970 only dates are made.
        (Measure::Unit(is), Measure::Date(_)) => !is.is_same(&Unit::named("milliseconds")),
        (Measure::Date(is), Measure::Date(said)) => !is.is_same(said),
        (Measure::Date(_), _) => true,
        (Measure::Throughput, Measure::Unit(_) | Measure::Date(_)) => true,
        (Measure::Count, Measure::Unit(_) | Measure::Date(_)) => true,
        (_, _) => false,
    }
}

fn report(
    findings: &mut Findings<'_>,
    panel: &Panel,
    unit: &Text,
    measure: &Measure,
    said: &Measure,
    agree: bool,
    query: crate::setup::Place,
) {
    let message = format!(
        "{} shows {measure} in the unit `{}`",
        panel.named(),
        unit.as_str()
    );
    let mut finding = findings
        .report(unit.place, message)
        .label(format!("the values are {measure}"))
        .related("computed here", query);
    if let (Measure::Date(_), Measure::Date(_)) = (measure, said) {
        finding.help("multiply by 1000: Grafana's dates are milliseconds since 1970, those of Prometheus seconds");
        return;
    }
    let Some(fitting) = fitting(measure) else {
        return;
    };
    finding = finding.help(format!("show it in the unit `{fitting}`"));
    if agree {
        let edits = vec![(unit.place, format!("\"{fitting}\""))];
        finding.fix(
            Safety::Safe,
            format!("change the unit to `{fitting}`"),
            edits,
        );
    }
}
