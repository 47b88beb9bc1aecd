//! `examples/`: the committed bundles are what the committed profiles render.
//! `UPDATE_EXPECTED=1 cargo test --test it examples` renders them again.

use crate::program::{Program, repository, update_expected};

const EXAMPLES: [&str; 6] = [
    "alfred", "fleet", "gatewayz", "gplus", "gunicorn", "trinity",
];

#[test]
fn the_committed_bundles_are_in_sync_with_their_profiles() {
    for name in EXAMPLES {
        let profile = format!("profiles/{name}.yaml");
        let out = format!("examples/{name}");
        if update_expected() {
            let run = Program::in_directory(repository())
                .arguments(["render", &profile, "--out", &out])
                .run();
            assert_eq!(run.status, 0, "{}", run.errors);
        }
        let run = Program::in_directory(repository())
            .arguments(["render", &profile, "--out", &out, "--check"])
            .run();
        assert_eq!(
            run.status, 0,
            "{out} has drifted; run `UPDATE_EXPECTED=1 cargo test --test it examples` and read the diff\n{}{}",
            run.output, run.errors
        );
    }
}

/// A render of our own templates is read by one reader. Here two read it, and must agree.
#[test]
fn the_committed_bundles_are_read_alike_by_both_readers() {
    let manifests = walkdir::WalkDir::new(repository().join("examples"))
        .into_iter()
        .flatten()
        .filter(|entry| entry.file_name() == "manifest.json");
    let bundles = manifests.filter_map(|entry| Some(entry.path().parent()?.to_owned()));
    let bundles: Vec<String> = bundles.map(|path| path.display().to_string()).collect();
    assert!(bundles.len() >= EXAMPLES.len(), "{bundles:?}");
    let run = Program::in_directory(repository())
        .argument("validate")
        .argument("--no-tools")
        .arguments(bundles.iter().map(String::as_str))
        .run();
    assert_eq!(run.status, 0, "{}{}", run.output, run.errors);
}
