//! The same system, only faster: the overlay of the lab's profile that shortens times, and nothing else.

use serde_json::{Map, Value, json};
use stackwright::catalogue::{AlertCatalogue, Direction};
use stackwright::quantity::Duration;

/// Longest time that a rate looks back, in seconds.
pub const WINDOW: u64 = 8;

/// What the profile says beside its targets: short times for every alert and threshold of the catalogue.
pub fn overlay(catalogue: &AlertCatalogue) -> Value {
    let alerts: Map<String, Value> = catalogue
        .alerts()
        .filter_map(|(_, alert)| {
            let pending = quickened(&alert.name, alert.pending?);
            Some((alert.name.clone(), json!({"for": pending})))
        })
        .collect();
    let mut thresholds: Map<String, Value> = catalogue
        .thresholds
        .values()
        .filter(|threshold| threshold.direction != Direction::Guard)
        .map(|threshold| {
            let name = &threshold.name;
            let warning = quickened(name, threshold.warning_pending);
            let critical = quickened(name, threshold.critical_pending);
            let pending = json!({"for": {"warning": warning, "critical": critical}});
            (name.clone(), pending)
        })
        .collect();
    // Numbers, only where there is none as shipped, where a test cannot fill as much, or where a busy machine exceeds
    // one by itself.
    thresholds["clients"]["warning"] = json!(90);
    thresholds["memory-pressure"]["warning"] = json!(1);
    thresholds["memory-pressure"]["critical"] = json!(2);
    thresholds["memory-bytes"]["warning"] = json!("64mb");
    thresholds["memory-bytes"]["critical"] = json!("128mb");
    thresholds["tail-latency"]["warning"] = json!("150ms");
    thresholds["latency"]["warning"] = json!("150ms");
    thresholds["latency"]["critical"] = json!("off");
    json!({
        "scrape": {"interval": "2s", "timeout": "2s", "evaluation_interval": "1s", "window": format!("{WINDOW}s")},
        "thresholds": thresholds,
        "alerts": alerts,
        "notifications": {"group_wait": "1s", "group_interval": "1s"},
    })
}

/// Minutes become seconds in the same order, because that order decides what is told before, or instead of, what.
fn quickened(name: &str, pending: Duration) -> &'static str {
    match (name, pending.as_millis() / 1_000) {
        // A failover takes 3 to 8 seconds here, and then a sentinel needs some more until it demotes the old primary.
        (
            "RedisPrimaryMissing"
            | "RedisSentinelMasterDown"
            | "RedisClusterDown"
            | "RedisClusterSlotsFailed",
            _,
        ) => "10s",
        ("RedisSplitBrain", _) => "20s",
        (_, 0) => "0s",
        (_, 1..=60) => "4s",
        (_, ..=120) => "8s",
        (_, ..=300) => "12s",
        _ => "16s",
    }
}

/// How long an alert holds before it fires, as shipped.
pub fn shipped(catalogue: &AlertCatalogue, alert: &str, is_critical: bool) -> Duration {
    let Some((_, alert)) = catalogue.alert(alert) else {
        return Duration::default();
    };
    let threshold = alert
        .threshold
        .as_ref()
        .and_then(|name| catalogue.thresholds.get(name));
    match threshold {
        Some(threshold) if is_critical => threshold.critical_pending,
        Some(threshold) => threshold.warning_pending,
        None => alert.pending.unwrap_or_default(),
    }
}
