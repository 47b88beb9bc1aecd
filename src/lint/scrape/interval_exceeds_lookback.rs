use crate::diagnostic::{Level, Safety};
use crate::document::Node;
use crate::facts::Facts;
use crate::facts::prometheus::PrometheusServer;
use crate::lint::{Findings, Lint, Need};
use crate::quantity::Duration;
use crate::source::Span;

pub(super) static LINT: Lint = Lint {
    id: "scrape/interval-exceeds-lookback",
    level: Level::Warning,
    summary: "a job is scraped, or a group evaluated, so seldom that its series have gaps",
    needs: &[Need::Files],
    check,
};

/// `--query.lookback-delta` unless it is given.
const LOOKBACK: Duration = Duration::from_secs(300);

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for (index, server) in facts.prometheus.iter().enumerate() {
        let lookback = lookback(facts, server)
            .or(findings.options().lookback)
            .unwrap_or(LOOKBACK);
        for job in &server.jobs {
            if job.scrape_interval < lookback {
                continue;
            }
            let document = facts.setup.document(job.document);
            let place = job
                .node
                .get("scrape_interval")
                .map_or(job.place(), |node| document.place(node.span));
            let finding = findings
                .report(
                    place,
                    format!(
                        "job `{}` is scraped every {}: a sample counts for {lookback}, so its series come and go",
                        job.name.as_str(),
                        job.scrape_interval
                    ),
                )
                .label("too seldom")
                .help("scrape at least every 2m");
            let global = || document.root.get("global")?.get("scrape_interval");
            let often = lookback > OFTEN;
            if let Some(node) = job
                .node
                .get("scrape_interval")
                .or_else(global)
                .filter(|_| often)
            {
                let edits = vec![(document.place(node.span), OFTEN.to_string())];
                finding.fix(Safety::Unsafe, "scrape every 2m", edits);
            }
        }
        for file in facts
            .rule_files
            .iter()
            .filter(|file| file.loaded_by.contains(&index))
        {
            for group in &file.groups {
                let Some(interval) = group.interval.filter(|interval| *interval >= lookback) else {
                    continue;
                };
                let document = facts.setup.document(file.document);
                let finding = findings
                    .report(
                        group.name.place,
                        format!(
                            "group `{}` is evaluated every {interval}: a sample counts for {lookback}, so what it records comes and goes",
                            group.name.as_str()
                        ),
                    )
                    .label("too seldom")
                    .help("evaluate it at least every 2m");
                let of_group = group_node(&document.root, group.name.place.span);
                let interval = of_group.and_then(|group| group.get("interval"));
                if let Some(node) = interval.filter(|_| lookback > OFTEN) {
                    let edits = vec![(document.place(node.span), OFTEN.to_string())];
                    finding.fix(Safety::Unsafe, "evaluate it every 2m", edits);
                }
            }
        }
    }
}

/// Seldom enough to save, and often enough that one failure leaves no gap.
const OFTEN: Duration = Duration::from_secs(120);

/// The group whose name stands there.
fn group_node(root: &Node, name: Span) -> Option<&Node> {
    let groups = root
        .get("groups")
        .or_else(|| root.get("spec")?.get("groups"))?;
    let mut groups = groups.items().iter();
    groups.find(|group: &&Node| group.get("name").is_some_and(|node| node.span == name))
}

fn lookback(facts: &Facts<'_>, server: &PrometheusServer) -> Option<Duration> {
    server
        .service
        .as_ref()
        .and_then(|id| facts.service(id))
        .and_then(|service| service.flag("query.lookback-delta"))
        .and_then(|text| text.as_str().parse().ok())
}
