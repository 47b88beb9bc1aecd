use crate::check::formats::{Product, RuleOptions, alert_template_problem, check_rules};
use crate::diagnostic::{Diagnostic, Level};
use crate::facts::Facts;
use crate::facts::rules::RuleFile;
use crate::facts::text::placeholder;
use crate::lint::{Findings, Lint, Need};
use crate::setup::Document;

pub(super) static LINT: Lint = Lint {
    id: "rule/invalid-file",
    level: Level::Error,
    summary: "Prometheus refuses the rule file, and with it every rule in it",
    needs: &[Need::Versions],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for file in &facts.rule_files {
        let document = facts.setup.document(file.document);
        // Of a part of another document, such as the spec of a PrometheusRule, the text is not the whole truth.
        if document.is_part() {
            check_durations(document, file, findings);
            check_templates(facts, file, findings);
            continue;
        }
        let version = file
            .loaded_by
            .iter()
            .filter_map(|server| facts.prometheus[*server].version)
            .min()
            .unwrap_or(Product::Prometheus.newest());
        for said in check_rules(&document.text, &RuleOptions::new(version)) {
            // Expressions are the business of `promql/syntax`.
            if said.id != "rules/invalid-expr" && !is_of_evaluator(facts, file, &said) {
                findings.adopt(document, said);
            }
        }
    }
}

/// Whether a field that Prometheus does not know is known to what evaluates the file.
fn is_of_evaluator(facts: &Facts<'_>, file: &RuleFile, said: &Diagnostic) -> bool {
    let adds = |key: &str| facts.catalogue.evaluators().adds(file.evaluator, key);
    let key = said.location.as_ref().and_then(|location| {
        let span = location.span;
        location.file.text().get(span.start()..span.end())
    });
    said.id == "rules/unknown-field" && key.is_some_and(|key| adds(key.trim_matches(['"', '\''])))
}

/// The operator refuses a PrometheusRule with times that are none, as Prometheus would.
fn check_durations(document: &Document, file: &RuleFile, findings: &mut Findings<'_>) {
    for (_, rule) in file.rules() {
        let Some(node) = rule.node.get("for").filter(|_| rule.pending.is_none()) else {
            continue;
        };
        let text = node.scalar_text();
        if text.is_empty() || placeholder(text).is_some() {
            continue;
        }
        findings
            .report(
                document.place(node.span),
                format!("`{text}` is not a duration"),
            )
            .label("no duration")
            .help("write a number and a unit, such as `5m`");
    }
}

/// Prometheus prints an error where a template of a label or annotation should be. What Helm has still to fill in is no mistake.
fn check_templates(facts: &Facts<'_>, file: &RuleFile, findings: &mut Findings<'_>) {
    for (_, text) in file
        .rules()
        .flat_map(|(_, rule)| rule.labels.iter().chain(&rule.annotations))
    {
        let is_of_helm = [".Values", "include ", ".Release"]
            .iter()
            .any(|word| text.as_str().contains(word));
        if is_of_helm || !text.as_str().contains("{{") {
            continue;
        }
        if let Some((message, span)) = alert_template_problem(text.as_str()) {
            findings
                .report(text.part(facts.setup, span), message)
                .label("no template");
        }
    }
}
