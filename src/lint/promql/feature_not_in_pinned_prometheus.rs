use crate::diagnostic::{Level, Safety};
use crate::document::Value;
use crate::facts::Facts;
use crate::facts::compose::ComposeService;
use crate::facts::expression::{Expression, Origin};
use crate::facts::prometheus::PrometheusServer;
use crate::lint::rewriting::{Edits, in_place, with_item};
use crate::lint::{Findings, Lint, Need};
use crate::promql::{Target, Version};

pub(super) static LINT: Lint = Lint {
    id: "promql/feature-not-in-pinned-prometheus",
    level: Level::Error,
    summary: "a function or syntax that the Prometheus of the setup does not have",
    needs: &[Need::Versions],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for expression in &facts.expressions {
        if expression.parsed.features.is_empty() {
            continue;
        }
        let Some((server, version)) = readers(facts, expression)
            .into_iter()
            .filter_map(|server| Some((server, server.version?)))
            .min_by_key(|(_, version)| *version)
        else {
            continue;
        };
        let part = |number: u32| u16::try_from(number).unwrap_or(u16::MAX);
        let service = server.service.as_ref().and_then(|id| facts.service(id));
        let flags = service
            .and_then(|service| service.flag("enable-feature"))
            .map_or_else(Vec::new, |text| {
                text.as_str().split(',').map(str::to_owned).collect()
            });
        let target = Target {
            enabled: Some(flags),
            ..Target::version(Version::new(part(version.major), part(version.minor)))
        };
        for used in &expression.parsed.features {
            let Some(problem) = used.problem(&target) else {
                continue;
            };
            let support = used.feature.support();
            let flag = support
                .flag_for(target.version)
                .filter(|_| support.exists_in(target.version));
            let message = format!(
                "{}: {}, and the setup runs Prometheus {version}",
                facts.owner(expression),
                problem.message
            );
            let mut finding = findings
                .report(expression.place(facts.setup, problem.span), message)
                .label("not in this version");
            if let Some(service) = service {
                finding = finding.related("this is what runs", service.place());
                if let Some((flag, edits)) =
                    flag.and_then(|flag| Some((flag, with_feature(facts, service, flag)?)))
                {
                    let title = format!("start Prometheus with `--enable-feature={flag}`");
                    finding = finding.fix(Safety::Unsafe, title, edits);
                }
            }
            let _complete = finding.help(
                problem
                    .hint
                    .unwrap_or_else(|| "take a newer Prometheus, or do without".to_owned()),
            );
        }
    }
}

/// The service with a feature flag among its arguments. Without any, those of the image would go.
fn with_feature(facts: &Facts<'_>, service: &ComposeService, flag: &str) -> Option<Edits> {
    if let Some(given) = service.flag("enable-feature") {
        let old = given.as_str();
        return in_place(facts.setup, given.place, old, &format!("{old},{flag}"));
    }
    let (_, command) = service.get("command")?;
    let is_list = matches!(command.value.value, Value::Sequence(_));
    let argument = format!("--enable-feature={flag}");
    is_list.then(|| with_item(facts, service, "command", argument.into()))?
}

/// The servers that evaluate an expression.
fn readers<'f>(facts: &'f Facts<'_>, expression: &Expression) -> Vec<&'f PrometheusServer> {
    match expression.origin {
        Origin::Rule { file, .. } => {
            let servers = facts
                .rule_files
                .get(file)
                .map_or(&[][..], |file| file.loaded_by.as_slice());
            servers
                .iter()
                .filter_map(|index| facts.prometheus.get(*index))
                .collect()
        }
        _ => facts.prometheus.iter().collect(),
    }
}
