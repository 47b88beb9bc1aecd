//! Turns the catalogue's YAML into JSON at build time: it is read at every start of the program, and
//! reading YAML would take most of that time.

use std::path::{Path, PathBuf};

fn main() {
    let root = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo"));
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("set by cargo"));
    println!("cargo:rerun-if-changed=templates");
    println!("cargo:rerun-if-changed=profiles");
    println!("cargo:rerun-if-changed=docs/runbooks");
    println!("cargo:rerun-if-changed=docs/lints");
    let mut lines = String::new();
    collect(&root.join("templates"), "", &mut lines);
    std::fs::write(out.join("catalogue.jsonl"), lines).expect("OUT_DIR can be written");
}

/// A line for every `.yaml` file below `directory`: its path under `templates/`, a tab, its content as JSON.
fn collect(directory: &Path, prefix: &str, lines: &mut String) {
    let mut entries: Vec<_> = std::fs::read_dir(directory)
        .expect("templates/ can be read")
        .map(|entry| entry.expect("templates/ can be read").path())
        .collect();
    entries.sort();
    for path in entries {
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .expect("a UTF-8 name");
        let inside = format!("{prefix}{name}");
        if path.is_dir() {
            collect(&path, &format!("{inside}/"), lines);
        } else if name.ends_with(".yaml") {
            let text = std::fs::read_to_string(&path).expect("a text");
            match serde_yaml::from_str::<serde_json::Value>(&text) {
                Ok(value) => lines.push_str(&format!("{inside}\t{value}\n")),
                Err(error) => panic!("templates/{inside}: {error}"),
            }
        }
    }
}
