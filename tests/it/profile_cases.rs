//! Wrong profiles and what we say: `tests/profiles/<behaviour>/profile.yaml` → `expected.txt`.

use std::path::{Path, PathBuf};

use crate::program::{Program, update_expected};

fn cases() -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/profiles");
    let mut cases: Vec<PathBuf> = std::fs::read_dir(directory)
        .expect("tests/profiles")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.is_dir())
        .collect();
    cases.sort();
    cases
}

#[test]
fn every_wrong_profile_is_refused_with_its_message_and_nothing_is_written() {
    let cases = cases();
    assert!(cases.len() >= 20, "only {} cases were found", cases.len());
    let mut wrong = Vec::new();
    for case in cases {
        let name = case
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let output = tempfile::tempdir().expect("a temporary directory");
        let out = output.path().join("out");
        let run = Program::in_directory(&case)
            .arguments(["render", "profile.yaml", "--out"])
            .argument(&out)
            .run();
        assert_eq!(run.status, 2, "{name}: {}", run.errors);
        assert!(!out.exists(), "{name} wrote something");
        assert!(
            !run.errors.contains("hunter2"),
            "{name} shows a secret: {}",
            run.errors
        );
        assert!(!run.errors.contains("panicked"), "{name}: {}", run.errors);
        let expected = case.join("expected.txt");
        if update_expected() {
            std::fs::write(&expected, &run.errors).expect("expected.txt");
        }
        let wanted = std::fs::read_to_string(&expected).unwrap_or_default();
        assert!(
            !wanted.trim().is_empty(),
            "{name} has no expected.txt; run UPDATE_EXPECTED=1 cargo test and read it"
        );
        if wanted != run.errors {
            wrong.push(format!("{name}:\n{}\nexpected:\n{wanted}", run.errors));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
