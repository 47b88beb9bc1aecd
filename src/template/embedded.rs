//! The files under `templates/`, inside the binary.

use include_dir::{Dir, DirEntry, include_dir};

static TEMPLATES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/templates");

/// Every embedded file as (path relative to `templates/`, text), sorted by path. Files that are not
/// UTF-8 are left out; a test insists that there are none.
pub fn files() -> impl Iterator<Item = (&'static str, &'static str)> {
    let mut files = Vec::new();
    collect(&TEMPLATES, &mut files);
    files.sort_unstable();
    files.into_iter()
}

fn collect(directory: &'static Dir<'static>, files: &mut Vec<(&'static str, &'static str)>) {
    for entry in directory.entries() {
        match entry {
            DirEntry::Dir(directory) => collect(directory, files),
            DirEntry::File(file) => files.extend(file.path().to_str().zip(file.contents_utf8())),
        }
    }
}

/// The catalogue's data files as (path relative to `templates/`, content), sorted by path. The content
/// is the JSON that `build.rs` makes of the YAML.
pub fn data() -> impl Iterator<Item = (&'static str, &'static str)> {
    include_str!(concat!(env!("OUT_DIR"), "/catalogue.jsonl"))
        .lines()
        .filter_map(|line| line.split_once('\t'))
}

/// The text of one embedded file.
pub fn file(path: &str) -> Option<&'static str> {
    TEMPLATES.get_file(path)?.contents_utf8()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(directory: &Dir<'_>) -> usize {
        let below: usize = directory.dirs().map(count).sum();
        directory.files().count() + below
    }

    #[test]
    fn no_embedded_file_is_left_out() {
        assert_eq!(files().count(), count(&TEMPLATES));
        assert!(files().any(|(path, text)| path == "versions.yaml" && !text.is_empty()));
    }
}
