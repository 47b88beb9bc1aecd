//! Memory in four levels: what a level is a share of, and where each begins.

use serde_json::{Value as Json, json};

use crate::catalogue::ThresholdUnit;
use crate::document::Route;
use crate::profile::{self, PressureBase, Problem, ThresholdValue};

/// Where levels and trends begin, complete.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MemoryPressure {
    /// What used memory is divided by.
    pub of: PressureBase,
    /// Share above which the level is 1.
    pub medium: f64,
    /// Share above which it is 2.
    pub high: f64,
    /// Share above which it is 3.
    pub critical: f64,
    /// Percentage points per hour up to which memory is called stable, in either direction.
    pub stable: f64,
}

impl Default for MemoryPressure {
    fn default() -> Self {
        Self {
            of: PressureBase::Maxmemory,
            medium: 0.6,
            high: 0.75,
            critical: 0.85,
            stable: 1.0,
        }
    }
}

impl MemoryPressure {
    /// Each number by the name that tests of rules use.
    pub fn numbers(&self) -> [(&'static str, f64); 4] {
        [
            ("pressure.medium", self.medium),
            ("pressure.high", self.high),
            ("pressure.critical", self.critical),
            ("pressure.stable", self.stable),
        ]
    }

    /// What expressions see as `pressure`: the numbers as PromQL has them.
    pub(super) fn context(&self) -> Json {
        json!({
            "of": self.of.as_str(),
            "medium": self.medium.to_string(),
            "high": self.high.to_string(),
            "critical": self.critical.to_string(),
            "stable": self.stable.to_string(),
        })
    }

    /// What texts see as `pressure_text`: the same in words.
    pub(super) fn words(&self) -> Json {
        let share = |share| ThresholdUnit::Ratio.in_words(share);
        json!({
            "of": match self.of {
                PressureBase::Maxmemory => "`maxmemory`",
                PressureBase::Peak => "the most that the server ever used",
            },
            "medium": share(self.medium),
            "high": share(self.high),
            "critical": share(self.critical),
            "stable": ThresholdUnit::PercentagePointsPerHour.in_words(self.stable),
        })
    }
}

/// What a profile says about memory pressure, laid over the defaults.
pub fn resolve(
    written: &profile::MemoryPressure,
    is_alarm: bool,
    problems: &mut Vec<Problem>,
) -> MemoryPressure {
    let mut pressure = MemoryPressure {
        of: written.of,
        ..MemoryPressure::default()
    };
    let route = Route::of(["memory_pressure"]);
    let before = problems.len();
    let shares = [
        ("medium", &written.medium, &mut pressure.medium),
        ("high", &written.high, &mut pressure.high),
        ("critical", &written.critical, &mut pressure.critical),
    ];
    for (key, value, place) in shares {
        if let Some(value) = value {
            match read(value, ThresholdUnit::Ratio).filter(|share| *share > 0.0 && *share < 1.0) {
                Some(share) => *place = share,
                None => problems.push(
                    Problem::value(
                        "profile/bad-level",
                        route.key(key),
                        format!("the level `{key}` begins at no share of memory"),
                    )
                    .help("write a share between 0 and 1 such as `75%` or `0.75`"),
                ),
            }
        }
    }
    if let Some(value) = &written.stable {
        match read(value, ThresholdUnit::PercentagePointsPerHour).filter(|points| *points >= 0.0) {
            Some(points) => pressure.stable = points,
            None => problems.push(
                Problem::value(
                    "profile/bad-level",
                    route.key("stable"),
                    "`stable` is how far memory may change in an hour",
                )
                .help("write percentage points such as `1`"),
            ),
        }
    }
    if problems.len() > before {
        return pressure;
    }
    let levels = [
        ("medium", pressure.medium),
        ("high", pressure.high),
        ("critical", pressure.critical),
    ];
    for pair in levels.windows(2) {
        let [(lower, begins), (upper, ends)] = [pair[0], pair[1]];
        if begins >= ends {
            let is_written = match upper {
                "high" => written.high.is_some(),
                _ => written.critical.is_some(),
            };
            let words = |share| ThresholdUnit::Ratio.in_words(share);
            problems.push(
                Problem::value(
                    "profile/contradicting-levels",
                    route.key(if is_written { upper } else { lower }),
                    format!(
                        "the level `{lower}` begins at {}, and `{upper}` no later, at {}",
                        words(begins),
                        words(ends)
                    ),
                )
                .help("levels begin one after the other: medium, high, critical"),
            );
        }
    }
    if is_alarm && pressure.of == PressureBase::Peak {
        problems.push(
            Problem::value(
                "profile/pressure-of-peak",
                route.key("of"),
                "a server that grows is always at its own peak, so an alert on this level means nothing",
            )
            .warning()
            .help("use `of: maxmemory`, or switch `thresholds.memory-pressure` off"),
        );
    }
    pressure
}

fn read(written: &ThresholdValue, unit: ThresholdUnit) -> Option<f64> {
    match written {
        ThresholdValue::Number(number) => Some(*number),
        ThresholdValue::Text(text) => unit.parse(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_on_a_share_of_the_peak_is_warned_of() {
        let written = profile::MemoryPressure {
            of: PressureBase::Peak,
            ..profile::MemoryPressure::default()
        };
        let ids = |is_alarm| {
            let mut problems = Vec::new();
            let pressure = resolve(&written, is_alarm, &mut problems);
            assert_eq!(pressure.of, PressureBase::Peak);
            assert!(!problems.iter().any(Problem::is_error));
            problems.into_iter().map(|problem| problem.id).collect()
        };
        let none: Vec<&str> = ids(false);
        assert_eq!(none, [""; 0]);
        assert_eq!(ids(true), ["profile/pressure-of-peak"]);
    }
}
