//! A Redis as the Compose file of a rendered bundle starts it, and what its exporters may do there.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::ports::Ports;
use crate::process::Daemon;
use crate::redis::{Connection, Reply};
use crate::tools::{Generation, generations};
use crate::wait::{PATIENCE, until};
use crate::{Outcome, http, stack};

const EVERYBODY: &str = r#"every"body's \ $word #1"#;
const EXPORTER: &str = "the exporter's & own";

/// Words of the versions of Redis for what a user may not do, directly and in a script.
const REFUSALS: [&str; 3] = ["permission", "can't run this command", "can't access"];

/// G+ Recycling's, as it should have been written.
const CONF: &str = "\
# Memory management
maxmemory 2gb
maxmemory-policy noeviction
maxmemory-samples 10

# Persistence
save 900 1
save 300 10
save 60 10000
stop-writes-on-bgsave-error yes

lazyfree-lazy-eviction yes
lazyfree-lazy-expire yes
lazyfree-lazy-server-del yes
replica-lazy-flush yes

timeout 300
tcp-keepalive 60
client-output-buffer-limit normal 0 0 0
client-output-buffer-limit replica 256mb 64mb 60
client-output-buffer-limit pubsub 32mb 8mb 60
";

fn render(tools: &Generation, root: &Path) -> Outcome<PathBuf> {
    let is_old = tools.name == "old";
    let profile = json!({
        "name": "lab",
        "targets": {"cache": {
            "address": "redis://exporter@cache",
            "password": {"file": "exporter-password"},
            "persistence": "rdb",
            "key_policies": {"user:*": {"ttl": "1h", "by_key": true}, "list:*": {"max_length": 3, "by_key": true}},
            "server": {"password": {"file": "password"}, "conf": CONF},
        }},
        // Neither program may be told what it does not know.
        "versions": {
            "redis_exporter": if is_old { "v1.45.0" } else { "v1.86.0" },
            "redis": if is_old { "7.0.15" } else { "8.0.6" },
        },
        "notifications": {"channels": {"nobody": {"kind": "silent"}}},
        "environments": {"lab": {}},
    });
    stack::render(&profile, root)
}

fn compose(bundle: &Path) -> Outcome<Value> {
    let text =
        fs::read_to_string(bundle.join("compose.yaml")).map_err(|error| error.to_string())?;
    serde_yaml::from_str(&text).map_err(|error| error.to_string())
}

fn words(value: &Value) -> Vec<String> {
    let words = value.as_array().into_iter().flatten();
    words
        .filter_map(|word| Some(word.as_str()?.replace("$$", "$")))
        .collect()
}

/// The server, as its container starts it, on this host.
fn server(tools: &Generation, ports: &Ports, bundle: &Path, root: &Path) -> Outcome<Daemon> {
    for (name, password) in [("password", EVERYBODY), ("exporter-password", EXPORTER)] {
        fs::write(root.join(name), format!("{password}\n")).map_err(|error| error.to_string())?;
    }
    let service = &compose(bundle)?["services"]["cache"];
    let here = |text: String| {
        text.replace("/run/secrets/", &format!("{}/", root.display()))
            .replace("/run/redis/", &format!("{}/", root.display()))
            .replace(
                "/usr/local/etc/redis/",
                &format!("{}/redis/cache/", bundle.display()),
            )
            // The image's entrypoint gives up root and then runs its arguments.
            .replace(
                "exec docker-entrypoint.sh redis-server",
                &format!("exec {}", tools.program("redis-server").display()),
            )
    };
    let mut command: Vec<String> = words(&service["command"]).into_iter().map(here).collect();
    let script = command.last_mut().ok_or("no script")?;
    *script = format!("{} --port {}\n", script.trim_end(), ports.redis(0));
    let mut server = Daemon::new("redis", command, root, root);
    server.start()?;
    until("redis-server answers", PATIENCE, || {
        server.check()?;
        Ok(Connection::open(ports.redis(0)).ok().map(drop))
    })?;
    Ok(server)
}

/// An exporter with the arguments of its service.
fn exporter(
    tools: &Generation,
    ports: &Ports,
    bundle: &Path,
    root: &Path,
    service: &str,
    (user, password): (&str, &str),
) -> Outcome<Daemon> {
    let mut command = vec![
        tools
            .program("redis_exporter")
            .to_string_lossy()
            .into_owned(),
    ];
    let scripts = format!("{}/exporters/{service}/", bundle.display());
    let arguments = words(&compose(bundle)?["services"][service]["command"]);
    command.extend(
        arguments
            .iter()
            .map(|argument| argument.replace("/etc/redis_exporter/", &scripts)),
    );
    command.push(format!(
        "--web.listen-address=127.0.0.1:{}",
        ports.exporter()
    ));
    let told = &compose(bundle)?["services"][service]["environment"]["REDIS_USER"];
    if told != "exporter" {
        return Err(format!("the exporter is told to be {told}"));
    }
    let mut exporter = Daemon::new(service, command, bundle, root)
        .variable("REDIS_ADDR", "")
        .variable("REDIS_USER", user)
        .variable("REDIS_PASSWORD", password);
    exporter.start()?;
    until("redis_exporter answers", PATIENCE, || {
        exporter.check()?;
        Ok(http::is_ready(ports.exporter(), "/health").then_some(()))
    })?;
    Ok(exporter)
}

/// Names of the metrics of a scrape.
fn names(scrape: &str) -> BTreeSet<&str> {
    let lines = scrape.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| line.split(['{', ' ']).next())
        .collect()
}

fn log_in(ports: &Ports, user: &str, password: &str) -> Outcome<Connection> {
    let mut redis = Connection::open(ports.redis(0)).map_err(|error| error.to_string())?;
    redis.tell(&["AUTH", user, password])?;
    Ok(redis)
}

#[test]
fn an_exporter_may_do_what_it_does_and_nothing_else() {
    for tools in generations() {
        let (ports, _lock) = Ports::choose().unwrap();
        let root = tempfile::tempdir().unwrap();
        let bundle = render(&tools, root.path()).unwrap();
        let _server = server(&tools, &ports, &bundle, root.path()).unwrap();
        let mut everybody = log_in(&ports, "default", EVERYBODY).unwrap();
        for line in [
            &["SET", "user:1", "x"][..],
            &["SET", "other:1", "x"],
            &["RPUSH", "list:1", "a", "b", "c", "d"],
            &["ACL", "LOG", "RESET"],
        ] {
            everybody.tell(line).unwrap();
        }
        let setting =
            |redis: &mut Connection, name: &str| match redis.tell(&["CONFIG", "GET", name]) {
                Ok(Reply::List(found)) => found.last().cloned(),
                other => panic!("{other:?}"),
            };
        for (name, value) in [
            ("maxmemory", "2147483648"),
            ("maxmemory-samples", "10"),
            ("save", "900 1 300 10 60 10000"),
            ("replica-lazy-flush", "yes"),
            ("timeout", "300"),
        ] {
            let found = setting(&mut everybody, name);
            assert_eq!(
                found,
                Some(Reply::Text(value.into())),
                "{}: {name}",
                tools.name
            );
        }
        for (service, wanted) in [
            ("redis-exporter", "redis_slowlog_length 0"),
            ("redis-exporter", "redis_config_maxclients 10000"),
            ("redis-exporter-keys-cache", "too_long list:*\"} 1"),
            (
                "redis-exporter-keys-cache",
                "redis_key_group_count{db=\"db0\",key_group=\"user:\"} 1",
            ),
            (
                "redis-exporter-keys-cache",
                "redis_key_size{db=\"db0\",key=\"list:1\"} 4",
            ),
            (
                "redis-exporter-keys-cache",
                "redis_keys_count{db=\"db0\",key=\"user:*\"} 1",
            ),
        ] {
            let as_user = |user, password| {
                let login = (user, password);
                let _exporter =
                    exporter(&tools, &ports, &bundle, root.path(), service, login).unwrap();
                let path = format!("/scrape?target=redis://{user}@127.0.0.1:{}", ports.redis(0));
                http::text(ports.exporter(), &path).unwrap()
            };
            // Alerts and panels have whatever there is.
            let everything = as_user("default", EVERYBODY);
            let scrape = as_user("exporter", EXPORTER);
            let (all, seen) = (names(&everything), names(&scrape));
            let missing: Vec<_> = all.difference(&seen).collect();
            assert!(missing.is_empty(), "{}, {service}: {missing:?}", tools.name);
            assert!(all.len() > 100, "{}: {}", tools.name, all.len());
            for wanted in [
                "redis_up 1",
                "redis_exporter_last_scrape_error{err=\"\"} 0",
                wanted,
            ] {
                assert!(
                    scrape.contains(wanted),
                    "{}, {service}: {wanted}\n{scrape}",
                    tools.name
                );
            }
        }
        assert_eq!(
            everybody.tell(&["ACL", "LOG"]).unwrap(),
            Reply::List(Vec::new()),
            "{}: something was refused",
            tools.name
        );
        let mut exporter = log_in(&ports, "exporter", EXPORTER).unwrap();
        for forbidden in [
            &["GET", "other:1"][..],
            &["SET", "user:1", "y"],
            &["DEL", "user:1"],
            &["FLUSHALL"],
            &["CONFIG", "SET", "maxmemory", "0"],
            &["ACL", "LIST"],
            &["EVAL", "return redis.call('GET', 'other:1')", "0"],
            &["EVAL", "return redis.call('DEL', 'user:1')", "0"],
            &["CLIENT", "KILL", "TYPE", "normal"],
            &["SHUTDOWN"],
        ] {
            let answer = exporter.ask(forbidden).unwrap();
            let is_refused = matches!(
                &answer,
                Reply::Error(error) if REFUSALS.iter().any(|refusal| error.contains(refusal))
            );
            assert!(is_refused, "{}: {forbidden:?}: {answer:?}", tools.name);
        }
        // No password can be read, not even a hash of one.
        for name in ["requirepass", "masterauth"] {
            assert_eq!(
                setting(&mut exporter, name),
                Some(Reply::Text(String::new()))
            );
        }
        assert!(log_in(&ports, "exporter", "").is_err());
        assert!(log_in(&ports, "exporter", EVERYBODY).is_err());
        let mut nobody = Connection::open(ports.redis(0)).unwrap();
        assert!(
            nobody.tell(&["PING"]).is_err(),
            "{}: no password is needed",
            tools.name
        );
    }
}
