//! What the values are: kind, unit and domain of every part.

use super::super::function::Function;
use super::super::node::{Aggregation, Binary, Call, Kind, Selector};
use super::super::operator::{AggregateOp, BinaryOp, Sign};
use super::super::{NodeId, Parsed, ValueType};
use super::domain::{Domain, Outcome};
use super::unit::Unit;
use super::{ComparisonOutcome, Knowledge, MetricKind, UnitMismatch};

/// What values mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueKind {
    /// Nothing is known.
    Unknown,
    /// Literals only.
    Constant,
    /// Only grows, but for resets: of use only to `rate`, `increase` and their like.
    Counter,
    /// A level that goes up and down.
    Gauge,
    /// Counts of a histogram's buckets, or native histograms.
    Histogram,
    /// Growth per second.
    Rate,
    /// Growth over a window.
    Increase,
    /// A number of series or samples.
    Count,
    /// One quantity divided by another of the same unit.
    Ratio,
    /// 0 or 1, or the mere presence of a series.
    Boolean,
    /// Seconds since 1970.
    Timestamp,
    /// The time since a timestamp.
    Age,
    /// Always 1: the labels matter.
    Info,
}

impl ValueKind {
    /// The kind in one word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Constant => "constant",
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::Rate => "rate",
            Self::Increase => "increase",
            Self::Count => "count",
            Self::Ratio => "ratio",
            Self::Boolean => "boolean",
            Self::Timestamp => "timestamp",
            Self::Age => "age",
            Self::Info => "info",
        }
    }
}

/// What is known of the values of a part.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantity {
    /// What they mean.
    pub kind: ValueKind,
    /// Their unit; `None` where it is not known.
    pub unit: Option<Unit>,
    /// The unit of what a histogram observes.
    pub observed: Option<Box<Unit>>,
    /// Which values are possible.
    pub domain: Domain,
}

impl Quantity {
    const UNKNOWN: Self = Self {
        kind: ValueKind::Unknown,
        unit: None,
        observed: None,
        domain: Domain::ANY,
    };

    fn new(kind: ValueKind, unit: Option<Unit>, domain: Domain) -> Self {
        Self {
            kind,
            unit,
            observed: None,
            domain,
        }
    }

    fn number(kind: ValueKind, low: f64, high: f64) -> Self {
        Self::new(kind, Some(Unit::NUMBER), Domain::new(low, high))
    }

    fn is_constant(&self) -> bool {
        self.kind == ValueKind::Constant
    }
}

/// Quantities of every node, and where they do not fit together.
pub(super) struct Quantities<'a> {
    parsed: &'a Parsed,
    knowledge: &'a dyn Knowledge,
    pub all: Vec<Quantity>,
    pub mismatches: Vec<UnitMismatch>,
    pub outcomes: Vec<ComparisonOutcome>,
}

impl<'a> Quantities<'a> {
    pub fn of(parsed: &'a Parsed, knowledge: &'a dyn Knowledge) -> Self {
        let mut quantities = Self {
            parsed,
            knowledge,
            all: Vec::with_capacity(parsed.node_count()),
            mismatches: Vec::new(),
            outcomes: Vec::new(),
        };
        for (id, node) in parsed.nodes() {
            let quantity = match &node.kind {
                Kind::Number(number) => {
                    let unit = if number.is_duration {
                        Unit::seconds()
                    } else {
                        Unit::NUMBER
                    };
                    Quantity::new(ValueKind::Constant, Some(unit), Domain::only(number.value))
                }
                Kind::Selector(selector) => quantities.selector(selector),
                Kind::Range(range) => quantities.get(range.selector).clone(),
                Kind::Subquery(subquery) => quantities.get(subquery.expr).clone(),
                Kind::Paren(inner) | Kind::Unary(Sign::Plus, inner) => {
                    quantities.get(*inner).clone()
                }
                Kind::Unary(Sign::Minus, inner) => {
                    let inner = quantities.get(*inner);
                    let kind = if inner.is_constant() {
                        ValueKind::Constant
                    } else {
                        ValueKind::Gauge
                    };
                    Quantity::new(kind, inner.unit.clone(), inner.domain.negated())
                }
                Kind::Call(call) => quantities.call(call),
                Kind::Aggregation(aggregation) => quantities.aggregation(aggregation),
                Kind::Binary(binary) => quantities.binary(binary, id),
                Kind::String(_) | Kind::Variable(_) | Kind::Invalid => Quantity::UNKNOWN,
            };
            quantities.all.push(quantity);
        }
        quantities
    }

    fn get(&self, id: NodeId) -> &Quantity {
        self.all.get(id.index()).unwrap_or(&Quantity::UNKNOWN)
    }

    fn selector(&self, selector: &Selector) -> Quantity {
        let names = selector.metric_names().unwrap_or_default();
        let mut all = names.iter().map(|name| self.metric(name));
        let Some(first) = all.next() else {
            return Quantity::UNKNOWN;
        };
        all.fold(first, |one, other| either(&one, &other))
    }

    fn metric(&self, name: &str) -> Quantity {
        let Some(facts) = self.knowledge.metric(name) else {
            return Quantity::UNKNOWN;
        };
        let (kind, domain) = match facts.kind {
            MetricKind::Counter => (ValueKind::Counter, Domain::NOT_NEGATIVE),
            MetricKind::Gauge => (ValueKind::Gauge, Domain::ANY),
            MetricKind::Boolean => (ValueKind::Boolean, Domain::new(0.0, 1.0)),
            MetricKind::Timestamp => (ValueKind::Timestamp, Domain::NOT_NEGATIVE),
            MetricKind::Histogram => (ValueKind::Histogram, Domain::NOT_NEGATIVE),
            MetricKind::Info => (ValueKind::Info, Domain::only(1.0)),
            MetricKind::Unknown => (ValueKind::Unknown, Domain::ANY),
        };
        Quantity {
            kind,
            unit: facts.unit,
            observed: facts.observed.map(Box::new),
            domain: facts
                .domain
                .map_or(domain, |known| known.intersection(&domain)),
        }
    }

    fn call(&self, call: &Call) -> Quantity {
        let Some(function) = call.function else {
            return Quantity::UNKNOWN;
        };
        let inner = function
            .arguments
            .iter()
            .position(|argument| matches!(argument, ValueType::Vector | ValueType::Matrix))
            .and_then(|index| call.arguments.get(index))
            .or(call.arguments.first())
            .map_or(&Quantity::UNKNOWN, |argument| self.get(*argument));
        over_time(function, inner)
            .or_else(|| self.elementwise(call, function, inner))
            .unwrap_or(Quantity::UNKNOWN)
    }

    /// Functions of one sample at a time, and of time itself.
    fn elementwise(&self, call: &Call, function: &Function, inner: &Quantity) -> Option<Quantity> {
        let constant = |index: usize| {
            call.arguments
                .get(index)
                .and_then(|argument| self.parsed.number(*argument))
        };
        let of_inner = |domain: Domain| Quantity {
            domain,
            ..inner.clone()
        };
        let calendar = |low: f64, high: f64| Quantity::number(ValueKind::Gauge, low, high);
        Some(match function.name {
            "time" | "timestamp" | "start" | "end" | "start_timestamp" => Quantity::new(
                ValueKind::Timestamp,
                Some(Unit::seconds()),
                Domain::NOT_NEGATIVE,
            ),
            "step" | "range" => Quantity::new(
                ValueKind::Gauge,
                Some(Unit::seconds()),
                Domain::NOT_NEGATIVE,
            ),
            "pi" => Quantity::new(
                ValueKind::Constant,
                Some(Unit::NUMBER),
                Domain::only(std::f64::consts::PI),
            ),
            "absent" | "absent_over_time" => Quantity::number(ValueKind::Boolean, 1.0, 1.0),
            "scalar" | "vector" | "sort" | "sort_desc" | "sort_by_label" | "sort_by_label_desc"
            | "label_replace" | "label_join" | "info" => inner.clone(),
            "min_of" | "max_of" => {
                let other = call
                    .arguments
                    .get(1)
                    .map_or(&Quantity::UNKNOWN, |argument| self.get(*argument));
                either(inner, other)
            }
            "abs" => of_inner(inner.domain.absolute()),
            "ceil" => of_inner(Domain::new(
                inner.domain.low.ceil(),
                inner.domain.high.ceil(),
            )),
            "floor" => of_inner(Domain::new(
                inner.domain.low.floor(),
                inner.domain.high.floor(),
            )),
            "round" => of_inner(if inner.domain.low >= 0.0 {
                Domain::NOT_NEGATIVE
            } else {
                Domain::ANY
            }),
            "clamp" => of_inner(clamped(&inner.domain, constant(1), constant(2))),
            "clamp_min" => of_inner(clamped(&inner.domain, constant(1), None)),
            "clamp_max" => of_inner(clamped(&inner.domain, None, constant(1))),
            "sgn" => Quantity::number(ValueKind::Gauge, -1.0, 1.0),
            "sqrt" => {
                let unit = inner.unit.as_ref().and_then(Unit::root);
                Quantity::new(ValueKind::Gauge, unit, Domain::NOT_NEGATIVE)
            }
            "exp" => Quantity::new(ValueKind::Gauge, None, Domain::NOT_NEGATIVE),
            "sin" | "cos" | "tanh" => Quantity::new(ValueKind::Gauge, None, Domain::new(-1.0, 1.0)),
            "hour" => calendar(0.0, 23.0),
            "minute" => calendar(0.0, 59.0),
            "month" => calendar(1.0, 12.0),
            "day_of_week" => calendar(0.0, 6.0),
            "day_of_month" => calendar(1.0, 31.0),
            "day_of_year" => calendar(1.0, 366.0),
            "days_in_month" => calendar(28.0, 31.0),
            "histogram_quantile" | "histogram_quantiles" | "histogram_avg" | "histogram_stddev" => {
                Quantity::new(
                    ValueKind::Gauge,
                    inner.observed.as_deref().cloned(),
                    Domain::ANY,
                )
            }
            "histogram_stdvar" => {
                let unit = inner.observed.as_ref().map(|unit| unit.power(2));
                Quantity::new(ValueKind::Gauge, unit, Domain::NOT_NEGATIVE)
            }
            "histogram_fraction" => Quantity::number(ValueKind::Ratio, 0.0, 1.0),
            "histogram_count" => {
                Quantity::new(inner.kind, inner.unit.clone(), Domain::NOT_NEGATIVE)
            }
            "histogram_sum" => {
                Quantity::new(inner.kind, inner.observed.as_deref().cloned(), Domain::ANY)
            }
            _ => return None,
        })
    }

    fn aggregation(&self, aggregation: &Aggregation) -> Quantity {
        let inner = self.get(aggregation.expr);
        match aggregation.op {
            AggregateOp::Sum => {
                // At least one series is summed.
                let low = if inner.domain.low >= 0.0 {
                    inner.domain.low
                } else {
                    f64::NEG_INFINITY
                };
                let high = if inner.domain.high <= 0.0 {
                    inner.domain.high
                } else {
                    f64::INFINITY
                };
                let kind = match inner.kind {
                    ValueKind::Boolean | ValueKind::Info => ValueKind::Count,
                    ValueKind::Ratio => ValueKind::Gauge,
                    kind => kind,
                };
                Quantity {
                    kind,
                    domain: Domain {
                        low_is_open: inner.domain.low_is_open && inner.domain.low >= 0.0,
                        high_is_open: inner.domain.high_is_open && inner.domain.high <= 0.0,
                        ..Domain::new(low, high)
                    },
                    ..inner.clone()
                }
            }
            AggregateOp::Count | AggregateOp::CountValues => {
                Quantity::number(ValueKind::Count, 1.0, f64::INFINITY)
            }
            AggregateOp::Group => Quantity::number(ValueKind::Boolean, 1.0, 1.0),
            AggregateOp::Stddev => {
                Quantity::new(ValueKind::Gauge, inner.unit.clone(), Domain::NOT_NEGATIVE)
            }
            AggregateOp::Stdvar => {
                let unit = inner.unit.as_ref().map(|unit| unit.power(2));
                Quantity::new(ValueKind::Gauge, unit, Domain::NOT_NEGATIVE)
            }
            AggregateOp::Avg if inner.kind == ValueKind::Boolean => Quantity {
                kind: ValueKind::Ratio,
                ..inner.clone()
            },
            AggregateOp::Variable => Quantity::UNKNOWN,
            _ => inner.clone(),
        }
    }

    fn binary(&mut self, binary: &Binary, id: NodeId) -> Quantity {
        let (left, right) = (
            self.get(binary.left).clone(),
            self.get(binary.right).clone(),
        );
        let op = binary.op;
        match op {
            BinaryOp::And | BinaryOp::Unless | BinaryOp::TrimUpper | BinaryOp::TrimLower => left,
            BinaryOp::Or => either(&left, &right),
            BinaryOp::Variable => Quantity::UNKNOWN,
            _ if op.is_comparison() => {
                self.check_units(&left, &right, id);
                let outcome = left.domain.compare(op, &right.domain);
                if outcome != Outcome::Depends {
                    self.outcomes.push(ComparisonOutcome { node: id, outcome });
                }
                if binary.return_bool.is_some() {
                    return match outcome {
                        Outcome::Always => Quantity::number(ValueKind::Boolean, 1.0, 1.0),
                        Outcome::Never => Quantity::number(ValueKind::Boolean, 0.0, 0.0),
                        Outcome::Depends => Quantity::number(ValueKind::Boolean, 0.0, 1.0),
                    };
                }
                // Between a scalar and a vector, it is the vector that is filtered.
                let keeps_right = self.parsed[binary.left].value_type == ValueType::Scalar;
                if keeps_right {
                    let domain = right.domain.filtered(mirrored(op), &left.domain);
                    return Quantity { domain, ..right };
                }
                let domain = left.domain.filtered(op, &right.domain);
                Quantity { domain, ..left }
            }
            BinaryOp::Add | BinaryOp::Sub => {
                self.check_units(&left, &right, id);
                let domain = left.domain.calculate(op, &right.domain);
                let kind = sum_kind(op, left.kind, right.kind);
                // A literal without a unit takes the unit of the other side.
                let bare = |quantity: &Quantity| {
                    quantity.is_constant() && quantity.unit.as_ref().is_some_and(Unit::is_number)
                };
                let unit = if bare(&left) {
                    right.unit
                } else {
                    left.unit.or(right.unit)
                };
                Quantity::new(kind, unit, domain)
            }
            BinaryOp::Mul | BinaryOp::Div => {
                product(op, &left, &right, self.parsed.number(binary.right))
            }
            _ => {
                let domain = left.domain.calculate(op, &right.domain);
                let kind = if left.is_constant() && right.is_constant() {
                    ValueKind::Constant
                } else {
                    ValueKind::Gauge
                };
                let exponent = self
                    .parsed
                    .number(binary.right)
                    .filter(|number| number.fract() == 0.0);
                let unit = match (op, exponent) {
                    (BinaryOp::Pow, Some(exponent)) if exponent.abs() < 16.0 => {
                        left.unit.map(|unit| unit.power(exponent as i32))
                    }
                    (BinaryOp::Mod, _) => left.unit,
                    _ => None,
                };
                Quantity::new(kind, unit, domain)
            }
        }
    }

    /// Notes sides whose units differ. A literal without a unit fits any.
    fn check_units(&mut self, left: &Quantity, right: &Quantity, id: NodeId) {
        let bare = |quantity: &Quantity| {
            quantity.is_constant() && quantity.unit.as_ref().is_some_and(Unit::is_number)
        };
        if bare(left) || bare(right) {
            return;
        }
        if let (Some(one), Some(other)) = (&left.unit, &right.unit)
            && !one.is_same(other)
        {
            self.mismatches.push(UnitMismatch {
                node: id,
                left: one.clone(),
                right: other.clone(),
            });
        }
    }
}

/// Functions over the samples of a window.
fn over_time(function: &Function, inner: &Quantity) -> Option<Quantity> {
    let per_second = || inner.unit.as_ref().map(|unit| unit.per(&Unit::seconds()));
    let as_is = |domain: Domain| Quantity {
        domain,
        ..inner.clone()
    };
    let grown = |kind: ValueKind, unit: Option<Unit>| Quantity {
        kind,
        unit,
        observed: inner.observed.clone(),
        domain: Domain::NOT_NEGATIVE,
    };
    let above_zero = if inner.domain.low >= 0.0 {
        Domain::NOT_NEGATIVE
    } else {
        Domain::ANY
    };
    Some(match function.name {
        "rate" | "irate" => grown(ValueKind::Rate, per_second()),
        "increase" => grown(ValueKind::Increase, inner.unit.clone()),
        "delta" | "idelta" => Quantity::new(ValueKind::Gauge, inner.unit.clone(), Domain::ANY),
        "deriv" => Quantity::new(ValueKind::Gauge, per_second(), Domain::ANY),
        "predict_linear" | "double_exponential_smoothing" | "holt_winters" => {
            Quantity::new(ValueKind::Gauge, inner.unit.clone(), Domain::ANY)
        }
        "integral" => {
            let unit = inner.unit.as_ref().map(|unit| unit.times(&Unit::seconds()));
            Quantity::new(ValueKind::Gauge, unit, above_zero)
        }
        "avg_over_time" | "min_over_time" | "max_over_time" | "last_over_time"
        | "first_over_time" | "quantile_over_time" => {
            let kind = match inner.kind {
                // The share of the window in which it was 1.
                ValueKind::Boolean if function.name == "avg_over_time" => ValueKind::Ratio,
                kind => kind,
            };
            Quantity {
                kind,
                ..inner.clone()
            }
        }
        "sum_over_time" => as_is(above_zero),
        "count_over_time" => Quantity::number(ValueKind::Count, 1.0, f64::INFINITY),
        "changes" | "resets" => Quantity::number(ValueKind::Count, 0.0, f64::INFINITY),
        "present_over_time" => Quantity::number(ValueKind::Boolean, 1.0, 1.0),
        "stddev_over_time" | "mad_over_time" => {
            Quantity::new(ValueKind::Gauge, inner.unit.clone(), Domain::NOT_NEGATIVE)
        }
        "stdvar_over_time" => {
            let unit = inner.unit.as_ref().map(|unit| unit.power(2));
            Quantity::new(ValueKind::Gauge, unit, Domain::NOT_NEGATIVE)
        }
        "ts_of_first_over_time"
        | "ts_of_last_over_time"
        | "ts_of_max_over_time"
        | "ts_of_min_over_time" => Quantity::new(
            ValueKind::Timestamp,
            Some(Unit::seconds()),
            Domain::NOT_NEGATIVE,
        ),
        _ => return None,
    })
}

/// What is known of values that are of one of two kinds.
fn either(one: &Quantity, other: &Quantity) -> Quantity {
    let same = |one: Option<&Unit>, other: Option<&Unit>| {
        one.filter(|one| other.is_some_and(|other| one.is_same(other)))
            .cloned()
    };
    let unit = same(one.unit.as_ref(), other.unit.as_ref());
    let observed = same(one.observed.as_deref(), other.observed.as_deref());
    // A constant beside measured values is a default for them: `x or vector(0)`.
    let (kind, unit) = match (one.is_constant(), other.is_constant()) {
        (false, true) => (one.kind, one.unit.clone()),
        (true, false) => (other.kind, other.unit.clone()),
        _ if one.kind == other.kind => (one.kind, unit),
        _ => (ValueKind::Unknown, unit),
    };
    Quantity {
        kind,
        unit,
        observed: observed.map(Box::new),
        domain: one.domain.hull(&other.domain),
    }
}

fn clamped(domain: &Domain, low: Option<f64>, high: Option<f64>) -> Domain {
    let bound = |value: f64, low: Option<f64>, high: Option<f64>| {
        let value = low.map_or(value, |low| value.max(low));
        high.map_or(value, |high| value.min(high))
    };
    Domain::new(bound(domain.low, low, high), bound(domain.high, low, high))
}

/// The operator with its sides exchanged.
const fn mirrored(op: BinaryOp) -> BinaryOp {
    match op {
        BinaryOp::Less => BinaryOp::Greater,
        BinaryOp::LessEqual => BinaryOp::GreaterEqual,
        BinaryOp::Greater => BinaryOp::Less,
        BinaryOp::GreaterEqual => BinaryOp::LessEqual,
        other => other,
    }
}

fn sum_kind(op: BinaryOp, left: ValueKind, right: ValueKind) -> ValueKind {
    use ValueKind::{Age, Constant, Counter, Gauge, Ratio, Timestamp, Unknown};
    match (left, right) {
        (Timestamp, Timestamp) if op == BinaryOp::Sub => Age,
        (Timestamp, Constant) | (Constant, Timestamp) => Timestamp,
        (Counter, Counter) if op == BinaryOp::Sub => Gauge,
        (Constant, Ratio) => Ratio,
        (kind, Constant) if op == BinaryOp::Add || kind != Counter => kind,
        (Constant, kind) if op == BinaryOp::Add => kind,
        (Unknown, _) | (_, Unknown) => Unknown,
        (left, right) if left == right => left,
        _ => Gauge,
    }
}

/// What a product or quotient is; `factor` is the right side where it is a constant.
fn product(op: BinaryOp, left: &Quantity, right: &Quantity, factor: Option<f64>) -> Quantity {
    let domain = left.domain.calculate(op, &right.domain);
    let is_scaling = |quantity: &Quantity| {
        quantity.is_constant() && quantity.unit.as_ref().is_some_and(Unit::is_number)
    };
    if left.is_constant() && right.is_constant() {
        return Quantity::new(ValueKind::Constant, left.unit.clone(), domain);
    }
    // A constant factor changes the scale, not what is measured: `* 100`, `/ 1024`.
    let scaled = match (is_scaling(left), is_scaling(right), op) {
        (false, true, _) => {
            let factor = factor.unwrap_or(1.0);
            let factor = if op == BinaryOp::Div {
                1.0 / factor
            } else {
                factor
            };
            Some((left, factor))
        }
        (true, false, BinaryOp::Mul) => Some((right, left.domain.low)),
        _ => None,
    };
    if let Some((quantity, factor)) = scaled {
        let kind = if quantity.kind == ValueKind::Timestamp {
            ValueKind::Gauge
        } else {
            quantity.kind
        };
        return Quantity {
            kind,
            unit: quantity.unit.as_ref().map(|unit| unit.scaled(factor)),
            observed: quantity
                .observed
                .as_ref()
                .map(|unit| Box::new(unit.scaled(factor))),
            domain,
        };
    }
    let unit = match (&left.unit, &right.unit) {
        (Some(left), Some(right)) if op == BinaryOp::Div => Some(left.per(right)),
        (Some(left), Some(right)) => Some(left.times(right)),
        _ => None,
    };
    let is_ratio = op == BinaryOp::Div
        && matches!((&left.unit, &right.unit), (Some(one), Some(other)) if one.measures_same(other));
    let kind = match (left.kind, right.kind) {
        _ if is_ratio => ValueKind::Ratio,
        (ValueKind::Unknown, _) | (_, ValueKind::Unknown) => ValueKind::Unknown,
        _ => ValueKind::Gauge,
    };
    Quantity::new(kind, unit, domain)
}
