//! A primary, two replicas and three sentinels.

use super::primary;
use crate::failure::Failure;

pub const FAILURES: &[Failure] = &[
    Failure {
        name: "a sentinel gone",
        told: &[
            ("RedisSentinelDown", "chat"),
            ("RedisSentinelsMissing", "chat"),
        ],
        cause: |stack| stack.servers[5].daemon.kill(),
        mend: |stack| stack.servers[5].up(),
        ..Failure::REST
    },
    Failure {
        name: "sentinel quorum lost",
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
        ..Failure::REST
    },
    Failure {
        name: "primary gone, sentinels fail over",
        told: &[("RedisDown", "pager"), ("RedisReplicasMissing", "chat")],
        cause: |stack| {
            let primary = primary(stack, 0..3)?;
            stack.servers[primary].daemon.kill()
        },
        mend: |stack| stack.revive(),
        ..Failure::REST
    },
    Failure {
        name: "primary and sentinel quorum gone",
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
        ..Failure::REST
    },
];
