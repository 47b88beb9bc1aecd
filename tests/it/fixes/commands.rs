//! `fix` and `lint --fix` as people run them.

use crate::program::stackwright;

fn directory_with(files: &[(&str, &str)]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    for (name, text) in files {
        std::fs::write(directory.path().join(name), text).expect("a writable directory");
    }
    directory
}

const ROUTES: &str = "route:\n  receiver: a\n  routes:\n    - match:\n        severity: critical\n      receiver: a\nreceivers:\n  - name: a\n    webhook_configs:\n      - url: http://a:1/\n";

#[test]
fn nothing_is_written_without_being_asked_for() {
    let directory = directory_with(&[("alertmanager.yml", ROUTES)]);
    let run = stackwright(directory.path(), "fix .");
    assert_eq!(run.status, 1, "{}", run.errors);
    assert!(run.output.contains("+    - matchers:\n"), "{}", run.output);
    assert!(
        run.output.contains("nothing is written without --write"),
        "{}",
        run.output
    );
    let text = std::fs::read_to_string(directory.path().join("alertmanager.yml")).unwrap();
    assert_eq!(text, ROUTES);
}

#[test]
fn a_repair_is_written_once_and_its_backup_stays() {
    let directory = directory_with(&[("alertmanager.yml", ROUTES)]);
    let place = directory.path().join("alertmanager.yml");
    stackwright(directory.path(), "fix . --write --backup .orig").ends(0);
    let text = std::fs::read_to_string(&place).unwrap();
    assert!(
        text.contains("    - matchers:\n        - 'severity=\"critical\"'\n"),
        "{text}"
    );
    let backup = std::fs::read_to_string(directory.path().join("alertmanager.yml.orig")).unwrap();
    assert_eq!(backup, ROUTES);
    let again = stackwright(directory.path(), "fix . --write --backup .orig").ends(0);
    assert!(
        again.output.starts_with("nothing to fix"),
        "{}",
        again.output
    );
    assert_eq!(std::fs::read_to_string(&place).unwrap(), text);
}

#[test]
fn a_backup_is_not_overwritten() {
    let directory = directory_with(&[
        ("alertmanager.yml", ROUTES),
        ("alertmanager.yml.orig", "mine"),
    ]);
    let run = stackwright(directory.path(), "fix . --write --backup .orig").ends(2);
    assert!(run.errors.contains("is already there"), "{}", run.errors);
    let text = std::fs::read_to_string(directory.path().join("alertmanager.yml")).unwrap();
    assert_eq!(text, ROUTES);
}

#[test]
fn lint_repairs_first_and_tells_what_remains() {
    let directory = directory_with(&[("alertmanager.yml", ROUTES)]);
    let run = stackwright(
        directory.path(),
        "lint . --fix --select alertmanager/deprecated-match",
    )
    .ends(0);
    assert!(run.output.contains("fixed: 1\n"), "{}", run.output);
    assert!(run.output.contains("nothing found"), "{}", run.output);
}

#[test]
fn programs_get_one_object() {
    let directory = directory_with(&[("alertmanager.yml", ROUTES)]);
    let run = stackwright(directory.path(), "fix . --format json").ends(1);
    let json: serde_json::Value = serde_json::from_str(&run.output).unwrap();
    assert_eq!(json["version"], 1);
    assert_eq!(json["written"], false);
    assert_eq!(json["applied"][0]["lint"], "alertmanager/deprecated-match");
    assert_eq!(json["changes"][0]["file"], "alertmanager.yml");
    assert_eq!(json["refused"], serde_json::json!([]));
}

#[test]
fn a_lint_that_does_not_exist_is_an_error() {
    let directory = directory_with(&[("alertmanager.yml", ROUTES)]);
    stackwright(directory.path(), "fix . --select alertmanager/typo").ends(2);
}
