use crate::diagnostic::{Level, Safety};
use crate::document::{Change, Node};
use crate::facts::Facts;
use crate::facts::alerts::SentAlerts;
use crate::facts::rules::{RuleFile, RuleKind};
use crate::facts::text::Text;
use crate::lint::rewriting::{edits, route_to};
use crate::lint::{Findings, Lint, Need};
use crate::source::Span;

pub(super) static LINT: Lint = Lint {
    id: "stack/label-never-attached",
    level: Level::Warning,
    summary: "alerts are grouped by, or print, a label that nothing attaches",
    needs: &[Need::Files],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    check_external_labels(facts, findings);
    check_groups(facts, findings);
}

/// `{{ $externalLabels.cluster }}` prints what `external_labels` says, and nothing of others.
fn check_external_labels(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for file in &facts.rule_files {
        let servers: Vec<_> = file
            .loaded_by
            .iter()
            .filter_map(|index| facts.prometheus.get(*index))
            .collect();
        let Some(server) = servers.first() else {
            continue;
        };
        for (_, rule) in file.rules() {
            for (_, text) in rule.annotations.iter().chain(&rule.labels) {
                for (span, label) in external_labels(text.as_str()) {
                    let is_given = servers.iter().any(|server| {
                        server
                            .external_labels
                            .iter()
                            .any(|(name, _)| name.as_str() == label)
                    });
                    if is_given {
                        continue;
                    }
                    let document = facts.setup.document(server.document);
                    let labels = document
                        .root
                        .get("global")
                        .and_then(|global| global.entry("external_labels"));
                    let place = labels
                        .map_or_else(|| document.head(), |entry| document.place(entry.key.span));
                    findings
                        .report(
                            text.part(facts.setup, span),
                            format!("`$externalLabels.{label}` is empty: Prometheus has no external label `{label}`"),
                        )
                        .label("prints nothing")
                        .related("this Prometheus loads the rule", place)
                        .help(format!("add `{label}` to `global.external_labels`, or print another label"));
                }
            }
        }
    }
}

/// Names behind `$externalLabels.` and `.ExternalLabels.`.
fn external_labels(text: &str) -> Vec<(Span, &str)> {
    let mut found = Vec::new();
    for mark in ["$externalLabels.", ".ExternalLabels."] {
        for (start, _) in text.match_indices(mark) {
            let rest = &text[start + mark.len()..];
            let length = rest
                .find(|character: char| !(character.is_ascii_alphanumeric() || character == '_'))
                .unwrap_or(rest.len());
            if length > 0 {
                let end = start + mark.len() + length;
                found.push((Span::new(start, end), &rest[..length]));
            }
        }
    }
    found
}

/// `group_by` with a label that no alert has groups by nothing.
fn check_groups(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    // What is discovered or collected brings labels that nobody wrote, and rules that nobody loads are none.
    let is_known = !facts.has_other_scrapers()
        && facts.scrape_jobs().next().is_some()
        && facts.scrape_jobs().all(|job| !job.discovers)
        && facts.rule_files.iter().any(has_alerts)
        && facts.projects.len() <= 1;
    if !is_known {
        return;
    }
    let alerts = facts.alerts();
    for alertmanager in &facts.alertmanagers {
        let labels = alertmanager
            .routes
            .iter()
            .flat_map(|route| route.group_by.iter().map(move |label| (route, label)));
        for (route, label) in labels {
            if is_attached(facts, &alerts, label) {
                continue;
            }
            let document = facts.setup.document(label.place.document);
            let without = || {
                let list = route.node.get("group_by")?;
                let is_it = |span| span == label.place.span;
                let index = list.items().iter().position(|item| is_it(item.span))?;
                let route = route_to(document, list)?.index(index);
                edits(document, &[Change::Delete(route)])
            };
            let mut finding = findings
                .report(
                    label.place,
                    format!(
                        "no alert of the setup has the label `{}`: grouping by it changes nothing",
                        label.as_str()
                    ),
                )
                .label("never there")
                .help("drop it, or attach it: to targets, in `external_labels`, or to rules");
            if let Some(edits) = without() {
                let title = format!("group without `{}`", label.as_str());
                finding = finding.fix(Safety::Unsafe, title, edits);
            }
            finding.assuming("no exporter gives its series this label");
        }
    }
}

fn has_alerts(file: &RuleFile) -> bool {
    file.rules()
        .any(|(_, rule)| rule.kind == RuleKind::Alerting)
}

fn is_attached(facts: &Facts<'_>, alerts: &SentAlerts<'_>, label: &Text) -> bool {
    let name = label.as_str();
    matches!(name, "alertname" | "..." | "")
        || alerts.is_given(name)
        || alerts.is_brought(name)
        || facts.prometheus.iter().any(|server| {
            let mut labels = server.external_labels.iter();
            labels.any(|(label, _)| label.as_str() == name)
        })
        || facts.scrape_jobs().any(|job| {
            let mut steps = job.relabelings.iter().chain(&job.metric_relabelings);
            steps.any(|step| may_write(step, name))
        })
        // What the catalogue's metrics bring.
        || facts.expressions.iter().any(|expression| {
            expression.analysis.reads.iter().any(|read| {
                read.metrics.iter().flatten().any(|metric| {
                    facts
                        .resolved(metric)
                        .is_some_and(|resolved| resolved.metric.labels.iter().any(|label| label == name))
                })
            })
        })
}

/// Whether a step of relabeling can write the label `name`.
fn may_write(step: &Node, name: &str) -> bool {
    let text = |key: &str| step.get(key).map_or("", |node| node.scalar_text());
    let target = text("target_label");
    target == name || target.contains('$') || text("action") == "labelmap"
}
