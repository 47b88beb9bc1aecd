//! The ACL users with which exporters connect, and what each may do: no more than it must.

use std::collections::BTreeSet;

use indexmap::IndexMap;

use super::exporter::ExporterProcess;
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
    // An exporter that runs elsewhere is taken for one without flags.
    let mut processes: Vec<IndexMap<String, String>> = exporters
        .iter()
        .filter(|process| {
            process.exporter == target.exporter
                && process
                    .keys
                    .as_ref()
                    .is_none_or(|keys| keys.target == target.name)
        })
        .map(|process| {
            let flags = process.flags.iter();
            flags
                .map(|(name, value)| (name.clone(), value.to_string()))
                .collect()
        })
        .collect();
    if processes.is_empty() {
        processes.push(IndexMap::new());
    }
    let topology = target.topology.as_str();
    let mut commands = BTreeSet::new();
    let mut reads_keys = false;
    for permission in permissions {
        if processes
            .iter()
            .any(|flags| permission.is_needed(flags, topology))
        {
            commands.extend(&permission.commands);
            reads_keys |= permission.reads_keys;
        }
    }
    // Reading alone is a permission since Redis 7.0.
    let keys = reads_keys.then_some("%R~*");
    ["resetkeys"]
        .into_iter()
        .chain(keys)
        .chain(["resetchannels", "-@all"])
        .map(ToOwned::to_owned)
        .chain(commands.into_iter().map(|command| format!("+{command}")))
        .collect()
}
