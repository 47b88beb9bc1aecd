use std::path::Path;

use serde_json::Value;
use stackwright::check::Verdict;
use stackwright::check::{ExternalOptions, external};

use super::stack::{FULL, clean};
use crate::tools::{PATIENCE, generations};

fn compose(text: &str) -> Value {
    serde_yaml::from_str(&clean(text).file("compose.yaml")).expect("YAML")
}

fn small(rest: &str) -> Value {
    compose(&format!(
        "name: demo\ntargets:\n  cache: {{address: 'redis://cache'}}\n{rest}"
    ))
}

#[test]
fn compose_of_both_generations_accepts_everything_at_once() {
    let written = clean(FULL).written();
    for generation in generations() {
        let toolbox = generation.toolbox();
        let mut options = ExternalOptions::new(&toolbox, Path::new("bundle"));
        options.timeout = PATIENCE;
        let outcome = external(written.path(), &options)
            .into_iter()
            .find(|outcome| outcome.check == "docker-compose/config")
            .expect("the check");
        assert!(
            matches!(outcome.verdict, Verdict::Passed),
            "{}: {outcome:?}",
            generation.name
        );
    }
}

#[test]
fn a_missing_or_empty_variable_stops_compose_with_its_name() {
    let stack = clean(FULL);
    let written = stack.written();
    for generation in generations() {
        for grafana in ["", "GRAFANA_ADMIN_PASSWORD=\n"] {
            let env_file = written.path().join(".env");
            let others: String = stack
                .secrets
                .variables()
                .iter()
                .filter(|variable| variable.name != "GRAFANA_ADMIN_PASSWORD")
                .map(|variable| format!("{}=1\n", variable.name))
                .collect();
            std::fs::write(&env_file, others + grafana).expect("a file");
            let output = std::process::Command::new(generation.program("docker-compose"))
                .args(["--file", "compose.yaml", "config", "--quiet"])
                .current_dir(written.path())
                .output()
                .expect("docker-compose");
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(!output.status.success(), "{said}");
            assert!(
                said.contains("set GRAFANA_ADMIN_PASSWORD in .env"),
                "{said}"
            );
        }
    }
}

#[test]
fn admin_ports_are_on_loopback_and_exporters_are_not_published() {
    let compose = small("");
    let services = &compose["services"];
    for (service, port) in [
        ("prometheus", "127.0.0.1:9090:9090"),
        ("alertmanager", "127.0.0.1:9093:9093"),
        ("grafana", "127.0.0.1:3000:3000"),
    ] {
        assert_eq!(services[service]["ports"], serde_json::json!([port]));
    }
    assert!(services["redis-exporter"].get("ports").is_none());
    assert!(services.get("blackbox-exporter").is_none());
    let bound = small("compose: {bind: '::1', ports: {prometheus: off}}\n");
    assert_eq!(
        bound["services"]["grafana"]["ports"],
        serde_json::json!(["[::1]:3000:3000"])
    );
    assert!(bound["services"]["prometheus"].get("ports").is_none());
}

#[test]
fn an_exporter_for_many_has_an_empty_address_and_not_two_quotes() {
    let compose = small("");
    let environment = &compose["services"]["redis-exporter"]["environment"];
    assert_eq!(environment, &serde_json::json!({"REDIS_ADDR": ""}));
}

#[test]
fn an_image_without_a_shell_has_no_healthcheck() {
    let with = small("");
    assert!(with["services"]["redis-exporter"]["healthcheck"].is_object());
    let without =
        small("compose: {images: {redis-exporter: 'oliver006/redis_exporter:v1.86.0'}}\n");
    assert!(
        without["services"]["redis-exporter"]
            .get("healthcheck")
            .is_none()
    );
}

#[test]
fn monitoring_has_the_compose_profiles_and_redis_has_none() {
    let compose = compose(FULL);
    for (name, service) in compose["services"].as_object().expect("services") {
        let profiles = service.get("profiles");
        if ["cache", "queue"].contains(&name.as_str()) {
            assert_eq!(profiles, None, "{name}");
        } else {
            assert_eq!(
                profiles,
                Some(&serde_json::json!(["cache-monitoring"])),
                "{name}"
            );
        }
        // A service that waits for one in an inactive profile is an error.
        assert!(service.get("depends_on").is_none(), "{name}");
    }
}

#[test]
fn only_what_meets_the_applications_joins_their_networks() {
    let compose = compose(FULL);
    for (service, networks) in [
        ("grafana", vec!["monitoring"]),
        ("alertmanager", vec!["monitoring"]),
        (
            "prometheus",
            vec!["monitoring", "app", "monitoring-outside", "back"],
        ),
        (
            "cache",
            vec!["monitoring", "app", "monitoring-outside", "back"],
        ),
    ] {
        assert_eq!(
            compose["services"][service]["networks"],
            serde_json::json!(networks)
        );
    }
    assert_eq!(
        compose["networks"]["monitoring-outside"],
        serde_json::json!({"external": true, "name": "monitoring"})
    );
}

#[test]
fn the_host_is_reachable_exactly_where_an_address_names_it() {
    let compose = compose(FULL);
    let reaching: Vec<&str> = compose["services"]
        .as_object()
        .expect("services")
        .iter()
        .filter(|(_, service)| service.get("extra_hosts").is_some())
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(
        reaching,
        ["prometheus", "blackbox-exporter", "redis-exporter"]
    );
}

#[test]
fn alertmanager_remembers_longer_than_the_longest_repeat_interval() {
    let command = compose(FULL)["services"]["alertmanager"]["command"].to_string();
    assert!(command.contains("--data.retention=400h"), "{command}");
    let command = small("")["services"]["alertmanager"]["command"].to_string();
    assert!(command.contains("--data.retention=120h"), "{command}");
}

#[test]
fn every_variable_is_in_the_example_with_its_purpose_and_without_a_value() {
    let stack = clean(FULL);
    let example = stack.file(".env.example");
    let names: Vec<&str> = example
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| line.strip_suffix('=').expect("no value"))
        .collect();
    assert_eq!(
        names,
        [
            "GRAFANA_ADMIN_PASSWORD",
            "PAGERDUTY_KEY",
            "REDIS_PASSWORD",
            "SLACK_WEBHOOK_URL",
            "SMTP_PASSWORD",
            "TICKET_URL"
        ]
    );
    let compose = stack.file("compose.yaml");
    for reference in compose.split("${").skip(1) {
        let name = reference.split([':', '}']).next().expect("a name");
        assert!(names.contains(&name), "{name}");
    }
    assert!(
        example.contains(
            "# SMTP password of the channel mail (read by alertmanager).\nSMTP_PASSWORD="
        )
    );
}

#[test]
fn redis_takes_its_password_from_a_file_and_refuses_an_empty_one() {
    let stack = clean(FULL);
    let conf = stack.file("redis/queue/redis.conf");
    let lines: Vec<&str> = conf
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect();
    assert_eq!(lines, ["port 6390", "maxclients 500", "appendonly yes"]);
    let bundle = stack.written();
    let compose = compose(FULL);
    let command = &compose["services"]["queue"]["command"];
    let script = command[2].as_str().expect("a script").replace("$$", "$");
    for generation in generations() {
        let directory = tempfile::tempdir().expect("a directory");
        let at = |name: &str| directory.path().join(name);
        let script = script
            .replace(
                "/run/secrets/queue-password",
                &at("password").display().to_string(),
            )
            .replace(
                "/run/redis/redis.conf",
                &at("redis.conf").display().to_string(),
            )
            .replace(
                "/usr/local/etc/redis/",
                &format!("{}/redis/queue/", bundle.path().display()),
            )
            // The image's entrypoint gives up root and then runs its arguments.
            .replace(
                "exec docker-entrypoint.sh redis-server",
                &format!("exec {}", generation.program("redis-server").display()),
            );
        let script = format!(
            "{} --port 0 --unixsocket redis.sock --save ''",
            script.trim_end()
        );
        let start = || {
            std::process::Command::new("sh")
                .args(["-ec", &script])
                .current_dir(directory.path())
                .stdout(std::process::Stdio::null())
                .stderr(std::process::Stdio::null())
                .spawn()
                .expect("sh")
        };
        for empty in ["", "\n"] {
            std::fs::write(at("password"), empty).expect("a file");
            assert!(!start().wait().expect("sh").success(), "{empty:?}");
        }
        let password = "a\"b\\c $x 'y' #z";
        std::fs::write(at("password"), format!("{password}\n")).expect("a file");
        let mut server = start();
        let ask = |password: &str| {
            let output = std::process::Command::new(generation.program("redis-cli"))
                .args(["-s", "redis.sock", "ping"])
                .env("REDISCLI_AUTH", password)
                .current_dir(directory.path())
                .output()
                .expect("redis-cli");
            String::from_utf8_lossy(&output.stdout).trim().to_owned()
        };
        let mut said = String::new();
        for _ in 0..100 {
            said = ask(password);
            if said == "PONG" {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        let refused = ask("wrong");
        let arguments =
            std::fs::read_to_string(format!("/proc/{}/cmdline", server.id())).unwrap_or_default();
        server.kill().expect("a server");
        server.wait().expect("a server");
        assert_eq!(said, "PONG", "{}", generation.name);
        assert!(refused.starts_with("NOAUTH"), "{refused}");
        assert!(!arguments.contains("a\"b"), "{arguments}");
    }
}

#[test]
fn a_secret_from_a_variable_is_readable_for_programs_that_are_not_root() {
    // Compose before 2.20 and from 2.34 makes it readable for root only unless told otherwise; a file keeps its own mode.
    let compose = compose(FULL);
    assert_eq!(
        compose["services"]["grafana"]["secrets"],
        serde_json::json!([{"source": "grafana_admin_password", "mode": 0o444}])
    );
    assert_eq!(
        compose["services"]["queue"]["secrets"],
        serde_json::json!(["queue-password"])
    );
}
