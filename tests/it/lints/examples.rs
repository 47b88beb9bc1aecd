//! The bundles of our own profiles have nothing that a lint could find.

use stackwright::report::concise;
use stackwright::setup::Setup;

use super::findings;
use crate::program::repository;

#[test]
fn nothing_is_found_in_a_bundle_of_ours_at_any_level() {
    let mut bundles = 0;
    let mut found = String::new();
    for entry in walkdir::WalkDir::new(repository().join("examples"))
        .min_depth(2)
        .max_depth(2)
        .sort_by_file_name()
    {
        let entry = entry.expect("a readable directory");
        let setup = Setup::open(entry.path(), Some(repository())).expect("a readable bundle");
        found.extend(findings(&setup, "").iter().map(concise));
        bundles += 1;
    }
    assert!(bundles >= 16, "{bundles} bundles");
    assert!(found.is_empty(), "{found}");
}
