//! What is expected of keys, and the applications that use them.

use serde_json::{Map, Value as Json, json};

use super::jobs::Role;
use super::reading::{Reading, known, name_of, referenced_variable};
use crate::facts::compose::ComposeService;
use crate::facts::prometheus::{ScrapeJob, host_and_port};
use crate::facts::text::Known;
use crate::model::consumer::key_pattern;
use crate::profile::Address;
use crate::quantity::Duration;

/// What a consumer is told, and the usual name of the variable that holds it.
const USUAL: [(&str, &str); 8] = [
    ("host", "REDIS_HOST"),
    ("port", "REDIS_PORT"),
    ("db", "REDIS_DB"),
    ("tls", "REDIS_SSL"),
    ("user", "REDIS_USERNAME"),
    ("password", "REDIS_PASSWORD"),
    ("key_prefix", "REDIS_KEY_PREFIX"),
    ("ttl_seconds", "REDIS_TTL_SECONDS"),
];

/// Consumers, and key policies of the exporters that scan keys.
pub(super) fn adopt<'a>(reading: &mut Reading<'a>, roles: &[(&'a ScrapeJob, Role)]) {
    consumers(reading);
    for (job, role) in roles {
        if let Role::Keys(address) = role {
            policies(reading, job, address);
        }
    }
}

/// The Compose files under `consumers/<target>/`, one for each application.
fn consumers(reading: &mut Reading<'_>) {
    let facts = reading.facts;
    for project in &facts.projects {
        let mut parts = project.directory.rsplit('/');
        let (Some(target), Some("consumers")) = (parts.next(), parts.next()) else {
            continue;
        };
        if reading.draft.get(&["targets", target]).is_none() {
            continue;
        }
        for service in project.services.values() {
            consumer(reading, target, service);
        }
    }
}

fn consumer(reading: &mut Reading<'_>, target: &str, service: &ComposeService) {
    let Some(name) = name_of(service.name.as_str(), 63) else {
        return;
    };
    let address = reading.draft.get(&["targets", target, "address"]);
    let Some(mut address) = address
        .and_then(Json::as_str)
        .and_then(|text| text.parse::<Address>().ok())
    else {
        return;
    };
    // In the order of the file, which is that of the profile.
    let node = service
        .layers
        .iter()
        .find_map(|layer| layer.node.get("environment"));
    let entries = node.map_or(&[][..], |node| node.entries());
    let mut names: Map<String, Json> = Map::new();
    let mut environment: Map<String, Json> = Map::new();
    let mut written = Map::new();
    for entry in entries {
        let variable = &*entry.key.text;
        let secret = match service.environment.get(variable) {
            Some(Some(Known::Placeholder(text))) => referenced_variable(text),
            _ => None,
        };
        let value = entry.value.scalar_text();
        match holds(variable, value, &address, secret.is_some()) {
            Some(key) if !names.contains_key(key) => {
                names.insert(key.into(), json!(variable));
                match key {
                    "db" => address.db = value.parse().ok(),
                    "key_prefix" => drop(written.insert("key_prefix".into(), json!(value))),
                    "ttl_seconds" => {
                        let ttl = value.parse().map(Duration::from_secs);
                        if let Ok(ttl) = ttl {
                            written.insert("ttl".into(), json!(ttl.to_string()));
                        }
                    }
                    "user" => drop(written.insert("user".into(), json!(value))),
                    "password" => {
                        let everybody = match address.own_user() {
                            Some(_) => reading
                                .draft
                                .get(&["targets", target, "server", "password"]),
                            None => reading.draft.get(&["targets", target, "password"]),
                        };
                        let everybody = everybody.cloned();
                        let own = json!({"env": secret.unwrap_or_default()});
                        if everybody.as_ref() != Some(&own) {
                            written.insert("password".into(), own);
                        }
                    }
                    _ => {}
                }
            }
            _ => drop(environment.insert(variable.to_owned(), json!(value))),
        }
    }
    let is_usual = names.iter().all(|(key, name)| {
        USUAL
            .iter()
            .any(|(usual, variable)| usual == key && name.as_str() == Some(variable))
    });
    if !(is_usual && names.contains_key("tls")) {
        written.insert("variables".into(), Json::Object(names));
    }
    if !environment.is_empty() {
        written.insert("environment".into(), Json::Object(environment));
    }
    let mut block = Map::new();
    if let Some(said) = described(reading, service) {
        block.insert("description".into(), json!(said));
    }
    block.extend(written);
    if let Some(db) = address.db.filter(|db| *db > 0) {
        let bare = reading.draft.get(&["targets", target, "address"]);
        let bare = bare.and_then(Json::as_str).unwrap_or_default().to_owned();
        let is_bare = bare.parse::<Address>().is_ok_and(|it| it.db.is_none());
        if is_bare {
            reading
                .draft
                .set(&["targets", target, "address"], format!("{bare}/{db}"));
        }
    }
    reading.draft.set(
        &["targets", target, "consumers", &name],
        Json::Object(block),
    );
}

/// What a variable holds, by its name and its value.
fn holds(variable: &str, value: &str, address: &Address, is_secret: bool) -> Option<&'static str> {
    let ends = |endings: &[&str]| endings.iter().any(|ending| variable.ends_with(ending));
    let is_list = value.contains(':') && !value.contains("://");
    if is_secret {
        return ends(&["PASSWORD", "PASS"]).then_some("password");
    }
    if value.contains("://") && ends(&["URL", "URI"]) {
        Some("url")
    } else if value == address.host && ends(&["HOST"]) {
        Some("host")
    } else if value == address.port_or(6379).to_string() && ends(&["PORT"]) {
        Some("port")
    } else if value.parse::<u16>().is_ok() && ends(&["DB", "DATABASE"]) {
        Some("db")
    } else if matches!(value, "true" | "false") && ends(&["SSL", "TLS"]) {
        Some("tls")
    } else if ends(&["KEY_PREFIX"]) {
        Some("key_prefix")
    } else if value.parse::<u64>().is_ok() && ends(&["TTL_SECONDS"]) {
        Some("ttl_seconds")
    } else if ends(&["REDIS_USERNAME", "REDIS_USER"]) {
        Some("user")
    } else if is_list && ends(&["SENTINELS"]) {
        Some("sentinels")
    } else if is_list && ends(&["NODES"]) {
        Some("nodes")
    } else {
        None
    }
}

/// The sentence about an application at the top of its file.
fn described(reading: &Reading<'_>, service: &ComposeService) -> Option<String> {
    let document = reading.facts.setup.document(service.name.place.document);
    let mut lines = document.text.text().lines();
    let second = lines.nth(1)?.strip_prefix("# ")?;
    (!second.starts_with("Generated by")).then(|| second.to_owned())
}

/// What an exporter that scans keys looks for.
fn policies(reading: &mut Reading<'_>, job: &ScrapeJob, address: &str) {
    let host = host_and_port(address).map_or(address, |(host, _)| host);
    let Some(service) = reading.service_at(host) else {
        return;
    };
    let label = job
        .targets
        .iter()
        .flat_map(|target| &target.labels)
        .find(|(key, _)| key.as_str() == "redis")
        .map(|(_, value)| value.value.to_string());
    let by_relabelling = job.relabelings.iter().find_map(|step| {
        let is_it = step.get("target_label")?.scalar_text() == "redis";
        is_it.then(|| {
            step.get("replacement")
                .map_or("", |it| it.scalar_text())
                .to_owned()
        })
    });
    let by_address = || {
        let first = job.targets.first()?;
        let wanted = known(&first.address)?.to_owned();
        reading.draft.names(&["targets"]).into_iter().find(|name| {
            let address = reading.draft.get(&["targets", name, "address"]);
            address.and_then(Json::as_str) == Some(&wanted)
        })
    };
    let Some(target) = label.or(by_relabelling).or_else(by_address) else {
        return;
    };
    if reading.draft.get(&["targets", &target]).is_none() {
        return;
    }
    let script = service.flag("script").and_then(|path| {
        let resolved = service
            .container
            .resolve(reading.facts.setup.listing(), path.as_str());
        match resolved {
            crate::facts::container::Resolved::Setup(file) => Some(file),
            _ => None,
        }
    });
    let script = script
        .and_then(|file| (reading.prose)(&file))
        .unwrap_or_default();
    let flag = |name: &str| {
        service
            .flag(name)
            .map_or(String::new(), |text| text.value.to_string())
    };
    let counted = arguments(&flag("count-keys"));
    let by_key: Vec<String> = ["check-keys", "check-single-keys"]
        .iter()
        .flat_map(|name| arguments(&flag(name)))
        .map(|(_, pattern)| pattern)
        .collect();
    let consumers = reading.draft.get(&["targets", &target, "consumers"]);
    let of_consumers: Vec<String> = consumers
        .and_then(Json::as_object)
        .into_iter()
        .flat_map(Map::values)
        .filter_map(|consumer| key_pattern(consumer.get("key_prefix")?.as_str()?))
        .collect();
    for (_, pattern) in &counted {
        if of_consumers.contains(pattern) {
            continue;
        }
        let mut policy = Map::new();
        let line = script
            .lines()
            .find(|line| line.contains(&format!("pattern = \"{pattern}\"")));
        let number = |key: &str| -> Option<u64> {
            let (_, rest) = line?.split_once(&format!("{key} = "))?;
            let end = rest
                .find(|char: char| !char.is_ascii_digit())
                .unwrap_or(rest.len());
            rest.get(..end)?.parse().ok()
        };
        let (said, is_durable) = shown(reading, pattern).unwrap_or_default();
        if let Some(millis) = number("ttl_ms") {
            policy.insert(
                "ttl".into(),
                json!(Duration::from_millis(millis).to_string()),
            );
        }
        if let Some(length) = number("max_length") {
            policy.insert("max_length".into(), json!(length));
        }
        if is_durable {
            policy.insert("durable".into(), json!(true));
        }
        if by_key.contains(pattern) {
            policy.insert("by_key".into(), json!(true));
        }
        if !said.is_empty() {
            policy.insert("description".into(), json!(said));
        }
        reading.draft.set(
            &["targets", &target, "key_policies", pattern],
            Json::Object(policy),
        );
    }
    let scan = |key: &'static str| ["targets", target.as_str(), "key_scan", key];
    if job.scrape_interval != Duration::from_secs(120) {
        reading
            .draft
            .set(&scan("interval"), job.scrape_interval.to_string());
    }
    let timeout = job
        .node
        .get("scrape_timeout")
        .and_then(|node| node.scalar_text().parse::<Duration>().ok());
    let usual = Duration::from_secs(60).min(job.scrape_interval);
    if let Some(timeout) = timeout.filter(|timeout| *timeout != usual) {
        reading.draft.set(&scan("timeout"), timeout.to_string());
    }
    let sample = script.lines().find_map(|line| {
        line.trim()
            .strip_prefix("local sample = ")?
            .parse::<u32>()
            .ok()
    });
    if let Some(sample) = sample.filter(|sample| *sample != 5000) {
        reading.draft.set(&scan("sample"), sample);
    }
    if service.flag("script").is_none() && !service.has_flag("check-key-groups") {
        reading.draft.set(&scan("lua"), false);
    }
}

/// `db0=user:*,db1=x%20y` as databases and patterns.
fn arguments(text: &str) -> Vec<(String, String)> {
    text.split(',')
        .filter_map(|argument| {
            let (database, pattern) = argument.split_once('=')?;
            Some((database.to_owned(), decoded(pattern)))
        })
        .collect()
}

/// `%20` and the like as what they stand for.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let digits = tail
            .get(..2)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What a panel that is called after a pattern says of it: the sentence about its keys, and whether they must stay.
fn shown(reading: &Reading<'_>, pattern: &str) -> Option<(String, bool)> {
    let mut panels = reading.facts.dashboards.iter().flat_map(|it| &it.panels);
    let panel = panels.find(|panel| panel.title.as_str() == pattern)?;
    let text = panel.node.get("description")?.as_str()?;
    let ends = ["They live", "They have", "They must", "What breaks"];
    let end = ends
        .iter()
        .filter_map(|end| text.find(end))
        .min()
        .unwrap_or(text.len());
    let said = text.get(..end)?.trim().trim_end_matches('.');
    Some((said.to_owned(), text.contains("must not be evicted")))
}
