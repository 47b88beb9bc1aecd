use crate::catalogue::{Part, Zero};
use crate::diagnostic::{Level, Safety};
use crate::facts::Facts;
use crate::facts::compose::ComposeProject;
use crate::facts::expression::{Expression, Origin};
use crate::facts::rules::RuleFile;
use crate::lint::{Findings, Lint, Need};
use crate::promql::{BinaryOp, Kind, NodeId, Parsed};

pub(super) static LINT: Lint = Lint {
    id: "promql/zero-denominator",
    level: Level::Error,
    summary: "a division by a metric that is 0 on a healthy system",
    needs: &[Need::Catalogue],
    check,
};

/// What a denominator is made of.
struct Denominator<'e> {
    /// The metric that can be 0.
    metric: &'e str,
    /// Its selector.
    selector: NodeId,
    /// The lower bound that `clamp_min` gives it.
    floor: Option<f64>,
    /// The call that does.
    clamp: Option<NodeId>,
}

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for expression in &facts.expressions {
        let parsed = &expression.parsed;
        if matches!(expression.origin, Origin::Variable { .. }) {
            continue;
        }
        for (id, node) in parsed.nodes() {
            let Kind::Binary(binary) = &node.kind else {
                continue;
            };
            // One divided by the metric is somebody's way of asking for its reciprocal, with or without zero.
            if binary.op != BinaryOp::Div || parsed.number(binary.left).is_some() {
                continue;
            }
            if let Some(denominator) = denominator(facts, parsed, binary.right)
                && !is_guarded(facts, parsed, denominator.metric)
            {
                report(facts, findings, expression, id, &denominator);
            }
        }
    }
}

/// The metric that `id` is, unless it is a rate, a count or a filtered one.
fn denominator<'e>(facts: &Facts<'_>, parsed: &'e Parsed, id: NodeId) -> Option<Denominator<'e>> {
    let id = parsed.bare(id);
    match &parsed[id].kind {
        Kind::Selector(selector) => {
            let metric = selector.metric_name()?;
            let resolved = facts.resolved(metric)?;
            // Of a limit, 0 means that there is none. Of what is counted, it mostly means that there is nothing to divide
            // either, and 0 / 0 harms nobody.
            let is_limit = ["max", "limit", "capacity"]
                .iter()
                .any(|word| metric.contains(word));
            let is_zero_normal = resolved.metric.zero == Zero::Normal
                && resolved.part == Part::Whole
                && !resolved.is_cumulative();
            (is_limit && is_zero_normal).then_some(Denominator {
                metric,
                selector: id,
                floor: None,
                clamp: None,
            })
        }
        Kind::Aggregation(aggregation) => {
            use crate::promql::AggregateOp::{Avg, Max, Min, Sum};
            matches!(aggregation.op, Sum | Avg | Max | Min)
                .then(|| denominator(facts, parsed, aggregation.expr))?
        }
        Kind::Binary(binary) if matches!(binary.op, BinaryOp::Mul | BinaryOp::Div) => {
            let is_scaled = parsed.number(binary.right).is_some();
            is_scaled.then(|| denominator(facts, parsed, binary.left))?
        }
        Kind::Call(call) => {
            let inner = denominator(facts, parsed, *call.arguments.first()?)?;
            match call.function?.name {
                "clamp_min" => Some(Denominator {
                    floor: Some(parsed.number(*call.arguments.get(1)?)?),
                    clamp: Some(id),
                    ..inner
                }),
                "scalar" | "vector" | "label_replace" | "label_join" => Some(inner),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Whether the expression compares the metric with a number anywhere, or the quotient with +Inf, or asks a recording rule that
/// does: then its author thought of zero.
fn is_guarded(facts: &Facts<'_>, parsed: &Parsed, metric: &str) -> bool {
    compares(parsed, metric)
        || parsed.selectors().iter().any(|used| {
            let Some(name) = used
                .selector
                .metric_name()
                .filter(|name| facts.recorded.contains_key(*name))
            else {
                return false;
            };
            let mut rules = facts
                .rule_files
                .iter()
                .flat_map(RuleFile::rules)
                .map(|(_, rule)| rule);
            rules.any(|rule| {
                rule.name.as_str() == name
                    && rule
                        .expression
                        .is_some_and(|id| compares(&facts.expression(id).parsed, metric))
            })
        })
}

fn compares(parsed: &Parsed, metric: &str) -> bool {
    parsed.comparisons().any(|comparison| {
        let binary = comparison.binary;
        let is_metric = |id: NodeId| match &parsed[parsed.bare(id)].kind {
            Kind::Selector(selector) => selector.metric_name() == Some(metric),
            _ => false,
        };
        comparison.threshold.is_some_and(|(number, _)| {
            number.is_infinite() || is_metric(binary.left) || is_metric(binary.right)
        })
    })
}

fn report(
    facts: &Facts<'_>,
    findings: &mut Findings<'_>,
    expression: &Expression,
    division: NodeId,
    denominator: &Denominator<'_>,
) {
    let Kind::Binary(binary) = &expression.parsed[division].kind else {
        return;
    };
    let metric = denominator.metric;
    let is_alerting = facts.is_alerting(expression);
    let owner = facts.owner(expression);
    let when = match metric {
        "redis_memory_max_bytes" | "redis_config_maxmemory" => "wherever no `maxmemory` is set",
        _ => "in normal operation",
    };
    let consequence = match (denominator.floor, is_alerting) {
        (Some(floor), _) => format!(
            "with `clamp_min(…, {floor})` the quotient then is as large as what is divided, not a share"
        ),
        (None, true) => "the quotient is +Inf, and a threshold above fires for ever".into(),
        (None, false) => "the quotient is +Inf".into(),
    };
    let span = expression.parsed[binary.right].span;
    let message = format!("{owner} divides by `{metric}`, which is 0 {when}: {consequence}");
    let selector = expression
        .parsed
        .slice(expression.parsed[denominator.selector].span);
    let guarded = expression.parsed[denominator.clamp.unwrap_or(denominator.selector)].span;
    let mut finding = findings
        .report(expression.place(facts.setup, span), message)
        .label("can be 0")
        .help(format!(
            "divide by `({selector} > 0)`, which leaves out series that are 0"
        ))
        .fix(
            Safety::Unsafe,
            format!("leave out series of `{metric}` that are 0"),
            vec![expression.edit(facts.setup, guarded, &format!("({selector} > 0)"))],
        );
    if !is_alerting {
        finding = finding.level(Level::Warning);
    }
    // A limit on the command line of every server in sight makes the usual case the unusual one. Where some projects have an
    // exporter, only their servers are watched.
    let has_exporter =
        |project: &&ComposeProject| project.running("redis_exporter").next().is_some();
    let is_any_watched = facts.projects.iter().any(|project| has_exporter(&project));
    let mut servers = facts
        .projects
        .iter()
        .filter(|project| !is_any_watched || has_exporter(project))
        .flat_map(|project| project.running("redis"))
        .peekable();
    if metric == "redis_memory_max_bytes"
        && servers.peek().is_some()
        && servers.all(|server| server.has_flag("maxmemory"))
    {
        finding.level(Level::Info);
    }
}
