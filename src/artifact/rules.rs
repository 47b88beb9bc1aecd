use serde::Serialize;

use super::BuildError;
use crate::bundle::{Artifact, Kind};
use crate::model::alert::{Alerting, AlertingRule, Evaluator, RuleGroup};
use crate::quantity::Duration;
use crate::template::Templates;

/// The rule group of the recording rules, and the name of its file.
pub(super) const RECORDING: &str = "recording";

/// A rule file as its template sees it.
#[derive(Serialize)]
struct GroupContext<'a> {
    group: &'a str,
    about: &'a str,
    recording: Vec<RecordingContext<'a>>,
    rules: Vec<RuleContext<'a>>,
}

#[derive(Serialize)]
struct RecordingContext<'a> {
    record: &'a str,
    why: &'a str,
    expr: &'a str,
}

#[derive(Serialize)]
struct RuleContext<'a> {
    alert: &'a str,
    /// `None` for the second rule of an alert.
    why: Option<&'a str>,
    expr: &'a str,
    pending: Option<Duration>,
    labels: &'a indexmap::IndexMap<String, String>,
    annotations: &'a indexmap::IndexMap<String, String>,
}

/// `prometheus/rules/*.yml`, or `ruler/rules/*.yml` where Prometheus evaluates none: the recording rules, and one file
/// per rule group.
///
/// # Errors
///
/// A template that does not render.
pub fn rules(alerting: &Alerting<'_>, templates: &Templates) -> Result<Vec<Artifact>, BuildError> {
    let mut artifacts = Vec::with_capacity(alerting.groups.len() + 1);
    if !alerting.recording.is_empty() {
        let context = GroupContext {
            group: RECORDING,
            about: "What several alerts and panels ask for, computed once.",
            recording: alerting
                .recording
                .iter()
                .map(|recording| RecordingContext {
                    record: &recording.rule.name,
                    why: &recording.why,
                    expr: &recording.expr,
                })
                .collect(),
            rules: Vec::new(),
        };
        artifacts.push(file(&context, alerting.evaluator, templates)?);
    }
    for group in &alerting.groups {
        artifacts.push(file(&context(group), alerting.evaluator, templates)?);
    }
    Ok(artifacts)
}

/// The names of the rule groups, in the order of evaluation.
pub(super) fn rule_groups<'a>(alerting: &'a Alerting<'_>) -> impl Iterator<Item = &'a str> {
    let recording = (!alerting.recording.is_empty()).then_some(RECORDING);
    let groups = alerting.groups.iter().map(|group| group.name.as_str());
    recording.into_iter().chain(groups)
}

fn context<'a>(group: &'a RuleGroup<'_>) -> GroupContext<'a> {
    let mut previous: Option<&AlertingRule<'_>> = None;
    let mut rules = Vec::with_capacity(group.rules.len());
    for rule in &group.rules {
        let again = previous.is_some_and(|previous| previous.alert.name == rule.alert.name);
        rules.push(RuleContext {
            alert: &rule.name,
            why: (!again).then_some(rule.alert.why.as_str()),
            expr: &rule.expr,
            pending: (!rule.pending.is_zero()).then_some(rule.pending),
            labels: &rule.labels,
            annotations: &rule.annotations,
        });
        previous = Some(rule);
    }
    GroupContext {
        group: &group.name,
        about: group.about,
        recording: Vec::new(),
        rules,
    }
}

fn file(
    context: &GroupContext<'_>,
    evaluator: Evaluator,
    templates: &Templates,
) -> Result<Artifact, BuildError> {
    let text = templates.render("stack/prometheus/rules/group.yml.j2", context)?;
    let (directory, file) = (evaluator.directory(), evaluator.file(context.group));
    let path = format!("{directory}/rules/{file}.yml");
    Ok(Artifact::new(&path, Kind::PrometheusRules, text)?)
}
