use include_dir::{Dir, include_dir};

static TEMPLATES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/templates");

/// Every file under `templates/`, by its path there, in alphabetical order of directories.
pub fn files() -> impl Iterator<Item = (&'static str, &'static str)> {
    let mut open = vec![&TEMPLATES];
    std::iter::from_fn(move || {
        let directory = open.pop()?;
        open.extend(directory.dirs());
        Some(directory.files())
    })
    .flatten()
    .filter_map(|file| Some((file.path().to_str()?, file.contents_utf8()?)))
}

/// The text of one embedded file.
pub fn file(path: &str) -> Option<&'static str> {
    TEMPLATES.get_file(path)?.contents_utf8()
}
