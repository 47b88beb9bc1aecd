use crate::check::formats::{Product, RuleOptions, check_rules};
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

/// Fields that Mimir, its tool, Thanos, Loki and vmalert know beside those of Prometheus.
const OF_OTHERS: [&str; 18] = [
    "align_evaluation_time_on_interval",
    "concurrency",
    "debug",
    "eval_alignment",
    "eval_delay",
    "eval_offset",
    "evaluation_delay",
    "extra_filter_labels",
    "headers",
    "namespace",
    "notifier_headers",
    "params",
    "partial_response_strategy",
    "remote_write",
    "source_tenants",
    "tenant",
    "type",
    "update_entries_limit",
];

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for file in &facts.rule_files {
        let document = facts.setup.document(file.document);
        // Of a part of another document, such as the spec of a PrometheusRule, the text is not the whole truth.
        if document.is_part() {
            check_durations(document, file, findings);
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
            let is_expression = said.id == "rules/invalid-expr";
            if !is_expression && !(file.loaded_by.is_empty() && is_of_another(document, &said)) {
                findings.adopt(document, said);
            }
        }
    }
}

/// Whether something is said of a field that other programs have, which read rule files of their own kind.
fn is_of_another(document: &Document, said: &Diagnostic) -> bool {
    let span = said.location.as_ref().map(|location| location.span);
    let text = span.and_then(|span| document.text.text().get(span.start()..span.end()));
    text.is_some_and(|text| OF_OTHERS.contains(&text))
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
