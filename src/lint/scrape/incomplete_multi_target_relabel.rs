use crate::diagnostic::Level;
use crate::document::Node;
use crate::facts::Facts;
use crate::facts::prometheus::ScrapeJob;
use crate::facts::text::Text;
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
    for server in &facts.prometheus {
        for job in server.jobs.iter().filter(|job| !job.targets.is_empty()) {
            check_job(facts, job, findings);
        }
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
            findings
                .report(
                    place,
                    format!("job `{name}` asks this target itself, not an exporter about it: no step of `relabel_configs` sets `__address__`"),
                )
                .label("taken for the exporter")
                .related("the job", job.place())
                .help("copy `__address__` to `__param_target` and `__param_target` to `instance`, then set `__address__` to the exporter");
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
                finding.help("copy `__address__` to `__param_target` in a step before this one")
            }
            false => finding
                .level(Level::Warning)
                .help("write this address among the targets, and drop the step"),
        };
        return;
    }
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
    if !names_instance {
        let level = match job.targets.len() {
            1 => Level::Info,
            _ => Level::Warning,
        };
        findings
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
    }
}

fn target_of(step: &Node) -> &str {
    step.get("target_label")
        .map_or("", |node| node.scalar_text())
}
