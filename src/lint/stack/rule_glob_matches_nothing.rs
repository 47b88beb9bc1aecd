use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::facts::container::has_wildcard;
use crate::facts::prometheus::{PrometheusServer, RulePattern};
use crate::lint::{Findings, Lint, Need};

pub(super) static LINT: Lint = Lint {
    id: "stack/rule-glob-matches-nothing",
    level: Level::Error,
    summary: "a pattern of `rule_files` finds no file, so its rules are never loaded",
    needs: &[Need::Files],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for server in &facts.prometheus {
        for pattern in &server.rule_patterns {
            if pattern.files.is_empty() && !pattern.text.as_str().is_empty() {
                report(facts, findings, server, pattern);
            }
        }
    }
}

fn report(
    facts: &Facts<'_>,
    findings: &mut Findings<'_>,
    server: &PrometheusServer,
    pattern: &RulePattern,
) {
    let setup = facts.setup;
    // The nearest rule file that no server loads is what somebody will have meant.
    let orphan = facts
        .rule_files
        .iter()
        .find(|file| file.loaded_by.is_empty())
        .map(|file| setup.document(file.document));
    let what = match has_wildcard(pattern.text.as_str()) {
        true => "finds no file",
        false => "is no file",
    };
    let service = server.service.as_ref().and_then(|id| facts.service(id));
    // Without the container, nobody knows where files end up: then only a forgotten rule file is worth a word.
    if !pattern.is_certain && (orphan.is_none() || service.is_some()) {
        return;
    }
    let place = match service {
        Some(service) => format!(" in service `{}`", service.name.as_str()),
        None => String::new(),
    };
    let message = format!(
        "`{}` {what}{place}: Prometheus starts, and loads no rules from it",
        pattern.text.as_str()
    );
    let mut finding = findings.report(pattern.text.place, message).label(what);
    finding = match (service, orphan) {
        (Some(service), Some(orphan)) => finding
            .related("this is what the service sees", service.place())
            .help(format!("mount `{}` where the pattern looks", orphan.path)),
        (Some(service), None) => finding
            .related("this is what the service sees", service.place())
            .help("mount the rule files, or remove the pattern"),
        (None, Some(orphan)) => finding.help(format!("name `{}`", orphan.path)),
        (None, None) => finding.help("name a file that exists, or remove the pattern"),
    };
    if let Some(orphan) = orphan {
        finding = finding.related("nothing loads this rule file", orphan.head());
    }
    if !pattern.is_certain {
        finding.assuming("files lie in the container as they do here");
    }
}
