use std::io::Write;
use std::path::PathBuf;

use super::input::{PROFILES, reason};
use super::{Console, Exit};
use crate::profile::suggestion;

/// Write a commented starter profile that renders as it is.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  stackwright init                       write profile.yaml
  stackwright init --like trinity cache.yaml
  stackwright list profiles              what there is to start from")]
pub struct InitArgs {
    /// Start from this profile (`stackwright list profiles`)
    #[arg(long, value_name = "NAME", default_value = "starter")]
    pub like: String,
    /// Where to write it; `-` for standard output
    #[arg(default_value = "profile.yaml")]
    pub path: PathBuf,
}

/// Runs `init`.
pub fn init(args: &InitArgs, console: Console) -> Exit {
    let Some(text) = PROFILES
        .get_file(format!("{}.yaml", args.like))
        .and_then(|file| file.contents_utf8())
    else {
        console.error(
            "init/unknown-profile",
            format!("there is no profile `{}` to start from", args.like),
            suggestion(&args.like, profile_names(), "there are"),
        );
        return Exit::CouldNotRun;
    };
    // In the repository the schema lies elsewhere than beside a user's profile.
    let text = text.replacen(
        "../docs/reference/profile.schema.json",
        "profile.schema.json",
        1,
    );
    if args.path.as_os_str() == "-" {
        console.result(&text);
        return Exit::Clean;
    }
    let shown = args.path.display();
    match std::fs::File::create_new(&args.path).and_then(|mut file| file.write_all(text.as_bytes()))
    {
        Ok(()) => {
            console.say(&format!(
                "wrote {shown}\nnext: edit it, then run `stackwright render {shown}`\nfor completion in your editor: `stackwright schema > profile.schema.json` beside it\n"
            ));
            Exit::Clean
        }
        Err(error) => {
            let help = if error.kind() == std::io::ErrorKind::AlreadyExists {
                "choose another path; `init` never overwrites a file"
            } else {
                "check the directory and its permissions"
            };
            console.error(
                "init/not-written",
                format!("cannot write `{shown}`: {}", reason(&error)),
                Some(help.into()),
            );
            Exit::CouldNotRun
        }
    }
}

/// Names of the profiles in the binary, sorted.
pub fn profile_names() -> Vec<&'static str> {
    let mut names: Vec<&str> = PROFILES
        .files()
        .filter_map(|file| file.path().file_stem()?.to_str())
        .collect();
    names.sort_unstable();
    names
}
