//! `$NAME`, `${NAME:-default}`, `${NAME:?message}`, `${NAME:+other}` and `$$`.

use crate::source::Span;

/// What is known of a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Variable {
    Set(String),
    Unset,
    /// Somebody may set it, to what is not known here.
    Open,
}

/// Why a text cannot be expanded, and which bytes of it are to blame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Flaw {
    pub span: Span,
    pub message: String,
    pub help: String,
    /// Whether a variable is missing, and not the notation wrong.
    pub is_missing: bool,
}

/// Nested deeper than this is no default that somebody wrote.
const DEEPEST: usize = 50;

/// `text` with its variables replaced; `None` where that depends on an open one.
pub(super) fn expand(
    text: &str,
    lookup: &dyn Fn(&str) -> Variable,
) -> Result<Option<String>, Flaw> {
    expand_from(text, 0, lookup, DEEPEST)
}

fn expand_from(
    text: &str,
    base: usize,
    lookup: &dyn Fn(&str) -> Variable,
    depth: usize,
) -> Result<Option<String>, Flaw> {
    let mut out = Some(String::with_capacity(text.len()));
    let mut at = 0;
    let append = |out: &mut Option<String>, piece: Option<&str>| match (out.as_mut(), piece) {
        (Some(out), Some(piece)) => out.push_str(piece),
        _ => *out = None,
    };
    while let Some(dollar) = text[at..].find('$').map(|found| at + found) {
        append(&mut out, Some(&text[at..dollar]));
        let rest = &text[dollar + 1..];
        if rest.starts_with('$') {
            append(&mut out, Some("$"));
            at = dollar + 2;
        } else if rest.starts_with('{') {
            let end = closing(&text[dollar..]).map(|length| dollar + length);
            let whole = Span::new(dollar, end.unwrap_or(text.len())).shifted(base);
            let Some(end) = end else {
                return Err(invalid(&text[dollar..], whole, "its `}` is missing"));
            };
            let inner = &text[dollar + 2..end - 1];
            let value = braced(inner, base + dollar + 2, whole, lookup, depth)?;
            append(&mut out, value.as_deref());
            at = end;
        } else {
            let name = name_of(rest);
            if name.is_empty() {
                // A lone dollar sign stays one.
                append(&mut out, Some("$"));
            } else {
                match lookup(name) {
                    Variable::Set(value) => append(&mut out, Some(&value)),
                    Variable::Unset => {}
                    Variable::Open => append(&mut out, None),
                }
            }
            at = dollar + 1 + name.len();
        }
    }
    append(&mut out, Some(&text[at..]));
    Ok(out)
}

/// What stands between the braces.
fn braced(
    inner: &str,
    base: usize,
    whole: Span,
    lookup: &dyn Fn(&str) -> Variable,
    depth: usize,
) -> Result<Option<String>, Flaw> {
    let name = name_of(inner);
    let shown = format!("${{{inner}}}");
    if name.is_empty() {
        let why = "a name begins with a letter or `_`";
        return Err(invalid(&shown, whole, why));
    }
    let value = lookup(name);
    let rest = &inner[name.len()..];
    if rest.is_empty() {
        return Ok(match value {
            Variable::Set(value) => Some(value),
            Variable::Unset => Some(String::new()),
            Variable::Open => None,
        });
    }
    let (or_empty, rest) = match rest.strip_prefix(':') {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let mut characters = rest.chars();
    let operator = characters.next();
    if !matches!(operator, Some('-' | '?' | '+')) {
        let why = "after the name may follow `:-`, `-`, `:?`, `?`, `:+` or `+`";
        return Err(invalid(&shown, whole, why));
    }
    if depth == 0 {
        return Err(invalid(&shown, whole, "it is nested too deep"));
    }
    let operand = characters.as_str();
    // Expanded whether it is used or not, as Compose does.
    let start = base + inner.len() - operand.len();
    let operand = expand_from(operand, start, lookup, depth - 1)?;
    let is_given = match &value {
        Variable::Set(value) => !(or_empty && value.is_empty()),
        Variable::Unset => false,
        Variable::Open => true,
    };
    match operator {
        // What somebody may set later has its default until then.
        Some('-') if value == Variable::Open => Ok(operand),
        Some('+') if value == Variable::Open => Ok(None),
        Some('+') => Ok(if is_given {
            operand
        } else {
            Some(String::new())
        }),
        Some('-') if !is_given => Ok(operand),
        Some('?') if !is_given => {
            let state = match value {
                Variable::Unset => "not set",
                _ => "empty",
            };
            let message = match operand.as_deref() {
                Some(said) if !said.is_empty() => {
                    format!("the variable `{name}` is required and {state}: {said}")
                }
                _ => format!("the variable `{name}` is required and {state}"),
            };
            Err(Flaw {
                span: whole,
                message,
                help: format!("set `{name}` in the environment or in `.env`"),
                is_missing: true,
            })
        }
        _ => Ok(match value {
            Variable::Set(value) => Some(value),
            Variable::Unset => Some(String::new()),
            Variable::Open => None,
        }),
    }
}

fn invalid(shown: &str, span: Span, why: &str) -> Flaw {
    Flaw {
        span,
        message: format!("`{shown}` is not a variable: {why}"),
        help: "write `${NAME}` or `${NAME:-default}`; a dollar sign itself is `$$`".into(),
        is_missing: false,
    }
}

/// `[A-Za-z_][A-Za-z0-9_]*` at the beginning.
fn name_of(text: &str) -> &str {
    if text.starts_with(|first: char| first.is_ascii_digit()) {
        return "";
    }
    let end = text
        .find(|character: char| !character.is_ascii_alphanumeric() && character != '_')
        .unwrap_or(text.len());
    &text[..end]
}

/// The length of `${…}` at the beginning, up to the brace that closes it.
fn closing(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut open = 0_usize;
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'}' => {
                open = open.saturating_sub(1);
                if open == 0 {
                    return Some(at + 1);
                }
            }
            b'$' if bytes.get(at + 1) == Some(&b'{') => {
                open += 1;
                at += 1;
            }
            _ => {}
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup(name: &str) -> Variable {
        match name {
            "A" => Variable::Set("a".into()),
            "EMPTY" => Variable::Set(String::new()),
            "LATER" => Variable::Open,
            _ => Variable::Unset,
        }
    }

    fn value(text: &str) -> String {
        match expand(text, &lookup) {
            Ok(Some(value)) => value,
            Ok(None) => "(open)".into(),
            Err(flaw) => format!("({}-{})", flaw.span.start(), flaw.span.end()),
        }
    }

    #[test]
    fn every_notation_has_its_meaning() {
        for (text, expected) in [
            ("x$A-${A}y", "xa-ay"),
            ("$$A $ $1 $", "$A $ $1 $"),
            ("${NO:-d}${EMPTY:-d}${EMPTY-d}${A-d}", "dda"),
            ("${NO:+x}${A:+x}${EMPTY:+x}${EMPTY+x}", "xx"),
            ("${A:?no}${EMPTY?no}", "a"),
            ("${NO:-${NO:-${A}}}", "a"),
            ("${NO:-{}}", "{}"),
            ("${LATER:-d}", "d"),
            ("x${LATER}", "(open)"),
            ("${LATER:?no}", "(open)"),
            ("a${EMPTY:?no}", "(1-13)"),
            ("${NO-${NO?x}}", "(5-12)"),
            ("ab${A", "(2-5)"),
            ("${}", "(0-3)"),
            ("${1A}", "(0-5)"),
            ("${A.b}", "(0-6)"),
        ] {
            assert_eq!(value(text), expected, "{text}");
        }
        assert!(expand(&"${a:-".repeat(10_000), &lookup).is_err());
    }
}
