//! The series of a test, as functions of what its servers measure.

use indexmap::IndexMap;

use super::cases::{LISTED_TARGETS, Script, Series, Server};
use super::samples::{notation, rounded};
use crate::catalogue::alert::Subject;
use crate::catalogue::alert_test::{Anchor, Form, Sum, When};
use crate::model::alert::Scope;
use crate::promql;
use crate::template::promql_string;

impl Script<'_> {
    /// Labels that every target has, for `server`.
    pub(super) fn base_labels(&self, server: &Server<'_>) -> IndexMap<String, String> {
        let mut labels = IndexMap::from([
            (
                "job".to_owned(),
                server.job.unwrap_or(&self.rules[0].subject_job).to_owned(),
            ),
            ("instance".to_owned(), server.name.clone()),
        ]);
        let topology = match self.alert.on {
            Subject::Redis | Subject::Keys => self
                .alert
                .needs
                .topologies
                .first()
                .map_or("standalone", String::as_str),
            Subject::Sentinels => "sentinel",
            _ => return labels,
        };
        if self.rules[0].scope == Scope::Everything {
            labels.insert("redis".into(), server.name.clone());
            labels.insert(
                "topology".into(),
                server.topology.unwrap_or(topology).to_owned(),
            );
        }
        labels
    }

    pub(super) fn series(&self, server: &Server<'_>) -> Vec<Series> {
        let mut all = Vec::new();
        if self.is_too_long_to_list() {
            return all;
        }
        for (selector, form) in &server.series {
            let written = self.rules[0].selectors.get(*selector);
            let (name, own) = parse_selector(written.map_or(selector, String::as_str));
            let samples = notation(&self.samples(server, form));
            let copies = match form {
                Form::Level {
                    copies: Some(copies),
                    ..
                } => Some(self.number(copies, 0.0) as usize),
                _ => None,
            };
            let mut push = |instance: Option<usize>| {
                let mut labels = self.base_labels(server);
                labels.extend(own.clone());
                if let Some(instance) = instance {
                    labels.insert("instance".into(), instance.to_string());
                }
                all.push(Series {
                    metric: name.to_owned(),
                    selector: selector_of(name, &labels),
                    values: samples.clone(),
                });
            };
            match copies {
                Some(copies) => (1..=copies).for_each(|copy| push(Some(copy))),
                None => push(None),
            }
        }
        all
    }

    /// A job with thousands of targets is tested without any: then all are missing.
    pub(super) fn is_too_long_to_list(&self) -> bool {
        matches!(&self.rules[0].scope, Scope::Job { expected, .. } if *expected > LISTED_TARGETS)
    }

    pub(super) fn stage_at(&self, step: usize) -> usize {
        self.stages
            .iter()
            .position(|stage| step < stage.end)
            .unwrap_or(3)
    }

    pub(super) fn samples(&self, server: &Server<'_>, form: &Form) -> Vec<Option<f64>> {
        let length = self.stages[3].end;
        let seconds = self.step.as_secs_f64();
        // A sum depends on the stage only; a test of an hour's trend has thousands of steps.
        let by_stage = |sum: &Sum| server.values.map(|value| self.number(sum, value));
        let increments = |sum: &Sum| by_stage(sum).map(|value| rounded(value * seconds));
        match form {
            Form::Level {
                level,
                when,
                from_now,
                ..
            } => {
                let levels = by_stage(level).map(rounded);
                let sample = |step: usize| {
                    let stage = self.stage_at(step);
                    let is_bad = matches!(stage, 1 | 2);
                    let is_there = match when {
                        When::Always => true,
                        When::Healthy => !is_bad,
                        When::Bad => is_bad,
                    };
                    is_there.then(|| {
                        if *from_now {
                            rounded(levels[stage] + step as f64 * seconds)
                        } else {
                            levels[stage]
                        }
                    })
                };
                (0..length).map(sample).collect()
            }
            Form::Rate(rate) => {
                let increments = increments(rate);
                let most = increments.iter().copied().fold(0.0, f64::max);
                // Far from zero, so that nothing is extrapolated to it.
                let mut total: f64 = 1000.0;
                while total < most * 100.0 {
                    total *= 10.0;
                }
                let reset = self.stages[1].start + 2;
                let mut samples = Vec::with_capacity(length);
                samples.push(Some(total));
                for step in 1..length {
                    if server.resets && step == reset {
                        total = 0.0;
                    }
                    total = rounded(total + increments[self.stage_at(step - 1)]);
                    samples.push(Some(total));
                }
                samples
            }
            Form::Ramp { slope, reaches, at } => {
                let increments = increments(slope);
                let anchor = match at {
                    Anchor::Window => self.stages[1].start + self.reaction.settling(),
                    Anchor::End => self.stages[2].end - 1,
                };
                let reached = self.number(reaches, server.values[self.stage_at(anchor)]);
                let mut samples = vec![None; length];
                let mut change = 0.0;
                for step in (0..anchor.min(length)).rev() {
                    change -= increments[self.stage_at(step)];
                    samples[step] = Some(rounded(reached + change));
                }
                change = 0.0;
                for step in anchor..length {
                    samples[step] = Some(rounded(reached + change));
                    change += increments[self.stage_at(step)];
                }
                samples
            }
        }
    }
}

/// `name{a="b", c="d"}`.
pub(super) fn selector_of(name: &str, labels: &IndexMap<String, String>) -> String {
    let labels: Vec<String> = labels
        .iter()
        .map(|(name, value)| format!("{name}={}", promql_string(value)))
        .collect();
    format!("{name}{{{}}}", labels.join(", "))
}

/// Metric name and labels of `name{a="b",c="d"}`.
pub(super) fn parse_selector(selector: &str) -> (&str, Vec<(String, String)>) {
    let name = selector.split('{').next().unwrap_or(selector);
    let parsed = promql::parse(selector);
    let labels = parsed.selectors().into_iter().flat_map(|used| {
        let matchers = used.selector.label_matchers();
        matchers.map(|matcher| {
            (
                matcher.label.text.to_string(),
                matcher.value.text().into_owned(),
            )
        })
    });
    (name, labels.collect())
}
