//! `rules/tests-cover`: every alert says what an operator needs, and is proven to fire and to stay silent.

use std::collections::{BTreeMap, BTreeSet};

use super::container::joined;
use super::inspection::{Document, Inspection};
use super::rules::{Rule, alerts, rules};
use crate::bundle::Kind;
use crate::check::pattern::fits;
use crate::diagnostic::Diagnostic;
use crate::document::Node;
use crate::profile::suggestion;
use crate::source::Span;

pub(super) const NAME: &str = "rules/tests-cover";

pub(super) fn check(inspection: &Inspection<'_>) -> Vec<Diagnostic> {
    let alerts = alerts(inspection);
    let mut findings = Vec::new();
    let cases = cases(inspection, &mut findings);
    let names: BTreeSet<&str> = alerts.iter().map(Rule::name).collect();
    for case in &cases {
        // promtool takes an alert that does not exist for one that stays silent.
        if !names.contains(case.alert) {
            let message = format!("no rule file defines the alert `{}`", case.alert);
            let mut diagnostic = case.document.error(NAME, case.span, message);
            diagnostic.help = suggestion(case.alert, names.iter().copied(), "alerts");
            findings.push(diagnostic);
        }
    }
    let mut seen: BTreeMap<(&str, BTreeMap<&str, &str>), Rule<'_>> = BTreeMap::new();
    for alert in alerts {
        let labels: BTreeMap<&str, &str> = alert.labels().collect();
        if let Some(first) = seen.get(&(alert.name(), labels.clone())) {
            let message = format!(
                "the alert `{}` is there twice with the same labels",
                alert.name()
            );
            findings.push(
                error(alert, message)
                    .related(
                        "first here",
                        first.document.text.file(),
                        first.head.value.span,
                    )
                    .help("join the two with `or`, or tell them apart by a label"),
            );
            continue;
        }
        seen.insert((alert.name(), labels), alert);
        findings.extend(incomplete(inspection, alert));
        findings.extend(uncovered(alert, &cases));
    }
    findings.extend(unproven_recordings(inspection));
    findings
}

/// Recording rules whose result no unit test expects. An alert on a wrong number is a wrong alert.
fn unproven_recordings(inspection: &Inspection<'_>) -> Vec<Diagnostic> {
    let mut proven = BTreeSet::new();
    for document in inspection.of_kind(Kind::PrometheusRuleTests) {
        for case in items(&document.tree, "tests").flat_map(|test| items(test, "promql_expr_test"))
        {
            let expects = items(case, "exp_samples").next().is_some();
            proven.extend(
                case.get("expr")
                    .and_then(|expr| expr.as_str())
                    .filter(|_| expects),
            );
        }
    }
    rules(inspection)
        .into_iter()
        .filter(|rule| !rule.is_alert() && !proven.contains(rule.name()))
        .map(|rule| {
            let message = format!("no unit test shows what `{}` records", rule.name());
            error(rule, message).help("add a `promql_expr_test` to `prometheus/tests`")
        })
        .collect()
}

fn error(alert: Rule<'_>, message: impl Into<String>) -> Diagnostic {
    alert.document.error(NAME, alert.head.value.span, message)
}

/// What is missing from an alert.
fn incomplete(inspection: &Inspection<'_>, alert: Rule<'_>) -> Vec<Diagnostic> {
    let name = alert.name();
    let mut findings = Vec::new();
    for (under, what, key) in [
        ("labels", "label", "severity"),
        ("labels", "label", "group"),
        ("annotations", "annotation", "summary"),
        ("annotations", "annotation", "description"),
    ] {
        let written = alert.entry(under, key);
        let is_empty = written
            .and_then(|entry| entry.value.as_str())
            .is_none_or(|text| text.trim().is_empty());
        if is_empty {
            let message = format!("the alert `{name}` has no {what} `{key}`");
            findings.push(error(alert, message));
        }
    }
    findings.extend(unknown_dashboard(inspection, alert));
    let runbook = ["runbook_url", "runbook"]
        .into_iter()
        .find_map(|key| alert.entry("annotations", key));
    let Some(runbook) = runbook else {
        let message = format!("the alert `{name}` has no runbook");
        let help = "add the annotation `runbook_url`";
        findings.push(error(alert, message).help(help));
        return findings;
    };
    let link = runbook.value.as_str().unwrap_or_default();
    let path = link.split(['#', '?']).next().unwrap_or_default();
    let is_relative = !path.contains("://") && !path.contains("{{");
    let exists = inspection
        .bundle
        .get(path.trim_start_matches("./"))
        .is_some();
    if is_relative && !exists {
        let message = format!("the runbook `{link}` of `{name}` is not in the bundle");
        findings.push(alert.document.error(NAME, runbook.value.span, message));
    }
    findings
}

/// A link to a dashboard that the bundle does not have. Links elsewhere are somebody else's.
fn unknown_dashboard(inspection: &Inspection<'_>, alert: Rule<'_>) -> Option<Diagnostic> {
    let link = &alert.entry("annotations", "dashboard_url")?.value;
    let (_, rest) = link.as_str()?.split_once("/d/")?;
    let uid = rest.split(['/', '?', '#']).next()?;
    let uids: BTreeSet<&str> = inspection
        .of_kind(Kind::GrafanaDashboard)
        .filter_map(|document| document.tree.get("uid")?.as_str())
        .collect();
    if uids.is_empty() || uids.contains(uid) || uid.contains("{{") {
        return None;
    }
    let message = format!(
        "`{}` links to the dashboard `{uid}`, which is not in the bundle",
        alert.name()
    );
    let mut diagnostic = alert.document.error(NAME, link.span, message);
    diagnostic.help = suggestion(uid, uids.iter().copied(), "dashboards");
    Some(diagnostic)
}

/// One expectation of a unit test.
struct Case<'i> {
    document: &'i Document<'i>,
    alert: &'i str,
    span: Span,
    /// Files that the test loads, as patterns.
    rule_files: Vec<String>,
    /// Severities that are expected to fire; `None` for one without that label.
    firing: Vec<Option<&'i str>>,
}

fn cases<'i>(inspection: &'i Inspection<'_>, findings: &mut Vec<Diagnostic>) -> Vec<Case<'i>> {
    let mut cases = Vec::new();
    for document in inspection.of_kind(Kind::PrometheusRuleTests) {
        let mut rule_files = Vec::new();
        for item in items(&document.tree, "rule_files") {
            let written = item.as_str().unwrap_or_default();
            let pattern = joined(document.path(), written);
            let is_there = inspection
                .of_kind(Kind::PrometheusRules)
                .any(|rules| fits(&pattern, rules.path()));
            if !is_there {
                let message = format!("no rule file of the bundle fits `{written}`");
                findings.push(document.error(NAME, item.span, message));
            }
            rule_files.push(pattern);
        }
        for test in items(&document.tree, "tests") {
            if !["alert_rule_test", "promql_expr_test"]
                .iter()
                .any(|expected| items(test, expected).next().is_some())
            {
                let message = "this test expects nothing, so it passes whatever the rules do";
                findings.push(document.error(NAME, test.span, message));
            }
            for case in items(test, "alert_rule_test") {
                let Some(alert) = case.get("alertname") else {
                    continue;
                };
                cases.push(Case {
                    document,
                    alert: alert.as_str().unwrap_or_default(),
                    span: alert.span,
                    rule_files: rule_files.clone(),
                    firing: items(case, "exp_alerts")
                        .map(|expected| {
                            let labels = expected.get("exp_labels");
                            labels.and_then(|labels| labels.get("severity")?.as_str())
                        })
                        .collect(),
                });
            }
        }
    }
    cases
}

fn items<'n>(node: &'n Node, key: &str) -> impl Iterator<Item = &'n Node> + use<'n> {
    node.get(key).into_iter().flat_map(|list| list.items())
}

/// What no unit test proves about an alert.
fn uncovered(alert: Rule<'_>, cases: &[Case<'_>]) -> Option<Diagnostic> {
    let severity = alert.label("severity");
    let own: Vec<&Case<'_>> = cases
        .iter()
        .filter(|case| {
            let mut files = case.rule_files.iter();
            case.alert == alert.name() && files.any(|file| fits(file, alert.document.path()))
        })
        .collect();
    let fires = own.iter().any(|case| case.firing.contains(&severity));
    let is_silent = own.iter().any(|case| !case.firing.contains(&severity));
    let missing = match (fires, is_silent) {
        (true, true) => return None,
        (true, false) => "stays silent",
        (false, true) => "fires",
        (false, false) => "fires or stays silent",
    };
    let of = severity.map_or_else(String::new, |severity| {
        format!(" with the severity `{severity}`")
    });
    let message = format!("no unit test shows that `{}`{of} {missing}", alert.name());
    Some(error(alert, message).help("add a case to `prometheus/tests`"))
}

#[cfg(test)]
mod tests {
    use crate::check::embedded::samples::findings;

    const RULES: &str = "groups:
  - name: availability
    rules:
      - alert: RedisDown
        expr: redis_up == 0
        labels: {severity: critical, group: availability}
        annotations: {summary: s, description: d, runbook_url: runbooks/RedisDown.md#now}
";
    const TESTS: &str = "rule_files: [../rules/*.yml]
tests:
  - alert_rule_test:
      - {eval_time: 1m, alertname: RedisDown, exp_alerts: [{exp_labels: {severity: critical}}]}
      - {eval_time: 0m, alertname: RedisDown}
";

    fn found(rules: &str, tests: &str) -> Vec<String> {
        findings(
            "rules/tests-cover",
            &[
                ("prometheus/rules/a.yml", rules),
                ("prometheus/tests/a.yml", tests),
                ("runbooks/RedisDown.md", "# RedisDown"),
            ],
        )
    }

    #[test]
    fn a_whole_alert_with_both_cases_is_not_reported() {
        assert_eq!(found(RULES, TESTS), [""; 0]);
        let linked = RULES.replace("runbooks/RedisDown.md#now", "https://example.org/x");
        assert_eq!(found(&linked, TESTS), [""; 0]);
    }

    #[test]
    fn an_alert_without_a_case_is_reported() {
        let help = "help: add a case to `prometheus/tests`";
        let at = "prometheus/rules/a.yml:4:16: no unit test shows that `RedisDown` with the severity `critical`";
        let firing = TESTS.replace("      - {eval_time: 0m, alertname: RedisDown}\n", "");
        assert_eq!(
            found(RULES, &firing),
            [format!("{at} stays silent · {help}")]
        );
        let warning = TESTS.replace("critical", "warning");
        assert_eq!(found(RULES, &warning), [format!("{at} fires · {help}")]);
        let elsewhere = TESTS.replace("../rules/*.yml", "../rules/b.yml");
        assert_eq!(
            found(RULES, &elsewhere),
            [
                "prometheus/tests/a.yml:1:14: no rule file of the bundle fits `../rules/b.yml`"
                    .to_owned(),
                format!("{at} fires or stays silent · {help}")
            ]
        );
    }

    #[test]
    fn a_recording_rule_without_a_case_is_reported() {
        let rules = format!("{RULES}      - {{record: redis:x, expr: redis_up}}\n");
        let case = "  - promql_expr_test:\n      - {expr: 'redis:x', eval_time: 1m, exp_samples: [{labels: 'redis:x', value: 1}]}\n";
        assert_eq!(found(&rules, &format!("{TESTS}{case}")), [""; 0]);
        let report = "prometheus/rules/a.yml:8:18: no unit test shows what `redis:x` records · help: add a `promql_expr_test` to \
             `prometheus/tests`";
        assert_eq!(found(&rules, TESTS), [report]);
        let empty = case.replace("{labels: 'redis:x', value: 1}", "");
        assert_eq!(found(&rules, &format!("{TESTS}{empty}")), [report]);
    }

    #[test]
    fn a_case_of_an_unknown_alert_is_reported() {
        let more = format!("{TESTS}      - {{eval_time: 0m, alertname: RedisDwn}}\n");
        assert_eq!(
            found(RULES, &more),
            [
                "prometheus/tests/a.yml:6:36: no rule file defines the alert `RedisDwn` · help: did you mean `RedisDown`?"
            ]
        );
    }

    #[test]
    fn what_an_operator_needs_and_does_not_find_is_reported() {
        let bare = "groups:
  - name: a
    rules:
      - {alert: RedisDown, expr: up, labels: {severity: critical}, annotations: {runbook_url: runbooks/x.md, summary: ''}}
";
        let at = "prometheus/rules/a.yml:4:17: the alert `RedisDown` has no";
        assert_eq!(
            found(bare, TESTS),
            [
                format!("{at} label `group`"),
                format!("{at} annotation `summary`"),
                format!("{at} annotation `description`"),
                "prometheus/rules/a.yml:4:95: the runbook `runbooks/x.md` of `RedisDown` is not in the bundle".to_owned(),
            ]
        );
        let none = RULES.replace(", runbook_url: runbooks/RedisDown.md#now", "");
        assert_eq!(
            found(&none, TESTS),
            [
                "prometheus/rules/a.yml:4:16: the alert `RedisDown` has no runbook · help: add the annotation `runbook_url`"
            ]
        );
    }

    #[test]
    fn a_link_leads_to_a_dashboard_of_the_bundle() {
        let linked = |uid: &str| {
            let link =
                format!("dashboard_url: 'http://localhost:3000/d/{uid}?var-job=x', runbook_url:");
            let rules = RULES.replace("runbook_url:", &link);
            findings(
                "rules/tests-cover",
                &[
                    ("prometheus/rules/a.yml", &rules),
                    ("prometheus/tests/a.yml", TESTS),
                    ("runbooks/RedisDown.md", "# RedisDown"),
                    ("grafana/dashboards/a.json", r#"{"uid": "redis-overview"}"#),
                ],
            )
        };
        assert_eq!(linked("redis-overview"), [""; 0]);
        assert_eq!(
            linked("redis-overvie"),
            [
                "prometheus/rules/a.yml:7:66: `RedisDown` links to the dashboard `redis-overvie`, which is not in the bundle \
                 · help: did you mean `redis-overview`?"
            ]
        );
    }

    #[test]
    fn one_alert_twice_is_reported() {
        let rule = RULES.split_once("    rules:\n").unwrap().1;
        let twice = format!("{RULES}{rule}");
        assert_eq!(
            found(&twice, TESTS),
            [
                "prometheus/rules/a.yml:8:16: the alert `RedisDown` is there twice with the same labels · help: join \
                 the two with `or`, or tell them apart by a label"
            ]
        );
    }
}
