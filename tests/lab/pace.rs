//! The same system, only faster: the overlay of the lab's profile that shortens times, and nothing else.

use serde_json::{Map, Value, json};
use stackwright::catalogue::{Catalogue, Direction};

/// Longest time that a rate looks back.
pub const WINDOW: u64 = 8;

/// How long an alert holds before it fires. In production these are minutes; what matters is that a failover, which
/// takes 3 to 15 seconds here, stays below those that are about what a failover repairs.
fn pending(alert: &str) -> &'static str {
    match alert {
        "RedisSplitBrain" | "RedisClusterPrimaryWithoutReplica" => "20s",
        "RedisPrimaryMissing"
        | "RedisSentinelMasterDown"
        | "RedisClusterDown"
        | "RedisClusterSlotsFailed"
        | "RedisClusterSlotsSuspected" => "10s",
        _ => "4s",
    }
}

/// The overlay, for every alert and threshold of the catalogue.
pub fn overlay(catalogue: &Catalogue) -> Value {
    let alerting = catalogue.alerting();
    let alerts: Map<String, Value> = alerting
        .alerts()
        .filter(|(_, alert)| alert.threshold.is_none())
        .map(|(_, alert)| (alert.name.clone(), json!({"for": pending(&alert.name)})))
        .collect();
    let mut thresholds: Map<String, Value> = alerting
        .thresholds
        .values()
        .filter(|threshold| threshold.direction != Direction::Guard)
        .map(|threshold| {
            // Growth over the last hour means nothing in a lab that is minutes old.
            let pending = match threshold.name.as_str() {
                "memory-trend" => "1h",
                // Must be longer than the window.
                "slowlog" => "10s",
                _ => "4s",
            };
            (threshold.name.clone(), json!({"for": pending}))
        })
        .collect();
    // The only numbers beside times: what a test can fill, and what a busy machine does not exceed by itself.
    thresholds["memory-bytes"]["warning"] = json!("64mb");
    thresholds["memory-bytes"]["critical"] = json!("128mb");
    thresholds["latency"]["critical"] = json!("off");
    json!({
        "scrape": {"interval": "2s", "timeout": "2s", "evaluation_interval": "1s", "window": format!("{WINDOW}s")},
        "thresholds": thresholds,
        "alerts": alerts,
        "notifications": {"group_wait": "1s", "group_interval": "1s"},
    })
}
