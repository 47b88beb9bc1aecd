//! Quotients of like things: shares of a whole.

use crate::facts::Facts;
use crate::facts::expression::Expression;
use crate::promql::analysis::{Read, ValueKind};
use crate::promql::{AggregateOp, Binary, BinaryOp, Kind, NodeId, Selector};

/// A quotient of like things.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Share {
    /// 1 where it is from 0 to 1, 100 where it is in per cent.
    pub scale: f64,
    /// How far it can get.
    pub bound: Bound,
}

/// How far a quotient of like things can get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bound {
    /// What is divided is among what it is divided by: never above 1.
    Part,
    /// What it is divided by is called a limit or a total: hardly above 1.
    Limit,
    /// Two things of a kind, today's and yesterday's say.
    None,
}

/// Words of metrics that tell how much there can be.
const LIMITS: [&str; 7] = [
    "max", "limit", "total", "size", "capacity", "quota", "maximum",
];

impl Share {
    fn scaled(self, factor: f64) -> Self {
        Self {
            scale: self.scale * factor,
            ..self
        }
    }
}

/// What a part of an expression is, if it is a share.
pub(super) fn share(facts: &Facts<'_>, expression: &Expression, id: NodeId) -> Option<Share> {
    let shares = Shares {
        facts,
        expression,
        is_recorded: false,
    };
    shares.share(id)
}

/// Finds quotients of like things.
struct Shares<'s> {
    facts: &'s Facts<'s>,
    expression: &'s Expression,
    /// Whether this is what a recording rule computes: it is followed once, because rules can read each other in circles.
    is_recorded: bool,
}

impl Shares<'_> {
    fn share(&self, id: NodeId) -> Option<Share> {
        let parsed = &self.expression.parsed;
        match &parsed[parsed.bare(id)].kind {
            Kind::Binary(binary) => self.binary(binary),
            Kind::Aggregation(aggregation) => {
                use AggregateOp::{Avg, Max, Min};
                let keeps =
                    matches!(aggregation.op, Avg | Max | Min) || aggregation.op.keeps_series();
                keeps.then(|| self.share(aggregation.expr))?
            }
            Kind::Call(call) => {
                let keeps = matches!(
                    call.function?.name,
                    "clamp"
                        | "clamp_min"
                        | "clamp_max"
                        | "round"
                        | "sort"
                        | "sort_desc"
                        | "label_replace"
                        | "scalar"
                        | "vector"
                );
                keeps.then(|| self.share(*call.arguments.first()?))?
            }
            Kind::Selector(selector)
                if self.facts.recorded.contains_key(selector.metric_name()?) =>
            {
                let recorded = self.facts.recording(selector.metric_name()?)?;
                let inner = Shares {
                    facts: self.facts,
                    expression: recorded,
                    is_recorded: true,
                };
                (!self.is_recorded).then(|| inner.share(recorded.parsed.root()))?
            }
            Kind::Selector(selector) => {
                let resolved = self.facts.resolved(selector.metric_name()?)?;
                match resolved.unit()? {
                    crate::catalogue::Unit::Percent => Some(Share {
                        scale: 100.0,
                        bound: Bound::Limit,
                    }),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn binary(&self, binary: &Binary) -> Option<Share> {
        let parsed = &self.expression.parsed;
        let (left, right) = (parsed.number(binary.left), parsed.number(binary.right));
        match (binary.op, left, right) {
            (BinaryOp::Div, None, Some(number)) => {
                Some(self.share(binary.left)?.scaled(1.0 / number))
            }
            (BinaryOp::Div, None, None) => self.quotient_of_like(binary),
            (BinaryOp::Mul, None, Some(number)) => Some(self.share(binary.left)?.scaled(number)),
            (BinaryOp::Mul, Some(number), None) => Some(self.share(binary.right)?.scaled(number)),
            // `1 - share`, `100 - percentage`
            (BinaryOp::Sub, Some(number), None) => self
                .share(binary.right)
                .filter(|share| (share.scale - number).abs() < 1e-9),
            (BinaryOp::Or | BinaryOp::And | BinaryOp::Unless, ..) => self.share(binary.left),
            (op, None, Some(_)) if op.is_comparison() && binary.return_bool.is_none() => {
                self.share(binary.left)
            }
            _ => None,
        }
    }

    /// A quotient of what is counted or measured alike: a metric with and without a matcher, two amounts of the same unit.
    fn quotient_of_like(&self, binary: &Binary) -> Option<Share> {
        let quantity = |id| self.expression.analysis.quantity(id);
        let (left, right) = (quantity(binary.left), quantity(binary.right));
        let (above, below) = (self.reads(binary.left), self.reads(binary.right));
        let mut above_names = names(&above);
        if above_names.clone().next().is_none()
            || below.is_empty()
            || above_names.any(|name| name.ends_with("_sum"))
        {
            return None;
        }
        let is_part = ![binary.left, binary.right]
            .iter()
            .any(|id| self.has_factor(*id))
            && above
                .iter()
                .all(|part| below.iter().any(|whole| self.is_among(part, whole)));
        let is_limit = names(&below).flat_map(|name| name.split('_')).any(|word| {
            LIMITS
                .iter()
                .any(|limit| word.to_lowercase().ends_with(limit))
        });
        let is_growth = matches!(
            left.kind,
            ValueKind::Counter | ValueKind::Rate | ValueKind::Increase
        );
        let bound = match (is_part, is_limit) {
            (true, _) => Bound::Part,
            // `_total` of a counter is no total.
            (false, true) if !is_growth => Bound::Limit,
            _ => Bound::None,
        };
        let scale = match (&left.unit, &right.unit) {
            (Some(one), Some(other)) => {
                let is_alike =
                    one.measures_same(other) && !one.is_number() && left.kind == right.kind;
                is_alike.then_some(one.scale / other.scale)?
            }
            (None, None) => {
                let grows = matches!(left.kind, ValueKind::Rate | ValueKind::Increase);
                (left.kind == right.kind && grows && is_part).then_some(1.0)?
            }
            _ => return None,
        };
        Some(Share { scale, bound })
    }

    /// What is read in a part of the expression.
    fn reads(&self, id: NodeId) -> Vec<&Read> {
        let span = self.expression.parsed[id].span;
        let reads = self.expression.analysis.reads.iter();
        reads
            .filter(|read| {
                let at = self.expression.parsed[read.selector].span;
                at.start() >= span.start() && at.end() <= span.end()
            })
            .collect()
    }

    /// Whether all series and samples of one selector are among those of another: the same metric over the same time, with the same
    /// matchers and perhaps more.
    fn is_among(&self, part: &Read, whole: &Read) -> bool {
        let parsed = &self.expression.parsed;
        let selector = |read: &Read| match &parsed[read.selector].kind {
            Kind::Selector(selector) => Some(selector),
            _ => None,
        };
        let (Some(one), Some(other)) = (selector(part), selector(whole)) else {
            return false;
        };
        let has = |wanted: &str| {
            let mut matchers = one.matchers.iter();
            matchers.any(|matcher| parsed.slice(matcher.span) == wanted)
        };
        let mut wanted = other.matchers.iter();
        part.metrics == whole.metrics
            && part.subquery == whole.subquery
            && other.placeholders.is_empty()
            && wanted.all(|matcher| has(parsed.slice(matcher.span)))
            && self.time(part, one) == self.time(whole, other)
    }

    /// What is written behind a selector: `[5m] offset 1d`.
    fn time(&self, read: &Read, selector: &Selector) -> String {
        let parsed = &self.expression.parsed;
        let written = parsed[read.range.unwrap_or(read.selector)].span;
        let selected = [
            selector.name.as_ref().map(|name| name.span),
            selector.braces,
        ];
        let from = selected.into_iter().flatten().map(|span| span.end()).max();
        let tail = from.and_then(|from| parsed.text().get(from..written.end()));
        tail.unwrap_or_default().split_whitespace().collect()
    }

    /// Whether something is multiplied in there, whose scale a value without a unit does not keep.
    fn has_factor(&self, id: NodeId) -> bool {
        let parsed = &self.expression.parsed;
        let span = parsed[id].span;
        parsed.nodes().any(|(_, node)| {
            let is_inside = node.span.start() >= span.start() && node.span.end() <= span.end();
            is_inside && matches!(&node.kind, Kind::Binary(binary) if matches!(binary.op, BinaryOp::Mul | BinaryOp::Div))
        })
    }
}

fn names<'r>(reads: &[&'r Read]) -> impl Iterator<Item = &'r str> + Clone {
    let names: Vec<&str> = reads
        .iter()
        .flat_map(|read| read.metrics.iter().flatten().map(String::as_str))
        .collect();
    names.into_iter()
}
