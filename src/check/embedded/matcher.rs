//! Alertmanager's matchers, and whether an alert fits them as far as its labels are known before it fires.

use std::borrow::Cow;
use std::collections::BTreeMap;

use regex::Regex;

/// Whether something holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Truth {
    /// Certainly not.
    No,
    /// It depends on labels that only the firing alert has.
    Maybe,
    /// Certainly.
    Yes,
}

/// How a value is compared.
#[derive(Debug, Clone)]
enum Pattern {
    Text,
    /// A regular expression that is only a list of texts.
    Choice,
    Regex(Box<Regex>),
}

/// `name="value"`, `name!="value"`, `name=~"regex"` or `name!~"regex"`.
#[derive(Debug, Clone)]
pub(super) struct LabelMatcher {
    pub(super) name: String,
    /// What stands behind the operator, unquoted.
    pub(super) value: String,
    pub(super) is_negative: bool,
    pattern: Pattern,
}

impl LabelMatcher {
    /// Reads one matcher of the newer syntax. `Err` says what is wrong.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (name, rest) = if let Some(quoted) = text.strip_prefix('"') {
            quoted
                .split_once('"')
                .ok_or("the quoted name does not end")?
        } else {
            let end = text
                .find(['=', '!', '~'])
                .ok_or("there is none of `=`, `!=`, `=~`, `!~` in it")?;
            text.split_at(end)
        };
        let rest = rest.trim_start();
        let operators = [
            ("=~", true, false),
            ("!~", true, true),
            ("!=", false, true),
            ("=", false, false),
        ];
        let (rest, is_regex, is_negative) = operators
            .into_iter()
            .find_map(|(sign, is_regex, is_negative)| {
                Some((rest.strip_prefix(sign)?, is_regex, is_negative))
            })
            .ok_or("there is none of `=`, `!=`, `=~`, `!~` behind its name")?;
        let value = unquoted(rest.trim());
        // `severity==critical` compares with `=critical`, which nobody means.
        if value.starts_with('=') && !rest.trim_start().starts_with('"') {
            return Err("the operator is `=`, not `==`".into());
        }
        let name = name.trim();
        if name.is_empty() {
            return Err("there is no name in front of the operator".into());
        }
        Self::new(name, &value, is_regex, is_negative)
    }

    /// The matcher `name=value` or `name=~value` of the older `match` and `match_re`.
    pub(super) fn new(
        name: &str,
        value: &str,
        is_regex: bool,
        is_negative: bool,
    ) -> Result<Self, String> {
        let pattern = if !is_regex {
            Pattern::Text
        } else if is_plain_choice(value) {
            Pattern::Choice
        } else {
            let anchored = format!("^(?:{value})$");
            let regex = Regex::new(&anchored)
                .map_err(|_| format!("`{value}` is not a regular expression"))?;
            Pattern::Regex(Box::new(regex))
        };
        Ok(Self {
            name: name.to_owned(),
            value: value.to_owned(),
            is_negative,
            pattern,
        })
    }

    fn accepts(&self, label: &str) -> bool {
        let is_match = match &self.pattern {
            Pattern::Text => self.value == label,
            Pattern::Choice => self.value.split('|').any(|choice| choice == label),
            Pattern::Regex(regex) => regex.is_match(label),
        };
        is_match != self.is_negative
    }

    /// The values that it names one by one; `None` where it fits others too.
    pub(super) fn choices(&self) -> Option<Vec<&str>> {
        match &self.pattern {
            _ if self.is_negative => None,
            Pattern::Text => Some(vec![&self.value]),
            Pattern::Choice => Some(self.value.split('|').collect()),
            Pattern::Regex(_) => None,
        }
    }
}

/// Whether a regular expression is only a list of texts.
fn is_plain_choice(regex: &str) -> bool {
    regex
        .chars()
        .all(|char| char.is_ascii_alphanumeric() || "_-|: ".contains(char))
}

fn unquoted(text: &str) -> Cow<'_, str> {
    let inner = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'));
    match inner {
        None => text.into(),
        Some(inner) if !inner.contains('\\') => inner.into(),
        Some(inner) => {
            let mut out = String::new();
            let mut chars = inner.chars();
            while let Some(char) = chars.next() {
                match (char, chars.as_str().chars().next()) {
                    ('\\', Some('n')) => out.push('\n'),
                    ('\\', Some(next @ ('"' | '\\'))) => out.push(next),
                    _ => {
                        out.push(char);
                        continue;
                    }
                }
                chars.next();
            }
            out.into()
        }
    }
}

/// The labels of an alert, as far as they are known before it fires.
#[derive(Debug, Clone)]
pub(super) struct KnownLabels<'a> {
    /// With their values; `None` for one that is made by a template.
    pub(super) labels: BTreeMap<&'a str, Option<&'a str>>,
}

impl KnownLabels<'_> {
    pub(super) fn fits(&self, matcher: &LabelMatcher) -> Truth {
        match self.labels.get(matcher.name.as_str()) {
            Some(Some(value)) if matcher.accepts(value) => Truth::Yes,
            Some(Some(_)) => Truth::No,
            // Series and external labels add some that no rule mentions.
            Some(None) | None => Truth::Maybe,
        }
    }

    /// All of `matchers` together.
    pub(super) fn fits_all(&self, matchers: &[LabelMatcher]) -> Truth {
        matchers
            .iter()
            .map(|matcher| self.fits(matcher))
            .min()
            .unwrap_or(Truth::Yes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(matcher: &str, value: &str) -> bool {
        LabelMatcher::parse(matcher).unwrap().accepts(value)
    }

    #[test]
    fn every_operator_compares_the_whole_value() {
        assert!(fits(r#"severity="critical""#, "critical"));
        assert!(fits("severity = critical", "critical"));
        assert!(!fits("severity!=critical", "critical"));
        assert!(fits(r#"group=~"memory|persistence""#, "memory"));
        assert!(!fits(r#"group=~"memory|persistence""#, "mem"));
        assert!(fits(r#"alertname=~"Redis.+""#, "RedisDown"));
        assert!(!fits(r#"alertname=~"Redis""#, "RedisDown"));
        assert!(fits(r#"alertname!~"Redis.*""#, "Other"));
        assert!(fits(r#"a="x\"y\\z""#, "x\"y\\z"));
        assert!(fits(r#""a b"="c""#, "c"));
        assert!(!fits("a=x|y", "x"));
    }

    #[test]
    fn what_is_no_matcher_is_refused() {
        for text in ["", "severity", "=x", "a=~(", "severity==critical"] {
            assert!(LabelMatcher::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn labels_of_the_series_leave_it_open() {
        let known = KnownLabels {
            labels: BTreeMap::from([("severity", Some("warning")), ("made", None)]),
        };
        let fits = |texts: &[&str]| {
            let matchers: Vec<_> = texts
                .iter()
                .map(|text| LabelMatcher::parse(text).unwrap())
                .collect();
            known.fits_all(&matchers)
        };
        assert_eq!(fits(&["severity=warning"]), Truth::Yes);
        assert_eq!(fits(&["severity=warning", "instance=x"]), Truth::Maybe);
        assert_eq!(fits(&["severity=critical", "instance=x"]), Truth::No);
        assert_eq!(fits(&["made=x"]), Truth::Maybe);
    }
}
