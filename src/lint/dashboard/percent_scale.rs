use super::measure::{Measure, declared_units, has_one_unit, measured, shown};
use crate::diagnostic::{Level, Safety};
use crate::document::{Node, Value};
use crate::facts::Facts;
use crate::facts::dashboard::{Dashboard, Panel};
use crate::facts::expression::Expression;
use crate::facts::text::Text;
use crate::lint::rewriting::Edits;
use crate::lint::{Findings, Lint, Need};
use crate::promql::analysis::Unit;
use crate::promql::{BinaryOp, Kind, NodeId};
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
        let is_percentage = |expression: &Expression| {
            right == "percent" && is_quotient_times_100(expression, expression.parsed.root())
        };
        if !queries.all(|(_, expression)| {
            is_wrong(measured(facts, expression)) || is_percentage(expression)
        }) {
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
        let finding = findings
            .report(unit.place, message)
            .label(format!("the values are {is}"))
            .related("computed here", place)
            .help(format!("show it in the unit `{right}`"));
        let Some(limits) = moved_limits(document, panel, right) else {
            continue;
        };
        let title = match limits.is_empty() {
            true => format!("change the unit to `{right}`"),
            false => format!("change the unit to `{right}`, and the limits with it"),
        };
        let mut edits = vec![(unit.place, format!("\"{right}\""))];
        edits.extend(limits);
        finding.fix(Safety::Safe, title, edits);
    }
}

/// Whether an expression divides and multiplies by 100, as one does for a percentage: so it is one, whatever is divided.
fn is_quotient_times_100(expression: &Expression, id: NodeId) -> bool {
    let parsed = &expression.parsed;
    let Kind::Binary(binary) = &parsed[parsed.bare(id)].kind else {
        return false;
    };
    let number = |id| parsed.number(id);
    match (binary.op, number(binary.left), number(binary.right)) {
        (BinaryOp::Mul, None, Some(100.0)) => is_quotient(expression, binary.left),
        (BinaryOp::Mul, Some(100.0), None) => is_quotient(expression, binary.right),
        // `100 * a / b` is `(100 * a) / b`.
        (BinaryOp::Div, None, None) => matches!(
            &parsed[parsed.bare(binary.left)].kind,
            Kind::Binary(inner) if inner.op == BinaryOp::Mul
                && [number(inner.left), number(inner.right)].contains(&Some(100.0))
        ),
        _ => false,
    }
}

fn is_quotient(expression: &Expression, id: NodeId) -> bool {
    let parsed = &expression.parsed;
    matches!(
        &parsed[parsed.bare(id)].kind,
        Kind::Binary(binary) if binary.op == BinaryOp::Div
            && parsed.number(binary.left).is_none()
            && parsed.number(binary.right).is_none()
    )
}

/// The limits of a panel on the scale of the unit `right`: those that were written for the unit it had have to come along. `None`
/// where nobody can tell on which scale they are.
fn moved_limits(document: &Document, panel: &Panel, right: &str) -> Option<Edits> {
    let limits = limits(panel)?;
    let numbers: Vec<f64> = limits
        .iter()
        .map(|node| node.scalar_text().parse())
        .collect::<Result<_, _>>()
        .ok()?;
    let are_shares = numbers.iter().all(|limit| limit.abs() <= 1.0);
    let are_percentages = numbers.iter().any(|limit| is_percentage(*limit));
    let is_zero = numbers.iter().all(|limit| *limit == 0.0);
    let scale = match (right, are_shares, are_percentages) {
        _ if is_zero => return Some(Vec::new()),
        ("percentunit", true, _) | ("percent", _, true) => return Some(Vec::new()),
        ("percentunit", _, true) => 0.01,
        ("percent", true, _) => 100.0,
        _ => return None,
    };
    let moved = limits.iter().zip(numbers).map(|(node, limit)| {
        // Nine digits behind the point: what binary fractions add is further behind.
        let moved = (limit * scale * 1e9).round() / 1e9;
        (document.place(node.span), moved.to_string())
    });
    Some(moved.collect())
}

/// Minimum, maximum and absolute thresholds of a panel; `None` where some are in overrides or among options of old panels.
fn limits(panel: &Panel) -> Option<Vec<&Node>> {
    let config = panel.node.get("fieldConfig");
    let overrides = config.and_then(|node| node.get("overrides"));
    let mut properties = overrides
        .map_or(&[][..], |node| node.items())
        .iter()
        .filter_map(|entry| entry.get("properties"))
        .flat_map(|list| list.items());
    let is_limit = |property: &Node| {
        property
            .get("id")
            .is_some_and(|id| matches!(id.scalar_text(), "min" | "max" | "thresholds"))
    };
    if properties.any(is_limit) || has_old_limits(panel) {
        return None;
    }
    let defaults = config.and_then(|node| node.get("defaults"));
    let bounds = ["min", "max"]
        .iter()
        .filter_map(|key| defaults?.get(key))
        .filter(|node| node.value != Value::Null);
    let steps = defaults.map_or_else(Vec::new, steps);
    Some(bounds.chain(steps).collect())
}

/// Whether a panel of an old type has limits, each type in a form of its own.
fn has_old_limits(panel: &Panel) -> bool {
    let is_given = |node: &Node| !node.items().is_empty() || !node.scalar_text().is_empty();
    let axis = panel
        .node
        .get("yaxes")
        .and_then(|axes| axes.items().first());
    let gauge = panel.node.get("gauge").and_then(|gauge| gauge.get("show"));
    ["min", "max"]
        .iter()
        .any(|key| axis.and_then(|axis| axis.get(key)).is_some_and(is_given))
        || panel.node.get("thresholds").is_some_and(is_given)
        || gauge.is_some_and(|show| show.scalar_text() == "true")
}

/// The values of absolute thresholds that somebody chose.
fn steps(defaults: &Node) -> Vec<&Node> {
    let thresholds = defaults.get("thresholds");
    let is_absolute = thresholds
        .and_then(|node| node.get("mode"))
        .is_none_or(|mode| mode.scalar_text() != "percentage");
    let steps = thresholds
        .and_then(|node| node.get("steps"))
        .map_or(&[][..], |node| node.items());
    let is_default = matches!(steps, [_, red] if is_step(red, "red", "80"));
    steps
        .iter()
        .filter(|_| is_absolute && !is_default)
        .filter_map(|step| step.get("value"))
        .filter(|value| value.value != Value::Null)
        .collect()
}

/// A share of 5 and more is no share.
fn is_percentage(limit: f64) -> bool {
    limit >= 5.0
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
    if unit != "percentunit" {
        return;
    }
    let limits = defaults.get("max").into_iter().chain(steps(defaults));
    let mut wrong = limits
        .filter(|node| {
            let limit = node.scalar_text().parse::<f64>();
            limit.is_ok_and(is_percentage)
        })
        .map(|node| Text::of(document, node));
    // One limit stands for all: they were written together.
    if let Some(limit) = wrong.next() {
        let message = format!(
            "{} has the unit `{unit}`, whose values are 0 to 1, and the limit {}",
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
