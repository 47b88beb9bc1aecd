use super::ancestors;
use crate::catalogue::{MetricType, Part};
use crate::diagnostic::{Level, Safety};
use crate::facts::Facts;
use crate::facts::expression::{Expression, Origin};
use crate::lint::{Findings, Lint, Need};
use crate::promql::analysis::Presence;
use crate::promql::{AggregateOp, Aggregation, Call, Kind, NodeId, Parsed};
use crate::source::Span;

pub(super) static LINT: Lint = Lint {
    id: "promql/bad-histogram-quantile",
    level: Level::Error,
    summary: "a quantile that cannot be computed, or of something else than it says",
    needs: &[Need::Catalogue],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for expression in &facts.expressions {
        if !expression.parsed.is_valid() {
            continue;
        }
        let parents = expression.parsed.parents();
        for (id, node) in expression.parsed.nodes() {
            let Kind::Call(call) = &node.kind else {
                continue;
            };
            let is_quantile = call
                .function
                .is_some_and(|function| function.name == "histogram_quantile");
            if let (true, [quantile, buckets]) = (is_quantile, call.arguments.as_slice()) {
                let checked = Quantile {
                    facts,
                    expression,
                    id,
                    call,
                    buckets: *buckets,
                };
                checked.check_number(findings, *quantile);
                if !checked.check_buckets(findings) {
                    checked.check_grouping(findings);
                }
                checked.check_average(findings, &parents);
            }
        }
    }
}

struct Quantile<'q> {
    facts: &'q Facts<'q>,
    expression: &'q Expression,
    id: NodeId,
    call: &'q Call,
    buckets: NodeId,
}

impl Quantile<'_> {
    fn place(&self, span: Span) -> crate::setup::Place {
        self.expression.place(self.facts.setup, span)
    }

    fn owner(&self) -> String {
        self.facts.owner(self.expression)
    }

    fn parsed(&self) -> &Parsed {
        &self.expression.parsed
    }

    fn check_number(&self, findings: &mut Findings<'_>, quantile: NodeId) {
        let Some(number) = self
            .parsed()
            .number(quantile)
            .filter(|number| !(0.0..=1.0).contains(number))
        else {
            return;
        };
        let message = format!(
            "{} asks for the quantile {number}: quantiles are between 0 and 1, so the result is {}Inf",
            self.owner(),
            if number > 1.0 { "+" } else { "-" }
        );
        let place = self.place(self.parsed()[quantile].span);
        let finding = findings.report(place, message).label("not between 0 and 1");
        if number > 1.0 && number < 100.0 {
            let meant = format!("{}", number / 100.0);
            finding.help(format!("write `{meant}`")).fix(
                Safety::Unsafe,
                format!("write `{meant}`"),
                vec![(place, meant)],
            );
        }
    }

    /// Whether what should be buckets is none, or lost the label that tells them apart.
    fn check_buckets(&self, findings: &mut Findings<'_>) -> bool {
        let Some((selector, name, is_range)) = self.selector() else {
            return false;
        };
        let resolved = self.facts.resolved(&name);
        let is_other = match resolved {
            Some(resolved) => {
                resolved.part_label() != Some("le")
                    && !(resolved.part == Part::Whole
                        && resolved.metric.kind == MetricType::Histogram)
            }
            None => ["_sum", "_count", "_total"]
                .iter()
                .any(|ending| name.ends_with(ending)),
        };
        if is_other {
            let is_summary =
                resolved.is_some_and(|resolved| resolved.metric.kind == MetricType::Summary);
            let what = if is_summary {
                "a summary"
            } else {
                "no histogram"
            };
            let message = format!(
                "{} takes a quantile of `{name}`, which is {what}: the result is empty",
                self.owner()
            );
            let finding = findings
                .report(self.place(self.parsed()[selector].span), message)
                .label(what);
            match is_summary {
                true => finding.help(format!(
                    "read the quantile that it has: `{name}{{quantile=\"0.99\"}}`"
                )),
                false => finding.help("name the series that end in `_bucket`"),
            };
            return true;
        }
        if !name.ends_with("_bucket") {
            return false;
        }
        if self.expression.analysis.labels(self.buckets).presence("le") == Presence::Never {
            self.report_lost_le(findings);
            return true;
        }
        if !is_range {
            let message = format!(
                "{} takes a quantile of `{name}` as it is: over everything since the process began",
                self.owner()
            );
            let text = self.parsed().slice(self.parsed()[selector].span);
            findings
                .report(self.place(self.parsed()[selector].span), message)
                .label("a counter")
                .level(Level::Warning)
                .help(format!("take its growth: `rate({text}[5m])`"))
                .fix(
                    Safety::Unsafe,
                    "take the growth of the buckets",
                    vec![self.expression.edit(
                        self.facts.setup,
                        self.parsed()[selector].span,
                        &format!("rate({text}[5m])"),
                    )],
                );
            return true;
        }
        false
    }

    fn report_lost_le(&self, findings: &mut Findings<'_>) {
        let message = format!(
            "{} takes a quantile of buckets without the label `le`: the result is empty",
            self.owner()
        );
        let removed = self
            .expression
            .analysis
            .labels(self.buckets)
            .get("le")
            .removed_by;
        let aggregation = removed.and_then(|id| match &self.parsed()[id].kind {
            Kind::Aggregation(aggregation) => Some(aggregation),
            _ => None,
        });
        let Some(aggregation) = aggregation else {
            findings
                .report(self.place(self.parsed()[self.buckets].span), message)
                .label("has no `le`");
            return;
        };
        let span = aggregation
            .grouping
            .as_ref()
            .map_or(aggregation.op_span, |grouping| grouping.span);
        let (title, at, text) = with_le(aggregation);
        let finding = findings
            .report(self.place(span), message)
            .label("removes `le`")
            .help("keep `le` in the aggregation: it says which bucket a count is of");
        match at {
            // A `without` that names `le` is mended by hand: removing one of several names has its commas.
            None => finding,
            Some(at) => finding.fix(Safety::Safe, title, vec![(self.place(Span::at(at)), text)]),
        };
    }

    /// The only selector below, its metric, and whether a window is read of it.
    fn selector(&self) -> Option<(NodeId, String, bool)> {
        let parsed = self.parsed();
        let mut open = vec![self.buckets];
        let mut found = None;
        while let Some(id) = open.pop() {
            if let Kind::Selector(selector) = &parsed[id].kind {
                let name = selector.metric_name()?.to_owned();
                if found.replace((id, name)).is_some() {
                    return None;
                }
            }
            parsed[id].kind.for_each_child(|child| open.push(child));
        }
        let (id, name) = found?;
        let read = self
            .expression
            .analysis
            .reads
            .iter()
            .find(|read| read.selector == id)?;
        Some((id, name, read.range.is_some() || read.subquery.is_some()))
    }

    /// One quantile for each series of the process, where the name speaks of one.
    fn check_grouping(&self, findings: &mut Findings<'_>) {
        let parsed = self.parsed();
        let Kind::Call(inner) = &parsed[parsed.bare(self.buckets)].kind else {
            return;
        };
        let is_rate = inner
            .function
            .is_some_and(|function| matches!(function.name, "rate" | "increase" | "irate"));
        let is_whole = parsed.bare(parsed.root()) == self.id;
        let says_one = match self.expression.origin {
            Origin::Rule { .. } => self
                .facts
                .rule_of(self.expression)
                .is_some_and(|(_, rule)| rule.kind == crate::facts::rules::RuleKind::Recording),
            Origin::Panel {
                panel,
                dashboard,
                query,
            } => self
                .facts
                .dashboards
                .get(dashboard)
                .and_then(|dashboard| dashboard.panels.get(panel)?.queries.get(query))
                .is_some_and(|query| {
                    query.legend.as_ref().is_some_and(|legend| {
                        !legend.as_str().is_empty()
                            && !legend.as_str().contains("{{")
                            && legend.as_str() != "__auto"
                    })
                }),
            _ => false,
        };
        if is_rate && is_whole && says_one {
            let message = format!(
                "{} computes a quantile for every series of the histogram, and not one over all",
                self.owner()
            );
            findings
                .report(self.place(self.call.name.span), message)
                .level(Level::Info)
                .label("one for each series")
                .help("add the buckets up first: `histogram_quantile(…, sum by (le) (rate(…)))`")
                .fix(
                    Safety::Unsafe,
                    "add the buckets up first",
                    vec![self.expression.edit(
                        self.facts.setup,
                        parsed[self.buckets].span,
                        &format!("sum by (le) ({})", parsed.slice(parsed[self.buckets].span)),
                    )],
                );
        }
    }

    fn check_average(&self, findings: &mut Findings<'_>, parents: &[Option<NodeId>]) {
        let parsed = self.parsed();
        let around =
            ancestors(parents, self.id).find(|id| !matches!(parsed[*id].kind, Kind::Paren(_)));
        let Some(Kind::Aggregation(aggregation)) = around.map(|id| &parsed[id].kind) else {
            return;
        };
        if !matches!(aggregation.op, AggregateOp::Avg | AggregateOp::Sum) {
            return;
        }
        let message = format!(
            "{} takes the `{}` of quantiles, which is a quantile of nothing",
            self.owner(),
            aggregation.op.as_str()
        );
        findings
            .report(self.place(aggregation.op_span), message)
            .level(Level::Warning)
            .label("of quantiles")
            .help("aggregate the buckets, and take the quantile of the sum: `histogram_quantile(…, sum by (le) (rate(…)))`");
    }
}

/// What keeps `le`: title, where, text.
fn with_le(aggregation: &Aggregation) -> (String, Option<usize>, String) {
    match &aggregation.grouping {
        None => (
            "keep `le`".into(),
            Some(aggregation.op_span.end()),
            " by (le) ".into(),
        ),
        Some(grouping) if grouping.without => ("keep `le`".into(), None, String::new()),
        Some(grouping) => match grouping.labels.last() {
            Some(last) => (
                "add `le` to the labels".into(),
                Some(last.span.end()),
                ", le".into(),
            ),
            None => (
                "add `le` to the labels".into(),
                Some(grouping.span.end().saturating_sub(1)),
                "le".into(),
            ),
        },
    }
}
