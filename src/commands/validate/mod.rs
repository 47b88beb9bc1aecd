use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde_json::json;

use super::generate::{Generator, all, deduplicated, default_output, expected_routes, selected};
use super::input::{read_profile, reason};
use super::outcome::{outcome_json, outcome_lines};
use super::{Console, Exit, Format};
use crate::bundle::{Bundle, MANIFEST_PATH, open};
use crate::check::tool::{Tool, Toolbox};
use crate::check::{self, CheckOutcome, EmbeddedContext, ExpectedRoute, ExternalOptions, Verdict};
use crate::diagnostic::Diagnostic;
use crate::report;

/// Check what a profile renders, or a rendered bundle.
///
/// Runs the embedded checks, and promtool, amtool and docker-compose where they are found. A tool that is missing is
/// "skipped", never "passed". Nothing is written next to your files, no service discovery is started, and no network is
/// contacted.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  stackwright validate profiles/gatewayz.yaml
      renders every environment in memory and checks it
  stackwright validate build/gatewayz/production
      checks a bundle as it lies there
  stackwright validate profile.yaml --require promtool,amtool
      in CI: a missing tool is a failure")]
pub struct ValidateArgs {
    /// Profiles (files) or bundles (directories with a manifest.json)
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// Only these environments of a profile
    #[arg(long, short, value_name = "NAME")]
    pub env: Vec<String>,
    /// Tools whose absence is a failure: promtool, amtool, docker-compose
    #[arg(long, value_name = "TOOL", value_delimiter = ',')]
    pub require: Vec<Tool>,
    /// Use the files of this directory instead of the embedded templates of the same path
    #[arg(long, value_name = "DIR")]
    pub templates: Option<PathBuf>,
    /// How to print the result
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: Format,
}

/// A bundle to check, and what is known of it beside its files.
struct Subject {
    shown: PathBuf,
    bundle: Bundle,
    context: EmbeddedContext,
    routes: Vec<ExpectedRoute>,
    /// Warnings about its profile.
    warnings: Vec<Diagnostic>,
    /// Where its files lie; `None` for one that exists in memory only.
    directory: Option<PathBuf>,
}

/// Runs `validate`.
pub fn validate(args: &ValidateArgs, console: Console) -> Exit {
    match run(args, console) {
        Ok(exit) => exit,
        Err(diagnostics) => {
            console.failure(args.format, "bundles", &deduplicated(diagnostics));
            Exit::CouldNotRun
        }
    }
}

fn run(args: &ValidateArgs, console: Console) -> Result<Exit, Vec<Diagnostic>> {
    let generator = Generator::new(args.templates.as_deref()).map_err(|error| vec![*error])?;
    let mut subjects = Vec::new();
    for path in &args.paths {
        if path.is_dir() {
            subjects.push(open_bundle(path)?);
        } else {
            subjects.extend(generate(path, args, &generator)?);
        }
    }
    let toolbox = Toolbox::from_environment();
    let progress = console.progress(subjects.len() as u64, "checking");
    let results: Vec<Result<Vec<CheckOutcome>, Box<Diagnostic>>> = subjects
        .par_iter()
        .map(|subject| {
            let outcomes = check_one(subject, &generator, &toolbox, &args.require);
            progress.step();
            outcomes
        })
        .collect();
    drop(progress);
    let warnings: Vec<Diagnostic> = subjects
        .iter()
        .flat_map(|subject| subject.warnings.clone())
        .collect();
    let warnings = deduplicated(warnings);
    if args.format == Format::Text {
        console.diagnostics(&warnings);
    }
    let mut failed = false;
    let mut objects = Vec::new();
    for (subject, outcomes) in subjects.iter().zip(results) {
        let outcomes = outcomes.map_err(|error| vec![*error])?;
        failed |= outcomes.iter().any(CheckOutcome::failed);
        match args.format {
            Format::Text => {
                let diagnostics: Vec<Diagnostic> = outcomes
                    .iter()
                    .filter_map(|outcome| match &outcome.verdict {
                        Verdict::Failed(diagnostics) => Some(diagnostics.clone()),
                        _ => None,
                    })
                    .flatten()
                    .collect();
                console.diagnostics(&diagnostics);
                console.say(&format!("{}:\n", subject.shown.display()));
                console.say(&outcome_lines(&outcomes, console));
            }
            Format::Json => objects.push(json!({
                "bundle": subject.shown.to_string_lossy(),
                "checks": outcomes.iter().map(outcome_json).collect::<Vec<_>>(),
            })),
        }
    }
    if args.format == Format::Json {
        console.result(&format!(
            "{:#}\n",
            json!({
                "version": 1,
                "bundles": objects,
                "diagnostics": warnings.iter().map(report::diagnostic_json).collect::<Vec<_>>(),
            })
        ));
    }
    Ok(if failed { Exit::Findings } else { Exit::Clean })
}

fn generate(
    path: &Path,
    args: &ValidateArgs,
    generator: &Generator,
) -> Result<Vec<Subject>, Vec<Diagnostic>> {
    let document = read_profile(path).map_err(|error| vec![*error])?;
    let environments = selected(&document, &args.env).map_err(|error| vec![*error])?;
    let out = default_output(&document);
    all(environments.par_iter().map(|environment| {
        let generated = generator.generate(&document, environment)?;
        Ok(Subject {
            shown: out.join(environment),
            context: generator.check_context(&generated.stack),
            routes: expected_routes(&generated.stack),
            bundle: generated.bundle,
            warnings: generated.warnings,
            directory: None,
        })
    }))
}

fn open_bundle(path: &Path) -> Result<Subject, Vec<Diagnostic>> {
    let shown = path.display();
    let bundle = open(path).map_err(|error| {
        vec![Diagnostic::error(
            "bundle/unreadable",
            format!("cannot read `{shown}`: {}", reason(&error)),
        )]
    })?;
    let Some(bundle) = bundle else {
        return Err(vec![
            Diagnostic::error(
                "bundle/not-a-bundle",
                format!("`{shown}` has no {MANIFEST_PATH}, so it is not a bundle"),
            )
            .help(
                "name an environment's folder, such as build/<profile>/<environment>, or a profile",
            ),
        ]);
    };
    Ok(Subject {
        shown: path.into(),
        bundle,
        context: EmbeddedContext::default(),
        routes: Vec::new(),
        warnings: Vec::new(),
        directory: Some(path.into()),
    })
}

fn check_one(
    subject: &Subject,
    generator: &Generator,
    toolbox: &Toolbox,
    required: &[Tool],
) -> Result<Vec<CheckOutcome>, Box<Diagnostic>> {
    let mut outcomes = check::embedded(&subject.bundle, &generator.catalogue, &subject.context);
    let in_memory = match subject.directory {
        Some(_) => None,
        None => Some(written(&subject.bundle).map_err(|error| {
            Box::new(Diagnostic::error(
                "validate/no-temporary-directory",
                format!(
                    "cannot write the bundle to a temporary directory: {}",
                    reason(&error)
                ),
            ))
        })?),
    };
    let directory = subject
        .directory
        .as_deref()
        .or_else(|| in_memory.as_ref().map(tempfile::TempDir::path))
        .unwrap_or(&subject.shown);
    let options = ExternalOptions {
        required,
        routes: &subject.routes,
        ..ExternalOptions::new(toolbox, &subject.shown)
    };
    outcomes.extend(check::external(directory, &options));
    Ok(outcomes)
}

/// The bundle as files, for tools that read nothing else.
fn written(bundle: &Bundle) -> Result<tempfile::TempDir, std::io::Error> {
    let directory = tempfile::tempdir()?;
    for artifact in bundle.artifacts() {
        let path = directory.path().join(artifact.path.as_str());
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(path, &artifact.text)?;
    }
    Ok(directory)
}
