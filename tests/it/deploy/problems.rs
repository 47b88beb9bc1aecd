//! What is said about a profile that asks for what cannot be.

use super::stack::{stack, stack_with};

fn said(rest: &str) -> Vec<String> {
    stack(&format!(
        "name: demo\ntargets:\n  cache: {{address: 'redis://cache'}}\n{rest}"
    ))
    .said()
}

fn assert_says(rest: &str, expected: &[&str]) {
    assert_eq!(said(rest), expected, "{rest}");
}

const CHANNELS: &str = "  channels: {slack: {kind: slack, webhook: {env: A}, channel: x}}\n";

#[test]
fn dangling_names_of_a_route_are_errors_with_a_suggestion() {
    let rest = format!(
        "notifications:\n{CHANNELS}  routes:\n    night: {{group: [availabilty], target: [cahce], channels: [slakc]}}\n  \
         repeat_intervals: {{performanc: 1h}}\n"
    );
    assert_says(
        &rest,
        &[
            "error: notifications.repeat_intervals.performanc: there is no alert group `performanc` [did you mean `performance`?]",
            "error: notifications.routes.night.group[0]: there is no alert group `availabilty` [did you mean `availability`?]",
            "error: notifications.routes.night.target[0]: there is no target `cahce` [did you mean `cache`?]",
        ],
    );
    let rest = format!("notifications:\n{CHANNELS}  default: [slakc]\n");
    assert_eq!(
        said(&rest)[0],
        "error: notifications.default[0]: there is no channel `slakc` [did you mean `slack`?]"
    );
}

#[test]
fn a_route_that_nothing_reaches_is_left_out_and_named() {
    let rest = format!(
        "notifications:\n{CHANNELS}  routes:\n    all: {{channels: [slack]}}\n    late: {{severity: [critical], channels: [slack]}}\n    \
         none: {{group: [replication], channels: [slack]}}\n"
    );
    assert_says(
        &rest,
        &[
            "warning: notifications.routes.late: every alert that fits the route `late` is already taken by `all`; it is left out \
             [an alert takes the first route that fits: move the more special route up]",
            "warning: notifications.routes.none: no alert of this environment fits the route `none`; it is left out \
             [loosen its `severity`, `group`, `alert` and `target`, or remove it]",
        ],
    );
}

#[test]
fn channels_that_cannot_work_are_errors() {
    for (channel, message) in [
        (
            "{kind: webhook, url: 'https://u:p@h/x'}",
            "a webhook's address must not contain credentials",
        ),
        ("{kind: webhook, url: 'ftp://h/x'}", "begins with"),
        (
            "{kind: webhook, url: 'https://h/{{ x }}'}",
            "neither spaces nor braces",
        ),
        ("{kind: webhook, url: 'https:///x'}", "needs a host"),
        (
            "{kind: email, to: [], from: a@b, smarthost: 'h:1'}",
            "no recipient",
        ),
        (
            "{kind: email, to: ['a, b@c'], from: a@b, smarthost: 'h:1'}",
            "is not an e-mail address",
        ),
        (
            "{kind: email, to: [a@b], from: a@b, smarthost: h}",
            "is not a host with a port",
        ),
        (
            "{kind: email, to: [a@b], from: a@b, smarthost: 'h:1', username: u}",
            "`username` is given without `password`",
        ),
    ] {
        let said = said(&format!("notifications: {{channels: {{x: {channel}}}}}\n"));
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].contains(message), "{said:?}");
        assert!(
            said[0].starts_with("error: notifications.channels.x."),
            "{said:?}"
        );
    }
}

#[test]
fn a_webhook_address_from_a_file_needs_a_newer_alertmanager() {
    let text = "name: demo\ntargets: {cache: {address: 'redis://cache'}}\nnotifications: {channels: {x: {kind: webhook, url: {env: A}}}}\n";
    assert_eq!(stack_with(text, true).problems, []);
    let said = stack_with(text, false).said();
    assert!(said[0].contains("notifications.channels.x.url"), "{said:?}");
    assert!(said[0].contains("v0.26.0"), "{said:?}");
}

#[test]
fn intervals_and_labels_that_alertmanager_refuses_are_errors() {
    for (rest, place) in [
        (
            "notifications: {repeat_interval: 0s}\n",
            "notifications.repeat_interval",
        ),
        (
            "notifications: {group_interval: 0}\n",
            "notifications.group_interval",
        ),
        (
            "notifications: {group_by: ['a b']}\n",
            "notifications.group_by[0]",
        ),
        (
            "notifications: {group_by: [job, job]}\n",
            "notifications.group_by[1]",
        ),
        ("notifications: {default: []}\n", "notifications.default"),
    ] {
        let said = said(rest);
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(
            said[0].starts_with(&format!("error: {place}: ")),
            "{said:?}"
        );
    }
    assert!(said("notifications: {repeat_interval: 1m}\n")[0].starts_with("warning: "));
}

#[test]
fn a_channel_that_nobody_uses_is_named() {
    let rest =
        "notifications:\n  default: [a]\n  channels: {a: {kind: silent}, b: {kind: silent}}\n";
    let said = said(rest);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(
        said[0].starts_with("warning: notifications.channels.b: "),
        "{said:?}"
    );
}

#[test]
fn services_that_cannot_run_are_errors() {
    for (rest, expected) in [
        (
            "compose: {ports: {grafna: 3001}}\n",
            "compose.ports.grafna: there is no service `grafna` [did you mean `grafana`?]",
        ),
        (
            "compose: {ports: {grafana: 9090}}\n",
            "compose.ports.grafana: `grafana` and `prometheus` are both published on port 9090",
        ),
        (
            "compose: {volumes: {grafana: prometheus_data}}\n",
            "would both write to the volume `prometheus_data`",
        ),
        (
            "compose: {volumes: {grafana: '../x'}}\n",
            "cannot be the name of a volume",
        ),
        (
            "compose: {images: {grafana: grafana/grafana}}\n",
            "has no tag, which means `latest`",
        ),
        (
            "compose: {images: {grafana: 'r:5000/grafana'}}\n",
            "has no tag",
        ),
        (
            "compose: {images: {grafana: 'grafana/grafana:latest'}}\n",
            "another one every week",
        ),
        (
            "compose: {images: {grafana: 'a b:1'}}\n",
            "is not an image reference",
        ),
        (
            "compose: {bind: everywhere}\n",
            "is not an IP address of this host",
        ),
        (
            "compose: {project: 'A B'}\n",
            "cannot be the name of a Compose project",
        ),
        (
            "compose: {networks: {'a b': {}}}\n",
            "cannot be the name of a network",
        ),
        (
            "links: {grafana: 'grafana.example.com'}\n",
            "links.grafana: this is not the address of a page",
        ),
        (
            "probes: {x: {url: 'http://h/', status: [20]}}\n",
            "probes.x.status[0]: `20` is not an HTTP status code",
        ),
        (
            "probes: {x: {url: 'http://h/', body: '('}}\n",
            "probes.x.body: `body` is not a regular expression",
        ),
    ] {
        let said = said(rest);
        assert_eq!(said.len(), 1, "{rest}: {said:?}");
        assert!(said[0].contains(expected), "{rest}: {said:?}");
    }
}

#[test]
fn a_redis_of_our_own_has_limits() {
    for (target, message) in [
        ("{address: 'rediss://cache', server: {}}", "speaks no TLS"),
        (
            "{address: 'redis://localhost', server: {}}",
            "cannot be the name of a service",
        ),
        (
            "{address: 'redis://10.0.0.1', server: {}}",
            "cannot be the name of a service",
        ),
        (
            "{address: 'redis://me@cache', server: {}}",
            "the user `me` has no password",
        ),
        (
            "{address: 'redis://cache', server: {maxmemory_policy: allkeys-lur}}",
            "[did you mean `allkeys-lru`?]",
        ),
        (
            "{address: 'redis://cache', topology: replicated, replicas: ['redis://b'], server: {}}",
            "standalone servers only",
        ),
        (
            "{address: 'redis://grafana', server: {}}",
            "two services would be called `grafana`",
        ),
    ] {
        let said = stack(&format!("name: demo\ntargets: {{cache: {target}}}\n")).said();
        assert_eq!(said.len(), 1, "{target}: {said:?}");
        assert!(said[0].contains(message), "{said:?}");
    }
}
