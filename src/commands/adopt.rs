use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::generate::Generator;
use super::input::reason;
use super::lint::open;
use super::project::{ConfigArgs, Project};
use super::{Console, Exit, Format};
use crate::adopt::{
    Adopted, Change, Difference, adopt as read_off, compare, join, resolve, text_of,
};
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
  stackwright adopt deploy                              one profile of several environments
  stackwright adopt monitoring --compare                what would be different; then exits with 1")]
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

/// A part of the path that is one environment, and what was read there.
struct Part {
    adopted: Adopted,
    remainders: Vec<Said>,
    differences: Vec<(Change, Said)>,
}

/// Something to say of a place of a setup.
struct Said {
    file: Option<String>,
    line: Option<usize>,
    subject: String,
    detail: String,
}

impl Said {
    fn of(setup: &Setup, place: Option<Place>, subject: &str, detail: &str) -> Self {
        let location = place.map(|place| setup.location(place));
        let file = location.as_ref().map(|it| it.file.path());
        Self {
            file: file.map(|path| path.to_string_lossy().into_owned()),
            line: location
                .as_ref()
                .map(|it| it.file.position(it.span.start()).line),
            subject: subject.to_owned(),
            detail: detail.to_owned(),
        }
    }

    /// `file:line`, where there is one.
    fn place(&self) -> Option<String> {
        Some(format!("{}:{}", self.file.as_ref()?, self.line?))
    }
}

fn run(args: &AdoptArgs, console: Console) -> Result<Exit, Vec<Diagnostic>> {
    let generator = Generator::new(None).map_err(|error| vec![*error])?;
    let mut parts = Vec::new();
    for path in environments(&args.path) {
        parts.extend(part(args, &path, &generator)?);
    }
    let all: Vec<Adopted> = parts.iter().map(|part| part.adopted.clone()).collect();
    let joined = match all.len() {
        0 | 1 => None,
        _ => join(&all),
    };
    if parts.len() > 1 && joined.is_none() {
        // Directories that lie beside each other and are not environments of one system: a setup like any other.
        parts = part(args, &args.path, &generator)?.into_iter().collect();
    }
    let Some(first) = parts.first() else {
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
        return Ok(compared(args, &parts, console));
    }
    let source = args.path.display().to_string();
    let text = match &joined {
        Some(draft) => text_of(draft, &source),
        None => first.adopted.text(&source),
    };
    if let Some(path) = &args.write {
        write(path, &text, args.force)?;
    }
    match args.format {
        Format::Json => console.result(&format!("{:#}\n", to_json(&parts, &text))),
        Format::Text => print_text(args, &parts, &text, console),
    }
    Ok(Exit::Clean)
}

/// Reads one setup; `None` where nothing in it is about Redis.
fn part(
    args: &AdoptArgs,
    path: &Path,
    generator: &Generator,
) -> Result<Option<Part>, Vec<Diagnostic>> {
    let catalogue = &generator.catalogue;
    let project = Project::of(path, &args.config, catalogue)?;
    let setup = open(path).map_err(|error| vec![*error])?;
    let facts = Facts::knowing(&setup, catalogue, &project.given);
    let prose = |path: &str| read_prose(&setup, path);
    let fallback = fallback_name(path);
    let Some(adopted) = read_off(&facts, &generator.templates, &prose, &fallback) else {
        return Ok(None);
    };
    let remainders = adopted.remainders.iter();
    let remainders = remainders.map(|it| Said::of(&setup, it.place, &it.subject, &it.reason));
    let mut differences = Vec::new();
    if args.compare {
        let environment = &adopted.environment;
        let stack = resolve(&adopted.draft, environment, catalogue, &generator.templates)?;
        let found = compare(&facts, &adopted, &stack);
        let said = |it: &Difference| Said::of(&setup, it.place, &it.subject, &it.detail);
        differences.extend(found.iter().map(|it| (it.change, said(it))));
    }
    Ok(Some(Part {
        remainders: remainders.collect(),
        differences,
        adopted,
    }))
}

/// The directories of several environments, where each lies in one below `path` and nothing lies in `path` itself; else `path`.
fn environments(path: &Path) -> Vec<PathBuf> {
    const SIGNS: [&str; 5] = [
        "compose.yaml",
        "compose.yml",
        "docker-compose.yml",
        "docker-compose.yaml",
        "prometheus/prometheus.yml",
    ];
    let has_setup = |directory: &Path| SIGNS.iter().any(|sign| directory.join(sign).is_file());
    let mut below: Vec<PathBuf> = std::fs::read_dir(path)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.is_dir() && has_setup(path))
        .collect();
    below.sort();
    match below.len() {
        0 | 1 => vec![path.to_path_buf()],
        _ if has_setup(path) => vec![path.to_path_buf()],
        _ => below,
    }
}

fn compared(args: &AdoptArgs, parts: &[Part], console: Console) -> Exit {
    let all = || {
        let differences = |part: &'_ Part| part.differences.len();
        parts.iter().map(differences).sum::<usize>()
    };
    match args.format {
        Format::Json => {
            let mut found = Vec::new();
            for part in parts {
                for (change, said) in &part.differences {
                    found.push(json!({
                        "environment": part.adopted.environment,
                        "change": change.as_str(),
                        "file": said.file,
                        "line": said.line,
                        "subject": said.subject,
                        "detail": said.detail,
                    }));
                }
            }
            let result = json!({"version": 1, "differences": found});
            console.result(&format!("{result:#}\n"));
        }
        Format::Text => {
            for part in parts {
                if parts.len() > 1 {
                    console.say(&format!("{}:\n", part.adopted.environment));
                }
                for (change, said) in &part.differences {
                    console.result(&difference(*change, said, console));
                }
            }
            if all() == 0 {
                console.say("the profile renders what there is\n");
            }
        }
    }
    match all() {
        0 => Exit::Clean,
        _ => Exit::Findings,
    }
}

fn difference(change: Change, said: &Said, console: Console) -> String {
    let (sign, colour) = match change {
        Change::Dropped => ("-", "31"),
        Change::Changed => ("~", "33"),
        Change::Added => ("+", "32"),
    };
    let Said {
        subject, detail, ..
    } = said;
    let line = match change {
        Change::Changed => format!("{sign} {subject}: {detail}"),
        change => format!("{sign} {subject} {}: {detail}", change.as_str()),
    };
    let place = said
        .place()
        .map_or_else(String::new, |place| format!(" ({place})"));
    format!("{}{place}\n", console.paint(&line, colour))
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

fn print_text(args: &AdoptArgs, parts: &[Part], text: &str, console: Console) {
    match &args.write {
        None => console.result(text),
        Some(path) => console.say(&format!("wrote {}\n", path.display())),
    }
    let remainders: Vec<&Said> = parts.iter().flat_map(|part| &part.remainders).collect();
    let mut said = match remainders.len() {
        0 => String::new(),
        1 => "\n1 thing is not in the profile:\n".to_owned(),
        count => format!("\n{count} things are not in the profile:\n"),
    };
    for remainder in remainders {
        let place = remainder
            .place()
            .map_or_else(String::new, |place| format!("{place}: "));
        let Said {
            subject, detail, ..
        } = remainder;
        said.push_str(&format!("  {place}{subject}: {detail}\n"));
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

fn to_json(parts: &[Part], text: &str) -> serde_json::Value {
    let environments: Vec<&str> = parts
        .iter()
        .map(|part| &*part.adopted.environment)
        .collect();
    let mut remainders = Vec::new();
    for part in parts {
        for said in &part.remainders {
            remainders.push(json!({
                "environment": part.adopted.environment,
                "file": said.file,
                "line": said.line,
                "subject": said.subject,
                "reason": said.detail,
            }));
        }
    }
    json!({
        "version": 1,
        "environments": environments,
        "profile": text,
        "remainders": remainders,
    })
}
