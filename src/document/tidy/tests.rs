//! The reader against the library.

use std::path::{Path, PathBuf};

use crate::document::tidy::*;
use crate::document::yaml::read_any;
use crate::document::{Dialect, Document, Limits};

fn read_tidy(text: &str, dialect: Dialect) -> Option<Document> {
    let mut reading = Reading::new(text, dialect, Limits::default());
    read(text, &mut reading)?;
    Some(reading.document(None))
}

/// Whether the text is taken; if so, the library must read the same.
fn is_taken(name: &str, text: &str) -> bool {
    let dialects = [Dialect::Strict, Dialect::GoYaml2, Dialect::GoYaml3];
    let taken = dialects.map(|dialect| {
        let Some(tidy) = read_tidy(text, dialect) else {
            return false;
        };
        let library = match read_any(text, dialect, Limits::default()) {
            Ok(library) => library,
            Err(error) => panic!("{name}, {dialect:?}: {error:?}\n{text}"),
        };
        let is_same = tidy.root == library.root
            && tidy.problems == library.problems
            && tidy.comments == library.comments
            && tidy.ignored == library.ignored;
        assert!(
            is_same,
            "{name}, {dialect:?}:\n{text}\n{tidy:#?}\n{library:#?}"
        );
        true
    });
    taken.contains(&true)
}

/// Every YAML file of the checkout, and of the shared folder where it is.
fn files() -> Vec<(PathBuf, String)> {
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR"));
    let shared = std::env::var_os("STACKWRIGHT_SHARED")
        .map_or_else(|| checkout.join("../shared"), PathBuf::from);
    let roots = ["examples", "profiles", "templates", "tests"].map(|name| checkout.join(name));
    let walk = roots
        .iter()
        .chain([&shared])
        .flat_map(walkdir::WalkDir::new);
    let paths = walk.flatten().map(walkdir::DirEntry::into_path);
    let mut files: Vec<_> = paths
        .filter(|path| {
            path.extension()
                .is_some_and(|it| it == "yml" || it == "yaml")
        })
        .filter_map(|path| Some((path.clone(), std::fs::read_to_string(path).ok()?)))
        .collect();
    files.sort();
    files
}

#[test]
fn what_it_takes_is_what_the_library_reads() {
    for (path, text) in files() {
        let name = path.display().to_string();
        let taken = is_taken(&name, &text);
        // Most of what we render is read by it, or it would be of no use.
        let is_of_prometheus = name.contains("/examples/") && name.contains("/prometheus/");
        assert!(taken || !is_of_prometheus, "{name} is not taken");
    }
}

#[test]
fn what_it_takes_of_damaged_files_is_what_the_library_reads() {
    const LINES: [&str; 13] = [
        "\n",
        "    \n",
        "# c\n",
        "      # c\n",
        "  - x\n",
        "a:\n",
        "- \n",
        "'q': \"w\" # c\n",
        "x\n",
        "...\n",
        "---\n",
        "? a\n",
        "  b: |\n",
    ];
    const CHARS: &str = " :-#\"'[]{},|>&*!?%@é\t\n\\~<1\u{2028}\u{85}\u{feff}\r";
    // Knuth's generator: the same damage each time, unless somebody asks for other.
    let mut state: u64 =
        std::env::var("STACKWRIGHT_SEED").map_or(1, |seed| seed.parse().expect("a number"));
    let mut below = move |limit: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % limit
    };
    let files = files();
    let small: Vec<_> = files
        .iter()
        .filter(|(_, text)| (1..6000).contains(&text.len()))
        .collect();
    let mut taken = 0;
    for _ in 0..5_000 {
        let (path, text) = small[below(small.len())];
        let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
        for _ in 0..=below(3) {
            let at = below(lines.len());
            let count = lines.len();
            let line = &mut lines[at];
            match below(8) {
                0 if count > 1 => drop(lines.remove(at)),
                1 => line.insert(0, ' '),
                2 => *line = line.strip_prefix(' ').unwrap_or(line).to_owned(),
                3 => {
                    let other = lines[below(count)].clone();
                    lines.insert(at, other);
                }
                4 => lines.insert(at, LINES[below(LINES.len())].to_owned()),
                5 => drop(line.pop()),
                _ => {
                    let count = CHARS.chars().count();
                    let char = CHARS.chars().nth(below(count)).expect("one of them");
                    let places: Vec<usize> = line.char_indices().map(|(at, _)| at).collect();
                    let place = if places.is_empty() {
                        0
                    } else {
                        places[below(places.len())]
                    };
                    line.insert(place, char);
                }
            }
        }
        taken += usize::from(is_taken(&path.display().to_string(), &lines.concat()));
    }
    assert!(taken > 1_000, "only {taken} were taken: this says little");
}
