//! Files of targets against two generations of promtool: `tests/formats/targets/*.cases`.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use super::cases::{Input, parse, theme_files};
use super::{expect_committed, place, verdict};
use stackwright::catalogue::Version;
use stackwright::check::formats::{check_scrape_config_file, check_targets};
use stackwright::diagnostic::{Diagnostic, Level};
use stackwright::source::SourceFile;

pub(super) const GENERATIONS: [(&str, Version); 2] = [
    ("2.42.0", Version::new(2, 42, 0)),
    ("3.5.3", Version::new(3, 5, 3)),
];

/// The inputs of both files; the name of the file is the end of theirs.
pub(super) fn inputs() -> Vec<(&'static str, PathBuf, Vec<Input>)> {
    theme_files("targets")
        .into_iter()
        .map(|path| {
            let extension = if path.ends_with("json.cases") {
                "json"
            } else {
                "yml"
            };
            let text = std::fs::read_to_string(&path).expect("cases");
            (extension, path, parse(&text, "targets"))
        })
        .collect()
}

pub(super) fn found(extension: &str, text: &str, version: Version) -> Vec<Diagnostic> {
    let file = Arc::new(SourceFile::new(format!("targets.{extension}"), text));
    check_targets(&file, version)
}

#[test]
fn every_file_of_targets_gets_the_verdict_of_promtool() {
    let mut table = String::new();
    for (extension, _, inputs) in inputs() {
        for input in inputs {
            let (_, text) = &input.files[0];
            for ((_, version), expected) in GENERATIONS.into_iter().zip(&input.verdicts) {
                let mut errors = found(extension, text, version);
                errors.retain(|one| one.level == Level::Error);
                let messages: Vec<&String> = errors.iter().map(|one| &one.message).collect();
                assert_eq!(
                    verdict(&errors),
                    expected,
                    "{extension} {} for {version}: {messages:?}",
                    input.name
                );
            }
            let said = found(extension, text, GENERATIONS[1].1);
            for one in &said {
                writeln!(
                    table,
                    "{extension} {}: {}: {}",
                    input.name,
                    place(one),
                    one.message
                )
                .unwrap();
            }
        }
    }
    expect_committed("tests/formats/targets/messages.txt", &table);
}

#[test]
fn the_verdicts_are_those_of_promtool() {
    let generations = crate::tools::generations();
    if generations.is_empty() {
        return;
    }
    for (extension, path, inputs) in inputs() {
        let mut written = String::new();
        for input in inputs {
            let (_, text) = &input.files[0];
            let verdicts =
                [0, 1].map(|at| ask(&generations[at].program("promtool"), extension, text));
            let [old, new] = verdicts;
            if old == new {
                writeln!(written, "=== {}: {old}", input.name).unwrap();
            } else {
                let [(one, _), (other, _)] = GENERATIONS;
                writeln!(written, "=== {}: {one} {old}, {other} {new}", input.name).unwrap();
            }
            written.push_str(text);
        }
        let name = path.file_name().expect("a name").to_string_lossy();
        expect_committed(&format!("tests/formats/targets/{name}"), &written);
    }
}

/// What promtool says about a configuration that names the file.
fn ask(promtool: &Path, extension: &str, text: &str) -> &'static str {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let config = directory.path().join("prometheus.yml");
    std::fs::write(directory.path().join(format!("targets.{extension}")), text).expect("a file");
    let said = format!(
        "scrape_configs: [{{job_name: a, file_sd_configs: [{{files: [targets.{extension}]}}]}}]"
    );
    std::fs::write(&config, said).expect("a file");
    let status = Command::new(promtool)
        .args(["check", "config"])
        .arg(&config)
        .output()
        .expect("promtool runs")
        .status;
    if status.success() { "accept" } else { "reject" }
}

#[test]
fn a_file_of_scrape_configs_is_checked_by_itself() {
    let said = |text: &str| -> Vec<String> {
        let file = Arc::new(SourceFile::new("redis.yml", text));
        check_scrape_config_file(&file, GENERATIONS[1].1)
            .iter()
            .map(|one| format!("{}: {}", place(one), one.message))
            .collect()
    };
    let right = "scrape_configs:\n  - job_name: a\n    static_configs: [{targets: [a]}]\n";
    assert_eq!(said(right), [""; 0]);
    assert_eq!(
        said(&format!("{right}  - job_name: a\n    metric_path: /x\n")),
        [
            "4:15 prometheus/duplicate-name: there are two scrape configs of the job name `a`",
            "5:5 prometheus/unknown-field: a scrape config has no field `metric_path`",
        ]
    );
    assert_eq!(
        said("global: {}\n"),
        ["1:1 prometheus/unknown-field: a file of scrape configs has no field `global`"]
    );
}
