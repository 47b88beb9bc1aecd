//! How what a profile renders differs from the setup that it was adopted from, in what it means.

mod alerts;
mod grafana;
mod notifications;

use std::collections::BTreeSet;

use super::Adopted;
use crate::facts::Facts;
use crate::facts::prometheus::{ScrapeJob, Target};
use crate::model::{Stack, job};
use crate::setup::Place;

/// What becomes of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// It is in the setup only.
    Dropped,
    /// It is in both, and not the same.
    Changed,
    /// It is in what the profile renders only.
    Added,
}

impl Change {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dropped => "dropped",
            Self::Changed => "changed",
            Self::Added => "added",
        }
    }
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What becomes of it.
    pub change: Change,
    /// Where it stands in the setup; `None` for what is new.
    pub place: Option<Place>,
    /// What it is: "alert `RedisMemoryHigh`".
    pub subject: String,
    /// What is different, or why it is not there.
    pub detail: String,
}

/// Every difference: jobs, alerts, receivers, inhibit rules, datasources, dashboards, services, in this order.
pub fn compare(facts: &Facts<'_>, adopted: &Adopted, stack: &Stack<'_>) -> Vec<Difference> {
    let mut comparison = Comparison {
        facts,
        adopted,
        stack,
        differences: Vec::new(),
    };
    comparison.jobs();
    comparison.alerts();
    comparison.receivers();
    comparison.inhibit_rules();
    comparison.datasources();
    comparison.dashboards();
    comparison.services();
    comparison.differences
}

struct Comparison<'a> {
    facts: &'a Facts<'a>,
    adopted: &'a Adopted,
    stack: &'a Stack<'a>,
    differences: Vec<Difference>,
}

impl Comparison<'_> {
    fn say(
        &mut self,
        change: Change,
        place: impl Into<Option<Place>>,
        subject: impl Into<String>,
        detail: impl Into<String>,
    ) {
        self.differences.push(Difference {
            change,
            place: place.into(),
            subject: subject.into(),
            detail: detail.into(),
        });
    }

    /// Why something is not in the profile, where that has been said.
    fn reason(&self, subject: &str) -> Option<String> {
        let mut remainders = self.adopted.remainders.iter();
        remainders
            .find(|it| it.subject == subject)
            .map(|it| it.reason.clone())
    }

    fn jobs(&mut self) {
        let facts = self.facts;
        let mut seen = BTreeSet::new();
        for found in facts.scrape_jobs() {
            let name = found.name.as_str();
            if !seen.insert(name) {
                continue;
            }
            let subject = format!("scrape job `{name}`");
            match self.stack.jobs.iter().find(|it| it.name == name) {
                None => {
                    let reason = self.reason(&subject);
                    let reason = reason.unwrap_or_else(|| "the profile has no such job".into());
                    self.say(Change::Dropped, found.place(), subject, reason);
                }
                Some(rendered) => {
                    // Each of several servers has its part of the targets.
                    let alike = facts.scrape_jobs().filter(|it| it.name.as_str() == name);
                    let targets = alike.flat_map(|it| &it.targets);
                    let detail = changed_job(found, targets, rendered);
                    if !detail.is_empty() {
                        self.say(Change::Changed, found.place(), subject, detail.join(", "));
                    }
                }
            }
        }
        for rendered in &self.stack.jobs {
            if !seen.contains(rendered.name.as_str()) {
                let subject = format!("scrape job `{}`", rendered.name);
                let what = rendered.comment.trim_end_matches('.').to_owned();
                self.differences.push(Difference {
                    change: Change::Added,
                    place: None,
                    subject,
                    detail: what,
                });
            }
        }
    }

    fn services(&mut self) {
        let facts = self.facts;
        let summaries = self.stack.services.summaries();
        let mut known = BTreeSet::new();
        let services = facts
            .projects
            .iter()
            .flat_map(|project| project.services.values());
        for service in services {
            let name = service.name.as_str();
            let is_consumer = self.stack.consumers.iter().any(|it| it.name == name);
            if !known.insert(name) || is_consumer {
                continue;
            }
            let subject = format!("service `{name}`");
            let Some(found) = summaries.iter().find(|it| it.name == name) else {
                let reason = self.reason(&subject);
                let reason = reason
                    .unwrap_or_else(|| "the stack has it under another name, or not at all".into());
                self.say(Change::Dropped, service.place(), subject, reason);
                continue;
            };
            let mut detail = Vec::new();
            let image = service.image.as_ref().and_then(|image| image.text.value());
            if let Some(image) = image.filter(|image| image.as_str() != found.image) {
                detail.push(format!("image {} → {}", image.as_str(), found.image));
            }
            let port = service.ports.first().and_then(|port| port.host_port);
            if port != found.published {
                let words = |port: Option<u16>| {
                    port.map_or("no port".to_owned(), |port| format!("port {port}"))
                };
                detail.push(format!(
                    "{} → {} on the host",
                    words(port),
                    words(found.published)
                ));
            }
            if !detail.is_empty() {
                self.say(Change::Changed, service.place(), subject, detail.join(", "));
            }
        }
        for summary in &summaries {
            if !known.contains(summary.name) {
                let subject = format!("service `{}`", summary.name);
                self.differences.push(Difference {
                    change: Change::Added,
                    place: None,
                    subject,
                    detail: summary.image.to_owned(),
                });
            }
        }
    }
}

fn changed_job<'f>(
    found: &ScrapeJob,
    targets: impl Iterator<Item = &'f Target>,
    rendered: &job::ScrapeJob,
) -> Vec<String> {
    let mut detail = Vec::new();
    if found.tells_interval && found.scrape_interval != rendered.interval {
        detail.push(format!(
            "interval {} → {}",
            found.scrape_interval, rendered.interval
        ));
    }
    let scheme = found.scheme.value().map_or("http", String::as_str);
    if scheme != rendered.scheme {
        detail.push(format!("scheme {scheme} → {}", rendered.scheme));
    }
    if let Some(path) = found
        .metrics_path
        .value()
        .filter(|path| **path != rendered.metrics_path)
    {
        detail.push(format!("path {path} → {}", rendered.metrics_path));
    }
    let before: BTreeSet<&str> = targets
        .filter_map(|target| Some(target.address.value()?.as_str()))
        .collect();
    let after: BTreeSet<&str> = rendered
        .discovery
        .groups()
        .iter()
        .flat_map(|group| &group.targets)
        .map(String::as_str)
        .collect();
    for gone in before.difference(&after) {
        detail.push(format!("target {gone} dropped"));
    }
    for new in after.difference(&before) {
        detail.push(format!("target {new} added"));
    }
    let own = found.targets.iter().flat_map(|target| &target.labels);
    let mut own = own.map(|(key, _)| key.as_str());
    let groups = rendered.discovery.groups().iter();
    let mut labels = groups.flat_map(|group| group.labels.keys());
    if labels.any(|label| label == "instance") && !own.any(|label| label == "instance") {
        detail.push("`instance` names the Redis instead of the exporter".into());
    }
    detail
}
