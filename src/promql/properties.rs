//! What holds for every input, tried on many.

use proptest::prelude::*;

use super::analysis::Analysis;
use super::{Options, Parsed, parse, parse_bytes, parse_with};

/// Everything that must hold of whatever was read.
fn consistent(parsed: &Parsed) -> Result<(), TestCaseError> {
    let length = parsed.text().len();
    let mut at = 0;
    for token in parsed.tokens() {
        prop_assert!(token.span.start() >= at && token.span.end() >= token.span.start());
        at = token.span.end();
    }
    prop_assert_eq!(at, length);
    for (id, node) in parsed.nodes() {
        prop_assert!(node.span.start() <= node.span.end() && node.span.end() <= length);
        prop_assert!(parsed.text().is_char_boundary(node.span.start()));
        prop_assert!(parsed.text().is_char_boundary(node.span.end()));
        let mut is_within = true;
        node.kind.for_each_child(|child| {
            let inner = parsed[child].span;
            is_within &=
                child < id && inner.start() >= node.span.start() && inner.end() <= node.span.end();
        });
        prop_assert!(is_within, "{:?} in {:?}", node, parsed.text());
    }
    let analysis = Analysis::of(parsed, &());
    for (id, _) in parsed.nodes() {
        analysis.labels(id);
        analysis.quantity(id);
    }
    for error in &parsed.errors {
        prop_assert!(error.span.start() <= error.span.end() && error.span.end() <= length);
        prop_assert!(parsed.text().is_char_boundary(error.span.start()));
        prop_assert!(parsed.text().is_char_boundary(error.span.end()));
        prop_assert!(!error.message.is_empty());
    }
    Ok(())
}

/// Printing and reading again gives the same tree, and the same text from then on.
fn reads_back(parsed: &Parsed, options: &Options) -> Result<(), TestCaseError> {
    let line = parsed.format();
    let again = parse_with(&line, options);
    prop_assert!(
        again.is_valid(),
        "{:?} prints as {:?}: {:?}",
        parsed.text(),
        line,
        again.errors
    );
    prop_assert_eq!(parsed.tree(), again.tree());
    prop_assert_eq!(&again.format(), &line);
    let lines = parse_with(&parsed.format_lines(), options);
    prop_assert_eq!(lines.tree(), parsed.tree());
    Ok(())
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z_][a-z0-9_]{0,6}",
        1 => "[a-z]{1,3}:[a-z]{1,3}",
        1 => prop::sample::select(vec!["sum", "by", "offset", "start", "end", "step", "fill", "and", "min_of", "anchored"])
            .prop_map(str::to_owned),
    ]
    .prop_filter("a number", |name| name != "inf" && name != "nan")
    .prop_filter("no metric name", |name| {
        super::Keyword::of(name.as_bytes()).is_none_or(super::Keyword::is_metric_name)
    })
}

fn label() -> impl Strategy<Value = String> {
    prop_oneof![
        5 => "[a-z_][a-z0-9_]{0,4}",
        1 => Just("on".to_owned()),
        1 => Just("\"a.b é\"".to_owned()),
    ]
    .prop_filter("no label", |name| {
        !["without", "inf", "nan"].contains(&name.as_str())
    })
}

fn string() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("\"a\"".to_owned()),
        Just("'it\\'s'".to_owned()),
        Just("`\\d+`".to_owned()),
        Just("\"\\n\\x41\\u00e9\\377\"".to_owned()),
        "\"[a-z .+|]{0,5}\"".prop_filter("no pattern", |text| {
            super::regexp::read(text.trim_matches('"')).is_ok()
        }),
    ]
}

fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<u32>().prop_map(|number| number.to_string()),
        any::<f64>()
            .prop_filter("finite", |number| number.is_finite())
            .prop_map(|number| format!("{:e}", number.abs())),
        prop::sample::select(vec![
            "0x1F", "1_000", ".5", "5.", "0755", "Inf", "NaN", "1h30m", "5m", "100ms"
        ])
        .prop_map(str::to_owned),
    ]
}

fn labels() -> impl Strategy<Value = String> {
    prop::collection::vec(label(), 0..3).prop_map(|labels| format!("({})", labels.join(" , ")))
}

fn selector() -> impl Strategy<Value = String> {
    let matcher = (
        label(),
        prop::sample::select(vec!["=", "!=", "=~", "!~"]),
        string(),
    )
        .prop_filter_map("no pattern", |(label, op, value)| {
            let is_plain = !op.contains('~')
                || super::regexp::read(value.trim_matches(['"', '\'', '`'])).is_ok();
            (is_plain && !value.contains('\\')).then(|| format!("{label} {op} {value}"))
        });
    let matchers = prop::collection::vec(matcher, 0..3)
        .prop_map(|all| all.join(","))
        .boxed();
    prop_oneof![
        3 => name(),
        3 => (name(), matchers.clone()).prop_map(|(name, matchers)| format!("{name}{{{matchers}}}")),
        1 => matchers.prop_map(|matchers| format!("{{\"a.b\",{matchers}}}")),
    ]
}

fn duration() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "5m", "1h30m", "300", "0x10", "1.5", "step()", "range()",
    ])
    .prop_map(str::to_owned);
    leaf.prop_recursive(3, 12, 2, |inner| {
        prop_oneof![
            (
                inner.clone(),
                prop::sample::select(vec!["+", "-", "*", "/", "%", "^"]),
                inner.clone()
            )
                .prop_map(|(left, op, right)| format!("{left} {op} {right}")),
            inner.clone().prop_map(|inner| format!("({inner})")),
            (inner.clone(), inner).prop_map(|(left, right)| format!("max_of({left},{right})")),
        ]
    })
}

fn modifiers() -> impl Strategy<Value = String> {
    let offset = prop_oneof![
        Just("offset 5m".to_owned()),
        Just("offset -1h".to_owned()),
        duration().prop_map(|duration| format!("offset ({duration})")),
        duration().prop_map(|duration| format!("offset -({duration})")),
        Just("offset --5m".to_owned()),
    ];
    let at = prop::sample::select(vec![
        "@ 10",
        "@ -1.5",
        "@ start()",
        "@ end()",
        "@ 1609746000.123",
    ]);
    prop_oneof![
        4 => Just(String::new()),
        1 => offset.clone(),
        1 => at.clone().prop_map(str::to_owned),
        1 => (offset.clone(), at.clone()).prop_map(|(offset, at)| format!("{offset} {at}")),
        1 => (offset, at).prop_map(|(offset, at)| format!("{at} {offset}")),
    ]
}

/// Instant vectors.
fn vector() -> impl Strategy<Value = String> {
    let leaf = (selector(), modifiers())
        .prop_map(|(selector, modifiers)| format!("{selector} {modifiers}"));
    leaf.prop_recursive(4, 24, 3, |inner| {
        let aggregation = prop::sample::select(vec!["sum", "avg", "MAX", "count", "group", "stddev"]);
        let parameter = prop::sample::select(vec!["topk(5,", "quantile(0.9,", "count_values(\"x\",", "limitk(2,"]);
        let grouping = (prop::sample::select(vec!["by", "without"]), labels())
            .prop_map(|(word, labels)| format!("{word} {labels}")).boxed();
        let arithmetic = prop::sample::select(vec![
            "+", "-", "*", "/", "%", "^", "atan2", "==", "!= bool", ">", "<=", "</", ">/",
        ]);
        let matching = prop_oneof![
            3 => Just(String::new()),
            1 => labels().prop_map(|labels| format!("on {labels}")),
            1 => (labels(), labels()).prop_map(|(one, two)| format!("ignoring {one} group_left {two}")),
            1 => labels().prop_map(|labels| format!("ignoring {labels} group_right ()")),
            1 => Just("fill (-1)".to_owned()),
            1 => Just("on (a) fill_right (1) fill_left (2m)".to_owned()),
        ];
        let over_time = prop::sample::select(vec!["rate", "max_over_time", "mad_over_time"]);
        prop_oneof![
            (aggregation.clone(), grouping.clone(), inner.clone())
                .prop_map(|(op, grouping, inner)| format!("{op} {grouping} ({inner})")),
            (aggregation, grouping, inner.clone())
                .prop_map(|(op, grouping, inner)| format!("{op}({inner}){grouping}")),
            (parameter, inner.clone()).prop_map(|(head, inner)| format!("{head} {inner})")),
            (inner.clone(), arithmetic.clone(), matching, inner.clone())
                .prop_map(|(left, op, matching, right)| format!("({left}) {op} {matching} ({right})")),
            (inner.clone(), arithmetic, number()).prop_map(|(left, op, right)| format!("({left}) {op} {right}")),
            (inner.clone(), prop::sample::select(vec!["and", "or", "unless on (a)"]), inner.clone())
                .prop_map(|(left, op, right)| format!("({left}) {op} ({right})")),
            inner.clone().prop_map(|inner| format!("-({inner})")),
            inner.clone().prop_map(|inner| format!("abs({inner}) # why\n")),
            (over_time.clone(), selector(), duration(), modifiers())
                .prop_map(|(name, selector, window, modifiers)| format!("{name}({selector}[{window}] {modifiers})")),
            (over_time, inner.clone(), modifiers())
                .prop_map(|(name, inner, modifiers)| format!("{name}(({inner})[1h:5m] {modifiers})")),
            inner.clone().prop_map(|inner| format!("label_replace({inner}, \"a\", \"$1\", \"b\", `(.*)`)")),
            (inner, number()).prop_map(|(inner, number)| format!("clamp_min({inner}, -{number})")),
        ]
    })
}

/// Words and symbols in any order.
fn soup() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        prop::sample::select(vec![
            "sum",
            "by",
            "without",
            "on",
            "ignoring",
            "group_left",
            "bool",
            "offset",
            "@",
            "start",
            "(",
            ")",
            "[",
            "]",
            "{",
            "}",
            ",",
            ":",
            "5m",
            "1",
            "+",
            "-",
            "^",
            "==",
            "=",
            "=~",
            "</",
            "and",
            "foo",
            "\"s\"",
            "'",
            "`",
            "rate",
            "#c\n",
            "step()",
            "$x",
            "${y:regex}",
            "[[z]]",
            "“",
            "é",
            "\\",
            "\u{fffd}",
            "fill(",
            "smoothed",
            "a:b",
            "1..2",
            "|",
            "min(",
        ])
        .prop_map(str::to_owned),
        "\\PC{0,3}",
    ];
    (
        prop::collection::vec(word, 0..24),
        prop::sample::select(vec!["", " "]),
    )
        .prop_map(|(words, between)| words.join(between))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn valid_expressions_read_back(text in vector()) {
        let parsed = parse(&text);
        prop_assert!(parsed.is_valid(), "{}: {:?}", text, parsed.errors);
        consistent(&parsed)?;
        reads_back(&parsed, &Options::default())?;
    }

    #[test]
    fn any_words_are_read_without_a_panic(text in soup()) {
        for options in [Options::default(), Options::grafana()] {
            let parsed = parse_with(&text, &options);
            consistent(&parsed)?;
            if parsed.is_valid() {
                reads_back(&parsed, &options)?;
            }
            prop_assert_eq!(parsed.tree().is_empty(), false);
            parsed.format_lines();
        }
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let parsed = parse_bytes(&bytes, &Options::grafana());
        prop_assert!(std::str::from_utf8(&bytes).is_ok() || !parsed.is_valid());
    }
}
