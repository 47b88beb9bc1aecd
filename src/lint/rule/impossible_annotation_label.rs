use crate::diagnostic::{Level, Safety};
use crate::facts::Facts;
use crate::facts::expression::{Expression, Origin};
use crate::facts::grafana_alerting::GrafanaRule;
use crate::facts::rules::{PromRule, RuleFile, RuleKind};
use crate::facts::text::Text;
use crate::lint::known_labels::Attached;
use crate::lint::{Findings, Lint, Need};
use crate::promql::analysis::Presence;
use crate::promql::{Aggregation, Kind};
use crate::source::Span;

pub(super) static LINT: Lint = Lint {
    id: "rule/impossible-annotation-label",
    level: Level::Warning,
    summary: "an alert prints a label that its expression has removed, or that its metrics never have",
    needs: &[Need::Catalogue, Need::Files],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    let attached = Attached::of(facts);
    for (_, rule) in facts.rule_files.iter().flat_map(RuleFile::rules) {
        if rule.kind == RuleKind::Alerting {
            check_rule(facts, &attached, rule, findings);
        }
    }
    for rule in &facts.grafana_rules {
        check_grafana(facts, &attached, rule, findings);
    }
}

fn check_rule(
    facts: &Facts<'_>,
    attached: &Attached,
    rule: &PromRule,
    findings: &mut Findings<'_>,
) {
    let Some(expression) = rule.expression.map(|id| facts.expression(id)) else {
        return;
    };
    let owner = facts.owner(expression);
    let annotations = rule
        .annotations
        .iter()
        .map(|(_, text)| (text, Level::Warning));
    // Labels decide who is told.
    let labels = rule.labels.iter().map(|(_, text)| (text, Level::Error));
    for (text, level) in annotations.chain(labels) {
        check_text(facts, attached, expression, &owner, text, level, findings);
    }
}

fn check_grafana(
    facts: &Facts<'_>,
    attached: &Attached,
    rule: &GrafanaRule,
    findings: &mut Findings<'_>,
) {
    let title = format!("Grafana's alert rule `{}`", rule.title.as_str());
    let texts = || {
        rule.annotations
            .iter()
            .chain(&rule.labels)
            .map(|(_, text)| text)
    };
    let condition = rule.queries.iter().find(|query| {
        let name = query.ref_id.as_ref().map(Text::as_str);
        name.is_some() && name == rule.condition.as_ref().map(Text::as_str)
    });
    let kind = condition.and_then(|query| query.node.get("model")?.get("type"));
    if kind.is_some_and(|kind| kind.scalar_text() == "classic_conditions") {
        for text in texts() {
            for (span, label) in printed(text.as_str()) {
                let message = format!(
                    "{title} prints the label `{label}`, but a classic condition has no labels"
                );
                findings
                    .report(text.part(facts.setup, span), message)
                    .label("always empty")
                    .help("use a reduce and a threshold expression, which keep the labels of each series");
            }
        }
        return;
    }
    // Several queries meet in an expression, which keeps the labels of one of them.
    let mut expressions = rule.queries.iter().filter_map(|query| query.expression);
    if let (Some(id), None) = (expressions.next(), expressions.next()) {
        for text in texts() {
            check_text(
                facts,
                attached,
                facts.expression(id),
                &title,
                text,
                Level::Warning,
                findings,
            );
        }
    }
}

fn check_text(
    facts: &Facts<'_>,
    attached: &Attached,
    expression: &Expression,
    owner: &str,
    text: &Text,
    level: Level,
    findings: &mut Findings<'_>,
) {
    if !expression.parsed.is_valid() {
        return;
    }
    let labels = expression.analysis.labels(expression.parsed.root());
    for (span, label) in printed(text.as_str()) {
        let known = labels.get(label);
        // Grafana adds these two itself.
        let is_added =
            expression.origin.is_grafana() && matches!(label, "alertname" | "grafana_folder");
        if is_added {
            continue;
        }
        if known.presence != Presence::Never {
            let without = attached.metric_of_result_without(facts, findings, expression, label);
            if let Some(metric) = without {
                findings
                    .report(
                        text.part(facts.setup, span),
                        format!(
                            "{owner} prints the label `{label}`, which `{metric}` does not have"
                        ),
                    )
                    .level(level)
                    .label("always empty")
                    .help("print a label that the metric has");
            } else if let Some(recorded) = recorded_without(facts, expression, label) {
                let message = format!(
                    "{owner} prints the label `{label}`, which `{}` is recorded without",
                    recorded.name.as_str()
                );
                findings
                    .report(text.part(facts.setup, span), message)
                    .level(level)
                    .label("always empty")
                    .related(
                        format!("this rule leaves `{label}` out"),
                        recorded.name.place,
                    )
                    .help("print a label that it has, or record it with this one");
            }
            continue;
        }
        let message = format!(
            "{owner} prints the label `{label}`, which the result of its expression does not have"
        );
        let mut finding = findings
            .report(text.part(facts.setup, span), message)
            .level(level)
            .label("always empty");
        if let Some(removed_by) = known.removed_by {
            let node = &expression.parsed[removed_by];
            let span = match &node.kind {
                Kind::Aggregation(aggregation) => aggregation
                    .grouping
                    .as_ref()
                    .map_or(aggregation.op_span, |grouping| grouping.span),
                Kind::Call(call) => call.name.span,
                Kind::Binary(binary) => binary
                    .matching
                    .as_ref()
                    .map_or(binary.op_span, |matching| matching.span),
                _ => node.span,
            };
            finding = finding.related(
                format!("this removes `{label}`"),
                expression.place(facts.setup, span),
            );
            if let Kind::Aggregation(aggregation) = &node.kind
                && let Some((span, text)) = kept(aggregation, label)
            {
                let edit = expression.edit(facts.setup, span, &text);
                let title = format!("keep `{label}` in the expression");
                finding = finding.fix(Safety::Unsafe, title, vec![edit]);
            }
        }
        let kept: Vec<String> = labels
            .possible()
            .filter(|label| !label.starts_with("__"))
            .map(|label| format!("`{label}`"))
            .collect();
        match kept.as_slice() {
            [] => finding.help(format!(
                "keep `{label}` in the expression (`by ({label})`), or say without it what is wrong"
            )),
            kept => finding.help(format!(
                "keep `{label}` in the expression, or print what there is: {}",
                kept.join(", ")
            )),
        };
    }
}

/// The recording rule that makes what an expression reads, where its series never have the label and nothing adds it after.
fn recorded_without<'f>(
    facts: &'f Facts<'_>,
    expression: &Expression,
    label: &str,
) -> Option<&'f PromRule> {
    let [read] = &expression.analysis.reads[..] else {
        return None;
    };
    let Kind::Selector(selector) = &expression.parsed[read.selector].kind else {
        return None;
    };
    // `label_replace` and `label_join` make labels.
    let adds = expression.text.as_str().contains("label_");
    let recording = facts
        .recording(selector.metric_name()?)
        .filter(|recording| recording.parsed.is_valid() && !adds)?;
    let labels = recording.analysis.labels(recording.parsed.root());
    if labels.get(label).presence != Presence::Never {
        return None;
    }
    let Origin::Rule { file, group, rule } = recording.origin else {
        return None;
    };
    let group = facts.rule_files.get(file)?.groups.get(group)?;
    let rule = group.rules.get(rule)?;
    let is_set =
        rule.label(label).is_some() || group.labels.iter().any(|(name, _)| name.as_str() == label);
    (!is_set).then_some(rule)
}

/// What makes an aggregation keep a label, and where it goes.
fn kept(aggregation: &Aggregation, label: &str) -> Option<(Span, String)> {
    let Some(grouping) = &aggregation.grouping else {
        let text = format!(" by ({label}) ");
        return Some((Span::at(aggregation.op_span.end()), text));
    };
    if grouping.without {
        return None;
    }
    let text = match grouping.labels.is_empty() {
        true => label.to_owned(),
        false => format!(", {label}"),
    };
    Some((Span::at(grouping.span.end() - 1), text))
}

/// `$labels.name` within `{{ }}`, with its bytes.
fn printed(text: &str) -> Vec<(Span, &str)> {
    const LABELS: &str = "$labels.";
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| rest.find(LABELS)) {
        let start = from + at;
        let name_at = start + LABELS.len();
        let rest = text.get(name_at..).unwrap_or_default();
        let length = rest
            .bytes()
            .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
            .count();
        let before = text.get(..start).unwrap_or_default();
        let is_inside = before.rfind("{{") > before.rfind("}}");
        if length > 0 && is_inside {
            found.push((Span::new(start, name_at + length), &rest[..length]));
        }
        from = name_at + length;
    }
    found
}
