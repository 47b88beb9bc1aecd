//! Which alerts an environment has, and what each of them says.

mod environment;
mod links;
mod overrides;
mod shard;

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;

use self::environment::Environment;
pub use self::links::AlertLinks;
pub(super) use self::shard::counting;
use super::application::Application;
use super::job::ScrapeJob;
use super::memory_pressure::MemoryPressure;
use super::target::RedisTarget;
use super::threshold::{self, ResolvedThreshold};
use crate::catalogue::alert::Each;
use crate::catalogue::{Alert, AlertCatalogue, RecordingRule, Severity, Version};
use crate::profile::{AlertOverride, Problem, Threshold};
use crate::quantity::Duration;
use crate::template::{TemplateError, Templates};

/// Shortest range of a rate that is chosen unasked: enough samples to survive a lost scrape or two.
pub const SHORTEST_WINDOW: Duration = Duration::from_secs(300);

/// How many scans of keys a rule looks back over: one may fail.
const SCANS_PER_WINDOW: u64 = 3;

/// What decides which alerts there are and what they say.
#[derive(Debug, Clone, Copy)]
pub struct AlertingInputs<'a> {
    /// The Redis deployments.
    pub targets: &'a [RedisTarget],
    /// Every scrape job.
    pub jobs: &'a [ScrapeJob],
    /// Applications by name.
    pub applications: &'a IndexMap<String, Application<'a>>,
    /// The oldest redis_exporter of the environment; `None` where one is unknown, which is taken for new enough.
    pub exporter: Option<Version>,
    /// The oldest Redis; `None` where one is unknown, which is taken for new enough.
    pub redis: Option<Version>,
    /// `thresholds` of the profile.
    pub thresholds: &'a IndexMap<String, Threshold>,
    /// Where levels of memory pressure begin.
    pub pressure: &'a MemoryPressure,
    /// `alerts` of the profile.
    pub overrides: &'a IndexMap<String, AlertOverride>,
    /// Slugs of the profile's own runbooks, which an override may name.
    pub own_runbooks: &'a BTreeSet<String>,
    /// What annotations link to.
    pub links: &'a AlertLinks,
    /// Range of rates, where the profile says it.
    pub window: Option<Duration>,
    /// Who evaluates the rules.
    pub evaluation: &'a Evaluation,
}

/// Who evaluates rules, and so which of them, and what they have to say themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Evaluation {
    /// Who.
    pub by: Evaluator,
    /// Labels of every alert beside those of its series, as plain text.
    pub labels: IndexMap<String, String>,
    /// Whether Prometheus sends its samples to a storage elsewhere.
    pub has_remote_write: bool,
}

/// Who evaluates rules.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Evaluator {
    /// The one Prometheus that there is.
    #[default]
    Prometheus,
    /// Each of several. What they have in common counts within a target, and none of them has all targets of a job.
    EachShard,
    /// The one of several with this number: how many targets of a job it must find.
    Shard(u64),
    /// A ruler elsewhere, which has all samples, and adds no external labels.
    Ruler,
}

impl Evaluator {
    /// Directory of the rules and their tests in the bundle.
    pub const fn directory(self) -> &'static str {
        match self {
            Self::Ruler => "ruler",
            _ => "prometheus",
        }
    }

    /// Name of the file of a rule group, without extension.
    pub fn file(self, group: &str) -> String {
        match self {
            Self::Shard(number) => format!("{group}-shard-{number}"),
            _ => group.to_owned(),
        }
    }

    /// Whether an alert is this one's business.
    fn takes(self, alert: &Alert) -> bool {
        let counts_a_job = alert.each == Some(Each::Job);
        match self {
            Self::Prometheus | Self::Ruler => true,
            Self::EachShard => !counts_a_job,
            Self::Shard(_) => counts_a_job,
        }
    }
}

/// The rules of one environment.
#[derive(Debug, Clone)]
pub struct Alerting<'c> {
    /// Recording rules that an alert or a panel may read.
    pub recording: Vec<Recording<'c>>,
    /// Rule groups in triage order; none is empty.
    pub groups: Vec<RuleGroup<'c>>,
    /// Thresholds by name.
    pub thresholds: IndexMap<String, ResolvedThreshold>,
    /// Exporter flags that the alerts need, without dashes; all of them switches.
    pub flags: BTreeSet<String>,
    /// Alerts of the catalogue that are left out, with the reason in words.
    pub omitted: IndexMap<String, String>,
    /// Range of rates.
    pub window: Duration,
    /// Who evaluates them.
    pub evaluator: Evaluator,
}

impl Alerting<'_> {
    /// Every alerting rule, in the order of the files.
    pub fn rules(&self) -> impl Iterator<Item = &AlertingRule<'_>> {
        self.groups.iter().flat_map(|group| &group.rules)
    }
}

/// A recording rule, complete.
#[derive(Debug, Clone)]
pub struct Recording<'c> {
    /// What it says in the catalogue.
    pub rule: &'c RecordingRule,
    /// Why it is there.
    pub why: String,
    /// PromQL.
    pub expr: String,
    /// The first job that it is about: the `job` label in its test.
    pub subject_job: String,
    /// What a name in the sums of its test stands for.
    pub numbers: BTreeMap<String, f64>,
}

/// One rule file.
#[derive(Debug, Clone)]
pub struct RuleGroup<'c> {
    /// Its name, and the `group` label of its alerts.
    pub name: String,
    /// The question that it answers.
    pub about: &'c str,
    /// Its rules, those of one alert side by side.
    pub rules: Vec<AlertingRule<'c>>,
}

/// One alerting rule, complete.
#[derive(Debug, Clone)]
pub struct AlertingRule<'c> {
    /// What it says in the catalogue.
    pub alert: &'c Alert,
    /// Name of the alert; the catalogue's unless the profile renames it.
    pub name: String,
    /// The `severity` label.
    pub severity: Severity,
    /// The number that `expr` compares with, and which side of it is bad.
    pub threshold: Option<(f64, ResolvedThreshold)>,
    /// What it is about, where there is one rule for each such thing.
    pub scope: Scope,
    /// PromQL.
    pub expr: String,
    /// How long it must hold.
    pub pending: Duration,
    /// Static labels, templates already escaped.
    pub labels: IndexMap<String, String>,
    /// Annotations, as Prometheus' templates.
    pub annotations: IndexMap<String, String>,
    /// Slug of the runbook.
    pub runbook: String,
    /// The first job that it is about: the `job` label in its test.
    pub subject_job: String,
    /// What a name in the sums of its test stands for, but for `value`.
    pub numbers: BTreeMap<String, f64>,
    /// Selectors of its test that name series of this profile, by what the catalogue writes.
    pub selectors: BTreeMap<String, String>,
}

/// What one of several rules of an alert is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Scope {
    /// Everything that the alert is about.
    #[default]
    Everything,
    /// One job.
    Job {
        /// Its name.
        name: String,
        /// How many targets it should have.
        expected: usize,
    },
    /// One application.
    Application {
        /// Its name in the profile.
        name: String,
        /// Its job.
        job: String,
    },
}

impl Scope {
    /// The job that the rule names, if it is about one thing only.
    pub fn job(&self) -> Option<&str> {
        match self {
            Self::Everything => None,
            Self::Job { name, .. } => Some(name),
            Self::Application { job, .. } => Some(job),
        }
    }
}

/// Everything about the alerts of one environment. Mistakes of the profile become `problems`; alerts
/// that they concern are left out of the answer.
///
/// # Errors
///
/// A text of the catalogue that does not render, which is our mistake.
pub fn resolve<'c>(
    catalogue: &'c AlertCatalogue,
    inputs: &AlertingInputs<'_>,
    templates: &Templates,
    problems: &mut Vec<Problem>,
) -> Result<Alerting<'c>, TemplateError> {
    let thresholds = threshold::resolve(catalogue, inputs.thresholds, problems);
    overrides::check(catalogue, inputs, problems);
    let environment = Environment::new(inputs, &thresholds);
    let mut alerting = Alerting {
        recording: Vec::new(),
        groups: Vec::new(),
        flags: BTreeSet::new(),
        omitted: IndexMap::new(),
        window: environment.window,
        evaluator: inputs.evaluation.by,
        thresholds: IndexMap::new(),
    };
    let evaluator = alerting.evaluator;
    for (name, written) in &catalogue.groups {
        let mut rules = Vec::new();
        for alert in written.alerts.iter().filter(|it| evaluator.takes(it)) {
            if let Some(reason) = environment.unfit(alert) {
                alerting.omitted.insert(alert.name.clone(), reason);
                continue;
            }
            let before = rules.len();
            environment.rules(name, alert, templates, &mut rules)?;
            if rules.len() > before {
                alerting.flags.extend(alert.needs.flags.iter().cloned());
            } else {
                alerting
                    .omitted
                    .insert(alert.name.clone(), "its threshold is off".into());
            }
        }
        if !rules.is_empty() {
            alerting.groups.push(RuleGroup {
                name: name.clone(),
                about: &written.about,
                rules,
            });
        }
    }
    let recording = catalogue.recording_rules.values();
    for rule in recording.filter(|_| !matches!(evaluator, Evaluator::Shard(_))) {
        if let Some(job) = environment.first_jobs.get(&rule.on) {
            let render = |text: &str| {
                let text = templates.render_inline(&rule.name, text, &environment.context)?;
                Ok(text.trim().to_owned())
            };
            alerting.recording.push(Recording {
                rule,
                why: render(&rule.why)?,
                expr: render(&rule.expr)?,
                subject_job: job.clone(),
                numbers: environment.numbers.clone(),
            });
        }
    }
    alerting.thresholds = thresholds;
    Ok(alerting)
}
