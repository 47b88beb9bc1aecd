use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::facts::rules::{RuleFile, RuleKind};
use crate::lint::subject::words;
use crate::lint::{Findings, Lint, Need};
use crate::promql::Kind;

pub(super) static LINT: Lint = Lint {
    id: "rule/fires-while-healthy",
    level: Level::Warning,
    summary: "an alert fires as long as its subject is up",
    needs: &[Need::Catalogue],
    check,
};

/// Words of alerts that fire while all is well on purpose.
const MEANT: [&str; 16] = [
    "active",
    "alive",
    "available",
    "back",
    "deadman",
    "ok",
    "healthy",
    "heartbeat",
    "online",
    "ready",
    "recovered",
    "restored",
    "running",
    "started",
    "test",
    "watchdog",
];

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for (_, rule) in facts.rule_files.iter().flat_map(RuleFile::rules) {
        let Some(id) = rule.expression.filter(|_| rule.kind == RuleKind::Alerting) else {
            continue;
        };
        let expression = facts.expression(id);
        let parsed = &expression.parsed;
        let name = rule.name.as_str();
        let name_words = words(name);
        let is_meant = name_words.iter().any(|word| MEANT.contains(&word.as_str()))
            || name_words.last().is_some_and(|word| word == "up")
            || rule
                .label("severity")
                .is_some_and(|severity| matches!(severity.as_str(), "none" | "info" | "test"));
        if is_meant || !parsed.is_valid() {
            continue;
        }
        let root = parsed.bare(parsed.root());
        let mut comparisons = parsed.comparisons();
        let Some(comparison) = comparisons.find(|comparison| comparison.node == root) else {
            continue;
        };
        let Some((threshold, true)) = comparison.threshold else {
            continue;
        };
        let measured = &parsed[parsed.bare(comparison.binary.left)].kind;
        let Kind::Selector(selector) = measured else {
            continue;
        };
        let tells_health = |name: &&str| facts.catalogue.tells_health(name);
        let Some(metric) = selector.metric_name().filter(tells_health) else {
            continue;
        };
        let op = comparison.binary.op;
        let holds_for = |value: f64| op.calculate(value, threshold) == Some(1.0);
        if !holds_for(1.0) || holds_for(0.0) {
            continue;
        }
        findings
            .report(
                expression.place(facts.setup, parsed[root].span),
                format!(
                    "alert `{name}` fires while `{metric}` is 1, which is as long as all is well"
                ),
            )
            .label("the wrong way round")
            .help(format!("compare with 0: `{metric} == 0`"));
    }
}
