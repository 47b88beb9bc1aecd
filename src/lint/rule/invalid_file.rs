use crate::check::formats::{Product, RuleOptions, check_rules};
use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::lint::{Findings, Lint, Need};

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
            if said.id != "rules/invalid-expr" {
                findings.adopt(document, said);
            }
        }
    }
}
