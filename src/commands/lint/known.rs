//! The baseline: findings that are known, in a file.

use std::path::{Component, Path, PathBuf};

use super::Linted;
use crate::commands::project::{absolute, read};
use crate::diagnostic::Diagnostic;
use crate::lint::baseline::Baseline;
use crate::lint::lint;

/// What to do with a baseline.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct BaselineArgs {
    /// Findings that are known and not told; instead of the configuration's `baseline`
    #[arg(long = "baseline", value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Write all that is found to the baseline, and exit with 0
    #[arg(long)]
    pub write_baseline: bool,
    /// Remove from the baseline what is not found any more
    #[arg(long, conflicts_with = "write_baseline")]
    pub prune_baseline: bool,
}

/// A baseline and where it lies.
pub(super) struct KnownFindings {
    path: PathBuf,
    /// Its directory, absolute: files are called as seen from there.
    directory: PathBuf,
    /// What it holds; nothing where it is still to be written.
    baseline: Baseline,
}

impl KnownFindings {
    /// Reads the baseline at `path`; `None` without one.
    ///
    /// # Errors
    ///
    /// It is asked for and there is none, or it cannot be read.
    pub fn of(path: Option<PathBuf>, args: &BaselineArgs) -> Result<Option<Self>, Box<Diagnostic>> {
        let wrong = |message: String, help: &str| {
            Box::new(Diagnostic::error("lint/no-baseline", message).help(help))
        };
        let Some(path) = path else {
            if args.write_baseline || args.prune_baseline {
                let message = "there is no baseline to write".to_owned();
                let help =
                    "name a file with `--baseline FILE`, or as `baseline` in stackwright.toml";
                return Err(wrong(message, help));
            }
            return Ok(None);
        };
        let parent = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty());
        let directory = absolute(parent.unwrap_or(Path::new(".")));
        let shown = path.display();
        let baseline = match path.exists() {
            false if args.write_baseline => Baseline::default(),
            false => {
                let message = format!("there is no baseline `{shown}`");
                return Err(wrong(message, "write it with `--write-baseline`"));
            }
            true => {
                let text = read(&path).map_err(|why| {
                    let message = format!("cannot read the baseline `{shown}`: {why}");
                    wrong(
                        message,
                        "check the path, or write it anew: remove it, then `--write-baseline`",
                    )
                })?;
                Baseline::parse(&text).map_err(|why| {
                    let message = format!("`{shown}` is no baseline: {why}");
                    wrong(message, "write it anew: remove it, then `--write-baseline`")
                })?
            }
        };
        Ok(Some(Self {
            path,
            directory,
            baseline,
        }))
    }

    /// Leaves only new findings; what to say where the baseline was written instead.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub fn apply(
        &self,
        args: &BaselineArgs,
        linted: &mut Linted,
    ) -> Result<Option<String>, Box<Diagnostic>> {
        let looked_at = std::mem::take(&mut linted.looked_at);
        let is_looked_at = |file: &str, id: &str| {
            let path = normal(&self.directory.join(file));
            looked_at.iter().any(|(root, selection)| {
                // A lint that does not exist any more finds nothing.
                path.starts_with(root) && lint(id).is_none_or(|lint| selection.includes(lint))
            })
        };
        let path = |finding: &Diagnostic| self.path_of(finding);
        if args.write_baseline {
            let found = Baseline::of(&linted.findings, path);
            let written = self.baseline.replaced(found, is_looked_at);
            self.write(&written)?;
            let count = written.len();
            let plural = if count == 1 { "" } else { "s" };
            return Ok(Some(format!(
                "wrote {}: {count} finding{plural}\n",
                self.path.display()
            )));
        }
        if args.prune_baseline {
            let found = Baseline::of(&linted.findings, path);
            let pruned = self.baseline.pruned(&found, is_looked_at);
            if pruned != self.baseline {
                self.write(&pruned)?;
            }
        }
        let findings = std::mem::take(&mut linted.findings);
        let compared = self.baseline.compare(findings, path, is_looked_at);
        linted.findings = compared.new;
        linted.hidden.known = Some(compared.known);
        // What a change does not touch was not looked for, and what has just been removed is no news.
        if linted.hidden.untouched.is_none() && !args.prune_baseline {
            linted.hidden.gone = compared.gone;
        }
        Ok(None)
    }

    fn write(&self, baseline: &Baseline) -> Result<(), Box<Diagnostic>> {
        std::fs::write(&self.path, baseline.text()).map_err(|error| {
            let why = crate::commands::input::reason(&error);
            let message = format!("cannot write the baseline `{}`: {why}", self.path.display());
            let help = "check the directory and its permissions";
            Box::new(Diagnostic::error("lint/no-baseline", message).help(help))
        })
    }

    /// A finding's file as seen from the baseline, with `/`.
    fn path_of(&self, finding: &Diagnostic) -> String {
        let Some(location) = &finding.location else {
            return String::new();
        };
        let path = absolute(location.file.path());
        let mut from = self.directory.components().peekable();
        let mut to = path.components().peekable();
        while from.peek().is_some() && from.peek() == to.peek() {
            from.next();
            to.next();
        }
        let up = from.map(|_| "..".to_owned());
        let down = to.map(|part| part.as_os_str().to_string_lossy().into_owned());
        up.chain(down).collect::<Vec<_>>().join("/")
    }
}

/// The path without `..`.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                normal.pop();
            }
            part => normal.push(part),
        }
    }
    normal
}
