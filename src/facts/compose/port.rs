//! Ports that a service publishes.

use super::PublishedPort;
use crate::document::Node;
use crate::setup::Place;

/// The mapping form.
pub(super) fn long_port(item: &Node, place: Place) -> Option<PublishedPort> {
    let number = |key: &str| {
        item.get(key)
            .and_then(|node| node.scalar_text().parse().ok())
    };
    Some(PublishedPort {
        host_address: item
            .get("host_ip")
            .map(|node| node.scalar_text().to_owned()),
        host_port: number("published"),
        container_port: number("target")?,
        place,
    })
}

/// `[[address:]port:]port[/protocol]`; of a range the first port counts.
pub(super) fn short_port(text: &str, place: Place) -> Option<PublishedPort> {
    let text = text.split('/').next()?;
    let first = |range: &str| {
        range
            .split('-')
            .next()
            .and_then(|port| port.parse::<u16>().ok())
    };
    let (host, container) = match text.rsplit_once(':') {
        Some((host, container)) => (Some(host), container),
        None => (None, text),
    };
    let (host_address, host_port) = match host {
        None => (None, None),
        Some(host) => match host.rsplit_once(':') {
            Some((address, port)) => (
                Some(address.trim_matches(['[', ']']).to_owned()),
                first(port),
            ),
            None => (None, first(host)),
        },
    };
    Some(PublishedPort {
        host_address: host_address.filter(|address| !address.is_empty()),
        host_port,
        container_port: first(container)?,
        place,
    })
}
