//! What an alert's expression asks: a quantity, compared with a number. Two rules that are written differently ask the same if
//! both are about the same quantity.

use std::collections::BTreeMap;

use crate::promql::{AggregateOp, Binary, BinaryOp, Kind, MatchOp, NodeId, Parsed, Selector};

/// Larger expressions are not understood; no alert that asks one thing has so many parts.
const LARGEST: usize = 400;

/// Labels that say which server a series is about, not what it says.
const ABOUT_WHERE: [&str; 14] = [
    "job",
    "instance",
    "redis",
    "topology",
    "env",
    "environment",
    "namespace",
    "pod",
    "service",
    "cluster",
    "container",
    "app",
    "team",
    "region",
];

/// Older and newer names of the same figure.
const SAME: [(&str, &str); 2] = [
    ("redis_config_maxclients", "redis_max_clients"),
    ("redis_config_maxmemory", "redis_memory_max_bytes"),
];

/// A quantity, so many times over: percent are 100 times a ratio.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Measure {
    pub(super) quantity: String,
    pub(super) scale: f64,
}

/// Which side of the number is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Above,
    Below,
    Equal,
    Other,
}

/// A quantity and the number that it is compared with, both in the quantity's own scale.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Question {
    pub(super) measure: Measure,
    pub(super) side: Side,
    pub(super) value: f64,
}

impl Question {
    /// The number, for a quantity that is measured in `scale`.
    pub(super) fn value_in(&self, scale: f64) -> f64 {
        rounded(self.value / self.measure.scale * scale)
    }
}

/// Nine digits: what is lost by multiplying and dividing is gone.
pub(super) fn rounded(value: f64) -> f64 {
    format!("{value:.8e}").parse().unwrap_or(value)
}

/// Series that recording rules make, by name.
pub(super) type Recorded = BTreeMap<String, Measure>;

/// What an expression asks; `None` where it is not understood.
pub(super) fn question(parsed: &Parsed, recorded: &Recorded) -> Option<Question> {
    if !parsed.is_valid() || parsed.node_count() > LARGEST {
        return None;
    }
    Reader { parsed, recorded }.question(parsed.root())
}

/// What an expression measures, for a recording rule.
pub(super) fn measure(parsed: &Parsed, recorded: &Recorded) -> Option<Measure> {
    if !parsed.is_valid() || parsed.node_count() > LARGEST {
        return None;
    }
    Reader { parsed, recorded }.measure(parsed.root())
}

/// The conditions under which an expression stays silent, whatever its quantity: `redis_memory_max_bytes > 0`.
pub(super) fn guards(parsed: &Parsed) -> Vec<String> {
    let asked = Reader {
        parsed,
        recorded: &BTreeMap::new(),
    }
    .comparison(parsed.root());
    let mut guards = Vec::new();
    for comparison in parsed.comparisons() {
        let Some((value, true)) = comparison.threshold else {
            continue;
        };
        if Some(comparison.node) == asked || comparison.binary.return_bool.is_some() {
            continue;
        }
        let reader = Reader {
            parsed,
            recorded: &BTreeMap::new(),
        };
        if let Some(measure) = reader.measure(comparison.binary.left) {
            let op = parsed.slice(comparison.binary.op_span);
            guards.push(format!(
                "{} {op} {}",
                measure.quantity,
                value / measure.scale
            ));
        }
    }
    guards.dedup();
    guards
}

struct Reader<'r> {
    parsed: &'r Parsed,
    recorded: &'r Recorded,
}

impl Reader<'_> {
    /// The comparison that an alert is about: what stands beside `and` and `unless` only says when.
    fn comparison(&self, id: NodeId) -> Option<NodeId> {
        let id = self.parsed.bare(id);
        match &self.parsed[id].kind {
            Kind::Binary(binary) if binary.op.is_comparison() => {
                // `(a < 1) > 0`: the outer one only cuts off what is another alert's.
                match self.inner_comparison(binary.left) {
                    Some(inner) => Some(inner),
                    None => Some(id),
                }
            }
            Kind::Binary(binary) => match binary.op {
                BinaryOp::And | BinaryOp::Unless | BinaryOp::Or => self
                    .comparison(binary.left)
                    .or_else(|| self.comparison(binary.right)),
                _ => None,
            },
            Kind::Aggregation(aggregation) if aggregation.op != AggregateOp::Count => {
                self.comparison(aggregation.expr)
            }
            _ => None,
        }
    }

    fn inner_comparison(&self, id: NodeId) -> Option<NodeId> {
        let id = self.parsed.bare(id);
        match &self.parsed[id].kind {
            Kind::Binary(binary) if binary.op.is_comparison() && binary.return_bool.is_none() => {
                Some(id)
            }
            _ => None,
        }
    }

    fn question(&self, root: NodeId) -> Option<Question> {
        let Some(id) = self.comparison(root) else {
            // `absent(up{…})` fires where it answers at all.
            return Some(Question {
                measure: self.measure(root)?,
                side: Side::Other,
                value: 0.0,
            });
        };
        let Kind::Binary(binary) = &self.parsed[id].kind else {
            return None;
        };
        let (left, right) = (
            self.parsed.number(binary.left),
            self.parsed.number(binary.right),
        );
        let side = match binary.op {
            BinaryOp::Greater | BinaryOp::GreaterEqual => Side::Above,
            BinaryOp::Less | BinaryOp::LessEqual => Side::Below,
            BinaryOp::Equal => Side::Equal,
            _ => Side::Other,
        };
        match (left, right) {
            (None, Some(value)) => Some(Question {
                measure: self.measure(binary.left)?,
                side,
                value,
            }),
            (Some(value), None) => Some(Question {
                measure: self.measure(binary.right)?,
                side: match side {
                    Side::Above => Side::Below,
                    Side::Below => Side::Above,
                    side => side,
                },
                value,
            }),
            // `used > 0.9 * max` asks for the ratio of both.
            (None, None) => {
                let (left, right) = (self.measure(binary.left)?, self.measure(binary.right)?);
                Some(Question {
                    measure: Measure {
                        quantity: format!("{} / {}", left.quantity, right.quantity),
                        scale: 1.0,
                    },
                    side,
                    value: right.scale / left.scale,
                })
            }
            (Some(_), Some(_)) => None,
        }
    }

    fn measure(&self, id: NodeId) -> Option<Measure> {
        let plain = |quantity: String| {
            Some(Measure {
                quantity,
                scale: 1.0,
            })
        };
        match &self.parsed[id].kind {
            Kind::Paren(inner) => self.measure(*inner),
            Kind::Selector(selector) => self.selector(selector),
            Kind::Range(range) => self.measure(range.selector),
            Kind::Subquery(subquery) => self.measure(subquery.expr),
            Kind::Aggregation(aggregation) => {
                let inner = self.measure(aggregation.expr)?;
                match aggregation.op {
                    AggregateOp::Count => plain(format!("count({})", inner.quantity)),
                    _ => Some(inner),
                }
            }
            Kind::Call(call) => self.call(&call.name.text, &call.arguments),
            Kind::Binary(binary) => self.binary(binary),
            _ => None,
        }
    }

    fn selector(&self, selector: &Selector) -> Option<Measure> {
        let name = selector.metric_name()?;
        if let Some(measure) = self.recorded.get(name) {
            return Some(measure.clone());
        }
        let name = SAME
            .iter()
            .find(|(old, _)| *old == name)
            .map_or(name, |(_, new)| new);
        let mut matchers: Vec<String> = selector
            .label_matchers()
            .filter(|matcher| !ABOUT_WHERE.contains(&&*matcher.label.text))
            .map(|matcher| {
                let op = match matcher.op {
                    MatchOp::Equal => "=",
                    MatchOp::NotEqual => "!=",
                    MatchOp::Regex => "=~",
                    MatchOp::NotRegex => "!~",
                };
                format!("{}{op}{}", matcher.label.text, matcher.value.text())
            })
            .collect();
        matchers.sort();
        let quantity = match matchers.is_empty() {
            true => name.to_owned(),
            false => format!("{name}{{{}}}", matchers.join(",")),
        };
        Some(Measure {
            quantity,
            scale: 1.0,
        })
    }

    fn call(&self, name: &str, arguments: &[NodeId]) -> Option<Measure> {
        let first = || self.measure(*arguments.first()?);
        let of = |inner: Measure, name: &str, scale: f64| Measure {
            quantity: format!("{name}({})", inner.quantity),
            scale: inner.scale * scale,
        };
        match name {
            "rate" | "irate" => Some(of(first()?, "rate", 1.0)),
            // An increase is a rate, as many seconds long as its window.
            "increase" => {
                let window = self.parsed.window(*arguments.first()?)?;
                Some(of(first()?, "rate", window.seconds()))
            }
            "time" => Some(Measure {
                quantity: "time()".into(),
                scale: 1.0,
            }),
            "histogram_quantile" => {
                let share = self.parsed.number(*arguments.first()?)?;
                let inner = self.measure(*arguments.get(1)?)?;
                Some(of(inner, &format!("quantile {share}"), 1.0))
            }
            "abs" | "ceil" | "floor" | "round" | "clamp" | "clamp_min" | "clamp_max" | "sort"
            | "sort_desc" | "label_replace" | "label_join" | "scalar" | "vector" => first(),
            name if name.ends_with("_over_time") => match name {
                "count_over_time" | "changes" | "stddev_over_time" => Some(of(first()?, name, 1.0)),
                _ => first(),
            },
            name => Some(of(first()?, name, 1.0)),
        }
    }

    fn binary(&self, binary: &Binary) -> Option<Measure> {
        let number = |id| self.parsed.number(id);
        let scaled = |measure: Measure, by: f64| {
            let scale = measure.scale * by;
            (by.is_finite() && by != 0.0).then_some(Measure { scale, ..measure })
        };
        match (binary.op, number(binary.left), number(binary.right)) {
            (BinaryOp::Mul, Some(by), None) => scaled(self.measure(binary.right)?, by),
            (BinaryOp::Mul, None, Some(by)) => scaled(self.measure(binary.left)?, by),
            (BinaryOp::Div, None, Some(by)) => scaled(self.measure(binary.left)?, 1.0 / by),
            (BinaryOp::And | BinaryOp::Unless | BinaryOp::Or, ..) => self.measure(binary.left),
            // `max > 0` as a divisor is `max`, where there is one.
            (op, None, Some(_)) if op.is_comparison() && binary.return_bool.is_none() => {
                self.measure(binary.left)
            }
            (BinaryOp::Sub, Some(from), None) => {
                let right = self.measure(binary.right)?;
                Some(Measure {
                    quantity: format!("{from} - {}", right.quantity),
                    scale: 1.0,
                })
            }
            (op, None, None) => {
                let (left, right) = (self.measure(binary.left)?, self.measure(binary.right)?);
                let (sign, scale) = match op {
                    BinaryOp::Div => ("/", left.scale / right.scale),
                    BinaryOp::Mul => ("*", left.scale * right.scale),
                    BinaryOp::Add if left.scale == right.scale => ("+", left.scale),
                    BinaryOp::Sub if left.scale == right.scale => ("-", left.scale),
                    _ => return None,
                };
                let (left, right) = match sign {
                    "+" | "*" if right.quantity < left.quantity => (right.quantity, left.quantity),
                    _ => (left.quantity, right.quantity),
                };
                let right = match right.contains(' ') {
                    true => format!("({right})"),
                    false => right,
                };
                Some(Measure {
                    quantity: format!("{left} {sign} {right}"),
                    scale,
                })
            }
            _ => None,
        }
    }
}
