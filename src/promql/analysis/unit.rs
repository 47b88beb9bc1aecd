//! Units of values, and what arithmetic makes of them.

use std::fmt;

use crate::document::Shared;

/// A base unit, and how often it is multiplied; not 0.
type Power = (Box<str>, i32);

/// A unit: base units to powers, and how many of this unit make one of the product of base units.
///
/// `milliseconds` are `seconds` with scale 1000; `percent` is the pure number with scale 100.
#[derive(Debug, Clone, PartialEq)]
pub struct Unit {
    /// By name; `None` for a pure number. Shared, because every part of an expression has a unit.
    powers: Option<Shared<Power>>,
    /// A value in this unit is so many times the value in base units.
    pub scale: f64,
}

/// Names of scaled units: the base unit, its power and the scale.
const SCALED: [(&str, &str, f64); 16] = [
    ("milliseconds", "seconds", 1e3),
    ("microseconds", "seconds", 1e6),
    ("nanoseconds", "seconds", 1e9),
    ("minutes", "seconds", 1.0 / 60.0),
    ("hours", "seconds", 1.0 / 3600.0),
    ("days", "seconds", 1.0 / 86400.0),
    ("bits", "bytes", 8.0),
    ("kilobytes", "bytes", 1e-3),
    ("megabytes", "bytes", 1e-6),
    ("gigabytes", "bytes", 1e-9),
    ("kibibytes", "bytes", 1.0 / 1024.0),
    ("mebibytes", "bytes", 1.0 / 1_048_576.0),
    ("gibibytes", "bytes", 1.0 / 1_073_741_824.0),
    ("percent", "", 100.0),
    ("ratio", "", 1.0),
    ("", "", 1.0),
];

/// Scales within so small a part of each other are the same: constants are written in decimals.
const SAME_SCALE: f64 = 1e-9;

impl Unit {
    /// A pure number.
    pub const NUMBER: Self = Self {
        powers: None,
        scale: 1.0,
    };

    /// The unit of that name, in the plural as metric names have it; an unknown name is a base unit of its own.
    pub fn named(name: &str) -> Self {
        let scaled = SCALED.iter().find(|(scaled, _, _)| *scaled == name);
        let (base, scale) = scaled.map_or((name, 1.0), |(_, base, scale)| (*base, *scale));
        let power = (!base.is_empty()).then(|| (base.into(), 1));
        Self::of(power.into_iter().collect(), scale)
    }

    fn of(powers: Vec<Power>, scale: f64) -> Self {
        Self {
            powers: (!powers.is_empty()).then(|| powers.into()),
            scale,
        }
    }

    fn powers(&self) -> &[Power] {
        self.powers.as_deref().unwrap_or_default()
    }

    /// `seconds`.
    pub fn seconds() -> Self {
        Self::named("seconds")
    }

    /// Whether it is a pure number: a ratio or a percentage.
    pub fn is_number(&self) -> bool {
        self.powers.is_none()
    }

    /// Whether both measure the same thing, perhaps on different scales.
    pub fn measures_same(&self, other: &Self) -> bool {
        self.powers == other.powers
    }

    /// Whether both are the same unit.
    pub fn is_same(&self, other: &Self) -> bool {
        let difference = (self.scale - other.scale).abs();
        self.measures_same(other)
            && difference <= SAME_SCALE * self.scale.abs().max(other.scale.abs())
    }

    /// Whether its scale is one that units have: kilo- and kibi-, bits, minutes, per cent. Other factors are arithmetic: of
    /// `limit * 0.8` or `rate(x[5m]) * 86400` nobody knows in which unit it is.
    pub fn is_conventional(&self) -> bool {
        let is_power = |scale: f64, base: f64| {
            let exponent = scale.ln() / base.ln();
            (exponent - exponent.round()).abs() < SAME_SCALE && exponent.abs() < 6.5
        };
        [1.0, 8.0, 100.0, 1.0 / 60.0, 1.0 / 3600.0, 1.0 / 86_400.0]
            .into_iter()
            .map(|unit| self.scale / unit)
            .any(|scale| scale > 0.0 && (is_power(scale, 1000.0) || is_power(scale, 1024.0)))
    }

    /// The unit of a product.
    #[must_use]
    pub fn times(&self, other: &Self) -> Self {
        self.combined(other, 1, self.scale * other.scale)
    }

    /// The unit of a quotient.
    #[must_use]
    pub fn per(&self, other: &Self) -> Self {
        self.combined(other, -1, self.scale / other.scale)
    }

    /// The unit of values that were multiplied by `factor` to change their scale.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Self {
        Self {
            scale: self.scale * factor,
            ..self.clone()
        }
    }

    /// The unit of a power.
    #[must_use]
    pub fn power(&self, exponent: i32) -> Self {
        let powers = self
            .powers()
            .iter()
            .map(|(base, power)| (base.clone(), power.saturating_mul(exponent)))
            .filter(|(_, power)| *power != 0);
        Self::of(powers.collect(), self.scale.powi(exponent))
    }

    /// The unit of a square root, where there is one.
    pub fn root(&self) -> Option<Self> {
        let powers = self
            .powers()
            .iter()
            .map(|(base, power)| (power % 2 == 0).then(|| (base.clone(), power / 2)));
        Some(Self::of(powers.collect::<Option<_>>()?, self.scale.sqrt()))
    }

    fn combined(&self, other: &Self, sign: i32, scale: f64) -> Self {
        let mut powers = self.powers().to_vec();
        for (base, power) in other.powers() {
            let power = power.saturating_mul(sign);
            match powers.binary_search_by(|(known, _)| known.cmp(base)) {
                Ok(place) => powers[place].1 = powers[place].1.saturating_add(power),
                Err(place) => powers.insert(place, (base.clone(), power)),
            }
        }
        powers.retain(|(_, power)| *power != 0);
        Self::of(powers, scale)
    }
}

impl fmt::Display for Unit {
    /// `bytes/seconds`: what it multiplies, then what it divides by; a scaled unit by its name where it has one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_same(&Self::NUMBER) {
            return f.write_str("number");
        }
        let named = SCALED
            .iter()
            .find(|(name, _, _)| !name.is_empty() && Self::named(name).is_same(self));
        if let Some((name, _, _)) = named {
            return f.write_str(name);
        }
        let write = |f: &mut fmt::Formatter<'_>, base: &str, power: i32| match power {
            1 => f.write_str(base),
            _ => write!(f, "{base}^{power}"),
        };
        // `gibibytes/seconds`: the scale belongs to what it multiplies first, where that then has a name.
        let above = || self.powers().iter().filter(|(_, power)| *power > 0);
        let scaled = above().next().and_then(|(first, power)| {
            SCALED.iter().find(|(_, base, scale)| {
                *base == &**first && *power == 1 && (scale / self.scale - 1.0).abs() < SAME_SCALE
            })
        });
        let mut first = true;
        for (base, power) in above() {
            if !std::mem::take(&mut first) {
                f.write_str("·")?;
                write(f, base, *power)?;
            } else {
                write(f, scaled.map_or(base, |(name, _, _)| name), *power)?;
            }
        }
        if first {
            f.write_str("1")?;
        }
        for (base, power) in self.powers().iter().filter(|(_, power)| *power < 0) {
            f.write_str("/")?;
            write(f, base, power.saturating_neg())?;
        }
        let is_scaled = scaled.is_none() && (self.scale - 1.0).abs() > SAME_SCALE;
        if is_scaled {
            write!(f, " × {}", self.scale)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_multiply_and_cancel() {
        let bytes = Unit::named("bytes");
        let rate = bytes.per(&Unit::seconds());
        assert_eq!(rate.to_string(), "bytes/seconds");
        assert_eq!(rate.times(&Unit::seconds()), bytes);
        assert_eq!(bytes.per(&bytes).to_string(), "number");
        assert_eq!(bytes.per(&bytes).scaled(100.0).to_string(), "percent");
        assert_eq!(Unit::seconds().scaled(1000.0).to_string(), "milliseconds");
        assert_eq!(
            bytes.scaled(1.0 / 1024.0).scaled(1.0 / 1024.0).to_string(),
            "mebibytes"
        );
        assert_eq!(Unit::seconds().power(2).root(), Some(Unit::seconds()));
        assert_eq!(Unit::seconds().root(), None);
        assert!(!bytes.measures_same(&Unit::seconds()));
        assert!(Unit::named("percent").measures_same(&Unit::NUMBER));
        assert!(!Unit::named("percent").is_same(&Unit::NUMBER));
    }
}
