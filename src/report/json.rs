use serde_json::{Value, json};

use crate::diagnostic::{Diagnostic, Location};

/// A diagnostic as machines read it. Lines and columns from 1, offsets in bytes from 0.
pub fn diagnostic(diagnostic: &Diagnostic) -> Value {
    let related: Vec<Value> = diagnostic
        .related
        .iter()
        .map(|related| {
            let mut place = location(&related.location);
            place["note"] = related.note.as_str().into();
            place
        })
        .collect();
    json!({
        "lint": diagnostic.id,
        "level": diagnostic.level.as_str(),
        "message": diagnostic.message,
        "location": diagnostic.location.as_ref().map(location),
        "related": related,
        "help": diagnostic.help,
        "fix": diagnostic.fix.as_ref().map(|fix| json!({
            "safety": fix.safety.as_str(),
            "title": fix.title,
        })),
    })
}

/// A place as machines read it.
pub fn location(location: &Location) -> Value {
    let start = location.file.position(location.span.start());
    let end = location.file.position(location.span.end());
    json!({
        "file": location.file.path().to_string_lossy(),
        "line": start.line,
        "column": start.column,
        "end_line": end.line,
        "end_column": end.column,
        "start": location.span.start(),
        "end": location.span.end(),
    })
}
