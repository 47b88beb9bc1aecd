use serde_json::{Value as Json, json};

use crate::diagnostic::{Level, Safety};
use crate::document::{Change, Node};
use crate::facts::Facts;
use crate::facts::prometheus::ScrapeJob;
use crate::facts::text::Text;
use crate::lint::rewriting::{Edits, edits, route_to};
use crate::lint::{Findings, Lint, Need};

pub(super) static LINT: Lint = Lint {
    id: "scrape/incomplete-multi-target-relabel",
    level: Level::Error,
    summary: "targets that an exporter should probe never reach it, or lose their names",
    needs: &[Need::Catalogue],
    check,
};

/// Paths at which exporters probe the target that a parameter names.
const PROBING: [&str; 3] = ["/scrape", "/probe", "/snmp"];

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for job in facts.scrape_jobs().filter(|job| !job.targets.is_empty()) {
        check_job(facts, job, findings);
    }
}

fn check_job(facts: &Facts<'_>, job: &ScrapeJob, findings: &mut Findings<'_>) {
    let name = job.name.as_str();
    let has_url = job.targets.iter().any(|target| {
        target.address.value().is_some_and(|text| {
            ["redis://", "rediss://"]
                .iter()
                .any(|scheme| text.as_str().starts_with(scheme))
        })
    });
    let probes = job
        .metrics_path
        .value()
        .is_some_and(|path| PROBING.contains(&path.as_str()));
    let address = job.relabelings.iter().position(|step| {
        target_of(step) == "__address__"
            && step
                .get("replacement")
                .is_some_and(|node| !node.scalar_text().contains('$'))
    });
    let Some(address) = address else {
        // With the target in `params`, the address is the exporter's.
        let has_parameter = job
            .node
            .get("params")
            .is_some_and(|params| params.get("target").is_some());
        let rewrites = job
            .relabelings
            .iter()
            .any(|step| target_of(step) == "__address__");
        if (has_url || probes) && !rewrites && !has_parameter {
            let place = job
                .targets
                .first()
                .map_or_else(|| job.place(), |target| target.place);
            let finding = findings
                .report(
                    place,
                    format!("job `{name}` asks this target itself, not an exporter about it: no step of `relabel_configs` sets `__address__`"),
                )
                .label("taken for the exporter")
                .related("the job", job.place())
                .help("copy `__address__` to `__param_target` and `__param_target` to `instance`, then set `__address__` to the exporter");
            if let Some(exporter) = exporter_of(facts, job, has_url)
                && let Some(edits) = with_steps(
                    facts,
                    job,
                    usize::MAX,
                    &[
                        step(&["__address__"], "__param_target"),
                        step(&["__param_target"], "instance"),
                        json!({"target_label": "__address__", "replacement": exporter}),
                    ],
                )
            {
                let title = format!("let `{exporter}` ask the targets");
                finding.fix(Safety::Unsafe, title, edits);
            }
        }
        return;
    };
    let Some(step) = job.relabelings.get(address) else {
        return;
    };
    let document = facts.setup.document(job.document);
    let Some(replacement) = step.get("replacement") else {
        return;
    };
    let exporter = Text::of(document, replacement);
    let before = &job.relabelings[..address];
    let is_kept = |step: &Node| {
        let sources = step
            .get("source_labels")
            .map_or(&[][..], |node| node.items());
        sources
            .iter()
            .any(|source| matches!(source.scalar_text(), "__address__" | "__param_target"))
    };
    let hands_over = before
        .iter()
        .any(|step| target_of(step).starts_with("__param_") && is_kept(step));
    let names_instance = job
        .relabelings
        .iter()
        .any(|step| target_of(step) == "instance")
        || job.targets.iter().all(|target| {
            target
                .labels
                .iter()
                .any(|(label, _)| label.as_str() == "instance")
        });
    if !hands_over {
        // Several steps, each for one address, write addresses anew; then every target has its own.
        let copies = before.iter().any(is_kept);
        let is_labelled = job.targets.iter().any(|target| !target.labels.is_empty());
        if (copies || is_labelled) && !has_url && !probes {
            return;
        }
        let first = job.targets.first().map_or_else(String::new, |target| {
            target
                .address
                .value()
                .map_or_else(String::new, |text| format!(" `{}`", text.as_str()))
        });
        let finding = findings
            .report(
                exporter.place,
                format!(
                    "job `{name}` scrapes `{}` in place of its target{first}, of which nothing is left",
                    exporter.as_str()
                ),
            )
            .label("replaces the target")
            .related("the job", job.place());
        match has_url || probes {
            true => {
                let finding = finding
                    .help("copy `__address__` to `__param_target` in a step before this one");
                let mut steps = vec![self::step(&["__address__"], "__param_target")];
                if !names_instance {
                    steps.push(self::step(&["__param_target"], "instance"));
                }
                // One that comes too late would undo it.
                let is_there = job
                    .relabelings
                    .iter()
                    .any(|step| target_of(step).starts_with("__param_"));
                let edits = match is_there {
                    true => None,
                    false => with_steps(facts, job, address, &steps),
                };
                match edits {
                    Some(edits) => {
                        let title = "hand the target over as a parameter";
                        finding.fix(Safety::Unsafe, title, edits)
                    }
                    None => finding,
                }
            }
            false => finding
                .level(Level::Warning)
                .help("write this address among the targets, and drop the step"),
        };
        return;
    }
    if !names_instance {
        let level = match job.targets.len() {
            1 => Level::Info,
            _ => Level::Warning,
        };
        let finding = findings
            .report(
                exporter.place,
                format!(
                    "all series of job `{name}` have the exporter `{}` as their `instance`: targets cannot be told apart",
                    exporter.as_str()
                ),
            )
            .label("becomes the instance")
            .related("the job", job.place())
            .help("copy `__param_target` to `instance`")
            .level(level);
        let steps = [self::step(&["__param_target"], "instance")];
        if let Some(edits) = with_steps(facts, job, usize::MAX, &steps) {
            let title = "copy `__param_target` to `instance`";
            finding.fix(Safety::Unsafe, title, edits);
        }
    }
}

/// A step that copies.
fn step(sources: &[&str], target: &str) -> Json {
    json!({"source_labels": sources, "target_label": target})
}

/// The exporter of the setup that asks targets of this kind.
fn exporter_of(facts: &Facts<'_>, job: &ScrapeJob, has_url: bool) -> Option<String> {
    let path = job.metrics_path.value()?;
    let (program, port) = match (has_url, path.as_str()) {
        (true, _) | (_, "/scrape") => ("redis_exporter", 9121),
        (_, "/probe") => ("blackbox_exporter", 9115),
        _ => return None,
    };
    let mut services = facts
        .projects
        .iter()
        .flat_map(|project| project.running(program));
    let (Some(only), None) = (services.next(), services.next()) else {
        return None;
    };
    Some(format!("{}:{port}", only.name.as_str()))
}

/// The job with further steps of `relabel_configs` at a place among them.
fn with_steps(facts: &Facts<'_>, job: &ScrapeJob, at: usize, steps: &[Json]) -> Option<Edits> {
    let document = facts.setup.document(job.document);
    let route = route_to(document, &job.node)?;
    let changes: Vec<Change> = match job.node.get("relabel_configs") {
        Some(_) => {
            let list = route.key("relabel_configs");
            let insert = |step: &Json| Change::InsertItem(list.clone(), at, step.clone());
            steps.iter().map(insert).collect()
        }
        None => vec![Change::Insert(
            route,
            "relabel_configs".into(),
            json!(steps),
        )],
    };
    edits(document, &changes)
}

fn target_of(step: &Node) -> &str {
    step.get("target_label")
        .map_or("", |node| node.scalar_text())
}
