use crate::diagnostic::{Level, Safety};
use crate::document::{Entry, Node};
use crate::facts::Facts;
use crate::lint::{Findings, Lint, Need};
use crate::setup::{Document, Place};
use crate::source::Span;

pub(super) static LINT: Lint = Lint {
    id: "alertmanager/deprecated-match",
    level: Level::Info,
    summary: "matchers in the form before Alertmanager 0.22",
    needs: &[Need::Versions],
    check,
};

/// What holds matchers now, and what held them before: equal ones, and those with regular expressions.
const KEYS: [(&str, [(&str, &str); 2]); 3] = [
    ("matchers", [("match", "="), ("match_re", "=~")]),
    (
        "source_matchers",
        [("source_match", "="), ("source_match_re", "=~")],
    ),
    (
        "target_matchers",
        [("target_match", "="), ("target_match_re", "=~")],
    ),
];

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for alertmanager in &facts.alertmanagers {
        let document = facts.setup.document(alertmanager.document);
        // An older one knows nothing else.
        let is_older_than = |major: u32, minor: u32| {
            alertmanager
                .version
                .is_some_and(|version| (version.major, version.minor) < (major, minor))
        };
        if is_older_than(0, 22) {
            continue;
        }
        let routes = alertmanager.routes.iter().map(|route| &route.node);
        let inhibit = alertmanager.inhibit_rules.iter().map(|rule| &rule.node);
        for node in routes.chain(inhibit) {
            for (new, old) in KEYS {
                let entries: Vec<(&Entry, &str)> = old
                    .iter()
                    .filter_map(|(key, operator)| Some((node.entry(key)?, *operator)))
                    .collect();
                report(document, node, new, &entries, findings);
            }
        }
        if let Some(entry) = document.root.entry("mute_time_intervals")
            && !is_older_than(0, 24)
        {
            let finding = findings
                .report(
                    document.place(entry.key.span),
                    "`mute_time_intervals` is deprecated since Alertmanager 0.24",
                )
                .label("the older form")
                .help("write `time_intervals`; routes go on naming them in `mute_time_intervals`");
            if document.root.entry("time_intervals").is_none() {
                finding.fix(
                    Safety::Safe,
                    "write `time_intervals`",
                    vec![(document.place(entry.key.span), "time_intervals".into())],
                );
            }
        }
    }
}

/// The old entries of a route or an inhibition that belong into the same list.
fn report(
    document: &Document,
    node: &Node,
    new: &str,
    entries: &[(&Entry, &str)],
    findings: &mut Findings<'_>,
) {
    let all: Vec<String> = entries
        .iter()
        .flat_map(|(entry, operator)| written(entry, operator))
        .collect();
    for (entry, operator) in entries {
        let old = &entry.key.text;
        let own = written(entry, operator).join(", ");
        let finding = findings
            .report(
                document.place(entry.key.span),
                format!("`{old}` is deprecated since Alertmanager 0.22"),
            )
            .label("the older form")
            .help(format!("write `{new}: [{own}]`"));
        if node.entry(new).is_none()
            && let Some(edits) = edits(document, new, entries, &all)
        {
            finding.fix(Safety::Safe, format!("write `{new}`"), edits);
        }
    }
}

/// The matchers of an entry as items of a list, quoted for YAML.
fn written(entry: &Entry, operator: &str) -> Vec<String> {
    let matchers = entry.value.entries().iter();
    matchers
        .map(|matcher| {
            let value = matcher
                .value
                .scalar_text()
                .replace('\\', r"\\")
                .replace('"', r#"\""#)
                .replace('\n', r"\n");
            let text = format!("{}{operator}\"{value}\"", matcher.key.text);
            format!("'{}'", text.replace('\'', "''"))
        })
        .collect()
}

/// The list in place of the first entry; the second one goes. `None` where comments or the way it is written forbid it.
fn edits(
    document: &Document,
    new: &str,
    entries: &[(&Entry, &str)],
    matchers: &[String],
) -> Option<Vec<(Place, String)>> {
    let text = document.text.text();
    let mut edits = Vec::new();
    for (index, (entry, _)) in entries.iter().enumerate() {
        let start = entry.key.span.start();
        let value = entry.value.span;
        // Given by an alias, or of no matchers at all.
        if value.start() < start || entry.value.entries().is_empty() {
            return None;
        }
        let span = Span::new(
            start,
            start + text.get(start..value.end())?.trim_end().len(),
        );
        let has_comment = document
            .comments
            .iter()
            .any(|comment| span.start() <= comment.start() && comment.start() < span.end());
        if has_comment {
            return None;
        }
        let line = document.text.line_span(document.text.position(start).line);
        let before = text.get(line.start()..start)?;
        let is_flow = text.get(value.start()..)?.starts_with('{');
        if index > 0 {
            if !before.trim().is_empty() {
                return None;
            }
            let rest = text.get(span.end()..)?;
            let end = rest.find('\n').map_or(text.len(), |at| span.end() + at + 1);
            if !text.get(span.end()..end)?.trim().is_empty() {
                return None;
            }
            edits.push((document.place(Span::new(line.start(), end)), String::new()));
            continue;
        }
        let list = match is_flow {
            true => format!("{new}: [{}]", matchers.join(", ")),
            false => {
                let indentation = " ".repeat(before.chars().count());
                let items: Vec<String> = matchers
                    .iter()
                    .map(|matcher| format!("\n{indentation}  - {matcher}"))
                    .collect();
                format!("{new}:{}", items.concat())
            }
        };
        edits.push((document.place(span), list));
    }
    Some(edits)
}
