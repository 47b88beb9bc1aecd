//! What must hold for the keys of a target, and how they are looked at.

use std::borrow::Cow;

use indexmap::IndexMap;

use super::consumer::key_pattern;
use super::glob::{Glob, GlobError};
use crate::document::Route;
use crate::profile::{self, Problem, Server, Target};
use crate::quantity::Duration;

/// How the exporter calls the keys that belong to no group.
const UNCLASSIFIED: &str = "unclassified";
/// Longest time between two scans. Rules look back over three of them.
const LONGEST_INTERVAL: Duration = Duration::from_secs(3600);
/// Most keys that the script may look at: about a third of a second in which Redis does nothing else.
const LARGEST_SAMPLE: u32 = 100_000;

/// Everything about the keys of one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPolicies {
    /// Name of the target.
    pub target: String,
    /// In the profile's order; at least one.
    pub policies: Vec<KeyPolicy>,
    /// Time between two scans.
    pub interval: Duration,
    /// Longest time a scan may take.
    pub timeout: Duration,
    /// Most keys that the script looks at for each policy.
    pub sample: u32,
    /// Whether Lua scripts may be used.
    pub lua: bool,
    /// Number of the database in which keys are counted. Groups and the script see all of them.
    pub database: u16,
}

/// What must hold for the keys that fit a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPolicy {
    /// The pattern.
    pub pattern: Glob,
    /// One sentence for people.
    pub description: String,
    /// Longest time to live.
    pub ttl: Option<Duration>,
    /// Most elements.
    pub max_length: Option<u32>,
    /// Whether losing such a key does harm.
    pub is_durable: bool,
    /// Whether each key is shown by its name.
    pub by_key: bool,
}

impl KeyPolicy {
    /// The label `key_group` of the keys that fit.
    pub fn group(&self) -> Cow<'static, str> {
        if self.pattern.is_everything() {
            UNCLASSIFIED.into()
        } else {
            self.pattern.plain_text().into()
        }
    }
}

impl KeyPolicies {
    /// Patterns of the keys that are shown by their names.
    pub fn shown_patterns(&self) -> impl Iterator<Item = &str> {
        let shown = self.policies.iter().filter(|it| it.shows_keys(self.lua));
        shown.map(|policy| policy.pattern.as_str())
    }

    /// Flags of the exporter, without dashes, in order. `script` is the path of the Lua script.
    pub fn flags(&self, script: &str) -> IndexMap<&'static str, String> {
        let mut flags = IndexMap::new();
        let patterns = |wanted: &dyn Fn(&KeyPolicy) -> bool| {
            let wanted = self.policies.iter().filter(|policy| wanted(policy));
            let arguments: Vec<String> = wanted
                .map(|policy| self.key_argument(policy.pattern.as_str()))
                .collect();
            arguments.join(",")
        };
        if self.lua {
            let groups: Vec<String> = self
                .policies
                .iter()
                .filter(|policy| !policy.pattern.is_everything())
                .map(|policy| csv_field(&policy.pattern.lua_pattern()))
                .collect();
            // Without any group the exporter would not look at the keys of none either.
            let groups = if groups.is_empty() {
                "^$".to_owned()
            } else {
                groups.join(",")
            };
            flags.insert("check-key-groups", groups);
            // The group of the others is one more; the exporter puts further ones together.
            flags.insert(
                "max-distinct-key-groups",
                (self.policies.len() + 1).to_string(),
            );
            flags.insert("script", script.to_owned());
        }
        flags.insert("count-keys", patterns(&|_| true));
        let single =
            patterns(&|policy| policy.shows_keys(self.lua) && policy.pattern.only_key().is_some());
        let several =
            patterns(&|policy| policy.shows_keys(self.lua) && policy.pattern.only_key().is_none());
        for (flag, value) in [("check-keys", several), ("check-single-keys", single)] {
            if !value.is_empty() {
                flags.insert(flag, value);
            }
        }
        flags
    }

    /// A key or pattern as the exporter's flags take it: with its database, in the manner of URLs.
    fn key_argument(&self, pattern: &str) -> String {
        let mut out = format!("db{}=", self.database);
        for byte in pattern.bytes() {
            if byte.is_ascii_alphanumeric() || b"-_.~:*?[]^\\/".contains(&byte) {
                out.push(char::from(byte));
            } else {
                out.push_str(&format!("%{byte:02X}"));
            }
        }
        out
    }
}

impl KeyPolicy {
    /// Without Lua a length is only seen key by key.
    fn shows_keys(&self, lua: bool) -> bool {
        self.by_key || (!lua && self.max_length.is_some())
    }
}

/// One field of a line of comma-separated values.
fn csv_field(text: &str) -> String {
    if text.contains([',', '"']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// The policies of one target; `None` where it has none, or where they are wrong.
pub fn resolve(name: &str, target: &Target, problems: &mut Vec<Problem>) -> Option<KeyPolicies> {
    let route = Route::of(["targets", name]);
    let before = problems.len();
    let written = written(target, &route, problems);
    if written.is_empty() {
        return None;
    }
    let scan = target.key_scan;
    let timeout = check_scan(target, &route.key("key_scan"), problems);
    let mut policies = Vec::with_capacity(written.len());
    let mut groups: IndexMap<String, &str> = IndexMap::new();
    for (
        pattern,
        Entry {
            route,
            policy: written,
        },
    ) in &written
    {
        let glob = match Glob::parse(pattern) {
            Ok(glob) => glob,
            Err(error) => {
                problems.push(bad_pattern(route.clone(), error));
                continue;
            }
        };
        for (key, is_zero) in [
            ("ttl", written.ttl.is_some_and(Duration::is_zero)),
            ("max_length", written.max_length == Some(0)),
        ] {
            if is_zero {
                let message = format!("no key can have a `{key}` of nothing");
                problems.push(
                    Problem::value("profile/bad-key-policy", route.key(key), message)
                        .help("give a limit, or remove it"),
                );
            }
        }
        if !scan.lua && written.ttl.is_some() {
            problems.push(
                Problem::key(
                    "profile/unwatched-policy",
                    route.key("ttl"),
                    "without Lua nobody sees times to live",
                )
                .warning()
                .help("remove `key_scan.lua: false` if the server allows `EVAL`"),
            );
        }
        check_eviction(name, pattern, written, target, route, problems);
        let policy = KeyPolicy {
            pattern: glob,
            description: written.description.clone(),
            ttl: written.ttl,
            max_length: written.max_length,
            is_durable: written.durable,
            by_key: written.by_key,
        };
        let group = policy.group().into_owned();
        if group.is_empty() {
            problems.push(
                Problem::key(
                    "profile/bad-key-policy",
                    route.clone(),
                    "this pattern has no character that is itself, and its keys cannot be counted",
                )
                .help("begin with what the keys have in common, such as `user:*`, or write `*` for all keys"),
            );
        } else if let Some(other) = groups.insert(group, pattern) {
            problems.push(
                Problem::key(
                    "profile/bad-key-policy",
                    route.clone(),
                    format!("the keys of `{other}` and `{pattern}` would be counted together"),
                )
                .help("the exporter tells groups of keys apart by the plain characters of their patterns; change one, or join the two"),
            );
        }
        policies.push(policy);
    }
    (problems.len() == before || problems[before..].iter().all(|it| !it.is_error())).then(|| {
        KeyPolicies {
            target: name.to_owned(),
            policies,
            interval: scan.interval,
            timeout,
            sample: scan.sample,
            lua: scan.lua,
            database: target.address.db.unwrap_or(0),
        }
    })
}

/// A policy, and the place that asks for it.
struct Entry {
    route: Route,
    policy: profile::KeyPolicy,
}

/// The policies by pattern: those of the target, and for the keys of its consumers what they promise.
fn written(target: &Target, route: &Route, problems: &mut Vec<Problem>) -> IndexMap<String, Entry> {
    let own = target.key_policies.iter().map(|(pattern, policy)| {
        let route = route.key("key_policies").key(pattern);
        let policy = policy.clone();
        (pattern.clone(), Entry { route, policy })
    });
    let mut all: IndexMap<String, Entry> = own.collect();
    for (name, consumer) in &target.consumers {
        let route = route.key("consumers").key(name);
        let Some(pattern) = consumer.key_prefix.as_deref().and_then(key_pattern) else {
            continue;
        };
        let entry = all.entry(pattern.clone()).or_insert_with(|| Entry {
            route: route.clone(),
            policy: profile::KeyPolicy {
                description: consumer.description.clone(),
                ttl: consumer.ttl,
                ..profile::KeyPolicy::default()
            },
        });
        match (entry.policy.ttl, consumer.ttl) {
            (Some(said), Some(ttl)) if said != ttl => problems.push(
                Problem::value(
                    "profile/bad-key-policy",
                    route.key("ttl"),
                    format!("keys that fit `{pattern}` may live for {ttl} here, and for {said} elsewhere"),
                )
                .help("say it once: the time to live of a consumer is that of its keys' policy"),
            ),
            (None, ttl) => entry.policy.ttl = ttl,
            _ => {}
        }
    }
    all
}

fn bad_pattern(route: Route, error: GlobError) -> Problem {
    Problem::key(
        "profile/bad-key-policy",
        route,
        format!("this pattern {error}"),
    )
    .help("write it as for `SCAN … MATCH`: `*`, `?`, `[a-z]`, and `\\` before a character that means itself")
}

fn check_scan(target: &Target, route: &Route, problems: &mut Vec<Problem>) -> Duration {
    let scan = target.key_scan;
    let timeout = scan
        .timeout
        .unwrap_or_else(|| Duration::from_secs(60).min(scan.interval));
    let mut wrong = |key: &str, message: String, help: &str| {
        problems.push(Problem::value("profile/bad-key-scan", route.key(key), message).help(help));
    };
    if scan.interval.is_zero() || timeout.is_zero() {
        let key = if scan.interval.is_zero() {
            "interval"
        } else {
            "timeout"
        };
        wrong(
            key,
            format!("`{key}` is no time at all"),
            "give a duration such as `5m`",
        );
    } else if timeout > scan.interval {
        wrong(
            if scan.timeout.is_some() {
                "timeout"
            } else {
                "interval"
            },
            format!(
                "the timeout of {timeout} is longer than the interval of {}",
                scan.interval
            ),
            "make the timeout at most the interval; Prometheus refuses to start otherwise",
        );
    } else if scan.interval > LONGEST_INTERVAL {
        wrong(
            "interval",
            format!("a scan every {} says too late what is wrong", scan.interval),
            "use at most 1h, and a larger `timeout` where a scan takes long",
        );
    }
    if scan.sample == 0 || scan.sample > LARGEST_SAMPLE {
        wrong(
            "sample",
            format!("the script cannot look at {} keys", scan.sample),
            "use 1 to 100000; Redis serves nobody else while it looks, about 3 microseconds for each key",
        );
    }
    timeout
}

/// Whether a key that must stay can be evicted.
fn check_eviction(
    name: &str,
    pattern: &str,
    written: &profile::KeyPolicy,
    target: &Target,
    route: &Route,
    problems: &mut Vec<Problem>,
) {
    let policy = target.server.as_ref().and_then(Server::eviction_policy);
    let (true, Some(policy)) = (written.durable, policy) else {
        return;
    };
    let evicts = policy.starts_with("allkeys-");
    // `volatile-*` takes what has a time to live, and this has.
    let evicts_expiring = policy.starts_with("volatile-") && written.ttl.is_some();
    if evicts || evicts_expiring {
        problems.push(
            Problem::value(
                "profile/durable-keys-evicted",
                route.key("durable"),
                format!("`{pattern}` must stay, and `{name}` evicts it: its policy is `{policy}`"),
            )
            .help(if evicts {
                "give these keys a target of their own with `maxmemory_policy: noeviction`, or use `volatile-lru` and no `ttl` for them"
            } else {
                "give these keys a target of their own with `maxmemory_policy: noeviction`"
            }),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policies(patterns: &[&str], lua: bool, by_key: bool) -> KeyPolicies {
        let policy = |pattern: &&str| KeyPolicy {
            pattern: Glob::parse(pattern).unwrap(),
            description: String::new(),
            ttl: None,
            max_length: None,
            is_durable: false,
            by_key,
        };
        KeyPolicies {
            target: "cache".into(),
            policies: patterns.iter().map(policy).collect(),
            interval: Duration::from_secs(300),
            timeout: Duration::from_secs(60),
            sample: 5000,
            lua,
            database: 3,
        }
    }

    #[test]
    fn flags_carry_any_pattern() {
        let flags = policies(&["a,\"b\":*", "100%=+ü", "*"], true, false).flags("/x.lua");
        assert_eq!(flags["check-key-groups"], r#""^(a,""b"":)",^(100%%=%+ü)$"#);
        assert_eq!(flags["max-distinct-key-groups"], "4");
        assert_eq!(flags["script"], "/x.lua");
        let flags = policies(&["a,\"b\":*", "100%=+ü"], false, true).flags("/x.lua");
        assert_eq!(
            flags["count-keys"],
            "db3=a%2C%22b%22:*,db3=100%25%3D%2B%C3%BC"
        );
        assert_eq!(flags["check-keys"], "db3=a%2C%22b%22:*");
        assert_eq!(flags["check-single-keys"], "db3=100%25%3D%2B%C3%BC");
        assert!(!flags.contains_key("script"));
    }

    #[test]
    fn a_policy_for_every_key_counts_what_no_group_takes() {
        let all = policies(&["*"], true, false);
        assert_eq!(all.policies[0].group(), "unclassified");
        assert_eq!(all.flags("/x.lua")["check-key-groups"], "^$");
    }
}
