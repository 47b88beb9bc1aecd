use crate::catalogue::Reason;
use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::lint::{Findings, Lint, Need};

pub(super) static LINT: Lint = Lint {
    id: "stack/metric-behind-flag",
    level: Level::Error,
    summary: "a metric that the scraped exporter exposes only with an option that is not set",
    needs: &[Need::Catalogue, Need::Files],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for missing in facts.missing_metrics() {
        let help = match &missing.reason {
            Reason::NeedsFlag(flags) => match flags.as_slice() {
                [flag] => format!("start the exporter with `--{flag}`"),
                flags => {
                    let flags: Vec<String> =
                        flags.iter().map(|flag| format!("`--{flag}`")).collect();
                    format!("start the exporter with {}", flags.join(" or "))
                }
            },
            Reason::NotWithFlag(flag) => format!("start the exporter without `--{flag}`"),
            Reason::FlagSince { flag, since, .. } => {
                format!("upgrade the exporter to {since} or later, and start it with `--{flag}`")
            }
            Reason::NeedsConfigCommand => {
                "do not switch off CONFIG with `--config-command=-`".into()
            }
            _ => continue,
        };
        let expression = missing.expression;
        let finding = findings
            .report(
                expression.place(facts.setup, missing.span),
                format!(
                    "{} reads `{}`, which the exporter does not expose: {}",
                    facts.owner(expression),
                    missing.name,
                    missing.reason
                ),
            )
            .label("not exposed")
            .help(help);
        if let Some(service) = missing.service {
            finding.related("the exporter", service.place());
        }
    }
}
