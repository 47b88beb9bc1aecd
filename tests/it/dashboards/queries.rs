//! What panels ask Prometheus for.

use std::collections::{BTreeMap, BTreeSet};

use stackwright::catalogue::{PanelKind, Unit};
use stackwright::model::dashboard::{Dashboard, Panel, Query};
use stackwright::promql::{self, Kind, Matching, NodeId, Parsed, Side};

use super::{API, Case, parse, whole_library};
use crate::tools::generations;

#[test]
fn every_metric_of_a_panel_is_in_the_catalogue_and_asked_for_as_what_it_is() {
    let case = whole_library();
    // Nodes are compared with each other, not with their past.
    let compared = [
        "redis_cluster_current_epoch",
        "redis_master_repl_offset",
        "redis_connected_slave_offset_bytes",
    ];
    for dashboard in case.resolve().unwrap() {
        for (panel, query) in queries(&dashboard) {
            let parsed = parse(&query.expr);
            assert!(parsed.is_valid(), "{panel}: {:?}", parsed.errors);
            for used in parsed.selectors() {
                let name = used.selector.metric_name().unwrap();
                if is_recorded(&case, name) {
                    continue;
                }
                let Some(known) = case.catalogue.metric(name) else {
                    panic!("{panel}: nothing exposes `{name}`");
                };
                assert!(known.is_series(), "{panel}: `{name}` is no series");
                // A counter's value says nothing, and a gauge has no rate.
                let function = used
                    .window
                    .and_then(|_| function_around(&parsed, used.node));
                match (known.is_cumulative(), function.as_deref()) {
                    (true, Some("rate" | "increase")) | (false, None) => {}
                    (true, None) if compared.contains(&name) => {}
                    (false, Some("deriv" | "avg_over_time" | "last_over_time" | "resets")) => {}
                    (is_counter, function) => {
                        panic!("{panel}: `{name}` (counter: {is_counter}) in {function:?}")
                    }
                }
                let is_small_unit = matches!(
                    known.metric.unit,
                    Some(Unit::Microseconds | Unit::Milliseconds)
                );
                assert_eq!(
                    is_small_unit,
                    query.expr.ends_with("/ 1e6"),
                    "{panel}: unit of `{name}`"
                );
            }
        }
    }
}

/// What only a recording rule knows, such as where a level begins.
fn is_recorded(case: &Case, name: &str) -> bool {
    let recorded = &case.catalogue.alerting().recording_rules;
    recorded.contains_key(name)
}

fn queries(dashboard: &Dashboard) -> Vec<(String, &Query)> {
    dashboard
        .panels()
        .filter(|panel| panel.kind != PanelKind::Logs)
        .flat_map(|panel| {
            let name = format!("{}/{}", dashboard.slug, panel.name);
            panel.queries.iter().map(move |query| (name.clone(), query))
        })
        .collect()
}

/// The function that a range selector is given to.
fn function_around(parsed: &Parsed, selector: NodeId) -> Option<String> {
    let parents = parsed.parents();
    let range = parents[selector.index()]?;
    match &parsed[parents[range.index()]?].kind {
        Kind::Call(call) => Some(call.name.text.to_string()),
        _ => None,
    }
}

#[test]
fn legends_use_only_labels_that_the_query_keeps() {
    let mut cases = vec![whole_library(), Case::with_everything(API)];
    for case in &mut cases {
        let described: BTreeMap<String, Vec<String>> = case
            .profile
            .applications
            .values()
            .flat_map(|application| &application.metrics)
            .map(|(name, metric)| (name.clone(), metric.labels.clone()))
            .collect();
        for dashboard in case.resolve().unwrap() {
            let of_prometheus = |panel: &&Panel| panel.kind != PanelKind::Logs;
            for panel in dashboard.panels().filter(of_prometheus) {
                for query in &panel.queries {
                    let parsed = parse(&query.expr);
                    let kept = kept_labels(&parsed, parsed.root(), &|metric| {
                        let family = metric
                            .trim_end_matches("_bucket")
                            .trim_end_matches("_sum")
                            .trim_end_matches("_count");
                        let own = described.get(metric).or_else(|| described.get(family));
                        own.cloned().unwrap_or_else(|| {
                            if is_recorded(case, metric) {
                                return Vec::new();
                            }
                            let known = case.catalogue.metric(metric).unwrap();
                            known.metric.labels.clone()
                        })
                    });
                    let legend = labels_of_legend(&query.legend);
                    let columns = panel.columns.keys().map(String::as_str);
                    let columns = columns.filter(|column| *column != "Value");
                    let place = format!("{}/{}", dashboard.slug, panel.name);
                    for label in legend.iter().copied().chain(columns) {
                        assert!(
                            kept.contains(label),
                            "{place}: `{label}` is not in {kept:?} of {}",
                            query.expr
                        );
                    }
                    // Two servers with one name in the legend cannot be told apart.
                    let is_named = legend.contains(&"instance") || legend.contains(&"slave_port");
                    assert!(
                        is_named || !kept.contains("instance") || panel.kind == PanelKind::Table,
                        "{place}: which instance?"
                    );
                }
            }
        }
    }
}

fn labels_of_legend(legend: &str) -> Vec<&str> {
    legend
        .split("{{")
        .skip(1)
        .map(|rest| rest.split("}}").next().unwrap())
        .collect()
}

/// Labels that the result of a node has, given those of metrics.
fn kept_labels(
    parsed: &Parsed,
    node: NodeId,
    labels_of: &dyn Fn(&str) -> Vec<String>,
) -> BTreeSet<String> {
    let kept = |node| kept_labels(parsed, node, labels_of);
    let names = |names: &[promql::Name]| -> BTreeSet<String> {
        names.iter().map(|name| name.text.to_string()).collect()
    };
    match &parsed[node].kind {
        Kind::Selector(selector) => {
            let own = labels_of(selector.metric_name().unwrap()).into_iter();
            // Of the target, of a bucket, and of our alerts.
            let added = ["job", "instance", "redis", "le", "severity"];
            own.chain(added.map(Into::into)).collect()
        }
        Kind::Range(range) => kept(range.selector),
        Kind::Paren(inner) | Kind::Unary(_, inner) => kept(*inner),
        Kind::Call(call) => {
            let mut labels: BTreeSet<String> = call
                .arguments
                .iter()
                .flat_map(|argument| kept(*argument))
                .collect();
            if &*call.name.text == "histogram_quantile" {
                assert!(labels.remove("le"), "{}", parsed.text());
            }
            labels
        }
        Kind::Aggregation(aggregation) => {
            let inner = kept(aggregation.expr);
            match &aggregation.grouping {
                Some(grouping) if !grouping.without => {
                    let by = names(&grouping.labels);
                    assert!(by.is_subset(&inner), "{by:?} of {}", parsed.text());
                    by
                }
                Some(grouping) => &inner - &names(&grouping.labels),
                // The inputs themselves, ranked.
                None if aggregation.parameter.is_some() => inner,
                None => BTreeSet::new(),
            }
        }
        Kind::Binary(binary) => {
            let (left, right) = (kept(binary.left), kept(binary.right));
            if parsed.number(binary.left).is_some()
                || parsed.slice(parsed[binary.left].span) == "time()"
            {
                return right;
            }
            if parsed.number(binary.right).is_some()
                || parsed.slice(parsed[binary.right].span) == "time()"
            {
                return left;
            }
            match &binary.matching {
                Some(Matching {
                    cardinality: Some(group),
                    ..
                }) if group.side == Side::Right => right,
                _ if parsed.slice(binary.op_span) == "or" => &left & &right,
                _ => left,
            }
        }
        _ => BTreeSet::new(),
    }
}

#[test]
fn promtool_accepts_every_query() {
    let mut rules = String::from("groups:\n  - name: panels\n    rules:\n");
    for case in [whole_library(), Case::with_everything(API)] {
        for dashboard in case.resolve().unwrap() {
            for (index, (panel, query)) in queries(&dashboard).into_iter().enumerate() {
                let expr = query
                    .expr
                    .replace("$__rate_interval", "1m")
                    .replace("$__range", "1h");
                let name = panel.replace(|char: char| !char.is_ascii_alphanumeric(), "_");
                let expr = serde_json::to_string(&expr).unwrap();
                rules += &format!("      - {{record: \"{name}:{index}\", expr: {expr}}}\n");
            }
        }
    }
    for generation in generations() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("panels.yml");
        std::fs::write(&path, &rules).unwrap();
        let output = std::process::Command::new(generation.program("promtool"))
            .args(["check", "rules", "--lint=none"])
            .arg(&path)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}: {output:?}", generation.name);
    }
}
