use crate::diagnostic::{Level, Safety};
use crate::facts::Facts;
use crate::facts::alertmanager::Route;
use crate::facts::matcher::LabelMatcher;
use crate::facts::rules::{RuleFile, RuleKind};
use crate::facts::text::Text;
use crate::lint::{Findings, Lint, Need};

pub(super) static LINT: Lint = Lint {
    id: "stack/severity-under-two-names",
    level: Level::Warning,
    summary: "an alert's severity is another spelling of the one that routes wait for",
    needs: &[Need::Files],
    check,
};

const SEVERITY: &str = "severity";

/// Words that say the same.
const SYNONYMS: [&[&str]; 4] = [
    &["critical", "crit"],
    &["error", "err"],
    &["warning", "warn"],
    &["info", "information", "informational"],
];

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    let inhibiting = |manager: &crate::facts::alertmanager::Alertmanager| {
        let rules = manager.inhibit_rules.iter();
        rules
            .flat_map(|rule| rule.source.iter().chain(&rule.target).cloned())
            .collect::<Vec<LabelMatcher>>()
    };
    let managers = facts.alertmanagers.iter();
    let routes: Vec<&Route> = managers.clone().flat_map(|one| &one.routes).collect();
    let mut matchers = of_routes(&routes);
    matchers.extend(managers.flat_map(inhibiting));
    for (group, rule) in facts.rule_files.iter().flat_map(RuleFile::rules) {
        let of_group = || find(&group.labels);
        if rule.kind == RuleKind::Alerting
            && let Some(severity) = rule.label(SEVERITY).or_else(of_group)
        {
            let owner = format!("alert `{}`", rule.name.as_str());
            compare(&owner, severity, &matchers, findings);
        }
    }
    let policies = facts.grafana_notifications.iter();
    let routes: Vec<&Route> = policies.flat_map(|one| &one.policies).collect();
    let matchers = of_routes(&routes);
    for rule in &facts.grafana_rules {
        if let Some(severity) = find(&rule.labels) {
            let owner = format!("Grafana's alert rule `{}`", rule.title.as_str());
            compare(&owner, severity, &matchers, findings);
        }
    }
}

fn find(labels: &[(Text, Text)]) -> Option<&Text> {
    let mut found = labels.iter().filter(|(name, _)| name.as_str() == SEVERITY);
    found.next().map(|(_, value)| value)
}

/// What routes ask of severities; nothing where one of them cannot be read.
fn of_routes(routes: &[&Route]) -> Vec<LabelMatcher> {
    match routes.iter().any(|route| route.has_unread_matchers) {
        true => Vec::new(),
        false => routes
            .iter()
            .flat_map(|route| route.matchers.iter().cloned())
            .collect(),
    }
}

fn compare(owner: &str, severity: &Text, matchers: &[LabelMatcher], findings: &mut Findings<'_>) {
    let written = severity.as_str();
    let asked = || {
        matchers
            .iter()
            .filter(|matcher| matcher.label == SEVERITY && !matcher.is_negative())
    };
    if written.contains(['{', '$']) || asked().any(|matcher| matcher.accepts(written)) {
        return;
    }
    let meant = asked().find_map(|matcher| {
        let mut values = matcher.accepted_values()?.iter();
        Some((matcher, values.find(|value| is_same(value, written))?))
    });
    let Some((matcher, meant)) = meant else {
        return;
    };
    let message =
        format!("{owner} has the severity `{written}`, but what is waited for is `{meant}`");
    findings
        .report(severity.place, message)
        .label("no matcher knows this word")
        .related("this is what is waited for", matcher.place)
        .help(format!("write `{meant}`"))
        .fix(
            Safety::Unsafe,
            format!("write `{meant}`"),
            vec![(severity.place, meant.clone())],
        );
}

/// Whether two words are spellings of one severity.
fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (one.to_lowercase(), other.to_lowercase());
    one == other
        || SYNONYMS
            .iter()
            .any(|words| words.contains(&one.as_str()) && words.contains(&other.as_str()))
}
