//! The exporter that scans the keys of one target, and its job. It is not the one that watches the
//! target, because a scan takes as long as there are keys.

use indexmap::IndexMap;

use super::address;
use super::exporter::{EXPORTER_PORT, ExporterProcess, common_user, go_duration};
use super::job::{Discovery, JobKind, Relabeling, ScrapeJob, discovery, grouped};
use super::key_policy::KeyPolicies;
use super::target::RedisTarget;
use crate::catalogue::Version;
use crate::profile::{Exporter, ExporterMode, Flag, Profile};
use crate::quantity::Duration;

/// Where the exporter finds its script.
pub const SCRIPT_MOUNT: &str = "/etc/redis_exporter";
/// Name of the script's file.
pub const SCRIPT_FILE: &str = "keys.lua";

/// What the job keeps of a scrape.
const KEPT: &str = "redis_(up|instance_info|key_.+|keys_count|number_of_distinct_key_groups|script_.+|exporter_last_scrape_.+)";

/// The exporter of a profile by which a target is watched.
#[derive(Debug, Clone, Copy)]
pub struct Watcher<'a> {
    /// The profile.
    pub profile: &'a Profile,
    /// Its name.
    pub name: &'a str,
    /// How it is written.
    pub exporter: &'a Exporter,
    /// Its job.
    pub job: &'a str,
    /// Its version; `None` where it is unknown.
    pub version: Option<Version>,
}

/// The process that scans the keys of `target`, and its job.
pub fn resolve(
    watcher: Watcher<'_>,
    target: &RedisTarget,
    keys: &KeyPolicies,
) -> (ExporterProcess, ScrapeJob) {
    let Watcher {
        profile,
        name,
        exporter,
        ..
    } = watcher;
    let main_port = exporter.port.unwrap_or(EXPORTER_PORT);
    let service = format!("{name}-keys-{}", target.name);
    let port = address::port(profile, &service).unwrap_or(main_port);
    let job = format!("{}-keys-{}", watcher.job, target.name);
    let address = address::of(profile, &service, port);
    let (found, labels) = if exporter.mode == ExporterMode::Cluster {
        let watcher = address::of(profile, name, main_port);
        let url = format!("http://{watcher}/discover-cluster-nodes");
        (Discovery::ClusterNodes { url }, target.static_labels())
    } else {
        let servers = target.data_servers();
        let targets = servers.map(|server| (server.instance.clone(), target.static_labels()));
        (discovery(&job, grouped(targets)), IndexMap::new())
    };
    let process = ExporterProcess {
        service,
        exporter: name.into(),
        image: exporter.image.clone(),
        port,
        server: None,
        user: common_user(&[target]),
        flags: flags(watcher, keys, port),
        password: match exporter.password_file {
            Some(_) => None,
            None => target.password.clone(),
        },
        password_file: exporter.password_file.clone(),
        keys: Some(keys.clone()),
    };
    let job = ScrapeJob {
        name: job,
        kind: JobKind::Keys,
        comment: format!(
            "The keys of {}. A job of its own: each scrape reads every key.",
            target.name
        ),
        scheme: "http".into(),
        metrics_path: "/scrape".into(),
        params: IndexMap::new(),
        interval: keys.interval,
        timeout: keys.timeout,
        discovery: found,
        relabeling: Relabeling::Through {
            exporter: address,
            labels,
        },
        basic_auth: None,
        keep: Some(KEPT),
        dropped_labels: Vec::new(),
        shard: None,
        sample_limit: None,
    };
    (process, job)
}

fn flags(watcher: Watcher<'_>, keys: &KeyPolicies, port: u16) -> IndexMap<String, Flag> {
    let patience = Duration::from_millis((keys.timeout.as_millis() / 2).max(100));
    let mut flags = IndexMap::from([(
        "connection-timeout".to_owned(),
        Flag::Text(go_duration(patience)),
    )]);
    if port != EXPORTER_PORT {
        flags.insert("web.listen-address".into(), Flag::Text(format!(":{port}")));
    }
    let written = watcher.exporter.flags.iter();
    flags.extend(written.map(|(name, value)| (name.clone(), value.clone())));
    let script = format!("{SCRIPT_MOUNT}/{SCRIPT_FILE}");
    let own = keys.flags(&script).into_iter();
    flags.extend(own.map(|(name, value)| (name.to_owned(), Flag::Text(value))));
    let is_there = |since: Version| watcher.version.is_some_and(|version| version >= since);
    if keys.lua && is_there(Version::new(1, 83, 0)) {
        flags.insert("lua-script-read-only".into(), Flag::Switch(true));
    }
    if is_there(Version::new(1, 52, 0)) {
        // What is in a key is nobody's business here.
        flags.insert("disable-exporting-key-values".into(), Flag::Switch(true));
    }
    flags
}
