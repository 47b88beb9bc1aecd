use crate::diagnostic::{Level, Safety};
use crate::document::{Change, Node};
use crate::facts::Facts;
use crate::facts::rules::{RuleFile, RuleKind};
use crate::facts::text::Text;
use crate::lint::rewriting::{Edits, edits, route_to};
use crate::lint::{Findings, Lint};
use crate::setup::Document;
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
        .map(|(_, rule)| (&rule.name, &rule.labels, &rule.node));
    let of_grafana = facts
        .grafana_rules
        .iter()
        .map(|rule| (&rule.title, &rule.labels, &rule.node));
    for (name, labels, node) in of_prometheus.chain(of_grafana) {
        for (label, text) in labels {
            check_label(facts, (name, node), label, text, findings);
        }
    }
}

fn check_label(
    facts: &Facts<'_>,
    (name, rule): (&Text, &Node),
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
    let finding = findings
        .report(text.part(facts.setup, span), message)
        .label("changes all the time")
        .help("move it to an annotation");
    let document = facts.setup.document(text.place.document);
    if let Some(edits) = moved(document, rule, label.as_str()) {
        finding.fix(Safety::Unsafe, "move it to an annotation", edits);
    }
}

/// The label as an annotation of the same name, where there is none.
fn moved(document: &Document, rule: &Node, label: &str) -> Option<Edits> {
    let rule_route = route_to(document, rule)?;
    let labels = rule.get("labels")?;
    let value = labels.get(label)?.to_json();
    let gone = match labels.entries() {
        [_] => rule_route.key("labels"),
        _ => rule_route.key("labels").key(label),
    };
    let came = match rule.get("annotations") {
        Some(annotations) if annotations.entry(label).is_some() => return None,
        Some(_) => Change::Insert(rule_route.key("annotations"), label.to_owned(), value),
        None => {
            let annotations = serde_json::json!({ label: value });
            Change::Insert(rule_route, "annotations".to_owned(), annotations)
        }
    };
    edits(document, &[Change::Delete(gone), came])
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
