//! Compose files: several laid over each other, what they extend and include, and what has to hold in the whole.
//!
//! The steps are those of `docker compose config`, in its order: read, replace variables, extend, include, lay over the
//! file before, check the shape; then what has to hold between the parts. A step is taken only where the one before found
//! nothing, so that one mistake is told once.

mod consistency;
mod dotenv;
mod environment;
mod extends;
mod include;
mod interpolate;
mod load;
mod merge;
mod mount;
mod port;
mod project;
mod schema;
mod values;
mod variable;
mod words;

use std::path::Path;
use std::sync::Arc;

use self::load::{Loader, Scope};
use self::project::Project;
use crate::catalogue::Version;
use crate::diagnostic::Diagnostic;
use crate::source::SourceFile;

/// The newest Docker Compose whose files are known.
pub const NEWEST_COMPOSE: Version = Version::new(2, 40, 3);

/// Finds a file by its path: joined from the directory of the first Compose file and what is written there.
pub type ComposeFiles<'a> = dyn Fn(&Path) -> Option<Arc<SourceFile>> + 'a;

/// How Compose files are checked.
#[derive(Clone, Copy)]
pub struct ComposeOptions<'a> {
    /// The Docker Compose whose verdict is given.
    pub version: Version,
    /// Profiles that are switched on; those of `COMPOSE_PROFILES` come on top.
    pub profiles: &'a [String],
    /// The environment that Compose is started in.
    pub environment: &'a dyn Fn(&str) -> Option<String>,
    /// Whether `environment` and `.env` are all there is, so that a variable that neither has is unset. Otherwise somebody
    /// may still set it, and nothing is said about values that hold it.
    pub is_environment_complete: bool,
    /// Other files that these name, and `.env` beside the first; `None`: they are not looked at, and nothing is said that
    /// would depend on them.
    pub files: Option<&'a ComposeFiles<'a>>,
}

impl ComposeOptions<'_> {
    /// For a version: no profile, an environment that nobody knows, no other files.
    pub fn new(version: Version) -> Self {
        Self {
            version,
            profiles: &[],
            environment: &|_| None,
            is_environment_complete: false,
            files: None,
        }
    }
}

/// Everything wrong with `files`, each laid over the one before as `docker compose -f one -f two` does.
pub fn check_compose(files: &[Arc<SourceFile>], options: &ComposeOptions<'_>) -> Vec<Diagnostic> {
    let Some(first) = files.first() else {
        return Vec::new();
    };
    let directory = first.path().parent().unwrap_or(Path::new("")).to_owned();
    let mut project = Project::new(options);
    let scope = Scope::of_project(&mut project, &directory);
    let mut loader = Loader {
        project: &mut project,
        including: Vec::new(),
    };
    let model = loader.load(files, &directory, &scope);
    if let Some(model) = model {
        let before = project.count();
        values::check_values(&mut project, &model);
        if project.count() == before && project.is_whole {
            let profiles = scope.profiles(options);
            let lookup = |name: &str| scope.lookup(options, name);
            consistency::check(&mut project, &model, &profiles, &directory, &lookup);
        }
    }
    project.finish()
}
