//! The ACL users with which exporters connect, and what each may do: no more than it must.

use std::collections::BTreeSet;

use indexmap::IndexMap;

use super::exporter::ExporterProcess;
use super::key_policy::KeyPolicies;
use super::target::RedisTarget;
use crate::catalogue::Permission;

/// The user of one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExporterUser {
    /// Name of the target.
    pub target: String,
    /// Name of the user.
    pub name: String,
    /// Its ACL rules but for the password, in order.
    pub rules: Vec<String>,
}

/// The users of all targets whose address names one.
pub fn resolve(
    targets: &[RedisTarget],
    exporters: &[ExporterProcess],
    permissions: &[Permission],
) -> Vec<ExporterUser> {
    let mut users = Vec::new();
    for target in targets {
        let mut servers = target.data_servers();
        let Some(name) = servers.find_map(|server| server.user.as_ref()) else {
            continue;
        };
        if name == "default" {
            continue;
        }
        users.push(ExporterUser {
            target: target.name.clone(),
            name: name.clone(),
            rules: rules(target, exporters, permissions),
        });
    }
    users
}

fn rules(
    target: &RedisTarget,
    exporters: &[ExporterProcess],
    permissions: &[Permission],
) -> Vec<String> {
    let watches = |process: &&ExporterProcess| {
        let mut keys = process.keys.iter();
        process.exporter == target.exporter && keys.all(|keys| keys.target == target.name)
    };
    let mut processes: Vec<(IndexMap<String, String>, Option<&KeyPolicies>)> = exporters
        .iter()
        .filter(watches)
        .map(|process| {
            let flags = process.flags.iter();
            let flags = flags.map(|(name, value)| (name.clone(), value.to_string()));
            (flags.collect(), process.keys.as_ref())
        })
        .collect();
    // An exporter that runs elsewhere is taken for one without flags.
    if processes.is_empty() {
        processes.push((IndexMap::new(), None));
    }
    let mut commands = BTreeSet::new();
    let mut reads_keys = false;
    let mut selectors = BTreeSet::new();
    for (flags, keys) in &processes {
        let topology = target.topology.as_str();
        let needed = permissions.iter();
        for permission in needed.filter(|it| it.is_needed(flags, topology)) {
            if permission.named_keys_only {
                selectors.insert(selector(*keys, &permission.commands));
            } else {
                commands.extend(&permission.commands);
                reads_keys |= permission.reads_keys;
            }
        }
    }
    ["clearselectors", "resetkeys"]
        .into_iter()
        .chain(reads_keys.then_some("%R~*"))
        .chain(["resetchannels", "-@all"])
        .map(ToOwned::to_owned)
        .chain(commands.into_iter().map(|command| format!("+{command}")))
        .chain(selectors)
        .collect()
}

/// Commands on keys that are named one by one: `(%R~queue:* +get)`.
fn selector(keys: Option<&KeyPolicies>, commands: &[String]) -> String {
    // ACL rules know no quotes: such a pattern cannot be said. Nor is it known what flags of one's own name.
    let is_plain = |pattern: &&str| {
        let mut bytes = pattern.bytes();
        bytes.all(|byte| byte.is_ascii_graphic() && !b"\"'()\\".contains(&byte))
    };
    let patterns: Vec<&str> = keys
        .into_iter()
        .flat_map(KeyPolicies::shown_patterns)
        .collect();
    let patterns = if patterns.is_empty() || !patterns.iter().all(is_plain) {
        vec!["*"]
    } else {
        patterns
    };
    let keys = patterns.iter().map(|pattern| format!("%R~{pattern}"));
    let commands = commands.iter().map(|command| format!("+{command}"));
    let words: Vec<String> = keys.chain(commands).collect();
    format!("({})", words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::super::glob::Glob;
    use super::super::key_policy::KeyPolicy;
    use super::*;
    use crate::quantity::Duration;

    fn selector_of(patterns: &[(&str, bool)]) -> String {
        let policies = patterns.iter().map(|(pattern, by_key)| KeyPolicy {
            pattern: Glob::parse(pattern).unwrap(),
            description: String::new(),
            ttl: None,
            max_length: None,
            is_durable: false,
            by_key: *by_key,
        });
        let keys = KeyPolicies {
            target: "cache".into(),
            policies: policies.collect(),
            interval: Duration::from_secs(300),
            timeout: Duration::from_secs(60),
            sample: 5000,
            lua: true,
            database: 0,
        };
        selector(Some(&keys), &["get".to_owned()])
    }

    #[test]
    fn values_are_read_of_keys_that_are_shown_by_name() {
        let found = selector_of(&[("user:*", false), ("queue:*", true), ("list:[ab]?", true)]);
        assert_eq!(found, "(%R~queue:* %R~list:[ab]? +get)");
    }

    #[test]
    fn a_pattern_that_acl_rules_cannot_say_stands_for_every_key() {
        for pattern in ["two words:*", "a(b):*", "it's:*", r"star\*:*", "größe:*"] {
            assert_eq!(selector_of(&[(pattern, true)]), "(%R~* +get)", "{pattern}");
        }
        assert_eq!(selector(None, &["get".to_owned()]), "(%R~* +get)");
    }
}
