//! Which rules an alert of the catalogue becomes in one environment.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use serde::Serialize;
use serde_json::{Map, Value as Json, json};

use super::{AlertingInputs, AlertingRule, Evaluator, SCANS_PER_WINDOW, SHORTEST_WINDOW, Scope};
use crate::catalogue::alert::{Each, KeyLimit, PersistenceKind, Subject};
use crate::catalogue::{Alert, Severity};
use crate::model::annotation;
use crate::model::job::{JobKind, ScrapeJob};
use crate::model::scrape::SCRAPES_PER_WINDOW;
use crate::model::target::RedisTarget;
use crate::model::threshold::ResolvedThreshold;
use crate::profile::{AlertOverride, Persistence};
use crate::quantity::Duration;
use crate::template::{TemplateError, Templates, go_template, promql_string, regex_literal};

/// What all alerts of an environment have in common.
pub(super) struct Environment<'i> {
    inputs: &'i AlertingInputs<'i>,
    thresholds: &'i IndexMap<String, ResolvedThreshold>,
    pub window: Duration,
    /// First job by subject.
    pub first_jobs: BTreeMap<Subject, String>,
    topologies: BTreeSet<String>,
    pub context: Json,
    pub numbers: BTreeMap<String, f64>,
}

impl<'i> Environment<'i> {
    pub fn new(
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
    pub fn unfit(&self, alert: &Alert) -> Option<String> {
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
        if needs.rules && self.inputs.evaluation.by == Evaluator::Ruler {
            return Some("Prometheus evaluates no rules".into());
        }
        if needs.remote_write && !self.inputs.evaluation.has_remote_write {
            return Some("Prometheus sends its samples nowhere".into());
        }
        let scans = targets.iter().filter_map(|target| target.keys.as_ref());
        let mut scripts = scans.filter(|keys| keys.lua).peekable();
        if needs.lua && scripts.peek().is_none() {
            return Some("no script looks at keys".into());
        }
        let mut policies = scripts.flat_map(|keys| &keys.policies);
        match needs.limit {
            Some(KeyLimit::Ttl) if !policies.any(|policy| policy.ttl.is_some()) => {
                return Some("no policy says how long keys live".into());
            }
            Some(KeyLimit::Length) if !policies.any(|policy| policy.max_length.is_some()) => {
                return Some("no policy says how long keys may be".into());
            }
            _ => {}
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

    pub fn rules<'c>(
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
