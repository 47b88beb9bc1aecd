use crate::diagnostic::{Level, Safety};
use crate::facts::Facts;
use crate::facts::compose::{ComposeService, directory_of};
use crate::facts::container::{glob_matches, has_wildcard, inside};
use crate::facts::prometheus::{PrometheusServer, RulePattern};
use crate::lint::rewriting::{Edits, with_item};
use crate::lint::{Findings, Lint, Need};
use crate::setup::{Document, Kind};
use crate::source::Span;

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
    // What is mounted beside the files of a ConfigMap, the manifest of a pod says.
    if facts.setup.document(server.document).wrapper.is_some() {
        return;
    }
    if server.has_script && may_be_written(facts, pattern) {
        return;
    }
    // The nearest rule file that no server loads is what somebody will have meant.
    let orphan = forgotten(facts);
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
        let found = match service {
            Some(service) => mounted(facts, server, service, pattern, orphan),
            None => named(facts, pattern, orphan),
        };
        if let Some((title, edits)) = found {
            finding = finding.fix(Safety::Unsafe, title, edits);
        }
    }
    if !pattern.is_certain {
        finding.assuming("files lie in the container as they do here");
    }
}

/// Whether a script may write what the pattern finds: it speaks of the file or of its directory, or nobody knows what it does.
fn may_be_written(facts: &Facts<'_>, pattern: &RulePattern) -> bool {
    let path = pattern.text.as_str();
    let name = path.rsplit('/').next().unwrap_or(path);
    let wanted = match has_wildcard(name) {
        true => directory_of(path),
        false => name,
    };
    let mut scripts = facts.setup.of_kind(Kind::Script).peekable();
    scripts.peek().is_none() || scripts.any(|script| script.text.text().contains(wanted))
}

/// The rule file that somebody will have meant where a pattern finds none.
fn forgotten<'f>(facts: &'f Facts<'_>) -> Option<&'f Document> {
    facts
        .rule_files
        .iter()
        .find(|file| !file.is_loaded())
        .map(|file| facts.setup.document(file.document))
}

/// The rule file that a finding of this lint speaks of already.
pub(super) fn spoken_of<'f>(facts: &'f Facts<'_>) -> Option<&'f Document> {
    let mut patterns = facts
        .prometheus
        .iter()
        .flat_map(|server| &server.rule_patterns);
    patterns
        .any(|pattern| {
            pattern.files.is_empty() && pattern.is_certain && !pattern.text.as_str().is_empty()
        })
        .then(|| forgotten(facts))?
}

/// The rule file where the pattern looks for it.
fn mounted(
    facts: &Facts<'_>,
    server: &PrometheusServer,
    service: &ComposeService,
    pattern: &RulePattern,
    file: &Document,
) -> Option<(String, Edits)> {
    let pattern = pattern.text.as_str();
    let beside = format!("{}/{}", directory_of(pattern), file.name);
    let target = match has_wildcard(pattern) {
        true => Some(beside).filter(|target| glob_matches(pattern, target))?,
        false => pattern.to_owned(),
    };
    let project = facts.projects.get(server.project?)?;
    let source = match project.directory.as_str() {
        "" => &*file.path,
        directory => inside(directory, &file.path)?,
    };
    let is_whole = target.starts_with('/') && file.wrapper.is_none();
    let mount = format!("./{source}:{target}:ro");
    let edits = is_whole.then(|| with_item(facts, service, "volumes", mount.into()))??;
    Some((format!("mount `{}` at `{target}`", file.path), edits))
}

/// The rule file by its name beside the configuration.
fn named(facts: &Facts<'_>, pattern: &RulePattern, file: &Document) -> Option<(String, Edits)> {
    let configuration = facts.setup.document(pattern.text.place.document);
    let path = match directory_of(&configuration.path) {
        "" => &*file.path,
        directory => inside(directory, &file.path)?,
    };
    let whole = Span::new(0, pattern.text.value.len());
    let edit = pattern.text.edit(facts.setup, whole, path);
    let is_whole = file.wrapper.is_none() && configuration.wrapper.is_none();
    is_whole.then(|| (format!("name `{path}`"), vec![edit]))
}
