use std::sync::Arc;

use serde::Deserialize;

use super::Profile;
use super::schema::{self, Problem, suggestion};
use crate::diagnostic::Diagnostic;
use crate::document::{Limits, Node, Route, Step, Value, merge_patch, parse_yaml, written_span};
use crate::source::SourceFile;

/// Name of the environment of a profile without `environments`.
pub const DEFAULT_ENVIRONMENT: &str = "default";

/// A profile's text, read but not yet interpreted.
#[derive(Debug, Clone)]
pub struct ProfileDocument {
    file: Arc<SourceFile>,
    tree: Node,
}

/// The profile of one environment: its overlay applied, its shape checked, every place known.
#[derive(Debug, Clone)]
pub struct EnvironmentProfile {
    /// Name of the environment.
    pub environment: String,
    /// What it says.
    pub profile: Arc<Profile>,
    file: Arc<SourceFile>,
    tree: Node,
}

impl ProfileDocument {
    /// Reads the text of a profile.
    ///
    /// # Errors
    ///
    /// The first place that is not YAML; an empty text; a text that is not a mapping.
    pub fn parse(file: SourceFile) -> Result<Self, Box<Diagnostic>> {
        let file = Arc::new(file);
        let tree = parse_yaml(file.text(), Limits::default()).map_err(|error| {
            let mut diagnostic =
                Diagnostic::error("profile/not-yaml", error.message).at(&file, error.span);
            if let Some(first) = error.first {
                diagnostic = diagnostic.related("first given here", &file, first);
            }
            diagnostic.help = error.help;
            Box::new(diagnostic)
        })?;
        match &tree.value {
            Value::Mapping(_) => Ok(Self { file, tree }),
            Value::Null => Err(Box::new(
                Diagnostic::error("profile/empty", "this profile is empty")
                    .at(&file, tree.span)
                    .help("write a starter profile with `stackwright init`"),
            )),
            _ => Err(Box::new(
                Diagnostic::error(
                    "profile/wrong-type",
                    format!("a profile is a mapping, and this is {}", tree.kind()),
                )
                .at(&file, tree.span)
                .help("write a starter profile with `stackwright init`"),
            )),
        }
    }

    /// The text.
    pub fn file(&self) -> &Arc<SourceFile> {
        &self.file
    }

    /// The profile's name, where it has one that is text.
    pub fn name(&self) -> Option<&str> {
        self.tree.get("name")?.as_str()
    }

    /// Names of its environments, in the order of the text.
    pub fn environments(&self) -> Vec<String> {
        let names: Vec<String> = self
            .tree
            .get("environments")
            .into_iter()
            .flat_map(|environments| environments.entries())
            .map(|entry| entry.key.text.to_string())
            .collect();
        if names.is_empty() {
            vec![DEFAULT_ENVIRONMENT.into()]
        } else {
            names
        }
    }

    /// The profile of `environment`.
    ///
    /// # Errors
    ///
    /// An unknown environment, or everything in it that is not of a profile's shape.
    pub fn environment(&self, environment: &str) -> Result<EnvironmentProfile, Vec<Diagnostic>> {
        let names = self.environments();
        if !names.iter().any(|name| name == environment) {
            let mut diagnostic = Diagnostic::error(
                "profile/unknown-environment",
                format!("this profile has no environment `{environment}`"),
            )
            .at(
                &self.file,
                self.tree.key_span_of(&Route::of(["environments"])),
            );
            diagnostic.help = suggestion(environment, names.iter().map(String::as_str), "it has");
            return Err(vec![diagnostic]);
        }
        let route = Route::of(["environments"]).key(environment);
        let overlay = self
            .tree
            .get("environments")
            .and_then(|environments| environments.get(environment));
        let mut problems = Vec::new();
        if let Some(environments) = self.tree.get("environments")
            && !matches!(environments.value, Value::Mapping(_) | Value::Null)
        {
            problems.push(
                Problem::value(
                    "profile/wrong-type",
                    Route::of(["environments"]),
                    format!(
                        "`environments` is {}, expected a mapping",
                        environments.kind()
                    ),
                )
                .help("write `environments: {production: {…}}`: names, and what differs there"),
            );
        }
        let tree = match overlay {
            None => self.tree.clone(),
            Some(overlay) => {
                match &overlay.value {
                    Value::Mapping(_) | Value::Null => {}
                    _ => problems.push(Problem::value(
                        "profile/wrong-type",
                        route.clone(),
                        format!(
                            "an environment is a mapping, and `{environment}` is {}",
                            overlay.kind()
                        ),
                    )),
                }
                for key in ["name", "environments"] {
                    if overlay.get(key).is_some() {
                        problems.push(
                            Problem::key(
                                "profile/fixed-key",
                                route.key(key),
                                format!("an environment cannot change `{key}`"),
                            )
                            .help("it is the same in all environments; remove it here"),
                        );
                    }
                }
                if matches!(overlay.value, Value::Mapping(_)) {
                    merge_patch(&self.tree, overlay)
                } else {
                    self.tree.clone()
                }
            }
        };
        if !problems.is_empty() {
            return Err(diagnostics(&self.file, &self.tree, problems));
        }
        let mut json = tree.to_json();
        // The overlays have been applied or are another environment's.
        if let Some(top) = json.as_object_mut() {
            top.shift_remove("environments");
        }
        let mut problems = schema::check(&tree, &json);
        problems.extend(names_of(&tree, environment));
        if let Some(overlay) = overlay {
            for problem in &mut problems {
                blame_overlay(problem, &self.tree, overlay, environment);
            }
        }
        if !problems.is_empty() {
            return Err(diagnostics(&self.file, &tree, problems));
        }
        // To know the place of an error as well takes twice as long, and hardly ever is there one.
        match Profile::deserialize(&json).or_else(|_| serde_path_to_error::deserialize(&json)) {
            Ok(profile) => Ok(EnvironmentProfile {
                environment: environment.into(),
                profile: Arc::new(profile),
                file: Arc::clone(&self.file),
                tree,
            }),
            Err(error) => {
                let route = route_of(error.path());
                let problem = Problem::value(
                    "profile/wrong-value",
                    route.clone(),
                    format!("`{route}`: {}", error.inner()),
                );
                Err(diagnostics(&self.file, &tree, vec![problem]))
            }
        }
    }
}

impl EnvironmentProfile {
    /// The text that it was read from.
    pub fn file(&self) -> &Arc<SourceFile> {
        &self.file
    }

    /// Problems of its content as diagnostics with places.
    pub fn diagnostics(&self, problems: Vec<Problem>) -> Vec<Diagnostic> {
        diagnostics(&self.file, &self.tree, problems)
    }
}

/// A key that is missing because the overlay removes it is shown there.
fn blame_overlay(problem: &mut Problem, base: &Node, overlay: &Node, environment: &str) {
    if problem.id != "profile/missing-key" {
        return;
    }
    let Some(there) = overlay.find(&problem.route) else {
        return;
    };
    let removed = there.entries().iter().find(|entry| {
        entry.value.value == Value::Null
            && problem.message.ends_with(&format!("`{}`", entry.key.text))
    });
    let Some(removed) = removed else { return };
    let route = problem.route.key(&*removed.key.text);
    if base.find(&route).is_none() {
        return;
    }
    problem.message = format!("`{environment}` removes `{route}`, which is required");
    problem.help = Some("give it another value, or remove this line".into());
    problem.route = Route::of(["environments", environment]);
    for step in route.steps() {
        problem.route = match step {
            Step::Key(key) => problem.route.key(key.clone()),
            Step::Index(index) => problem.route.index(*index),
        };
    }
}

/// In the order of the text.
fn diagnostics(file: &Arc<SourceFile>, tree: &Node, problems: Vec<Problem>) -> Vec<Diagnostic> {
    let mut diagnostics: Vec<Diagnostic> = problems
        .into_iter()
        .map(|problem| {
            let span = match (problem.within, tree.find(&problem.route)) {
                (Some(within), Some(node)) => written_span(file.text(), node, within),
                _ if problem.at_key => tree.key_span_of(&problem.route),
                _ => tree.span_of(&problem.route),
            };
            let mut diagnostic = Diagnostic::error(problem.id, problem.message).at(file, span);
            diagnostic.level = problem.level;
            diagnostic.help = problem.help;
            diagnostic
        })
        .collect();
    diagnostics.sort_by_key(|diagnostic| {
        let location = diagnostic.location.as_ref();
        location.map(|location| location.span.start())
    });
    diagnostics
}

fn route_of(path: &serde_path_to_error::Path) -> Route {
    path.iter()
        .fold(Route::root(), |route, segment| match segment {
            serde_path_to_error::Segment::Map { key } => route.key(key.clone()),
            serde_path_to_error::Segment::Seq { index } => route.index(*index),
            serde_path_to_error::Segment::Enum { .. } | serde_path_to_error::Segment::Unknown => {
                route
            }
        })
}

/// Blocks whose keys are names that end up in paths, labels, service names and URLs.
const NAMED: [&str; 8] = [
    "targets",
    "remote_write",
    "exporters",
    "applications",
    "probes",
    "dashboards",
    "runbooks",
    "environments",
];

/// Names that cannot be what they have to become.
fn names_of(tree: &Node, environment: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    let blocks = NAMED.iter().map(|block| Route::of([*block])).chain([
        Route::of(["notifications", "channels"]),
        Route::of(["notifications", "routes"]),
    ]);
    let blocks = blocks.filter_map(|block| Some((tree.find(&block)?, block)));
    let targets = tree.find(&Route::of(["targets"]));
    // Target by target, because looking each of thousands up by its name takes the square of their number.
    let consumers = targets
        .iter()
        .flat_map(|targets| targets.entries())
        .filter_map(|entry| {
            let block = Route::of(["targets", &*entry.key.text, "consumers"]);
            Some((entry.value.get("consumers")?, block))
        });
    for (node, block) in blocks.chain(consumers) {
        let mut normalised = std::collections::BTreeMap::new();
        for entry in node.entries() {
            let name = &*entry.key.text;
            let route = block.key(name);
            if !is_name(name) {
                problems.push(
                    Problem::key(
                        "profile/bad-name",
                        route,
                        format!("`{}` cannot be a name here", shown(name)),
                    )
                    .help("use lower-case letters, digits, `-` and `_`, at most 63 of them, beginning with a letter or digit"),
                );
                continue;
            }
            let folded = name.replace('_', "-");
            if let Some(other) = normalised.insert(folded, name.to_owned()) {
                problems.push(
                    Problem::key(
                        "profile/colliding-names",
                        route,
                        format!(
                            "`{name}` and `{other}` become the same name where only `-` is allowed"
                        ),
                    )
                    .help("rename one of them"),
                );
            }
        }
    }
    if !is_name(environment) {
        problems.push(Problem::key(
            "profile/bad-name",
            Route::of(["environments"]).key(environment),
            format!("`{}` cannot be a name here", shown(environment)),
        ));
    }
    problems
}

fn is_name(name: &str) -> bool {
    name.len() <= 63
        && name.starts_with(|first: char| first.is_ascii_lowercase() || first.is_ascii_digit())
        && name.chars().all(|char| {
            char.is_ascii_lowercase() || char.is_ascii_digit() || matches!(char, '-' | '_')
        })
}

/// A name for a message: without what would break the line, and not endless.
fn shown(name: &str) -> String {
    let short: String = name.chars().take(40).flat_map(char::escape_debug).collect();
    if name.chars().count() > 40 {
        format!("{short}…")
    } else {
        short
    }
}
