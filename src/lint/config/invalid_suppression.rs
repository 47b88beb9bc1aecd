use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::lint::{Findings, Lint};

pub(super) static LINT: Lint = Lint {
    id: "config/invalid-suppression",
    level: Level::Warning,
    summary: "a comment for stackwright that suppresses nothing, or does not say why",
    needs: &[],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for unreadable in &facts.suppressions.unreadable {
        findings
            .report_at(&unreadable.location, unreadable.message.as_str())
            .help(unreadable.help.as_str());
    }
    for one in findings.suppressing() {
        let suppression = one.suppression;
        if suppression.reason.is_empty() {
            findings
                .report_at(
                    &suppression.location,
                    "this suppression holds, but does not say why",
                )
                .help("give the reason, for whoever finds it in a year")
                .level(Level::Info);
        }
    }
}
