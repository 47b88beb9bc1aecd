//! The `stackwright` binary.

fn main() {}
