//! What the rules of an application see of it.

use serde_json::{Map, Value as Json, json};

use super::{Application, Labels};
use crate::catalogue::IndicatorName;
use crate::template::promql_string;

impl Application<'_> {
    /// Whether it says where each of these figures is found.
    pub fn has_indicators(&self, names: &[IndicatorName]) -> bool {
        names
            .iter()
            .all(|name| self.indicators.get(*name).is_some())
    }

    /// What expressions and their tests see as `application`: selectors of its figures, and series
    /// that they have, without the labels that every target has.
    pub(in crate::model) fn alerting_context(&self, name: &str) -> Json {
        use IndicatorName::{Errors, Health, Latency, Requests};

        let mut context = Map::from_iter([("name".to_owned(), json!(name))]);
        for (key, figure, suffix) in [
            ("requests", Requests, ""),
            ("errors", Errors, ""),
            ("latency_bucket", Latency, "_bucket"),
            ("latency_count", Latency, "_count"),
            ("health", Health, ""),
        ] {
            if let Some(indicator) = self.indicators.get(figure) {
                let selector = self.selector(indicator, suffix, promql_string);
                context.insert(key.to_owned(), json!(selector));
            }
        }
        let examples = &self.examples;
        for (key, figure, suffix, labels) in [
            ("success_series", Requests, "", &examples.success),
            ("error_series", Errors, "", &examples.error),
            ("latency_count_series", Latency, "_count", &examples.latency),
            ("health_series", Health, "", &examples.health),
        ] {
            if let Some(indicator) = self.indicators.get(figure) {
                let series = format!("{}{suffix}{{{}}}", indicator.metric, matchers(labels));
                context.insert(key.to_owned(), json!(series));
            }
        }
        if let Some(indicator) = &self.indicators.latency {
            // Beside `le`, which the test writes.
            let more = matchers(&examples.latency);
            let separator = if more.is_empty() { "" } else { "," };
            context.insert("latency".to_owned(), json!(indicator.metric));
            context.insert(
                "latency_labels".to_owned(),
                json!(format!("{separator}{more}")),
            );
        }
        Json::Object(context)
    }
}

/// Labels as a selector has them between its braces.
fn matchers(labels: &Labels) -> String {
    let matchers: Vec<String> = labels
        .iter()
        .map(|(name, value)| format!("{name}={}", promql_string(value)))
        .collect();
    matchers.join(",")
}
