use std::collections::BTreeMap;

use crate::catalogue::Image;
use crate::diagnostic::Level;
use crate::document::Node;
use crate::facts::Facts;
use crate::facts::prometheus::{Exposure, PrometheusServer, ScrapeJob};
use crate::lint::{Findings, Lint, Need};
use crate::promql::Kind;

pub(super) static LINT: Lint = Lint {
    id: "stack/unscraped-metric",
    level: Level::Error,
    summary: "a rule reads metrics of a program that no job scrapes",
    needs: &[Need::Catalogue, Need::Files],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    let mut scraped: BTreeMap<(usize, &str), bool> = BTreeMap::new();
    for expression in &facts.expressions {
        let Some((file, _)) = facts.rule_of(expression) else {
            continue;
        };
        let [server_index] = file.loaded_by.as_slice() else {
            continue;
        };
        let Some(server) = facts.prometheus.get(*server_index) else {
            continue;
        };
        if server.jobs.is_empty() || may_get_more(facts, server) {
            continue;
        }
        for read in &expression.analysis.reads {
            let Kind::Selector(selector) = &expression.parsed[read.selector].kind else {
                continue;
            };
            let Some(name) = selector.metric_name() else {
                continue;
            };
            let Some(image) = program_of(facts, name) else {
                continue;
            };
            let is_scraped = *scraped
                .entry((*server_index, image.program.as_str()))
                .or_insert_with(|| server.jobs.iter().any(|job| may_scrape(facts, job, image)));
            if is_scraped || facts.recorded.contains_key(name) {
                continue;
            }
            let span = selector
                .metric_name_span()
                .unwrap_or(expression.parsed[read.selector].span);
            let message = format!(
                "{} reads `{name}`, but no job scrapes {}",
                facts.owner(expression),
                image.program
            );
            let finding = findings
                .report(expression.place(facts.setup, span), message)
                .label("no such series")
                .help(match image.ports.first() {
                    Some(port) => format!(
                        "add a scrape job for {}, which listens on port {port}",
                        image.program
                    ),
                    None => format!("add a scrape job for {}", image.program),
                });
            let finding = match server.jobs.first() {
                Some(job) => finding.related("the jobs begin here", job.place()),
                None => finding,
            };
            if server.jobs.iter().any(|job| is_opaque(facts, job)) {
                finding.assuming(&format!(
                    "no target that is filled in later exposes metrics of {}",
                    image.program
                ));
            }
        }
    }
}

/// The program whose metrics are called like this; of several that share a prefix, none.
fn program_of<'f>(facts: &'f Facts<'_>, name: &str) -> Option<&'f Image> {
    let mut images = facts.catalogue.images().iter().filter(|image| {
        image
            .metrics
            .iter()
            .any(|prefix| name.starts_with(prefix.as_str()))
    });
    let image = images.next()?;
    // Applications expose names like these themselves, or receive them from elsewhere.
    let is_own = !matches!(image.program.as_str(), "redis_exporter" | "tempo" | "mimir");
    (images.next().is_none() && is_own && !name.contains(':')).then_some(image)
}

/// Whether series get in by other ways than jobs of static targets.
fn may_get_more(facts: &Facts<'_>, server: &PrometheusServer) -> bool {
    let receives = server
        .service
        .as_ref()
        .and_then(|id| facts.service(id))
        .is_some_and(|service| {
            service.has_flag("web.enable-remote-write-receiver")
                || service.has_flag("web.enable-otlp-receiver")
                || service
                    .flag("enable-feature")
                    .is_some_and(|features| features.as_str().contains("remote-write-receiver"))
        });
    let document = facts.setup.document(server.document);
    receives
        || facts.has_other_scrapers()
        || document.root.get("remote_read").is_some()
        || document.root.get("otlp").is_some()
        || server.jobs.iter().any(|job| {
            job.discovers
                || job
                    .metrics_path
                    .value()
                    .is_none_or(|path| path.contains("federate"))
        })
}

/// Whether a job could be the one that scrapes a program.
fn may_scrape(facts: &Facts<'_>, job: &ScrapeJob, image: &Image) -> bool {
    let words: Vec<String> = image
        .program
        .split('_')
        .filter(|word| *word != "exporter")
        .map(str::to_owned)
        .collect();
    let speaks_of = |text: &str| {
        let text = text.to_ascii_lowercase();
        words.iter().any(|word| text.contains(word.as_str()))
    };
    let is_exposed = |exposure: &Exposure| Some(&exposure.exporter) == image.exporter.as_ref();
    if speaks_of(job.name.as_str()) || job.exporters.iter().any(is_exposed) {
        return true;
    }
    // Through relabeling it is another program that is asked, about the targets.
    let mut steps = job.relabelings.iter();
    let is_address = |label: &Node| label.scalar_text() == "__address__";
    if steps.any(|step| step.get("target_label").is_some_and(is_address))
        && job.exporters.is_empty()
    {
        return true;
    }
    job.targets.iter().any(|target| {
        let Some((host, port)) = target.host_and_port() else {
            return speaks_of(facts.setup.slice(target.place));
        };
        // The program's own image at that host, or something that nobody knows at a port of the program.
        let is_own_host = matches!(host, "localhost" | "127.0.0.1");
        let here = facts
            .projects
            .iter()
            .flat_map(|project| project.services_at(host))
            .find_map(|service| service.program.as_ref());
        match here {
            Some(program) => program.program == image.program,
            None if is_own_host && port == Some(9090) => image.program == "prometheus",
            None => speaks_of(host) || port.is_some_and(|port| image.ports.contains(&port)),
        }
    })
}

/// Whether nobody knows what a job scrapes.
fn is_opaque(facts: &Facts<'_>, job: &ScrapeJob) -> bool {
    job.targets.iter().any(|target| {
        target.host_and_port().is_none_or(|(host, _)| {
            !matches!(host, "localhost" | "127.0.0.1")
                && facts
                    .projects
                    .iter()
                    .flat_map(|project| project.services_at(host))
                    .all(|service| service.program.is_none())
        })
    })
}
