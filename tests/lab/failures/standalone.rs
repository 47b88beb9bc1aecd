//! One server without `maxmemory`, with a snapshot and an append-only file, and an exporter of its own.

use std::fs;
use std::time::Duration;

use crate::Outcome;
use crate::application::Behaviour;
use crate::failure::Failure;
use crate::load::{Load, crowd};
use crate::process::Signal;
use crate::redis::Connection;
use crate::stack::{Configuration, Stack};
use crate::topology::MAX_CLIENTS;

/// What the first rewrite of an append-only file writes.
const NEXT_AOF: &str = "appendonlydir/appendonly.aof.2.base.rdb";

pub const FAILURES: &[Failure] = &[
    Failure {
        name: "Redis killed",
        told: &[("RedisDown", "pager")],
        cause: |stack| stack.servers[0].daemon.kill(),
        mend: |stack| stack.servers[0].up(),
        ..Failure::REST
    },
    Failure {
        name: "Redis hung (SIGSTOP)",
        told: &[("RedisDown", "pager")],
        cause: |stack| stack.servers[0].daemon.signal(Signal::STOP),
        mend: |stack| stack.servers[0].daemon.signal(Signal::CONT),
        ..Failure::REST
    },
    Failure {
        name: "exporter of one server killed",
        told: &[("RedisScrapeFailed", "pager")],
        cause: |stack| stack.exporters[0].kill(),
        mend: |stack| stack.exporters[0].start(),
        ..Failure::REST
    },
    Failure {
        name: "BGSAVE failing",
        told: &[("RedisSnapshotFailed", "pager")],
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
        ..Failure::REST
    },
    Failure {
        name: "AOF write failing (disk full)",
        told: &[("RedisAofWriteFailed", "pager")],
        cause: |stack| stack.servers[0].daemon.limit_files(Some(0)),
        mend: |stack| stack.servers[0].daemon.limit_files(None),
        ..Failure::REST
    },
    Failure {
        name: "AOF rewrite failing",
        told: &[("RedisAofRewriteFailed", "chat")],
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
        ..Failure::REST
    },
    Failure {
        name: "connections near their limit",
        told: &[
            ("RedisConnectionsHigh", "pager"),
            ("RedisClientsHigh", "chat"),
        ],
        cause: |stack| {
            let clients = connections(stack, 5)?;
            stack.hold(clients);
            Ok(())
        },
        ..Failure::REST
    },
    Failure {
        name: "connection limit reached, clients refused",
        told: &[
            ("RedisConnectionsHigh", "pager"),
            ("RedisConnectionsRejected", "chat"),
        ],
        beside: &["RedisClientsHigh"],
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
        ..Failure::REST
    },
    Failure {
        name: "connection limit reached, exporter refused",
        told: &[("RedisDown", "pager")],
        afterwards: &[
            "RedisConnectionsRejected",
            "RedisConnectionsHigh",
            "RedisClientsHigh",
        ],
        cause: |stack| {
            let clients = connections(stack, 0)?;
            stack.hold(clients);
            Ok(())
        },
        ..Failure::REST
    },
    Failure {
        name: "slow commands",
        told: &[
            ("RedisSlowlogGrowing", "chat"),
            ("RedisCommandLatencyHigh", "chat"),
            ("RedisTailLatencyHigh", "chat"),
        ],
        cause: |stack| {
            let mut client = stack.servers[0].connect()?;
            stack.hold(Load::every(Duration::from_millis(150), move || {
                let _ = client.ask(&["DEBUG", "SLEEP", "0.3"]);
            }));
            Ok(())
        },
        ..Failure::REST
    },
    Failure {
        name: "blocked clients",
        told: &[("RedisBlockedClients", "chat")],
        cause: |stack| {
            let mut clients = crowd(&stack.servers[0], 60)?;
            for client in &mut clients {
                let sent = client.send(&["BLPOP", "lab:empty", "0"]);
                sent.map_err(|error| error.to_string())?;
            }
            stack.hold(clients);
            Ok(())
        },
        ..Failure::REST
    },
    Failure {
        name: "memory growing without a limit",
        told: &[("RedisMemoryBytesHigh", "pager")],
        // One value of 160 MB, of which only the last byte is written to disk.
        cause: |stack| {
            let offset = (160 << 20).to_string();
            stack.servers[0]
                .tell(&["SETRANGE", "lab:large", &offset, "x"])
                .map(drop)
        },
        mend: |stack| stack.servers[0].tell(&["DEL", "lab:large"]).map(drop),
        ..Failure::REST
    },
    Failure {
        name: "health endpoint answers 503",
        told: &[("EndpointDown", "pager")],
        cause: |stack| {
            stack.receiver.set_healthy(false);
            Ok(())
        },
        mend: |stack| {
            stack.receiver.set_healthy(true);
            Ok(())
        },
        ..Failure::REST
    },
    Failure {
        name: "application down, as it says itself",
        told: &[("ApplicationUnhealthy", "pager")],
        cause: |stack| {
            stack.receiver.behave(Behaviour {
                health: 0.0,
                ..Behaviour::WELL
            });
            Ok(())
        },
        mend: recover,
        ..Failure::REST
    },
    Failure {
        name: "application degraded, as it says itself",
        told: &[("ApplicationDegraded", "chat")],
        cause: |stack| {
            stack.receiver.behave(Behaviour {
                health: 0.5,
                ..Behaviour::WELL
            });
            Ok(())
        },
        mend: recover,
        ..Failure::REST
    },
    Failure {
        name: "application slow and failing",
        told: &[
            ("ApplicationErrorsHigh", "pager"),
            ("ApplicationLatencyHigh", "chat"),
        ],
        cause: |stack| {
            stack.receiver.behave(Behaviour {
                failing: 0.5,
                slow: 0.5,
                ..Behaviour::WELL
            });
            Ok(())
        },
        mend: recover,
        ..Failure::REST
    },
    Failure {
        name: "prober killed",
        told: &[("TargetDown", "chat")],
        cause: |stack| stack.blackbox.kill(),
        mend: |stack| stack.blackbox.start(),
        ..Failure::REST
    },
    Failure {
        name: "broken routes deployed",
        told: &[("AlertmanagerConfigReloadFailed", "pager")],
        cause: |stack| {
            stack.edit(Configuration::Alertmanager, |text| {
                format!("{text}route: {{}}\n")
            })
        },
        mend: |stack| stack.restore(Configuration::Alertmanager),
        ..Failure::REST
    },
];

fn recover(stack: &mut Stack) -> Outcome<()> {
    stack.receiver.behave(Behaviour::WELL);
    Ok(())
}

/// Connections of an application that take what `maxclients` leaves, but for the traffic's own and `free` ones.
fn connections(stack: &Stack, free: usize) -> Outcome<Vec<Connection>> {
    crowd(&stack.servers[0], MAX_CLIENTS - 1 - free)
}
