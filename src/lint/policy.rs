//! What somebody wants of the lints: which run, how bad what they find is, and where.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use ignore::gitignore::Gitignore;

use super::options::Options;
use super::{Lint, lints};
use crate::diagnostic::{Diagnostic, Level};
use crate::facts::suppression::Suppression;
use crate::quantity::Date;

/// Which lints run.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Ids or areas; empty: all.
    pub select: Vec<String>,
    /// Ids or areas that do not run; wins over `select`.
    pub ignore: Vec<String>,
}

impl Selection {
    /// Whether a lint runs.
    pub fn includes(&self, lint: &Lint) -> bool {
        let named = |names: &[String]| names.iter().any(|name| lint.is_called(name));
        (self.select.is_empty() || named(&self.select)) && !named(&self.ignore)
    }

    /// Names that are neither a lint nor an area.
    pub fn unknown(&self) -> impl Iterator<Item = &str> {
        self.select
            .iter()
            .chain(&self.ignore)
            .map(String::as_str)
            .filter(|name| !lints().any(|lint| lint.is_called(name)))
    }
}

/// All that somebody wants.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// Which lints run.
    pub selection: Selection,
    /// Other levels than the lints' own, by id or area.
    pub levels: BTreeMap<String, Level>,
    /// What lints have to know of the habits of a project.
    pub options: Options,
    /// Files of which not everything is told.
    pub paths: Vec<PathRule>,
    /// What is not told, beyond the comments of the setup.
    pub suppressions: Vec<Suppression>,
    /// Whether the setup is all that `suppressions` are about; else what names an unknown dashboard may be about another.
    pub is_whole: bool,
    /// Where the patterns of `paths` and `suppressions` begin.
    pub base: Base,
    /// The day for which suppressions are judged; `None`: none of them expires.
    pub today: Option<Date>,
}

impl From<&Selection> for Policy {
    fn from(selection: &Selection) -> Self {
        Self {
            selection: selection.clone(),
            ..Self::default()
        }
    }
}

/// What is told of some files.
#[derive(Debug, Clone)]
pub struct PathRule {
    /// Which files.
    pub files: PathPattern,
    /// Findings of a lower level are not told; `None`: nothing is.
    pub lowest: Option<Level>,
    /// Ids or areas of lints that are not told.
    pub ignore: Vec<String>,
}

/// A pattern as in `.gitignore`.
#[derive(Debug, Clone)]
pub struct PathPattern(Gitignore);

impl PathPattern {
    /// Reads one pattern.
    ///
    /// # Errors
    ///
    /// Why it is none.
    pub fn new(pattern: &str) -> Result<Self, String> {
        if pattern.trim().is_empty() {
            return Err("an empty pattern matches nothing".into());
        }
        if pattern.starts_with(['!', '#']) {
            return Err(format!(
                "a pattern here cannot begin with `{}`",
                &pattern[..1]
            ));
        }
        let mut builder = ignore::gitignore::GitignoreBuilder::new("");
        // Git takes a class that does not end for text; here it is a slip.
        builder.allow_unclosed_class(false);
        let said = |error: ignore::Error| match error {
            ignore::Error::Glob { err, .. } => err,
            other => other.to_string(),
        };
        builder.add_line(None, pattern).map_err(said)?;
        builder.build().map(Self).map_err(said)
    }

    /// Whether a file below the base is meant, or a directory above it.
    pub fn matches(&self, path: &Path) -> bool {
        self.0.matched_path_or_any_parents(path, false).is_ignore()
    }
}

/// Leads from paths in messages to those that patterns are written for.
#[derive(Debug, Clone, Default)]
pub struct Base {
    /// What paths in messages are relative to; absolute.
    pub working_directory: PathBuf,
    /// What patterns are relative to; absolute.
    pub root: PathBuf,
}

impl Base {
    /// A path in a message as seen from the root; `None` where it lies elsewhere.
    pub fn relative(&self, shown: &Path) -> Option<PathBuf> {
        let mut path = PathBuf::new();
        for part in self.working_directory.join(shown).components() {
            match part {
                Component::CurDir => {}
                Component::ParentDir => {
                    path.pop();
                }
                part => path.push(part),
            }
        }
        path.strip_prefix(&self.root).ok().map(Path::to_path_buf)
    }
}

impl Policy {
    /// The same finding at the level that is wanted for it; `None` where it is not to be told.
    pub(super) fn judged(&self, lint: &Lint, mut finding: Diagnostic) -> Option<Diagnostic> {
        let wanted = self.levels.get(lint.id).or(self.levels.get(lint.area()));
        if let Some(wanted) = wanted {
            finding.level = shifted(finding.level, lint.level, *wanted);
        }
        let is_told = |path: &Path| {
            self.paths
                .iter()
                .filter(|rule| rule.files.matches(path))
                .all(|rule| {
                    rule.lowest.is_some_and(|lowest| finding.level >= lowest)
                        && !rule.ignore.iter().any(|name| lint.is_called(name))
                })
        };
        let path = finding
            .location
            .as_ref()
            .filter(|_| !self.paths.is_empty())
            .and_then(|location| self.base.relative(location.file.path()));
        path.is_none_or(|path| is_told(&path)).then_some(finding)
    }
}

/// A lint that is told to find errors instead of warnings finds warnings where it would only have remarked.
fn shifted(level: Level, from: Level, to: Level) -> Level {
    const STEPS: [Level; 3] = [Level::Info, Level::Warning, Level::Error];
    let step = to as usize + level as usize;
    STEPS[step.saturating_sub(from as usize).min(STEPS.len() - 1)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_only_assumed_stays_below_what_is_known() {
        use Level::{Error, Info, Warning};
        assert_eq!(shifted(Error, Error, Warning), Warning);
        assert_eq!(shifted(Warning, Error, Warning), Info);
        assert_eq!(shifted(Warning, Warning, Error), Error);
        assert_eq!(shifted(Info, Warning, Error), Warning);
        assert_eq!(shifted(Info, Error, Warning), Info);
        assert_eq!(shifted(Error, Warning, Error), Error);
    }

    #[test]
    fn patterns_are_those_of_gitignore() {
        let matches =
            |pattern: &str, path: &str| PathPattern::new(pattern).unwrap().matches(Path::new(path));
        assert!(matches("vendor/**", "vendor/a/b.yml"));
        assert!(matches("vendor/", "vendor/a/b.yml"));
        assert!(matches("vendor", "a/vendor/b.yml"));
        assert!(matches("/vendor", "vendor/b.yml") && !matches("/vendor", "a/vendor/b.yml"));
        assert!(matches("*.json", "a/b.json") && !matches("*.json", "a/b.yml"));
        assert!(PathPattern::new("!a").is_err() && PathPattern::new("a[").is_err());
    }

    #[test]
    fn paths_are_seen_from_the_root() {
        let base = Base {
            working_directory: "/repo/monitoring".into(),
            root: "/repo".into(),
        };
        let relative = |path: &str| base.relative(Path::new(path));
        assert_eq!(relative("a.yml"), Some("monitoring/a.yml".into()));
        assert_eq!(relative("../b/./a.yml"), Some("b/a.yml".into()));
        assert_eq!(relative("/elsewhere/a.yml"), None);
    }
}
