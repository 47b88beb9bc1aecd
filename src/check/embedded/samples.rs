//! Small bundles for the tests of the checks, and findings as one line each.

use std::sync::LazyLock;

use super::{EmbeddedContext, embedded};
use crate::bundle::{Artifact, Bundle, Kind};
use crate::catalogue::Catalogue;
use crate::check::Verdict;
use crate::diagnostic::Diagnostic;

/// What an artifact at this path is in a bundle of ours.
fn kind(path: &str) -> Kind {
    match path {
        "prometheus/prometheus.yml" => Kind::PrometheusConfig,
        "alertmanager/alertmanager.yml" => Kind::AlertmanagerConfig,
        "blackbox/blackbox.yml" => Kind::BlackboxConfig,
        "compose.yaml" => Kind::Compose,
        ".env.example" => Kind::EnvExample,
        _ if path.starts_with("prometheus/rules/") => Kind::PrometheusRules,
        _ if path.starts_with("prometheus/tests/") => Kind::PrometheusRuleTests,
        _ if path.starts_with("prometheus/targets/") => Kind::PrometheusTargets,
        _ if path.starts_with("grafana/provisioning/datasources/") => Kind::GrafanaDatasources,
        _ if path.starts_with("grafana/provisioning/dashboards/") => {
            Kind::GrafanaDashboardProviders
        }
        _ if path.starts_with("grafana/dashboards/") => Kind::GrafanaDashboard,
        _ if path.starts_with("redis/") => Kind::RedisConf,
        _ if path.ends_with(".tmpl") => Kind::NotificationTemplate,
        _ if path.ends_with(".md") => Kind::Document,
        _ => Kind::Configuration,
    }
}

pub(super) fn bundle(files: &[(&str, &str)]) -> Bundle {
    let artifacts = files
        .iter()
        .map(|(path, text)| Artifact::new(path, kind(path), (*text).to_owned()).unwrap());
    Bundle::new(artifacts).unwrap()
}

fn outcome(check: &str, files: &[(&str, &str)], context: &EmbeddedContext) -> Verdict {
    static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::embedded().unwrap());
    embedded(&bundle(files), &CATALOGUE, context)
        .into_iter()
        .find(|outcome| outcome.check == check)
        .unwrap()
        .verdict
}

/// What one check finds. Panics where it is skipped: a test that tests nothing must fail.
pub(super) fn findings_of(check: &str, files: &[(&str, &str)]) -> Vec<Diagnostic> {
    findings_in(check, files, &EmbeddedContext::default())
}

pub(super) fn findings_in(
    check: &str,
    files: &[(&str, &str)],
    context: &EmbeddedContext,
) -> Vec<Diagnostic> {
    match outcome(check, files, context) {
        Verdict::Passed => Vec::new(),
        Verdict::Failed(findings) => findings,
        Verdict::Skipped(reason) => panic!("`{check}` was skipped: {reason}"),
    }
}

/// What one check finds, as `path:line:column: message · help: advice`.
pub(super) fn findings(check: &str, files: &[(&str, &str)]) -> Vec<String> {
    lines(check, findings_of(check, files))
}

pub(super) fn lines(check: &str, findings: Vec<Diagnostic>) -> Vec<String> {
    findings
        .into_iter()
        .map(|finding| {
            assert_eq!(finding.id, check);
            let location = finding.location.unwrap();
            let position = location.file.position(location.span.start());
            let help = finding
                .help
                .map_or_else(String::new, |help| format!(" · help: {help}"));
            format!(
                "{}:{}:{}: {}{help}",
                location.file.path().display(),
                position.line,
                position.column,
                finding.message
            )
        })
        .collect()
}

/// What came of one check, in a word.
pub(super) fn verdict(check: &str, files: &[(&str, &str)]) -> String {
    match outcome(check, files, &EmbeddedContext::default()) {
        Verdict::Passed => "passed".into(),
        Verdict::Failed(_) => "failed".into(),
        Verdict::Skipped(reason) => format!("skipped: {reason}"),
    }
}
