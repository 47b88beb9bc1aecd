mod changes;
mod known;

use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::fix::write_changes;
use super::project::{ConfigArgs, Project, absolute, wish};
use super::{Console, Exit};
use crate::catalogue::Catalogue;
use crate::diagnostic::{Diagnostic, Level, Safety};
use crate::facts::Facts;
use crate::fix::{Wish, mend};
use crate::lint::{Selection, judge};
use crate::quantity::Date;
use crate::report::{Hidden, Report};
use crate::setup::Setup;
use changes::Changes;
use known::{BaselineArgs, KnownFindings};

/// Say what is wrong with an existing monitoring setup.
///
/// Looks for Compose files, Prometheus, rules, Alertmanager, Grafana dashboards and provisioning below each path, judges
/// them together, and says what is wrong, where, why it matters and how to mend it. Nothing is executed or sent,
/// but for git where --changed-since asks it; nothing is written but by --fix, --write-baseline and --prune-baseline.
///
/// What a project wants of the lints stands in its stackwright.toml, which is looked for at and above each path; single
/// findings are suppressed by a comment, `# stackwright: ignore[area/defect] reason`.
///
/// Exits with 0 when clean, 1 with findings at or above --fail-on, 2 when it could not run, 3 when there is nothing to lint.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  stackwright lint .                             a whole repository
  stackwright lint monitoring --format concise   one line for each finding
  stackwright lint . --select promql,stack --fail-on warning
  stackwright lint . --fix                       repair what is safe to repair first
  stackwright lint . --changed-since origin/main --format github
                                                 a pull request: only what it touches, as annotations
  stackwright lint . --format sarif > lint.sarif for code scanning
  stackwright lint . --baseline lint-baseline.json --write-baseline
  stackwright lint . --baseline lint-baseline.json
                                                 accept what there is, then fail on what is new
  stackwright explain promql/unknown-metric      why it matters, and what to do
  stackwright schema config                      what stackwright.toml can say")]
pub struct LintArgs {
    /// Directories, or single files
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// Only these lints: ids or areas; instead of those that the configuration selects and ignores
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
    /// Which configuration holds.
    #[command(flatten)]
    pub config: ConfigArgs,
    /// What is known already.
    #[command(flatten)]
    pub baseline: BaselineArgs,
    /// Only findings on lines that differ from the commit at which the branch left REF; asks git
    #[arg(long, value_name = "REF", conflicts_with_all = ["write_baseline", "prune_baseline"])]
    pub changed_since: Option<String>,
    /// The day for which suppressions with `until` are judged [default: SOURCE_DATE_EPOCH, else today in UTC]
    #[arg(long, value_name = "DATE")]
    pub today: Option<Date>,
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
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// Annotations of GitHub Actions.
    Github,
    /// GitLab's code quality report.
    Gitlab,
    /// JUnit's XML.
    Junit,
}

/// Everything that was found below the paths.
#[derive(Debug, Default)]
struct Linted {
    findings: Vec<Diagnostic>,
    /// Paths, and what was found there.
    overviews: Vec<(String, String)>,
    /// Files that were not read, and why.
    skipped: Vec<(String, String)>,
    hidden: Hidden,
    /// How many findings were repaired before.
    fixed: usize,
    /// Whether there was something to lint.
    has_setup: bool,
    /// Paths that were looked at, absolute, and the lints that ran there.
    looked_at: Vec<(PathBuf, Selection)>,
}

/// Runs `lint`.
pub fn lint(args: &LintArgs, console: Console) -> Exit {
    match run(args, console) {
        Ok(exit) => exit,
        Err(diagnostics) => {
            console.diagnostics(&diagnostics);
            Exit::CouldNotRun
        }
    }
}

fn run(args: &LintArgs, console: Console) -> Result<Exit, Vec<Diagnostic>> {
    let one = |diagnostic: Box<Diagnostic>| vec![*diagnostic];
    let asked = selection(&args.select, &args.ignore).map_err(one)?;
    let today = today(args.today).map_err(one)?;
    let catalogue = catalogue().map_err(one)?;
    let mut linted = Linted::default();
    let mut baseline = args.baseline.file.clone();
    for path in &args.paths {
        let project = Project::of(path, &args.config, &catalogue)?;
        let written = project.config.baseline.as_ref();
        baseline = baseline.or_else(|| Some(project.root.join(written?)));
        let changes = args.changed_since.as_ref();
        let changes = changes.map(|reference| Changes::since(reference, path));
        let changes = changes.transpose().map_err(one)?;
        let mut setup = open(path).map_err(one)?;
        if args.fix {
            let wish = wish(&project, path, &asked, Safety::Safe, today);
            let (after, count) = repaired(path, setup, &catalogue, &wish).map_err(one)?;
            setup = after;
            linted.fixed += count;
        }
        // The process ends soon, and taking millions of nodes apart would take as long as the lints.
        let setup = ManuallyDrop::new(setup);
        let facts = ManuallyDrop::new(Facts::knowing(&setup, &catalogue, &project.given));
        let policy = project.policy(path, &asked, today);
        let mut judged = judge(&facts, &policy);
        if let Some(changes) = changes {
            let before = judged.findings.len();
            judged.findings.retain(|finding| changes.touch(finding));
            let untouched = before - judged.findings.len();
            *linted.hidden.untouched.get_or_insert_default() += untouched;
        }
        linted.hidden.suppressed += judged.suppressed;
        match linted.findings.is_empty() {
            // There may be very many: those of a single path are not copied.
            true => linted.findings = judged.findings,
            false => linted.findings.extend(judged.findings),
        }
        let shown = path.display().to_string();
        linted.overviews.push((shown, facts.overview()));
        linted.skipped.extend(setup.skipped().iter().map(|skipped| {
            let file = path.join(&skipped.path);
            (file.display().to_string(), skipped.why.clone())
        }));
        linted.has_setup |= has_something(&setup);
        linted.looked_at.push((absolute(path), policy.selection));
    }
    let known = KnownFindings::of(baseline, &args.baseline).map_err(one)?;
    if let Some(known) = known
        && let Some(message) = known.apply(&args.baseline, &mut linted).map_err(one)?
    {
        console.say(&message);
        return Ok(Exit::Clean);
    }
    let report = Report {
        findings: &linted.findings,
        setups: &linted.overviews,
        skipped: &linted.skipped,
        hidden: linted.hidden,
        fixed: linted.fixed,
        fails_from: args.fail_on.level(),
    };
    print(args.format, &report, console);
    let fails = |finding: &Diagnostic| finding.level >= args.fail_on.level();
    Ok(
        match (linted.has_setup, linted.findings.iter().any(fails)) {
            (false, _) => Exit::NothingToLint,
            (true, true) => Exit::Findings,
            (true, false) => Exit::Clean,
        },
    )
}

/// The lints that somebody asks for by name.
pub(super) fn selection(
    select: &[String],
    ignore: &[String],
) -> Result<Selection, Box<Diagnostic>> {
    let selection = Selection {
        select: select.to_vec(),
        ignore: ignore.to_vec(),
    };
    let unknown = selection.unknown().next().map(str::to_owned);
    match unknown {
        None => Ok(selection),
        Some(name) => {
            let message = format!("there is no lint or area `{name}`");
            let help = match crate::lint::nearest_name(&name) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "run `stackwright list lints` for the names".to_owned(),
            };
            Err(Box::new(
                Diagnostic::error("lint/unknown-lint", message).help(help),
            ))
        }
    }
}

/// The day that was asked for, else that of `SOURCE_DATE_EPOCH`, else that of the clock.
pub(super) fn today(asked: Option<Date>) -> Result<Date, Box<Diagnostic>> {
    const VARIABLE: &str = "SOURCE_DATE_EPOCH";
    if let Some(date) = asked {
        return Ok(date);
    }
    if let Some(written) = std::env::var_os(VARIABLE) {
        let seconds = written.to_str().and_then(|text| text.parse().ok());
        return seconds.map(Date::of_unix).ok_or_else(|| {
            let message = format!("`{VARIABLE}` is `{}`", written.display());
            let help = "set it to seconds since 1970, or give `--today`";
            Box::new(Diagnostic::error("lint/no-date", message).help(help))
        });
    }
    // A clock before 1970 is wrong, and nothing expires then.
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH);
    Ok(Date::of_unix(
        elapsed.map_or(0, |elapsed| elapsed.as_secs()),
    ))
}

/// The catalogue in the binary, or why it cannot be used.
pub(super) fn catalogue() -> Result<Catalogue, Box<Diagnostic>> {
    Catalogue::embedded().map_err(|errors| {
        let message = errors.first().map_or_else(String::new, ToString::to_string);
        Box::new(Diagnostic::error("catalogue/invalid", message))
    })
}

/// Applies the safe fixes of the setup at `path`, and reads it again; also how many there were.
fn repaired(
    path: &Path,
    setup: Setup,
    catalogue: &Catalogue,
    wish: &Wish,
) -> Result<(Setup, usize), Box<Diagnostic>> {
    let mended = mend(&setup, catalogue, wish);
    if mended.changes.is_empty() {
        return Ok((setup, 0));
    }
    write_changes(&setup, &mended.changes, None)?;
    Ok((open(path)?, mended.applied.len()))
}

/// The setup at a path, shown relative to the working directory.
pub(super) fn open(path: &Path) -> Result<Setup, Box<Diagnostic>> {
    let working_directory = std::env::current_dir().ok();
    Setup::open(path, working_directory.as_deref()).map_err(|error| {
        let diagnostic = Diagnostic::error("lint/unreadable", error.to_string());
        Box::new(diagnostic.help("name a directory, or a file of a monitoring setup"))
    })
}

/// Whether there is anything in a setup that a lint could judge.
pub(super) fn has_something(setup: &Setup) -> bool {
    let documents = setup.documents();
    !documents
        .iter()
        .all(|document| document.kind.is_background())
}

fn print(format: LintFormat, report: &Report<'_>, console: Console) {
    match format {
        LintFormat::Text => {
            console.results(report.texts(console.result_style()));
            console.say(&report.summary());
        }
        LintFormat::Concise => console.results(report.lines()),
        LintFormat::Json => console.result(&report.json()),
        LintFormat::Sarif => console.result(&report.sarif()),
        LintFormat::Github => console.result(&report.github()),
        LintFormat::Gitlab => console.result(&report.gitlab()),
        LintFormat::Junit => console.result(&report.junit()),
    }
}
