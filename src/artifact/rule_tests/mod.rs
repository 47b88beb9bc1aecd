//! Unit tests of the rules, for promtool.

mod cases;
mod expectations;
mod samples;
mod series;
mod timeline;

use rayon::prelude::*;
use serde::Serialize;

use self::cases::{Test, tests};
use super::BuildError;
use super::rules::RECORDING;
use crate::bundle::{Artifact, Kind};
use crate::model::alert::{Alerting, RuleGroup};
use crate::quantity::Duration;
use crate::template::Templates;

/// A range of a rate holds so many samples: with five, `rate` and `increase` of both generations are exact for
/// more numbers than with any other count.
const STEPS_PER_WINDOW: u64 = 5;

/// A file of tests as its template sees it.
#[derive(Serialize)]
struct FileContext<'a> {
    group: &'a str,
    rule_files: Vec<String>,
    order: Vec<&'a str>,
    evaluation_interval: Duration,
    tests: Vec<Test>,
}

/// `prometheus/tests/*.yml`, one file per rule group.
///
/// # Errors
///
/// A template that does not render.
pub fn rule_tests(
    alerting: &Alerting<'_>,
    templates: &Templates,
) -> Result<Vec<Artifact>, BuildError> {
    let step = Duration::from_millis(alerting.window.as_millis() / STEPS_PER_WINDOW);
    let file = |group: &RuleGroup<'_>| {
        let mut order = Vec::new();
        if !alerting.recording.is_empty() {
            order.push(RECORDING);
        }
        order.push(&group.name);
        let context = FileContext {
            group: &group.name,
            rule_files: order
                .iter()
                .map(|name| format!("../rules/{name}.yml"))
                .collect(),
            order,
            evaluation_interval: step,
            tests: tests(&group.rules, alerting.window, step),
        };
        let text = templates.render("stack/prometheus/tests/group.yml.j2", &context)?;
        let path = format!("prometheus/tests/{}.yml", group.name);
        Ok(Artifact::new(&path, Kind::PrometheusRuleTests, text)?)
    };
    // No other files of a bundle take as long, so they are made side by side.
    alerting.groups.par_iter().map(file).collect()
}
