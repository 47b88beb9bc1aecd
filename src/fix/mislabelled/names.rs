//! Names for what is shown, in the style of the names that are there.

use crate::catalogue::Catalogue;
use crate::lint::subject::{product, words};

/// The word for what metrics of a technology are about, or for a product.
pub(super) fn subject(technology: &str) -> String {
    let lower = technology.to_lowercase();
    let is_application = ["app", "http", "gunicorn", "uvicorn"]
        .iter()
        .any(|sign| lower.contains(sign));
    let name = match lower.as_str() {
        _ if is_application => "API",
        "a database" | "database" => "Database",
        "redis" => "Redis",
        "valkey" => "Valkey",
        _ => technology
            .split([',', '('])
            .next()
            .unwrap_or(technology)
            .split('/')
            .next()
            .unwrap_or(technology)
            .trim(),
    };
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

/// `text` with another subject in place of a product's name, wherever that stands as a word of its own; `None` where it does not.
/// `redis-services` becomes `api-services`, `Redis Health` becomes `API Health`.
pub(super) fn reworded(text: &str, product: &str, subject: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let mut renamed = String::with_capacity(text.len());
    let mut at = 0;
    for (start, word) in lower.match_indices(product) {
        let end = start + word.len();
        let before = text[..start].chars().next_back();
        let after = text[end..].chars().next();
        let is_upper = text[start..].starts_with(|first: char| first.is_uppercase());
        let begins = before
            .is_none_or(|before| !before.is_alphanumeric() || (before.is_lowercase() && is_upper));
        let ends = after
            .is_none_or(|after| !after.is_alphanumeric() || (after.is_uppercase() && is_upper));
        if !(begins && ends) {
            continue;
        }
        renamed.push_str(&text[at..start]);
        renamed.push_str(&match is_upper {
            true => subject.to_owned(),
            false => slug(subject),
        });
        at = end;
    }
    renamed.push_str(&text[at..]);
    (at > 0).then_some(renamed)
}

/// In lower case, with dashes.
pub(super) fn slug(text: &str) -> String {
    words_of(text).join("-")
}

fn words_of(text: &str) -> Vec<String> {
    text.split(|character: char| !character.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

/// A title that speaks of another product than it shows, with the subject in front of what is left of it:
/// `Database & Cache Operations` becomes `API Operations`.
pub(super) fn retitled(catalogue: &Catalogue, title: &str, subject: &str) -> String {
    let is_wrong = |word: &str| {
        let word = word.to_lowercase();
        word == "cache" || product(catalogue, &word).is_some()
    };
    let kept = title
        .split_whitespace()
        .rev()
        .take_while(|word| word.chars().any(char::is_alphanumeric) && !is_wrong(word));
    let mut kept: Vec<&str> = kept.collect();
    kept.reverse();
    let is_said = kept.iter().any(|word| words(word) == words(subject));
    match (kept.is_empty(), is_said) {
        (true, _) => subject.to_owned(),
        (false, true) => kept.join(" "),
        (false, false) => format!("{subject} {}", kept.join(" ")),
    }
}

/// A legend that can stand as a title: two words or more, and nothing to be filled in.
pub(super) fn title_of_legend(legend: &str) -> Option<&str> {
    let is_literal = !legend.contains(['{', '$', '[']);
    (is_literal && legend.split_whitespace().count() > 1).then_some(legend)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_change_in_their_own_style() {
        for (text, expected) in [
            ("gateway-z-redis-services", Some("gateway-z-api-services")),
            ("Redis Service Health", Some("API Service Health")),
            ("MyRedisBoard", Some("MyAPIBoard")),
            ("redistribution", None),
            ("predis", None),
            ("Cache", None),
        ] {
            assert_eq!(
                reworded(text, "redis", "API").as_deref(),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn titles_keep_what_is_true_of_them() {
        let catalogue = Catalogue::embedded().unwrap();
        for (title, expected) in [
            ("Database & Cache Operations", "API Operations"),
            ("Redis", "API"),
            ("Redis API Errors", "API Errors"),
        ] {
            assert_eq!(retitled(&catalogue, title, "API"), expected);
        }
    }

    #[test]
    fn subjects_are_words_for_titles() {
        for (technology, expected) in [
            ("FastAPI app", "API"),
            ("HTTP application (generic)", "API"),
            ("a database", "Database"),
            ("Host (Linux/BSD)", "Host"),
            ("MySQL/MariaDB", "MySQL"),
            ("Containers", "Containers"),
        ] {
            assert_eq!(subject(technology), expected);
        }
    }
}
