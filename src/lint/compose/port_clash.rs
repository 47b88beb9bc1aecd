use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::facts::compose::{ComposeProject, ComposeService, PublishedPort};
use crate::lint::{Findings, Lint};

pub(super) static LINT: Lint = Lint {
    id: "compose/port-clash",
    level: Level::Error,
    summary: "two services of a project want the same port of the host",
    needs: &[],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for project in &facts.projects {
        let published: Vec<(&ComposeService, &PublishedPort)> = published(project);
        for (index, (service, port)) in published.iter().enumerate() {
            let earlier = published[..index].iter().find(|(other, earlier)| {
                other.name.value != service.name.value
                    && earlier.host_port == port.host_port
                    && meets(earlier, port)
                    && ComposeProject::are_together(
                        facts.setup,
                        earlier.place.document,
                        port.place.document,
                    )
                    && runs_beside(other, service)
                    && is_udp(facts, earlier) == is_udp(facts, port)
            });
            let (Some((other, earlier)), Some(number)) = (earlier, port.host_port) else {
                continue;
            };
            findings
                .report(
                    port.place,
                    format!(
                        "`{}` and `{}` both want port {number} of the host: the second one does not start",
                        service.name.as_str(),
                        other.name.as_str()
                    ),
                )
                .label("already taken")
                .related("taken here", earlier.place)
                .help("publish one of them on another port, or not at all");
        }
    }
}

/// Every port of the host that is asked for by its number.
fn published(project: &ComposeProject) -> Vec<(&ComposeService, &PublishedPort)> {
    project
        .services
        .values()
        .flat_map(|service| service.ports.iter().map(move |port| (service, port)))
        .filter(|(_, port)| port.host_port.is_some_and(|port| port != 0))
        .collect()
}

/// Whether both listen on one address of the host.
fn meets(one: &PublishedPort, other: &PublishedPort) -> bool {
    let address = |port: &PublishedPort| match port.host_address.as_deref() {
        None | Some("0.0.0.0" | "::" | "") => None,
        Some(address) => Some(address.to_owned()),
    };
    match (address(one), address(other)) {
        (Some(one), Some(other)) => one == other,
        _ => true,
    }
}

/// Services of different profiles are alternatives, unless somebody starts both.
fn runs_beside(one: &ComposeService, other: &ComposeService) -> bool {
    one.profiles.is_empty() && other.profiles.is_empty()
        || one
            .profiles
            .iter()
            .any(|profile| other.profiles.contains(profile))
}

/// UDP and TCP do not meet.
fn is_udp(facts: &Facts<'_>, port: &PublishedPort) -> bool {
    facts.setup.slice(port.place).contains("udp")
}
