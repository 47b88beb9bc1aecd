//! What the exporter of the keys says about real keys, as the README of a rendered bundle starts it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::ports::Ports;
use crate::process::Daemon;
use crate::redis::{Connection, Reply};
use crate::tools::{Generation, generations};
use crate::wait::{PATIENCE, until};
use crate::{Outcome, http, stack};

/// A pattern that is hard on every language on its way to Redis.
const HARD: &str = r#"we,ird="100%":'$x'+[a-c]?*"#;

fn policies() -> Value {
    json!({
        "user:*": {"ttl": "1h"},
        "list:*": {"max_length": 3},
        HARD: {"ttl": "1d"},
        "named:*": {"by_key": true},
        "only": {"by_key": true, "max_length": 1},
        "*": {"ttl": "2d"},
    })
}

fn keys(redis: &mut Connection, has_databases: bool) -> Outcome<()> {
    let mut tell = |line: &[&str]| redis.tell(line).map(drop);
    tell(&["SET", "user:1", "x"])?;
    tell(&["SET", "user:2", "x", "EX", "3600"])?;
    tell(&["SET", "user:3", "x", "EX", "7200"])?;
    tell(&["RPUSH", "list:1", "a", "b", "c"])?;
    tell(&["RPUSH", "list:2", "a", "b", "c", "d"])?;
    tell(&[
        "HSET", "list:3", "a", "1", "b", "2", "c", "3", "d", "4", "e", "5",
    ])?;
    tell(&["SET", "list:4", "a text has no elements"])?;
    tell(&["SET", r#"we,ird="100%":'$x'+b?!"#, "x"])?;
    tell(&["SET", r#"we,ird="100%":'$x'+d?!"#, "not of this pattern"])?;
    tell(&["SADD", "named:a", "1", "2"])?;
    tell(&["XADD", "only", "*", "a", "1"])?;
    tell(&["XADD", "only", "*", "a", "2"])?;
    if has_databases {
        tell(&["SELECT", "3"])?;
        tell(&["SET", "user:4", "x"])?;
    }
    Ok(())
}

/// What is read of a scrape: series without the label `filename`, which old exporters do not have.
fn readings(scrape: &str) -> BTreeMap<String, String> {
    scrape
        .lines()
        .filter(|line| line.starts_with("redis_key") || line.starts_with("redis_script"))
        .filter(|line| !line.starts_with("redis_keyspace"))
        .filter_map(|line| line.rsplit_once(' '))
        .map(|(series, value)| {
            let own = "filename=\"exporters/redis-exporter-keys-cache/keys.lua\"";
            let series = series.replace(&format!("{own},"), "").replace(own, "");
            (series, value.to_owned())
        })
        .collect()
}

fn start(
    tools: &Generation,
    ports: &Ports,
    root: &Path,
    is_cluster: bool,
) -> Outcome<(Daemon, Daemon)> {
    let bundle = render(tools, ports, root, is_cluster)?;
    let port = ports.redis(0).to_string();
    let mut command = vec![
        tools.program("redis-server").to_string_lossy().into_owned(),
        "--port".into(),
        port.clone(),
        "--save".into(),
        String::new(),
    ];
    if is_cluster {
        command.extend(["--cluster-enabled".into(), "yes".into()]);
        command.extend(["--cluster-port".into(), ports.bus(0).to_string()]);
    }
    let mut server = Daemon::new("redis", command, root, root);
    server.start()?;
    let mut redis = until("redis-server answers", PATIENCE, || {
        server.check()?;
        Ok(Connection::open(ports.redis(0)).ok())
    })?;
    if is_cluster {
        redis.tell(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"])?;
        until("the cluster is well", PATIENCE, || {
            let info = redis.tell(&["CLUSTER", "INFO"])?;
            Ok(
                matches!(info, Reply::Text(text) if text.contains("cluster_state:ok"))
                    .then_some(()),
            )
        })?;
    }
    keys(&mut redis, !is_cluster)?;
    let readme = fs::read_to_string(bundle.join("README.md")).map_err(|error| error.to_string())?;
    let line = readme
        .lines()
        .find(|line| line.contains("--script="))
        .ok_or("the README does not say how to start the exporter of the keys")?;
    let program = tools.program("redis_exporter");
    let command = vec![
        "sh".into(),
        "-c".into(),
        format!(
            "exec env {}",
            line.replace("redis_exporter --", &format!("{} --", program.display()))
        ),
    ];
    let mut exporter = Daemon::new("exporter", command, &bundle, root);
    exporter.start()?;
    until("redis_exporter answers", PATIENCE, || {
        exporter.check()?;
        Ok(http::is_ready(ports.exporter(), "/health").then_some(()))
    })?;
    Ok((server, exporter))
}

fn render(
    tools: &Generation,
    ports: &Ports,
    root: &Path,
    is_cluster: bool,
) -> Outcome<std::path::PathBuf> {
    let here = |port: u16| format!("127.0.0.1:{port}");
    let profile = json!({
        "name": "lab",
        "targets": {"cache": {
            "address": format!("redis://{}", here(ports.redis(0))),
            "topology": if is_cluster { "cluster" } else { "standalone" },
            "key_policies": policies(),
            "key_scan": {"interval": "10s"},
        }},
        "compose": {"enabled": false},
        "addresses": {"redis-exporter-keys-cache": here(ports.exporter())},
        "notifications": {"channels": {"nobody": {"kind": "silent"}}},
        // Neither exporter may be told a flag that it does not know.
        "versions": {"redis_exporter": if tools.name == "old" { "v1.45.0" } else { "v1.86.0" }},
        "environments": {"lab": {}},
    });
    stack::render(&profile, root)
}

fn expected(is_cluster: bool) -> BTreeMap<String, String> {
    let in_db3 = u32::from(!is_cluster);
    let hard = HARD.replace('"', "\\\"");
    let script = |reading: &str, pattern: &str, value: u32| {
        (
            format!("redis_script_values{{key=\"{reading} {pattern}\"}}"),
            value.to_string(),
        )
    };
    let count = |pattern: &str, value: u32| {
        (
            format!("redis_keys_count{{db=\"db0\",key=\"{pattern}\"}}"),
            value.to_string(),
        )
    };
    let group = |db: &str, group: &str, value: u32| {
        (
            format!("redis_key_group_count{{db=\"{db}\",key_group=\"{group}\"}}"),
            value.to_string(),
        )
    };
    let size = |key: &str, value: u32| {
        (
            format!("redis_key_size{{db=\"db0\",key=\"{key}\"}}"),
            value.to_string(),
        )
    };
    let mut expected = vec![
        script("sampled", "user:*", 3 + in_db3),
        script("complete", "user:*", 1),
        script("without_ttl", "user:*", 1 + in_db3),
        script("over_ttl", "user:*", 1),
        script("sampled", "list:*", 4),
        script("complete", "list:*", 1),
        script("longest", "list:*", 5),
        script("too_long", "list:*", 2),
        script("sampled", &hard, 1),
        script("complete", &hard, 1),
        script("without_ttl", &hard, 1),
        script("over_ttl", &hard, 0),
        script("sampled", "named:*", 1),
        script("complete", "named:*", 1),
        script("sampled", "only", 1),
        script("complete", "only", 1),
        script("longest", "only", 2),
        script("too_long", "only", 1),
        script("sampled", "*", 11 + in_db3),
        script("complete", "*", 1),
        script("without_ttl", "*", 9 + in_db3),
        script("over_ttl", "*", 0),
        count("user:*", 3),
        count("list:*", 4),
        count(&hard, 1),
        count("named:*", 1),
        count("only", 1),
        count("*", 11),
        group("db0", "user:", 3),
        group("db0", "list:", 4),
        group("db0", "we,ird=\\\"100%\\\":'$x'+", 1),
        group("db0", "named:", 1),
        group("db0", "only", 1),
        group("db0", "unclassified", 1),
        size("named:a", 2),
        size("only", 2),
    ];
    if !is_cluster {
        expected.push(group("db3", "user:", 1));
    }
    expected.into_iter().collect()
}

#[test]
fn key_policies_read_keys_as_they_are() {
    for tools in generations() {
        for is_cluster in [false, true] {
            let (ports, _lock) = Ports::choose().unwrap();
            let root = tempfile::tempdir().unwrap();
            let (_server, _exporter) = start(&tools, &ports, root.path(), is_cluster).unwrap();
            let path = format!("/scrape?target=redis://127.0.0.1:{}", ports.redis(0));
            let scrape = http::text(ports.exporter(), &path).unwrap();
            let readings = readings(&scrape);
            let what = format!("{}, cluster: {is_cluster}", tools.name);
            for (series, value) in expected(is_cluster) {
                assert_eq!(
                    readings.get(&series),
                    Some(&value),
                    "{what}: {series}\n{readings:#?}"
                );
            }
            let scripts = readings
                .keys()
                .filter(|series| series.starts_with("redis_script_values"));
            assert_eq!(scripts.count(), 22, "{what}: {readings:#?}");
        }
    }
}
