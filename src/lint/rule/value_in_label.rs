use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::facts::rules::{RuleFile, RuleKind};
use crate::facts::text::Text;
use crate::lint::{Findings, Lint};
use crate::source::Span;

pub(super) static LINT: Lint = Lint {
    id: "rule/value-in-label",
    level: Level::Error,
    summary: "a label of an alert holds the value, so every evaluation makes a new alert",
    needs: &[],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    let of_prometheus = facts
        .rule_files
        .iter()
        .flat_map(RuleFile::rules)
        .filter(|(_, rule)| rule.kind == RuleKind::Alerting)
        .map(|(_, rule)| (&rule.name, &rule.labels));
    let of_grafana = facts
        .grafana_rules
        .iter()
        .map(|rule| (&rule.title, &rule.labels));
    for (name, labels) in of_prometheus.chain(of_grafana) {
        for (label, text) in labels {
            check_label(facts, name, label, text, findings);
        }
    }
}

fn check_label(
    facts: &Facts<'_>,
    name: &Text,
    label: &Text,
    text: &Text,
    findings: &mut Findings<'_>,
) {
    let Some(span) = printed_value(text.as_str()) else {
        return;
    };
    let message = format!(
        "label `{}` of alert `{}` holds the value: whenever it changes the alert is another one, and `for` begins anew",
        label.as_str(),
        name.as_str()
    );
    findings
        .report(text.part(facts.setup, span), message)
        .label("changes all the time")
        .help("move it to an annotation");
}

/// The action that prints `$value`. One that only decides by it (`if gt $value 90.0`) has few results.
fn printed_value(text: &str) -> Option<Span> {
    let mut from = 0;
    while let Some(open) = text
        .get(from..)
        .and_then(|rest| rest.find("{{"))
        .map(|at| from + at)
    {
        let close = open + text.get(open..)?.find("}}")? + 2;
        let action = text
            .get(open + 2..close - 2)?
            .trim_start_matches('-')
            .trim();
        let decides = ["if ", "else", "with ", "range "]
            .iter()
            .any(|word| action.starts_with(word));
        if !decides && (action.contains("$value") || action.contains(".Value")) {
            return Some(Span::new(open, close));
        }
        from = close;
    }
    None
}
