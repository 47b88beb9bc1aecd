//! How what a profile renders differs from the setup that it was adopted from, in what it means.

use std::collections::BTreeSet;

use super::quantity::guards;
use super::{Adopted, Recognised};
use crate::catalogue::ThresholdUnit;
use crate::facts::Facts;
use crate::facts::prometheus::ScrapeJob;
use crate::model::Stack;
use crate::model::alert::AlertingRule;
use crate::model::job;
use crate::promql;
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

/// Every difference: jobs, alerts, receivers, dashboards, services, in this order.
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
                    let detail = changed_job(found, rendered);
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

    fn rendered(&self, found: &Recognised) -> Option<&AlertingRule<'_>> {
        let alerting = std::iter::once(&self.stack.alerting).chain(&self.stack.counting);
        let rules = alerting.flat_map(|it| it.rules());
        let mut fitting =
            rules.filter(|it| it.alert.name == found.alert && it.severity == found.severity);
        let first = fitting.next()?;
        Some(match first.expr == found.expr {
            true => first,
            false => fitting.find(|it| it.expr == found.expr).unwrap_or(first),
        })
    }

    fn alerts(&mut self) {
        let mut differences = Vec::new();
        for found in &self.adopted.recognised {
            let subject = format!("alert `{}`", found.name);
            match self.rendered(found) {
                None => differences.push(Difference {
                    change: Change::Dropped,
                    place: Some(found.place),
                    subject,
                    detail: self
                        .stack
                        .alerting
                        .omitted
                        .get(&found.alert)
                        .cloned()
                        .unwrap_or_else(|| {
                            format!("`{}` of the catalogue is not rendered", found.alert)
                        }),
                }),
                Some(rendered) => {
                    let detail = self.changed_alert(found, rendered);
                    if !detail.is_empty() {
                        differences.push(Difference {
                            change: Change::Changed,
                            place: Some(found.place),
                            subject,
                            detail: detail.join(", "),
                        });
                    }
                }
            }
        }
        for remainder in &self.adopted.remainders {
            let is_rule = remainder.subject.starts_with("alert `")
                || remainder.subject.starts_with("recording rule `");
            if is_rule {
                differences.push(Difference {
                    change: Change::Dropped,
                    place: remainder.place,
                    subject: remainder.subject.clone(),
                    detail: remainder.reason.clone(),
                });
            }
        }
        differences.sort_by_key(|it| it.place);
        self.differences.extend(differences);
        let known: BTreeSet<&str> = self
            .adopted
            .recognised
            .iter()
            .map(|it| it.alert.as_str())
            .collect();
        let mut added: BTreeSet<(String, String)> = BTreeSet::new();
        for rule in self.stack.alerting.rules() {
            if !known.contains(rule.alert.name.as_str()) {
                let why = rule
                    .alert
                    .why
                    .split_whitespace()
                    .collect::<Vec<_>>()
                    .join(" ");
                let first = why
                    .split(". ")
                    .next()
                    .unwrap_or_default()
                    .trim_end_matches('.');
                added.insert((rule.name.clone(), first.to_owned()));
            }
        }
        for (name, why) in added {
            self.say(Change::Added, None, format!("alert `{name}`"), why);
        }
    }

    fn changed_alert(&self, found: &Recognised, rendered: &AlertingRule<'_>) -> Vec<String> {
        let mut detail = Vec::new();
        if rendered.name != found.name {
            detail.push(format!("called `{}`", rendered.name));
        }
        if found.expr.trim() != rendered.expr.trim() && !found.is_same {
            let unit = rendered
                .threshold
                .as_ref()
                .map(|(_, threshold)| threshold.unit);
            let before = found.value.map(|value| words(unit, value));
            let after = rendered
                .threshold
                .as_ref()
                .map(|(value, _)| words(unit, *value));
            let numbers = match (before, after) {
                (Some(before), Some(after)) => format!("threshold {before} → {after}"),
                _ => format!("asks as `{}` of the catalogue", found.alert),
            };
            let parsed = promql::parse(&found.expr);
            let own = guards(&parsed);
            let new: Vec<String> = self
                .expressions(&rendered.expr)
                .iter()
                .flat_map(|expr| guards(&promql::parse(expr)))
                .filter(|guard| !own.contains(guard))
                .collect();
            detail.push(match new.is_empty() {
                true => numbers,
                false => format!("{numbers} guarded by {}", new.join(" and ")),
            });
        }
        if found.pending != rendered.pending {
            detail.push(format!("for {} → {}", found.pending, rendered.pending));
        }
        detail
    }

    /// An expression, and those of the recording rules that it reads.
    fn expressions(&self, expr: &str) -> Vec<String> {
        let recording = self.stack.alerting.recording.iter();
        let read = recording.filter(|it| expr.contains(&it.rule.name));
        std::iter::once(expr.to_owned())
            .chain(read.map(|it| it.expr.clone()))
            .collect()
    }

    fn receivers(&mut self) {
        let facts = self.facts;
        let rendered = &self.stack.notification.receivers;
        for receiver in facts.alertmanagers.iter().flat_map(|it| &it.receivers) {
            let name = receiver.name.as_str();
            let count = receiver.integrations.len();
            let found = rendered.iter().find(|it| it.name == name);
            let subject = format!("receiver `{name}`");
            match found {
                None => {
                    let detail = match rendered.iter().any(|it| it.integrations.len() == count) {
                        true => "it has another name, after its channels".to_owned(),
                        false => "no route of the profile leads to it".to_owned(),
                    };
                    self.say(Change::Dropped, receiver.name.place, subject, detail);
                }
                Some(found) if found.integrations.len() != count => {
                    let detail = format!("{count} integrations → {}", found.integrations.len());
                    self.say(Change::Changed, receiver.name.place, subject, detail);
                }
                Some(_) => {}
            }
        }
        let known: BTreeSet<&str> = facts
            .alertmanagers
            .iter()
            .flat_map(|it| &it.receivers)
            .map(|it| it.name.as_str())
            .collect();
        for receiver in rendered {
            if !known.contains(receiver.name.as_str()) {
                let detail = match receiver.integrations.is_empty() {
                    true => "it tells nobody".to_owned(),
                    false => "named after its channels".to_owned(),
                };
                self.say(
                    Change::Added,
                    None,
                    format!("receiver `{}`", receiver.name),
                    detail,
                );
            }
        }
    }

    fn dashboards(&mut self) {
        let facts = self.facts;
        let rendered = &self.stack.dashboards;
        let mut matched = BTreeSet::new();
        for dashboard in &facts.dashboards {
            let title = dashboard.title.as_ref().map_or("", |text| text.as_str());
            let uid = dashboard.uid.as_ref().map_or("", |text| text.as_str());
            let found = rendered
                .iter()
                .find(|it| (!uid.is_empty() && it.uid == uid) || it.title == title);
            let place = facts.setup.document(dashboard.document).head();
            let place = dashboard.title.as_ref().map_or(place, |text| text.place);
            let count = dashboard
                .panels
                .iter()
                .filter(|panel| !panel.is_row())
                .count();
            let subject = format!("dashboard `{title}`");
            match found {
                None => {
                    let reason = self.reason(&subject);
                    let reason = reason.unwrap_or_else(|| {
                        format!("{count} panels that the profile does not have")
                    });
                    self.say(Change::Dropped, place, subject, reason);
                }
                Some(found) => {
                    matched.insert(found.uid.clone());
                    let panels = found.panels().count();
                    if panels != count {
                        self.say(
                            Change::Changed,
                            place,
                            subject,
                            format!("{count} panels → {panels}"),
                        );
                    }
                }
            }
        }
        for dashboard in rendered {
            if !matched.contains(&dashboard.uid) {
                let panels = dashboard.panels().count();
                let subject = format!("dashboard `{}`", dashboard.title);
                self.say(Change::Added, None, subject, format!("{panels} panels"));
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
            if !known.insert(name) {
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

fn words(unit: Option<ThresholdUnit>, value: f64) -> String {
    unit.map_or_else(|| value.to_string(), |unit| unit.in_words(value))
}

fn changed_job(found: &ScrapeJob, rendered: &job::ScrapeJob) -> Vec<String> {
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
    let before: BTreeSet<&str> = found
        .targets
        .iter()
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
