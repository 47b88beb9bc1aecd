//! Grafana's variables in any text of a dashboard: `$name`, `${name}`, `${name:format}`, `[[name]]`.

/// Names of the variables that a text refers to, in its order.
pub(super) fn references(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    for (at, _) in text.match_indices('$') {
        let rest = &text[at + 1..];
        names.extend(match rest.strip_prefix('{') {
            Some(rest) => word(rest, &["}", ":", "."]),
            None => word(rest, &[""]),
        });
    }
    for (at, _) in text.match_indices("[[") {
        names.extend(word(&text[at + 2..], &["]]", ":"]));
    }
    names
}

/// The name that `rest` begins with; behind it comes one of `closing`.
fn word<'t>(rest: &'t str, closing: &[&str]) -> Option<&'t str> {
    let end = rest
        .find(|char: char| !char.is_ascii_alphanumeric() && char != '_')
        .unwrap_or(rest.len());
    let (name, tail) = rest.split_at(end);
    // `$1` is the first group of a regular expression.
    let is_name = name.starts_with(|first: char| !first.is_ascii_digit());
    let is_closed = closing.iter().any(|closing| tail.starts_with(closing));
    (is_name && is_closed).then_some(name)
}

/// Whether Grafana fills it in by itself.
pub(super) fn is_built_in(name: &str) -> bool {
    name.starts_with("__") || name == "timeFilter"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_found_in_every_form() {
        assert_eq!(
            references("$a ${b} ${c:regex} ${d.text} [[e]] [[f:pipe]]"),
            ["a", "b", "c", "d", "e", "f"]
        );
        assert_eq!(references("$__rate_interval"), ["__rate_interval"]);
        assert!(is_built_in("__rate_interval"));
    }

    #[test]
    fn what_only_looks_like_a_reference_is_none() {
        for text in [
            "^a$",
            "a$|b",
            "$1",
            "${}",
            "5 $",
            "[[:alpha:]]",
            "[[a]",
            "${a",
        ] {
            assert_eq!(references(text), [""; 0], "{text}");
        }
    }
}
