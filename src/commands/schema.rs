use super::{Console, Exit};
use crate::{config, profile};

/// Print a JSON Schema, for editors.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  stackwright schema > profile.schema.json
  stackwright schema config > stackwright.schema.json")]
pub struct SchemaArgs {
    /// Of what
    #[arg(value_enum, default_value_t, value_name = "WHAT")]
    pub what: Described,
}

/// What there is a schema of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Described {
    /// A profile, which `render` reads.
    #[default]
    Profile,
    /// `stackwright.toml`, which `lint` reads.
    Config,
}

/// Prints a JSON Schema.
pub fn schema(args: &SchemaArgs, console: Console) -> Exit {
    let schema = match args.what {
        Described::Profile => profile::json_schema().clone(),
        Described::Config => match super::lint::catalogue() {
            Ok(catalogue) => config::json_schema(&catalogue),
            Err(diagnostic) => {
                console.diagnostics(&[*diagnostic]);
                return Exit::CouldNotRun;
            }
        },
    };
    console.result(&format!("{schema:#}\n"));
    Exit::Clean
}
