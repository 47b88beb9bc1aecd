use super::measure::shown;
use crate::diagnostic::{Level, Safety};
use crate::facts::Facts;
use crate::facts::dashboard::Panel;
use crate::facts::expression::Expression;
use crate::lint::subject::words;
use crate::lint::{Findings, Lint, Need};
use crate::promql::{AggregateOp, BinaryOp, Kind};
use crate::source::Span;

pub(super) static LINT: Lint = Lint {
    id: "dashboard/operation-mismatch",
    level: Level::Warning,
    summary: "a mislabelled operation: the title says per second, per minute, average, maximum or total, the query computes another",
    needs: &[Need::Catalogue],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for dashboard in &facts.dashboards {
        for panel in &dashboard.panels {
            check_panel(facts, panel, findings);
        }
    }
}

fn check_panel(facts: &Facts<'_>, panel: &Panel, findings: &mut Findings<'_>) {
    let title = panel.title.as_str();
    let mut queries = shown(facts, panel);
    // Of several queries each may be meant by another word.
    let (Some((query, expression)), None) = (queries.next(), queries.next()) else {
        return;
    };
    let words = words(title);
    let has = |candidates: &[&str]| words.iter().any(|word| candidates.contains(&word.as_str()));
    let legend = query.legend.as_ref().map_or_else(Vec::new, |legend| {
        crate::lint::subject::words(legend.as_str())
    });
    let is_explained = |candidates: &[&str]| {
        legend
            .iter()
            .any(|word| candidates.contains(&word.as_str()))
    };
    let op = outermost(expression);
    let mismatch = if is_per_second(title) && counts_without_rate(facts, expression) {
        Some((
            "per second",
            "the query has no `rate`: the value is a total".to_owned(),
        ))
    } else if per_minute(title).is_some() && takes_growth_per_second(expression) {
        Some((
            "per minute",
            "the query takes the growth per second".to_owned(),
        ))
    } else {
        match op {
            Some(op @ (AggregateOp::Sum | AggregateOp::Max | AggregateOp::Min))
                if has(&["average", "avg", "mean"])
                    && !has(&["sum", "total", "max", "min", "maximum", "minimum"]) =>
            {
                Some(("average", format!("the query takes the `{}`", op.as_str())))
            }
            Some(AggregateOp::Min) if has(&["max", "maximum", "highest"]) => {
                Some(("maximum", "the query takes the `min`".into()))
            }
            Some(AggregateOp::Max) if has(&["minimum", "lowest"]) => {
                Some(("minimum", "the query takes the `max`".into()))
            }
            Some(AggregateOp::Avg)
                if has(&["total", "sum"])
                    && !has(&["average", "avg", "mean"])
                    && !is_explained(&["average", "avg", "mean"]) =>
            {
                Some(("total", "the query takes the `avg`".into()))
            }
            _ => None,
        }
    };
    let Some((said, is)) = mismatch else {
        return;
    };
    let place = expression.place(
        facts.setup,
        expression.parsed[expression.parsed.root()].span,
    );
    let finding = findings
        .report(
            panel.title.place,
            format!("{} says {said}, but {is}", panel.named()),
        )
        .label(format!("says {said}"))
        .related(is, place)
        .help("make title and query say the same");
    if let Some((span, new)) = corrected(title, said, op) {
        let edit = panel.title.edit(facts.setup, span, &new);
        finding.fix(
            Safety::Unsafe,
            "let the title say what the query does",
            vec![edit],
        );
    }
}

/// The part of a title that says another operation, and what is true instead.
fn corrected(title: &str, said: &str, op: Option<AggregateOp>) -> Option<(Span, String)> {
    let lower = title.to_ascii_lowercase();
    if said == "per second" {
        let endings = [" per second", " per sec", " / sec", "/sec", " / s", "/s"];
        return endings.iter().find_map(|ending| {
            let start = lower.strip_suffix(ending)?.len();
            Some((Span::new(start, title.len()), String::new()))
        });
    }
    if said == "per minute" {
        let span = per_minute(title)?;
        let minute = title.get(span.start()..span.end())?;
        let second = minute
            .replace("minute", "second")
            .replace("Minute", "Second");
        return Some((span, second.replace("min", "s")));
    }
    let words: &[&str] = match said {
        "average" => &["average", "avg", "mean"],
        "maximum" => &["maximum", "highest", "max"],
        "minimum" => &["minimum", "lowest"],
        _ => &["total", "sum"],
    };
    let is = match op? {
        AggregateOp::Sum => "total",
        AggregateOp::Max => "maximum",
        AggregateOp::Min => "minimum",
        AggregateOp::Avg => "average",
        _ => return None,
    };
    words.iter().find_map(|word| {
        let start = lower.find(word)?;
        let end = start + word.len();
        let is_word = |at: Option<char>| at.is_none_or(|letter| !letter.is_alphanumeric());
        let stands_alone =
            is_word(title[..start].chars().next_back()) && is_word(title[end..].chars().next());
        let is_capital = title[start..].starts_with(|first: char| first.is_uppercase());
        let new = match is_capital {
            true => is[..1].to_uppercase() + &is[1..],
            false => is.to_owned(),
        };
        stands_alone.then_some((Span::new(start, end), new))
    })
}

fn is_per_second(title: &str) -> bool {
    let title = title.to_ascii_lowercase();
    ["per second", "per sec", "/ sec", "/sec", "/ s", "/s"]
        .iter()
        .any(|ending| title.ends_with(ending))
        || title.contains("per second")
}

/// Where a title says "per minute".
fn per_minute(title: &str) -> Option<Span> {
    const WORDS: [&str; 5] = ["per minute", "/minute", "/ minute", "/min", "/ min"];
    let lower = title.to_ascii_lowercase();
    WORDS.iter().find_map(|word| {
        let start = lower.find(word)?;
        let end = start + word.len();
        let mut rest = lower.get(end..)?.chars();
        let is_word = rest.next().is_none_or(|next| !next.is_alphanumeric());
        // `max / min`
        let is_minimum = lower.get(..start)?.trim_end().ends_with("max");
        (is_word && !is_minimum).then(|| Span::new(start, end))
    })
}

/// Whether only `rate` and `irate` are read, and nothing makes more or less of them.
fn takes_growth_per_second(expression: &Expression) -> bool {
    let reads = &expression.analysis.reads;
    let is_scaled = |kind: &Kind| matches!(kind, Kind::Binary(binary) if matches!(binary.op, BinaryOp::Mul | BinaryOp::Div));
    !reads.is_empty()
        && reads.iter().all(|read| {
            read.function
                .is_some_and(|function| matches!(function.name, "rate" | "irate"))
        })
        && !expression
            .parsed
            .nodes()
            .any(|(_, node)| is_scaled(&node.kind))
}

/// Whether only counters are read, and their growth is nowhere taken.
fn counts_without_rate(facts: &Facts<'_>, expression: &Expression) -> bool {
    let reads = &expression.analysis.reads;
    let is_counter = |name: &String| facts.counter(name).is_some();
    !reads.is_empty()
        && reads.iter().all(|read| {
            read.range.is_none()
                && read
                    .metrics
                    .as_ref()
                    .is_some_and(|names| names.iter().all(is_counter))
        })
        && expression.analysis.windows.is_empty()
        && !expression.parsed.nodes().any(
            |(_, node)| matches!(&node.kind, Kind::Binary(binary) if binary.op == BinaryOp::Div),
        )
}

/// The aggregation that makes the result, where nothing inside averages or divides.
fn outermost(expression: &Expression) -> Option<AggregateOp> {
    let parsed = &expression.parsed;
    let mut root = parsed.bare(parsed.root());
    // A factor changes nothing about the operation.
    if let Kind::Binary(binary) = &parsed[root].kind
        && matches!(binary.op, BinaryOp::Mul | BinaryOp::Div)
        && parsed.number(binary.right).is_some()
    {
        root = parsed.bare(binary.left);
    }
    let Kind::Aggregation(aggregation) = &parsed[root].kind else {
        return None;
    };
    let is_mixed = parsed.nodes().any(|(id, node)| {
        id != root
            && match &node.kind {
                Kind::Aggregation(_) => true,
                Kind::Call(call) => {
                    call.name.text.contains("avg")
                        || call.name.text.contains("max")
                        || call.name.text.contains("min")
                        || call.name.text.contains("quantile")
                }
                Kind::Binary(binary) => {
                    binary.op == BinaryOp::Div && parsed.number(binary.right).is_none()
                }
                Kind::Selector(selector) => selector.metric_name().is_none_or(|name| {
                    ["avg", "average", "mean", "max", "min", ":"]
                        .iter()
                        .any(|sign| name.contains(sign))
                }),
                _ => false,
            }
    });
    (!is_mixed).then_some(aggregation.op)
}
