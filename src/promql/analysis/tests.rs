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
