//! `bundle/schema`: every file has the shape that its reader wants. Files of Prometheus, Alertmanager, Grafana and
//! Compose are checked as these programs do, in the versions that the bundle pins. For what these pass over, our own schemas
//! describe exactly what we write, so that a typo in an overridden template is found.
//! Whether a file is valid says code that is made from the schemas when this program is built; why it is not says a
//! validator that is compiled when it is first needed, because that takes longer than everything else.

mod explain;

use std::sync::{Arc, LazyLock};

use jsonschema::Validator;
use rayon::prelude::*;
use serde_json::Value as Json;

use super::compose::ComposeFile;
use super::inspection::{Document, Inspection};
use crate::bundle::{Artifact, Kind, MANIFEST_PATH};
use crate::check::formats::{
    ComposeOptions, Format, NEWEST_COMPOSE, Product, Readers, check_compose,
};
use crate::diagnostic::Diagnostic;

pub(super) const NAME: &str = "bundle/schema";

/// A schema.
struct Schema {
    is_valid: fn(&Json) -> bool,
    json: LazyLock<Json>,
    /// Says what is wrong.
    validator: LazyLock<Validator>,
}

macro_rules! schemas {
    ($($name:ident: $validator:ident $file:literal,)*) => {
        $(
            #[jsonschema::validator(
                path = $file,
                methods = { is_valid = true, validate = false, iter_errors = false }
            )]
            struct $validator;

            static $name: Schema = Schema {
                is_valid: $validator::is_valid,
                json: LazyLock::new(|| {
                    serde_json::from_str(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/", $file)))
                        .expect("internal error: our schemas are JSON")
                }),
                validator: LazyLock::new(|| {
                    jsonschema::validator_for(&$name.json)
                        .expect("internal error: our schemas are valid")
                }),
            };
        )*

        #[cfg(test)]
        const SCHEMAS: &[(&str, &Schema)] = &[$(($file, &$name),)*];
    };
}

schemas! {
    DASHBOARD: Dashboard "src/check/embedded/schemas/dashboard.schema.json",
    DATASOURCES: Datasources "src/check/embedded/schemas/datasources.schema.json",
    DASHBOARD_PROVIDERS: DashboardProviders "src/check/embedded/schemas/dashboard-providers.schema.json",
    BLACKBOX: Blackbox "src/check/embedded/schemas/blackbox.schema.json",
    MANIFEST: Manifest "src/check/embedded/schemas/manifest.schema.json",
}

fn schema_of(artifact: &Artifact) -> Option<&'static Schema> {
    if artifact.path.as_str() == MANIFEST_PATH {
        return Some(&MANIFEST);
    }
    Some(match artifact.kind {
        Kind::GrafanaDashboard => &DASHBOARD,
        Kind::GrafanaDatasources => &DATASOURCES,
        Kind::GrafanaDashboardProviders => &DASHBOARD_PROVIDERS,
        Kind::BlackboxConfig => &BLACKBOX,
        Kind::PrometheusConfig
        | Kind::PrometheusTargets
        | Kind::PrometheusRules
        | Kind::PrometheusRuleTests
        | Kind::AlertmanagerConfig
        | Kind::RedisConf
        | Kind::Compose
        | Kind::NotificationTemplate
        | Kind::EnvExample
        | Kind::Document
        | Kind::Configuration => {
            return None;
        }
    })
}

/// The format of a kind of file whose reader is known to its last field.
pub(super) const fn format_of(kind: Kind) -> Option<Format> {
    Some(match kind {
        Kind::PrometheusConfig => Format::Prometheus,
        Kind::PrometheusTargets => Format::Targets,
        Kind::PrometheusRules => Format::Rules,
        Kind::PrometheusRuleTests => Format::RuleTests,
        Kind::AlertmanagerConfig => Format::Alertmanager,
        Kind::GrafanaDatasources => Format::Datasources,
        Kind::GrafanaDashboardProviders => Format::DashboardProviders,
        Kind::GrafanaDashboard => Format::Dashboard,
        _ => return None,
    })
}

pub(super) fn check(inspection: &Inspection<'_>) -> Vec<Diagnostic> {
    let (mut found, compose) = rayon::join(|| documents(inspection), || compose(inspection));
    found.extend(compose.into_iter().map(named));
    found
}

/// As a finding of this check, whoever says it.
fn named(finding: Diagnostic) -> Diagnostic {
    Diagnostic {
        id: NAME.into(),
        ..finding
    }
}

/// What our schemas say, and where these are silent, what Prometheus, Alertmanager and Grafana say of their files.
fn documents(inspection: &Inspection<'_>) -> Vec<Diagnostic> {
    let compose = ComposeFile::of(inspection);
    let pinned = |program| compose.as_ref()?.version(program);
    let features = compose.as_ref().and_then(ComposeFile::prometheus_features);
    let mut readers = Readers {
        features: features.as_deref(),
        ..Readers::default()
    };
    for (program, product) in [
        ("prometheus", Product::Prometheus),
        ("alertmanager", Product::Alertmanager),
        ("grafana", Product::Grafana),
    ] {
        if let Some(version) = pinned(program) {
            readers = readers.with(product, version);
        }
    }
    let documents: Vec<&Document<'_>> = inspection.documents().collect();
    let check = |document: &Document<'_>| {
        let found = schema_of(document.text.artifact)
            .map(|schema| shape(document, schema))
            .unwrap_or_default();
        let Some(format) = format_of(document.text.kind()).filter(|_| found.is_empty()) else {
            return found;
        };
        let said = format
            .validator()
            .check(document.text.file(), &document.reading(), &readers);
        said.into_iter().map(named).collect()
    };
    documents.into_par_iter().flat_map_iter(check).collect()
}

/// The Compose file with every profile switched on and variables that somebody sets later: what `.env` lists is checked
/// with the references.
fn compose(inspection: &Inspection<'_>) -> Vec<Diagnostic> {
    let profiles = ["*".to_owned()];
    let options = ComposeOptions {
        profiles: &profiles,
        ..ComposeOptions::new(NEWEST_COMPOSE)
    };
    let files: Vec<_> = inspection
        .of_kind(Kind::Compose)
        .map(|document| Arc::clone(document.text.file()))
        .collect();
    check_compose(&files, &options)
}

/// Where a document has not the shape that its schema wants.
fn shape(document: &Document<'_>, schema: &Schema) -> Vec<Diagnostic> {
    let json = document.tree.to_json();
    if (schema.is_valid)(&json) {
        return Vec::new();
    }
    let errors = schema.validator.iter_errors(&json);
    let found = explain::explain(document, &schema.json, errors);
    // Two readings of one schema: should they ever differ, the stricter one counts.
    if found.is_empty() {
        let message = "this file has not the shape that its schema wants";
        return vec![document.error(NAME, document.tree.span, message)];
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::embedded::samples::findings;

    fn found(path: &str, text: &str) -> Vec<String> {
        findings(NAME, &[(path, text)])
            .into_iter()
            .map(|line| line.strip_prefix(path).unwrap_or(&line).to_owned())
            .collect()
    }

    #[test]
    fn every_schema_compiles_and_ours_allow_no_unknown_key() {
        for (file, schema) in SCHEMAS {
            assert!(!(schema.is_valid)(&Json::from(1)), "{file}");
            assert!(!schema.validator.is_valid(&Json::from(1)), "{file}");
            if file.ends_with(".schema.json") {
                assert_eq!(
                    schema.json["$schema"],
                    "http://json-schema.org/draft-07/schema#"
                );
                closed(file, &schema.json, "#");
            }
        }
    }

    /// Every mapping with `properties` of its own refuses others.
    fn closed(file: &str, schema: &Json, path: &str) {
        if let Json::Object(entries) = schema {
            // Conditions and the refinements that they choose stand beside the closed mapping that they are about.
            if entries.get("type").is_some_and(|kind| kind == "object")
                && entries.contains_key("properties")
            {
                assert_eq!(
                    entries.get("additionalProperties"),
                    Some(&Json::Bool(false)),
                    "{file} {path}"
                );
            }
            for (key, value) in entries {
                closed(file, value, &format!("{path}/{key}"));
            }
        }
        if let Json::Array(items) = schema {
            for item in items {
                closed(file, item, path);
            }
        }
    }

    #[test]
    fn prometheus_yml_in_its_shape_is_not_reported() {
        let text = "global: {scrape_interval: 15s, scrape_timeout: 10s, evaluation_interval: 1m30s, external_labels: {a: b}}
rule_files: [rules/*.yml]
alerting: {alertmanagers: [{static_configs: [{targets: ['alertmanager:9093']}]}]}
scrape_configs:
  - job_name: redis
    scheme: https
    metrics_path: /scrape
    params: {module: [http_2xx]}
    basic_auth: {username: u, password_file: /run/secrets/x}
    file_sd_configs: [{files: [targets/redis.json]}]
    relabel_configs: [{source_labels: [__address__], target_label: __param_target}]
";
        assert_eq!(found("prometheus/prometheus.yml", text), [""; 0]);
    }

    #[test]
    fn a_wrong_key_is_told_with_the_right_one() {
        let text = "global: {scrape_interval: 15s, scrape_timeout: 10s, evaluation_interval: 30s}
scrape_configs:
  - {job_name: a, metric_path: /x, static_configs: [{targets: [a]}]}
  - {static_configs: [{targets: [a]}]}
";
        assert_eq!(
            found("prometheus/prometheus.yml", text),
            [
                ":3:19: a scrape config has no field `metric_path` · help: did you mean `metrics_path`?",
                ":4:6: `job_name` of a scrape config is missing · help: give `job_name`",
            ]
        );
    }

    #[test]
    fn a_wrong_value_is_told_with_what_was_expected() {
        let text = "global: {scrape_interval: 15, scrape_timeout: 10 s, evaluation_interval: 30s}
scrape_configs:
  - {job_name: '', static_configs: [{targets: []}]}
";
        assert_eq!(
            found("prometheus/prometheus.yml", text),
            [
                ":1:27: `15` is not a duration · help: add a unit: `15s`, `15m`",
                ":1:47: `10 s` is not a duration · help: write it as `30s`, `5m` or `1h30m`: whole numbers, the largest unit \
                 first",
                ":3:16: `job_name` of a scrape config is empty · help: give `job_name`",
            ]
        );
    }

    #[test]
    fn rules_and_their_tests_have_a_shape() {
        let rules = "groups:
  - name: a
    rules:
      - {record: 'redis:x', expr: up}
      - {alert: A, expr: up, for: 5m, labels: {severity: critical}, annotations: {summary: s}}
";
        assert_eq!(found("prometheus/rules/a.yml", rules), [""; 0]);
        let wrong = rules.replace("for: 5m", "fro: 5m");
        assert_eq!(
            found("prometheus/rules/a.yml", &wrong),
            [":5:30: a rule has no field `fro` · help: did you mean `for`?",]
        );
        let tests = "rule_files: [../rules/a.yml]
evaluation_interval: 30s
tests:
  - interval: 30s
    input_series: [{series: up, values: '0x10'}]
    alert_rule_test: [{eval_time: 5m, alertname: A, exp_alerts: [{exp_labels: {a: b}}]}]
";
        assert_eq!(found("prometheus/tests/a.yml", tests), [""; 0]);
        assert_eq!(
            found(
                "prometheus/tests/a.yml",
                &tests.replace("exp_alerts", "exp_alert")
            ),
            [
                ":6:53: a test of an alert has no field `exp_alert` · help: did you mean `exp_alerts`?"
            ]
        );
        let recording = tests.split("    alert_rule_test").next().unwrap();
        let expected = "    promql_expr_test: [{expr: a, eval_time: 5m, exp_samples: [{labels: 'a{}', value: 1}]}]\n";
        let recording = format!("{recording}{expected}");
        assert_eq!(found("prometheus/tests/a.yml", &recording), [""; 0]);
        assert_eq!(
            found(
                "prometheus/tests/a.yml",
                &recording.replace("exp_samples", "exp_sample")
            ),
            [
                ":6:49: a test of an expression has no field `exp_sample` · help: did you mean `exp_samples`?"
            ]
        );
    }

    #[test]
    fn alertmanager_yml_has_a_shape() {
        let text = "templates: [templates/*.tmpl]
route: {receiver: a, group_by: [alertname], group_wait: 30s, routes: [{receiver: a, matchers: ['severity=\"critical\"']}]}
receivers:
  - {name: a, slack_configs: [{api_url_file: /run/secrets/a, channel: '#a', send_resolved: true}]}
inhibit_rules: [{source_matchers: [a=b], target_matchers: [a=c], equal: [instance]}]
";
        assert_eq!(found("alertmanager/alertmanager.yml", text), [""; 0]);
        let wrong = text
            .replace("channel:", "chanel:")
            .replace("group_wait: 30s", "group_wait: soon");
        assert_eq!(
            found("alertmanager/alertmanager.yml", &wrong),
            [
                ":2:57: `soon` is not a duration · help: write it as `30s`, `5m` or `1h30m`: whole numbers, the largest unit \
                 first",
                ":4:62: a Slack config has no field `chanel` · help: did you mean `channel`?",
            ]
        );
    }

    #[test]
    fn the_verdict_is_for_the_versions_that_the_bundle_pins() {
        let rules = "groups: [{name: a, rules: [{alert: A, expr: up, keep_firing_for: 1m, labels: {a: b}}]}]";
        let with = |image: &str| {
            let compose = format!("services: {{prometheus: {{image: '{image}'}}}}");
            let files = [
                ("prometheus/rules/a.yml", rules),
                ("compose.yaml", &compose),
            ];
            findings(NAME, &files)
        };
        assert_eq!(with("prom/prometheus:v2.42.0"), [""; 0]);
        assert_eq!(
            with("prom/prometheus:v2.41.0@sha256:aa"),
            [
                "prometheus/rules/a.yml:1:49: `keep_firing_for` of a rule needs Prometheus 2.42 or newer; this is checked \
                 for 2.41"
            ]
        );
    }

    #[test]
    fn a_compose_file_has_the_shape_of_the_specification() {
        let text = "services:
  a:
    image: x
    ports: ['127.0.0.1:80:80', {target: 1, published: '2'}]
    depends_on: {b: {condition: service_healthy}}
    healthcheck: {test: [CMD, x], interval: 30s, retries: 3}
  b: {image: y, environment: {A: 1, B: null}, command: [x]}
x-required: {A: b}
volumes: {v: }
";
        assert_eq!(found("compose.yaml", text), [""; 0]);
        let wrong = text
            .replace("image: x", "imag: x")
            .replace("service_healthy", "service_helthy")
            .replace("[CMD, x]", "3");
        assert_eq!(
            found("compose.yaml", &wrong),
            [
                ":3:5: the service `a` has no field `imag` · help: did you mean `image`?",
                ":5:33: `condition` cannot be `service_helthy`, expected `service_started`, `service_healthy` or \
                 `service_completed_successfully` · help: did you mean `service_healthy`?",
                ":6:25: `test` takes text or a list, and this is a number · help: quote it: `\"3\"`",
            ]
        );
    }

    #[test]
    fn what_a_compose_file_names_must_be_declared() {
        let text = "services:
  a:
    image: x
    profiles: [m]
    networks: [own]
    volumes: [dta:/data]
    secrets: [pw]
    depends_on: [reds]
    ports: ['${PORT}:80', '80:http']
  redis: {image: redis}
networks: {owns: {}}
volumes: {data: {}}
";
        assert_eq!(
            found("compose.yaml", text),
            [
                ":9:27: `80:http`: `http` is not a port of the container, expected a number up to 65535 or a range \
                 `8000-8010` · help: write `[ADDRESS:][PUBLISHED:]TARGET[/PROTOCOL]`, such as `127.0.0.1:8080:80`"
            ]
        );
        assert_eq!(
            found("compose.yaml", &text.replace(":http", ":81")),
            [
                ":5:16: the network `own` is not defined · help: did you mean `owns`?",
                ":6:15: the volume `dta` is not defined · help: did you mean `data`?",
                ":7:15: the secret `pw` is not defined · help: add `pw` to the top-level `secrets`",
                ":8:18: the service `reds` is not defined · help: did you mean `redis`?",
            ]
        );
    }

    #[test]
    fn provisioning_and_probes_have_a_shape() {
        let path = "grafana/provisioning/datasources/a.yaml";
        let text = "apiVersion: 1
datasources: [{name: P, type: prometheus, uid: p, access: proxy, url: 'http://prometheus:9090', jsonData: {timeInterval: 15s}}]
";
        assert_eq!(found(path, text), [""; 0]);
        assert_eq!(
            found(
                path,
                &text
                    .replace("timeInterval: 15s", "timeInterval: 15 s")
                    .replace("apiVersion: 1", "apiVersion: 2")
            ),
            [
                ":1:13: `apiVersion` is `2`, expected `1`",
                ":2:122: `datasources[0].jsonData.timeInterval` is `15 s`, expected a duration such as `15s`",
            ]
        );
        let path = "grafana/provisioning/dashboards/a.yaml";
        let text = "apiVersion: 1\nproviders: [{name: a, type: file, options: {path: /a}}]\n";
        assert_eq!(found(path, text), [""; 0]);
        assert_eq!(
            found(path, &text.replace("type: file, ", "")),
            [":2:13: `providers[0]` lacks the key `type`"]
        );
        let text = "modules: {a: {prober: http, http: {valid_status_codes: [200], follow_redirects: false}}}";
        assert_eq!(found("blackbox/blackbox.yml", text), [""; 0]);
        assert_eq!(
            found("blackbox/blackbox.yml", &text.replace("200", "2000")),
            [":1:57: `modules.a.http.valid_status_codes[0]` is 2000, which is above 599"]
        );
    }

    const DASHBOARD: &str = r#"{"uid": "a", "title": "A", "schemaVersion": 42,
"time": {"from": "now-3h", "to": "now"}, "templating": {"list": []}, "panels": [
{"id": 1, "type": "row", "title": "R", "collapsed": false, "gridPos": {"x": 0, "y": 0, "w": 24, "h": 1}, "panels": []},
{"id": 2, "type": "gauge", "title": "G", "gridPos": {"x": 0, "y": 1, "w": 6, "h": 4},
 "datasource": {"type": "prometheus", "uid": "p"}, "targets": [{"refId": "A", "expr": "up"}],
 "fieldConfig": {"defaults": {"unit": "short", "thresholds": {"mode": "absolute", "steps": [{"color": "red", "value": null}]}}, "overrides": []},
 "options": {"reduceOptions": {"calcs": ["lastNotNull"]}}}]}"#;

    #[test]
    fn a_dashboard_has_a_shape() {
        let path = "grafana/dashboards/a.json";
        assert_eq!(found(path, DASHBOARD), [""; 0]);
        let wrong = DASHBOARD
            .replace("\"expr\"", "\"legendFromat\": \"x\", \"expr\"")
            .replace("\"w\": 24", "\"w\": 25")
            .replace("\"reduceOptions\"", "\"legend\": {}, \"reduceOptions\"");
        assert_eq!(
            found(path, &wrong),
            [
                ":3:93: `panels[0].gridPos.w` is 25, which is above 24",
                ":5:79: `panels[1].targets[0]` has no key `legendFromat` · help: did you mean `legendFormat`?",
                ":7:14: `panels[1].options` has no key `legend` · help: known keys: orientation, showThresholdLabels, \
                 showThresholdMarkers, sizing, minVizHeight, minVizWidth, maxVizHeight",
            ]
        );
        let wrong = DASHBOARD.replace("gauge", "gage");
        assert_eq!(
            found(path, &wrong),
            [":4:19: `panels[1].type` cannot be `gage` · help: did you mean `gauge`?"]
        );
    }

    #[test]
    fn a_manifest_has_the_shape_that_we_write() {
        use crate::bundle::Manifest;
        use crate::check::embedded::samples::bundle;
        let files = [("compose.yaml", "services: {}"), (".env.example", "A=\n")];
        let text = Manifest::of(&bundle(&files), "p", "name: p", "dev").to_text();
        assert_eq!(found("manifest.json", &text), [""; 0]);
        let wrong = text
            .replace("\"kind\"", "\"kin\"")
            .replace("env-example", "env");
        assert!(!found("manifest.json", &wrong).is_empty());
    }
}
