use super::measure::shown;
use crate::diagnostic::{Level, Safety};
use crate::facts::Facts;
use crate::facts::dashboard::Panel;
use crate::facts::expression::Expression;
use crate::facts::text::Text;
use crate::lint::{Findings, Lint};
use crate::promql::analysis::Length;
use crate::promql::{AggregateOp, BinaryOp, Call, Kind, MatchOp};
use crate::source::Span;

pub(super) static LINT: Lint = Lint {
    id: "dashboard/label-number-mismatch",
    level: Level::Warning,
    summary: "a mislabelled number: the percentile or window in a title or legend is not that of the query",
    needs: &[],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for dashboard in &facts.dashboards {
        for panel in &dashboard.panels {
            check_panel(facts, panel, findings);
            check_window(facts, panel, findings);
        }
    }
}

fn check_panel(facts: &Facts<'_>, panel: &Panel, findings: &mut Findings<'_>) {
    let said = percentiles(panel.title.as_str());
    let mut all = Vec::new();
    let mut is_open = false;
    let mut average = None;
    for (query, expression) in shown(facts, panel) {
        let found = quantiles(expression);
        // Names of metrics and rules can hold a percentile, too.
        is_open = is_open || found.is_none();
        let found = found.unwrap_or_default();
        if let (Some(legend), [quantile]) = (&query.legend, found.as_slice())
            && let [(span, number, digits)] = percentiles(legend.as_str()).as_slice()
            && (number - quantile * 100.0).abs() > 1e-6
        {
            report_legend(
                facts,
                panel,
                expression,
                legend,
                (*span, *digits, *quantile),
                findings,
            );
        }
        if found.is_empty() && is_average(expression) {
            if let Some(legend) = &query.legend
                && let [(span, number, _)] = percentiles(legend.as_str()).as_slice()
            {
                let message = format!(
                    "the legend of {} says p{number}, but the query takes the mean: a sum divided by a count",
                    panel.named()
                );
                findings
                    .report(legend.part(facts.setup, *span), message)
                    .label("no percentile")
                    .help("say mean, or take a quantile of the buckets");
            }
            average = average.or(Some(expression));
        }
        all.extend(found);
    }
    let [(span, number, _)] = said.as_slice() else {
        return;
    };
    let place = panel.title.part(facts.setup, *span);
    if let (Some(expression), true, false) = (average, all.is_empty(), is_open) {
        let message = format!(
            "{} says p{number}, but shows the mean: a sum divided by a count",
            panel.named()
        );
        let query = expression.place(
            facts.setup,
            expression.parsed[expression.parsed.root()].span,
        );
        findings
            .report(place, message)
            .label("no percentile")
            .related("a mean", query)
            .help(format!(
                "write `histogram_quantile({}, sum by (le) (rate(…_bucket[…])))`, or say mean",
                number / 100.0
            ));
        return;
    }
    let has_it = all
        .iter()
        .any(|quantile| (quantile * 100.0 - number).abs() <= 1e-6);
    if let (false, false, Some(first)) = (has_it, is_open, all.first()) {
        let message = format!(
            "{} says p{number}, but its query takes p{}",
            panel.named(),
            first * 100.0
        );
        findings
            .report(place, message)
            .label(format!("the query takes p{}", first * 100.0))
            .help("make title and query say the same number");
    }
}

fn report_legend(
    facts: &Facts<'_>,
    panel: &Panel,
    expression: &Expression,
    legend: &Text,
    (span, digits, quantile): (Span, Span, f64),
    findings: &mut Findings<'_>,
) {
    let said = legend
        .as_str()
        .get(span.start()..span.end())
        .unwrap_or_default();
    let number = format!("{}", (quantile * 1e6).round() / 1e4);
    let message = format!(
        "the legend of {} says {said}, but its query takes p{number}",
        panel.named()
    );
    let place = legend.part(facts.setup, digits);
    let query = expression.place(
        facts.setup,
        expression.parsed[expression.parsed.root()].span,
    );
    let title = percentiles(panel.title.as_str());
    // The title agrees with the query or says nothing: then the legend is what is wrong.
    let is_legend = title
        .iter()
        .all(|(_, said, _)| (said - quantile * 100.0).abs() < 1e-6);
    let safety = if is_legend {
        Safety::Safe
    } else {
        Safety::Unsafe
    };
    findings
        .report(place, message)
        .label(format!("the query takes p{number}"))
        .related("computed here", query)
        .help(format!("write p{number}"))
        .fix(safety, format!("write `{number}`"), vec![(place, number)]);
}

/// `p95`, `P99.9`, `95th percentile`, `median`: the words, the number, its digits.
fn percentiles(text: &str) -> Vec<(Span, f64, Span)> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let is_start = at == 0 || !bytes[at - 1].is_ascii_alphanumeric();
        let digits = |from: usize| {
            bytes[from.min(bytes.len())..]
                .iter()
                .take_while(|byte| byte.is_ascii_digit() || **byte == b'.')
                .count()
        };
        if is_start && matches!(bytes[at], b'p' | b'P') {
            let length = digits(at + 1);
            let end = at + 1 + length;
            let is_end = bytes
                .get(end)
                .is_none_or(|byte| !byte.is_ascii_alphanumeric());
            let number = text
                .get(at + 1..end)
                .and_then(|number| number.trim_end_matches('.').parse::<f64>().ok());
            if let Some(number) = number.filter(|number| is_end && length >= 2 && *number <= 100.0)
            {
                found.push((Span::new(at, end), number, Span::new(at + 1, end)));
            }
        } else if is_start && bytes[at].is_ascii_digit() {
            let length = digits(at);
            let rest = text.get(at + length..).unwrap_or_default();
            let rest = rest.strip_prefix("th").unwrap_or(rest).trim_start();
            let number = text
                .get(at..at + length)
                .and_then(|number| number.parse::<f64>().ok());
            if let (Some(number), true) =
                (number, rest.to_ascii_lowercase().starts_with("percentile"))
            {
                found.push((
                    Span::new(at, at + length),
                    number,
                    Span::new(at, at + length),
                ));
            }
            at += length.max(1) - 1;
        }
        at += 1;
    }
    found
}

/// The quantiles that an expression takes; `None` where a variable or a name decides it.
fn quantiles(expression: &Expression) -> Option<Vec<f64>> {
    let parsed = &expression.parsed;
    let mut found = Vec::new();
    for (_, node) in parsed.nodes() {
        match &node.kind {
            Kind::Call(call) if takes_quantile(call) => {
                found.push(parsed.number(*call.arguments.first()?)?);
            }
            Kind::Aggregation(aggregation) if aggregation.op == AggregateOp::Quantile => {
                found.push(parsed.number(aggregation.parameter?)?);
            }
            Kind::Selector(selector) => {
                let name = selector.metric_name()?;
                let is_of_summary = selector
                    .label_matchers()
                    .any(|matcher| &*matcher.label.text == "quantile");
                let is_of_name = ["p50", "p9", "quantile", "percentile", "median"]
                    .iter()
                    .any(|sign| name.contains(sign));
                if is_of_name && !is_of_summary {
                    return None;
                }
                for matcher in selector
                    .label_matchers()
                    .filter(|matcher| &*matcher.label.text == "quantile")
                {
                    if matcher.op != MatchOp::Equal || matcher.value.has_variables {
                        return None;
                    }
                    found.push(matcher.value.text().parse().ok()?);
                }
            }
            _ => {}
        }
    }
    Some(found)
}

fn takes_quantile(call: &Call) -> bool {
    call.function.is_some_and(|function| {
        matches!(function.name, "histogram_quantile" | "quantile_over_time")
    })
}

/// Whether an expression is a sum of observations divided by their number.
fn is_average(expression: &Expression) -> bool {
    let parsed = &expression.parsed;
    let ends = |id, ending: &str| {
        let span: Span = parsed[id].span;
        expression.analysis.reads.iter().any(|read| {
            let at = parsed[read.selector].span;
            let is_inside = at.start() >= span.start() && at.end() <= span.end();
            is_inside
                && read
                    .metrics
                    .iter()
                    .flatten()
                    .any(|name| name.ends_with(ending))
        })
    };
    parsed.nodes().any(|(_, node)| match &node.kind {
        Kind::Binary(binary) => {
            binary.op == BinaryOp::Div && ends(binary.left, "_sum") && ends(binary.right, "_count")
        }
        _ => false,
    })
}

/// A window in brackets behind the title, such as "(1h)", that no query has.
fn check_window(facts: &Facts<'_>, panel: &Panel, findings: &mut Findings<'_>) {
    let title = panel.title.as_str();
    let Some((span, said)) = window(title) else {
        return;
    };
    let mut windows: Vec<i64> = Vec::new();
    for (_, expression) in shown(facts, panel) {
        let is_plain = expression.parsed.nodes().all(|(_, node)| {
            node.kind
                .modifiers()
                .is_none_or(|modifiers| modifiers.offset.is_none() && modifiers.at.is_none())
        });
        if !is_plain
            || expression
                .analysis
                .reads
                .iter()
                .any(|read| read.metrics.iter().flatten().any(|name| name.contains(':')))
        {
            return;
        }
        for window in &expression.analysis.windows {
            match &window.length {
                Length::Fixed(duration) => windows.push(duration.milliseconds),
                _ => return,
            }
        }
    }
    windows.sort_unstable();
    windows.dedup();
    if let [only] = windows.as_slice()
        && *only != said
    {
        let written = title.get(span.start()..span.end()).unwrap_or_default();
        let minutes = *only as f64 / 60_000.0;
        let message = format!(
            "{} says {written}, but its query looks at {minutes} minutes",
            panel.named()
        );
        findings
            .report(panel.title.part(facts.setup, span), message)
            .label("not the window of the query")
            .help("make title and query say the same window");
    }
}

/// `(1h)`, `(24 h)`, `(last 5m)` at the end of a title, in milliseconds.
fn window(title: &str) -> Option<(Span, i64)> {
    let open = title.rfind('(')?;
    let inner = title.get(open + 1..)?.trim_end().strip_suffix(')')?;
    let text = inner.trim().to_ascii_lowercase();
    let text = text.strip_prefix("last ").unwrap_or(&text);
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number: i64 = text.get(..digits)?.parse().ok()?;
    let unit = match text.get(digits..)?.trim() {
        "m" | "min" | "minute" | "minutes" => 60_000,
        "h" | "hour" | "hours" => 3_600_000,
        "d" | "day" | "days" => 86_400_000,
        _ => return None,
    };
    Some((
        Span::new(open + 1, open + 1 + inner.len()),
        number.checked_mul(unit)?,
    ))
}
