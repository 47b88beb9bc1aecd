//! What is rendered for fleets, on running Prometheus servers of both generations: several that share the targets, and an
//! agent that sends to a storage. The programs are started as the README of the bundle says.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value as Json;
use stackwright::check::tool::Tool;

use crate::program::Program;
use crate::tools::{Generation, generations};

/// How long anything may take that should take seconds.
const PATIENCE: Duration = Duration::from_secs(90);

/// Thirteen servers and three sentinels in ten targets.
const TARGETS: &str = "
targets:
  carts: {address: redis://carts-1, topology: replicated, replicas: [redis://carts-2]}
  checkout:
    address: redis://checkout-1
    topology: sentinel
    replicas: [redis://checkout-2, redis://checkout-3]
    sentinels: [redis://sentinel-1, redis://sentinel-2, redis://sentinel-3]
  events: {address: redis://events}
  features: {address: redis://features}
  geo: {address: redis://geo}
  jobs: {address: redis://jobs}
  prices: {address: redis://prices}
  search: {address: redis://search}
  sessions: {address: redis://sessions}
  tokens: {address: redis://tokens}
scrape: {interval: 1s, timeout: 1s, evaluation_interval: 1s}
notifications: {channels: {nobody: {kind: silent}}}
compose: {enabled: false}
";

/// A program that ends with its test.
struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(line: &str, directory: &Path, log: &Path) -> Daemon {
    let log = fs::File::create(log).expect("a log");
    let child = Command::new("sh")
        .args(["-c", &format!("exec {line}")])
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(log.try_clone().expect("a log"))
        .stderr(log)
        .spawn()
        .expect("a shell");
    Daemon(child)
}

/// Ports that are free now.
fn ports<const COUNT: usize>() -> [u16; COUNT] {
    let listeners: [TcpListener; COUNT] =
        std::array::from_fn(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port"));
    listeners.map(|listener| listener.local_addr().expect("an address").port())
}

/// Heads of the requests that somebody was sent.
type Heads = Arc<Mutex<Vec<String>>>;

/// Answers everything with 200 and the metric of a Redis that is up: stands for exporters, Alertmanager, Grafana and a storage.
fn everybody() -> (u16, Heads) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let heads = Heads::default();
    let seen = Arc::clone(&heads);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let seen = Arc::clone(&seen);
            std::thread::spawn(move || answer(&stream, &seen));
        }
    });
    (port, heads)
}

fn answer(mut stream: &TcpStream, seen: &Heads) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        if line.trim().is_empty() {
            break;
        }
        let line = line.to_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        head.push_str(&line);
    }
    reader.read_exact(&mut vec![0; length]).ok()?;
    seen.lock().ok()?.push(head);
    let body = "redis_up 1\n";
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .ok()
}

fn get(port: u16, path: &str) -> Option<Json> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()?;
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .ok()?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    serde_json::from_str(text.split_once("\r\n\r\n")?.1).ok()
}

/// The labels of what a query returns now, each with its value as text.
fn query(port: u16, expr: &str) -> Vec<(BTreeMap<String, String>, String)> {
    let encoded: String = expr.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let answer = get(port, &format!("/api/v1/query?query={encoded}")).unwrap_or_default();
    let series = answer["data"]["result"].as_array().cloned();
    let read = |one: Json| {
        let value = one["value"][1].as_str()?.to_owned();
        Some((serde_json::from_value(one["metric"].clone()).ok()?, value))
    };
    series.into_iter().flatten().filter_map(read).collect()
}

fn until<T>(what: &str, logs: &Path, mut probe: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = probe() {
            return found;
        }
        assert!(
            start.elapsed() < PATIENCE,
            "not within {}s: {what}\n{}",
            PATIENCE.as_secs(),
            last_words(logs)
        );
        std::thread::sleep(Duration::from_millis(200));
    }
}

fn last_words(logs: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(logs).into_iter().flatten().flatten() {
        if entry
            .path()
            .extension()
            .is_some_and(|extension| extension == "log")
        {
            let log = fs::read_to_string(entry.path()).unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            let end = &lines[lines.len().saturating_sub(6)..];
            text.push_str(&format!(
                "{}:\n{}\n",
                entry.path().display(),
                end.join("\n")
            ));
        }
    }
    text
}

/// `versions` of a profile: as old as the Prometheus that runs.
fn versions(generation: &Generation) -> String {
    let toolbox = generation.toolbox();
    let promtool = toolbox.find(Tool::Promtool).expect("promtool");
    let is_number = |char: char| char.is_ascii_digit() || char == '.';
    let end = promtool.version.version.find(|char| !is_number(char));
    let number = &promtool.version.version[..end.unwrap_or(promtool.version.version.len())];
    format!("versions: {{prometheus: {number}}}\n")
}

/// The lines of the README that start Prometheus, which keeps its data below `root`.
fn prometheus_lines(bundle: &Path, root: &Path, generation: &Generation) -> Vec<String> {
    let readme = fs::read_to_string(bundle.join("README.md")).expect("README.md");
    let program = generation.program("prometheus");
    readme
        .lines()
        .filter_map(|line| line.strip_prefix("prometheus --"))
        .map(|rest| {
            let own = rest.replace("=/var/lib/", &format!("={}/data/", root.display()));
            assert_ne!(
                own, rest,
                "data in the bundle would be gone with the next render"
            );
            format!("{} --{own}", program.display())
        })
        .collect()
}

fn render(directory: &Path, profile: &str) {
    fs::write(directory.join("profile.yaml"), profile).expect("a profile");
    let run = Program::in_directory(directory)
        .arguments(["render", "profile.yaml", "--out", "out"])
        .run();
    assert_eq!(run.status, 0, "{}{}", run.output, run.errors);
}

fn verify(bundle: &Path) -> Result<(), String> {
    let output = Command::new("sh")
        .arg(bundle.join("verify.sh"))
        .output()
        .expect("a shell");
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stdout).into_owned()),
    }
}

#[test]
fn each_target_is_scraped_by_one_of_several_prometheus_servers_and_all_of_them_are_asked_at_once() {
    for generation in generations() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let root = directory.path();
        let (anybody, _) = everybody();
        let [asked, shards @ ..] = ports::<4>();
        let mut profile = format!(
            "name: fleet\n{}{TARGETS}sharding: {{shards: 3}}\naddresses:\n",
            versions(&generation)
        );
        let services = [("prometheus".to_owned(), asked)]
            .into_iter()
            .chain(
                (0..)
                    .map(|number| format!("prometheus-shard-{number}"))
                    .zip(shards),
            )
            .chain(
                ["alertmanager", "grafana", "redis-exporter"]
                    .map(|name| (name.to_owned(), anybody)),
            );
        for (service, port) in services {
            profile.push_str(&format!("  {service}: 127.0.0.1:{port}\n"));
        }
        profile.push_str(&format!(
            "links: {{prometheus: 'http://127.0.0.1:{asked}', alertmanager: 'http://127.0.0.1:{anybody}', grafana: 'http://127.0.0.1:{anybody}'}}\n"
        ));
        render(root, &profile);
        let bundle = root.join("out/default");
        let lines = prometheus_lines(&bundle, root, &generation);
        assert_eq!(lines.len(), 4, "{lines:?}");
        let daemons: Vec<Daemon> = lines
            .iter()
            .enumerate()
            .map(|(number, line)| start(line, &bundle, &root.join(format!("{number}.log"))))
            .collect();

        // Who scrapes whom.
        let found: BTreeMap<String, BTreeSet<(String, u16)>> =
            until("every target has been scraped", root, || {
                let mut found: BTreeMap<String, BTreeSet<(String, u16)>> = BTreeMap::new();
                for shard in shards {
                    let targets = get(shard, "/api/v1/targets?state=active")?;
                    for target in targets["data"]["activeTargets"].as_array()? {
                        let label = |name: &str| target["labels"][name].as_str().map(str::to_owned);
                        if target["health"] != "up" {
                            return None;
                        }
                        if let (Some(redis), Some(instance)) = (label("redis"), label("instance")) {
                            found.entry(instance).or_default().insert((redis, shard));
                        }
                    }
                }
                (found.len() == 16).then_some(found)
            });
        let mut of_target: BTreeMap<&str, BTreeSet<u16>> = BTreeMap::new();
        for (instance, scraped_by) in &found {
            assert_eq!(
                scraped_by.len(),
                1,
                "{}: {instance}: {scraped_by:?}",
                generation.name
            );
            for (redis, shard) in scraped_by {
                of_target.entry(redis).or_default().insert(*shard);
            }
        }
        assert_eq!(of_target.len(), 10);
        assert!(
            of_target.values().all(|shards| shards.len() == 1),
            "{of_target:?}"
        );
        let used: BTreeSet<u16> = of_target.values().flatten().copied().collect();
        assert_eq!(used.len(), 3, "the hash spreads the targets: {of_target:?}");

        // One question, answered by all: as the bundle's own script asks, and without their number.
        until("the bundle verifies its stack", root, || {
            verify(&bundle).ok()
        });
        let servers = query(asked, "count(up{job=\"redis\"} == 1)");
        assert_eq!(servers.len(), 1);
        assert_eq!(servers[0].1, "13", "{}", generation.name);
        let by_shard = query(asked, "count by (prometheus_shard) (up{job=\"redis\"})");
        assert_eq!(by_shard.len(), 3, "{by_shard:?}");

        // Each finds as many as it expects. Before the first scrape some are missing.
        let names = ["TargetMissing", "TargetDown", "RedisScrapeFailed"];
        for shard in shards {
            until("no target is missing", root, || {
                let alerts = get(shard, "/api/v1/alerts")?;
                let is_found = |alert: &Json| {
                    let name = &alert["labels"]["alertname"];
                    names.iter().any(|missing| name == missing)
                };
                let mut alerts = alerts["data"]["alerts"].as_array()?.iter();
                (!alerts.any(is_found)).then_some(())
            });
        }
        drop(daemons);
    }
}

#[test]
fn an_agent_sends_what_it_scrapes_and_its_rules_hold_where_the_samples_are() {
    for generation in generations() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let root = directory.path();
        let (anybody, heads) = everybody();
        let [agent, storage] = ports::<2>();
        let profile = format!(
            "name: fleet
labels: {{team: platform}}
{}{TARGETS}
agent: true
remote_write:
  storage:
    url: http://127.0.0.1:{storage}/api/v1/write
    query_url: http://127.0.0.1:{storage}
  tenant:
    url: http://127.0.0.1:{anybody}/push
    basic_auth: {{username: fleet, password: {{file: secrets/tenant}}}}
    headers: {{X-Scope-OrgID: fleet-1}}
addresses:
  prometheus: 127.0.0.1:{agent}
  alertmanager: 127.0.0.1:{anybody}
  grafana: 127.0.0.1:{anybody}
  redis-exporter: 127.0.0.1:{anybody}
links: {{alertmanager: 'http://127.0.0.1:{anybody}', grafana: 'http://127.0.0.1:{anybody}'}}
",
            versions(&generation)
        );
        render(root, &profile);
        let bundle = root.join("out/default");
        // A container would mount the secret.
        fs::write(root.join("tenant"), "open sesame").expect("a secret");
        let config = bundle.join("prometheus/prometheus.yml");
        let text = fs::read_to_string(&config).expect("prometheus.yml");
        let mounted = text.replace("/run/secrets", &root.to_string_lossy());
        assert_ne!(text, mounted);
        fs::write(&config, mounted).expect("prometheus.yml");

        // The storage evaluates the rules, as a ruler does.
        let ruler = format!(
            "global: {{evaluation_interval: 1s}}\nrule_files: ['{}/ruler/rules/*.yml']\n",
            bundle.display()
        );
        fs::write(root.join("storage.yml"), ruler).expect("storage.yml");
        let storing = format!(
            "{} --config.file=storage.yml --storage.tsdb.path=storage --web.enable-remote-write-receiver --web.listen-address=127.0.0.1:{storage}",
            generation.program("prometheus").display()
        );
        let _storage = start(&storing, root, &root.join("storage.log"));
        let lines = prometheus_lines(&bundle, root, &generation);
        assert_eq!(lines.len(), 1, "{lines:?}");
        let switch = match generation.name {
            "old" => "--enable-feature=agent",
            _ => "--agent",
        };
        assert!(lines[0].contains(switch), "{lines:?}");
        let _agent = start(&lines[0], &bundle, &root.join("agent.log"));

        until("the samples arrive", root, || {
            let up = query(storage, "redis_up{redis!=\"\"} == 1");
            (up.len() == 16).then_some(())
        });
        let up = query(storage, "redis_up{redis=\"events\"}");
        let labels = &up[0].0;
        for (name, value) in [
            ("team", "platform"),
            ("environment", "default"),
            ("job", "redis"),
        ] {
            assert_eq!(
                labels.get(name).map(String::as_str),
                Some(value),
                "{labels:?}"
            );
        }
        until("the bundle verifies its stack", root, || {
            verify(&bundle).ok()
        });
        // The rules are loaded where the samples are, and find all that should be there.
        until("no target is missing", root, || {
            let groups = get(storage, "/api/v1/rules")?;
            let groups = groups["data"]["groups"].as_array()?.iter();
            let rules: Vec<&Json> = groups
                .flat_map(|group| group["rules"].as_array().into_iter().flatten())
                .collect();
            assert!(rules.len() > 30, "{} rules", rules.len());
            let counting = rules.iter().filter(|rule| rule["name"] == "TargetMissing");
            let states: Vec<&str> = counting.filter_map(|rule| rule["state"].as_str()).collect();
            assert_eq!(states.len(), 6, "one for each job");
            states
                .iter()
                .all(|state| *state == "inactive")
                .then_some(())
        });

        let head = until("the tenant's storage is sent something", root, || {
            let heads = heads.lock().ok()?;
            heads
                .iter()
                .find(|head| head.starts_with("post /push"))
                .cloned()
        });
        // `fleet:open sesame`
        assert!(
            head.contains("authorization: basic zmxlzxq6b3blbibzzxnhbwu="),
            "{head}"
        );
        // Debian's 2.42 sends no headers: https://github.com/prometheus/prometheus/issues/13030
        let is_sent = head.contains("x-scope-orgid: fleet-1");
        assert_eq!(is_sent, generation.name == "new", "{head}");
    }
}

#[test]
fn many_targets_stand_in_a_file_of_their_own() {
    let rendered = |count: usize| {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let targets: String = (0..count)
            .map(|number| {
                format!(
                    "  redis-{number}: {{address: 'redis://10.{}.{}.1'}}\n",
                    number / 250,
                    number % 250
                )
            })
            .collect();
        let channels = "notifications: {channels: {nobody: {kind: silent}}}";
        render(
            directory.path(),
            &format!("name: fleet\ntargets:\n{targets}{channels}\n"),
        );
        let bundle = directory.path().join("out/default/prometheus");
        let config = fs::read_to_string(bundle.join("prometheus.yml")).expect("prometheus.yml");
        let file = fs::read_to_string(bundle.join("targets/redis.json")).ok();
        (config, file)
    };
    let (config, file) = rendered(100);
    assert_eq!(config.matches("redis://10.").count(), 100);
    assert_eq!(file, None);
    for count in [101, 10_000] {
        let (config, file) = rendered(count);
        assert!(config.contains("targets/redis.json"), "{config}");
        assert_eq!(config.matches("redis://10.").count(), 0);
        let groups: Vec<Json> =
            serde_json::from_str(&file.expect("targets/redis.json")).expect("JSON");
        let found: BTreeSet<&str> = (groups.iter())
            .flat_map(|group| group["targets"].as_array().into_iter().flatten())
            .filter_map(Json::as_str)
            .collect();
        assert_eq!(found.len(), count);
    }
}
