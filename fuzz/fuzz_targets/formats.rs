//! Any bytes as a file of every format: no panic, and every place that is told lies in the text.
//!
//! Runs as `promql.rs` says, with `formats` in its place.

#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use stackwright::catalogue::Version;
use stackwright::check::formats::{Readers, VALIDATORS};
use stackwright::diagnostic::Diagnostic;
use stackwright::source::SourceFile;

/// Older than anything that is read differently since.
const OLDEST: Version = Version::new(0, 1, 0);

fuzz_target!(|bytes: &[u8]| {
    let file = match SourceFile::decode("input", bytes) {
        Ok(file) => Arc::new(file),
        Err(undecodable) => Arc::new(undecodable.file),
    };
    let consistent = |found: &[Diagnostic]| {
        for location in found.iter().filter_map(|one| one.location.as_ref()) {
            let span = location.span;
            assert!(
                file.text().get(span.start()..span.end()).is_some(),
                "{span:?}"
            );
        }
    };
    for validator in &VALIDATORS {
        let reading = validator.read(&file);
        for version in [validator.product.newest(), OLDEST] {
            let readers = Readers::default().with(validator.product, version);
            consistent(&validator.check(&file, &reading, &readers));
        }
    }
});
