use crate::catalogue::{Circumstances, Evidence, Resolved};
use crate::diagnostic::{Level, Safety};
use crate::facts::dashboard::Variable;
use crate::facts::expression::Expression;
use crate::facts::{Facts, Scraped};
use crate::lint::known_labels::{Attached, OF_EVERY_TARGET};
use crate::lint::{Findings, Lint, Need};
use crate::promql::{Kind, MatchOp, Matcher, regex_alternatives};
use crate::source::Span;

pub(super) static LINT: Lint = Lint {
    id: "promql/unknown-label",
    level: Level::Error,
    summary: "a matcher on a label, or on a value, that the metric never has",
    needs: &[Need::Catalogue, Need::Files],
    check,
};

/// Labels that say the same under different names.
const SYNONYMS: [&[&str]; 3] = [
    &["status", "status_code", "code", "http_status"],
    &["path", "handler", "endpoint", "route", "uri"],
    &["db", "database"],
];

/// Labels whose values are names of hosts, programs and jobs, in which no `*` and no `+` can be. Routes of an application may be patterns.
const OF_NAMES: [&str; 16] = [
    "app",
    "cluster",
    "container",
    "deployment",
    "env",
    "environment",
    "host",
    "hostname",
    "instance",
    "job",
    "namespace",
    "node",
    "nodename",
    "pod",
    "service",
    "statefulset",
];

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    let attached = Attached::of(facts);
    for expression in &facts.expressions {
        for (_, node) in expression.parsed.nodes() {
            let Kind::Selector(selector) = &node.kind else {
                continue;
            };
            for matcher in selector.label_matchers() {
                check_pattern(facts, expression, matcher, findings);
            }
            let Some(name) = selector
                .metric_name()
                .filter(|name| !facts.recorded.contains_key(*name))
            else {
                continue;
            };
            let known: Vec<Resolved<'_>> = facts
                .catalogue
                .exporters()
                .filter_map(|exporter| exporter.resolve(name))
                .collect();
            for matcher in selector.label_matchers() {
                check_matcher(
                    facts, &attached, expression, name, &known, matcher, findings,
                );
            }
        }
        check_groupings(facts, &attached, expression, findings);
    }
    for variable in facts
        .dashboards
        .iter()
        .flat_map(|dashboard| &dashboard.variables)
    {
        check_variable(facts, &attached, variable, findings);
    }
}

/// A pattern that is compared as a text.
fn check_pattern(
    facts: &Facts<'_>,
    expression: &Expression,
    matcher: &Matcher,
    findings: &mut Findings<'_>,
) {
    let (operator, consequence) = match matcher.op {
        MatchOp::Equal => ("=~", "no series has it"),
        MatchOp::NotEqual => ("!~", "every series passes"),
        MatchOp::Regex | MatchOp::NotRegex => return,
    };
    let value = matcher.value.text();
    let is_pattern = value.contains(".*") || value.contains(".+");
    let label = &*matcher.label.text;
    if !is_pattern || matcher.value.has_variables || !OF_NAMES.contains(&label) {
        return;
    }
    let message = format!(
        "{} compares `{label}` with the text `{value}`, a pattern: {consequence}",
        facts.owner(expression)
    );
    let operator_at = Span::new(matcher.label.span.end(), matcher.value.span.start());
    findings
        .report(expression.place(facts.setup, matcher.value.span), message)
        .label("compared letter by letter")
        .help(format!("patterns are compared by `{operator}`"))
        .fix(
            Safety::Unsafe,
            format!("compare by `{operator}`"),
            vec![expression.edit(facts.setup, operator_at, operator)],
        );
}

/// Groups by a label that no series under the aggregation can have.
fn check_groupings(
    facts: &Facts<'_>,
    attached: &Attached,
    expression: &Expression,
    findings: &mut Findings<'_>,
) {
    for (_, node) in expression.parsed.nodes() {
        let Kind::Aggregation(aggregation) = &node.kind else {
            continue;
        };
        let Some(grouping) = aggregation.grouping.as_ref().filter(|by| !by.without) else {
            continue;
        };
        for label in &grouping.labels {
            let name = &*label.text;
            if label.has_variables {
                continue;
            }
            let Some(metric) = attached.metric_without(facts, findings, expression, name) else {
                continue;
            };
            let message = format!(
                "{} groups by the label `{name}`, which `{metric}` does not have",
                facts.owner(expression)
            );
            let finding = findings
                .report(expression.place(facts.setup, label.span), message)
                .level(Level::Warning)
                .label("no such label");
            finding.help(labels_of(facts, metric));
        }
    }
}

/// A variable that lists the values of a label which the metric does not have.
fn check_variable(
    facts: &Facts<'_>,
    attached: &Attached,
    variable: &Variable,
    findings: &mut Findings<'_>,
) {
    let (Some(query), Some(id)) = (&variable.query, variable.expression) else {
        return;
    };
    let text = query.as_str();
    let Some(comma) = text
        .rfind(',')
        .filter(|_| text.trim_start().starts_with("label_values"))
    else {
        return;
    };
    let rest = &text[comma + 1..];
    let label = rest.trim().trim_end_matches(')').trim_end();
    let start = comma + 1 + rest.len() - rest.trim_start().len();
    let Some(metric) = attached.metric_without(facts, findings, facts.expression(id), label) else {
        return;
    };
    let name = variable.name.as_str();
    let message = format!(
        "variable `{name}` lists the values of the label `{label}`, which `{metric}` does not have: the list is empty"
    );
    findings
        .report(
            query.part(facts.setup, Span::new(start, start + label.len())),
            message,
        )
        .level(Level::Warning)
        .label("no such label")
        .help(labels_of(facts, metric));
}

/// What there is instead, as help.
fn labels_of(facts: &Facts<'_>, metric: &str) -> String {
    let resolved = facts
        .catalogue
        .exporters()
        .find_map(|exporter| exporter.resolve(metric));
    let labels: Vec<String> = resolved
        .iter()
        .flat_map(|resolved| resolved.metric.all_labels())
        .chain(OF_EVERY_TARGET)
        .map(|label| format!("`{label}`"))
        .collect();
    format!("use one of its labels: {}", labels.join(", "))
}

fn check_matcher(
    facts: &Facts<'_>,
    attached: &Attached,
    expression: &Expression,
    name: &str,
    known: &[Resolved<'_>],
    matcher: &Matcher,
    findings: &mut Findings<'_>,
) {
    let label = &*matcher.label.text;
    // `label=""` and `label!="x"` hold for series without it.
    let asks_for_it = match matcher.op {
        MatchOp::Equal => !matcher.value.bytes.is_empty(),
        MatchOp::Regex => !matcher.value.has_variables && check_empty(&matcher.value.text()),
        _ => false,
    };
    if known.is_empty()
        || !asks_for_it
        || matcher.label.has_variables
        || attached.has(label)
        || findings.options().labels.iter().any(|known| known == label)
        || facts
            .given
            .metrics
            .labels(name)
            .is_some_and(|labels| labels.contains(label))
    {
        return;
    }
    let circumstances = |resolved: &Resolved<'_>| match facts.scraped(resolved.exporter) {
        Scraped::By(all) => all,
        _ => vec![Circumstances::default()],
    };
    let has_label = known.iter().any(|resolved| {
        circumstances(resolved)
            .iter()
            .any(|all| resolved.labels(all).contains(&label))
    });
    let scraped = known
        .iter()
        .any(|resolved| matches!(facts.scraped(resolved.exporter), Scraped::By(_)));
    // A name that many programs use says nothing of who exposes it here.
    let is_common = facts
        .catalogue
        .prefixes()
        .of(name)
        .is_none_or(|prefix| prefix.evidence != Evidence::Strong);
    if !scraped && is_common {
        return;
    }
    if has_label {
        check_value(facts, expression, name, known, matcher, scraped, findings);
        return;
    }
    let labels: Vec<&str> = known
        .iter()
        .flat_map(|resolved| resolved.metric.all_labels())
        .collect();
    let synonyms = SYNONYMS
        .iter()
        .find(|names| names.contains(&label))
        .copied()
        .unwrap_or_default();
    let meant = labels
        .iter()
        .copied()
        .find(|known| synonyms.contains(known))
        .or_else(|| {
            labels
                .iter()
                .copied()
                .find(|known| strsim::damerau_levenshtein(known, label) <= 2 && known.len() > 3)
        });
    // Where anything may attach labels, only a slip is certain enough.
    if meant.is_none() && (attached.is_open || !scraped) {
        return;
    }
    let place = expression.place(facts.setup, matcher.label.span);
    let message = format!(
        "{} asks for the label `{label}` of `{name}`, which it does not have: nothing matches",
        facts.owner(expression)
    );
    let mut finding = findings.report(place, message).label("no such label");
    finding = match meant {
        Some(meant) => finding.help(format!("write `{meant}`")).fix(
            Safety::Unsafe,
            format!("write `{meant}`"),
            vec![(place, meant.to_owned())],
        ),
        None if labels.is_empty() => {
            finding.help("it has no labels but those of the target: `job`, `instance`")
        }
        None => finding.help(format!(
            "its labels are {}",
            labels
                .iter()
                .map(|label| format!("`{label}`"))
                .collect::<Vec<_>>()
                .join(", ")
        )),
    };
    if !scraped && let Some(assumption) = facts.assumption(name) {
        finding.assuming(&assumption);
    }
}

/// Whether a pattern wants the label to be there.
fn check_empty(pattern: &str) -> bool {
    regex_alternatives(pattern).is_some_and(|texts| texts.iter().all(|text| !text.is_empty()))
        || (!pattern.starts_with(".*") && !pattern.contains('|') && !pattern.is_empty())
}

/// A value outside of the list of all values.
fn check_value(
    facts: &Facts<'_>,
    expression: &Expression,
    name: &str,
    known: &[Resolved<'_>],
    matcher: &Matcher,
    scraped: bool,
    findings: &mut Findings<'_>,
) {
    let label = &*matcher.label.text;
    let values: Vec<&String> = known
        .iter()
        .filter_map(|resolved| resolved.metric.values.get(label))
        .flatten()
        .collect();
    if values.is_empty() || matcher.value.has_variables {
        return;
    }
    let text = matcher.value.text().into_owned();
    let asked = match matcher.op {
        MatchOp::Equal => vec![text],
        MatchOp::Regex => match regex_alternatives(&text) {
            Some(texts) => texts,
            None => return,
        },
        _ => return,
    };
    if asked.iter().any(|value| values.contains(&value)) {
        return;
    }
    let listed = values
        .iter()
        .map(|value| format!("`{value}`"))
        .collect::<Vec<_>>()
        .join(", ");
    let message = format!(
        "{} asks for `{label}=\"{}\"` of `{name}`, where the label is {listed}: nothing matches",
        facts.owner(expression),
        asked.join("|")
    );
    let finding = findings
        .report(expression.place(facts.setup, matcher.value.span), message)
        .label("no such value")
        .help(format!("use one of {listed}"));
    if !scraped && let Some(assumption) = facts.assumption(name) {
        finding.assuming(&assumption);
    }
}
