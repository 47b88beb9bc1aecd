//! How a setup is run: images, ports, volumes, networks.

use serde_json::{Value as Json, json};

use super::jobs::Role;
use super::reading::Reading;
use super::servers;
use crate::catalogue::{Tool, Version};
use crate::facts::compose::{ComposeService, PublishedPort};
use crate::facts::prometheus::{ScrapeJob, host_and_port};
use crate::facts::text::Text;
use crate::profile::Address;
use crate::quantity::Duration;

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
    servers::adopt(reading);
    shared(reading);
    prometheus(reading);
    neighbours(reading);
    others(reading);
}

/// A setup without a Compose file is run by something else, and so are the exporters that it asks.
fn run_elsewhere(reading: &mut Reading<'_>) {
    if reading.server.is_some() || !reading.facts.lone_jobs.is_empty() {
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
pub(super) fn version_of(tag: &str, tool: &Tool) -> Option<String> {
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
pub(super) fn volume(reading: &mut Reading<'_>, service: &ComposeService, name: &str, usual: &str) {
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
fn others(reading: &mut Reading<'_>) {
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
