//! `render --check`, `--diff`, and what a render leaves alone.

use std::path::Path;

use crate::program::{Program, SMALL, directory_with, files, stackwright};

const OUT: &str = "build/demo/default";

fn rendered() -> tempfile::TempDir {
    let directory = directory_with(SMALL);
    stackwright(&directory, "render profile.yaml").ends(0);
    directory
}

fn write(directory: &tempfile::TempDir, path: &str, text: &str) {
    let path = directory.path().join(OUT).join(path);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    std::fs::write(path, text).expect("a file");
}

fn read(directory: &tempfile::TempDir, path: &str) -> String {
    std::fs::read_to_string(directory.path().join(OUT).join(path)).expect(path)
}

#[test]
fn a_render_says_what_it_wrote_and_a_second_one_changes_nothing() {
    let directory = directory_with(SMALL);
    let run = stackwright(&directory, "render profile.yaml").ends(0);
    let first = files(&directory.path().join(OUT));
    let kilobytes: usize = first
        .iter()
        .filter(|(path, _)| *path != "manifest.json")
        .map(|(_, bytes)| bytes.len())
        .sum();
    assert!(
        run.output.contains(&format!(
            "{OUT}: written ({} files, {} KB)\n",
            first.len(),
            kilobytes.div_ceil(1024)
        )),
        "{}",
        run.output
    );
    assert_eq!(run.errors, "");
    stackwright(&directory, "render profile.yaml").ends(0);
    assert_eq!(files(&directory.path().join(OUT)), first);
    assert_eq!(
        std::fs::read_dir(directory.path().join("build/demo"))
            .expect("a folder")
            .count(),
        1
    );
}

#[test]
fn what_is_in_sync_is_0_and_writes_nothing() {
    let directory = rendered();
    let before = files(directory.path());
    let run = stackwright(&directory, "render profile.yaml --check").ends(0);
    assert!(
        run.output.contains(&format!("{OUT}: in sync (")),
        "{}",
        run.output
    );
    assert_eq!(files(directory.path()), before);
    let elsewhere = directory_with(SMALL);
    let run = stackwright(&elsewhere, "render profile.yaml --check").ends(1);
    assert!(
        run.output
            .contains(&format!("{OUT}/compose.yaml: missing\n")),
        "{}",
        run.output
    );
    assert!(!elsewhere.path().join("build").exists());
}

#[test]
fn every_kind_of_drift_is_named_with_a_diff() {
    let directory = rendered();
    let edited =
        read(&directory, "compose.yaml").replace("restart: unless-stopped", "restart: always");
    write(&directory, "compose.yaml", &edited);
    std::fs::remove_file(directory.path().join(OUT).join("README.md")).expect("a file");
    write(&directory, "prometheus/rules/mine.yml", "groups: []\n");
    write(&directory, ".env", "REDIS_PASSWORD=hunter2\n");
    std::fs::write(
        directory.path().join("profile.yaml"),
        format!("{SMALL}scrape: {{interval: 20s}}\n"),
    )
    .expect("a file");
    let before = files(directory.path());
    let run = stackwright(&directory, "render profile.yaml --check").ends(1);
    assert_eq!(files(directory.path()), before);
    for line in [
        format!(
            "{OUT}/compose.yaml: hand-edited\n--- a/{OUT}/compose.yaml\n+++ b/{OUT}/compose.yaml\n@@ "
        ),
        "-    restart: always\n+    restart: unless-stopped\n".into(),
        format!("{OUT}/README.md: missing\n"),
        format!("{OUT}/prometheus/rules/mine.yml: foreign\n"),
        format!("{OUT}/prometheus/prometheus.yml: outdated\n--- a/"),
        "-  scrape_interval: 15s\n+  scrape_interval: 20s\n".into(),
        " files have drifted (".into(),
    ] {
        assert!(run.output.contains(&line), "no `{line}` in\n{}", run.output);
    }
    // A file that nothing of the stack loads is not drift, and its text is nobody's business.
    assert!(!run.output.contains(".env"), "{}", run.output);
    assert!(!run.output.contains("hunter2"), "{}", run.output);
    let json = stackwright(&directory, "render profile.yaml --check --format json")
        .ends(1)
        .json();
    let drift = json["environments"][0]["drift"]
        .as_array()
        .expect("drift")
        .clone();
    let of = |path: &str| {
        let one = drift.iter().find(|one| one["path"] == path).expect(path);
        (
            one["difference"].as_str().expect("words").to_owned(),
            one["is_drift"].as_bool().expect("a boolean"),
        )
    };
    assert_eq!(of("compose.yaml"), ("hand-edited".into(), true));
    assert_eq!(of("README.md"), ("missing".into(), true));
    assert_eq!(of("prometheus/rules/mine.yml"), ("foreign".into(), true));
    assert_eq!(of("prometheus/prometheus.yml"), ("outdated".into(), true));
    assert_eq!(of(".env"), ("not ours, left alone".into(), false));
    assert_eq!(json["environments"][0]["written"], false);
}

#[test]
fn what_is_no_longer_produced_is_named_and_then_removed() {
    let directory = directory_with(&format!(
        "{SMALL}probes: {{health: {{url: 'http://api/health'}}}}\n"
    ));
    stackwright(&directory, "render profile.yaml").ends(0);
    assert!(
        directory
            .path()
            .join(OUT)
            .join("blackbox/blackbox.yml")
            .exists()
    );
    std::fs::write(directory.path().join("profile.yaml"), SMALL).expect("a file");
    let run = stackwright(&directory, "render profile.yaml --check").ends(1);
    assert!(
        run.output.contains(&format!(
            "{OUT}/blackbox/blackbox.yml: no longer produced\n"
        )),
        "{}",
        run.output
    );
    let run = stackwright(&directory, "render profile.yaml").ends(0);
    assert!(
        run.output.contains(&format!(
            "note: `{OUT}/blackbox/blackbox.yml` is no longer produced and was removed\n"
        )),
        "{}",
        run.output
    );
    assert!(!directory.path().join(OUT).join("blackbox").exists());
    stackwright(&directory, "render profile.yaml --check").ends(0);
}

#[test]
fn what_somebody_else_put_there_stays_as_it_is() {
    let directory = rendered();
    write(&directory, ".env", "A=1\n");
    write(&directory, "secrets/redis", "hunter2");
    write(&directory, "prometheus/rules/mine.yml", "groups: []\n");
    write(&directory, "compose.override.yaml", "services: {}\n");
    let out = directory.path().join(OUT);
    std::fs::create_dir(out.join("empty")).expect("a folder");
    private(&out.join("secrets"), 0o700);
    private(&out.join("secrets/redis"), 0o400);
    #[cfg(unix)]
    std::os::unix::fs::symlink("nowhere", out.join("link")).expect("a link");
    std::fs::write(
        directory.path().join("profile.yaml"),
        format!("{SMALL}description: changed\n"),
    )
    .expect("a file");
    stackwright(&directory, "render profile.yaml").ends(0);
    assert_eq!(read(&directory, ".env"), "A=1\n");
    assert_eq!(read(&directory, "secrets/redis"), "hunter2");
    assert_eq!(
        read(&directory, "prometheus/rules/mine.yml"),
        "groups: []\n"
    );
    assert_eq!(read(&directory, "compose.override.yaml"), "services: {}\n");
    assert!(out.join("empty").is_dir());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &str| {
            std::fs::metadata(out.join(path))
                .expect(path)
                .permissions()
                .mode()
                & 0o777
        };
        assert_eq!((mode("secrets"), mode("secrets/redis")), (0o700, 0o400));
        assert_eq!(
            std::fs::read_link(out.join("link")).expect("a link"),
            Path::new("nowhere")
        );
    }
}

fn private(path: &Path, mode: u32) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("permissions");
    }
}

#[test]
fn a_hand_edited_file_is_replaced_and_its_author_is_told() {
    let directory = rendered();
    let text = read(&directory, "compose.yaml");
    write(&directory, "compose.yaml", "mine\n");
    let run = stackwright(&directory, "render profile.yaml").ends(0);
    assert!(
        run.output.contains(&format!(
            "note: `{OUT}/compose.yaml` had been edited by hand and was replaced"
        )),
        "{}",
        run.output
    );
    assert_eq!(read(&directory, "compose.yaml"), text);
}

#[test]
fn a_diff_is_shown_of_what_is_written() {
    let directory = rendered();
    std::fs::write(
        directory.path().join("profile.yaml"),
        format!("{SMALL}scrape: {{interval: 20s}}\n"),
    )
    .expect("a file");
    let run = stackwright(&directory, "render profile.yaml --diff").ends(0);
    assert!(
        run.output
            .contains("-  scrape_interval: 15s\n+  scrape_interval: 20s\n"),
        "{}",
        run.output
    );
    assert!(
        run.output.contains(&format!("{OUT}: written (")),
        "{}",
        run.output
    );
    let run = stackwright(&directory, "render profile.yaml --diff").ends(0);
    assert!(!run.output.contains("@@"), "{}", run.output);
}

#[test]
fn a_changed_comment_or_another_version_of_the_tool_is_no_drift() {
    let directory = rendered();
    std::fs::write(
        directory.path().join("profile.yaml"),
        format!("# a comment\n{SMALL}"),
    )
    .expect("a file");
    let manifest = read(&directory, "manifest.json");
    let version = format!("stackwright {}", env!("CARGO_PKG_VERSION"));
    assert!(manifest.contains(&version), "{manifest}");
    write(
        &directory,
        "manifest.json",
        &manifest.replace(&version, "stackwright 99.0.0"),
    );
    stackwright(&directory, "render profile.yaml --check").ends(0);
    for (path, bytes) in files(&directory.path().join(OUT)) {
        if path != "manifest.json" {
            assert!(
                !String::from_utf8_lossy(&bytes).contains(&version),
                "{path}"
            );
        }
    }
}

#[test]
fn environments_can_be_chosen_and_misspelt() {
    let profile =
        format!("{SMALL}environments: {{dev: {{}}, production: {{labels: {{tier: one}}}}}}\n");
    let directory = directory_with(&profile);
    stackwright(&directory, "render profile.yaml --env production --out out").ends(0);
    assert!(
        directory
            .path()
            .join("out/production/compose.yaml")
            .exists()
    );
    assert!(!directory.path().join("out/dev").exists());
    let run = stackwright(
        &directory,
        "render profile.yaml --env prodution --out elsewhere",
    )
    .ends(2);
    assert!(
        run.errors
            .contains("`profile.yaml` has no environment `prodution`"),
        "{}",
        run.errors
    );
    assert!(
        run.errors.contains("did you mean `production`?"),
        "{}",
        run.errors
    );
    assert!(!directory.path().join("elsewhere").exists());
    stackwright(
        &directory,
        "render profile.yaml --env dev --env production -e dev --out both",
    )
    .ends(0);
    assert_eq!(
        std::fs::read_dir(directory.path().join("both"))
            .expect("a folder")
            .count(),
        2
    );
}

#[test]
fn a_profile_from_standard_input_is_rendered_like_a_file() {
    let directory = rendered();
    let run = Program::in_directory(directory.path())
        .arguments(["render", "-", "--check"])
        .input(SMALL)
        .run()
        .ends(0);
    assert!(run.output.contains("in sync"), "{}", run.output);
    let run = Program::in_directory(directory.path())
        .arguments(["render", "-"])
        .input("name: [")
        .run()
        .ends(2);
    assert!(run.errors.contains("--> -:1:"), "{}", run.errors);
}

#[test]
fn json_is_one_object_with_the_documented_keys() {
    fn keys(value: &serde_json::Value) -> Vec<&str> {
        value
            .as_object()
            .expect("an object")
            .keys()
            .map(String::as_str)
            .collect()
    }
    let directory = directory_with(SMALL);
    let run = stackwright(&directory, "render profile.yaml --format json").ends(0);
    let json = run.json();
    assert_eq!(keys(&json), ["version", "environments", "diagnostics"]);
    assert_eq!(
        keys(&json["environments"][0]),
        [
            "environment",
            "directory",
            "written",
            "files",
            "bytes",
            "series",
            "drift",
            "checks"
        ]
    );
    assert_eq!(json["environments"][0]["directory"], OUT);
    assert_eq!(run.errors, "");
    for (profile, id) in [
        ("name: [\n", "profile/not-yaml"),
        ("name: demo\ntarget: {}\n", "profile/unknown-key"),
    ] {
        std::fs::write(directory.path().join("profile.yaml"), profile).expect("a file");
        for command in ["render", "validate"] {
            let run =
                stackwright(&directory, &format!("{command} profile.yaml --format json")).ends(2);
            assert_eq!(run.errors, "");
            let json = run.json();
            let diagnostic = &json["diagnostics"][0];
            assert_eq!(
                keys(diagnostic),
                [
                    "lint", "level", "message", "location", "related", "help", "fix"
                ]
            );
            assert_eq!(diagnostic["lint"], id);
            assert_eq!(diagnostic["location"]["file"], "profile.yaml");
            let subjects = if command == "render" {
                "environments"
            } else {
                "bundles"
            };
            assert_eq!(json[subjects], serde_json::json!([]));
        }
    }
}
