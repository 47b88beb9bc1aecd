//! Everything that is broken in the lab, and who must hear of it.

use std::fs;
use std::time::Duration;

use crate::failure::Failure;
use crate::load::{Load, crowd};
use crate::process::Signal;
use crate::redis::Connection;
use crate::stack::{Configuration, Stack};
use crate::topology::{PASSWORD, Topology, cluster_is_whole};
use crate::{Outcome, topology};

/// What somebody sets who forgets to tell the clients.
const OTHER_PASSWORD: &str = "battery-staple";
/// What nobody set.
const WRONG_PASSWORD: &str = "wrong";

/// What the first rewrite of an append-only file writes.
const NEXT_AOF: &str = "appendonlydir/appendonly.aof.2.base.rdb";

/// Connections of an application that take what `maxclients` leaves, but for the traffic's own and `free` ones.
fn connections(stack: &Stack, free: usize) -> Outcome<Vec<Connection>> {
    crowd(&stack.servers[0], topology::MAX_CLIENTS - 1 - free)
}

pub const FAILURES: &[Failure] = &[
    Failure {
        name: "Redis killed",
        topology: Topology::Standalone,
        target: None,
        told: &[("RedisDown", "pager")],
        beside: &[],
        afterwards: &[],
        cause: |stack| stack.servers[0].daemon.kill(),
        mend: |stack| stack.servers[0].up(),
    },
    Failure {
        name: "Redis hung (SIGSTOP)",
        topology: Topology::Standalone,
        target: None,
        told: &[("RedisDown", "pager")],
        beside: &[],
        afterwards: &[],
        cause: |stack| stack.servers[0].daemon.signal(Signal::STOP),
        mend: |stack| stack.servers[0].daemon.signal(Signal::CONT),
    },
    Failure {
        name: "exporter of one server killed",
        topology: Topology::Standalone,
        target: None,
        told: &[("RedisScrapeFailed", "pager")],
        beside: &[],
        afterwards: &[],
        cause: |stack| stack.exporter.kill(),
        mend: |stack| stack.exporter.start(),
    },
    Failure {
        name: "BGSAVE failing",
        topology: Topology::Standalone,
        target: None,
        told: &[("RedisSnapshotFailed", "pager")],
        beside: &[],
        afterwards: &[],
        // A directory in the place of the file stops root, too.
        cause: |stack| {
            let server = &stack.servers[0];
            let snapshot = server.directory.join("dump.rdb");
            let _ = fs::remove_file(&snapshot);
            fs::create_dir(&snapshot).map_err(|error| error.to_string())?;
            server.tell(&["BGSAVE"]).map(drop)
        },
        mend: |stack| {
            let server = &stack.servers[0];
            fs::remove_dir(server.directory.join("dump.rdb")).map_err(|error| error.to_string())?;
            server.tell(&["BGSAVE"]).map(drop)
        },
    },
    Failure {
        name: "AOF write failing (disk full)",
        topology: Topology::Standalone,
        target: None,
        told: &[("RedisAofWriteFailed", "pager")],
        beside: &[],
        afterwards: &[],
        cause: |stack| stack.servers[0].daemon.limit_files(Some(0)),
        mend: |stack| stack.servers[0].daemon.limit_files(None),
    },
    Failure {
        name: "AOF rewrite failing",
        topology: Topology::Standalone,
        target: None,
        told: &[("RedisAofRewriteFailed", "chat")],
        beside: &[],
        afterwards: &[],
        // A directory in the place of the file that is to be the next one.
        cause: |stack| {
            let server = &stack.servers[0];
            let next = server.directory.join(NEXT_AOF);
            fs::create_dir(&next).map_err(|error| error.to_string())?;
            server.tell(&["BGREWRITEAOF"]).map(drop)
        },
        mend: |stack| {
            let server = &stack.servers[0];
            fs::remove_dir(server.directory.join(NEXT_AOF)).map_err(|error| error.to_string())?;
            server.tell(&["BGREWRITEAOF"]).map(drop)
        },
    },
    Failure {
        name: "connections near their limit",
        topology: Topology::Standalone,
        target: None,
        told: &[("RedisConnectionsHigh", "pager")],
        beside: &[],
        afterwards: &[],
        cause: |stack| {
            let clients = connections(stack, 5)?;
            stack.hold(clients);
            Ok(())
        },
        mend: |_| Ok(()),
    },
    Failure {
        name: "connection limit reached, clients refused",
        topology: Topology::Standalone,
        target: None,
        told: &[
            ("RedisConnectionsHigh", "pager"),
            ("RedisConnectionsRejected", "chat"),
        ],
        beside: &[],
        afterwards: &[],
        // The last place is taken again and again, but the exporter also gets it.
        cause: |stack| {
            let clients = connections(stack, 1)?;
            stack.hold(clients);
            let port = stack.servers[0].port;
            stack.hold(Load::every(Duration::from_millis(400), move || {
                let both = [Connection::open(port), Connection::open(port)];
                for mut client in both.into_iter().flatten() {
                    let _ = client.ask(&["PING"]);
                }
            }));
            Ok(())
        },
        mend: |_| Ok(()),
    },
    Failure {
        name: "connection limit reached, exporter refused",
        topology: Topology::Standalone,
        target: None,
        told: &[("RedisDown", "pager")],
        beside: &[],
        afterwards: &["RedisConnectionsRejected", "RedisConnectionsHigh"],
        cause: |stack| {
            let clients = connections(stack, 0)?;
            stack.hold(clients);
            Ok(())
        },
        mend: |_| Ok(()),
    },
    Failure {
        name: "slow commands",
        topology: Topology::Standalone,
        target: None,
        told: &[
            ("RedisSlowlogGrowing", "chat"),
            ("RedisCommandLatencyHigh", "chat"),
        ],
        beside: &[],
        afterwards: &[],
        cause: |stack| {
            let mut client = stack.servers[0].connect()?;
            stack.hold(Load::every(Duration::from_millis(150), move || {
                let _ = client.ask(&["DEBUG", "SLEEP", "0.02"]);
            }));
            Ok(())
        },
        mend: |_| Ok(()),
    },
    Failure {
        name: "blocked clients",
        topology: Topology::Standalone,
        target: None,
        told: &[("RedisBlockedClients", "chat")],
        beside: &[],
        afterwards: &[],
        cause: |stack| {
            let mut clients = crowd(&stack.servers[0], 60)?;
            for client in &mut clients {
                let sent = client.send(&["BLPOP", "lab:empty", "0"]);
                sent.map_err(|error| error.to_string())?;
            }
            stack.hold(clients);
            Ok(())
        },
        mend: |_| Ok(()),
    },
    Failure {
        name: "memory growing without a limit",
        topology: Topology::Standalone,
        target: None,
        told: &[("RedisMemoryBytesHigh", "pager")],
        beside: &[],
        afterwards: &[],
        // One value of 160 MB, of which only the last byte is written to disk.
        cause: |stack| {
            let offset = (160 << 20).to_string();
            stack.servers[0]
                .tell(&["SETRANGE", "lab:large", &offset, "x"])
                .map(drop)
        },
        mend: |stack| stack.servers[0].tell(&["DEL", "lab:large"]).map(drop),
    },
    Failure {
        name: "health endpoint answers 503",
        topology: Topology::Standalone,
        target: None,
        told: &[("EndpointDown", "pager")],
        beside: &[],
        afterwards: &[],
        cause: |stack| {
            stack.receiver.set_healthy(false);
            Ok(())
        },
        mend: |stack| {
            stack.receiver.set_healthy(true);
            Ok(())
        },
    },
    Failure {
        name: "prober killed",
        topology: Topology::Standalone,
        target: None,
        told: &[("TargetDown", "chat")],
        beside: &[],
        afterwards: &[],
        cause: |stack| stack.blackbox.kill(),
        mend: |stack| stack.blackbox.start(),
    },
    Failure {
        name: "one of two killed",
        topology: Topology::TwoStandalones,
        target: Some("queue"),
        told: &[("RedisDown", "pager")],
        beside: &[],
        afterwards: &[],
        cause: |stack| stack.servers[1].daemon.kill(),
        mend: |stack| stack.servers[1].up(),
    },
    Failure {
        name: "exporter of several servers killed",
        topology: Topology::TwoStandalones,
        target: None,
        told: &[("RedisExporterDown", "pager")],
        beside: &[],
        afterwards: &[],
        cause: |stack| stack.exporter.kill(),
        mend: |stack| stack.exporter.start(),
    },
    Failure {
        name: "exporter scraped on the wrong path",
        topology: Topology::TwoStandalones,
        target: None,
        told: &[("RedisNoData", "pager")],
        beside: &[],
        afterwards: &[],
        cause: |stack| {
            stack.edit(Configuration::Prometheus, |text| {
                text.replace("metrics_path: /scrape", "metrics_path: /metrics")
            })
        },
        mend: |stack| stack.restore(Configuration::Prometheus),
    },
    Failure {
        name: "password changed",
        topology: Topology::TwoStandalones,
        target: Some("queue"),
        told: &[("RedisDown", "pager")],
        beside: &[],
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
    },
    Failure {
        name: "authentication failures",
        topology: Topology::TwoStandalones,
        target: Some("cache"),
        told: &[("RedisAuthenticationFailures", "chat")],
        beside: &[],
        afterwards: &[],
        cause: |stack| {
            let mut client = stack.servers[0].connect()?;
            stack.hold(Load::every(Duration::from_millis(100), move || {
                let _ = client.ask(&["AUTH", WRONG_PASSWORD]);
            }));
            Ok(())
        },
        mend: |_| Ok(()),
    },
    Failure {
        name: "maxmemory reached, writes refused",
        topology: Topology::TwoStandalones,
        target: Some("queue"),
        told: &[
            ("RedisOutOfMemoryErrors", "pager"),
            ("RedisMemoryHigh", "pager"),
        ],
        beside: &[],
        afterwards: &[],
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
    },
    Failure {
        name: "evictions",
        topology: Topology::TwoStandalones,
        target: Some("cache"),
        told: &[("RedisEvictions", "chat")],
        beside: &["RedisMemoryHigh"],
        afterwards: &[],
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
    },
    Failure {
        name: "cache that misses",
        topology: Topology::TwoStandalones,
        target: Some("cache"),
        told: &[("RedisHitRatioLow", "chat")],
        beside: &[],
        afterwards: &[],
        cause: |stack| {
            let mut client = stack.servers[0].connect()?;
            stack.hold(Load::every(Duration::from_millis(20), move || {
                let _ = client.ask(&["GET", "lab:nothing"]);
            }));
            Ok(())
        },
        mend: |_| Ok(()),
    },
    Failure {
        name: "nothing to evict but keys without TTL",
        topology: Topology::TwoStandalones,
        target: Some("queue"),
        told: &[("RedisKeysWithoutExpiry", "chat")],
        beside: &[],
        afterwards: &[],
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
    },
    Failure {
        name: "a target removed from the configuration",
        topology: Topology::TwoStandalones,
        target: None,
        told: &[("TargetMissing", "pager")],
        beside: &[],
        afterwards: &[],
        cause: |stack| {
            let line = format!("- redis://127.0.0.1:{}\n", stack.servers[1].port);
            stack.edit(Configuration::Prometheus, |text| {
                text.replace(&line, "[]\n")
            })
        },
        mend: |stack| stack.restore(Configuration::Prometheus),
    },
    Failure {
        name: "broken routes deployed",
        topology: Topology::Standalone,
        target: None,
        told: &[("AlertmanagerConfigReloadFailed", "pager")],
        beside: &[],
        afterwards: &[],
        cause: |stack| {
            stack.edit(Configuration::Alertmanager, |text| {
                format!("{text}route: {{}}\n")
            })
        },
        mend: |stack| stack.restore(Configuration::Alertmanager),
    },
    Failure {
        name: "broken configuration deployed",
        topology: Topology::TwoStandalones,
        target: None,
        told: &[("PrometheusConfigReloadFailed", "pager")],
        beside: &[],
        afterwards: &[],
        cause: |stack| {
            stack.edit(Configuration::Prometheus, |text| {
                format!("{text}scrape_configs: []\n")
            })
        },
        mend: |stack| stack.restore(Configuration::Prometheus),
    },
    Failure {
        name: "replica link broken",
        topology: Topology::Replicated,
        target: None,
        told: &[
            ("RedisMasterLinkDown", "pager"),
            ("RedisReplicasMissing", "chat"),
        ],
        // The replica tries every second.
        beside: &["RedisAuthenticationFailures"],
        afterwards: &[],
        cause: |stack| {
            let replica = &stack.servers[1];
            replica.configure("masterauth", WRONG_PASSWORD)?;
            replica
                .tell(&["CLIENT", "KILL", "TYPE", "master"])
                .map(drop)
        },
        mend: |stack| stack.servers[1].configure("masterauth", PASSWORD),
    },
    Failure {
        name: "a replica gone",
        topology: Topology::Replicated,
        target: None,
        told: &[("RedisDown", "pager"), ("RedisReplicasMissing", "chat")],
        beside: &[],
        afterwards: &[],
        cause: |stack| stack.servers[2].daemon.kill(),
        mend: |stack| stack.servers[2].up(),
    },
    Failure {
        name: "a replica hung (SIGSTOP)",
        topology: Topology::Replicated,
        target: None,
        told: &[("RedisDown", "pager"), ("RedisReplicationLag", "chat")],
        beside: &[],
        afterwards: &[],
        cause: |stack| stack.servers[1].daemon.signal(Signal::STOP),
        mend: |stack| stack.servers[1].daemon.signal(Signal::CONT),
    },
    Failure {
        name: "primary gone, and nobody to fail over",
        topology: Topology::Replicated,
        target: None,
        told: &[("RedisDown", "pager"), ("RedisPrimaryMissing", "pager")],
        beside: &[],
        // Replicas need a moment to find their primary again.
        afterwards: &["RedisMasterLinkDown", "RedisReplicasMissing"],
        cause: |stack| stack.servers[0].daemon.kill(),
        mend: |stack| stack.servers[0].up(),
    },
    Failure {
        name: "two primaries",
        topology: Topology::Replicated,
        target: None,
        told: &[
            ("RedisSplitBrain", "pager"),
            ("RedisReplicasMissing", "chat"),
        ],
        beside: &[],
        afterwards: &[],
        cause: |stack| stack.servers[1].tell(&["REPLICAOF", "NO", "ONE"]).map(drop),
        mend: |stack| {
            let port = stack.servers[0].port.to_string();
            stack.servers[1]
                .tell(&["REPLICAOF", "127.0.0.1", &port])
                .map(drop)
        },
    },
    Failure {
        name: "a sentinel gone",
        topology: Topology::Sentinel,
        target: None,
        told: &[
            ("RedisSentinelDown", "chat"),
            ("RedisSentinelsMissing", "chat"),
        ],
        beside: &[],
        afterwards: &[],
        cause: |stack| stack.servers[5].daemon.kill(),
        mend: |stack| stack.servers[5].up(),
    },
    Failure {
        name: "sentinel quorum lost",
        topology: Topology::Sentinel,
        target: None,
        told: &[
            ("RedisSentinelMajorityDown", "pager"),
            ("RedisSentinelQuorumLost", "pager"),
        ],
        beside: &["RedisSentinelsMissing"],
        // They come back one after the other.
        afterwards: &["RedisSentinelDown"],
        cause: |stack| {
            stack.servers[4].daemon.kill()?;
            stack.servers[5].daemon.kill()
        },
        mend: |stack| {
            stack.servers[4].up()?;
            stack.servers[5].up()
        },
    },
    Failure {
        name: "primary gone, sentinels fail over",
        topology: Topology::Sentinel,
        target: None,
        told: &[("RedisDown", "pager"), ("RedisReplicasMissing", "chat")],
        beside: &[],
        afterwards: &[],
        cause: |stack| {
            let primary = primary(stack, 0..3)?;
            stack.servers[primary].daemon.kill()
        },
        mend: |stack| stack.revive(),
    },
    Failure {
        name: "primary and sentinel quorum gone",
        topology: Topology::Sentinel,
        target: None,
        told: &[
            ("RedisDown", "pager"),
            ("RedisPrimaryMissing", "pager"),
            ("RedisSentinelMajorityDown", "pager"),
            ("RedisSentinelQuorumLost", "pager"),
            ("RedisSentinelMasterDown", "pager"),
        ],
        beside: &["RedisSentinelsMissing"],
        // Servers come back one after the other, and replicas need a moment to find their primary again.
        afterwards: &[
            "RedisSentinelDown",
            "RedisMasterLinkDown",
            "RedisReplicasMissing",
        ],
        cause: |stack| {
            let primary = primary(stack, 0..3)?;
            stack.servers[4].daemon.kill()?;
            stack.servers[5].daemon.kill()?;
            stack.servers[primary].daemon.kill()
        },
        mend: |stack| stack.revive(),
    },
    Failure {
        name: "a replica gone",
        topology: Topology::Cluster,
        target: None,
        told: &[
            ("RedisDown", "pager"),
            ("RedisClusterPrimaryWithoutReplica", "chat"),
        ],
        beside: &[],
        afterwards: &[],
        cause: |stack| {
            let primary = primary(stack, [0, 3])?;
            stack.servers[3 - primary].daemon.kill()
        },
        mend: |stack| {
            stack.revive()?;
            cluster_is_whole(&stack.servers)
        },
    },
    Failure {
        name: "a primary gone, its replica takes over",
        topology: Topology::Cluster,
        target: None,
        told: &[
            ("RedisDown", "pager"),
            ("RedisClusterPrimaryWithoutReplica", "chat"),
        ],
        beside: &[],
        afterwards: &[],
        cause: |stack| {
            let primary = primary(stack, [1, 4])?;
            stack.servers[primary].daemon.kill()
        },
        mend: |stack| {
            stack.revive()?;
            cluster_is_whole(&stack.servers)
        },
    },
    Failure {
        name: "a whole shard gone, slots failing",
        topology: Topology::Cluster,
        target: None,
        told: &[("RedisDown", "pager"), ("RedisClusterDown", "pager")],
        beside: &[],
        afterwards: &[],
        cause: |stack| {
            stack.servers[2].daemon.kill()?;
            stack.servers[5].daemon.kill()
        },
        mend: |stack| {
            stack.revive()?;
            cluster_is_whole(&stack.servers)
        },
    },
    Failure {
        name: "a whole shard gone, the others keep serving",
        topology: Topology::Cluster,
        target: None,
        told: &[("RedisDown", "pager"), ("RedisClusterSlotsFailed", "pager")],
        beside: &[],
        afterwards: &[],
        cause: |stack| {
            full_coverage(stack, "no")?;
            stack.servers[2].daemon.kill()?;
            stack.servers[5].daemon.kill()
        },
        mend: |stack| {
            stack.revive()?;
            full_coverage(stack, "yes")?;
            cluster_is_whole(&stack.servers)
        },
    },
];

/// Which of these servers is a primary now.
fn primary(stack: &Stack, among: impl IntoIterator<Item = usize>) -> Outcome<usize> {
    among
        .into_iter()
        .find(|number| {
            let info = stack.servers[*number].info("replication");
            info.is_ok_and(|info| info.contains("role:master"))
        })
        .ok_or("there is no primary".into())
}

fn full_coverage(stack: &Stack, value: &str) -> Outcome<()> {
    stack
        .servers
        .iter()
        .try_for_each(|server| server.configure("cluster-require-full-coverage", value))
}
