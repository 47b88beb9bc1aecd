use serde_json::{Value, json};

use super::{Report, sentence};
use crate::diagnostic::{Diagnostic, Edit, Fix, Level, Location};
use crate::lint::{Lint, fingerprints, lint, page};
use crate::source::Position;

/// Where the format is defined.
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

impl Report<'_> {
    /// SARIF 2.1.0, as code scanning services read it.
    pub fn sarif(&self) -> String {
        let mut rules: Vec<&str> = self
            .findings
            .iter()
            .map(|finding| finding.id.as_str())
            .collect();
        rules.sort_unstable();
        rules.dedup();
        let results: Vec<Value> = self
            .findings
            .iter()
            .zip(fingerprints(self.findings))
            .map(|(finding, fingerprint)| result(finding, &fingerprint, &rules))
            .collect();
        let notifications: Vec<Value> = self
            .skipped
            .iter()
            .map(|(path, why)| {
                json!({
                    "level": "note",
                    "message": {"text": format!("skipped {path}: {why}")},
                    "locations": [{"physicalLocation": {"artifactLocation": artifact(path)}}],
                })
            })
            .collect();
        let log = json!({
            "$schema": SCHEMA,
            "version": "2.1.0",
            "runs": [{
                "tool": {
                    "driver": {
                        "name": "stackwright",
                        "semanticVersion": env!("CARGO_PKG_VERSION"),
                        "rules": rules.iter().map(|id| rule(id)).collect::<Vec<_>>(),
                    },
                },
                "columnKind": "unicodeCodePoints",
                "invocations": [{
                    "executionSuccessful": true,
                    "toolExecutionNotifications": notifications,
                }],
                "results": results,
            }],
        });
        format!("{log:#}\n")
    }
}

const fn level(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Info => "note",
    }
}

/// What a lint is, from its page.
fn rule(id: &str) -> Value {
    let Some((lint, page)) = lint(id).and_then(|lint| Some((lint, page(id)?))) else {
        return json!({"id": id});
    };
    let section = |title| page.section(title).unwrap_or_default().trim();
    let text = format!(
        "{}\n\n{}\n\nFix safety: {}",
        section("What it does"),
        section("Why it matters"),
        section("Fix safety")
    );
    let mut rule = json!({
        "id": id,
        "name": name(lint),
        "shortDescription": {"text": lint.summary},
        "fullDescription": {"text": section("What it does")},
        "help": {"text": text, "markdown": page.text},
        "defaultConfiguration": {"level": level(lint.level)},
        "properties": {
            "tags": [lint.area(), "monitoring"],
            "problem.severity": match lint.level {
                Level::Error => "error",
                Level::Warning => "warning",
                Level::Info => "recommendation",
            },
        },
    });
    if let Some(link) = first_link(section("References")) {
        rule["helpUri"] = link.into();
    }
    rule
}

/// `promql/unknown-metric` is called `PromqlUnknownMetric`, as SARIF wants names.
fn name(lint: &Lint) -> String {
    let capitalized = |word: &str| {
        let mut chars = word.chars();
        let first = chars.next().map(|first| first.to_ascii_uppercase());
        first.into_iter().chain(chars).collect::<String>()
    };
    lint.id.split(['/', '-']).map(capitalized).collect()
}

fn first_link(text: &str) -> Option<&str> {
    let start = text.find("https://")?;
    let rest = &text[start..];
    let end = rest.find(|char: char| char.is_whitespace() || matches!(char, ')' | '>' | '<' | '"'));
    Some(&rest[..end.unwrap_or(rest.len())])
}

fn result(finding: &Diagnostic, fingerprint: &str, rules: &[&str]) -> Value {
    let related: Vec<Value> = finding
        .related
        .iter()
        .enumerate()
        .map(|(index, related)| {
            let mut place = place(&related.location);
            place["id"] = index.into();
            place["message"] = json!({"text": related.note});
            place
        })
        .collect();
    let mut result = json!({
        "ruleId": finding.id,
        "ruleIndex": rules.binary_search(&finding.id.as_str()).unwrap_or_default(),
        "level": level(finding.level),
        "message": {"text": sentence(finding)},
        "locations": finding.location.iter().map(place).collect::<Vec<_>>(),
        // The first name is the one by which GitHub recognises a finding.
        "partialFingerprints": {
            "primaryLocationLineHash": fingerprint,
            "stackwright/v1": fingerprint,
        },
    });
    if !related.is_empty() {
        result["relatedLocations"] = related.into();
    }
    // A fix that also makes a file cannot be told, and half of it is none.
    let fix = finding.fix.as_ref();
    if let Some(fix) = fix.filter(|fix| !fix.edits.is_empty() && fix.creates.is_empty()) {
        result["fixes"] = json!([self::fix(fix)]);
    }
    result
}

fn place(location: &Location) -> Value {
    json!({
        "physicalLocation": {
            "artifactLocation": artifact(&location.file.path().to_string_lossy()),
            "region": region(location),
        },
    })
}

fn region(location: &Location) -> Value {
    let Position { line, column } = location.file.position(location.span.start());
    let end = location.file.position(location.span.end());
    json!({
        "startLine": line,
        "startColumn": column,
        "endLine": end.line,
        "endColumn": end.column,
        "byteOffset": location.span.start(),
        "byteLength": location.span.len(),
    })
}

/// A file: relative to the root of what is scanned, which is where the program was run.
fn artifact(path: &str) -> Value {
    let path = path.replace('\\', "/");
    let is_below = !path.starts_with('/') && !path.starts_with("../");
    match is_below {
        true => json!({"uri": encoded(&path), "uriBaseId": "%SRCROOT%"}),
        false if path.starts_with('/') => json!({"uri": format!("file://{}", encoded(&path))}),
        false => json!({"uri": encoded(&path)}),
    }
}

/// A path as part of a URI.
fn encoded(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' => {
                uri.push(char::from(byte));
            }
            byte => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

/// A fix, one change for each file.
fn fix(fix: &Fix) -> Value {
    let mut changes: indexmap::IndexMap<String, Vec<Value>> = indexmap::IndexMap::new();
    for Edit { location, text } in &fix.edits {
        let path = location.file.path().to_string_lossy().into_owned();
        changes.entry(path).or_default().push(json!({
            "deletedRegion": region(location),
            "insertedContent": {"text": text},
        }));
    }
    let changes: Vec<Value> = changes
        .into_iter()
        .map(|(path, replacements)| {
            json!({"artifactLocation": artifact(&path), "replacements": replacements})
        })
        .collect();
    json!({
        "description": {"text": format!("{} ({})", fix.title, fix.safety.as_str())},
        "artifactChanges": changes,
    })
}
