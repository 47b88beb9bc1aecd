//! `validate` of files and directories that nobody rendered.

use std::path::Path;

use serde_json::Value;

use crate::program::{Program, Run, stackwright};
use crate::tools::{Generation, generations};

const RULES: &str = "groups:\n- name: a\n  rules:\n  - {alert: A, expr: up == 0}\n";

/// A directory with these files.
fn directory(files: &[(&str, &str)]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    for (path, text) in files {
        let path = directory.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        std::fs::write(path, text).expect("a file");
    }
    directory
}

fn with_tools(directory: &Path, generation: &Generation, arguments: &[&str]) -> Run {
    Program::in_directory(directory)
        .argument("validate")
        .arguments(arguments)
        .variable("STACKWRIGHT_PROMTOOL", generation.program("promtool"))
        .variable("STACKWRIGHT_AMTOOL", generation.program("amtool"))
        .run()
}

#[test]
fn every_file_of_a_directory_is_named_and_judged() {
    let directory = directory(&[
        ("prometheus.yml", "global: {scrape_interval: 15s}\n"),
        ("rules/a.yml", RULES),
        (
            "rules/b.yml",
            "groups:\n- name: a\n  rules:\n  - {alert: A, expr: up ==, fro: 1m}\n",
        ),
        ("rules/a_test.yml", "rule_files: [a.yml]\ntests: []\n"),
        (
            "targets.json",
            "[{\"targets\": [\"a:1\"], \"labels\": {\"b\": \"c\"}}]",
        ),
        (
            "alertmanager/config.yml",
            "route: {receiver: a}\nreceivers: [{name: b}]\n",
        ),
        (
            "compose.yml",
            "services: {prometheus: {image: 'prom/prometheus:v2.50.1'}, x: {image: a, ports: [x]}}\n",
        ),
        ("notes.md", "# nothing of ours"),
    ]);
    let run = stackwright(&directory, "validate . --no-tools").ends(1);
    for line in [
        "for Prometheus 2.50.1 (its image), Alertmanager 0.34 (the newest known; `--alertmanager` asks for another)",
        "passed   prometheus.yml    prometheus.yml",
        "passed   rule file         rules/a.yml",
        "failed   rule file         rules/b.yml (embedded): 2 errors",
        "passed   rule test file    rules/a_test.yml",
        "passed   target file       targets.json",
        "failed   alertmanager.yml  alertmanager/config.yml (embedded): 1 error",
        "failed   compose file      compose.yml (embedded): 1 error",
    ] {
        assert!(run.output.contains(line), "{line}:\n{}", run.output);
    }
    for place in [
        "--> rules/b.yml:4:27",
        "--> rules/b.yml:4:29",
        "--> compose.yml:1:82",
    ] {
        assert!(run.errors.contains(place), "{place}:\n{}", run.errors);
    }
    let json = stackwright(&directory, "validate . --no-tools --format json")
        .ends(1)
        .json();
    let files = json["files"][0]["files"].as_array().expect("files");
    assert_eq!(files.len(), 7);
    let broken = files
        .iter()
        .find(|file| file["file"] == "rules/b.yml")
        .expect("the broken rule file");
    assert_eq!(broken["kind"], "rule file");
    assert_eq!(broken["checks"][0]["verdict"], "failed");
    assert_eq!(
        broken["checks"][0]["diagnostics"].as_array().map(Vec::len),
        Some(2)
    );
}

const DASHBOARD: &str = r#"{"title": "Redis", "schemaVersion": 41, "panels": [{"type": "text"}]}"#;

#[test]
fn what_grafana_reads_is_judged_for_its_version() {
    let spec = r#""title": "Redis", "schemaVersion": 41, "panels": [{"title": "a"}]"#;
    let directory = directory(&[
        ("good.json", DASHBOARD),
        (
            "bad.json",
            r#"{"schemaVersion": 41, "panels": [{"type": "text"}]}"#,
        ),
        (
            "export.json",
            &format!(r#"{{"meta": {{}}, "dashboard": {{{spec}}}}}"#),
        ),
        (
            "v1.json",
            r#"{"apiVersion": "dashboard.grafana.app/v1beta1", "kind": "Dashboard", "metadata": {"name": "redis"},
                "spec": {"title": "Redis", "panels": [{"type": "text"}]}}"#,
        ),
        (
            "v2.yaml",
            "apiVersion: dashboard.grafana.app/v2beta1\nkind: Dashboard\nmetadata: {name: redis}\n\
             spec:\n  title: Redis\n  elements: {}\n  layuot: {kind: GridLayout, spec: {items: []}}\n",
        ),
        (
            "map.yaml",
            "apiVersion: v1\nkind: ConfigMap\ndata:\n  redis.json: |\n    {\n      \"title\": \"Redis\", \"schemaVersion\": 41,\n\
             \x20     \"panels\": [{\"id\": 1}]\n    }\n",
        ),
        (
            "provisioning/datasources/all.yml",
            "apiVersion: 1\ndatasources:\n- {name: A, type: prometheus, access: proxy, isDefault: perhaps}\n",
        ),
        (
            "provisioning/dashboards/all.yml",
            "apiVersion: 1\nproviders:\n- {name: A, type: fil, options: {path: /a}}\n",
        ),
        (
            "provisioning/alerting/all.yml",
            "apiVersion: 1\ncontactPoints:\n- name: A\n  receivers: [{uid: a b, type: email, settings: {addresses: a@example.org}}]\n",
        ),
    ]);
    let run = stackwright(&directory, "validate . --no-tools").ends(1);
    for line in [
        "for Grafana 12.4.3 (the newest known; `--grafana` asks for another)",
        "passed   dashboard                good.json",
        "failed   dashboard                bad.json (embedded): 1 error",
        "failed   dashboard                export.json (embedded): 1 error",
        "passed   dashboard                v1.json",
        "failed   dashboard                v2.yaml (embedded): ",
        "failed   dashboard                map.yaml (embedded): 1 error",
        "failed   datasource file          provisioning/datasources/all.yml (embedded): 1 error",
        "failed   dashboard provider file  provisioning/dashboards/all.yml (embedded): 1 error",
        "failed   Grafana alerting file    provisioning/alerting/all.yml (embedded): 1 error",
    ] {
        assert!(run.output.contains(line), "{line}:\n{}", run.output);
    }
    for place in [
        "--> map.yaml:7:19",
        "--> v2.yaml:7:3",
        "--> provisioning/datasources/all.yml:3:57",
        "--> provisioning/dashboards/all.yml:3:19",
        "--> provisioning/alerting/all.yml:4:21",
        "the dashboard is below `dashboard`, as the HTTP API has it",
    ] {
        assert!(run.errors.contains(place), "{place}:\n{}", run.errors);
    }
    assert!(!run.output.contains("not checked"), "{}", run.output);

    // One file is what it is by its content, and resources came with Grafana 12.
    stackwright(&directory, "validate --no-tools good.json").ends(0);
    stackwright(&directory, "validate --no-tools v1.json").ends(0);
    let run = stackwright(&directory, "validate --no-tools v1.json --grafana 11.6").ends(1);
    assert!(
        run.output.contains("for Grafana 11.6 (as asked)"),
        "{}",
        run.output
    );
}

#[test]
fn what_a_file_is_can_be_said_of_every_format() {
    let directory = directory(&[("a", "{}\n"), ("b.json", "[]")]);
    for kind in [
        "prometheus",
        "rules",
        "rule-tests",
        "alertmanager",
        "datasources",
        "dashboard-providers",
        "grafana-alerting",
        "dashboard",
    ] {
        let run = stackwright(&directory, &format!("validate --no-tools a --kind {kind}"));
        assert!(matches!(run.status, 0 | 1), "{kind}: {}", run.errors);
    }
    stackwright(&directory, "validate --no-tools b.json --kind targets").ends(0);
    stackwright(&directory, "validate --no-tools b.json --kind dashboard").ends(1);
}

#[test]
fn one_file_is_known_by_its_keys_its_name_or_what_is_said_of_it() {
    let directory = directory(&[
        ("a.yml", "remote_write: [{url: 'http://a'}]\n"),
        ("redis.rules", "groups: [\n"),
        ("alertmanager.yml", ""),
        ("b.txt", RULES),
        ("c.yml", "# nothing\n"),
        ("d.yml", "sevices: {}\n"),
    ]);
    let kind_of = |arguments: &str, status: i32| -> Value {
        let run = stackwright(
            &directory,
            &format!("validate --no-tools --format json {arguments}"),
        );
        run.ends(status).json()["files"][0]["files"][0]["kind"].clone()
    };
    assert_eq!(kind_of("a.yml", 0), "prometheus.yml");
    assert_eq!(kind_of("redis.rules", 1), "rule file");
    assert_eq!(kind_of("alertmanager.yml", 1), "alertmanager.yml");
    assert_eq!(kind_of("b.txt", 0), "rule file");
    assert_eq!(kind_of("c.yml --kind rules", 0), "rule file");
    assert_eq!(kind_of("a.yml --kind rules", 1), "rule file");
    let run = stackwright(&directory, "validate d.yml").ends(2);
    assert!(run.errors.contains("sevices"), "{}", run.errors);
    let run = stackwright(&directory, "validate a.yml --kind rule").ends(2);
    assert!(
        run.errors.contains("these are: prometheus, targets, rules"),
        "{}",
        run.errors
    );
}

#[test]
fn the_version_that_is_asked_for_decides() {
    let directory = directory(&[(
        "a.yml",
        "groups:\n- name: a\n  rules:\n  - {alert: A, expr: 'limitk(2, up)', keep_firing_for: 1m}\n",
    )]);
    stackwright(&directory, "validate --no-tools a.yml").ends(0);
    let run = stackwright(&directory, "validate --no-tools a.yml --prometheus 2.41").ends(1);
    assert!(
        run.output.contains("for Prometheus 2.41 (as asked)"),
        "{}",
        run.output
    );
    assert!(run.output.contains(": 2 errors"), "{}", run.output);
}

#[test]
fn texts_that_are_no_text_are_rejected_at_their_first_byte() {
    let directory = directory(&[]);
    std::fs::write(
        directory.path().join("rules.yml"),
        b"groups: []\n# caf\xe9\n",
    )
    .expect("a file");
    let run = stackwright(&directory, "validate --no-tools rules.yml").ends(1);
    assert!(run.errors.contains("rules.yml:2:6"), "{}", run.errors);
}

#[test]
fn nothing_to_check_is_no_success() {
    let directory = directory(&[("notes.md", "# a")]);
    let run = stackwright(&directory, "validate .").ends(2);
    assert!(
        run.errors.contains("holds nothing that can be checked"),
        "{}",
        run.errors
    );
    let run = stackwright(&directory, "validate notes.md").ends(2);
    assert!(
        run.errors.contains("neither a profile nor a configuration"),
        "{}",
        run.errors
    );
}

#[test]
fn tools_give_a_second_opinion_for_their_own_version() {
    for generation in generations() {
        let directory = directory(&[
            ("good.yml", RULES),
            (
                "bad.yml",
                "groups:\n- name: a\n  rules:\n  - {alert: A, expr: up ==}\n",
            ),
            (
                "new.yml",
                "groups:\n- name: a\n  rules:\n  - {alert: A, expr: 'ts_of_max_over_time(up[5m])'}\n",
            ),
            (
                "alertmanager.yml",
                "route: {receiver: a}\nreceivers: [{name: a}]\n",
            ),
            (
                "prometheus.yml",
                "scrape_configs: [{job_name: a, ec2_sd_configs: [{region: x}]}]\n",
            ),
        ]);
        let verdicts = |file: &str| -> Vec<(String, String)> {
            let run = with_tools(directory.path(), &generation, &[file, "--format", "json"]);
            let checks = run.json()["files"][0]["files"][0]["checks"].clone();
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            checks
                .as_array()
                .expect("checks")
                .iter()
                .map(|check| (text(&check["check"]), text(&check["verdict"])))
                .collect()
        };
        let expect = |file: &str, expected: &[(&str, &str)]| {
            let found = verdicts(file);
            let found: Vec<(&str, &str)> = found
                .iter()
                .map(|(check, verdict)| (check.as_str(), verdict.as_str()))
                .collect();
            assert_eq!(found, expected, "{}: {file}", generation.name);
        };
        expect(
            "good.yml",
            &[
                ("prometheus/rules", "passed"),
                ("promtool/check-rules", "passed"),
            ],
        );
        expect(
            "bad.yml",
            &[
                ("prometheus/rules", "failed"),
                ("promtool/check-rules", "failed"),
            ],
        );
        // Newer than both: they are right to reject it, which is no disagreement.
        expect(
            "new.yml",
            &[
                ("prometheus/rules", "passed"),
                ("promtool/check-rules", "skipped"),
            ],
        );
        expect(
            "alertmanager.yml",
            &[
                ("alertmanager/config", "passed"),
                ("amtool/check-config", "passed"),
            ],
        );
        expect(
            "prometheus.yml",
            &[
                ("prometheus/config", "passed"),
                ("promtool/check-config", "passed"),
            ],
        );
    }
}

#[test]
#[cfg(unix)]
fn a_tool_that_disagrees_is_reported_with_its_version() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = directory(&[
        ("good.yml", RULES),
        (
            "bad.yml",
            "groups:\n- name: a\n  rules:\n  - {alert: A, expr: up ==}\n",
        ),
        (
            "promtool",
            "#!/bin/sh\ncase \"$*\" in\n*--version*) echo 'promtool, version 3.5.3';;\n*good*) echo 'no reason' >&2; exit 1;;\nesac\n",
        ),
    ]);
    let tool = directory.path().join("promtool");
    std::fs::set_permissions(&tool, std::fs::Permissions::from_mode(0o755)).expect("a program");
    let run = |file: &str| {
        Program::in_directory(directory.path())
            .arguments(["validate", file])
            .variable("STACKWRIGHT_PROMTOOL", &tool)
            .run()
            .ends(1)
    };
    let good = run("good.yml");
    assert!(
        good.errors.contains(
            "error[validate/disagreement]: promtool 3.5.3 does not accept this file, and we do: "
        ),
        "{}",
        good.errors
    );
    assert!(
        good.output.contains("failed   promtool/check-rules"),
        "{}",
        good.output
    );
    let bad = run("bad.yml");
    assert!(
        bad.errors
            .contains("promtool 3.5.3 accepts this file, and we do not: "),
        "{}",
        bad.errors
    );
}

#[test]
fn a_missing_tool_is_skipped_or_where_it_is_required_a_failure() {
    let directory = directory(&[("a.yml", RULES)]);
    let run = |arguments: &[&str]| {
        Program::in_directory(directory.path())
            .argument("validate")
            .arguments(arguments)
            .variable("PATH", directory.path())
            .run()
    };
    let skipped = run(&["a.yml"]).ends(0);
    assert!(
        skipped
            .output
            .contains("skipped  promtool   not asked: `promtool` is not in PATH"),
        "{}",
        skipped.output
    );
    let failed = run(&["a.yml", "--require", "promtool"]).ends(1);
    assert!(
        failed.errors.contains("`promtool` is required"),
        "{}",
        failed.errors
    );
}
