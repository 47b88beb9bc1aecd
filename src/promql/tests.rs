//! What the parser makes of expressions, valid and not.

use super::*;

fn tree(text: &str) -> String {
    let parsed = parse(text);
    assert!(parsed.is_valid(), "{text}: {:?}", parsed.errors);
    parsed.tree()
}

/// The first error: the text it points at, the message and the hint.
fn error(text: &str) -> (String, String, String) {
    let parsed = parse(text);
    let Some(error) = parsed.errors.first() else {
        panic!("{text} is valid");
    };
    (
        parsed.slice(error.span).to_owned(),
        error.message.clone(),
        error.hint.clone().unwrap_or_default(),
    )
}

/// The text after every replacement that the errors offer.
fn mended(text: &str) -> String {
    let parsed = parse(text);
    let mut out = text.to_owned();
    for error in parsed.errors.iter().rev() {
        if let Some(replacement) = &error.replacement {
            let span = replacement.span;
            out.replace_range(span.start()..span.end(), &replacement.text);
        }
    }
    out
}

#[test]
fn operators_bind_as_in_prometheus() {
    for (plain, grouped) in [
        ("a + b * c", "a + (b * c)"),
        ("a - b - c", "(a - b) - c"),
        ("a ^ b ^ c", "a ^ (b ^ c)"),
        ("-a ^ b", "-(a ^ b)"),
        ("-a * b", "(-a) * b"),
        ("a ^ -b * c", "(a ^ -b) * c"),
        ("a or b and c", "a or (b and c)"),
        ("a unless b and c", "(a unless b) and c"),
        ("a == b + c", "a == (b + c)"),
        ("a </ b + c", "a </ (b + c)"),
        ("a atan2 b % c", "(a atan2 b) % c"),
        ("-a offset 1m", "-(a offset 1m)"),
        ("a offset 5m + b", "(a offset 5m) + b"),
        ("a offset -1 ^ 1", "(a offset -1) ^ 1"),
    ] {
        let shape = |text: &str| -> Vec<String> {
            let parsed = parse(text);
            parsed
                .nodes()
                .filter(|(_, node)| !matches!(node.kind, Kind::Paren(_)))
                .map(|(_, node)| format!("{:?}", std::mem::discriminant(&node.kind)))
                .collect()
        };
        let without_parentheses: Vec<String> = tree(grouped)
            .lines()
            .filter(|line| !line.ends_with("parentheses"))
            .map(|line| line.trim_start().to_owned())
            .collect();
        let lines: Vec<String> = tree(plain)
            .lines()
            .map(|line| line.trim_start().to_owned())
            .collect();
        assert_eq!(lines, without_parentheses, "{plain}");
        assert_eq!(shape(plain), shape(grouped), "{plain}");
    }
}

#[test]
fn every_node_covers_its_text() {
    let text = "sum by (job) (rate(http_requests{job=\"a\"}[5m] offset 1h)) / -foo @ 10";
    let parsed = parse(text);
    let pieces: Vec<&str> = parsed
        .nodes()
        .map(|(_, node)| parsed.slice(node.span))
        .collect();
    assert_eq!(
        pieces,
        [
            "http_requests{job=\"a\"}",
            "5m",
            "1h",
            "http_requests{job=\"a\"}[5m] offset 1h",
            "rate(http_requests{job=\"a\"}[5m] offset 1h)",
            "sum by (job) (rate(http_requests{job=\"a\"}[5m] offset 1h))",
            "foo @ 10",
            "-foo @ 10",
            text,
        ]
    );
}

#[test]
fn tokens_and_comments_cover_all_but_white_space() {
    let text = "# before\nsum ( a ) # behind\n by (b)";
    let parsed = parse(text);
    assert!(parsed.is_valid());
    let mut covered: Vec<Span> = parsed.tokens().iter().map(|token| token.span).collect();
    covered.extend(parsed.comments.iter().map(|comment| comment.span));
    covered.sort_unstable();
    let mut at = 0;
    for span in covered {
        assert!(text[at..span.start()].trim().is_empty());
        at = span.end();
    }
    assert_eq!(parsed.comments.len(), 2);
    assert_eq!(parsed.slice(parsed.comments[1].span), "# behind");
}

#[test]
fn known_slips_are_named_and_mended() {
    for (wrong, right) in [
        ("rate(x[5m]) by (y)", "sum by (y) (rate(x[5m]))"),
        (
            "topk(5, rate(x[5m]) by (y)) or z",
            "topk(5, sum by (y) (rate(x[5m]))) or z",
        ),
        ("a => 5", "a >= 5"),
        ("a =< 5", "a <= 5"),
        ("a <> 5", "a != 5"),
        ("a && b || c", "a and b or c"),
        ("rate(x[5 m])", "rate(x[5m])"),
        ("rate(x[5min])", "rate(x[5m])"),
        ("up{job=“a”} == 0", "up{job=\"a\"} == 0"),
        ("up{job==\"a\"}", "up{job=\"a\"}"),
        ("up{job=a}", "up{job=\"a\"}"),
        ("up = 0", "up == 0"),
        ("Rate(x[5m])", "rate(x[5m])"),
        ("raet(x[5m])", "rate(x[5m])"),
        ("max_over_time(sum(x)[5m])", "max_over_time(sum(x)[5m:])"),
        ("sum(x,)", "sum(x)"),
        ("a\u{a0}+ b", "a + b"),
        ("a ≥ 5", "a >= 5"),
    ] {
        assert!(!parse(wrong).is_valid(), "{wrong}");
        let mended = mended(wrong);
        assert_eq!(mended, right);
        assert!(
            parse(&mended).is_valid(),
            "{mended}: {:?}",
            parse(&mended).errors
        );
    }
}

#[test]
fn messages_say_where_what_and_how() {
    let (at, message, hint) = error("rate(x)");
    assert_eq!(at, "x");
    assert_eq!(
        message,
        "`rate` needs a range vector, not an instant vector"
    );
    assert_eq!(hint, "add a window in brackets, for example `[5m]`");

    let (at, message, _) = error("sum(rate(x[5m])");
    assert_eq!(
        (at.as_str(), message.as_str()),
        ("(", "this `(` is never closed")
    );

    let (at, message, _) = error("foo bar");
    assert_eq!(at, "bar");
    assert_eq!(
        message,
        "expected an operator or the end of the expression, found `bar`"
    );

    let (at, message, hint) = error("redis.up == 0");
    assert_eq!(at, ".");
    assert_eq!(message, "unexpected character `.`");
    assert!(hint.contains("{\"a.b\"}"), "{hint}");

    let (at, message, hint) = error("rate(x[5m]) offset 1h");
    assert_eq!(at, "offset 1h");
    assert_eq!(
        message,
        "`offset` stands only behind a selector or a subquery"
    );
    assert_eq!(
        hint,
        "move `offset 1h` into the parentheses, behind the selector"
    );

    let (at, message, _) = error("sum(rate({a=\"b\"} |~ \"c\" [5m]))");
    assert_eq!(at, "|");
    assert_eq!(
        message,
        "`|` filters log lines: this is LogQL, the language of Loki"
    );

    let (at, message, _) = error("a{b=~\"(\"}");
    assert_eq!(at, "\"(\"");
    assert_eq!(
        message,
        "the regular expression is invalid: a `(` is never closed"
    );
}

#[test]
fn several_errors_are_found_in_one_go() {
    let messages = |text: &str| -> Vec<String> {
        parse(text)
            .errors
            .into_iter()
            .map(|error| error.message)
            .collect()
    };
    assert_eq!(
        messages("sum(rate(x)) + topk(a) + b{c=d}"),
        [
            "`rate` needs a range vector, not an instant vector",
            "`topk` takes two arguments, not 1",
            "expected a string, found `d`",
        ]
    );
    assert_eq!(
        messages("1 + * 2 + )"),
        [
            "expected an expression, found `*`",
            "expected an expression, found `)`",
        ]
    );
    assert_eq!(messages("foo{a=\"b"), ["the string has no closing `\"`"]);
}

#[test]
fn keywords_are_names_where_no_keyword_can_be() {
    assert_eq!(tree("sum"), "selector sum\n");
    assert_eq!(tree("sum(sum)"), "aggregation sum\n  selector sum\n");
    assert_eq!(
        tree("fill + fill(0) fill"),
        "operator + fill_left 0 fill_right 0\n  selector fill\n  selector fill\n"
    );
    assert_eq!(
        tree("SUM BY (On) (offset)"),
        "aggregation sum by (\"On\")\n  selector offset\n"
    );
    assert!(!parse("sum by (\"\") (x)").is_valid());
    assert!(!parse("sum by (\"\\xff\") (x)").is_valid());
    assert!(!parse("bool").is_valid());
    assert!(!parse("group_left + 1").is_valid());
}

#[test]
fn the_verdict_is_for_a_version() {
    let errors = |text: &str, version: &str| {
        let target = Target::version(version.parse().unwrap_or(Version::NEWEST));
        parse_with(
            text,
            &Options {
                target,
                grafana: false,
            },
        )
        .errors
    };
    assert!(errors("x > 10m", "2.53").len() == 1);
    assert!(errors("x > 10m", "2.54").is_empty());
    assert!(errors("{\"a.b\"}", "2.53").len() == 1);
    assert!(errors("holt_winters(x[1h], 0.5, 0.5)", "2.53").is_empty());
    assert!(errors("holt_winters(x[1h], 0.5, 0.5)", "3.0").len() == 1);
    assert!(errors("x[min(5m, 1h)]", "3.6").is_empty());
    assert!(errors("x[min(5m, 1h)]", "3.13").len() == 1);
    let stable = Target {
        version: Version::new(3, 5),
        enabled: Some(Vec::new()),
    };
    let problems = parse("mad_over_time(x[5m])").problems_for(&stable);
    assert!(
        problems[0]
            .to_string()
            .contains("promql-experimental-functions"),
        "{problems:?}"
    );
}

#[test]
fn grafana_variables_stand_anywhere() {
    for text in [
        "rate($metric[$__rate_interval])",
        "rate(redis_${part}_total{job=\"$job\", instance=~\"${instance:regex}\"}[${window}m])",
        "sum by ($grouping) (x) > $threshold",
        "$function(x[$__range])",
        "${aggregation} by (job) (x)",
        "a $op b",
        "a{$filters}",
        "a{job=\"b\", $filters}",
        "[[metric]]{job=\"[[job]]\"}[[[window]]:$step]",
        "$query",
        "x offset $offset",
        "topk($top, x)",
        "x @ ${__to:date:seconds}",
        "rate(x[$a]) / $__interval_ms",
        "$job:rate5m",
    ] {
        let parsed = parse_with(text, &Options::grafana());
        assert!(parsed.is_valid(), "{text}: {:?}", parsed.errors);
        assert!(!parsed.variables.is_empty(), "{text}");
        for variable in &parsed.variables {
            assert!(
                parsed.slice(variable.span).contains(&variable.name),
                "{text}"
            );
        }
        assert!(!parse(text).is_valid(), "{text}");
    }
}

#[test]
fn selectors_tell_name_matchers_and_window() {
    let parsed = parse("rate({\"a.b\", c=\"d\"}[5m]) > on (c) {__name__=~\"x|y\"}[1h:1m] or z");
    let found: Vec<(Option<Vec<String>>, usize, Option<Duration>)> = parsed
        .selectors()
        .into_iter()
        .map(|used| {
            (
                used.selector.metric_names(),
                used.selector.label_matchers().count(),
                used.window.and_then(|window| parsed.duration(window)),
            )
        })
        .collect();
    let names = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect());
    let minutes = Duration {
        milliseconds: 300_000,
    };
    assert_eq!(
        found,
        [
            (names(&["a.b"]), 1, Some(minutes)),
            (names(&["x", "y"]), 0, None),
            (names(&["z"]), 0, None),
        ]
    );
}

#[test]
fn comparisons_tell_their_threshold() {
    let parsed = parse("a / b > 2 * 0.4 and 10m < c == d");
    let thresholds: Vec<Option<(f64, bool)>> = parsed
        .comparisons()
        .map(|comparison| comparison.threshold)
        .collect();
    assert_eq!(thresholds, [Some((0.8, true)), Some((600.0, false)), None]);
}

#[test]
fn nesting_ends_with_an_error_and_chains_do_not() {
    for text in [
        "(".repeat(100_000),
        "-".repeat(100_000),
        "abs(".repeat(100_000),
        "a[".repeat(100_000),
        "1^".repeat(100_000),
        format!("x[{}", "(".repeat(100_000)),
        format!("x offset {}", "-".repeat(100_000)),
        format!("a{{b=~\"{}\"}}", "(".repeat(100_000)),
    ] {
        assert!(!parse(&text).is_valid());
    }
    let deep = format!("{}a{}", "(".repeat(DEEPEST - 1), ")".repeat(DEEPEST - 1));
    assert!(parse(&deep).is_valid());
    let deeper = format!("{}a{}", "(".repeat(DEEPEST), ")".repeat(DEEPEST));
    assert_eq!(parse(&deeper).errors[0].kind, ErrorKind::TooDeep);
    let chain = format!("a{}", " + a".repeat(100_000));
    let parsed = parse(&chain);
    assert!(parsed.is_valid());
    assert_eq!(parsed.selectors().len(), 100_001);
    assert!(parsed.tree().len() > 100_000);
}

#[test]
fn bytes_that_are_no_text_are_an_error_where_they_stand() {
    let parsed = parse_bytes(b"up{job=\"\xff\"}", &Options::default());
    assert_eq!(parsed.errors.len(), 1);
    assert_eq!(parsed.errors[0].span, Span::new(8, 9));
    assert!(parse_bytes(b"up", &Options::default()).is_valid());
}
