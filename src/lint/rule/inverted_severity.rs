use crate::diagnostic::{Level, Safety};
use crate::facts::Facts;
use crate::facts::rules::{PromRule, RuleFile, RuleKind};
use crate::lint::options::Options;
use crate::lint::{Findings, Lint};
use crate::promql::BinaryOp;
use crate::quantity::Duration;
use crate::setup::Place;

pub(super) static LINT: Lint = Lint {
    id: "rule/inverted-severity",
    level: Level::Error,
    summary: "of two alerts on the same expression, the less severe one fires later",
    needs: &[],
    check,
};

/// Words for severities, from the least to the most severe; those of one line are alike.
const SEVERITIES: [&[&str]; 4] = [
    &[
        "info",
        "information",
        "informational",
        "notice",
        "low",
        "none",
    ],
    &["warning", "warn", "medium", "minor", "ticket"],
    &["error", "high", "major"],
    &[
        "critical",
        "crit",
        "page",
        "emergency",
        "fatal",
        "disaster",
        "highest",
    ],
];

/// An alert as far as its severity is concerned.
struct Step<'f> {
    rule: &'f PromRule,
    /// What is compared, without blanks.
    subject: String,
    op: BinaryOp,
    threshold: f64,
    rank: usize,
    pending: Duration,
    place: Place,
    /// Index of the rule file.
    file: usize,
}

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    let steps: Vec<Step<'_>> = facts
        .rule_files
        .iter()
        .enumerate()
        .flat_map(|(index, file)| steps(facts, findings.options(), index, file))
        .collect();
    for (index, step) in steps.iter().enumerate() {
        for other in steps.iter().skip(index + 1) {
            let is_pair = step.file == other.file
                && step.subject == other.subject
                && step.op == other.op
                && step.rank != other.rank;
            if !is_pair {
                continue;
            }
            let (mild, severe) = if step.rank < other.rank {
                (step, other)
            } else {
                (other, step)
            };
            compare(facts, mild, severe, findings);
        }
    }
}

fn compare(facts: &Facts<'_>, mild: &Step<'_>, severe: &Step<'_>, findings: &mut Findings<'_>) {
    let is_above = matches!(mild.op, BinaryOp::Greater | BinaryOp::GreaterEqual);
    let is_inverted = match is_above {
        true => severe.threshold < mild.threshold,
        false => severe.threshold > mild.threshold,
    };
    let names = (mild.rule.name.as_str(), severe.rule.name.as_str());
    if is_inverted {
        let message = format!(
            "alert `{}` (`{} {}`) fires before `{}` (`{} {}`), although it is the more severe one",
            names.1,
            severe.op.as_str(),
            severe.threshold,
            names.0,
            mild.op.as_str(),
            mild.threshold
        );
        findings
            .report(severe.place, message)
            .label("reached first")
            .related("the milder one", mild.place)
            .help("exchange the thresholds, or the severities")
            .fix(
                Safety::Unsafe,
                "exchange the thresholds",
                exchanged(facts, mild.place, severe.place),
            );
    } else if severe.threshold == mild.threshold && severe.pending < mild.pending {
        let message = format!(
            "alert `{}` fires after {} and the milder `{}`, on the same condition, only after {}",
            names.1, severe.pending, names.0, mild.pending
        );
        let finding = findings
            .report(severe.place, message)
            .label("fires first")
            .related("the milder one", mild.place)
            .help("let the milder one warn: give it the lower threshold, or the shorter `for`");
        let document = facts.setup.document(severe.place.document);
        let waits = |step: &Step<'_>| Some(document.place(step.rule.node.get("for")?.span));
        if let (Some(one), Some(other)) = (waits(mild), waits(severe)) {
            let edits = exchanged(facts, one, other);
            finding.fix(Safety::Unsafe, "exchange how long they wait", edits);
        }
    }
}

/// What stands at two places, at each other's.
fn exchanged(facts: &Facts<'_>, one: Place, other: Place) -> Vec<(Place, String)> {
    let text = |place| facts.setup.slice(place).to_owned();
    vec![(one, text(other)), (other, text(one))]
}

/// How severe a word is; `None` for one that nobody knows.
fn rank(options: &Options, severity: &str) -> Option<usize> {
    match options.severities.as_slice() {
        [] => SEVERITIES
            .iter()
            .position(|words| words.contains(&severity)),
        own => own
            .iter()
            .position(|words| words.iter().any(|word| word.eq_ignore_ascii_case(severity))),
    }
}

fn steps<'f>(
    facts: &'f Facts<'_>,
    options: &'f Options,
    index: usize,
    file: &'f RuleFile,
) -> impl Iterator<Item = Step<'f>> {
    file.rules()
        .filter(|(_, rule)| rule.kind == RuleKind::Alerting)
        .filter_map(move |(group, rule)| {
            let expression = facts.expression(rule.expression?);
            let parsed = &expression.parsed;
            let root = parsed.bare(parsed.root());
            let comparison = parsed
                .comparisons()
                .find(|comparison| comparison.node == root)?;
            let (threshold, true) = comparison.threshold? else {
                return None;
            };
            let op = comparison.binary.op;
            let is_order = matches!(
                op,
                BinaryOp::Greater | BinaryOp::GreaterEqual | BinaryOp::Less | BinaryOp::LessEqual
            );
            let of_group = || {
                group
                    .labels
                    .iter()
                    .find(|(name, _)| name.as_str() == "severity")
                    .map(|(_, value)| value)
            };
            let severity = rule
                .label("severity")
                .or_else(of_group)?
                .as_str()
                .to_ascii_lowercase();
            let rank = rank(options, &severity)?;
            let subject = parsed
                .slice(parsed[comparison.binary.left].span)
                .split_whitespace()
                .collect();
            is_order.then_some(Step {
                rule,
                subject,
                op,
                threshold,
                rank,
                pending: rule.pending?,
                place: expression.place(facts.setup, parsed[comparison.binary.right].span),
                file: index,
            })
        })
}
