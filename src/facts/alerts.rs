//! The alerts that rules of the setup send, and what is known of their labels before any of them fires.

use std::collections::{BTreeMap, BTreeSet};

use super::Facts;
use super::expression::ExpressionId;
use super::matcher::LabelMatcher;
use super::prometheus::PrometheusServer;
use super::rules::RuleKind;
use super::text::Text;
use crate::promql::Kind as PromqlKind;
use crate::promql::analysis::Presence;
use crate::setup::{Kind, Place};

/// What an alert has under a label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LabelValue {
    /// Always this; the empty text where the label is never there.
    Is(String),
    /// Whatever the series has that it fires for, if they have the label at all.
    OfSeries,
    /// A template, or something that rewrites alerts on their way: anything.
    Open,
}

/// One alerting rule as its receiver sees it.
#[derive(Debug)]
pub struct SentAlert {
    /// The alert's name.
    pub name: String,
    /// Where the rule stands.
    pub place: Place,
    /// Labels that the rule, its group and the server give.
    given: BTreeMap<String, LabelValue>,
    /// Its queries; empty where nothing is known of them.
    expressions: Vec<ExpressionId>,
}

/// Whether an alert satisfies a matcher.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Chance {
    /// It cannot.
    Never,
    /// Only if its series bring the label, which nothing in the setup suggests.
    Unlikely,
    /// It may.
    Perhaps,
    /// It does.
    Certain,
}

/// Every alert of a kind of sender, and the labels that series are known to bring.
#[derive(Debug)]
pub struct SentAlerts<'f> {
    facts: &'f Facts<'f>,
    /// The alerts.
    pub all: Vec<SentAlert>,
    /// Labels that some query names or some job attaches.
    brought: BTreeSet<String>,
    /// Labels that some rule gives.
    given: BTreeSet<String>,
}

impl Facts<'_> {
    /// Alerts of Prometheus' and Loki's rules: what Alertmanager gets.
    pub fn alerts(&self) -> SentAlerts<'_> {
        let mut all = Vec::new();
        for file in &self.rule_files {
            let servers: Vec<&PrometheusServer> = file
                .loaded_by
                .iter()
                .filter_map(|server| self.prometheus.get(*server))
                .collect();
            for (group, rule) in file.rules() {
                if rule.kind == RuleKind::Alerting {
                    let external = servers.iter().flat_map(|server| &server.external_labels);
                    let labels = external.chain(&group.labels).chain(&rule.labels);
                    all.push(SentAlert {
                        name: rule.name.value.to_string(),
                        place: rule.place(),
                        given: given(labels),
                        expressions: rule.expression.into_iter().collect(),
                    });
                }
            }
        }
        for document in self.setup.of_kind(Kind::LokiRules) {
            let groups = document
                .root
                .get("groups")
                .map_or(&[][..], |node| node.items());
            for rule in groups
                .iter()
                .flat_map(|group| group.get("rules").map_or(&[][..], |node| node.items()))
            {
                let Some(name) = rule.get("alert") else {
                    continue;
                };
                let labels = super::prometheus::pairs(document, rule.get("labels"));
                all.push(SentAlert {
                    name: name.scalar_text().to_owned(),
                    place: document.place(name.span),
                    given: given(&labels),
                    expressions: Vec::new(),
                });
            }
        }
        self.sent(all)
    }

    /// Alerts of rules that Grafana evaluates.
    pub fn grafana_alerts(&self) -> SentAlerts<'_> {
        let all = self.grafana_rules.iter().map(|rule| SentAlert {
            name: rule.title.value.to_string(),
            place: rule.title.place,
            given: given(&rule.labels),
            expressions: match rule.queries.iter().all(|query| query.text.is_some()) {
                true => rule
                    .queries
                    .iter()
                    .filter_map(|query| query.expression)
                    .collect(),
                false => Vec::new(),
            },
        });
        self.sent(all.collect())
    }

    fn sent(&self, all: Vec<SentAlert>) -> SentAlerts<'_> {
        SentAlerts {
            facts: self,
            given: all
                .iter()
                .flat_map(|alert| alert.given.keys().cloned())
                .collect(),
            all,
            brought: self.labels_of_series(),
        }
    }

    /// Labels that some query names, some job attaches, or every series has.
    fn labels_of_series(&self) -> BTreeSet<String> {
        let mut labels: BTreeSet<String> = ["job", "instance"].map(str::to_owned).into();
        for (_, node) in self
            .expressions
            .iter()
            .flat_map(|expression| expression.parsed.nodes())
        {
            match &node.kind {
                PromqlKind::Selector(selector) => labels.extend(
                    selector
                        .label_matchers()
                        .map(|matcher| matcher.label.text.to_string()),
                ),
                PromqlKind::Aggregation(aggregation) => labels.extend(
                    aggregation
                        .grouping
                        .iter()
                        .flat_map(|grouping| &grouping.labels)
                        .map(|label| label.text.to_string()),
                ),
                PromqlKind::Binary(binary) => labels.extend(
                    binary
                        .matching
                        .iter()
                        .flat_map(|matching| &matching.labels)
                        .map(|label| label.text.to_string()),
                ),
                _ => {}
            }
        }
        for job in self.scrape_jobs() {
            let attached = job.targets.iter().flat_map(|target| &target.labels);
            labels.extend(attached.map(|(label, _)| label.value.to_string()));
            // A constant that relabeling writes is one value; any other step may write every value.
            for step in job.relabelings.iter().chain(&job.metric_relabelings) {
                let label = step.get("target_label").map(|node| node.scalar_text());
                let constant = step
                    .get("source_labels")
                    .is_none_or(|node| node.items().is_empty());
                labels.extend(label.filter(|_| !constant).map(str::to_owned));
            }
        }
        labels
    }
}

fn given<'l>(labels: impl IntoIterator<Item = &'l (Text, Text)>) -> BTreeMap<String, LabelValue> {
    labels
        .into_iter()
        .map(|(name, value)| {
            let value = match value.as_str().contains("{{") || value.as_str().contains('$') {
                true => LabelValue::Open,
                false => LabelValue::Is(value.value.to_string()),
            };
            (name.value.to_string(), value)
        })
        .collect()
}

impl SentAlerts<'_> {
    /// What an alert has under `label`.
    pub fn value(&self, alert: &SentAlert, label: &str) -> LabelValue {
        if label == "alertname" {
            return LabelValue::Is(alert.name.clone());
        }
        if let Some(value) = alert.given.get(label) {
            return value.clone();
        }
        if alert.expressions.is_empty() {
            return LabelValue::OfSeries;
        }
        let mut values = alert.expressions.iter().map(|id| {
            let expression = self.facts.expression(*id);
            let labels = expression.analysis.labels(expression.parsed.root());
            let found = labels.get(label);
            match (found.presence, &found.value) {
                (Presence::Never, _) => LabelValue::Is(String::new()),
                (Presence::Always, Some(value)) => LabelValue::Is(value.to_string()),
                _ => LabelValue::OfSeries,
            }
        });
        let first = values.next().unwrap_or(LabelValue::OfSeries);
        match values.all(|value| value == first) {
            true => first,
            false => LabelValue::OfSeries,
        }
    }

    /// Whether an alert satisfies a matcher.
    pub fn chance(&self, alert: &SentAlert, matcher: &LabelMatcher) -> Chance {
        match self.value(alert, &matcher.label) {
            LabelValue::Is(value) if matcher.accepts(&value) => Chance::Certain,
            LabelValue::Is(_) => Chance::Never,
            LabelValue::Open => Chance::Perhaps,
            LabelValue::OfSeries if matcher.accepts("") => Chance::Perhaps,
            // Where rules give a label and no query knows it, series do not have it.
            LabelValue::OfSeries
                if !self.brought.contains(&matcher.label) && self.is_given(&matcher.label) =>
            {
                Chance::Unlikely
            }
            LabelValue::OfSeries => Chance::Perhaps,
        }
    }

    /// Whether an alert satisfies all of them.
    pub fn chance_of_all<'m>(
        &self,
        alert: &SentAlert,
        matchers: impl IntoIterator<Item = &'m LabelMatcher>,
    ) -> Chance {
        matchers
            .into_iter()
            .map(|matcher| self.chance(alert, matcher))
            .min()
            .unwrap_or(Chance::Certain)
    }

    /// Whether some rule gives a label, so that it is the rules that decide it.
    pub fn is_given(&self, label: &str) -> bool {
        self.given.contains(label)
    }

    /// Whether some query names a label, or some job attaches it.
    pub fn is_brought(&self, label: &str) -> bool {
        self.brought.contains(label)
    }

    /// The values that rules give a label, where all of them are known.
    pub fn given_values(&self, label: &str) -> Option<BTreeSet<&str>> {
        let mut values = BTreeSet::new();
        for alert in &self.all {
            match alert.given.get(label) {
                Some(LabelValue::Is(value)) => values.insert(value.as_str()),
                Some(_) => return None,
                None => continue,
            };
        }
        Some(values)
    }
}
