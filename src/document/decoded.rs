use std::ops::Range;

use super::{Node, ScalarStyle};
use crate::source::Span;

/// Where in `source` the bytes `within` of a scalar's decoded text were written, so that a caret can point into
/// quoted, folded and block text. Exact for everything but the white space at folded line breaks, where it is near.
pub fn written_span(source: &str, node: &Node, within: Span) -> Span {
    let raw = match source.get(node.span.start()..node.span.end()) {
        Some(raw) => content(raw, node),
        None => return node.span,
    };
    let start = offset_of(source, raw.clone(), node, within.start());
    if within.is_empty() {
        return Span::at(start.min(raw.end + node.span.start()));
    }
    // The end is after the last character, not before the next one: white space may lie between.
    let last = node
        .text
        .get(..within.end())
        .and_then(|text| text.char_indices().next_back())
        .map_or(0, |(at, _)| at);
    let last = offset_of(source, raw.clone(), node, last.max(within.start()));
    let length = written_length(&source[last..node.span.start() + raw.end], node.style);
    Span::new(start, (last + length).max(start))
}

/// Longest text whose bytes are looked up one by one where no quicker way is known.
const FEW_BYTES: usize = 16_384;

/// Where in `source` every byte of a scalar's decoded text was written, and where it ends: what [`written_span`] says of
/// each, for texts that are documents themselves.
pub fn written_offsets(source: &str, node: &Node) -> Vec<usize> {
    let raw = source
        .get(node.span.start()..node.span.end())
        .unwrap_or_default();
    let text = &*node.text;
    let found = match node.style {
        ScalarStyle::Plain if raw.len() == text.len() => {
            Some((0..=text.len()).map(|at| node.span.start() + at).collect())
        }
        ScalarStyle::Literal => literal_offsets(raw, node),
        ScalarStyle::DoubleQuoted if !raw.contains('\n') => {
            let mut offsets = Vec::with_capacity(text.len() + 1);
            let mut at = 1;
            for character in text.chars() {
                offsets.extend(std::iter::repeat_n(
                    node.span.start() + at,
                    character.len_utf8(),
                ));
                at += written_length(raw.get(at..).unwrap_or_default(), node.style);
            }
            offsets.push(node.span.start() + at);
            Some(offsets)
        }
        _ => None,
    };
    found.unwrap_or_else(|| {
        (0..=text.len())
            .map(
                |at| match text.is_char_boundary(at) && text.len() <= FEW_BYTES {
                    true => written_span(source, node, Span::at(at)).start(),
                    false => node.span.start(),
                },
            )
            .collect()
    })
}

/// Line by line: a literal block differs from its text by indentation alone.
fn literal_offsets(raw: &str, node: &Node) -> Option<Vec<usize>> {
    let mut offsets = Vec::with_capacity(node.text.len() + 1);
    let mut at = node.span.start();
    let mut lines = raw.split_inclusive('\n');
    for line in node.text.split_inclusive('\n') {
        let raw_line = lines.next()?;
        let written = raw_line.trim_end_matches(['\n', '\r']);
        let decoded = line.trim_end_matches('\n');
        let start = at
            + match decoded.trim_end_matches('\r') {
                "" => written.len(),
                decoded => written.strip_suffix(decoded)?.len(),
            };
        offsets.extend((0..line.len()).map(|into| start + into));
        at += raw_line.len();
    }
    offsets.push(at.min(node.span.end().max(node.span.start())));
    Some(offsets)
}

/// The bytes of the content within the bytes of the node: without quotes. Of a block the parser gives the content alone.
fn content(raw: &str, node: &Node) -> Range<usize> {
    match node.style {
        ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted if raw.len() >= 2 => 1..raw.len() - 1,
        _ => 0..raw.len(),
    }
}

/// The offset in `source` of the decoded byte `wanted`.
fn offset_of(source: &str, content: Range<usize>, node: &Node, wanted: usize) -> usize {
    let base = node.span.start();
    let raw = &source[base..base + content.end];
    let decoded = node.text.as_bytes();
    let wanted = wanted.min(decoded.len());
    let mut at = content.start;
    let mut read = 0;
    if node.style == ScalarStyle::Plain && raw.len() == decoded.len() {
        return base + wanted;
    }
    while read < wanted || (read == wanted && read < decoded.len()) {
        let Some(character) = node.text[read..].chars().next() else {
            break;
        };
        if is_space(character) {
            // White space aligns run by run: it is what folding and indentation change.
            let run = space_run(&node.text[read..]);
            let raw_run = raw_space_run(&raw[at..], node.style);
            if wanted < read + run {
                let into = wanted - read;
                let after_break = node.text[read..read + run]
                    .rfind('\n')
                    .is_some_and(|newline| into > newline);
                let offset = if after_break {
                    raw_run.saturating_sub(run - into)
                } else {
                    into.min(raw_run)
                };
                return base + at + offset;
            }
            read += run;
            at += raw_run;
            continue;
        }
        // Indentation and folds before the next character that counts.
        at += raw_space_run(&raw[at..], node.style);
        if read == wanted {
            return base + at;
        }
        let length = written_length(&raw[at..], node.style);
        if length == 0 {
            break;
        }
        at += length;
        read += character.len_utf8();
    }
    base + at.min(content.end)
}

fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r')
}

fn space_run(text: &str) -> usize {
    text.find(|character| !is_space(character))
        .unwrap_or(text.len())
}

/// White space as written, escaped forms of it in double quotes included.
fn raw_space_run(raw: &str, style: ScalarStyle) -> usize {
    let mut at = 0;
    loop {
        at += space_run(&raw[at..]);
        let escaped = style == ScalarStyle::DoubleQuoted
            && raw[at..].starts_with('\\')
            && raw[at + 1..].starts_with(['n', 't', 'r', ' ', '\n', '\r', '\t']);
        if !escaped {
            return at;
        }
        at += 2;
    }
}

/// How many bytes the next decoded character takes as written; 0 at the end.
fn written_length(raw: &str, style: ScalarStyle) -> usize {
    let Some(first) = raw.chars().next() else {
        return 0;
    };
    match style {
        ScalarStyle::SingleQuoted if raw.starts_with("''") => 2,
        ScalarStyle::DoubleQuoted if first == '\\' => {
            let escape = raw[1..].chars().next();
            let length = match escape {
                Some('x') => 4,
                Some('u') => 6,
                Some('U') => 10,
                Some(other) => 1 + other.len_utf8(),
                None => 1,
            };
            length.min(raw.len())
        }
        _ => first.len_utf8(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Dialect, Limits, Route, read_yaml};
    use super::*;

    /// The written form of `part` in the scalar under `e`.
    fn written<'a>(source: &'a str, part: &str) -> &'a str {
        let document = read_yaml(source, Dialect::GoYaml2, Limits::default()).unwrap();
        let node = document.root.find(&Route::of(["e"])).unwrap();
        let start = node
            .text
            .find(part)
            .unwrap_or_else(|| panic!("{:?}", node.text));
        let span = written_span(source, node, Span::new(start, start + part.len()));
        &source[span.start()..span.end()]
    }

    #[test]
    fn parts_of_decoded_text_are_found_where_they_were_written() {
        for (source, part, expected) in [
            ("e: sum(up)", "up", "up"),
            ("e: 'a ''b'' c'", "b", "b"),
            ("e: 'a ''b'' c'", "'b'", "''b''"),
            (r#"e: "a\tb \u0041 c""#, "A", r"\u0041"),
            (r#"e: "up{a=\"b\"}""#, "b", "b"),
            (r#"e: "x\ny""#, "y", "y"),
            ("e: |\n  sum(\n    up\n  )\n", "up", "up"),
            ("e: |2\n    sum(\n      up)\n", "up", "up"),
            ("e: >-\n  sum(\n  up\n  )\n", "up", "up"),
            ("e: one\n  two\n\n  three", "three", "three"),
            ("e: \"one\n  two \\\n  three\"", "three", "three"),
            ("e: |\r\n  a\r\n  b\r\n", "b", "b"),
            ("e: é ü x", "x", "x"),
            ("e: | # comment\n  a b\n", "b", "b"),
            ("e: |\n  | a\n  > b\n", "b", "b"),
        ] {
            assert_eq!(written(source, part), expected, "{source:?}");
        }
    }

    #[test]
    fn every_byte_of_a_text_is_where_its_part_is() {
        for source in [
            "e: up",
            "e: |\n  a:\n    - b\n\n  c: é\nf: 1\n",
            "e: \"{\\\"a\\\": [1, \\\"é\\\"]}\"",
            "e: 'a ''b'' c'",
            "e: >-\n  one\n  two\n",
        ] {
            let document = read_yaml(source, Dialect::GoYaml2, Limits::default()).unwrap();
            let node = document.root.find(&Route::of(["e"])).unwrap();
            let offsets = written_offsets(source, node);
            assert_eq!(offsets.len(), node.text.len() + 1, "{source:?}");
            for (at, character) in node.text.char_indices() {
                if character.is_alphanumeric() {
                    assert!(
                        source[offsets[at]..].starts_with(character),
                        "{source:?} {at}"
                    );
                }
            }
            assert!(offsets.is_sorted(), "{source:?}");
        }
    }

    #[test]
    fn the_end_of_a_text_is_inside_the_node() {
        let source = "e: |\n  sum(\nf: 1\n";
        let document = read_yaml(source, Dialect::GoYaml2, Limits::default()).unwrap();
        let node = document.root.find(&Route::of(["e"])).unwrap();
        let span = written_span(source, node, Span::at(node.text.len()));
        assert!(span.start() <= source.find("f:").unwrap(), "{span:?}");
    }

    proptest::proptest! {
        #[test]
        fn every_offset_of_every_scalar_has_a_place_in_it(
            text in "[ -~\u{e9}\n]{0,40}",
            style in 0_u8..4,
            start in 0_usize..50,
            length in 0_usize..10,
        ) {
            let source = match style {
                0 => format!("e: '{}'\n", text.replace('\'', "''")),
                1 => format!("e: {}\n", serde_json::to_string(&text).unwrap()),
                2 => format!("e: |2\n{}\n", text.lines().map(|line| format!("  {line}\n")).collect::<String>()),
                _ => format!("e: >2\n{}\n", text.lines().map(|line| format!("  {line}\n")).collect::<String>()),
            };
            if let Ok(document) = read_yaml(&source, Dialect::GoYaml3, Limits::default())
                && let Some(node) = document.root.find(&Route::of(["e"]))
            {
                let span = written_span(&source, node, Span::new(start, start + length));
                proptest::prop_assert!(node.span.start() <= span.start() && span.end() <= node.span.end().max(span.start()));
                proptest::prop_assert!(source.get(span.start()..span.end()).is_some());
            }
        }
    }
}
