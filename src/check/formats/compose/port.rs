//! `ADDRESS:PUBLISHED:TARGET/PROTOCOL`, the short form of a port.

use std::net::IpAddr;

/// Checks the short form.
///
/// # Errors
///
/// Why Compose cannot read it.
pub(super) fn check(text: &str) -> Result<(), String> {
    let (ports, protocol) = match text.rsplit_once('/') {
        Some((ports, protocol)) => (ports, protocol),
        None => (text, "tcp"),
    };
    if !matches!(
        protocol.to_lowercase().as_str(),
        "tcp" | "udp" | "sctp" | ""
    ) {
        return Err(format!(
            "`{protocol}` is not a protocol, expected `tcp`, `udp` or `sctp`"
        ));
    }
    let (rest, target) = match ports.rsplit_once(':') {
        Some((rest, target)) => (Some(rest), target),
        None => (None, ports),
    };
    if target.is_empty() {
        return Err("the port of the container is missing".into());
    }
    let (address, published) = match rest.map(|rest| (rest.rsplit_once(':'), rest)) {
        None => (None, ""),
        Some((Some((address, published)), _)) => (Some(address), published),
        Some((None, published)) => (None, published),
    };
    if let Some(address) = address.filter(|address| !address.is_empty()) {
        let bare = address
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        // Without brackets its colons cannot be told from the others.
        let is_address = match bare {
            Some(inner) => inner.parse::<IpAddr>().is_ok(),
            None => address.parse::<std::net::Ipv4Addr>().is_ok(),
        };
        if !is_address {
            return Err(if address.parse::<IpAddr>().is_ok() {
                format!("the address `{address}` needs brackets: `[{address}]`")
            } else {
                format!("`{address}` is not an IP address")
            });
        }
    }
    let (first, last) = range(target).ok_or_else(|| not_a_port(target, "the container"))?;
    if published.is_empty() {
        return Ok(());
    }
    let (from, to) = range(published).ok_or_else(|| not_a_port(published, "the host"))?;
    // Many ports of the host may lead to one of the container: one of them is chosen.
    if to - from != last - first && (first != last || published.matches('-').count() != 1) {
        return Err(format!(
            "the ranges `{published}` and `{target}` are not equally long"
        ));
    }
    Ok(())
}

fn not_a_port(text: &str, whose: &str) -> String {
    format!(
        "`{text}` is not a port of {whose}, expected a number up to 65535 or a range `8000-8010`"
    )
}

/// `80` or `80-90`.
fn range(text: &str) -> Option<(u16, u16)> {
    let port = |text: &str| -> Option<u16> {
        text.bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| text.parse().ok())
            .flatten()
    };
    let (first, last) = match text.split_once('-') {
        Some((first, last)) => (port(first)?, port(last)?),
        None => (port(text)?, port(text)?),
    };
    (first <= last).then_some((first, last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_read_as_compose_reads_them() {
        for text in [
            "80",
            "8080:80",
            "127.0.0.1:80:80",
            "127.0.0.1::80",
            "[::1]:80:80",
            "80-82:80-82/udp",
            "8000-8010:80",
            "80:80/TCP",
            ":80",
            "0:80",
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
        for text in [
            "",
            "80:",
            "x:80",
            "80:x",
            "80:80:80:80",
            "::1:80:80",
            "localhost:80:80",
            "80:80/tpc",
            "70000:80",
            "80-81:80-82",
            "80:80-81",
            "90-80:90-80",
        ] {
            assert!(check(text).is_err(), "{text}");
        }
    }
}
