use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::lint::{Findings, Lint};

pub(super) static LINT: Lint = Lint {
    id: "config/expired-suppression",
    level: Level::Warning,
    summary: "a suppression whose last day is over: what it hid is told again",
    needs: &[],
    check,
};

fn check(_: &Facts<'_>, findings: &mut Findings<'_>) {
    for one in findings.suppressing() {
        let Some(until) = one.suppression.until.filter(|_| !one.is_in_force) else {
            continue;
        };
        findings
            .report_at(
                &one.suppression.location,
                format!("this suppression held until {until}: what it hid is told again"),
            )
            .label("expired")
            .help("mend what it hid and remove it, or give it a later date");
    }
}
