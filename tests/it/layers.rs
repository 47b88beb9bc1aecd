//! The order of the `mod` lines in `src/lib.rs` is the architecture: a module may import only
//! modules above it.

use std::path::{Path, PathBuf};

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn order() -> Vec<String> {
    std::fs::read_to_string(source().join("lib.rs"))
        .expect("src/lib.rs")
        .lines()
        .filter_map(|line| {
            line.strip_prefix("pub mod ")?
                .strip_suffix(';')
                .map(Into::into)
        })
        .collect()
}

/// Names of our modules that `text` imports: `crate::name`, also inside `use crate::{…}`.
fn imports<'a>(text: &str, order: &'a [String]) -> Vec<&'a str> {
    order
        .iter()
        .filter(|name| {
            text.match_indices("crate::").any(|(at, prefix)| {
                let rest = &text[at + prefix.len()..];
                let named = |rest: &str| {
                    rest.strip_prefix(name.as_str()).is_some_and(|after| {
                        !after.starts_with(|char: char| char.is_alphanumeric() || char == '_')
                    })
                };
                match rest.strip_prefix('{') {
                    Some(list) => list
                        .split('}')
                        .next()
                        .unwrap_or_default()
                        .split(',')
                        .any(|item| named(item.trim())),
                    None => named(rest),
                }
            })
        })
        .map(String::as_str)
        .collect()
}

fn files(directory: &Path) -> Vec<PathBuf> {
    walkdir::WalkDir::new(directory)
        .sort_by_file_name()
        .into_iter()
        .filter_map(Result::ok)
        .map(walkdir::DirEntry::into_path)
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}

#[test]
fn no_module_imports_one_below_it() {
    let order = order();
    assert!(order.len() > 5, "src/lib.rs lists the modules: {order:?}");
    let mut wrong = Vec::new();
    for (position, module) in order.iter().enumerate() {
        let mut paths = files(&source().join(module));
        paths.extend(Some(source().join(format!("{module}.rs"))).filter(|path| path.exists()));
        assert!(!paths.is_empty(), "module `{module}` has no file");
        for path in paths {
            let text = std::fs::read_to_string(&path).expect("a source file");
            for import in imports(&text, &order) {
                let imported = order.iter().position(|name| name == import).unwrap_or(0);
                if imported > position {
                    wrong.push(format!("{} imports `{import}`", path.display()));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "these import a module below them:\n{}",
        wrong.join("\n")
    );
}

/// `fix` does: what it puts into a dashboard are the panels that a profile would have got.
#[test]
fn linting_knows_nothing_of_generating() {
    let order = order();
    for module in ["setup", "facts", "lint"] {
        for path in files(&source().join(module)) {
            let text = std::fs::read_to_string(&path).expect("a source file");
            for import in imports(&text, &order) {
                assert!(
                    !["profile", "model", "artifact", "platform"].contains(&import),
                    "{} imports `{import}`",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn no_file_of_ours_uses_a_meaningless_name() {
    for path in files(&source()) {
        let name = path
            .file_stem()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        for meaningless in [
            "utils",
            "util",
            "helpers",
            "helper",
            "common",
            "misc",
            "core",
            "base",
            "manager",
            "handler",
            "processor",
            "engine",
        ] {
            assert_ne!(name, meaningless, "{}", path.display());
        }
    }
}
