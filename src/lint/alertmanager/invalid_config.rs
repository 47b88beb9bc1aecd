use crate::check::formats::{Product, check_alertmanager};
use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::facts::substitution::is_of_unfilled;
use crate::lint::{Findings, Lint, Need};

pub(super) static LINT: Lint = Lint {
    id: "alertmanager/invalid-config",
    level: Level::Error,
    summary: "Alertmanager refuses the configuration",
    needs: &[Need::Versions],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for alertmanager in &facts.alertmanagers {
        let document = facts.setup.document(alertmanager.document);
        let version = alertmanager
            .version
            .unwrap_or(Product::Alertmanager.newest());
        for said in check_alertmanager(&document.text, version) {
            if !is_of_unfilled(facts.setup, &said) {
                findings.adopt(document, said);
            }
        }
    }
}
