//! Environment variables of the Compose file, and `.env.example`, which lists them for whoever deploys.

use std::collections::BTreeMap;

use super::NAME;
use crate::bundle::Kind;
use crate::check::embedded::compose::ComposeFile;
use crate::check::embedded::inspection::Inspection;
use crate::diagnostic::Diagnostic;
use crate::document::Node;
use crate::source::Span;

pub(super) fn check(inspection: &Inspection<'_>, compose: &ComposeFile<'_>) -> Vec<Diagnostic> {
    let used = used(compose);
    let example = inspection
        .texts()
        .find(|text| text.kind() == Kind::EnvExample);
    let Some(example) = example else {
        let Some((name, span)) = used.first_key_value() else {
            return Vec::new();
        };
        let message = format!(
            "`{name}` is taken from the environment, but there is no `.env.example` that says so"
        );
        return vec![compose.document.error(NAME, *span, message)];
    };
    let listed = listed(&example.artifact.text);
    let mut findings = Vec::new();
    for (name, span) in &used {
        if !listed.contains_key(name) {
            let message = format!(
                "`{name}` is taken from the environment, but `.env.example` does not list it"
            );
            findings.push(
                compose
                    .document
                    .error(NAME, *span, message)
                    .help(format!("add `{name}=` with a comment to `.env.example`")),
            );
        }
    }
    for (name, (span, is_active)) in listed {
        // Compose reads variables of its own.
        if is_active && !used.contains_key(name) && !name.starts_with("COMPOSE_") {
            let message = format!("nothing in the Compose file uses `{name}`");
            findings.push(example.error(NAME, span, message).help("remove it"));
        }
    }
    findings
}

/// Every variable that Compose takes from the environment, and the first place that does.
fn used<'c>(compose: &ComposeFile<'c>) -> BTreeMap<&'c str, Span> {
    let mut used = BTreeMap::new();
    let mut note = |name: &'c str, span: Span| {
        used.entry(name)
            .and_modify(|first: &mut Span| *first = (*first).min(span))
            .or_insert(span);
    };
    let tree: &'c Node = &compose.document.tree;
    walk(tree, &mut |text, span| {
        for name in references(text) {
            note(name, span);
        }
    });
    for (_, secret) in compose.entries("secrets") {
        if let Some(name) = secret.get("environment")
            && let Some(text) = name.as_str()
        {
            note(text, name.span);
        }
    }
    for service in compose.services.values() {
        for variable in &service.environment {
            if variable.value.is_none() {
                note(variable.name, variable.span);
            }
        }
    }
    used
}

fn walk<'n>(node: &'n Node, visit: &mut impl FnMut(&'n str, Span)) {
    if let Some(text) = node.as_str() {
        visit(text, node.span);
    }
    for item in node.items() {
        walk(item, visit);
    }
    for entry in node.entries() {
        walk(&entry.value, visit);
    }
}

/// Names in `$NAME`, `${NAME}`, `${NAME:-…}`; `$$` is a dollar sign.
fn references(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('$') {
        if let Some(escaped) = after.strip_prefix('$') {
            rest = escaped;
            continue;
        }
        let body = after.strip_prefix('{').unwrap_or(after);
        let end = body
            .find(|char: char| !char.is_ascii_alphanumeric() && char != '_')
            .unwrap_or(body.len());
        let (name, tail) = body.split_at(end);
        if name.starts_with(|first: char| !first.is_ascii_digit()) {
            names.push(name);
        }
        // Defaults may hold further references.
        rest = tail;
    }
    names
}

/// Names of `NAME=value` lines, and whether the line counts or is a comment that shows a possibility.
fn listed(text: &str) -> BTreeMap<&str, (Span, bool)> {
    let mut names = BTreeMap::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let (body, is_active) = match line.trim().strip_prefix('#') {
            Some(comment) => (comment.trim(), false),
            None => (line.trim(), true),
        };
        let body = body.strip_prefix("export ").unwrap_or(body);
        if let Some((name, _)) = body.split_once('=')
            && !name.is_empty()
            && name
                .chars()
                .all(|char| char.is_ascii_alphanumeric() || char == '_')
        {
            let at = start + line.find(name).unwrap_or(0);
            let entry = names
                .entry(name)
                .or_insert((Span::new(at, at + name.len()), is_active));
            entry.1 |= is_active;
        }
        start += line.len();
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::embedded::samples::findings;

    #[test]
    fn references_are_found_in_every_form() {
        assert_eq!(
            references("$A ${B} ${C:?say ${D}} $$E ${F:-${G-x}} $1 $"),
            ["A", "B", "C", "D", "F", "G"]
        );
    }

    #[test]
    fn both_files_must_name_the_same_variables() {
        let compose = "services:
  a:
    image: x
    environment: {A: '${A:?}', B: , C: $$D}
secrets: {s: {environment: E}}
";
        let right = "# The A.\nA=\nB=1\n# E=optional\nCOMPOSE_PROFILES=x\n";
        let found = |example: &str| {
            findings(
                "bundle/references",
                &[("compose.yaml", compose), (".env.example", example)],
            )
        };
        assert_eq!(found(right), [""; 0]);
        assert_eq!(
            found("# The A.\nAA=\nB=1\nD=\nE=\n"),
            [
                "compose.yaml:4:22: `A` is taken from the environment, but `.env.example` does not list it · help: add `A=` \
                 with a comment to `.env.example`",
                ".env.example:2:1: nothing in the Compose file uses `AA` · help: remove it",
                ".env.example:4:1: nothing in the Compose file uses `D` · help: remove it",
            ]
        );
        assert_eq!(
            findings("bundle/references", &[("compose.yaml", compose)]),
            [
                "compose.yaml:4:22: `A` is taken from the environment, but there is no `.env.example` that says so"
            ]
        );
    }
}
