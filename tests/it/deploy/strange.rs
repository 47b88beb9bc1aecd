//! Strange strings come out as data.

use std::process::Command;

use serde_json::Value;

use super::stack::{FULL, Stack, clean};
use crate::tools::generations;

fn strange() -> Vec<String> {
    [
        "\"'",
        "a\nb: c\n- d",
        "{{ .Labels.x }}",
        "${HOME} $x $$",
        "a: b",
        "a # b",
        "🚨 é",
        "yes",
        "*a",
        "&a",
        "<{ x }>",
        "<% if %>",
        "\u{85}\u{2028}\u{feff}",
        "`rm`",
        "]]>",
        "|cell|",
        "{{ `",
        "}} {{- end }}",
    ]
    .map(String::from)
    .into_iter()
    .chain([format!("long {}", "x".repeat(10_240))])
    .collect()
}

fn with(text: &str) -> Stack {
    let quoted = serde_json::to_string(text).expect("JSON");
    clean(&format!(
        "name: demo
description: {quoted}
targets:
  cache: {{address: 'redis://cache', password: {{env: REDIS_PASSWORD}}, server: {{}}}}
exporters:
  redis-exporter: {{flags: {{script: {quoted}}}}}
probes:
  health: {{url: 'http://h/health', description: {quoted}}}
notifications:
  channels:
    slack: {{kind: slack, webhook: {{env: SLACK}}, channel: {quoted}}}
    other: {{kind: silent}}
  routes:
    slow: {{group: [performance], channels: [slack, other]}}
"
    ))
}

fn read(stack: &Stack, path: &str) -> Value {
    let text = stack.file(path);
    serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}\n{text}"))
}

#[test]
fn whatever_a_profile_says_the_structure_is_the_same() {
    fn shape(value: &Value) -> Value {
        match value {
            Value::Array(items) => items.iter().map(shape).collect(),
            Value::Object(entries) => Value::Object(
                entries
                    .iter()
                    .map(|(key, value)| (key.clone(), shape(value)))
                    .collect(),
            ),
            Value::String(_) => Value::Null,
            other => other.clone(),
        }
    }
    let paths = [
        "compose.yaml",
        "alertmanager/alertmanager.yml",
        "blackbox/blackbox.yml",
    ];
    let plain = with("plain");
    for text in strange() {
        let stack = with(&text);
        for path in paths {
            assert_eq!(
                shape(&read(&stack, path)),
                shape(&read(&plain, path)),
                "{text:?}"
            );
        }
    }
}

#[test]
fn values_arrive_as_they_were_written() {
    for text in strange() {
        let stack = with(&text);
        let config = read(&stack, "alertmanager/alertmanager.yml");
        // Alertmanager expands the channel as a Go template, in which `{{` prints itself.
        let channel = config["receivers"][0]["slack_configs"][0]["channel"]
            .as_str()
            .expect("a channel");
        assert_eq!(channel.replace("{{ \"{{\" }}", "{{"), text);
        let compose = read(&stack, "compose.yaml");
        let command = compose["services"]["redis-exporter"]["command"].to_string();
        let argument = format!("--script={}", text.replace('$', "$$"));
        assert!(
            command.contains(
                serde_json::to_string(&argument)
                    .expect("JSON")
                    .trim_matches('"')
            ),
            "{command}"
        );
    }
}

#[test]
fn prose_and_variables_stay_on_their_lines() {
    let plain = with("plain");
    for text in strange() {
        let stack = with(&text);
        let names = |stack: &Stack| {
            stack
                .file(".env.example")
                .lines()
                .filter(|line| !line.starts_with('#') && !line.is_empty())
                .map(ToOwned::to_owned)
                .collect::<Vec<_>>()
        };
        assert_eq!(names(&stack), names(&plain), "{text:?}");
        assert_eq!(
            stack.file("README.md").lines().count(),
            plain.file("README.md").lines().count(),
            "{text:?}"
        );
    }
}

#[test]
fn the_same_profile_gives_the_same_bytes() {
    assert_eq!(clean(FULL).files(), clean(FULL).files());
}

#[test]
fn secrets_are_named_and_never_written() {
    fn scalars(value: &Value, key: &str, found: &mut Vec<(String, String)>) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| scalars(item, key, found)),
            Value::Object(entries) => entries
                .iter()
                .for_each(|(key, value)| scalars(value, key, found)),
            other => found.push((
                key.to_owned(),
                other.as_str().map_or_else(|| other.to_string(), Into::into),
            )),
        }
    }
    let stack = clean(FULL);
    for path in ["compose.yaml", "alertmanager/alertmanager.yml"] {
        let mut found = Vec::new();
        scalars(&read(&stack, path), "", &mut found);
        for (key, value) in found {
            let key = key.to_lowercase();
            // Keys that take a secret itself.
            assert!(
                ![
                    "api_url",
                    "routing_key",
                    "service_key",
                    "auth_password",
                    "auth_secret"
                ]
                .contains(&key.as_str()),
                "{path}: {key}"
            );
            if key.ends_with("_file") {
                assert!(value.starts_with("/run/secrets/"), "{path}: {key}: {value}");
            } else if key.contains("password") {
                assert!(
                    value.starts_with("${") && value.contains(":?"),
                    "{path}: {key}: {value}"
                );
            }
            assert!(!value.starts_with("--requirepass"), "{path}: {value}");
        }
    }
    let compose = read(&stack, "compose.yaml");
    for (name, secret) in compose["secrets"].as_object().expect("secrets") {
        let keys: Vec<&String> = secret.as_object().expect("a secret").keys().collect();
        assert!(
            keys == ["environment"] || keys == ["file"],
            "{name}: {keys:?}"
        );
    }
}

/// Everything strange in one text, without what cannot be an argument of a program.
fn all_at_once() -> String {
    strange().join("\n")
}

#[test]
fn compose_hands_values_on_as_they_were_written() {
    let text = all_at_once();
    let written = with(&text).written();
    for generation in generations() {
        let output = Command::new(generation.program("docker-compose"))
            .args(["--file", "compose.yaml", "config", "--format", "json"])
            .envs(["GRAFANA_ADMIN_PASSWORD", "REDIS_PASSWORD", "SLACK"].map(|name| (name, "x")))
            .current_dir(written.path())
            .output()
            .expect("docker-compose");
        assert!(output.status.success(), "{output:?}");
        let config: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        // What Compose prints can be read by Compose again: it doubles each `$`.
        let arguments = config["services"]["redis-exporter"]["command"].to_string();
        let argument = Value::from(format!("--script={}", text.replace('$', "$$"))).to_string();
        assert!(
            arguments.contains(&argument),
            "{}: {arguments}",
            generation.name
        );
    }
}

#[test]
fn alertmanager_expands_a_channel_to_what_was_written() {
    let text = all_at_once();
    let stack = with(&text);
    let written = stack.written();
    let config = read(&stack, "alertmanager/alertmanager.yml");
    let channel = &config["receivers"][0]["slack_configs"][0]["channel"];
    for generation in generations() {
        let amtool = |arguments: &[&str]| {
            let output = Command::new(generation.program("amtool"))
                .args(arguments)
                .current_dir(written.path())
                .output()
                .expect("amtool");
            assert!(output.status.success(), "{output:?}");
            String::from_utf8(output.stdout).expect("UTF-8")
        };
        amtool(&["check-config", "alertmanager/alertmanager.yml"]);
        let expanded = amtool(&[
            "template",
            "render",
            "--template.glob=alertmanager/templates/*.tmpl",
            &format!("--template.text={}", channel.as_str().expect("a channel")),
        ]);
        assert_eq!(expanded.trim_end(), text, "{}", generation.name);
    }
}
