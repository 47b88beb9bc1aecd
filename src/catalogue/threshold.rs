//! The numbers that alerts, panels and runbooks share.

use serde::Deserialize;

use crate::quantity::{Bytes, Duration};

/// What a threshold is measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ThresholdUnit {
    /// A share, 0 to 1; written as `0.9` or `90%`.
    Ratio,
    /// How many times as much.
    Factor,
    /// Seconds; written as `0.005` or `5ms`.
    Seconds,
    /// Bytes; written as a number or `100mb`.
    Bytes,
    /// A number of things.
    Count,
    /// A number of things per second.
    PerSecond,
    /// Hundredths of a share per hour.
    PercentagePointsPerHour,
    /// A level of memory pressure; 0 to 2 in words, because nothing is beyond the highest.
    PressureLevel,
}

/// Levels of memory pressure that something can be beyond, lowest first.
const PRESSURE_LEVELS: [&str; 3] = ["low", "medium", "high"];

impl ThresholdUnit {
    /// Reads a text of this unit; `None` where it is of another.
    pub fn parse(self, text: &str) -> Option<f64> {
        let text = text.trim();
        let number = |text: &str| {
            text.trim()
                .parse::<f64>()
                .ok()
                .filter(|value| value.is_finite())
        };
        match self {
            Self::Ratio => match text.strip_suffix('%') {
                Some(percent) => number(percent).map(|percent| percent / 100.0),
                None => number(text),
            },
            Self::Seconds => number(text).or_else(|| {
                let whole = text.parse::<Duration>().ok().map(Duration::as_secs_f64);
                // Latencies are small: `0.3ms` and `250us` are no durations of Prometheus'.
                whole.or_else(|| {
                    [("us", 1e6), ("ms", 1e3), ("s", 1.0)].into_iter().find_map(
                        |(unit, per_second)| Some(number(text.strip_suffix(unit)?)? / per_second),
                    )
                })
            }),
            Self::Bytes => {
                number(text).or_else(|| text.parse::<Bytes>().ok().map(|bytes| bytes.0 as f64))
            }
            Self::PerSecond => number(text.strip_suffix("/s").unwrap_or(text)),
            Self::PressureLevel => PRESSURE_LEVELS
                .iter()
                .position(|level| *level == text)
                .map_or_else(|| number(text), |level| Some(level as f64))
                .filter(|level| level.fract() == 0.0),
            Self::Factor | Self::Count | Self::PercentagePointsPerHour => number(text),
        }
    }

    /// A value as a sentence has it: `90%`, `5 milliseconds`, `100 MiB`, `10 per second`.
    pub fn in_words(self, value: f64) -> String {
        match self {
            Self::Ratio => format!("{}%", trimmed(value * 100.0)),
            Self::Factor | Self::Count => trimmed(value),
            Self::Seconds => seconds_in_words(value),
            Self::Bytes => bytes_in_words(value),
            Self::PerSecond => format!("{} per second", trimmed(value)),
            Self::PercentagePointsPerHour => {
                format!("{} percentage points per hour", trimmed(value))
            }
            Self::PressureLevel => PRESSURE_LEVELS
                .iter()
                .enumerate()
                .find(|(level, _)| *level as f64 == value)
                .map_or_else(|| trimmed(value), |(_, level)| (*level).to_owned()),
        }
    }

    /// What a profile may write, for messages.
    pub const fn expectation(self) -> &'static str {
        match self {
            Self::Ratio => "a share such as `90%` or `0.9`",
            Self::Factor => "a factor such as `1.5`",
            Self::Seconds => "a time such as `5ms` or `30s`",
            Self::Bytes => "a size such as `512mb`",
            Self::Count => "a number such as `50`",
            Self::PerSecond => "a number per second such as `10`",
            Self::PercentagePointsPerHour => "percentage points per hour such as `10`",
            Self::PressureLevel => "`low`, `medium` or `high`",
        }
    }
}

/// At most six decimals, no trailing zeros.
fn trimmed(value: f64) -> String {
    let text = format!("{value:.6}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0" } else { text }.to_owned()
}

fn seconds_in_words(value: f64) -> String {
    let millis = (value * 1e3).round();
    if value > 0.0 && ((value * 1e3) - millis).abs() > 1e-6 {
        if value < 1e-3 {
            return format!("{} microseconds", trimmed(value * 1e6));
        }
        return format!("{} milliseconds", trimmed(value * 1e3));
    }
    Duration::from_millis(millis.max(0.0) as u64).in_words()
}

fn bytes_in_words(value: f64) -> String {
    for (unit, size) in [
        ("TiB", (1_u64 << 40) as f64),
        ("GiB", (1_u64 << 30) as f64),
        ("MiB", (1_u64 << 20) as f64),
        ("KiB", 1024.0),
    ] {
        if value >= size {
            return format!("{} {unit}", trimmed((value / size * 100.0).round() / 100.0));
        }
    }
    format!("{} bytes", trimmed(value))
}

/// Which side of a threshold is bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// Above it.
    HigherIsWorse,
    /// Below it.
    LowerIsWorse,
    /// Neither: it is the amount from which another number means anything.
    Guard,
}

impl Direction {
    /// Whether `value` is on the bad side of `threshold`; at it, it is not.
    pub fn is_beyond(self, value: f64, threshold: f64) -> bool {
        match self {
            Self::HigherIsWorse => value > threshold,
            Self::LowerIsWorse => value < threshold,
            Self::Guard => false,
        }
    }
}

/// A threshold and its defaults, in its base unit.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "Written")]
pub struct ThresholdDefinition {
    /// Kebab-case; a profile uses it as a key of `thresholds`.
    pub name: String,
    /// What is measured, in one sentence.
    pub summary: String,
    /// What it is measured in.
    pub unit: ThresholdUnit,
    /// Which side is bad.
    pub direction: Direction,
    /// The smallest and the largest value that make sense.
    pub range: [f64; 2],
    /// Where it becomes a warning; for a guard its only value. `None` for never.
    pub warning: Option<f64>,
    /// Where it becomes critical. `None` for never.
    pub critical: Option<f64>,
    /// How long a warning must hold.
    pub warning_pending: Duration,
    /// How long it must hold to be critical.
    pub critical_pending: Duration,
    /// Where the numbers come from.
    pub source: String,
}

/// A threshold as the file has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    summary: String,
    unit: ThresholdUnit,
    direction: Direction,
    range: [f64; 2],
    #[serde(default)]
    warning: Option<Value>,
    #[serde(default)]
    critical: Option<Value>,
    #[serde(default)]
    value: Option<Value>,
    #[serde(rename = "for", default)]
    pending: Option<Pending>,
    source: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Value {
    Number(f64),
    Text(String),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Pending {
    Both(Duration),
    Each {
        warning: Duration,
        critical: Duration,
    },
}

impl TryFrom<Written> for ThresholdDefinition {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let Written { name, unit, .. } = written;
        let number = |value: Option<Value>| -> Result<Option<f64>, String> {
            match value {
                None => Err(format!("`{name}`: a value is missing")),
                Some(Value::Number(value)) => Ok(Some(value)),
                Some(Value::Text(text)) if text == "off" => Ok(None),
                Some(Value::Text(text)) => unit
                    .parse(&text)
                    .map(Some)
                    .ok_or_else(|| format!("`{name}`: `{text}` is not {}", unit.expectation())),
            }
        };
        let (warning, critical) = if written.direction == Direction::Guard {
            if written.warning.is_some() || written.critical.is_some() || written.pending.is_some()
            {
                return Err(format!("`{name}`: a guard has `value` and nothing else"));
            }
            (number(written.value)?, None)
        } else {
            (number(written.warning)?, number(written.critical)?)
        };
        let (warning_pending, critical_pending) = match written.pending {
            Some(Pending::Both(both)) => (both, both),
            Some(Pending::Each { warning, critical }) => (warning, critical),
            None => Default::default(),
        };
        let definition = Self {
            name: name.clone(),
            summary: written.summary,
            unit,
            direction: written.direction,
            range: written.range,
            warning,
            critical,
            warning_pending,
            critical_pending,
            source: written.source,
        };
        let [low, high] = definition.range;
        if let Some(value) = [warning, critical]
            .into_iter()
            .flatten()
            .find(|value| !(low..=high).contains(value))
        {
            return Err(format!("`{name}`: {value} is outside {low} to {high}"));
        }
        if let (Some(warning), Some(critical)) = (warning, critical)
            && definition.direction.is_beyond(warning, critical)
        {
            return Err(format!("`{name}`: warning is beyond critical"));
        }
        Ok(definition)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_in_the_unit_of_the_threshold() {
        use ThresholdUnit::*;
        for (unit, text, value) in [
            (Ratio, "90%", Some(0.9)),
            (Ratio, "29%", Some(0.29)),
            (Ratio, "0.5", Some(0.5)),
            (Seconds, "5ms", Some(0.005)),
            (Seconds, "14d", Some(1_209_600.0)),
            (Seconds, "250us", Some(0.000_25)),
            (Seconds, "0.3ms", Some(0.000_3)),
            (Bytes, "100mb", Some(104_857_600.0)),
            (PerSecond, "10/s", Some(10.0)),
            (Count, "50", Some(50.0)),
            (Ratio, "5ms", None),
            (Seconds, "90%", None),
            (Count, "100mb", None),
            (Bytes, "much", None),
            (Count, "inf", None),
            (PressureLevel, "high", Some(2.0)),
            (PressureLevel, "1", Some(1.0)),
            (PressureLevel, "1.5", None),
            (PressureLevel, "critical", None),
        ] {
            assert_eq!(unit.parse(text), value, "{text}");
        }
    }

    #[test]
    fn values_read_as_words() {
        use ThresholdUnit::*;
        for (unit, value, words) in [
            (Ratio, 0.9, "90%"),
            (Ratio, 0.29, "29%"),
            (Seconds, 0.005, "5 milliseconds"),
            (Seconds, 1_209_600.0, "14 days"),
            (Seconds, 0.000_25, "250 microseconds"),
            (Seconds, 0.0, "0 seconds"),
            (Bytes, 104_857_600.0, "100 MiB"),
            (Bytes, 900e6, "858.31 MiB"),
            (PerSecond, 0.1, "0.1 per second"),
            (Count, 50.0, "50"),
            (Factor, 1.8, "1.8"),
            (PressureLevel, 1.0, "medium"),
        ] {
            assert_eq!(unit.in_words(value), words);
        }
    }
}
