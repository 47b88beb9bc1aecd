//! Which lints can mend what they find: as the catalogue of lints wants it, and as their pages say.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use stackwright::diagnostic::Safety;
use stackwright::facts::Facts;
use stackwright::lint::{Selection, check, lint, lints, page};
use stackwright::setup::Setup;

use super::CATALOGUE;
use super::proofs::directories;
use crate::shared::shared;

/// Lints that the catalogue marks, and whose findings are not mended by edits; and what is there instead.
const OTHERWISE: [(&str, &str); 1] = [(
    "dashboard/dashboard-identity-mismatch",
    "there are three ways, shown side by side: `fix --strategy`",
)];

/// The fixes with edits that each lint offers in its cases and its page's example.
fn offered() -> BTreeMap<&'static str, BTreeSet<Safety>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lints");
    let mut offered: BTreeMap<&str, BTreeSet<Safety>> = BTreeMap::new();
    for lint in lints() {
        let of_cases = directories(&root.join(lint.id))
            .into_iter()
            .map(|case| Setup::open(&case.join("input"), None).expect("a readable case"));
        let page = page(lint.id);
        let example = page
            .as_ref()
            .map_or_else(Vec::new, |page| page.files("Example"));
        let files = example.iter().map(|file| (file.path, file.text.as_bytes()));
        for setup in of_cases.chain([Setup::of_texts("", files)]) {
            let selection = Selection {
                select: vec![lint.id.to_owned()],
                ignore: Vec::new(),
            };
            let fixes = check(&Facts::of(&setup, &CATALOGUE), &selection)
                .into_iter()
                .filter_map(|finding| finding.fix)
                .filter(|fix| !fix.edits.is_empty())
                .map(|fix| fix.safety);
            offered.entry(lint.id).or_default().extend(fixes);
        }
    }
    offered
}

/// Ids of the catalogue's entries that say `Fix safe` or `Fix unsafe`, in whatever way they stress it.
fn marked(catalogue: &str) -> BTreeSet<String> {
    let mut marked = BTreeSet::new();
    for entry in catalogue.split("\n**`").skip(1) {
        let (id, rest) = entry.split_once('`').expect("an id in backticks");
        let rest = rest.split("\n\n").next().unwrap_or(rest);
        let fix = rest.split("Fix").skip(1).any(|after| {
            let word = after.trim_start_matches([':', ' ', '*']);
            word.starts_with("safe") || word.starts_with("unsafe")
        });
        if fix {
            marked.insert(id.to_owned());
        }
    }
    marked
}

/// Whether a fix is applied to a case; `proofs` holds that its difference is this one.
pub(super) fn is_mended(case: &Path) -> bool {
    case.join("fixed.diff").exists()
}

#[test]
fn what_the_catalogue_marks_has_its_fix() {
    let Some(path) = shared("design/lint-catalogue.md") else {
        return;
    };
    let text = std::fs::read_to_string(path).expect("a readable catalogue");
    let marked = marked(&text);
    assert!(marked.len() > 50, "only {} marks were found", marked.len());
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lints");
    let missing: Vec<&str> = marked
        .iter()
        .map(String::as_str)
        .filter(|id| {
            lint(id).is_none()
                || !directories(&root.join(id))
                    .iter()
                    .any(|case| is_mended(case))
        })
        .collect();
    let otherwise: Vec<&str> = OTHERWISE.iter().map(|(id, _)| *id).collect();
    assert_eq!(missing, otherwise, "lints without a fix");
}

/// How pages begin what they say where there is no fix.
const NONE: [&str; 4] = ["None", "No fix", "No edits", "There is no"];

#[test]
fn pages_say_whether_there_is_a_fix() {
    let mut wrong = Vec::new();
    for (id, fixes) in offered() {
        let Some(page) = page(id) else { continue };
        let said = page.section("Fix safety").unwrap_or_default().trim();
        let says_none = NONE.iter().any(|none| said.starts_with(none));
        if says_none != fixes.is_empty() {
            wrong.push(format!("{id} has {fixes:?}, and its page says: {said}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
