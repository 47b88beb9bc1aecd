//! `stackwright.toml`: what a project wants of the lints, and what it says of its setup.

mod read;
mod schema;
mod shape;

use std::collections::BTreeMap;

use crate::catalogue::{Catalogue, Version};
use crate::diagnostic::{Diagnostic, Level, Location};
use crate::document::parse_toml;
use crate::facts::suppression::Suppression;
use crate::lint::options::Options;
use crate::lint::{PathRule, lints};
use crate::source::SourceFile;

pub use schema::json_schema;

/// The name of the file.
pub const FILE_NAME: &str = "stackwright.toml";

/// What the file says. The default is what holds without one.
#[derive(Debug, Default, Clone)]
pub struct Config {
    /// Ids or areas of the lints that run; empty: all.
    pub select: Vec<String>,
    /// Ids or areas of lints that do not run.
    pub ignore: Vec<String>,
    /// Levels by id or area; `None`: the lint does not run.
    pub levels: BTreeMap<String, Option<Level>>,
    /// Options of lints.
    pub options: Options,
    /// Files of which not everything is told.
    pub paths: Vec<PathRule>,
    /// What is not told.
    pub suppressions: Vec<Suppression>,
    /// Versions of programs where no image tells.
    pub versions: BTreeMap<String, Version>,
    /// Files with metrics, relative to the file's directory.
    pub metrics: Vec<Named>,
    /// The baseline, relative to the file's directory.
    pub baseline: Option<String>,
}

/// A file that is named.
#[derive(Debug, Clone)]
pub struct Named {
    /// Its path.
    pub path: String,
    /// Where it is named.
    pub location: Location,
}

impl Config {
    /// Reads the text of a file.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, in the order of the text.
    pub fn parse(file: SourceFile, catalogue: &Catalogue) -> Result<Self, Vec<Diagnostic>> {
        let file = std::sync::Arc::new(file);
        let tree = parse_toml(file.text()).map_err(|errors| {
            let said = |error: crate::document::SyntaxError| {
                Diagnostic::error("config/not-toml", error.message).at(&file, error.span)
            };
            errors.into_iter().map(said).collect::<Vec<_>>()
        })?;
        let schema = json_schema(catalogue);
        let mut problems = shape::check(&file, &tree, &schema);
        if problems.is_empty() {
            match read::config(&file, &tree) {
                Ok(config) => return Ok(config),
                Err(more) => problems = more,
            }
        }
        problems.sort_by_key(|problem| {
            let location = problem.location.as_ref();
            location.map(|location| location.span)
        });
        Err(problems)
    }

    /// Lints that do not run: those that are ignored, and those whose level is `off`.
    pub fn ignored(&self) -> Vec<String> {
        let level = |name: &str| self.levels.get(name);
        let off = lints().filter(|lint| level(lint.id).or(level(lint.area())) == Some(&None));
        let off = off.map(|lint| lint.id.to_owned());
        self.ignore.iter().cloned().chain(off).collect()
    }
}
