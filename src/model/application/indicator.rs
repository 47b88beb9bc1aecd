//! Where an application's figures are found: what its instrumentation knows, and what its profile says.

use super::{Shape, shape};
use crate::catalogue::{Exporter, Indicator, IndicatorName, Indicators, LabelMatch};
use crate::document::Route;
use crate::profile::{self, Problem, suggestion};
use crate::promql::{self, Kind};

pub(super) fn resolve(
    written: &profile::Application,
    flavour: Option<&Exporter>,
    namespace: Option<&str>,
    route: &Route,
    problems: &mut Vec<Problem>,
) -> Indicators {
    let mut indicators = flavour
        .and_then(|flavour| flavour.indicators.clone())
        .unwrap_or_default();
    if let (Some(flavour), Some(namespace)) = (flavour, namespace) {
        for name in IndicatorName::ALL {
            if let Some(indicator) = indicators.get_mut(name) {
                indicator.metric = flavour.exposed_name(&indicator.metric, namespace);
            }
        }
    }
    let route = route.key("indicators");
    let own = &written.indicators;
    for (name, text) in [
        (IndicatorName::Requests, &own.requests),
        (IndicatorName::Errors, &own.errors),
        (IndicatorName::Latency, &own.latency),
        (IndicatorName::InProgress, &own.in_progress),
        (IndicatorName::Health, &own.health),
    ] {
        let Some(text) = text else { continue };
        let read = Reader {
            written,
            flavour,
            namespace,
            name,
        };
        match read.selector(text) {
            Ok(indicator) => *indicators.get_mut(name) = Some(indicator),
            Err((message, help)) => {
                let route = route.key(name.as_str());
                let mut problem = Problem::value("profile/bad-indicator", route, message);
                problem.help = help;
                problems.push(problem);
            }
        }
    }
    for (key, label, place) in [
        ("path", &own.path, &mut indicators.path_label),
        ("method", &own.method, &mut indicators.method_label),
        ("status", &own.status, &mut indicators.status_label),
    ] {
        let Some(label) = label else { continue };
        let requests = indicators.requests.as_ref();
        let known = requests
            .and_then(|requests| shape(&written.metrics, flavour, namespace, &requests.metric));
        if known.is_some_and(|known| known.has_label(label)) {
            *place = Some(label.clone());
        } else {
            problems.push(
                Problem::value(
                    "profile/bad-indicator",
                    route.key(key),
                    format!("the counter of requests has no label `{label}`"),
                )
                .help("name it among the `labels` of that metric, or remove it here"),
            );
        }
    }
    if indicators.errors.is_some() && indicators.requests.is_none() {
        problems.push(
            Problem::key(
                "profile/bad-indicator",
                route.key("errors"),
                "failures are a share of requests, and nothing says where those are counted",
            )
            .help("set `requests`, too"),
        );
    }
    indicators
}

/// Reads one indicator.
struct Reader<'a> {
    written: &'a profile::Application,
    flavour: Option<&'a Exporter>,
    namespace: Option<&'a str>,
    name: IndicatorName,
}

/// A message, and how to mend it.
type Mistake = (String, Option<String>);

impl Reader<'_> {
    fn shape(&self, metric: &str) -> Option<Shape<'_>> {
        shape(&self.written.metrics, self.flavour, self.namespace, metric)
    }

    fn selector(&self, text: &str) -> Result<Indicator, Mistake> {
        let example = "write a metric, and matchers where not all of its series count: \
                       `http_requests_total{code=~\"5..\"}`";
        let parsed = promql::parse(text);
        if let Some(error) = parsed.errors.first() {
            let message = format!("this selects no series: {}", error.message);
            return Err((message, Some(example.into())));
        }
        let Kind::Selector(selector) = &parsed[parsed.root()].kind else {
            return Err(("this is no selector".into(), Some(example.into())));
        };
        let Some(metric) = selector.metric_name() else {
            let message = "this selector names no metric".into();
            return Err((message, Some(example.into())));
        };
        let Some(known) = self.shape(metric) else {
            let own = self.written.metrics.keys().map(String::as_str);
            let of_flavour = self.flavour.into_iter().flat_map(|it| it.metrics.keys());
            let names = own.chain(of_flavour.map(String::as_str));
            let help = suggestion(metric, names, "metrics")
                .unwrap_or_else(|| "describe it under `metrics` of this application".into());
            let message = format!("this application has no metric `{metric}`");
            return Err((message, Some(help)));
        };
        let wanted = self.name.metric_type();
        if known.kind != wanted {
            let message = format!(
                "`{metric}` is a {}, and `{}` is read from a {}",
                known.kind.as_str(),
                self.name.as_str(),
                wanted.as_str()
            );
            return Err((message, None));
        }
        let mut conditions = Vec::new();
        for matcher in selector.label_matchers() {
            let label = &*matcher.label.text;
            if !known.has_label(label) {
                let message = format!("`{metric}` has no label `{label}`");
                let help = "name it among the `labels` of that metric".to_owned();
                return Err((message, Some(help)));
            }
            conditions.push(LabelMatch {
                label: label.to_owned(),
                op: matcher.op,
                value: matcher.value.text().into_owned(),
            });
        }
        Ok(Indicator {
            metric: metric.to_owned(),
            conditions,
        })
    }
}
