use arcstr::ArcStr;
use serde_json::Number;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Entry, Key, Node, Problem, ScalarStyle, SyntaxError, Value};
use crate::source::Span;

/// Reads a TOML document into the same tree as YAML and JSON. Dates and times are text.
///
/// # Errors
///
/// Everything that is not TOML, in the order of the text; never empty.
pub fn parse_toml(text: &str) -> Result<Node, Vec<SyntaxError>> {
    let (table, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        return Ok(mapping(Span::new(0, text.len()), table.get_ref()));
    }
    let said = |error: toml::de::Error| {
        let span = error.span().map_or(Span::at(text.len()), |span| {
            Span::new(span.start.min(text.len()), span.end.min(text.len()))
        });
        SyntaxError::new(Problem::Syntax, error.message(), span)
    };
    let mut errors: Vec<SyntaxError> = errors.into_iter().map(said).collect();
    errors.sort_by_key(|error| error.span);
    // What follows from a mistake is told on the same line again.
    let line = |error: &SyntaxError| text[..error.span.start()].matches('\n').count();
    errors.dedup_by_key(|error| line(error));
    Err(errors)
}

fn span<T>(spanned: &Spanned<T>) -> Span {
    let range = spanned.span();
    Span::new(range.start, range.end)
}

fn mapping(at: Span, table: &DeTable<'_>) -> Node {
    let mut entries: Vec<Entry> = table
        .iter()
        .map(|(key, value)| Entry {
            key: Key {
                text: ArcStr::from(&**key.get_ref()),
                span: span(key),
            },
            value: node(value),
        })
        .collect();
    entries.sort_by_key(|entry| entry.key.span);
    collection(at, Value::Mapping(entries.into()))
}

fn collection(span: Span, value: Value) -> Node {
    Node::plain(span, value, ArcStr::new())
}

fn node(value: &Spanned<DeValue<'_>>) -> Node {
    let at = span(value);
    let scalar = |style: ScalarStyle, text: ArcStr, value: Value| Node {
        style,
        ..Node::plain(at, value, text)
    };
    let number = |text: ArcStr, number: Option<Number>| {
        let value = number.map_or_else(|| Value::String(ArcStr::clone(&text)), Value::Number);
        scalar(ScalarStyle::Plain, text, value)
    };
    match value.get_ref() {
        DeValue::String(text) => {
            let text: ArcStr = ArcStr::from(&**text);
            scalar(
                ScalarStyle::DoubleQuoted,
                ArcStr::clone(&text),
                Value::String(text),
            )
        }
        DeValue::Datetime(date) => {
            let text: ArcStr = date.to_string().into();
            scalar(
                ScalarStyle::Plain,
                ArcStr::clone(&text),
                Value::String(text),
            )
        }
        DeValue::Boolean(value) => scalar(
            ScalarStyle::Plain,
            value.to_string().into(),
            Value::Bool(*value),
        ),
        DeValue::Integer(integer) => {
            let value = i64::from_str_radix(integer.as_str(), integer.radix()).ok();
            number(integer.to_string().into(), value.map(Number::from))
        }
        DeValue::Float(float) => {
            let value = float.as_str().parse().ok().and_then(Number::from_f64);
            number(float.as_str().into(), value)
        }
        DeValue::Array(items) => collection(at, Value::Sequence(items.iter().map(node).collect())),
        DeValue::Table(table) => mapping(at, table),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_knows_its_place() {
        let text = "a = 'x'\nd = 2026-12-31\n[t.\"b/c\"]\nn = 0x10\nl = [1, 2.5, true]\n[[s]]\nk = \"é\"\n[[s]]\nk = 2\n";
        let root = parse_toml(text).expect("TOML");
        let slice = |span: Span| &text[span.start()..span.end()];
        let find = |route: &[&str]| {
            let route = crate::document::Route::of(route.iter().copied());
            root.find(&route).expect("a node")
        };
        assert_eq!(slice(find(&["a"]).span), "'x'");
        assert_eq!(find(&["a"]).as_str(), Some("x"));
        assert_eq!(find(&["d"]).as_str(), Some("2026-12-31"));
        assert_eq!(find(&["t", "b/c", "n"]).value, Value::Number(16.into()));
        assert_eq!(slice(find(&["t", "b/c", "l"]).items()[1].span), "2.5");
        let table = find(&["t"]).entry("b/c").expect("an entry");
        assert_eq!(slice(table.key.span), "\"b/c\"");
        let items = find(&["s"]).items();
        assert_eq!(items.len(), 2);
        assert_eq!(slice(items[0].get("k").expect("k").span), "\"é\"");
        assert_eq!(text[..items[1].span.start()].matches('\n').count(), 7);
    }

    #[test]
    fn every_mistake_is_told_once() {
        let text = "a = \nb = 1\nb = 2\n[c\n";
        let lines: Vec<usize> = parse_toml(text)
            .expect_err("no TOML")
            .iter()
            .map(|error| text[..error.span.start()].matches('\n').count() + 1)
            .collect();
        assert_eq!(lines, [1, 3, 4]);
        assert!(parse_toml(&"[".repeat(100_000)).is_err());
        assert!(parse_toml(&format!("a = {}", "[".repeat(100_000))).is_err());
    }
}
