use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::fix::write_changes;
use super::{Console, Exit};
use crate::catalogue::Catalogue;
use crate::diagnostic::{Diagnostic, Level, Safety};
use crate::facts::Facts;
use crate::fix::{Wish, mend};
use crate::lint::{Selection, check};
use crate::report::{self, folded};
use crate::setup::{Setup, Skipped};

/// Say what is wrong with an existing monitoring setup.
///
/// Looks for Compose files, Prometheus, rules, Alertmanager, Grafana dashboards and provisioning below each path, judges
/// them together, and says what is wrong, where, why it matters and how to mend it. Nothing is executed or sent, and without --fix nothing is
/// written.
///
/// Exits with 0 when clean, 1 with findings at or above --fail-on, 2 when it could not run, 3 when there is nothing to lint.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  stackwright lint .
  stackwright lint monitoring --format concise
  stackwright lint . --select promql,stack --fail-on warning
  stackwright lint . --fix                       repair what is safe to repair first
  stackwright explain promql/unknown-metric      why it matters, and what to do")]
pub struct LintArgs {
    /// Directories, or single files
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// Only these lints: ids or areas
    #[arg(long, value_name = "LINT", value_delimiter = ',')]
    pub select: Vec<String>,
    /// Not these lints: ids or areas
    #[arg(long, value_name = "LINT", value_delimiter = ',')]
    pub ignore: Vec<String>,
    /// The lowest level that makes the run fail
    #[arg(long, value_enum, default_value_t, value_name = "LEVEL")]
    pub fail_on: FailOn,
    /// Repair first what keeps its meaning, and print what remains
    #[arg(long)]
    pub fix: bool,
    /// How to print the findings
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: LintFormat,
}

/// The lowest level that makes a run fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum FailOn {
    /// Errors only.
    #[default]
    Error,
    /// Warnings and errors.
    Warning,
    /// Anything.
    Info,
}

impl FailOn {
    const fn level(self) -> Level {
        match self {
            Self::Error => Level::Error,
            Self::Warning => Level::Warning,
            Self::Info => Level::Info,
        }
    }
}

/// How findings are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum LintFormat {
    /// For people: the lines, and how to mend them.
    #[default]
    Text,
    /// One line for each finding.
    Concise,
    /// One JSON object.
    Json,
}

/// Everything that was found below the paths.
struct Linted {
    findings: Vec<Diagnostic>,
    overviews: Vec<(PathBuf, String)>,
    skipped: Vec<(PathBuf, Skipped)>,
    /// How many findings were repaired before.
    fixed: usize,
    is_empty: bool,
}

/// Runs `lint`.
pub fn lint(args: &LintArgs, console: Console) -> Exit {
    let selection = Selection {
        select: args.select.clone(),
        ignore: args.ignore.clone(),
    };
    if let Some(name) = selection.unknown().next() {
        let help = "run `stackwright list lints` for the names".to_owned();
        console.error(
            "lint/unknown-lint",
            format!("there is no lint or area `{name}`"),
            Some(help),
        );
        return Exit::CouldNotRun;
    }
    let linted = match run(args, &selection) {
        Ok(linted) => linted,
        Err(diagnostic) => {
            console.diagnostics(&[*diagnostic]);
            return Exit::CouldNotRun;
        }
    };
    print(args.format, &linted, console);
    if linted.is_empty {
        return Exit::NothingToLint;
    }
    match linted
        .findings
        .iter()
        .any(|finding| finding.level >= args.fail_on.level())
    {
        true => Exit::Findings,
        false => Exit::Clean,
    }
}

/// The catalogue in the binary, or why it cannot be used.
pub(super) fn catalogue() -> Result<Catalogue, Box<Diagnostic>> {
    Catalogue::embedded().map_err(|errors| {
        let message = errors.first().map_or_else(String::new, ToString::to_string);
        Box::new(Diagnostic::error("catalogue/invalid", message))
    })
}

/// The setup at a path, shown relative to the working directory.
pub(super) fn open(path: &Path) -> Result<Setup, Box<Diagnostic>> {
    let working_directory = std::env::current_dir().ok();
    Setup::open(path, working_directory.as_deref()).map_err(|error| {
        let diagnostic = Diagnostic::error("lint/unreadable", error.to_string());
        Box::new(diagnostic.help("name a directory, or a file of a monitoring setup"))
    })
}

/// Applies the safe fixes of the setup at `path`, and reads it again; also how many there were.
fn repaired(
    path: &Path,
    setup: Setup,
    catalogue: &Catalogue,
    selection: &Selection,
) -> Result<(Setup, usize), Box<Diagnostic>> {
    let wish = Wish {
        selection: selection.clone(),
        safety: Safety::Safe,
    };
    let mended = mend(&setup, catalogue, &wish);
    if mended.changes.is_empty() {
        return Ok((setup, 0));
    }
    write_changes(&setup, &mended.changes, None)?;
    Ok((open(path)?, mended.applied.len()))
}

fn run(args: &LintArgs, selection: &Selection) -> Result<Linted, Box<Diagnostic>> {
    let catalogue = catalogue()?;
    let mut linted = Linted {
        findings: Vec::new(),
        overviews: Vec::new(),
        skipped: Vec::new(),
        fixed: 0,
        is_empty: true,
    };
    for path in &args.paths {
        let mut setup = open(path)?;
        if args.fix {
            let (after, count) = repaired(path, setup, &catalogue, selection)?;
            setup = after;
            linted.fixed += count;
        }
        // The process ends soon, and taking millions of nodes apart would take as long as the lints.
        let setup = ManuallyDrop::new(setup);
        linted.is_empty &= setup
            .documents()
            .iter()
            .all(|document| document.kind.is_background());
        let facts = ManuallyDrop::new(Facts::of(&setup, &catalogue));
        linted.findings.extend(check(&facts, selection));
        linted.overviews.push((path.clone(), facts.overview()));
        let skipped = setup.skipped().iter().cloned();
        linted
            .skipped
            .extend(skipped.map(|skipped| (path.clone(), skipped)));
    }
    Ok(linted)
}

fn print(format: LintFormat, linted: &Linted, console: Console) {
    match format {
        LintFormat::Text => {
            let mut text = String::new();
            for folded in folded(&linted.findings) {
                text.push_str(&report::render(folded.diagnostic, console.result_style()));
                if !folded.more.is_empty() {
                    text.push_str(&format!(
                        "  = the same {} more: {}\n",
                        times(folded.more.len()),
                        lines(&folded.more)
                    ));
                }
                text.push('\n');
            }
            console.result(&text);
            for (path, overview) in &linted.overviews {
                console.say(&format!("{}: {overview}\n", path.display()));
            }
            for (path, skipped) in &linted.skipped {
                console.say(&format!(
                    "skipped {}: {}\n",
                    path.join(&skipped.path).display(),
                    skipped.why
                ));
            }
            if linted.fixed > 0 {
                console.say(&format!("fixed: {}\n", linted.fixed));
            }
            console.say(&format!("{}\n", counts(&linted.findings)));
        }
        LintFormat::Concise => {
            let text: String = linted.findings.iter().map(report::concise).collect();
            console.result(&text);
        }
        LintFormat::Json => {
            let count = |level| {
                linted
                    .findings
                    .iter()
                    .filter(|finding| finding.level == level)
                    .count()
            };
            console.result(&format!(
                "{:#}\n",
                json!({
                    "version": 1,
                    "diagnostics": linted.findings.iter().map(report::diagnostic_json).collect::<Vec<_>>(),
                    "summary": {
                        "fixed": linted.fixed,
                        "errors": count(Level::Error),
                        "warnings": count(Level::Warning),
                        "infos": count(Level::Info),
                        "setups": linted.overviews.iter().map(|(path, overview)| json!({
                            "path": path.to_string_lossy(),
                            "found": overview,
                        })).collect::<Vec<_>>(),
                        "skipped": linted.skipped.iter().map(|(path, skipped)| json!({
                            "file": path.join(&skipped.path).to_string_lossy(),
                            "why": skipped.why,
                        })).collect::<Vec<_>>(),
                    },
                })
            ));
        }
    }
}

fn times(count: usize) -> String {
    match count {
        1 => "once".into(),
        2 => "twice".into(),
        count => format!("{count} times"),
    }
}

/// More lines than this are told by their number.
const MOST_LINES: usize = 12;

fn lines(lines: &[usize]) -> String {
    let shown: Vec<String> = lines
        .iter()
        .take(MOST_LINES)
        .map(ToString::to_string)
        .collect();
    let rest = match lines.len().saturating_sub(MOST_LINES) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let word = if lines.len() == 1 { "line" } else { "lines" };
    format!("{word} {}{rest}", shown.join(", "))
}

fn counts(findings: &[Diagnostic]) -> String {
    let count = |level: Level| {
        let count = findings
            .iter()
            .filter(|finding| finding.level == level)
            .count();
        let plural = if count == 1 { "" } else { "s" };
        match (level, count) {
            (Level::Info, count) => format!("{count} worth knowing"),
            (level, count) => format!("{count} {}{plural}", level.as_str()),
        }
    };
    match findings {
        [] => "nothing found".into(),
        _ => format!(
            "{}, {}, {}",
            count(Level::Error),
            count(Level::Warning),
            count(Level::Info)
        ),
    }
}
