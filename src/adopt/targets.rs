//! The Redis servers of a setup, and the exporters through which they are watched.

use indexmap::IndexMap;
use serde_json::{Value as Json, json};

use super::jobs::{Role, told_address};
use super::reading::{Reading, free_name, known, name_of, secret_json};
use super::scrape::{basic_auth, timings};
use crate::facts::compose::ComposeService;
use crate::facts::prometheus::{ScrapeJob, Target, host_and_port};
use crate::model::exporter::EXPORTER_PORT;
use crate::model::target::{REDIS_PORT, SENTINEL_PORT};
use crate::profile::{Address, Topology};

/// The longest name of a target, an exporter and the like.
const LONGEST_NAME: usize = 63;

/// An exporter's flags that a profile says with other words, or that follow from it.
const FOLLOWING_FLAGS: [&str; 12] = [
    "connection-timeout",
    "is-cluster",
    "web.listen-address",
    "redis.addr",
    "redis.user",
    "redis.password",
    "redis.password-file",
    "check-key-groups",
    "max-distinct-key-groups",
    "script",
    "count-keys",
    "lua-script-read-only",
];

/// A deployment as it is found: the servers that have the same label `redis`.
#[derive(Debug, Default)]
struct Found {
    servers: Vec<String>,
    sentinels: Vec<String>,
    topology: Option<String>,
    labels: IndexMap<String, String>,
    exporter: String,
    /// The service of the exporter that watches it alone.
    service: Option<String>,
    is_guess: bool,
}

/// Targets and exporters of all jobs.
pub(super) fn adopt<'a>(reading: &mut Reading<'a>, roles: &[(&'a ScrapeJob, Role)]) {
    let mut found: IndexMap<String, Found> = IndexMap::new();
    let mut exporters: IndexMap<String, Json> = IndexMap::new();
    for (job, role) in roles {
        match role {
            Role::Through(address) | Role::Cluster(address) => {
                through(reading, job, role, address, &mut found, &mut exporters);
            }
            Role::Beside => beside(reading, job, &mut found, &mut exporters),
            _ => {}
        }
    }
    for (job, role) in roles {
        if let Role::Sentinels(address) = role {
            let known = exporters.iter().position(|(_, exporter)| {
                exporter.get("address").and_then(Json::as_str) == Some(address)
            });
            if known.is_none() {
                through(reading, job, role, address, &mut found, &mut exporters);
            } else {
                for target in &job.targets {
                    server_of(reading, job, target, "", true, &mut found);
                }
            }
        }
    }
    let several = exporters.len() > 1;
    for (name, target) in &found {
        write_target(reading, name, target, several);
    }
    for (name, exporter) in exporters {
        write_exporter(reading, &name, exporter, several);
    }
}

/// The name of the exporter behind an address: that of its service.
fn exporter_name(address: &str, taken: &IndexMap<String, Json>) -> String {
    let host = host_and_port(address).map_or(address, |(host, _)| host);
    let name = match host {
        "localhost" | "127.0.0.1" => None,
        host => name_of(host, LONGEST_NAME),
    };
    let name = name.unwrap_or_else(|| "redis-exporter".into());
    free_name(&name, |name| taken.contains_key(name))
}

/// Servers through one exporter, whose address the relabelling puts in.
fn through<'a>(
    reading: &mut Reading<'a>,
    job: &'a ScrapeJob,
    role: &Role,
    address: &str,
    found: &mut IndexMap<String, Found>,
    exporters: &mut IndexMap<String, Json>,
) {
    let known = exporters
        .iter()
        .find(|(_, exporter)| exporter.get("address").and_then(Json::as_str) == Some(address));
    let name = match known {
        Some((name, _)) => name.clone(),
        None => {
            let name = exporter_name(address, exporters);
            let host = host_and_port(address).map_or(address, |(host, _)| host);
            let service = reading.service_at(host);
            let mut exporter = json!({"address": address, "job": job.name.as_str()});
            if matches!(role, Role::Cluster(_)) {
                exporter["mode"] = json!("cluster");
            }
            timings(reading, job, &mut exporter);
            service_settings(reading, service, address, &mut exporter);
            let services = service.map(|it| it.name.value.to_string());
            reading
                .exporter_services
                .push((name.clone(), services.into_iter().collect()));
            exporters.insert(name.clone(), exporter);
            name
        }
    };
    if matches!(role, Role::Cluster(_)) {
        let label = |label: &str| {
            job.relabelings.iter().find_map(|step| {
                let is_it = step.get("target_label")?.scalar_text() == label;
                step.get("replacement")
                    .filter(|_| is_it && step.get("source_labels").is_none())
                    .map(|node| node.scalar_text().to_owned())
            })
        };
        let host = host_and_port(address).map_or(address, |(host, _)| host);
        let told = reading.service_at(host).and_then(told_address);
        let told = told.unwrap_or("redis://redis:6379").to_owned();
        let target = label("redis").or_else(|| name_of(job.name.as_str(), LONGEST_NAME));
        let entry = found
            .entry(target.unwrap_or_else(|| "redis".into()))
            .or_default();
        entry.exporter = name;
        entry.service = reading.service_at(host).map(|it| it.name.value.to_string());
        entry.topology = Some("cluster".into());
        entry.servers.push(told);
        for step in &job.relabelings {
            let (Some(key), Some(value)) = (step.get("target_label"), step.get("replacement"))
            else {
                continue;
            };
            let key = key.scalar_text();
            let is_label =
                !key.starts_with("__") && !matches!(key, "redis" | "topology" | "instance");
            if is_label && step.get("source_labels").is_none() {
                entry
                    .labels
                    .insert(key.to_owned(), value.scalar_text().to_owned());
            }
        }
        return;
    }
    for target in &job.targets {
        let is_sentinel = matches!(role, Role::Sentinels(_));
        server_of(reading, job, target, &name, is_sentinel, found);
    }
}

/// One server of a job whose targets are Redis servers.
fn server_of<'a>(
    reading: &mut Reading<'a>,
    job: &'a ScrapeJob,
    target: &'a Target,
    exporter: &str,
    is_sentinel: bool,
    found: &mut IndexMap<String, Found>,
) {
    let Some(address) = known(&target.address) else {
        reading.remains(
            target.place,
            format!("a target of the job `{}`", job.name.as_str()),
            "it is filled in by something else",
        );
        return;
    };
    let entry = entry_of(job, target, address, found);
    if !exporter.is_empty() {
        exporter.clone_into(&mut entry.exporter);
    }
    match is_sentinel {
        true => entry.sentinels.push(address.to_owned()),
        false => entry.servers.push(address.to_owned()),
    }
}

/// The deployment that a target belongs to: by its label `redis`, else by its host.
fn entry_of<'f>(
    job: &ScrapeJob,
    target: &Target,
    address: &str,
    found: &'f mut IndexMap<String, Found>,
) -> &'f mut Found {
    let label = |name: &str| {
        let mut labels = target.labels.iter();
        labels
            .find(|(key, _)| key.as_str() == name)
            .map(|(_, value)| value.as_str())
    };
    let bare = address.rsplit_once('@').map_or(address, |(_, rest)| rest);
    let host = host_and_port(bare).map_or(bare, |(host, _)| host);
    let name = match label("redis").and_then(|name| name_of(name, LONGEST_NAME)) {
        Some(name) => name,
        None => {
            // The first part of a name says which server it is, the rest where it is.
            let is_address = host.starts_with(|first: char| first.is_ascii_digit());
            let short = if is_address {
                host
            } else {
                host.split('.').next().unwrap_or(host)
            };
            let short = if host == "localhost" {
                job.name.as_str()
            } else {
                short
            };
            let name = name_of(short, LONGEST_NAME).unwrap_or_else(|| "redis".into());
            free_name(&name, |name| found.contains_key(name))
        }
    };
    let entry = found.entry(name).or_default();
    if let Some(topology) = label("topology") {
        entry.topology = Some(topology.to_owned());
    }
    for (key, value) in &target.labels {
        if !matches!(key.as_str(), "redis" | "topology" | "instance") {
            entry
                .labels
                .insert(key.value.to_string(), value.value.to_string());
        }
    }
    entry
}

/// Exporters that each watch one Redis: those that the stack runs, and those that run elsewhere.
fn beside<'a>(
    reading: &mut Reading<'a>,
    job: &'a ScrapeJob,
    found: &mut IndexMap<String, Found>,
    exporters: &mut IndexMap<String, Json>,
) {
    let mut run_here: Vec<(&'a Target, &'a ComposeService)> = Vec::new();
    let mut elsewhere: Vec<(&'a Target, &'a str)> = Vec::new();
    for target in &job.targets {
        let Some(address) = known(&target.address) else {
            reading.remains(
                target.place,
                format!("a target of the job `{}`", job.name.as_str()),
                "it is filled in by something else",
            );
            continue;
        };
        let host = host_and_port(address).map_or(address, |(host, _)| host);
        match reading.service_at(host) {
            Some(service) => run_here.push((target, service)),
            None => elsewhere.push((target, address)),
        }
    }
    if !run_here.is_empty() {
        sidecars(reading, job, &run_here, found, exporters);
    }
    for (index, (target, address)) in elsewhere.into_iter().enumerate() {
        let name = exporter_name(address, exporters);
        let scheme = job.scheme.value().map_or("http", String::as_str);
        let path = job.metrics_path.value().map_or("/metrics", String::as_str);
        let path = if path == "/metrics" { "" } else { path };
        let mut exporter = json!({"mode": "external"});
        exporter["job"] = match index {
            0 => json!(job.name.as_str()),
            // A job is one exporter's, and an exporter that runs elsewhere watches one Redis.
            _ => json!(format!("{}-{}", job.name.as_str(), index + 1)),
        };
        if index > 0 {
            reading.remains(
                target.place,
                format!("target `{address}` of the job `{}`", job.name.as_str()),
                format!(
                    "an exporter that runs elsewhere has a job of its own: it is called `{}-{}` in the profile",
                    job.name.as_str(),
                    index + 1
                ),
            );
        }
        exporter["url"] = json!(format!("{scheme}://{address}{path}"));
        timings(reading, job, &mut exporter);
        basic_auth(reading, job, &mut exporter);
        let entry = match instance_of(target) {
            Some(instance) => {
                let instance = instance.to_owned();
                let entry = entry_of(job, target, &instance, found);
                entry.servers.push(instance);
                entry
            }
            None => {
                let entry = entry_of(job, target, "redis://redis:6379", found);
                entry.servers.push("redis://redis:6379".into());
                entry.is_guess = true;
                entry
            }
        };
        entry.exporter.clone_from(&name);
        exporters.insert(name, exporter);
    }
}

/// The Redis that the label `instance` names.
fn instance_of(target: &Target) -> Option<&str> {
    let mut labels = target.labels.iter();
    let (_, value) = labels.find(|(key, _)| key.as_str() == "instance")?;
    let text = value.as_str();
    text.parse::<Address>().is_ok().then_some(text)
}

fn sidecars<'a>(
    reading: &mut Reading<'a>,
    job: &'a ScrapeJob,
    services: &[(&'a Target, &'a ComposeService)],
    found: &mut IndexMap<String, Found>,
    exporters: &mut IndexMap<String, Json>,
) {
    let mut names: Vec<String> = Vec::new();
    for (target, service) in services {
        let written = instance_of(target).or_else(|| told_address(service));
        // The exporter's own default is a Redis beside it in the same container, which there is not.
        let is_guess = written.is_none();
        let address = written.unwrap_or("redis://redis:6379").to_owned();
        names.push(service.name.value.to_string());
        let entry = entry_of(job, target, &address, found);
        entry.servers.push(address);
        entry.service = Some(service.name.value.to_string());
        entry.is_guess |= is_guess;
    }
    // Several processes of one exporter are called after their targets.
    let name = match names.as_slice() {
        [one] => one.clone(),
        _ => common_prefix(&names),
    };
    let name = name_of(&name, LONGEST_NAME).unwrap_or_else(|| "redis-exporter".into());
    let name = free_name(&name, |name| exporters.contains_key(name));
    let mut exporter = json!({"mode": "sidecar", "job": job.name.as_str()});
    timings(reading, job, &mut exporter);
    if let Some((target, service)) = services.first() {
        let address = known(&target.address).unwrap_or_default();
        service_settings(reading, Some(service), address, &mut exporter);
    }
    for entry in found.values_mut() {
        if entry.exporter.is_empty() && entry.service.is_some() {
            entry.exporter.clone_from(&name);
        }
    }
    reading.exporter_services.push((name.clone(), names));
    exporters.insert(name, exporter);
}

fn common_prefix(names: &[String]) -> String {
    let Some(first) = names.first() else {
        return String::new();
    };
    let length = names.iter().fold(first.len(), |length, name| {
        let same = first.bytes().zip(name.bytes()).take_while(|(a, b)| a == b);
        length.min(same.count())
    });
    first
        .get(..length)
        .unwrap_or_default()
        .trim_end_matches('-')
        .to_owned()
}

/// What the service of an exporter says: port, flags, the file with passwords.
fn service_settings<'a>(
    reading: &mut Reading<'a>,
    service: Option<&'a ComposeService>,
    address: &str,
    written: &mut Json,
) {
    let port = host_and_port(address).and_then(|(_, port)| port);
    if let Some(port) = port.filter(|port| *port != EXPORTER_PORT) {
        written["port"] = json!(port);
    }
    let Some(service) = service else { return };
    let file = service
        .flag("redis.password-file")
        .or_else(|| service.variable("REDIS_PASSWORD_FILE").cloned());
    if let Some(file) = file {
        match reading.secret_file(file.as_str()) {
            Some(secret) if service.flag("redis.password-file").is_some() => {
                written["password_file"] = secret_json(&secret);
            }
            Some(_) => {}
            None => reading.remains(
                file.place,
                "the exporter's file of passwords",
                "it is no Compose secret; give it in `password_file` of the exporter",
            ),
        }
    }
    let Some(known) = reading.facts.catalogue.exporter("redis_exporter") else {
        return;
    };
    let mut flags = serde_json::Map::new();
    let arguments: Vec<_> = service
        .entrypoint
        .iter()
        .chain(&service.command)
        .cloned()
        .collect();
    for argument in arguments {
        let Some(bare) = argument
            .value
            .strip_prefix("--")
            .or_else(|| argument.value.strip_prefix('-'))
        else {
            continue;
        };
        let (name, value) = bare
            .split_once('=')
            .map_or((bare, None), |(name, value)| (name, Some(value)));
        if FOLLOWING_FLAGS.contains(&name) {
            continue;
        }
        let Some(flag) = known.flag(name) else {
            reading.remains(
                argument.place,
                format!("flag `--{name}` of the exporter"),
                "redis_exporter has no such flag",
            );
            continue;
        };
        let value = match value {
            None | Some("true") => json!(true),
            Some("false") => json!(false),
            Some(text) => text
                .parse::<i64>()
                .map_or_else(|_| json!(text), |number| json!(number)),
        };
        flags.insert(flag.name.clone(), value);
    }
    if !flags.is_empty() {
        written["flags"] = Json::Object(flags);
    }
}

fn write_target(reading: &mut Reading<'_>, name: &str, target: &Found, several: bool) {
    let at = |key: &'static str| vec!["targets", name, key];
    let service = target.service.as_deref().or_else(|| {
        let services = reading.exporter_services.iter();
        let (_, names) = services
            .into_iter()
            .find(|(exporter, _)| *exporter == target.exporter)?;
        names.first().map(String::as_str)
    });
    let service = service.and_then(|name| reading.project?.services.get(name));
    let user = service
        .and_then(|service| service.variable("REDIS_USER"))
        .map(|text| text.as_str().to_owned());
    let mut servers = target
        .servers
        .iter()
        .map(|text| address_of(text, REDIS_PORT, user.as_deref()));
    let sentinels: Vec<String> = target
        .sentinels
        .iter()
        .map(|text| address_of(text, SENTINEL_PORT, None))
        .collect();
    let first = servers
        .next()
        .unwrap_or_else(|| "redis://redis:6379".into());
    let others: Vec<String> = servers.collect();
    let topology = match target.topology.as_deref() {
        Some("replicated") => Topology::Replicated,
        Some("sentinel") => Topology::Sentinel,
        Some("cluster") => Topology::Cluster,
        Some("standalone") => Topology::Standalone,
        _ if !sentinels.is_empty() => Topology::Sentinel,
        _ if !others.is_empty() => Topology::Replicated,
        _ => Topology::Standalone,
    };
    reading.draft.set(&at("address"), first);
    if target.is_guess {
        reading.draft.comment(
            &["targets", name],
            "The setup does not say which Redis this is: put its address here.",
        );
    }
    if topology != Topology::Standalone {
        reading.draft.set(&at("topology"), topology.as_str());
    }
    let key = if topology == Topology::Cluster {
        "nodes"
    } else {
        "replicas"
    };
    if !others.is_empty() && topology != Topology::Standalone {
        reading.draft.set(&at(key), others);
    }
    if !sentinels.is_empty() && topology == Topology::Sentinel {
        reading.draft.set(&at("sentinels"), sentinels);
    }
    if let Some(service) = service {
        let has_file = service.flag("redis.password-file").is_some();
        let by_file = service
            .variable("REDIS_PASSWORD_FILE")
            .map(|text| text.as_str().to_owned());
        let secret = match by_file {
            _ if has_file => None,
            Some(path) => reading.secret_file(&path),
            None => reading.secret_variable(service, "REDIS_PASSWORD"),
        };
        reading
            .draft
            .set_some(&at("password"), secret.as_ref().map(secret_json));
    }
    if target.servers.iter().any(|text| has_password(text)) {
        reading
            .draft
            .set(&at("password"), json!({"env": "REDIS_PASSWORD"}));
        reading.remains(
            None,
            format!("password in the address of `{name}`"),
            "a profile holds no secret: put it into the environment variable `REDIS_PASSWORD`, and change it, because it has been read here",
        );
    }
    if several {
        reading.draft.set(&at("exporter"), target.exporter.clone());
    }
    if !target.labels.is_empty() {
        reading.draft.set(&at("labels"), json!(target.labels));
    }
}

fn has_password(text: &str) -> bool {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    rest.rsplit_once('@')
        .is_some_and(|(login, _)| login.contains(':'))
}

/// An address as a profile has it: with scheme and port, without a password.
fn address_of(text: &str, port: u16, user: Option<&str>) -> String {
    let (scheme, rest) = match text.split_once("://") {
        Some(("rediss" | "valkeys", rest)) => ("rediss", rest),
        Some((_, rest)) => ("redis", rest),
        None => ("redis", text),
    };
    let (login, place) = rest
        .rsplit_once('@')
        .map_or(("", rest), |(login, place)| (login, place));
    let own = login.split_once(':').map_or(login, |(user, _)| user);
    let user = Some(own).filter(|own| !own.is_empty()).or(user);
    let place = place.split(['?', '#']).next().unwrap_or(place);
    let user = user.map_or_else(String::new, |user| format!("{user}@"));
    let text = format!("{scheme}://{user}{place}");
    match text.parse::<Address>() {
        Ok(address) => {
            let db = address.db.map_or_else(String::new, |db| format!("/{db}"));
            format!("{}{db}", address.to_exporter_target(port))
        }
        Err(_) => "redis://redis:6379".into(),
    }
}

fn write_exporter(reading: &mut Reading<'_>, name: &str, exporter: Json, several: bool) {
    let Json::Object(mut exporter) = exporter else {
        return;
    };
    exporter.shift_remove("address");
    // What is so without a word needs none.
    if !several && exporter.get("job").and_then(Json::as_str) == Some("redis") {
        exporter.shift_remove("job");
    }
    let path = ["exporters", name];
    if !exporter.contains_key("mode") {
        reading
            .draft
            .set(&["exporters", name, "mode"], "multi-target");
    }
    for (key, value) in exporter {
        reading.draft.set(&[path[0], path[1], &key], value);
    }
}
