//! `scheme://user@host:port/path`, as targets and URLs give it.

/// Where something is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Address<'t> {
    pub(super) host: &'t str,
    /// The port that is written or that the scheme implies.
    pub(super) port: Option<u16>,
}

impl<'t> Address<'t> {
    /// Reads an address; `scheme` counts where none is written. `None` where there is no host, or
    /// a variable in its place.
    pub(super) fn parse(text: &'t str, scheme: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://").unwrap_or((scheme, text));
        let authority = rest.split(['/', '?', '#']).next()?;
        let authority = authority
            .rsplit_once('@')
            .map_or(authority, |(_, after)| after);
        let (host, port) = if let Some(bracketed) = authority.strip_prefix('[') {
            let (host, after) = bracketed.split_once(']')?;
            (host, after.strip_prefix(':'))
        } else {
            authority
                .split_once(':')
                .map_or((authority, None), |(host, port)| (host, Some(port)))
        };
        if host.is_empty() || host.contains(['$', '{', '<']) {
            return None;
        }
        let port = match port {
            Some(port) => port.parse().ok(),
            None => match scheme {
                "http" => Some(80),
                "https" => Some(443),
                "redis" | "rediss" | "valkey" | "valkeys" => Some(6379),
                _ => None,
            },
        };
        Some(Self { host, port })
    }

    /// Whether only somebody who knows the network can tell what it means: a name without dots.
    pub(super) fn is_bare(&self) -> bool {
        !self.host.contains(['.', ':'])
    }

    pub(super) fn is_loopback(&self) -> bool {
        matches!(self.host, "localhost" | "127.0.0.1" | "::1")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_and_port_are_found_in_every_form() {
        let read = |text| Address::parse(text, "http").map(|found| (found.host, found.port));
        assert_eq!(read("a:9090"), Some(("a", Some(9090))));
        assert_eq!(read("a"), Some(("a", Some(80))));
        assert_eq!(read("https://a.b/x:1"), Some(("a.b", Some(443))));
        assert_eq!(
            read("redis://u:p@redis:6380/0"),
            Some(("redis", Some(6380)))
        );
        assert_eq!(read("rediss://redis/0"), Some(("redis", Some(6379))));
        assert_eq!(read("[::1]:9121"), Some(("::1", Some(9121))));
        assert_eq!(read("http://$HOST:1"), None);
        assert_eq!(read("http:///x"), None);
    }
}
