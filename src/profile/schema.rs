//! The profile's JSON Schema, and what it says of a document in the reader's words.

use std::sync::LazyLock;

use jsonschema::Validator;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use serde_json::Value as Json;

use super::address::ADDRESS_PATTERN;
use super::{Address, Profile, overlay};
use crate::catalogue::nearest;
use crate::diagnostic::Level;
use crate::document::{Node, Route, Step};
use crate::source::Span;

/// Something wrong at a place of a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// `profile/defect`.
    pub id: &'static str,
    /// Where in the profile, with the environment's overlay applied.
    pub route: Route,
    /// An error stops the render; a warning has a sensible reading that is rendered.
    pub level: Level,
    /// Point at the key instead of the value.
    pub at_key: bool,
    /// Point at these bytes of the value's text instead of all of it.
    pub within: Option<Span>,
    /// What is wrong, in one line.
    pub message: String,
    /// How to mend it.
    pub help: Option<String>,
}

impl Problem {
    /// A problem with the value at `route`.
    pub fn value(id: &'static str, route: Route, message: impl Into<String>) -> Self {
        Self {
            id,
            route,
            level: Level::Error,
            at_key: false,
            within: None,
            message: message.into(),
            help: None,
        }
    }

    /// A problem with the key that ends `route`.
    pub fn key(id: &'static str, route: Route, message: impl Into<String>) -> Self {
        Self {
            at_key: true,
            ..Self::value(id, route, message)
        }
    }

    /// The same, about a part of the value's text.
    pub fn within(mut self, span: Span) -> Self {
        self.within = Some(span);
        self
    }

    /// The same, as something that is rendered in spite of it.
    pub fn warning(mut self) -> Self {
        self.level = Level::Warning;
        self
    }

    /// Whether it stops the render.
    pub fn is_error(&self) -> bool {
        self.level == Level::Error
    }

    /// The same, with advice in the imperative.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// `did you mean …?` for a name that is not one of `known`; else all of them, if they are few.
pub fn suggestion<'a>(
    name: &str,
    known: impl IntoIterator<Item = &'a str>,
    what: &str,
) -> Option<String> {
    let known: Vec<&str> = known.into_iter().collect();
    match nearest(name, known.iter().copied()) {
        Some(candidate) => Some(format!("did you mean `{candidate}`?")),
        None if known.is_empty() => None,
        None if known.len() <= 24 => Some(format!("{what}: {}", known.join(", "))),
        None => None,
    }
}

static SCHEMA: LazyLock<Json> = LazyLock::new(|| {
    let mut schema = schemars::schema_for!(Profile).to_value();
    schema["$id"] = "urn:stackwright:profile".into();
    schema
});

static VALIDATOR: LazyLock<Validator> = LazyLock::new(|| {
    jsonschema::validator_for(&SCHEMA).expect("internal error: the profile's schema is valid")
});

/// The JSON Schema of a profile, draft 2020-12. It knows what an overlay looks like, for the sake of editors; a
/// render checks what the overlay makes of the profile instead.
pub fn json_schema() -> &'static Json {
    static WITH_OVERLAYS: LazyLock<Json> = LazyLock::new(|| overlay::with_overlays(&SCHEMA));
    &WITH_OVERLAYS
}

/// Says whether a profile is of its shape, by code that is made from [`json_schema`] as it is published, when this program is built:
/// compiling a schema takes longer than everything else that a render does with a profile.
#[jsonschema::validator(
    path = "docs/reference/profile.schema.json",
    methods = { is_valid = true, validate = false, iter_errors = false }
)]
struct Published;

/// Everything in `tree` that is not of the profile's shape.
pub(super) fn check(tree: &Node, json: &Json) -> Vec<Problem> {
    // Whether it is of the shape is cheaper to say than why it is not.
    if Published::is_valid(json) {
        return Vec::new();
    }
    let mut problems = Vec::new();
    for error in VALIDATOR.iter_errors(json) {
        let route = Route::from_json_pointer(error.instance_path().as_str());
        let route = tree_route(tree, &route);
        explain(tree, &route, error.kind(), &mut problems);
    }
    problems
}

/// A JSON Pointer cannot tell the key `2` from the index 2; the tree can.
fn tree_route(tree: &Node, route: &Route) -> Route {
    let mut node = Some(tree);
    let mut fixed = Route::root();
    for step in route.steps() {
        let step = match (step, node) {
            (Step::Index(index), Some(parent)) if !parent.entries().is_empty() => {
                Step::Key(index.to_string())
            }
            _ => step.clone(),
        };
        fixed = match &step {
            Step::Key(key) => fixed.key(key.clone()),
            Step::Index(index) => fixed.index(*index),
        };
        node = tree.find(&fixed);
    }
    fixed
}

fn explain(tree: &Node, route: &Route, kind: &ValidationErrorKind, problems: &mut Vec<Problem>) {
    let name = route.to_string();
    let found = tree.find(route);
    let what = |name: &str| {
        if name.is_empty() {
            "the profile".to_owned()
        } else {
            format!("`{name}`")
        }
    };
    match kind {
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            let known = properties_at(route, found);
            for key in unexpected {
                let problem = Problem::key(
                    "profile/unknown-key",
                    route.key(key.clone()),
                    if name.is_empty() {
                        format!("a profile has no key `{key}`")
                    } else {
                        format!("`{name}` has no key `{key}`")
                    },
                );
                problems.push(with_help(
                    problem,
                    suggestion(key, known.iter().map(String::as_str), "known keys"),
                ));
            }
        }
        ValidationErrorKind::Required { property } => {
            let property = property.as_str().unwrap_or_default();
            problems.push(
                Problem::key(
                    "profile/missing-key",
                    route.clone(),
                    format!("{} lacks the key `{property}`", what(&name)),
                )
                .help(format!("add `{property}: …`")),
            );
        }
        ValidationErrorKind::OneOfNotValid { .. } if is_channel(route) => {
            explain_channel(tree, route, found, problems);
        }
        ValidationErrorKind::OneOfNotValid { context } | ValidationErrorKind::AnyOf { context } => {
            let plain = context
                .iter()
                .flatten()
                .find_map(|error| match error.kind() {
                    ValidationErrorKind::Enum { options } => Some(options.clone()),
                    _ => None,
                });
            if let Some(options) = plain {
                let kind = ValidationErrorKind::Enum { options };
                explain(tree, route, &kind, problems);
                return;
            }
            problems.push(mismatch(route, found));
        }
        ValidationErrorKind::Enum { options } => {
            let options: Vec<&str> = options
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Json::as_str)
                .collect();
            let written = found.and_then(Node::as_str).unwrap_or_default();
            let problem = Problem::value(
                "profile/unknown-value",
                route.clone(),
                format!("`{name}` cannot be `{written}`"),
            );
            problems.push(with_help(
                problem,
                suggestion(written, options.iter().copied(), "expected one of"),
            ));
        }
        ValidationErrorKind::Minimum { limit } | ValidationErrorKind::Maximum { limit } => {
            let bound = if matches!(kind, ValidationErrorKind::Minimum { .. }) {
                "below"
            } else {
                "above"
            };
            problems.push(Problem::value(
                "profile/out-of-range",
                route.clone(),
                format!("`{name}` is {bound} {limit}"),
            ));
        }
        ValidationErrorKind::Type { kind } => {
            let types = match kind {
                TypeKind::Single(one) => one.to_string(),
                TypeKind::Multiple(many) => many
                    .iter()
                    .map(|one| one.to_string())
                    .collect::<Vec<_>>()
                    .join(" or "),
            };
            if schema_at(route, tree).and_then(description).is_some() && types == "object" {
                problems.push(mismatch(route, found));
                return;
            }
            let expected = types
                .replace("object", "mapping")
                .replace("array", "list")
                .replace(" or null", "");
            problems.push(Problem::value(
                "profile/wrong-type",
                route.clone(),
                format!(
                    "{} is {}, expected a {expected}",
                    what(&name),
                    found.map_or("something else", Node::kind)
                ),
            ));
        }
        _ => problems.push(mismatch(route, found)),
    }
}

fn with_help(problem: Problem, help: Option<String>) -> Problem {
    Problem { help, ..problem }
}

/// What was expected, from the schema's own description. The value is not repeated: it may be a
/// secret in the wrong place.
fn mismatch(route: &Route, found: Option<&Node>) -> Problem {
    let kind = found.map_or("something else", Node::kind);
    let schema = schema_for(route, found);
    let expected = schema.and_then(description).unwrap_or_default();
    let is_secret = schema.is_some_and(|schema| {
        schema["properties"]["env"].is_object() && schema["properties"]["file"].is_object()
    });
    let last = match route.steps().last() {
        Some(Step::Key(key)) => key.clone(),
        _ => "value".into(),
    };
    if is_secret
        && !matches!(
            found.map(|node| &node.value),
            Some(crate::document::Value::Mapping(_))
        )
    {
        return Problem::value(
            "profile/literal-secret",
            route.clone(),
            format!("`{route}` is {kind}, expected a reference to a secret"),
        )
        .help(format!(
            "write `{last}: {{env: {}}}` or `{last}: {{file: secrets/{}}}`, and keep the secret out of the profile",
            last.to_ascii_uppercase().replace('-', "_"),
            last.replace('_', "-"),
        ));
    }
    let is_address = schema.is_some_and(|schema| schema["pattern"] == ADDRESS_PATTERN);
    if is_address && let Some(Err(error)) = found.and_then(Node::as_str).map(str::parse::<Address>)
    {
        let problem = Problem::value("profile/bad-address", route.clone(), error.to_string());
        return problem.help("write `redis://host:port`, or `rediss://host:port` for TLS");
    }
    if let Some(schema) = schema {
        let is_mapping = matches!(
            found.map(|node| &node.value),
            Some(crate::document::Value::Mapping(_))
        );
        if schema["type"] == "object" && !is_mapping {
            return Problem::value(
                "profile/wrong-type",
                route.clone(),
                format!("`{route}` is {kind}, expected a mapping"),
            );
        }
        let options = constants(schema);
        if !options.is_empty()
            && let Some(written) = found.and_then(Node::as_str)
        {
            let problem = Problem::value(
                "profile/unknown-value",
                route.clone(),
                format!("`{route}` cannot be `{written}`"),
            );
            return with_help(problem, suggestion(written, options, "expected one of"));
        }
    }
    let problem = Problem::value(
        "profile/wrong-value",
        route.clone(),
        format!("`{route}` is {kind} that does not fit here"),
    );
    if route.steps() == [Step::Key("name".into())] {
        return problem.help(
            "use lower-case letters, digits and `-`, at most 40 of them, beginning and ending with a letter or digit",
        );
    }
    if expected.is_empty() {
        problem
    } else {
        problem.help(format!("expected: {}", in_a_sentence(expected)))
    }
}

/// A description as the end of a sentence.
fn in_a_sentence(description: &str) -> String {
    let mut chars = description.trim_end_matches('.').chars();
    chars
        .next()
        .map(|first| first.to_lowercase().chain(chars).collect())
        .unwrap_or_default()
}

/// The words that a schema allows, where it allows words only.
fn constants(schema: &Json) -> Vec<&str> {
    schema
        .get("oneOf")
        .and_then(Json::as_array)
        .into_iter()
        .flatten()
        .filter_map(|branch| branch.get("const").and_then(Json::as_str))
        .collect()
}

fn description(schema: &Json) -> Option<&str> {
    schema.get("description").and_then(Json::as_str)
}

fn is_channel(route: &Route) -> bool {
    matches!(
        route.steps(),
        [Step::Key(first), Step::Key(second), Step::Key(_)]
            if first == "notifications" && second == "channels"
    )
}

/// A channel's keys depend on its `kind`: compare with that kind's branch only.
fn explain_channel(tree: &Node, route: &Route, found: Option<&Node>, problems: &mut Vec<Problem>) {
    let branches = SCHEMA["$defs"]["Channel"]["oneOf"].as_array();
    let kind_of = |branch: &Json| {
        branch["properties"]["kind"]["const"]
            .as_str()
            .map(str::to_owned)
    };
    let kinds: Vec<String> = branches.into_iter().flatten().filter_map(kind_of).collect();
    let Some(node) = found else { return };
    let Some(kind) = node.get("kind").and_then(|kind| kind.as_str()) else {
        problems.push(
            Problem::key(
                "profile/missing-key",
                route.clone(),
                format!("`{route}` lacks the key `kind`"),
            )
            .help(format!("expected one of: {}", kinds.join(", "))),
        );
        return;
    };
    let Some(branch) = branches
        .into_iter()
        .flatten()
        .find(|branch| kind_of(branch).as_deref() == Some(kind))
    else {
        let problem = Problem::value(
            "profile/unknown-value",
            route.key("kind"),
            format!("`{route}.kind` cannot be `{kind}`"),
        );
        problems.push(with_help(
            problem,
            suggestion(kind, kinds.iter().map(String::as_str), "expected one of"),
        ));
        return;
    };
    let mut alone = branch.clone();
    alone["$defs"] = SCHEMA["$defs"].clone();
    let Ok(validator) = jsonschema::validator_for(&alone) else {
        return;
    };
    for error in validator.iter_errors(&node.to_json()) {
        let inner = Route::from_json_pointer(error.instance_path().as_str());
        let whole = inner
            .steps()
            .iter()
            .fold(route.clone(), |route, step| match step {
                Step::Key(key) => route.key(key.clone()),
                Step::Index(index) => route.index(*index),
            });
        explain(tree, &whole, error.kind(), problems);
    }
}

/// The keys that the schema knows at `route`.
fn properties_at(route: &Route, found: Option<&Node>) -> Vec<String> {
    schema_for(route, found)
        .and_then(|schema| schema.get("properties"))
        .and_then(Json::as_object)
        .map(|properties| properties.keys().cloned().collect())
        .unwrap_or_default()
}

fn schema_at(route: &Route, tree: &Node) -> Option<&'static Json> {
    schema_for(route, tree.find(route))
}

/// The sub-schema that describes what stands at `route`; of alternatives the one that fits `found`.
fn schema_for(route: &Route, found: Option<&Node>) -> Option<&'static Json> {
    let mut schema: &'static Json = &SCHEMA;
    for step in route.steps() {
        schema = match step {
            Step::Key(key) => schema
                .get("properties")
                .and_then(|properties| properties.get(key))
                .or_else(|| {
                    // Which kind of channel it is does not matter: a key means the same in all of them.
                    let branches = schema.get("oneOf").and_then(Json::as_array);
                    let mut branches = branches.into_iter().flatten();
                    branches.find_map(|branch| branch["properties"].get(key))
                })
                .or_else(|| {
                    schema
                        .get("additionalProperties")
                        .filter(|inner| inner.is_object())
                })?,
            Step::Index(_) => schema.get("items")?,
        };
        schema = resolve(schema, None);
    }
    Some(resolve(schema, found))
}

fn resolve(mut schema: &'static Json, found: Option<&Node>) -> &'static Json {
    // References do not nest deeper than the schema is large.
    for _ in 0..16 {
        if let Some(reference) = schema.get("$ref").and_then(Json::as_str) {
            match SCHEMA.pointer(reference.trim_start_matches('#')) {
                Some(target) => schema = target,
                None => return schema,
            }
            continue;
        }
        let optional = schema
            .get("anyOf")
            .and_then(Json::as_array)
            .filter(|branches| {
                branches.len() == 2 && branches.iter().any(|branch| branch["type"] == "null")
            });
        if let Some(branches) = optional
            && let Some(branch) = branches.iter().find(|branch| branch["type"] != "null")
        {
            schema = branch;
            continue;
        }
        if let (Some(branches), Some(kind)) = (
            schema.get("oneOf").and_then(Json::as_array),
            found
                .and_then(|node| node.get("kind"))
                .and_then(|kind| kind.as_str()),
        ) && let Some(branch) = branches
            .iter()
            .find(|branch| branch["properties"]["kind"]["const"] == kind)
        {
            schema = branch;
            continue;
        }
        break;
    }
    schema
}
