use std::path::Path;

use serde_json::Value;

use super::{RULES, directory, lint, summary, told, write};

const SELECT: [&str; 2] = ["--select", "promql/syntax,promql/raw-counter"];

fn with_baseline<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&[".", "--baseline", "known.json"], &SELECT[..], more].concat()
}

fn written(directory: &Path) -> Value {
    let text = std::fs::read_to_string(directory.join("known.json")).expect("a baseline");
    serde_json::from_str(&text).expect("JSON")
}

fn entries(directory: &Path) -> usize {
    written(directory)["findings"]
        .as_array()
        .expect("findings")
        .len()
}

#[test]
fn what_is_known_is_not_told_and_survives_moved_lines() {
    let directory = directory(&[("rules.yml", RULES)]);
    let run = lint(directory.path(), &with_baseline(&["--write-baseline"])).ends(0);
    assert_eq!(run.output, "wrote known.json: 2 findings\n");
    assert_eq!(entries(directory.path()), 2);
    lint(directory.path(), &with_baseline(&[])).ends(0);

    let moved = RULES
        .replace("groups:\n", "# a comment\n\ngroups:\n")
        .replace("  - name: redis", "  - name: caches");
    write(directory.path(), &[("rules.yml", &moved)]);
    assert_eq!(
        told(directory.path(), &with_baseline(&[])),
        Vec::<String>::new()
    );

    let more = format!("{moved}      - alert: New\n        expr: sum(up\n");
    write(directory.path(), &[("rules.yml", &more)]);
    assert_eq!(
        told(directory.path(), &with_baseline(&[])),
        ["rules.yml:11 error promql/syntax"]
    );
    lint(directory.path(), &with_baseline(&[])).ends(1);
    let text = lint(directory.path(), &with_baseline(&[])).output;
    assert!(
        text.ends_with("1 error, 0 warnings, 0 worth knowing; 2 in the baseline\n"),
        "{text}"
    );
}

#[test]
fn of_what_is_alike_as_many_are_known_as_were_there() {
    let rule = "      - {alert: A, expr: 'sum(up'}\n";
    let head = "groups:\n  - name: a\n    rules:\n";
    let directory = directory(&[("rules.yml", &format!("{head}{rule}{rule}"))]);
    lint(directory.path(), &with_baseline(&["--write-baseline"])).ends(0);
    assert_eq!(written(directory.path())["findings"][0]["count"], 2);
    write(
        directory.path(),
        &[("rules.yml", &format!("{head}{rule}{rule}{rule}"))],
    );
    assert_eq!(
        told(directory.path(), &with_baseline(&[])),
        ["rules.yml:6 error promql/syntax"]
    );
    write(directory.path(), &[("rules.yml", &format!("{head}{rule}"))]);
    assert_eq!(
        summary(directory.path(), &with_baseline(&[]))["baseline"],
        serde_json::json!({"known": 1, "gone": 1})
    );
    lint(directory.path(), &with_baseline(&["--prune-baseline"])).ends(0);
    assert_eq!(written(directory.path())["findings"][0].get("count"), None);
}

#[test]
fn what_is_mended_is_said_and_pruned_and_what_is_new_is_not_added() {
    let directory = directory(&[("rules.yml", RULES)]);
    lint(directory.path(), &with_baseline(&["--write-baseline"])).ends(0);
    let mended = RULES
        .replace("sum(redis_up", "sum(redis_up)")
        .replace("Raw", "Other");
    write(directory.path(), &[("rules.yml", &mended)]);
    let text = lint(directory.path(), &with_baseline(&[])).output;
    assert!(text.contains("`--prune-baseline` removes them"), "{text}");
    let run = lint(
        directory.path(),
        &with_baseline(&["--prune-baseline", "--fail-on", "warning"]),
    );
    // The alert has another name: its finding is a new one.
    assert_eq!(
        (run.status, entries(directory.path())),
        (1, 0),
        "{}",
        run.output
    );
}

#[test]
fn what_is_not_looked_at_stays() {
    let directory = directory(&[("a/rules.yml", RULES), ("b/rules.yml", RULES)]);
    lint(directory.path(), &with_baseline(&["--write-baseline"])).ends(0);
    assert_eq!(entries(directory.path()), 4);
    std::fs::remove_file(directory.path().join("b/rules.yml")).expect("a file");
    let only_a = ["a", "--baseline", "known.json", "--prune-baseline"];
    lint(directory.path(), &only_a).ends(0);
    assert_eq!(entries(directory.path()), 4, "b was not looked at");
    let one_lint = [
        "a",
        "--baseline",
        "known.json",
        "--write-baseline",
        "--select",
        "promql/syntax",
    ];
    lint(directory.path(), &one_lint).ends(0);
    assert_eq!(entries(directory.path()), 4, "other lints were not asked");
    lint(directory.path(), &with_baseline(&["--prune-baseline"])).ends(0);
    assert_eq!(entries(directory.path()), 2);
}

#[test]
fn the_baseline_means_the_same_from_every_directory() {
    let directory = directory(&[
        ("monitoring/rules.yml", RULES),
        ("ci/x", ""),
        (
            "stackwright.toml",
            "baseline = \"ci/known.json\"\nselect = [\"promql\"]\n",
        ),
    ]);
    let run = |from: &str, arguments: &[&str]| lint(&directory.path().join(from), arguments);
    run("", &[".", "--write-baseline"]).ends(0);
    let text = std::fs::read_to_string(directory.path().join("ci/known.json")).expect("a baseline");
    assert!(text.contains("\"../monitoring/rules.yml\""), "{text}");
    run("", &["."]).ends(0);
    run("monitoring", &["."]).ends(0);
    run("ci", &["../monitoring", "--baseline", "known.json"]).ends(0);
    run("monitoring", &["rules.yml", "--isolated"]).ends(1);
}

#[test]
fn a_baseline_that_cannot_be_used_is_an_error() {
    let directory = directory(&[
        ("rules.yml", RULES),
        ("broken.json", "{\"version\": 1}"),
        ("newer.json", "{\"version\": 2, \"findings\": []}"),
    ]);
    for (arguments, said) in [
        (
            &[".", "--baseline", "gone.json"][..],
            "write it with `--write-baseline`",
        ),
        (
            &[".", "--baseline", "gone.json", "--prune-baseline"],
            "there is no baseline `gone.json`",
        ),
        (
            &[".", "--baseline", "broken.json"],
            "`broken.json` is no baseline: missing field `findings`",
        ),
        (
            &[".", "--baseline", "newer.json"],
            "its version is 2, expected 1",
        ),
        (
            &[".", "--write-baseline"],
            "name a file with `--baseline FILE`",
        ),
        (
            &[".", "--baseline", "no/such/known.json", "--write-baseline"],
            "cannot write the baseline",
        ),
    ] {
        let run = lint(directory.path(), arguments).ends(2);
        assert!(run.errors.contains(said), "{arguments:?}: {}", run.errors);
    }
}
