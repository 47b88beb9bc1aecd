use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::facts::alertmanager::InhibitRule;
use crate::facts::alerts::{Chance, LabelValue, SentAlert, SentAlerts};
use crate::facts::matcher::LabelMatcher;
use crate::lint::{Findings, Lint, Need};

pub(super) static LINT: Lint = Lint {
    id: "stack/inhibit-never-applies",
    level: Level::Warning,
    summary: "an inhibit rule for which no two alerts of the setup fit",
    needs: &[Need::Files],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    let alerts = facts.alerts();
    if alerts.all.is_empty() {
        return;
    }
    for rule in facts
        .alertmanagers
        .iter()
        .flat_map(|alertmanager| &alertmanager.inhibit_rules)
    {
        if rule.has_unread_matchers || rule.source.is_empty() || rule.target.is_empty() {
            continue;
        }
        let Some((why, help)) = reason(rule, &alerts) else {
            continue;
        };
        findings
            .report(
                rule.place,
                format!("this inhibit rule never applies: {why}"),
            )
            .label("silences nothing")
            .help(help);
    }
}

/// Why no pair of alerts fits, and what to do about it.
fn reason(rule: &InhibitRule, alerts: &SentAlerts<'_>) -> Option<(String, String)> {
    let fitting = |matchers: &[LabelMatcher]| -> Vec<&SentAlert> {
        alerts
            .all
            .iter()
            .filter(|alert| alerts.chance_of_all(alert, matchers) > Chance::Unlikely)
            .collect()
    };
    let sources = fitting(&rule.source);
    if sources.is_empty() {
        let why = format!("no alert of the setup is {}", written(&rule.source));
        return Some((why, "mend the source matchers, or remove the rule".into()));
    }
    let targets = fitting(&rule.target);
    if targets.is_empty() {
        let why = format!("no alert of the setup is {}", written(&rule.target));
        return Some((why, "mend the target matchers, or remove the rule".into()));
    }
    let agree = |source: &SentAlert, target: &SentAlert, label: &str| match (
        alerts.value(source, label),
        alerts.value(target, label),
    ) {
        (LabelValue::Is(one), LabelValue::Is(other)) => one == other,
        _ => true,
    };
    let pairs = |labels: &[&str]| {
        sources.iter().any(|source| {
            targets
                .iter()
                .any(|target| labels.iter().all(|label| agree(source, target, label)))
        })
    };
    let equal: Vec<&str> = rule.equal.iter().map(|label| label.as_str()).collect();
    if pairs(&equal) {
        return None;
    }
    // The label whose removal makes it work is the one to speak of.
    let guilty = equal.iter().find(|label| {
        let others: Vec<&str> = equal
            .iter()
            .copied()
            .filter(|other| other != *label)
            .collect();
        pairs(&others)
    });
    Some(match guilty {
        Some(label) => (
            format!(
                "no two alerts with the same `{label}` are {} and {}",
                written(&rule.source),
                written(&rule.target)
            ),
            format!("take `{label}` out of `equal`"),
        ),
        None => (
            "no two alerts agree in every label of `equal`".to_owned(),
            "shorten `equal` to labels that both alerts have".to_owned(),
        ),
    })
}

fn written(matchers: &[LabelMatcher]) -> String {
    let written: Vec<String> = matchers
        .iter()
        .map(|matcher| format!("`{}`", matcher.written()))
        .collect();
    written.join(" and ")
}
