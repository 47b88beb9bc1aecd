//! `promql/metrics`: Prometheus can read what dashboards query, and something that is scraped exposes every metric that
//! dashboards, rules and their tests name. Whether it can read the rules is part of `bundle/schema`.

mod exposed;
mod query;

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::compose::ComposeFile;
use super::inspection::Inspection;
use crate::diagnostic::Diagnostic;
use crate::promql::{self, Options, Parsed, Target, parse_with};
use crate::source::Span;
use exposed::{Exposed, Standing};
use query::{Query, queries};

pub(super) const NAME: &str = "promql/metrics";

pub(super) fn check(inspection: &Inspection<'_>) -> Vec<Diagnostic> {
    let compose = ComposeFile::of(inspection);
    let target = target(compose.as_ref());
    let queries = queries(inspection);
    // The same expression stands on several dashboards.
    let distinct: BTreeSet<(&str, bool)> = queries
        .iter()
        .map(|query| (query.expr, query.is_filled_in))
        .collect();
    let read: BTreeMap<(&str, bool), Reading> = distinct
        .into_par_iter()
        .map(|(expr, grafana)| {
            let options = Options {
                target: target.clone(),
                grafana,
            };
            ((expr, grafana), Reading::of(&parse_with(expr, &options)))
        })
        .collect();
    let exposed = Exposed::new(inspection, compose.as_ref());
    let mut standings: BTreeMap<&str, Standing> = BTreeMap::new();
    let mut findings = Vec::new();
    for query in &queries {
        let Some(reading) = read.get(&(query.expr, query.is_filled_in)) else {
            continue;
        };
        let errors = if query.is_filled_in {
            &reading.errors[..]
        } else {
            &[]
        };
        for (message, hint) in errors {
            let message = format!("{} is not PromQL: {message}", query.owner);
            let mut diagnostic = query.document.error(NAME, query.span, message);
            diagnostic.help.clone_from(hint);
            findings.push(diagnostic);
        }
        for name in &reading.names {
            let standing = standings
                .entry(name)
                .or_insert_with(|| exposed.standing(name));
            findings.extend(finding(query, name, standing));
        }
    }
    findings
}

/// The Prometheus of the Compose file; the newest where that is not known.
fn target(compose: Option<&ComposeFile<'_>>) -> Target {
    let version = compose.and_then(|compose| compose.version("prometheus"));
    Target {
        version: version.map_or(promql::Version::NEWEST, Into::into),
        enabled: compose.and_then(ComposeFile::prometheus_features),
    }
}

/// What an expression comes down to here.
struct Reading {
    /// Messages and hints.
    errors: Vec<(String, Option<String>)>,
    /// Metrics that it selects, each once.
    names: BTreeSet<String>,
}

impl Reading {
    fn of(parsed: &Parsed) -> Self {
        let errors = parsed.errors.iter();
        Self {
            errors: errors
                .map(|error| (error.message.clone(), error.hint.clone()))
                .collect(),
            names: parsed
                .selectors()
                .into_iter()
                .filter_map(|selector| selector.selector.metric_names())
                .flatten()
                .collect(),
        }
    }
}

fn finding(query: &Query<'_>, name: &str, standing: &Standing) -> Option<Diagnostic> {
    let (problem, help) = match standing {
        Standing::Exposed => return None,
        Standing::Unavailable(reason) => (format!("which is not exposed: {reason}"), None),
        Standing::NoSeries(parts) => (format!("which is no series, but {parts}"), None),
        Standing::Unknown(help) => ("which nothing that is scraped exposes".into(), help.clone()),
    };
    let message = format!("{} queries `{name}`, {problem}", query.owner);
    let span = occurrence(query, name).unwrap_or(query.span);
    let mut diagnostic = query.document.error(NAME, span, message);
    diagnostic.help = help;
    Some(diagnostic)
}

/// The first place in the written expression where the name stands as a whole word. Names need no escapes, so they are
/// written as they are read.
fn occurrence(query: &Query<'_>, name: &str) -> Option<Span> {
    let text = &query.document.text.artifact.text;
    let written = text.get(query.span.start()..query.span.end())?;
    let is_part = |char: char| char.is_ascii_alphanumeric() || char == '_' || char == ':';
    written.match_indices(name).find_map(|(at, _)| {
        let is_word =
            !written[..at].ends_with(is_part) && !written[at + name.len()..].starts_with(is_part);
        let start = query.span.start() + at;
        is_word.then(|| Span::new(start, start + name.len()))
    })
}

#[cfg(test)]
mod tests {
    use super::NAME;
    use crate::catalogue::{Circumstances, MetricType};
    use crate::check::embedded::samples::{findings, findings_in, lines};
    use crate::check::embedded::{ApplicationMetric, EmbeddedContext, ScrapedExporter};

    fn rules(expr: &str) -> String {
        format!("groups: [{{name: a, rules: [{{alert: A, expr: '{expr}'}}]}}]\n")
    }

    fn context() -> EmbeddedContext {
        let exporter = |name: &str, flags: &[(&str, &str)]| ScrapedExporter {
            name: name.into(),
            circumstances: Circumstances {
                exporter: "1.86.0".parse().ok(),
                flags: Some(
                    flags
                        .iter()
                        .map(|(name, value)| ((*name).into(), (*value).into()))
                        .collect(),
                ),
                ..Circumstances::default()
            },
        };
        EmbeddedContext {
            exporters: vec![exporter("redis_exporter", &[])],
            application_metrics: Some(vec![
                ApplicationMetric {
                    name: "cache_hits_total".into(),
                    kind: Some(MetricType::Counter),
                },
                ApplicationMetric {
                    name: "cache_seconds".into(),
                    kind: Some(MetricType::Histogram),
                },
            ]),
            ..EmbeddedContext::default()
        }
    }

    fn found(expr: &str) -> Vec<String> {
        let rules = rules(expr);
        let files = [("prometheus/rules/a.yml", rules.as_str())];
        lines(NAME, findings_in(NAME, &files, &context()))
            .into_iter()
            .map(|line| line.replace("prometheus/rules/a.yml:1:", ""))
            .collect()
    }

    #[test]
    fn what_is_exposed_is_not_reported() {
        for expr in [
            "redis_up == 0",
            "up + on() group_left ALERTS",
            "rate(redis_commands_duration_seconds_total[5m]) / rate(redis_commands_total[5m])",
            "redis_commands_latencies_usec_bucket",
            "rate(cache_hits_total[5m])",
            "cache_seconds_bucket + cache_seconds_count + cache_seconds_sum",
            "prometheus_notifications_errors_total + alertmanager_alerts + probe_success",
            "{job=\"x\"}",
        ] {
            assert_eq!(found(expr), [""; 0], "{expr}");
        }
    }

    #[test]
    fn an_unknown_metric_is_told_with_the_right_one() {
        assert_eq!(
            found("redis_memory_used_byte > 1"),
            [
                "46: the alert `A` queries `redis_memory_used_byte`, which nothing that is scraped exposes · help: did you \
                 mean `redis_memory_used_bytes`?"
            ]
        );
        assert_eq!(
            found("redis_up and cache_misses_total"),
            [
                "59: the alert `A` queries `cache_misses_total`, which nothing that is scraped exposes · help: did you mean \
                 `cache_hits_total`?"
            ]
        );
    }

    #[test]
    fn a_metric_that_needs_a_flag_or_another_version_is_told_why() {
        assert_eq!(
            found("redis_key_size"),
            [
                "46: the alert `A` queries `redis_key_size`, which is not exposed: needs --check-keys or --check-single-keys"
            ]
        );
        assert_eq!(
            found("redis_connected_clients_details"),
            [
                "46: the alert `A` queries `redis_connected_clients_details`, which is not exposed: removed in v1.64.0, the \
                 exporter is v1.86.0"
            ]
        );
    }

    #[test]
    fn a_histogram_has_no_series_of_its_own_name() {
        assert_eq!(
            found("cache_seconds"),
            [
                "46: the alert `A` queries `cache_seconds`, which is no series, but `cache_seconds_bucket`, \
                 `cache_seconds_sum` and `cache_seconds_count` are"
            ]
        );
    }

    #[test]
    fn an_instrumentation_that_is_not_scraped_exposes_nothing() {
        assert_eq!(
            found("fastapi_requests_total"),
            [
                "46: the alert `A` queries `fastapi_requests_total`, which nothing that is scraped exposes"
            ]
        );
    }

    #[test]
    fn a_query_that_is_no_promql_is_reported() {
        let dashboard = |expr: &str| {
            format!(r#"{{"panels": [{{"title": "P", "targets": [{{"expr": "{expr}"}}]}}]}}"#)
        };
        let found = |expr: &str| {
            let dashboard = dashboard(expr);
            let files = [("grafana/dashboards/a.json", dashboard.as_str())];
            lines(NAME, findings_in(NAME, &files, &context()))
        };
        assert_eq!(found("rate(redis_up)").len(), 1);
        assert!(found("redis_up ==")[0].contains(": the panel `P` is not PromQL: "));
    }

    #[test]
    fn a_recording_rule_of_the_bundle_is_known() {
        let rules = "groups: [{name: a, rules: [{record: 'redis:x', expr: redis_up}, {alert: A, expr: 'redis:x + redis:y'}]}]";
        let files = [("prometheus/rules/a.yml", rules)];
        assert_eq!(
            lines(NAME, findings_in(NAME, &files, &context())),
            [
                "prometheus/rules/a.yml:1:93: the alert `A` queries `redis:y`, which nothing that is scraped exposes · help: \
                 did you mean `redis:x`?"
            ]
        );
    }

    #[test]
    fn dashboards_and_unit_tests_are_read_too() {
        let dashboard = r#"{"uid": "a",
 "templating": {"list": [
  {"name": "job", "type": "query", "query": {"query": "label_values(redis_upp{a=\"b\"}, job)"}},
  {"name": "x", "type": "query", "query": "label_values(job)"}]},
 "annotations": {"list": [{"name": "Restarts", "expr": "changes(redis_uptimes[5m])"}]},
 "panels": [{"id": 1, "title": "Memory", "targets": [
  {"refId": "A", "expr": "rate(redis_cpu_sys_second_total{job=~\"$job\"}[$__rate_interval])"}]}]}"#;
        let tests = "tests: [{input_series: [{series: 'redis_u{a=\"b\"}', values: '1'}]}]";
        let files = [
            ("grafana/dashboards/a.json", dashboard),
            ("prometheus/tests/a.yml", tests),
        ];
        let found = lines(NAME, findings_in(NAME, &files, &context()));
        let starts = [
            "grafana/dashboards/a.json:7:32: the panel `Memory` queries `redis_cpu_sys_second_total`, which",
            "grafana/dashboards/a.json:3:69: the variable `job` queries `redis_upp`, which",
            "grafana/dashboards/a.json:5:65: the annotation `Restarts` queries `redis_uptimes`, which",
            "prometheus/tests/a.yml:1:35: the unit test queries `redis_u`, which",
        ];
        assert_eq!(found.len(), starts.len(), "{found:#?}");
        for (line, start) in found.iter().zip(starts) {
            assert!(line.starts_with(start), "{line}");
        }
    }

    #[test]
    fn without_a_profile_only_what_is_certain_is_reported() {
        let rules = rules("my_own_metric + redis_nonsense + redis_key_size + my:ratio");
        let files = [("prometheus/rules/a.yml", rules.as_str())];
        let found = findings(NAME, &files);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].contains("`my:ratio`"));
        assert!(found[1].contains("`redis_nonsense`"));
    }

    #[test]
    fn without_a_profile_the_compose_file_tells_version_and_flags() {
        let compose = "services:
  exporter: {image: 'oliver006/redis_exporter:v1.86.0-alpine', command: [--check-keys=db0=a*], environment: {B: c}}
  prometheus: {image: 'prom/prometheus:v2.42.0'}
";
        let rules = rules("redis_key_size + redis_script_values + redis_config_key_value");
        let files = [
            ("prometheus/rules/a.yml", rules.as_str()),
            ("compose.yaml", compose),
        ];
        let found = findings(NAME, &files);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].contains("`redis_config_key_value`, which is not exposed: needs --"));
        assert!(found[1].contains("`redis_script_values`, which is not exposed: needs --"));
        let newer = r#"{"panels": [{"targets": [{"expr": "sort_by_label(redis_up, \"a\")"}]}]}"#;
        let files = [
            ("grafana/dashboards/a.json", newer),
            ("compose.yaml", compose),
        ];
        assert!(findings(NAME, &files)[0].contains("Prometheus 2.42 does not know"));
    }
}
