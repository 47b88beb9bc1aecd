//! Mislabelled dashboards, mended in each way: `tests/fixes/mislabelled/<strategy>.diff`.

use std::path::{Path, PathBuf};

use stackwright::check::formats::{Format, Readers};
use stackwright::facts::Facts;
use stackwright::fix::mislabelled::{FAMILY, Relabelled, Strategy, assess, relabel};
use stackwright::lint::{Selection, check};
use stackwright::report::diff_between;
use stackwright::setup::Setup;

use super::CATALOGUE;
use crate::shared::shared;

fn case(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixes")
        .join(name)
}

/// Every mislabelled dashboard of a setup, mended; and the setup afterwards.
fn relabelled(setup: &Setup, strategy: Strategy) -> Vec<(Relabelled, Setup)> {
    let facts = Facts::of(setup, &CATALOGUE);
    let findings = check(&facts, &Selection::default());
    assess(&facts, &findings)
        .iter()
        .map(|assessment| {
            let outcome = relabel(&facts, &CATALOGUE, &findings, assessment, strategy);
            let relabelled =
                outcome.unwrap_or_else(|error| panic!("{}: {error}", strategy.as_str()));
            let texts = relabelled
                .changes
                .iter()
                .map(|(path, changed)| (path.to_owned(), changed.after.clone()))
                .collect();
            (relabelled, setup.with(&texts))
        })
        .collect()
}

/// What differs, one file after the other.
fn difference(relabelled: &Relabelled) -> String {
    let gone = relabelled
        .changes
        .iter()
        .find(|(_, changed)| changed.after.is_none());
    let mut text = String::new();
    for (path, changed) in relabelled.changes.iter() {
        let Some(after) = &changed.after else {
            continue;
        };
        let (old, before) = match (&changed.before, gone) {
            (None, Some((old, gone))) => (old, gone.before.as_deref().unwrap_or_default()),
            (before, _) => (path, before.as_deref().unwrap_or_default()),
        };
        text.push_str(&diff_between(old, path, before, after));
    }
    for left in &relabelled.left {
        text.push_str(&format!("stays: {left}\n"));
    }
    text
}

/// Findings of the family anywhere, and what our validator says of the dashboards.
fn complaints(setup: &Setup) -> Vec<String> {
    let dashboards = Facts::of(setup, &CATALOGUE).dashboards;
    let paths = dashboards
        .iter()
        .map(|dashboard| &*setup.document(dashboard.document).path);
    paths.flat_map(|path| complaints_at(setup, path)).collect()
}

/// The same of one dashboard.
fn complaints_at(setup: &Setup, path: &str) -> Vec<String> {
    let facts = Facts::of(setup, &CATALOGUE);
    let mut wrong: Vec<String> = check(&facts, &Selection::default())
        .into_iter()
        .filter(|finding| {
            let file = finding
                .location
                .as_ref()
                .map(|location| location.file.path());
            file == Some(setup.shown(path).as_path())
                && (FAMILY.contains(&finding.id.as_str())
                    || finding.id == "dashboard/overlapping-panels")
        })
        .map(|finding| format!("{}: {}", finding.id, finding.message))
        .collect();
    let document = setup.at(path).next().expect("a dashboard at its path");
    let said = Format::Dashboard
        .validator()
        .check_file(document.file(), &Readers::default());
    wrong.extend(said.into_iter().map(|said| said.message));
    wrong
}

#[test]
fn each_strategy_does_what_it_says_and_leaves_no_wrong_name() {
    for strategy in Strategy::ALL {
        let input = case("mislabelled/input");
        let setup = Setup::open(&input, Some(&input)).expect("a readable case");
        let mended = relabelled(&setup, strategy);
        let [(relabelled, after)] = &mended[..] else {
            panic!("{} dashboards are mislabelled", mended.len());
        };
        let doubts: Vec<&str> = relabelled
            .doubts
            .iter()
            .map(|doubt| doubt.message.as_str())
            .collect();
        assert_eq!(doubts, [""; 0], "{}", strategy.as_str());
        assert_eq!(complaints(after), [""; 0], "{}", strategy.as_str());
        let difference = difference(relabelled);
        let path = case("mislabelled").join(format!("{}.diff", strategy.as_str()));
        if std::env::var_os("UPDATE_EXPECTED").is_some() {
            std::fs::write(&path, &difference).expect("a writable checkout");
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(
            difference, expected,
            "run again with UPDATE_EXPECTED=1 and read `git diff`"
        );
    }
}

#[test]
fn a_dashboard_with_sections_on_purpose_is_left_alone() {
    let input = case("mixed/input");
    let setup = Setup::open(&input, Some(&input)).expect("a readable case");
    let facts = Facts::of(&setup, &CATALOGUE);
    let findings = check(&facts, &Selection::default());
    assert!(assess(&facts, &findings).is_empty());
}

/// The dashboard that this began with: it is in the shared data only.
#[test]
fn the_first_mislabelled_dashboard_is_mended_in_every_way() {
    let Some(root) = shared("setups/gatewayz-f703286") else {
        return;
    };
    let setup = Setup::open(&root, Some(&root)).expect("a readable setup");
    for strategy in Strategy::ALL {
        let mended = relabelled(&setup, strategy);
        let [(relabelled, after)] = &mended[..] else {
            panic!("{} dashboards are mislabelled", mended.len());
        };
        let doubts: Vec<&str> = relabelled
            .doubts
            .iter()
            .map(|doubt| doubt.message.as_str())
            .collect();
        assert_eq!(doubts, [""; 0], "{}", strategy.as_str());
        let path = relabelled
            .changes
            .iter()
            .find(|(_, changed)| changed.after.is_some())
            .map(|(path, _)| path);
        let path = path.expect("a dashboard that is there afterwards");
        assert_eq!(complaints_at(after, path), [""; 0], "{}", strategy.as_str());
    }
}
