//! Expressions as text: on one line, or on several where one would be too long.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::literal::quote;
use super::node::{
    At, AtTime, Binary, Extension, Fill, Grouping, Kind, Matcher, Matching, Modifiers, Name,
    NodeId, Number, Selector, Side,
};
use super::number::Duration;
use super::operator::{AggregateOp, BinaryOp};
use super::variable;
use super::{ErrorKind, Parsed, scan};

/// Columns that a line of the several-line form should not exceed.
const LINE_WIDTH: usize = 100;
const INDENT: usize = 2;

/// A piece of what a node prints as.
enum Part<'a> {
    Text(Cow<'a, str>),
    /// A child, so many steps further in than its parent where it takes several lines.
    Child(NodeId, usize),
    /// The left side of an operator that binds as tightly as this one: broken where this one is.
    Chain(NodeId),
    /// A place for a line break; in steps, how far in the line after it starts. Else this text.
    Break(usize, &'static str),
}

/// A piece still to be written, with the indentation of its node and whether that takes several lines.
struct Pending<'a> {
    part: Part<'a>,
    indent: usize,
    broken: bool,
}

impl Parsed {
    /// The expression on one line, in one fixed style, without comments.
    ///
    /// It reads back as the same tree. What could not be read stays as it is written, comments and all.
    pub fn format(&self) -> String {
        if self.is_broken() {
            return self.text().to_owned();
        }
        self.print(None)
    }

    /// Whether the tree lacks something that the text has.
    fn is_broken(&self) -> bool {
        self.errors
            .iter()
            .any(|error| matches!(error.kind, ErrorKind::Syntax | ErrorKind::TooDeep))
    }

    /// The expression in the same style, broken into indented lines where one would be too long.
    ///
    /// Comments stand before it, in their order.
    pub fn format_lines(&self) -> String {
        if self.is_broken() {
            return self.text().to_owned();
        }
        let mut out = String::new();
        for comment in &self.comments {
            out.push_str(self.slice(comment.span).trim_end());
            out.push('\n');
        }
        out.push_str(&self.print(Some(&self.widths())));
        out
    }

    /// How many bytes each node takes on one line.
    fn widths(&self) -> Vec<usize> {
        let mut widths: Vec<usize> = Vec::with_capacity(self.node_count());
        let mut parts = Vec::new();
        for (id, _) in self.nodes() {
            self.parts(id, &mut parts);
            let width = parts
                .drain(..)
                .map(|part| match part {
                    Part::Text(text) => text.len(),
                    Part::Child(child, _) | Part::Chain(child) => {
                        widths.get(child.index()).copied().unwrap_or(0)
                    }
                    Part::Break(_, flat) => flat.len(),
                })
                .fold(0, usize::saturating_add);
            widths.push(width);
        }
        widths
    }

    /// Writes the tree; with widths, breaks the nodes that are too wide.
    fn print(&self, widths: Option<&[usize]>) -> String {
        let mut out = String::with_capacity(self.text().len());
        let mut parts = Vec::new();
        let mut pending = vec![Pending {
            part: Part::Child(self.root(), 0),
            indent: 0,
            broken: false,
        }];
        while let Some(Pending {
            part,
            indent,
            broken,
        }) = pending.pop()
        {
            match part {
                Part::Text(text) => out.push_str(&text),
                Part::Break(steps, _) if broken => {
                    out.push('\n');
                    out.extend(std::iter::repeat_n(' ', (indent + steps) * INDENT));
                }
                Part::Break(_, flat) => out.push_str(flat),
                Part::Child(id, _) | Part::Chain(id) => {
                    let (steps, must_break) = match part {
                        Part::Child(_, steps) => (steps, false),
                        _ => (0, broken),
                    };
                    let indent = indent + if broken { steps } else { 0 };
                    let width = widths.map_or(0, |widths| widths[id.index()]);
                    let broken = must_break || width.saturating_add(indent * INDENT) > LINE_WIDTH;
                    self.parts(id, &mut parts);
                    pending.extend(parts.drain(..).rev().map(|part| Pending {
                        part,
                        indent,
                        broken,
                    }));
                }
            }
        }
        out
    }

    /// What a node prints as, in terms of its children.
    fn parts<'a>(&'a self, id: NodeId, out: &mut Vec<Part<'a>>) {
        let node = &self[id];
        match &node.kind {
            Kind::Number(number) => text(out, format_number(*number)),
            Kind::String(string) => text(out, quote(&string.bytes)),
            Kind::Selector(selector) => {
                text(out, format_selector(selector));
                self.modifiers(&selector.modifiers, out);
            }
            Kind::Range(range) => {
                out.push(Part::Child(range.selector, 0));
                text(out, "[");
                out.push(Part::Child(range.window, 0));
                text(out, "]");
                self.modifiers(&range.modifiers, out);
            }
            Kind::Subquery(subquery) => {
                out.push(Part::Child(subquery.expr, 0));
                text(out, "[");
                out.push(Part::Child(subquery.window, 0));
                text(out, ":");
                if let Some(step) = subquery.step {
                    out.push(Part::Child(step, 0));
                }
                text(out, "]");
                self.modifiers(&subquery.modifiers, out);
            }
            Kind::Call(call) => {
                text(out, &*call.name.text);
                arguments(call.arguments.iter().copied(), out);
            }
            Kind::Aggregation(aggregation) => {
                match aggregation.op {
                    AggregateOp::Variable => text(out, self.slice(aggregation.op_span)),
                    op => text(out, op.as_str()),
                }
                if let Some(Grouping {
                    without, labels, ..
                }) = &aggregation.grouping
                {
                    text(out, if *without { " without " } else { " by " });
                    text(out, format_labels(labels));
                    text(out, " ");
                }
                let all = aggregation
                    .parameter
                    .into_iter()
                    .chain([aggregation.expr])
                    .chain(aggregation.surplus.iter().copied());
                arguments(all, out);
            }
            Kind::Binary(binary) => {
                let left = &self[binary.left].kind;
                let is_chain = matches!(left, Kind::Binary(left) if left.op.precedence() == binary.op.precedence());
                out.push(if is_chain {
                    Part::Chain(binary.left)
                } else {
                    Part::Child(binary.left, 0)
                });
                out.push(Part::Break(0, " "));
                text(out, self.format_operator(binary));
                text(out, " ");
                out.push(Part::Child(binary.right, 1));
            }
            Kind::Unary(sign, operand) => {
                text(out, sign.as_str());
                out.push(Part::Child(*operand, 0));
            }
            Kind::Paren(inner) => {
                text(out, "(");
                out.push(Part::Break(1, ""));
                out.push(Part::Child(*inner, 1));
                out.push(Part::Break(0, ""));
                text(out, ")");
            }
            Kind::Variable(placeholder) => text(out, &*placeholder.text),
            Kind::Invalid => text(out, self.slice(node.span)),
        }
    }

    fn format_operator(&self, binary: &Binary) -> String {
        let mut out = match binary.op {
            BinaryOp::Variable => self.slice(binary.op_span).to_owned(),
            op => op.as_str().to_owned(),
        };
        if binary.return_bool.is_some() {
            out.push_str(" bool");
        }
        if let Some(Matching {
            on,
            labels,
            cardinality,
            ..
        }) = &binary.matching
        {
            out.push_str(if *on { " on " } else { " ignoring " });
            out.push_str(&format_labels(labels));
            if let Some(modifier) = cardinality {
                out.push_str(match modifier.side {
                    Side::Left => " group_left ",
                    Side::Right => " group_right ",
                });
                out.push_str(&format_labels(&modifier.labels));
            }
        }
        let Fill { left, right, .. } = binary.fill;
        if let (Some(left), Some(right)) = (left, right)
            && left.to_bits() == right.to_bits()
        {
            let _infallible = write!(out, " fill ({})", format_float(left));
            return out;
        }
        for (word, value) in [("fill_left", left), ("fill_right", right)] {
            if let Some(value) = value {
                let _infallible = write!(out, " {word} ({})", format_float(value));
            }
        }
        out
    }

    fn modifiers<'a>(&'a self, modifiers: &Modifiers, out: &mut Vec<Part<'a>>) {
        // Behind `offset`, Prometheus reads an expression that starts with a parenthesis as far as it goes: what
        // can end it stands behind it.
        let greedy = modifiers.offset.filter(|offset| self.reads_on(*offset));
        if let Some(offset) = greedy {
            text(out, " offset ");
            out.push(Part::Child(offset, 0));
        }
        match modifiers.extension {
            Some(Extension::Anchored) => text(out, " anchored"),
            Some(Extension::Smoothed) => text(out, " smoothed"),
            None => {}
        }
        if let Some(At { time, .. }) = &modifiers.at {
            text(
                out,
                match time {
                    AtTime::Timestamp(seconds) => format!(" @ {}", format_float(*seconds)),
                    AtTime::Start => " @ start()".to_owned(),
                    AtTime::End => " @ end()".to_owned(),
                    AtTime::Variable(variable) => format!(" @ {variable}"),
                },
            );
        }
        if let Some(offset) = modifiers.offset.filter(|_| greedy.is_none()) {
            text(out, " offset ");
            out.push(Part::Child(offset, 0));
        }
    }

    /// Whether arithmetic behind this duration would belong to it, were it written after `offset`.
    fn reads_on(&self, offset: NodeId) -> bool {
        match &self[offset].kind {
            Kind::Paren(_) | Kind::Binary(_) => true,
            Kind::Unary(_, operand) => matches!(self[*operand].kind, Kind::Unary(..)),
            _ => false,
        }
    }
}

fn text<'a>(out: &mut Vec<Part<'a>>, text: impl Into<Cow<'a, str>>) {
    out.push(Part::Text(text.into()));
}

fn arguments(all: impl Iterator<Item = NodeId>, out: &mut Vec<Part<'_>>) {
    text(out, "(");
    let mut first = true;
    for argument in all {
        if !first {
            text(out, ",");
        }
        out.push(Part::Break(1, if first { "" } else { " " }));
        out.push(Part::Child(argument, 1));
        first = false;
    }
    if !first {
        out.push(Part::Break(0, ""));
    }
    text(out, ")");
}

fn format_number(number: Number) -> String {
    match Duration::from_seconds(number.value) {
        Some(duration) if number.is_duration => duration.to_string(),
        _ => format_float(number.value),
    }
}

/// The shortest text that reads back as the same number.
pub(super) fn format_float(value: f64) -> String {
    /// Beyond these, digits are only zeros to count.
    const LARGE: f64 = 1e21;
    const SMALL: f64 = 1e-6;
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "Inf" } else { "-Inf" }.to_owned();
    }
    let magnitude = value.abs();
    if magnitude != 0.0 && !(SMALL..LARGE).contains(&magnitude) {
        return format!("{value:e}");
    }
    format!("{value}")
}

fn format_selector(selector: &Selector) -> String {
    let mut out = selector
        .name
        .as_ref()
        .map_or_else(String::new, |name| name.text.to_string());
    let is_empty = selector.matchers.is_empty() && selector.placeholders.is_empty();
    // Behind a lone Grafana variable, braces are what makes it a metric name.
    let is_needed = selector
        .name
        .as_ref()
        .is_some_and(|name| name.has_variables)
        && selector.braces.is_some();
    if is_empty && selector.name.is_some() && !is_needed {
        return out;
    }
    out.push('{');
    let mut first = true;
    for matcher in &selector.matchers {
        if !std::mem::take(&mut first) {
            out.push_str(", ");
        }
        out.push_str(&format_matcher(matcher));
    }
    for placeholder in &selector.placeholders {
        if !std::mem::take(&mut first) {
            out.push_str(", ");
        }
        out.push_str(&placeholder.text);
    }
    out.push('}');
    out
}

fn format_matcher(matcher: &Matcher) -> String {
    let value = quote(&matcher.value.bytes);
    if matcher.is_bare_name {
        return value;
    }
    let name = &matcher.label.text;
    let is_plain = is_plain_label(name) || (matcher.label.has_variables && is_template(name));
    let label = if is_plain {
        name.to_string()
    } else {
        quote(name.as_bytes())
    };
    format!("{label}{}{value}", matcher.op.as_str())
}

/// `(a, "b.c")`
fn format_labels(labels: &[Name]) -> String {
    let all: Vec<Cow<'_, str>> = labels
        .iter()
        .map(|label| {
            let name = &*label.text;
            // The words that are something else in a list of labels.
            let is_taken = ["without", "inf", "nan"]
                .iter()
                .any(|word| name.eq_ignore_ascii_case(word));
            let is_plain =
                (is_plain_label(name) && !is_taken) || (label.has_variables && is_template(name));
            if is_plain {
                Cow::Borrowed(name)
            } else {
                Cow::Owned(quote(name.as_bytes()))
            }
        })
        .collect();
    format!("({})", all.join(", "))
}

/// Whether a label needs no quotes.
fn is_plain_label(name: &str) -> bool {
    name.bytes().next().is_some_and(scan::is_word_start) && name.bytes().all(scan::is_word)
}

/// Whether text is one word with Grafana variables in it.
fn is_template(name: &str) -> bool {
    let mut at = 0;
    while let Some(&byte) = name.as_bytes().get(at) {
        at = match variable::scan(name, at) {
            Some(variable) => variable.span.end(),
            None if scan::is_word(byte) => at + 1,
            None => return false,
        };
    }
    !name.is_empty()
}

#[cfg(test)]
mod tests {
    use super::super::{Options, parse, parse_with};

    #[test]
    fn one_line_has_one_style() {
        for (written, printed) in [
            ("sum(x)by(a,b)", "sum by (a, b) (x)"),
            ("a+on(b)group_left c", "a + on (b) group_left () c"),
            ("a==bool 1e3", "a == bool 1000"),
            (
                "x{ a = 'b' , }[ 300s ]  OFFSET  1h @ 10",
                "x{a=\"b\"}[5m] @ 10 offset 1h",
            ),
            ("x[5m:]offset -5m", "x[5m:] offset -5m"),
            ("x{}", "x"),
            ("{'a.b','c d'='e'}", "{\"a.b\", \"c d\"=\"e\"}"),
            ("a + fill_left(5) fill_right(5) b", "a + fill (5) b"),
            (
                "sum by (\"without\", \"a b\", On) (x)",
                "sum by (\"without\", \"a b\", On) (x)",
            ),
            ("x offset (5m) @ 10 + y", "x offset (5m) @ 10 + y"),
            ("x[max_of(step(),5m*2)]", "x[max_of(step(), 5m * 2)]"),
            ("-1e300 ^ .0000001", "-1e300 ^ 1e-7"),
            ("# why\nx # what", "x"),
            ("1  and # what", "1  and # what"),
        ] {
            assert_eq!(parse(written).format(), printed);
        }
        let braces = "$a{}";
        assert_eq!(parse_with(braces, &Options::grafana()).format(), braces);
        let grafana = "sum by ($by) (rate({a=\"$b\", $c}[$d]))";
        assert_eq!(parse_with(grafana, &Options::grafana()).format(), grafana);
    }

    #[test]
    fn long_expressions_take_several_lines() {
        let text = "# share of errors\nsum by (job, instance) (rate(http_requests_total{code=~\"5..\"}[5m])) / \
                    on (job, instance) sum by (job, instance) (rate(http_requests_total[5m])) > 0.05";
        assert_eq!(
            parse(text).format_lines(),
            "\
# share of errors
sum by (job, instance) (rate(http_requests_total{code=~\"5..\"}[5m]))
/ on (job, instance) sum by (job, instance) (rate(http_requests_total[5m]))
> 0.05"
        );
        let text = format!(
            "label_replace(sum by (a) ({}), \"b\", \"$1\", \"c\", \"(.*)\")",
            vec!["metric"; 16].join(" + ")
        );
        let lines = parse(&text).format_lines();
        assert!(
            lines.starts_with("label_replace(\n  sum by (a) (\n    metric\n    + metric\n"),
            "{lines}"
        );
        assert!(
            lines.ends_with("  ),\n  \"b\",\n  \"$1\",\n  \"c\",\n  \"(.*)\"\n)"),
            "{lines}"
        );
        assert_eq!(parse(&lines).tree(), parse(&text).tree());
        assert_eq!(parse("a + b").format_lines(), "a + b");
    }
}
