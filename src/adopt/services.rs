//! How a setup is run: images, ports, volumes, networks, and the Redis servers that it runs itself.

use serde_json::{Map, Value as Json, json};

use super::jobs::Role;
use super::reading::{Reading, secret_json};
use crate::catalogue::{DirectiveLookup, Tool, Version};
use crate::facts::compose::{ComposeService, PublishedPort};
use crate::facts::container::Resolved;
use crate::facts::prometheus::{ScrapeJob, host_and_port};
use crate::facts::text::Text;
use crate::model::target::REDIS_PORT;
use crate::profile::Address;
use crate::quantity::{Bytes, Duration};
use crate::redis_conf;
use crate::setup::Kind;

/// Programs that a stack runs: their name in `images.yaml`, the name of their service in a stack, and in `versions`.
const PROGRAMS: [(&str, &str, &str); 4] = [
    ("prometheus", "prometheus", "prometheus"),
    ("alertmanager", "alertmanager", "alertmanager"),
    ("grafana", "grafana", "grafana"),
    (
        "blackbox_exporter",
        "blackbox-exporter",
        "blackbox_exporter",
    ),
];

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

/// Everything about services.
pub(super) fn adopt<'a>(reading: &mut Reading<'a>, roles: &[(&'a ScrapeJob, Role)]) {
    let Some(project) = reading.project else {
        run_elsewhere(reading);
        return;
    };
    for (program, service, tool) in PROGRAMS {
        let mut running = project.running(program);
        let found = running.next();
        let is_wanted =
            program != "blackbox_exporter" || roles.iter().any(|(_, role)| *role == Role::Probe);
        let Some(found) = found.filter(|_| is_wanted) else {
            continue;
        };
        let several = running.next().is_some();
        image(reading, found, tool);
        // Several Prometheus servers publish the one that people ask, which is of its own name.
        let page = project.services.get(service).unwrap_or(found);
        port(reading, page, service, default_port(service));
        if !several {
            volume(reading, page, service, &format!("{service}_data"));
        }
    }
    for (exporter, services) in reading.exporter_services.clone() {
        for name in services {
            let Some(service) = project.services.get(&name) else {
                continue;
            };
            image(reading, service, "redis_exporter");
            let own = if reading.draft.get(&["exporters", &exporter, "mode"])
                == Some(&json!("sidecar"))
            {
                name
            } else {
                exporter.clone()
            };
            port(reading, service, &own, None);
        }
    }
    redis(reading);
    shared(reading);
    prometheus(reading);
    neighbours(reading);
    others(reading, roles);
}

/// A setup without a Compose file is run by something else, and so are the exporters that it asks.
fn run_elsewhere(reading: &mut Reading<'_>) {
    if reading.server.is_some() {
        reading.draft.set(&["compose", "enabled"], false);
        reading.draft.comment(
            &["compose", "enabled"],
            "The setup has no Compose file: something else runs the services.",
        );
    }
}

/// Programs that are reached by a name which only their own network knows: that of the project that they are run by.
fn neighbours(reading: &mut Reading<'_>) {
    let mut hosts: Vec<String> = Vec::new();
    for block in ["applications", "probes", "exporters"] {
        for name in reading.draft.names(&[block]) {
            let url = reading.draft.get(&[block, &name, "url"]);
            let url = url.and_then(Json::as_str).unwrap_or_default();
            hosts.extend(host_and_port(url).map(|(host, _)| host.to_owned()));
        }
    }
    let is_neighbour = |host: &String| {
        !host.is_empty() && !host.contains('.') && !host.contains(':') && host != "localhost"
    };
    if hosts.iter().any(is_neighbour) && reading.draft.get(&["compose", "networks"]).is_none() {
        let name = reading.draft.get(&["compose", "project"]);
        let name = name
            .or_else(|| reading.draft.get(&["name"]))
            .and_then(Json::as_str);
        let network = format!("{}_default", name.unwrap_or("default"));
        let path = ["compose", "networks", network.as_str()];
        reading.draft.set(&path, json!({"external": true}));
        reading.draft.comment(
            &path,
            "The network of the Compose project that runs the programs which are asked by their name.",
        );
    }
}

const fn default_port(service: &str) -> Option<u16> {
    match service.as_bytes() {
        b"prometheus" => Some(9090),
        b"alertmanager" => Some(9093),
        b"grafana" => Some(3000),
        _ => None,
    }
}

/// A version that differs from the pinned one; a whole image where it is another one.
fn image(reading: &mut Reading<'_>, service: &ComposeService, tool: &str) {
    let Some(image) = &service.image else { return };
    let Some(known) = reading.facts.catalogue.tool(tool) else {
        return;
    };
    let (Some(text), Some(repository)) = (image.text.value(), image.repository.as_deref()) else {
        return;
    };
    let name = service.name.as_str();
    if image.is_floating() {
        reading.remains(
            text.place,
            format!("image `{}` of `{name}`", text.as_str()),
            format!(
                "it moves; the profile has the pinned version, {}",
                known.tag
            ),
        );
        return;
    }
    let tag = image.tag.as_deref().unwrap_or_default();
    let is_plain = repository == known.image && !image.has_digest;
    if is_plain && tag == known.tag {
        return;
    }
    match version_of(tag, known).filter(|_| is_plain) {
        Some(version) => reading.draft.set(&["versions", tool], version),
        None => reading
            .draft
            .set(&["compose", "images", name], text.as_str()),
    }
}

/// The version that makes `tag` of the tool's own form of a tag; `None` where it has another form.
fn version_of(tag: &str, tool: &Tool) -> Option<String> {
    let version = Version::from_tag(tag)?;
    let pinned = tool.version.to_string();
    let number = version.to_string();
    let bare = |text: &str| text.trim_start_matches('v').to_owned();
    let same = tool.tag.replacen(&bare(&pinned), &bare(&number), 1) == tag;
    same.then(|| format!("v{}", bare(&number)))
}

/// The port of a service on the host, where it is not the usual one.
fn port(reading: &mut Reading<'_>, service: &ComposeService, name: &str, usual: Option<u16>) {
    let ports: Vec<&PublishedPort> = service.ports.iter().collect();
    let path = ["compose", "ports", name];
    match ports.as_slice() {
        [] => {
            if usual.is_some() {
                reading.draft.set(&path, "off");
            }
        }
        [port, rest @ ..] => {
            if let Some(host) = port.host_port
                && Some(host) != usual
            {
                reading.draft.set(&path, host);
            }
            for other in rest {
                reading.remains(
                    other.place,
                    format!("a further port of `{name}`"),
                    "a service of a profile publishes one port",
                );
            }
            if let Some(address) = bind(reading) {
                reading.draft.set(&["compose", "bind"], address);
            }
        }
    }
}

/// The address that ports are bound to, where all are bound to the same one, and not the usual one.
fn bind(reading: &Reading<'_>) -> Option<String> {
    let project = reading.project?;
    let programs = ["prometheus", "alertmanager", "grafana"];
    let services = programs.iter().flat_map(|program| project.running(program));
    let mut addresses = services
        .flat_map(|service| &service.ports)
        .map(|port| port.host_address.as_deref().unwrap_or("0.0.0.0"));
    let first = addresses.next()?;
    let same = addresses.all(|address| address == first);
    (same && first != "127.0.0.1").then(|| first.trim_matches(['[', ']']).to_owned())
}

/// The named volume in which a service keeps its data.
fn volume(reading: &mut Reading<'_>, service: &ComposeService, name: &str, usual: &str) {
    let data = service.program.as_ref().map(|image| image.data.clone());
    let mounts = service
        .layers
        .iter()
        .rev()
        .find_map(|layer| layer.node.get("volumes"));
    let mounts = mounts.map_or(&[][..], |node| node.items());
    let named = mounts.iter().find_map(|mount| {
        let (source, target) = match mount.as_str() {
            Some(text) => {
                let mut parts = text.split(':');
                (parts.next()?, parts.next()?)
            }
            None => (
                mount.get("source")?.as_str()?,
                mount.get("target")?.as_str()?,
            ),
        };
        let is_name = !source.starts_with(['.', '/', '~', '$']);
        let is_data = data.iter().flatten().any(|data| data == target);
        (is_name && is_data).then(|| source.to_owned())
    });
    if let Some(named) = named.filter(|named| named != usual) {
        reading.draft.set(&["compose", "volumes", name], named);
    }
}

/// The Redis servers that the project runs: what they are started with.
fn redis(reading: &mut Reading<'_>) {
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

/// What all services of the project have in common: profiles, networks.
fn shared(reading: &mut Reading<'_>) {
    let Some(project) = reading.project else {
        return;
    };
    let profiles = project
        .running("prometheus")
        .next()
        .map(|service| service.profiles.clone())
        .unwrap_or_default();
    if !profiles.is_empty() {
        reading.draft.set(&["compose", "profiles"], profiles);
    }
    let watching = ["prometheus", "redis_exporter", "blackbox_exporter"];
    let services: Vec<&ComposeService> = watching
        .iter()
        .flat_map(|program| project.running(program))
        .collect();
    for network in &project.external_networks {
        let is_joined = services
            .iter()
            .any(|service| service.networks.contains(network));
        if is_joined {
            reading
                .draft
                .set(&["compose", "networks", network], json!({"external": true}));
        }
    }
}

/// What Prometheus is started with.
fn prometheus(reading: &mut Reading<'_>) {
    let Some(project) = reading.project else {
        return;
    };
    let services: Vec<&ComposeService> = project.running("prometheus").collect();
    let Some(service) = services.first() else {
        return;
    };
    let retention = services
        .iter()
        .find_map(|it| it.flag("storage.tsdb.retention.time"));
    let retention = retention.and_then(|text| text.as_str().parse::<Duration>().ok());
    if let Some(retention) = retention.filter(|it| *it != Duration::from_secs(15 * 24 * 3600)) {
        reading
            .draft
            .set(&["compose", "retention"], retention.to_string());
    }
    let is_agent = service.has_flag("agent")
        || service
            .flag("enable-feature")
            .is_some_and(|text| text.as_str().split(',').any(|feature| feature == "agent"));
    if is_agent {
        reading.draft.set(&["agent"], true);
    }
    for (flag, name, usual) in [
        ("prometheus", "prometheus", 9090),
        ("alertmanager", "alertmanager", 9093),
    ] {
        let running = project.running(flag).next();
        let written = running.and_then(|it| it.flag("web.external-url"));
        link(reading, name, written.as_ref(), usual);
    }
    let grafana = project.running("grafana").next();
    let written = grafana
        .and_then(|it| it.variable("GF_SERVER_ROOT_URL"))
        .cloned();
    link(reading, "grafana", written.as_ref(), 3000);
}

/// An address that people open, where it does not follow from the port.
fn link(reading: &mut Reading<'_>, name: &str, written: Option<&Text>, usual: u16) {
    let Some(text) = written else { return };
    let port = reading
        .draft
        .get(&["compose", "ports", name])
        .and_then(Json::as_u64);
    let port = port.unwrap_or(u64::from(usual));
    let address = text.as_str().trim_end_matches('/');
    if !address.starts_with("http") || address == format!("http://localhost:{port}") {
        return;
    }
    reading.draft.set(&["links", name], address);
}

/// Services of the project that a stack does not run.
fn others(reading: &mut Reading<'_>, _roles: &[(&ScrapeJob, Role)]) {
    let Some(project) = reading.project else {
        return;
    };
    let targets: Vec<String> = reading
        .draft
        .names(&["targets"])
        .iter()
        .filter_map(|name| {
            reading
                .draft
                .get(&["targets", name, "address"])?
                .as_str()?
                .parse::<Address>()
                .ok()
        })
        .map(|address| address.host)
        .collect();
    for service in project.services.values() {
        let name = service.name.as_str();
        let program = service
            .program
            .as_ref()
            .map_or("", |image| image.program.as_str());
        let is_ours = PROGRAMS.iter().any(|(known, ..)| *known == program)
            || program == "redis_exporter"
            || (program == "redis" && targets.iter().any(|host| host == name));
        if !is_ours {
            let what = match program {
                "" => "it is no part of a monitoring stack for Redis".to_owned(),
                "redis" => "no job of the setup watches this Redis; add a target for it".to_owned(),
                program => format!("a stack does not run {program}"),
            };
            reading.remains(service.place(), format!("service `{name}`"), what);
        }
    }
}
