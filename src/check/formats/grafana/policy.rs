//! Notification policies: the tree of routes.

use std::collections::HashSet;

use super::{duration, is_expanded, whole};
use crate::check::formats::alertmanager::check_matcher;
use crate::check::formats::block::Block;
use crate::check::formats::checker::Checker;
use crate::check::formats::scalar::millis;
use crate::check::formats::table::Kind::{Bool, Custom, List, Map, Regex, Scalar, Sections, Text};
use crate::check::formats::table::{Field, TableOf, field};
use crate::document::{Node, Value, written_span};
use crate::promql;

pub(super) static POLICY: TableOf = TableOf {
    what: "a notification policy",
    fields: &[&[field("orgId", Scalar(whole))], &ROUTE_FIELDS],
    rules: &[check_root, check_route],
};

static ROUTE: TableOf = TableOf {
    what: "a nested notification policy",
    fields: &[&ROUTE_FIELDS],
    rules: &[check_route],
};

static ROUTE_FIELDS: [Field; 14] = [
    field("receiver", Text),
    field("group_by", List(&Text)),
    field("match", Map(&Text, &Text)),
    field("match_re", Map(&Text, &Regex)),
    field("matchers", List(&Scalar(matcher))),
    field("object_matchers", List(&Custom(object_matcher))),
    field("mute_time_intervals", List(&Text)),
    field("active_time_intervals", List(&Text)),
    field("continue", Bool),
    field("routes", Sections(&ROUTE, "a nested notification policy")),
    field("group_wait", Scalar(duration)),
    field("group_interval", Scalar(duration)),
    field("repeat_interval", Scalar(duration)),
    field("provenance", Text),
];

fn matcher(checker: &mut Checker<'_>, node: &Node) {
    if is_expanded(node) {
        return;
    }
    if let Err(error) = check_matcher(&node.text, true) {
        let span = written_span(checker.file.text(), node, error.span);
        checker.error("invalid-matcher", span, error.message).help = Some(
            "write `label = value`, `label != value`, `label =~ regex` or `label !~ regex`".into(),
        );
    }
}

/// `[label, operator, value]`.
fn object_matcher(checker: &mut Checker<'_>, node: &Node) {
    let [_, operator, value] = node.items() else {
        let Value::Null = node.value else {
            checker
                .error(
                    "wrong-type",
                    node.span,
                    "a matcher is a list of a label, an operator and a value",
                )
                .help = Some("write `[severity, =, critical]`".into());
            return;
        };
        return;
    };
    match &*operator.text {
        "=" | "!=" => {}
        "=~" | "!~" if is_expanded(value) => {}
        "=~" | "!~" => {
            if let Err(problem) = promql::check_regex(&value.text) {
                let message = format!("`{}` is not a regular expression: {problem}", value.text);
                checker.error("invalid-regex", value.span, message);
            }
        }
        other => {
            let message = format!("`{other}` is not an operator of a matcher");
            checker.error("unknown-value", operator.span, message).help =
                Some("use `=`, `!=`, `=~` or `!~`".into());
        }
    }
}

/// What goes to everybody cannot be narrowed.
fn check_root(checker: &mut Checker<'_>, policy: &Block<'_>) {
    checker.require(policy, "receiver", "the root of the notification policies");
    for name in ["match", "match_re", "matchers", "object_matchers"] {
        if let Some(entry) = policy.given(name).filter(|_| policy.has_content(name)) {
            let message = format!(
                "the root of the notification policies takes no `{name}`: every alert goes there"
            );
            checker
                .error("conflicting-fields", entry.key.span, message)
                .help = Some("move it to one of the `routes`".into());
        }
    }
    for name in ["mute_time_intervals", "active_time_intervals"] {
        if let Some(entry) = policy.given(name).filter(|_| policy.has_content(name)) {
            let message = format!("the root of the notification policies takes no `{name}`");
            checker
                .error("conflicting-fields", entry.key.span, message)
                .help = Some("move it to one of the `routes`".into());
        }
    }
    if let Some(entry) = policy
        .given("continue")
        .filter(|_| policy.flag("continue") == Some(true))
    {
        checker
            .error(
                "conflicting-fields",
                entry.key.span,
                "the root of the notification policies cannot continue",
            )
            .help = Some("remove `continue`".into());
    }
}

fn check_route(checker: &mut Checker<'_>, route: &Block<'_>) {
    let mut seen = HashSet::new();
    let group_by = route.items("group_by");
    for label in group_by {
        if !seen.insert(&*label.text) {
            let message = format!("`{}` is twice in `group_by`", label.text);
            checker.error("duplicate-entry", label.span, message).help =
                Some("remove one of the two".into());
        }
    }
    if let Some(all) = group_by.iter().find(|label| &*label.text == "...")
        && group_by.len() > 1
    {
        checker
            .error(
                "conflicting-fields",
                all.span,
                "`...` stands for all labels, and other labels are listed besides",
            )
            .help = Some("keep `...` alone, or remove it".into());
    }
    for name in ["group_interval", "repeat_interval"] {
        if let Some(entry) = route.written(name)
            && millis(&entry.value.text) == Some(0)
        {
            let message = format!("`{name}` cannot be 0");
            checker
                .error("value-out-of-range", entry.value.span, message)
                .help = Some("write `5m` or `4h`".into());
        }
    }
}
