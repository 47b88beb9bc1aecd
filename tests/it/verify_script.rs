//! `verify.sh` of a bundle. The lab runs it beside real servers.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::program::{Program, repository};

const PROFILE: &str = r#"
name: shop
targets:
  cache: {address: "redis://cache:6379"}
applications:
  api: {url: "http://api:8000", job: "it's \"$HOME\" `x`"}
probes:
  health: {url: "http://api:8000/health"}
compose:
  networks: {backend: {external: true}}
notifications:
  channels: {nobody: {kind: silent}}
"#;

/// Stands for curl: notes what it is asked for, and answers every query with `$ANSWER`.
const CURL: &str = r#"#!/bin/sh
for word in "$@"; do
  printf '%s\n' "$word" >> "$ASKED"
done
printf '{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1700000000.123,"%s"]}]}}' "$ANSWER"
"#;

struct Asked {
    status: Option<i32>,
    output: String,
    words: Vec<String>,
}

fn ask(profile: &str, answer: &str) -> Asked {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    fs::write(root.join("profile.yaml"), profile).unwrap();
    let run = Program::in_directory(root)
        .arguments(["render", "profile.yaml", "--out", "out"])
        .run();
    assert_eq!(run.status, 0, "{}", run.errors);
    let curl = root.join("curl");
    fs::write(&curl, CURL).unwrap();
    fs::set_permissions(&curl, fs::Permissions::from_mode(0o755)).unwrap();
    let path = std::env::var("PATH").unwrap();
    let output = Command::new("sh")
        .arg(root.join("out/default/verify.sh"))
        .env("PATH", format!("{}:{path}", root.display()))
        .env("ASKED", root.join("asked"))
        .env("ANSWER", answer)
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let asked = fs::read_to_string(root.join("asked")).unwrap();
    Asked {
        status: output.status.code(),
        output: String::from_utf8_lossy(&output.stdout).into_owned(),
        words: asked.lines().map(ToOwned::to_owned).collect(),
    }
}

#[test]
fn every_job_is_asked_for_and_no_name_is_taken_for_shell() {
    let asked = ask(PROFILE, "1");
    for query in [
        r#"query=sum(up{job="redis"}) or vector(0)"#,
        r#"query=sum(up{job="it's \"$HOME\" `x`"}) or vector(0)"#,
        r#"query=sum(redis_up{job=~"redis"}) or vector(0)"#,
        r#"query=sum(probe_success{job=~"probe"}) or vector(0)"#,
    ] {
        assert!(
            asked.words.iter().any(|word| word == query),
            "{query}: {:#?}",
            asked.words
        );
    }
    // All but the number of rules.
    assert_eq!(asked.status, Some(1), "{}", asked.output);
    let failed: Vec<&str> = asked
        .output
        .lines()
        .filter(|line| line.starts_with("FAILED"))
        .collect();
    assert_eq!(failed.len(), 1, "{}", asked.output);
    assert!(failed[0].starts_with("FAILED  rules that are loaded: 1, expected "));
    assert!(
        asked
            .output
            .contains("ok      targets of job it's \"$HOME\" `x` that answer: 1\n")
    );
}

#[test]
fn one_wrong_answer_is_a_failure() {
    let asked = ask(PROFILE, "0");
    assert_eq!(asked.status, Some(1));
    assert!(
        asked
            .output
            .contains("FAILED  Redis servers that are up: 0, expected 1\n"),
        "{}",
        asked.output
    );
}

#[test]
fn nobody_there_is_a_failure() {
    let script = repository().join("examples/trinity/production/verify.sh");
    let nobody = "http://127.0.0.1:9";
    let output = Command::new("sh")
        .arg(script)
        .envs([
            ("PROMETHEUS", nobody),
            ("ALERTMANAGER", nobody),
            ("GRAFANA", nobody),
        ])
        .output()
        .unwrap();
    assert!(matches!(output.status.code(), Some(1 | 2)), "{output:?}");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(!text.lines().any(|line| line.starts_with("ok")), "{text}");
}
