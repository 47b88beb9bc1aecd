//! The five ways in which Redis is run here, and what a profile says about each.

use serde_json::{Map, Value, json};

use crate::Outcome;
use crate::ports::Ports;
use crate::redis::Reply;
use crate::server::Server;
use crate::wait::{PATIENCE, until};

/// Where there is one, the password of every server.
pub const PASSWORD: &str = "correct-horse";
/// `maxclients` of the standalone.
pub const MAX_CLIENTS: usize = 100;
/// What a key policy allows.
pub const LONGEST_LIST: u32 = 100;
/// `maxmemory` of all others.
const MAX_MEMORY: &str = "32mb";
const LIMITED: &str = "maxmemory 32mb";

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topology {
    Standalone,
    TwoStandalones,
    Replicated,
    Sentinel,
    Cluster,
}

/// A server to be started.
#[derive(Debug, Clone)]
pub struct Plan {
    pub name: &'static str,
    /// What its configuration says beside its port and password.
    pub configuration: String,
    pub is_sentinel: bool,
}

impl Topology {
    pub const ALL: [Self; 5] = [
        Self::Standalone,
        Self::TwoStandalones,
        Self::Replicated,
        Self::Sentinel,
        Self::Cluster,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Standalone => "one standalone without maxmemory",
            Self::TwoStandalones => "two unrelated standalones",
            Self::Replicated => "primary and two replicas",
            Self::Sentinel => "primary, two replicas, three sentinels",
            Self::Cluster => "six-node cluster",
        }
    }

    pub fn password(self) -> Option<&'static str> {
        matches!(self, Self::TwoStandalones | Self::Replicated).then_some(PASSWORD)
    }

    /// Its servers; the first is the one that a profile names first.
    pub fn servers(self, ports: &Ports) -> Vec<Plan> {
        let server = |name, configuration: &str| Plan {
            name,
            configuration: configuration.to_owned(),
            is_sentinel: false,
        };
        let primary = ports.redis(0);
        let replica = format!("{LIMITED}\nreplicaof 127.0.0.1 {primary}");
        // Acts within seconds, and needs the consent of a second one.
        let sentinel = |name| Plan {
            name,
            configuration: format!(
                "sentinel monitor cache 127.0.0.1 {primary} 2\n\
                 sentinel down-after-milliseconds cache 2000\n\
                 sentinel failover-timeout cache 6000\n\
                 sentinel parallel-syncs cache 2"
            ),
            is_sentinel: true,
        };
        match self {
            // `DEBUG SLEEP` is a command that takes as long as it is told.
            Self::Standalone => vec![server(
                "cache",
                &format!("appendonly yes\nmaxclients {MAX_CLIENTS}\nenable-debug-command local"),
            )],
            Self::TwoStandalones => {
                vec![server("cache", LIMITED), server("queue", LIMITED)]
            }
            Self::Replicated => vec![
                server("primary", LIMITED),
                server("replica-1", &replica),
                server("replica-2", &replica),
            ],
            Self::Sentinel => vec![
                server("primary", LIMITED),
                server("replica-1", &replica),
                server("replica-2", &replica),
                sentinel("sentinel-1"),
                sentinel("sentinel-2"),
                sentinel("sentinel-3"),
            ],
            Self::Cluster => ["node-1", "node-2", "node-3", "node-4", "node-5", "node-6"]
                .into_iter()
                .enumerate()
                .map(|(number, name)| {
                    let bus = ports.bus(number);
                    server(
                        name,
                        &format!(
                            "{LIMITED}\ncluster-enabled yes\ncluster-port {bus}\ncluster-node-timeout 2000\n\
                             cluster-replica-validity-factor 0"
                        ),
                    )
                })
                .collect(),
        }
    }

    /// What the profile says about it, but for times.
    pub fn profile(self, ports: &Ports) -> Value {
        let at = |number| format!("redis://127.0.0.1:{}", ports.redis(number));
        let password = json!({"env": "REDIS_PASSWORD"});
        let (mode, targets) = match self {
            Self::Standalone => (
                "single",
                json!({"cache": {
                    "address": at(0), "persistence": "rdb-and-aof", "maxclients": MAX_CLIENTS,
                }}),
            ),
            Self::TwoStandalones => (
                "multi-target",
                json!({
                    "cache": {"address": at(0), "password": password, "maxmemory": MAX_MEMORY},
                    "queue": {
                        "address": at(1), "password": password, "maxmemory": MAX_MEMORY,
                        "key_policies": {
                            "session:*": {"ttl": "10m"},
                            "jobs:*": {"max_length": LONGEST_LIST},
                        },
                        "key_scan": {"interval": "2s", "timeout": "2s"},
                    },
                }),
            ),
            Self::Replicated => (
                "multi-target",
                json!({"cache": {
                    "address": at(0), "topology": "replicated", "replicas": [at(1), at(2)],
                    "password": password, "maxmemory": MAX_MEMORY,
                }}),
            ),
            Self::Sentinel => (
                "multi-target",
                json!({"cache": {
                    "address": at(0), "topology": "sentinel", "replicas": [at(1), at(2)],
                    "sentinels": [at(3), at(4), at(5)], "maxmemory": MAX_MEMORY,
                }}),
            ),
            Self::Cluster => (
                "cluster",
                json!({"cache": {
                    "address": at(0), "topology": "cluster", "maxmemory": MAX_MEMORY,
                }}),
            ),
        };
        let here = |port: u16| format!("127.0.0.1:{port}");
        let mut addresses = json!({
            "prometheus": here(ports.prometheus()),
            "alertmanager": here(ports.alertmanager()),
            "blackbox-exporter": here(ports.blackbox()),
            "redis-exporter": here(ports.exporter()),
            "grafana": here(ports.receiver()),
        });
        if self == Self::TwoStandalones {
            addresses["redis-exporter-keys-queue"] = json!(here(ports.key_exporter()));
        }
        let channel = |name| {
            let url = format!("http://127.0.0.1:{}/{name}", ports.receiver());
            json!({"kind": "webhook", "url": url})
        };
        json!({
            "name": "lab",
            "targets": targets,
            "exporters": {"redis-exporter": {"mode": mode}},
            "probes": {"health": {"url": format!("http://127.0.0.1:{}/health", ports.receiver())}},
            "applications": {"shop": {
                "url": format!("http://127.0.0.1:{}/metrics", ports.receiver()),
                "metrics": {
                    "lab_requests_total": {"type": "counter", "labels": ["code"]},
                    "lab_request_seconds": {"type": "histogram", "unit": "seconds"},
                    "lab_health": {"type": "gauge"},
                },
                "indicators": {
                    "requests": "lab_requests_total",
                    "errors": "lab_requests_total{code=~\"5..\"}",
                    "latency": "lab_request_seconds",
                    "health": "lab_health",
                },
            }},
            "dashboards": self.dashboards(),
            "compose": {"enabled": false},
            "addresses": addresses,
            "notifications": {
                "channels": {"pager": channel("pager"), "chat": channel("chat")},
                "default": ["chat"],
                "routes": {"critical": {"severity": ["critical"], "channels": ["pager"]}},
            },
        })
    }

    /// Every dashboard of the catalogue that fits, those that are rendered only on demand as well.
    fn dashboards(self) -> Value {
        let of_topology = match self {
            Self::Sentinel => Some("redis-sentinel"),
            Self::Cluster => Some("redis-cluster"),
            _ => None,
        };
        [
            "redis-overview",
            "redis-performance",
            "redis-services",
            "redis-cache-overview",
            "redis-memory",
            "endpoints",
            "stack",
        ]
        .into_iter()
        .chain(of_topology)
        .map(|slug| (slug.to_owned(), json!({})))
        .chain([(
            "shop".to_owned(),
            json!({"sections": {"all": {"title": "Shop", "application": "shop"}}}),
        )])
        .collect::<Map<_, _>>()
        .into()
    }

    /// Makes single servers what they are to be together.
    pub fn form(self, servers: &[Server]) -> Outcome<()> {
        match self {
            Self::Standalone | Self::TwoStandalones => Ok(()),
            Self::Replicated => replicas_are_connected(&servers[0], 2),
            Self::Sentinel => {
                replicas_are_connected(&servers[0], 2)?;
                sentinels_agree(&servers[3..], 2)
            }
            Self::Cluster => form_cluster(servers),
        }
    }
}

/// Waits until a primary has as many replicas that are in step.
pub fn replicas_are_connected(primary: &Server, replicas: usize) -> Outcome<()> {
    until("replicas are connected", PATIENCE, || {
        let info = primary.info("replication")?;
        Ok((info.matches("state=online").count() == replicas).then_some(()))
    })
}

/// Waits until every sentinel knows all sentinels and as many replicas.
pub fn sentinels_agree(sentinels: &[Server], replicas: usize) -> Outcome<()> {
    let expected = format!(
        "status=ok,address=127.0.0.1:{{}},slaves={replicas},sentinels={}",
        sentinels.len()
    );
    let (before, after) = expected.split_once("{}").unwrap_or_default();
    for sentinel in sentinels {
        until("sentinels know one another", PATIENCE, || {
            let info = sentinel.info("sentinel")?;
            Ok((info.contains(before) && info.contains(after)).then_some(()))
        })?;
    }
    Ok(())
}

/// Three primaries with a third of the slots each, and a replica for each of them.
fn form_cluster(servers: &[Server]) -> Outcome<()> {
    const SLOTS: [(&str, &str); 3] = [("0", "5460"), ("5461", "10922"), ("10923", "16383")];
    for (number, (server, (first, last))) in servers.iter().zip(SLOTS).enumerate() {
        server.tell(&["CLUSTER", "SET-CONFIG-EPOCH", &(number + 1).to_string()])?;
        server.tell(&["CLUSTER", "ADDSLOTSRANGE", first, last])?;
    }
    let first = &servers[0];
    for server in &servers[1..] {
        let (port, bus) = (server.port.to_string(), server.bus.to_string());
        first.tell(&["CLUSTER", "MEET", "127.0.0.1", &port, &bus])?;
    }
    for server in servers {
        until("nodes know one another", PATIENCE, || {
            let info = server.cluster_info()?;
            Ok(info.contains("cluster_known_nodes:6").then_some(()))
        })?;
    }
    for (primary, replica) in servers.iter().zip(&servers[3..]) {
        let Reply::Text(id) = primary.tell(&["CLUSTER", "MYID"])? else {
            return Err("a node without an id".into());
        };
        // Gossip brings the id a little later than the number of nodes.
        until("a node becomes a replica", PATIENCE, || {
            Ok(replica.tell(&["CLUSTER", "REPLICATE", &id]).ok())
        })?;
    }
    cluster_is_whole(servers)
}

/// Waits until every node says so, and every primary has its replica.
pub fn cluster_is_whole(servers: &[Server]) -> Outcome<()> {
    for server in servers {
        until("the cluster is whole", PATIENCE, || {
            let info = server.cluster_info()?;
            let is_whole = [
                "cluster_state:ok",
                "cluster_slots_ok:16384",
                "cluster_known_nodes:6",
            ]
            .iter()
            .all(|line| info.contains(line));
            let replication = server.info("replication")?;
            let has_peer = replication.contains("state=online")
                || replication.contains("master_link_status:up");
            Ok((is_whole && has_peer).then_some(()))
        })?;
    }
    Ok(())
}
