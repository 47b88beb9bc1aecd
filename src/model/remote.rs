//! Storages elsewhere: where samples are sent, and where Grafana asks for them.

use indexmap::IndexMap;
use serde::Serialize;

use super::prometheus;
use super::secret::Secrets;
use crate::document::Route;
use crate::profile::{Problem, Profile, Queue, RemoteWrite};

/// How a request says who asks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Credentials {
    /// User name.
    pub username: Option<String>,
    /// File with the password, as the one who asks sees it.
    pub password_file: Option<String>,
    /// File with a token, likewise.
    pub token_file: Option<String>,
    /// Further headers.
    pub headers: IndexMap<String, String>,
}

/// One entry of `remote_write`, complete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RemoteStorage {
    /// Its name, also in metrics of Prometheus.
    pub name: String,
    /// Where samples are sent.
    pub url: String,
    /// How Prometheus says who it is.
    pub credentials: Credentials,
    /// How samples wait.
    pub queue: Queue,
}

/// Where Grafana asks for samples.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QueryEndpoint {
    /// Root of the interface.
    pub url: String,
    /// Whether it is a Prometheus of the stack.
    pub is_own: bool,
    /// How Grafana says who it is.
    pub credentials: Credentials,
}

/// The storages of the profile.
pub fn resolve(
    profile: &Profile,
    secrets: &mut Secrets,
    problems: &mut Vec<Problem>,
) -> Vec<RemoteStorage> {
    let scraping = prometheus::scraping(profile);
    let writers: Vec<&str> = scraping.iter().map(String::as_str).collect();
    let mut storages = Vec::new();
    for (name, written) in &profile.remote_write {
        check(name, written, problems);
        storages.push(RemoteStorage {
            name: name.clone(),
            url: written.url.clone(),
            credentials: credentials(name, written, &writers, secrets),
            queue: written.queue,
        });
    }
    if profile.agent {
        check_agent(profile, problems);
    }
    storages
}

/// Where Grafana asks: Prometheus, or the first storage that can be asked where no Prometheus of the stack has all
/// samples.
pub fn query_endpoint(profile: &Profile, secrets: &mut Secrets) -> QueryEndpoint {
    let elsewhere = prometheus::is_stored_elsewhere(profile)
        .then(|| {
            profile
                .remote_write
                .iter()
                .find_map(|(name, written)| Some((name, written, written.query_url.as_ref()?)))
        })
        .flatten();
    match elsewhere {
        Some((name, written, url)) => QueryEndpoint {
            url: url.trim_end_matches('/').to_owned(),
            is_own: false,
            credentials: credentials(name, written, &["grafana"], secrets),
        },
        None => QueryEndpoint {
            url: format!("http://{}", prometheus::address(profile)),
            is_own: true,
            credentials: Credentials::default(),
        },
    }
}

fn credentials(
    name: &str,
    written: &RemoteWrite,
    readers: &[&str],
    secrets: &mut Secrets,
) -> Credentials {
    let mut mount = |secret, what: &str| {
        secrets.mount_all(secret, readers, &format!("{what} of the storage {name}"))
    };
    let basic_auth = written.basic_auth.as_ref();
    Credentials {
        username: basic_auth.map(|auth| auth.username.clone()),
        password_file: basic_auth.map(|auth| mount(&auth.password, "password")),
        token_file: written
            .bearer_token
            .as_ref()
            .map(|token| mount(token, "token")),
        headers: written.headers.clone(),
    }
}

fn check(name: &str, written: &RemoteWrite, problems: &mut Vec<Problem>) {
    let route = Route::of(["remote_write", name]);
    let urls = [
        ("url", Some(&written.url)),
        ("query_url", written.query_url.as_ref()),
    ];
    for (key, url) in urls {
        if let Some(url) = url {
            problems.extend(check_url(url, route.key(key)));
        }
    }
    if written.basic_auth.is_some() && written.bearer_token.is_some() {
        problems.push(
            Problem::key(
                "profile/two-credentials",
                route.key("bearer_token"),
                format!("`{name}` is shown a password and a token"),
            )
            .help("keep one of `basic_auth` and `bearer_token`"),
        );
    }
    for (header, value) in &written.headers {
        let place = route.key("headers").key(header);
        let is_name = !header.is_empty()
            && header
                .chars()
                .all(|char| char.is_ascii_alphanumeric() || "-_".contains(char));
        let is_value = value.chars().all(|char| !char.is_control());
        if !is_name || !is_value {
            problems.push(
                Problem::key("profile/bad-header", place, "this cannot be a header")
                    .help("a name has letters, digits and `-`; a value is one line"),
            );
        } else if header.eq_ignore_ascii_case("authorization")
            || header.eq_ignore_ascii_case("cookie")
        {
            problems.push(
                Problem::key(
                    "profile/secret-in-a-header",
                    place,
                    format!("`{header}` holds a secret, and headers are written out"),
                )
                .help("use `basic_auth` or `bearer_token`, and take the secret out of the profile"),
            );
        }
    }
    if written.queue.capacity < written.queue.max_samples_per_send {
        problems.push(
            Problem::value(
                "profile/queue-too-small",
                route.key("queue").key("capacity"),
                format!(
                    "a buffer of {} never fills a request of {} samples",
                    written.queue.capacity, written.queue.max_samples_per_send
                ),
            )
            .help("make the capacity three to ten times `max_samples_per_send`"),
        );
    }
}

fn check_url(url: &str, route: Route) -> Option<Problem> {
    let parts = url.split_once("://").and_then(|(scheme, rest)| {
        let authority = rest.split(['/', '?', '#']).next()?;
        let is_clean = rest.chars().all(|char| char.is_ascii_graphic())
            && !authority.is_empty()
            && !authority.contains('@');
        is_clean.then_some((scheme, authority))
    });
    match parts {
        Some(("https", _)) => None,
        Some(("http", authority)) if is_near(authority) => None,
        Some(("http", _)) => Some(
            Problem::value(
                "profile/unencrypted",
                route,
                "samples and credentials would travel where others can read and change them",
            )
            .help("write `https://`; `http://` is for names without dots, private addresses and this host"),
        ),
        _ => Some(
            Problem::value(
                "profile/bad-url",
                route,
                "this is not the address of a storage",
            )
            .help("write `https://host[:port]/path`, without credentials"),
        ),
    }
}

/// Whether a host is in the network of the one who asks.
fn is_near(authority: &str) -> bool {
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None => authority.split(':').next().unwrap_or(authority),
    };
    match host.parse::<std::net::IpAddr>() {
        Ok(std::net::IpAddr::V4(address)) => address.is_loopback() || address.is_private(),
        Ok(std::net::IpAddr::V6(address)) => address.is_loopback() || address.is_unique_local(),
        Err(_) => !host.contains('.') || host == super::service::HOST_GATEWAY,
    }
}

/// An agent that nobody hears, or that nobody can ask.
fn check_agent(profile: &Profile, problems: &mut Vec<Problem>) {
    let route = Route::of(["agent"]);
    if profile.remote_write.is_empty() {
        problems.push(
            Problem::key(
                "profile/agent-without-storage",
                route,
                "an agent stores nothing, and nothing is said of where it sends its samples",
            )
            .help("add `remote_write: {mimir: {url: https://…/api/v1/push, query_url: https://…/prometheus}}`"),
        );
    } else if !prometheus::is_stored_elsewhere(profile) {
        problems.push(
            Problem::key(
                "profile/agent-without-query-url",
                route,
                "an agent cannot be asked, and nothing is said of where Grafana can ask",
            )
            .help("add `query_url` to one of `remote_write`"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_near_hosts_are_reached_without_tls() {
        let id = |url: &str| check_url(url, Route::root()).map(|problem| problem.id);
        for url in [
            "https://mimir.example.com/api/v1/push",
            "http://mimir:9009/api/v1/push",
            "http://127.0.0.1:9090/api/v1/write",
            "http://[::1]:9090/",
            "http://10.1.2.3/api/v1/push",
            "http://host.docker.internal:9009/api/v1/push",
        ] {
            assert_eq!(id(url), None, "{url}");
        }
        for url in ["http://mimir.example.com/", "http://8.8.8.8:80/x"] {
            assert_eq!(id(url), Some("profile/unencrypted"), "{url}");
        }
        for url in [
            "mimir:9009",
            "https://",
            "https://u:p@h/",
            "ftp://h/",
            "https://h/a b",
        ] {
            assert_eq!(id(url), Some("profile/bad-url"), "{url}");
        }
    }
}
