//! The redis.conf of a server that the stack runs.

use super::target::REDIS_PORT;
use crate::catalogue::{Directives, Version};
use crate::document::Route;
use crate::profile::{Conf, Persistence, Problem, Server, Target};
use crate::redis_conf::{self, Finding, Line, bytes};

/// Where the server finds its configuration.
pub const MOUNT: &str = "/usr/local/etc/redis";

/// What a redis.conf says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RedisConf {
    /// Lines that follow from the target's own fields.
    pub fields: Vec<String>,
    /// Lines that the profile writes.
    pub own: Vec<String>,
}

/// Directives that are somebody else's, and whose.
const RESERVED: [(&str, &str); 17] = [
    ("port", "it follows from the target's `address`"),
    (
        "tls-port",
        "a Redis that the stack runs itself speaks no TLS",
    ),
    (
        "bind",
        "the containers of the stack must reach it; `compose.bind` says who else",
    ),
    (
        "protected-mode",
        "the containers of the stack must reach it; give it a `password`",
    ),
    ("unixsocket", "nobody outside of its container could use it"),
    ("daemonize", "the container would end at once"),
    ("dir", "its volume is mounted on /data"),
    (
        "logfile",
        "`docker compose logs` shows what it writes to its standard output",
    ),
    ("include", "that file is not in the container"),
    (
        "loadmodule",
        "that file is not in the container; use an `image` that loads it",
    ),
    ("aclfile", "that file is not in the container"),
    (
        "user",
        "give the `address` a user for the exporter; others are yours to add with `ACL SETUSER`",
    ),
    (
        "requirepass",
        "give a reference in `password`, never the password",
    ),
    (
        "masterauth",
        "give a reference in `password`, never the password",
    ),
    ("replicaof", "the stack itself runs standalone servers only"),
    ("slaveof", "the stack itself runs standalone servers only"),
    (
        "cluster-enabled",
        "the stack itself runs standalone servers only",
    ),
];

/// The redis.conf of a target.
pub fn resolve(
    name: &str,
    target: &Target,
    server: &Server,
    directives: &Directives,
    version: Option<Version>,
    problems: &mut Vec<Problem>,
) -> RedisConf {
    let route = Route::of(["targets", name, "server", "conf"]);
    for written in written(&server.conf, &route) {
        let line = match written.line {
            Ok(line) => line,
            Err(finding) => {
                problems.push(written.place.problem("profile/bad-redis-conf", finding));
                continue;
            }
        };
        if let Some(finding) = reserved(&line).or_else(|| contradiction(&line, target, server)) {
            problems.push(
                written
                    .place
                    .problem("profile/misplaced-directive", finding),
            );
        } else if let Some(finding) = redis_conf::check_line(&line, directives, version) {
            problems.push(written.place.problem("profile/bad-redis-conf", finding));
        }
    }
    let own = server.conf.to_text();
    let is_written = |name: &str| {
        let mut lines = redis_conf::lines(&own).filter_map(Result::ok);
        lines.any(|line| line.name() == name)
    };
    let fields = fields(target, server)
        .into_iter()
        .filter(|(name, _)| !is_written(name))
        .map(|(name, value)| format!("{name} {}", redis_conf::quoted(&value)))
        .collect();
    RedisConf {
        fields,
        own: own.lines().map(|line| line.trim().to_owned()).collect(),
    }
}

/// What the target's fields say in the words of redis.conf.
fn fields(target: &Target, server: &Server) -> Vec<(&'static str, String)> {
    let mut fields = Vec::new();
    let port = target.address.port_or(REDIS_PORT);
    if port != REDIS_PORT {
        fields.push(("port", port.to_string()));
    }
    if let Some(limit) = target.maxmemory.filter(|limit| limit.0 > 0) {
        fields.push(("maxmemory", limit.to_string()));
    }
    if let Some(policy) = &server.maxmemory_policy {
        fields.push(("maxmemory-policy", policy.clone()));
    }
    if let Some(limit) = target.maxclients {
        fields.push(("maxclients", limit.to_string()));
    }
    if matches!(target.persistence, Persistence::None | Persistence::Aof) {
        fields.push(("save", String::new()));
    }
    if matches!(
        target.persistence,
        Persistence::Aof | Persistence::RdbAndAof
    ) {
        fields.push(("appendonly", "yes".into()));
    }
    fields
}

/// A line of the profile, and where it stands there.
struct Written {
    line: Result<Line, Finding>,
    place: Place,
}

enum Place {
    /// Within the text at this place.
    Text(Route),
    /// A directive and its value; the name is so many bytes long.
    Entry {
        key: Route,
        value: Route,
        name: usize,
    },
}

impl Place {
    fn problem(&self, id: &'static str, finding: Finding) -> Problem {
        let mut problem = match self {
            Self::Text(route) => {
                Problem::value(id, route.clone(), finding.message).within(finding.span)
            }
            Self::Entry { key, name, .. } if finding.span.start() < *name => {
                Problem::key(id, key.clone(), finding.message)
            }
            Self::Entry { value, .. } => Problem::value(id, value.clone(), finding.message),
        };
        problem.level = finding.level;
        problem.help = finding.help;
        problem
    }
}

fn written(conf: &Conf, route: &Route) -> Vec<Written> {
    let read = |text: &str| -> Vec<Result<Line, Finding>> {
        let lines = redis_conf::lines(text);
        lines.map(|line| line.map_err(Finding::from)).collect()
    };
    match conf {
        Conf::Text(text) => read(text)
            .into_iter()
            .map(|line| Written {
                line,
                place: Place::Text(route.clone()),
            })
            .collect(),
        Conf::Directives(directives) => {
            let mut all = Vec::new();
            for (name, lines) in directives {
                let key = route.key(name);
                let values = lines.values();
                for (index, value) in values.iter().enumerate() {
                    let text = format!("{name} {}", value.0);
                    let value = match lines {
                        crate::profile::ConfLines::One(_) => key.clone(),
                        crate::profile::ConfLines::Several(_) => key.index(index),
                    };
                    let place = || Place::Entry {
                        key: key.clone(),
                        value: value.clone(),
                        name: name.len(),
                    };
                    all.extend(read(&text).into_iter().map(|line| Written {
                        line,
                        place: place(),
                    }));
                }
            }
            all
        }
    }
}

fn reserved(line: &Line) -> Option<Finding> {
    let name = line.name();
    let (_, help) = RESERVED.iter().find(|(reserved, _)| *reserved == name)?;
    let message = format!("`{name}` has no place in `conf`");
    Some(Finding::error(line.directive.span, message).help(*help))
}

/// A line that says something else than the target.
fn contradiction(line: &Line, target: &Target, server: &Server) -> Option<Finding> {
    let name = line.name();
    let [only] = line.arguments.as_slice() else {
        let is_snapshot = name == "save" && !line.arguments.is_empty();
        let is_wanted = matches!(
            target.persistence,
            Persistence::Rdb | Persistence::RdbAndAof
        );
        return (is_snapshot && !is_wanted).then(|| {
            let message = "the target keeps no snapshots, and this takes some";
            Finding::error(line.span, message)
                .help("set `persistence: rdb` or `rdb-and-aof` on the target")
        });
    };
    let text = only.text.as_str();
    let said = |field: &str, value: String| {
        let message = format!("`{name}` is {text} here, and the target's `{field}` is {value}");
        Some(Finding::error(only.span, message).help(format!(
            "remove one of them: `{field}` is what alerts and panels go by"
        )))
    };
    match name.as_str() {
        "maxmemory" => {
            let field = target.maxmemory?;
            (bytes(text) != Some(field.0)).then(|| said("maxmemory", field.to_string()))?
        }
        "maxclients" => {
            let field = target.maxclients?;
            (text != field.to_string()).then(|| said("maxclients", field.to_string()))?
        }
        "maxmemory-policy" => {
            let field = server.maxmemory_policy.as_ref()?;
            (text != field).then(|| said("server.maxmemory_policy", field.clone()))?
        }
        "appendonly" => {
            let is_wanted = matches!(
                target.persistence,
                Persistence::Aof | Persistence::RdbAndAof
            );
            let wanted = if is_wanted { "yes" } else { "no" };
            (text != wanted).then(|| {
                let message = format!(
                    "`appendonly` is {text} here, and the target's `persistence` means {wanted}"
                );
                Finding::error(only.span, message)
                    .help("set the target's `persistence`; alerts go by it")
            })
        }
        "save" if text.is_empty() => {
            let is_wanted = matches!(
                target.persistence,
                Persistence::Rdb | Persistence::RdbAndAof
            );
            is_wanted.then(|| {
                let message = "this takes no snapshots, and the target's `persistence` is `rdb`";
                Finding::error(only.span, message)
                    .help("set `persistence: none` or `aof` on the target")
            })
        }
        _ => None,
    }
}
