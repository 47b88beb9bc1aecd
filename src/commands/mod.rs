//! One file per command: wiring, and the only printing.

mod adopt;
mod console;
mod fix;
mod generate;
mod init;
mod input;
mod inspect;
mod lint;
mod list;
mod outcome;
mod project;
mod promql;
mod relabel;
mod render;
mod schema;
mod validate;

use std::process::ExitCode;

pub use adopt::{AdoptArgs, adopt};
pub use console::{Color, Console, Format};
pub use fix::{FixArgs, fix};
pub use init::{InitArgs, init};
pub use inspect::{InspectArgs, inspect};
pub use lint::{LintArgs, lint};
pub use list::{ExplainArgs, ListArgs, explain, list};
pub use project::ConfigArgs;
pub use promql::{PromqlArgs, promql};
pub use render::{RenderArgs, render};
pub use schema::{SchemaArgs, schema};
pub use validate::{ValidateArgs, validate};

/// What a run came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Nothing to complain about.
    Clean,
    /// Findings, failed checks, or drift.
    Findings,
    /// It could not run: usage, unreadable input, nothing written.
    CouldNotRun,
    /// There was nothing to lint.
    NothingToLint,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Clean => Self::from(0),
            Exit::Findings => Self::from(1),
            Exit::CouldNotRun => Self::from(2),
            Exit::NothingToLint => Self::from(3),
        }
    }
}
