//! Profile → bundle, for every command that needs one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

use super::input::reason;
use crate::bundle::{Bundle, Manifest};
use crate::catalogue::{Catalogue, Circumstances};
use crate::check::{ApplicationMetric, EmbeddedContext, ExpectedRoute, Readings, ScrapedExporter};
use crate::diagnostic::Diagnostic;
use crate::model::application::metric_type;
use crate::model::{Stack, StackError};
use crate::platform;
use crate::profile::{ProfileDocument, suggestion};
use crate::template::{OverrideError, Templates};

/// What generating needs beside a profile.
pub struct Generator {
    /// The templates.
    pub templates: Templates,
    /// The catalogue.
    pub catalogue: Catalogue,
    /// What the checks of one environment leave for the next one.
    readings: Arc<Readings>,
}

/// One environment, generated but not written.
pub struct Generated<'c> {
    /// Its name.
    pub environment: String,
    /// What it is generated from.
    pub stack: Stack<'c>,
    /// Its files.
    pub bundle: Bundle,
    /// What the manifest will say.
    pub manifest: Manifest,
    /// Warnings about the profile.
    pub warnings: Vec<Diagnostic>,
}

impl Generator {
    /// With the embedded templates, except where `overrides` has its own.
    ///
    /// # Errors
    ///
    /// Overrides that cannot be used.
    pub fn new(overrides: Option<&Path>) -> Result<Self, Box<Diagnostic>> {
        let templates = match overrides {
            None => Templates::embedded(),
            Some(directory) => Templates::with_overrides(directory).map_err(|error| {
                let message = match &error {
                    OverrideError::Unreadable { path, source } => {
                        format!("cannot read `{}`: {}", path.display(), reason(source))
                    }
                    OverrideError::Unknown { .. } => error.to_string(),
                };
                Box::new(
                    Diagnostic::error("template/unusable-override", message).help(
                        "a file of --templates DIR replaces the template of the same path; `stackwright list templates` names them",
                    ),
                )
            })?,
        };
        let catalogue = Catalogue::embedded().map_err(|errors| {
            let first = errors.first().map(ToString::to_string).unwrap_or_default();
            Box::new(Diagnostic::error(
                "catalogue/invalid",
                format!("internal error: the embedded catalogue is invalid: {first}"),
            ))
        })?;
        Ok(Self {
            templates,
            catalogue,
            readings: Arc::new(match overrides {
                None => Readings::of_our_templates(),
                Some(_) => Readings::default(),
            }),
        })
    }

    /// Generates one environment.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the profile, or a template that does not render.
    pub fn generate(
        &self,
        document: &ProfileDocument,
        environment: &str,
    ) -> Result<Generated<'_>, Vec<Diagnostic>> {
        let profile = document.environment(environment)?;
        let (stack, warnings) = Stack::resolve(&profile, &self.catalogue, &self.templates)
            .map_err(|error| match error {
                StackError::Profile(problems) => profile.diagnostics(problems),
                StackError::Catalogue(error) => vec![error.into_diagnostic()],
            })?;
        let bundle = platform::assemble(&stack, &self.templates)
            .map_err(|error| vec![error.into_diagnostic()])?;
        let manifest = Manifest::of(&bundle, &stack.name, document.file().text(), environment);
        Ok(Generated {
            environment: environment.into(),
            stack,
            bundle,
            manifest,
            warnings: profile.diagnostics(warnings),
        })
    }

    /// What the embedded checks cannot read off the bundle.
    pub fn check_context(&self, stack: &Stack<'_>) -> EmbeddedContext {
        let redis = ScrapedExporter {
            name: "redis_exporter".into(),
            circumstances: stack.circumstances(),
        };
        let flavours = stack.applications.values().filter_map(|application| {
            Some(ScrapedExporter {
                name: application.flavour?.name.clone(),
                circumstances: Circumstances {
                    namespace: application.namespace.clone(),
                    ..Circumstances::default()
                },
            })
        });
        let metrics = stack.applications.values().flat_map(|application| {
            application
                .metrics
                .iter()
                .map(|(name, metric)| ApplicationMetric {
                    name: name.clone(),
                    kind: Some(metric_type(metric.kind)),
                })
        });
        EmbeddedContext {
            exporters: std::iter::once(redis).chain(flavours).collect(),
            application_metrics: Some(metrics.collect()),
            readings: Arc::clone(&self.readings),
        }
    }
}

/// Where every alert of the stack must end up.
pub fn expected_routes(stack: &Stack<'_>) -> Vec<ExpectedRoute> {
    stack
        .notification
        .routing
        .expectations(&stack.routable)
        .map(|(labels, destination)| ExpectedRoute {
            labels: labels.into_iter().collect(),
            receivers: vec![destination.receiver.to_owned()],
        })
        .collect()
}

/// The environments that were asked for; all of them where none was.
///
/// # Errors
///
/// A name that the profile does not have.
pub fn selected(
    document: &ProfileDocument,
    wanted: &[String],
) -> Result<Vec<String>, Box<Diagnostic>> {
    let known = document.environments();
    if wanted.is_empty() {
        return Ok(known);
    }
    for name in wanted {
        if !known.contains(name) {
            let mut diagnostic = Diagnostic::error(
                "profile/unknown-environment",
                format!(
                    "`{}` has no environment `{name}`",
                    document.file().path().display()
                ),
            );
            diagnostic.help = suggestion(name, known.iter().map(String::as_str), "it has");
            return Err(Box::new(diagnostic));
        }
    }
    // In the order of the profile, each once, whatever order they were asked for in.
    Ok(known
        .into_iter()
        .filter(|name| wanted.contains(name))
        .collect())
}

/// Where the bundles of a profile go unless told otherwise: `build/<profile name>`.
pub fn default_output(document: &ProfileDocument) -> PathBuf {
    Path::new("build").join(document.name().unwrap_or("profile"))
}

/// The same diagnostic of several environments, once. They differ only where an overlay matters.
pub fn deduplicated(diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut seen = std::collections::BTreeSet::new();
    diagnostics
        .into_iter()
        .filter(|diagnostic| {
            let span = diagnostic
                .location
                .as_ref()
                .map(|location| (location.file.path().to_owned(), location.span));
            seen.insert((span, diagnostic.id.clone(), diagnostic.message.clone()))
        })
        .collect()
}

/// All results, or all diagnostics.
///
/// # Errors
///
/// What went wrong in any of them, the same thing once.
pub fn all<T: Send>(
    results: impl ParallelIterator<Item = Result<T, Vec<Diagnostic>>>,
) -> Result<Vec<T>, Vec<Diagnostic>> {
    let mut found = Vec::new();
    let mut errors = Vec::new();
    for result in results.collect::<Vec<_>>() {
        match result {
            Ok(one) => found.push(one),
            Err(diagnostics) => errors.extend(diagnostics),
        }
    }
    if errors.is_empty() {
        Ok(found)
    } else {
        Err(deduplicated(errors))
    }
}
