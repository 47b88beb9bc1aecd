//! The profile so far with numbers that stand nowhere else in place of every threshold, so that a rule of the setup with the same
//! tokens says which numbers it has there.

use serde_json::json;

use super::draft::Draft;
use super::quantity::{Question, Recorded, measure, question, rounded};
use crate::catalogue::{AlertCatalogue, Direction, Severity, ThresholdUnit};
use crate::model::Stack;
use crate::promql::{self, Parsed, TokenKind};
use crate::quantity::Duration;

/// What a number of the probe stands for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Hole {
    Threshold(String),
    Guard(String),
    Pressure(&'static str),
}

/// An alert of the catalogue as this setup would have it, with numbers that stand nowhere else.
pub(super) struct Candidate {
    pub(super) alert: String,
    pub(super) severity: Severity,
    pub(super) threshold: Option<(String, f64)>,
    pub(super) shape: Shape,
    pub(super) question: Option<Question>,
    pub(super) job: Option<String>,
}

/// An expression without its numbers and durations.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shape {
    pub(super) tokens: String,
    pub(super) numbers: Vec<f64>,
    pub(super) durations: Vec<Duration>,
}

pub(super) fn shape(parsed: &Parsed) -> Shape {
    let mut shape = Shape {
        tokens: String::new(),
        numbers: Vec::new(),
        durations: Vec::new(),
    };
    for token in parsed.tokens() {
        let text = parsed.slice(token.span);
        match (token.kind, text.parse::<f64>(), text.parse::<Duration>()) {
            (TokenKind::Number, Ok(number), _) => {
                shape.numbers.push(number);
                shape.tokens.push('#');
            }
            (TokenKind::Duration, _, Ok(duration)) => {
                shape.durations.push(duration);
                shape.tokens.push('~');
            }
            _ => shape.tokens.push_str(text),
        }
        shape.tokens.push(' ');
    }
    shape
}

/// Numbers that stand nowhere else, by what they stand for.
pub(super) struct Markers {
    holes: Vec<(f64, Hole)>,
}

impl Markers {
    pub(super) fn hole(&self, number: f64) -> Option<&Hole> {
        let mut holes = self.holes.iter();
        holes
            .find(|(marker, _)| *marker == number)
            .map(|(_, hole)| hole)
    }

    /// Puts a number of its own into every threshold of `draft`.
    pub(super) fn plant(catalogue: &AlertCatalogue, draft: &mut Draft) -> Self {
        let mut holes = Vec::new();
        for (index, definition) in catalogue.thresholds.values().enumerate() {
            let name = definition.name.as_str();
            let [low, high] = definition.range;
            let span = (high - low).min(1000.0);
            let at = |share: f64| rounded(low + span * (share + 0.001 * index as f64));
            let (mild, bad) = match definition.unit {
                ThresholdUnit::PressureLevel => (1.0, 2.0),
                _ => (at(0.301_7), at(0.401_7)),
            };
            let (warning, critical) = match definition.direction {
                Direction::LowerIsWorse => (bad, mild),
                _ => (mild, bad),
            };
            draft.remove(&["thresholds", name]);
            draft.set(&["thresholds", name, "warning"], warning);
            if definition.direction == Direction::Guard {
                holes.push((warning, Hole::Guard(name.to_owned())));
                continue;
            }
            draft.set(&["thresholds", name, "critical"], critical);
            if definition.unit != ThresholdUnit::PressureLevel {
                holes.push((warning, Hole::Threshold(name.to_owned())));
                holes.push((critical, Hole::Threshold(name.to_owned())));
            }
        }
        for (key, value) in [
            ("medium", 0.412_34),
            ("high", 0.523_45),
            ("critical", 0.634_56),
            ("stable", 1.237_71),
        ] {
            draft.set(&["memory_pressure", key], value);
            holes.push((value, Hole::Pressure(key)));
        }
        Self { holes }
    }
}

/// Makes every alert possible that the targets might have.
pub(super) fn loosen(probe: &mut Draft) {
    for name in probe.names(&["targets"]) {
        for key in ["maxmemory", "server"] {
            probe.remove(&["targets", &name, key]);
        }
        for consumer in probe.names(&["targets", &name, "consumers"]) {
            probe.remove(&["targets", &name, "consumers", &consumer, "variables"]);
        }
        probe.set(&["targets", &name, "persistence"], "rdb-and-aof");
        if probe.get(&["targets", &name, "password"]).is_none() {
            probe.set(
                &["targets", &name, "password"],
                json!({"env": "REDIS_PASSWORD"}),
            );
        }
    }
    // What runs how has no part in the rules.
    for block in [
        "compose",
        "dashboards",
        "notifications",
        "budget",
        "runbooks",
    ] {
        probe.remove(&[block]);
    }
    for exporter in probe.names(&["exporters"]) {
        if probe.get(&["exporters", &exporter, "mode"]) == Some(&json!("multi-target")) {
            let file = json!({"file": "secrets/passwords.json"});
            probe.set(&["exporters", &exporter, "password_file"], file);
        }
    }
}

pub(super) fn candidates(stack: &Stack<'_>) -> (Vec<Candidate>, Recorded) {
    let mut recorded = Recorded::new();
    for recording in &stack.alerting.recording {
        let parsed = promql::parse(&recording.expr);
        if let Some(measure) = measure(&parsed, &recorded) {
            recorded.insert(recording.rule.name.clone(), measure);
        }
    }
    let rules = std::iter::once(&stack.alerting).chain(&stack.counting);
    let candidates = rules
        .flat_map(|alerting| alerting.rules())
        .map(|rule| {
            let parsed = promql::parse(&rule.expr);
            Candidate {
                alert: rule.alert.name.clone(),
                severity: rule.severity,
                threshold: rule
                    .threshold
                    .as_ref()
                    .map(|(value, threshold)| (threshold.name.clone(), *value)),
                shape: shape(&parsed),
                question: question(&parsed, &recorded),
                job: rule.scope.job().map(str::to_owned),
            }
        })
        .collect();
    (candidates, recorded)
}

/// What an existing expression has where one of the catalogue has a number of the profile.
#[derive(Debug, Default)]
pub(super) struct Filling {
    /// At the alert's own threshold.
    pub(super) value: Option<f64>,
    /// At other thresholds.
    pub(super) holes: Vec<(Hole, f64)>,
    /// At the window of rates.
    pub(super) windows: Vec<Duration>,
}

/// The numbers of `existing` at the places where `candidate` has holes; `None` where they differ elsewhere.
pub(super) fn fill(
    existing: &Shape,
    candidate: &Shape,
    own: Option<f64>,
    markers: &Markers,
    window: Duration,
) -> Option<Filling> {
    if existing.tokens != candidate.tokens {
        return None;
    }
    let mut filling = Filling::default();
    for (found, wanted) in existing.numbers.iter().zip(&candidate.numbers) {
        match markers.hole(*wanted) {
            _ if own == Some(*wanted) => filling.value = Some(*found),
            Some(hole) => filling.holes.push((hole.clone(), *found)),
            None if found == wanted => {}
            None => return None,
        }
    }
    for (found, wanted) in existing.durations.iter().zip(&candidate.durations) {
        match *wanted == window {
            true => filling.windows.push(*found),
            false if found == wanted => {}
            false => return None,
        }
    }
    Some(filling)
}
