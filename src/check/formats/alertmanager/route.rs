//! The routing tree and inhibition rules.

use std::collections::HashMap;

use super::super::block::{Block, head_of};
use super::super::checker::Checker;
use super::super::scalar::{is_legacy_label_name, millis};
use super::super::table::Kind::{Block as Of, Bool, Custom, Duration, List, Map, Sections, Text};
use super::super::table::{TableOf, field};
use super::super::words::nearest;
use super::matcher;
use crate::document::{Entry, Node, Value, written_span};
use crate::promql;
use crate::source::Span;

pub(super) static ROUTE: TableOf = TableOf {
    what: "a route",
    fields: &[&[
        field("receiver", Text),
        field("group_by", List(&Text)),
        field("match", Map(&Text, &Text)),
        field("match_re", Custom(patterns)),
        field("matchers", Custom(matchers)),
        field("mute_time_intervals", List(&Text)),
        field("active_time_intervals", List(&Text)),
        field("continue", Bool),
        field("routes", Sections(&ROUTE, "a route")),
        field("group_wait", Duration),
        field("group_interval", Duration),
        field("repeat_interval", Duration),
    ]],
    rules: &[check_route],
};

pub(super) static INHIBIT_RULE: TableOf = TableOf {
    what: "an inhibition rule",
    fields: &[&[
        field("name", Text).since(0, 30),
        field("source_match", Map(&Text, &Text)),
        field("source_match_re", Custom(patterns)),
        field("source_matchers", Custom(matchers)),
        field("sources", List(&Of(&SOURCE))).since(0, 34),
        field("target_match", Map(&Text, &Text)),
        field("target_match_re", Custom(patterns)),
        field("target_matchers", Custom(matchers)),
        field("equal", List(&Text)),
    ]],
    rules: &[check_inhibition],
};

static SOURCE: TableOf = TableOf {
    what: "a source of an inhibition rule",
    fields: &[&[
        field("matchers", Custom(matchers)),
        field("equal", List(&Text)),
    ]],
    rules: &[check_source],
};

/// Regular expressions by label name. An empty one passes, none at all does not.
fn patterns(checker: &mut Checker<'_>, node: &Node) {
    let entries = match &node.value {
        Value::Null => return,
        Value::Mapping(entries) => entries,
        _ => return checker.wrong_type(node, "a mapping"),
    };
    for entry in entries.iter() {
        label_name(checker, &entry.key.text, entry.key.span);
        match &entry.value.value {
            Value::Null => {
                let span = if entry.value.span.is_empty() {
                    entry.key.span
                } else {
                    entry.value.span
                };
                checker
                    .error(
                        "invalid-regex",
                        span,
                        format!("`{}` has no regular expression", entry.key.text),
                    )
                    .help = Some("give one; `.*` matches everything".into());
            }
            Value::Sequence(_) | Value::Mapping(_) => {
                checker.wrong_type(&entry.value, "a regular expression");
            }
            _ => {
                let text = &entry.value.text;
                if let Err(problem) = promql::check_regex(&format!("^(?:{text})$")) {
                    checker.error(
                        "invalid-regex",
                        entry.value.span,
                        format!("`{text}` is not a regular expression: {problem}"),
                    );
                }
            }
        }
    }
}

fn matchers(checker: &mut Checker<'_>, node: &Node) {
    let items = match &node.value {
        Value::Null => return,
        Value::Sequence(items) => items,
        _ => return checker.wrong_type(node, "a list"),
    };
    for item in items.iter() {
        if matches!(item.value, Value::Sequence(_) | Value::Mapping(_)) {
            checker.wrong_type(item, "a matcher");
            if let ([entry], Some(last)) = (item.entries(), checker.found.last_mut()) {
                last.help = Some(format!(
                    "write it as text: `- '{}=\"{}\"'`",
                    entry.key.text,
                    entry.value.scalar_text()
                ));
            }
            continue;
        }
        if let Err(error) = matcher::check(item.scalar_text(), checker.utf8_names) {
            let span = written_span(checker.file.text(), item, error.span);
            let span = if span.is_empty() { item.span } else { span };
            checker.error("invalid-matcher", span, error.message).help =
                Some("write it as `name=\"value\"` or `name=~\"pattern\"`".into());
        }
    }
}

/// `match` and its like take old label names only.
fn label_name(checker: &mut Checker<'_>, name: &str, span: Span) {
    if !is_legacy_label_name(name) {
        checker
            .error(
                "invalid-label-name",
                span,
                format!("`{name}` is not a label name"),
            )
            .help = Some("use letters, digits and `_`, or `matchers` for other names".into());
    }
}

fn named_label(checker: &mut Checker<'_>, node: &Node) {
    let name = node.scalar_text();
    let fits = if checker.utf8_names {
        !name.is_empty()
    } else {
        is_legacy_label_name(name)
    };
    if !fits {
        checker.error(
            "invalid-label-name",
            node.span,
            format!("`{name}` is not a label name"),
        );
    }
}

fn keys(checker: &mut Checker<'_>, block: &Block<'_>, name: &str) {
    if let Some(labels) = block.given(name) {
        for entry in labels.value.entries() {
            label_name(checker, &entry.key.text, entry.key.span);
        }
    }
}

/// Stands for every label in `group_by`.
const ALL: &str = "...";

fn check_route(checker: &mut Checker<'_>, block: &Block<'_>) {
    keys(checker, block, "match");
    let group_by = block.items("group_by");
    let all = group_by.iter().find(|item| &*item.text == ALL);
    let mut seen: HashMap<&str, Span> = HashMap::new();
    for item in group_by.iter().filter(|item| &*item.text != ALL) {
        named_label(checker, item);
        if let Some(all) = all {
            checker
                .error(
                    "conflicting-fields",
                    item.span,
                    format!("`group_by` takes `...` alone, and not with `{}`", item.text),
                )
                .help = Some("remove it, or `...`".into());
            checker.relate("every label", all.span);
            return;
        }
        if let Some(first) = seen.insert(&item.text, item.span) {
            checker
                .error(
                    "duplicate-name",
                    item.span,
                    format!("`group_by` names `{}` twice", item.text),
                )
                .help = Some("remove one of the two".into());
            checker.relate("first named here", first);
        }
    }
    for name in ["group_interval", "repeat_interval"] {
        if let Some(entry) = block.given(name)
            && millis(&entry.value.text) == Some(0)
        {
            checker
                .error(
                    "value-out-of-range",
                    entry.value.span,
                    format!("`{name}` cannot be 0"),
                )
                .help = Some("remove the line for the inherited value".into());
        }
    }
}

fn equal(checker: &mut Checker<'_>, block: &Block<'_>) {
    for item in block.items("equal") {
        // Before 0.27 an item without a value was no name that anything looked at.
        if checker.utf8_names || item.value != Value::Null {
            named_label(checker, item);
        }
    }
}

fn check_inhibition(checker: &mut Checker<'_>, block: &Block<'_>) {
    keys(checker, block, "source_match");
    keys(checker, block, "target_match");
    equal(checker, block);
    if !block.has_content("sources") {
        return;
    }
    for name in [
        "source_match",
        "source_match_re",
        "source_matchers",
        "equal",
    ] {
        if let (true, Some(sources), Some(other)) = (
            block.has_content(name),
            block.given("sources"),
            block.given(name),
        ) {
            checker.conflict(&[sources, other]);
            return;
        }
    }
}

fn check_source(checker: &mut Checker<'_>, block: &Block<'_>) {
    equal(checker, block);
    checker.require(block, "matchers", "a source of an inhibition rule");
}

/// The root route, and what the tree refers to.
pub(super) fn check_tree(checker: &mut Checker<'_>, block: &Block<'_>) {
    let Some(root) = block.block("route") else {
        if block.given("route").is_none() {
            checker.require(block, "route", "an Alertmanager configuration");
        }
        return;
    };
    checker.require(&root, "receiver", "the root route");
    for name in ["match", "match_re", "matchers"] {
        root_refuses(checker, &root, name, "matchers");
    }
    for name in ["mute_time_intervals", "active_time_intervals"] {
        root_refuses(checker, &root, name, "time intervals");
    }
    if let (Some(true), Some(entry)) = (root.flag("continue"), root.given("continue")) {
        checker
            .error(
                "conflicting-fields",
                entry.key.span,
                "the root route takes every alert, so it cannot `continue`",
            )
            .help = Some("remove it".into());
    }
    let known = Known {
        receivers: names(block, &["receivers"]),
        intervals: names(block, &["mute_time_intervals", "time_intervals"]),
    };
    check_references(checker, &root, &known);
}

fn root_refuses(checker: &mut Checker<'_>, root: &Block<'_>, name: &str, what: &str) {
    if let (true, Some(entry)) = (root.has_content(name), root.given(name)) {
        checker
            .error(
                "conflicting-fields",
                entry.key.span,
                format!("the root route takes every alert, so it has no {what}"),
            )
            .help = Some("move it to a route under `routes`".into());
    }
}

struct Known<'a> {
    receivers: Vec<&'a str>,
    intervals: Vec<&'a str>,
}

fn names<'a>(block: &Block<'a>, sections: &[&str]) -> Vec<&'a str> {
    sections
        .iter()
        .flat_map(|section| block.blocks(section))
        .filter_map(|named| named.text("name"))
        .collect()
}

fn check_references(checker: &mut Checker<'_>, route: &Block<'_>, known: &Known<'_>) {
    if let Some(receiver) = route.written("receiver") {
        defined(checker, &receiver.value, "receiver", &known.receivers);
    }
    for name in ["mute_time_intervals", "active_time_intervals"] {
        for item in route.items(name) {
            defined(checker, item, "time interval", &known.intervals);
        }
    }
    for child in route.items("routes") {
        if matches!(child.value, Value::Mapping(_)) {
            let child = Block {
                node: child,
                head: head_of(child),
            };
            check_references(checker, &child, known);
        }
    }
}

fn defined(checker: &mut Checker<'_>, node: &Node, what: &str, known: &[&str]) {
    let name = node.scalar_text();
    if known.contains(&name) {
        return;
    }
    let defect = if what == "receiver" {
        "undefined-receiver"
    } else {
        "undefined-time-interval"
    };
    let help = match nearest(name, known.iter().copied()) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => format!("define it, or name another {what}"),
    };
    checker
        .error(defect, node.span, format!("there is no {what} `{name}`"))
        .help = Some(help);
}

/// Whether an entry is there and not null, for messages about the global block.
pub(super) fn first<'a>(block: &Block<'a>, names: &[&str]) -> Option<&'a Entry> {
    names.iter().find_map(|name| block.written(name))
}
