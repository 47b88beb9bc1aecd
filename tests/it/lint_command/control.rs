use super::{RULES, directory, lint, summary, told};
use crate::program::Program;

const BROKEN: &str = "rules.yml:5 error promql/syntax";

/// With the promql lints only.
fn promql(directory: &std::path::Path, arguments: &[&str]) -> Vec<String> {
    let mut told = told(directory, &[&["."], arguments].concat());
    told.retain(|finding| finding.contains(" promql/") || finding.contains(" config/"));
    told
}

fn with(toml: &str) -> tempfile::TempDir {
    directory(&[("rules.yml", RULES), ("stackwright.toml", toml)])
}

fn raw(level: &str) -> String {
    format!("rules.yml:7 {level} promql/raw-counter")
}

#[test]
fn without_a_configuration_everything_is_told() {
    let directory = directory(&[("rules.yml", RULES)]);
    let told = promql(directory.path(), &[]);
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!(told[0], BROKEN);
    assert!(told[1].ends_with(" promql/raw-counter"));
}

#[test]
fn lints_are_selected_and_ignored_by_id_and_area() {
    for (toml, arguments, expected) in [
        ("select = [\"promql/syntax\"]", &[][..], 1),
        ("ignore = [\"promql/raw-counter\"]", &[], 1),
        ("ignore = [\"promql\"]", &[], 0),
        ("lints.promql = \"off\"", &[], 0),
        (
            "lints = { promql = \"off\", \"promql/syntax\" = \"error\" }",
            &[],
            1,
        ),
        // What is typed wins.
        ("ignore = [\"promql\"]", &["--select", "promql"], 2),
        ("select = [\"scrape\"]", &["--select", "promql"], 2),
        (
            "ignore = [\"promql/syntax\"]",
            &["--ignore", "promql/raw-counter"],
            0,
        ),
        ("ignore = [\"promql\"]", &["--isolated"], 2),
    ] {
        let directory = with(toml);
        let told = promql(directory.path(), arguments);
        assert_eq!(told.len(), expected, "{toml}: {told:?}");
    }
}

#[test]
fn levels_can_be_set() {
    let directory =
        with("[lints]\npromql = \"info\"\n\"promql/syntax\" = { level = \"warning\" }\n");
    let told = promql(directory.path(), &[]);
    assert_eq!(
        told,
        ["rules.yml:5 warning promql/syntax".to_owned(), raw("info")]
    );
    lint(directory.path(), &["."]).ends(0);
    lint(directory.path(), &[".", "--fail-on", "warning"]).ends(1);
}

#[test]
fn of_other_peoples_files_only_errors_are_told_or_nothing() {
    let rules = "groups:\n  - name: a\n    rules:\n      - {alert: A, expr: 'sum(up'}\n      - {alert: B, expr: 'a_total > 1'}\n";
    let toml = "[paths]\n\"vendor/**\" = \"errors\"\n\"generated/\" = \"nothing\"\n\"*.old.yml\" = { ignore = [\"promql/syntax\"] }\n";
    let directory = directory(&[
        ("stackwright.toml", toml),
        ("own/rules.yml", rules),
        ("vendor/deep/rules.yml", rules),
        ("generated/rules.yml", rules),
        ("own/rules.old.yml", rules),
    ]);
    let told = |from: &str, path: &str| {
        let mut told = told(
            &directory.path().join(from),
            &[path, "--select", "promql/syntax,promql/raw-counter"],
        );
        told.sort();
        told
    };
    let expected = [
        "own/rules.old.yml:5 info promql/raw-counter",
        "own/rules.yml:4 error promql/syntax",
        "own/rules.yml:5 info promql/raw-counter",
        "vendor/deep/rules.yml:4 error promql/syntax",
    ];
    assert_eq!(told("", "."), expected);
    // Patterns are relative to the configuration, wherever the program runs.
    assert_eq!(
        told("vendor", "deep"),
        ["deep/rules.yml:4 error promql/syntax"]
    );
    assert_eq!(told("own", "../generated"), Vec::<String>::new());
}

#[test]
fn a_suppression_hides_its_line_and_says_how_many() {
    let rules = RULES.replace(
        "        expr: sum",
        "        # stackwright: ignore[promql/syntax] the vendor mends it\n        expr: sum",
    );
    let directory = directory(&[("rules.yml", &rules)]);
    assert_eq!(promql(directory.path(), &[]).len(), 1);
    assert_eq!(summary(directory.path(), &["."])["suppressed"], 1);
    let text = lint(directory.path(), &["."]).output;
    assert!(text.ends_with("; 1 suppressed\n"), "{text}");
}

#[test]
fn the_day_is_told_by_option_variable_or_clock() {
    let rules = RULES.replace(
        "expr: sum(redis_up",
        "expr: sum(redis_up  # stackwright: ignore[promql/syntax] until=2026-06-30 the vendor mends it",
    );
    let directory = directory(&[("rules.yml", &rules)]);
    let expired = |arguments: &[&str], epoch: &str| {
        let run = Program::in_directory(directory.path())
            .arguments(["lint", ".", "--format", "concise"])
            .arguments(arguments)
            .variable("SOURCE_DATE_EPOCH", epoch)
            .run();
        assert_eq!(run.errors, "");
        let is_told = run.output.contains("error[promql/syntax]");
        assert_eq!(
            is_told,
            run.output.contains("warning[config/expired-suppression]")
        );
        is_told
    };
    // 2026-06-30 and the day after, in UTC.
    assert!(!expired(&[], "1782863999"));
    assert!(expired(&[], "1782864000"));
    assert!(!expired(&["--today", "2026-06-30"], "1782864000"));
    assert!(expired(&["--today", "2026-07-01"], "0"));
    lint(directory.path(), &[".", "--today", "tomorrow"]).ends(2);
    let run = Program::in_directory(directory.path())
        .arguments(["lint", "."])
        .variable("SOURCE_DATE_EPOCH", "today")
        .run();
    assert_eq!(run.status, 2);
    assert!(
        run.errors.contains("`SOURCE_DATE_EPOCH` is `today`"),
        "{}",
        run.errors
    );
}

#[test]
fn what_is_not_told_is_not_mended_unless_it_is_asked_for() {
    let rules = "groups:\n  - name: a\n    rules:\n      - record: a:b\n        expr: up{job=~\"redis\"}\n      - record: a:c\n        # stackwright: ignore[promql/redundant-regex] as the vendor writes it\n        expr: up{job=~\"redis\"}\n";
    let directory = directory(&[
        ("rules.yml", rules),
        ("stackwright.toml", "ignore = [\"promql\"]"),
    ]);
    let fix = |arguments: &[&str]| {
        Program::in_directory(directory.path())
            .arguments(["fix", "."])
            .arguments(arguments)
            .run()
    };
    fix(&[]).ends(0);
    let diff = fix(&["--isolated"]).ends(1).output;
    assert_eq!(
        diff.matches("\n+        expr: up{job=\"redis\"}").count(),
        1,
        "{diff}"
    );
    let select = ["--select", "promql/redundant-regex"];
    let text = lint(directory.path(), &[&[".", "--fix"], &select[..]].concat());
    assert!(
        text.output
            .ends_with("fixed: 1\nnothing found; 1 suppressed\n"),
        "{}",
        text.output
    );
}

#[test]
fn panels_and_queries_of_dashboards_are_suppressed_in_the_configuration() {
    let panel = |id: u32| {
        format!(
            "{{\"id\": {id}, \"type\": \"timeseries\", \"title\": \"P{id}\", \"targets\": [\n{{\"refId\": \"A\", \"expr\": \"sum(up\"}},\n{{\"refId\": \"B\", \"expr\": \"sum(up\"}}]}}"
        )
    };
    let dashboard = format!(
        "{{\"uid\": \"redis\", \"title\": \"Redis\", \"schemaVersion\": 39, \"panels\": [\n{},\n{}]}}",
        panel(1),
        panel(2)
    );
    let toml = "[[suppress]]\nlints = [\"promql/syntax\"]\nreason = \"x\"\ndashboard = \"redis\"\n";
    for (toml, lines) in [
        ("", &[3, 4, 6, 7][..]),
        (&format!("{toml}panel = 1\nrefId = \"A\"\n"), &[4, 6, 7]),
        (&format!("{toml}panel = 2\n"), &[3, 4]),
        (&format!("{toml}refId = \"B\"\n"), &[3, 6]),
        (toml, &[]),
        (&toml.replace("\"redis\"", "\"other\""), &[3, 4, 6, 7]),
        (&format!("{toml}until = 2020-01-01\n"), &[3, 4, 6, 7]),
    ] {
        let directory = directory(&[
            ("grafana/redis.json", &dashboard),
            ("stackwright.toml", toml),
        ]);
        let told = told(directory.path(), &[".", "--select", "promql/syntax"]);
        let expected: Vec<String> = lines
            .iter()
            .map(|line| format!("grafana/redis.json:{line} error promql/syntax"))
            .collect();
        assert_eq!(told, expected, "{toml}");
    }
}

#[test]
fn a_part_of_a_project_is_not_blamed_for_suppressions_of_another_part() {
    let toml =
        "[[suppress]]\nlints = [\"promql/syntax\"]\nreason = \"x\"\ndashboard = \"elsewhere\"\n";
    let directory = directory(&[("a/rules.yml", RULES), ("stackwright.toml", toml)]);
    let told = |path: &str| told(directory.path(), &[path, "--select", "config"]);
    assert_eq!(told("a"), Vec::<String>::new());
    assert_eq!(
        told("."),
        ["stackwright.toml:2 warning config/unused-suppression"]
    );
}

#[test]
fn the_nearest_configuration_holds_unless_another_is_named() {
    let off = "ignore = [\"promql\"]";
    let directory = directory(&[
        ("stackwright.toml", off),
        ("a/rules.yml", RULES),
        ("b/stackwright.toml", ""),
        ("b/c/rules.yml", RULES),
        ("other.toml", off),
    ]);
    let count = |arguments: &[&str]| {
        let arguments = [arguments, &["--format", "concise"]].concat();
        let output = lint(directory.path(), &arguments).output;
        output.matches("[promql/").count()
    };
    assert_eq!(count(&["a"]), 0);
    assert_eq!(count(&["a/rules.yml"]), 0);
    assert_eq!(count(&["b/c"]), 2);
    assert_eq!(count(&["a", "b"]), 2);
    assert_eq!(count(&["b/c", "--config", "other.toml"]), 0);
    assert_eq!(count(&["a", "--isolated"]), 2);
    let run = lint(directory.path(), &["a", "--config", "gone.toml"]).ends(2);
    assert!(
        run.errors
            .contains("cannot read the configuration `gone.toml`"),
        "{}",
        run.errors
    );
    lint(
        directory.path(),
        &["a", "--config", "other.toml", "--isolated"],
    )
    .ends(2);
}

#[test]
fn versions_count_where_no_image_tells() {
    let compose = |image: &str| {
        format!(
            "services:\n  prometheus:\n    image: {image}\n    volumes: [./prometheus.yml:/etc/prometheus/prometheus.yml, ./rules.yml:/etc/prometheus/rules.yml]\n"
        )
    };
    let told = |image: &str, toml: &str| {
        let directory = directory(&[
            ("compose.yaml", &compose(image)),
            ("prometheus.yml", "rule_files: [rules.yml]\n"),
            (
                "rules.yml",
                "groups: [{name: a, rules: [{record: 'a:b', expr: 'mad_over_time(up[5m])'}]}]\n",
            ),
            ("stackwright.toml", toml),
        ]);
        let arguments = [".", "--select", "promql/feature-not-in-pinned-prometheus"];
        super::told(directory.path(), &arguments).len()
    };
    assert_eq!(told("prom/prometheus:v2.42.0", ""), 1);
    assert_eq!(told("prom/prometheus", ""), 0);
    assert_eq!(
        told("prom/prometheus", "versions.prometheus = \"2.42.0\""),
        1
    );
    // An image that tells its version is believed.
    assert_eq!(
        told("prom/prometheus:v2.42.0", "versions.prometheus = \"3.5\""),
        1
    );
}

#[test]
fn metrics_of_the_project_are_known() {
    let rules = "groups: [{name: a, rules: [{record: 'a:b', expr: 'rate(queue_depth[5m]) + orders_procesed_total'}]}]\n";
    let page = "# TYPE queue_depth gauge\nqueue_depth 3\n# TYPE orders_processed_total counter\norders_processed_total{shop=\"x\"} 3\n";
    let toml = "[catalogue]\nfiles = [\"metrics/app.prom\"]\n";
    let directory = directory(&[
        ("rules.yml", rules),
        ("metrics/app.prom", page),
        ("stackwright.toml", toml),
    ]);
    let select = [
        "--select",
        "promql/unknown-metric,promql/rate-on-non-counter",
    ];
    let told = |arguments: &[&str]| told(directory.path(), &[&["."], arguments, &select].concat());
    assert_eq!(told(&["--isolated"]), Vec::<String>::new());
    assert_eq!(
        told(&[]),
        [
            "rules.yml:1 error promql/rate-on-non-counter",
            "rules.yml:1 warning promql/unknown-metric"
        ]
    );
}
