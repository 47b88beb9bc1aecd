//! What the profile may say about alerts, and what we answer.

use std::collections::BTreeSet;

use stackwright::artifact;
use stackwright::catalogue::Version;
use stackwright::model::job::JobKind;
use stackwright::template::Templates;

use super::situation::{Situation, all, catalogue, everything, job, small};

/// Id, route, message and help of each problem.
fn problems(situation: &Situation) -> Vec<String> {
    let catalogue = catalogue();
    let (_, problems) = situation.resolve(&catalogue);
    problems
        .iter()
        .map(|problem| {
            format!(
                "{} at {}: {} [{}]",
                problem.id,
                problem.route,
                problem.message,
                problem.help.as_deref().unwrap_or_default()
            )
        })
        .collect()
}

#[test]
fn wrong_thresholds_are_named_with_their_place() {
    for (name, written, expected) in [
        (
            "memroy",
            "{warning: 80%}",
            "profile/unknown-threshold at thresholds.memroy: there is no threshold `memroy` [did you mean `memory`?]",
        ),
        (
            "memory",
            "{warning: 95%, critical: 90%}",
            "profile/contradicting-thresholds at thresholds.memory.warning: `memory` warns at 95%, which is above the critical 90% [swap the two values]",
        ),
        (
            "memory",
            "{warning: 95%}",
            "profile/contradicting-thresholds at thresholds.memory.warning: `memory` warns at 95%, which is above the critical 90% [set `critical` too; what you do not give keeps its default]",
        ),
        (
            "hit-ratio",
            "{warning: 40%, critical: 50%}",
            "profile/contradicting-thresholds at thresholds.hit-ratio.warning: `hit-ratio` warns at 40%, which is below the critical 50% [swap the two values]",
        ),
        (
            "memory",
            "{critical: 120%}",
            "profile/bad-threshold at thresholds.memory.critical: `120%` is outside the range of `memory`, 0% to 100% []",
        ),
        (
            "memory",
            "{warning: 100mb}",
            "profile/bad-threshold at thresholds.memory.warning: `100mb` is no value for `memory`, expected a share such as `90%` or `0.9` or `off` []",
        ),
        (
            "latency",
            "{warning: 5 parsecs}",
            "profile/bad-threshold at thresholds.latency.warning: `5 parsecs` is no value for `latency`, expected a time such as `5ms` or `30s` or `off` []",
        ),
        (
            "hit-ratio-traffic",
            "{critical: 5}",
            "profile/bad-threshold at thresholds.hit-ratio-traffic.critical: `hit-ratio-traffic` is no alarm but the amount below which one is silent; it has no `critical` [its only value is `warning`]",
        ),
        (
            "hit-ratio-traffic",
            "{warning: off}",
            "profile/bad-threshold at thresholds.hit-ratio-traffic.warning: `hit-ratio-traffic` cannot be off [write 0 per second instead]",
        ),
    ] {
        assert_eq!(problems(&small().threshold(name, written)), [expected]);
    }
}

#[test]
fn wrong_overrides_are_named_with_their_place() {
    for (name, written, expected) in [
        (
            "RedisDwon",
            "{enabled: false}",
            "profile/unknown-alert at alerts.RedisDwon: there is no alert `RedisDwon` [did you mean `RedisDown`?]",
        ),
        (
            "RedisMemoryHigh",
            "{for: 1m}",
            "profile/misplaced-override at alerts.RedisMemoryHigh.for: `for` of `RedisMemoryHigh` belongs to its threshold [set `thresholds.memory` instead]",
        ),
        (
            "RedisDown",
            "{labels: {severity: page}}",
            "profile/reserved-label at alerts.RedisDown.labels.severity: the label `severity` of an alert is set by stackwright [routes and inhibition rely on it; use another name]",
        ),
        (
            "RedisDown",
            "{name: RedisNoData}",
            "profile/bad-alert-name at alerts.RedisDown.name: another alert is called `RedisNoData` already []",
        ),
        (
            "RedisDown",
            "{runbook: nowhere}",
            "profile/unknown-runbook at alerts.RedisDown.runbook: there is no runbook `nowhere` []",
        ),
    ] {
        assert_eq!(problems(&small().override_alert(name, written)), [expected]);
    }
}

#[test]
fn a_threshold_that_is_off_gives_no_rule() {
    let catalogue = catalogue();
    let names = |situation: &Situation| -> Vec<(String, &'static str)> {
        let (alerting, _) = situation.resolve(&catalogue);
        alerting
            .rules()
            .filter(|rule| rule.alert.name == "RedisMemoryHigh")
            .map(|rule| (rule.expr.clone(), rule.severity.as_str()))
            .collect()
    };
    let expr = |limit: &str| format!("redis:memory_used:ratio > {limit}");
    assert_eq!(
        names(&small()),
        [(expr("0.8"), "warning"), (expr("0.9"), "critical")]
    );
    assert_eq!(
        names(&small().threshold("memory", "{warning: off, critical: 0.95}")),
        [(expr("0.95"), "critical")]
    );
    let off = small().threshold("memory", "{warning: off, critical: off}");
    assert_eq!(names(&off), []);
    let (alerting, _) = off.resolve(&catalogue);
    assert_eq!(alerting.omitted["RedisMemoryHigh"], "its threshold is off");
}

#[test]
fn only_alerts_that_fit_are_rendered() {
    let catalogue = catalogue();
    let (alerting, _) = small().resolve(&catalogue);
    let rendered: BTreeSet<&str> = alerting
        .rules()
        .map(|rule| rule.alert.name.as_str())
        .collect();
    for name in [
        "RedisClusterDown",
        "RedisSentinelDown",
        "RedisReplicasMissing",
        "EndpointDown",
        "RedisExporterDown",
        "RedisClientsHigh",
    ] {
        assert!(!rendered.contains(name), "{name}");
        assert!(alerting.omitted.contains_key(name), "{name}");
    }
    for name in [
        "RedisDown",
        "RedisScrapeFailed",
        "RedisNoData",
        "TargetMissing",
    ] {
        assert!(rendered.contains(name), "{name}");
    }

    let mut old = small();
    old.exporter = Some(Version::new(1, 30, 0));
    let (alerting, _) = old.resolve(&catalogue);
    assert_eq!(
        alerting.omitted["RedisOutOfMemoryErrors"],
        "it needs redis_exporter v1.34.0, and v1.30.0 is used"
    );
}

#[test]
fn flags_that_chosen_alerts_need_are_switched_on() {
    let catalogue = catalogue();
    let (alerting, _) = small().resolve(&catalogue);
    assert_eq!(
        alerting.flags,
        BTreeSet::from(["include-system-metrics".to_owned()])
    );
    let without = small().override_alert("RedisSystemMemoryHigh", "{enabled: false}");
    let (alerting, _) = without.resolve(&catalogue);
    assert!(alerting.flags.is_empty());
    let exporter = catalogue.exporter("redis_exporter").unwrap();
    for (_, alert) in catalogue.alerting().alerts() {
        for flag in &alert.needs.flags {
            assert!(exporter.flag(flag).is_some(), "{}: {flag}", alert.name);
        }
    }
}

#[test]
fn a_fleet_has_as_many_rules_as_one_server() {
    let catalogue = catalogue();
    let one = small();
    let mut fleet = small();
    fleet.jobs[0] = job("redis", JobKind::Redis, 10_000);
    assert_eq!(
        one.resolve(&catalogue).0.rules().count(),
        fleet.resolve(&catalogue).0.rules().count()
    );
    let length = |situation: &Situation| -> usize {
        situation
            .artifacts(&catalogue)
            .iter()
            .map(|artifact| artifact.text.len())
            .sum()
    };
    let (one, fleet) = (length(&one), length(&fleet));
    assert!(fleet < one + one / 10, "{one} {fleet}");
}

#[test]
fn only_limits_that_a_policy_sets_have_alerts() {
    let catalogue = catalogue();
    let mut situation = everything();
    for policy in situation
        .targets
        .iter_mut()
        .filter_map(|target| target.keys.as_mut())
        .flat_map(|keys| &mut keys.policies)
    {
        policy.max_length = None;
    }
    let (alerting, _) = situation.resolve(&catalogue);
    assert_eq!(
        alerting.omitted["RedisKeysTooLong"],
        "no policy says how long keys may be"
    );
    assert!(!alerting.omitted.contains_key("RedisKeysMissingTtl"));
}

#[test]
fn every_alert_is_rendered_somewhere_and_has_a_runbook() {
    let catalogue = catalogue();
    let mut rendered = BTreeSet::new();
    for situation in all() {
        let (alerting, _) = situation.resolve(&catalogue);
        rendered.extend(alerting.rules().map(|rule| rule.alert.name.clone()));
    }
    let known: BTreeSet<String> = catalogue
        .alerting()
        .alerts()
        .map(|(_, alert)| alert.name.clone())
        .collect();
    assert_eq!(rendered, known);
    let runbooks: BTreeSet<String> = artifact::runbook_names().map(Into::into).collect();
    assert_eq!(runbooks, known);
    for name in &known {
        let explained = artifact::runbook_text(name, catalogue.alerting()).unwrap();
        assert!(!explained.contains("<{"), "{name}");
        let text = artifact::runbook(name).unwrap();
        assert!(text.starts_with(&format!("# {name}\n")), "{name}");
        let sections: Vec<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix("## "))
            .collect();
        assert_eq!(
            sections,
            ["What it means", "Impact", "Check first", "Mend", "Prevent"],
            "{name}"
        );
    }
}

#[test]
fn runbooks_show_the_numbers_of_the_rules() {
    let catalogue = catalogue();
    let situation = everything().threshold("memory", "{warning: 71.5%, critical: 85%, for: 10m}");
    let (alerting, _) = situation.resolve(&catalogue);
    let own = indexmap::IndexMap::new();
    let runbooks = artifact::runbooks_of(&[&alerting], &own, &Templates::embedded()).unwrap();
    assert_eq!(runbooks.len(), catalogue.alerting().alerts().count());
    let (_, memory) = runbooks
        .iter()
        .find(|(_, artifact)| artifact.path.as_str() == "runbooks/RedisMemoryHigh.md")
        .unwrap();
    assert!(memory.text.contains("71.5% (warning), 85% (critical)"));
    assert!(memory.text.contains("redis:memory_used:ratio > 0.715"));
    for (_, artifact) in &runbooks {
        assert!(!artifact.text.contains("<{"), "{}", artifact.path);
    }
}

#[test]
fn every_metric_of_a_rule_is_in_the_catalogue() {
    let catalogue = catalogue();
    let (alerting, _) = everything().resolve(&catalogue);
    let recorded: BTreeSet<&str> = alerting
        .recording
        .iter()
        .map(|recording| recording.rule.name.as_str())
        .collect();
    let exprs = alerting
        .rules()
        .map(|rule| (rule.alert.name.as_str(), rule.expr.as_str()))
        .chain(
            alerting
                .recording
                .iter()
                .map(|recording| (recording.rule.name.as_str(), recording.expr.as_str())),
        );
    let mut seen = 0;
    for (rule, expr) in exprs {
        for metric in metrics(expr) {
            seen += 1;
            let is_known = recorded.contains(metric) || catalogue.metric(metric).is_some();
            // What only the profile knows: metrics of its own, and those under another namespace.
            let is_described = ["calls_", "call_", "health", "service_health", "shop_api_"]
                .iter()
                .any(|own| metric.starts_with(own));
            assert!(is_known || is_described, "{rule}: `{metric}`");
        }
    }
    assert!(seen > 100, "{seen}");
}

/// Names in an expression that are followed by a selector, or hold a colon.
fn metrics(expr: &str) -> Vec<&str> {
    let mut metrics = Vec::new();
    let mut start = None;
    for (at, char) in expr.char_indices() {
        let is_name = char.is_ascii_alphanumeric() || matches!(char, '_' | ':');
        match (start, is_name) {
            (None, true) => start = Some(at),
            (Some(from), false) => {
                let name = &expr[from..at];
                if char == '{' || name.contains(':') {
                    metrics.push(name);
                }
                start = None;
            }
            _ => {}
        }
    }
    metrics
}
