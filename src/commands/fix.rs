use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::lint::{catalogue, open, selection, today};
use super::project::{ConfigArgs, Project, wish};
use super::relabel::{self, Advice};
use super::{Console, Exit, Format};
use crate::catalogue::Catalogue;
use crate::diagnostic::{Diagnostic, Safety};
use crate::fix::mislabelled::Strategy;
use crate::fix::{Changes, Defect, Mended, Wish, WriteFailure, mend, write};
use crate::quantity::Date;
use crate::report;
use crate::setup::Setup;

/// Repair what lint finds in an existing monitoring setup.
///
/// Applies the fixes of lints that keep the meaning, with --unsafe also those that change results, and prints the
/// difference. Nothing is written without --write. Each fix is proven first: the file can still be read, the finding is gone
/// and no other has come. Comments, placeholders, line endings and every byte around a fix stay.
///
/// Exits with 0 when there is nothing left to write, 1 when there is or when a fix failed its proof, 2 when it could
/// not run, 3 when there is nothing to lint.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  stackwright fix .                                    what would be repaired, as a diff
  stackwright fix . --write                            repair it
  stackwright fix . --write --backup .orig             and keep the old files beside the new ones
  stackwright fix . --select promql --unsafe           also what changes results, of some lints
  stackwright fix . --strategy rename                  dashboards that show something else
  stackwright fix . --format json                      the same for programs")]
pub struct FixArgs {
    /// Directories, or single files
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// Only the fixes of these lints: ids or areas
    #[arg(long, value_name = "LINT", value_delimiter = ',')]
    pub select: Vec<String>,
    /// Not the fixes of these lints: ids or areas
    #[arg(long, value_name = "LINT", value_delimiter = ',')]
    pub ignore: Vec<String>,
    /// Also apply fixes that change results or make a choice
    #[arg(long = "unsafe")]
    pub unsafe_fixes: bool,
    /// Print the difference and write nothing; this is the default
    #[arg(long, conflicts_with = "write")]
    pub diff: bool,
    /// Write the repaired files
    #[arg(long)]
    pub write: bool,
    /// Keep the old files under their name and this ending
    #[arg(long, value_name = "SUFFIX", requires = "write", value_parser = suffix)]
    pub backup: Option<String>,
    /// Which configuration holds.
    #[command(flatten)]
    pub config: ConfigArgs,
    /// The day for which suppressions with `until` are judged [default: SOURCE_DATE_EPOCH, else today in UTC]
    #[arg(long, value_name = "DATE")]
    pub today: Option<Date>,
    /// Mend mislabelled dashboards, and nothing else, in this way; without it they are shown with what each way would do
    #[arg(long, value_enum, value_name = "STRATEGY")]
    pub strategy: Option<Strategy>,
    /// How to print what was done
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: Format,
}

/// An ending of a file's name.
fn suffix(text: &str) -> Result<String, String> {
    match text {
        "" => Err("an ending such as `.orig`".into()),
        _ if text.contains(['/', '\\']) => Err("the ending of a name has no `/`".into()),
        _ => Ok(text.to_owned()),
    }
}

/// What was done below one of the paths.
struct Repair {
    before: Setup,
    mended: Mended,
    wish: Wish,
}

/// Runs `fix`.
pub fn fix(args: &FixArgs, console: Console) -> Exit {
    let outcome = match args.strategy {
        Some(strategy) => relabel::relabelled(args, strategy, console),
        None => repaired(args, console),
    };
    outcome.unwrap_or_else(|diagnostics| {
        console.failure(args.format, "changes", &diagnostics);
        Exit::CouldNotRun
    })
}

fn repaired(args: &FixArgs, console: Console) -> Result<Exit, Vec<Diagnostic>> {
    let one = |diagnostic: Box<Diagnostic>| vec![*diagnostic];
    let catalogue = catalogue().map_err(one)?;
    let repairs = run(args, &catalogue)?;
    let mut advised = Vec::new();
    for (path, repair) in args.paths.iter().zip(&repairs) {
        if relabel::is_wanted(&repair.wish) {
            advised.extend(relabel::advice(path, &repair.mended, &catalogue));
        }
    }
    match args.format {
        Format::Text => {
            print_text(&repairs, args.write, console);
            for advice in &advised {
                relabel::print(advice, console);
            }
        }
        Format::Json => print_json(&repairs, &advised, args.write, console),
    }
    let is_answered = match args.format {
        Format::Text => relabel::ask(&advised, console).map_err(one)?,
        Format::Json => false,
    };
    let exit = exit(&repairs, args.write);
    let is_open = !advised.is_empty() && !is_answered;
    Ok(if exit == Exit::Clean && is_open {
        Exit::Findings
    } else {
        exit
    })
}

/// Mends the setups, and writes them if asked to.
fn run(args: &FixArgs, catalogue: &Catalogue) -> Result<Vec<Repair>, Vec<Diagnostic>> {
    let one = |diagnostic: Box<Diagnostic>| vec![*diagnostic];
    let asked = selection(&args.select, &args.ignore).map_err(one)?;
    let today = today(args.today).map_err(one)?;
    let safety = match args.unsafe_fixes {
        true => Safety::Unsafe,
        false => Safety::Safe,
    };
    let mut repairs = Vec::new();
    for path in &args.paths {
        let project = Project::of(path, &args.config, catalogue)?;
        let wish = wish(&project, path, &asked, safety, today);
        let before = open(path).map_err(one)?;
        let mended = mend(&before, catalogue, &wish);
        if args.write {
            write_changes(&before, &mended.changes, args.backup.as_deref()).map_err(one)?;
        }
        repairs.push(Repair {
            before,
            mended,
            wish,
        });
    }
    Ok(repairs)
}

/// Writes changes, or says why not.
pub(super) fn write_changes(
    setup: &Setup,
    changes: &Changes,
    backup: Option<&str>,
) -> Result<(), Box<Diagnostic>> {
    write(setup, changes, backup).map_err(|failure| {
        let help = match &failure {
            WriteFailure::Stale(_) => "run it again; save files in other encodings as UTF-8 first",
            WriteFailure::InTheWay(_) => "move it away, or give another --backup SUFFIX",
            WriteFailure::System(_) => "check permissions and free space; nothing was changed",
        };
        Box::new(Diagnostic::error("fix/not-written", failure.to_string()).help(help))
    })
}

fn exit(repairs: &[Repair], is_written: bool) -> Exit {
    let is_empty = repairs.iter().all(|repair| {
        let mut documents = repair.before.documents().iter();
        documents.all(|document| document.kind.is_background())
    });
    let is_open = repairs.iter().any(|repair| {
        let mended = &repair.mended;
        !mended.refused.is_empty() || (!is_written && !mended.changes.is_empty())
    });
    match (is_empty, is_open) {
        (true, _) => Exit::NothingToLint,
        (_, true) => Exit::Findings,
        _ => Exit::Clean,
    }
}

/// The difference that changes make, file by file; of a file that moves, with its old name.
pub(super) fn diffs(setup: &Setup, changes: &Changes) -> Vec<(String, String)> {
    let shown = |path: &str| {
        let shown = setup.shown(path).display().to_string();
        shown.trim_start_matches('/').to_owned()
    };
    let mut gone: Vec<(&str, &str)> = changes
        .iter()
        .filter(|(_, changed)| changed.after.is_none())
        .filter_map(|(path, changed)| Some((path, changed.before.as_deref()?)))
        .collect();
    // Only a dashboard that gets another name moves, so that what goes is what comes.
    let moved = gone.pop().filter(|_| gone.is_empty());
    let mut diffs = Vec::new();
    for (path, changed) in changes.iter() {
        let Some(after) = &changed.after else {
            continue;
        };
        let (old_path, before) = match (&changed.before, moved) {
            (Some(before), _) => (path, before.as_str()),
            (None, Some(moved)) => moved,
            (None, None) => (path, ""),
        };
        // A file that comes into being holds a secret that stood in the clear before.
        let is_secret = changed.before.is_none() && moved.is_none();
        let after = match is_secret {
            true => "*".repeat(after.chars().count()),
            false => report::redact(after),
        };
        let before = report::redact(before);
        let diff = report::diff_between(&shown(old_path), &shown(path), &before, &after);
        diffs.push((shown(path), diff));
    }
    diffs
}

fn print_text(repairs: &[Repair], is_written: bool, console: Console) {
    for repair in repairs {
        let Repair {
            before,
            mended,
            wish,
        } = repair;
        for (_, diff) in diffs(before, &mended.changes) {
            console.diff(&diff);
        }
        console.say(&done(mended, is_written));
        console.diagnostics(&defects(mended));
        console.say(&remaining(mended, wish));
    }
}

/// What was done, a line for each fix.
fn done(mended: &Mended, is_written: bool) -> String {
    let fixes = mended.applied.len();
    let files = mended.changes.len();
    if fixes == 0 {
        return "nothing to fix\n".into();
    }
    let verb = if is_written { "fixed" } else { "would fix" };
    let mut text = format!(
        "{verb} {} in {}:\n",
        counted(fixes, "finding"),
        counted(files, "file")
    );
    for applied in &mended.applied {
        let place = applied
            .finding
            .location
            .as_ref()
            .map_or_else(String::new, |location| {
                let line = location.file.position(location.span.start()).line;
                format!("{}:{line}", location.file.path().display())
            });
        text.push_str(&format!(
            "  {:6}  {}: {place}: {}\n",
            applied.fix.safety.as_str(),
            applied.finding.id,
            applied.fix.title
        ));
    }
    if !is_written {
        text.push_str("nothing is written without --write\n");
    }
    text
}

fn counted(count: usize, word: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {word}{plural}")
}

/// Fixes that failed their proof: not the user's fault.
fn defects(mended: &Mended) -> Vec<Diagnostic> {
    mended
        .refused
        .iter()
        .map(|refused| {
            let title = refused.finding.fix.as_ref().map_or("", |fix| &fix.title);
            let message = format!(
                "the fix of {} (\"{title}\") is not applied: {}",
                refused.finding.id, refused.defect
            );
            let help = match refused.defect {
                Defect::Brings(..) => {
                    "mend both by hand; if the second is not true, please report it"
                }
                _ => "this is a defect of stackwright, and not of the file; please report it",
            };
            let mut diagnostic = Diagnostic::warning("fix/failed-proof", message).help(help);
            diagnostic.location.clone_from(&refused.finding.location);
            diagnostic
        })
        .collect()
}

/// Why a finding stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reason {
    /// There is a fix that changes results.
    Unsafe,
    /// Its fix failed its proof.
    Defect,
    /// Nobody but its author knows what is meant.
    ByHand,
    /// It was not asked for.
    Unselected,
}

impl Reason {
    const fn words(self) -> &'static str {
        match self {
            Self::Unsafe => "with a fix that changes results, see --unsafe",
            Self::Defect => "with a fix that failed its proof",
            Self::ByHand => "for a person, see `stackwright lint`",
            Self::Unselected => "of lints that were not asked for",
        }
    }
}

fn reason(finding: &Diagnostic, mended: &Mended, wish: &Wish) -> Reason {
    let is_refused = mended.refused.iter().any(|refused| {
        refused.finding.id == finding.id && refused.finding.message == finding.message
    });
    if !wish.selects(finding) {
        Reason::Unselected
    } else if is_refused {
        Reason::Defect
    } else if Wish::fix(finding).is_some_and(|fix| fix.safety > wish.safety) {
        Reason::Unsafe
    } else {
        Reason::ByHand
    }
}

/// What is left, by reason and lint.
fn remaining(mended: &Mended, wish: &Wish) -> String {
    let mut reasons: BTreeMap<Reason, BTreeMap<&str, usize>> = BTreeMap::new();
    for finding in &mended.findings {
        let lints = reasons.entry(reason(finding, mended, wish)).or_default();
        *lints.entry(&finding.id).or_default() += 1;
    }
    if reasons.is_empty() {
        return "no finding remains\n".into();
    }
    let count = mended.findings.len();
    let verb = if count == 1 { "remains" } else { "remain" };
    let mut text = format!("{} {verb}:\n", counted(count, "finding"));
    for (reason, lints) in reasons {
        let count: usize = lints.values().sum();
        text.push_str(&format!("  {count} {}", reason.words()));
        if reason != Reason::Unselected {
            let lints: Vec<String> = lints
                .iter()
                .map(|(lint, count)| format!("{lint} ({count})"))
                .collect();
            text.push_str(&format!(": {}", lints.join(", ")));
        }
        text.push('\n');
    }
    text
}

fn print_json(repairs: &[Repair], advised: &[Advice<'_>], is_written: bool, console: Console) {
    let mut changes = Vec::new();
    let mut applied = Vec::new();
    let mut refused = Vec::new();
    let mut diagnostics = Vec::new();
    for Repair { before, mended, .. } in repairs {
        changes.extend(
            diffs(before, &mended.changes)
                .into_iter()
                .map(|(file, diff)| json!({"file": file, "diff": diff})),
        );
        applied.extend(mended.applied.iter().map(|applied| {
            json!({
                "lint": applied.finding.id,
                "safety": applied.fix.safety.as_str(),
                "title": applied.fix.title,
                "message": applied.finding.message,
                "location": applied.finding.location.as_ref().map(report::location_json),
            })
        }));
        refused.extend(mended.refused.iter().map(|refused| {
            let mut json = report::diagnostic_json(&refused.finding);
            json["defect"] = Value::String(refused.defect.to_string());
            json
        }));
        diagnostics.extend(mended.findings.iter().map(report::diagnostic_json));
    }
    console.result(&format!(
        "{:#}\n",
        json!({
            "version": 1,
            "written": is_written,
            "changes": changes,
            "applied": applied,
            "refused": refused,
            "mislabelled": advised.iter().map(relabel::json).collect::<Vec<_>>(),
            "diagnostics": diagnostics,
        })
    ));
}
