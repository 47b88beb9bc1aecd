use crate::diagnostic::{Level, Safety};
use crate::document::Node;
use crate::facts::Facts;
use crate::facts::expression::Expression;
use crate::facts::grafana_alerting::{GrafanaCondition, GrafanaRuleQuery};
use crate::facts::text::Text;
use crate::lint::{Findings, Lint};
use crate::promql::{BinaryOp, Kind, NodeId, Parsed};
use crate::setup::Place;
use crate::source::Span;

pub(super) static LINT: Lint = Lint {
    id: "provisioning/filtering-query-with-threshold",
    level: Level::Error,
    summary: "a Grafana alert whose query keeps the very values that its condition does not fire for",
    needs: &[],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for rule in &facts.grafana_rules {
        let Some(GrafanaCondition {
            op,
            number,
            evaluator,
            query,
        }) = rule.threshold()
        else {
            continue;
        };
        let condition = Comparison { op, number };
        let Some(expression) = query.expression.map(|id| facts.expression(id)) else {
            continue;
        };
        let Some((node, filter)) = filter(&expression.parsed, expression.parsed.root()) else {
            continue;
        };
        let Some(silent) = silent(filter, condition) else {
            continue;
        };
        let message = format!(
            "`{}` never fires for {silent}: its query keeps only values {filter}, its condition asks for one {condition}",
            rule.title.as_str(),
        );
        let finding = findings
            .report(
                expression.place(facts.setup, expression.parsed[node].span),
                message,
            )
            .label(format!("what is left is {filter}"))
            .related("in this rule", rule.place)
            .help(format!(
                "leave the comparison to the condition: query without `{filter}`, and set the condition to {}",
                filter.in_words()
            ));
        let finding = match moved(facts, expression, node, filter, evaluator, query) {
            Some(edits) => finding.fix(
                Safety::Unsafe,
                format!("leave `{filter}` to the condition"),
                edits,
            ),
            None => finding,
        };
        // Without a value there is nothing wrong, which is when such a rule fires.
        if let Some(state) = rule
            .no_data_state
            .as_ref()
            .filter(|state| state.as_str() == "Alerting")
        {
            finding.related("and fires as long as all is well", state.place);
        }
    }
}

/// The query without its comparison, and the condition with it.
fn moved(
    facts: &Facts<'_>,
    expression: &Expression,
    node: NodeId,
    filter: Comparison,
    evaluator: &Node,
    query: &GrafanaRuleQuery,
) -> Option<Vec<(Place, String)>> {
    let Kind::Binary(binary) = &expression.parsed[node].kind else {
        return None;
    };
    // What is one of two states is below 1 where it is 0.
    let (kind, number) = match filter.op {
        BinaryOp::Greater => ("gt", filter.number),
        BinaryOp::Less => ("lt", filter.number),
        BinaryOp::Equal if filter.number == 0.0 => ("lt", 1.0),
        _ => return None,
    };
    let document = facts.setup.document(query.place.document);
    let text = |node: &Node, new: &str| {
        let text = Text::of(document, node);
        text.edit(facts.setup, Span::new(0, text.value.len()), new)
    };
    let left = expression.parsed[binary.left].span;
    let rest = Span::new(left.end(), expression.parsed[node].span.end());
    Some(vec![
        expression.edit(facts.setup, rest, ""),
        text(evaluator.get("type")?, kind),
        text(
            evaluator.get("params")?.items().first()?,
            &number.to_string(),
        ),
    ])
}

/// A comparison with a number.
#[derive(Clone, Copy)]
struct Comparison {
    op: BinaryOp,
    number: f64,
}

impl Comparison {
    fn in_words(self) -> String {
        let word = match self.op {
            BinaryOp::Greater | BinaryOp::GreaterEqual => "above",
            BinaryOp::Less | BinaryOp::LessEqual => "below",
            _ => "equal to",
        };
        format!("\"is {word} {}\"", self.number)
    }
}

impl std::fmt::Display for Comparison {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} {}", self.op.as_str(), self.number)
    }
}

/// The values that pass the query and that the condition misses although they are the worst, in words. `None`: the two fit.
fn silent(filter: Comparison, condition: Comparison) -> Option<String> {
    let (kept, asked) = (filter.number, condition.number);
    match (filter.op, condition.op) {
        (BinaryOp::Equal, BinaryOp::Greater) if kept <= asked => Some("any value".into()),
        (BinaryOp::Equal, BinaryOp::Less) if kept >= asked => Some("any value".into()),
        // The lower, the worse: what lies below the condition's number is lost. Nothing is below a negative one.
        (BinaryOp::Less | BinaryOp::LessEqual, BinaryOp::Greater) if asked >= 0.0 => {
            Some(match kept <= asked {
                true => "any value".into(),
                false => format!("{asked} and below"),
            })
        }
        (BinaryOp::Greater | BinaryOp::GreaterEqual, BinaryOp::Less) if kept >= asked => {
            Some("any value".into())
        }
        // The same direction, but the condition asks for less than nothing.
        (BinaryOp::Less | BinaryOp::LessEqual, BinaryOp::Less) if asked <= 0.0 && kept > 0.0 => {
            Some(format!("{asked} and above"))
        }
        _ => None,
    }
}

/// The comparison that decides which series the expression has.
fn filter(parsed: &Parsed, node: NodeId) -> Option<(NodeId, Comparison)> {
    match &parsed[node].kind {
        Kind::Paren(inner) => filter(parsed, *inner),
        Kind::Binary(binary) if matches!(binary.op, BinaryOp::And | BinaryOp::Unless) => {
            filter(parsed, binary.left)
        }
        Kind::Binary(binary) if binary.op.is_comparison() && binary.return_bool.is_none() => {
            let number = parsed.number(binary.right)?;
            Some((
                node,
                Comparison {
                    op: binary.op,
                    number,
                },
            ))
        }
        _ => None,
    }
}
