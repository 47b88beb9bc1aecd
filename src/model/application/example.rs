//! Series that an application's figures have: what unit tests of its rules feed them.

use std::collections::{BTreeMap, BTreeSet};

use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::hir::{Class, Hir, HirKind};

use crate::catalogue::{Indicators, LabelMatch};
use crate::promql::MatchOp;

/// Labels of a series.
pub type Labels = BTreeMap<String, String>;

/// Labels of one series for each figure that has conditions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Examples {
    /// Of a request that did not fail.
    pub success: Labels,
    /// Of a failure.
    pub error: Labels,
    /// Of the latency.
    pub latency: Labels,
    /// Of the health.
    pub health: Labels,
    /// Whether failures are counted among the requests, by the same metric.
    pub errors_are_requests: bool,
}

impl Examples {
    /// Series that fit.
    ///
    /// # Errors
    ///
    /// The label for which nothing fits: it selects everything or nothing.
    pub(super) fn of(indicators: &Indicators) -> Result<Self, String> {
        let conditions = |indicator: &Option<crate::catalogue::Indicator>| -> Vec<Condition> {
            let written = indicator.iter().flat_map(|it| &it.conditions);
            written.map(Condition::of).collect()
        };
        let requests = conditions(&indicators.requests);
        let errors = conditions(&indicators.errors);
        let metric = |indicator: &Option<crate::catalogue::Indicator>| {
            indicator.as_ref().map(|indicator| indicator.metric.clone())
        };
        let errors_are_requests = indicators.errors.is_some()
            && metric(&indicators.errors) == metric(&indicators.requests);
        let (success, error) = if errors_are_requests {
            let error = fitting(&[requests.as_slice(), errors.as_slice()].concat(), None)?;
            (fitting(&requests, Some(&errors))?, error)
        } else {
            (fitting(&requests, None)?, fitting(&errors, None)?)
        };
        Ok(Self {
            success,
            error,
            latency: fitting(&conditions(&indicators.latency), None)?,
            health: fitting(&conditions(&indicators.health), None)?,
            errors_are_requests,
        })
    }
}

/// A condition with its expression, if it has one, ready to be asked for many values.
#[derive(Debug, Clone)]
struct Condition {
    written: LabelMatch,
    expression: Option<Regex>,
}

impl Condition {
    fn of(written: &LabelMatch) -> Self {
        let is_expression = matches!(written.op, MatchOp::Regex | MatchOp::NotRegex);
        Self {
            written: written.clone(),
            expression: is_expression.then(|| anchored(&written.value)).flatten(),
        }
    }

    fn accepts(&self, value: &str) -> bool {
        let is_match = || {
            let expression = self.expression.as_ref();
            expression.is_some_and(|expression| expression.is_match(value.as_bytes()))
        };
        match self.written.op {
            MatchOp::Equal => value == self.written.value,
            MatchOp::NotEqual => value != self.written.value,
            MatchOp::Regex => is_match(),
            MatchOp::NotRegex => !is_match(),
        }
    }
}

/// An expression as Prometheus takes it: for the whole value.
fn anchored(expression: &str) -> Option<Regex> {
    RegexBuilder::new(&format!("^(?s:{expression})$"))
        // The tables of Unicode take most of the time, and values are nearly always ASCII.
        .unicode(!expression.is_ascii())
        .build()
        .ok()
}

/// Labels that meet all conditions and, where there are `others`, not all of those.
fn fitting(conditions: &[Condition], others: Option<&[Condition]>) -> Result<Labels, String> {
    let all: Vec<&LabelMatch> = conditions
        .iter()
        .chain(others.unwrap_or_default())
        .map(|condition| &condition.written)
        .collect();
    let names: BTreeSet<&str> = all
        .iter()
        .map(|condition| condition.label.as_str())
        .collect();
    let mut labels = Labels::new();
    let mut is_beside = others.is_none_or(<[Condition]>::is_empty);
    let is_empty = others.is_some_and(<[Condition]>::is_empty);
    for name in names {
        let of_label = |conditions: &[Condition], value: &str| {
            conditions
                .iter()
                .filter(|condition| condition.written.label == name)
                .all(|condition| condition.accepts(value))
        };
        let candidates = candidates(all.iter().filter(|condition| condition.label == name));
        let mut fit = candidates
            .iter()
            .filter(|value| of_label(conditions, value));
        let first = fit.clone().next();
        // One label that differs is enough to be none of the others.
        let beside = fit.find(|value| others.is_some_and(|others| !of_label(others, value)));
        let chosen = beside.filter(|_| !is_beside).or(first);
        is_beside |= beside.is_some();
        let Some(value) = chosen else {
            return Err(name.to_owned());
        };
        labels.insert(name.to_owned(), value.clone());
    }
    if is_beside && !is_empty {
        return Ok(labels);
    }
    let label = all.first().map(|condition| condition.label.clone());
    Err(label.unwrap_or_else(|| "__name__".into()))
}

/// Values that are worth trying.
fn candidates<'a>(conditions: impl Iterator<Item = &'a &'a LabelMatch>) -> Vec<String> {
    let mut candidates = vec!["200".to_owned()];
    for condition in conditions {
        match condition.op {
            MatchOp::Equal => candidates.insert(0, condition.value.clone()),
            MatchOp::Regex => {
                let shortest = regex_syntax::parse(&condition.value)
                    .ok()
                    .and_then(|parsed| shortest(&parsed));
                candidates.splice(0..0, shortest);
            }
            MatchOp::NotEqual | MatchOp::NotRegex => {}
        }
    }
    candidates.extend(["other".to_owned(), "0".to_owned()]);
    candidates
}

/// A short text that an expression matches: `5..` gives `500`.
fn shortest(expression: &Hir) -> Option<String> {
    Some(match expression.kind() {
        HirKind::Empty | HirKind::Look(_) => String::new(),
        HirKind::Literal(literal) => String::from_utf8(literal.0.to_vec()).ok()?,
        HirKind::Class(Class::Unicode(class)) => {
            let has = |wanted: char| {
                let mut ranges = class.iter();
                ranges.any(|range| (range.start()..=range.end()).contains(&wanted))
            };
            let usual = ['0', 'a', 'A', '_'].into_iter().find(|wanted| has(*wanted));
            usual
                .or_else(|| class.iter().next().map(|range| range.start()))?
                .to_string()
        }
        HirKind::Class(Class::Bytes(class)) => char::from(class.iter().next()?.start()).to_string(),
        HirKind::Repetition(repetition) => {
            let times = usize::try_from(repetition.min).ok()?;
            (times < 100).then(|| shortest(&repetition.sub).map(|once| once.repeat(times)))??
        }
        HirKind::Capture(capture) => shortest(&capture.sub)?,
        HirKind::Concat(parts) => parts.iter().map(shortest).collect::<Option<String>>()?,
        HirKind::Alternation(branches) => shortest(branches.first()?)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Indicator;

    fn condition(label: &str, op: MatchOp, value: &str) -> LabelMatch {
        LabelMatch {
            label: label.into(),
            op,
            value: value.into(),
        }
    }

    fn counted(requests: &[LabelMatch], errors: &[LabelMatch]) -> Indicators {
        let indicator = |conditions: &[LabelMatch]| {
            Some(Indicator {
                metric: "requests_total".into(),
                conditions: conditions.to_vec(),
            })
        };
        Indicators {
            requests: indicator(requests),
            errors: indicator(errors),
            ..Indicators::default()
        }
    }

    #[test]
    fn a_short_text_fits_an_expression() {
        for (expression, text) in [
            ("5..", "500"),
            ("5xx|500", "5xx"),
            ("[a-f]+", "a"),
            ("(get|set)_[0-9]{2}", "get_00"),
            ("", ""),
        ] {
            let parsed = regex_syntax::parse(expression).unwrap();
            assert_eq!(shortest(&parsed).as_deref(), Some(text), "{expression}");
        }
    }

    #[test]
    fn a_success_is_a_request_and_no_failure() {
        use MatchOp::*;
        let of = |requests: &[LabelMatch], errors: &[LabelMatch]| {
            let examples = Examples::of(&counted(requests, errors))?;
            let words = |labels: &Labels| format!("{labels:?}");
            Ok::<_, String>((words(&examples.success), words(&examples.error)))
        };
        let code = |op, value| condition("code", op, value);
        let pair = |success: &str, error: &str| Ok((success.to_owned(), error.to_owned()));
        assert_eq!(
            of(&[], &[code(Regex, "5..")]),
            pair(r#"{"code": "200"}"#, r#"{"code": "500"}"#)
        );
        assert_eq!(
            of(&[], &[code(NotRegex, "2..")]),
            pair(r#"{"code": "200"}"#, r#"{"code": "other"}"#)
        );
        assert_eq!(
            of(
                &[condition("route", NotEqual, "/health")],
                &[
                    code(Equal, "error"),
                    condition("route", NotEqual, "/health")
                ]
            ),
            pair(
                r#"{"code": "200", "route": "200"}"#,
                r#"{"code": "error", "route": "200"}"#
            )
        );
        // Everything that is counted, or nothing, fails.
        assert_eq!(of(&[], &[]), Err("__name__".into()));
        assert_eq!(of(&[], &[code(Regex, ".*")]), Err("code".into()));
        assert_eq!(
            of(&[code(Equal, "1")], &[code(Equal, "2")]),
            Err("code".into())
        );
    }
}
