use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde_json::json;

use super::generate::{Generated, Generator, all, deduplicated, default_output, selected};
use super::input::{read_profile, reason};
use super::outcome::outcome_json;
use super::{Console, Exit, Format};
use crate::bundle::{
    Bundle, Committed, Difference, Drift, Manifest, OutputDirectory, Staged, WriteError, compare,
};
use crate::check::{self, CheckOutcome, Verdict};
use crate::diagnostic::Diagnostic;
use crate::model::series::SeriesEstimate;
use crate::report;

/// Render a profile into one deploy bundle per environment, check and write it.
///
/// Each environment is written to its own folder below the output directory, in one step: an interrupted or failed
/// render leaves the old bundle as it was. Files of an earlier render that are no longer produced are removed; files
/// that stackwright did not write are never touched.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  stackwright render profiles/gatewayz.yaml
      writes build/gatewayz/local and build/gatewayz/production
  stackwright render profile.yaml --env production --out deploy
  stackwright render profile.yaml --out deploy --check
      in CI: exits 1 with a diff if deploy/ has drifted")]
pub struct RenderArgs {
    /// The profile; `-` for standard input
    pub profile: PathBuf,
    /// Only this environment; may be given several times
    #[arg(long, short, value_name = "NAME")]
    pub env: Vec<String>,
    /// Where to write; one folder per environment [default: build/<profile name>]
    #[arg(long, short, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Write nothing; exit 1 with a diff if the directory differs from what would be written
    #[arg(long)]
    pub check: bool,
    /// Show what changes, as a unified diff
    #[arg(long)]
    pub diff: bool,
    /// Use the files of this directory instead of the embedded templates of the same path
    #[arg(long, value_name = "DIR")]
    pub templates: Option<PathBuf>,
    /// How to print the result
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: Format,
}

/// What became of one environment.
struct Rendered {
    environment: String,
    directory: PathBuf,
    files: usize,
    bytes: usize,
    drift: Vec<Drift>,
    outcomes: Vec<CheckOutcome>,
    warnings: Vec<Diagnostic>,
    series: SeriesEstimate,
    /// Whether it is new, or other than what was there.
    is_written: bool,
    staged: Option<Staged>,
}

/// Runs `render`.
pub fn render(args: &RenderArgs, console: Console) -> Exit {
    match run(args, console) {
        Ok(exit) => exit,
        Err(diagnostics) => {
            console.failure(args.format, "environments", &diagnostics);
            Exit::CouldNotRun
        }
    }
}

fn run(args: &RenderArgs, console: Console) -> Result<Exit, Vec<Diagnostic>> {
    // Neither needs the other, and a render should not be waited for.
    let (document, generator) = rayon::join(
        || read_profile(&args.profile),
        || Generator::new(args.templates.as_deref()),
    );
    let document = document.map_err(|error| vec![*error])?;
    // The process ends soon, and taking everything apart that was read would be waited for.
    let generator = ManuallyDrop::new(generator.map_err(|error| vec![*error])?);
    let environments = selected(&document, &args.env).map_err(|error| vec![*error])?;
    let out = args
        .out
        .clone()
        .unwrap_or_else(|| default_output(&document));
    let progress = console.progress(environments.len() as u64, "rendering");
    let generated = all(environments.par_iter().map(|environment| {
        let generated = generator.generate(&document, environment)?;
        let checked = check(generated, &generator)?;
        progress.step();
        Ok(checked)
    }))?;
    drop(progress);
    // Only now, when every environment is known to be right, is anything written anywhere.
    let output = if args.check {
        None
    } else {
        Some(OutputDirectory::open(&out).map_err(|error| vec![write_error(&error)])?)
    };
    let mut rendered = all(generated
        .into_par_iter()
        .map(|checked| compare_and_stage(checked, &out, output.as_ref())))?;
    let staged: Vec<Staged> = rendered
        .iter_mut()
        .filter_map(|one| one.staged.take())
        .collect();
    let notes: Vec<String> = staged.iter().flat_map(notes).collect();
    commit(staged)?;
    drop(output);
    let drifted = args.check && rendered.iter().any(|one| one.drift.iter().any(is_drift));
    match args.format {
        Format::Text => print_text(args, &rendered, &notes, console),
        Format::Json => console.result(&format!("{:#}\n", to_json(&rendered))),
    }
    Ok(if drifted { Exit::Findings } else { Exit::Clean })
}

/// What somebody who looks for a file will want to know.
fn notes(staged: &Staged) -> Vec<String> {
    let replaced = staged.edits().map(|path| {
        format!(
            "note: `{}` had been edited by hand and was replaced; change the profile instead\n",
            path.display()
        )
    });
    let removed = staged.removed().map(|path| {
        format!(
            "note: `{}` is no longer produced and was removed\n",
            path.display()
        )
    });
    replaced.chain(removed).collect()
}

/// Puts every bundle into its place, or none.
fn commit(staged: Vec<Staged>) -> Result<(), Vec<Diagnostic>> {
    let mut committed: Vec<Committed> = Vec::new();
    for one in staged {
        match one.commit() {
            Ok(one) => committed.push(one),
            Err(error) => {
                let mut diagnostics = vec![write_error(&error)];
                for one in committed.into_iter().rev() {
                    if let Err(error) = one.undo() {
                        diagnostics.push(write_error(&error).help("this one is the new bundle"));
                    }
                }
                return Err(diagnostics);
            }
        }
    }
    let mut errors = Vec::new();
    for one in committed {
        if let Err(error) = one.finish() {
            errors.push(write_error(&error).help(
                "the new bundle is in its place; what is left of the old one goes with the next render",
            ));
        }
    }
    if errors.is_empty() {
        Ok(())
    } else {
        Err(errors)
    }
}

/// An environment that passed its checks.
struct Checked {
    environment: String,
    bundle: Bundle,
    manifest: Manifest,
    outcomes: Vec<CheckOutcome>,
    warnings: Vec<Diagnostic>,
    series: SeriesEstimate,
}

fn check(generated: Generated<'_>, generator: &Generator) -> Result<Checked, Vec<Diagnostic>> {
    let outcomes = check::embedded(
        &generated.bundle,
        &generator.catalogue,
        &generator.check_context(&generated.stack),
    );
    let failures: Vec<Diagnostic> = outcomes
        .iter()
        .filter_map(|outcome| match &outcome.verdict {
            Verdict::Failed(diagnostics) => Some(diagnostics.clone()),
            _ => None,
        })
        .flatten()
        .collect();
    if !failures.is_empty() {
        return Err(failures);
    }
    Ok(Checked {
        environment: generated.environment,
        bundle: generated.bundle,
        manifest: generated.manifest,
        outcomes,
        warnings: generated.warnings,
        series: generated.stack.series,
    })
}

fn compare_and_stage(
    checked: Checked,
    out: &Path,
    output: Option<&OutputDirectory>,
) -> Result<Rendered, Vec<Diagnostic>> {
    let directory = out.join(&checked.environment);
    let unreadable = |error: std::io::Error| {
        vec![Diagnostic::error(
            "render/unreadable-output",
            format!("cannot read `{}`: {}", directory.display(), reason(&error)),
        )]
    };
    let drift = compare(&checked.bundle, &checked.manifest, &directory).map_err(unreadable)?;
    let staged = match output {
        // A bundle that is there already stays as it is: containers keep what they have mounted.
        Some(output) if drift.iter().any(is_drift) || !checked.manifest.is_in(&directory) => Some(
            output
                .stage(&checked.bundle, &checked.manifest, &checked.environment)
                .map_err(|error| vec![write_error(&error)])?,
        ),
        _ => None,
    };
    Ok(Rendered {
        files: checked.bundle.len() + 1,
        bytes: checked.bundle.size(),
        environment: checked.environment,
        directory,
        drift,
        outcomes: checked.outcomes,
        warnings: checked.warnings,
        series: checked.series,
        is_written: staged.is_some(),
        staged,
    })
}

fn write_error(error: &WriteError) -> Diagnostic {
    let help = match error {
        WriteError::Foreign(_) => "move it away, or choose another directory with --out",
        WriteError::NotADirectory(_) => "choose another directory with --out",
        WriteError::Io { .. } => "nothing was changed; check permissions and free space",
    };
    let message = match error {
        WriteError::Io { path, source } => {
            format!("cannot write `{}`: {}", path.display(), reason(source))
        }
        _ => error.to_string(),
    };
    Diagnostic::error("render/not-written", message).help(help)
}

const fn is_drift(drift: &Drift) -> bool {
    !matches!(drift.difference, Difference::Beside)
}

fn print_text(args: &RenderArgs, rendered: &[Rendered], notes: &[String], console: Console) {
    let warnings = deduplicated(
        rendered
            .iter()
            .flat_map(|one| one.warnings.clone())
            .collect(),
    );
    console.diagnostics(&warnings);
    for one in rendered {
        let directory = one.directory.display();
        if args.check || args.diff {
            for drift in &one.drift {
                print_drift(drift, &one.directory, console);
            }
        }
        let count = one.drift.iter().filter(|drift| is_drift(drift)).count();
        let state = if args.check {
            match count {
                0 => console.paint("in sync", "32"),
                1 => console.paint("1 file has drifted", "31"),
                count => console.paint(&format!("{count} files have drifted"), "31"),
            }
        } else {
            console.paint(
                if one.is_written {
                    "written"
                } else {
                    "unchanged"
                },
                "32",
            )
        };
        console.say(&format!(
            "{directory}: {state} ({} files, {} KB)\n",
            one.files,
            one.bytes.div_ceil(1024)
        ));
        let passed = one
            .outcomes
            .iter()
            .filter(|outcome| matches!(outcome.verdict, Verdict::Passed));
        let names: Vec<&str> = passed.map(|outcome| outcome.check).collect();
        console.say(&format!("  passed: {} (embedded)\n", names.join(", ")));
        console.say(&format!("  series: {}\n", one.series));
    }
    for note in notes {
        console.say(note);
    }
    if !args.check {
        let first = rendered
            .first()
            .map(|one| one.directory.display().to_string())
            .unwrap_or_default();
        console.say(&format!(
            "next: `stackwright validate {}` asks promtool, amtool and docker-compose too; {first}/README.md says how to deploy\n",
            args.profile.display()
        ));
    }
}

fn print_drift(drift: &Drift, directory: &Path, console: Console) {
    let path = directory.join(&drift.path);
    let line = format!("{}: {}\n", path.display(), drift.difference.as_str());
    if drift.difference == Difference::Beside {
        return;
    }
    console.result(&line);
    let (Some(expected), Some(found)) = (&drift.expected, &drift.found) else {
        return;
    };
    let diff = report::diff(&path.to_string_lossy(), found, expected);
    console.diff(&diff);
}

fn to_json(rendered: &[Rendered]) -> serde_json::Value {
    let environments: Vec<_> = rendered
        .iter()
        .map(|one| {
            json!({
                "environment": one.environment,
                "directory": one.directory.to_string_lossy(),
                "written": one.is_written,
                "files": one.files,
                "bytes": one.bytes,
                "series": one.series,
                "drift": one.drift.iter().map(|drift| json!({
                    "path": drift.path,
                    "difference": drift.difference.as_str(),
                    "is_drift": is_drift(drift),
                })).collect::<Vec<_>>(),
                "checks": one.outcomes.iter().map(outcome_json).collect::<Vec<_>>(),
            })
        })
        .collect();
    let warnings = deduplicated(
        rendered
            .iter()
            .flat_map(|one| one.warnings.clone())
            .collect(),
    );
    json!({
        "version": 1,
        "environments": environments,
        "diagnostics": warnings.iter().map(report::diagnostic_json).collect::<Vec<_>>(),
    })
}
