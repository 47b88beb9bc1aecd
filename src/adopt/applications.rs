//! Programs beside Redis, and endpoints that are probed.

use serde_json::{Value as Json, json};

use super::jobs::Role;
use super::prose::{description, listed};
use super::reading::{Reading, free_name, known, name_of};
use super::scrape::{basic_auth, timings};
use crate::facts::prometheus::ScrapeJob;
use crate::setup::Kind;

/// Applications and probes of all jobs.
pub(super) fn adopt<'a>(reading: &mut Reading<'a>, roles: &[(&'a ScrapeJob, Role)]) {
    for (job, role) in roles {
        match role {
            Role::Application => application(reading, job),
            Role::Probe => probe(reading, job),
            Role::Nothing(reason) => reading.remains(
                job.place(),
                format!("scrape job `{}`", job.name.as_str()),
                reason.clone(),
            ),
            _ => {}
        }
    }
}

fn application<'a>(reading: &mut Reading<'a>, job: &'a ScrapeJob) {
    let mut targets = job.targets.iter();
    let Some((target, address)) = targets.find_map(|it| Some((it, known(&it.address)?))) else {
        return;
    };
    for other in targets {
        reading.remains(
            other.place,
            format!("a further target of the job `{}`", job.name.as_str()),
            "an application has one address; give each of the others an application of its own",
        );
    }
    let taken = reading.draft.names(&["applications"]);
    let listed = listed(reading, reading.prose);
    let listed = listed.into_iter().find(|it| it.job == job.name.as_str());
    let said = listed.as_ref().map_or(job.name.as_str(), |it| &it.name);
    let name = name_of(said, 63).unwrap_or_else(|| "application".into());
    let name = free_name(&name, |name| taken.iter().any(|taken| taken == name));
    let scheme = job.scheme.value().map_or("http", String::as_str);
    let path = job.metrics_path.value().map_or("/metrics", String::as_str);
    let mut written = json!({});
    if let Some(said) = description(reading, job, &["The application "]) {
        written["description"] = json!(said);
    }
    written["url"] = json!(format!("{scheme}://{address}{path}"));
    if name != job.name.as_str() {
        written["job"] = json!(job.name.as_str());
    }
    timings(reading, job, &mut written);
    basic_auth(reading, job, &mut written);
    if let Some(flavour) = flavour(reading, job.name.as_str()) {
        written["flavour"] = json!(flavour);
    }
    if let Some(health) = health(reading, job.name.as_str()) {
        written["indicators"] = json!({"health": health});
    }
    let metrics = listed.map(|it| it.metrics).filter(|it| !it.is_empty());
    if let Some(mut metrics) = metrics {
        for (name, metric) in &mut metrics {
            if let Some(share) = share(reading, name, metric) {
                metric["share"] = json!(share);
            }
        }
        written["metrics"] = Json::Object(metrics);
    }
    let labels: serde_json::Map<String, Json> = target
        .labels
        .iter()
        .map(|(key, value)| (key.value.to_string(), json!(value.as_str())))
        .collect();
    if !labels.is_empty() {
        written["labels"] = Json::Object(labels);
    }
    if let Some(params) = job.node.entry("params") {
        let reason = "an application of a profile is asked without parameters";
        reading.remains_of_job(job, params.key.span, "`params`", reason);
    }
    let mut dropped = Vec::new();
    for step in &job.metric_relabelings {
        let action = step
            .get("action")
            .map_or("replace", |node| node.scalar_text());
        let regex = step.get("regex").map_or("", |node| node.scalar_text());
        let names = crate::promql::regex_alternatives(regex);
        match (action, names) {
            ("labeldrop", Some(names)) => dropped.extend(names),
            _ => {
                let reason = "a profile drops labels by name (`drop_labels`) and changes no metrics otherwise";
                reading.remains_of_job(job, step.span, "`metric_relabel_configs`", reason);
            }
        }
    }
    if !dropped.is_empty() {
        written["drop_labels"] = json!(dropped);
    }
    reading.draft.set(&["applications", &name], written);
}

/// The library that instruments an application, where the rules and dashboards read metrics that only one of them has.
fn flavour(reading: &Reading<'_>, job: &str) -> Option<String> {
    let facts = reading.facts;
    let mut votes: Vec<(&str, usize)> = Vec::new();
    for expression in &facts.expressions {
        for selected in expression.parsed.selectors() {
            let Some(name) = selected.selector.metric_name() else {
                continue;
            };
            // A selector that names another job is not about this one.
            let is_other = selected.selector.label_matchers().any(|matcher| {
                &*matcher.label.text == "job"
                    && matcher.op == crate::promql::MatchOp::Equal
                    && matcher.value.text() != job
            });
            let Some(resolved) = facts.catalogue.metric(name).filter(|_| !is_other) else {
                continue;
            };
            let exporter = resolved.exporter;
            if exporter.indicators.is_none() {
                continue;
            }
            match votes.iter_mut().find(|(known, _)| *known == exporter.name) {
                Some((_, count)) => *count += 1,
                None => votes.push((&exporter.name, 1)),
            }
        }
    }
    let most = votes.iter().map(|(_, count)| *count).max()?;
    votes
        .iter()
        .find(|(_, count)| *count == most)
        .map(|(name, _)| (*name).to_owned())
}

/// The state of a gauge whose share of all states is shown: the only value of its first label that a panel picks out.
fn share(reading: &Reading<'_>, name: &str, metric: &Json) -> Option<String> {
    let label = metric.get("labels")?.get(0)?.as_str()?;
    if metric.get("type")?.as_str()? != "gauge" {
        return None;
    }
    let expressions = reading.facts.expressions.iter();
    expressions
        .filter(|expression| expression.origin.is_grafana())
        .flat_map(|expression| expression.parsed.selectors())
        .filter(|it| it.selector.metric_name() == Some(name))
        .flat_map(|it| it.selector.label_matchers())
        .find(|matcher| &*matcher.label.text == label && !matcher.value.has_variables)
        .map(|matcher| matcher.value.text().into_owned())
}

/// The gauge of an application's own health: what an alert compares with 0 at its job, alone.
fn health(reading: &Reading<'_>, job: &str) -> Option<String> {
    let facts = reading.facts;
    let rules = facts.rule_files.iter().flat_map(|file| file.rules());
    let asked = rules
        .filter_map(|(_, rule)| rule.expression)
        .find_map(|id| {
            let parsed = &facts.expression(id).parsed;
            let mut comparisons = parsed.comparisons();
            let only = comparisons
                .next()
                .filter(|it| it.threshold == Some((0.0, true)))?;
            let is_equal =
                only.binary.op == crate::promql::BinaryOp::Equal && comparisons.next().is_none();
            let selectors = parsed.selectors();
            let [one] = selectors.as_slice() else {
                return None;
            };
            let at_job = one
                .selector
                .label_matchers()
                .any(|matcher| &*matcher.label.text == "job" && matcher.value.text() == job);
            let name = one.selector.metric_name()?;
            let is_own = name != "up" && facts.catalogue.metric(name).is_none();
            (is_equal && at_job && is_own).then(|| name.to_owned())
        })?;
    Some(asked)
}

fn probe<'a>(reading: &mut Reading<'a>, job: &'a ScrapeJob) {
    let module = job.node.get("params").and_then(|params| {
        let module = params.get("module")?.items().first()?;
        Some(module.scalar_text().to_owned())
    });
    for target in &job.targets {
        let Some(url) = known(&target.address) else {
            reading.remains(
                target.place,
                format!("a probe of the job `{}`", job.name.as_str()),
                "it is filled in by something else",
            );
            continue;
        };
        let is_http = url.starts_with("http://") || url.starts_with("https://");
        if !is_http {
            reading.remains(
                target.place,
                format!("probe of `{url}`"),
                "a profile probes HTTP endpoints only",
            );
            continue;
        }
        let label = target
            .labels
            .iter()
            .find(|(key, _)| key.as_str() == "probe")
            .map(|(_, value)| value.value.to_string());
        let by_job = job.name.as_str().strip_prefix("probe-");
        let host = url
            .split("://")
            .nth(1)
            .and_then(|rest| rest.split(['/', ':']).next());
        let name = label
            .as_deref()
            .or(by_job)
            .or(host)
            .and_then(|name| name_of(name, 63));
        let name = name.unwrap_or_else(|| "endpoint".into());
        let taken = reading.draft.names(&["probes"]);
        let name = free_name(&name, |name| taken.iter().any(|taken| taken == name));
        let mut written = json!({});
        if let Some(said) = description(reading, job, &["The endpoint "]) {
            written["description"] = json!(said);
        }
        written["url"] = json!(url);
        if let Some(module) = &module {
            module_settings(reading, module, &mut written);
        }
        timings(reading, job, &mut written);
        let labels: serde_json::Map<String, Json> = target
            .labels
            .iter()
            .filter(|(key, _)| key.as_str() != "probe")
            .map(|(key, value)| (key.value.to_string(), json!(value.as_str())))
            .collect();
        if !labels.is_empty() {
            written["labels"] = Json::Object(labels);
        }
        reading.draft.set(&["probes", &name], written);
    }
}

/// What a module of the blackbox exporter asks for, as far as a profile says it.
fn module_settings(reading: &mut Reading<'_>, module: &str, written: &mut Json) {
    let setup = reading.facts.setup;
    let found = setup
        .of_kind(Kind::Blackbox)
        .find_map(|document| Some((document, document.root.get("modules")?.get(module)?)));
    let Some((document, found)) = found else {
        return;
    };
    let prober = found
        .get("prober")
        .map_or("http", |node| node.scalar_text());
    if prober != "http" {
        reading.remains(
            document.place(found.span),
            format!("module `{module}` of the blackbox exporter"),
            format!("it probes by {prober}, and a profile by HTTP"),
        );
        return;
    }
    let Some(http) = found.get("http") else {
        return;
    };
    let status: Vec<Json> = http
        .get("valid_status_codes")
        .map_or(&[][..], |node| node.items())
        .iter()
        .filter_map(|node| node.scalar_text().parse::<u16>().ok())
        .map(Json::from)
        .collect();
    if !status.is_empty() {
        written["status"] = Json::Array(status);
    }
    let bodies = http.get("fail_if_body_not_matches_regexp");
    if let Some(body) = bodies.and_then(|node| node.items().first()) {
        written["body"] = json!(body.scalar_text());
    }
    const SAID: [&str; 6] = [
        "valid_status_codes",
        "fail_if_body_not_matches_regexp",
        "preferred_ip_protocol",
        "method",
        "follow_redirects",
        "valid_http_versions",
    ];
    for entry in http.entries() {
        if !SAID.contains(&&*entry.key.text) {
            reading.remains(
                document.place(entry.key.span),
                format!("`{}` of the module `{module}`", entry.key.text),
                "a probe of a profile has status codes and a regular expression for the body",
            );
        }
    }
}
