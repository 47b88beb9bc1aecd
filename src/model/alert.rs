//! Which alerts an environment has, and what each of them says.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use serde::Serialize;
use serde_json::{Map, Value as Json, json};

use super::annotation;
use super::application::Application;
use super::job::{JobKind, ScrapeJob};
use super::memory_pressure::MemoryPressure;
use super::scrape::SCRAPES_PER_WINDOW;
use super::target::RedisTarget;
use super::threshold::{self, ResolvedThreshold};
use crate::catalogue::alert::{Each, PersistenceKind, Subject};
use crate::catalogue::{Alert, AlertCatalogue, RecordingRule, Severity, Version};
use crate::document::Route;
use crate::profile::{AlertOverride, Persistence, Problem, Threshold, suggestion};
use crate::quantity::Duration;
use crate::template::{TemplateError, Templates, go_template, promql_string, regex_literal};

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

/// What annotations link to.
#[derive(Debug, Clone, Default)]
pub struct AlertLinks {
    /// Where people open Grafana, without a slash at the end.
    pub grafana: String,
    /// Uid of the dashboard for alerts whose group has none of its own; `None` for no link.
    pub dashboard: Option<String>,
    /// Uid of the dashboard by rule group.
    pub dashboards: BTreeMap<String, String>,
    /// Uid of the dashboard by application.
    pub applications: BTreeMap<String, String>,
    /// Where the bundle's `runbooks/` are published; `None` for the path in the bundle.
    pub runbooks: Option<String>,
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
    check_overrides(catalogue, inputs, problems);
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

fn check_overrides(
    catalogue: &AlertCatalogue,
    inputs: &AlertingInputs<'_>,
    problems: &mut Vec<Problem>,
) {
    let mut names: BTreeMap<&str, &str> = BTreeMap::new();
    for (name, written) in inputs.overrides {
        let route = Route::of(["alerts", name]);
        let Some((_, alert)) = catalogue.alert(name) else {
            let mut problem = Problem::key(
                "profile/unknown-alert",
                route,
                format!("there is no alert `{name}`"),
            );
            problem.help = suggestion(
                name,
                catalogue.alerts().map(|(_, alert)| alert.name.as_str()),
                "alerts",
            )
            .or_else(|| Some("`stackwright list alerts` names them all".into()));
            problems.push(problem);
            continue;
        };
        if let Some(threshold) = &alert.threshold {
            for (key, given) in [
                ("severity", written.severity.is_some()),
                ("for", written.pending.is_some()),
            ] {
                if given {
                    problems.push(
                        Problem::key(
                            "profile/misplaced-override",
                            route.key(key),
                            format!("`{key}` of `{name}` belongs to its threshold"),
                        )
                        .help(format!("set `thresholds.{threshold}` instead")),
                    );
                }
            }
        }
        for key in written.labels.keys() {
            if matches!(key.as_str(), "severity" | "group" | "alertname") {
                problems.push(
                    Problem::key(
                        "profile/reserved-label",
                        route.key("labels").key(key),
                        format!("the label `{key}` of an alert is set by stackwright"),
                    )
                    .help("routes and inhibition rely on it; use another name"),
                );
            }
        }
        if let Some(runbook) = &written.runbook
            && !inputs.own_runbooks.contains(runbook)
            && catalogue.alert(runbook).is_none()
        {
            let mut problem = Problem::value(
                "profile/unknown-runbook",
                route.key("runbook"),
                format!("there is no runbook `{runbook}`"),
            );
            problem.help = suggestion(
                runbook,
                inputs.own_runbooks.iter().map(String::as_str),
                "runbooks",
            );
            problems.push(problem);
        }
        if let Some(new) = &written.name {
            let taken = catalogue.alert(new).is_some() && new != name;
            if new.is_empty() || taken || names.insert(new, name).is_some() {
                problems.push(Problem::value(
                    "profile/bad-alert-name",
                    route.key("name"),
                    if new.is_empty() {
                        "an alert needs a name".to_owned()
                    } else {
                        format!("another alert is called `{new}` already")
                    },
                ));
            }
        }
    }
}

/// What all alerts of an environment have in common.
struct Environment<'i> {
    inputs: &'i AlertingInputs<'i>,
    thresholds: &'i IndexMap<String, ResolvedThreshold>,
    window: Duration,
    /// First job by subject.
    first_jobs: BTreeMap<Subject, String>,
    topologies: BTreeSet<String>,
    context: Json,
    numbers: BTreeMap<String, f64>,
}

impl<'i> Environment<'i> {
    fn new(
        inputs: &'i AlertingInputs<'i>,
        thresholds: &'i IndexMap<String, ResolvedThreshold>,
    ) -> Self {
        let longest = |is_of_keys: bool| {
            let jobs = inputs.jobs.iter();
            jobs.filter(|job| (job.kind == JobKind::Keys) == is_of_keys)
                .map(|job| job.interval)
                .max()
                .unwrap_or_default()
        };
        let window = inputs.window.unwrap_or_else(|| {
            longest(false)
                .times(SCRAPES_PER_WINDOW)
                .max(SHORTEST_WINDOW)
        });
        let mut matchers = BTreeMap::new();
        let mut first_jobs = BTreeMap::new();
        for subject in Subject::ALL {
            let jobs: Vec<&str> = jobs_of(inputs.jobs, subject);
            if let Some(first) = jobs.first() {
                first_jobs.insert(subject, (*first).to_owned());
                matchers.insert(subject.as_str(), matcher(&jobs));
            }
        }
        let mut servers = jobs_of(inputs.jobs, Subject::Redis);
        servers.extend(jobs_of(inputs.jobs, Subject::Sentinels));
        if !servers.is_empty() {
            matchers.insert("servers", matcher(&servers));
        }
        let topologies = inputs
            .targets
            .iter()
            .filter_map(|target| target.static_labels().shift_remove("topology"))
            .collect();
        let mut context = Map::new();
        for (name, matcher) in &matchers {
            context.insert((*name).to_owned(), json!(matcher));
        }
        context.insert("window".into(), json!(window.to_string()));
        // The last scan is known for as long as one may fail, whatever Prometheus' lookback.
        let keys_window = longest(true).times(SCANS_PER_WINDOW).max(SHORTEST_WINDOW);
        context.insert("keys_window".into(), json!(keys_window.to_string()));
        context.insert(
            "exporter".into(),
            inputs.exporter.map_or(
                Json::Null,
                |version| json!({"major": version.major, "minor": version.minor, "patch": version.patch}),
            ),
        );
        context.insert("pressure".into(), inputs.pressure.context());
        context.insert("pressure_text".into(), inputs.pressure.words());
        let mut numbers = BTreeMap::from([("window".to_owned(), window.as_secs_f64())]);
        for (name, number) in inputs.pressure.numbers() {
            numbers.insert(name.to_owned(), number);
        }
        let (mut guard, mut guard_text) = (Map::new(), Map::new());
        for threshold in thresholds.values() {
            if threshold.direction == crate::catalogue::Direction::Guard
                && let Some(value) = threshold.warning
            {
                let name = threshold.name.replace('-', "_");
                numbers.insert(format!("guard.{name}"), value);
                guard_text.insert(name.clone(), json!(threshold.unit.in_words(value)));
                guard.insert(name, json!(Number(value)));
            }
        }
        context.insert("guard".into(), Json::Object(guard));
        context.insert("guard_text".into(), Json::Object(guard_text));
        Self {
            inputs,
            thresholds,
            window,
            first_jobs,
            topologies,
            context: Json::Object(context),
            numbers,
        }
    }

    /// Why an alert makes no sense here; `None` where it does.
    fn unfit(&self, alert: &Alert) -> Option<String> {
        let needs = &alert.needs;
        let targets = self.inputs.targets;
        let written = self.inputs.overrides.get(&alert.name);
        if written.is_some_and(|written| written.enabled == Some(false)) {
            return Some("the profile switches it off".into());
        }
        if let Some(missing) = needs
            .jobs
            .iter()
            .find(|subject| !self.first_jobs.contains_key(subject))
        {
            return Some(format!("nothing is scraped for `{}`", missing.as_str()));
        }
        if alert.each == Some(Each::Application) {
            let mut applications = self.inputs.applications.values();
            if !applications.any(|application| application.has_indicators(&needs.indicators)) {
                let names: Vec<&str> = needs.indicators.iter().map(|name| name.as_str()).collect();
                return Some(format!(
                    "no application says where its {} are",
                    names.join(" and ")
                ));
            }
        }
        if !needs.topologies.is_empty()
            && !needs
                .topologies
                .iter()
                .any(|topology| self.topologies.contains(topology))
        {
            return Some(format!("no target is {}", needs.topologies.join(" or ")));
        }
        if needs.unlimited && targets.iter().all(|target| target.maxmemory.is_some()) {
            return Some("every target has a memory limit".into());
        }
        let kept = |target: &RedisTarget| match needs.persistence {
            None => true,
            Some(PersistenceKind::Rdb) => matches!(
                target.persistence,
                Persistence::Rdb | Persistence::RdbAndAof
            ),
            Some(PersistenceKind::Aof) => matches!(
                target.persistence,
                Persistence::Aof | Persistence::RdbAndAof
            ),
        };
        if needs.persistence.is_some() && !targets.iter().any(kept) {
            return Some("no target keeps its data this way".into());
        }
        if needs.password && targets.iter().all(|target| target.password.is_none()) {
            return Some("no target has a password".into());
        }
        let mut scans = targets.iter().filter_map(|target| target.keys.as_ref());
        if needs.rules && self.inputs.evaluation.by == Evaluator::Ruler {
            return Some("Prometheus evaluates no rules".into());
        }
        if needs.remote_write && !self.inputs.evaluation.has_remote_write {
            return Some("Prometheus sends its samples nowhere".into());
        }
        if needs.lua && !scans.any(|keys| keys.lua) {
            return Some("no script looks at keys".into());
        }
        for (needed, have, what) in [
            (needs.exporter, self.inputs.exporter, "redis_exporter"),
            (needs.redis, self.inputs.redis, "Redis"),
        ] {
            if let (Some(needed), Some(have)) = (needed, have)
                && have < needed
            {
                return Some(format!("it needs {what} {needed}, and {have} is used"));
            }
        }
        None
    }

    /// What an alert has a rule for, each.
    fn scopes(&self, alert: &Alert) -> Vec<Scope> {
        match alert.each {
            None => vec![Scope::Everything],
            Some(Each::Job) => {
                // Between two scans of keys there is no `up`, and it would look missing.
                let often = |job: &&ScrapeJob| job.kind != JobKind::Keys;
                let jobs = self.inputs.jobs.iter().filter(often);
                jobs.map(|job| Scope::Job {
                    name: job.name.clone(),
                    expected: job.discovery.expected().unwrap_or(1).max(1),
                })
                .collect()
            }
            Some(Each::Application) => self
                .inputs
                .applications
                .iter()
                .filter(|(_, application)| application.has_indicators(&alert.needs.indicators))
                .map(|(name, application)| Scope::Application {
                    name: name.clone(),
                    job: application.job.clone(),
                })
                .collect(),
        }
    }

    fn rules<'c>(
        &self,
        group: &str,
        alert: &'c Alert,
        templates: &Templates,
        rules: &mut Vec<AlertingRule<'c>>,
    ) -> Result<(), TemplateError> {
        let severities: Vec<(Severity, Option<(f64, ResolvedThreshold)>)> = match &alert.threshold {
            None => alert
                .severity
                .map(|severity| (severity, None))
                .into_iter()
                .collect(),
            Some(name) => {
                let Some(threshold) = self.thresholds.get(name) else {
                    return Ok(());
                };
                [Severity::Warning, Severity::Critical]
                    .into_iter()
                    .filter_map(|severity| {
                        let (value, _) = threshold.of(severity)?;
                        Some((severity, Some((value, threshold.clone()))))
                    })
                    .collect()
            }
        };
        for scope in self.scopes(alert) {
            for (severity, threshold) in &severities {
                let rule = self.rule(
                    group,
                    alert,
                    *severity,
                    threshold.clone(),
                    scope.clone(),
                    templates,
                );
                rules.push(rule?);
            }
        }
        Ok(())
    }

    fn rule<'c>(
        &self,
        group: &str,
        alert: &'c Alert,
        severity: Severity,
        threshold: Option<(f64, ResolvedThreshold)>,
        scope: Scope,
        templates: &Templates,
    ) -> Result<AlertingRule<'c>, TemplateError> {
        let nothing = AlertOverride::default();
        let written = self.inputs.overrides.get(&alert.name).unwrap_or(&nothing);
        let pending = match &threshold {
            Some((_, threshold)) => threshold.of(severity).map(|(_, pending)| pending),
            None => written.pending.or(alert.pending),
        }
        .unwrap_or_default();
        let severity = match &threshold {
            Some(_) => severity,
            None => written.severity.unwrap_or(severity),
        };

        let mut context = self.context.clone();
        let mut numbers = self.numbers.clone();
        context["pending"] = json!(pending.in_words());
        if let Some((value, threshold)) = &threshold {
            context["threshold"] = json!(Number(*value));
            context["threshold_text"] = json!(threshold.unit.in_words(*value));
            // The upper end of a histogram that a test makes up: well beyond both values.
            let most = threshold.warning.into_iter().chain(threshold.critical);
            let bound = 4.0 * most.fold(f64::MIN_POSITIVE, f64::max);
            context["bound"] = json!(bound);
            numbers.insert("bound".into(), bound);
        }
        match &scope {
            Scope::Everything => {}
            Scope::Job { name, expected } => {
                // Inside a string literal of the expression.
                let quoted = promql_string(name);
                context["job"] = json!(quoted[1..quoted.len() - 1]);
                context["expected"] = json!(expected);
                numbers.insert("expected".into(), *expected as f64);
            }
            Scope::Application { name, .. } => {
                if let Some(application) = self.inputs.applications.get(name) {
                    context["application"] = application.alerting_context(name);
                    let shared = application.examples.errors_are_requests;
                    numbers.insert(
                        "application.errors_are_requests".into(),
                        f64::from(u8::from(shared)),
                    );
                }
            }
        }
        let render = |text: &str| templates.render_inline(&alert.name, text, &context);

        let mut labels = IndexMap::from([
            ("severity".to_owned(), severity.as_str().to_owned()),
            ("group".to_owned(), group.to_owned()),
        ]);
        if let Some(job) = scope.job() {
            // The result says so too; without it promtool takes the rules for copies of one another.
            labels.insert("job".to_owned(), go_template(job));
        }
        for (name, value) in self.inputs.evaluation.labels.iter().chain(&written.labels) {
            labels.insert(name.clone(), go_template(value));
        }
        let runbook = written
            .runbook
            .clone()
            .unwrap_or_else(|| alert.name.clone());
        let mut annotations = IndexMap::from([
            ("summary".to_owned(), render(&alert.summary)?),
            ("description".to_owned(), render(&alert.description)?),
        ]);
        let (key, link) = match &self.inputs.links.runbooks {
            Some(base) => (
                "runbook_url",
                format!("{}/{runbook}.md", base.trim_end_matches('/')),
            ),
            None => ("runbook", format!("runbooks/{runbook}.md")),
        };
        annotations.insert(key.into(), go_template(&link));
        if let Some(link) = self.dashboard(group, alert, &scope) {
            annotations.insert("dashboard_url".into(), link);
        }
        for (name, text) in &written.annotations {
            // A template that we do not understand is a text that happens to have braces.
            let text = match annotation::expand(text, &IndexMap::new(), 0.0) {
                Some(_) => text.clone(),
                None => go_template(text),
            };
            annotations.insert(name.clone(), text);
        }
        let expr = render(&alert.expr)?.trim().to_owned();
        let subject_job = match scope.job() {
            Some(job) => job.to_owned(),
            None => self.first_jobs.get(&alert.on).cloned().unwrap_or_default(),
        };
        let mut selectors = BTreeMap::new();
        for selector in alert.test.selectors() {
            let rendered = render(selector)?;
            if rendered != *selector {
                selectors.insert(selector.clone(), rendered);
            }
        }
        Ok(AlertingRule {
            alert,
            name: written.name.clone().unwrap_or_else(|| alert.name.clone()),
            severity,
            threshold,
            scope,
            expr,
            pending,
            labels,
            annotations,
            runbook,
            subject_job,
            numbers,
            selectors,
        })
    }

    /// Link to the dashboard that shows the series of the alert.
    fn dashboard(&self, group: &str, alert: &Alert, scope: &Scope) -> Option<String> {
        let links = self.inputs.links;
        if let Scope::Application { name, .. } = scope
            && let Some(uid) = links.applications.get(name)
        {
            let base = go_template(links.grafana.trim_end_matches('/'));
            return Some(format!("{base}/d/{}", go_template(uid)));
        }
        let uid = links.dashboards.get(group).or(links.dashboard.as_ref())?;
        let variables: Vec<String> = ["job", "instance"]
            .into_iter()
            .filter(|label| alert.keeps.iter().any(|kept| kept == label))
            .map(|label| format!("var-{label}={{{{ $labels.{label} | urlquery }}}}"))
            .collect();
        let base = go_template(links.grafana.trim_end_matches('/'));
        Some(format!(
            "{base}/d/{}?{}",
            go_template(uid),
            variables.join("&")
        ))
    }
}

/// A number as PromQL and sentences have it: no exponent, no `.0`.
struct Number(f64);

impl Serialize for Number {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

fn jobs_of(jobs: &[ScrapeJob], subject: Subject) -> Vec<&str> {
    jobs.iter()
        .filter(|job| match subject {
            Subject::Redis => job.kind == JobKind::Redis,
            Subject::Sentinels => job.kind == JobKind::Sentinel,
            Subject::Keys => job.kind == JobKind::Keys,
            Subject::Exporters => job.kind == JobKind::Exporter,
            Subject::Applications => job.kind == JobKind::Application,
            Subject::Probes => job.kind == JobKind::Probe,
            Subject::Others => {
                matches!(
                    job.kind,
                    JobKind::Own | JobKind::Application | JobKind::Probe
                )
            }
            Subject::Prometheus => job.kind == JobKind::Own && job.name == "prometheus",
            Subject::Alertmanager => job.kind == JobKind::Own && job.name == "alertmanager",
        })
        .map(|job| job.name.as_str())
        .collect()
}

/// A matcher for exactly these jobs.
fn matcher(jobs: &[&str]) -> String {
    match jobs {
        [job] => format!("job={}", promql_string(job)),
        _ => {
            let names: Vec<String> = jobs.iter().map(|job| regex_literal(job)).collect();
            format!("job=~{}", promql_string(&names.join("|")))
        }
    }
}
