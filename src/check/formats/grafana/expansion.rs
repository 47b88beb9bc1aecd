//! `$NAME` and `${NAME}` in provisioning files: Grafana replaces them by environment variables, and what is none by nothing.

use crate::check::formats::checker::Checker;
use crate::document::{Node, Value, written_span};
use crate::source::Span;

/// Checks every text in `node`; keys are left as they are.
pub(super) fn check(checker: &mut Checker<'_>, node: &Node) {
    match &node.value {
        Value::Mapping(entries) => {
            for entry in entries.iter() {
                check(checker, &entry.value);
            }
        }
        Value::Sequence(items) => {
            for item in items.iter() {
                check(checker, item);
            }
        }
        Value::String(text) => check_text(checker, node, text),
        _ => {}
    }
}

/// The same for one text.
pub(super) fn check_text(checker: &mut Checker<'_>, node: &Node, text: &str) {
    let mut at = 0;
    while let Some(dollar) = text[at..].find('$').map(|found| at + found) {
        let rest = &text[dollar + 1..];
        if rest.starts_with('$') {
            at = dollar + 2;
            continue;
        }
        at = dollar + 1;
        // `$__file{…}`, `$__env{…}` and `$__vault{…}` are taken as they are.
        let Some(inner) = rest.strip_prefix('{') else {
            continue;
        };
        let Some(end) = inner.find('}') else {
            continue;
        };
        let name = &inner[..end];
        at = dollar + 2 + end + 1;
        let is_name = !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if is_name && !name.starts_with("__") {
            continue;
        }
        let span = written_span(checker.file.text(), node, Span::new(dollar, at));
        let message = format!(
            "Grafana takes `{name}` for the name of an environment variable, so that nothing is left here"
        );
        let variable = name.split([':', '-', '?']).next().unwrap_or_default();
        let help = if name.starts_with("__") {
            format!("write `$${{{name}}}`: a dollar sign itself is `$$`")
        } else {
            format!("write `${{{variable}}}`, and set it; Grafana knows no default values")
        };
        checker.error("lost-variable", span, message).help = Some(help);
    }
}

/// Template variables of an alert, which a mere `$` turns into environment variables.
pub(super) fn check_template_variables(checker: &mut Checker<'_>, node: &Node) {
    let Value::String(text) = &node.value else {
        return;
    };
    for name in ["labels", "values", "value"] {
        for (at, found) in text.match_indices(&format!("${name}")) {
            let end = at + found.len();
            let is_escaped = text[..at].ends_with('$');
            let goes_on =
                text[end..].starts_with(|next: char| next.is_ascii_alphanumeric() || next == '_');
            if is_escaped || goes_on {
                continue;
            }
            let span = written_span(checker.file.text(), node, Span::new(at, end));
            let message = format!(
                "Grafana takes `${name}` for an environment variable here, so that nothing is left of it"
            );
            checker.error("lost-variable", span, message).help = Some(format!("write `$${name}`"));
        }
    }
}
