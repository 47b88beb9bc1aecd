use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use stackwright::check::Verdict;
use stackwright::check::{ExpectedRoute, ExternalOptions, external};

use super::stack::{FULL, Stack, clean};
use crate::tools::{PATIENCE, generations};

fn expected(stack: &Stack) -> Vec<ExpectedRoute> {
    stack
        .notification
        .routing
        .expectations(&stack.alerts)
        .map(|(labels, destination)| ExpectedRoute {
            labels: labels.into_iter().collect::<BTreeMap<_, _>>(),
            receivers: vec![destination.receiver.to_owned()],
        })
        .collect()
}

fn assert_amtool_agrees(stack: &Stack, generations: &[crate::tools::Generation]) {
    let written = stack.written();
    let routes = expected(stack);
    for generation in generations {
        let toolbox = generation.toolbox();
        let mut options = ExternalOptions::new(&toolbox, Path::new("bundle"));
        options.timeout = PATIENCE;
        options.routes = &routes;
        let outcomes = external(written.path(), &options);
        let mut checked = 0;
        for outcome in &outcomes {
            if outcome.check.starts_with("amtool/") {
                checked += 1;
                assert!(
                    matches!(outcome.verdict, Verdict::Passed),
                    "{}: {outcome:?}",
                    generation.name
                );
            }
        }
        assert_eq!(checked, 2, "{outcomes:?}");
    }
}

#[test]
fn amtool_routes_every_alert_where_the_simulation_says() {
    let new: Vec<_> = generations()
        .into_iter()
        .filter(|generation| generation.name == "new")
        .collect();
    assert_amtool_agrees(&clean(FULL), &new);
    // Without a webhook's address in a file also Alertmanager 0.25 takes all of it.
    let old = FULL.replace(
        "url: {env: TICKET_URL}",
        "url: 'https://tickets.example.com'",
    );
    assert_amtool_agrees(&clean(&old), &generations());
}

#[test]
fn alerts_go_where_the_profile_says() {
    let stack = clean(FULL);
    let destinations: BTreeSet<String> = stack
        .notification
        .routing
        .expectations(&stack.alerts)
        .map(|(labels, destination)| {
            format!(
                "{} {} {} -> {} every {}",
                labels["alertname"],
                labels["severity"],
                labels.get("redis").map_or("-", String::as_str),
                destination.receiver,
                destination.repeat_interval
            )
        })
        .collect();
    for line in [
        "RedisDown critical cache -> slack-and-pager every 15m",
        "RedisMemoryHigh critical cache -> slack-and-pager every 30m",
        "RedisDown critical sessions -> slack-and-pager every 1h",
        "EndpointDown critical - -> slack-and-pager every 1h",
        "RedisLatencyHigh warning cache -> nobody every 8d8h",
        "RedisMemoryHigh warning cache -> mail every 30m",
        "RedisMemoryHigh warning sessions -> hook-and-ticket every 30m",
    ] {
        assert!(
            destinations.contains(line),
            "{line} not in {destinations:#?}"
        );
    }
}

#[test]
fn every_receiver_is_told_something_and_equal_lists_are_one_receiver() {
    let stack = clean(FULL);
    let names: Vec<&str> = stack
        .notification
        .receivers
        .iter()
        .map(|receiver| receiver.name.as_str())
        .collect();
    assert_eq!(
        names,
        ["mail", "slack-and-pager", "nobody", "hook-and-ticket"]
    );
    let told: BTreeSet<&str> = stack
        .notification
        .routing
        .expectations(&stack.alerts)
        .map(|(_, destination)| destination.receiver)
        .collect();
    assert_eq!(told, names.into_iter().collect());
}

#[test]
fn inhibit_rules_are_those_whose_both_sides_are_rendered() {
    let config: serde_json::Value =
        serde_yaml::from_str(&clean(FULL).file("alertmanager/alertmanager.yml")).expect("YAML");
    assert_eq!(
        config["inhibit_rules"],
        serde_json::json!([
            {
                "source_matchers": ["alertname=RedisDown"],
                "target_matchers": ["alertname!=RedisDown"],
                "equal": ["redis", "instance"]
            },
            {
                "source_matchers": ["alertname=RedisExporterDown", "job=redis-exporter-exporter"],
                "target_matchers": ["alertname=RedisScrapeFailed", "job=redis-exporter"]
            },
            {
                "source_matchers": ["severity=critical"],
                "target_matchers": ["severity=warning"],
                "equal": ["alertname", "redis", "instance"]
            }
        ])
    );
}

#[test]
fn without_channels_there_is_one_silent_receiver() {
    let stack = clean("name: demo\ntargets: {cache: {address: 'redis://cache'}}\n");
    let config = stack.file("alertmanager/alertmanager.yml");
    assert!(config.contains("  - name: silent\n"), "{config}");
    assert_amtool_agrees(&stack, &generations());
}

#[test]
fn the_prober_accepts_its_modules() {
    let written = clean(FULL).written();
    for generation in generations() {
        let output = std::process::Command::new(generation.program("blackbox_exporter"))
            .args(["--config.check", "--config.file", "blackbox/blackbox.yml"])
            .current_dir(written.path())
            .output()
            .expect("blackbox_exporter");
        assert!(output.status.success(), "{output:?}");
    }
}
