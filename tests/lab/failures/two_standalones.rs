//! Two servers that have nothing to do with each other, with a password and a limit, behind one exporter.

use std::time::Duration;

use super::WRONG_PASSWORD;
use crate::failure::Failure;
use crate::load::Load;
use crate::stack::Configuration;
use crate::topology::{LONGEST_LIST, PASSWORD};

/// What somebody sets who forgets to tell the clients.
const OTHER_PASSWORD: &str = "battery-staple";

pub const FAILURES: &[Failure] = &[
    Failure {
        name: "one of two killed",
        target: Some("queue"),
        told: &[("RedisDown", "pager")],
        cause: |stack| stack.servers[1].daemon.kill(),
        mend: |stack| stack.servers[1].up(),
        ..Failure::REST
    },
    Failure {
        name: "exporter of several servers killed",
        told: &[("RedisExporterDown", "pager")],
        cause: |stack| stack.exporters[0].kill(),
        mend: |stack| stack.exporters[0].start(),
        ..Failure::REST
    },
    Failure {
        name: "exporter scraped on the wrong path",
        told: &[("RedisNoData", "pager")],
        cause: |stack| {
            stack.edit(Configuration::Prometheus, |text| {
                text.replace("metrics_path: /scrape", "metrics_path: /metrics")
            })
        },
        mend: |stack| stack.restore(Configuration::Prometheus),
        ..Failure::REST
    },
    Failure {
        name: "password changed",
        target: Some("queue"),
        told: &[("RedisDown", "pager")],
        // The lab's own client has tried in vain as well, which the exporter sees as soon as it may ask again.
        afterwards: &["RedisAuthenticationFailures"],
        cause: |stack| {
            stack.servers[1].configure("requirepass", OTHER_PASSWORD)?;
            stack.servers[1].password = Some(OTHER_PASSWORD);
            // Who is logged in stays so.
            stack.servers[1]
                .tell(&["CLIENT", "KILL", "TYPE", "normal"])
                .map(drop)
        },
        mend: |stack| {
            stack.servers[1].configure("requirepass", PASSWORD)?;
            stack.servers[1].password = Some(PASSWORD);
            Ok(())
        },
        ..Failure::REST
    },
    Failure {
        name: "authentication failures",
        target: Some("cache"),
        told: &[("RedisAuthenticationFailures", "chat")],
        cause: |stack| {
            let mut client = stack.servers[0].connect()?;
            stack.hold(Load::every(Duration::from_millis(100), move || {
                let _ = client.ask(&["AUTH", WRONG_PASSWORD]);
            }));
            Ok(())
        },
        ..Failure::REST
    },
    Failure {
        name: "maxmemory reached, writes refused",
        target: Some("queue"),
        told: &[
            ("RedisOutOfMemoryErrors", "pager"),
            ("RedisMemoryHigh", "pager"),
            ("RedisMemoryPressure", "pager"),
            ("RedisMemoryGrowing", "chat"),
        ],
        cause: |stack| {
            let mut client = stack.servers[1].connect()?;
            let value = "x".repeat(1 << 20);
            let mut number = 0;
            stack.hold(Load::every(Duration::from_millis(50), move || {
                let _ = client.ask(&["SET", &format!("lab:fill:{number}"), &value]);
                number += 1;
            }));
            Ok(())
        },
        mend: |stack| stack.servers[1].tell(&["FLUSHALL"]).map(drop),
        ..Failure::REST
    },
    Failure {
        name: "evictions",
        target: Some("cache"),
        told: &[("RedisEvictions", "chat")],
        beside: &[
            "RedisMemoryHigh",
            "RedisMemoryPressure",
            "RedisMemoryGrowing",
        ],
        cause: |stack| {
            let server = &stack.servers[0];
            server.configure("maxmemory-policy", "allkeys-lru")?;
            let mut client = server.connect()?;
            let value = "x".repeat(200_000);
            let mut number = 0;
            stack.hold(Load::every(Duration::from_millis(20), move || {
                let _ = client.ask(&["SET", &format!("lab:fill:{number}"), &value]);
                number += 1;
            }));
            Ok(())
        },
        mend: |stack| {
            stack.servers[0].configure("maxmemory-policy", "noeviction")?;
            stack.servers[0].tell(&["FLUSHALL"]).map(drop)
        },
        ..Failure::REST
    },
    Failure {
        name: "cache that misses",
        target: Some("cache"),
        told: &[("RedisHitRatioLow", "chat")],
        cause: |stack| {
            let mut client = stack.servers[0].connect()?;
            stack.hold(Load::every(Duration::from_millis(20), move || {
                let _ = client.ask(&["GET", "lab:nothing"]);
            }));
            Ok(())
        },
        ..Failure::REST
    },
    Failure {
        name: "keys without TTL under a policy",
        target: Some("queue"),
        told: &[("RedisKeysMissingTtl", "chat")],
        cause: |stack| {
            let server = &stack.servers[1];
            server.tell(&["SET", "session:forgotten", "x"]).map(drop)
        },
        mend: |stack| {
            let server = &stack.servers[1];
            server
                .tell(&["EXPIRE", "session:forgotten", "60"])
                .map(drop)
        },
        ..Failure::REST
    },
    Failure {
        name: "keys that live longer than their policy",
        target: Some("queue"),
        told: &[("RedisKeysTtlTooLong", "chat")],
        cause: |stack| {
            let server = &stack.servers[1];
            server
                .tell(&["SET", "session:hours", "x", "EX", "36000"])
                .map(drop)
        },
        mend: |stack| {
            let server = &stack.servers[1];
            server.tell(&["EXPIRE", "session:hours", "60"]).map(drop)
        },
        ..Failure::REST
    },
    Failure {
        name: "list over its maximum",
        target: Some("queue"),
        told: &[("RedisKeysTooLong", "chat")],
        cause: |stack| {
            let mut client = stack.servers[1].connect()?;
            (0..LONGEST_LIST + 1)
                .try_for_each(|_| client.tell(&["RPUSH", "jobs:open", "x"]).map(drop))
        },
        mend: |stack| {
            let server = &stack.servers[1];
            server.tell(&["LTRIM", "jobs:open", "0", "9"]).map(drop)
        },
        ..Failure::REST
    },
    Failure {
        name: "exporter of the keys killed",
        target: Some("queue"),
        told: &[("RedisKeyScanFailing", "chat")],
        cause: |stack| stack.exporters[1].kill(),
        mend: |stack| stack.exporters[1].start(),
        ..Failure::REST
    },
    Failure {
        name: "exporter of the keys may not run its script",
        target: Some("queue"),
        told: &[("RedisKeyScriptFailing", "chat")],
        cause: |stack| {
            let server = &stack.servers[1];
            server
                .tell(&["ACL", "SETUSER", "default", "-eval_ro"])
                .map(drop)
        },
        mend: |stack| {
            let server = &stack.servers[1];
            server
                .tell(&["ACL", "SETUSER", "default", "+eval_ro"])
                .map(drop)
        },
        ..Failure::REST
    },
    Failure {
        name: "nothing to evict but keys without TTL",
        target: Some("queue"),
        told: &[("RedisKeysWithoutExpiry", "chat")],
        cause: |stack| {
            let server = &stack.servers[1];
            server.configure("maxmemory-policy", "volatile-lru")?;
            let mut client = server.connect()?;
            (0..500).try_for_each(|number| {
                client
                    .tell(&["SET", &format!("lab:fill:{number}"), "x"])
                    .map(drop)
            })
        },
        mend: |stack| {
            stack.servers[1].tell(&["FLUSHALL"])?;
            stack.servers[1].configure("maxmemory-policy", "noeviction")
        },
        ..Failure::REST
    },
    Failure {
        name: "a target removed from the configuration",
        told: &[("TargetMissing", "pager")],
        cause: |stack| {
            let line = format!("- redis://127.0.0.1:{}\n", stack.servers[1].port);
            stack.edit(Configuration::Prometheus, |text| {
                text.replace(&line, "[]\n")
            })
        },
        mend: |stack| stack.restore(Configuration::Prometheus),
        ..Failure::REST
    },
    Failure {
        name: "broken configuration deployed",
        told: &[("PrometheusConfigReloadFailed", "pager")],
        cause: |stack| {
            stack.edit(Configuration::Prometheus, |text| {
                format!("{text}scrape_configs: []\n")
            })
        },
        mend: |stack| stack.restore(Configuration::Prometheus),
        ..Failure::REST
    },
];
