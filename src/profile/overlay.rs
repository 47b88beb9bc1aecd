//! The shape of an environment's overlay, made from the shape of a profile: the same keys, none of them required,
//! each of them `null` where it is to be removed.

use serde_json::{Map, Value as Json, json};

/// What the name of a definition gets appended for its use in an overlay.
const SUFFIX: &str = "Overlay";

/// Keys that an overlay cannot change.
const FIXED: [&str; 2] = ["name", "environments"];

/// `schema` with the shape of `environments.*` filled in.
pub(super) fn with_overlays(schema: &Json) -> Json {
    let mut out = schema.clone();
    let mut root = overlay(schema);
    for key in ["$schema", "$id", "$defs", "title", "description"] {
        if let Some(root) = root.as_object_mut() {
            root.shift_remove(key);
        }
    }
    root["description"] = "What is different in this environment.".into();
    for key in FIXED {
        if let Some(properties) = root["properties"].as_object_mut() {
            properties.shift_remove(key);
        }
    }
    let definitions: Vec<(String, Json)> = schema["$defs"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, definition)| (format!("{name}{SUFFIX}"), overlay(definition)))
        .chain([(format!("Profile{SUFFIX}"), root)])
        .collect();
    out["properties"]["environments"]["additionalProperties"] =
        nullable(json!({"$ref": format!("#/$defs/Profile{SUFFIX}")}));
    // Only what an overlay leads to; lists and plain values are replaced as a whole.
    let mut wanted = vec![out["properties"]["environments"].clone()];
    while let Some(part) = wanted.pop() {
        for name in references(&part) {
            if out["$defs"].get(&name).is_some() {
                continue;
            }
            if let Some((_, definition)) = definitions.iter().find(|(known, _)| *known == name) {
                out["$defs"][&name] = definition.clone();
                wanted.push(definition.clone());
            }
        }
    }
    out
}

/// What may be laid over a value of the shape `schema`, other than `null`.
fn overlay(schema: &Json) -> Json {
    let Some(object) = schema.as_object() else {
        return schema.clone();
    };
    let mut out = Map::new();
    let mut branches = Vec::new();
    for (key, value) in object {
        match key.as_str() {
            "$ref" => {
                let name = value.as_str().unwrap_or_default();
                out.insert(key.clone(), format!("{name}{SUFFIX}").into());
            }
            // A patch leaves out what stays, and what is left out has no default.
            "required" | "default" | "minProperties" | "maxProperties" => {}
            "properties" => {
                let properties = value.as_object().into_iter().flatten();
                let properties: Map<String, Json> = properties
                    .map(|(name, inner)| (name.clone(), nullable(overlay(inner))))
                    .collect();
                out.insert(key.clone(), properties.into());
            }
            "additionalProperties" if value.is_object() => {
                out.insert(key.clone(), nullable(overlay(value)));
            }
            "oneOf" | "anyOf" => branches = value.as_array().cloned().unwrap_or_default(),
            _ => {
                out.insert(key.clone(), value.clone());
            }
        }
    }
    if branches.is_empty() {
        return out.into();
    }
    let (mappings, others): (Vec<Json>, Vec<Json>) = branches
        .into_iter()
        .partition(|branch| branch["properties"].is_object());
    let mut alternatives: Vec<Json> = others.iter().map(overlay).collect();
    alternatives.extend(united(&mappings));
    if let [only] = alternatives.as_slice()
        && let Some(only) = only.as_object()
    {
        out.extend(only.clone());
    } else {
        out.insert("anyOf".into(), alternatives.into());
    }
    out.into()
}

/// One mapping with the keys of all: which of them belong together only the whole profile tells.
fn united(mappings: &[Json]) -> Option<Json> {
    let mut properties = Map::new();
    let mut constants: Map<String, Json> = Map::new();
    for (name, schema) in mappings
        .iter()
        .filter_map(|mapping| mapping["properties"].as_object())
        .flatten()
    {
        if let Some(constant) = schema.get("const") {
            let known = constants.entry(name.clone()).or_insert_with(|| json!([]));
            if let Some(known) = known.as_array_mut() {
                known.push(constant.clone());
            }
        }
        properties
            .entry(name.clone())
            .or_insert_with(|| nullable(overlay(schema)));
    }
    for (name, constants) in constants {
        properties[&name] = nullable(json!({"enum": constants}));
    }
    (!mappings.is_empty())
        .then(|| json!({"type": "object", "properties": properties, "additionalProperties": false}))
}

fn nullable(schema: Json) -> Json {
    let takes_null = match &schema["type"] {
        Json::Array(types) => types.iter().any(|one| one == "null"),
        Json::String(one) => one == "null",
        _ => schema["anyOf"]
            .as_array()
            .is_some_and(|branches| branches.iter().any(|branch| branch["type"] == "null")),
    };
    if takes_null || schema == Json::Bool(true) {
        return schema;
    }
    let mut out = Map::new();
    let mut inner = schema;
    // Where an editor looks for it.
    if let Some(description) = inner
        .as_object_mut()
        .and_then(|inner| inner.shift_remove("description"))
    {
        out.insert("description".into(), description);
    }
    out.insert("anyOf".into(), json!([inner, {"type": "null"}]));
    out.into()
}

/// Names of the definitions that `schema` refers to.
fn references(schema: &Json) -> Vec<String> {
    match schema {
        Json::Array(items) => items.iter().flat_map(references).collect(),
        Json::Object(entries) => entries
            .iter()
            .flat_map(|(key, value)| match value.as_str() {
                Some(name) if key == "$ref" => {
                    vec![name.trim_start_matches("#/$defs/").to_owned()]
                }
                _ => references(value),
            })
            .collect(),
        _ => Vec::new(),
    }
}
