//! The tree as text, without positions: what two expressions must share to be the same.

use std::fmt::Write as _;

use super::Parsed;
use super::literal::quote;
use super::node::{
    Aggregation, At, AtTime, Binary, Extension, Fill, Grouping, Kind, Matching, Modifiers, Name,
    NodeId, Selector, Side,
};
use super::operator::{AggregateOp, BinaryOp};

/// From this depth on, lines say their depth instead of being indented ever further.
const DEEPEST_INDENT: usize = 64;

impl Parsed {
    /// One line for every node, indented under its parent.
    pub fn tree(&self) -> String {
        let mut out = String::new();
        let mut open: Vec<(NodeId, usize, &str)> = vec![(self.root(), 0, "")];
        let mut children = Vec::new();
        while let Some((id, depth, role)) = open.pop() {
            for _ in 0..depth.min(DEEPEST_INDENT) {
                out.push_str("  ");
            }
            if depth > DEEPEST_INDENT {
                let _infallible = write!(out, "[{depth}] ");
            }
            out.push_str(role);
            self.describe(id, &mut out);
            out.push('\n');
            children.clear();
            roles(&self[id].kind, |child, role| {
                children.push((child, depth + 1, role))
            });
            open.extend(children.drain(..).rev());
        }
        out
    }

    fn describe(&self, id: NodeId, out: &mut String) {
        let node = &self[id];
        let _infallible = match &node.kind {
            Kind::Number(number) => {
                let unit = if number.is_duration { "s" } else { "" };
                write!(out, "number {}{unit}", number.value)
            }
            Kind::String(text) => write!(out, "string {}", quote(&text.bytes)),
            Kind::Selector(selector) => {
                describe_selector(selector, out);
                Ok(())
            }
            Kind::Range(range) => {
                out.push_str("range");
                modifiers(&range.modifiers, out);
                Ok(())
            }
            Kind::Subquery(subquery) => {
                out.push_str("subquery");
                modifiers(&subquery.modifiers, out);
                Ok(())
            }
            Kind::Call(call) => write!(out, "call {}", call.name.text),
            Kind::Aggregation(aggregation) => {
                self.describe_aggregation(aggregation, out);
                Ok(())
            }
            Kind::Binary(binary) => {
                self.describe_binary(binary, out);
                Ok(())
            }
            Kind::Unary(sign, _) => write!(out, "sign {}", sign.as_str()),
            Kind::Paren(_) => write!(out, "parentheses"),
            Kind::Variable(placeholder) => write!(out, "variable {}", placeholder.text),
            Kind::Invalid => write!(out, "invalid"),
        };
    }

    fn describe_aggregation(&self, aggregation: &Aggregation, out: &mut String) {
        let name = match aggregation.op {
            AggregateOp::Variable => self.slice(aggregation.op_span),
            op => op.as_str(),
        };
        let _infallible = write!(out, "aggregation {name}");
        if let Some(Grouping {
            without, labels, ..
        }) = &aggregation.grouping
        {
            out.push_str(if *without { " without " } else { " by " });
            names(labels, out);
        }
    }

    fn describe_binary(&self, binary: &Binary, out: &mut String) {
        let op = match binary.op {
            BinaryOp::Variable => self.slice(binary.op_span),
            op => op.as_str(),
        };
        let _infallible = write!(out, "operator {op}");
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
            names(labels, out);
            if let Some(modifier) = cardinality {
                out.push_str(match modifier.side {
                    Side::Left => " group_left ",
                    Side::Right => " group_right ",
                });
                names(&modifier.labels, out);
            }
        }
        let Fill { left, right, .. } = binary.fill;
        for (side, value) in [("left", left), ("right", right)] {
            if let Some(value) = value {
                let _infallible = write!(out, " fill_{side} {value}");
            }
        }
    }
}

fn describe_selector(selector: &Selector, out: &mut String) {
    out.push_str("selector");
    if let Some(name) = &selector.name {
        let _infallible = write!(out, " {}", name.text);
    }
    for matcher in &selector.matchers {
        let value = quote(&matcher.value.bytes);
        let label = quote(matcher.label.text.as_bytes());
        let _infallible = match matcher.is_bare_name {
            true => write!(out, " {value}"),
            false => write!(out, " {label} {} {value}", matcher.op.as_str()),
        };
    }
    for placeholder in &selector.placeholders {
        let _infallible = write!(out, " {}", placeholder.text);
    }
    modifiers(&selector.modifiers, out);
}

fn names(names: &[Name], out: &mut String) {
    out.push('(');
    for (index, name) in names.iter().enumerate() {
        if index > 0 {
            out.push(' ');
        }
        out.push_str(&quote(name.text.as_bytes()));
    }
    out.push(')');
}

fn modifiers(modifiers: &Modifiers, out: &mut String) {
    match modifiers.extension {
        Some(Extension::Anchored) => out.push_str(" anchored"),
        Some(Extension::Smoothed) => out.push_str(" smoothed"),
        None => {}
    }
    if let Some(At { time, .. }) = &modifiers.at {
        let _infallible = match time {
            AtTime::Timestamp(seconds) => write!(out, " @ {seconds}"),
            AtTime::Start => write!(out, " @ start"),
            AtTime::End => write!(out, " @ end"),
            AtTime::Variable(text) => write!(out, " @ {text}"),
        };
    }
}

/// Calls `visit` with every child and what it is to its parent.
fn roles(kind: &Kind, mut visit: impl FnMut(NodeId, &'static str)) {
    let (window, step) = match kind {
        Kind::Range(range) => (Some(range.window), None),
        Kind::Subquery(subquery) => (Some(subquery.window), subquery.step),
        _ => (None, None),
    };
    let offset = kind.modifiers().and_then(|modifiers| modifiers.offset);
    kind.for_each_child(|child| {
        let role = if Some(child) == window {
            "window: "
        } else if Some(child) == step {
            "step: "
        } else if Some(child) == offset {
            "offset: "
        } else {
            ""
        };
        visit(child, role);
    });
}
