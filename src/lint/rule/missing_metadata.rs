use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::facts::rules::{PromRule, RuleFile, RuleGroup, RuleKind};
use crate::lint::{Findings, Lint, Need};

pub(super) static LINT: Lint = Lint {
    id: "rule/missing-metadata",
    level: Level::Info,
    summary: "an alert lacks the severity that the others have, or any text for whoever gets it",
    needs: &[Need::Files],
    check,
};

/// Annotations of which one is enough.
const TEXTS: [&str; 5] = ["summary", "description", "message", "title", "info"];

/// So many alerts make a habit.
const HABIT: usize = 2;

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    let alerts: Vec<(&RuleFile, &RuleGroup, &PromRule)> = facts
        .rule_files
        .iter()
        .flat_map(|file| file.rules().map(move |(group, rule)| (file, group, rule)))
        .filter(|(_, _, rule)| rule.kind == RuleKind::Alerting)
        .collect();
    let with_severity: Vec<_> = alerts
        .iter()
        .filter(|(_, group, rule)| has_severity(group, rule))
        .collect();
    // Where no alert has a severity, nobody asks for one, unless routes do.
    let asked = facts
        .alertmanagers
        .iter()
        .flat_map(|alertmanager| &alertmanager.routes)
        .flat_map(|route| &route.matchers)
        .find(|matcher| matcher.label == "severity");
    let is_habit = with_severity.len() >= HABIT && with_severity.len() * 2 > alerts.len();
    for (file, group, rule) in &alerts {
        let name = rule.name.as_str();
        let is_exempt = [
            "watchdog",
            "deadmansswitch",
            "deadmanssnitch",
            "infoinhibitor",
        ]
        .contains(&name.to_ascii_lowercase().replace(['_', '-'], "").as_str());
        if is_exempt {
            continue;
        }
        // A server may give it to all.
        let is_external = file
            .loaded_by
            .iter()
            .filter_map(|server| facts.prometheus.get(*server))
            .flat_map(|server| &server.external_labels)
            .any(|(label, _)| label.as_str() == "severity");
        if !has_severity(group, rule) && !is_external && (is_habit || asked.is_some()) {
            let finding = findings
                .report(rule.place(), format!("alert `{name}` has no `severity`"))
                .label("as urgent as what?")
                .help("add a label `severity`, with one of the values that other alerts have");
            match (asked, with_severity.first()) {
                (Some(matcher), _) => {
                    finding.related("routes ask for it", matcher.place);
                }
                (None, Some((_, _, other))) => {
                    finding.related("others have one", other.place());
                }
                (None, None) => {}
            }
        }
        let has_text = rule
            .annotations
            .iter()
            .any(|(key, text)| TEXTS.contains(&key.as_str()) && !text.as_str().trim().is_empty());
        if !has_text {
            findings
                .report(
                    rule.place(),
                    format!("alert `{name}` says nothing to whoever gets it: it has no `summary` and no `description`"),
                )
                .label("only a name")
                .help("add an annotation `summary` that says what is wrong, and where");
        }
    }
}

fn has_severity(group: &RuleGroup, rule: &PromRule) -> bool {
    group
        .labels
        .iter()
        .chain(&rule.labels)
        .any(|(label, value)| {
            matches!(label.as_str(), "severity" | "priority" | "level")
                && !value.as_str().is_empty()
        })
}
