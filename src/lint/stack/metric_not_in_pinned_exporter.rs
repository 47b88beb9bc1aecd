use crate::catalogue::Reason;
use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::lint::{Findings, Lint, Need};

pub(super) static LINT: Lint = Lint {
    id: "stack/metric-not-in-pinned-exporter",
    level: Level::Error,
    summary: "a metric that came after, or went before, the version of the scraped exporter",
    needs: &[Need::Catalogue, Need::Files, Need::Versions],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for missing in facts.missing_metrics() {
        let help = match &missing.reason {
            Reason::Since { since, .. } => format!("upgrade the exporter to {since} or later"),
            Reason::Removed { .. } if missing.is_pinned => {
                "read the metric that took its place, or pin an older exporter".to_owned()
            }
            _ => continue,
        };
        let expression = missing.expression;
        let finding = findings
            .report(
                expression.place(facts.setup, missing.span),
                format!(
                    "{} reads `{}`, which this version of the exporter does not expose: {}",
                    facts.owner(expression),
                    missing.name,
                    missing.reason
                ),
            )
            .label("not exposed")
            .help(help);
        if let Some(service) = missing.service {
            finding.related("the version is pinned here", service.place());
        }
    }
}
