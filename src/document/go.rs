//! How Go's YAML libraries, which Prometheus and Alertmanager read their files with, give a scalar its type.

use serde_json::Number;

use super::{Dialect, Node, ScalarStyle, Tag, Value};

/// What a scalar is before somebody wants it to be something else.
#[derive(Debug, Clone, PartialEq)]
pub enum GoScalar {
    /// `null`, `~` or nothing.
    Null,
    /// `true`; for the older library also `yes`, `on`, `y`.
    Bool(bool),
    /// A whole number: decimal, `0755`, `0o755`, `0x1F`, `0b1`, `1_000`.
    Int(i64),
    /// A whole number beyond 2⁶³.
    Uint(u64),
    /// Everything else that is a number, `.inf` and `.nan` included.
    Float(f64),
    /// A date, such as `2001-01-01`.
    Timestamp,
    /// The bytes of a `!!binary`; `None` where they are not base64.
    Binary(Option<Vec<u8>>),
    /// Everything else.
    Text,
    /// The tag says one thing and the text another: `!!int x`.
    Contradiction,
}

/// The type of a scalar node.
pub fn resolve_go(node: &Node, dialect: Dialect) -> GoScalar {
    let tag = node.tag;
    match tag {
        Some(Tag::Str) => return GoScalar::Text,
        Some(Tag::Binary) => return GoScalar::Binary(base64(&node.text)),
        Some(Tag::Int | Tag::Float | Tag::Bool | Tag::Null | Tag::Timestamp) | None => {}
        Some(_) => return GoScalar::Text,
    }
    if tag.is_none() && node.style != ScalarStyle::Plain {
        return GoScalar::Text;
    }
    let plain = resolve_text(&node.text, dialect);
    match (tag, plain) {
        (Some(Tag::Float), GoScalar::Int(number)) => GoScalar::Float(number as f64),
        (None, plain)
        | (Some(Tag::Int), plain @ (GoScalar::Int(_) | GoScalar::Uint(_)))
        | (Some(Tag::Float), plain @ GoScalar::Float(_))
        | (Some(Tag::Bool), plain @ GoScalar::Bool(_))
        | (Some(Tag::Null), plain @ GoScalar::Null)
        | (Some(Tag::Timestamp), plain @ GoScalar::Timestamp) => plain,
        _ => GoScalar::Contradiction,
    }
}

/// The value of a scalar in a tree: what JSON has no word for (dates, `.inf`, bytes) stays text.
pub(super) fn as_value(node: &Node, dialect: Dialect) -> Value {
    match resolve_go(node, dialect) {
        GoScalar::Null => Value::Null,
        GoScalar::Bool(value) => Value::Bool(value),
        GoScalar::Int(number) => Value::Number(number.into()),
        GoScalar::Uint(number) => Value::Number(number.into()),
        GoScalar::Float(number) => {
            Number::from_f64(number).map_or_else(|| Value::String(node.text.clone()), Value::Number)
        }
        GoScalar::Binary(Some(bytes)) => match String::from_utf8(bytes) {
            Ok(text) => Value::String(text.into()),
            Err(_) => Value::String(node.text.clone()),
        },
        _ => Value::String(node.text.clone()),
    }
}

fn resolve_text(text: &str, dialect: Dialect) -> GoScalar {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return GoScalar::Null,
        "true" | "True" | "TRUE" => return GoScalar::Bool(true),
        "false" | "False" | "FALSE" => return GoScalar::Bool(false),
        ".nan" | ".NaN" | ".NAN" => return GoScalar::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => {
            return GoScalar::Float(f64::INFINITY);
        }
        "-.inf" | "-.Inf" | "-.INF" => return GoScalar::Float(f64::NEG_INFINITY),
        _ => {}
    }
    if dialect == Dialect::GoYaml2 {
        match text {
            "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => return GoScalar::Bool(true),
            "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => return GoScalar::Bool(false),
            _ => {}
        }
    }
    match text.as_bytes()[0] {
        b'.' => go_float(text).map_or(GoScalar::Text, GoScalar::Float),
        b'0'..=b'9' | b'+' | b'-' => number(text),
        _ => GoScalar::Text,
    }
}

fn number(text: &str) -> GoScalar {
    if is_date(text) {
        return GoScalar::Timestamp;
    }
    let plain = text.replace('_', "");
    let (negative, digits) = match plain.as_bytes().first() {
        Some(b'-') => (true, &plain[1..]),
        Some(b'+') => (false, &plain[1..]),
        _ => (false, plain.as_str()),
    };
    if let Some(magnitude) = whole_number(digits) {
        if negative && magnitude <= 1 << 63 {
            return GoScalar::Int((magnitude as i64).wrapping_neg());
        }
        if !negative {
            return i64::try_from(magnitude).map_or(GoScalar::Uint(magnitude), GoScalar::Int);
        }
    }
    if is_float_style(digits) {
        return go_float(&plain).map_or(GoScalar::Text, GoScalar::Float);
    }
    GoScalar::Text
}

/// `[0-9]+`, or with a prefix for base 2, 8 (also a mere `0`) or 16.
fn whole_number(digits: &str) -> Option<u64> {
    let bytes = digits.as_bytes();
    let (radix, rest) = match bytes {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'o' | b'O', ..] => (8, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    // `from_str_radix` would take a sign.
    if !rest.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    u64::from_str_radix(rest, radix).ok()
}

/// `\.[0-9]+` or `[0-9]+(\.[0-9]*)?`, with an exponent or without.
fn is_float_style(digits: &str) -> bool {
    let mantissa_end = digits.find(['e', 'E']).unwrap_or(digits.len());
    let (mantissa, exponent) = digits.split_at(mantissa_end);
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let mantissa_fits = match mantissa.split_once('.') {
        Some(("", fraction)) => !fraction.is_empty() && all_digits(fraction),
        Some((whole, fraction)) => all_digits(whole) && all_digits(fraction),
        None => !mantissa.is_empty() && all_digits(mantissa),
    };
    let exponent_fits = exponent.is_empty() || {
        let exponent = &exponent[1..];
        let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !exponent.is_empty() && all_digits(exponent)
    };
    mantissa_fits && exponent_fits
}

/// As Go reads a float; what overflows is none.
fn go_float(text: &str) -> Option<f64> {
    let bytes_fit = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'-' | b'+'));
    let number: f64 = bytes_fit.then(|| text.parse().ok()).flatten()?;
    number.is_finite().then_some(number)
}

/// `2001-1-1`, alone or with a time after `T`, `t` or a space.
fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    if bytes.len() < 8 || bytes[4] != b'-' || !bytes[..4].iter().all(u8::is_ascii_digit) {
        return false;
    }
    let date_end = text.find(['T', 't', ' ']).unwrap_or(text.len());
    let mut parts = text[..date_end].splitn(3, '-').skip(1);
    let mut in_range = |most: u32| {
        parts.next().is_some_and(|part| {
            (1..=2).contains(&part.len())
                && part.bytes().all(|byte| byte.is_ascii_digit())
                && part
                    .parse::<u32>()
                    .is_ok_and(|number| (1..=most).contains(&number))
        })
    };
    in_range(12)
        && in_range(31)
        && text[date_end..]
            .bytes()
            .skip(1)
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b'.' | b'Z' | b'+' | b'-'))
}

/// Standard base64; line breaks are skipped, as Go does.
fn base64(text: &str) -> Option<Vec<u8>> {
    let symbols: Vec<u8> = text
        .bytes()
        .filter(|byte| !matches!(byte, b'\n' | b'\r'))
        .collect();
    if !symbols.len().is_multiple_of(4) {
        return None;
    }
    let padding = symbols
        .iter()
        .rev()
        .take_while(|byte| **byte == b'=')
        .count();
    if padding > 2 {
        return None;
    }
    let mut bytes = Vec::with_capacity(symbols.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0);
    for symbol in &symbols[..symbols.len() - padding] {
        let value = match symbol {
            b'A'..=b'Z' => symbol - b'A',
            b'a'..=b'z' => symbol - b'a' + 26,
            b'0'..=b'9' => symbol - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xff) as u8);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, dialect: Dialect) -> GoScalar {
        resolve_text(text, dialect)
    }

    #[test]
    fn scalars_have_the_type_that_go_gives_them() {
        for (text, expected) in [
            ("0755", GoScalar::Int(493)),
            ("0o755", GoScalar::Int(493)),
            ("1_000", GoScalar::Int(1000)),
            ("0x1F", GoScalar::Int(31)),
            ("-0b11", GoScalar::Int(-3)),
            ("08", GoScalar::Float(8.0)),
            ("1e3", GoScalar::Float(1000.0)),
            (".5", GoScalar::Float(0.5)),
            ("12:30:45", GoScalar::Text),
            ("2001-01-01", GoScalar::Timestamp),
            ("2001-1-1 1:2:3", GoScalar::Timestamp),
            ("2001-13-01", GoScalar::Text),
            ("18446744073709551615", GoScalar::Uint(u64::MAX)),
            ("99999999999999999999999", GoScalar::Float(1e23)),
            ("-9223372036854775808", GoScalar::Int(i64::MIN)),
            (".inf", GoScalar::Float(f64::INFINITY)),
            ("~", GoScalar::Null),
            ("-", GoScalar::Text),
            ("+", GoScalar::Text),
            (".", GoScalar::Text),
            ("0x", GoScalar::Text),
            ("1m", GoScalar::Text),
        ] {
            assert_eq!(of(text, Dialect::GoYaml2), expected, "{text}");
        }
    }

    #[test]
    fn only_the_older_library_knows_yes_and_on() {
        for text in ["yes", "on", "y", "Off"] {
            assert!(
                matches!(of(text, Dialect::GoYaml2), GoScalar::Bool(_)),
                "{text}"
            );
            assert_eq!(of(text, Dialect::GoYaml3), GoScalar::Text, "{text}");
        }
    }

    #[test]
    fn binary_is_decoded() {
        assert_eq!(base64("/w=="), Some(vec![0xff]));
        assert_eq!(base64("Zm9v"), Some(b"foo".to_vec()));
        assert_eq!(base64("Zm9"), None);
        assert_eq!(base64("!!!!"), None);
    }
}
