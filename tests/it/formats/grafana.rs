//! What Grafana reads, on inputs of our own: `tests/formats/grafana/*.cases`, one file for each kind. There is no Grafana to
//! ask; each verdict rests on what its source and documentation say.

use std::fmt::Write;
use std::sync::Arc;

use super::cases::{parse, theme_files};
use super::{expect_committed, place, verdict};
use stackwright::catalogue::Version;
use stackwright::check::formats::{Format, Product, Readers};
use stackwright::diagnostic::{Diagnostic, Level};
use stackwright::source::SourceFile;

/// The Grafana whose verdict is the first of two; the second is for the newest.
const OLDER: Version = Version::new(10, 0, 0);

/// What is found in `text`, whose kind the name of its file of cases tells.
fn found(kind: &str, text: &str, version: Version) -> Vec<Diagnostic> {
    let file = Arc::new(SourceFile::new("input", text));
    let format = match kind {
        "alerting" => Format::GrafanaAlerting,
        "dashboards" | "resources" => Format::Dashboard,
        "datasources" => Format::Datasources,
        "providers" => Format::DashboardProviders,
        other => panic!("no such kind: {other}"),
    };
    let readers = Readers::default().with(Product::Grafana, version);
    format.validator().check_file(&file, &readers)
}

#[test]
fn every_input_gets_its_verdict_and_what_is_wrong_is_told_where_it_is() {
    let mut table = String::new();
    let mut wrong = Vec::new();
    let mut count = 0;
    for path in theme_files("grafana") {
        let kind = path.file_stem().expect("a name").to_string_lossy();
        let text = std::fs::read_to_string(&path).expect("cases");
        for input in parse(&text, "input") {
            count += 1;
            let (_, text) = &input.files[0];
            for (version, expected) in [OLDER, Product::Grafana.newest()]
                .into_iter()
                .zip(&input.verdicts)
            {
                let mut errors = found(&kind, text, version);
                errors.retain(|diagnostic| diagnostic.level == Level::Error);
                if verdict(&errors) != expected {
                    wrong.push(format!("{} for {version}: {expected}", input.name));
                }
            }
            let said = found(&kind, text, Product::Grafana.newest());
            if !said.is_empty() {
                writeln!(table, "{}", input.name).unwrap();
            }
            for one in said {
                let level = if one.level == Level::Error {
                    ""
                } else {
                    "warning "
                };
                let help = one
                    .help
                    .as_ref()
                    .map_or(String::new(), |help| format!(" · {help}"));
                writeln!(table, "  {level}{}: {}{help}", place(&one), one.message).unwrap();
            }
        }
    }
    expect_committed("tests/formats/grafana/messages.txt", &table);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 80, "{count} inputs");
}

/// What we write ourselves has nothing wrong with it, and nothing to be warned of.
#[test]
fn the_examples_are_what_grafana_and_compose_read() {
    use stackwright::check::formats::{ComposeOptions, NEWEST_COMPOSE, check_compose};
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut checked = 0;
    for entry in walkdir::WalkDir::new(root).sort_by_file_name() {
        let path = entry.expect("an entry").into_path();
        let shown = path.to_string_lossy().into_owned();
        let kind = if shown.ends_with("/compose.yaml") {
            "compose"
        } else if shown.contains("/provisioning/datasources/") {
            "datasources"
        } else if shown.contains("/provisioning/dashboards/") {
            "providers"
        } else if shown.contains("/grafana/dashboards/") && shown.ends_with(".json") {
            "dashboards"
        } else {
            continue;
        };
        if !path.is_file() {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("text");
        let said = if kind == "compose" {
            let file = Arc::new(SourceFile::new(&path, text));
            check_compose(&[file], &ComposeOptions::new(NEWEST_COMPOSE))
        } else {
            found(kind, &text, Product::Grafana.newest())
        };
        let messages: Vec<&String> = said.iter().map(|one| &one.message).collect();
        assert!(messages.is_empty(), "{shown}: {messages:?}");
        checked += 1;
    }
    assert!(checked > 20, "{checked} files");
}

/// Whatever stands in a file, it is read to its end.
#[test]
fn no_part_of_an_input_makes_a_validator_fail() {
    use stackwright::check::formats::{ComposeOptions, NEWEST_COMPOSE, check_compose};
    for directory in ["compose", "grafana", "targets"] {
        for path in theme_files(directory) {
            let text = std::fs::read_to_string(&path).expect("cases");
            for input in parse(&text, "input") {
                for (_, text) in &input.files {
                    // Cut off, and with a hole in the middle.
                    for at in (0..text.len())
                        .step_by(41)
                        .filter(|at| text.is_char_boundary(*at))
                    {
                        let hole = text[at..].find('\n').map_or(text.len(), |end| at + end);
                        for part in [
                            text[..at].to_owned(),
                            format!("{}{}", &text[..at], &text[hole..]),
                        ] {
                            for kind in ["alerting", "dashboards", "datasources", "providers"] {
                                found(kind, &part, Product::Grafana.newest());
                            }
                            let file = Arc::new(SourceFile::new("compose.yaml", part));
                            check_compose(&[file], &ComposeOptions::new(NEWEST_COMPOSE));
                        }
                    }
                }
            }
        }
    }
}
