//! What a Compose file says, as far as the checks need it.

use std::borrow::Cow;

use indexmap::IndexMap;

use super::inspection::{Document, Inspection};
use crate::bundle::Kind;
use crate::catalogue::Version;
use crate::document::{Node, Value};
use crate::source::Span;

/// Something that is named, and where.
#[derive(Debug, Clone, Copy)]
pub(super) struct Named<'i> {
    pub(super) name: &'i str,
    pub(super) span: Span,
}

/// A file, directory or volume that a container sees.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mount<'i> {
    pub(super) source: &'i str,
    /// Path in the container, without a `/` at its end.
    pub(super) target: &'i str,
    pub(super) span: Span,
}

impl<'i> Mount<'i> {
    /// The source as a path inside the bundle; `None` for a volume or a path elsewhere. Empty is the bundle itself.
    pub(super) fn in_bundle(&self) -> Option<&'i str> {
        match self.source {
            "." => Some(""),
            source => source
                .strip_prefix("./")
                .map(|path| path.trim_end_matches('/')),
        }
    }
}

/// A port of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HostPort {
    /// Address that it is bound to; `None` for all.
    pub(super) address: Option<String>,
    pub(super) port: u16,
    pub(super) protocol: String,
    pub(super) span: Span,
}

/// Another service that has to run first.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dependency<'i> {
    pub(super) service: Named<'i>,
    pub(super) is_required: bool,
}

/// An environment variable of a container; `None` where the value is taken from whoever starts Compose.
#[derive(Debug, Clone, Copy)]
pub(super) struct EnvironmentVariable<'i> {
    pub(super) name: &'i str,
    pub(super) value: Option<&'i str>,
    pub(super) span: Span,
}

/// One service.
#[derive(Debug)]
pub(super) struct Service<'i> {
    pub(super) name: &'i str,
    pub(super) image: Option<&'i str>,
    pub(super) networks: Vec<Named<'i>>,
    /// Whether it lives in no network of Compose: `network_mode`.
    pub(super) has_network_mode: bool,
    /// Other names under which it is found.
    aliases: Vec<&'i str>,
    /// Names that it knows by itself: `extra_hosts`.
    pub(super) extra_hosts: Vec<&'i str>,
    pub(super) mounts: Vec<Mount<'i>>,
    pub(super) ports: Vec<HostPort>,
    /// Entry point and command.
    pub(super) words: Vec<Named<'i>>,
    pub(super) environment: Vec<EnvironmentVariable<'i>>,
    /// Paths of its secrets in the container.
    pub(super) secrets: Vec<String>,
    pub(super) profiles: Vec<&'i str>,
    pub(super) depends_on: Vec<Dependency<'i>>,
}

/// `compose.yaml`.
#[derive(Debug)]
pub(super) struct ComposeFile<'i> {
    pub(super) document: &'i Document<'i>,
    pub(super) services: IndexMap<&'i str, Service<'i>>,
}

impl<'i> ComposeFile<'i> {
    /// The Compose file of the bundle, if there is one.
    pub(super) fn of(inspection: &'i Inspection<'_>) -> Option<Self> {
        let document = inspection.of_kind(Kind::Compose).next()?;
        let services = document.tree.get("services").map(|node| node.entries());
        Some(Self {
            document,
            services: services
                .unwrap_or_default()
                .iter()
                .map(|entry| (&*entry.key.text, service(&entry.key.text, &entry.value)))
                .collect(),
        })
    }

    /// Entries under a top-level key.
    pub(super) fn entries(&self, key: &str) -> impl Iterator<Item = (Named<'i>, &'i Node)> {
        let entries = self.document.tree.get(key).map(|node| node.entries());
        entries.unwrap_or_default().iter().map(|entry| {
            let named = Named {
                name: &entry.key.text,
                span: entry.key.span,
            };
            (named, &entry.value)
        })
    }

    /// The service that is found under `host`.
    pub(super) fn service_at(&self, host: &str) -> Option<&Service<'i>> {
        self.services.get(host).or_else(|| {
            self.services
                .values()
                .find(|service| service.aliases.contains(&host))
        })
    }

    /// The version of `program`, where the tag of an image tells it.
    pub(super) fn version(&self, program: &str) -> Option<Version> {
        let image = self.service_of(program)?.image?;
        let name = image.split('@').next()?;
        Version::from_tag(name.rsplit_once(':')?.1)
    }

    /// What `--enable-feature` of Prometheus lists; `None` where it is not known which Prometheus runs.
    pub(super) fn prometheus_features(&self) -> Option<Vec<String>> {
        let features = self.service_of("prometheus")?.flag("enable-feature");
        let features = features.map_or("", |flag| flag.name).split(',');
        Some(features.map(str::to_owned).collect())
    }

    fn service_of(&self, program: &str) -> Option<&Service<'i>> {
        let mut services = self.services.values();
        services.find(|service| service.program() == Some(program))
    }

    /// The service that runs Grafana.
    pub(super) fn grafana(&self) -> Option<&Service<'i>> {
        self.services.values().find(|service| {
            matches!(
                service.program(),
                Some("grafana" | "grafana-oss" | "grafana-enterprise")
            )
        })
    }

    /// Whether `service` joins a network of somebody else.
    pub(super) fn joins_external_network(&self, service: &Service<'_>) -> bool {
        let networks = self.document.tree.get("networks");
        service.networks.iter().any(|network| {
            networks
                .and_then(|networks| networks.get(network.name)?.get("external"))
                .is_some_and(|external| external.value != Value::Bool(false))
        })
    }
}

impl<'i> Service<'i> {
    /// Last part of its image's name, without tag: `prometheus` of `prom/prometheus:v3.5.3`.
    pub(super) fn program(&self) -> Option<&'i str> {
        let name = self.image?.rsplit('/').next()?;
        name.split([':', '@']).next()
    }

    /// The value of the flag `--name=value` or `--name value`.
    pub(super) fn flag(&self, name: &str) -> Option<Named<'i>> {
        self.words.iter().enumerate().find_map(|(index, word)| {
            let rest = word
                .name
                .strip_prefix("--")
                .or_else(|| word.name.strip_prefix('-'))?
                .strip_prefix(name)?;
            match rest.strip_prefix('=') {
                Some(value) => Some(Named {
                    name: value,
                    span: word.span,
                }),
                None if rest.is_empty() => self.words.get(index + 1).copied(),
                None => None,
            }
        })
    }

    /// The value of an environment variable.
    pub(super) fn variable(&self, name: &str) -> Option<&'i str> {
        self.environment
            .iter()
            .find(|variable| variable.name == name)?
            .value
    }

    /// Whether both are in one network.
    pub(super) fn meets(&self, other: &Service<'_>) -> bool {
        self.has_network_mode
            || other.has_network_mode
            || self.networks.iter().any(|network| {
                other
                    .networks
                    .iter()
                    .any(|candidate| candidate.name == network.name)
            })
    }
}

fn texts<'i>(node: Option<&'i Node>) -> Vec<Named<'i>> {
    node.into_iter()
        .flat_map(|node| node.items())
        .filter_map(|item| {
            Some(Named {
                name: item.as_str()?,
                span: item.span,
            })
        })
        .collect()
}

/// A list of names, or a mapping with names as keys.
fn names<'i>(node: Option<&'i Node>) -> Vec<Named<'i>> {
    let keys = node.into_iter().flat_map(|node| node.entries());
    let keys = keys.map(|entry| Named {
        name: &entry.key.text,
        span: entry.key.span,
    });
    texts(node).into_iter().chain(keys).collect()
}

fn service<'i>(name: &'i str, node: &'i Node) -> Service<'i> {
    let text = |key: &str| node.get(key).and_then(|value| value.as_str());
    let mut networks = names(node.get("networks"));
    if networks.is_empty() {
        networks.push(Named {
            name: "default",
            span: node.span,
        });
    }
    let aliases = node
        .get("networks")
        .into_iter()
        .flat_map(|networks| networks.entries())
        .flat_map(|entry| texts(entry.value.get("aliases")))
        .map(|alias| alias.name)
        .chain(text("container_name"))
        .chain(text("hostname"))
        .collect();
    let extra_hosts = names(node.get("extra_hosts"))
        .into_iter()
        .filter_map(|host| host.name.split([':', '=']).next())
        .collect();
    Service {
        name,
        image: text("image"),
        networks,
        has_network_mode: node.get("network_mode").is_some(),
        aliases,
        extra_hosts,
        mounts: mounts(node.get("volumes")),
        ports: ports(node.get("ports")),
        words: ["entrypoint", "command"]
            .into_iter()
            .flat_map(|key| words(node.get(key)))
            .collect(),
        environment: environment(node.get("environment")),
        secrets: secrets(node.get("secrets")),
        profiles: texts(node.get("profiles"))
            .into_iter()
            .map(|profile| profile.name)
            .collect(),
        depends_on: dependencies(node.get("depends_on")),
    }
}

/// A command as a list, or as a line: what is quoted in a line is not looked into.
fn words<'i>(node: Option<&'i Node>) -> Vec<Named<'i>> {
    let Some(node) = node else { return Vec::new() };
    let Some(line) = node.as_str() else {
        return texts(Some(node));
    };
    line.split_whitespace()
        .map(|name| Named {
            name,
            span: node.span,
        })
        .collect()
}

fn mounts<'i>(node: Option<&'i Node>) -> Vec<Mount<'i>> {
    let items = node.into_iter().flat_map(|node| node.items());
    items
        .filter_map(|item| {
            let (source, target) = match item.as_str() {
                Some(short) => {
                    // `${NAME:-default}` has a colon of its own.
                    let (source, rest) = split_outside_braces(short)?;
                    (source, split_outside_braces(rest).map_or(rest, |(t, _)| t))
                }
                None => (item.get("source")?.as_str()?, item.get("target")?.as_str()?),
            };
            Some(Mount {
                source,
                target: target.trim_end_matches('/'),
                span: item.span,
            })
        })
        .collect()
}

fn split_outside_braces(text: &str) -> Option<(&str, &str)> {
    let mut depth = 0_u32;
    let colon = text.char_indices().find_map(|(at, char)| {
        match char {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ':' if depth == 0 => return Some(at),
            _ => {}
        }
        None
    })?;
    Some((&text[..colon], &text[colon + 1..]))
}

fn environment<'i>(node: Option<&'i Node>) -> Vec<EnvironmentVariable<'i>> {
    let Some(node) = node else { return Vec::new() };
    let listed = texts(Some(node)).into_iter().map(|line| {
        let (name, value) = match line.name.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (line.name, None),
        };
        EnvironmentVariable {
            name,
            value,
            span: line.span,
        }
    });
    let mapped = node.entries().iter().map(|entry| EnvironmentVariable {
        name: &entry.key.text,
        value: match &entry.value.value {
            Value::String(text) => Some(text),
            Value::Null => None,
            // A number or a boolean: never looked at, but not taken from outside either.
            _ => Some(""),
        },
        span: entry.value.span,
    });
    listed.chain(mapped).collect()
}

fn secrets(node: Option<&Node>) -> Vec<String> {
    let items = node.into_iter().flat_map(|node| node.items());
    items
        .filter_map(|item| {
            let text = |key: &str| item.get(key).and_then(|value| value.as_str());
            let target = text("target").or(item.as_str()).or(text("source"))?;
            Some(if target.starts_with('/') {
                target.to_owned()
            } else {
                format!("/run/secrets/{target}")
            })
        })
        .collect()
}

fn dependencies<'i>(node: Option<&'i Node>) -> Vec<Dependency<'i>> {
    names(node)
        .into_iter()
        .map(|service| Dependency {
            service,
            is_required: node
                .and_then(|node| node.get(service.name)?.get("required"))
                .is_none_or(|required| required.value != Value::Bool(false)),
        })
        .collect()
}

fn ports(node: Option<&Node>) -> Vec<HostPort> {
    let items = node.into_iter().flat_map(|node| node.items());
    items
        .filter_map(|item| {
            let text = |key: &str| item.get(key).map(|value| scalar(value).into_owned());
            let (address, published, protocol) = if item.entries().is_empty() {
                let short = scalar(item);
                let (short, protocol) = match short.rsplit_once('/') {
                    Some((short, protocol)) => (short, Some(protocol.to_owned())),
                    None => (&*short, None),
                };
                let mut parts = short.rsplitn(3, ':').map(str::to_owned).skip(1);
                let published = parts.next();
                (parts.next(), published, protocol)
            } else {
                (text("host_ip"), text("published"), text("protocol"))
            };
            Some(HostPort {
                address: address.filter(|address| address != "0.0.0.0" && address != "[::]"),
                port: published?.parse().ok()?,
                protocol: protocol.unwrap_or_else(|| "tcp".to_owned()),
                span: item.span,
            })
        })
        .collect()
}

/// A scalar's text, with the default in place of `${NAME:-default}`.
fn scalar(node: &Node) -> Cow<'_, str> {
    match &node.value {
        Value::Number(number) => number.to_string().into(),
        Value::String(text) if text.contains("${") => with_defaults(text).into(),
        Value::String(text) => (&**text).into(),
        _ => "".into(),
    }
}

fn with_defaults(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        let (body, tail) = after.split_once('}').unwrap_or((after, ""));
        let default = body.split_once(":-").or_else(|| body.split_once('-'));
        out.push_str(default.map_or("", |(_, default)| default));
        rest = tail;
    }
    out.push_str(rest);
    out
}
