//! The texts of messages, rendered by amtool as Alertmanager does.

use super::stack::{FULL, clean};
use crate::tools::generations;

const DATA: &str = r##"{
  "receiver": "slack", "status": "firing", "externalURL": "https://example.com/alertmanager",
  "groupLabels": {"alertname": "RedisDown"},
  "commonLabels": {"alertname": "RedisDown", "severity": "critical", "redis": "cache", "note": "a \"b\" & 50%"},
  "commonAnnotations": {},
  "alerts": [ALERTS]
}"##;

const ALERT: &str = r##"{
  "status": "firing", "labels": {"alertname": "RedisDown", "severity": "critical", "instance": "redis://cache:6379"},
  "annotations": {
    "summary": "Redis cache is down <now>", "description": "Not reached for 1 minute & counting.",
    "runbook_url": "https://example.com/runbooks/RedisDown.md", "dashboard_url": "https://example.com/d/x?var-redis=cache"
  },
  "startsAt": "2026-01-02T03:04:05Z", "generatorURL": "https://example.com/graph?g0.expr=redis_up"
}"##;

/// What each amtool makes of a template. Only the newer one takes data.
fn rendered(name: &str, kind: &str, alerts: &str) -> Option<String> {
    let generation = generations()
        .into_iter()
        .find(|generation| generation.name == "new")?;
    let written = clean(FULL).written();
    let data = written.path().join("data.json");
    std::fs::write(&data, DATA.replace("ALERTS", alerts)).expect("a file");
    let output = std::process::Command::new(generation.program("amtool"))
        .args([
            "template",
            "render",
            "--template.glob=alertmanager/templates/*.tmpl",
        ])
        .arg(format!("--template.text={{{{ template \"{name}\" . }}}}"))
        .arg(format!("--template.type={kind}"))
        .arg(format!("--template.data={}", data.display()))
        .current_dir(written.path())
        .output()
        .expect("amtool");
    assert!(output.status.success(), "{name}: {output:?}");
    Some(
        String::from_utf8(output.stdout)
            .expect("UTF-8")
            .trim()
            .to_owned(),
    )
}

#[test]
fn a_single_alert_is_told_by_its_summary_and_several_by_what_they_share() {
    let Some(one) = rendered("stackwright.title", "text", ALERT) else {
        return;
    };
    assert_eq!(one, "[FIRING:1] Redis cache is down <now>");
    let two = rendered("stackwright.title", "text", &[ALERT, ALERT].join(","));
    assert_eq!(two.as_deref(), Some("[FIRING:2] RedisDown on cache"));
}

#[test]
fn slack_gets_values_links_and_no_foreign_markup() {
    let Some(text) = rendered("stackwright.slack.text", "text", ALERT) else {
        return;
    };
    for part in [
        "*Redis cache is down &lt;now&gt;*",
        "Not reached for 1 minute &amp; counting.",
        "<https://example.com/runbooks/RedisDown.md|Runbook>",
        "<https://example.com/d/x?var-redis=cache|Dashboard>",
        "|Silence>",
    ] {
        assert!(text.contains(part), "{part} not in {text}");
    }
}

#[test]
fn the_silence_is_filled_in_and_survives_quotes() {
    let filter = "filter=%7Balertname%3D%22RedisDown%22%2C%20note%3D%22a%20%5C%22b%5C%22%20%26%2050%25%22%2C%20redis%3D%22cache%22%2C%20severity%3D%22critical%22%7D";
    let Some(link) = rendered("stackwright.silence", "text", ALERT) else {
        return;
    };
    assert_eq!(
        link,
        format!("https://example.com/alertmanager/#/silences/new?{filter}")
    );
    let html = rendered("stackwright.email.html", "html", ALERT).expect("amtool");
    let link = format!("#/silences/new?{filter}\">Silence</a>");
    // Letters of percent-encoding have no case.
    assert!(html.to_lowercase().contains(&link.to_lowercase()), "{html}");
}

#[test]
fn mail_is_html_with_escaped_values() {
    let Some(html) = rendered("stackwright.email.html", "html", ALERT) else {
        return;
    };
    for part in [
        "<strong>Redis cache is down &lt;now&gt;</strong>",
        "href=\"https://example.com/runbooks/RedisDown.md\"",
        "Since 2026-01-02 03:04:05 UTC",
        "instance = redis://cache:6379",
    ] {
        assert!(html.contains(part), "{part} not in {html}");
    }
}

#[test]
fn every_template_renders_firing_and_resolved_with_and_without_annotations() {
    let bare = r#"{"status": "resolved", "labels": {}, "annotations": {}, "startsAt": "2026-01-02T03:04:05Z"}"#;
    for name in [
        "title",
        "slack.title",
        "slack.text",
        "slack.color",
        "link",
        "silence",
        "group",
        "pagerduty.severity",
        "pagerduty.alerts",
        "email.text",
    ] {
        for alerts in [ALERT, bare, &[ALERT, bare].join(",")] {
            if let Some(text) = rendered(&format!("stackwright.{name}"), "text", alerts) {
                assert!(!text.contains("<no value>"), "{name}: {text}");
            }
        }
    }
}
