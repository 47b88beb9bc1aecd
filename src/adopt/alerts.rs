//! Thresholds and alerts, recovered from the expressions of rules.
//!
//! The profile as it is so far is resolved with numbers that stand nowhere else in place of every threshold. A rule of the
//! setup that is the same expression but for those numbers says what they are. Any other rule is held against the
//! catalogue by the quantity that it asks for.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use super::draft::Draft;
use super::quantity::{Question, Recorded, Side, measure, question, rounded};
use super::reading::Reading;
use super::resolve;
use crate::catalogue::{AlertCatalogue, Direction, Severity, ThresholdDefinition, ThresholdUnit};
use crate::facts::rules::{PromRule, RuleKind};
use crate::model::Stack;
use crate::model::alert::SHORTEST_WINDOW;
use crate::promql::{self, Parsed, TokenKind};
use crate::quantity::{Bytes, Duration};
use crate::setup::Place;
use crate::template::Templates;

/// An alert of the setup that is one of the catalogue.
#[derive(Debug, Clone, PartialEq)]
pub struct Recognised {
    /// Where its name stands.
    pub place: Place,
    /// Its name in the setup.
    pub name: String,
    /// Its name in the catalogue.
    pub alert: String,
    /// The severity that it has in the profile.
    pub severity: Severity,
    /// Its expression.
    pub expr: String,
    /// How long it must hold.
    pub pending: Duration,
    /// The number that it compares with, in the unit of the catalogue's threshold; `None` without a threshold.
    pub value: Option<f64>,
    /// Whether it is the catalogue's own expression.
    pub is_same: bool,
}

/// What a number of the probe stands for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Hole {
    Threshold(String),
    Guard(String),
    Pressure(&'static str),
}

/// An alert of the catalogue as this setup would have it, with numbers that stand nowhere else.
struct Candidate {
    alert: String,
    severity: Severity,
    threshold: Option<(String, f64)>,
    shape: Shape,
    question: Option<Question>,
    job: Option<String>,
}

/// An expression without its numbers and durations.
#[derive(Debug, Clone, PartialEq)]
struct Shape {
    tokens: String,
    numbers: Vec<f64>,
    durations: Vec<Duration>,
}

fn shape(parsed: &Parsed) -> Shape {
    let mut shape = Shape {
        tokens: String::new(),
        numbers: Vec::new(),
        durations: Vec::new(),
    };
    for token in &parsed.tokens {
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
struct Markers {
    holes: Vec<(f64, Hole)>,
}

impl Markers {
    fn hole(&self, number: f64) -> Option<&Hole> {
        let mut holes = self.holes.iter();
        holes
            .find(|(marker, _)| *marker == number)
            .map(|(_, hole)| hole)
    }

    /// Puts a number of its own into every threshold of `draft`.
    fn plant(catalogue: &AlertCatalogue, draft: &mut Draft) -> Self {
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

/// What the rules of a setup come to.
#[derive(Default)]
struct Recovered {
    /// By threshold and severity: the number and how long it must hold.
    thresholds: BTreeMap<(String, Severity), (f64, Duration)>,
    guards: BTreeMap<String, f64>,
    pressure: BTreeMap<&'static str, f64>,
    windows: Vec<Duration>,
    recognised: Vec<Recognised>,
    peak: bool,
}

/// Thresholds and alerts of the setup.
pub(super) fn adopt(reading: &mut Reading<'_>, templates: &Templates) -> Vec<Recognised> {
    let catalogue = reading.facts.catalogue;
    let mut probe = reading.draft.clone();
    let markers = Markers::plant(catalogue.alerting(), &mut probe);
    loosen(&mut probe);
    let Some(stack) = resolve(&probe, &reading.environment, catalogue, templates).ok() else {
        reading.remains(
            None,
            "alerts",
            "the profile so far could not be resolved, so that no threshold was recovered",
        );
        return Vec::new();
    };
    let (candidates, recorded) = candidates(&stack);
    let window = stack.alerting.window;
    let mut recovered = Recovered::default();
    let mut others = Vec::new();
    let facts = reading.facts;
    let rules: Vec<&PromRule> = facts
        .rule_files
        .iter()
        .flat_map(|file| file.rules())
        .map(|(_, rule)| rule)
        .collect();
    for rule in &rules {
        if rule.kind == RuleKind::Recording {
            recording(reading, rule, &stack, &markers, &mut recovered);
            continue;
        }
        let Some(parsed) = rule.expression.map(|id| &facts.expression(id).parsed) else {
            continue;
        };
        if !same(rule, parsed, &candidates, &markers, window, &mut recovered) {
            others.push((*rule, parsed));
        }
    }
    let distinct: BTreeSet<&str> = candidates.iter().map(|it| it.alert.as_str()).collect();
    let found: BTreeSet<String> = recovered
        .recognised
        .iter()
        .map(|it| it.alert.clone())
        .collect();
    // A setup that has most of the catalogue's alerts has left out the others on purpose.
    let is_whole = found.len() * 2 > distinct.len();
    let mut known = recorded;
    for rule in rules.iter().filter(|rule| rule.kind == RuleKind::Recording) {
        let parsed = rule.expression.map(|id| &facts.expression(id).parsed);
        if let Some(measure) = parsed.and_then(|parsed| measure(parsed, &known)) {
            known.entry(rule.name.value.to_string()).or_insert(measure);
        }
    }
    for (rule, parsed) in others {
        alike(reading, rule, parsed, &candidates, &known, &mut recovered);
    }
    let mut missing: BTreeSet<String> = BTreeSet::new();
    if is_whole {
        left_out(reading, &found);
        // What the targets as they are would have, and the setup has not.
        if let Ok(stack) = resolve(&reading.draft, &reading.environment, catalogue, templates) {
            let alerting = std::iter::once(&stack.alerting).chain(&stack.counting);
            let ids = alerting
                .flat_map(|it| it.rules())
                .map(|it| it.alert.name.clone());
            missing.extend(ids.filter(|id| !found.contains(id)));
        }
    }
    write_numbers(reading, &recovered, &missing, window);
    write_alerts(reading, &recovered, &missing);
    recovered.recognised
}

/// Makes every alert possible that the targets might have.
fn loosen(probe: &mut Draft) {
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

fn candidates(stack: &Stack<'_>) -> (Vec<Candidate>, Recorded) {
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

/// The severity of an alert in the words of a profile, and whether it is the setup's own word.
fn severity_of(rule: &PromRule) -> (Severity, bool) {
    let written = rule.label("severity").map_or("", |text| text.as_str());
    match written.to_ascii_lowercase().as_str() {
        "critical" => (Severity::Critical, true),
        "warning" => (Severity::Warning, true),
        "page" | "pager" | "high" | "emergency" | "fatal" | "error" | "crit" | "disaster" => {
            (Severity::Critical, false)
        }
        _ => (Severity::Warning, false),
    }
}

/// What an existing expression has where one of the catalogue has a number of the profile.
#[derive(Debug, Default)]
struct Filling {
    /// At the alert's own threshold.
    value: Option<f64>,
    /// At other thresholds.
    holes: Vec<(Hole, f64)>,
    /// At the window of rates.
    windows: Vec<Duration>,
}

/// The numbers of `existing` at the places where `candidate` has holes; `None` where they differ elsewhere.
fn fill(
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

/// A rule that is one of the catalogue's but for its numbers.
fn same(
    rule: &PromRule,
    parsed: &Parsed,
    candidates: &[Candidate],
    markers: &Markers,
    window: Duration,
    recovered: &mut Recovered,
) -> bool {
    let existing = shape(parsed);
    let (severity, _) = severity_of(rule);
    // An alert without a threshold may have another severity than the catalogue's.
    let by_severity = |it: &&Candidate| it.threshold.is_none() || it.severity == severity;
    for candidate in candidates.iter().filter(by_severity) {
        let own = candidate.threshold.as_ref().map(|(_, value)| *value);
        let Some(filling) = fill(&existing, &candidate.shape, own, markers, window) else {
            continue;
        };
        let value = filling.value;
        let pending = rule.pending.unwrap_or_default();
        if let (Some((name, _)), Some(value)) = (&candidate.threshold, value) {
            recovered
                .thresholds
                .entry((name.clone(), severity))
                .or_insert((value, pending));
        }
        for (hole, found) in filling.holes {
            match hole {
                Hole::Guard(name) => drop(recovered.guards.entry(name).or_insert(found)),
                Hole::Pressure(key) => drop(recovered.pressure.entry(key).or_insert(found)),
                Hole::Threshold(_) => {}
            }
        }
        recovered.windows.extend(filling.windows);
        recovered.recognised.push(Recognised {
            place: rule.place(),
            name: rule.name.value.to_string(),
            alert: candidate.alert.clone(),
            severity,
            expr: parsed.text().to_owned(),
            pending,
            value,
            is_same: true,
        });
        return true;
    }
    false
}

/// A recording rule: the catalogue's own says where levels of memory pressure begin, any other is not in the profile.
fn recording(
    reading: &mut Reading<'_>,
    rule: &PromRule,
    stack: &Stack<'_>,
    markers: &Markers,
    recovered: &mut Recovered,
) {
    let facts = reading.facts;
    let Some(parsed) = rule.expression.map(|id| &facts.expression(id).parsed) else {
        return;
    };
    let existing = shape(parsed);
    let own = stack
        .alerting
        .recording
        .iter()
        .filter(|it| it.rule.name == rule.name.as_str())
        .find_map(|it| {
            let candidate = shape(&promql::parse(&it.expr));
            fill(&existing, &candidate, None, markers, stack.alerting.window)
        });
    let of_peak = rule.name.as_str() == "redis:memory_pressure:level"
        && parsed.text().contains("redis_memory_used_peak_bytes");
    match own {
        Some(filling) => {
            recovered.windows.extend(filling.windows);
            for (hole, found) in filling.holes {
                if let Hole::Pressure(key) = hole {
                    recovered.pressure.insert(key, found);
                }
            }
        }
        None if of_peak => {
            recovered.peak = true;
            let keys = ["medium", "high", "critical"];
            for (key, found) in keys.into_iter().zip(existing.numbers) {
                recovered.pressure.insert(key, found);
            }
        }
        None => reading.remains(
            rule.place(),
            format!("recording rule `{}`", rule.name.as_str()),
            "a stack records what its own rules and panels read",
        ),
    }
}

/// A rule that asks the same as one of the catalogue's in other words.
fn alike(
    reading: &mut Reading<'_>,
    rule: &PromRule,
    parsed: &Parsed,
    candidates: &[Candidate],
    recorded: &Recorded,
    recovered: &mut Recovered,
) {
    let name = rule.name.as_str();
    let subject = format!("alert `{name}`");
    if !parsed.is_valid() {
        reading.remains(rule.place(), subject, "its expression is not valid");
        return;
    }
    let Some(asked) = question(parsed, recorded) else {
        reading.remains(
            rule.place(),
            subject,
            "no alert of the catalogue asks for this",
        );
        return;
    };
    let (severity, is_own_word) = severity_of(rule);
    let catalogue = reading.facts.catalogue.alerting();
    let found = candidates
        .iter()
        .filter(|it| fits(&asked, it, parsed, severity))
        .min_by_key(|it| {
            // The job that a rule names decides between alerts on `up`.
            usize::from(
                it.job
                    .as_ref()
                    .is_some_and(|job| !parsed.text().contains(job.as_str())),
            )
        });
    let Some(candidate) = found else {
        reading.remains(
            rule.place(),
            subject,
            "no alert of the catalogue asks for this",
        );
        return;
    };
    let pending = rule.pending.unwrap_or_default();
    let mut value = None;
    if let Some((threshold, _)) = &candidate.threshold
        && let Some(scale) = candidate.question.as_ref().map(|it| it.measure.scale)
        && let Some(definition) = catalogue.thresholds.get(threshold)
    {
        let number = asked.value_in(scale);
        let [low, high] = definition.range;
        if !(low..=high).contains(&number) {
            reading.remains(
                rule.place(),
                subject,
                format!(
                    "it compares with {}, which is outside the range of `{threshold}`",
                    definition.unit.in_words(number)
                ),
            );
            return;
        }
        let key = (threshold.clone(), severity);
        if recovered.thresholds.contains_key(&key) {
            reading.remains(
                rule.place(),
                subject,
                format!(
                    "another alert of severity {} has the threshold `{threshold}` already",
                    severity.as_str()
                ),
            );
            return;
        }
        recovered.thresholds.insert(key, (number, pending));
        value = Some(number);
    } else if recovered
        .recognised
        .iter()
        .any(|it| it.alert == candidate.alert)
    {
        reading.remains(
            rule.place(),
            subject,
            format!(
                "another alert asks the same, `{}` of the catalogue",
                candidate.alert
            ),
        );
        return;
    }
    if !is_own_word && let Some(label) = rule.label("severity") {
        reading.remains(
            label.place,
            format!("severity `{}` of the alert `{name}`", label.as_str()),
            format!(
                "a profile knows `warning` and `critical`; it is {}",
                severity.as_str()
            ),
        );
    }
    recovered.recognised.push(Recognised {
        place: rule.place(),
        name: name.to_owned(),
        alert: candidate.alert.clone(),
        severity,
        expr: parsed.text().to_owned(),
        pending,
        value,
        is_same: false,
    });
}

/// Whether a rule of the setup asks what a candidate asks.
fn fits(asked: &Question, candidate: &Candidate, parsed: &Parsed, severity: Severity) -> bool {
    let Some(wanted) = &candidate.question else {
        return false;
    };
    if wanted.measure.quantity != asked.measure.quantity {
        return false;
    }
    if asked.measure.quantity == "up" {
        let job = |word: &str| parsed.text().contains(word);
        let fits = match candidate.alert.as_str() {
            "RedisScrapeFailed" => job("redis"),
            "TargetDown" => !job("redis"),
            _ => false,
        };
        if !fits {
            return false;
        }
    }
    match &candidate.threshold {
        Some(_) => candidate.severity == severity && wanted.side == asked.side,
        None => {
            let value = asked.value_in(wanted.measure.scale);
            // Of a state that is 0 or 1, `< 1` and `!= 1` are `== 0`.
            let is_zero = |side: Side, value: f64| {
                (side == Side::Equal && value == 0.0)
                    || (matches!(side, Side::Below | Side::Other) && value == 1.0)
            };
            (wanted.side == asked.side && wanted.value == value)
                || (is_zero(wanted.side, wanted.value) && is_zero(asked.side, value))
        }
    }
}

/// What a setup that has most of the catalogue's alerts says by leaving some out: what its targets are not.
fn left_out(reading: &mut Reading<'_>, found: &BTreeSet<String>) {
    let targets = reading.draft.names(&["targets"]);
    let (run, watched): (Vec<&String>, Vec<&String>) = targets
        .iter()
        .partition(|name| reading.draft.get(&["targets", name, "server"]).is_some());
    let (rdb, aof) = (
        found.contains("RedisSnapshotFailed"),
        found.contains("RedisAofWriteFailed"),
    );
    let persistence = match (rdb, aof) {
        (true, true) => "rdb-and-aof",
        (true, false) => "rdb",
        (false, true) => "aof",
        (false, false) => "none",
    };
    // One target with both is enough for the alerts on both.
    let mut is_said = !run.is_empty();
    for name in watched {
        let needed = match persistence {
            "rdb-and-aof" if is_said => "rdb",
            other => other,
        };
        is_said |= needed == "rdb-and-aof";
        if needed != "rdb" {
            reading.draft.set(&["targets", name, "persistence"], needed);
        }
    }
    let is_limited =
        !found.contains("RedisMemoryBytesHigh") && !found.contains("RedisSystemMemoryHigh");
    for name in &targets {
        if is_limited && reading.draft.get(&["targets", name, "maxmemory"]).is_none() {
            reading.draft.set(&["targets", name, "maxmemory"], "1gb");
            reading.draft.comment(
                &["targets", name, "maxmemory"],
                "The rules say that there is a limit, and not how much: put it here.",
            );
        }
    }
}

/// A number of a threshold as people write it, where that is the very same number.
pub(super) fn written(unit: ThresholdUnit, value: f64) -> Json {
    let candidates = match unit {
        ThresholdUnit::Ratio => vec![format!("{}%", rounded(value * 100.0))],
        ThresholdUnit::Seconds => {
            let millis = (value * 1e3).round();
            let duration = Duration::from_millis(millis.max(0.0) as u64);
            vec![duration.to_string(), format!("{}ms", rounded(value * 1e3))]
        }
        ThresholdUnit::Bytes => vec![Bytes(value.max(0.0) as u64).to_string()],
        ThresholdUnit::PressureLevel => vec![unit.in_words(value)],
        _ => Vec::new(),
    };
    let text = candidates
        .into_iter()
        .find(|text| unit.parse(text) == Some(value));
    match text {
        Some(text) => json!(text),
        None if value.fract() == 0.0 && value.abs() < 1e15 => json!(value as i64),
        None => json!(value),
    }
}

fn write_numbers(
    reading: &mut Reading<'_>,
    recovered: &Recovered,
    missing: &BTreeSet<String>,
    window: Duration,
) {
    let catalogue = reading.facts.catalogue.alerting();
    for definition in catalogue.thresholds.values() {
        let name = definition.name.as_str();
        if definition.direction == Direction::Guard {
            let found = recovered
                .guards
                .get(name)
                .filter(|it| Some(**it) != definition.warning);
            let value = found.map(|value| written(definition.unit, *value));
            reading
                .draft
                .set_some(&["thresholds", name, "warning"], value);
            continue;
        }
        let of = |severity| {
            recovered
                .thresholds
                .get(&(name.to_owned(), severity))
                .copied()
        };
        let (warning, critical) = (of(Severity::Warning), of(Severity::Critical));
        let is_missing = catalogue.alerts().any(|(_, alert)| {
            alert.threshold.as_deref() == Some(name) && missing.contains(&alert.name)
        });
        if warning.is_none() && critical.is_none() && !is_missing {
            continue;
        }
        one_threshold(reading, definition, warning, critical);
    }
    let defaults = crate::model::memory_pressure::MemoryPressure::default();
    for (key, value, usual, unit) in [
        (
            "medium",
            recovered.pressure.get("medium"),
            defaults.medium,
            ThresholdUnit::Ratio,
        ),
        (
            "high",
            recovered.pressure.get("high"),
            defaults.high,
            ThresholdUnit::Ratio,
        ),
        (
            "critical",
            recovered.pressure.get("critical"),
            defaults.critical,
            ThresholdUnit::Ratio,
        ),
        (
            "stable",
            recovered.pressure.get("stable"),
            defaults.stable,
            ThresholdUnit::PercentagePointsPerHour,
        ),
    ] {
        let value = value.filter(|value| **value != usual);
        let value = value.map(|value| written(unit, *value));
        reading.draft.set_some(&["memory_pressure", key], value);
    }
    if recovered.peak {
        reading.draft.set(&["memory_pressure", "of"], "peak");
    }
    let mut windows = recovered.windows.clone();
    windows.sort_unstable();
    windows.dedup();
    if let [one] = windows.as_slice()
        && *one != window
        && *one != SHORTEST_WINDOW
    {
        reading.draft.set(&["scrape", "window"], one.to_string());
    }
}

fn one_threshold(
    reading: &mut Reading<'_>,
    definition: &ThresholdDefinition,
    warning: Option<(f64, Duration)>,
    critical: Option<(f64, Duration)>,
) {
    let name = definition.name.as_str();
    let mut block = serde_json::Map::new();
    for (key, found, usual) in [
        ("warning", warning, definition.warning),
        ("critical", critical, definition.critical),
    ] {
        match (found, usual) {
            (Some((value, _)), _) => {
                block.insert(key.into(), written(definition.unit, value));
            }
            (None, Some(_)) => {
                block.insert(key.into(), json!("off"));
            }
            (None, None) => {}
        }
    }
    let pending = |found: Option<(f64, Duration)>, usual: Duration| found.map_or(usual, |it| it.1);
    let pendings = (
        pending(warning, definition.warning_pending),
        pending(critical, definition.critical_pending),
    );
    if pendings != (definition.warning_pending, definition.critical_pending) {
        let text = |duration: Duration| json!(duration.to_string());
        let value = match (warning, critical) {
            (Some(_), None) => text(pendings.0),
            (None, Some(_)) => text(pendings.1),
            _ if pendings.0 == pendings.1 => text(pendings.0),
            _ => json!({"warning": text(pendings.0), "critical": text(pendings.1)}),
        };
        block.insert("for".into(), value);
    }
    // What is the catalogue's own needs no word.
    let is_usual = warning.map(|it| it.0) == definition.warning
        && critical.map(|it| it.0) == definition.critical
        && !block.contains_key("for");
    if !is_usual {
        reading
            .draft
            .set(&["thresholds", name], Json::Object(block));
    }
}

/// Names, severities and times of alerts, where they are not the catalogue's.
fn write_alerts(reading: &mut Reading<'_>, recovered: &Recovered, missing: &BTreeSet<String>) {
    let catalogue = reading.facts.catalogue.alerting();
    for id in missing {
        let has_threshold = catalogue
            .alert(id)
            .is_some_and(|(_, alert)| alert.threshold.is_some());
        if !has_threshold {
            reading.draft.set(&["alerts", id, "enabled"], false);
        }
    }
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for found in &recovered.recognised {
        let Some((_, alert)) = catalogue.alert(&found.alert) else {
            continue;
        };
        let id = alert.name.as_str();
        match names.get(id) {
            None => {
                names.insert(id.to_owned(), found.name.clone());
                let is_taken = catalogue.alert(&found.name).is_some()
                    || recovered
                        .recognised
                        .iter()
                        .any(|other| other.name == found.name && other.alert != id);
                if found.name != id && is_taken {
                    reading.remains(
                        found.place,
                        format!("name of the alert `{}`", found.name),
                        format!("it asks what `{id}` of the catalogue asks, and the name belongs to another alert"),
                    );
                } else if found.name != id && !found.name.is_empty() {
                    reading
                        .draft
                        .set(&["alerts", id, "name"], found.name.clone());
                }
            }
            Some(first) if *first != found.name => reading.remains(
                found.place,
                format!("name of the alert `{}`", found.name),
                format!("both severities of an alert have one name, here `{first}`"),
            ),
            Some(_) => {}
        }
        if alert.threshold.is_none() {
            if alert.severity.is_some_and(|usual| usual != found.severity) {
                reading
                    .draft
                    .set(&["alerts", id, "severity"], found.severity.as_str());
            }
            if found.pending != alert.pending.unwrap_or_default() {
                reading
                    .draft
                    .set(&["alerts", id, "for"], found.pending.to_string());
            }
        }
    }
}

/// What else the catalogue's own alerts carry in the setup: labels, annotations, runbooks. `stack` is what the profile renders.
pub(super) fn adopt_texts(reading: &mut Reading<'_>, stack: &Stack<'_>, recognised: &[Recognised]) {
    let facts = reading.facts;
    let rules = || facts.rule_files.iter().flat_map(|file| file.rules());
    for found in recognised.iter().filter(|it| it.is_same) {
        let Some((_, rule)) = rules().find(|(_, rule)| rule.place() == found.place) else {
            continue;
        };
        let alerting = std::iter::once(&stack.alerting).chain(&stack.counting);
        let rendered = alerting.flat_map(|it| it.rules()).find(|it| {
            it.alert.name == found.alert && it.severity == found.severity && it.expr == found.expr
        });
        let Some(rendered) = rendered else { continue };
        for (key, value) in &rule.labels {
            let is_known = rendered.labels.contains_key(key.as_str());
            let is_ours = matches!(
                key.as_str(),
                "severity" | "group" | "job" | "alertname" | "shard"
            );
            if !is_known && !is_ours {
                let path = ["alerts", &found.alert, "labels", key.as_str()];
                reading.draft.set(&path, value.value.to_string());
            }
        }
        for (key, value) in &rule.annotations {
            match key.as_str() {
                "dashboard_url" => {}
                "runbook" | "runbook_url" => {
                    let (base, file) = value
                        .as_str()
                        .rsplit_once('/')
                        .unwrap_or(("", value.as_str()));
                    let slug = file.trim_end_matches(".md");
                    let is_known = reading.draft.get(&["runbooks", slug]).is_some()
                        || facts.catalogue.alerting().alert(slug).is_some();
                    if slug != rendered.runbook && is_known {
                        reading
                            .draft
                            .set(&["alerts", &found.alert, "runbook"], slug);
                    }
                    if key.as_str() == "runbook_url" && !base.is_empty() {
                        reading.draft.set(&["links", "runbooks"], base);
                    }
                }
                key => {
                    if rendered.annotations.get(key).map(String::as_str) != Some(value.as_str()) {
                        let path = ["alerts", &found.alert, "annotations", key];
                        reading.draft.set(&path, value.value.to_string());
                    }
                }
            }
        }
    }
}
