//! The page of every lint, `docs/lints/<area>/<name>.md`, and its example.

use std::collections::BTreeMap;

use stackwright::lint::{Example, lints, page};
use stackwright::setup::Setup;

use super::findings;

const SECTIONS: [&str; 6] = [
    "What it does",
    "Why it matters",
    "Example",
    "Use instead",
    "Fix safety",
    "References",
];

#[test]
fn every_lint_has_a_page_with_every_section() {
    let mut wrong = Vec::new();
    for lint in lints() {
        let Some(page) = page(lint.id) else {
            wrong.push(format!("docs/lints/{}.md is missing", lint.id));
            continue;
        };
        if !page.text.starts_with(&format!("# {}\n", lint.id)) {
            wrong.push(format!("{}: begins with `# {}`", lint.id, lint.id));
        }
        let sections: Vec<&str> = page
            .text
            .lines()
            .filter_map(|line| line.strip_prefix("## "))
            .collect();
        if sections != SECTIONS {
            wrong.push(format!(
                "{}: has the sections {sections:?}, not {SECTIONS:?}",
                lint.id
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_example_is_reported_and_every_replacement_is_clean() {
    let mut wrong = Vec::new();
    for lint in lints() {
        let Some(page) = page(lint.id) else { continue };
        let example = page.files("Example");
        let instead = page.files("Use instead");
        if example.is_empty() || instead.is_empty() {
            wrong.push(format!(
                "{}: a section has no file, as in \"```yaml prometheus.yml\"",
                lint.id
            ));
            continue;
        }
        if said(&example, lint.id).is_empty() {
            wrong.push(format!("{}: its example is not reported", lint.id));
        }
        // Files of the example that the replacement does not name stay as they are.
        let mut files: BTreeMap<&str, Example<'_>> =
            example.iter().map(|file| (file.path, *file)).collect();
        files.extend(instead.iter().map(|file| (file.path, *file)));
        let files: Vec<Example<'_>> = files.into_values().collect();
        for message in said(&files, lint.id) {
            wrong.push(format!(
                "{}: its replacement is reported: {message}",
                lint.id
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn said(files: &[Example<'_>], id: &str) -> Vec<String> {
    let texts = files.iter().map(|file| (file.path, file.text.as_bytes()));
    let setup = Setup::of_texts("", texts);
    findings(&setup, id)
        .into_iter()
        .map(|diagnostic| diagnostic.message)
        .collect()
}

#[test]
fn every_page_belongs_to_a_lint() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/lints");
    for entry in walkdir::WalkDir::new(&root)
        .into_iter()
        .filter_map(Result::ok)
    {
        if !entry.file_type().is_file() {
            continue;
        }
        let path = entry
            .path()
            .strip_prefix(&root)
            .expect("below the root")
            .with_extension("");
        let id = path.to_string_lossy();
        assert!(
            lints().any(|lint| lint.id == id),
            "docs/lints/{id}.md has no lint"
        );
    }
}
