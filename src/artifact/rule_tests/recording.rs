//! Unit tests of recording rules: what is recorded of servers whose series do not change, or change steadily.

use indexmap::IndexMap;
use serde::Serialize;

use super::cases::Series;
use super::samples::{notation, rounded};
use super::series::{parse_selector, selector_of};
use crate::catalogue::alert_test::{Form, Sum, When};
use crate::model::alert::Recording;
use crate::quantity::Duration;

/// One test of promtool: one recording rule.
#[derive(Debug, Serialize)]
pub(super) struct RecordingTest {
    name: String,
    notes: Vec<String>,
    interval: Duration,
    pub(super) series: Vec<Series>,
    expr: String,
    time: Duration,
    samples: Vec<Sample>,
}

#[derive(Debug, Serialize)]
struct Sample {
    labels: String,
    value: f64,
}

impl RecordingTest {
    pub(super) fn new(recording: &Recording<'_>, window: Duration, step: Duration) -> Self {
        let rule = recording.rule;
        let looks_back = rule.looks_back.unwrap_or(window);
        // One step more than the range holds, whichever of its ends belongs to it.
        let steps = looks_back.as_millis() / step.as_millis().max(1) + 2;
        let steps = usize::try_from(steps).unwrap_or(usize::MAX);
        let number = |sum: &Sum| {
            sum.evaluate(&|name| recording.numbers.get(name).copied())
                .expect("internal error: the catalogue checks every sum of a test")
        };
        let mut test = Self {
            name: rule.name.clone(),
            notes: Vec::new(),
            interval: step,
            series: Vec::new(),
            expr: rule.name.clone(),
            time: step.times(steps as u64),
            samples: Vec::new(),
        };
        let elsewhere = rule.test.values().find(|case| case.records.is_some());
        let servers = rule
            .test
            .iter()
            .map(|(name, case)| (name.as_str(), recording.subject_job.as_str(), case))
            .chain(elsewhere.map(|case| ("elsewhere", "elsewhere", case)));
        for (name, job, case) in servers {
            let labels = IndexMap::from(
                [
                    ("job", job),
                    ("instance", name),
                    ("redis", name),
                    ("topology", "standalone"),
                ]
                .map(|(label, value)| (label.to_owned(), value.to_owned())),
            );
            test.notes.push(if job == name {
                format!("{name}: Its job is none of those that this rule is about.")
            } else {
                format!("{name}: {}", case.why)
            });
            for (selector, form) in &case.series {
                let (metric, own) = parse_selector(selector);
                let mut labels = labels.clone();
                labels.extend(own);
                test.series.push(Series {
                    metric: metric.to_owned(),
                    selector: selector_of(metric, &labels),
                    values: notation(&samples(form, steps, step, &number)),
                });
            }
            if let Some(records) = case.records.as_ref().filter(|_| job != name) {
                let mut labels = labels.clone();
                labels.extend(case.result.clone());
                test.samples.push(Sample {
                    labels: selector_of(&rule.name, &labels),
                    value: number(records),
                });
            }
        }
        test
    }
}

/// What a series shows up to the step at which the rule is looked at.
fn samples(
    form: &Form,
    steps: usize,
    step: Duration,
    number: &dyn Fn(&Sum) -> f64,
) -> Vec<Option<f64>> {
    let all = 0..=steps;
    match form {
        Form::Level { level, when, .. } => {
            let level = (*when != When::Bad).then(|| rounded(number(level)));
            all.map(|_| level).collect()
        }
        Form::Rate(rate) => {
            let increment = rounded(number(rate) * step.as_secs_f64());
            // Far from zero, so that nothing is extrapolated to it.
            let start = 1e6 + increment * 1000.0;
            all.map(|at| Some(rounded(start + increment * at as f64)))
                .collect()
        }
        Form::Ramp { slope, reaches, .. } => {
            let increment = rounded(number(slope) * step.as_secs_f64());
            let end = number(reaches);
            all.map(|at| Some(rounded(end - increment * (steps - at) as f64)))
                .collect()
        }
    }
}
