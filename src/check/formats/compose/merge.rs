//! How Compose lays one file over another.

use std::collections::{HashMap, HashSet};

use arcstr::ArcStr;

use super::mount::Mount;
use super::project::{Project, entry, is_at, is_open, kind, text_at, with};
use crate::check::formats::block::head_of;
use crate::document::{Entry, Node, Value};
use crate::source::Span;

/// How two values at one place become one, where the later does not simply go on with the earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// The later replaces the earlier.
    Replace,
    /// Both become lists of `key=value`, one after the other.
    Lists,
    /// The same, without what the earlier says already.
    Distinct,
    /// Both become mappings from names.
    Names,
    /// The same, of services to wait for.
    Dependencies,
    /// A text is the `context` of a mapping.
    Build,
    /// Options stay only where the driver does.
    Logging,
}

const RULES: [(&str, Rule); 27] = [
    ("networks.*.labels", Rule::Lists),
    ("volumes.*.labels", Rule::Lists),
    ("services.*.annotations", Rule::Lists),
    ("services.*.build", Rule::Build),
    ("services.*.build.args", Rule::Lists),
    ("services.*.build.additional_contexts", Rule::Lists),
    ("services.*.build.extra_hosts", Rule::Distinct),
    ("services.*.build.labels", Rule::Lists),
    ("services.*.command", Rule::Replace),
    ("services.*.depends_on", Rule::Dependencies),
    ("services.*.deploy.labels", Rule::Lists),
    ("services.*.dns", Rule::Lists),
    ("services.*.dns_opt", Rule::Lists),
    ("services.*.dns_search", Rule::Lists),
    ("services.*.entrypoint", Rule::Replace),
    ("services.*.env_file", Rule::Lists),
    ("services.*.label_file", Rule::Lists),
    ("services.*.environment", Rule::Lists),
    ("services.*.extra_hosts", Rule::Distinct),
    ("services.*.healthcheck.test", Rule::Replace),
    ("services.*.labels", Rule::Lists),
    ("services.*.logging", Rule::Logging),
    ("services.*.models", Rule::Names),
    ("services.*.networks", Rule::Names),
    ("services.*.sysctls", Rule::Lists),
    ("services.*.tmpfs", Rule::Lists),
    ("services.*.ulimits.*", Rule::Replace),
];

/// Lists in which an entry replaces an earlier one of the same key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Identity {
    /// What stands before `=`.
    Key,
    /// Where it is mounted.
    Target,
    /// A device's path in the container.
    Device,
    /// The path of a file.
    Path,
    /// All of it, and the port of the container must be there.
    Port,
    /// All of it.
    Whole,
}

const UNIQUE: [(&str, Identity); 29] = [
    ("networks.*.labels", Identity::Key),
    ("networks.*.ipam.options", Identity::Key),
    ("services.*.annotations", Identity::Key),
    ("services.*.build.args", Identity::Key),
    ("services.*.build.additional_contexts", Identity::Key),
    ("services.*.build.tags", Identity::Key),
    ("services.*.build.labels", Identity::Key),
    ("services.*.cap_add", Identity::Key),
    ("services.*.cap_drop", Identity::Key),
    ("services.*.configs", Identity::Target),
    ("services.*.deploy.labels", Identity::Key),
    ("services.*.devices", Identity::Device),
    ("services.*.dns", Identity::Key),
    ("services.*.dns_opt", Identity::Key),
    ("services.*.dns_search", Identity::Key),
    ("services.*.environment", Identity::Key),
    ("services.*.env_file", Identity::Path),
    ("services.*.expose", Identity::Whole),
    ("services.*.labels", Identity::Key),
    ("services.*.links", Identity::Key),
    ("services.*.networks.*.aliases", Identity::Key),
    ("services.*.networks.*.link_local_ips", Identity::Key),
    ("services.*.ports", Identity::Port),
    ("services.*.profiles", Identity::Key),
    ("services.*.secrets", Identity::Target),
    ("services.*.sysctls", Identity::Key),
    ("services.*.tmpfs", Identity::Key),
    ("services.*.volumes", Identity::Target),
    ("services.*.label_file", Identity::Whole),
];

/// Lays `over` over `base`. What cannot be combined is reported, and `over` stays.
pub(super) fn merge<'n>(
    project: &mut Project<'_>,
    base: &'n Node,
    over: &'n Node,
    place: &mut Vec<&'n str>,
) -> Node {
    let rule = RULES.iter().find(|(pattern, _)| is_at(place, pattern));
    if let Some((_, rule)) = rule {
        return match rule {
            Rule::Replace => over.clone(),
            Rule::Lists => {
                let mut items = as_list(base);
                items.extend(as_list(over));
                with(over, Value::Sequence(items.into()))
            }
            Rule::Distinct => {
                let mut items = as_list(base);
                let mut said: HashSet<ArcStr> =
                    items.iter().map(|item| ArcStr::clone(&item.text)).collect();
                let more = as_list(over).into_iter();
                items.extend(more.filter(|item| said.insert(ArcStr::clone(&item.text))));
                with(over, Value::Sequence(items.into()))
            }
            Rule::Names => lay_mapping(project, &names(base), &names(over), place),
            Rule::Dependencies => {
                lay_mapping(project, &dependencies(base), &dependencies(over), place)
            }
            Rule::Build => lay_mapping(project, &build(base), &build(over), place),
            Rule::Logging => {
                let driver = |node: &Node| node.get("driver").map(|node| ArcStr::clone(&node.text));
                match (driver(base), driver(over)) {
                    (Some(one), Some(other)) if one != other => over.clone(),
                    _ => lay_mapping(project, base, over, place),
                }
            }
        };
    }
    match (&base.value, &over.value) {
        (_, Value::Null) => base.clone(),
        (Value::Mapping(_), Value::Mapping(_)) => mapping(project, base, over, place),
        (Value::Sequence(one), Value::Sequence(other)) => with(
            over,
            Value::Sequence(one.iter().chain(other.iter()).cloned().collect()),
        ),
        (Value::Mapping(_) | Value::Sequence(_), _) if !is_open(over) => {
            let name = place.last().copied().unwrap_or_default();
            project
                .error(
                    "cannot-override",
                    over.span,
                    format!(
                        "`{name}` is {} here and {} in what it overrides",
                        kind(over),
                        kind(base)
                    ),
                )
                .help = Some("write both alike, or replace the other one with `!override`".into());
            project.relate("overridden", base.span);
            over.clone()
        }
        _ => over.clone(),
    }
}

/// The same for mappings that were made here, whose keys live no longer than they do.
fn lay_mapping(project: &mut Project<'_>, base: &Node, over: &Node, place: &[&str]) -> Node {
    let mut place = place.to_vec();
    mapping(project, base, over, &mut place)
}

fn mapping<'n>(
    project: &mut Project<'_>,
    base: &'n Node,
    over: &'n Node,
    place: &mut Vec<&'n str>,
) -> Node {
    let mut entries: Vec<Entry> = base.entries().to_vec();
    let places: HashMap<&str, usize> = base
        .entries()
        .iter()
        .enumerate()
        .map(|(index, entry)| (&*entry.key.text, index))
        .collect();
    for later in over.entries() {
        match places.get(&*later.key.text) {
            None => entries.push(later.clone()),
            Some(&index) => {
                place.push(&later.key.text);
                let value = merge(project, &base.entries()[index].value, &later.value, place);
                place.pop();
                entries[index] = Entry {
                    value,
                    ..later.clone()
                };
            }
        }
    }
    with(over, Value::Mapping(entries.into()))
}

/// `key=value` for a mapping; a text is a list of one.
fn as_list(node: &Node) -> Vec<Node> {
    match &node.value {
        Value::Sequence(items) => items.to_vec(),
        Value::Mapping(entries) => entries
            .iter()
            .flat_map(|entry| {
                let name = &entry.key.text;
                match &entry.value.value {
                    Value::Null => vec![text_at(&entry.value, name)],
                    Value::Sequence(items) => items
                        .iter()
                        .map(|item| text_at(item, &format!("{name}={}", item.text)))
                        .collect(),
                    _ => vec![text_at(
                        &entry.value,
                        &format!("{name}={}", entry.value.text),
                    )],
                }
            })
            .collect(),
        Value::Null => Vec::new(),
        _ => vec![node.clone()],
    }
}

/// A mapping from the names of a list.
fn names(node: &Node) -> Node {
    let Value::Sequence(items) = &node.value else {
        return node.clone();
    };
    let entries = items
        .iter()
        .map(|item| {
            let nothing = Node {
                value: Value::Null,
                ..item.clone()
            };
            entry(&item.text, item.span, nothing)
        })
        .collect();
    with(node, Value::Mapping(entries))
}

/// A build with its context as a mapping.
fn build(node: &Node) -> Node {
    match &node.value {
        Value::String(_) => with(
            node,
            Value::Mapping([entry("context", node.span, node.clone())].into()),
        ),
        _ => node.clone(),
    }
}

/// Services in the form that the next file is laid over: networks and dependencies by name, `build` as a mapping.
pub(super) fn canonical(model: &Node) -> Node {
    let Some(services) = model.get("services") else {
        return model.clone();
    };
    let services = map_values(services, |_, service| {
        map_values(service, |name, value| match name {
            "networks" | "models" => names(value),
            "depends_on" => dependencies(value),
            "build" => build(value),
            _ => value.clone(),
        })
    });
    map_values(model, |name, value| match name {
        "services" => services.clone(),
        _ => value.clone(),
    })
}

/// A mapping from the names of services to wait for.
fn dependencies(node: &Node) -> Node {
    let is_list = matches!(node.value, Value::Sequence(_));
    map_values(&names(node), |_, dependency| match is_list {
        true => started(dependency),
        false => dependency.clone(),
    })
}

/// What a mere name of a dependency means.
fn started(dependency: &Node) -> Node {
    let condition = text_at(dependency, "service_started");
    with(
        dependency,
        Value::Mapping([entry("condition", dependency.span, condition)].into()),
    )
}

pub(super) fn map_values(node: &Node, change: impl Fn(&str, &Node) -> Node) -> Node {
    let Value::Mapping(entries) = &node.value else {
        return node.clone();
    };
    let entries = entries
        .iter()
        .map(|entry| Entry {
            value: change(&entry.key.text, &entry.value),
            ..entry.clone()
        })
        .collect();
    with(node, Value::Mapping(entries))
}

/// `model` without entries of lists that a later one replaces.
pub(super) fn unique(project: &mut Project<'_>, model: &Node) -> Node {
    unique_at(project, model, &mut Vec::new())
}

fn unique_at<'n>(project: &mut Project<'_>, node: &'n Node, place: &mut Vec<&'n str>) -> Node {
    match &node.value {
        Value::Mapping(entries) => {
            let entries = entries
                .iter()
                .map(|entry| {
                    place.push(&entry.key.text);
                    let value = unique_at(project, &entry.value, place);
                    place.pop();
                    Entry {
                        value,
                        ..entry.clone()
                    }
                })
                .collect();
            with(node, Value::Mapping(entries))
        }
        Value::Sequence(items) => {
            let rule = UNIQUE.iter().find(|(pattern, _)| is_at(place, pattern));
            let Some((_, identity)) = rule else {
                return node.clone();
            };
            let name = place.last().copied().unwrap_or_default();
            let mut kept: Vec<Node> = Vec::new();
            let mut places: HashMap<String, usize> = HashMap::new();
            for item in items.iter() {
                let key = match key_of(item, *identity) {
                    _ if is_open(item) => None,
                    Ok(key) => Some(key),
                    Err(problem) => {
                        let (span, message) = problem.told(name);
                        project.error("missing-field", span, message).help =
                            Some(format!("give `{}`", problem.key));
                        None
                    }
                };
                match key.as_ref().and_then(|key| places.get(key)) {
                    Some(&index) => kept[index] = item.clone(),
                    None => {
                        if let Some(key) = key {
                            places.insert(key, kept.len());
                        }
                        kept.push(item.clone());
                    }
                }
            }
            with(node, Value::Sequence(kept.into()))
        }
        _ => node.clone(),
    }
}

/// A mapping without the key that tells it from others.
struct NoKey {
    span: Span,
    key: &'static str,
}

impl NoKey {
    fn told(&self, list: &str) -> (Span, String) {
        (
            self.span,
            format!("`{}` of an entry of `{list}` is missing", self.key),
        )
    }
}

fn key_of(item: &Node, identity: Identity) -> Result<String, NoKey> {
    let text = &*item.text;
    let named = |key: &'static str| {
        item.get(key)
            .map(|value| value.text.to_string())
            .ok_or(NoKey {
                span: head_of(item),
                key,
            })
    };
    let is_mapping = matches!(item.value, Value::Mapping(_));
    Ok(match identity {
        Identity::Key if !is_mapping => text.split('=').next().unwrap_or_default().to_owned(),
        Identity::Target if is_mapping => match item.get("target") {
            Some(target) => target.text.to_string(),
            // Secrets and configs have a place of their own.
            None if item.get("type").is_none() && item.get("source").is_some() => {
                format!("/{}", item.get("source").map_or("", |node| &node.text))
            }
            None => return named("target"),
        },
        Identity::Target => match Mount::parse(text) {
            Ok(mount) if mount.source.is_some() || text.starts_with('/') => mount.target.to_owned(),
            _ => format!("/{text}"),
        },
        Identity::Device if is_mapping => return named("target"),
        Identity::Device => text.split(':').nth(1).unwrap_or(text).to_owned(),
        Identity::Path if is_mapping => return named("path"),
        Identity::Port if is_mapping && item.get("target").is_none() => return named("target"),
        _ if is_mapping => item.to_json().to_string(),
        _ => text.to_owned(),
    })
}
