//! Which servers a test watches, what their series are, and what is expected of them.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use serde::Serialize;

use super::samples::{is_dyadic, rounded};
use super::timeline::{Reaction, Stage};
use crate::catalogue::alert_test::{Case, Fires, Form, Sum};
use crate::catalogue::{Alert, Direction, ThresholdUnit};
use crate::model::alert::{AlertingRule, Scope};
use crate::quantity::Duration;

/// One test of promtool: one alert.
#[derive(Debug, Serialize)]
pub(super) struct Test {
    name: String,
    alert: String,
    /// What the servers show that are not named by the threshold.
    notes: Vec<String>,
    interval: Duration,
    pub(super) series: Vec<Series>,
    checks: Vec<Check>,
}

#[derive(Debug, Serialize)]
pub(super) struct Series {
    #[serde(skip)]
    pub(super) metric: String,
    pub(super) selector: String,
    pub(super) values: String,
}

/// What is expected at one time.
#[derive(Debug, Serialize)]
pub(super) struct Check {
    time: Duration,
    why: String,
    alerts: Vec<Expected>,
}

#[derive(Debug, Serialize)]
pub(super) struct Expected {
    pub(super) labels: IndexMap<String, String>,
    pub(super) annotations: IndexMap<String, String>,
}

/// Above this many targets a test does not list them.
pub(super) const LISTED_TARGETS: usize = 100;

/// The tests of one rule group.
pub(super) fn tests(rules: &[AlertingRule<'_>], window: Duration, step: Duration) -> Vec<Test> {
    let mut tests = Vec::new();
    for rules in rules.chunk_by(|a, b| a.alert.name == b.alert.name && is_together(a, b)) {
        let first = &rules[0];
        let name = match &first.scope {
            Scope::Application { name, .. } => format!("{}, {name}", first.name),
            _ => first.name.clone(),
        };
        if !matches!(first.scope, Scope::Job { .. }) {
            let script = Script::new(rules, window, step);
            let servers = script.servers();
            // A burst is over before the others have settled, so it is watched on its own.
            let (bursts, lasting): (Vec<_>, Vec<_>) = servers
                .into_iter()
                .partition(|server| matches!(server.fires, Fires::Between { .. }));
            tests.push(test(&name, &[(&script, &lasting)]));
            if !bursts.is_empty() {
                tests.push(test(&format!("{name}, bursts"), &[(&script, &bursts)]));
            }
            continue;
        }
        // A rule that names its job sees one case at a time, and all jobs must be seen at once.
        let scripts: Vec<Script<'_>> = rules
            .iter()
            .map(|rule| Script::new(std::slice::from_ref(rule), window, step))
            .collect();
        let servers: Vec<Vec<Server<'_>>> = scripts.iter().map(Script::servers).collect();
        for case in 0..servers[0].len() {
            let cast: Vec<(&Script<'_>, &[Server<'_>])> = scripts
                .iter()
                .zip(&servers)
                .map(|(script, servers)| (script, std::slice::from_ref(&servers[case])))
                .collect();
            tests.push(test(&format!("{name}, {}", servers[0][case].name), &cast));
        }
    }
    tests
}

/// Whether one test shows both rules. Those of an application have series of their own.
fn is_together(a: &AlertingRule<'_>, b: &AlertingRule<'_>) -> bool {
    let is_application = |rule: &AlertingRule<'_>| matches!(rule.scope, Scope::Application { .. });
    !is_application(a) || a.scope == b.scope
}

/// One test over several scripts that share their times.
fn test(name: &str, cast: &[(&Script<'_>, &[Server<'_>])]) -> Test {
    let (first, servers) = cast[0];
    let mut times: Vec<(usize, &'static str)> = cast
        .iter()
        .flat_map(|(script, servers)| script.times(servers))
        .collect();
    let mut seen = BTreeSet::new();
    times.retain(|(step, _)| *step < first.stages[3].end && seen.insert(*step));
    times.sort_unstable_by_key(|(step, _)| *step);
    Test {
        name: name.to_owned(),
        alert: first.rules[0].name.clone(),
        notes: servers
            .iter()
            .filter_map(|server| Some(format!("{}: {}", server.name, server.why.as_ref()?)))
            .collect(),
        interval: first.step,
        series: cast
            .iter()
            .flat_map(|(script, servers)| servers.iter().flat_map(|server| script.series(server)))
            .collect(),
        checks: times
            .into_iter()
            .filter_map(|(step, why)| {
                let mut alerts = Vec::new();
                for (script, servers) in cast {
                    alerts.extend(script.alerts_at(servers, step)?);
                }
                Some(Check {
                    time: first.step.times(step as u64),
                    why: why.to_owned(),
                    alerts,
                })
            })
            .collect(),
    }
}

/// A watched server: what it measures in each of the four stages.
pub(super) struct Server<'a> {
    pub(super) name: String,
    pub(super) why: Option<String>,
    pub(super) values: [f64; 4],
    pub(super) fires: Fires,
    pub(super) shows: Option<&'a Sum>,
    pub(super) topology: Option<&'a str>,
    /// The `job` label, where it is not one that the alert is about.
    pub(super) job: Option<&'static str>,
    pub(super) series: IndexMap<&'a str, &'a Form>,
    /// Counters start again from zero in the middle of the first bad stage.
    pub(super) resets: bool,
}

/// The test of one alert.
pub(super) struct Script<'a> {
    pub(super) rules: &'a [AlertingRule<'a>],
    pub(super) alert: &'a Alert,
    pub(super) reaction: Reaction,
    pub(super) window: Duration,
    pub(super) step: Duration,
    pub(super) stages: [Stage; 4],
}

impl<'a> Script<'a> {
    pub(super) fn new(rules: &'a [AlertingRule<'a>], window: Duration, step: Duration) -> Self {
        let alert = rules[0].alert;
        let steps = |duration: Duration| {
            usize::try_from(duration.as_millis().div_ceil(step.as_millis().max(1)))
                .unwrap_or(usize::MAX)
        };
        let has = |wanted: fn(&Form) -> bool| alert.test.series.values().any(wanted);
        let looks_back = steps(alert.test.window.unwrap_or(window));
        let from_zero = rules.iter().all(|rule| {
            rule.threshold
                .as_ref()
                .is_none_or(|(value, _)| *value == 0.0)
        });
        let reaction = if has(|form| matches!(form, Form::Ramp { .. })) {
            Reaction::Regression(looks_back)
        } else if has(|form| matches!(form, Form::Rate(_))) {
            if from_zero {
                Reaction::FirstSample(looks_back)
            } else {
                Reaction::Window(looks_back)
            }
        } else {
            Reaction::Immediate
        };
        let mut script = Self {
            rules,
            alert,
            reaction,
            window,
            step,
            stages: [Stage { start: 0, end: 0 }; 4],
        };
        // Two steps more than needed, so that every stage can be seen to last.
        let healthy = reaction.memory() + 2;
        let lasting = |rule: &AlertingRule<'_>| {
            reaction.memory().max(script.longest_case()) + steps(rule.pending) + 2
        };
        let first = lasting(&rules[0]);
        let second = rules.get(1).map_or(0, lasting);
        let mut start = 0;
        for (stage, length) in [healthy, first, second, healthy].into_iter().enumerate() {
            script.stages[stage] = Stage {
                start,
                end: start + length,
            };
            start += length;
        }
        script
    }

    /// Steps that the cases need that fire for a part of the bad time only.
    pub(super) fn longest_case(&self) -> usize {
        self.alert
            .test
            .cases
            .values()
            .filter_map(|case| match &case.fires {
                Fires::Between { until, .. } => Some(self.steps_of(until) + 1),
                Fires::Always(_) => None,
            })
            .max()
            .unwrap_or(0)
    }

    pub(super) fn steps_of(&self, seconds: &Sum) -> usize {
        let seconds = self.number(seconds, 0.0);
        (seconds * 1000.0 / self.step.as_millis() as f64).ceil() as usize
    }

    /// A sum with `value` filled in. The catalogue has checked that it has a value.
    pub(super) fn number(&self, sum: &Sum, value: f64) -> f64 {
        let numbers = &self.rules[0].numbers;
        let names = |name: &str| match name.strip_prefix("at.") {
            Some(guard) => {
                let guard = *numbers.get(&format!("guard.{guard}"))?;
                let increment = rounded(guard * self.step.as_secs_f64());
                let is_exact = is_dyadic(increment) && self.rate_is_exact(guard, increment);
                Some(if is_exact {
                    guard
                } else {
                    guard - guard * 1e-7
                })
            }
            None if name == "value" => Some(value),
            None => numbers.get(name).copied(),
        };
        sum.evaluate(&names)
            .expect("internal error: the catalogue checks every sum of a test")
    }

    pub(super) fn direction(&self) -> Direction {
        self.rules[0]
            .threshold
            .as_ref()
            .map_or(Direction::HigherIsWorse, |(_, threshold)| {
                threshold.direction
            })
    }

    /// A value just beyond (`1.0`) or just within (`-1.0`) the threshold.
    pub(super) fn beside(&self, rule: &AlertingRule<'_>, side: f64) -> f64 {
        let Some((value, threshold)) = &rule.threshold else {
            return 0.0;
        };
        let side = match threshold.direction {
            Direction::LowerIsWorse => -side,
            _ => side,
        };
        let distance = match threshold.unit {
            ThresholdUnit::Count | ThresholdUnit::PressureLevel => 1.0,
            // Whole numbers, because a sentence shows no fractions of them.
            ThresholdUnit::Bytes => (value / 1000.0).ceil().max(1.0),
            ThresholdUnit::Seconds if *value >= 1000.0 => (value / 1000.0).ceil(),
            _ if *value == 0.0 => 0.01,
            _ => value.abs() / 1000.0,
        };
        rounded(value + side * distance)
    }

    /// The threshold itself where the test can hit it exactly, else a hair within it: the sum of
    /// floating-point numbers must not decide whether an alert fires.
    pub(super) fn exactly_at(&self, rule: &AlertingRule<'_>, before: &[f64]) -> f64 {
        let Some((value, threshold)) = &rule.threshold else {
            return 0.0;
        };
        // The end of a made-up histogram is four times the greater threshold, so that this one is a quarter of it,
        // which comes out exactly.
        let is_quantile = self.alert.expr.contains("histogram_quantile");
        let is_quarter = rule.numbers.get("bound") == Some(&(value * 4.0));
        let exact = (!is_quantile || is_quarter)
            && before.iter().all(|value| self.counts_exactly(*value))
            && self.alert.test.series.values().all(|form| match form {
                Form::Level { level, .. } => {
                    let level = self.number(level, *value);
                    level == *value || is_dyadic(level)
                }
                Form::Ramp { slope, .. } => {
                    is_dyadic(self.number(slope, *value) * self.step.as_secs_f64())
                }
                Form::Rate(rate) => {
                    let per_second = self.number(rate, *value);
                    let increment = rounded(per_second * self.step.as_secs_f64());
                    is_dyadic(increment)
                        && (self.alert.expr.contains("increase(")
                            || self.rate_is_exact(per_second, increment))
                }
            });
        if exact {
            return *value;
        }
        let hair = value.abs() * 1e-7;
        match threshold.direction {
            Direction::LowerIsWorse => value + hair,
            _ => value - hair,
        }
    }

    /// Whether counters that count at this value stay free of rounding.
    pub(super) fn counts_exactly(&self, value: f64) -> bool {
        self.alert.test.series.values().all(|form| match form {
            Form::Rate(rate) => {
                is_dyadic(rounded(self.number(rate, value) * self.step.as_secs_f64()))
            }
            _ => true,
        })
    }

    /// Whether both generations compute exactly this rate from these increments. A range of 2.x holds one more
    /// sample than one of 3.x, which extrapolates instead.
    pub(super) fn rate_is_exact(&self, per_second: f64, increment: f64) -> bool {
        let window = self.window.as_secs_f64();
        let steps = window / self.step.as_secs_f64();
        let old = increment * steps * (1.0 / window);
        let new = increment * (steps - 1.0) * (steps / (steps - 1.0) / window);
        old == per_second && new == per_second
    }

    /// The number while all is well.
    pub(super) fn healthy(&self) -> f64 {
        if let Some(healthy) = self.alert.test.healthy {
            return healthy;
        }
        let Some((value, threshold)) = &self.rules[0].threshold else {
            return 1.0;
        };
        match threshold.direction {
            Direction::LowerIsWorse if threshold.unit == ThresholdUnit::Ratio => {
                rounded(f64::midpoint(*value, 1.0))
            }
            Direction::LowerIsWorse => value * 2.0,
            _ => rounded(value / 2.0),
        }
    }

    pub(super) fn servers(&self) -> Vec<Server<'a>> {
        let healthy = self.healthy();
        let first = &self.rules[0];
        let last = &self.rules[self.rules.len() - 1];
        let is_state = first.threshold.is_none();
        let (first_bad, last_bad) = if is_state {
            let bad = self.alert.test.bad.unwrap_or(0.0);
            (bad, bad)
        } else {
            (self.beside(first, 1.0), self.beside(last, 1.0))
        };
        let bad = [healthy, first_bad, last_bad, healthy];
        let mut servers = Vec::new();
        if is_state {
            servers.push(self.main("failing", bad, true));
            if let (Some(healthy), Some(bad)) = (self.alert.test.healthy, self.alert.test.bad)
                && self.alert.expr.contains(" == 0")
            {
                let neither = bad - (healthy - bad).abs();
                let mut server = self.main("neither", [healthy, neither, neither, healthy], false);
                server.why = Some(format!("{} means down, and nothing else does.", bad));
                servers.push(server);
            }
        } else {
            for (position, rule) in self.rules.iter().enumerate() {
                let severity = rule.severity.as_str();
                let above = match self.direction() {
                    Direction::LowerIsWorse => ("below", "above"),
                    _ => ("above", "below"),
                };
                // On its way to the second threshold a server is beyond the first one. A thirty-second
                // beyond is still close, and often a number that counters count exactly.
                let limit = |rule: &AlertingRule<'_>| {
                    rule.threshold.as_ref().map_or(0.0, |(value, _)| *value)
                };
                let warning = limit(first);
                let aside = match self.direction() {
                    Direction::LowerIsWorse => -warning / 32.0,
                    _ => warning / 32.0,
                };
                let on_the_way = if position > 0
                    && self.direction().is_beyond(limit(rule), warning + aside)
                    && self.counts_exactly(warning + aside)
                {
                    warning + aside
                } else {
                    first_bad
                };
                let before: &[f64] = if position > 0 {
                    &[healthy, on_the_way]
                } else {
                    &[healthy]
                };
                for (side, value) in [
                    (above.0, self.beside(rule, 1.0)),
                    ("at", self.exactly_at(rule, before)),
                    (above.1, self.beside(rule, -1.0)),
                ] {
                    // Nothing counts below zero.
                    if side == "below"
                        && value < 0.0
                        && self.direction() == Direction::HigherIsWorse
                    {
                        continue;
                    }
                    let values = if position == 0 {
                        [healthy, value, value, healthy]
                    } else {
                        [healthy, on_the_way, value, healthy]
                    };
                    servers.push(self.main(&format!("{side}-{severity}"), values, true));
                }
            }
        }
        if self
            .alert
            .test
            .series
            .values()
            .any(|form| matches!(form, Form::Rate(_)))
        {
            let mut server = self.main("restarted", bad, true);
            server.why = Some("Its counters start again from zero; that hides nothing.".into());
            server.resets = true;
            servers.push(server);
            let mut server = self.main("restarted-healthy", [healthy; 4], true);
            server.why = Some("Its counters start again from zero; that is no burst.".into());
            server.resets = true;
            servers.push(server);
        }
        for (name, case) in &self.alert.test.cases {
            servers.push(self.case(name, case, bad));
        }
        if !matches!(first.scope, Scope::Job { .. }) {
            let mut server = self.main("elsewhere", bad, false);
            server.why = Some("Its job is none of those that this alert is about.".into());
            server.job = Some("elsewhere");
            servers.push(server);
        }
        servers
    }

    pub(super) fn main(&self, name: &str, values: [f64; 4], fires: bool) -> Server<'a> {
        let test = &self.alert.test;
        Server {
            name: name.to_owned(),
            why: None,
            values,
            fires: Fires::Always(fires),
            shows: test.shows.as_ref(),
            topology: None,
            job: None,
            series: test
                .series
                .iter()
                .map(|(selector, form)| (selector.as_str(), form))
                .collect(),
            resets: false,
        }
    }

    pub(super) fn case(&self, name: &str, case: &'a Case, bad: [f64; 4]) -> Server<'a> {
        let mut values = bad;
        if matches!(case.fires, Fires::Between { .. }) {
            // One burst, so one level.
            values[1] = values[2];
        }
        if let Some(value) = &case.value {
            let value = self.number(value, bad[2]);
            values[1] = value;
            values[2] = value;
        }
        let mut server = self.main(name, values, false);
        server.why = Some(case.why.clone());
        server.fires = case.fires.clone();
        server.shows = case.shows.as_ref().or(server.shows);
        server.topology = case.topology.as_deref();
        for (selector, form) in &case.series {
            match form {
                Some(form) => {
                    server.series.insert(selector, form);
                }
                None => {
                    server.series.shift_remove(selector.as_str());
                }
            }
        }
        server
    }
}

impl Server<'_> {
    pub(super) fn resets_while_bad(&self) -> bool {
        self.resets && self.values[1] != self.values[0]
    }
}
