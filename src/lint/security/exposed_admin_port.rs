use super::on_this_host;
use crate::diagnostic::{Level, Safety};
use crate::facts::Facts;
use crate::facts::compose::{ComposeService, PublishedPort};
use crate::lint::{Findings, Lint};

pub(super) static LINT: Lint = Lint {
    id: "security/exposed-admin-port",
    level: Level::Warning,
    summary: "a program without logins of its own is published on every address of the host",
    needs: &[],
    check,
};

/// Programs whose port anybody may use who reaches it, and what they get.
const OPEN: [(&str, &str); 9] = [
    ("prometheus", "can read every metric"),
    ("alertmanager", "can silence every alert"),
    ("pushgateway", "can write metrics"),
    ("redis_exporter", "can read every metric of Redis"),
    ("blackbox_exporter", "can send requests from this host"),
    ("loki", "can read and write logs"),
    ("mimir", "can read and write metrics"),
    ("tempo", "can read and write traces"),
    ("node_exporter", "can read what is known of the host"),
];

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for service in facts
        .projects
        .iter()
        .flat_map(|project| project.services.values())
    {
        let Some((program, what)) = OPEN.iter().find(|(program, _)| service.runs(program)) else {
            continue;
        };
        if findings
            .options()
            .open_programs
            .iter()
            .any(|open| open == program)
        {
            continue;
        }
        // A configuration of its web server may ask for a password.
        if service.has_flag("web.config.file") || service.has_flag("web.config") {
            continue;
        }
        let Some(port) = service.ports.iter().find(|port| is_open(service, port)) else {
            continue;
        };
        let admin = ["web.enable-admin-api", "web.enable-lifecycle"]
            .into_iter()
            .find(|flag| service.has_flag(flag));
        let port_number = port.host_port.unwrap_or(port.container_port);
        let mut finding = findings
            .report(
                port.place,
                format!("whoever reaches this host on port {port_number} {what}: {program} asks for no password"),
            )
            .label("on every address");
        if let Some(flag) = admin {
            finding = finding
                .related(
                    format!("`--{flag}` lets them change it as well"),
                    service.place(),
                )
                .level(Level::Error);
        }
        finding = finding.help(format!(
            "publish it as `127.0.0.1:{port_number}:{}`, or not at all",
            port.container_port
        ));
        let open = service.ports.iter().filter(|port| is_open(service, port));
        let edits: Option<Vec<_>> = open.map(|port| on_this_host(facts, port)).collect();
        if let Some(edits) = edits {
            finding.fix(Safety::Unsafe, "publish it on 127.0.0.1 only", edits);
        }
    }
}

/// Whether the port is one of the program's, and published on all addresses.
fn is_open(service: &ComposeService, port: &PublishedPort) -> bool {
    let is_everywhere = port
        .host_address
        .as_deref()
        .is_none_or(|address| matches!(address, "0.0.0.0" | "::" | "[::]"));
    let is_own = service
        .program
        .as_ref()
        .is_some_and(|program| program.ports.contains(&port.container_port));
    is_everywhere && is_own
}
