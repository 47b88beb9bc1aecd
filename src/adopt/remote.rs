//! Several Prometheus servers, storages elsewhere, and logs.

use serde_json::{Value as Json, json};

use super::reading::{Reading, free_name, name_of, secret_json, variable_name};
use crate::document::Node;
use crate::facts::prometheus::host_and_port;
use crate::facts::text::placeholder;

/// Shards, storages and logs.
pub(super) fn adopt(reading: &mut Reading<'_>) {
    let Some(server) = reading.server else { return };
    let modulus = server
        .jobs
        .iter()
        .flat_map(|job| &job.relabelings)
        .filter(|step| {
            step.get("action")
                .is_some_and(|it| it.scalar_text() == "hashmod")
        })
        .find_map(|step| step.get("modulus")?.scalar_text().parse::<u64>().ok());
    if let Some(shards) = modulus.filter(|shards| (2..=64).contains(shards)) {
        reading.draft.set(&["sharding", "shards"], shards);
    }
    let document = reading.facts.setup.document(server.document);
    let storages = document
        .root
        .get("remote_write")
        .map_or(&[][..], |node| node.items());
    for node in storages {
        storage(reading, node, document.place(node.span));
    }
    if let Some(entry) = document.root.entry("remote_read") {
        reading.remains(
            document.place(entry.key.span),
            "`remote_read`",
            "Grafana asks a storage of the profile itself (`query_url`)",
        );
    }
    logs(reading);
}

fn storage(reading: &mut Reading<'_>, node: &Node, place: crate::setup::Place) {
    let url = node.get("url").map_or("", |node| node.scalar_text());
    if placeholder(url).is_some() || !url.starts_with("http") {
        let what = placeholder(url).unwrap_or(url).to_owned();
        reading.remains(
            place,
            format!("remote storage `{what}`"),
            "its address is filled in by something else",
        );
        return;
    }
    let host = host_and_port(url).map_or("storage", |(host, _)| host);
    let written = node.get("name").and_then(|node| node.as_str());
    let name = written
        .or_else(|| host.split('.').next())
        .and_then(|name| name_of(name, 63));
    let name = name.unwrap_or_else(|| "storage".into());
    let taken = reading.draft.names(&["remote_write"]);
    let name = free_name(&name, |name| taken.iter().any(|taken| taken == name));
    let mut block = json!({"url": url});
    if let Some(query) = query_url(reading) {
        block["query_url"] = json!(query);
    }
    if let Some(auth) = node.get("basic_auth") {
        let username = auth.get("username").map_or("", |node| node.scalar_text());
        let file = auth
            .get("password_file")
            .map_or("", |node| node.scalar_text());
        let variable = format!("{}_PASSWORD", variable_name(&name));
        let password = secret(
            reading,
            file,
            auth.get("password").is_some(),
            place,
            &variable,
        );
        block["basic_auth"] = json!({"username": username, "password": password});
    }
    let bearer = node.get("authorization");
    if let Some(bearer) = bearer {
        let file = bearer
            .get("credentials_file")
            .map_or("", |node| node.scalar_text());
        let variable = format!("{}_TOKEN", variable_name(&name));
        let is_plain = bearer.get("credentials").is_some();
        block["bearer_token"] = secret(reading, file, is_plain, place, &variable);
    }
    if let Some(headers) = node.get("headers") {
        let headers: serde_json::Map<String, Json> = headers
            .entries()
            .iter()
            .map(|entry| (entry.key.text.to_string(), json!(entry.value.scalar_text())))
            .collect();
        block["headers"] = Json::Object(headers);
    }
    let mut queue = serde_json::Map::new();
    for (key, usual) in [
        ("max_shards", 50),
        ("max_samples_per_send", 2000),
        ("capacity", 10_000),
    ] {
        let found = node.get("queue_config").and_then(|queue| queue.get(key));
        let found = found.and_then(|node| node.scalar_text().parse::<u64>().ok());
        if let Some(found) = found.filter(|found| *found != usual) {
            queue.insert(key.into(), json!(found));
        }
    }
    if !queue.is_empty() {
        block["queue"] = Json::Object(queue);
    }
    for key in [
        "write_relabel_configs",
        "sigv4",
        "azuread",
        "oauth2",
        "tls_config",
    ] {
        if node.get(key).is_some() {
            reading.remains(
                place,
                format!("`{key}` of the remote storage `{name}`"),
                "a storage of a profile has an address, credentials, headers and a queue",
            );
        }
    }
    reading.draft.set(&["remote_write", &name], block);
}

fn secret(
    reading: &mut Reading<'_>,
    file: &str,
    is_plain: bool,
    place: crate::setup::Place,
    variable: &str,
) -> Json {
    if let Some(secret) = reading.secret_file(file) {
        return secret_json(&secret);
    }
    if is_plain {
        reading.remains(
            place,
            "credentials of a remote storage",
            format!(
                "a profile holds no secret: put them into the environment variable `{variable}`"
            ),
        );
    }
    json!({"env": variable})
}

/// Where Grafana asks, where that is no Prometheus of the setup.
fn query_url(reading: &Reading<'_>) -> Option<String> {
    let mut datasources = reading.facts.datasources.iter();
    let asked = datasources.find(|it| it.kind.as_str() == "prometheus")?;
    let url = asked.url.as_ref()?.value()?.as_str();
    let (host, _) = host_and_port(url)?;
    let is_here = reading.service_at(host).is_some() || matches!(host, "localhost" | "prometheus");
    (!is_here).then(|| url.to_owned())
}

/// A Loki that runs elsewhere, with the streams that panels of the setup ask for.
fn logs(reading: &mut Reading<'_>) {
    let facts = reading.facts;
    let Some(loki) = facts
        .datasources
        .iter()
        .find(|it| it.kind.as_str() == "loki")
    else {
        return;
    };
    let Some(url) = loki.url.as_ref().and_then(|url| url.value()) else {
        return;
    };
    let panels = facts.dashboards.iter().flat_map(|it| &it.panels);
    let queries = panels.flat_map(|panel| &panel.queries);
    let selector = queries
        .filter(|query| query.datasource_kind.as_deref() == Some("loki"))
        .filter_map(|query| Some(query.text.as_ref()?.as_str()))
        .filter_map(|text| text.get(..=text.find('}')?))
        .find(|selector| {
            selector.starts_with('{') && selector.contains("redis") && !selector.contains("$")
        });
    let host = host_and_port(url.as_str()).map_or("", |(host, _)| host);
    let runs_here = reading.service_at(host).is_some_and(|it| it.runs("loki"));
    if let Some(selector) = selector
        && !runs_here
        && url.as_str().starts_with("http")
    {
        reading.draft.set(&["logs", "url"], url.as_str());
        reading.draft.set(&["logs", "selector"], selector);
    }
}
