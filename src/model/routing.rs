//! Alertmanager's routing tree, and where an alert ends up in it.

use std::sync::Arc;

use indexmap::{IndexMap, IndexSet};

use super::alert::Alerting;
use super::target::RedisTarget;
use crate::profile::Severity;
use crate::quantity::Duration;

/// Label that holds an alert's severity.
pub const SEVERITY_LABEL: &str = "severity";
/// Label that holds an alert's group: availability, saturation …
pub const GROUP_LABEL: &str = "group";
/// Label that holds the name of the profile's target an alert is about.
pub const TARGET_LABEL: &str = "redis";

/// An alerting rule of the bundle, as far as Alertmanager is concerned.
#[derive(Debug, Clone)]
pub struct RoutableAlert {
    /// Name in the catalogue.
    pub id: String,
    /// Name in the bundle; another one where the profile renames it.
    pub name: String,
    /// Its severity. An alert with a warning and a critical form is two of these.
    pub severity: Severity,
    /// Its group.
    pub group: String,
    /// Further labels that the rule sets.
    pub labels: IndexMap<String, String>,
    /// Labels of its series that tell two firing alerts of this rule apart: `instance`, `db` …
    pub identity: Vec<String>,
    /// The targets that it can be about; empty where it is about none (Prometheus itself, a probe).
    pub targets: Arc<IndexSet<String>>,
}

impl RoutableAlert {
    /// The labels that do not depend on the series.
    fn static_labels(&self) -> IndexMap<String, String> {
        let mut labels = self.labels.clone();
        labels.insert("alertname".into(), self.name.clone());
        labels.insert(SEVERITY_LABEL.into(), self.severity.as_str().into());
        labels.insert(GROUP_LABEL.into(), self.group.clone());
        labels
    }

    /// Label sets that stand for all that this alert can fire with: one for each of `named`, the
    /// targets that some route singles out, and one for all others together.
    pub fn label_sets(&self, named: &IndexSet<&str>) -> Vec<IndexMap<String, String>> {
        let labels = self.static_labels();
        if self.targets.is_empty() {
            return vec![labels];
        }
        let singled_out = named
            .iter()
            .copied()
            .filter(|name| self.targets.contains(*name));
        let other = self
            .targets
            .iter()
            .map(String::as_str)
            .find(|name| !named.contains(name));
        singled_out
            .chain(other)
            .map(|target| {
                let mut labels = labels.clone();
                labels.insert(TARGET_LABEL.into(), target.into());
                labels
            })
            .collect()
    }
}

/// Every alerting rule as Alertmanager sees it.
pub(super) fn routable<'a>(
    alerting: impl Iterator<Item = &'a Alerting<'a>>,
    targets: &[RedisTarget],
) -> Vec<RoutableAlert> {
    let mut by_topology: IndexMap<Vec<String>, Arc<IndexSet<String>>> = IndexMap::new();
    let none = Arc::new(IndexSet::new());
    alerting
        .flat_map(Alerting::rules)
        .map(|rule| {
            let keeps_target = rule.alert.keeps.iter().any(|label| label == "redis");
            let topologies = &rule.alert.needs.topologies;
            let about = || {
                let fits = |target: &&RedisTarget| {
                    topologies.is_empty()
                        || topologies
                            .iter()
                            .any(|name| name == target.topology.as_str())
                };
                let names = targets
                    .iter()
                    .filter(fits)
                    .map(|target| target.name.clone());
                Arc::new(names.collect())
            };
            let targets = if keeps_target {
                Arc::clone(by_topology.entry(topologies.clone()).or_insert_with(about))
            } else {
                Arc::clone(&none)
            };
            let mut identity = rule.alert.keeps.clone();
            // Labels beyond those of the target: a command, a replica, a database.
            identity.extend(rule.alert.test.result.keys().cloned());
            RoutableAlert {
                id: rule.alert.name.clone(),
                name: rule.name.clone(),
                severity: rule.severity,
                group: rule.labels.get("group").cloned().unwrap_or_default(),
                labels: rule.labels.clone(),
                identity,
                targets,
            }
        })
        .collect()
}

/// What a matcher demands of its label. A label that an alert does not have is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Demand {
    /// This value.
    Is(String),
    /// Any value but this.
    IsNot(String),
    /// One of these values.
    IsOneOf(Vec<String>),
}

/// One matcher of a route or an inhibit rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matcher {
    /// The label.
    pub label: String,
    /// What it must be.
    pub demand: Demand,
}

impl Matcher {
    /// A label with this value.
    pub fn is(label: &str, value: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            demand: Demand::Is(value.into()),
        }
    }

    /// A label with any other value.
    pub fn is_not(label: &str, value: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            demand: Demand::IsNot(value.into()),
        }
    }

    /// A label with one of these values, each named once; `None` without any.
    pub fn is_one_of<S: Into<String>>(
        label: &str,
        values: impl IntoIterator<Item = S>,
    ) -> Option<Self> {
        let values: IndexSet<String> = values.into_iter().map(Into::into).collect();
        let mut values: Vec<String> = values.into_iter().collect();
        let demand = match values.len() {
            0 => return None,
            1 => Demand::Is(values.remove(0)),
            _ => Demand::IsOneOf(values),
        };
        Some(Self {
            label: label.into(),
            demand,
        })
    }

    /// Whether an alert with these labels satisfies it.
    pub fn fits(&self, labels: &IndexMap<String, String>) -> bool {
        let found = labels.get(&self.label).map_or("", String::as_str);
        match &self.demand {
            Demand::Is(value) => found == value,
            Demand::IsNot(value) => found != value,
            Demand::IsOneOf(values) => values.iter().any(|value| value == found),
        }
    }

    /// In Alertmanager's notation: `severity=critical`, `group=~availability|saturation`. Values
    /// are quoted where Alertmanager 0.27's stricter parser wants it.
    pub fn to_text(&self) -> String {
        let (operator, value) = match &self.demand {
            Demand::Is(value) => ("=", value.clone()),
            Demand::IsNot(value) => ("!=", value.clone()),
            Demand::IsOneOf(values) => {
                let escaped: Vec<String> = values
                    .iter()
                    .map(|value| regex_syntax::escape(value))
                    .collect();
                ("=~", escaped.join("|"))
            }
        };
        let is_bare = !value.is_empty()
            && value
                .chars()
                .all(|char| char.is_ascii_alphanumeric() || matches!(char, '_' | '-' | '.' | '|'));
        if is_bare {
            return format!("{}{operator}{value}", self.label);
        }
        let mut quoted = String::new();
        for char in value.chars() {
            match char {
                '"' => quoted.push_str("\\\""),
                '\\' => quoted.push_str("\\\\"),
                '\n' => quoted.push_str("\\n"),
                char => quoted.push(char),
            }
        }
        format!("{}{operator}\"{quoted}\"", self.label)
    }
}

/// Where a route comes from, so that the file can say so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A route of the profile.
    Route(String),
    /// A repeat interval that the profile gives to alert groups.
    RepeatIntervals,
}

/// A route below the root. The first that fits takes the alert; none continues.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoutingNode {
    /// Where it comes from.
    pub origin: Origin,
    /// What an alert must satisfy.
    pub matchers: Vec<Matcher>,
    /// Who is told; `None` for the same as the route above.
    pub receiver: Option<String>,
    /// When they are told again; `None` for the same as the route above.
    pub repeat_interval: Option<Duration>,
    /// More special routes, tried before this one's own receiver.
    pub routes: Vec<RoutingNode>,
}

/// The whole tree. Its root takes every alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Routing {
    /// Who is told of what no route takes.
    pub receiver: String,
    /// Labels by which alerts are put into one message.
    pub group_by: Vec<String>,
    /// Time to wait for more alerts before the first message.
    pub group_wait: Duration,
    /// Time between messages about alerts that changed.
    pub group_interval: Duration,
    /// When a firing alert is told again.
    pub repeat_interval: Duration,
    /// Routes, in order.
    pub routes: Vec<RoutingNode>,
}

/// Where an alert ends up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Destination<'a> {
    /// Who is told.
    pub receiver: &'a str,
    /// When they are told again.
    pub repeat_interval: Duration,
}

impl Routing {
    /// Where an alert with these labels ends up. Exactly one place, because no route continues.
    pub fn destination(&self, labels: &IndexMap<String, String>) -> Destination<'_> {
        let mut found = Destination {
            receiver: &self.receiver,
            repeat_interval: self.repeat_interval,
        };
        let mut routes = &self.routes;
        while let Some(route) = routes
            .iter()
            .find(|route| route.matchers.iter().all(|matcher| matcher.fits(labels)))
        {
            if let Some(receiver) = &route.receiver {
                found.receiver = receiver;
            }
            found.repeat_interval = route.repeat_interval.unwrap_or(found.repeat_interval);
            routes = &route.routes;
        }
        found
    }

    /// Targets that some route singles out.
    pub fn named_targets(&self) -> IndexSet<&str> {
        fn collect<'a>(routes: &'a [RoutingNode], found: &mut IndexSet<&'a str>) {
            for route in routes {
                for matcher in &route.matchers {
                    if matcher.label == TARGET_LABEL {
                        match &matcher.demand {
                            Demand::Is(value) | Demand::IsNot(value) => {
                                found.insert(value);
                            }
                            Demand::IsOneOf(values) => {
                                found.extend(values.iter().map(String::as_str));
                            }
                        }
                    }
                }
                collect(&route.routes, found);
            }
        }
        let mut found = IndexSet::new();
        collect(&self.routes, &mut found);
        found
    }

    /// Every kind of alert that the bundle can fire, with its destination: what
    /// `amtool config routes test` must say, too.
    pub fn expectations<'a>(
        &'a self,
        alerts: &'a [RoutableAlert],
    ) -> impl Iterator<Item = (IndexMap<String, String>, Destination<'a>)> {
        let named = self.named_targets();
        alerts
            .iter()
            .flat_map(move |alert| alert.label_sets(&named))
            .map(|labels| {
                let destination = self.destination(&labels);
                (labels, destination)
            })
    }

    /// The longest time after which something is told again. Alertmanager must remember
    /// notifications for longer than this, or it repeats them early.
    pub fn longest_repeat_interval(&self) -> Duration {
        fn longest(routes: &[RoutingNode]) -> Option<Duration> {
            routes
                .iter()
                .flat_map(|route| [route.repeat_interval, longest(&route.routes)])
                .flatten()
                .max()
        }
        longest(&self.routes).map_or(self.repeat_interval, |found| {
            found.max(self.repeat_interval)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> IndexMap<String, String> {
        pairs
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect()
    }

    #[test]
    fn matchers_are_written_as_alertmanager_reads_them() {
        for (matcher, text) in [
            (Matcher::is("severity", "critical"), "severity=critical"),
            (Matcher::is("redis", "a b"), "redis=\"a b\""),
            (Matcher::is("redis", ""), "redis=\"\""),
            (Matcher::is("redis", "a\"\\\n"), "redis=\"a\\\"\\\\\\n\""),
            (
                Matcher::is_one_of("group", ["a", "b", "a"]).unwrap(),
                "group=~a|b",
            ),
            (
                Matcher::is_one_of("redis", ["a.b", "c"]).unwrap(),
                "redis=~\"a\\\\.b|c\"",
            ),
            (
                Matcher::is_not("alertname", "RedisDown"),
                "alertname!=RedisDown",
            ),
        ] {
            assert_eq!(matcher.to_text(), text);
        }
    }

    #[test]
    fn the_first_route_that_fits_takes_the_alert_and_its_children_refine_it() {
        let routing = Routing {
            receiver: "mail".into(),
            group_by: Vec::new(),
            group_wait: Duration::from_secs(30),
            group_interval: Duration::from_secs(300),
            repeat_interval: Duration::from_secs(3600),
            routes: vec![
                RoutingNode {
                    origin: Origin::Route("night".into()),
                    matchers: vec![Matcher::is("severity", "critical")],
                    receiver: Some("pager".into()),
                    repeat_interval: None,
                    routes: vec![RoutingNode {
                        origin: Origin::RepeatIntervals,
                        matchers: vec![Matcher::is("group", "saturation")],
                        receiver: None,
                        repeat_interval: Some(Duration::from_secs(60)),
                        routes: Vec::new(),
                    }],
                },
                RoutingNode {
                    origin: Origin::Route("all".into()),
                    matchers: Vec::new(),
                    receiver: Some("slack".into()),
                    repeat_interval: Some(Duration::from_secs(7200)),
                    routes: Vec::new(),
                },
            ],
        };
        let destination = |pairs| {
            let labels = labels(pairs);
            let found = routing.destination(&labels);
            (found.receiver, found.repeat_interval.as_millis() / 1000)
        };
        assert_eq!(
            destination(&[("severity", "critical"), ("group", "saturation")]),
            ("pager", 60)
        );
        assert_eq!(destination(&[("severity", "critical")]), ("pager", 3600));
        assert_eq!(destination(&[("severity", "warning")]), ("slack", 7200));
        assert_eq!(routing.longest_repeat_interval(), Duration::from_secs(7200));
    }

    #[test]
    fn ten_thousand_targets_are_a_handful_of_label_sets() {
        let alert = RoutableAlert {
            id: "RedisDown".into(),
            name: "RedisDown".into(),
            severity: Severity::Critical,
            group: "availability".into(),
            labels: IndexMap::new(),
            identity: vec!["instance".into()],
            targets: Arc::new((0..10_000).map(|number| format!("t{number}")).collect()),
        };
        let named = IndexSet::from(["t7", "elsewhere"]);
        let targets: Vec<String> = alert
            .label_sets(&named)
            .into_iter()
            .map(|labels| labels[TARGET_LABEL].clone())
            .collect();
        assert_eq!(targets, ["t7", "t0"]);
    }
}
