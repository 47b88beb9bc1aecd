use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::facts::expression::{Expression, Origin};
use crate::lint::known_labels::{STATUS, are_unclear};
use crate::lint::{Findings, Lint, Need};
use crate::promql::{BinaryOp, Kind, NodeId};
use crate::setup::Place;
use crate::source::Span;

pub(super) static LINT: Lint = Lint {
    id: "promql/contradicting-label",
    level: Level::Warning,
    summary: "two names for the same label of one metric, of which at most one exists",
    needs: &[Need::Files],
    check,
};

/// Labels that tell one program from another.
const OF_PROGRAMS: [&str; 6] = [
    "job",
    "service",
    "app",
    "namespace",
    "container",
    "instance",
];

/// A metric of one program: another may have one of the same name, with other labels.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Metric<'f> {
    name: &'f str,
    /// The matchers that name the program.
    program: Vec<&'f str>,
}

/// Where a metric is read with a label.
struct Use<'f> {
    expression: &'f Expression,
    span: Span,
}

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    let mut uses: BTreeMap<(Metric<'_>, &str), Vec<Use<'_>>> = BTreeMap::new();
    for expression in &facts.expressions {
        if takes_either(expression) {
            continue;
        }
        for (_, node) in expression.parsed.nodes() {
            let Kind::Selector(selector) = &node.kind else {
                continue;
            };
            let name = selector.metric_name();
            let Some(name) = name.filter(|name| are_unclear(facts, name)) else {
                continue;
            };
            let program = selector
                .label_matchers()
                .filter(|matcher| OF_PROGRAMS.contains(&&*matcher.label.text))
                .map(|matcher| expression.parsed.slice(matcher.span));
            let metric = Metric {
                name,
                program: program.collect(),
            };
            for matcher in selector.label_matchers() {
                if let Some(label) = STATUS.iter().find(|label| ***label == *matcher.label.text) {
                    let used = Use {
                        expression,
                        span: matcher.label.span,
                    };
                    uses.entry((metric.clone(), label)).or_default().push(used);
                }
            }
        }
    }
    let metrics: BTreeSet<&Metric<'_>> = uses.keys().map(|(metric, _)| metric).collect();
    for metric in metrics {
        let names: Vec<(&str, &Vec<Use<'_>>)> = uses
            .range((metric.clone(), "")..)
            .take_while(|((other, _), _)| other == metric)
            .map(|((_, label), uses)| (*label, uses))
            .collect();
        // What most say is taken for right; of two as frequent the later in the alphabet, which is the more explicit one.
        let Some((usual, _)) = names
            .iter()
            .copied()
            .max_by_key(|(label, uses)| (uses.len(), *label))
        else {
            continue;
        };
        for (label, uses) in names.iter().filter(|(label, _)| *label != usual) {
            for used in uses.iter() {
                let other = names
                    .iter()
                    .find(|(name, _)| *name == usual)
                    .and_then(|(_, uses)| uses.first());
                report(facts, findings, metric.name, label, usual, used, other);
            }
        }
    }
}

/// Whether an expression is written for one name or the other.
fn takes_either(expression: &Expression) -> bool {
    let parsed = &expression.parsed;
    let labels = |side: NodeId| -> BTreeSet<&str> {
        let whole = parsed[side].span;
        parsed
            .nodes()
            .filter(|(_, node)| {
                whole.start() <= node.span.start() && node.span.end() <= whole.end()
            })
            .filter_map(|(_, node)| match &node.kind {
                Kind::Selector(selector) => Some(selector),
                _ => None,
            })
            .flat_map(|selector| selector.label_matchers())
            .filter_map(|matcher| STATUS.iter().find(|label| ***label == *matcher.label.text))
            .copied()
            .collect()
    };
    parsed.nodes().any(|(_, node)| match &node.kind {
        Kind::Binary(binary) if binary.op == BinaryOp::Or => {
            let (left, right) = (labels(binary.left), labels(binary.right));
            !left.is_empty() && !right.is_empty() && left != right
        }
        _ => false,
    })
}

fn report(
    facts: &Facts<'_>,
    findings: &mut Findings<'_>,
    metric: &str,
    label: &str,
    usual: &str,
    used: &Use<'_>,
    other: Option<&Use<'_>>,
) {
    let message = format!(
        "{} reads `{metric}` by `{label}`, elsewhere it is read by `{usual}`: at most one of them exists",
        facts.owner(used.expression)
    );
    let mut finding = findings
        .report(used.expression.place(facts.setup, used.span), message)
        .label("one of two names")
        .help(format!("look at the metric itself (`count by ({label}, {usual}) ({metric})`), and use the name that it has"));
    if let Some(other) = other {
        finding = finding.related(
            "the other name",
            other.expression.place(facts.setup, other.span),
        );
    }
    if let Some(place) = title(facts, used.expression) {
        finding.related("for this alert", place);
    }
}

/// The rule of Grafana that an expression belongs to, whose name stands far above it.
fn title(facts: &Facts<'_>, expression: &Expression) -> Option<Place> {
    let Origin::GrafanaRule { rule, .. } = expression.origin else {
        return None;
    };
    facts.grafana_rules.get(rule).map(|rule| rule.title.place)
}
