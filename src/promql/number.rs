//! Numbers and durations as Prometheus reads them.

use std::fmt;

/// A span of time as PromQL writes it, to the millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Duration {
    /// Milliseconds; negative only where an offset is.
    pub milliseconds: i64,
}

impl Duration {
    /// `seconds` rounded to the millisecond; `None` beyond what Prometheus can hold (about 292 years).
    pub fn from_seconds(seconds: f64) -> Option<Self> {
        (seconds.is_finite() && !out_of_range(seconds)).then(|| Self {
            milliseconds: (seconds * 1000.0).round() as i64,
        })
    }

    /// The duration in seconds.
    pub fn seconds(self) -> f64 {
        self.milliseconds as f64 / 1000.0
    }
}

/// Milliseconds of each unit, in the order in which a duration must name them.
const UNITS: [(&str, i64); 7] = [
    ("y", 365 * 24 * 3600 * 1000),
    ("w", 7 * 24 * 3600 * 1000),
    ("d", 24 * 3600 * 1000),
    ("h", 3600 * 1000),
    ("m", 60 * 1000),
    ("s", 1000),
    ("ms", 1),
];

impl fmt::Display for Duration {
    /// As Prometheus prints it: years and weeks only where nothing is left over.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.milliseconds == 0 {
            return f.write_str("0s");
        }
        if self.milliseconds < 0 {
            f.write_str("-")?;
        }
        let mut rest = self.milliseconds.unsigned_abs();
        for (unit, size) in UNITS {
            let size = size.unsigned_abs();
            let exact_only = matches!(unit, "y" | "w");
            if rest >= size && (!exact_only || rest.is_multiple_of(size)) {
                write!(f, "{}{unit}", rest / size)?;
                rest %= size;
            }
        }
        Ok(())
    }
}

/// Whether so many seconds overflow what Prometheus holds a duration in (63 bits of nanoseconds).
pub(super) fn out_of_range(seconds: f64) -> bool {
    seconds.abs() > (1u64 << 63) as f64 / 1e9
}

/// Why a number or duration is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NumberError {
    Malformed,
    OutOfRange,
    /// The same unit twice, or a smaller one before a larger one.
    UnitOrder,
    /// `1.5h`
    Fraction,
}

/// Reads a duration literal such as `1h30m`.
pub(super) fn parse_duration(text: &str) -> Result<Duration, NumberError> {
    if text.contains('.') {
        return Err(NumberError::Fraction);
    }
    let bytes = text.as_bytes();
    let mut at = 0;
    let mut next_unit = 0;
    let mut total: i128 = 0;
    while at < bytes.len() {
        let digits = bytes[at..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        let letters = bytes[at + digits..]
            .iter()
            .take_while(|byte| byte.is_ascii_alphabetic())
            .count();
        let unit = &text[at + digits..at + digits + letters];
        let index = UNITS.iter().position(|(name, _)| *name == unit);
        let (true, Some(index)) = (digits > 0, index) else {
            return Err(NumberError::Malformed);
        };
        if index < next_unit {
            return Err(NumberError::UnitOrder);
        }
        next_unit = index + 1;
        let count: i128 = text[at..at + digits]
            .parse()
            .map_err(|_| NumberError::OutOfRange)?;
        total = count
            .checked_mul(i128::from(UNITS[index].1))
            .and_then(|milliseconds| total.checked_add(milliseconds))
            .ok_or(NumberError::OutOfRange)?;
        at += digits + letters;
    }
    if at == 0 {
        return Err(NumberError::Malformed);
    }
    match i64::try_from(total) {
        Ok(milliseconds) if i128::from(i64::MAX) >= total * 1_000_000 => {
            Ok(Duration { milliseconds })
        }
        _ => Err(NumberError::OutOfRange),
    }
}

/// Reads a number literal. A leading `0` means octal where all digits are, as in Go (`0755` is 493).
pub(super) fn parse_number(text: &str) -> Result<f64, NumberError> {
    if text.eq_ignore_ascii_case("inf") {
        return Ok(f64::INFINITY);
    }
    if text.eq_ignore_ascii_case("nan") {
        return Ok(f64::NAN);
    }
    let plain: String;
    let digits = if text.contains('_') {
        if !underscores_separate_digits(text) {
            return Err(NumberError::Malformed);
        }
        plain = text.replace('_', "");
        plain.as_str()
    } else {
        text
    };
    if let Some(hexadecimal) = digits
        .strip_prefix("0x")
        .or_else(|| digits.strip_prefix("0X"))
    {
        // Beyond 63 bits only a hexadecimal float would do, and those need a `p` that no token holds.
        return i64::from_str_radix(hexadecimal, 16)
            .map(|value| value as f64)
            .map_err(|_| {
                if hexadecimal.is_empty() {
                    NumberError::Malformed
                } else {
                    NumberError::OutOfRange
                }
            });
    }
    if digits.len() > 1
        && digits.starts_with('0')
        && let Ok(octal) = i64::from_str_radix(&digits[1..], 8)
    {
        return Ok(octal as f64);
    }
    match digits.parse::<f64>() {
        Ok(value) if value.is_infinite() => Err(NumberError::OutOfRange),
        Ok(value) => Ok(value),
        Err(_) => Err(NumberError::Malformed),
    }
}

fn underscores_separate_digits(text: &str) -> bool {
    let bytes = text.as_bytes();
    let hexadecimal = text.starts_with("0x") || text.starts_with("0X");
    let is_digit = |index: usize| {
        bytes.get(index).is_some_and(|byte| {
            if hexadecimal {
                byte.is_ascii_hexdigit()
            } else {
                byte.is_ascii_digit()
            }
        })
    };
    bytes
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'_')
        .all(|(index, _)| {
            let before = (hexadecimal && index == 2) || (index > 0 && is_digit(index - 1));
            before && is_digit(index + 1)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_name_units_once_and_from_large_to_small() {
        let read = |text| parse_duration(text).map(|duration| duration.milliseconds);
        assert_eq!(read("1h30m"), Ok(5_400_000));
        assert_eq!(read("4s180ms"), Ok(4_180));
        assert_eq!(read("1y"), Ok(31_536_000_000));
        assert_eq!(read("5m1m"), Err(NumberError::UnitOrder));
        assert_eq!(read("30s1m"), Err(NumberError::UnitOrder));
        assert_eq!(read("1.5h"), Err(NumberError::Fraction));
        assert_eq!(read("1hs"), Err(NumberError::Malformed));
        assert_eq!(read("300y"), Err(NumberError::OutOfRange));
        assert_eq!(
            read("99999999999999999999999999999999999999999y"),
            Err(NumberError::OutOfRange)
        );
    }

    #[test]
    fn durations_print_as_prometheus_prints_them() {
        let print = |milliseconds| Duration { milliseconds }.to_string();
        assert_eq!(print(0), "0s");
        assert_eq!(print(90 * 24 * 3600 * 1000), "90d");
        assert_eq!(print(14 * 24 * 3600 * 1000), "2w");
        assert_eq!(print(5_400_001), "1h30m1ms");
        assert_eq!(print(-60_000), "-1m");
    }

    #[test]
    fn numbers_follow_go() {
        assert_eq!(parse_number("0755"), Ok(493.0));
        assert_eq!(parse_number("089"), Ok(89.0));
        assert_eq!(parse_number("0x1F"), Ok(31.0));
        assert_eq!(parse_number("0X_1f"), Ok(31.0));
        assert_eq!(parse_number("1_000.5"), Ok(1000.5));
        assert_eq!(parse_number("5."), Ok(5.0));
        assert_eq!(parse_number("iNf"), Ok(f64::INFINITY));
        assert!(parse_number("NaN").is_ok_and(f64::is_nan));
        assert_eq!(parse_number("0x"), Err(NumberError::Malformed));
        assert_eq!(parse_number("1__0"), Err(NumberError::Malformed));
        assert_eq!(parse_number("1e999"), Err(NumberError::OutOfRange));
    }
}
