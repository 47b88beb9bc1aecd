//! Whether the parts of an expression fit together: types, arguments, matching, selectors.

use std::collections::BTreeSet;

use super::error::{ErrorKind, ParseError};
use super::function::{Function, ValueType};
use super::literal;
use super::node::{Aggregation, Binary, Call, Kind, METRIC_NAME, Node, NodeId, Selector};
use super::operator::{AggregateOp, BinaryOp, MatchOp, Sign};
use super::regexp;
use crate::source::Span;

/// Checks every node once; `errors` are those of the parser, whose nodes are not judged again.
pub(super) fn check(nodes: &[Node], syntax: &[ParseError]) -> Vec<ParseError> {
    let mut checker = Checker {
        nodes,
        syntax,
        may_select_all: vec![false; nodes.len()],
        errors: Vec::new(),
    };
    // Parents come after children, so the exemption of info()'s second argument is set by going backwards.
    for node in nodes.iter().rev() {
        if let Kind::Call(call) = &node.kind
            && call
                .function
                .is_some_and(|function| function.name == "info")
            && let Some(second) = call.arguments.get(1)
        {
            checker.may_select_all[second.index()] = true;
        }
    }
    for (index, node) in nodes.iter().enumerate() {
        checker.node(index, node);
    }
    checker.errors
}

struct Checker<'a> {
    nodes: &'a [Node],
    syntax: &'a [ParseError],
    /// Selectors that need no matcher: the second argument of `info`.
    may_select_all: Vec<bool>,
    errors: Vec<ParseError>,
}

/// `an instant vector`, `a scalar`.
fn with_article(value_type: ValueType) -> String {
    let name = value_type.as_str();
    let article = if name.starts_with(['a', 'i', 'u']) {
        "an"
    } else {
        "a"
    };
    format!("{article} {name}")
}

impl Checker<'_> {
    fn get(&self, id: NodeId) -> &Node {
        &self.nodes[id.index()]
    }

    fn type_of(&self, id: NodeId) -> ValueType {
        self.get(id).value_type
    }

    fn error(&mut self, span: Span, message: impl Into<String>) -> &mut ParseError {
        self.errors
            .push(ParseError::new(ErrorKind::Type, span, message));
        self.errors
            .last_mut()
            .expect("internal error: an error was just pushed")
    }

    fn node(&mut self, index: usize, node: &Node) {
        if node.value_type == ValueType::Duration {
            return;
        }
        match &node.kind {
            Kind::Selector(selector) => {
                self.selector(selector, node.span, self.may_select_all[index])
            }
            Kind::Subquery(subquery) => {
                let inner = self.type_of(subquery.expr);
                if !inner.fits(ValueType::Vector) {
                    let span = self.get(subquery.expr).span;
                    self.error(
                        span,
                        format!(
                            "a subquery needs an instant vector, not {}",
                            with_article(inner)
                        ),
                    );
                }
            }
            Kind::Call(call) => self.call(call, node.span),
            Kind::Aggregation(aggregation) => self.aggregation(aggregation),
            Kind::Binary(binary) => self.binary(binary),
            Kind::Unary(sign, operand) => self.unary(*sign, *operand),
            _ => {}
        }
    }

    fn unary(&mut self, sign: Sign, operand: NodeId) {
        let value_type = self.type_of(operand);
        if !value_type.fits(ValueType::Scalar) && !value_type.fits(ValueType::Vector) {
            let span = self.get(operand).span;
            self.error(
                span,
                format!(
                    "`{}` needs a scalar or an instant vector, not {}",
                    sign.as_str(),
                    with_article(value_type)
                ),
            );
        }
    }

    /// Reports `argument` if it is not of the type `wanted` by `what`.
    fn expect_type(&mut self, argument: NodeId, wanted: ValueType, what: &str) {
        let found = self.type_of(argument);
        if found.fits(wanted) {
            return;
        }
        let node = self.get(argument);
        let span = node.span;
        let is_selector = matches!(node.kind, Kind::Selector(_) | Kind::Paren(_));
        let error = self.error(
            span,
            format!(
                "{what} needs {}, not {}",
                with_article(wanted),
                with_article(found)
            ),
        );
        error.hint = match (wanted, found) {
            (ValueType::Matrix, ValueType::Vector) if is_selector => {
                Some("add a window in brackets, for example `[5m]`".to_owned())
            }
            (ValueType::Matrix, ValueType::Vector) => {
                Some("make it a subquery, for example `[5m:]`".to_owned())
            }
            (ValueType::Vector, ValueType::Matrix) => Some(
                "apply a function over time to it, for example `rate` or `max_over_time`"
                    .to_owned(),
            ),
            (ValueType::Scalar, ValueType::Vector) => {
                Some("`scalar(…)` makes a scalar of a vector with one series".to_owned())
            }
            (ValueType::Vector, ValueType::Scalar) => {
                Some("`vector(…)` makes a vector of a scalar".to_owned())
            }
            _ => None,
        };
    }

    fn call(&mut self, call: &Call, span: Span) {
        let Some(function) = call.function else {
            return;
        };
        let counted = call.arguments.len();
        // Of arguments that could not be read, the number is not known.
        let readable = !self
            .syntax
            .iter()
            .any(|error| error.span.start() >= span.start() && error.span.start() <= span.end());
        let enough =
            counted >= function.least() && function.most().is_none_or(|most| counted <= most);
        if readable && !enough {
            self.arity(function, counted, span);
        }
        if function.name == "info"
            && let Some(&second) = call.arguments.get(1)
        {
            self.info_matchers(second);
        }
        if let ([first, second], &[one, two]) = (function.arguments, call.arguments.as_slice())
            && self.are_swapped((one, *first), (two, *second), function.name)
        {
            return;
        }
        let what = format!("`{}`", function.name);
        for (index, argument) in call.arguments.iter().enumerate() {
            if let Some(wanted) = function.argument(index) {
                self.expect_type(*argument, wanted, &what);
            }
        }
    }

    /// Reports two arguments that would fit the other way round.
    fn are_swapped(
        &mut self,
        first: (NodeId, ValueType),
        second: (NodeId, ValueType),
        name: &str,
    ) -> bool {
        let (one, two) = (self.type_of(first.0), self.type_of(second.0));
        let swapped = one != ValueType::Any
            && two != ValueType::Any
            && one != first.1
            && two != second.1
            && (one, two) == (second.1, first.1);
        if swapped {
            let span = self.get(first.0).span.join(self.get(second.0).span);
            self.error(
                span,
                format!(
                    "`{name}` needs {} and then {}",
                    with_article(first.1),
                    with_article(second.1)
                ),
            )
            .hint = Some("exchange the two arguments".to_owned());
        }
        swapped
    }

    fn arity(&mut self, function: &Function, counted: usize, span: Span) {
        let (least, most) = (function.least(), function.most());
        let takes = match most {
            None => format!("at least {least}"),
            Some(most) if most == least => most.to_string(),
            Some(most) => format!("{least} to {most}"),
        };
        let plural = if (least, most) == (1, Some(1)) {
            ""
        } else {
            "s"
        };
        let signature: Vec<&str> = function
            .arguments
            .iter()
            .map(|argument| argument.as_str())
            .collect();
        let name = function.name;
        let error = self.error(
            span,
            match most {
                Some(0) => format!("`{name}` takes no argument"),
                _ => format!("`{name}` takes {takes} argument{plural}, not {counted}"),
            },
        );
        if !signature.is_empty() {
            error.hint = Some(format!("it is `{name}({})`", signature.join(", ")));
        }
    }

    fn info_matchers(&mut self, second: NodeId) {
        let node = self.get(second);
        let span = node.span;
        let is_plain = match &node.kind {
            Kind::Selector(selector) => selector.name.is_none(),
            Kind::Invalid | Kind::Variable(_) => true,
            _ => false,
        };
        if !is_plain {
            self.error(
                span,
                "the second argument of `info` is only matchers in braces: `{…}`",
            );
        }
    }

    fn aggregation(&mut self, aggregation: &Aggregation) {
        let name = aggregation.op.as_str();
        if aggregation.op == AggregateOp::Variable {
            return;
        }
        let wanted = if aggregation.op == AggregateOp::CountValues {
            ValueType::String
        } else {
            ValueType::Scalar
        };
        let vector = (aggregation.expr, ValueType::Vector);
        if let Some(parameter) = aggregation.parameter
            && self.are_swapped((parameter, wanted), vector, name)
        {
            return;
        }
        self.expect_type(aggregation.expr, ValueType::Vector, &format!("`{name}`"));
        if let Some(parameter) = aggregation.parameter {
            self.expect_type(parameter, wanted, &format!("the parameter of `{name}`"));
        }
    }

    fn binary(&mut self, binary: &Binary) {
        let op = binary.op;
        let name = op.as_str();
        let (left, right) = (self.type_of(binary.left), self.type_of(binary.right));
        for (side, value_type) in [(binary.left, left), (binary.right, right)] {
            if !value_type.fits(ValueType::Scalar) && !value_type.fits(ValueType::Vector) {
                let span = self.get(side).span;
                let error = self.error(
                    span,
                    format!(
                        "`{name}` needs scalars or instant vectors, not {}",
                        with_article(value_type)
                    ),
                );
                if value_type == ValueType::Matrix {
                    error.hint = Some(
                        "apply a function over time to it, for example `rate` or `max_over_time`"
                            .to_owned(),
                    );
                }
            }
        }
        let is_variable = op == BinaryOp::Variable;
        if let Some(span) = binary.return_bool
            && !op.is_comparison()
            && !is_variable
        {
            self.error(
                span,
                format!("`bool` belongs to a comparison, not to `{name}`"),
            )
            .hint = Some("remove `bool`".to_owned());
        }
        let both_scalar = left == ValueType::Scalar && right == ValueType::Scalar;
        if op.is_comparison() && binary.return_bool.is_none() && both_scalar {
            self.error(
                binary.op_span,
                format!("`{name}` between scalars needs `bool`: there is no series to filter"),
            )
            .hint = Some(format!("write `{name} bool`"));
        }
        self.matching(binary, left, right);
        let has_scalar = left == ValueType::Scalar || right == ValueType::Scalar;
        if op.is_set() && has_scalar {
            self.error(
                binary.op_span,
                format!("`{name}` needs instant vectors on both sides"),
            )
            .hint = Some("`vector(…)` makes a vector of a scalar".to_owned());
        }
    }

    fn matching(&mut self, binary: &Binary, left: ValueType, right: ValueType) {
        let name = binary.op.as_str();
        let both_vectors = left.fits(ValueType::Vector) && right.fits(ValueType::Vector);
        if let Some(matching) = &binary.matching {
            if let Some(cardinality) = matching.cardinality.as_ref().filter(|_| matching.on) {
                let matched: BTreeSet<&str> =
                    matching.labels.iter().map(|label| &*label.text).collect();
                let twice = cardinality
                    .labels
                    .iter()
                    .find(|label| !label.has_variables && matched.contains(&*label.text));
                if let Some(label) = twice {
                    self.error(
                        label.span,
                        format!(
                            "the label `{}` stands both in `on` and in the group modifier",
                            label.text
                        ),
                    )
                    .hint = Some("leave it out of the group modifier: `on` keeps it".to_owned());
                }
            }
            let word = if matching.on { "on" } else { "ignoring" };
            if !both_vectors && !matching.labels.is_empty() {
                self.error(
                    matching.span,
                    format!("`{word} (…)` matches series of two instant vectors, and one side is a scalar"),
                );
            }
            if let Some(cardinality) = matching.cardinality.as_ref()
                && both_vectors
                && binary.op.is_set()
            {
                self.error(
                    cardinality.span,
                    format!("`{name}` matches many to many and takes no group modifier"),
                )
                .hint = Some("remove the group modifier".to_owned());
            }
        }
        if let Some(span) = binary.fill.span {
            if !both_vectors {
                self.error(
                    span,
                    "`fill` fills in series of two instant vectors, and one side is a scalar",
                );
            } else if binary.op.is_set() {
                self.error(span, format!("`{name}` takes no `fill`"));
            }
        }
    }

    fn selector(&mut self, selector: &Selector, span: Span, may_select_all: bool) {
        let mut selects_something = may_select_all || !selector.placeholders.is_empty();
        for matcher in &selector.matchers {
            let pattern = matcher.value.text();
            let matches_empty = match matcher.op {
                _ if matcher.value.has_variables => false,
                MatchOp::Equal => matcher.value.bytes.is_empty(),
                MatchOp::NotEqual => !matcher.value.bytes.is_empty(),
                MatchOp::Regex | MatchOp::NotRegex => match regexp::read(&pattern) {
                    Ok(read) => read.matches_empty == (matcher.op == MatchOp::Regex),
                    Err(error) => {
                        self.error(
                            matcher.value.span,
                            format!("the regular expression is invalid: {}", error.0),
                        );
                        false
                    }
                },
            };
            selects_something |= !matches_empty;
        }
        let Some(name) = &selector.name else {
            // What the parser could not read may have been the matcher that is missing.
            let readable = !self.syntax.iter().any(|error| {
                error.span.start() >= span.start() && error.span.start() <= span.end()
            });
            if !selects_something && readable {
                self.error(
                    span,
                    "a selector needs a matcher that does not match the empty string",
                )
                .hint = Some(
                    "name a metric or a label value, or it selects every series there is"
                        .to_owned(),
                );
            }
            return;
        };
        let twice = selector
            .matchers
            .iter()
            .find(|matcher| &*matcher.label.text == METRIC_NAME);
        if let Some(matcher) = twice {
            self.error(
                matcher.span,
                format!(
                    "the metric name is given twice: `{}` and `{}`",
                    name.text,
                    literal::text(&matcher.value.bytes)
                ),
            )
            .hint = Some("leave one of them out".to_owned());
        }
    }
}
