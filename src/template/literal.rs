//! Values as literals of the language that a template writes, so that no value can break the
//! structure around it.

use std::fmt::Write;

use minijinja::value::{Value, ValueKind};

/// Words that some YAML reader takes for something other than text.
const AMBIGUOUS: [&str; 24] = [
    "y", "Y", "yes", "Yes", "YES", "n", "N", "no", "No", "NO", "true", "True", "TRUE", "false",
    "False", "FALSE", "on", "On", "ON", "off", "Off", "OFF", "null", "Null",
];

/// Whether every YAML reader, of 1.1 and 1.2, reads this text unquoted as this very text, also inside
/// a flow list.
fn is_plain(text: &str) -> bool {
    let mut chars = text.chars();
    let first_ok = chars.next().is_some_and(|first| {
        first.is_ascii_alphabetic()
            || matches!(first, '_' | '/')
            // `./x` and `--flag`, but neither `.5` nor `- x` nor `---`.
            || (first == '.' && text.starts_with("./"))
            || (first == '-' && text.starts_with("--") && !text.starts_with("---"))
    });
    let rest_ok = text.chars().all(|char| {
        char.is_ascii_alphanumeric() || matches!(char, '_' | '-' | '.' | '/' | '@' | ':' | '=')
    });
    // A colon is part of the text only where more of it follows.
    let colons_ok = !text.ends_with(':');
    first_ok
        && rest_ok
        && colons_ok
        && !AMBIGUOUS.contains(&text)
        && text != "NULL"
        && text.len() <= 200
}

/// Text as a YAML scalar: plain where no reader can mistake it, in single quotes where that needs no
/// escape, else in double quotes.
pub fn yaml_string(text: &str) -> String {
    if is_plain(text) || is_duration(text) {
        return text.into();
    }
    let is_simple = |char: char| {
        !char.is_control() && !matches!(char, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}')
    };
    if text.contains(['"', '\\']) && text.chars().all(is_simple) {
        return format!("'{}'", text.replace('\'', "''"));
    }
    double_quoted(text)
}

fn double_quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // Line breaks to some readers (U+0085, U+2028, U+2029), and the byte order mark.
            '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}' => escape_unicode(&mut out, char),
            char if char.is_control() => escape_unicode(&mut out, char),
            char => out.push(char),
        }
    }
    out.push('"');
    out
}

/// `15s`, `1h30m`, `15d`: letters and digits in turn, which no reader takes for a number. `1e5`
/// and `0x1F` are not of this shape because the unit must be one of Prometheus'.
fn is_duration(text: &str) -> bool {
    !text.is_empty()
        && text.ends_with(['s', 'm', 'h', 'd', 'w', 'y'])
        && text.parse::<crate::quantity::Duration>().is_ok()
}

fn escape_unicode(out: &mut String, char: char) {
    let code = u32::from(char);
    let width = if code > 0xffff { 8 } else { 4 };
    let letter = if code > 0xffff { 'U' } else { 'u' };
    // Writing to a string cannot fail.
    let _ = write!(out, "\\{letter}{code:0width$x}");
}

/// Any value as a YAML literal in flow style.
pub fn yaml(value: &Value) -> Result<String, minijinja::Error> {
    match value.kind() {
        ValueKind::String => Ok(yaml_string(value.as_str().unwrap_or_default())),
        ValueKind::None => Ok("null".into()),
        ValueKind::Bool | ValueKind::Number => Ok(value.to_string()),
        ValueKind::Seq | ValueKind::Iterable => {
            let items: Result<Vec<_>, _> = value.try_iter()?.map(|item| yaml(&item)).collect();
            Ok(format!("[{}]", items?.join(", ")))
        }
        ValueKind::Map => {
            let mut entries = Vec::new();
            for key in value.try_iter()? {
                let item = value.get_item(&key)?;
                entries.push(format!("{}: {}", yaml(&key)?, yaml(&item)?));
            }
            Ok(format!("{{{}}}", entries.join(", ")))
        }
        kind => Err(minijinja::Error::new(
            minijinja::ErrorKind::BadSerialization,
            format!("a value of kind {kind} has no YAML literal"),
        )),
    }
}

/// Text over several lines as a YAML literal block, each line after the first indented by
/// `indent` spaces. Falls back to double quotes where a block could not hold it unchanged.
pub fn yaml_block(text: &str, indent: usize) -> String {
    let body = text.strip_suffix('\n').unwrap_or(text);
    let fits = body.contains('\n')
        && !body.ends_with('\n')
        && !body.starts_with([' ', '\n', '\t'])
        && body.chars().all(|char| {
            char == '\n'
                || (!char.is_control()
                    && !matches!(char, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}'))
        });
    if !fits {
        return yaml_string(text);
    }
    let keep = if text.ends_with('\n') { "|" } else { "|-" };
    let mut out = String::from(keep);
    for line in body.split('\n') {
        out.push('\n');
        if !line.is_empty() {
            out.extend(std::iter::repeat_n(' ', indent));
            out.push_str(line);
        }
    }
    out
}

/// Text as the rest of a `#` comment: further lines get their own `#`.
pub fn comment(text: &str, indent: usize) -> String {
    let lines: Vec<String> = text
        .trim()
        .lines()
        .map(|line| {
            line.chars()
                .map(|char| {
                    if char.is_control() || matches!(char, '\u{85}' | '\u{2028}' | '\u{2029}') {
                        ' '
                    } else {
                        char
                    }
                })
                .collect::<String>()
                .trim_end()
                .to_owned()
        })
        .collect();
    lines.join(&format!("\n{}# ", " ".repeat(indent)))
}

/// Text as a PromQL string literal in double quotes.
pub fn promql_string(text: &str) -> String {
    let mut out = String::from("\"");
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            char if char.is_control() => escape_unicode(&mut out, char),
            char => out.push(char),
        }
    }
    out.push('"');
    out
}

/// Text as a Lua string literal in double quotes; what is not ASCII by its bytes.
pub fn lua_string(text: &str) -> String {
    let mut out = String::from("\"");
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => {
                out.push('\\');
                out.push(char::from(byte));
            }
            b' '..=b'~' => out.push(char::from(byte)),
            // Writing to a string cannot fail.
            _ => drop(write!(out, "\\{byte:03}")),
        }
    }
    out.push('"');
    out
}

/// Text as a regular expression (RE2) that matches only itself.
pub fn regex_literal(text: &str) -> String {
    regex_syntax::escape(text)
}

/// Text as data inside a Go template (annotations, notification templates): what would open an
/// action is printed by one.
pub fn go_template(text: &str) -> String {
    text.replace("{{", "{{ \"{{\" }}")
}

/// Text as one cell of a Markdown table.
pub fn markdown_cell(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('|', "\\|")
        .replace('<', "&lt;")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(yaml: &str) -> serde_json::Value {
        serde_yaml::from_str(yaml).unwrap()
    }

    #[test]
    fn what_a_reader_could_mistake_is_quoted() {
        for text in [
            "redis",
            "redis-exporter",
            "/etc/x.yml",
            "15s",
            "1h30m",
            "a.b/c",
            "alertmanager:9093",
            "redis://redis:6379",
            "./prometheus",
            "--config.file=/etc/x.yml",
            "redis:memory_used:ratio",
        ] {
            assert_eq!(yaml_string(text), text);
            let nested = format!("a: [{text}, {text}]\n{text}: {text}\n");
            assert_eq!(read(&nested)["a"][1], serde_json::json!(text), "{nested}");
            assert_eq!(read(&nested)[text], serde_json::json!(text), "{nested}");
        }
        for text in [
            "",
            "yes",
            "no",
            "on",
            "null",
            "~",
            "1",
            "1.5",
            "0x1F",
            "1e5",
            "a: b",
            "a #b",
            "- a",
            "*a",
            "&a",
            "!a",
            "{a}",
            "[a]",
            "a\nb",
            " a",
            "a ",
            ".5",
            ".inf",
            "<<",
            "=",
            "12:30",
            "a:",
            "---",
            "-",
            "2001-01-01",
            "\u{85}",
            "\u{2028}",
            "\u{feff}x",
            "${A}",
            "{{ x }}",
            "'",
            "\"",
            "1_000",
        ] {
            let literal = yaml_string(text);
            assert!(literal.starts_with(['"', '\'']), "{text:?} -> {literal}");
            assert_eq!(read(&literal), serde_json::json!(text), "{literal}");
        }
    }

    proptest! {
        #[test]
        fn every_text_survives_yaml(text in any::<String>()) {
            prop_assert_eq!(read(&yaml_string(&text)), serde_json::json!(text));
            let nested = format!("a:\n  b: {}\n  c: 1\n", yaml_block(&text, 4));
            prop_assert_eq!(read(&nested)["a"]["b"].clone(), serde_json::json!(text));
        }

        #[test]
        fn a_comment_stays_one(text in any::<String>()) {
            let yaml = format!("# {}\na: 1\n", comment(&text, 0));
            prop_assert_eq!(read(&yaml), serde_json::json!({"a": 1}));
        }

        #[test]
        fn a_flow_list_keeps_its_items(items in proptest::collection::vec(any::<String>(), 0..5)) {
            let literal = yaml(&Value::from(minijinja::value::Serde(&items))).unwrap();
            prop_assert_eq!(read(&format!("a: {literal}"))["a"].clone(), serde_json::json!(items));
        }
    }
}
