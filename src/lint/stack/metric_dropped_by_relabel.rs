use std::collections::BTreeSet;

use regex::Regex;

use crate::diagnostic::{Level, Safety};
use crate::document::Node;
use crate::facts::Facts;
use crate::facts::prometheus::ScrapeJob;
use crate::facts::text::Text;
use crate::lint::{Findings, Lint, Need};
use crate::promql::{Kind, regex_alternatives};
use crate::setup::Place;
use crate::source::Span;

pub(super) static LINT: Lint = Lint {
    id: "stack/metric-dropped-by-relabel",
    level: Level::Error,
    summary: "a rule or panel reads a metric that `metric_relabel_configs` throws away",
    needs: &[Need::Catalogue, Need::Files],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    let jobs: Vec<&ScrapeJob> = facts.scrape_jobs().collect();
    if jobs.iter().all(|job| job.metric_relabelings.is_empty()) {
        return;
    }
    let mut told: BTreeSet<(Place, String)> = BTreeSet::new();
    for expression in &facts.expressions {
        for read in &expression.analysis.reads {
            let node = &expression.parsed[read.selector];
            let Kind::Selector(selector) = &node.kind else {
                continue;
            };
            let Some(name) = selector.metric_name().filter(|name| !is_synthetic(name)) else {
                continue;
            };
            if facts.recorded.contains_key(name) {
                continue;
            }
            let Some((job, step)) = dropped(facts, &jobs, name) else {
                continue;
            };
            if !told.insert((expression.text.place, name.to_owned())) {
                continue;
            }
            let span = selector.metric_name_span().unwrap_or(node.span);
            let document = facts.setup.document(job.document);
            let mut finding = findings
                .report(
                    expression.place(facts.setup, span),
                    format!(
                        "{} reads `{name}`, which job `{}` drops before it is stored",
                        facts.owner(expression),
                        job.name.as_str()
                    ),
                )
                .label("never stored")
                .related("dropped here", document.place(step.span))
                .help("keep it in `metric_relabel_configs`, or read another metric");
            if let Some(regex) = step.get("regex")
                && let Some(new) = keeping(step, regex.scalar_text(), name)
            {
                let text = Text::of(document, regex);
                let edit = text.edit(facts.setup, Span::new(0, text.value.len()), &new);
                finding = finding.fix(Safety::Unsafe, format!("keep `{name}`"), vec![edit]);
            }
            if facts.has_other_scrapers() {
                finding.assuming("nothing else scrapes it");
            }
        }
    }
}

/// The pattern of a step that no longer drops the metric.
fn keeping(step: &Node, pattern: &str, name: &str) -> Option<String> {
    let action = step.get("action")?.scalar_text();
    if action.eq_ignore_ascii_case("keep") {
        return Some(format!("{pattern}|{name}"));
    }
    let names = regex_alternatives(pattern)?;
    let others: Vec<&str> = names
        .iter()
        .map(String::as_str)
        .filter(|other| *other != name)
        .collect();
    (!others.is_empty()).then(|| others.join("|"))
}

/// What Prometheus itself writes, past all relabeling.
fn is_synthetic(name: &str) -> bool {
    name == "up" || name.starts_with("scrape_") || name.starts_with("ALERTS")
}

/// The job and the step that drop `name`, where every job that can have it does.
fn dropped<'f>(
    facts: &Facts<'_>,
    jobs: &[&'f ScrapeJob],
    name: &str,
) -> Option<(&'f ScrapeJob, &'f Node)> {
    let exporter = facts
        .resolved(name)
        .map(|resolved| resolved.exporter.name.as_str());
    let exposes = |job: &ScrapeJob, exporter: &str| {
        job.exporters
            .iter()
            .any(|exposure| exposure.exporter == exporter)
    };
    let exporter = exporter.filter(|exporter| jobs.iter().any(|job| exposes(job, exporter)));
    let carries = |job: &&&ScrapeJob| match exporter {
        Some(exporter) => exposes(job, exporter),
        // An application, or an unknown metric: any job can be the one whose exporter is not known.
        None => job.exporters.is_empty(),
    };
    let mut found = None;
    for job in jobs.iter().filter(carries) {
        let step = job
            .metric_relabelings
            .iter()
            .find(|step| drops(step, name))?;
        // A step before it that renames metrics makes it a different question.
        let is_renamed = job.metric_relabelings.iter().any(|step| {
            step.get("target_label")
                .is_some_and(|label| label.scalar_text() == "__name__")
        });
        if is_renamed {
            return None;
        }
        found = found.or(Some((*job, step)));
    }
    // Nobody else may expose what nobody knows.
    let are_all = || !facts.has_other_scrapers() && jobs.iter().all(|job| !job.discovers);
    found.filter(|_| exporter.is_some() || are_all())
}

/// Whether a step drops every series of that name.
fn drops(step: &Node, name: &str) -> bool {
    let sources: Vec<&str> = step
        .get("source_labels")
        .map_or(&[][..], |node| node.items())
        .iter()
        .map(|node| node.scalar_text())
        .collect();
    if sources != ["__name__"] {
        return false;
    }
    let pattern = step.get("regex").map_or("(.*)", |node| node.scalar_text());
    let Ok(regex) = Regex::new(&format!("^(?s:{pattern})$")) else {
        return false;
    };
    match step.get("action").map(|node| node.scalar_text()) {
        Some(action) if action.eq_ignore_ascii_case("drop") => regex.is_match(name),
        Some(action) if action.eq_ignore_ascii_case("keep") => !regex.is_match(name),
        _ => false,
    }
}
