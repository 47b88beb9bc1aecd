//! Bundles: rendered in memory from a profile, or as they lie in a directory.

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::ValidateArgs;
use crate::bundle::{Bundle, MANIFEST_PATH, open};
use crate::check::tool::{Tool, Toolbox};
use crate::check::{self, CheckOutcome, EmbeddedContext, ExpectedRoute, ExternalOptions};
use crate::commands::generate::{Generator, all, default_output, expected_routes, selected};
use crate::commands::input::{read_profile, reason};
use crate::diagnostic::Diagnostic;

/// A bundle to check, and what is known of it beside its files.
pub(super) struct Subject {
    pub(super) shown: PathBuf,
    bundle: Bundle,
    context: EmbeddedContext,
    routes: Vec<ExpectedRoute>,
    /// Warnings about its profile.
    pub(super) warnings: Vec<Diagnostic>,
    /// Where its files lie; `None` for one that exists in memory only.
    directory: Option<PathBuf>,
}

/// Renders every environment that was asked for.
pub(super) fn generate(
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

/// Reads a bundle.
pub(super) fn open_bundle(path: &Path, generator: &Generator) -> Result<Subject, Vec<Diagnostic>> {
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
        routes: check::certain_routes(&bundle, &generator.catalogue),
        bundle,
        context: EmbeddedContext::default(),
        warnings: Vec::new(),
        directory: Some(path.into()),
    })
}

/// Runs every check on one bundle.
pub(super) fn check_one(
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
