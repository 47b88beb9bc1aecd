//! Unit tests of the rules, for promtool.

mod cases;
mod expectations;
mod recording;
mod samples;
mod series;
mod timeline;

use std::collections::BTreeSet;

use rayon::prelude::*;
use serde::Serialize;

use self::cases::{Series, Test, tests};
use self::recording::RecordingTest;
use super::BuildError;
use super::rules::RECORDING;
use crate::bundle::{Artifact, Kind};
use crate::model::alert::{Alerting, Evaluator, RuleGroup};
use crate::promql;
use crate::quantity::Duration;
use crate::template::Templates;

/// A range of a rate holds so many samples: with five, `rate` and `increase` of both generations are exact for
/// more numbers than with any other count.
const STEPS_PER_WINDOW: u64 = 5;

/// A file of tests as its template sees it.
#[derive(Serialize)]
struct FileContext<'a> {
    /// Name of the rule file and of this one, without extension.
    file: String,
    rule_files: Vec<String>,
    order: Vec<&'a str>,
    evaluation_interval: Duration,
    tests: Vec<Test>,
    recording: Vec<RecordingTest>,
}

/// `prometheus/tests/*.yml`, beside the rules: one file per rule file.
///
/// # Errors
///
/// A template that does not render.
pub fn rule_tests(
    alerting: &Alerting<'_>,
    templates: &Templates,
) -> Result<Vec<Artifact>, BuildError> {
    let step = Duration::from_millis(alerting.window.as_millis() / STEPS_PER_WINDOW);
    let evaluator = alerting.evaluator;
    let read = metrics_read(alerting);
    let is_read = |series: &Series| read.contains(&series.metric);
    let recording = recording_tests(alerting, step).map(|mut context| {
        for test in &mut context.recording {
            test.series.retain(is_read);
        }
        context
    });
    let file = |group: &RuleGroup<'_>| {
        let mut order = Vec::new();
        if !alerting.recording.is_empty() {
            order.push(RECORDING);
        }
        order.push(&group.name);
        let mut tests = tests(&group.rules, alerting.window, step);
        for test in &mut tests {
            test.series.retain(is_read);
        }
        let context = FileContext {
            file: evaluator.file(&group.name),
            rule_files: order
                .iter()
                .map(|name| format!("../rules/{}.yml", evaluator.file(name)))
                .collect(),
            order,
            evaluation_interval: step,
            tests,
            recording: Vec::new(),
        };
        render(&context, evaluator, templates)
    };
    // No other files of a bundle take as long, so they are made side by side.
    let alerts: Result<Vec<_>, _> = alerting.groups.par_iter().map(file).collect();
    let recorded = recording
        .map(|context| render(&context, evaluator, templates))
        .transpose()?;
    Ok(recorded.into_iter().chain(alerts?).collect())
}

/// The metrics that some rule reads here. A test feeds no others: an exporter of another version may not have them.
fn metrics_read(alerting: &Alerting<'_>) -> BTreeSet<String> {
    let recording = alerting.recording.iter().map(|rule| &rule.expr);
    let expressions = recording.chain(alerting.rules().map(|rule| &rule.expr));
    let names = expressions.flat_map(|expr| {
        let parsed = promql::parse(expr);
        let selectors = parsed.selectors().into_iter();
        selectors
            .filter_map(|used| used.selector.metric_name().map(ToOwned::to_owned))
            .collect::<Vec<_>>()
    });
    names.collect()
}

/// The file about the recording rules, where there are any.
fn recording_tests<'a>(alerting: &'a Alerting<'a>, step: Duration) -> Option<FileContext<'a>> {
    let rules = alerting.recording.iter();
    (!alerting.recording.is_empty()).then(|| FileContext {
        file: RECORDING.into(),
        rule_files: vec![format!("../rules/{RECORDING}.yml")],
        order: vec![RECORDING],
        evaluation_interval: step,
        tests: Vec::new(),
        recording: rules
            .map(|rule| RecordingTest::new(rule, alerting.window, step))
            .collect(),
    })
}

fn render(
    context: &FileContext<'_>,
    evaluator: Evaluator,
    templates: &Templates,
) -> Result<Artifact, BuildError> {
    let text = templates.render("stack/prometheus/tests/group.yml.j2", context)?;
    let path = format!("{}/tests/{}.yml", evaluator.directory(), context.file);
    Ok(Artifact::new(&path, Kind::PrometheusRuleTests, text)?)
}
