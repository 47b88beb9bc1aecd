//! Quoted strings: what they hold, and how to write them.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Takes the quotes and escapes off a string token.
///
/// The result is bytes because `"\xff"` is a string to Prometheus.
/// The error is the byte offset within `quoted` of the escape that is none, and why.
pub(super) fn unquote(quoted: &str) -> Result<Vec<u8>, (usize, String)> {
    let bytes = quoted.as_bytes();
    let quote = bytes.first().copied().unwrap_or(b'"');
    let end = bytes.len().saturating_sub(1).max(1);
    if quote == b'`' {
        // Go drops carriage returns from raw strings, and Prometheus with it.
        return Ok(bytes[1..end]
            .iter()
            .copied()
            .filter(|byte| *byte != b'\r')
            .collect());
    }
    let mut out = Vec::with_capacity(end);
    let mut at = 1;
    while at < end {
        if bytes[at] != b'\\' {
            out.push(bytes[at]);
            at += 1;
            continue;
        }
        at += unescape(&bytes[at..end], quote, &mut out).map_err(|why| (at, why))?;
    }
    Ok(out)
}

/// Reads one escape at the start of `bytes` (which is the backslash) and returns its length.
fn unescape(bytes: &[u8], quote: u8, out: &mut Vec<u8>) -> Result<usize, String> {
    let Some(&letter) = bytes.get(1) else {
        return Err("a backslash escapes nothing".to_owned());
    };
    let simple = match letter {
        b'a' => Some(0x07),
        b'b' => Some(0x08),
        b'f' => Some(0x0C),
        b'n' => Some(b'\n'),
        b'r' => Some(b'\r'),
        b't' => Some(b'\t'),
        b'v' => Some(0x0B),
        b'\\' => Some(b'\\'),
        other if other == quote => Some(quote),
        _ => None,
    };
    if let Some(byte) = simple {
        out.push(byte);
        return Ok(2);
    }
    let (start, length, radix) = match letter {
        b'0'..=b'7' => (1, 3, 8),
        b'x' => (2, 2, 16),
        b'u' => (2, 4, 16),
        b'U' => (2, 8, 16),
        _ => {
            let shown = String::from_utf8_lossy(&bytes[1..])
                .chars()
                .next()
                .unwrap_or(char::REPLACEMENT_CHARACTER);
            return Err(format!("`\\{shown}` is no escape sequence"));
        }
    };
    let digits = bytes
        .get(start..start + length)
        .and_then(|digits| std::str::from_utf8(digits).ok())
        .filter(|digits| digits.bytes().all(|byte| (byte as char).is_digit(radix)));
    let Some(value) = digits.and_then(|digits| u32::from_str_radix(digits, radix).ok()) else {
        return Err(format!(
            "`\\{}` needs {length} {} digits",
            letter as char,
            if radix == 8 { "octal" } else { "hexadecimal" }
        ));
    };
    if matches!(letter, b'u' | b'U') {
        let Some(character) = char::from_u32(value) else {
            return Err("the escape names no Unicode character".to_owned());
        };
        out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    } else {
        let Ok(byte) = u8::try_from(value) else {
            return Err("an octal escape is at most `\\377`".to_owned());
        };
        out.push(byte);
    }
    Ok(start + length)
}

/// Writes `bytes` as a string in double quotes.
pub(super) fn quote(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() + 2);
    out.push('"');
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                // Prometheus takes the character for the mark of broken UTF-8, however it is written.
                char::REPLACEMENT_CHARACTER => out.push_str("\\ufffd"),
                control if control.is_control() => {
                    let _infallible = write!(out, "\\u{:04x}", u32::from(control));
                }
                other => out.push(other),
            }
        }
        for byte in chunk.invalid() {
            let _infallible = write!(out, "\\x{byte:02x}");
        }
    }
    out.push('"');
    out
}

/// The bytes as text; broken UTF-8 becomes U+FFFD.
pub(super) fn text(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_gos() {
        assert_eq!(unquote(r#""a\n\x41\101\u00e9""#), Ok("a\nAA\u{e9}".into()));
        assert_eq!(unquote(r"'it\'s'"), Ok("it's".into()));
        assert_eq!(unquote("`a\\n`"), Ok("a\\n".into()));
        assert_eq!(unquote(r#""\xff""#), Ok(vec![0xff]));
        assert_eq!(unquote(r#""a\'""#).map_err(|(at, _)| at), Err(2));
        assert_eq!(unquote(r#""\400""#).map_err(|(at, _)| at), Err(1));
        assert_eq!(unquote(r#""\ud800""#).map_err(|(at, _)| at), Err(1));
        assert_eq!(unquote(r#""\x4""#).map_err(|(at, _)| at), Err(1));
    }

    #[test]
    fn quoted_text_reads_back() {
        for bytes in [
            &b"a\"b\\c\n"[..],
            b"\xff\x00\x7f",
            "\u{85}\u{fffd}é".as_bytes(),
        ] {
            assert_eq!(unquote(&quote(bytes)).as_deref(), Ok(bytes));
        }
    }
}
