use crate::diagnostic::{Level, Safety};
use crate::document::Change;
use crate::facts::Facts;
use crate::facts::alertmanager::InhibitRule;
use crate::facts::alerts::{Chance, LabelValue, SentAlert, SentAlerts};
use crate::facts::matcher::LabelMatcher;
use crate::facts::text::Text;
use crate::lint::rewriting::{edits, route_to};
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
        let Some((why, help, guilty)) = reason(rule, &alerts) else {
            continue;
        };
        let finding = findings
            .report(
                rule.place,
                format!("this inhibit rule never applies: {why}"),
            )
            .label("silences nothing")
            .help(help);
        let document = facts.setup.document(rule.place.document);
        // Without any label, one alert would silence all others.
        let without = guilty.filter(|_| rule.equal.len() > 1).and_then(|label| {
            let equal = rule.node.get("equal")?;
            let spans = equal.items().iter().map(|item| item.span);
            let index = spans.clone().position(|span| span == label.place.span)?;
            let route = route_to(document, equal)?.index(index);
            Some((label, edits(document, &[Change::Delete(route)])?))
        });
        if let Some((label, edits)) = without {
            let title = format!("take `{}` out of `equal`", label.as_str());
            finding.fix(Safety::Unsafe, title, edits);
        }
    }
}

/// Why no pair of alerts fits, what to do about it, and the label whose removal would do it.
fn reason<'r>(
    rule: &'r InhibitRule,
    alerts: &SentAlerts<'_>,
) -> Option<(String, String, Option<&'r Text>)> {
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
        return Some((
            why,
            "mend the source matchers, or remove the rule".into(),
            None,
        ));
    }
    let targets = fitting(&rule.target);
    if targets.is_empty() {
        let why = format!("no alert of the setup is {}", written(&rule.target));
        return Some((
            why,
            "mend the target matchers, or remove the rule".into(),
            None,
        ));
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
            rule.equal.iter().find(|text| text.as_str() == *label),
        ),
        None => (
            "no two alerts agree in every label of `equal`".to_owned(),
            "shorten `equal` to labels that both alerts have".to_owned(),
            None,
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
