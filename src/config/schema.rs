//! The JSON Schema of `stackwright.toml`, made of what there is: lints, their options, programs.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::catalogue::Catalogue;
use crate::lint::lints;
use crate::lint::options::OPTIONS;

/// The JSON Schema, draft 2020-12.
pub fn json_schema(catalogue: &Catalogue) -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:stackwright:config",
        "title": "stackwright.toml",
        "description": "What a project wants of `stackwright lint`, and what it says of its setup.",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "select": {
                "description": "The lints that run, by id or area; all unless given. `--select` replaces this and `ignore`.",
                "type": "array",
                "items": names(),
            },
            "ignore": {
                "description": "Lints that do not run, by id or area.",
                "type": "array",
                "items": names(),
            },
            "baseline": {
                "description": "The file of findings that are known, relative to this file; as `--baseline`.",
                "type": "string",
                "minLength": 1,
            },
            "lints": {
                "description": "The level of what a lint, or an area of lints, finds; and the options of the lint.",
                "type": "object",
                "additionalProperties": false,
                "properties": of_lints(),
            },
            "paths": {
                "description": "Files of which not everything is told, by patterns as in `.gitignore`, relative to this file. Of several that match all apply.",
                "type": "object",
                "additionalProperties": {
                    "anyOf": [
                        reported(),
                        {
                            "type": "object",
                            "additionalProperties": false,
                            "properties": {
                                "report": reported(),
                                "ignore": {
                                    "description": "Lints that are not told, by id or area.",
                                    "type": "array",
                                    "items": names(),
                                },
                            },
                        },
                    ],
                },
            },
            "versions": {
                "description": "Versions of what runs, for where no image tells: `prometheus = \"2.53.0\"`.",
                "type": "object",
                "additionalProperties": false,
                "properties": versions(catalogue),
            },
            "catalogue": {
                "description": "What the project's own applications expose.",
                "type": "object",
                "additionalProperties": false,
                "properties": {
                    "files": {
                        "description": "Saved `/metrics` pages, lists with one name on each line, or answers to `/api/v1/label/__name__/values`; relative to this file.",
                        "type": "array",
                        "items": {"type": "string", "minLength": 1},
                    },
                },
            },
            "suppress": {
                "description": "Findings that are not told, for files that have no comments: dashboards, and whatever `files` matches.",
                "type": "array",
                "items": suppression(),
            },
        },
    })
}

/// A lint or an area.
fn names() -> Value {
    let names: BTreeSet<&str> = lints().flat_map(|lint| [lint.id, lint.area()]).collect();
    json!({"type": "string", "enum": names})
}

fn level() -> Value {
    json!({
        "description": "What the lint finds is this bad; what it only assumes stays below. `off`: it does not run.",
        "type": "string",
        "enum": ["error", "warning", "info", "off"],
    })
}

fn reported() -> Value {
    json!({
        "description": "What is told of these files: only errors, warnings and errors, everything, nothing.",
        "type": "string",
        "enum": ["errors", "warnings", "everything", "nothing"],
    })
}

fn of_lints() -> Map<String, Value> {
    let mut all = Map::new();
    for lint in lints() {
        let mut properties = Map::from_iter([("level".to_owned(), level())]);
        let options = OPTIONS.iter().filter(|option| option.lint == lint.id);
        properties.extend(options.map(|option| (option.key.to_owned(), option.schema())));
        let table = json!({
            "type": "object",
            "additionalProperties": false,
            "properties": properties,
        });
        all.entry(lint.area()).or_insert_with(level);
        let setting = json!({"description": lint.summary, "anyOf": [level(), table]});
        all.insert(lint.id.to_owned(), setting);
    }
    all
}

fn versions(catalogue: &Catalogue) -> Map<String, Value> {
    let exporters = catalogue
        .images()
        .iter()
        .filter_map(|image| image.exporter.as_deref());
    let programs: BTreeSet<&str> = exporters
        .chain(["prometheus", "alertmanager", "grafana"])
        .collect();
    let version = json!({"type": "string", "pattern": VERSION});
    programs
        .into_iter()
        .map(|program| (program.to_owned(), version.clone()))
        .collect()
}

/// `2.53.0`, `v3.5`
const VERSION: &str = r"^v?[0-9]{1,9}(\.[0-9]{1,9}){0,2}$";

fn suppression() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["lints"],
        "properties": {
            "lints": {
                "description": "What is not told, by id or area.",
                "type": "array",
                "minItems": 1,
                "items": {"type": "string", "minLength": 1},
            },
            "reason": {"description": "Why, for whoever finds it in a year.", "type": "string"},
            "until": {
                "description": "The last day on which it holds.",
                "type": "string",
                "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
            },
            "dashboard": {
                "description": "The `uid` of a dashboard.",
                "type": "string",
                "minLength": 1,
            },
            "panel": {"description": "The `id` of one of its panels.", "type": "integer"},
            "refId": {
                "description": "The `refId` of one of its queries, or of the panel's.",
                "type": "string",
                "minLength": 1,
            },
            "files": {
                "description": "A pattern as in `.gitignore`, relative to this file, instead of a dashboard.",
                "type": "string",
                "minLength": 1,
            },
        },
    })
}
