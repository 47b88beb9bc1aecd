use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::facts::dashboard::{Dashboard, PanelQuery};
use crate::facts::matcher::LabelMatcher;
use crate::facts::text::Text;
use crate::lint::{Findings, Lint, Need};
use crate::promql::{Kind, MatchOp};
use crate::setup::Place;
use crate::source::Span;

pub(super) static LINT: Lint = Lint {
    id: "dashboard/uneven-filter",
    level: Level::Info,
    summary: "one query of a dashboard is limited to one job or environment, another of the same metric is not",
    needs: &[Need::Catalogue],
    check,
};

/// Labels that say where series come from. Others, such as a status, are there to be told apart by.
const ORIGINS: [&str; 11] = [
    "job",
    "env",
    "environment",
    "cluster",
    "namespace",
    "service",
    "app",
    "region",
    "stage",
    "datacenter",
    "project",
];

/// One selection of series: of what, with which labels of their origin.
struct Selection<'f> {
    panel: String,
    /// The metric, or a matcher that streams of logs share.
    of: BTreeSet<String>,
    /// Literal values by label, and where they stand.
    limits: BTreeMap<&'static str, (String, Place)>,
    /// Labels of the origin that are chosen by a variable, a regular expression or a grouping.
    open: BTreeSet<&'static str>,
    place: Place,
    is_logs: bool,
    query: &'f PanelQuery,
}

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for dashboard in &facts.dashboards {
        // Streams of logs have labels of their own.
        let (logs, metrics): (Vec<_>, Vec<_>) = selections(facts, dashboard)
            .into_iter()
            .partition(|selection| selection.is_logs);
        for label in ORIGINS {
            check_label(label, &logs, findings);
            check_label(label, &metrics, findings);
        }
    }
}

fn check_label(label: &'static str, selections: &[Selection<'_>], findings: &mut Findings<'_>) {
    // With two values, or a choice, panels are meant to differ.
    let values: BTreeSet<&str> = selections
        .iter()
        .filter_map(|selection| Some(selection.limits.get(label)?.0.as_str()))
        .collect();
    let is_open = selections
        .iter()
        .any(|selection| selection.open.contains(label));
    let Some(value) = values.first().filter(|_| values.len() == 1 && !is_open) else {
        return;
    };
    // By what they select: a metric, or a matcher of streams.
    let mut unlimited: BTreeMap<&str, Vec<&Selection<'_>>> = BTreeMap::new();
    for selection in selections {
        if !selection.limits.contains_key(label) {
            for of in &selection.of {
                unlimited.entry(of).or_default().push(selection);
            }
        }
    }
    for limited in selections {
        let Some((_, place)) = limited.limits.get(label) else {
            continue;
        };
        let mut others = limited
            .of
            .iter()
            .flat_map(|of| unlimited.get(of.as_str()).into_iter().flatten());
        let other = others.find(|other| {
            let is_limited_otherwise = other
                .limits
                .keys()
                .chain(&other.open)
                .any(|known| !limited.limits.contains_key(known));
            !is_limited_otherwise && !std::ptr::eq(other.query, limited.query)
        });
        if let Some(other) = other {
            findings
                .report(
                    *place,
                    match limited.panel == other.panel {
                        true => format!(
                            "a query of {} shows `{label}=\"{value}\"` only, and another the same of every `{label}`",
                            limited.panel
                        ),
                        false => format!(
                            "{} shows `{label}=\"{value}\"` only, and {} the same of every `{label}`",
                            limited.panel, other.panel
                        ),
                    },
                )
                .label("limited here")
                .related("not limited here", other.place)
                .help(format!(
                    "give both the same matchers, or make `{label}` a variable of the dashboard"
                ));
        }
    }
}

fn selections<'f>(facts: &'f Facts<'_>, dashboard: &'f Dashboard) -> Vec<Selection<'f>> {
    let mut all = Vec::new();
    for panel in &dashboard.panels {
        for query in panel.queries.iter().filter(|query| !query.is_hidden) {
            match (query.expression, &query.text) {
                (Some(_), _) => of_promql(facts, query, &panel.named(), &mut all),
                (None, Some(text)) if query.datasource_kind.as_deref() == Some("loki") => {
                    all.extend(of_logs(facts, query, text, panel.named()));
                }
                _ => {}
            }
        }
    }
    all
}

fn of_promql<'f>(
    facts: &'f Facts<'_>,
    query: &'f PanelQuery,
    panel: &str,
    all: &mut Vec<Selection<'f>>,
) {
    let Some(expression) = query.expression.map(|id| facts.expression(id)) else {
        return;
    };
    // What a result is grouped by is shown, not hidden.
    let grouped: BTreeSet<&'static str> = expression
        .parsed
        .nodes()
        .filter_map(|(_, node)| match &node.kind {
            Kind::Aggregation(aggregation) => aggregation.grouping.as_ref(),
            _ => None,
        })
        .flat_map(|grouping| &grouping.labels)
        .filter_map(|label| origin(&label.text))
        .collect();
    for read in &expression.analysis.reads {
        let node = &expression.parsed[read.selector];
        let Kind::Selector(selector) = &node.kind else {
            continue;
        };
        let Some(metric) = selector.metric_name().filter(|name| *name != "up") else {
            continue;
        };
        let mut limits = BTreeMap::new();
        let mut open = grouped.clone();
        for matcher in selector.label_matchers() {
            let Some(label) = origin(&matcher.label.text) else {
                continue;
            };
            match matcher.op == MatchOp::Equal && !matcher.value.has_variables {
                true => {
                    let value = matcher.value.text().into_owned();
                    limits.insert(label, (value, expression.place(facts.setup, matcher.span)));
                }
                false => {
                    open.insert(label);
                }
            }
        }
        if selector.placeholders.is_empty() {
            all.push(Selection {
                panel: panel.to_owned(),
                of: [metric.to_owned()].into(),
                limits,
                open,
                place: expression.place(facts.setup, node.span),
                is_logs: false,
                query,
            });
        }
    }
}

/// The stream of a query for logs; nothing of a text that cannot be read so simply.
fn of_logs<'f>(
    facts: &'f Facts<'_>,
    query: &'f PanelQuery,
    text: &Text,
    panel: String,
) -> Option<Selection<'f>> {
    let start = text.as_str().find('{')?;
    let end = start + text.as_str()[start..].find('}')? + 1;
    let span = Span::new(start, end);
    let place = text.part(facts.setup, span);
    let stream = Text::at(place, &text.as_str()[start..end]);
    let mut limits = BTreeMap::new();
    let mut open = BTreeSet::new();
    let mut of = BTreeSet::new();
    for matcher in LabelMatcher::parse(&stream)? {
        let is_literal = matcher.comparison == MatchOp::Equal && !matcher.value.contains('$');
        if is_literal {
            of.insert(matcher.written());
        }
        match origin(&matcher.label) {
            Some(label) if is_literal => {
                limits.insert(label, (matcher.value, place));
            }
            Some(label) => {
                open.insert(label);
            }
            None => {}
        }
    }
    Some(Selection {
        panel,
        of,
        limits,
        open,
        place,
        is_logs: true,
        query,
    })
}

fn origin(label: &str) -> Option<&'static str> {
    ORIGINS.into_iter().find(|origin| *origin == label)
}
