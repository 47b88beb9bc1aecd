use std::collections::BTreeSet;

use crate::catalogue::nearest;
use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::lint::{Findings, Lint, lint_named, lints};

pub(super) static LINT: Lint = Lint {
    id: "config/unknown-suppression",
    level: Level::Warning,
    summary: "a suppression of a lint that does not exist",
    needs: &[],
    check,
};

fn check(_: &Facts<'_>, findings: &mut Findings<'_>) {
    for one in findings.suppressing() {
        for name in &one.suppression.lints {
            if lint_named(&name.text).is_some() {
                continue;
            }
            let known: BTreeSet<&str> = lints().flat_map(|lint| [lint.id, lint.area()]).collect();
            let help = match nearest(&name.text, known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "`stackwright list lints` prints the names".into(),
            };
            findings
                .report_at(
                    &name.location,
                    format!("there is no lint `{}` to suppress", name.text),
                )
                .label("no such lint")
                .help(help);
        }
    }
}
