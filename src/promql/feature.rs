//! Parts of the language that not every Prometheus has.

use std::collections::BTreeMap;
use std::fmt;

use super::error::{ErrorKind, ParseError};
use super::function::{EXPERIMENTAL, Function};
use super::version::{Support, Target, Version};
use crate::source::Span;

/// A part of the language that is younger than Prometheus 2.0 or went away since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feature {
    /// A function.
    Function(&'static Function),
    /// `group(…)`
    GroupAggregation,
    /// `limitk(…)`, `limit_ratio(…)`
    LimitAggregation,
    /// `expr[1h:1m]`
    Subquery,
    /// `@ 1609746000`, `@ start()`, `@ end()`
    AtModifier,
    /// `offset -5m`
    NegativeOffset,
    /// `a atan2 b`
    Atan2,
    /// `1_000`
    NumberUnderscore,
    /// A duration where a number is expected: `x > 10m`.
    DurationAsNumber,
    /// A number where a duration is expected: `x[300]`.
    NumberAsDuration,
    /// `offset 0s`
    ZeroOffset,
    /// A metric or label name in quotes: `{"a.b", "c.d"="e"}`.
    QuotedName,
    /// `\Q` without its `\E` in a regular expression: what Prometheus put behind patterns was quoted with them.
    OpenQuotation,
    /// `(?<name>…)` in a regular expression, which Go knows since 1.22.
    ShortGroupName,
    /// A colon in a label of `by`, `without`, `on` or `ignoring` that has no quotes.
    ColonInLabel,
    /// A sign before a duration, but for the minus behind `offset`.
    DurationSign,
    /// Arithmetic in brackets and after `offset`: `x[5m * 2]`.
    DurationExpression,
    /// `step()` in a duration.
    DurationStep,
    /// `range()` in a duration.
    DurationRange,
    /// `min(…)` and `max(…)` in a duration, as they were first called.
    DurationMinMax,
    /// `min_of(…)` and `max_of(…)` in a duration.
    DurationMinOfMaxOf,
    /// `x[5m] anchored`, `x[5m] smoothed`
    ExtendedRangeSelector,
    /// `fill(0)`, `fill_left(0)`, `fill_right(0)`
    FillModifier,
    /// `</`, `>/`
    TrimOperator,
}

const DURATIONS: &str = "promql-duration-expr";

impl Feature {
    /// When it exists, and behind which flag. Source: Prometheus's changelog.
    pub const fn support(self) -> Support {
        match self {
            Self::Function(function) => function.support,
            Self::GroupAggregation => Support::since(2, 20),
            Self::LimitAggregation => Support::since(2, 54).flag(EXPERIMENTAL),
            Self::Subquery => Support::since(2, 7),
            Self::AtModifier => Support::since(2, 25).flag_until("promql-at-modifier", 2, 33),
            Self::NegativeOffset => {
                Support::since(2, 26).flag_until("promql-negative-offset", 2, 33)
            }
            Self::Atan2 => Support::since(2, 31),
            Self::NumberUnderscore
            | Self::DurationAsNumber
            | Self::NumberAsDuration
            | Self::ZeroOffset => Support::since(2, 54),
            Self::ShortGroupName => Support::since(2, 51),
            Self::QuotedName | Self::ColonInLabel | Self::OpenQuotation => Support::since(3, 0),
            Self::DurationSign => Support::since(3, 4),
            Self::DurationExpression => Support::since(3, 4).flag_until(DURATIONS, 3, 14),
            Self::DurationStep => Support::since(3, 6).flag_until(DURATIONS, 3, 14),
            Self::DurationRange => Support::since(3, 10).flag_until(DURATIONS, 3, 14),
            Self::DurationMinMax => Support::since(3, 6).until(3, 13).flag(DURATIONS),
            Self::DurationMinOfMaxOf => Support::since(3, 13).flag_until(DURATIONS, 3, 14),
            Self::ExtendedRangeSelector => {
                Support::since(3, 7).flag_until("promql-extended-range-selectors", 3, 16)
            }
            Self::FillModifier => Support::since(3, 10).flag("promql-binop-fill-modifiers"),
            Self::TrimOperator => Support::since(3, 11),
        }
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Function(function) => return write!(f, "the function `{}`", function.name),
            Self::GroupAggregation => "the aggregation `group`",
            Self::LimitAggregation => "`limitk` and `limit_ratio`",
            Self::Subquery => "subqueries",
            Self::AtModifier => "the `@` modifier",
            Self::NegativeOffset => "negative offsets",
            Self::Atan2 => "the operator `atan2`",
            Self::NumberUnderscore => "underscores in numbers",
            Self::DurationAsNumber => "durations as numbers",
            Self::NumberAsDuration => "numbers without a unit as durations",
            Self::ZeroOffset => "an offset of zero",
            Self::OpenQuotation => "`\\Q` without `\\E`",
            Self::ShortGroupName => "`(?<name>…)` without a `P`",
            Self::QuotedName => "names in quotes",
            Self::ColonInLabel => "colons in labels",
            Self::DurationSign => "signs before durations",
            Self::DurationExpression => "arithmetic in durations",
            Self::DurationStep => "`step()` in durations",
            Self::DurationRange => "`range()` in durations",
            Self::DurationMinMax => "`min` and `max` in durations",
            Self::DurationMinOfMaxOf => "`min_of` and `max_of` in durations",
            Self::ExtendedRangeSelector => "`anchored` and `smoothed`",
            Self::FillModifier => "the modifiers `fill`, `fill_left` and `fill_right`",
            Self::TrimOperator => "the operators `</` and `>/`",
        })
    }
}

/// One place where an expression uses a [`Feature`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeatureUse {
    /// What.
    pub feature: Feature,
    /// Where.
    pub span: Span,
}

impl FeatureUse {
    /// Why `target` does not understand this use; `None` if it does.
    pub fn problem(&self, target: &Target) -> Option<ParseError> {
        let support = self.feature.support();
        let version = target.version;
        let error = |message: String| ParseError::new(ErrorKind::Unsupported, self.span, message);
        if version < support.since {
            return Some(
                error(format!(
                    "Prometheus {version} does not know {}, which came with {}",
                    self.feature, support.since
                ))
                .hint(format!("use Prometheus {} or newer", support.since)),
            );
        }
        if let Some(until) = support.until.filter(|until| version >= *until) {
            let error = error(format!("Prometheus {until} removed {}", self.feature));
            return Some(match self.feature {
                Feature::DurationMinMax => error.hint("they are called `min_of` and `max_of` now"),
                Feature::Function(function) if function.name == "holt_winters" => {
                    error.hint("it is called `double_exponential_smoothing` now")
                }
                _ => error,
            });
        }
        let flag = support
            .flag_for(version)
            .filter(|flag| !target.allows(flag))?;
        Some(
            error(format!(
                "Prometheus {version} has {} only behind the feature flag `{flag}`",
                self.feature
            ))
            .hint(format!("start Prometheus with `--enable-feature={flag}`")),
        )
    }
}

/// The Prometheus that understands an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirements {
    /// The first version that has everything in it; `None` where every version has.
    pub since: Option<Version>,
    /// The first version that lacks something again. Not after `since` where no version has everything.
    pub until: Option<Version>,
    /// Feature flags, each with the first version that needs it no more.
    pub flags: BTreeMap<&'static str, Option<Version>>,
}

impl Requirements {
    pub(super) fn of(features: &[FeatureUse]) -> Self {
        let supports = || features.iter().map(|used| used.feature.support());
        let mut flags = BTreeMap::new();
        for (flag, stable) in supports().filter_map(|support| support.flag) {
            let known = flags.entry(flag).or_insert(stable);
            // A flag is needed for as long as anything needs it.
            *known = match (*known, stable) {
                (Some(one), Some(other)) => Some(one.max(other)),
                _ => None,
            };
        }
        Self {
            since: supports()
                .map(|support| support.since)
                .max()
                .filter(|since| *since > Support::ALWAYS.since),
            until: supports().filter_map(|support| support.until).min(),
            flags,
        }
    }

    /// Whether some version has everything, flags aside.
    pub fn can_be_met(&self) -> bool {
        self.until
            .is_none_or(|until| self.since.is_none_or(|since| since < until))
    }
}

impl fmt::Display for Requirements {
    /// `Prometheus 3.4 or newer, until 3.14 with --enable-feature=promql-duration-expr`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.since, self.until) {
            _ if !self.can_be_met() => return f.write_str("what no Prometheus has together"),
            (None, None) => f.write_str("any Prometheus"),
            (Some(since), None) => write!(f, "Prometheus {since} or newer"),
            (None, Some(until)) => write!(f, "Prometheus before {until}"),
            (Some(since), Some(until)) => write!(f, "Prometheus {since} or newer, before {until}"),
        }?;
        for (flag, stable) in &self.flags {
            match stable {
                Some(stable) => write!(f, ", before {stable} with --enable-feature={flag}"),
                None => write!(f, ", with --enable-feature={flag}"),
            }?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements_are_those_of_all_features() {
        let needs = |text: &str| crate::promql::parse(text).requirements().to_string();
        assert_eq!(needs("up"), "any Prometheus");
        assert_eq!(
            needs("x @ 0 offset -5m"),
            "Prometheus 2.26 or newer, before 2.33 with --enable-feature=promql-at-modifier, before 2.33 with --enable-feature=promql-negative-offset"
        );
        assert_eq!(
            needs("limitk(2, x)"),
            "Prometheus 2.54 or newer, with --enable-feature=promql-experimental-functions"
        );
        assert_eq!(needs("holt_winters(x[5m], 0, 0)"), "Prometheus before 3.0");
        assert_eq!(
            needs("holt_winters({\"a.b\"}[5m], 0, 0)"),
            "what no Prometheus has together"
        );
    }

    #[test]
    fn a_feature_is_refused_before_after_and_without_its_flag() {
        let on = |feature, version: Version, enabled: Option<Vec<String>>| {
            FeatureUse {
                feature,
                span: Span::at(0),
            }
            .problem(&Target { version, enabled })
            .map(|error| error.message)
        };
        let fill = Feature::FillModifier;
        assert!(on(fill, Version::new(2, 42), None).is_some_and(|text| text.contains("3.10")));
        assert_eq!(on(fill, Version::new(3, 11), None), None);
        assert!(
            on(fill, Version::new(3, 11), Some(vec![]))
                .is_some_and(|text| text.contains("only behind"))
        );
        let flag = vec!["promql-binop-fill-modifiers".to_owned()];
        assert_eq!(on(fill, Version::new(3, 11), Some(flag)), None);
        assert!(on(Feature::DurationMinMax, Version::NEWEST, None).is_some());
    }
}
