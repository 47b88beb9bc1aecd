//! Files of environment variables: `.env` and what `env_file` names.

use std::collections::BTreeMap;

use super::variable::{Flaw, Variable, expand};
use crate::source::Span;

/// The variables of a file. A value that depends on an open variable is `None`.
pub(super) type Variables = BTreeMap<String, Option<String>>;

/// Reads `text` as Compose reads `.env`; `lookup` knows what the environment says already, which wins.
///
/// # Errors
///
/// The first line that Compose cannot read.
pub(super) fn read(text: &str, lookup: &dyn Fn(&str) -> Variable) -> Result<Variables, Flaw> {
    let mut variables = Variables::new();
    let mut at = if text.starts_with('\u{feff}') { 3 } else { 0 };
    while let Some(start) = statement(text, at) {
        let (name, after) = name(text, start)?;
        let Some(after) = after else {
            // A name alone passes on what the environment has.
            at = line_end(text, start);
            if let Variable::Set(value) = lookup(&name) {
                variables.insert(name, Some(value));
            }
            continue;
        };
        let (value, end) = value(text, after, &variables, lookup)?;
        at = end;
        let value = match lookup(&name) {
            Variable::Set(value) => Some(value),
            _ => value,
        };
        variables.insert(name, value);
    }
    Ok(variables)
}

/// Checks a file of the format `raw`: `NAME=value` or `NAME` in a line, nothing quoted and nothing replaced.
///
/// # Errors
///
/// The first line that is neither.
pub(super) fn check_raw(text: &str) -> Result<(), Flaw> {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let begin = start + line.len() - line.trim_start().len();
        start += line.len();
        let said = line.trim_start();
        if said.is_empty() || said.starts_with('#') {
            continue;
        }
        let name = said
            .split('=')
            .next()
            .unwrap_or(said)
            .trim_end_matches(['\r', '\n']);
        let span = Span::new(begin, begin + name.len());
        let help = "write `NAME=value`, one in a line; a comment begins with `#`";
        if name.is_empty() {
            return Err(flaw(
                span,
                "the name of this variable is missing".into(),
                help,
            ));
        }
        if name.contains(char::is_whitespace) {
            let message = format!("`{name}` is no variable's name: it has a space in it");
            return Err(flaw(span, message, help));
        }
    }
    Ok(())
}

/// Where the next statement begins: comments and empty lines are skipped.
fn statement(text: &str, mut at: usize) -> Option<usize> {
    loop {
        let rest = &text[at..];
        at += rest.find(|character: char| !character.is_whitespace())?;
        if !text[at..].starts_with('#') {
            return Some(at);
        }
        at = line_end(text, at);
    }
}

fn line_end(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |end| at + end)
}

/// The name, and where its value begins; `None` for a name alone.
fn name(text: &str, start: usize) -> Result<(String, Option<usize>), Flaw> {
    let end = line_end(text, start);
    let line = &text[start..end];
    let rest = match line.strip_prefix("export") {
        Some(rest) if rest.starts_with([' ', '\t']) => rest.trim_start(),
        _ => line,
    };
    let begin = end - rest.len();
    let length = rest.find(['=', ':']);
    let name = rest[..length.unwrap_or(rest.len())].trim_end();
    let span = Span::new(begin, begin + name.len());
    let allowed = |character: char| {
        character.is_alphanumeric() || matches!(character, '_' | '.' | '-' | '[' | ']')
    };
    let wrong = name
        .char_indices()
        .find(|(_, character)| !allowed(*character) && !character.is_whitespace());
    if let Some((offset, character)) = wrong {
        let at = begin + offset;
        return Err(flaw(
            Span::new(at, at + character.len_utf8()),
            format!("`{character}` cannot be part of a variable's name"),
            "write `NAME=value`, one in a line; a comment begins with `#`",
        ));
    }
    if name.contains(char::is_whitespace) {
        return Err(flaw(
            span,
            format!("`{name}` is no variable's name: it has a space in it"),
            "write `NAME=value`, one in a line; a comment begins with `#`",
        ));
    }
    Ok((name.to_owned(), length.map(|length| begin + length + 1)))
}

/// The value that begins at `start`, and where it ends.
fn value(
    text: &str,
    start: usize,
    variables: &Variables,
    lookup: &dyn Fn(&str) -> Variable,
) -> Result<(Option<String>, usize), Flaw> {
    let line = &text[start..line_end(text, start)];
    let begin = start + line.len() - line.trim_start().len();
    let known = |name: &str| match (lookup(name), variables.get(name)) {
        (Variable::Set(value), _) => Variable::Set(value),
        (_, Some(Some(value))) => Variable::Set(value.clone()),
        (_, Some(None)) => Variable::Open,
        (other, None) => other,
    };
    let quote = text[begin..]
        .chars()
        .next()
        .filter(|first| matches!(first, '"' | '\''));
    let Some(quote) = quote else {
        let end = line_end(text, begin);
        let raw = &text[begin..end];
        let raw = raw.find(" #").map_or(raw, |comment| &raw[..comment]);
        let raw = raw.trim_end();
        let raw = if raw.starts_with('#') { "" } else { raw };
        return Ok((expand(raw, &known).map_err(|flaw| moved(flaw, begin))?, end));
    };
    let inner = begin + 1;
    let mut escaped = false;
    let close = text[inner..].char_indices().find(|(_, character)| {
        let closes = *character == quote && !escaped;
        escaped = *character == '\\' && !escaped;
        closes
    });
    let Some((length, _)) = close else {
        return Err(flaw(
            Span::new(begin, line_end(text, begin)),
            "this quoted value has no end".into(),
            "close the quote",
        ));
    };
    let raw = &text[inner..inner + length];
    let value = if quote == '"' {
        expand(raw, &known).map_err(|flaw| moved(flaw, inner))?
    } else {
        Some(raw.to_owned())
    };
    Ok((value, inner + length + 1))
}

fn moved(flaw: Flaw, by: usize) -> Flaw {
    Flaw {
        span: flaw.span.shifted(by),
        ..flaw
    }
}

fn flaw(span: Span, message: String, help: &str) -> Flaw {
    Flaw {
        span,
        message,
        help: help.into(),
        is_missing: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn none(_: &str) -> Variable {
        Variable::Unset
    }

    #[test]
    fn every_form_of_a_line_is_read() {
        let text = "# c\nA=1 # one\nexport B=\"x $A\ny\" # c\nC='$A'\nD: d\nE\n\nF=\nG=a#b\nH.i-j[0]=${A}${NO:-k}\n";
        let variables = read(text, &none).unwrap();
        let said: Vec<String> = variables
            .iter()
            .map(|(name, value)| format!("{name}={}", value.as_deref().unwrap_or("?")))
            .collect();
        assert_eq!(
            said,
            [
                "A=1",
                "B=x 1\ny",
                "C=$A",
                "D=d",
                "F=",
                "G=a#b",
                "H.i-j[0]=1k"
            ]
        );
    }

    #[test]
    fn a_wrong_line_is_told_with_its_place() {
        for (text, start, end) in [
            ("A=1\nB C=2", 4, 7),
            ("A=1\n{=2", 4, 5),
            ("A=\"1\nB=2", 2, 4),
            ("A=${1}", 2, 6),
            ("just words", 0, 10),
        ] {
            if !text.contains(['"', '$', '{']) {
                assert!(check_raw(text).is_err(), "{text}");
            }
            let flaw = read(text, &none).unwrap_err();
            assert_eq!((flaw.span.start(), flaw.span.end()), (start, end), "{text}");
        }
    }
}
