//! What Prometheus makes of an annotation: the part of its template language that our texts use.

use indexmap::IndexMap;

/// The text that an alert with these labels and this value carries. `None` for a template that uses
/// anything else than `$labels.…`, `$value`, string literals, `printf`, `urlquery` and the
/// `humanize` family.
pub fn expand(template: &str, labels: &IndexMap<String, String>, value: f64) -> Option<String> {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let (action, after) = split_action(after)?;
        out.push_str(&evaluate(action, labels, value)?.printed());
        rest = after;
    }
    out.push_str(rest);
    Some(out)
}

/// The action up to its `}}`, which may stand inside a string literal, and what follows.
fn split_action(text: &str) -> Option<(&str, &str)> {
    let mut quoted = false;
    let mut escaped = false;
    for (at, char) in text.char_indices() {
        match char {
            '"' if !escaped => quoted = !quoted,
            '}' if !quoted && text[at..].starts_with("}}") => {
                return Some((&text[..at], &text[at + 2..]));
            }
            _ => {}
        }
        escaped = char == '\\' && !escaped;
    }
    None
}

#[derive(Debug, Clone)]
enum Operand {
    Number(f64),
    Text(String),
}

impl Operand {
    fn printed(self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text,
        }
    }

    fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(_) => None,
        }
    }
}

fn evaluate(action: &str, labels: &IndexMap<String, String>, value: f64) -> Option<Operand> {
    let mut result: Option<Operand> = None;
    for command in split_outside_quotes(action.trim(), '|') {
        let words = split_outside_quotes(command.trim(), ' ');
        let mut words = words.into_iter().filter(|word| !word.is_empty());
        let first = words.next()?;
        let mut arguments: Vec<Operand> = words
            .map(|word| operand(word, labels, value))
            .collect::<Option<_>>()?;
        arguments.extend(result.take());
        result = Some(if arguments.is_empty() {
            operand(first, labels, value)?
        } else {
            call(first, &arguments)?
        });
    }
    result
}

fn split_outside_quotes(text: &str, separator: char) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut quoted) = (0, false);
    for (at, char) in text.char_indices() {
        if char == '"' {
            quoted = !quoted;
        } else if char == separator && !quoted {
            parts.push(&text[start..at]);
            start = at + char.len_utf8();
        }
    }
    parts.push(&text[start..]);
    parts
}

fn operand(word: &str, labels: &IndexMap<String, String>, value: f64) -> Option<Operand> {
    if word == "$value" {
        return Some(Operand::Number(value));
    }
    if let Some(label) = word.strip_prefix("$labels.") {
        // A label that is not there is the empty string.
        return Some(Operand::Text(
            labels.get(label).cloned().unwrap_or_default(),
        ));
    }
    let text = word.strip_prefix('"')?.strip_suffix('"')?;
    (!text.contains(['\\', '"'])).then(|| Operand::Text(text.to_owned()))
}

fn call(function: &str, arguments: &[Operand]) -> Option<Operand> {
    let text = match (function, arguments) {
        ("printf", [Operand::Text(format), value]) => {
            let decimals = format.strip_prefix("%.")?.strip_suffix('f')?;
            let decimals: usize = decimals.parse().ok()?;
            format!("{:.decimals$}", value.number()?)
        }
        ("humanize", [value]) => humanize(value.number()?),
        ("humanize1024", [value]) => humanize_1024(value.number()?),
        ("humanizePercentage", [value]) => format!("{}%", general(value.number()? * 100.0)),
        ("humanizeDuration", [value]) => humanize_duration(value.number()?),
        ("urlquery", [Operand::Text(text)]) => url_query(text),
        _ => return None,
    };
    Some(Operand::Text(text))
}

/// Go's `%.4g`.
fn general(value: f64) -> String {
    if !value.is_finite() {
        return if value.is_nan() {
            "NaN".into()
        } else if value > 0.0 {
            "+Inf".into()
        } else {
            "-Inf".into()
        };
    }
    let scientific = format!("{value:.3e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let trim = |text: &str| -> String {
        if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        } else {
            text.to_owned()
        }
    };
    if (-4..4).contains(&exponent) {
        let decimals = usize::try_from(3 - exponent).unwrap_or(0);
        trim(&format!("{value:.decimals$}"))
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{}e{sign}{:02}", trim(mantissa), exponent.abs())
    }
}

/// Scales `value` by 1000 per prefix until it is at least 1.
fn scaled_up(mut value: f64) -> (f64, &'static str) {
    let mut prefix = "";
    for next in ["m", "u", "n", "p", "f", "a", "z", "y"] {
        if value.abs() >= 1.0 {
            break;
        }
        prefix = next;
        value *= 1000.0;
    }
    (value, prefix)
}

fn humanize(mut value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return general(value);
    }
    let mut prefix = "";
    if value.abs() >= 1.0 {
        for next in ["k", "M", "G", "T", "P", "E", "Z", "Y"] {
            if value.abs() < 1000.0 {
                break;
            }
            prefix = next;
            value /= 1000.0;
        }
    } else {
        (value, prefix) = scaled_up(value);
    }
    format!("{}{prefix}", general(value))
}

fn humanize_1024(mut value: f64) -> String {
    if value.abs() <= 1.0 || !value.is_finite() {
        return general(value);
    }
    let mut prefix = "";
    for next in ["ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"] {
        if value.abs() < 1024.0 {
            break;
        }
        prefix = next;
        value /= 1024.0;
    }
    format!("{}{prefix}", general(value))
}

fn humanize_duration(value: f64) -> String {
    if !value.is_finite() {
        return general(value);
    }
    if value == 0.0 {
        return "0s".into();
    }
    if value.abs() < 1.0 {
        let (value, prefix) = scaled_up(value);
        return format!("{}{prefix}s", general(value));
    }
    let sign = if value < 0.0 { "-" } else { "" };
    let value = value.abs();
    let whole = value as u64;
    let (days, hours, minutes, seconds) = (
        whole / 86_400,
        whole / 3600 % 24,
        whole / 60 % 60,
        whole % 60,
    );
    if days != 0 {
        format!("{sign}{days}d {hours}h {minutes}m {seconds}s")
    } else if hours != 0 {
        format!("{sign}{hours}h {minutes}m {seconds}s")
    } else if minutes != 0 {
        format!("{sign}{minutes}m {seconds}s")
    } else {
        format!("{sign}{}s", general(value))
    }
}

/// Go's `url.QueryEscape`.
fn url_query(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(byte));
            }
            b' ' => out.push('+'),
            _ => {
                out.push('%');
                for digit in [byte >> 4, byte & 15] {
                    out.push(char::from(b"0123456789ABCDEF"[usize::from(digit)]));
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(template: &str, value: f64) -> Option<String> {
        let labels = IndexMap::from([("instance".to_owned(), "redis://a:1".to_owned())]);
        expand(template, &labels, value)
    }

    #[test]
    fn texts_come_out_as_prometheus_prints_them() {
        for (template, value, text) in [
            ("no action", 0.0, "no action"),
            (
                "{{ $labels.instance }} at {{ $value | humanizePercentage }}",
                0.9009,
                "redis://a:1 at 90.09%",
            ),
            ("{{ $labels.nope }}", 0.0, ""),
            (
                "{{ $labels.instance | urlquery }}",
                0.0,
                "redis%3A%2F%2Fa%3A1",
            ),
            (r#"{{ $value | printf "%.0f" }}"#, 2.5, "2"),
            (r#"{{ printf "%.2f" $value }}"#, 1.8018, "1.80"),
            (r#"a {{ "{{" }} b"#, 0.0, "a {{ b"),
            ("{{ $value | humanize }}", 10.01, "10.01"),
            ("{{ $value | humanize }}", 1234567.0, "1.235M"),
            ("{{ $value | humanize }}", 0.1001, "100.1m"),
            ("{{ $value | humanize }}", 0.0, "0"),
            ("{{ $value | humanize1024 }}B", 2_147_483_648.0, "2GiB"),
            ("{{ $value | humanize1024 }}B", 2_149_631_131.0, "2.002GiB"),
            ("{{ $value | humanizeDuration }}", 0.005, "5ms"),
            ("{{ $value | humanizeDuration }}", 10.01, "10.01s"),
            (
                "{{ $value | humanizeDuration }}",
                1_208_390.0,
                "13d 23h 39m 50s",
            ),
            ("{{ $value | humanizeDuration }}", -90.0, "-1m 30s"),
        ] {
            assert_eq!(
                expanded(template, value).as_deref(),
                Some(text),
                "{template} {value}"
            );
        }
    }

    #[test]
    fn other_templates_are_not_understood() {
        for template in [
            "{{",
            "{{ }}",
            "{{ .Foo }}",
            "{{ $value | title }}",
            "{{ range query \"up\" }}",
            "{{ $value",
        ] {
            assert_eq!(expanded(template, 1.0), None, "{template}");
        }
    }
}
