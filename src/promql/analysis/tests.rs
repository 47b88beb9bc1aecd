//! What is found out about expressions.

use super::super::parse;
use super::*;

/// Every label of the result that is known: `a` always there, `a="v"` with that value, `a?` perhaps, `!a` never,
/// and `…` where others can be.
fn labels_of(text: &str) -> String {
    let parsed = parse(text);
    assert!(parsed.is_valid(), "{text}: {:?}", parsed.errors);
    let analysis = Analysis::of(&parsed, &());
    let labels = analysis.labels(parsed.root());
    let mut out: Vec<String> = labels
        .known()
        .filter(|(label, _)| *label != crate::promql::METRIC_NAME)
        .filter(|(_, facts)| labels.may_have_others() || facts.presence != Presence::Never)
        .map(|(label, facts)| match (facts.presence, &facts.value) {
            (Presence::Always, Some(value)) => format!("{label}=\"{value}\""),
            (Presence::Always, None) => label.to_owned(),
            (Presence::Maybe, _) => format!("{label}?"),
            (Presence::Never, _) => format!("!{label}"),
        })
        .collect();
    if labels.may_have_others() {
        out.push("…".to_owned());
    }
    out.join(" ")
}

fn has_name(text: &str) -> Presence {
    let parsed = parse(text);
    Analysis::of(&parsed, &())
        .labels(parsed.root())
        .presence(crate::promql::METRIC_NAME)
}

#[test]
fn matchers_make_labels_certain() {
    assert_eq!(labels_of("x"), "…");
    assert_eq!(
        labels_of("x{a=\"1\", b=~\".+\", c!=\"\", d=\"\", e=~\".*\", f!~\"|y\", g!=\"z\"}"),
        "a=\"1\" b c !d f …"
    );
}

#[test]
fn aggregations_keep_what_they_name() {
    assert_eq!(labels_of("sum(x)"), "");
    assert_eq!(labels_of("sum by (a, b) (x{a=\"1\"})"), "a=\"1\" b?");
    assert_eq!(
        labels_of("sum without (a) (x{a=\"1\", b=\"2\"})"),
        "!a b=\"2\" …"
    );
    assert_eq!(labels_of("topk by (a) (5, x{b=\"2\"})"), "b=\"2\" …");
    assert_eq!(labels_of("count_values(\"v\", x)"), "v");
    assert_eq!(labels_of("sum by (a) (sum by (b) (x))"), "");
}

#[test]
fn functions_change_labels_as_prometheus_does() {
    assert_eq!(labels_of("rate(x{a=\"1\"}[5m])"), "a=\"1\" …");
    assert_eq!(
        labels_of("absent(x{a=\"1\", b=~\"2\", c=\"3\", c=\"4\"})"),
        "a=\"1\""
    );
    assert_eq!(labels_of("absent((x{a=\"1\"}))"), "a=\"1\"");
    assert_eq!(labels_of("absent_over_time(x{a=\"1\"}[5m])"), "a=\"1\"");
    assert_eq!(labels_of("absent(sum(x{a=\"1\"}))"), "");
    assert_eq!(labels_of("vector(1)"), "");
    assert_eq!(
        labels_of("histogram_quantile(0.9, sum by (le, a) (rate(x[5m])))"),
        "a?"
    );
    assert_eq!(
        labels_of("label_replace(x, \"a\", \"v\", \"\", \"\")"),
        "a=\"v\" …"
    );
    assert_eq!(
        labels_of("label_replace(sum(x), \"a\", \"v\", \"b\", \".*\")"),
        "a=\"v\""
    );
    assert_eq!(
        labels_of("label_replace(sum(x), \"a\", \"$1\", \"b\", \"(.+)\")"),
        ""
    );
    assert_eq!(
        labels_of("label_replace(sum by (b) (x), \"a\", \"$1\", \"b\", \"(.+)\")"),
        "a? b?"
    );
    assert_eq!(
        labels_of("label_replace(x{b=\"1\"}, \"a\", \"$1\", \"b\", \"(.*)\")"),
        "a b=\"1\" …"
    );
    assert_eq!(
        labels_of("label_join(sum by (a, b) (x), \"c\", \"-\", \"a\", \"b\")"),
        "a? b? c"
    );
    assert_eq!(labels_of("label_join(sum(x), \"c\", \"\", \"a\")"), "");
    assert_eq!(
        labels_of("info(sum by (a) (x{a=\"1\"}), {b=~\".+\"})"),
        "a=\"1\" b?"
    );
}

#[test]
fn operators_keep_what_both_sides_share() {
    assert_eq!(labels_of("x{a=\"1\"} * 2"), "a=\"1\" …");
    assert_eq!(labels_of("x / sum by (a) (y)"), "a?");
    assert_eq!(labels_of("x / on (a) y"), "a?");
    assert_eq!(
        labels_of("x{a=\"1\"} / on (a, b) sum by (a) (y)"),
        "a=\"1\""
    );
    assert_eq!(labels_of("x{a=\"1\"} / ignoring (a) y"), "!a …");
    assert_eq!(
        labels_of("x{b=\"1\"} * on (a) group_left (c) y{c=\"2\"}"),
        "b=\"1\" c=\"2\" …"
    );
    assert_eq!(
        labels_of("y{c=\"2\"} * on (a) group_right (c) x{b=\"1\"}"),
        "b=\"1\" c=\"2\" …"
    );
    assert_eq!(labels_of("x{a=\"1\"} or y{a=\"1\", b=\"2\"}"), "a=\"1\" …");
    assert_eq!(labels_of("sum by (a) (x) or vector(0)"), "a?");
    assert_eq!(labels_of("sum by (a) (x) and on () y"), "a?");
    assert_eq!(labels_of("x > 5"), "…");
}

#[test]
fn the_metric_name_goes_where_prometheus_drops_it() {
    for text in [
        "x",
        "x > 5",
        "last_over_time(x[5m])",
        "topk(1, x)",
        "x and y",
        "+x",
        "sum by (__name__) (x)",
    ] {
        assert_eq!(has_name(text), Presence::Always, "{text}");
    }
    for text in [
        "rate(x[5m])",
        "x + 1",
        "x > bool 5",
        "-x",
        "sum(x)",
        "sum without (a) (x)",
        "x + y",
        "abs(x)",
    ] {
        assert_eq!(has_name(text), Presence::Never, "{text}");
    }
}

#[test]
fn labels_that_an_inner_part_removed_are_found() {
    let removed = |text: &str| -> Vec<String> {
        let parsed = parse(text);
        Analysis::of(&parsed, &())
            .removed_labels
            .iter()
            .map(|removed| {
                format!(
                    "{} by {}",
                    removed.label,
                    parsed.slice(parsed[removed.removed_by].span)
                )
            })
            .collect()
    };
    assert_eq!(
        removed("sum by (cmd) (sum by (instance) (x))"),
        ["cmd by sum by (instance) (x)"]
    );
    assert_eq!(
        removed("sum by (a) (x) / on (b) y"),
        ["b by sum by (a) (x)"]
    );
    assert_eq!(
        removed("x * on (a) group_left (v) sum by (a) (y)"),
        ["v by sum by (a) (y)"]
    );
    assert_eq!(
        removed("label_replace(sum(x), \"a\", \"$1\", \"b\", \"(.*)\")"),
        ["b by sum(x)"]
    );
    assert_eq!(
        removed("sum by (le) (histogram_quantile(0.9, x))"),
        ["le by histogram_quantile(0.9, x)"]
    );
    assert!(removed("sum by (a) (sum without (b) (x))").is_empty());
    assert!(removed("sum without (a) (sum by (b) (x))").is_empty());
}

#[test]
fn operators_that_never_match_are_found() {
    let impossible = |text: &str| -> Vec<String> {
        let parsed = parse(text);
        let found = Analysis::of(&parsed, &()).impossible_matches;
        found.into_iter().map(|found| found.label).collect()
    };
    assert_eq!(impossible("x{a=\"1\"} / sum(y)"), ["a"]);
    assert_eq!(impossible("x{a=\"1\"} and x{a=\"2\"}"), ["a"]);
    assert!(impossible("x{a=\"1\"} / ignoring (a) sum(y)").is_empty());
    assert!(impossible("x{a=\"1\"} / on () sum(y)").is_empty());
    assert!(impossible("x / sum(y)").is_empty());
    assert!(impossible("x{a=\"1\"} or x{a=\"2\"}").is_empty());
    assert!(impossible("x{a=\"1\"} * on (a) group_left y{a=\"1\"}").is_empty());
}

/// A few metrics, as a catalogue would tell of them.
struct Catalogue;

impl Knowledge for Catalogue {
    fn metric(&self, name: &str) -> Option<MetricFacts> {
        let facts = |kind: MetricKind, unit: &str| MetricFacts {
            kind,
            unit: Some(Unit::named(unit)),
            ..MetricFacts::default()
        };
        let positive = Some(Domain::NOT_NEGATIVE);
        Some(match name {
            "up" => facts(MetricKind::Boolean, ""),
            "requests_total" => facts(MetricKind::Counter, "requests"),
            "sent_bytes_total" => facts(MetricKind::Counter, "bytes"),
            "memory_bytes" | "memory_max_bytes" => MetricFacts {
                domain: positive,
                labels: Some(vec!["instance".to_owned()]),
                ..facts(MetricKind::Gauge, "bytes")
            },
            "cpu_seconds_total" => facts(MetricKind::Counter, "seconds"),
            "last_save_timestamp_seconds" => facts(MetricKind::Timestamp, "seconds"),
            "latency_milliseconds" => facts(MetricKind::Gauge, "milliseconds"),
            "duration_seconds_bucket" => MetricFacts {
                observed: Some(Unit::seconds()),
                ..facts(MetricKind::Histogram, "")
            },
            "hit_ratio" => MetricFacts {
                domain: Some(Domain::new(0.0, 1.0)),
                ..facts(MetricKind::Gauge, "ratio")
            },
            _ => return None,
        })
    }
}

/// Kind and unit of the result.
fn quantity_of(text: &str) -> String {
    let parsed = parse(text);
    assert!(parsed.is_valid(), "{text}: {:?}", parsed.errors);
    let analysis = Analysis::of(&parsed, &Catalogue);
    let quantity = analysis.quantity(parsed.root());
    let unit = quantity
        .unit
        .as_ref()
        .map_or("?".to_owned(), ToString::to_string);
    format!("{:?} {unit}", quantity.kind)
}

#[test]
fn kinds_and_units_follow_arithmetic() {
    for (text, expected) in [
        ("requests_total", "Counter requests"),
        ("sum(requests_total)", "Counter requests"),
        ("rate(requests_total[5m])", "Rate requests/seconds"),
        ("increase(sent_bytes_total[5m])", "Increase bytes"),
        ("rate(cpu_seconds_total[5m])", "Rate number"),
        ("memory_bytes / memory_max_bytes", "Ratio number"),
        ("memory_bytes / memory_max_bytes * 100", "Ratio percent"),
        (
            "100 * (1 - memory_bytes / memory_max_bytes)",
            "Ratio percent",
        ),
        ("memory_bytes / 1024 / 1024", "Gauge mebibytes"),
        ("time() - last_save_timestamp_seconds", "Age seconds"),
        ("last_save_timestamp_seconds * 1000", "Gauge milliseconds"),
        ("latency_milliseconds / 1000", "Gauge seconds"),
        ("count(up == 0)", "Count number"),
        ("sum(up)", "Count number"),
        ("avg_over_time(up[1h])", "Ratio number"),
        ("up == bool 0", "Boolean number"),
        (
            "histogram_quantile(0.9, sum by (le) (rate(duration_seconds_bucket[5m])))",
            "Gauge seconds",
        ),
        ("memory_bytes > 5 and up == 1", "Gauge bytes"),
        ("sum(memory_bytes) or vector(0)", "Gauge bytes"),
        (
            "{__name__=~\"memory_bytes|memory_max_bytes\"}",
            "Gauge bytes",
        ),
        ("sqrt(memory_bytes ^ 2)", "Gauge bytes"),
        ("unheard_of", "Unknown ?"),
        ("rate(sent_bytes_total[5m]) * 8", "Rate bits/seconds"),
    ] {
        assert_eq!(quantity_of(text), expected, "{text}");
    }
}

#[test]
fn units_that_do_not_fit_are_found() {
    let mismatches = |text: &str| -> Vec<String> {
        let parsed = parse(text);
        Analysis::of(&parsed, &Catalogue)
            .unit_mismatches
            .iter()
            .map(|found| format!("{} and {}", found.left, found.right))
            .collect()
    };
    assert_eq!(
        mismatches("memory_bytes + requests_total"),
        ["bytes and requests"]
    );
    assert_eq!(
        mismatches("latency_milliseconds > on () duration_seconds"),
        [] as [&str; 0]
    );
    assert_eq!(
        mismatches("latency_milliseconds > time()"),
        ["milliseconds and seconds"]
    );
    assert_eq!(mismatches("memory_bytes > 10m"), ["bytes and seconds"]);
    assert!(mismatches("memory_bytes > 100").is_empty());
    assert!(mismatches("memory_bytes / memory_max_bytes > 0.9").is_empty());
    assert!(mismatches("time() - last_save_timestamp_seconds > 10m").is_empty());
}

#[test]
fn comparisons_outside_of_the_domain_are_decided() {
    let decided = |text: &str| -> Vec<(String, Outcome)> {
        let parsed = parse(text);
        Analysis::of(&parsed, &Catalogue)
            .decided_comparisons
            .iter()
            .map(|found| {
                (
                    parsed.slice(parsed[found.node].span).to_owned(),
                    found.outcome,
                )
            })
            .collect()
    };
    let one = |text: &str, outcome: Outcome| vec![(text.to_owned(), outcome)];
    assert_eq!(decided("up > 1"), one("up > 1", Outcome::Never));
    assert_eq!(decided("up >= 0"), one("up >= 0", Outcome::Always));
    assert_eq!(
        decided("hit_ratio > 90"),
        one("hit_ratio > 90", Outcome::Never)
    );
    assert_eq!(decided("hit_ratio * 100 > 90"), vec![]);
    assert_eq!(
        decided("count(up == 0) < 1"),
        one("count(up == 0) < 1", Outcome::Never)
    );
    assert_eq!(
        decided("rate(requests_total[5m]) < 0"),
        one("rate(requests_total[5m]) < 0", Outcome::Never)
    );
    assert_eq!(
        decided("0 <= memory_bytes"),
        one("0 <= memory_bytes", Outcome::Always)
    );
    assert_eq!(
        decided("absent(up) == 0"),
        one("absent(up) == 0", Outcome::Never)
    );
    assert_eq!(
        decided("(memory_bytes > 5) < 3"),
        one("(memory_bytes > 5) < 3", Outcome::Never)
    );
    assert_eq!(decided("unheard_of > 5"), vec![]);
}

#[test]
fn a_complete_list_of_labels_closes_a_selector() {
    let parsed = parse("memory_bytes{instance=\"a\"}");
    let analysis = Analysis::of(&parsed, &Catalogue);
    let labels = analysis.labels(parsed.root());
    assert_eq!(labels.presence("instance"), Presence::Always);
    assert_eq!(labels.presence("job"), Presence::Never);
    assert!(!labels.may_have_others());
}

#[test]
fn reads_and_windows_know_their_function() {
    let text =
        "rate((x[5m])) + max_over_time(sum(y)[1h:30s]) / z offset 1d > avg_over_time(w[$__range])";
    let parsed = crate::promql::parse_with(text, &crate::promql::Options::grafana());
    let analysis = Analysis::of(&parsed, &());
    let reads: Vec<String> = analysis
        .reads
        .iter()
        .map(|read| {
            let function = read.function.map_or("-", |function| function.name);
            let in_subquery = if read.subquery.is_some() {
                " in a subquery"
            } else {
                ""
            };
            format!(
                "{} {function}{in_subquery}",
                parsed.slice(parsed[read.selector].span)
            )
        })
        .collect();
    assert_eq!(
        reads,
        [
            "x rate",
            "y - in a subquery",
            "z offset 1d -",
            "w avg_over_time"
        ]
    );
    let windows: Vec<String> = analysis
        .windows
        .iter()
        .map(|window| {
            let function = window.function.map_or("-", |function| function.name);
            format!("{function} {:?} {:?}", window.length, window.step)
        })
        .collect();
    assert_eq!(
        windows,
        [
            "rate Fixed(Duration { milliseconds: 300000 }) None",
            "max_over_time Fixed(Duration { milliseconds: 3600000 }) Some(Fixed(Duration { milliseconds: 30000 }))",
            "avg_over_time Variable(\"$__range\") None",
        ]
    );
    let functions: Vec<&str> = analysis
        .functions
        .iter()
        .map(|used| used.function.name)
        .collect();
    assert_eq!(functions, ["rate", "max_over_time", "avg_over_time"]);
}
