use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::facts::rules::{PromRule, RuleFile, RuleGroup, RuleKind};
use crate::lint::{Findings, Lint, Need};
use crate::promql::{Kind, MatchOp, Parsed, TokenKind};

pub(super) static LINT: Lint = Lint {
    id: "rule/duplicate-alert",
    level: Level::Warning,
    summary: "two rules make the same alert from the same series",
    needs: &[Need::Files],
    check,
};

/// One alerting rule.
struct Alert<'f> {
    file: &'f RuleFile,
    rule: &'f PromRule,
    parsed: &'f Parsed,
    /// The expression without numbers and without what stands in braces.
    shape: String,
    /// Matchers of each selector, in the order of the text.
    matchers: Vec<BTreeSet<String>>,
}

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    // By name and labels: these make an alert what it is, before the labels of its series.
    let mut alerts: BTreeMap<(String, BTreeSet<String>), Vec<Alert<'_>>> = BTreeMap::new();
    for file in &facts.rule_files {
        for (group, rule) in file.rules() {
            if let Some((identity, alert)) = alert(facts, file, group, rule) {
                alerts.entry(identity).or_default().push(alert);
            }
        }
    }
    for same in alerts.values() {
        for (index, later) in same.iter().enumerate() {
            let earlier = same[..index]
                .iter()
                .find(|earlier| meet(earlier.file, later.file) && overlap(earlier, later));
            if let Some(earlier) = earlier {
                report(earlier, later, findings);
            }
        }
    }
}

fn report(earlier: &Alert<'_>, later: &Alert<'_>, findings: &mut Findings<'_>) {
    let name = later.rule.name.as_str();
    let is_same = earlier.parsed.format() == later.parsed.format();
    let message = match is_same {
        true => format!("alert `{name}` is there already, with the same expression and labels"),
        false => format!(
            "alert `{name}` has the labels of another rule and fires for the same series: Alertmanager takes both for one alert"
        ),
    };
    findings
        .report(later.rule.place(), message)
        .label(match is_same {
            true => "again",
            false => "not told apart",
        })
        .related("the other one", earlier.rule.place())
        .help(match is_same {
            true => "remove one of them",
            false => "give them different names, or different labels such as `severity`",
        });
}

fn alert<'f>(
    facts: &'f Facts<'_>,
    file: &'f RuleFile,
    group: &'f RuleGroup,
    rule: &'f PromRule,
) -> Option<((String, BTreeSet<String>), Alert<'f>)> {
    if rule.kind != RuleKind::Alerting {
        return None;
    }
    let parsed = &facts.expression(rule.expression?).parsed;
    if !parsed.is_valid() {
        return None;
    }
    let labels = group.labels.iter().chain(&rule.labels);
    let labels: BTreeSet<String> = labels
        .map(|(name, value)| format!("{}={}", name.as_str(), value.as_str()))
        .collect();
    let matchers = parsed.nodes().filter_map(|(_, node)| match &node.kind {
        Kind::Selector(selector) => Some(
            selector
                .label_matchers()
                .map(|matcher| {
                    let operator = match matcher.op {
                        MatchOp::Equal => "=",
                        MatchOp::NotEqual => "!=",
                        MatchOp::Regex => "=~",
                        MatchOp::NotRegex => "!~",
                    };
                    format!("{}{operator}{}", matcher.label.text, matcher.value.text())
                })
                .collect(),
        ),
        _ => None,
    });
    let alert = Alert {
        file,
        rule,
        parsed,
        shape: shape(parsed),
        matchers: matchers.collect(),
    };
    Some(((rule.name.value.to_string(), labels), alert))
}

/// Tokens, but for numbers and for what stands in braces.
fn shape(parsed: &Parsed) -> String {
    let mut out = String::new();
    let mut depth = 0_usize;
    for token in parsed.tokens() {
        let text = parsed.slice(token.span);
        match text {
            "{" => depth += 1,
            "}" => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            _ if token.kind == TokenKind::Number => out.push('#'),
            _ => {
                out.push_str(text);
                out.push(' ');
            }
        }
    }
    out
}

/// Whether one Prometheus evaluates both files.
fn meet(one: &RuleFile, other: &RuleFile) -> bool {
    one.document == other.document
        || one
            .loaded_by
            .iter()
            .any(|server| other.loaded_by.contains(server))
}

/// Whether one of them selects all that the other does.
fn overlap(one: &Alert<'_>, other: &Alert<'_>) -> bool {
    let covers = |wide: &Alert<'_>, narrow: &Alert<'_>| {
        wide.matchers
            .iter()
            .zip(&narrow.matchers)
            .all(|(wide, narrow)| wide.is_subset(narrow))
    };
    one.shape == other.shape
        && one.matchers.len() == other.matchers.len()
        && (covers(one, other) || covers(other, one))
}
