use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::generate::Generator;
use super::input::reason;
use super::lint::open;
use super::project::{ConfigArgs, Project};
use super::{Console, Exit, Format};
use crate::adopt::{Adopted, Change, Remainder, adopt as read_off, compare, resolve};
use crate::diagnostic::Diagnostic;
use crate::facts::Facts;
use crate::setup::{Place, Setup};

/// Write the profile that would generate the equivalent of an existing setup.
///
/// Reads Compose files, Prometheus, rules, Alertmanager and Grafana below PATH, and writes a profile: targets, exporters,
/// intervals, thresholds of alerts, channels and routes, dashboards, ports, volumes, versions. What a profile cannot say is
/// listed with file and line. Nothing in the setup is changed, and no secret of it is repeated.
///
/// Exits with 0 when there is a profile, 1 with --compare when what it renders means something else than the setup, 2 when it
/// could not run, 3 when nothing in the setup is about Redis.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  stackwright adopt monitoring                          print the profile, and what it does not say
  stackwright adopt monitoring --write profile.yaml     write it
  stackwright adopt monitoring --compare                what would be different; exits 1 where something is")]
pub struct AdoptArgs {
    /// A directory, or a single file
    pub path: PathBuf,
    /// Write the profile to this file
    #[arg(long, short, value_name = "FILE")]
    pub write: Option<PathBuf>,
    /// Print how what the profile renders differs from the setup, in what it means; instead of the profile
    #[arg(long, conflicts_with = "write")]
    pub compare: bool,
    /// Write over a file that is there already
    #[arg(long, requires = "write")]
    pub force: bool,
    /// How to print the result
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: Format,
    /// Which configuration holds.
    #[command(flatten)]
    pub config: ConfigArgs,
}

/// Runs `adopt`.
pub fn adopt(args: &AdoptArgs, console: Console) -> Exit {
    match run(args, console) {
        Ok(exit) => exit,
        Err(diagnostics) => {
            console.failure(args.format, "remainders", &diagnostics);
            Exit::CouldNotRun
        }
    }
}

fn run(args: &AdoptArgs, console: Console) -> Result<Exit, Vec<Diagnostic>> {
    let generator = Generator::new(None).map_err(|error| vec![*error])?;
    let catalogue = &generator.catalogue;
    let project = Project::of(&args.path, &args.config, catalogue)?;
    let setup = open(&args.path).map_err(|error| vec![*error])?;
    let facts = Facts::knowing(&setup, catalogue, &project.given);
    let prose = |path: &str| read_prose(&setup, path);
    let fallback = fallback_name(&args.path);
    let Some(adopted) = read_off(&facts, &generator.templates, &prose, &fallback) else {
        let diagnostic = Diagnostic::error(
            "adopt/no-redis",
            format!("nothing in `{}` is about Redis", args.path.display()),
        );
        console.failure(
            args.format,
            "remainders",
            &[diagnostic.help("`stackwright inspect` shows what it was taken for; `stackwright init` writes a starter profile")],
        );
        return Ok(Exit::NothingToLint);
    };
    if args.compare {
        return compared(args, &generator, &facts, &adopted, console);
    }
    let text = adopted.text(&args.path.display().to_string());
    if let Some(path) = &args.write {
        write(path, &text, args.force)?;
    }
    match args.format {
        Format::Json => console.result(&format!("{:#}\n", to_json(&setup, &adopted, &text))),
        Format::Text => print_text(args, &setup, &adopted, &text, console),
    }
    Ok(Exit::Clean)
}

fn compared(
    args: &AdoptArgs,
    generator: &Generator,
    facts: &Facts<'_>,
    adopted: &Adopted,
    console: Console,
) -> Result<Exit, Vec<Diagnostic>> {
    let stack = resolve(
        &adopted.draft,
        &adopted.environment,
        &generator.catalogue,
        &generator.templates,
    )?;
    let differences = compare(facts, adopted, &stack);
    let setup = facts.setup;
    match args.format {
        Format::Json => {
            let differences: Vec<_> = differences
                .iter()
                .map(|it| {
                    let (file, line) = file_and_line(setup, it.place);
                    json!({
                        "change": it.change.as_str(),
                        "file": file,
                        "line": line,
                        "subject": it.subject,
                        "detail": it.detail,
                    })
                })
                .collect();
            let result = json!({"version": 1, "differences": differences});
            console.result(&format!("{result:#}\n"));
        }
        Format::Text => {
            let mut text = String::new();
            for it in &differences {
                let (sign, colour) = match it.change {
                    Change::Dropped => ("-", "31"),
                    Change::Changed => ("~", "33"),
                    Change::Added => ("+", "32"),
                };
                let place = match file_and_line(setup, it.place) {
                    (Some(file), Some(line)) => format!(" ({file}:{line})"),
                    _ => String::new(),
                };
                let line = match it.change {
                    Change::Changed => format!("{}: {}", it.subject, it.detail),
                    change => format!("{} {}: {}", it.subject, change.as_str(), it.detail),
                };
                text.push_str(&format!(
                    "{}{place}\n",
                    console.paint(&format!("{sign} {line}"), colour)
                ));
            }
            console.result(&text);
            if differences.is_empty() {
                console.say("the profile renders what there is\n");
            }
        }
    }
    Ok(match differences.is_empty() {
        true => Exit::Clean,
        false => Exit::Findings,
    })
}

fn file_and_line(setup: &Setup, place: Option<Place>) -> (Option<String>, Option<usize>) {
    let location = place.map(|place| setup.location(place));
    (
        location
            .as_ref()
            .map(|it| it.file.path().to_string_lossy().into_owned()),
        location
            .as_ref()
            .map(|it| it.file.position(it.span.start()).line),
    )
}

/// Larger texts are no prose: 1 MiB.
const LARGEST_PROSE: u64 = 1 << 20;

/// A file of the setup that is no document: a README, a runbook, a script.
fn read_prose(setup: &Setup, path: &str) -> Option<String> {
    let path = setup
        .listing()
        .is_file(path)
        .then(|| setup.on_disk(path))??;
    let size = std::fs::metadata(&path)
        .ok()
        .filter(|it| it.is_file())?
        .len();
    (size <= LARGEST_PROSE).then(|| std::fs::read_to_string(&path).ok())?
}

/// The name of the directory, for a setup that does not say its own.
fn fallback_name(path: &Path) -> String {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let directory = match path.is_file() {
        true => path.parent().unwrap_or(&path),
        false => &path,
    };
    let name = directory.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

fn write(path: &Path, text: &str, force: bool) -> Result<(), Vec<Diagnostic>> {
    let file = match force {
        true => std::fs::File::create(path),
        false => std::fs::File::create_new(path),
    };
    file.and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|error| {
            let help = match error.kind() {
                std::io::ErrorKind::AlreadyExists => {
                    "choose another path, or write over it with --force"
                }
                _ => "check the directory and its permissions",
            };
            let message = format!("cannot write `{}`: {}", path.display(), reason(&error));
            vec![Diagnostic::error("adopt/not-written", message).help(help)]
        })
}

fn print_text(args: &AdoptArgs, setup: &Setup, adopted: &Adopted, text: &str, console: Console) {
    match &args.write {
        None => console.result(text),
        Some(path) => console.say(&format!("wrote {}\n", path.display())),
    }
    let mut said = String::new();
    if !adopted.remainders.is_empty() {
        said.push_str(&format!(
            "\n{} not in the profile:\n",
            match adopted.remainders.len() {
                1 => "1 thing is".to_owned(),
                count => format!("{count} things are"),
            }
        ));
    }
    for remainder in &adopted.remainders {
        said.push_str(&format!("  {}\n", line(setup, remainder)));
    }
    match &args.write {
        // The profile itself is the result; what it does not say must not end up in a file it is redirected to.
        None => console.note(&said),
        Some(path) => {
            console.say(&said);
            console.say(&format!("next: `stackwright render {}`\n", path.display()));
        }
    }
}

fn line(setup: &Setup, remainder: &Remainder) -> String {
    let place = match file_and_line(setup, remainder.place) {
        (Some(file), Some(line)) => format!("{file}:{line}: "),
        _ => String::new(),
    };
    format!("{place}{}: {}", remainder.subject, remainder.reason)
}

fn to_json(setup: &Setup, adopted: &Adopted, text: &str) -> serde_json::Value {
    let remainders: Vec<_> = adopted
        .remainders
        .iter()
        .map(|remainder| {
            let (file, line) = file_and_line(setup, remainder.place);
            json!({
                "file": file,
                "line": line,
                "subject": remainder.subject,
                "reason": remainder.reason,
            })
        })
        .collect();
    json!({
        "version": 1,
        "environment": adopted.environment,
        "profile": text,
        "remainders": remainders,
    })
}
