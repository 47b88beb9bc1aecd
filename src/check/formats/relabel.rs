//! Relabeling rules.

use super::block::Block;
use super::checker::Checker;
use super::scalar::is_legacy_label_name;
use super::table::Kind::{Choice as OneOf, LabelName, List, Regex, Text, Uint};
use super::table::{Choice, TableOf, field, word};
use crate::document::Value;

static ACTION: Choice = Choice {
    what: "a relabel action",
    words: &[
        word("replace"),
        word("keep"),
        word("drop"),
        word("keepequal").since(2, 41),
        word("dropequal").since(2, 41),
        word("hashmod"),
        word("labelmap"),
        word("labeldrop"),
        word("labelkeep"),
        word("lowercase").since(2, 36),
        word("uppercase").since(2, 36),
    ],
    ignores_case: true,
    may_be_empty: false,
};

/// One relabeling rule.
pub(super) static RELABEL: TableOf = TableOf {
    what: "a relabeling rule",
    fields: &[&[
        field("source_labels", List(&LabelName)),
        field("separator", Text),
        field("regex", Regex),
        field("modulus", Uint),
        field("target_label", Text),
        field("replacement", Text),
        field("action", OneOf(&ACTION)),
    ]],
    rules: &[check],
};

const DEFAULT_REPLACEMENT: &str = "$1";

fn check(checker: &mut Checker<'_>, block: &Block<'_>) {
    if let Some(entry) = block.node.entry("action")
        && entry.value.value == Value::Null
    {
        checker
            .error(
                "missing-field",
                entry.key.span,
                "the action of a relabeling rule is empty",
            )
            .help = Some("give an action, or remove the line for the default, `replace`".into());
        return;
    }
    let action = block
        .text("action")
        .map_or_else(|| "replace".to_owned(), str::to_lowercase);
    let action = action.as_str();
    let target = block.text("target_label");
    let replacement = block
        .node
        .get("replacement")
        .map_or(DEFAULT_REPLACEMENT, |node| &node.text);

    if action == "hashmod" && is_zero(block) {
        let span = block
            .given("modulus")
            .map_or(action_span(block), |entry| entry.value.span);
        checker
            .error("missing-field", span, "`hashmod` needs a `modulus` above 0")
            .help = Some("give `modulus`: how many parts there are".into());
    }
    let writes_target = matches!(
        action,
        "replace" | "hashmod" | "lowercase" | "uppercase" | "keepequal" | "dropequal"
    );
    if writes_target && target.is_none() {
        checker
            .error(
                "missing-field",
                action_span(block),
                format!("`{action}` needs a `target_label`"),
            )
            .help = Some("give `target_label`".into());
    } else if let (true, Some(target), Some(entry)) =
        (writes_target, target, block.given("target_label"))
    {
        // Prometheus 2 looked at the form only, also where nothing is expanded.
        let may_hold_variables =
            action == "replace" || (action != "hashmod" && !checker.at_least(3, 0));
        if !is_target(checker, target, may_hold_variables) {
            checker.error(
                "invalid-label-name",
                entry.value.span,
                format!("`{target}` is not a label name to write to"),
            );
        }
    }
    let sets_replacement = replacement != DEFAULT_REPLACEMENT;
    if matches!(action, "lowercase" | "uppercase") && sets_replacement {
        report_extra(checker, block, "replacement", action, "`replacement`");
    }
    if action == "labelmap"
        && !is_target(checker, replacement, true)
        && let Some(entry) = block.node.entry("replacement")
    {
        checker.error(
            "invalid-label-name",
            entry.value.span,
            format!("`{replacement}` is not a label name to write to"),
        );
    }
    let sets_separator = block
        .node
        .get("separator")
        .is_some_and(|node| &*node.text != ";");
    match action {
        "keepequal" | "dropequal" => {
            let extra = [
                ("regex", block.given("regex").is_some()),
                ("modulus", !is_zero(block)),
                ("separator", sets_separator),
                ("replacement", sets_replacement),
            ];
            for (name, is_extra) in extra {
                if is_extra {
                    let only = "anything but `source_labels` and `target_label`";
                    return report_extra(checker, block, name, action, only);
                }
            }
        }
        "labeldrop" | "labelkeep" => {
            let extra = [
                ("source_labels", block.given("source_labels").is_some()),
                ("target_label", target.is_some()),
                ("modulus", !is_zero(block)),
                ("separator", sets_separator),
                ("replacement", sets_replacement),
            ];
            for (name, is_extra) in extra {
                if is_extra {
                    return report_extra(checker, block, name, action, "anything but `regex`");
                }
            }
        }
        _ => {}
    }
}

fn report_extra(
    checker: &mut Checker<'_>,
    block: &Block<'_>,
    name: &str,
    action: &str,
    refused: &str,
) {
    let span = block
        .node
        .entry(name)
        .map_or(block.head, |entry| entry.key.span);
    checker
        .error(
            "conflicting-fields",
            span,
            format!("`{action}` does not take {refused}"),
        )
        .help = Some(format!("remove `{name}`, or use another action"));
}

fn action_span(block: &Block<'_>) -> crate::source::Span {
    block
        .given("action")
        .map_or(block.head, |entry| entry.value.span)
}

fn is_zero(block: &Block<'_>) -> bool {
    block.given("modulus").is_none_or(|entry| {
        entry
            .value
            .text
            .bytes()
            .all(|byte| !(b'1'..=b'9').contains(&byte))
    })
}

/// Whether `text` may name the label that is written, with `$1` and `${name}` in it where `with_variables`.
fn is_target(checker: &Checker<'_>, text: &str, with_variables: bool) -> bool {
    if checker.utf8_names && !checker.legacy_scheme {
        return !text.is_empty();
    }
    if !with_variables {
        return is_legacy_label_name(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(dollar) = rest.find('$') {
        plain.push_str(&rest[..dollar]);
        let after = &rest[dollar + 1..];
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let end = match after.strip_prefix('{') {
            Some(braced) => match braced.find('}') {
                Some(end) if end > 0 && braced[..end].bytes().all(is_word) => end + 2,
                _ => return false,
            },
            None => after.bytes().take_while(|byte| is_word(*byte)).count(),
        };
        if end == 0 {
            return false;
        }
        // Whatever it expands to: a letter stands for it.
        plain.push('x');
        rest = &after[end..];
    }
    plain.push_str(rest);
    is_legacy_label_name(&plain)
}
