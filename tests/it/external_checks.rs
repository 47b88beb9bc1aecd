//! What promtool, amtool and Compose find in a bundle, and how it is told.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::Duration;

use stackwright::check::tool::{Tool, Toolbox};
use stackwright::check::{
    CheckOutcome, EXTERNAL_CHECKS, ExpectedRoute, ExternalOptions, Verdict, external,
};

use crate::tools::{PATIENCE, generations};

const RULES: &str = r#"groups:
  - name: availability
    rules:
      - alert: RedisDown
        expr: redis_up == 0
        for: 1m
        labels: {severity: critical}
        annotations: {summary: "{{ $labels.instance }} is down"}
"#;

const TESTS: &str = r#"rule_files: [../rules/availability.yml]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - series: redis_up{instance="a"}
        values: 0x5
    alert_rule_test:
      - eval_time: 0m
        alertname: RedisDown
      - eval_time: 3m
        alertname: RedisDown
        exp_alerts:
          - exp_labels: {severity: critical, instance: a}
            exp_annotations: {summary: a is down}
"#;

const PROMETHEUS: &str = r#"global: {scrape_interval: 15s}
rule_files: [rules/*.yml]
scrape_configs:
  - job_name: redis
    authorization: {credentials_file: /run/secrets/exporter_token}
    static_configs:
      - targets: [exporter:9121]
"#;

const ALERTMANAGER: &str = r#"route:
  receiver: quiet
  routes:
    - matchers: [severity="critical"]
      receiver: page
      continue: true
    - matchers: [severity="critical"]
      receiver: chat
templates: [templates/*.tmpl]
receivers:
  - name: quiet
  - name: page
  - name: chat
"#;

const TEMPLATE: &str = r#"{{ define "title" }}{{ .CommonLabels.alertname }}{{ end }}"#;

const COMPOSE: &str = r#"name: redis-watch
services:
  exporter:
    image: exporter:${EXPORTER_VERSION:?the version}
    ports: ["127.0.0.1:${EXPORTER_PORT:?a port}:9121"]
    environment: {REDIS_ADDR: "${REDIS_ADDR}"}
  grafana:
    image: grafana
    profiles: [ui]
    environment: {PASSWORD: "${GRAFANA_ADMIN_PASSWORD:?a password}"}
"#;

const EXAMPLE: &str = "# Which exporter.\nEXPORTER_VERSION=v1.86.0\nEXPORTER_PORT=\n";

/// A sound bundle, with some files written differently. Without text, the file is left out.
fn bundle(changes: &[(&str, Option<&str>)]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut files = BTreeMap::from([
        ("prometheus/prometheus.yml", Some(PROMETHEUS)),
        ("prometheus/rules/availability.yml", Some(RULES)),
        ("prometheus/tests/availability.yml", Some(TESTS)),
        ("alertmanager/alertmanager.yml", Some(ALERTMANAGER)),
        ("alertmanager/templates/title.tmpl", Some(TEMPLATE)),
        ("compose.yaml", Some(COMPOSE)),
        (".env.example", Some(EXAMPLE)),
    ]);
    files.extend(changes.iter().copied());
    for (path, text) in files {
        let path = directory.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        if let Some(text) = text {
            fs::write(path, text).expect("a file");
        }
    }
    directory
}

fn route(labels: &[(&str, &str)], receivers: &[&str]) -> ExpectedRoute {
    ExpectedRoute {
        labels: labels
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        receivers: receivers.iter().map(|name| (*name).to_owned()).collect(),
    }
}

fn sound_routes() -> Vec<ExpectedRoute> {
    vec![
        route(
            &[("alertname", "RedisDown"), ("severity", "critical")],
            &["page", "chat"],
        ),
        route(&[("note", "say \"hi\", {b\\c}\nü")], &["quiet"]),
    ]
}

fn check(bundle: &Path, toolbox: &Toolbox, routes: &[ExpectedRoute]) -> Vec<CheckOutcome> {
    external(
        bundle,
        &ExternalOptions {
            routes,
            timeout: PATIENCE,
            ..ExternalOptions::new(toolbox, Path::new("build/production"))
        },
    )
}

/// Outcomes as text, without the tools' versions. A failure is followed by what stands at the place it points to.
fn told(outcomes: &[CheckOutcome]) -> String {
    let mut text = String::new();
    for outcome in outcomes {
        let verdict = match &outcome.verdict {
            Verdict::Passed => "passed".to_owned(),
            Verdict::Failed(_) => "failed".to_owned(),
            Verdict::Skipped(reason) => format!("skipped: {reason}"),
        };
        writeln!(text, "{} {} {verdict}", outcome.check, outcome.subject).expect("a string");
        if let Verdict::Failed(diagnostics) = &outcome.verdict {
            for diagnostic in diagnostics {
                assert_eq!(diagnostic.id, outcome.check);
                writeln!(text, "  {}", diagnostic.message).expect("a string");
                if let Some(location) = &diagnostic.location {
                    let position = location.file.position(location.span.start());
                    let marked = &location.file.text()[location.span.start()..location.span.end()];
                    let path = location.file.path().display();
                    let (line, column) = (position.line, position.column);
                    let told = format!("  {path}:{line}:{column} {marked}");
                    writeln!(text, "{}", told.trim_end()).expect("a string");
                }
            }
        }
    }
    text
}

/// Asserts what is told of `name` for a bundle that it must reject, in the same words by both generations.
fn failure(name: &str, changes: &[(&str, Option<&str>)], expected: &str) {
    let bundle = bundle(changes);
    for generation in generations() {
        let mut outcomes = check(bundle.path(), &generation.toolbox(), &sound_routes());
        outcomes.retain(|outcome| outcome.failed() && outcome.check == name);
        // The one word in which the generations differ.
        let told = told(&outcomes).replace("rulefmt.RuleNode", "rulefmt.Rule");
        assert_eq!(told, expected, "{} tools", generation.name);
    }
}

#[test]
fn every_check_of_a_sound_bundle_passes_and_names_its_tool() {
    let bundle = bundle(&[]);
    for generation in generations() {
        let outcomes = check(bundle.path(), &generation.toolbox(), &sound_routes());
        let checks: Vec<&str> = outcomes.iter().map(|outcome| outcome.check).collect();
        let all: Vec<&str> = EXTERNAL_CHECKS.iter().map(|check| check.name).collect();
        assert_eq!(checks, all);
        for outcome in outcomes {
            assert!(
                matches!(outcome.verdict, Verdict::Passed),
                "{} tools: {outcome:#?}",
                generation.name
            );
            let tool = outcome.tool.expect("who checked");
            assert!(
                tool.version.starts_with(|c: char| c.is_ascii_digit()),
                "{tool}"
            );
        }
    }
}

#[test]
fn generations_are_of_different_age() {
    let versions = |tool| -> Vec<String> {
        generations()
            .iter()
            .map(|generation| {
                let toolbox = generation.toolbox();
                let program = toolbox.find(tool).expect("a tool");
                program.version.version.clone()
            })
            .collect()
    };
    for tool in Tool::ALL {
        let versions = versions(tool);
        assert!(
            versions.is_empty() || versions[0] != versions[1],
            "{versions:?}"
        );
    }
}

#[test]
fn a_promql_error_points_into_the_rule() {
    let rules = RULES.replace("redis_up == 0", "redis_up ==");
    failure(
        "promtool/check-rules",
        &[("prometheus/rules/availability.yml", Some(&rules))],
        r#"promtool/check-rules prometheus/rules/availability.yml failed
  promtool check rules: group "availability", rule 1, "RedisDown": could not parse expression: 1:12: parse error: unexpected end of input
  build/production/prometheus/rules/availability.yml:5:15 redis_up ==
"#,
    );
}

#[test]
fn every_unknown_key_of_a_rule_file_is_reported_on_its_line() {
    let rules = RULES.replace("for: 1m", "fro: 1m\n        severity: critical");
    failure(
        "promtool/check-rules",
        &[("prometheus/rules/availability.yml", Some(&rules))],
        "promtool/check-rules prometheus/rules/availability.yml failed
  promtool check rules: field fro not found in type rulefmt.Rule
  build/production/prometheus/rules/availability.yml:6:9 fro: 1m
  promtool check rules: field severity not found in type rulefmt.Rule
  build/production/prometheus/rules/availability.yml:7:9 severity: critical
",
    );
}

#[test]
fn a_rule_that_is_there_twice_is_reported() {
    let (head, rule) = RULES.split_at(RULES.find("      - alert").expect("a rule"));
    let rules = format!("{head}{rule}{rule}");
    failure("promtool/check-rules", &[("prometheus/rules/availability.yml", Some(&rules))], "promtool/check-rules prometheus/rules/availability.yml failed
  promtool check rules: lint error 1 duplicate rule(s) found. Metric: RedisDown Label(s): severity: critical Might cause inconsistency while recording expressions
  build/production/prometheus/rules/availability.yml:1:1
");
}

#[test]
fn a_failing_unit_test_points_at_its_case() {
    let tests = TESTS.replace("summary: a is down", "summary: a is up");
    failure(
        "promtool/test-rules",
        &[("prometheus/tests/availability.yml", Some(&tests))],
        r#"promtool/test-rules prometheus/tests/availability.yml failed
  promtool test rules: alertname: RedisDown, time: 3m, exp:[ 0: Labels:{alertname="RedisDown", instance="a", severity="critical"} Annotations:{summary="a is up"} ], got:[ 0: Labels:{alertname="RedisDown", instance="a", severity="critical"} Annotations:{summary="a is down"} ]
  build/production/prometheus/tests/availability.yml:12:9 alertname: RedisDown
"#,
    );
}

#[test]
fn a_unit_test_without_rules_fails() {
    let tests = "rule_files: [../rules/availabilty.yml]\ntests: []\n";
    failure(
        "promtool/test-rules",
        &[("prometheus/tests/availability.yml", Some(tests))],
        "promtool/test-rules prometheus/tests/availability.yml failed
  promtool test rules: no file matches `prometheus/rules/availabilty.yml` of `rule_files`
  build/production/prometheus/tests/availability.yml:1:1
",
    );
}

#[test]
fn an_unknown_key_of_the_configuration_is_reported_on_its_line() {
    let configuration = PROMETHEUS.replace("static_configs", "static_config");
    failure(
        "promtool/check-config",
        &[("prometheus/prometheus.yml", Some(&configuration))],
        "promtool/check-config prometheus/prometheus.yml failed
  promtool check config: field static_config not found in type config.ScrapeConfig
  build/production/prometheus/prometheus.yml:6:5 static_config:
",
    );
}

#[test]
fn an_undefined_receiver_is_reported_once_and_not_for_every_route() {
    let configuration = ALERTMANAGER.replace("receiver: chat", "receiver: chatt");
    failure(
        "amtool/routes-test",
        &[("alertmanager/alertmanager.yml", Some(&configuration))],
        r#"amtool/routes-test alertmanager/alertmanager.yml failed
  amtool config routes test: undefined receiver "chatt" used in route
  build/production/alertmanager/alertmanager.yml:1:1
"#,
    );
}

#[test]
fn a_notification_template_that_does_not_parse_is_reported() {
    failure(
        "amtool/check-config",
        &[(
            "alertmanager/templates/title.tmpl",
            Some("{{ define \"title\" }}\n{{ .Foo "),
        )],
        "amtool/check-config alertmanager/alertmanager.yml failed
  amtool check-config: unclosed action
  build/production/alertmanager/templates/title.tmpl:2:1 {{ .Foo
",
    );
}

#[test]
fn an_alert_that_reaches_somebody_else_is_reported_with_its_labels() {
    let bundle = bundle(&[]);
    let routes = [
        route(&[("alertname", "A"), ("severity", "warning")], &["page"]),
        route(
            &[("alertname", "B"), ("severity", "critical")],
            &["page", "chat"],
        ),
    ];
    for generation in generations() {
        let outcomes = check(bundle.path(), &generation.toolbox(), &routes);
        let failed: Vec<CheckOutcome> = outcomes.into_iter().filter(CheckOutcome::failed).collect();
        assert_eq!(
            told(&failed),
            r#"amtool/routes-test alertmanager/alertmanager.yml failed
  amtool config routes test: an alert {alertname="A", severity="warning"} reaches `quiet`, not `page`
  build/production/alertmanager/alertmanager.yml:1:1
"#,
            "{} tools",
            generation.name
        );
    }
}

#[test]
fn a_service_of_an_inactive_compose_profile_is_checked_too() {
    let compose = COMPOSE.replace("profiles: [ui]", "profiles: [ui]\n    networks: [nowhere]");
    failure(
        "docker-compose/config",
        &[("compose.yaml", Some(&compose))],
        r#"docker-compose/config compose.yaml failed
  docker-compose config: service "grafana" refers to undefined network nowhere: invalid compose project
  build/production/compose.yaml:1:1
"#,
    );
}

#[test]
fn broken_yaml_is_reported_by_each_reader() {
    for (path, text) in [
        ("prometheus/prometheus.yml", PROMETHEUS),
        ("alertmanager/alertmanager.yml", ALERTMANAGER),
        ("compose.yaml", COMPOSE),
    ] {
        let broken = format!("{text}\n\tx: [\n");
        let bundle = bundle(&[(path, Some(&broken))]);
        for generation in generations() {
            let outcomes = check(bundle.path(), &generation.toolbox(), &[]);
            let failed = outcomes
                .iter()
                .find(|outcome| outcome.failed())
                .expect("a failure");
            assert_eq!(failed.subject, path);
            let Verdict::Failed(diagnostics) = &failed.verdict else {
                unreachable!("it failed");
            };
            let location = diagnostics[0].location.as_ref().expect("a place");
            assert_eq!(
                location.file.path(),
                Path::new("build/production").join(path)
            );
        }
    }
}

#[test]
fn a_missing_tool_is_skipped_and_fails_where_it_is_required() {
    let bundle = bundle(&[]);
    let nothing = tempfile::tempdir().expect("a temporary directory");
    let toolbox = Toolbox::in_directory(nothing.path());
    let options = ExternalOptions {
        required: &[Tool::Amtool],
        ..ExternalOptions::new(&toolbox, Path::new("b"))
    };
    assert_eq!(
        told(&external(bundle.path(), &options)),
        "promtool/check-config prometheus/*.yml skipped: `promtool` is not in PATH
promtool/check-rules {prometheus,ruler}/rules/*.yml skipped: `promtool` is not in PATH
promtool/test-rules {prometheus,ruler}/tests/*.yml skipped: `promtool` is not in PATH
amtool/check-config alertmanager/alertmanager.yml failed
  `amtool` is required, but was not found: `amtool` is not in PATH
amtool/routes-test alertmanager/alertmanager.yml failed
  `amtool` is required, but was not found: `amtool` is not in PATH
docker-compose/config compose.yaml skipped: `docker-compose` is not in PATH
"
    );
}

#[test]
fn a_missing_file_is_skipped_with_the_reason() {
    let bundle = bundle(&[
        ("prometheus/tests/availability.yml", None),
        ("alertmanager/alertmanager.yml", None),
        ("compose.yaml", None),
    ]);
    for generation in generations() {
        let outcomes = check(bundle.path(), &generation.toolbox(), &[]);
        assert_eq!(told(&outcomes), "promtool/check-config prometheus/prometheus.yml passed
promtool/check-rules prometheus/rules/availability.yml passed
promtool/test-rules {prometheus,ruler}/tests/*.yml skipped: there is no `{prometheus,ruler}/tests/*.yml`
amtool/check-config alertmanager/alertmanager.yml skipped: there is no `alertmanager/alertmanager.yml`
amtool/routes-test alertmanager/alertmanager.yml skipped: there is no `alertmanager/alertmanager.yml`
docker-compose/config compose.yaml skipped: there is no `compose.yaml`
");
    }
}

#[cfg(unix)]
mod odd_tools {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    /// A directory with one shell script under a tool's name.
    fn script(name: &str, body: &str) -> tempfile::TempDir {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{body}\n")).expect("a script");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("permissions");
        directory
    }

    fn told_of(check: &str, tools: &Path, timeout: Duration) -> String {
        let bundle = bundle(&[]);
        let toolbox = Toolbox::in_directory(tools);
        let outcomes = external(
            bundle.path(),
            &ExternalOptions {
                timeout,
                ..ExternalOptions::new(&toolbox, Path::new("b"))
            },
        );
        let of_interest: Vec<CheckOutcome> = outcomes
            .into_iter()
            .filter(|outcome| outcome.check == check)
            .collect();
        told(&of_interest)
    }

    #[test]
    fn a_tool_that_does_not_end_is_stopped_and_fails() {
        let tools = script(
            "promtool",
            "case $1 in --version) echo promtool, version 9.9.9 ;; *) sleep 600 ;; esac",
        );
        assert_eq!(
            told_of(
                "promtool/check-config",
                tools.path(),
                Duration::from_millis(200)
            ),
            "promtool/check-config prometheus/prometheus.yml failed
  promtool check config: it did not finish within 200ms
  b/prometheus/prometheus.yml:1:1
"
        );
    }

    #[test]
    fn a_tool_that_fails_without_a_word_fails() {
        let tools = script(
            "promtool",
            "case $1 in --version) echo promtool, version 9.9.9 ;; *) exit 7 ;; esac",
        );
        assert_eq!(
            told_of("promtool/check-config", tools.path(), PATIENCE),
            "promtool/check-config prometheus/prometheus.yml failed
  promtool check config: rejects the file without a reason (exit status: 7)
  b/prometheus/prometheus.yml:1:1
"
        );
    }

    #[test]
    fn compose_1_is_skipped_because_it_reads_another_format() {
        let tools = script("docker-compose", "echo 1.29.2");
        let told = told_of("docker-compose/config", tools.path(), PATIENCE);
        assert_eq!(
            told.replace(&tools.path().display().to_string(), "DIR"),
            "docker-compose/config compose.yaml skipped: `DIR/docker-compose`: version 1.29.2 predates the Compose specification, 2 or newer is needed\n"
        );
    }

    #[test]
    fn the_plugin_of_docker_is_found() {
        let tools = script(
            "docker",
            "case $* in 'compose version --short') echo 2.40.3 ;; 'compose --env-file '*) ;; *) exit 1 ;; esac",
        );
        assert_eq!(
            told_of("docker-compose/config", tools.path(), PATIENCE),
            "docker-compose/config compose.yaml passed\n"
        );
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_tool_has_no_network_where_the_system_can_take_it_away() {
        let can = std::process::Command::new("unshare")
            .args(["--map-current-user", "--net", "--", "true"])
            .status();
        if !can.is_ok_and(|status| status.success()) {
            eprintln!("not run: this system does not let us make a network namespace");
            return;
        }
        let tools = script(
            "promtool",
            "case $1 in --version) echo promtool, version 9.9.9 ;; *) ! grep -vE '^ *(lo:|Inter|face)' /proc/self/net/dev ;; esac",
        );
        assert_eq!(
            told_of("promtool/check-config", tools.path(), PATIENCE),
            "promtool/check-config prometheus/prometheus.yml passed\n"
        );
    }

    #[test]
    fn a_tool_reads_nothing_of_the_users_environment() {
        let tools = script(
            "promtool",
            "case $1 in --version) echo promtool, version 9.9.9 ;; *)
                ! env | grep -E '^(CARGO|STACKWRIGHT)' && ! read -r line && test -n \"$HOME\" && test -z \"$(ls -A \"$HOME\")\" ;;
            esac",
        );
        assert_eq!(
            told_of("promtool/check-config", tools.path(), PATIENCE),
            "promtool/check-config prometheus/prometheus.yml passed\n"
        );
    }
}
