//! The `stackwright` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    stackwright::cli::run()
}
