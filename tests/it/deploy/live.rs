//! What a running Alertmanager does with the rendered configuration.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::stack::{FULL, clean};
use crate::tools::{Generation, PATIENCE, generations};

/// Stops it, however the test ends.
struct Alertmanager {
    process: Child,
    url: String,
    generation: Generation,
}

impl Drop for Alertmanager {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Alertmanager {
    /// On a free port of this host, without peers.
    fn start(generation: Generation, bundle: &Path) -> Self {
        let mut process = Command::new(generation.program("alertmanager"))
            .args([
                "--config.file=alertmanager/alertmanager.yml",
                "--storage.path=data",
                "--web.listen-address=127.0.0.1:0",
                "--web.route-prefix=/",
                "--cluster.listen-address=",
            ])
            .current_dir(bundle)
            .stderr(Stdio::piped())
            .spawn()
            .expect("alertmanager");
        let mut lines = BufReader::new(process.stderr.take().expect("a pipe")).lines();
        let address = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| {
                let (_, after) = line.split_once("Listening on")?;
                let (_, address) = after.split_once("address=")?;
                Some(address.split_whitespace().next()?.to_owned())
            })
            .expect("an address");
        // What nobody reads would fill the pipe and stop it.
        std::thread::spawn(move || lines.for_each(drop));
        Self {
            process,
            url: format!("http://{address}"),
            generation,
        }
    }

    fn amtool(&self, arguments: &[&str]) -> Option<String> {
        let output = Command::new(self.generation.program("amtool"))
            .arg(format!("--alertmanager.url={}", self.url))
            .args(arguments)
            .output()
            .expect("amtool");
        output
            .status
            .success()
            .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Name, severity and instance of the alerts in a state, sorted.
    fn alerts(&self, state: &str) -> Vec<String> {
        let said = self
            .amtool(&["--output=json", "alert", "query", state])
            .unwrap_or_default();
        let alerts: serde_json::Value = serde_json::from_str(&said).unwrap_or_default();
        let mut names: Vec<String> = (alerts.as_array().into_iter().flatten())
            .map(|alert| {
                let label = |name: &str| alert["labels"][name].as_str().unwrap_or("-").to_owned();
                format!(
                    "{} {} {}",
                    label("alertname"),
                    label("severity"),
                    label("instance")
                )
            })
            .collect();
        names.sort();
        names
    }
}

#[test]
fn one_failure_is_told_once() {
    let written = clean(FULL).written();
    // Alertmanager 0.25 takes a webhook's address only as it is.
    let config = written.path().join("alertmanager/alertmanager.yml");
    let text = std::fs::read_to_string(&config).expect("a file");
    std::fs::write(
        &config,
        text.replace(
            "url_file: /run/secrets/ticket_url",
            "url: http://127.0.0.1:1/",
        ),
    )
    .expect("a file");
    for generation in generations() {
        let name = generation.name;
        let _ = std::fs::remove_dir_all(written.path().join("data"));
        let alertmanager = Alertmanager::start(generation, written.path());
        for (alert, severity, instance, job) in [
            ("RedisDown", "critical", "redis://a:1", "redis-exporter"),
            (
                "RedisMemoryHigh",
                "warning",
                "redis://a:1",
                "redis-exporter",
            ),
            (
                "RedisMemoryHigh",
                "warning",
                "redis://b:1",
                "redis-exporter",
            ),
            (
                "RedisMemoryHigh",
                "critical",
                "redis://b:1",
                "redis-exporter",
            ),
            (
                "RedisMemoryHigh",
                "warning",
                "redis://c:1",
                "redis-exporter",
            ),
            (
                "RedisExporterDown",
                "critical",
                "redis-exporter:9121",
                "redis-exporter-exporter",
            ),
            (
                "RedisScrapeFailed",
                "critical",
                "redis://d:1",
                "redis-exporter",
            ),
            ("RedisScrapeFailed", "critical", "redis://e:1", "beside"),
        ] {
            let labels = [
                format!("alertname={alert}"),
                format!("severity={severity}"),
                format!("instance={instance}"),
                format!("job={job}"),
                "redis=cache".to_owned(),
            ];
            let arguments: Vec<&str> = ["alert", "add"]
                .into_iter()
                .chain(labels.iter().map(String::as_str))
                .collect();
            let start = Instant::now();
            while alertmanager.amtool(&arguments).is_none() {
                assert!(start.elapsed() < PATIENCE, "{name}: no alert can be added");
                std::thread::sleep(Duration::from_millis(50));
            }
        }
        let inhibited = [
            "RedisMemoryHigh warning redis://a:1",
            "RedisMemoryHigh warning redis://b:1",
            "RedisScrapeFailed critical redis://d:1",
        ];
        // Alertmanager's inhibitor learns of new alerts a moment later.
        let start = Instant::now();
        while alertmanager.alerts("--inhibited") != inhibited {
            let found = alertmanager.alerts("--inhibited");
            assert!(start.elapsed() < PATIENCE, "{name}: {found:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
        assert_eq!(
            alertmanager.alerts("--active"),
            [
                "RedisDown critical redis://a:1",
                "RedisExporterDown critical redis-exporter:9121",
                "RedisMemoryHigh critical redis://b:1",
                "RedisMemoryHigh warning redis://c:1",
                "RedisScrapeFailed critical redis://e:1",
            ],
            "{name}"
        );
    }
}
