//! Durations, byte sizes and counts as people of this field write them.

mod date;

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use date::{Date, DateError};

/// A length of time in Prometheus' notation: `30s`, `1m30s`, `1d`. Whole milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Duration(u64);

const DURATION_UNITS: [(&str, u64); 7] = [
    ("y", 365 * 24 * 3_600_000),
    ("w", 7 * 24 * 3_600_000),
    ("d", 24 * 3_600_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

impl Duration {
    /// From whole milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// From whole seconds.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds * 1_000)
    }

    /// Whole milliseconds.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// Seconds, with their fraction.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1_000.0
    }

    /// Whether it is no time at all.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// `times` as long; saturates.
    pub const fn times(self, times: u64) -> Self {
        Self(self.0.saturating_mul(times))
    }

    /// Both together; saturates.
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// In words for a sentence: `5 minutes`, `1 minute`, `90 seconds`, `0 seconds`.
    pub fn in_words(self) -> String {
        let (count, unit) = [
            (24 * 3_600_000, "day"),
            (3_600_000, "hour"),
            (60_000, "minute"),
            (1_000, "second"),
        ]
        .into_iter()
        .find(|(millis, _)| self.0 > 0 && self.0.is_multiple_of(*millis))
        .map_or((self.0, "millisecond"), |(millis, unit)| {
            (self.0 / millis, unit)
        });
        match count {
            0 => "0 seconds".into(),
            1 => format!("1 {unit}"),
            _ => format!("{count} {unit}s"),
        }
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return out.write_str("0s");
        }
        let mut rest = self.0;
        for (unit, millis) in DURATION_UNITS {
            // Years and weeks only where nothing is left over, as Prometheus prints them.
            if matches!(unit, "y" | "w") && !rest.is_multiple_of(millis) {
                continue;
            }
            if rest >= millis {
                write!(out, "{}{unit}", rest / millis)?;
                rest %= millis;
            }
        }
        Ok(())
    }
}

/// Why a text is not a quantity of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, such as `{example}`")]
pub struct QuantityError {
    expected: &'static str,
    example: &'static str,
}

const NOT_A_DURATION: QuantityError = QuantityError {
    expected: "a duration",
    example: "30s",
};

impl FromStr for Duration {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        if text == "0" {
            return Ok(Self(0));
        }
        let mut rest = text;
        let mut total: u64 = 0;
        let mut units = DURATION_UNITS.iter();
        if rest.is_empty() {
            return Err(NOT_A_DURATION);
        }
        while !rest.is_empty() {
            let (number, after) = split_digits(rest);
            let (unit, tail) = split_letters(after);
            let count: u64 = number.parse().map_err(|_| NOT_A_DURATION)?;
            // Units must come in falling order, each at most once, as Prometheus demands.
            let (_, millis) = units
                .find(|(name, _)| *name == unit)
                .ok_or(NOT_A_DURATION)?;
            total = count
                .checked_mul(*millis)
                .and_then(|part| total.checked_add(part))
                .ok_or(NOT_A_DURATION)?;
            rest = tail;
        }
        Ok(Self(total))
    }
}

/// A number of bytes: `2gb`, `512MiB`, `1000`. As in redis.conf, `kb`, `mb` and `gb` are powers of
/// 1024 and `k`, `m` and `g` powers of 1000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Bytes(pub u64);

const NOT_A_SIZE: QuantityError = QuantityError {
    expected: "a size in bytes",
    example: "512mb",
};

impl FromStr for Bytes {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        let (number, unit) = split_digits(text);
        let count: u64 = number.parse().map_err(|_| NOT_A_SIZE)?;
        let unit = match unit.trim().to_ascii_lowercase().as_str() {
            "" | "b" => 1,
            "k" => 1_000,
            "m" => 1_000_000,
            "g" => 1_000_000_000,
            "t" => 1_000_000_000_000,
            "kb" | "kib" => 1 << 10,
            "mb" | "mib" => 1 << 20,
            "gb" | "gib" => 1 << 30,
            "tb" | "tib" => 1 << 40,
            _ => return Err(NOT_A_SIZE),
        };
        count.checked_mul(unit).map(Self).ok_or(NOT_A_SIZE)
    }
}

impl fmt::Display for Bytes {
    /// In redis.conf's notation, exact: `2gb`, `1536mb`, `1000`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (unit, bytes) in [("gb", 1_u64 << 30), ("mb", 1 << 20), ("kb", 1 << 10)] {
            if self.0 > 0 && self.0.is_multiple_of(bytes) {
                return write!(out, "{}{unit}", self.0 / bytes);
            }
        }
        write!(out, "{}", self.0)
    }
}

/// A number of things, with commas between thousands: `12,500`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count(pub usize);

impl Count {
    /// With three digits that count: an estimate says no more.
    pub const fn about(number: usize) -> Self {
        let mut step = 1;
        while number / step >= 1_000 {
            step *= 10;
        }
        Self((number + step / 2) / step * step)
    }
}

impl fmt::Display for Count {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        for (position, digit) in digits.char_indices() {
            if position > 0 && (digits.len() - position).is_multiple_of(3) {
                out.write_str(",")?;
            }
            write!(out, "{digit}")?;
        }
        Ok(())
    }
}

fn split_digits(text: &str) -> (&str, &str) {
    let end = text
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(text.len());
    text.split_at(end)
}

fn split_letters(text: &str) -> (&str, &str) {
    let end = text
        .find(|character: char| !character.is_ascii_alphabetic())
        .unwrap_or(text.len());
    text.split_at(end)
}

/// What a duration looks like, for JSON Schemas.
pub const DURATION_PATTERN: &str =
    "^(0|([0-9]+y)?([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?)$";

macro_rules! as_text {
    ($type:ty, $name:literal, $description:literal, $pattern:expr) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                #[derive(Deserialize)]
                #[serde(untagged)]
                enum Written<'a> {
                    Number(u64),
                    #[serde(borrow)]
                    Text(Cow<'a, str>),
                }
                match Written::deserialize(deserializer)? {
                    Written::Number(number) => number.to_string().parse(),
                    Written::Text(text) => text.parse(),
                }
                .map_err(serde::de::Error::custom)
            }
        }

        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({
                    "description": $description,
                    "anyOf": [
                        {"type": "string", "pattern": $pattern},
                        {"type": "integer", "minimum": 0},
                    ],
                })
            }
        }
    };
}

as_text!(
    Duration,
    "Duration",
    "A duration in Prometheus' notation: 30s, 5m, 1h30m.",
    DURATION_PATTERN
);
as_text!(
    Bytes,
    "Bytes",
    "A size in bytes, as in redis.conf: 2gb, 512mb, 1000. kb, mb and gb are powers of 1024.",
    "^[0-9]+ ?([kKmMgGtT]?([iI]?[bB])?)$"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_by_people() {
        for (number, printed, about) in [
            (0, "0", "0"),
            (999, "999", "999"),
            (1_000, "1,000", "1,000"),
            (12_345, "12,345", "12,300"),
            (9_999, "9,999", "10,000"),
            (8_765_432, "8,765,432", "8,770,000"),
        ] {
            assert_eq!(Count(number).to_string(), printed);
            assert_eq!(Count::about(number).to_string(), about);
        }
    }

    #[test]
    fn durations_read_and_print_as_prometheus_does() {
        for (text, millis, printed) in [
            ("30s", 30_000, "30s"),
            ("1m30s", 90_000, "1m30s"),
            ("90s", 90_000, "1m30s"),
            ("1d", 86_400_000, "1d"),
            ("2w", 1_209_600_000, "2w"),
            ("8d", 691_200_000, "8d"),
            ("0", 0, "0s"),
            ("250ms", 250, "250ms"),
        ] {
            let duration: Duration = text.parse().unwrap();
            assert_eq!(duration.as_millis(), millis, "{text}");
            assert_eq!(duration.to_string(), printed, "{text}");
        }
        for text in [
            "",
            "5",
            "1s1m",
            "1m1m",
            "-1s",
            "1.5m",
            "s",
            "99999999999999y",
        ] {
            assert!(text.parse::<Duration>().is_err(), "{text}");
        }
        assert_eq!(Duration::from_secs(300).in_words(), "5 minutes");
        assert_eq!(Duration::from_secs(90).in_words(), "90 seconds");
    }

    #[test]
    fn sizes_read_as_redis_reads_them() {
        for (text, bytes) in [
            ("2gb", 2 << 30),
            ("1g", 1_000_000_000),
            ("512MiB", 512 << 20),
            ("1000", 1000),
        ] {
            assert_eq!(text.parse::<Bytes>().unwrap().0, bytes, "{text}");
        }
        assert_eq!(Bytes(1536 << 20).to_string(), "1536mb");
        for text in ["", "gb", "-1", "1.5gb", "2 parsecs", "99999999999tb"] {
            assert!(text.parse::<Bytes>().is_err(), "{text}");
        }
    }
}
