use crate::diagnostic::Level;
use crate::document::Problem;
use crate::facts::Facts;
use crate::lint::{Findings, Lint};
use crate::setup::Kind;

pub(super) static LINT: Lint = Lint {
    id: "dashboard/invalid-json",
    level: Level::Error,
    summary: "a dashboard that Grafana cannot read",
    needs: &[],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for document in facts.setup.documents() {
        if !matches!(document.kind, Kind::Dashboard | Kind::DashboardExport) {
            continue;
        }
        let problems = document.syntax_error.iter().chain(&document.problems);
        for problem in problems {
            let place = document.place(problem.span);
            if problem.problem == Problem::DuplicateKey {
                let mut finding = findings
                    .report(place, problem.message.clone())
                    .level(Level::Warning)
                    .label("the last one wins")
                    .help("leave one of them");
                if let Some(first) = problem.first {
                    finding = finding.related("said before", document.place(first));
                }
                let _complete = finding;
                continue;
            }
            let message = format!(
                "the dashboard is no JSON: {}; Grafana leaves it out",
                problem.message
            );
            let help = "mend the JSON: look at commas and brackets just before this place";
            findings
                .report(place, message)
                .label("here")
                .help(problem.help.clone().unwrap_or_else(|| help.to_owned()));
        }
    }
}
