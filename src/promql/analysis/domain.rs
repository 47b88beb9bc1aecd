//! Which values are possible: intervals, and what arithmetic and comparisons make of them.

use std::fmt;

use super::super::operator::BinaryOp;
use super::super::printer::format_float;

/// The values from `low` to `high`. NaN is outside of every domain: no comparison but `!=` holds for it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Domain {
    /// No value is smaller.
    pub low: f64,
    /// No value is larger.
    pub high: f64,
    /// Whether `low` itself is no value.
    pub low_is_open: bool,
    /// Whether `high` itself is no value.
    pub high_is_open: bool,
}

/// Whether a comparison holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// For every value there can be.
    Always,
    /// For none.
    Never,
    /// For some.
    Depends,
}

impl fmt::Display for Domain {
    /// `any`, `from 0 to 1`, `above 0.9`, `0`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("none");
        }
        // A sum with zero has no negative zero.
        let number = |bound: f64| format_float(bound + 0.0);
        if self.low == self.high {
            return f.write_str(&number(self.low));
        }
        let low = self.low.is_finite().then(|| number(self.low));
        let high = self.high.is_finite().then(|| number(self.high));
        match (&low, &high) {
            (None, None) => return f.write_str("any"),
            (Some(low), _) if self.low_is_open => write!(f, "above {low}")?,
            (Some(low), _) => write!(f, "from {low}")?,
            (None, _) => {}
        }
        let Some(high) = high else {
            return Ok(());
        };
        let space = if low.is_some() { " " } else { "" };
        let word = if self.high_is_open { "below" } else { "to" };
        write!(f, "{space}{word} {high}")
    }
}

impl Domain {
    /// Every number.
    pub const ANY: Self = Self::new(f64::NEG_INFINITY, f64::INFINITY);

    /// Zero and above.
    pub const NOT_NEGATIVE: Self = Self::new(0.0, f64::INFINITY);

    /// The values from `low` to `high`, both included.
    pub const fn new(low: f64, high: f64) -> Self {
        Self {
            low,
            high,
            low_is_open: false,
            high_is_open: false,
        }
    }

    /// One value.
    pub const fn only(value: f64) -> Self {
        Self::new(value, value)
    }

    /// Whether no bound is known.
    pub fn is_any(&self) -> bool {
        self.low == f64::NEG_INFINITY && self.high == f64::INFINITY
    }

    /// Whether no value is possible.
    pub fn is_empty(&self) -> bool {
        self.low > self.high || (self.low == self.high && (self.low_is_open || self.high_is_open))
    }

    /// Whether `value` is possible.
    pub fn contains(&self, value: f64) -> bool {
        let above = value > self.low || (value == self.low && !self.low_is_open);
        let below = value < self.high || (value == self.high && !self.high_is_open);
        above && below
    }

    /// The smallest interval that holds both.
    #[must_use]
    pub fn hull(&self, other: &Self) -> Self {
        let (low, low_is_open) = match self.low.total_cmp(&other.low) {
            std::cmp::Ordering::Less => (self.low, self.low_is_open),
            std::cmp::Ordering::Greater => (other.low, other.low_is_open),
            std::cmp::Ordering::Equal => (self.low, self.low_is_open && other.low_is_open),
        };
        let (high, high_is_open) = match self.high.total_cmp(&other.high) {
            std::cmp::Ordering::Greater => (self.high, self.high_is_open),
            std::cmp::Ordering::Less => (other.high, other.high_is_open),
            std::cmp::Ordering::Equal => (self.high, self.high_is_open && other.high_is_open),
        };
        Self {
            low,
            high,
            low_is_open,
            high_is_open,
        }
    }

    /// The values that both have.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let (low, low_is_open) = match self.low.total_cmp(&other.low) {
            std::cmp::Ordering::Greater => (self.low, self.low_is_open),
            std::cmp::Ordering::Less => (other.low, other.low_is_open),
            std::cmp::Ordering::Equal => (self.low, self.low_is_open || other.low_is_open),
        };
        let (high, high_is_open) = match self.high.total_cmp(&other.high) {
            std::cmp::Ordering::Less => (self.high, self.high_is_open),
            std::cmp::Ordering::Greater => (other.high, other.high_is_open),
            std::cmp::Ordering::Equal => (self.high, self.high_is_open || other.high_is_open),
        };
        Self {
            low,
            high,
            low_is_open,
            high_is_open,
        }
    }

    /// What `-x` can be.
    #[must_use]
    pub fn negated(&self) -> Self {
        Self {
            low: -self.high,
            high: -self.low,
            low_is_open: self.high_is_open,
            high_is_open: self.low_is_open,
        }
    }

    /// What the absolute value can be.
    #[must_use]
    pub fn absolute(&self) -> Self {
        if self.low >= 0.0 {
            *self
        } else if self.high <= 0.0 {
            self.negated()
        } else {
            Self::new(0.0, self.high.max(-self.low))
        }
    }

    /// What an arithmetic operator between two values can give.
    #[must_use]
    pub fn calculate(&self, op: BinaryOp, other: &Self) -> Self {
        match op {
            BinaryOp::Add => self.plus(other),
            BinaryOp::Sub => self.plus(&other.negated()),
            BinaryOp::Mul => self.times(other),
            BinaryOp::Div if other.low > 0.0 || other.high < 0.0 => {
                let reciprocal = Self {
                    low: 1.0 / other.high,
                    high: 1.0 / other.low,
                    low_is_open: other.high_is_open,
                    high_is_open: other.low_is_open,
                };
                self.times(&reciprocal)
            }
            BinaryOp::Div if self.low >= 0.0 && other.low >= 0.0 => Self::NOT_NEGATIVE,
            BinaryOp::Mod if self.low >= 0.0 => Self::NOT_NEGATIVE,
            BinaryOp::Pow if self.low >= 0.0 => Self::NOT_NEGATIVE,
            BinaryOp::Pow if other.low == other.high && other.low % 2.0 == 0.0 => {
                Self::NOT_NEGATIVE
            }
            _ => Self::ANY,
        }
    }

    fn plus(&self, other: &Self) -> Self {
        // Infinities of both signs would make a bound of NaN.
        let bound = |sum: f64, none: f64| if sum.is_nan() { none } else { sum };
        Self {
            low: bound(self.low + other.low, f64::NEG_INFINITY),
            high: bound(self.high + other.high, f64::INFINITY),
            low_is_open: self.low_is_open || other.low_is_open,
            high_is_open: self.high_is_open || other.high_is_open,
        }
    }

    fn times(&self, other: &Self) -> Self {
        let product = |one: f64, two: f64| {
            if one == 0.0 || two == 0.0 {
                0.0
            } else {
                one * two
            }
        };
        let corners = [
            product(self.low, other.low),
            product(self.low, other.high),
            product(self.high, other.low),
            product(self.high, other.high),
        ];
        let low = corners.iter().copied().fold(f64::INFINITY, f64::min);
        let high = corners.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        // Which corner an open bound ends up at is only plain for a constant factor above zero.
        let is_constant = |domain: &Self| domain.low == domain.high && domain.low > 0.0;
        let (low_is_open, high_is_open) = if is_constant(other) {
            (self.low_is_open, self.high_is_open)
        } else if is_constant(self) {
            (other.low_is_open, other.high_is_open)
        } else {
            (false, false)
        };
        Self {
            low,
            high,
            low_is_open,
            high_is_open,
        }
    }

    /// The values for which a comparison with one of `other` can hold.
    #[must_use]
    pub fn filtered(&self, op: BinaryOp, other: &Self) -> Self {
        let limit = match op {
            BinaryOp::Equal => *other,
            BinaryOp::Greater | BinaryOp::GreaterEqual => Self {
                low: other.low,
                low_is_open: other.low_is_open || op == BinaryOp::Greater,
                ..Self::ANY
            },
            BinaryOp::Less | BinaryOp::LessEqual => Self {
                high: other.high,
                high_is_open: other.high_is_open || op == BinaryOp::Less,
                ..Self::ANY
            },
            _ => Self::ANY,
        };
        self.intersection(&limit)
    }

    /// Whether a comparison between two values holds.
    pub fn compare(&self, op: BinaryOp, other: &Self) -> Outcome {
        if self.is_empty() || other.is_empty() {
            return Outcome::Never;
        }
        let opposite = match op {
            BinaryOp::Equal => BinaryOp::NotEqual,
            BinaryOp::NotEqual => BinaryOp::Equal,
            BinaryOp::Less => BinaryOp::GreaterEqual,
            BinaryOp::LessEqual => BinaryOp::Greater,
            BinaryOp::Greater => BinaryOp::LessEqual,
            BinaryOp::GreaterEqual => BinaryOp::Less,
            _ => return Outcome::Depends,
        };
        match (self.can(op, other), self.can(opposite, other)) {
            (true, false) => Outcome::Always,
            (false, _) => Outcome::Never,
            (true, true) => Outcome::Depends,
        }
    }

    /// Whether a comparison holds for some value of each.
    fn can(&self, op: BinaryOp, other: &Self) -> bool {
        match op {
            BinaryOp::Equal => !self.intersection(other).is_empty(),
            BinaryOp::NotEqual => {
                !(self.low == self.high && other.low == other.high && self.low == other.low)
            }
            BinaryOp::Less => self.low < other.high,
            BinaryOp::LessEqual => {
                self.low < other.high
                    || (self.low == other.high && !self.low_is_open && !other.high_is_open)
            }
            BinaryOp::Greater => other.low < self.high,
            BinaryOp::GreaterEqual => {
                other.low < self.high
                    || (other.low == self.high && !other.low_is_open && !self.high_is_open)
            }
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_told_in_words() {
        assert_eq!(Domain::ANY.to_string(), "any");
        assert_eq!(Domain::NOT_NEGATIVE.to_string(), "from 0");
        assert_eq!(Domain::new(0.0, 1.0).to_string(), "from 0 to 1");
        assert_eq!(Domain::only(2.5).to_string(), "2.5");
        let open = Domain {
            low_is_open: true,
            ..Domain::new(0.0, f64::INFINITY)
        };
        assert_eq!(open.to_string(), "above 0");
        assert_eq!(open.negated().to_string(), "below 0");
        assert_eq!(Domain::new(1.0, 0.0).to_string(), "none");
    }

    #[test]
    fn comparisons_that_cannot_go_both_ways_are_decided() {
        let flag = Domain::new(0.0, 1.0);
        let is = |op, value| flag.compare(op, &Domain::only(value));
        assert_eq!(is(BinaryOp::Equal, 0.0), Outcome::Depends);
        assert_eq!(is(BinaryOp::Greater, 1.0), Outcome::Never);
        assert_eq!(is(BinaryOp::GreaterEqual, 1.0), Outcome::Depends);
        assert_eq!(is(BinaryOp::GreaterEqual, 0.0), Outcome::Always);
        assert_eq!(is(BinaryOp::Less, 2.0), Outcome::Always);
        assert_eq!(is(BinaryOp::NotEqual, 5.0), Outcome::Always);
        assert_eq!(is(BinaryOp::Equal, 5.0), Outcome::Never);
        let above = Domain::ANY.filtered(BinaryOp::Greater, &Domain::only(5.0));
        assert_eq!(
            above.compare(BinaryOp::LessEqual, &Domain::only(5.0)),
            Outcome::Never
        );
        assert_eq!(
            Domain::ANY.compare(BinaryOp::Greater, &Domain::only(5.0)),
            Outcome::Depends
        );
    }

    #[test]
    fn bounds_follow_arithmetic() {
        let share = Domain::new(0.0, 1.0);
        let hundred = Domain::only(100.0);
        assert_eq!(
            share.calculate(BinaryOp::Mul, &hundred),
            Domain::new(0.0, 100.0)
        );
        assert_eq!(
            hundred.calculate(BinaryOp::Sub, &share),
            Domain::new(99.0, 100.0)
        );
        assert_eq!(
            Domain::NOT_NEGATIVE.calculate(BinaryOp::Div, &Domain::NOT_NEGATIVE),
            Domain::NOT_NEGATIVE
        );
        assert_eq!(
            share.calculate(BinaryOp::Div, &Domain::new(2.0, 4.0)),
            Domain::new(0.0, 0.5)
        );
        assert_eq!(share.negated(), Domain::new(-1.0, 0.0));
        assert_eq!(Domain::new(-3.0, 1.0).absolute(), Domain::new(0.0, 3.0));
        assert!(Domain::ANY.calculate(BinaryOp::Sub, &Domain::ANY).is_any());
    }
}
