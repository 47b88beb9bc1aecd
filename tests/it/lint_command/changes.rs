use std::path::Path;
use std::process::Command;

use super::{RULES, directory, lint, summary, told, write};
use crate::program::Program;

const SELECT: [&str; 2] = [
    "--select",
    "promql/syntax,promql/raw-counter,stack/rule-glob-matches-nothing,alertmanager/unreachable-route",
];

fn git(directory: &Path, arguments: &[&str]) {
    let output = Command::new("git")
        .args([
            "-c",
            "user.name=T",
            "-c",
            "user.email=t@example.org",
            "-c",
            "init.defaultBranch=main",
        ])
        .args(arguments)
        .current_dir(directory)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .expect("git runs");
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// A repository with these files in its first commit.
fn repository(files: &[(&str, &str)]) -> tempfile::TempDir {
    let directory = directory(files);
    git(directory.path(), &["init", "--quiet"]);
    commit(directory.path());
    directory
}

fn commit(directory: &Path) {
    git(directory, &["add", "--all"]);
    git(directory, &["commit", "--quiet", "--message", "x"]);
}

fn since(directory: &Path, reference: &str) -> Vec<String> {
    told(
        directory,
        &[&[".", "--changed-since", reference], &SELECT[..]].concat(),
    )
}

#[test]
fn only_what_a_change_touches_is_told() {
    let directory = repository(&[("a b/rules.yml", RULES), ("other.yml", RULES)]);
    let path = directory.path();
    assert_eq!(since(path, "HEAD"), Vec::<String>::new());
    let changed = RULES.replace("> 100", "> 200");
    write(
        path,
        &[("a b/rules.yml", &changed), ("new/rules.yml", RULES)],
    );
    let expected = [
        "a b/rules.yml:7 warning promql/raw-counter",
        "new/rules.yml:5 error promql/syntax",
        "new/rules.yml:7 warning promql/raw-counter",
    ];
    assert_eq!(since(path, "HEAD"), expected);
    assert_eq!(
        summary(
            path,
            &[&[".", "--changed-since", "HEAD"], &SELECT[..]].concat()
        )["untouched"],
        3
    );
    // Committed or not, and from wherever it is asked.
    commit(path);
    assert_eq!(since(path, "HEAD~1"), expected);
    let below = told(
        &path.join("new"),
        &[&[".", "--changed-since", "HEAD~1"], &SELECT[..]].concat(),
    );
    assert_eq!(
        below,
        [
            "rules.yml:5 error promql/syntax",
            "rules.yml:7 warning promql/raw-counter"
        ]
    );
}

#[test]
fn what_others_changed_since_the_branch_began_is_not_of_this_change() {
    let directory = repository(&[("rules.yml", RULES), ("other.yml", RULES)]);
    let path = directory.path();
    git(path, &["switch", "--quiet", "--create", "branch"]);
    write(path, &[("rules.yml", &RULES.replace("> 100", "> 200"))]);
    commit(path);
    git(path, &["switch", "--quiet", "main"]);
    write(path, &[("other.yml", "groups: []\n")]);
    commit(path);
    git(path, &["switch", "--quiet", "branch"]);
    assert_eq!(
        since(path, "main"),
        ["rules.yml:7 warning promql/raw-counter"]
    );
}

#[test]
fn a_place_that_only_explains_a_finding_counts_and_so_do_gaps() {
    let route = "route:\n  receiver: all\n  routes:\n    - receiver: all\n    - matchers: [team=\"a\"]\n      receiver: all\nreceivers:\n  - name: all\n    webhook_configs: [{url: 'http://hook'}]\n";
    let directory = repository(&[("alertmanager.yml", route)]);
    let path = directory.path();
    let all = told(path, &[&["."], &SELECT[..]].concat());
    assert_eq!(
        all,
        ["alertmanager.yml:5 warning alertmanager/unreachable-route"]
    );
    // The route above, which takes every alert, is where the finding leads to.
    write(
        path,
        &[(
            "alertmanager.yml",
            &route.replace("    - receiver: all\n", "    - receiver: 'all'\n"),
        )],
    );
    assert_eq!(since(path, "HEAD"), all);
    // A line is gone between two others.
    write(
        path,
        &[(
            "alertmanager.yml",
            &route.replace("team=\"a\"", "team=\"a\", x=\"y\""),
        )],
    );
    commit(path);
    write(path, &[("alertmanager.yml", route)]);
    assert_eq!(since(path, "HEAD"), all);
    let spread = route.replace("    - matchers", "    # why\n    - matchers");
    write(path, &[("alertmanager.yml", &spread)]);
    commit(path);
    write(path, &[("alertmanager.yml", route)]);
    assert_eq!(since(path, "HEAD"), all);
}

#[test]
fn what_git_cannot_tell_is_an_error() {
    let outside = directory(&[("rules.yml", RULES)]);
    let repository = repository(&[("rules.yml", RULES)]);
    for (directory, reference, said) in [
        (outside.path(), "HEAD", "`.` is in no git repository"),
        (
            repository.path(),
            "nowhere",
            "git knows no commit `nowhere` here",
        ),
        (
            repository.path(),
            "--output=x",
            "git knows no commit `--output=x` here",
        ),
    ] {
        let option = format!("--changed-since={reference}");
        let run = lint(directory, &[".", &option]).ends(2);
        assert!(run.errors.contains(said), "{}", run.errors);
    }
    let run = Program::in_directory(repository.path())
        .arguments(["lint", ".", "--changed-since", "HEAD"])
        .variable("PATH", "/nowhere")
        .run();
    assert_eq!(run.status, 2);
    assert!(run.errors.contains("cannot run `git`"), "{}", run.errors);
}
