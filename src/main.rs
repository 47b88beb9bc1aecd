//! The `stackwright` binary.

use std::process::ExitCode;

/// Reading a text into a tree is a third allocation, and this allocator does it in half the time of glibc's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    stackwright::cli::run()
}
