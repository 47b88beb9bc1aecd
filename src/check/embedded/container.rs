//! Paths in containers, traced back to the bundle.

use super::compose::{ComposeFile, Service};
use super::inspection::Document;
use crate::bundle::BundlePath;

/// A place where a program looks for files.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'c, 'i> {
    service: Option<&'c Service<'i>>,
    /// The configuration that names the paths, in the bundle.
    config: &'i str,
    /// The same, in the container.
    config_in_container: &'i str,
}

/// Where a path leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trace {
    /// To this path inside the bundle, which may or may not exist.
    Bundle(String),
    /// To a named volume or somewhere on the host.
    Elsewhere,
    /// To nothing that is mounted.
    Nowhere,
}

/// Where the image of each program expects its configuration.
fn default_config(program: &str) -> Option<&'static str> {
    Some(match program {
        "prometheus" => "/etc/prometheus/prometheus.yml",
        "alertmanager" => "/etc/alertmanager/alertmanager.yml",
        "blackbox-exporter" => "/etc/blackbox_exporter/config.yml",
        _ => return None,
    })
}

/// The service that reads the artifact of `kind` through `--config.file`, and where it finds it.
pub(super) fn reader<'c, 'i>(
    compose: &'c ComposeFile<'i>,
    artifact: &BundlePath,
) -> Option<(&'c Service<'i>, &'i str)> {
    compose.services.values().find_map(|service| {
        let named = service.flag("config.file").map(|flag| flag.name);
        let path = named.or_else(|| default_config(service.program()?))?;
        let found = trace(service, path) == Trace::Bundle(artifact.to_string());
        found.then_some((service, path))
    })
}

impl<'c, 'i> Place<'c, 'i> {
    /// The place from which a configuration names files. Without a Compose file, paths are taken as relative to it.
    pub(super) fn of(document: &'i Document<'_>, compose: Option<&'c ComposeFile<'i>>) -> Self {
        let found = compose.and_then(|compose| reader(compose, &document.text.artifact.path));
        Self {
            service: found.map(|(service, _)| service),
            config: document.path(),
            config_in_container: found.map_or("", |(_, path)| path),
        }
    }

    pub(super) fn service(&self) -> Option<&'c Service<'i>> {
        self.service
    }

    /// Where `path`, as the configuration names it, leads.
    pub(super) fn trace(&self, path: &str) -> Trace {
        match (self.service, path.starts_with('/')) {
            (Some(service), true) => trace(service, path),
            (Some(service), false) => trace(service, &joined(self.config_in_container, path)),
            (None, true) => Trace::Elsewhere,
            (None, false) => Trace::Bundle(joined(self.config, path)),
        }
    }
}

/// `path` as seen from the directory of `file`; `..` and `.` are followed.
pub(super) fn joined(file: &str, path: &str) -> String {
    let directory = file.rsplit_once('/').map_or("", |(directory, _)| directory);
    let mut parts: Vec<&str> = directory.split('/').collect();
    for part in path.split('/') {
        match part {
            "." | "" => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    if directory.is_empty() {
        parts.retain(|part| !part.is_empty());
    }
    parts.join("/")
}

/// Where a path in the container of `service` leads. The longest mount that covers it counts.
pub(super) fn trace(service: &Service<'_>, path: &str) -> Trace {
    let path = path.trim_end_matches('/');
    let secret = service.secrets.iter().any(|secret| secret == path);
    if secret {
        return Trace::Elsewhere;
    }
    let covering = service
        .mounts
        .iter()
        .filter_map(|mount| {
            let rest = path.strip_prefix(mount.target)?;
            (rest.is_empty() || rest.starts_with('/')).then_some((mount, rest))
        })
        .max_by_key(|(mount, _)| mount.target.len());
    let Some((mount, rest)) = covering else {
        return Trace::Nowhere;
    };
    match mount.in_bundle() {
        Some(source) => {
            let path = format!("{source}{rest}");
            Trace::Bundle(path.trim_start_matches('/').to_owned())
        }
        None => Trace::Elsewhere,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_paths_are_followed() {
        assert_eq!(
            joined("prometheus/tests/a.yml", "../rules/*.yml"),
            "prometheus/rules/*.yml"
        );
        assert_eq!(
            joined("/etc/prometheus/prometheus.yml", "./rules/a.yml"),
            "/etc/prometheus/rules/a.yml"
        );
        assert_eq!(joined("a.yml", "b.yml"), "b.yml");
    }
}
