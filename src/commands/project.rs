//! The project that a path belongs to: its `stackwright.toml`, and what that leads to.

use std::path::{Path, PathBuf};

use super::input::reason;
use crate::catalogue::Catalogue;
use crate::config::{Config, FILE_NAME, Named};
use crate::diagnostic::{Diagnostic, Level, Safety};
use crate::facts::given::Given;
use crate::fix::Wish;
use crate::lint::{Base, Policy, Selection};
use crate::quantity::Date;
use crate::source::{SourceFile, Span};

/// Which configuration holds.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct ConfigArgs {
    /// The configuration, instead of the nearest stackwright.toml at or above each path
    #[arg(long, value_name = "FILE", conflicts_with = "isolated")]
    pub config: Option<PathBuf>,
    /// Without any configuration
    #[arg(long)]
    pub isolated: bool,
}

/// What a project says of itself.
#[derive(Debug)]
pub struct Project {
    /// Its configuration; the default one where it has none.
    pub config: Config,
    /// The directory of the configuration; absolute.
    pub root: PathBuf,
    /// What is known of its setup beyond the files.
    pub given: Given,
}

/// Larger configurations and pages of metrics are not read: 64 MiB.
const LARGEST: u64 = 64 << 20;

impl Project {
    /// The project of a path.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with its configuration and the files that it names.
    pub fn of(
        path: &Path,
        args: &ConfigArgs,
        catalogue: &Catalogue,
    ) -> Result<Self, Vec<Diagnostic>> {
        let file = match (&args.config, args.isolated) {
            (Some(file), _) => Some(file.clone()),
            (None, true) => None,
            (None, false) => nearest(path),
        };
        let Some(file) = file else {
            let root = absolute(path);
            return Ok(Self {
                config: Config::default(),
                root,
                given: Given::default(),
            });
        };
        let text = read(&file).map_err(|why| {
            let message = format!("cannot read the configuration `{}`: {why}", file.display());
            let problem = Diagnostic::error("config/unreadable", message);
            vec![problem.help("check the path, or go without it: `--isolated`")]
        })?;
        let config = Config::parse(SourceFile::new(shown(&file), text), catalogue)?;
        let directory = file
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty());
        let root = absolute(directory.unwrap_or(Path::new(".")));
        let mut given = Given {
            versions: config.versions.clone(),
            ..Given::default()
        };
        let problems: Vec<Diagnostic> = config
            .metrics
            .iter()
            .filter_map(|named| metrics(&mut given, &root, named).err())
            .map(|problem| *problem)
            .collect();
        match problems.is_empty() {
            true => Ok(Self {
                config,
                root,
                given,
            }),
            false => Err(problems),
        }
    }

    /// What is wanted of the lints for a path of the project. Lints that are selected on the command line replace those that the
    /// configuration selects and ignores.
    pub fn policy(&self, path: &Path, asked: &Selection, today: Date) -> Policy {
        let config = &self.config;
        let selection = match asked.select.is_empty() {
            false => asked.clone(),
            true => Selection {
                select: config.select.clone(),
                ignore: [config.ignored(), asked.ignore.clone()].concat(),
            },
        };
        let levels = config.levels.iter();
        let levels = levels.filter_map(|(name, level)| Some((name.clone(), (*level)?)));
        Policy {
            selection,
            levels: levels.collect::<std::collections::BTreeMap<String, Level>>(),
            options: config.options.clone(),
            paths: config.paths.clone(),
            suppressions: config.suppressions.clone(),
            is_whole: absolute(path) == self.root,
            base: Base {
                working_directory: absolute(Path::new(".")),
                root: self.root.clone(),
            },
            today: Some(today),
        }
    }
}

/// What fixes are wanted for a path of a project: of the lints that are asked for.
pub fn wish(
    project: &Project,
    path: &Path,
    asked: &Selection,
    safety: Safety,
    today: Date,
) -> Wish {
    let policy = project.policy(path, &Selection::default(), today);
    Wish {
        selection: asked.clone(),
        safety,
        policy: match asked.select.is_empty() {
            true => policy,
            // Who asks for a lint wants it, whatever the configuration ignores.
            false => Policy {
                selection: Selection::default(),
                ..policy
            },
        },
        given: project.given.clone(),
    }
}

/// The nearest configuration at or above a path.
fn nearest(path: &Path) -> Option<PathBuf> {
    let path = path.canonicalize().ok()?;
    path.ancestors()
        .map(|directory| directory.join(FILE_NAME))
        .find(|file| file.is_file())
}

/// The path without links where it exists, and as it stands where it does not.
pub fn absolute(path: &Path) -> PathBuf {
    path.canonicalize()
        .or_else(|_| std::path::absolute(path))
        .unwrap_or_else(|_| path.to_path_buf())
}

/// A path as messages show it: relative to the working directory where it lies below it.
pub fn shown(path: &Path) -> PathBuf {
    let directory = absolute(Path::new("."));
    let shown = path.strip_prefix(directory).unwrap_or(path);
    shown.to_path_buf()
}

/// The text of a file, or why there is none.
pub fn read(path: &Path) -> Result<String, String> {
    let metadata = std::fs::metadata(path).map_err(|error| reason(&error))?;
    if !metadata.is_file() {
        return Err("it is no file".into());
    }
    if metadata.len() > LARGEST {
        return Err(format!("it is larger than {} MiB", LARGEST >> 20));
    }
    let bytes = std::fs::read(path).map_err(|error| reason(&error))?;
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8".into())
}

/// Adds the metrics of a file.
fn metrics(given: &mut Given, root: &Path, named: &Named) -> Result<(), Box<Diagnostic>> {
    let path = root.join(&named.path);
    let place = &named.location;
    let unreadable = |why: String| {
        let message = format!("cannot read the metrics in `{}`: {why}", named.path);
        let problem = Diagnostic::error("config/unreadable", message).at(&place.file, place.span);
        let help =
            "save them with `curl http://HOST:PORT/metrics`; the path is relative to this file";
        Box::new(problem.help(help))
    };
    let text = read(&path).map_err(unreadable)?;
    given.metrics.read(&text).map_err(|error| {
        let file = std::sync::Arc::new(SourceFile::new(shown(&path), text.as_str()));
        let line = file.line_span(error.line);
        // A line of what is no page may be endless.
        let span = Span::new(line.start(), line.end().min(line.start() + 80));
        let problem = Diagnostic::error("config/not-metrics", error.message).at(&file, span);
        let help = "expected a saved `/metrics` page, or a list with one name on each line";
        let related = "named here";
        Box::new(problem.related(related, &place.file, place.span).help(help))
    })
}
