use std::collections::BTreeMap;

use crate::catalogue::Evidence;
use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::facts::expression::{Expression, Origin};
use crate::lint::{Findings, Lint, Need};
use crate::promql::Kind;
use crate::setup::Place;
use crate::source::Span;

pub(super) static LINT: Lint = Lint {
    id: "promql/contradicting-label",
    level: Level::Warning,
    summary: "two names for the same label of one metric, of which at most one exists",
    needs: &[Need::Files],
    check,
};

/// Names under which programs expose the status of a response: one metric has one of them.
const STATUS: [&str; 5] = [
    "status",
    "status_code",
    "code",
    "http_status",
    "response_code",
];

/// Where a metric is read with a label.
struct Use<'f> {
    expression: &'f Expression,
    span: Span,
}

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    let mut uses: BTreeMap<(&str, &str), Vec<Use<'_>>> = BTreeMap::new();
    for expression in &facts.expressions {
        for (_, node) in expression.parsed.nodes() {
            let Kind::Selector(selector) = &node.kind else {
                continue;
            };
            // Of metrics that are known by name and prefix `promql/unknown-label` says which name is right.
            let is_unclear = |name: &&str| {
                let prefix = facts.catalogue.prefixes().of(name);
                facts.resolved(name).is_none()
                    || prefix.is_none_or(|prefix| prefix.evidence != Evidence::Strong)
            };
            let Some(metric) = selector.metric_name().filter(is_unclear) else {
                continue;
            };
            for matcher in selector.label_matchers() {
                if let Some(label) = STATUS.iter().find(|label| ***label == *matcher.label.text) {
                    let used = Use {
                        expression,
                        span: matcher.label.span,
                    };
                    uses.entry((metric, label)).or_default().push(used);
                }
            }
        }
    }
    let metrics: std::collections::BTreeSet<&str> =
        uses.keys().map(|(metric, _)| *metric).collect();
    for metric in metrics {
        let names: Vec<(&str, &Vec<Use<'_>>)> = uses
            .range((metric, "")..)
            .take_while(|((name, _), _)| *name == metric)
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
                report(facts, findings, metric, label, usual, used, other);
            }
        }
    }
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
