//! promtool of both generations accepts the rules, and every unit test of theirs passes.

use std::fs;
use std::path::Path;
use std::process::Command;

use stackwright::bundle::Artifact;
use tempfile::TempDir;

use super::situation;
use crate::tools::generations;

fn write(directory: &Path, artifacts: &[Artifact]) {
    for artifact in artifacts {
        let path = directory.join(artifact.path.as_str());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, &artifact.text).unwrap();
    }
}

fn files(directory: &Path) -> Vec<std::path::PathBuf> {
    let mut files: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}

#[test]
fn rules_and_their_tests_pass_under_both_generations() {
    let generations = generations();
    let catalogue = situation::catalogue();
    for situation in situation::all() {
        let directory = match std::env::var_os("STACKWRIGHT_KEEP") {
            Some(keep) => {
                let path = Path::new(&keep).join(situation.name);
                fs::create_dir_all(&path).unwrap();
                path
            }
            None => TempDir::new().unwrap().keep(),
        };
        write(&directory, &situation.artifacts(&catalogue));
        for generation in &generations {
            for (subcommand, folder) in [("check", "rules"), ("test", "tests")] {
                let strict = (subcommand == "check").then_some("--lint-fatal");
                let output = Command::new(generation.program("promtool"))
                    .args([subcommand, "rules"])
                    .args(strict)
                    .args(files(&directory.join("prometheus").join(folder)))
                    .output()
                    .unwrap();
                assert!(
                    output.status.success(),
                    "{}, {} {subcommand}:\n{}{}",
                    situation.name,
                    generation.name,
                    String::from_utf8_lossy(&output.stdout),
                    String::from_utf8_lossy(&output.stderr)
                );
            }
        }
    }
}
