//! Any bytes as PromQL: no panic, and what is valid reads back after printing.
//!
//! `cargo fuzz run promql`; without that command, on stable, in this directory:
//!
//! ```text
//! RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
//!   -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table" \
//!   cargo run --release --target x86_64-unknown-linux-gnu --bin promql -- corpus/promql
//! ```

#![no_main]

use libfuzzer_sys::fuzz_target;
use stackwright::promql::analysis::Analysis;
use stackwright::promql::{Options, parse_bytes, parse_with};

fuzz_target!(|bytes: &[u8]| {
    for options in [Options::default(), Options::grafana()] {
        let parsed = parse_bytes(bytes, &options);
        Analysis::of(&parsed, &());
        if parsed.is_valid() {
            for printed in [parsed.format(), parsed.format_lines()] {
                let again = parse_with(&printed, &options);
                assert!(again.is_valid(), "{printed}: {:?}", again.errors);
                assert_eq!(parsed.tree(), again.tree(), "{printed}");
            }
        }
    }
});
