//! `adopt`: the profile of an existing setup, what it does not say, and what would be different.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::program::{Program, files, repository, stackwright};
use crate::shared::shared;

/// What adopting a bundle cannot bring back, by example: files whose bytes differ, with the reason. Everything else comes back
/// byte for byte. `manifest.json` holds the hash of the profile's own text, which is another one.
const LOST: &[(&str, &[&str])] = &[];

fn adopted(setup: &Path) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    Program::in_directory(directory.path())
        .arguments(["adopt", "--isolated", "--write", "profile.yaml"])
        .argument(setup)
        .run()
        .ends(0);
    directory
}

/// Renders the profile in `directory`, and gives the bundle's files of its only environment.
fn rendered(directory: &Path, environment: Option<&str>) -> BTreeMap<String, Vec<u8>> {
    stackwright(directory, "render profile.yaml --out bundle").ends(0);
    let bundle = directory.join("bundle");
    let environments: Vec<PathBuf> = std::fs::read_dir(&bundle)
        .expect("a bundle")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.is_dir())
        .collect();
    let [only] = environments.as_slice() else {
        panic!("{environments:?}");
    };
    if let Some(environment) = environment {
        assert_eq!(
            only.file_name().and_then(|name| name.to_str()),
            Some(environment)
        );
    }
    files(only)
}

#[test]
fn bundles_of_the_examples_come_back() {
    let mut wrong = String::new();
    for system in std::fs::read_dir(repository().join("examples")).expect("examples") {
        let system = system.expect("an entry").path();
        for environment in std::fs::read_dir(&system).expect("environments") {
            let environment = environment.expect("an entry").path();
            let name = environment
                .file_name()
                .and_then(|name| name.to_str())
                .expect("a name");
            let example = format!(
                "{}/{name}",
                system
                    .file_name()
                    .and_then(|it| it.to_str())
                    .expect("a name")
            );
            let compared = Program::in_directory(repository())
                .arguments(["adopt", "--isolated", "--compare"])
                .argument(&environment)
                .run();
            if compared.status != 0 {
                wrong.push_str(&format!("{example} is different:\n{}", compared.output));
            }
            let directory = adopted(&environment);
            let again = rendered(directory.path(), Some(name));
            let before = files(&environment);
            let lost = LOST
                .iter()
                .find(|(known, _)| *known == example)
                .map_or(&[][..], |(_, lost)| *lost);
            let mut paths: Vec<&String> = before.keys().chain(again.keys()).collect();
            paths.sort();
            paths.dedup();
            for path in paths {
                let is_same = before.get(path) == again.get(path);
                let is_lost = path == "manifest.json" || lost.contains(&path.as_str());
                match (is_same, is_lost) {
                    (false, false) => wrong.push_str(&format!("{example}/{path} is another one\n")),
                    (true, true) if path != "manifest.json" => {
                        wrong.push_str(&format!(
                            "{example}/{path} comes back; take it off the list\n"
                        ));
                    }
                    _ => {}
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn environments_beside_each_other_become_one_profile() {
    let system = repository().join("examples/gatewayz");
    let directory = adopted(&system);
    let profile =
        std::fs::read_to_string(directory.path().join("profile.yaml")).expect("a profile");
    let (shared, own) = profile
        .split_once("\nenvironments:\n")
        .expect("environments");
    assert!(shared.contains("\n  cache:\n"), "{shared}");
    for environment in ["host", "local", "production"] {
        assert!(
            own.contains(&format!("\n  {environment}:\n"))
                || own.starts_with(&format!("  {environment}:\n")),
            "{own}"
        );
    }
    stackwright(directory.path(), "render profile.yaml --out bundle --quiet").ends(0);
    for environment in ["host", "local", "production"] {
        let again = files(&directory.path().join("bundle").join(environment));
        let before = files(&system.join(environment));
        for (path, bytes) in &before {
            if path != "manifest.json" {
                assert!(
                    again.get(path) == Some(bytes),
                    "{environment}/{path} is another one"
                );
            }
        }
    }
}

/// A setup as people write them: a job on a Redis port, percent instead of shares, a password in a file.
fn handmade() -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    for (path, text) in [
        (
            "compose.yaml",
            "name: shop\n\
             services:\n  \
               prometheus:\n    image: prom/prometheus:v2.53.0\n    ports: ['9091:9090']\n    volumes: ['./:/etc/prometheus']\n  \
               redis-exporter:\n    image: oliver006/redis_exporter:v1.45.0-alpine\n    environment:\n      REDIS_ADDR: redis:6379\n      REDIS_PASSWORD: hunter2hunter2\n  \
               redis:\n    image: redis:7.0.15-alpine\n    command: [redis-server, --maxmemory, 512mb, --maxmemory-policy, allkeys-lru]\n",
        ),
        (
            "prometheus.yml",
            "global: {scrape_interval: 30s}\n\
             rule_files: [rules.yml]\n\
             scrape_configs:\n  \
               - job_name: cache\n    static_configs: [{targets: ['redis-exporter:9121']}]\n  \
               - job_name: redis_gateway\n    static_configs: [{targets: ['redis:6379']}]\n",
        ),
        (
            "rules.yml",
            "groups:\n  - name: redis\n    rules:\n      \
               - alert: OutOfMemory\n        expr: redis_memory_used_bytes / redis_memory_max_bytes * 100 > 85\n        for: 3m\n        labels: {severity: critical}\n      \
               - alert: CacheGone\n        expr: redis_up < 1\n        for: 30s\n        labels: {severity: page}\n      \
               - alert: Refused\n        expr: increase(redis_rejected_connections_total[1m]) > 5\n        labels: {severity: warning}\n      \
               - alert: Lonely\n        expr: redis_connected_clients < 5\n        labels: {severity: warning}\n",
        ),
        (
            "alertmanager.yml",
            "route:\n  receiver: team\n  repeat_interval: 2h\n  routes:\n    \
               - matchers: [severity=\"critical\"]\n      receiver: pager\n\
             receivers:\n  \
               - name: team\n    slack_configs: [{api_url: 'https://hooks.slack.com/services/T0000/B0000/verysecret', channel: '#cache'}]\n  \
               - name: pager\n    pagerduty_configs: [{routing_key: alsoverysecret}]\n",
        ),
    ] {
        std::fs::write(directory.path().join(path), text).expect("a file");
    }
    directory
}

#[test]
fn a_handmade_setup_becomes_a_profile() {
    let setup = handmade();
    let run = stackwright(setup.path(), "adopt . --isolated").ends(0);
    for line in [
        "name: shop",
        "    address: redis://redis:6379",
        "    maxmemory: 512mb",
        "    password: {env: REDIS_PASSWORD}",
        "    server: {maxmemory_policy: allkeys-lru}",
        "    mode: sidecar",
        "    job: cache",
        "  interval: 30s",
        "  memory: {warning: off, critical: 85%, for: 3m}",
        "  rejected-connections: {warning: 25}",
        "  RedisMemoryHigh: {name: OutOfMemory}",
        "  RedisDown: {name: CacheGone, for: 30s}",
        "    critical: {severity: [critical], channels: [pager]}",
        "  repeat_interval: 2h",
        "  prometheus: v2.53.0",
        "  redis_exporter: v1.45.0",
    ] {
        let unquoted = run.output.replace("\"off\"", "off");
        assert!(
            unquoted.contains(&format!("{line}\n")),
            "no `{line}` in\n{}",
            run.output
        );
    }
    for line in [
        "compose.yaml:11: password in `REDIS_PASSWORD`",
        "prometheus.yml:6: scrape job `redis_gateway`: it scrapes a Redis port",
        "rules.yml:15: alert `Lonely`: no alert of the catalogue asks for this",
        "rules.yml:11: severity `page` of the alert `CacheGone`",
        "alertmanager.yml:9: secret of the receiver `team`",
    ] {
        assert!(run.errors.contains(line), "no `{line}` in\n{}", run.errors);
    }
}

#[test]
fn no_secret_of_a_setup_is_repeated() {
    let setup = handmade();
    for arguments in [
        "adopt . --isolated",
        "adopt . --isolated --format json",
        "adopt . --isolated --compare",
        "adopt . --isolated --compare --format json",
    ] {
        let run = stackwright(setup.path(), arguments);
        for secret in ["hunter2", "verysecret"] {
            assert!(!run.output.contains(secret), "{arguments}: {}", run.output);
            assert!(!run.errors.contains(secret), "{arguments}: {}", run.errors);
        }
    }
}

#[test]
fn what_would_be_different_is_said() {
    let setup = handmade();
    let run = stackwright(setup.path(), "adopt . --isolated --compare").ends(1);
    for line in [
        "- scrape job `redis_gateway` dropped: it scrapes a Redis port, and Redis serves no metrics",
        "~ alert `OutOfMemory`: guarded by redis_memory_max_bytes > 0 (",
        "- alert `Lonely` dropped: no alert of the catalogue asks for this",
        "+ alert `RedisEvictions` added: ",
    ] {
        assert!(run.output.contains(line), "no `{line}` in\n{}", run.output);
    }
    let json = stackwright(setup.path(), "adopt . --isolated --compare --format json")
        .ends(1)
        .json();
    let differences = json["differences"].as_array().expect("differences");
    let gateway = differences
        .iter()
        .find(|it| it["subject"] == "scrape job `redis_gateway`");
    let gateway = gateway.expect("the job");
    assert_eq!(gateway["change"], "dropped");
    assert_eq!(gateway["line"], 6);
}

#[test]
fn what_is_beside_expressions_and_receivers_is_compared_too() {
    let setup = tempfile::tempdir().expect("a directory");
    for (path, text) in [
        (
            "prometheus.yml",
            "global: {external_labels: {environment: '${ENVIRONMENT:-production}', region: '${REGION}', team: cache}}\n\
             rule_files: [rules.yml]\n\
             scrape_configs:\n  - job_name: redis\n    static_configs: [{targets: ['redis-exporter:9121']}]\n",
        ),
        (
            "rules.yml",
            "groups:\n  - name: redis\n    rules:\n      - alert: CacheGone\n        expr: redis_up == 0\n        for: 1m\n        \
             labels: {severity: critical, component: cache}\n        annotations: {summary: gone, impact: no sessions}\n",
        ),
        (
            "alertmanager.yml",
            "route: {receiver: team}\nreceivers: [{name: team}]\ninhibit_rules:\n  \
               - source_matchers: [severity = \"critical\"]\n    target_matchers: [\"severity=~warning\"]\n    equal: [instance]\n  \
               - source_matchers: [cause=deploy]\n    target_matchers: [team=cache]\n",
        ),
        (
            "datasources.yml",
            "apiVersion: 1\ndatasources:\n  \
               - {name: Metrics, type: prometheus, uid: metrics, url: 'http://admin:hunter2hunter2@thanos:10902'}\n  \
               - {name: Traces, type: tempo, url: 'http://tempo:3200'}\n",
        ),
    ] {
        std::fs::write(setup.path().join(path), text).expect("a file");
    }
    let run = stackwright(setup.path(), "adopt . --isolated --compare").ends(1);
    for line in [
        ", label `component` dropped, annotation `impact` dropped (",
        "~ inhibit rule `severity=\"critical\"` → `severity=~\"warning\"`: equal in instance → alertname, ",
        "- inhibit rule `cause=\"deploy\"` → `team=\"cache\"` dropped: ",
        "+ inhibit rule `alertname=CacheGone` → `alertname!=CacheGone` added: ",
        "~ datasource `Metrics`: uid metrics → stackwright-prometheus, at thanos:10902 → prometheus:9090 (",
        "- datasource `Traces` dropped: a stack has none of this type (",
        "+ datasource `Alertmanager` added: ",
    ] {
        assert!(run.output.contains(line), "no `{line}` in\n{}", run.output);
    }
    assert!(!run.output.contains("hunter2"), "{}", run.output);
    let run = stackwright(setup.path(), "adopt . --isolated").ends(0);
    assert!(
        run.output.contains("\nlabels:\n  team: cache\n"),
        "{}",
        run.output
    );
    assert!(
        run.output.contains("\n  production: {}\n"),
        "{}",
        run.output
    );
    for line in [
        "prometheus.yml:1: external label `environment`: it is filled in from `${ENVIRONMENT:-production}`, and is `production` in the profile",
        "prometheus.yml:1: external label `region`: it is filled in from `${REGION}`, and nothing here says with what",
    ] {
        assert!(run.errors.contains(line), "no `{line}` in\n{}", run.errors);
    }
}

#[test]
fn an_adopted_profile_renders_and_is_valid() {
    let setup = handmade();
    let directory = adopted(setup.path());
    rendered(directory.path(), None);
    stackwright(directory.path(), "validate bundle/default --no-tools").ends(0);
}

#[test]
fn a_profile_that_is_there_is_not_overwritten() {
    let setup = handmade();
    let directory = adopted(setup.path());
    let path = directory.path().join("profile.yaml");
    std::fs::write(&path, "mine").expect("a file");
    let again = |force: &[&str]| {
        Program::in_directory(directory.path())
            .arguments(["adopt", "--isolated", "--write", "profile.yaml"])
            .arguments(force)
            .argument(setup.path())
            .run()
    };
    let run = again(&[]).ends(2);
    assert!(run.errors.contains("--force"), "{}", run.errors);
    assert_eq!(std::fs::read_to_string(&path).expect("a file"), "mine");
    again(&["--force"]).ends(0);
    assert_ne!(std::fs::read_to_string(&path).expect("a file"), "mine");
}

#[test]
fn jobs_of_a_collector_and_of_a_chart_are_adopted() {
    let collector = "receivers:\n  prometheus:\n    config:\n      global: {scrape_interval: 20s}\n      scrape_configs:\n        \
           - job_name: cache\n          static_configs: [{targets: ['redis-exporter:9121']}]\n\
         exporters: {debug: {}}\nservice: {pipelines: {}}\n";
    let chart = "prometheus:\n  prometheusSpec:\n    additionalScrapeConfigs:\n      \
           - job_name: cache\n        static_configs: [{targets: ['redis-exporter:9121']}]\n";
    for (path, text, interval) in [
        ("otel.yaml", collector, Some("    interval: 20s\n")),
        ("values.yaml", chart, None),
    ] {
        let setup = tempfile::tempdir().expect("a directory");
        std::fs::write(setup.path().join(path), text).expect("a file");
        let run = stackwright(setup.path(), "adopt . --isolated").ends(0);
        assert!(run.output.contains("    job: cache\n"), "{}", run.output);
        // How often a chart scrapes is not in the values.
        let expected = interval.map_or_else(
            || !run.output.contains("interval:"),
            |interval| run.output.contains(interval),
        );
        assert!(expected, "{}", run.output);
        let directory = adopted(setup.path());
        rendered(directory.path(), None);
        let compared = stackwright(setup.path(), "adopt . --isolated --compare");
        assert!(!compared.output.contains("interval"), "{}", compared.output);
    }
}

#[test]
fn nothing_about_redis_is_nothing_to_adopt() {
    let directory = tempfile::tempdir().expect("a directory");
    let text =
        "scrape_configs:\n  - job_name: node\n    static_configs: [{targets: ['node:9100']}]\n";
    std::fs::write(directory.path().join("prometheus.yml"), text).expect("a file");
    let run = stackwright(directory.path(), "adopt . --isolated").ends(3);
    assert!(run.errors.contains("adopt/no-redis"), "{}", run.errors);
}

#[test]
fn setups_of_others_become_profiles_that_render() {
    let Some(setups) = shared("setups") else {
        return;
    };
    let mut count = 0;
    let mut gateways = 0;
    for setup in std::fs::read_dir(setups).expect("setups") {
        let setup = setup.expect("an entry").path();
        let directory = tempfile::tempdir().expect("a directory");
        let run = Program::in_directory(directory.path())
            .arguments([
                "adopt",
                "--isolated",
                "--write",
                "profile.yaml",
                "--format",
                "json",
            ])
            .argument(&setup)
            .run();
        assert!(
            matches!(run.status, 0 | 3),
            "{}: {}",
            setup.display(),
            run.errors
        );
        if run.status == 3 {
            continue;
        }
        count += 1;
        let result: Value = run.json();
        let remainders = result["remainders"].as_array().expect("remainders");
        gateways += remainders
            .iter()
            .filter(|it| it["subject"] == "scrape job `redis_gateway`")
            .count();
        let run = stackwright(directory.path(), "render profile.yaml --out bundle --quiet");
        assert_eq!(run.status, 0, "{}: {}", setup.display(), run.errors);
    }
    assert!(count >= 10, "{count} setups were adopted");
    assert_eq!(gateways, 4, "setups that scrape a Redis port");
}

/// Bytes that do not belong where they are put.
const SPLICES: [&str; 10] = [
    "{", "]", "\"", "\n", ": ", "- ", "*a", "null", "${X:-", "\u{85}",
];

#[test]
fn broken_setups_are_adopted_without_a_panic() {
    let catalogue = stackwright::catalogue::Catalogue::embedded().expect("the catalogue");
    let templates = stackwright::template::Templates::embedded();
    let setup = handmade();
    let texts = files(setup.path());
    for (path, bytes) in &texts {
        for (number, splice) in SPLICES.iter().enumerate() {
            let mut texts = texts.clone();
            let at = bytes.len() * (2 * number + 1) / (2 * SPLICES.len());
            let at = at..(at + 3).min(bytes.len());
            let text = texts.get_mut(path).expect("a text");
            text.splice(at, splice.bytes());
            let texts = texts
                .iter()
                .map(|(path, text)| (path.as_str(), text.as_slice()));
            let setup = stackwright::setup::Setup::of_texts("", texts);
            let facts = stackwright::facts::Facts::of(&setup, &catalogue);
            let adopted = stackwright::adopt::adopt(&facts, &templates, &|_| None, "shop");
            if let Some(adopted) = adopted {
                assert!(adopted.text("here").contains("targets:"));
            }
        }
    }
}
