//! Redis servers that a setup runs itself: redis.conf, arguments, passwords.

use serde_json::{Map, Value as Json, json};

use super::reading::{Reading, secret_json};
use super::services::{version_of, volume};
use crate::catalogue::DirectiveLookup;
use crate::facts::compose::ComposeService;
use crate::facts::container::Resolved;
use crate::facts::text::Text;
use crate::model::target::REDIS_PORT;
use crate::profile::Address;
use crate::quantity::Bytes;
use crate::redis_conf;
use crate::setup::Kind;

/// Where Redis finds what the target's own fields say, and what a line of them is called.
const FIELDS: [&str; 7] = [
    "port",
    "maxmemory",
    "maxmemory-policy",
    "maxclients",
    "appendonly",
    "save",
    "dir",
];

/// The Redis servers that the project runs: what they are started with.
pub(super) fn adopt(reading: &mut Reading<'_>) {
    for name in reading.draft.names(&["targets"]) {
        let address = reading.draft.get(&["targets", &name, "address"]);
        let Some(address) = address
            .and_then(Json::as_str)
            .and_then(|text| text.parse::<Address>().ok())
        else {
            continue;
        };
        let Some(service) = reading.service_at(&address.host) else {
            continue;
        };
        if !service.runs("redis") {
            continue;
        }
        let is_standalone = reading.draft.get(&["targets", &name, "topology"]).is_none();
        if !is_standalone || service.name.as_str() != address.host {
            reading.remains(
                service.place(),
                format!("service `{}`", service.name.as_str()),
                "a stack runs standalone servers only, under the host name of their address; this one is only watched",
            );
            continue;
        }
        server(reading, &name, service, &address);
    }
}

/// A line of a redis.conf, and where it was found: name, words.
type ConfLine = (String, Vec<String>);

fn server<'a>(
    reading: &mut Reading<'a>,
    name: &str,
    service: &'a ComposeService,
    address: &Address,
) {
    let path = |key: &'static str| ["targets", name, key];
    let mut lines: Vec<ConfLine> = Vec::new();
    if let Some(file) = conf_file(reading, service) {
        let text = reading.file(&file).unwrap_or_default();
        for line in redis_conf::lines(text).flatten() {
            let words = line.arguments.iter().map(|word| word.text.clone());
            lines.push((line.name(), words.collect()));
        }
    }
    lines.extend(arguments(service));
    let last = |wanted: &str| {
        let mut found = lines.iter().filter(|(name, _)| name == wanted);
        found.next_back().map(|(_, words)| words.join(" "))
    };
    let limit = last("maxmemory").and_then(|text| redis_conf::bytes(&text));
    if let Some(limit) = limit.filter(|limit| *limit > 0) {
        reading
            .draft
            .set(&path("maxmemory"), Bytes(limit).to_string());
    }
    if let Some(clients) = last("maxclients").and_then(|text| text.parse::<u32>().ok()) {
        reading.draft.set(&path("maxclients"), clients);
    }
    let mut saves = lines.iter().filter(|(name, _)| name == "save");
    let has_snapshots = saves
        .next_back()
        .is_none_or(|(_, words)| words.iter().any(|word| !word.is_empty()));
    let has_log = last("appendonly").is_some_and(|text| text == "yes");
    let persistence = match (has_snapshots, has_log) {
        (true, false) => "rdb",
        (false, true) => "aof",
        (true, true) => "rdb-and-aof",
        (false, false) => "none",
    };
    if persistence != "rdb" {
        reading.draft.set(&path("persistence"), persistence);
    }
    let mut written = Map::new();
    let known = reading.facts.catalogue.tool("redis");
    if let (Some(image), Some(known)) = (&service.image, known)
        && let Some(text) = image.text.value()
        && text.as_str() != format!("{}:{}", known.image, known.tag)
    {
        let is_plain = image.repository.as_deref() == Some(&known.image);
        match (image.is_floating(), is_plain, &image.tag) {
            (true, ..) => reading.remains(
                text.place,
                format!("image `{}` of `{}`", text.as_str(), service.name.as_str()),
                format!(
                    "it moves; the profile has the pinned version, {}",
                    known.tag
                ),
            ),
            (false, true, Some(tag))
                if !image.has_digest
                    && reading.draft.get(&["versions", "redis"]).is_none()
                    && version_of(tag, known).is_some() =>
            {
                reading
                    .draft
                    .set_some(&["versions", "redis"], version_of(tag, known));
            }
            _ => {
                written.insert("image".into(), json!(text.as_str()));
            }
        }
    }
    if let Some(port) = service.ports.first().and_then(|port| port.host_port) {
        written.insert("port".into(), json!(port));
    }
    let usual = format!("{}_data", address.host);
    volume(reading, service, &address.host, &usual);
    // One volume of a name of its own belongs to the server itself.
    let named = ["compose", "volumes", address.host.as_str()];
    if let Some(volume) = reading.draft.get(&named).cloned() {
        reading.draft.remove(&named);
        if reading.draft.names(&["compose", "volumes"]).is_empty() {
            reading.draft.remove(&["compose", "volumes"]);
        }
        written.insert("volume".into(), volume);
    }
    if let Some(policy) = last("maxmemory-policy") {
        written.insert("maxmemory_policy".into(), json!(policy));
    }
    passwords(reading, name, service, address, &lines, &mut written);
    let conf = conf(reading, service, address, &lines);
    if !conf.is_empty() {
        written.insert("conf".into(), Json::Object(conf));
    }
    reading.draft.set(&path("server"), Json::Object(written));
}

/// The redis.conf that a service is started with.
fn conf_file(reading: &Reading<'_>, service: &ComposeService) -> Option<String> {
    let setup = reading.facts.setup;
    let words = service.entrypoint.iter().chain(&service.command);
    let mut paths: Vec<String> = Vec::new();
    for word in words {
        let parts = word
            .value
            .split(|char: char| char.is_whitespace() || matches!(char, '\'' | '"'));
        paths.extend(
            parts
                .filter(|part| part.starts_with('/') && part.ends_with(".conf"))
                .map(str::to_owned),
        );
    }
    paths.into_iter().find_map(
        |path| match service.container.resolve(setup.listing(), &path) {
            Resolved::Setup(file) => {
                let mut documents = setup.at(&file);
                documents
                    .any(|document| document.kind == Kind::RedisConf)
                    .then_some(file)
            }
            _ => None,
        },
    )
}

/// What stands behind `redis-server` as `--directive value`.
fn arguments(service: &ComposeService) -> Vec<ConfLine> {
    let mut lines: Vec<ConfLine> = Vec::new();
    // A script in one word is split as a shell would, as far as simple words go.
    let words: Vec<&str> = service
        .entrypoint
        .iter()
        .chain(&service.command)
        .map(Text::as_str)
        .flat_map(|word| match word.contains("--") && word.contains(' ') {
            true => word.split_whitespace().collect(),
            false => vec![word],
        })
        .collect();
    for word in words {
        match word.strip_prefix("--") {
            Some(directive) if !directive.is_empty() => {
                lines.push((directive.to_ascii_lowercase(), Vec::new()));
            }
            _ => {
                if let Some((_, arguments)) = lines.last_mut() {
                    arguments.push(word.trim_matches(['"', '\'']).to_owned());
                }
            }
        }
    }
    lines
}

fn passwords<'a>(
    reading: &mut Reading<'a>,
    name: &str,
    service: &'a ComposeService,
    address: &Address,
    lines: &[ConfLine],
    written: &mut Map<String, Json>,
) {
    let mounted = service
        .layers
        .iter()
        .rev()
        .find_map(|layer| layer.node.get("secrets"));
    let mut secrets: Vec<Json> = Vec::new();
    for item in mounted.map_or(&[][..], |node| node.items()) {
        let source = item.as_str().or_else(|| item.get("source")?.as_str());
        let path = source.map(|source| format!("/run/secrets/{source}"));
        let secret = path.and_then(|path| reading.secret_file(&path));
        secrets.extend(secret.as_ref().map(secret_json));
    }
    let own = reading.draft.get(&["targets", name, "password"]).cloned();
    if address.own_user().is_some() {
        // The exporter's user has the target's password, everybody else another one.
        if let Some(other) = secrets
            .into_iter()
            .find(|secret| Some(secret) != own.as_ref())
        {
            written.insert("password".into(), other);
        }
        return;
    }
    let required = lines.iter().rfind(|(name, _)| name == "requirepass");
    if own.is_none() && (required.is_some() || !secrets.is_empty()) {
        let secret = secrets.into_iter().next().or_else(|| {
            let (_, words) = required?;
            let variable = super::reading::referenced_variable(&words.join(" "));
            Some(json!({"env": variable.unwrap_or_else(|| "REDIS_PASSWORD".into())}))
        });
        if let Some(secret) = secret {
            reading.draft.set(&["targets", name, "password"], secret);
        }
    }
}

/// Further directives, as far as a profile takes them.
fn conf(
    reading: &mut Reading<'_>,
    service: &ComposeService,
    address: &Address,
    lines: &[ConfLine],
) -> Map<String, Json> {
    const NOT_OURS: [&str; 18] = [
        "port",
        "tls-port",
        "bind",
        "protected-mode",
        "unixsocket",
        "daemonize",
        "dir",
        "logfile",
        "include",
        "loadmodule",
        "aclfile",
        "user",
        "requirepass",
        "masterauth",
        "replicaof",
        "slaveof",
        "cluster-enabled",
        "masteruser",
    ];
    let mut conf: Map<String, Json> = Map::new();
    for (name, words) in lines {
        if FIELDS.contains(&name.as_str())
            && !(name == "save" && words.iter().any(|word| !word.is_empty()))
        {
            let is_other_port =
                name == "port" && words.join(" ") != address.port_or(REDIS_PORT).to_string();
            if !is_other_port {
                continue;
            }
        }
        if NOT_OURS.contains(&name.as_str()) {
            if !matches!(name.as_str(), "requirepass" | "dir" | "include" | "user") {
                reading.remains(
                    service.place(),
                    format!("`{name}` of the Redis `{}`", service.name.as_str()),
                    "the container of the stack decides it",
                );
            }
            continue;
        }
        let found = reading.facts.catalogue.directives().look_up(name, None);
        if !matches!(found, DirectiveLookup::Known(_)) {
            reading.remains(
                service.place(),
                format!("`{name}` of the Redis `{}`", service.name.as_str()),
                "Redis has no such directive",
            );
            continue;
        }
        let words: Vec<String> = words.iter().map(|word| redis_conf::quoted(word)).collect();
        let text = words.join(" ");
        let value = text.parse::<i64>().map_or_else(
            |_| json!(text),
            |number| match number.to_string() == text {
                true => json!(number),
                false => json!(text),
            },
        );
        match conf.get_mut(name) {
            None => {
                conf.insert(name.clone(), value);
            }
            Some(Json::Array(values)) => values.push(value),
            Some(one) => *one = json!([one.clone(), value]),
        }
    }
    conf
}
