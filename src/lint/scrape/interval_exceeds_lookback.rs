use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::facts::prometheus::PrometheusServer;
use crate::lint::{Findings, Lint, Need};
use crate::quantity::Duration;

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
            findings
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
                findings
                    .report(
                        group.name.place,
                        format!(
                            "group `{}` is evaluated every {interval}: a sample counts for {lookback}, so what it records comes and goes",
                            group.name.as_str()
                        ),
                    )
                    .label("too seldom")
                    .help("evaluate it at least every 2m");
            }
        }
    }
}

fn lookback(facts: &Facts<'_>, server: &PrometheusServer) -> Option<Duration> {
    server
        .service
        .as_ref()
        .and_then(|id| facts.service(id))
        .and_then(|service| service.flag("query.lookback-delta"))
        .and_then(|text| text.as_str().parse().ok())
}
