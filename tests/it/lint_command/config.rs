use stackwright::catalogue::Catalogue;
use stackwright::config::{Config, json_schema};
use stackwright::report::concise;
use stackwright::source::SourceFile;

use super::{RULES, directory, lint};

fn catalogue() -> Catalogue {
    Catalogue::embedded().expect("a correct catalogue")
}

/// What is said of a configuration, without the level and the name of the file.
fn said(text: &str) -> Vec<String> {
    let file = SourceFile::new("stackwright.toml", text);
    let Err(problems) = Config::parse(file, &catalogue()) else {
        return Vec::new();
    };
    problems
        .iter()
        .map(|problem| {
            let line = concise(problem);
            let line = line.trim_end().trim_start_matches("stackwright.toml:");
            let help = problem
                .help
                .as_deref()
                .map_or_else(String::new, |help| format!(" | {help}"));
            format!(
                "{}{help}",
                line.replacen(" error[config/", " ", 1).replacen(']', "", 1)
            )
        })
        .collect()
}

#[test]
fn every_mistake_is_told_at_its_place_with_what_was_meant() {
    for (text, expected) in [
        (
            "selct = []",
            &["1:1: unknown-key: this file has no key `selct` | did you mean `select`?"][..],
        ),
        (
            "select = [\"promql/unknown-metrik\"]",
            &[
                "1:11: unknown-value: `select` cannot be `promql/unknown-metrik` | did you mean `promql/unknown-metric`?",
            ],
        ),
        (
            "ignore = \"promql\"",
            &["1:10: wrong-type: `ignore` is a string, expected a list"],
        ),
        (
            "[lints]\n\"promql/syntx\" = \"off\"",
            &[
                "2:1: unknown-key: `lints` has no key `promql/syntx` | did you mean `promql/syntax`?",
            ],
        ),
        (
            "[lints]\npromql = \"of\"",
            &["2:10: unknown-value: `promql` cannot be `of` | did you mean `off`?"],
        ),
        (
            "[lints.\"stack/unknown-job\"]\njob = [\"a\"]\nlevel = 1",
            &[
                "2:1: unknown-key: `stack/unknown-job` has no key `job` | did you mean `jobs`?",
                "3:9: wrong-type: `level` is a number, expected a string",
            ],
        ),
        (
            "[lints.\"scrape/interval-exceeds-lookback\"]\nlookback = \"5 minutes\"",
            &[
                "2:12: wrong-value: `lookback` cannot be `5 minutes` | expected: `--query.lookback-delta` of a Prometheus whose flags are not in the setup; 5m unless given",
            ],
        ),
        (
            "[paths]\n\"vendor/**\" = \"error\"\n\"{a\" = \"nothing\"",
            &["2:15: unknown-value: `vendor/**` cannot be `error` | did you mean `errors`?"],
        ),
        (
            "[paths]\n\"{a\" = \"nothing\"",
            &["2:1: wrong-value: unclosed alternate group"],
        ),
        (
            "[versions]\ngrafanna = \"11\"\nprometheus = \"new\"",
            &[
                "2:1: unknown-key: `versions` has no key `grafanna` | did you mean `grafana`?",
                "3:14: wrong-value: `prometheus` cannot be `new`",
            ],
        ),
        (
            "[[suppress]]\nlints = []\ndashboard = \"a\"",
            &["2:9: wrong-value: `lints` is empty"],
        ),
        (
            "[[suppress]]\ndashboard = \"a\"",
            &["1:1: missing-key: `suppress` lacks the key `lints` | add `lints = …`"],
        ),
        (
            "[[suppress]]\nlints = [\"promql\"]",
            &[
                "1:1: wrong-value: a suppression says where it holds: in a `dashboard`, or in `files`",
            ],
        ),
        (
            "[[suppress]]\nlints = [\"promql\"]\ndashboard = \"a\"\nfiles = \"b\"\nuntil = 2026-02-30",
            &["5:9: "],
        ),
        (
            "[[suppress]]\nlints = [\"promql\"]\ndashboard = \"a\"\nuntil = \"2026-02-30\"\npanel = \"7\"",
            &["5:9: wrong-type: `panel` is a string, expected a whole number"],
        ),
        (
            "[[suppress]]\nlints = [\"promql\"]\ndashboard = \"a\"\nuntil = \"2026-02-30\"",
            &["4:9: wrong-value: `2026-02-30` is not a date, expected something like `2026-12-31`"],
        ),
        ("select = [", &["1:11: not-toml: "]),
        (
            "ignore = []\nignore = []",
            &["2:1: not-toml: duplicate key"],
        ),
    ] {
        let said = said(text);
        let fits = said.len() == expected.len()
            && said
                .iter()
                .zip(expected)
                .all(|(said, expected)| said.starts_with(expected));
        assert!(fits, "{text}\nis said to be: {said:#?}");
    }
}

const COMPLETE: &str = r#"
select = ["promql", "stack", "dashboard/unit-mismatch"]
ignore = ["promql/redundant-regex"]
baseline = "lint-baseline.json"

[lints]
dashboard = "info"
"promql/unknown-metric" = "error"
"rule/inverted-severity" = { level = "warning", severities = [["low"], ["high"]] }

[lints."scrape/interval-exceeds-lookback"]
lookback = "10m"

[paths]
"vendor/**" = "errors"
"old/" = { report = "warnings", ignore = ["dashboard"] }

[versions]
prometheus = "v2.53.0"
redis_exporter = "1.62"

[catalogue]
files = ["metrics.prom"]

[[suppress]]
lints = ["promql/raw-counter"]
dashboard = "redis"
panel = 4
refId = "A"
until = 2027-01-31
reason = "shows the counter on purpose"

[[suppress]]
lints = ["promql"]
files = "generated/**"
"#;

#[test]
fn the_schema_and_the_reader_agree() {
    let schema = json_schema(&catalogue());
    let validator = jsonschema::validator_for(&schema).expect("a correct schema");
    let valid = |text: &str| {
        let tree = stackwright::document::parse_toml(text).expect("TOML");
        validator.is_valid(&tree.to_json())
    };
    assert_eq!(said(COMPLETE), Vec::<String>::new());
    assert!(valid(COMPLETE));
    for (old, new) in [
        ("select =", "selects ="),
        ("\"promql\", \"stack\"", "\"promq\", 1"),
        ("\"info\"", "\"information\""),
        ("lookback = \"10m\"", "lookback = \"ten\""),
        ("lookback =", "lookbck ="),
        ("\"errors\"", "\"error\""),
        ("report =", "reports ="),
        ("\"v2.53.0\"", "\"latest\""),
        ("redis_exporter", "redis-exporter"),
        ("panel = 4", "panel = \"4\""),
        ("lints = [\"promql\"]\nfiles", "files"),
        ("2027-01-31", "\"soon\""),
    ] {
        let text = COMPLETE.replacen(old, new, 1);
        assert_ne!(text, COMPLETE, "{old}");
        assert!(!said(&text).is_empty(), "the reader takes {new}");
        assert!(!valid(&text), "the schema takes {new}");
    }
}

#[test]
fn the_manual_is_correct() {
    let manual = crate::program::repository().join("docs/lint.md");
    let manual = std::fs::read_to_string(manual).expect("docs/lint.md");
    let blocks: Vec<&str> = manual
        .split("```toml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect();
    assert!(blocks.len() > 1);
    for block in blocks {
        assert_eq!(said(block), Vec::<String>::new(), "{block}");
    }
    for option in &stackwright::lint::options::OPTIONS {
        let row = format!("| `{}` | `{}` |", option.lint, option.key);
        assert!(manual.contains(&row), "{row}");
    }
}

#[test]
fn a_run_with_a_wrong_configuration_does_not_run() {
    let directory = directory(&[
        ("rules.yml", RULES),
        ("stackwright.toml", "ignor = [\"promql\"]\n"),
    ]);
    let run = lint(directory.path(), &["."]).ends(2);
    assert_eq!(run.output, "");
    assert!(
        run.errors.contains("--> stackwright.toml:1:1")
            && run.errors.contains("did you mean `ignore`?"),
        "{}",
        run.errors
    );
    lint(directory.path(), &[".", "--isolated"]).ends(1);
}

#[test]
fn pages_of_metrics_that_are_none_are_told() {
    let toml = "[catalogue]\nfiles = [\"app.prom\", \"gone.prom\"]\n";
    let directory = directory(&[
        ("rules.yml", RULES),
        ("stackwright.toml", toml),
        ("app.prom", "up 1\n<html>not found</html>\n"),
    ]);
    let run = lint(directory.path(), &["."]).ends(2);
    assert!(run.errors.contains("app.prom:2:1"), "{}", run.errors);
    assert!(
        run.errors
            .contains("cannot read the metrics in `gone.prom`"),
        "{}",
        run.errors
    );
}

#[test]
fn unknown_lints_on_the_command_line_are_told_with_what_was_meant() {
    let directory = directory(&[("rules.yml", RULES)]);
    let run = lint(
        directory.path(),
        &[".", "--select", "promql/unknown-metrics"],
    )
    .ends(2);
    assert!(
        run.errors.contains("did you mean `promql/unknown-metric`?"),
        "{}",
        run.errors
    );
}
