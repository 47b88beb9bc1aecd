use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::diagnostic::{Level, Safety};
use crate::document::Change;
use crate::facts::Facts;
use crate::facts::datasource::Datasource;
use crate::facts::prometheus::{PrometheusServer, ScrapeJob, host_and_port};
use crate::facts::text::{Text, placeholder};
use crate::lint::rewriting::{edits, route_to};
use crate::lint::{Findings, Lint, Need};
use crate::quantity::Duration;

pub(super) static LINT: Lint = Lint {
    id: "stack/rate-interval-mismatch",
    level: Level::Warning,
    summary: "a datasource tells Grafana another scrape interval than Prometheus has",
    needs: &[Need::Files],
    check,
};

/// What Grafana assumes where `jsonData.timeInterval` says nothing.
const ASSUMED: Duration = Duration::from_secs(15);

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    if facts.prometheus.is_empty() || facts.datasources.is_empty() {
        return;
    }
    let uses_variable = facts.dashboards.iter().any(|dashboard| {
        facts
            .setup
            .document(dashboard.document)
            .text
            .text()
            .contains("__rate_interval")
    });
    if !uses_variable {
        return;
    }
    for datasource in facts
        .datasources
        .iter()
        .filter(|datasource| datasource.kind.as_str() == "prometheus")
    {
        if let Some(server) = server_of(facts, datasource) {
            check_datasource(facts, datasource, server, findings);
        }
    }
}

/// The Prometheus behind a datasource: the one that its address names, of a setup that has one.
fn server_of<'f>(facts: &'f Facts<'_>, datasource: &Datasource) -> Option<&'f PrometheusServer> {
    let url = datasource.url.as_ref()?.value()?;
    let (host, _) = host_and_port(url.as_str())?;
    let named = facts.prometheus.iter().find(|server| {
        server
            .service
            .as_ref()
            .and_then(|id| facts.service(id))
            .is_some_and(|service| service.hosts.iter().any(|name| name == host))
    });
    named.or_else(|| match facts.prometheus.as_slice() {
        [only] if host.starts_with("prometheus") => Some(only),
        _ => None,
    })
}

fn check_datasource(
    facts: &Facts<'_>,
    datasource: &Datasource,
    server: &PrometheusServer,
    findings: &mut Findings<'_>,
) {
    let document = facts.setup.document(datasource.document);
    let written = datasource
        .node
        .get("jsonData")
        .and_then(|data| data.get("timeInterval"))
        .filter(|node| !node.scalar_text().is_empty());
    let told = match written {
        None => ASSUMED,
        Some(node) if placeholder(node.scalar_text()).is_some() => return,
        Some(node) => match node.scalar_text().parse() {
            Ok(duration) => duration,
            Err(_) => return,
        },
    };
    // Prometheus' own metrics are not what dashboards are about.
    let Some(job) = usual(server) else { return };
    let real = job.scrape_interval;
    let place = written.map_or(datasource.place, |node| Text::of(document, node).place);
    let interval = job
        .node
        .get("scrape_interval")
        .map_or(job.name.place, |node| {
            facts.setup.document(job.document).place(node.span)
        });
    let window = told.times(4);
    let says = match written {
        Some(_) => format!("says that samples come every {told}"),
        None => format!("does not say how often samples come, so Grafana assumes {told}"),
    };
    let name = datasource.name.as_str();
    let mend = match written {
        Some(_) => format!("set `timeInterval` to `{real}`"),
        None => format!("set `jsonData.timeInterval` to `{real}`"),
    };
    let told_right = || {
        let interval = serde_json::Value::from(real.to_string());
        let change = match (written, datasource.node.get("jsonData")) {
            (Some(node), _) => Change::Replace(route_to(document, node)?, interval),
            (None, Some(data)) => {
                let route = route_to(document, data)?;
                match data.entry("timeInterval") {
                    Some(_) => Change::Replace(route.key("timeInterval"), interval),
                    None => Change::Insert(route, "timeInterval".into(), interval),
                }
            }
            (None, None) => Change::Insert(
                route_to(document, &datasource.node)?,
                "jsonData".into(),
                serde_json::json!({"timeInterval": interval}),
            ),
        };
        edits(document, &[change])
    };
    let finding = if window.as_millis() < real.as_millis().saturating_mul(2) {
        findings
            .report(
                place,
                format!("datasource `{name}` {says}; job `{}` scrapes every {real}: `$__rate_interval` can be {window}, in which there are less than two samples", job.name.as_str()),
            )
            .label("graphs stay empty")
            .related("the job", interval)
            .help(mend)
    } else if told.as_millis() > real.as_millis().saturating_mul(2) && written.is_some() {
        findings
            .report(
                place,
                format!("datasource `{name}` {says}; most jobs scrape every {real}: rates are smoothed over {window} and more"),
            )
            .label("longer than needed")
            .related("the job", interval)
            .help(mend)
            .level(Level::Info)
    } else {
        return;
    };
    if let Some(edits) = told_right() {
        let title = format!("tell Grafana `{real}`");
        finding.fix(Safety::Unsafe, title, edits);
    }
}

/// A job with the interval that most jobs have; of two, the shorter one. Single slow jobs are read over windows of their own.
fn usual(server: &PrometheusServer) -> Option<&ScrapeJob> {
    let mut alike: BTreeMap<Reverse<u64>, (usize, &ScrapeJob)> = BTreeMap::new();
    for job in &server.jobs {
        if job.name.as_str() == "prometheus" && server.jobs.len() > 1 {
            continue;
        }
        let interval = Reverse(job.scrape_interval.as_millis());
        let (count, last) = alike.entry(interval).or_insert((0, job));
        *count += 1;
        *last = job;
    }
    let (_, job) = alike.into_values().max_by_key(|(count, _)| *count)?;
    Some(job)
}
