use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::lint::{Findings, Lint, lint_named, nearest_name};

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
            let help = match nearest_name(&name.text) {
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
