use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::facts::expression::{Expression, Origin};
use crate::facts::prometheus::PrometheusServer;
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
        for problem in expression.parsed.problems_for(&target) {
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
            }
            let _complete = finding.help(
                problem
                    .hint
                    .unwrap_or_else(|| "take a newer Prometheus, or do without".to_owned()),
            );
        }
    }
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
