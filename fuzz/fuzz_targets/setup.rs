//! Whole setups: the bytes are files one after the other, path and text each ended by a zero byte. No lint panics, and no
//! fix leaves a file that cannot be read. Runs like `promql`, see there; its corpus is `corpus/setup`.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use stackwright::catalogue::Catalogue;
use stackwright::diagnostic::Safety;
use stackwright::facts::given::Given;
use stackwright::fix::{Wish, mend};
use stackwright::lint::{Policy, Selection};
use stackwright::setup::Setup;

static CATALOGUE: LazyLock<Catalogue> =
    LazyLock::new(|| Catalogue::embedded().expect("the catalogue is checked"));

fuzz_target!(|bytes: &[u8]| {
    let parts: Vec<&[u8]> = bytes.split(|byte| *byte == 0).collect();
    let files = parts.chunks_exact(2).filter_map(|file| {
        let path = std::str::from_utf8(file[0]).ok()?;
        Some((path, file[1]))
    });
    let setup = Setup::of_texts("", files);
    let wish = Wish {
        selection: Selection::default(),
        safety: Safety::Unsafe,
        policy: Policy::default(),
        given: Given::default(),
    };
    let mended = mend(&setup, &CATALOGUE, &wish);
    let again = mend(&mended.setup, &CATALOGUE, &wish);
    assert!(again.applied.is_empty(), "mending twice changes something");
});
