mod bundle;
mod files;

use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde_json::{Value, json};

use super::generate::{Generator, deduplicated};
use super::lint::open;
use super::outcome::{outcome_json, outcome_lines};
use super::{Console, Exit, Format};
use crate::bundle::MANIFEST_PATH;
use crate::catalogue::Version;
use crate::check::tool::{Tool, Toolbox};
use crate::check::{CheckOutcome, Verdict, formats};
use crate::diagnostic::Diagnostic;
use crate::document::{Limits, Value as Yaml, parse_yaml};
use crate::report;
use crate::setup::Setup;
use bundle::Subject;
use files::{Files, Question, Wanted};

/// Check what a profile renders, a rendered bundle, or any configuration.
///
/// Of a profile or bundle, runs the embedded checks, and promtool, amtool and docker-compose where they are found. A tool that
/// is missing is "skipped", never "passed". Of other files and directories, says what each file is, and whether Prometheus,
/// Alertmanager, Grafana or Compose accepts it, in the versions that are pinned or asked for; where promtool or amtool disagrees for
/// its version, that is a failure. Nothing is written next to your files, no service discovery is started, and no network
/// is contacted.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  stackwright validate profiles/gatewayz.yaml
      renders every environment in memory and checks it
  stackwright validate build/gatewayz/production
      checks a bundle as it lies there
  stackwright validate monitoring rules.yml --prometheus 2.42
      would Prometheus 2.42 read these files?
  stackwright validate profile.yaml --require promtool,amtool
      in CI: a missing tool is a failure")]
pub struct ValidateArgs {
    /// Profiles, bundles (directories with a manifest.json), other files and directories
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// Only these environments of a profile
    #[arg(long, short, value_name = "NAME")]
    pub env: Vec<String>,
    /// The Prometheus that is to read files; by default the one that an image pins, else the newest
    #[arg(long, value_name = "VERSION")]
    pub prometheus: Option<Version>,
    /// The Alertmanager that is to read files
    #[arg(long, value_name = "VERSION")]
    pub alertmanager: Option<Version>,
    /// The Grafana that is to read files
    #[arg(long, value_name = "VERSION")]
    pub grafana: Option<Version>,
    /// What the files are, where their content does not tell: prometheus, rules, rule-tests, targets, alertmanager,
    /// datasources, dashboard-providers, grafana-alerting, dashboard
    #[arg(long, value_name = "FORMAT")]
    pub kind: Option<formats::Format>,
    /// Tools whose absence is a failure: promtool, amtool, docker-compose
    #[arg(long, value_name = "TOOL", value_delimiter = ',')]
    pub require: Vec<Tool>,
    /// Ask no other program
    #[arg(long, conflicts_with = "require")]
    pub no_tools: bool,
    /// Use the files of this directory instead of the embedded templates of the same path
    #[arg(long, value_name = "DIR")]
    pub templates: Option<PathBuf>,
    /// How to print the result
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: Format,
}

/// What a path turns out to be.
enum Target {
    Bundle(Box<Subject>),
    Files(Box<Files>),
}

/// What came of it.
enum Answer {
    Bundle(Vec<CheckOutcome>),
    Files(files::Validated),
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
    // Large files are read while the catalogue is.
    let (generator, seen) = rayon::join(
        || Generator::new(args.templates.as_deref()).map_err(|error| vec![*error]),
        || -> Vec<_> { args.paths.par_iter().map(|path| see(path, args)).collect() },
    );
    let generator = generator?;
    let mut targets = Vec::new();
    for (path, seen) in args.paths.iter().zip(seen) {
        targets.extend(look_at(path, seen?, args, &generator)?);
    }
    // The process ends soon, and taking millions of nodes apart would take as long as judging them.
    let targets = ManuallyDrop::new(targets);
    let toolbox = if args.no_tools {
        Toolbox::none("`--no-tools` asks no other program")
    } else {
        Toolbox::from_environment()
    };
    let progress = console.progress(targets.len() as u64, "checking");
    let answers: Vec<Result<Answer, Box<Diagnostic>>> = targets
        .par_iter()
        .map(|target| {
            let answer = match target {
                Target::Bundle(subject) => {
                    bundle::check_one(subject, &generator, &toolbox, &args.require)
                        .map(Answer::Bundle)
                }
                Target::Files(files) => {
                    let question = Question {
                        wanted: Wanted {
                            prometheus: args.prometheus,
                            alertmanager: args.alertmanager,
                            grafana: args.grafana,
                        },
                        catalogue: &generator.catalogue,
                        toolbox: &toolbox,
                        required: &args.require,
                    };
                    files.validate(&question).map(Answer::Files)
                }
            };
            progress.step();
            answer
        })
        .collect();
    drop(progress);
    let answers = answers
        .into_iter()
        .collect::<Result<Vec<Answer>, _>>()
        .map_err(|error| vec![*error])?;
    Ok(print(&targets, &answers, args.format, console))
}

/// What a path holds, as far as nothing has to be known to see it.
enum Seen {
    Profile,
    Bundles(Vec<PathBuf>),
    Setup(Setup),
}

fn see(path: &Path, args: &ValidateArgs) -> Result<Seen, Vec<Diagnostic>> {
    if path.is_dir() {
        let bundles = bundles(path);
        if !bundles.is_empty() {
            return Ok(Seen::Bundles(bundles));
        }
    } else if args.kind.is_none() && (!path.is_file() || is_profile(path)) {
        return Ok(Seen::Profile);
    }
    let setup = open(path).map_err(|error| vec![*error])?;
    Ok(Seen::Setup(setup))
}

/// The profile, bundle, file or directory at `path`; several for a profile with several environments.
fn look_at(
    path: &Path,
    seen: Seen,
    args: &ValidateArgs,
    generator: &Generator,
) -> Result<Vec<Target>, Vec<Diagnostic>> {
    let bundled = |subject| Target::Bundle(Box::new(subject));
    let setup = match seen {
        Seen::Profile => {
            let subjects = bundle::generate(path, args, generator)?;
            return Ok(subjects.into_iter().map(bundled).collect());
        }
        Seen::Bundles(bundles) => {
            let subjects = bundles
                .iter()
                .map(|path| bundle::open_bundle(path, generator));
            return subjects.map(|subject| Ok(bundled(subject?))).collect();
        }
        Seen::Setup(setup) => setup,
    };
    let files = Files::new(path, setup, args.kind);
    if path.is_dir() || files.is_recognised() {
        return Ok(vec![Target::Files(Box::new(files))]);
    }
    let extension = path.extension().and_then(|extension| extension.to_str());
    if !matches!(extension, Some("yaml" | "yml")) {
        let shown = path.display();
        return Err(vec![
            Diagnostic::error(
                "validate/unknown",
                format!("`{shown}` is neither a profile nor a configuration that we know"),
            )
            .help("say what it is with `--kind`"),
        ]);
    }
    // Whatever is wrong with it as a profile is the best that can be said.
    let subjects = bundle::generate(path, args, generator)?;
    Ok(subjects.into_iter().map(bundled).collect())
}

/// The bundle that a directory is, or the bundles of several environments in it.
fn bundles(path: &Path) -> Vec<PathBuf> {
    let is_bundle = |path: &PathBuf| path.join(MANIFEST_PATH).is_file();
    let itself = path.to_owned();
    if is_bundle(&itself) {
        return vec![itself];
    }
    let entries = std::fs::read_dir(path).into_iter().flatten();
    let mut bundles: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(is_bundle)
        .collect();
    bundles.sort();
    bundles
}

/// What only a profile has: targets, or environments, by name.
const OF_A_PROFILE: [&str; 2] = ["targets", "environments"];

/// Whether a file is a profile, good or bad.
fn is_profile(path: &Path) -> bool {
    let Ok(text) = std::fs::read_to_string(path) else {
        return false;
    };
    // Large files are rules, and need not be read once more to see that.
    let mut keys = text
        .lines()
        .map(|line| line.trim_start_matches([' ', '"', '\'']));
    let may_be = text.trim_start().starts_with('{')
        || keys.any(|key| OF_A_PROFILE.iter().any(|name| key.starts_with(name)));
    if !may_be {
        return false;
    }
    let Ok(root) = parse_yaml(&text, Limits::default()) else {
        return false;
    };
    OF_A_PROFILE.iter().any(|key| {
        root.get(key)
            .is_some_and(|node| matches!(node.value, Yaml::Mapping(_)))
    })
}

fn print(targets: &[Target], answers: &[Answer], format: Format, console: Console) -> Exit {
    let mut warnings = Vec::new();
    for (target, answer) in targets.iter().zip(answers) {
        match (target, answer) {
            (Target::Bundle(subject), _) => warnings.extend(subject.warnings.clone()),
            (_, Answer::Files(validated)) => warnings.extend(
                validated
                    .files
                    .iter()
                    .flat_map(|file| file.warnings.clone()),
            ),
            _ => {}
        }
    }
    let warnings = deduplicated(warnings);
    if format == Format::Text {
        console.diagnostics(&warnings);
    }
    let mut failed = false;
    let (mut bundles, mut files) = (Vec::new(), Vec::new());
    for (target, answer) in targets.iter().zip(answers) {
        let outcomes: Vec<&CheckOutcome> = match answer {
            Answer::Bundle(outcomes) => outcomes.iter().collect(),
            Answer::Files(validated) => validated.outcomes().collect(),
        };
        failed |= outcomes.iter().any(|outcome| outcome.failed());
        if format == Format::Text {
            console.diagnostics(&failures(&outcomes));
        }
        match (format, target, answer) {
            (Format::Text, Target::Bundle(subject), Answer::Bundle(outcomes)) => {
                console.say(&format!("{}:\n", subject.shown.display()));
                console.say(&outcome_lines(outcomes, console));
            }
            (Format::Json, Target::Bundle(subject), Answer::Bundle(outcomes)) => {
                bundles.push(json!({
                    "bundle": subject.shown.to_string_lossy(),
                    "checks": outcomes.iter().map(outcome_json).collect::<Vec<Value>>(),
                }));
            }
            (Format::Text, _, Answer::Files(validated)) => {
                console.say(&validated.lines(console));
            }
            (_, _, Answer::Files(validated)) => files.push(validated.json()),
            _ => {}
        }
    }
    if format == Format::Json {
        console.result(&format!(
            "{:#}\n",
            json!({
                "version": 1,
                "bundles": bundles,
                "files": files,
                "diagnostics": warnings.iter().map(report::diagnostic_json).collect::<Vec<_>>(),
            })
        ));
    }
    if failed { Exit::Findings } else { Exit::Clean }
}

fn failures(outcomes: &[&CheckOutcome]) -> Vec<Diagnostic> {
    outcomes
        .iter()
        .filter_map(|outcome| match &outcome.verdict {
            Verdict::Failed(diagnostics) => Some(diagnostics.clone()),
            _ => None,
        })
        .flatten()
        .collect()
}
