//! A primary and two replicas, and nobody who would fail over.

use super::WRONG_PASSWORD;
use crate::failure::Failure;
use crate::process::Signal;
use crate::topology::PASSWORD;

pub const FAILURES: &[Failure] = &[
    Failure {
        name: "replica link broken",
        told: &[
            ("RedisMasterLinkDown", "pager"),
            ("RedisReplicasMissing", "chat"),
        ],
        // The replica tries every second.
        beside: &["RedisAuthenticationFailures"],
        cause: |stack| {
            let replica = &stack.servers[1];
            replica.configure("masterauth", WRONG_PASSWORD)?;
            replica
                .tell(&["CLIENT", "KILL", "TYPE", "master"])
                .map(drop)
        },
        mend: |stack| stack.servers[1].configure("masterauth", PASSWORD),
        ..Failure::REST
    },
    Failure {
        name: "a replica gone",
        told: &[("RedisDown", "pager"), ("RedisReplicasMissing", "chat")],
        cause: |stack| stack.servers[2].daemon.kill(),
        mend: |stack| stack.servers[2].up(),
        ..Failure::REST
    },
    Failure {
        name: "a replica hung (SIGSTOP)",
        told: &[("RedisDown", "pager"), ("RedisReplicationLag", "chat")],
        cause: |stack| stack.servers[1].daemon.signal(Signal::STOP),
        mend: |stack| stack.servers[1].daemon.signal(Signal::CONT),
        ..Failure::REST
    },
    Failure {
        name: "primary gone, and nobody to fail over",
        told: &[("RedisDown", "pager"), ("RedisPrimaryMissing", "pager")],
        // Replicas need a moment to find their primary again.
        afterwards: &["RedisMasterLinkDown", "RedisReplicasMissing"],
        cause: |stack| stack.servers[0].daemon.kill(),
        mend: |stack| stack.servers[0].up(),
        ..Failure::REST
    },
    Failure {
        name: "two primaries",
        told: &[
            ("RedisSplitBrain", "pager"),
            ("RedisReplicasMissing", "chat"),
        ],
        cause: |stack| stack.servers[1].tell(&["REPLICAOF", "NO", "ONE"]).map(drop),
        mend: |stack| {
            let port = stack.servers[0].port.to_string();
            stack.servers[1]
                .tell(&["REPLICAOF", "127.0.0.1", &port])
                .map(drop)
        },
        ..Failure::REST
    },
];
