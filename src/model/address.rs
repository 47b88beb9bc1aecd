//! Where the services of the stack find each other.

use indexmap::IndexSet;

use crate::document::Route;
use crate::profile::{Problem, Profile, suggestion};

/// `host:port` of a service: what the profile says, else its name inside Compose's network.
pub fn of(profile: &Profile, service: &str, port: u16) -> String {
    profile
        .addresses
        .get(service)
        .cloned()
        .unwrap_or_else(|| format!("{service}:{port}"))
}

/// The port of a service, where the profile says its address.
pub fn port(profile: &Profile, service: &str) -> Option<u16> {
    let (_, port) = profile.addresses.get(service)?.rsplit_once(':')?;
    port.parse().ok()
}

/// Whether Compose runs the stack.
pub fn has_compose(profile: &Profile) -> bool {
    profile.compose.enabled != Some(false)
}

/// Addresses of nobody, addresses that are none, and addresses that Compose would not give.
pub fn check(profile: &Profile, known: &IndexSet<&str>, problems: &mut Vec<Problem>) {
    for (service, address) in &profile.addresses {
        let route = Route::of(["addresses", service]);
        if !known.contains(service.as_str()) {
            let mut problem = Problem::key(
                "profile/unknown-service",
                route,
                format!("there is no service `{service}`"),
            );
            problem.help = suggestion(service, known.iter().copied(), "services");
            problems.push(problem);
        } else if has_compose(profile) {
            problems.push(
                Problem::key(
                    "profile/address-of-compose",
                    route,
                    format!("Compose runs `{service}` and gives it its address"),
                )
                .help("remove it, or set `compose.enabled: false` where something else runs the services"),
            );
        } else if !is_host_and_port(address) {
            problems.push(
                Problem::value(
                    "profile/bad-address",
                    route,
                    "this is not the address of a service",
                )
                .help("write `host:port`, without a scheme"),
            );
        }
    }
}

fn is_host_and_port(address: &str) -> bool {
    let Some((host, port)) = address.rsplit_once(':') else {
        return false;
    };
    let is_host = match host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        Some(host) => host.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            !host.is_empty()
                && host
                    .chars()
                    .all(|char| char.is_ascii_alphanumeric() || matches!(char, '.' | '-' | '_'))
        }
    };
    is_host && port.parse::<u16>().is_ok_and(|port| port > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_host_and_a_port_and_nothing_else() {
        for address in ["127.0.0.1:9093", "alerts.example.com:80", "[::1]:9093"] {
            assert!(is_host_and_port(address), "{address}");
        }
        for address in [
            "",
            ":1",
            "h",
            "h:",
            "h:0",
            "h:65536",
            "http://h:1",
            "::1:9",
            "u@h:1",
        ] {
            assert!(!is_host_and_port(address), "{address}");
        }
    }
}
