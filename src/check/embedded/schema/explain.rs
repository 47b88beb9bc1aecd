//! What a schema does not like, in the reader's words.

use std::collections::BTreeSet;

use jsonschema::error::{TypeKind, ValidationError, ValidationErrorKind};
use serde_json::Value as Json;

use super::NAME;
use crate::check::embedded::inspection::Document;
use crate::diagnostic::Diagnostic;
use crate::document::{Node, Route, Step};
use crate::profile::suggestion;
use crate::source::Span;

/// Every error of `schema` about `document`, in the order of the text.
pub(super) fn explain<'e>(
    document: &Document<'_>,
    schema: &Json,
    errors: impl Iterator<Item = ValidationError<'e>>,
) -> Vec<Diagnostic> {
    let mut findings = Findings {
        document,
        schema,
        seen: BTreeSet::new(),
        diagnostics: Vec::new(),
    };
    for error in errors {
        findings.error(&error);
    }
    let place = |diagnostic: &Diagnostic| diagnostic.location.as_ref().map(|at| at.span);
    findings.diagnostics.sort_by_key(place);
    findings.diagnostics
}

struct Findings<'f, 'b> {
    document: &'f Document<'b>,
    schema: &'f Json,
    /// Several branches of a schema may say the same.
    seen: BTreeSet<(Span, String)>,
    diagnostics: Vec<Diagnostic>,
}

impl Findings<'_, '_> {
    fn push(&mut self, span: Span, message: String, help: Option<String>) {
        if self.seen.insert((span, message.clone())) {
            let mut diagnostic = self.document.error(NAME, span, message);
            diagnostic.help = help;
            self.diagnostics.push(diagnostic);
        }
    }

    fn error(&mut self, error: &ValidationError<'_>) {
        let tree = &self.document.tree;
        let route = route(tree, error.instance_path().as_str());
        let found = tree.find(&route);
        let what = if route.steps().is_empty() {
            "this file".to_owned()
        } else {
            format!("`{route}`")
        };
        let value = tree.span_of(&route);
        let key = tree.key_span_of(&route);
        match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected } => {
                let known = self.known_keys(error, found);
                for name in unexpected {
                    let span = tree.key_span_of(&route.key(name.clone()));
                    let help = suggestion(name, known.iter().map(String::as_str), "known keys");
                    self.push(span, format!("{what} has no key `{name}`"), help);
                }
            }
            ValidationErrorKind::Required { property } => {
                let property = property.as_str().unwrap_or_default();
                self.push(key, format!("{what} lacks the key `{property}`"), None);
            }
            ValidationErrorKind::PropertyNames { error: inner } => {
                let name = inner.instance().as_str().unwrap_or_default();
                let span = tree.key_span_of(&route.key(name));
                let expected = self.expectation(inner.schema_path().as_str());
                let message = format!("`{name}` cannot be a key of {what}");
                self.push(span, message, expected.map(expected_words));
            }
            ValidationErrorKind::Type { kind } => {
                let kinds = match kind {
                    TypeKind::Single(one) => one.to_string(),
                    TypeKind::Multiple(many) => {
                        let names: Vec<String> = many.iter().map(|one| one.to_string()).collect();
                        names.join(" or ")
                    }
                };
                let kinds = kinds.replace("object", "mapping").replace("array", "list");
                let message = format!(
                    "{what} is {}, expected {} {kinds}",
                    found.map_or("something else", Node::kind),
                    if kinds.starts_with(['i', 'a', 'o']) {
                        "an"
                    } else {
                        "a"
                    }
                );
                let expected = self.expectation(error.schema_path().as_str());
                self.push(value, message, expected.map(expected_words));
            }
            ValidationErrorKind::Enum { options } => {
                let options: Vec<String> = options
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(plain)
                    .collect();
                let written = plain(error.instance());
                let help = suggestion(
                    &written,
                    options.iter().map(String::as_str),
                    "expected one of",
                );
                self.push(value, format!("{what} cannot be `{written}`"), help);
            }
            ValidationErrorKind::Constant { expected_value } => {
                let message = format!(
                    "{what} is `{}`, expected `{}`",
                    plain(error.instance()),
                    plain(expected_value)
                );
                self.push(value, message, None);
            }
            ValidationErrorKind::OneOfMultipleValid { .. } => {
                let keys = self.choice(error);
                let message = format!("{what} has more than one of {keys}");
                self.push(key, message, Some("keep one of them".into()));
            }
            ValidationErrorKind::OneOfNotValid { context }
            | ValidationErrorKind::AnyOf { context } => self.choices(error, context, &what),
            ValidationErrorKind::MinItems { limit: 1 }
            | ValidationErrorKind::MinProperties { limit: 1 }
            | ValidationErrorKind::MinLength { limit: 1 } => {
                self.push(value, format!("{what} is empty"), None);
            }
            ValidationErrorKind::Pattern { .. } => {
                let expected = self.expectation(error.schema_path().as_str());
                let expected = expected.unwrap_or_else(|| "another form".into());
                let message = format!(
                    "{what} is `{}`, expected {expected}",
                    shown(error.instance())
                );
                self.push(value, message, None);
            }
            ValidationErrorKind::UniqueItems => {
                self.push(value, format!("{what} has the same entry twice"), None);
            }
            ValidationErrorKind::Minimum { limit } | ValidationErrorKind::Maximum { limit } => {
                let bound = match error.kind() {
                    ValidationErrorKind::Minimum { .. } => "below",
                    _ => "above",
                };
                let message = format!("{what} is {}, which is {bound} {limit}", error.instance());
                self.push(value, message, None);
            }
            _ => {
                let expected = self.expectation(error.schema_path().as_str());
                let message = format!("{what} is of the wrong form");
                self.push(value, message, expected.map(expected_words));
            }
        }
    }

    /// An error of `oneOf` or `anyOf`: tells of the branch that the value was meant for.
    fn choices(
        &mut self,
        error: &ValidationError<'_>,
        context: &[Vec<ValidationError<'static>>],
        what: &str,
    ) {
        let is_other_type = |branch: &[ValidationError<'_>]| {
            branch.iter().any(|inner| {
                let is_here = inner.instance_path() == error.instance_path();
                is_here && matches!(inner.kind(), ValidationErrorKind::Type { .. })
            })
        };
        let meant: Vec<&Vec<ValidationError<'_>>> = context
            .iter()
            .filter(|branch| !is_other_type(branch))
            .collect();
        let all_lack_a_key = meant.iter().all(|branch| {
            branch
                .iter()
                .all(|inner| matches!(inner.kind(), ValidationErrorKind::Required { .. }))
        });
        if let [one] = meant.as_slice() {
            for inner in *one {
                self.error(inner);
            }
            return;
        }
        let tree = &self.document.tree;
        let route = route(tree, error.instance_path().as_str());
        if all_lack_a_key && !meant.is_empty() {
            let message = format!("{what} lacks one of {}", self.choice(error));
            return self.push(tree.key_span_of(&route), message, None);
        }
        let kind = tree.find(&route).map_or("something else", Node::kind);
        let expected = self.expectation(error.schema_path().as_str());
        self.push(
            tree.span_of(&route),
            format!("{what} is {kind} of the wrong form"),
            expected.map(expected_words),
        );
    }

    /// The keys of which a `oneOf` wants one: `` `a`, `b` ``.
    fn choice(&self, error: &ValidationError<'_>) -> String {
        let branches = self.schema.pointer(error.schema_path().as_str());
        let keys: Vec<String> = branches
            .and_then(Json::as_array)
            .into_iter()
            .flatten()
            .filter_map(|branch| branch["required"].as_array())
            .flatten()
            .map(|key| format!("`{}`", plain(key)))
            .collect();
        keys.join(", ")
    }

    /// What the schema beside a keyword says that it expects.
    fn expectation(&self, keyword: &str) -> Option<String> {
        let (parent, _) = keyword.rsplit_once('/')?;
        let description = self.schema.pointer(parent)?["description"].as_str()?;
        Some(description.to_owned())
    }

    /// Keys that the schema beside `additionalProperties` knows and the value does not have yet.
    fn known_keys(&self, error: &ValidationError<'_>, found: Option<&Node>) -> Vec<String> {
        let path = error.schema_path().as_str();
        let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
        let properties = self
            .schema
            .pointer(parent)
            .and_then(|schema| schema["properties"].as_object());
        properties
            .into_iter()
            .flat_map(|properties| properties.keys())
            .filter(|key| found.is_none_or(|found| found.get(key).is_none()))
            .cloned()
            .collect()
    }
}

fn expected_words(description: String) -> String {
    format!("expected: {description}")
}

/// A value for a message: in one line, and not endless.
fn shown(json: &Json) -> String {
    const LONGEST: usize = 60;
    let text = plain(json);
    let short: String = text.chars().take(LONGEST).collect();
    let dots = if short.len() < text.len() { "…" } else { "" };
    format!("{}{dots}", short.escape_debug())
}

/// A value as people write it.
fn plain(json: &Json) -> String {
    match json {
        Json::String(text) => text.clone(),
        Json::Array(_) => "a list".into(),
        Json::Object(_) => "a mapping".into(),
        other => other.to_string(),
    }
}

/// A JSON Pointer cannot tell the key `2` from the index 2; the tree can.
fn route(tree: &Node, pointer: &str) -> Route {
    let mut node = Some(tree);
    let mut route = Route::root();
    for step in Route::from_json_pointer(pointer).steps() {
        (route, node) = match step {
            Step::Index(index) if node.is_none_or(|node| node.entries().is_empty()) => {
                let next = node.and_then(|node| node.items().get(*index));
                (route.index(*index), next)
            }
            Step::Index(number) => {
                let key = number.to_string();
                let next = node.and_then(|node| node.get(&key));
                (route.key(key), next)
            }
            Step::Key(key) => {
                let next = node.and_then(|node| node.get(key));
                (route.key(key.clone()), next)
            }
        };
    }
    route
}
