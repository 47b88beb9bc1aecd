//! What services use is there: files of the bundle, secrets that commands read, services of the same profile; and no two
//! want one host port. That Compose knows the names is part of `bundle/schema`.

use super::NAME;
use crate::check::embedded::compose::{ComposeFile, HostPort, Service};
use crate::check::embedded::container::{Trace, trace};
use crate::check::embedded::inspection::Inspection;
use crate::diagnostic::Diagnostic;

pub(super) fn check(inspection: &Inspection<'_>, compose: &ComposeFile<'_>) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    for service in compose.services.values() {
        for mount in &service.mounts {
            if let Some(path) = mount.in_bundle()
                && !exists(inspection, path)
            {
                let message = format!(
                    "`{}` mounts `{}`, which is not in the bundle",
                    service.name, mount.source
                );
                findings.push(compose.document.error(NAME, mount.span, message));
            }
        }
        findings.extend(mentions(compose, service));
        findings.extend(dependencies(compose, service));
    }
    findings.extend(shared_ports(compose));
    findings
}

fn exists(inspection: &Inspection<'_>, path: &str) -> bool {
    path.is_empty()
        || inspection.bundle.artifacts().any(|artifact| {
            artifact
                .path
                .as_str()
                .strip_prefix(path)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
}

const SECRETS: &str = "/run/secrets/";

/// Files below `/run/secrets` that arguments and environment variables name.
fn mentions(compose: &ComposeFile<'_>, service: &Service<'_>) -> Vec<Diagnostic> {
    let words = service.words.iter().map(|word| (word.name, word.span));
    let variables = service
        .environment
        .iter()
        .filter_map(|variable| Some((variable.value?, variable.span)));
    words
        .chain(variables)
        .flat_map(|(text, span)| paths_in(text).map(move |path| (path, span)))
        .filter(|(path, _)| trace(service, path) == Trace::Nowhere)
        .map(|(path, span)| {
            let message = format!(
                "`{}` reads `{path}`, but uses no secret of that name",
                service.name
            );
            let name = &path[SECRETS.len()..];
            compose
                .document
                .error(NAME, span, message)
                .help(format!("add `{name}` to `secrets` of `{}`", service.name))
        })
        .collect()
}

/// Every path of a secret in a text.
pub(super) fn paths_in(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices(SECRETS).map(|(start, _)| {
        let rest = &text[start..];
        let end = rest
            .find(|char: char| !char.is_ascii_alphanumeric() && !"/_.-".contains(char))
            .unwrap_or(rest.len());
        &rest[..end]
    })
}

fn dependencies(compose: &ComposeFile<'_>, service: &Service<'_>) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    for dependency in &service.depends_on {
        let (name, span) = (dependency.service.name, dependency.service.span);
        let Some(needed) = compose.services.get(name) else {
            continue;
        };
        // Compose refuses to start a service whose dependency is in no active profile.
        let starts_without = needed.profiles.is_empty()
            || !service.profiles.is_empty()
                && service
                    .profiles
                    .iter()
                    .all(|profile| needed.profiles.contains(profile));
        if dependency.is_required && !starts_without {
            let message = format!(
                "`{}` can start without the Compose profile `{}`, but depends on `{name}`, which cannot",
                service.name,
                needed.profiles.join("` or `")
            );
            let help = format!(
                "give both services the same `profiles`, or set `required: false` for `{name}`"
            );
            findings.push(compose.document.error(NAME, span, message).help(help));
        }
    }
    findings
}

fn shared_ports(compose: &ComposeFile<'_>) -> Vec<Diagnostic> {
    let all: Vec<(&str, &HostPort)> = compose
        .services
        .values()
        .flat_map(|service| service.ports.iter().map(|port| (service.name, port)))
        .collect();
    let mut findings = Vec::new();
    for (index, (service, port)) in all.iter().enumerate() {
        let earlier = all[..index].iter().find(|(_, other)| {
            other.port == port.port
                && other.protocol == port.protocol
                && (other.address == port.address
                    || other.address.is_none()
                    || port.address.is_none())
        });
        if let Some((other, first)) = earlier {
            let message = format!(
                "`{service}` and `{other}` both publish port {} of the host",
                port.port
            );
            findings.push(
                compose
                    .document
                    .error(NAME, port.span, message)
                    .related("taken here", compose.document.text.file(), first.span)
                    .help("publish one of them on another port"),
            );
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use crate::check::embedded::samples::findings;

    fn found(compose: &str) -> Vec<String> {
        findings(
            "bundle/references",
            &[
                ("compose.yaml", compose),
                ("conf/a.yml", "a: 1"),
                (".env.example", "# DIR=\n# PORT=\n"),
            ],
        )
    }

    #[test]
    fn what_is_declared_is_not_reported() {
        let compose = r#"
services:
  a:
    image: x/a
    profiles: [m]
    networks: [own, default]
    volumes: [./conf:/etc/a:ro, ./conf/a.yml:/b, data:/data, /proc:/proc, "${DIR:-/x}:/y"]
    secrets: [pw, {source: other, target: /x/y}]
    environment: {PW_FILE: /run/secrets/pw, N: 3}
    command: [--file=/x/y, "--pw=/run/secrets/pw"]
    ports: ["127.0.0.1:80:80", "53:53/udp", "53:53/tcp"]
    depends_on: {b: {condition: service_started}}
  b:
    image: x/b
    profiles: [m, n]
    ports: ["127.0.0.2:80:80"]
networks: {own: {}}
volumes: {data: {}}
secrets: {pw: {file: ./pw}, other: {file: ./other}}
"#;
        assert_eq!(found(compose), [""; 0]);
    }

    #[test]
    fn files_that_are_not_there_are_reported_where_they_are_named() {
        let compose = "services:
  a:
    volumes: [data:/data, ./conf/b.yml:/b]
    environment: [X=/run/secrets/pwd]
";
        assert_eq!(
            found(compose),
            [
                "compose.yaml:3:27: `a` mounts `./conf/b.yml`, which is not in the bundle",
                "compose.yaml:4:19: `a` reads `/run/secrets/pwd`, but uses no secret of that name · help: add `pwd` to `secrets` of `a`",
            ]
        );
    }

    #[test]
    fn a_dependency_starts_together_with_who_needs_it() {
        let compose = "services:
  a:
    depends_on: [b]
  b: {image: b, profiles: [m]}
  c: {image: c, depends_on: {b: {condition: service_started, required: false}}}
";
        assert_eq!(
            found(compose),
            [
                "compose.yaml:3:18: `a` can start without the Compose profile `m`, but depends on `b`, which cannot · help: \
                 give both services the same `profiles`, or set `required: false` for `b`",
            ]
        );
    }

    #[test]
    fn two_services_cannot_publish_one_port() {
        let compose = "services:
  a: {ports: ['127.0.0.1:3000:3000']}
  b: {ports: [{target: 80, published: '3000'}]}
  c: {ports: ['${PORT:-3000}:1']}
";
        assert_eq!(
            found(compose),
            [
                "compose.yaml:3:15: `b` and `a` both publish port 3000 of the host · help: publish one of them on another port",
                "compose.yaml:4:15: `c` and `a` both publish port 3000 of the host · help: publish one of them on another port",
            ]
        );
    }
}
