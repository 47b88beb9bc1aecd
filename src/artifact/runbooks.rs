use include_dir::{Dir, include_dir};
use indexmap::IndexMap;
use serde::Serialize;
use serde_json::{Map, Value as Json, json};

use super::BuildError;
use crate::bundle::{Artifact, Kind};
use crate::catalogue::{AlertCatalogue, Direction, Severity};
use crate::model::Stack;
use crate::model::alert::{Alerting, AlertingRule, SHORTEST_WINDOW};
use crate::model::threshold::{self, ResolvedThreshold};
use crate::profile::Runbook;
use crate::quantity::Duration;
use crate::template::Templates;

static RUNBOOKS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/docs/runbooks");

/// The hand-written runbook of an alert, a template in Markdown; `None` where there is none.
pub fn runbook(alert: &str) -> Option<&'static str> {
    RUNBOOKS.get_file(format!("{alert}.md"))?.contents_utf8()
}

/// Names of all alerts with a runbook.
pub fn runbook_names() -> impl Iterator<Item = &'static str> {
    RUNBOOKS
        .files()
        .filter_map(|file| file.path().file_stem()?.to_str())
}

/// A runbook as its template sees it.
#[derive(Serialize)]
struct RunbookContext<'a> {
    text: String,
    why: &'a str,
    rules: Vec<RuleContext<'a>>,
}

#[derive(Serialize)]
struct RuleContext<'a> {
    alert: &'a str,
    severity: &'static str,
    pending: String,
    expr: &'a str,
}

/// `runbooks/*.md` of a stack, each with its title.
///
/// # Errors
///
/// As [`runbooks_of`].
pub fn runbooks(
    stack: &Stack<'_>,
    templates: &Templates,
) -> Result<Vec<(String, Artifact)>, BuildError> {
    let alerting: Vec<&Alerting<'_>> = std::iter::once(&stack.alerting)
        .chain(&stack.counting)
        .collect();
    runbooks_of(&alerting, &stack.profile.runbooks, templates)
}

/// `runbooks/*.md`: one for each alert that is rendered, with the numbers of this environment, and the
/// profile's own. Each with its title. One of the profile's replaces that of the alert with its name.
///
/// # Errors
///
/// A text or a template that does not render, or a slug that is no file name.
pub fn runbooks_of(
    alerting: &[&Alerting<'_>],
    own: &IndexMap<String, Runbook>,
    templates: &Templates,
) -> Result<Vec<(String, Artifact)>, BuildError> {
    let mut artifacts = Vec::new();
    let mut by_alert: IndexMap<&str, (&Alerting<'_>, Vec<&AlertingRule<'_>>)> = IndexMap::new();
    for alerting in alerting {
        for rule in alerting.rules() {
            let (_, rules) = by_alert
                .entry(&rule.alert.name)
                .or_insert_with(|| (alerting, Vec::new()));
            rules.push(rule);
        }
    }
    for (name, (alerting, rules)) in by_alert {
        if own.contains_key(name) {
            continue;
        }
        let Some(text) = runbook(name) else {
            continue;
        };
        let path = format!("runbooks/{name}.md");
        let pendings: Vec<(Severity, Duration)> = rules
            .iter()
            .take_while(|rule| rule.scope == rules[0].scope)
            .map(|rule| (rule.severity, rule.pending))
            .collect();
        let threshold = rules[0].threshold.as_ref().map(|(_, threshold)| threshold);
        let numbers = numbers(threshold, &pendings, alerting.window, &alerting.thresholds);
        let context = RunbookContext {
            text: templates.render_inline(&path, text, &numbers)?,
            why: &rules[0].alert.why,
            rules: rules
                .iter()
                .map(|rule| RuleContext {
                    alert: &rule.name,
                    severity: rule.severity.as_str(),
                    pending: rule.pending.in_words(),
                    expr: &rule.expr,
                })
                .collect(),
        };
        let text = templates.render("stack/runbooks/runbook.md.j2", &context)?;
        artifacts.push((name.to_owned(), Artifact::new(&path, Kind::Document, text)?));
    }
    for (slug, runbook) in own {
        let text = format!("# {}\n\n{}\n", runbook.title, runbook.text.trim_end());
        let path = format!("runbooks/{slug}.md");
        artifacts.push((
            runbook.title.clone(),
            Artifact::new(&path, Kind::Document, text)?,
        ));
    }
    Ok(artifacts)
}

/// The runbook of an alert with the catalogue's defaults as its numbers; `None` for an alert that does
/// not exist.
pub fn runbook_text(alert: &str, catalogue: &AlertCatalogue) -> Option<String> {
    let (_, known) = catalogue.alert(alert)?;
    let thresholds = threshold::resolve(catalogue, &IndexMap::new(), &mut Vec::new());
    let threshold = known
        .threshold
        .as_ref()
        .and_then(|name| thresholds.get(name));
    let pendings: Vec<(Severity, Duration)> = match threshold {
        Some(threshold) => [Severity::Warning, Severity::Critical]
            .into_iter()
            .filter_map(|severity| Some((severity, threshold.of(severity)?.1)))
            .collect(),
        None => vec![(Severity::Warning, known.pending.unwrap_or_default())],
    };
    let numbers = numbers(threshold, &pendings, SHORTEST_WINDOW, &thresholds);
    Templates::embedded()
        .render_inline(alert, runbook(alert)?, &numbers)
        .ok()
}

/// What the texts of a runbook may name.
fn numbers(
    threshold: Option<&ResolvedThreshold>,
    pendings: &[(Severity, Duration)],
    window: Duration,
    thresholds: &IndexMap<String, ResolvedThreshold>,
) -> Json {
    let pending = match pendings {
        [first, second] if first.1 != second.1 => format!(
            "{} ({}) or {} ({})",
            first.1.in_words(),
            first.0.as_str(),
            second.1.in_words(),
            second.0.as_str()
        ),
        [first, ..] => first.1.in_words(),
        [] => String::new(),
    };
    let guards: Map<String, Json> = thresholds
        .values()
        .filter(|threshold| threshold.direction == Direction::Guard)
        .map(|threshold| {
            (
                threshold.name.replace('-', "_"),
                json!(threshold.in_words()),
            )
        })
        .collect();
    json!({
        "limits": threshold.map_or_else(String::new, ResolvedThreshold::in_words),
        "pending": pending,
        "window": window.in_words(),
        "guard_text": guards,
    })
}
