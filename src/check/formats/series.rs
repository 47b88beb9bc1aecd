//! The values of an input series in a rule unit test: `1 2+3x4 _ stale {{sum:1}}x2`.

use crate::source::Span;

/// Checks a list of values.
///
/// # Errors
///
/// The first item that is none, and where it stands.
pub(super) fn check_values(text: &str) -> Result<(), Span> {
    let mut at = 0;
    while let Some(start) = text[at..].find(|character: char| !character.is_ascii_whitespace()) {
        let start = at + start;
        let rest = &text[start..];
        let length = item_length(rest);
        if !is_item(&rest[..length]) {
            return Err(Span::new(start, start + length));
        }
        at = start + length;
    }
    Ok(())
}

/// Up to the next white space outside of a histogram.
fn item_length(rest: &str) -> usize {
    let histogram = match rest.find("{{") {
        Some(open) if !rest[..open].contains(|c: char| c.is_ascii_whitespace()) => {
            rest.find("}}").map_or(rest.len(), |close| close + 2)
        }
        _ => 0,
    };
    rest[histogram..]
        .find(|character: char| character.is_ascii_whitespace())
        .map_or(rest.len(), |end| histogram + end)
}

fn is_item(item: &str) -> bool {
    let is_times = |text: &str| {
        text.strip_prefix('x')
            .is_some_and(|digits| digits.parse::<u64>().is_ok())
    };
    if let Some(rest) = item.strip_prefix('_') {
        return rest.is_empty() || is_times(rest);
    }
    if item.starts_with("{{") {
        let Some(close) = item.find("}}") else {
            return false;
        };
        let rest = &item[close + 2..];
        return match rest.strip_prefix(['+', '-']) {
            Some(step) => step
                .find("}}")
                .is_some_and(|close| step.starts_with("{{") && is_times(&step[close + 2..])),
            None => rest.is_empty() || is_times(rest),
        };
    }
    if item == "stale" {
        return true;
    }
    let first = number_length(item);
    let rest = &item[first..];
    if first == 0 {
        return false;
    }
    if rest.is_empty() || is_times(rest) {
        return true;
    }
    // `1+2x3`: the sign belongs to the step.
    let step = number_length(rest);
    rest.starts_with(['+', '-']) && step > 1 && is_times(&rest[step..])
}

/// Whether a text is one histogram: `{{schema:1 sum:2}}`.
pub(super) fn is_histogram(text: &str) -> bool {
    let text = text.trim();
    text.starts_with("{{")
        && text.ends_with("}}")
        && item_length(text) == text.len()
        && is_item(text)
}

/// Length of a number with its sign; `Inf` and `NaN` in any case. `0x5` is no number here: it is six times 0.
fn number_length(text: &str) -> usize {
    let sign = usize::from(text.starts_with(['+', '-']));
    let rest = &text[sign..];
    for word in ["inf", "nan"] {
        if rest
            .get(..3)
            .is_some_and(|start| start.eq_ignore_ascii_case(word))
        {
            return sign + 3;
        }
    }
    let bytes = rest.as_bytes();
    let digits = |from: usize| {
        bytes[from..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count()
    };
    let mut end = digits(0);
    let whole = end;
    let mut fraction = 0;
    if bytes.get(end) == Some(&b'.') {
        fraction = digits(end + 1);
        end += 1 + fraction;
    }
    if whole + fraction == 0 {
        return 0;
    }
    if let Some(b'e' | b'E') = bytes.get(end) {
        let signed = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits(end + 1 + signed);
        if exponent > 0 {
            end += 1 + signed + exponent;
        }
    }
    sign + end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_value_is_read() {
        for text in [
            "",
            "1",
            "1 2 3",
            "1+1x5",
            "-1-0.5x3",
            "_",
            "_x3 1",
            "stale 1",
            "NaN Inf -inf",
            "1x4",
            "0x15 1+0x5",
            "1e3+1e2x2",
            ".5",
            "{{schema:1 sum:2 buckets:[1 2]}}",
            "{{sum:1}}+{{sum:2}}x3",
            "{{}}x2 1",
        ] {
            assert_eq!(check_values(text), Ok(()), "{text}");
        }
        for (text, start) in [
            ("1 a", 2),
            ("1+x3", 0),
            ("1 2+3", 2),
            ("1,2", 0),
            ("_ x", 2),
            ("{{a", 0),
            ("1 1s", 2),
        ] {
            assert_eq!(check_values(text).unwrap_err().start(), start, "{text}");
        }
    }
}
