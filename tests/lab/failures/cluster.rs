//! Three shards of two nodes, which the exporter finds by itself.

use super::primary;
use crate::Outcome;
use crate::failure::Failure;
use crate::stack::Stack;
use crate::topology::cluster_is_whole;

pub const FAILURES: &[Failure] = &[
    Failure {
        name: "a replica gone",
        told: &[
            ("RedisDown", "pager"),
            ("RedisClusterPrimaryWithoutReplica", "chat"),
        ],
        cause: |stack| {
            let primary = primary(stack, [0, 3])?;
            stack.servers[3 - primary].daemon.kill()
        },
        mend: |stack| {
            stack.revive()?;
            cluster_is_whole(&stack.servers)
        },
        ..Failure::REST
    },
    Failure {
        name: "a primary gone, its replica takes over",
        told: &[
            ("RedisDown", "pager"),
            ("RedisClusterPrimaryWithoutReplica", "chat"),
        ],
        cause: |stack| {
            let primary = primary(stack, [1, 4])?;
            stack.servers[primary].daemon.kill()
        },
        mend: |stack| {
            stack.revive()?;
            cluster_is_whole(&stack.servers)
        },
        ..Failure::REST
    },
    Failure {
        name: "a whole shard gone, slots failing",
        told: &[("RedisDown", "pager"), ("RedisClusterDown", "pager")],
        cause: |stack| {
            stack.servers[2].daemon.kill()?;
            stack.servers[5].daemon.kill()
        },
        mend: |stack| {
            stack.revive()?;
            cluster_is_whole(&stack.servers)
        },
        ..Failure::REST
    },
    Failure {
        name: "a whole shard gone, the others keep serving",
        told: &[("RedisDown", "pager"), ("RedisClusterSlotsFailed", "pager")],
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
        ..Failure::REST
    },
];

fn full_coverage(stack: &Stack, value: &str) -> Outcome<()> {
    stack
        .servers
        .iter()
        .try_for_each(|server| server.configure("cluster-require-full-coverage", value))
}
