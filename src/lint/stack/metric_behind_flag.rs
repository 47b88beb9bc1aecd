use crate::catalogue::Reason;
use crate::catalogue::exporter::FlagType;
use crate::diagnostic::{Level, Safety};
use crate::facts::Facts;
use crate::facts::compose::ComposeService;
use crate::lint::rewriting::{Edits, in_place, with_variable};
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
        let wanted = match &missing.reason {
            Reason::NeedsFlag(flags) => flags.first(),
            _ => None,
        };
        let mut finding = findings
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
            finding = finding.related("the exporter", service.place());
            if let Some((variable, edits)) = wanted.and_then(|flag| set(facts, service, flag)) {
                finding.fix(Safety::Unsafe, format!("set `{variable}`"), edits);
            }
        }
    }
}

/// The variable that switches a flag on, and what sets it.
fn set<'f>(facts: &'f Facts<'_>, service: &ComposeService, flag: &str) -> Option<(&'f str, Edits)> {
    let exporter = facts.catalogue.exporter("redis_exporter")?;
    let known = exporter.flags.iter().find(|known| known.name == flag)?;
    let variable = known.env.as_deref()?;
    if known.kind != FlagType::Bool || service.has_flag(flag) {
        return None;
    }
    let edits = match service.variable(variable) {
        Some(value) => in_place(facts.setup, value.place, value.as_str(), "true")?,
        None => with_variable(facts, service, variable, "true")?,
    };
    Some((variable, edits))
}
