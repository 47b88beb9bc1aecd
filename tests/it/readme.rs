//! The README's example is run, and says what the README says; what the manuals show is read.

use crate::program::{Program, repository};

/// The fenced blocks of `language`, in order.
fn blocks<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("```{language}\n");
    text.split(&fence)
        .skip(1)
        .filter_map(|rest| rest.split("\n```").next())
        .collect()
}

#[test]
fn the_example_prints_what_the_readme_prints() {
    let readme = std::fs::read_to_string(repository().join("README.md")).expect("README.md");
    let profile = blocks(&readme, "yaml")[0];
    let sessions = blocks(&readme, "console");
    assert_eq!(
        sessions.len(),
        3,
        "one session that works, one with a mistake, and one of the linter"
    );
    let directory = tempfile::tempdir().expect("a temporary directory");
    for (session, profile) in sessions.iter().zip([
        profile.to_owned(),
        profile.replace("  memory:", "  memroy:"),
    ]) {
        std::fs::write(directory.path().join("shop.yaml"), format!("{profile}\n"))
            .expect("a profile");
        let (command, printed) = session.split_once('\n').expect("a command and its output");
        let arguments = command
            .strip_prefix("$ stackwright ")
            .expect("a command")
            .split(' ');
        let run = Program::in_directory(directory.path())
            .arguments(arguments)
            .run();
        let found = format!("{}{}", run.output, run.errors);
        assert_eq!(
            without_sizes(found.trim_end()),
            without_sizes(printed.trim_end())
        );
    }
}

#[test]
fn the_linter_prints_what_the_readme_prints() {
    let readme = std::fs::read_to_string(repository().join("README.md")).expect("README.md");
    let session = blocks(&readme, "console")[2];
    let printed = session.strip_prefix("$ stackwright lint .\n");
    let run = Program::in_directory(repository().join("tests/it/setup_of_the_readme"))
        .arguments(["lint", "."])
        .run()
        .ends(1);
    let found = format!("{}{}", run.output, run.errors);
    assert_eq!(Some(found.trim_end()), printed);
}

/// How many files there are changes with every new alert; that it is said does not.
fn without_sizes(text: &str) -> String {
    text.lines()
        .map(|line| match (line.find(" ("), line.ends_with(" KB)")) {
            (Some(start), true) => format!("{} (N files, N KB)\n", &line[..start]),
            _ => format!("{line}\n"),
        })
        .collect()
}

#[test]
fn the_rule_in_the_readme_is_rendered() {
    let readme = std::fs::read_to_string(repository().join("README.md")).expect("README.md");
    let yaml = blocks(&readme, "yaml");
    let directory = tempfile::tempdir().expect("a temporary directory");
    std::fs::write(directory.path().join("shop.yaml"), format!("{}\n", yaml[0]))
        .expect("a profile");
    let run = Program::in_directory(directory.path())
        .arguments(["render", "shop.yaml", "--quiet"])
        .run();
    assert_eq!(run.status, 0, "{}", run.errors);
    let rules = directory
        .path()
        .join("build/shop/production/prometheus/rules/saturation.yml");
    let rules = std::fs::read_to_string(rules).expect("the rules");
    for line in yaml[1]
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
    {
        assert!(rules.contains(line), "not rendered: {line}");
    }
}

#[test]
fn every_block_of_the_manual_of_profiles_renders() {
    let manual =
        std::fs::read_to_string(repository().join("docs/profile.md")).expect("docs/profile.md");
    let directory = tempfile::tempdir().expect("a temporary directory");
    let parts = [
        (
            "targets:",
            "targets: {cache: {address: redis://cache:6379}}",
        ),
        (
            "notifications:",
            "notifications: {channels: {nobody: {kind: silent}}}",
        ),
    ];
    for (number, block) in blocks(&manual, "yaml").into_iter().enumerate() {
        let mut profile = format!("name: shop\n{block}\n");
        for (key, part) in parts {
            if !block.lines().any(|line| line.starts_with(key)) {
                profile.push_str(&format!("{part}\n"));
            }
        }
        std::fs::write(directory.path().join("profile.yaml"), &profile).expect("a profile");
        let out = format!("out-{number}");
        let run = Program::in_directory(directory.path())
            .arguments(["render", "profile.yaml", "--quiet", "--out", &out])
            .run();
        assert_eq!(run.status, 0, "{profile}\n{}", run.errors);
    }
}

#[test]
fn the_configuration_in_the_manual_of_the_linter_is_taken() {
    let manual = std::fs::read_to_string(repository().join("docs/lint.md")).expect("docs/lint.md");
    let directory = tempfile::tempdir().expect("a temporary directory");
    let [suppressions, everything] = blocks(&manual, "toml")[..] else {
        panic!("suppressions, and everything else");
    };
    for (path, text) in [
        (
            "stackwright.toml",
            format!("{everything}\n{suppressions}\n"),
        ),
        ("metrics/orders.prom", "orders_total 1\n".into()),
        ("prometheus.yml", "scrape_configs: []\n".into()),
    ] {
        let path = directory.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
        std::fs::write(path, text).expect("a file");
    }
    let lint = |arguments: &[&str]| {
        Program::in_directory(directory.path())
            .arguments(["lint", ".", "--today", "2026-01-01"])
            .arguments(arguments)
            .run()
    };
    lint(&["--write-baseline"]).ends(0);
    lint(&[]).ends(0);
}
