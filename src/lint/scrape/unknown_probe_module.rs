use crate::catalogue::nearest;
use crate::diagnostic::Level;
use crate::document::Node;
use crate::facts::Facts;
use crate::facts::prometheus::{ScrapeJob, reader_of};
use crate::facts::text::{Text, placeholder};
use crate::lint::{Findings, Lint, Need};
use crate::setup::{Document, Kind};

pub(super) static LINT: Lint = Lint {
    id: "scrape/unknown-probe-module",
    level: Level::Error,
    summary: "a job asks the blackbox exporter for a module that its configuration does not have",
    needs: &[Need::Files],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for job in facts.scrape_jobs() {
        let Some(document) = configuration(facts, job) else {
            continue;
        };
        let Some(modules) = document.root.get("modules") else {
            continue;
        };
        let known = || modules.entries().iter().map(|entry| &*entry.key.text);
        let params = job
            .node
            .get("params")
            .and_then(|params| params.get("module"));
        let here = facts.setup.document(job.document);
        for node in params.map_or(&[][..], |node| node.items()) {
            let text = Text::of(here, node);
            check_module(
                &text,
                job,
                document,
                &|name| known().any(|module| module == name),
                nearest(text.as_str(), known()),
                findings,
            );
        }
        let labels = job.targets.iter().flat_map(|target| &target.labels);
        for (label, value) in labels {
            if label.as_str() == "__param_module" {
                check_module(
                    value,
                    job,
                    document,
                    &|name| known().any(|module| module == name),
                    nearest(value.as_str(), known()),
                    findings,
                );
            }
        }
    }
}

fn check_module(
    module: &Text,
    job: &ScrapeJob,
    configuration: &Document,
    is_known: &dyn Fn(&str) -> bool,
    near: Option<&str>,
    findings: &mut Findings<'_>,
) {
    let name = module.as_str();
    if name.is_empty() || placeholder(name).is_some() || is_known(name) {
        return;
    }
    let finding = findings
        .report(
            module.place,
            format!(
                "job `{}` asks for the module `{name}`, which the blackbox exporter does not have: every probe fails",
                job.name.as_str()
            ),
        )
        .label("no such module")
        .related("the modules that there are", head(configuration));
    match near {
        Some(near) => finding.help(format!("did you mean `{near}`?")),
        None => finding.help("add the module, or ask for one that there is"),
    };
}

fn head(configuration: &Document) -> crate::setup::Place {
    let key = |root: &Node| root.entry("modules").map(|entry| entry.key.span);
    key(&configuration.root).map_or_else(|| configuration.head(), |span| configuration.place(span))
}

/// What the blackbox exporter behind a job reads, where it is a service of the setup that reads one of its files.
fn configuration<'f>(facts: &'f Facts<'_>, job: &ScrapeJob) -> Option<&'f Document> {
    let mut probed = job
        .exporters
        .iter()
        .filter(|one| one.exporter == "blackbox_exporter");
    let service = probed.next()?.service.as_ref()?;
    if probed.next().is_some() {
        return None;
    }
    facts.setup.of_kind(Kind::Blackbox).find(|document| {
        let reader = reader_of(
            facts.setup,
            &facts.projects,
            document,
            "blackbox_exporter",
            "config.file",
        );
        reader.is_some_and(|(id, _)| id == *service)
    })
}
