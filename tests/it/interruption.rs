//! A render that is killed, or that is not alone, leaves a whole bundle.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::program::{SMALL, directory_with, files, stackwright};

type Files = BTreeMap<String, Vec<u8>>;

/// A directory with an old and a new profile of two environments, and what each of them renders.
fn old_and_new() -> (tempfile::TempDir, [Files; 2]) {
    let directory = directory_with(SMALL);
    let bundles = ["old", "new"].map(|team| {
        let profile = format!(
            "{SMALL}labels: {{team: {team}}}\nenvironments: {{dev: {{}}, production: {{}}}}\n"
        );
        std::fs::write(directory.path().join(format!("{team}.yaml")), profile).expect("a file");
        stackwright(&directory, &format!("render {team}.yaml --out {team}")).ends(0);
        files(&directory.path().join(team))
    });
    (directory, bundles)
}

fn render(directory: &tempfile::TempDir, profile: &str) -> std::process::Child {
    Command::new(env!("CARGO_BIN_EXE_stackwright"))
        .args(["render", profile, "--out", "out"])
        .current_dir(directory.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("stackwright")
}

/// Asserts that each environment's folder is one of the bundles entirely, or not there.
#[track_caller]
fn whole(directory: &tempfile::TempDir, bundles: &[Files; 2]) {
    let found = files(&directory.path().join("out"));
    for environment in ["dev/", "production/"] {
        let of = |files: &Files| -> Files {
            files
                .iter()
                .filter(|(path, _)| path.starts_with(environment))
                .map(|(path, bytes)| (path.clone(), bytes.clone()))
                .collect()
        };
        let found = of(&found);
        assert!(
            found.is_empty() || bundles.iter().any(|bundle| of(bundle) == found),
            "{environment} is half of something: {:?}",
            found.keys()
        );
    }
}

#[test]
fn a_kill_at_any_time_leaves_the_old_or_the_new_bundle_and_the_next_render_tidies_up() {
    let (directory, bundles) = old_and_new();
    let started = Instant::now();
    assert!(
        render(&directory, "old.yaml")
            .wait()
            .expect("an end")
            .success()
    );
    let usual = started.elapsed();
    const RUNS: u32 = 12;
    let mut interrupted = 0;
    for run in 0..RUNS {
        let mut child = render(
            &directory,
            if run % 2 == 0 { "new.yaml" } else { "old.yaml" },
        );
        // The last third of a run is when files are written.
        std::thread::sleep(usual * (RUNS + run) / (2 * RUNS));
        child.kill().expect("a signal");
        if !child.wait().expect("an end").success() {
            interrupted += 1;
        }
        whole(&directory, &bundles);
    }
    assert!(interrupted > 0, "no render was interrupted");
    std::fs::create_dir(directory.path().join("out/.stackwright-AAAAAA")).expect("a folder");
    assert!(
        render(&directory, "new.yaml")
            .wait()
            .expect("an end")
            .success()
    );
    assert_eq!(files(&directory.path().join("out")), bundles[1]);
    assert_eq!(
        std::fs::read_dir(directory.path().join("out"))
            .expect("out")
            .count(),
        2
    );
}

#[test]
fn renders_into_the_same_directory_wait_for_each_other() {
    let (directory, bundles) = old_and_new();
    // Also while the directory does not exist yet.
    let children: Vec<_> = (0..6)
        .map(|number| {
            render(
                &directory,
                if number % 2 == 0 {
                    "old.yaml"
                } else {
                    "new.yaml"
                },
            )
        })
        .collect();
    for mut child in children {
        assert!(child.wait().expect("an end").success());
        whole(&directory, &bundles);
    }
    let out = directory.path().join("out");
    assert!(bundles.contains(&files(&out)), "a mixture of two renders");
    assert_eq!(std::fs::read_dir(&out).expect("out").count(), 2);
}

#[test]
fn a_render_in_progress_is_not_tidied_away() {
    let (directory, bundles) = old_and_new();
    let out = directory.path().join("out");
    std::fs::create_dir(&out).expect("a folder");
    // Whoever holds the lock is at work.
    let lock = std::fs::File::open(&out).expect("a folder");
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).expect("a lock");
    std::fs::create_dir(out.join(".stackwright-AAAAAA")).expect("a folder");
    let mut child = render(&directory, "new.yaml");
    std::thread::sleep(Duration::from_millis(700));
    assert!(
        child.try_wait().expect("a state").is_none(),
        "it did not wait"
    );
    assert!(out.join(".stackwright-AAAAAA").exists());
    drop(lock);
    assert!(child.wait().expect("an end").success());
    assert_eq!(files(&out), bundles[1]);
    assert!(!out.join(".stackwright-AAAAAA").exists());
}
