//! What the unit test of an alert feeds it. Series are functions of one number, `value`: what the
//! expression measures. Where the threshold lies decides which numbers are tried.

use indexmap::IndexMap;
use serde::Deserialize;

/// Arithmetic over numbers and names: `+ - * /`, no parentheses. `value` is what the expression
/// measures, `guard.…` a guard, and `at.…` the same for a rate that must not be beyond it: a hair below
/// where sums of it would not come out exactly.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(from = "WrittenSum")]
pub struct Sum(pub String);

#[derive(Deserialize)]
#[serde(untagged)]
enum WrittenSum {
    Number(serde_json::Number),
    Text(String),
}

impl From<WrittenSum> for Sum {
    fn from(written: WrittenSum) -> Self {
        match written {
            WrittenSum::Number(number) => Self(number.to_string()),
            WrittenSum::Text(text) => Self(text),
        }
    }
}

impl Sum {
    /// Its value; `names` says what a name stands for. `None` for a name that it does not know, and
    /// for what is no arithmetic. Rounded to twelve digits, so that `0.29 * 100` is 29.
    pub fn evaluate(&self, names: &impl Fn(&str) -> Option<f64>) -> Option<f64> {
        let mut total = 0.0;
        let mut sign = 1.0;
        let mut product: Option<f64> = None;
        let mut divide = false;
        for word in self.0.split_whitespace() {
            match word {
                "+" | "-" => {
                    total += sign * product.take()?;
                    sign = if word == "+" { 1.0 } else { -1.0 };
                }
                "*" | "/" => {
                    product?;
                    divide = word == "/";
                }
                _ => {
                    let factor = word.parse::<f64>().ok().or_else(|| names(word))?;
                    product = Some(match product {
                        None => factor,
                        Some(product) if divide => product / factor,
                        Some(product) => product * factor,
                    });
                }
            }
        }
        let sum = total + sign * product?;
        format!("{sum:.11e}").parse().ok()
    }
}

/// In which part of a test a series is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum When {
    /// From the beginning to the end.
    #[default]
    Always,
    /// While all is well, before and after.
    Healthy,
    /// While something is wrong.
    Bad,
}

/// Where a ramp is anchored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Anchor {
    /// When the whole window lies in the bad part.
    #[default]
    Window,
    /// At the end of the bad part.
    End,
}

/// The samples of a series.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(from = "WrittenForm")]
pub enum Form {
    /// A gauge.
    Level {
        /// Its value.
        level: Sum,
        /// When it is there.
        when: When,
        /// How many such series, told apart by `instance`; one with the default labels unless given.
        copies: Option<Sum>,
        /// Whether it is a time that lies `level` seconds from now.
        from_now: bool,
    },
    /// A counter, per second.
    Rate(Sum),
    /// A gauge that changes steadily.
    Ramp {
        /// Change per second.
        slope: Sum,
        /// Its value at the anchor.
        reaches: Sum,
        /// When it has that value.
        at: Anchor,
    },
}

#[derive(Deserialize)]
#[serde(untagged)]
enum WrittenForm {
    Plain(Sum),
    Level(WrittenLevel),
    Rate(WrittenRate),
    Ramp(WrittenRamp),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenLevel {
    level: Sum,
    #[serde(default)]
    when: When,
    #[serde(default)]
    copies: Option<Sum>,
    #[serde(default)]
    since: Option<Now>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Now {
    Now,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRate {
    rate: Sum,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRamp {
    slope: Sum,
    reaches: Sum,
    #[serde(default)]
    at: Anchor,
}

impl From<WrittenForm> for Form {
    fn from(written: WrittenForm) -> Self {
        match written {
            WrittenForm::Plain(level) => Self::Level {
                level,
                when: When::Always,
                copies: None,
                from_now: false,
            },
            WrittenForm::Level(written) => Self::Level {
                level: written.level,
                when: written.when,
                copies: written.copies,
                from_now: matches!(written.since, Some(Now::Now)),
            },
            WrittenForm::Rate(written) => Self::Rate(written.rate),
            WrittenForm::Ramp(written) => Self::Ramp {
                slope: written.slope,
                reaches: written.reaches,
                at: written.at,
            },
        }
    }
}

/// Whether a case must fire.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Fires {
    /// Whenever the main case does, or never.
    Always(bool),
    /// In a part of the bad time.
    Between {
        /// Seconds after it turned bad.
        from: Sum,
        /// Seconds after it turned bad.
        until: Sum,
    },
}

impl Default for Fires {
    fn default() -> Self {
        Self::Always(false)
    }
}

/// A further server in the test, for one guard or one pitfall.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What it shows, for the reader of the test.
    pub why: String,
    /// Whether it must fire; it must stay silent unless given.
    #[serde(default)]
    pub fires: Fires,
    /// The number while it is bad, where it is not the main case's.
    #[serde(default)]
    pub value: Option<Sum>,
    /// `$value`, where it is not the number itself.
    #[serde(default)]
    pub shows: Option<Sum>,
    /// The `topology` label of its series.
    #[serde(default)]
    pub topology: Option<String>,
    /// Series that differ from the main case's; `null` for none.
    #[serde(default)]
    pub series: IndexMap<String, Option<Form>>,
}

/// What the unit test of an alert feeds it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlertTest {
    /// The number while all is well; derived from the threshold where there is one.
    #[serde(default)]
    pub healthy: Option<f64>,
    /// The number while something is wrong; derived from the threshold where there is one.
    #[serde(default)]
    pub bad: Option<f64>,
    /// `$value` while it is bad, where it is not the number itself.
    #[serde(default)]
    pub shows: Option<Sum>,
    /// How far the expression looks back, where that is not the rate window.
    #[serde(default)]
    pub window: Option<crate::quantity::Duration>,
    /// Labels of the alert that come from the series, beside those that every target has.
    #[serde(default)]
    pub result: IndexMap<String, String>,
    /// By selector: a metric name, and labels in braces beside those that every target has.
    pub series: IndexMap<String, Form>,
    /// By name.
    #[serde(default)]
    pub cases: IndexMap<String, Case>,
}

/// One server in the test of a recording rule.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordingCase {
    /// What it shows, for the reader of the test.
    pub why: String,
    /// By selector, as in [`AlertTest::series`]; there is no `value` to compute with.
    pub series: IndexMap<String, Form>,
    /// What is recorded; unset for nothing.
    #[serde(default)]
    pub records: Option<Sum>,
    /// Labels of what is recorded, beside those that every target has.
    #[serde(default)]
    pub result: IndexMap<String, String>,
}

impl RecordingCase {
    /// Every sum that it computes.
    pub fn sums(&self) -> impl Iterator<Item = &Sum> {
        let series = self.series.values().flat_map(Form::sums);
        self.records.iter().chain(series)
    }
}

impl AlertTest {
    /// Every selector that it feeds, as the file has it: a template.
    pub fn selectors(&self) -> impl Iterator<Item = &String> {
        let cases = self.cases.values();
        self.series
            .keys()
            .chain(cases.flat_map(|case| case.series.keys()))
    }

    /// Every sum that it computes.
    pub fn sums(&self) -> impl Iterator<Item = &Sum> {
        let cases = self.cases.values();
        let of_cases = cases.flat_map(|case| {
            let (from, until) = match &case.fires {
                Fires::Between { from, until } => (Some(from), Some(until)),
                Fires::Always(_) => (None, None),
            };
            let own = [&case.value, &case.shows].into_iter().flatten();
            own.chain(from)
                .chain(until)
                .chain(case.series.values().flatten().flat_map(Form::sums))
        });
        let series = self.series.values().flat_map(Form::sums);
        self.shows.iter().chain(series).chain(of_cases)
    }
}

impl Form {
    fn sums(&self) -> impl Iterator<Item = &Sum> {
        let (first, second) = match self {
            Self::Level { level, copies, .. } => (level, copies.as_ref()),
            Self::Rate(rate) => (rate, None),
            Self::Ramp { slope, reaches, .. } => (slope, Some(reaches)),
        };
        std::iter::once(first).chain(second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_exact_to_twelve_digits() {
        let names = |name: &str| (name == "value").then_some(0.29);
        for (text, result) in [
            ("value * 100", Some(29.0)),
            ("1 - value", Some(0.71)),
            ("1000 - value * 100 / 2 + 3", Some(988.5)),
            ("unknown", None),
            ("1 +", None),
            ("* 2", None),
            ("", None),
        ] {
            assert_eq!(Sum(text.into()).evaluate(&names), result, "{text}");
        }
    }
}
