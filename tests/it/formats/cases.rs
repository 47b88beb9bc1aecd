//! `tests/formats/*/*.cases`: small inputs with their verdicts: `=== NAME: accept` for every tool, or `=== NAME: 2.26.1 accept,
//! 2.40.3 reject`, then the only file, or `--- PATH` before each.

use std::path::{Path, PathBuf};

/// One input.
pub(super) struct Input {
    pub name: String,
    /// `accept` or `reject`, one for each tool.
    pub verdicts: [String; 2],
    /// Path and text of each file; one without a path is `alone`.
    pub files: Vec<(String, String)>,
}

/// The files below `tests/formats/DIRECTORY`, sorted.
pub(super) fn theme_files(directory: &str) -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/formats")
        .join(directory);
    let mut files: Vec<PathBuf> = std::fs::read_dir(directory)
        .expect("cases")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "cases")
        })
        .collect();
    files.sort();
    files
}

/// Every input of a file.
pub(super) fn parse(text: &str, alone: &str) -> Vec<Input> {
    let mut inputs: Vec<Input> = Vec::new();
    for line in text.lines() {
        if let Some(head) = line.strip_prefix("=== ") {
            let (name, said) = head.split_once(": ").expect("a name and verdicts");
            let mut verdicts = said
                .split(", ")
                .map(|said| said.rsplit(' ').next().unwrap_or_default().to_owned());
            let old = verdicts.next().expect("a verdict");
            let new = verdicts.next().unwrap_or_else(|| old.clone());
            inputs.push(Input {
                name: name.to_owned(),
                verdicts: [old, new],
                files: Vec::new(),
            });
            continue;
        }
        let input = inputs.last_mut().expect("a name first");
        if let Some(path) = line.strip_prefix("--- ") {
            input.files.push((path.to_owned(), String::new()));
            continue;
        }
        if input.files.is_empty() {
            input.files.push((alone.to_owned(), String::new()));
        }
        if let Some((_, text)) = input.files.last_mut() {
            text.push_str(line);
            text.push('\n');
        }
    }
    for input in &mut inputs {
        if input.files.is_empty() {
            input.files.push((alone.to_owned(), String::new()));
        }
    }
    inputs
}
