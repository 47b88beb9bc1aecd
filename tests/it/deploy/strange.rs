//! Strange strings come out as data.

use serde_json::Value;

use super::stack::{FULL, Stack, clean};

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
fn no_file_holds_a_secret() {
    // The only place where a value could come from; it is there while the files are made.
    let stack = clean(FULL);
    for file in stack.files() {
        for secret in stack.secrets.sorted() {
            let name = &secret.name;
            for given in [format!("{name}: \""), format!("{name}=\"")] {
                assert!(
                    !file.text.contains(&given),
                    "{}: {given}",
                    file.path.as_str()
                );
            }
        }
        assert!(
            !file.text.contains("requirepass \"$("),
            "{}",
            file.path.as_str()
        );
        assert!(
            !file.text.contains("--requirepass"),
            "{}",
            file.path.as_str()
        );
        assert!(!file.text.contains(":-}"), "{}", file.path.as_str());
    }
}
