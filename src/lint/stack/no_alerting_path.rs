use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::facts::prometheus::PrometheusServer;
use crate::facts::rules::RuleKind;
use crate::lint::{Findings, Lint, Need};

pub(super) static LINT: Lint = Lint {
    id: "stack/no-alerting-path",
    level: Level::Error,
    summary: "Prometheus has alerts and no Alertmanager to send them to, or Alertmanager gets none",
    needs: &[Need::Files],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for (index, server) in facts.prometheus.iter().enumerate() {
        let sends = server.discovers_alertmanagers
            || server
                .alertmanagers
                .as_ref()
                .is_some_and(|targets| !targets.is_empty());
        if sends {
            continue;
        }
        let alert = facts
            .rule_files
            .iter()
            .filter(|file| file.loaded_by.contains(&index))
            .flat_map(|file| file.rules())
            .find(|(_, rule)| rule.kind == RuleKind::Alerting);
        let Some((_, alert)) = alert else { continue };
        report(facts, server, alert.place(), findings);
    }
}

fn report(
    facts: &Facts<'_>,
    server: &PrometheusServer,
    alert: crate::setup::Place,
    findings: &mut Findings<'_>,
) {
    let document = facts.setup.document(server.document);
    let place = document
        .root
        .entry("alerting")
        .map_or_else(|| document.head(), |entry| document.place(entry.key.span));
    let alertmanager = facts
        .projects
        .iter()
        .flat_map(|project| project.running("alertmanager"))
        .map(|service| service.place())
        .next()
        .or_else(|| {
            let alertmanager = facts.alertmanagers.first()?;
            Some(facts.setup.document(alertmanager.document).head())
        });
    let finding = findings
        .report(
            place,
            "alerts of this Prometheus go nowhere: `alerting` names no Alertmanager",
        )
        .label("sends to nobody")
        .related("the first of its alerts", alert)
        .help("name one: `alerting: {alertmanagers: [{static_configs: [{targets: ['alertmanager:9093']}]}]}`");
    match alertmanager {
        Some(place) => {
            finding.related("this Alertmanager waits for them", place);
        }
        None => {
            finding.assuming("nothing else forwards them, such as a dashboard that people watch");
        }
    }
}
