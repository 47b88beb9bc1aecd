//! Scalars with a syntax of their own: durations, sizes, regular expressions, label names, URLs.

use super::checker::Checker;
use super::go_url;
use super::table::Kind;
use super::words::listed;
use crate::document::{Node, Value};
use crate::promql;
use crate::quantity;
use crate::source::Span;

/// Longest duration: what fits into 63 bits of nanoseconds, about 292 years.
const LONGEST_MILLIS: u64 = (i64::MAX / 1_000_000) as u64;

/// Checks the text of a scalar, or of a key.
pub(super) fn check_text(checker: &mut Checker<'_>, text: &str, span: Span, kind: Kind) {
    match kind {
        Kind::Duration => check_duration(checker, text, span),
        Kind::GoDuration if is_go_duration(text) => {}
        Kind::GoDuration => {
            checker
                .error(
                    "invalid-duration",
                    span,
                    format!("`{text}` is not a duration"),
                )
                .help = Some("write it as `90s` or `1h30m`".into());
        }
        Kind::Size if is_size(text) => {}
        Kind::Size => {
            checker
                .error(
                    "invalid-size",
                    span,
                    format!("`{text}` is not a size in bytes"),
                )
                .help = Some("write a number with a unit: `512MB`, `1GiB`, `0B`".into());
        }
        Kind::Url => {
            if let Err(problem) = go_url::parse(text) {
                checker.error(
                    "invalid-url",
                    span,
                    format!("`{text}` is not a URL: {problem}"),
                );
            }
        }
        // Prometheus anchors it like this, so that `a)(b` passes.
        Kind::Regex => {
            if let Err(problem) = promql::check_regex(&format!("^(?s:{text})$")) {
                checker.error(
                    "invalid-regex",
                    span,
                    format!("`{text}` is not a regular expression: {problem}"),
                );
            }
        }
        Kind::LabelName => check_label_name(checker, text, span),
        Kind::Choice(choice) => checker.check_choice(text, span, choice),
        _ => {}
    }
}

/// Text as JSON has it: a number is none.
pub(super) fn check_json_text(checker: &mut Checker<'_>, node: &Node) {
    if !matches!(node.value, Value::String(_)) {
        checker.wrong_type(node, "text");
    }
}

/// A duration as Prometheus writes it.
pub(super) fn check_duration(checker: &mut Checker<'_>, text: &str, span: Span) {
    if millis(text).is_some() {
        return;
    }
    let message = if text.is_empty() {
        "this duration is empty".into()
    } else if text.parse::<quantity::Duration>().is_ok() {
        format!("`{text}` is longer than 292 years, the longest duration there is")
    } else {
        format!("`{text}` is not a duration")
    };
    let help = if text.parse::<f64>().is_ok() {
        format!("add a unit: `{text}s`, `{text}m`")
    } else {
        "write it as `30s`, `5m` or `1h30m`: whole numbers, the largest unit first".into()
    };
    checker.error("invalid-duration", span, message).help = Some(help);
}

/// Whole milliseconds of a duration in Prometheus' notation.
pub(super) fn millis(text: &str) -> Option<u64> {
    let duration: quantity::Duration = text.parse().ok()?;
    (duration.as_millis() <= LONGEST_MILLIS).then_some(duration.as_millis())
}

fn check_label_name(checker: &mut Checker<'_>, text: &str, span: Span) {
    let valid = if checker.utf8_names {
        !text.is_empty()
    } else {
        is_legacy_label_name(text)
    };
    if valid {
        return;
    }
    let message = if text.is_empty() {
        "a label name cannot be empty".into()
    } else {
        format!("`{text}` is not a label name")
    };
    let diagnostic = checker.error("invalid-label-name", span, message);
    if !text.is_empty() {
        diagnostic.help = Some("use letters, digits and `_`, not beginning with a digit".into());
    }
}

/// `[a-zA-Z_][a-zA-Z0-9_]*`.
pub(super) fn is_legacy_label_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(|first: char| first.is_ascii_digit())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Numbers with units of 1024: all with `iB`, or all without `i`.
fn is_size(text: &str) -> bool {
    if text == "0" {
        return true;
    }
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let units = |infix: &str| -> Vec<String> {
        std::iter::once("B".to_owned())
            .chain("KMGTPE".chars().map(|prefix| format!("{prefix}{infix}B")))
            .collect()
    };
    !text.is_empty() && (consists_of(text, &units("i")) || consists_of(text, &units("")))
}

/// Whether `text` is numbers, perhaps with a fraction, each followed by one of `units`.
fn consists_of(text: &str, units: &[String]) -> bool {
    let mut rest = text;
    while !rest.is_empty() {
        let number_end = rest
            .find(|character: char| !character.is_ascii_digit() && character != '.')
            .unwrap_or(rest.len());
        let number = &rest[..number_end];
        let has_digit = number.bytes().any(|byte| byte.is_ascii_digit());
        if !has_digit || number.matches('.').count() > 1 {
            return false;
        }
        rest = &rest[number_end..];
        let unit_end = rest
            .find(|character: char| character.is_ascii_digit() || character == '.')
            .unwrap_or(rest.len());
        if !units.iter().any(|unit| unit == &rest[..unit_end]) {
            return false;
        }
        rest = &rest[unit_end..];
    }
    true
}

/// As `time.ParseDuration` reads it.
pub(super) fn is_go_duration(text: &str) -> bool {
    const UNITS: [&str; 8] = ["ns", "us", "µs", "μs", "ms", "s", "m", "h"];
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    text == "0" || (!text.is_empty() && consists_of(text, &UNITS.map(str::to_owned)))
}

/// `a`, `b` or `c`, for messages.
pub(super) fn quoted(words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    listed(&words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_what_alecthomas_units_reads() {
        for text in [
            "0", "1B", "10MB", "10MiB", "1.5GB", "1GB512MB", ".5GB", "-1MB", "1EB",
        ] {
            assert!(is_size(text), "{text}");
        }
        for text in [
            "", "10", "10mb", "10 MB", "MB", "1.2.3MB", "1GiB1MB", "1ZB", "1K",
        ] {
            assert!(!is_size(text), "{text}");
        }
    }

    #[test]
    fn durations_are_bounded_as_go_bounds_them() {
        assert_eq!(millis("1m30s"), Some(90_000));
        assert_eq!(millis("292y"), Some(292 * 365 * 24 * 3_600_000));
        assert_eq!(millis("293y"), None);
        assert_eq!(millis("30s1m"), None);
        assert_eq!(millis(""), None);
        assert!(is_go_duration("1h30m") && is_go_duration("1.5h") && is_go_duration("-1s"));
        assert!(!is_go_duration("1d") && !is_go_duration("15"));
    }
}
