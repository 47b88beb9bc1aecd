//! `stackwright lint` as a user runs it: formats, control, exit codes.

mod baseline;
mod changes;
mod config;
mod control;
mod formats;

use std::path::Path;

use serde_json::Value;

use crate::program::{Program, Run};

/// A rule file with two mistakes: an expression that is none, and a counter that is compared as it is.
const RULES: &str = "\
groups:
  - name: redis
    rules:
      - alert: Broken
        expr: sum(redis_up
      - alert: Raw
        expr: redis_commands_processed_total > 100
";

/// A directory with these files.
fn directory(files: &[(&str, &str)]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    write(directory.path(), files);
    directory
}

fn write(directory: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let path = directory.join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        std::fs::write(path, text).expect("a file");
    }
}

fn lint(directory: &Path, arguments: &[&str]) -> Run {
    Program::in_directory(directory)
        .argument("lint")
        .arguments(arguments)
        .run()
}

/// `file:line level lint` of every finding.
fn told(directory: &Path, arguments: &[&str]) -> Vec<String> {
    let run = lint(directory, &[arguments, &["--format", "json"]].concat());
    assert!(run.errors.is_empty(), "{}", run.errors);
    let json: Value = serde_json::from_str(&run.output).expect("JSON");
    let findings = json["diagnostics"].as_array().expect("diagnostics");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    findings
        .iter()
        .map(|finding| {
            let place = &finding["location"];
            format!(
                "{}:{} {} {}",
                text(&place["file"]),
                place["line"],
                text(&finding["level"]),
                text(&finding["lint"])
            )
        })
        .collect()
}

fn summary(directory: &Path, arguments: &[&str]) -> Value {
    let run = lint(directory, &[arguments, &["--format", "json"]].concat());
    let json: Value = serde_json::from_str(&run.output).expect("JSON");
    json["summary"].clone()
}
