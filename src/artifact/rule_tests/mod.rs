//! Unit tests of the rules, for promtool.

mod cases;
mod expectations;
mod recording;
mod samples;
mod series;
mod timeline;

use rayon::prelude::*;
use serde::Serialize;

use self::cases::{Test, tests};
use self::recording::RecordingTest;
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
    recording: Vec<RecordingTest>,
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
    let recording = recording_tests(alerting, step);
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
            recording: Vec::new(),
        };
        render(&context, templates)
    };
    // No other files of a bundle take as long, so they are made side by side.
    let alerts: Result<Vec<_>, _> = alerting.groups.par_iter().map(file).collect();
    let recorded = recording
        .map(|context| render(&context, templates))
        .transpose()?;
    Ok(recorded.into_iter().chain(alerts?).collect())
}

/// The file about the recording rules, where there are any.
fn recording_tests<'a>(alerting: &'a Alerting<'a>, step: Duration) -> Option<FileContext<'a>> {
    let rules = alerting.recording.iter();
    (!alerting.recording.is_empty()).then(|| FileContext {
        group: RECORDING,
        rule_files: vec![format!("../rules/{RECORDING}.yml")],
        order: vec![RECORDING],
        evaluation_interval: step,
        tests: Vec::new(),
        recording: rules
            .map(|rule| RecordingTest::new(rule, alerting.window, step))
            .collect(),
    })
}

fn render(context: &FileContext<'_>, templates: &Templates) -> Result<Artifact, BuildError> {
    let text = templates.render("stack/prometheus/tests/group.yml.j2", context)?;
    let path = format!("prometheus/tests/{}.yml", context.group);
    Ok(Artifact::new(&path, Kind::PrometheusRuleTests, text)?)
}
