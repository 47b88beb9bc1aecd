//! What has to hold between the parts of a project. Only services whose profile is switched on are looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::environment;
use super::mount::Mount;
use super::project::{Project, given, is_open, known_text};
use super::values::{exclude, items};
use super::variable::Variable;
use super::words::bytes;
use crate::check::formats::words::nearest;
use crate::document::{Entry, Node, Value};
use crate::source::Span;

/// Somebody who is needed: their name, where it is said, and whether the service cannot do without them.
struct Need<'n> {
    name: &'n str,
    span: Span,
    is_required: bool,
}

/// Checks what is named against what is there.
pub(super) fn check(
    project: &mut Project<'_>,
    model: &Node,
    profiles: &[String],
    directory: &Path,
    lookup: &dyn Fn(&str) -> Variable,
) {
    let all: &[Entry] = model.get("services").map_or(&[], |node| node.entries());
    let enabled: Vec<&Entry> = all
        .iter()
        .filter(|service| is_enabled(&service.value, profiles))
        .collect();
    let check = References {
        model,
        all: all.iter().map(|service| &*service.key.text).collect(),
        enabled: enabled.iter().map(|service| &*service.key.text).collect(),
    };
    let mut container_names: BTreeMap<&str, Span> = BTreeMap::new();
    for service in &enabled {
        check.service(project, service);
        check_limits(project, service);
        environment::check(project, service, directory, lookup);
        if let Some(name) = service.value.get("container_name")
            && let Some(text) = known_text(name)
            && let Some(first) = container_names.insert(text, name.span)
            && project.at_least(2, 35)
        {
            let message = format!("another service has the container name `{text}` already");
            project.error("duplicate-name", name.span, message).help =
                Some("give each container a name of its own, or none".into());
            project.relate("the other one", first);
        }
    }
    check.cycles(project, &enabled);
    check_secrets(project, model);
}

fn is_enabled(service: &Node, active: &[String]) -> bool {
    let profiles = items(service, "profiles");
    profiles.is_empty()
        || active.iter().any(|name| name == "*")
        || profiles
            .iter()
            .any(|profile| is_open(profile) || active.iter().any(|name| *name == *profile.text))
}

struct References<'n> {
    model: &'n Node,
    all: BTreeSet<&'n str>,
    enabled: BTreeSet<&'n str>,
}

impl<'n> References<'n> {
    fn service(&self, project: &mut Project<'_>, service: &'n Entry) {
        let node = &service.value;
        let name = &*service.key.text;
        let has = |key: &str| {
            given(node, key)
                .is_some_and(|entry| entry.value.as_str() != Some("") || is_open(&entry.value))
        };
        if !has("image") && !has("build") && !has("provider") {
            let message = format!("the service `{name}` has neither `image` nor `build`");
            project
                .error("missing-field", service.key.span, message)
                .help =
                Some("give `image`, or `build` with the directory of its Dockerfile".into());
        }
        if let Some(build) = node.get("build") {
            self.build(project, node, build);
        }
        self.networks(project, node);
        self.health(project, node);
        for need in needs(node) {
            if !self.enabled.contains(need.name) {
                self.missing_service(project, &need);
            }
        }
        for item in items(node, "volumes") {
            let (source, span) = match &item.value {
                Value::String(_) if !is_open(item) => match Mount::parse(&item.text) {
                    Ok(mount) => (mount.volume(), item.span),
                    Err(_) => (None, item.span),
                },
                Value::Mapping(_)
                    if item.get("type").and_then(|kind| known_text(kind)) == Some("volume") =>
                {
                    let source = item.get("source");
                    let span = source.map_or(item.span, |source| source.span);
                    (source.and_then(|source| known_text(source)), span)
                }
                _ => continue,
            };
            if let Some(source) = source.filter(|source| !source.is_empty()) {
                self.declared(project, "volumes", source, span);
            }
        }
        for section in ["configs", "secrets"] {
            for item in items(node, section) {
                self.mounted(project, section, item);
            }
        }
        let models = node.get("models").map(|models| models.entries());
        for model in models.unwrap_or_default() {
            self.declared(project, "models", &model.key.text, model.key.span);
        }
    }

    fn build(&self, project: &mut Project<'_>, service: &Node, build: &Node) {
        if let (Some(file), Some(inline)) = (
            given(build, "dockerfile"),
            given(build, "dockerfile_inline"),
        ) {
            let (file, inline) = (file.key.span, inline.key.span);
            exclude(project, file, "dockerfile", inline, "dockerfile_inline");
        }
        let platforms = items(build, "platforms");
        if let Some(platform) = service.get("platform")
            && let Some(text) = known_text(platform)
            && !platforms.is_empty()
            && !platforms
                .iter()
                .any(|known| is_open(known) || &*known.text == text)
        {
            let message = format!("`platform` is `{text}`, which `build.platforms` does not have");
            project
                .error("conflicting-fields", platform.span, message)
                .help = Some(format!("add `{text}` to `build.platforms`"));
        }
        for item in items(build, "secrets") {
            self.mounted(project, "secrets", item);
        }
        let contexts = build
            .get("additional_contexts")
            .map(|contexts| contexts.entries());
        for context in contexts.unwrap_or_default() {
            let target = known_text(&context.value).and_then(|text| text.strip_prefix("service:"));
            if let Some(target) = target
                && !self.enabled.contains(target)
            {
                let need = Need {
                    name: target,
                    span: context.value.span,
                    is_required: true,
                };
                self.missing_service(project, &need);
            }
        }
    }

    fn networks(&self, project: &mut Project<'_>, service: &'n Node) {
        let networks = service
            .get("networks")
            .map_or(&[][..], |node| node.entries());
        if let (Some(mode), [first, ..]) = (given(service, "network_mode"), networks)
            && mode.value.as_str() != Some("")
            && let Some(listed) = service.entry("networks")
        {
            let _ = first;
            exclude(
                project,
                mode.key.span,
                "network_mode",
                listed.key.span,
                "networks",
            );
        }
        for network in networks {
            if &*network.key.text != "default" {
                self.declared(project, "networks", &network.key.text, network.key.span);
            }
        }
    }

    fn health(&self, project: &mut Project<'_>, service: &Node) {
        let test = service
            .get("healthcheck")
            .and_then(|check| check.get("test"));
        let first = test.and_then(|test| test.items().first());
        if let Some(first) = first
            && let Some(text) = known_text(first)
            && !matches!(text, "CMD" | "CMD-SHELL" | "NONE")
        {
            let message =
                format!("`test` begins with `{text}`, expected `CMD`, `CMD-SHELL` or `NONE`");
            project.error("unknown-value", first.span, message).help =
                Some("put `CMD` before the program".into());
        }
    }

    /// A secret or config, by name or with a `source`.
    fn mounted(&self, project: &mut Project<'_>, section: &str, item: &'n Node) {
        let source = match &item.value {
            Value::Mapping(_) => item.get("source"),
            _ => Some(item),
        };
        if let Some(source) = source
            && let Some(name) = known_text(source)
        {
            self.declared(project, section, name, source.span);
        }
    }

    fn declared(&self, project: &mut Project<'_>, section: &str, name: &str, span: Span) {
        let declared = self
            .model
            .get(section)
            .map_or(&[][..], |node| node.entries());
        if declared.iter().any(|entry| &*entry.key.text == name)
            || name.is_empty() && section == "models"
        {
            return;
        }
        let kind = section.trim_end_matches('s');
        let near = nearest(name, declared.iter().map(|entry| &*entry.key.text));
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("add `{name}` to the top-level `{section}`"),
        };
        project
            .error(
                &format!("undefined-{kind}"),
                span,
                format!("the {kind} `{name}` is not defined"),
            )
            .help = Some(help);
    }

    fn missing_service(&self, project: &mut Project<'_>, need: &Need<'_>) {
        if self.all.contains(need.name) {
            if need.is_required {
                let message = format!(
                    "the service `{}` is in a profile that is not switched on",
                    need.name
                );
                project.error("undefined-service", need.span, message).help = Some(
                    "switch its profile on, remove its `profiles`, or make the dependency `required: false`".into(),
                );
            }
            return;
        }
        let near = nearest(need.name, self.all.iter().copied());
        project
            .error(
                "undefined-service",
                need.span,
                format!("the service `{}` is not defined", need.name),
            )
            .help = near.map(|near| format!("did you mean `{near}`?"));
    }

    /// Services that wait for each other.
    fn cycles(&self, project: &mut Project<'_>, enabled: &[&'n Entry]) {
        let graph: BTreeMap<&str, Vec<Need<'_>>> = enabled
            .iter()
            .map(|service| (&*service.key.text, needs(&service.value)))
            .collect();
        let mut finished: BTreeSet<&str> = BTreeSet::new();
        for service in enabled {
            // Depth first, without recursion: the path, with the next need to look at.
            let mut path: Vec<(&str, usize)> = vec![(&service.key.text, 0)];
            let mut on_path: BTreeSet<&str> = BTreeSet::from([&*service.key.text]);
            while let Some((name, next)) = path.last_mut() {
                let name = *name;
                let need = graph.get(name).and_then(|needs| needs.get(*next));
                *next += 1;
                let Some(need) = need.filter(|_| !finished.contains(name)) else {
                    finished.insert(name);
                    on_path.remove(name);
                    path.pop();
                    continue;
                };
                if on_path.contains(need.name) {
                    let start = path.iter().position(|(name, _)| *name == need.name);
                    let mut names: Vec<&str> = path[start.unwrap_or_default()..]
                        .iter()
                        .map(|(name, _)| *name)
                        .collect();
                    names.push(need.name);
                    let message = format!("services wait for each other: {}", names.join(" → "));
                    project.error("dependency-cycle", need.span, message).help =
                        Some("remove one of these dependencies".into());
                    return;
                }
                if !finished.contains(need.name) {
                    path.push((need.name, 0));
                    on_path.insert(need.name);
                }
            }
        }
    }
}

/// Every service that has to be there before `service`.
fn needs(service: &Node) -> Vec<Need<'_>> {
    let mut needs = Vec::new();
    let dependencies = service.get("depends_on").map(|node| node.entries());
    for dependency in dependencies.unwrap_or_default() {
        let required = dependency.value.get("required");
        needs.push(Need {
            name: &dependency.key.text,
            span: dependency.key.span,
            is_required: required.is_none_or(|required| required.value != Value::Bool(false)),
        });
    }
    let mut need = |name, span| {
        needs.push(Need {
            name,
            span,
            is_required: true,
        })
    };
    for key in ["network_mode", "ipc", "pid", "uts", "cgroup"] {
        if let Some(node) = service.get(key)
            && let Some(name) = known_text(node).and_then(|text| text.strip_prefix("service:"))
        {
            need(name, node.span);
        }
    }
    for item in items(service, "links") {
        if let Some(text) = known_text(item) {
            need(text.split(':').next().unwrap_or(text), item.span);
        }
    }
    for item in items(service, "volumes_from") {
        if let Some(text) = known_text(item)
            && !text.starts_with("container:")
        {
            need(text.split(':').next().unwrap_or(text), item.span);
        }
    }
    needs
}

/// The two ways to say how much a service may have.
fn check_limits(project: &mut Project<'_>, service: &Entry) {
    let node = &service.value;
    let deploy = node.get("deploy");
    let resources = deploy.and_then(|deploy| deploy.get("resources"));
    let scale = node.entry("scale");
    let replicas = deploy.and_then(|deploy| deploy.entry("replicas"));
    if let (Some(scale), Some(replicas)) = (scale, replicas)
        && differ(&scale.value, Some(&replicas.value))
    {
        disagree(project, scale, replicas.key.span, "deploy.replicas");
    }
    for (own, block, inner) in [
        ("cpus", "limits", "cpus"),
        ("mem_limit", "limits", "memory"),
        ("mem_reservation", "reservations", "memory"),
        ("pids_limit", "limits", "pids"),
    ] {
        let Some(own) = given(node, own) else {
            continue;
        };
        // A block that does not say it says 0.
        let Some(block_entry) = resources.and_then(|resources| given(resources, block)) else {
            continue;
        };
        let said = block_entry.value.entry(inner);
        if size(&own.value) != Some(0.0) && differ(&own.value, said.map(|said| &said.value)) {
            let span = said.map_or(block_entry.key.span, |said| said.key.span);
            let name = format!("deploy.resources.{block}.{inner}");
            disagree(project, own, span, &name);
        }
    }
    for count in [scale, replicas].into_iter().flatten() {
        if size(&count.value).is_some_and(|count| count < 0.0) && project.at_least(2, 35) {
            let message = format!(
                "`{}` is {}, the least is 0",
                count.key.text, count.value.text
            );
            project.error("value-out-of-range", count.value.span, message);
        }
    }
    let many = scale
        .or(replicas)
        .filter(|count| size(&count.value).is_some_and(|count| count > 1.0));
    if let (Some(many), Some(name)) = (many, given(node, "container_name")) {
        let message = format!(
            "`container_name` names one container, and `{}` asks for more",
            many.key.text
        );
        project
            .error("conflicting-fields", name.key.span, message)
            .help = Some("remove one of the two".into());
        project.relate("the number of containers", many.key.span);
    }
    let watch = node.get("develop").map(|develop| items(develop, "watch"));
    for rule in watch.unwrap_or_default() {
        let action = rule.get("action").map_or("", |action| &action.text);
        let copies = matches!(action, "sync" | "sync+restart" | "sync+exec");
        if copies
            && rule
                .get("target")
                .is_none_or(|target| target.as_str() == Some(""))
        {
            let span = rule
                .entry("action")
                .map_or(rule.span, |action| action.value.span);
            project
                .error(
                    "missing-field",
                    span,
                    format!("`{action}` needs a `target`"),
                )
                .help = Some("give the path in the container".into());
        }
    }
}

/// A number, or a size in bytes.
fn size(node: &Node) -> Option<f64> {
    match &node.value {
        Value::Number(number) => number.as_f64(),
        _ => bytes(known_text(node)?),
    }
}

fn differ(own: &Node, other: Option<&Node>) -> bool {
    if is_open(own) || other.is_some_and(is_open) {
        return false;
    }
    size(own) != other.map_or(Some(0.0), size)
}

fn disagree(project: &mut Project<'_>, own: &Entry, other: Span, name: &str) {
    let message = format!("`{}` and `{name}` say different things", own.key.text);
    project
        .error("conflicting-fields", own.key.span, message)
        .help = Some("keep one of the two".into());
    project.relate("the other one", other);
}

/// A secret of a driver needs a source too.
fn check_secrets(project: &mut Project<'_>, model: &Node) {
    let secrets = model.get("secrets").map(|secrets| secrets.entries());
    for secret in secrets.unwrap_or_default() {
        let is_external = secret.value.get("external").is_some();
        let is_named = ["file", "environment"]
            .iter()
            .any(|source| secret.value.get(source).is_some());
        if !is_external && !is_named {
            let message = format!(
                "nothing says where the secret `{}` comes from",
                secret.key.text
            );
            project
                .error("missing-field", secret.key.span, message)
                .help = Some("give `file` or `environment`, or `external: true`".into());
        }
    }
}
