//! What Prometheus knows, by its HTTP API.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{Outcome, http};

/// One series of an answer.
#[derive(Debug, Clone, Deserialize)]
pub struct Series {
    #[serde(rename = "metric")]
    pub labels: BTreeMap<String, String>,
    /// Time and value, the value as text.
    pub value: (f64, String),
}

impl Series {
    pub fn label(&self, name: &str) -> &str {
        self.labels.get(name).map_or("", String::as_str)
    }
}

/// One running Prometheus.
#[derive(Debug, Clone, Copy)]
pub struct Prometheus {
    pub port: u16,
}

impl Prometheus {
    /// The series that an instant query returns now.
    pub fn query(&self, expr: &str) -> Outcome<Vec<Series>> {
        let path = format!("/api/v1/query?query={}", http::encoded(expr));
        let answer = http::get(self.port, &path)?;
        serde_json::from_value(answer["data"]["result"].clone())
            .map_err(|error| format!("{expr}: {error}"))
    }

    /// The values of a label, as a variable of a dashboard has them.
    pub fn label_values(&self, label: &str, selector: &str) -> Outcome<Vec<String>> {
        let path = format!(
            "/api/v1/label/{label}/values?match[]={}",
            http::encoded(selector)
        );
        let answer = http::get(self.port, &path)?;
        serde_json::from_value(answer["data"].clone()).map_err(|error| error.to_string())
    }

    /// Alerts that have been pending or firing within the last seconds, as `RedisDown (pending)`.
    pub fn alerts_within(&self, seconds: u64) -> Outcome<Vec<String>> {
        let series = self.query(&format!("max_over_time(ALERTS[{seconds}s])"))?;
        Ok(series
            .iter()
            .map(|series| {
                let about = ["redis", "instance"]
                    .map(|name| series.label(name))
                    .join(" ");
                format!(
                    "{} ({}, {})",
                    series.label("alertname"),
                    series.label("alertstate"),
                    about.trim()
                )
            })
            .collect())
    }

    /// Alerts that are pending or firing now.
    pub fn alerts(&self) -> Outcome<Vec<String>> {
        let answer = http::get(self.port, "/api/v1/alerts")?;
        let alerts = answer["data"]["alerts"].as_array();
        Ok(alerts
            .into_iter()
            .flatten()
            .map(|alert| {
                format!(
                    "{} ({}, {})",
                    alert["labels"]["alertname"].as_str().unwrap_or_default(),
                    alert["state"].as_str().unwrap_or_default(),
                    alert["labels"]["instance"].as_str().unwrap_or_default()
                )
            })
            .collect())
    }

    /// Targets whose last scrape failed, with the reason.
    pub fn failed_scrapes(&self) -> Outcome<Vec<String>> {
        let answer = http::get(self.port, "/api/v1/targets?state=active")?;
        let targets = answer["data"]["activeTargets"].as_array();
        Ok(targets
            .into_iter()
            .flatten()
            .filter(|target| target["health"] != "up")
            .map(|target| format!("{}: {}", target["scrapeUrl"], target["lastError"]))
            .collect())
    }
}
