//! Programs beside Redis: what their metrics are called, whatever they are instrumented with.

mod alerting;
mod example;
mod indicator;

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::Serialize;

pub use example::{Examples, Labels};

use crate::catalogue::{self, Catalogue, Exporter, Indicator, Indicators};
use crate::document::Route;
use crate::profile::{self, ApplicationMetric, Problem, Profile, suggestion};
use crate::quantity::Duration;

/// A program whose metrics are scraped, complete.
#[derive(Debug, Clone)]
pub struct Application<'c> {
    /// Name of its scrape job.
    pub job: String,
    /// Time between two scrapes.
    pub interval: Duration,
    /// Its instrumentation, where the profile says which one it is.
    pub flavour: Option<&'c Exporter>,
    /// First part of the flavour's names; `None` for its own.
    pub namespace: Option<String>,
    /// The metrics that the profile describes.
    pub metrics: IndexMap<String, ApplicationMetric>,
    /// Its basic figures, under the names that it exposes.
    pub indicators: Indicators,
    /// Series that its figures have, for unit tests of rules.
    pub examples: Examples,
    /// Labels that are dropped from all of its series.
    pub dropped_labels: Vec<DroppedLabel>,
}

/// A label that Prometheus drops when it scrapes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DroppedLabel {
    /// The label.
    pub label: String,
    /// Why, for the reader of `prometheus.yml`.
    pub why: String,
}

/// What is known of a metric that an application exposes.
pub struct Shape<'a> {
    /// Its type.
    pub kind: catalogue::MetricType,
    labels: Vec<&'a str>,
}

impl Shape<'_> {
    /// Whether its series have this label.
    pub fn has_label(&self, label: &str) -> bool {
        self.labels.contains(&label)
    }
}

impl Application<'_> {
    /// What a metric is, without those of its client library.
    pub fn shape(&self, metric: &str) -> Option<Shape<'_>> {
        shape(
            &self.metrics,
            self.flavour,
            self.namespace.as_deref(),
            metric,
        )
    }

    /// What a metric of the flavour is called here.
    pub fn exposed_name(&self, metric: &str) -> String {
        match (self.flavour, &self.namespace) {
            (Some(flavour), Some(namespace)) => flavour.exposed_name(metric, namespace),
            _ => metric.to_owned(),
        }
    }

    /// The series that an indicator means: `metric`, with `suffix` behind it, of this job.
    pub fn selector(
        &self,
        indicator: &Indicator,
        suffix: &str,
        literal: impl Fn(&str) -> String,
    ) -> String {
        let mut matchers = vec![format!("job={}", literal(&self.job))];
        matchers.extend(indicator.conditions.iter().map(|found| {
            format!(
                "{}{}{}",
                found.label,
                found.op.as_str(),
                literal(&found.value)
            )
        }));
        format!("{}{suffix}{{{}}}", indicator.metric, matchers.join(","))
    }
}

fn shape<'a>(
    metrics: &'a IndexMap<String, ApplicationMetric>,
    flavour: Option<&'a Exporter>,
    namespace: Option<&str>,
    metric: &str,
) -> Option<Shape<'a>> {
    if let Some(own) = metrics.get(metric) {
        return Some(Shape {
            kind: metric_type(own.kind),
            labels: own.labels.iter().map(String::as_str).collect(),
        });
    }
    let flavour = flavour?;
    let known = match namespace {
        Some(namespace) => flavour
            .metrics
            .get(&flavour.default_name(metric, namespace)?),
        None => flavour.metrics.get(metric),
    }?;
    Some(Shape {
        kind: known.kind,
        labels: known.all_labels().collect(),
    })
}

/// A profile's word for a type as the catalogue has it.
pub const fn metric_type(kind: profile::MetricType) -> catalogue::MetricType {
    match kind {
        profile::MetricType::Counter => catalogue::MetricType::Counter,
        profile::MetricType::Gauge => catalogue::MetricType::Gauge,
        profile::MetricType::Histogram => catalogue::MetricType::Histogram,
        profile::MetricType::Summary => catalogue::MetricType::Summary,
    }
}

/// Every application of a profile.
pub fn resolve<'c>(
    profile: &Profile,
    catalogue: &'c Catalogue,
    problems: &mut Vec<Problem>,
) -> IndexMap<String, Application<'c>> {
    let mut applications = IndexMap::new();
    for (name, written) in &profile.applications {
        let route = Route::of(["applications", name]);
        let flavour = flavour(written, catalogue, &route, problems);
        let namespace = namespace(written, flavour, &route, problems);
        let indicators = indicator::resolve(written, flavour, namespace, &route, problems);
        let application = Application {
            job: written.job.clone().unwrap_or_else(|| name.clone()),
            interval: written.interval.unwrap_or(profile.scrape.interval),
            flavour,
            namespace: namespace.map(ToOwned::to_owned),
            metrics: written.metrics.clone(),
            examples: Examples::of(&indicators).unwrap_or_else(|label| {
                problems.push(
                    Problem::key(
                        "profile/bad-indicator",
                        route.key("indicators"),
                        format!(
                            "no value of the label `{label}` tells failures from other requests"
                        ),
                    )
                    .help("let `errors` select some, but not all of what `requests` selects"),
                );
                Examples::default()
            }),
            dropped_labels: dropped_labels(written, flavour, &indicators, &route, problems),
            indicators,
        };
        check_metrics(written, catalogue, &route, problems);
        applications.insert(name.clone(), application);
    }
    check_agreement(profile, problems);
    applications
}

fn flavour<'c>(
    written: &profile::Application,
    catalogue: &'c Catalogue,
    route: &Route,
    problems: &mut Vec<Problem>,
) -> Option<&'c Exporter> {
    let name = written.flavour.as_deref()?;
    let found = catalogue
        .exporter(name)
        .filter(|exporter| exporter.indicators.is_some());
    if found.is_none() {
        let mut problem = Problem::value(
            "profile/unknown-flavour",
            route.key("flavour"),
            format!("there is no flavour `{name}`"),
        );
        let known = catalogue
            .exporters()
            .filter(|exporter| exporter.indicators.is_some())
            .map(|exporter| exporter.name.as_str());
        problem.help = suggestion(name, known, "flavours");
        problems.push(problem);
    }
    found
}

fn namespace<'w>(
    written: &'w profile::Application,
    flavour: Option<&Exporter>,
    route: &Route,
    problems: &mut Vec<Problem>,
) -> Option<&'w str> {
    let namespace = written.namespace.as_deref()?;
    let has_one = flavour.is_some_and(|flavour| flavour.namespace.is_some());
    let is_name = namespace.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && namespace
            .chars()
            .all(|char| char.is_ascii_alphanumeric() || char == '_');
    let (problem, help) = if !has_one {
        (
            "nothing here has a namespace that could be changed",
            "remove `namespace`, or name a `flavour` whose metrics share one (`stackwright list flavours`)",
        )
    } else if !is_name {
        (
            "no metric can begin with this",
            "use letters, digits and `_`, beginning with no digit",
        )
    } else {
        return Some(namespace);
    };
    let route = route.key("namespace");
    problems.push(Problem::value("profile/bad-namespace", route, problem).help(help));
    None
}

fn dropped_labels(
    written: &profile::Application,
    flavour: Option<&Exporter>,
    indicators: &Indicators,
    route: &Route,
    problems: &mut Vec<Problem>,
) -> Vec<DroppedLabel> {
    let known = flavour.into_iter().flat_map(|it| &it.unbounded_labels);
    let mut dropped: Vec<DroppedLabel> = known
        .map(|unbounded| DroppedLabel {
            label: unbounded.label.clone(),
            why: unbounded.why.clone(),
        })
        .collect();
    for (index, label) in written.drop_labels.iter().enumerate() {
        let route = route.key("drop_labels").index(index);
        let mut refuse = |message: String, help: &str| {
            let problem = Problem::value("profile/bad-drop-label", route.clone(), message);
            problems.push(problem.help(help));
        };
        let is_name = label.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && label
                .chars()
                .all(|char| char.is_ascii_alphanumeric() || char == '_');
        let used_by = written
            .metrics
            .iter()
            .find(|(_, metric)| metric.labels.contains(label));
        if !is_name || label.starts_with("__") {
            refuse(
                "this cannot be the name of a label".into(),
                "use letters, digits and `_`, not beginning with a digit or `__`",
            );
        } else if ["job", "instance", "le", "quantile"].contains(&label.as_str()) {
            refuse(
                format!("without the label `{label}` series of one scrape could not be told apart"),
                "remove it from this list",
            );
        } else if indicators.use_label(label) {
            refuse(
                format!("panels and alerts of this application ask for the label `{label}`"),
                "keep it, or choose other `indicators`",
            );
        } else if let Some((metric, _)) = used_by {
            refuse(
                format!("`{metric}` is described with the label `{label}`"),
                "remove it there or here",
            );
        } else if !dropped.iter().any(|known| known.label == *label) {
            dropped.push(DroppedLabel {
                label: label.clone(),
                why: "Its values never end, says the profile.".into(),
            });
        }
    }
    dropped
}

/// Metrics that contradict each other, or what the catalogue knows better.
fn check_metrics(
    written: &profile::Application,
    catalogue: &Catalogue,
    route: &Route,
    problems: &mut Vec<Problem>,
) {
    for (name, metric) in &written.metrics {
        let route = route.key("metrics").key(name);
        if let Some(taken) = catalogue
            .exporter("redis_exporter")
            .filter(|exporter| exporter.resolve(name).is_some())
        {
            problems.push(
                Problem::key(
                    "profile/metric-of-the-exporter",
                    route.clone(),
                    format!(
                        "`{name}` is a metric of {}, with another meaning",
                        taken.title
                    ),
                )
                .help("rename it in the application; until then, leave it out here"),
            );
        }
        for (key, given, kind) in [
            (
                "misses",
                metric.misses.is_some(),
                profile::MetricType::Counter,
            ),
            ("share", metric.share.is_some(), profile::MetricType::Gauge),
            (
                "multiprocess",
                metric.multiprocess.is_some(),
                profile::MetricType::Gauge,
            ),
        ] {
            if given && metric.kind != kind {
                problems.push(
                    Problem::key(
                        "profile/misplaced-key",
                        route.key(key),
                        format!("only a {} has `{key}`", metric_type(kind).as_str()),
                    )
                    .help("remove it, or correct `type`"),
                );
            }
        }
        let is_gauge = metric.kind == profile::MetricType::Gauge;
        if metric.share.is_some() && is_gauge && metric.labels.is_empty() {
            problems.push(
                Problem::key(
                    "profile/misplaced-key",
                    route.key("share"),
                    "a share is that of one value of the first label, and there is no label",
                )
                .help("name the label that holds the state in `labels`"),
            );
        }
    }
}

/// One name means one thing, whichever application exposes it: queries across applications rely on it.
fn check_agreement(profile: &Profile, problems: &mut Vec<Problem>) {
    let mut described: BTreeMap<&str, (&str, &ApplicationMetric)> = BTreeMap::new();
    for (application, written) in &profile.applications {
        for (name, metric) in &written.metrics {
            let Some((first, other)) = described.get(name.as_str()) else {
                described.insert(name, (application, metric));
                continue;
            };
            let (key, differs) = [
                ("type", other.kind != metric.kind),
                ("unit", other.unit != metric.unit),
                ("labels", other.labels != metric.labels),
            ]
            .into_iter()
            .find(|(_, differs)| *differs)
            .unwrap_or_default();
            if differs {
                problems.push(
                    Problem::key(
                        "profile/contradicting-metrics",
                        Route::of(["applications", application, "metrics"]).key(name),
                        format!(
                            "`{name}` has another `{key}` here than in the application `{first}`"
                        ),
                    )
                    .help("describe it in both as it is, or rename one of the two metrics"),
                );
            }
        }
    }
}
