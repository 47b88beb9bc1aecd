use std::collections::BTreeMap;

use crate::diagnostic::Level;
use crate::facts::expression::{Expression, Origin};
use crate::facts::{Facts, Scraped};
use crate::lint::known_labels::{STATUS, are_unclear};
use crate::lint::{Findings, Lint, Need};
use crate::promql::Kind;
use crate::source::Span;

pub(super) static LINT: Lint = Lint {
    id: "stack/label-under-two-names",
    level: Level::Warning,
    summary: "one label of a metric is called `provider` here and `provider_name` there",
    needs: &[Need::Catalogue, Need::Files],
    check,
};

/// A label in a matcher.
type Use<'f> = (&'f Expression, Span);

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    let mut by_metric: BTreeMap<&str, BTreeMap<&str, Vec<Use<'_>>>> = BTreeMap::new();
    let mut together: Vec<(&str, &str)> = Vec::new();
    for expression in &facts.expressions {
        for (_, node) in expression.parsed.nodes() {
            let Kind::Selector(selector) = &node.kind else {
                continue;
            };
            let Some(name) = selector.metric_name() else {
                continue;
            };
            // Of an exporter that is known, the labels are known too.
            let is_known = facts
                .catalogue
                .metric(name)
                .is_some_and(|resolved| matches!(facts.scraped(resolved.exporter), Scraped::By(_)));
            if is_known || facts.recorded.contains_key(name) {
                continue;
            }
            let labels: Vec<(&str, Span)> = selector
                .label_matchers()
                .map(|matcher| (&*matcher.label.text, matcher.label.span))
                .collect();
            for (label, span) in &labels {
                let uses = by_metric.entry(name).or_default().entry(label).or_default();
                uses.push((expression, *span));
                together.extend(labels.iter().map(|(other, _)| (*label, *other)));
            }
        }
    }
    for (metric, labels) in &by_metric {
        for (short, short_uses) in labels {
            for suffix in ["_code", "_name"] {
                let long = format!("{short}{suffix}");
                let Some((long, long_uses)) = labels.get_key_value(long.as_str()) else {
                    continue;
                };
                // What stands for the status of a response, `promql/contradicting-label` compares.
                if STATUS.contains(short) && STATUS.contains(long) && are_unclear(facts, metric) {
                    continue;
                }
                // A selector that has both tells that there are both.
                if together.contains(&(short, long)) {
                    continue;
                }
                let (rare, rare_uses, common, common_uses) =
                    match short_uses.len() <= long_uses.len() {
                        true => (short, short_uses, long, long_uses),
                        false => (long, long_uses, short, short_uses),
                    };
                let Some(first) = common_uses.first().copied() else {
                    continue;
                };
                for (expression, span) in rare_uses {
                    report(
                        facts,
                        metric,
                        (rare, expression, *span),
                        (common, first),
                        findings,
                    );
                }
            }
        }
    }
}

fn report(
    facts: &Facts<'_>,
    metric: &str,
    (label, expression, span): (&str, &Expression, Span),
    (other, (other_expression, other_span)): (&str, Use<'_>),
    findings: &mut Findings<'_>,
) {
    let mut finding = findings
        .report(
            expression.place(facts.setup, span),
            format!(
                "{} asks for the label `{label}` of `{metric}`, and {} for `{other}`",
                facts.owner(expression),
                facts.owner(other_expression)
            ),
        )
        .label("another name for the same")
        .related(
            "the other name",
            other_expression.place(facts.setup, other_span),
        );
    if let Origin::GrafanaRule { rule, .. } = expression.origin
        && let Some(rule) = facts.grafana_rules.get(rule)
    {
        finding = finding.related("in this rule", rule.place);
    }
    finding
        .help("look at the application's `/metrics`, and ask for the name that is there in both places")
        .assuming("the metric has one of the two labels");
}
