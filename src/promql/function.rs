//! The functions of PromQL: arguments, result, and which Prometheus knows them.

use super::version::Support;

/// What an expression evaluates to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ValueType {
    /// One number.
    Scalar,
    /// One sample per series.
    Vector,
    /// Several samples per series: `x[5m]`, `x[1h:1m]`.
    Matrix,
    /// A string literal.
    String,
    /// What stands in brackets and after `offset`.
    Duration,
    /// Decided when Grafana fills in a variable, or not known after an error.
    Any,
}

impl ValueType {
    /// The name in Prometheus's documentation.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Vector => "instant vector",
            Self::Matrix => "range vector",
            Self::String => "string",
            Self::Duration => "duration",
            Self::Any => "unknown type",
        }
    }

    /// Whether a value of this type does where `wanted` is.
    pub fn fits(self, wanted: Self) -> bool {
        self == wanted || self == Self::Any || wanted == Self::Any
    }
}

/// How many arguments a function takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arity {
    /// As many as it names.
    Exactly,
    /// All but the last it names, and then up to so many of the kind of the last.
    UpTo(usize),
    /// All but the last it names, and then any number of the kind of the last.
    Any,
}

/// A function of PromQL.
#[derive(Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name, always lower case.
    pub name: &'static str,
    /// The types of its arguments.
    pub arguments: &'static [ValueType],
    /// How many of them a call has.
    pub arity: Arity,
    /// What a call evaluates to.
    pub returns: ValueType,
    /// When it exists, and behind which flag.
    pub support: Support,
}

impl Function {
    /// The function of that name (upper and lower case differ), also one that newer versions removed.
    pub fn of(name: &str) -> Option<&'static Self> {
        let index = FUNCTIONS
            .binary_search_by(|function| function.name.cmp(name))
            .ok()?;
        FUNCTIONS.get(index)
    }

    /// Whether it takes the growth of counters over a window, for which only counters are fit.
    pub fn takes_growth(&self) -> bool {
        matches!(self.name, "rate" | "irate" | "increase")
    }

    /// Every function, by name.
    pub fn all() -> &'static [Self] {
        FUNCTIONS
    }

    /// The fewest arguments of a call.
    pub const fn least(&self) -> usize {
        match self.arity {
            Arity::Exactly => self.arguments.len(),
            Arity::UpTo(_) | Arity::Any => self.arguments.len() - 1,
        }
    }

    /// The most arguments of a call; `None` is without limit.
    pub const fn most(&self) -> Option<usize> {
        match self.arity {
            Arity::Exactly => Some(self.arguments.len()),
            Arity::UpTo(more) => Some(self.arguments.len() - 1 + more),
            Arity::Any => None,
        }
    }

    /// The type of the argument at `index`, counted from zero.
    pub fn argument(&self, index: usize) -> Option<ValueType> {
        match self.arity {
            Arity::Exactly => self.arguments.get(index).copied(),
            Arity::UpTo(_) | Arity::Any => {
                self.arguments.get(index).or(self.arguments.last()).copied()
            }
        }
    }
}

const S: ValueType = ValueType::Scalar;
const V: ValueType = ValueType::Vector;
const M: ValueType = ValueType::Matrix;
const T: ValueType = ValueType::String;

/// The flag of experimental functions and aggregations.
pub(super) const EXPERIMENTAL: &str = "promql-experimental-functions";

const fn f(
    name: &'static str,
    arguments: &'static [ValueType],
    arity: Arity,
    returns: ValueType,
    support: Support,
) -> Function {
    Function {
        name,
        arguments,
        arity,
        returns,
        support,
    }
}

/// Sorted by name. Signatures and versions: Prometheus's documentation of functions and its changelog.
#[rustfmt::skip]
static FUNCTIONS: &[Function] = &[
    f("abs", &[V], Arity::Exactly, V, Support::ALWAYS),
    f("absent", &[V], Arity::Exactly, V, Support::ALWAYS),
    f("absent_over_time", &[M], Arity::Exactly, V, Support::since(2, 16)),
    f("acos", &[V], Arity::Exactly, V, Support::since(2, 31)),
    f("acosh", &[V], Arity::Exactly, V, Support::since(2, 31)),
    f("asin", &[V], Arity::Exactly, V, Support::since(2, 31)),
    f("asinh", &[V], Arity::Exactly, V, Support::since(2, 31)),
    f("atan", &[V], Arity::Exactly, V, Support::since(2, 31)),
    f("atanh", &[V], Arity::Exactly, V, Support::since(2, 31)),
    f("avg_over_time", &[M], Arity::Exactly, V, Support::ALWAYS),
    f("ceil", &[V], Arity::Exactly, V, Support::ALWAYS),
    f("changes", &[M], Arity::Exactly, V, Support::ALWAYS),
    f("clamp", &[V, S, S], Arity::Exactly, V, Support::since(2, 26)),
    f("clamp_max", &[V, S], Arity::Exactly, V, Support::ALWAYS),
    f("clamp_min", &[V, S], Arity::Exactly, V, Support::ALWAYS),
    f("cos", &[V], Arity::Exactly, V, Support::since(2, 31)),
    f("cosh", &[V], Arity::Exactly, V, Support::since(2, 31)),
    f("count_over_time", &[M], Arity::Exactly, V, Support::ALWAYS),
    f("day_of_month", &[V], Arity::UpTo(1), V, Support::ALWAYS),
    f("day_of_week", &[V], Arity::UpTo(1), V, Support::ALWAYS),
    f("day_of_year", &[V], Arity::UpTo(1), V, Support::since(2, 36)),
    f("days_in_month", &[V], Arity::UpTo(1), V, Support::ALWAYS),
    f("deg", &[V], Arity::Exactly, V, Support::since(2, 31)),
    f("delta", &[M], Arity::Exactly, V, Support::ALWAYS),
    f("deriv", &[M], Arity::Exactly, V, Support::ALWAYS),
    f("double_exponential_smoothing", &[M, S, S], Arity::Exactly, V, Support::since(3, 0).flag(EXPERIMENTAL)),
    f("end", &[], Arity::Exactly, S, Support::since(3, 12).flag(EXPERIMENTAL)),
    f("exp", &[V], Arity::Exactly, V, Support::ALWAYS),
    f("first_over_time", &[M], Arity::Exactly, V, Support::since(3, 7).flag_until(EXPERIMENTAL, 3, 14)),
    f("floor", &[V], Arity::Exactly, V, Support::ALWAYS),
    f("histogram_avg", &[V], Arity::Exactly, V, Support::since(2, 51)),
    f("histogram_count", &[V], Arity::Exactly, V, Support::since(2, 40)),
    f("histogram_fraction", &[S, S, V], Arity::Exactly, V, Support::since(2, 40)),
    f("histogram_quantile", &[S, V], Arity::Exactly, V, Support::ALWAYS),
    f("histogram_quantiles", &[V, T, S, S], Arity::UpTo(9), V, Support::since(3, 11).flag(EXPERIMENTAL)),
    f("histogram_stddev", &[V], Arity::Exactly, V, Support::since(2, 47)),
    f("histogram_stdvar", &[V], Arity::Exactly, V, Support::since(2, 47)),
    f("histogram_sum", &[V], Arity::Exactly, V, Support::since(2, 40)),
    f("holt_winters", &[M, S, S], Arity::Exactly, V, Support::ALWAYS.until(3, 0)),
    f("hour", &[V], Arity::UpTo(1), V, Support::ALWAYS),
    f("idelta", &[M], Arity::Exactly, V, Support::ALWAYS),
    f("increase", &[M], Arity::Exactly, V, Support::ALWAYS),
    f("info", &[V, V], Arity::UpTo(1), V, Support::since(3, 0).flag(EXPERIMENTAL)),
    f("integral", &[M, S], Arity::UpTo(1), V, Support::since(3, 16).flag(EXPERIMENTAL)),
    f("irate", &[M], Arity::Exactly, V, Support::ALWAYS),
    f("label_join", &[V, T, T, T], Arity::Any, V, Support::ALWAYS),
    f("label_replace", &[V, T, T, T, T], Arity::Exactly, V, Support::ALWAYS),
    f("last_over_time", &[M], Arity::Exactly, V, Support::since(2, 26)),
    f("ln", &[V], Arity::Exactly, V, Support::ALWAYS),
    f("log10", &[V], Arity::Exactly, V, Support::ALWAYS),
    f("log2", &[V], Arity::Exactly, V, Support::ALWAYS),
    f("mad_over_time", &[M], Arity::Exactly, V, Support::since(2, 49).flag(EXPERIMENTAL)),
    f("max_of", &[S, S], Arity::Exactly, S, Support::since(3, 13).flag(EXPERIMENTAL)),
    f("max_over_time", &[M], Arity::Exactly, V, Support::ALWAYS),
    f("min_of", &[S, S], Arity::Exactly, S, Support::since(3, 13).flag(EXPERIMENTAL)),
    f("min_over_time", &[M], Arity::Exactly, V, Support::ALWAYS),
    f("minute", &[V], Arity::UpTo(1), V, Support::ALWAYS),
    f("month", &[V], Arity::UpTo(1), V, Support::ALWAYS),
    f("pi", &[], Arity::Exactly, S, Support::since(2, 31)),
    f("predict_linear", &[M, S], Arity::Exactly, V, Support::ALWAYS),
    f("present_over_time", &[M], Arity::Exactly, V, Support::since(2, 29)),
    f("quantile_over_time", &[S, M], Arity::Exactly, V, Support::ALWAYS),
    f("rad", &[V], Arity::Exactly, V, Support::since(2, 31)),
    f("range", &[], Arity::Exactly, S, Support::since(3, 12).flag(EXPERIMENTAL)),
    f("rate", &[M], Arity::Exactly, V, Support::ALWAYS),
    f("resets", &[M], Arity::Exactly, V, Support::ALWAYS),
    f("round", &[V, S], Arity::UpTo(1), V, Support::ALWAYS),
    f("scalar", &[V], Arity::Exactly, S, Support::ALWAYS),
    f("sgn", &[V], Arity::Exactly, V, Support::since(2, 26)),
    f("sin", &[V], Arity::Exactly, V, Support::since(2, 31)),
    f("sinh", &[V], Arity::Exactly, V, Support::since(2, 31)),
    f("sort", &[V], Arity::Exactly, V, Support::ALWAYS),
    f("sort_by_label", &[V, T], Arity::Any, V, Support::since(2, 49).flag(EXPERIMENTAL)),
    f("sort_by_label_desc", &[V, T], Arity::Any, V, Support::since(2, 49).flag(EXPERIMENTAL)),
    f("sort_desc", &[V], Arity::Exactly, V, Support::ALWAYS),
    f("sqrt", &[V], Arity::Exactly, V, Support::ALWAYS),
    f("start", &[], Arity::Exactly, S, Support::since(3, 12).flag(EXPERIMENTAL)),
    f("start_timestamp", &[V], Arity::Exactly, V, Support::since(3, 14).flag(EXPERIMENTAL)),
    f("stddev_over_time", &[M], Arity::Exactly, V, Support::ALWAYS),
    f("stdvar_over_time", &[M], Arity::Exactly, V, Support::ALWAYS),
    f("step", &[], Arity::Exactly, S, Support::since(3, 12).flag(EXPERIMENTAL)),
    f("sum_over_time", &[M], Arity::Exactly, V, Support::ALWAYS),
    f("tan", &[V], Arity::Exactly, V, Support::since(2, 31)),
    f("tanh", &[V], Arity::Exactly, V, Support::since(2, 31)),
    f("time", &[], Arity::Exactly, S, Support::ALWAYS),
    f("timestamp", &[V], Arity::Exactly, V, Support::ALWAYS),
    f("ts_of_first_over_time", &[M], Arity::Exactly, V, Support::since(3, 7).flag(EXPERIMENTAL)),
    f("ts_of_last_over_time", &[M], Arity::Exactly, V, Support::since(3, 5).flag(EXPERIMENTAL)),
    f("ts_of_max_over_time", &[M], Arity::Exactly, V, Support::since(3, 5).flag(EXPERIMENTAL)),
    f("ts_of_min_over_time", &[M], Arity::Exactly, V, Support::since(3, 5).flag(EXPERIMENTAL)),
    f("vector", &[S], Arity::Exactly, V, Support::ALWAYS),
    f("year", &[V], Arity::UpTo(1), V, Support::ALWAYS),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_so_that_each_function_is_found() {
        for function in Function::all() {
            assert_eq!(Function::of(function.name), Some(function));
        }
        assert_eq!(Function::of("Rate"), None);
    }

    #[test]
    fn optional_arguments_repeat_the_last_type() {
        let join = Function::of("label_join")
            .map(|function| (function.least(), function.most(), function.argument(9)));
        assert_eq!(join, Some((3, None, Some(ValueType::String))));
        let round = Function::of("round").map(|function| (function.least(), function.most()));
        assert_eq!(round, Some((1, Some(2))));
    }
}
