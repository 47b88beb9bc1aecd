//! `stackwright promql`: what it prints, streams and returns.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::program::{Program, Run, repository};
use crate::shared::shared;

fn promql<'a>(arguments: impl IntoIterator<Item = &'a str>, input: &[u8]) -> Run {
    Program::in_directory(repository())
        .argument("promql")
        .arguments(arguments)
        .input(input)
        .run()
}

fn lines(run: &Run) -> Vec<Value> {
    run.output
        .lines()
        .map(|line| serde_json::from_str(line).expect("one JSON object a line"))
        .collect()
}

#[test]
fn an_expression_is_formatted_and_explained() {
    let text = "histogram_quantile(0.9, sum by(le,job)(rate(x_seconds_bucket{job=\"a\"}[5m*2])))";
    let run = promql([text], b"").ends(0);
    assert_eq!(
        run.output,
        "\
histogram_quantile(0.9, sum by (le, job) (rate(x_seconds_bucket{job=\"a\"}[5m * 2])))

tree     call histogram_quantile
           number 0.9
           aggregation sum by (\"le\" \"job\")
             call rate
               range
                 selector x_seconds_bucket \"job\" = \"a\"
                 window: operator *
                   number 300s
                   number 2
type     instant vector
values   gauge in seconds
labels   always job=\"a\"; never another
metrics  x_seconds_bucket
windows  5m*2 of rate
needs    Prometheus 3.4 or newer, before 3.14 with --enable-feature=promql-duration-expr
"
    );
    let run = promql(["redis_up == 0", "1"], b"").ends(0);
    assert!(
        run.output.contains("values   boolean, 0\n"),
        "{}",
        run.output
    );
    assert!(run.output.contains("\n\n1\n\ntree"), "{}", run.output);
}

#[test]
fn a_mistake_looks_like_the_compiler_s() {
    let run = promql(["up", "rate(x[5m]) by (y)"], b"").ends(1);
    assert_eq!(
        run.errors,
        "\
error[promql/syntax]: only an aggregation takes `by (…)`
 --> expression 2:1:13
  |
1 | rate(x[5m]) by (y)
  |             ^^^^^^
  |
  = help: aggregate the result: `sum by (y) (rate(x[5m]))`

"
    );
    assert!(run.output.starts_with("up\n"), "{}", run.output);
    let alone = promql(["sum("], b"").ends(1);
    assert!(
        alone.errors.contains("--> expression:1:4"),
        "{}",
        alone.errors
    );
}

#[test]
fn offsets_in_json_are_bytes() {
    let run = promql(["--json"], "x{a=\"é\"} + )\0\"é\"".as_bytes());
    let found = lines(&run.ends(1));
    assert_eq!(found.len(), 2);
    assert_eq!(found[0]["valid"], false);
    assert_eq!(found[0]["errors"][0]["start"], 12);
    assert_eq!(found[0]["errors"][0]["end"], 13);
    assert_eq!(found[1]["valid"], true);
    let run = promql(["--json"], b"ab\xff + c");
    let found = lines(&run.ends(1));
    assert_eq!(found[0]["errors"][0]["start"], 2);
    assert_eq!(found[0]["errors"][0]["end"], 3);
    let fix = &lines(&promql(["--json", "x >= 1 => 2"], b"").ends(1))[0]["errors"][0]["fix"];
    assert_eq!((&fix["start"], &fix["text"]), (&7.into(), &">=".into()));
}

#[test]
fn json_tells_metrics_labels_windows_and_needs() {
    let run = promql(
        [
            "--json",
            "sum by (a, b) (rate(x_total{a=\"1\"}[5m])) / on (a) group_left limitk(1, {__name__=~\"y|z\"})",
        ],
        b"",
    );
    let found = &lines(&run.ends(0))[0];
    let expected: Value = serde_json::json!({
        "metrics": ["x_total", "y", "z"],
        "labels": {"can": ["a", "b"], "always": ["a"], "values": {"a": "1"}, "cannot": ["__name__"], "others": false},
        "windows": [{
            "start": 20, "end": 38, "length": "5m", "seconds": 300.0, "step": null, "subquery": false, "function": "rate",
        }],
        "needs": {
            "since": "2.54", "until": null, "flags": [{"name": "promql-experimental-functions", "until": null}],
        },
    });
    for (key, value) in expected.as_object().expect("an object") {
        assert_eq!(&found[key], value, "{key}");
    }
}

#[test]
fn a_verdict_is_for_the_version_and_flags_that_are_asked_for() {
    for (arguments, status) in [
        (&["--prometheus", "2.42", "x[5m] @ 1"][..], 0),
        (&["--prometheus", "2.42", "x[5m * 2]"], 1),
        (&["--prometheus", "v3.5.1", "x[5m * 2]"], 0),
        (
            &[
                "--prometheus",
                "3.5",
                "--enable-feature",
                "a,b",
                "x[5m * 2]",
            ],
            1,
        ),
        (
            &[
                "--prometheus",
                "3.5",
                "--enable-feature",
                "promql-duration-expr",
                "x[5m * 2]",
            ],
            0,
        ),
        (&["x[$__range]"], 1),
        (&["--grafana", "x[$__range]"], 0),
        (&["--prometheus", "latest", "x"], 2),
    ] {
        let run = promql(arguments.iter().copied(), b"");
        assert_eq!(
            run.status, status,
            "{arguments:?}: {}{}",
            run.output, run.errors
        );
    }
}

#[test]
fn expressions_end_with_nul_bytes() {
    let count = |input: &[u8]| lines(&promql(["--json"], input)).len();
    assert_eq!(count(b"a"), 1);
    assert_eq!(count(b"a\0"), 1);
    assert_eq!(count(b"a\0b"), 2);
    assert_eq!(count(b"a\0\0"), 2);
    assert_eq!(count(b"\0"), 1);
    // Nothing at all is hardly what somebody wanted to be told as valid.
    promql(["--json"], b"").ends(1);
    promql([], b"a\0b\0").ends(0);
}

#[test]
fn every_answer_arrives_before_the_next_question() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_stackwright"))
        .args(["promql", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("stackwright runs");
    let mut input = child.stdin.take().expect("a standard input");
    let mut output = BufReader::new(child.stdout.take().expect("a standard output"));
    for text in ["up\0", "sum(\0", "1 +", " 1\0"] {
        input.write_all(text.as_bytes()).expect("it reads");
        if text.ends_with('\0') {
            let mut line = String::new();
            output.read_line(&mut line).expect("it answers");
            assert!(line.starts_with("{\"expr\":"), "{line}");
        }
    }
    drop(input);
    assert_eq!(child.wait().expect("it ends").code(), Some(1));
}

#[test]
fn it_ends_when_nobody_reads_any_more() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_stackwright"))
        .args(["promql", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("stackwright runs");
    drop(child.stdout.take());
    let mut input = child.stdin.take().expect("a standard input");
    let mut written = 0;
    while input.write_all(&b"up\0".repeat(1000)).is_ok() {
        written += 1;
        assert!(written < 10_000, "it still reads");
    }
    drop(input);
    child.wait().expect("it ends");
}

#[test]
fn upstream_inputs_on_standard_input_get_the_upstream_verdict() {
    let Some(path) = shared("parity/promql.json") else {
        return;
    };
    let text = std::fs::read_to_string(&path).expect("the parity file is readable");
    let cases: Vec<(String, bool)> = serde_json::from_str(&text).expect("the parity file is JSON");
    let input: Vec<&str> = cases.iter().map(|(text, _)| text.as_str()).collect();
    let found = lines(&promql(["--json"], input.join("\0").as_bytes()).ends(1));
    assert_eq!(found.len(), cases.len());
    for ((text, must_fail), line) in cases.iter().zip(found) {
        assert_eq!(line["valid"], !must_fail, "{text:?}: {line}");
        assert_eq!(
            line["errors"].as_array().expect("a list").is_empty(),
            !must_fail
        );
    }
}
