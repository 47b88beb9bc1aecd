use crate::diagnostic::{Level, Safety};
use crate::document::Change;
use crate::facts::Facts;
use crate::facts::rules::{PromRule, RuleFile, RuleGroup, RuleKind};
use crate::lint::rewriting::{Edits, edits, route_to};
use crate::lint::subject::words;
use crate::lint::{Findings, Lint, Need};
use crate::promql::analysis::Presence;

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
            let mut finding = findings
                .report(rule.place(), format!("alert `{name}` has no `severity`"))
                .label("as urgent as what?")
                .help("add a label `severity`, with one of the values that other alerts have");
            if let Some(edits) = with(facts, rule, "labels", "severity", USUAL) {
                let title = format!("give it `severity: {USUAL}`");
                finding = finding.fix(Safety::Unsafe, title, edits);
            }
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
            let finding = findings
                .report(
                    rule.place(),
                    format!("alert `{name}` says nothing to whoever gets it: it has no `summary` and no `description`"),
                )
                .label("only a name")
                .help("add an annotation `summary` that says what is wrong, and where");
            let mut letters = words(name).join(" ");
            if let Some(first) = letters.get_mut(..1) {
                first.make_ascii_uppercase();
            }
            let summary = letters + at_instance(facts, rule);
            if let Some(edits) = with(facts, rule, "annotations", "summary", &summary) {
                finding.fix(
                    Safety::Unsafe,
                    "say in a `summary` what its name says",
                    edits,
                );
            }
        }
    }
}

/// How urgent most alerts are.
const USUAL: &str = "warning";

/// The rule with a further entry in one of its mappings.
fn with(facts: &Facts<'_>, rule: &PromRule, key: &str, name: &str, value: &str) -> Option<Edits> {
    let document = facts.setup.document(rule.name.place.document);
    let route = route_to(document, &rule.node)?;
    let change = match rule.node.get(key) {
        Some(node) if node.entry(name).is_some() => {
            Change::Replace(route.key(key).key(name), value.into())
        }
        Some(_) => Change::Insert(route.key(key), name.to_owned(), value.into()),
        None => Change::Insert(route, key.to_owned(), serde_json::json!({ name: value })),
    };
    edits(document, &[change])
}

/// ` on {{ $labels.instance }}`, where the result has that label.
fn at_instance(facts: &Facts<'_>, rule: &PromRule) -> &'static str {
    let has_instance = rule.expression.is_some_and(|id| {
        let expression = facts.expression(id);
        let labels = expression.analysis.labels(expression.parsed.root());
        labels.get("instance").presence != Presence::Never
    });
    match has_instance {
        true => " on {{ $labels.instance }}",
        false => "",
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
