//! `docs/reference/`: generated from what the program says, and held to it.
//! `UPDATE_EXPECTED=1 cargo test --test it reference` writes the pages.

use serde_json::Value;

use crate::program::{Program, repository, update_expected};

/// Page, what `list` is asked for, the heading and the sentence below it.
const LISTINGS: [(&str, &str, &str, &str); 10] = [
    (
        "alerts",
        "alerts",
        "Alerts",
        "Every alert of the catalogue. Which of them a bundle has depends on its targets; `stackwright explain NAME` shows expression and runbook.",
    ),
    (
        "thresholds",
        "thresholds",
        "Thresholds",
        "What `thresholds:` of a profile can set. One number has one home: it is in the rule, its text, its unit test, the panel and the runbook.",
    ),
    (
        "dashboards",
        "dashboards",
        "Dashboards",
        "What `dashboards:` of a profile can name by slug.",
    ),
    (
        "panels",
        "panels",
        "Panels",
        "The panel library: what a section's `panels:` can name.",
    ),
    (
        "metrics",
        "metrics",
        "Metrics",
        "What the catalogue knows. `stackwright explain NAME` says more: labels, flags, traps.",
    ),
    (
        "flags",
        "flags",
        "Flags of redis_exporter",
        "What `exporters.<name>.flags` can set.",
    ),
    (
        "flavours",
        "flavours",
        "Flavours of applications",
        "What `applications.<name>.flavour` can be.",
    ),
    (
        "versions",
        "versions",
        "Versions",
        "What a bundle runs unless `versions:` or `compose.images` says otherwise.",
    ),
    (
        "checks",
        "checks",
        "Checks",
        "What `stackwright validate` proves about a bundle; `render` runs the embedded ones before it writes.",
    ),
    (
        "lints",
        "lints",
        "Lints",
        "What `stackwright lint` looks for. `stackwright explain ID` prints the page of one: why it matters, and what to write instead.",
    ),
];

const COMMANDS: [&str; 13] = [
    "init",
    "render",
    "validate",
    "lint",
    "fix",
    "inspect",
    "adopt",
    "list",
    "explain",
    "promql",
    "schema",
    "completions",
    "man",
];

const NOTICE: &str = "<!-- Generated: UPDATE_EXPECTED=1 cargo test --test it reference -->";

fn output(arguments: &[&str]) -> String {
    let run = Program::in_directory(repository())
        .arguments(arguments)
        .run();
    assert_eq!(run.status, 0, "{arguments:?}: {}", run.errors);
    run.output
}

fn cell(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_default()
        .replace('|', "\\|")
        .replace('\n', " ")
        .replace('<', "&lt;")
}

fn listing_page(what: &str, title: &str, about: &str) -> String {
    let listing: Value =
        serde_json::from_str(&output(&["list", what, "--format", "json"])).expect("JSON");
    let entries = listing["entries"].as_array().expect("entries");
    assert!(!entries.is_empty(), "nothing is listed as {what}");
    let keys: Vec<&String> = entries[0].as_object().expect("an object").keys().collect();
    let mut page = format!("{NOTICE}\n\n# {title}\n\n{about}\n\n");
    let heads: Vec<&str> = keys.iter().map(|key| key.as_str()).collect();
    page.push_str(&format!(
        "| {} |\n|{}\n",
        heads.join(" | "),
        "---|".repeat(keys.len())
    ));
    for entry in entries {
        let cells: Vec<String> = keys
            .iter()
            .map(|key| {
                let text = cell(&entry[key.as_str()]);
                if *key == "name" {
                    format!("`{text}`")
                } else {
                    text
                }
            })
            .collect();
        page.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    page
}

fn command_page() -> String {
    let mut page = format!(
        "{NOTICE}\n\n# Command line\n\n```text\n{}```\n",
        output(&["--help"])
    );
    for command in COMMANDS {
        page.push_str(&format!(
            "\n## {command}\n\n```text\n{}```\n",
            output(&[command, "--help"])
        ));
    }
    page
}

#[test]
fn the_reference_says_what_the_program_says() {
    let directory = repository().join("docs/reference");
    let mut pages: Vec<(String, String)> = LISTINGS
        .iter()
        .map(|(page, what, title, about)| (format!("{page}.md"), listing_page(what, title, about)))
        .collect();
    pages.push(("command-line.md".into(), command_page()));
    pages.push(("profile.schema.json".into(), output(&["schema"])));
    pages.push((
        "stackwright.schema.json".into(),
        output(&["schema", "config"]),
    ));
    let mut stale = Vec::new();
    for (name, text) in pages {
        let path = directory.join(&name);
        if update_expected() {
            std::fs::create_dir_all(&directory).expect("docs/reference");
            std::fs::write(&path, &text).expect("a page");
        }
        if std::fs::read_to_string(&path).unwrap_or_default() != text {
            stale.push(name);
        }
    }
    assert!(
        stale.is_empty(),
        "docs/reference is stale ({}); run `UPDATE_EXPECTED=1 cargo test --test it reference`",
        stale.join(", ")
    );
}
