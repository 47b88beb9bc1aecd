//! Repairs: each fix of each case stands its proof, and what people have really written stays what it was around them.

mod catalogue;
mod commands;
mod mislabelled;
mod panels;
mod proofs;
mod semantics;
mod setups;
#[cfg(target_os = "linux")]
mod terminal;

use std::sync::LazyLock;

use stackwright::catalogue::Catalogue;
use stackwright::diagnostic::Safety;
use stackwright::facts::given::Given;
use stackwright::fix::{Defect, Mended, Wish, mend};
use stackwright::lint::{Policy, Selection};
use stackwright::setup::Setup;

static CATALOGUE: LazyLock<Catalogue> =
    LazyLock::new(|| Catalogue::embedded().expect("the catalogue is checked"));

/// A setup with the fixes of one lint, or of all where `only` is empty.
fn mended(setup: &Setup, only: &str, safety: Safety) -> Mended {
    let select = Some(only.to_owned()).filter(|only| !only.is_empty());
    let wish = Wish {
        selection: Selection {
            select: select.into_iter().collect(),
            ignore: Vec::new(),
        },
        safety,
        policy: Policy::default(),
        given: Given::default(),
    };
    mend(setup, &CATALOGUE, &wish)
}

/// What is wrong with a repair: fixes that were refused, and a second one that would change something again. A guess may be
/// refused because it would uncover what the mistake hid.
fn complaints(mended: &Mended, only: &str, safety: Safety) -> Vec<String> {
    let mut wrong: Vec<String> = mended
        .refused
        .iter()
        .filter(|refused| safety == Safety::Safe || !matches!(refused.defect, Defect::Brings(..)))
        .map(|refused| {
            let title = refused.finding.fix.as_ref().map_or("", |fix| &fix.title);
            format!("{} \"{title}\": {}", refused.finding.id, refused.defect)
        })
        .collect();
    let again = self::mended(&mended.setup, only, safety);
    if !again.changes.is_empty() {
        wrong.push("a second repair changes something".into());
    }
    wrong
}
