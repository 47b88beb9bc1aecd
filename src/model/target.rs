//! Redis deployments and their servers.

use indexmap::IndexMap;
use serde::Serialize;

use super::key_policy::{self, KeyPolicies};
use crate::document::Route;
use crate::profile::{
    Address, Exporter, ExporterMode, Persistence, Problem, Profile, SecretRef, Target, Topology,
    suggestion,
};
use crate::quantity::Bytes;
use crate::redis_conf;

/// Default port of a Redis server.
pub const REDIS_PORT: u16 = 6379;
/// Default port of a sentinel.
pub const SENTINEL_PORT: u16 = 26379;
/// Redis' own default of `maxclients`.
pub const DEFAULT_MAXCLIENTS: u32 = 10_000;

/// One Redis process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RedisServer {
    /// How the exporter is told to reach it, and its `instance` label: `redis://host:port`.
    pub instance: String,
    /// Its host alone.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whether it is a sentinel, which holds no data.
    pub sentinel: bool,
    /// ACL user of the connection.
    pub user: Option<String>,
}

/// A Redis deployment, complete.
#[derive(Debug, Clone)]
pub struct RedisTarget {
    /// Its name, and the value of the `redis` label.
    pub name: String,
    /// How its servers belong together.
    pub topology: Topology,
    /// Its servers, the given address first, sentinels last.
    pub servers: Vec<RedisServer>,
    /// `maxmemory`; `None` for no limit.
    pub maxmemory: Option<Bytes>,
    /// `maxclients`.
    pub maxclients: u32,
    /// How it keeps its data.
    pub persistence: Persistence,
    /// Where its password is found.
    pub password: Option<SecretRef>,
    /// Name of its exporter.
    pub exporter: String,
    /// What must hold for its keys.
    pub keys: Option<KeyPolicies>,
    /// Static labels of its series, without `redis` and `topology`.
    pub labels: IndexMap<String, String>,
}

impl RedisTarget {
    /// The servers that hold data.
    pub fn data_servers(&self) -> impl Iterator<Item = &RedisServer> {
        self.servers.iter().filter(|server| !server.sentinel)
    }

    /// The sentinels.
    pub fn sentinels(&self) -> impl Iterator<Item = &RedisServer> {
        self.servers.iter().filter(|server| server.sentinel)
    }

    /// Every static label of its series.
    pub fn static_labels(&self) -> IndexMap<String, String> {
        let mut labels = IndexMap::from([
            ("redis".to_owned(), self.name.clone()),
            ("topology".to_owned(), self.topology.as_str().to_owned()),
        ]);
        labels.extend(
            self.labels
                .iter()
                .map(|(name, value)| (name.clone(), value.clone())),
        );
        labels
    }
}

/// Name of the exporter of a profile that names none.
pub const DEFAULT_EXPORTER: &str = "redis-exporter";

/// The exporters of the profile, or the one that there is without any.
pub fn exporters(profile: &Profile) -> IndexMap<String, Exporter> {
    if profile.exporters.is_empty() && !profile.targets.is_empty() {
        IndexMap::from([(DEFAULT_EXPORTER.to_owned(), Exporter::default())])
    } else {
        profile.exporters.clone()
    }
}

/// The targets of the profile, each with its exporter.
pub fn resolve(
    profile: &Profile,
    exporters: &IndexMap<String, Exporter>,
    problems: &mut Vec<Problem>,
) -> Vec<RedisTarget> {
    let mut targets = Vec::with_capacity(profile.targets.len());
    let mut seen: IndexMap<String, &str> = IndexMap::new();
    for (name, written) in &profile.targets {
        let route = Route::of(["targets", name]);
        let before = problems.len();
        let exporter = exporter_of(written, &route, exporters, problems);
        let mode = exporter
            .and_then(|exporter| exporters.get(exporter))
            .map(|exporter| exporter.mode);
        check_topology(written, &route, mode, problems);
        let keys = if mode == Some(ExporterMode::External) {
            check_unwatched_keys(written, &route, problems);
            None
        } else {
            key_policy::resolve(name, written, problems)
        };
        let servers = servers(written);
        for server in &servers {
            let place = format!("{}:{}", server.host, server.port);
            if let Some(other) = seen.insert(place.clone(), name) {
                problems.push(
                    Problem::value(
                        "profile/duplicate-target",
                        route.key("address"),
                        if other == name {
                            format!("`{place}` is named twice in target `{name}`")
                        } else {
                            format!("targets `{other}` and `{name}` are the same server, `{place}`")
                        },
                    )
                    .help("name each server once"),
                );
            }
        }
        if problems[before..].iter().any(Problem::is_error) {
            continue;
        }
        targets.push(RedisTarget {
            name: name.clone(),
            topology: written.topology,
            servers,
            maxmemory: maxmemory(written).filter(|limit| limit.0 > 0),
            maxclients: maxclients(written).unwrap_or(DEFAULT_MAXCLIENTS),
            persistence: written.persistence,
            password: written.password.clone(),
            exporter: exporter.unwrap_or_default().to_owned(),
            keys,
            labels: written.labels.clone(),
        });
    }
    targets
}

/// What nobody looks at where the exporter runs elsewhere.
fn check_unwatched_keys(target: &Target, route: &Route, problems: &mut Vec<Problem>) {
    const WHY: &str = "an external exporter is told elsewhere which keys to look at";
    if !target.key_policies.is_empty() {
        let place = route.key("key_policies");
        problems
            .push(Problem::key("profile/impossible-mode", place, WHY).help(
                "give this target an exporter that the stack runs, or remove `key_policies`",
            ));
    }
    let mut consumers = target.consumers.iter();
    if let Some((name, _)) = consumers.find(|(_, consumer)| consumer.key_prefix.is_some()) {
        let place = route.key("consumers").key(name).key("key_prefix");
        problems.push(
            Problem::key("profile/unwatched-policy", place, WHY)
                .warning()
                .help("give this target an exporter that the stack runs, or nobody sees these keys grow"),
        );
    }
}

/// What is written in the server's redis.conf holds as well.
fn maxmemory(target: &Target) -> Option<Bytes> {
    target.maxmemory.or_else(|| {
        let server = target.server.as_ref()?;
        redis_conf::bytes(&server.conf.setting("maxmemory")?).map(Bytes)
    })
}

fn maxclients(target: &Target) -> Option<u32> {
    target.maxclients.or_else(|| {
        let server = target.server.as_ref()?;
        server.conf.setting("maxclients")?.parse().ok()
    })
}

fn exporter_of<'a>(
    target: &'a Target,
    route: &Route,
    exporters: &'a IndexMap<String, Exporter>,
    problems: &mut Vec<Problem>,
) -> Option<&'a str> {
    match &target.exporter {
        Some(name) if exporters.contains_key(name) => Some(name),
        Some(name) => {
            let mut problem = Problem::value(
                "profile/unknown-exporter",
                route.key("exporter"),
                format!("there is no exporter `{name}`"),
            );
            problem.help = suggestion(name, exporters.keys().map(String::as_str), "exporters");
            problems.push(problem);
            None
        }
        None if exporters.len() == 1 => exporters.keys().next().map(String::as_str),
        None => {
            problems.push(
                Problem::key(
                    "profile/no-exporter",
                    route.clone(),
                    "it is not said which exporter watches this target",
                )
                .help(format!(
                    "add `exporter:` with one of: {}",
                    exporters.keys().cloned().collect::<Vec<_>>().join(", ")
                )),
            );
            None
        }
    }
}

fn check_topology(
    target: &Target,
    route: &Route,
    mode: Option<ExporterMode>,
    problems: &mut Vec<Problem>,
) {
    let topology = target.topology;
    let lists = [
        (
            "replicas",
            target.replicas.len(),
            matches!(topology, Topology::Replicated | Topology::Sentinel),
        ),
        (
            "sentinels",
            target.sentinels.len(),
            topology == Topology::Sentinel,
        ),
        ("nodes", target.nodes.len(), topology == Topology::Cluster),
    ];
    for (key, count, allowed) in lists {
        if count > 0 && !allowed {
            problems.push(
                Problem::key(
                    "profile/topology-mismatch",
                    route.key(key),
                    format!("a {} target has no `{key}`", topology.as_str()),
                )
                .help(match key {
                    "replicas" => "set `topology: replicated` or `topology: sentinel`",
                    "sentinels" => "set `topology: sentinel`",
                    _ => "set `topology: cluster`",
                }),
            );
        }
    }
    if topology == Topology::Sentinel && target.sentinels.is_empty() {
        problems.push(
            Problem::key(
                "profile/topology-mismatch",
                route.clone(),
                "a sentinel target needs its `sentinels`",
            )
            .help("list their addresses: `sentinels: [redis://sentinel-1:26379, …]`"),
        );
    }
    match (mode, topology) {
        (Some(ExporterMode::Cluster), topology) if topology != Topology::Cluster => {
            problems.push(
                Problem::key(
                    "profile/impossible-mode",
                    route.clone(),
                    format!(
                        "an exporter in `cluster` mode cannot watch a {} target",
                        topology.as_str()
                    ),
                )
                .help("use mode `multi-target`, or set `topology: cluster`"),
            );
        }
        (Some(ExporterMode::Single | ExporterMode::External), _) => {
            let servers = 1 + target.replicas.len() + target.sentinels.len() + target.nodes.len();
            if servers > 1 {
                problems.push(
                    Problem::key(
                        "profile/impossible-mode",
                        route.clone(),
                        format!("this target has {servers} servers, and its exporter watches one"),
                    )
                    .help("give the exporter the mode `multi-target` or `sidecar`"),
                );
            }
        }
        (Some(ExporterMode::Cluster), _) if !target.nodes.is_empty() => {
            problems.push(
                Problem::key(
                    "profile/impossible-mode",
                    route.key("nodes"),
                    "an exporter in `cluster` mode finds the nodes itself",
                )
                .help("remove `nodes`, or give the exporter the mode `multi-target`"),
            );
        }
        _ => {}
    }
    for (key, secret) in [("password", &target.password)] {
        if secret
            .as_ref()
            .is_some_and(|secret| !secret.is_well_formed())
        {
            problems.push(
                Problem::value(
                    "profile/bad-secret-reference",
                    route.key(key),
                    "this is neither the name of an environment variable nor a path",
                )
                .help("write `{env: REDIS_PASSWORD}` or `{file: secrets/redis-password}`"),
            );
        }
    }
}

fn servers(target: &Target) -> Vec<RedisServer> {
    let server = |address: &Address, sentinel: bool| {
        let port = if sentinel { SENTINEL_PORT } else { REDIS_PORT };
        RedisServer {
            instance: address.to_exporter_target(port),
            host: address.host.clone(),
            port: address.port_or(port),
            sentinel,
            user: address.user.clone(),
        }
    };
    std::iter::once(&target.address)
        .chain(&target.replicas)
        .chain(&target.nodes)
        .map(|address| server(address, false))
        .chain(target.sentinels.iter().map(|address| server(address, true)))
        .collect()
}
