//! Whatever a profile says in its texts comes out as data.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use stackwright::check::{CheckOutcome, ExternalOptions, Verdict, external};

use crate::program::{directory_with, files, stackwright};
use crate::tools::{PATIENCE, generations};

const OUT: &str = "out/default";

/// What could break out of a place anywhere in a text.
const INSIDE: [&str; 11] = [
    "a \"quoted\" and 'quoted' one",
    "${HOME} $HOME $1 $$ $",
    "a: b",
    "a # b",
    "🚨 é ç 日本",
    "<{ profile }> <% raw %> <# x #>",
    "tab\there \u{1} \u{1b}[31m \u{85} \u{2028} \u{feff} \u{7f}",
    "\\n \\u0041 \\",
    "| pipe | > <b>html</b> [link](x) ```",
    "{{ .Values.x }} {{- end }} }} {{ `",
    "]]> */ --> %}",
];

/// Each of them a whole text.
fn texts() -> Vec<String> {
    [
        "one\ntwo: 3\n- four\n\n# five",
        "{{ .Labels.x",
        "yes",
        "0x1F",
        "*alias &anchor !tag %TAG @at `tick`",
        " leading and trailing ",
        "---",
    ]
    .map(String::from)
    .into_iter()
    .chain([INSIDE.join(" / "), format!("long {}", "x".repeat(10_240))])
    .collect()
}

/// The profile that says `text` wherever a text is free.
fn profile(text: &str) -> String {
    // YAML has no raw delete character, which JSON has.
    let quoted = serde_json::to_string(text)
        .expect("JSON")
        .replace('\u{7f}', "\\u007f");
    format!(
        "name: demo
description: {quoted}
labels: {{team: {quoted}}}
targets:
  cache: {{address: 'redis://cache', server: {{}}, labels: {{shelf: {quoted}}}}}
alerts:
  RedisDown: {{labels: {{pager: {quoted}}}, annotations: {{hint: {quoted}}}, runbook: mine}}
runbooks:
  mine: {{title: {quoted}, text: {quoted}}}
applications:
  api:
    url: http://host.docker.internal:8000/metrics
    description: {quoted}
    labels: {{side: {quoted}}}
    metrics: {{my_requests_total: {{type: counter, help: {quoted}}}}}
probes:
  health: {{url: 'http://host.docker.internal:8000/health', description: {quoted}, labels: {{kind: {quoted}}}}}
dashboards:
  own:
    title: {quoted}
    folder: {quoted}
    description: {quoted}
    tags: [{quoted}]
    sections: {{mine: {{title: {quoted}, application: api, panels: [my_requests_total]}}}}
notifications:
  channels:
    slack: {{kind: slack, webhook: {{env: SLACK}}, channel: {quoted}}}
"
    )
}

/// Every structured file by its path in the bundle.
fn documents(files: &BTreeMap<String, Vec<u8>>) -> BTreeMap<String, Value> {
    files
        .iter()
        .filter(|(path, _)| {
            [".json", ".yml", ".yaml"]
                .iter()
                .any(|end| path.ends_with(end))
        })
        .map(|(path, bytes)| {
            let text = std::str::from_utf8(bytes).expect("UTF-8");
            let value = if path.ends_with(".json") {
                serde_json::from_str(text).unwrap_or_else(|error| panic!("{path}: {error}"))
            } else {
                serde_yaml::from_str(text).unwrap_or_else(|error| panic!("{path}: {error}\n{text}"))
            };
            (path.clone(), value)
        })
        .collect()
}

/// Every value that stands under `key`, anywhere.
fn under<'v>(value: &'v Value, key: &str, found: &mut Vec<&'v Value>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| under(item, key, found)),
        Value::Object(entries) => {
            for (name, inner) in entries {
                if name == key {
                    found.push(inner);
                }
                under(inner, key, found);
            }
        }
        _ => {}
    }
}

/// What a Go template that a text was turned into prints.
fn expanded(template: &str) -> String {
    template.replace("{{ \"{{\" }}", "{{")
}

#[track_caller]
fn says(document: &Value, key: &str, text: &str) {
    let mut found = Vec::new();
    under(document, key, &mut found);
    assert!(
        found.iter().any(|value| value.as_str() == Some(text)),
        "no `{key}` is {text:?}: {found:?}"
    );
}

/// The same value without its texts.
fn shape(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(shape).collect(),
        Value::Object(entries) => entries
            .iter()
            .map(|(key, value)| (key.clone(), shape(value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        Value::String(_) => "text".into(),
        _ => Value::Null,
    }
}

fn shapes(documents: &BTreeMap<String, Value>) -> BTreeMap<&str, Value> {
    documents
        .iter()
        // The folder of a dashboard is named after its title, and the manifest's keys after that.
        .filter(|(path, _)| *path != "manifest.json")
        .map(|(path, value)| {
            let is_own = path.ends_with("/own.json");
            (if is_own { "own.json" } else { path }, shape(value))
        })
        .collect()
}

#[test]
fn every_text_arrives_as_it_was_written_and_changes_no_structure() {
    let directory = directory_with(&profile("plain"));
    stackwright(&directory, "render profile.yaml --out out").ends(0);
    let plain = documents(&files(&directory.path().join(OUT)));
    let plain = shapes(&plain);
    assert!(plain.len() > 10);
    for text in texts() {
        let directory = directory_with(&profile(&text));
        let run = stackwright(&directory, "render profile.yaml --out out");
        assert_eq!(run.status, 0, "{text:?}: {}", run.errors);
        // A bundle in a directory is read by two readers, which must agree.
        stackwright(&directory, &format!("validate --no-tools {OUT}")).ends(0);
        let files = files(&directory.path().join(OUT));
        let documents = documents(&files);
        let shapes = shapes(&documents);
        assert!(
            plain.keys().eq(shapes.keys()),
            "{text:?}: {:?}",
            shapes.keys()
        );
        for (path, shape) in &shapes {
            assert!(
                shape == &plain[path],
                "{path} has another shape with {text:?}"
            );
        }
        let prometheus = &documents["prometheus/prometheus.yml"];
        // Prometheus expands `$` in external labels.
        says(&prometheus["global"], "team", &text.replace('$', "$$"));
        for label in ["shelf", "side", "kind"] {
            says(&prometheus["scrape_configs"], label, &text);
        }
        let availability = &documents["prometheus/rules/availability.yml"];
        for key in ["pager", "hint"] {
            let mut found = Vec::new();
            under(availability, key, &mut found);
            let found: Vec<String> = found
                .iter()
                .filter_map(|value| value.as_str())
                .map(expanded)
                .collect();
            assert!(found.contains(&text), "{key}: {found:?}");
        }
        let own = documents
            .iter()
            .find(|(path, _)| path.ends_with("/own.json"))
            .expect("the dashboard")
            .1;
        assert_eq!(own["title"], text.as_str());
        assert_eq!(own["description"], text.as_str());
        assert!(
            own["tags"]
                .as_array()
                .expect("tags")
                .contains(&text.as_str().into())
        );
        says(&own["panels"], "title", &text);
        says(
            &documents["grafana/provisioning/dashboards/dashboards.yaml"],
            "folder",
            // Grafana expands `$` in provisioning files.
            &text.replace('$', "$$"),
        );
        let mut channels = Vec::new();
        under(
            &documents["alertmanager/alertmanager.yml"],
            "channel",
            &mut channels,
        );
        assert_eq!(expanded(channels[0].as_str().expect("a channel")), text);
        // A runbook is the user's own Markdown, word for word.
        let runbook = String::from_utf8_lossy(&files["runbooks/mine.md"]);
        assert!(runbook.contains(text.trim()), "{runbook}");
    }
}

#[test]
fn every_tool_of_both_generations_accepts_everything_strange_at_once() {
    let text = texts().join(" / ");
    let directory = directory_with(&profile(&text));
    stackwright(&directory, "render profile.yaml --out out").ends(0);
    for generation in generations() {
        let toolbox = generation.toolbox();
        let mut options = ExternalOptions::new(&toolbox, Path::new(OUT));
        options.timeout = PATIENCE;
        let outcomes = external(&directory.path().join(OUT), &options);
        assert!(outcomes.len() > 10);
        let failed: Vec<&CheckOutcome> =
            outcomes.iter().filter(|outcome| outcome.failed()).collect();
        assert!(failed.is_empty(), "{}: {failed:#?}", generation.name);
        let passed = outcomes
            .iter()
            .filter(|outcome| matches!(outcome.verdict, Verdict::Passed));
        assert!(passed.count() > 10, "{}", generation.name);
    }
}
