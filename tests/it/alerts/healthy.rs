//! No alert fires on healthy servers of any topology: whole scrapes of real ones, held for hours.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::situation;
use crate::tools::generations;

/// Captured scrapes that are of healthy servers, as which job, target and topology they are seen.
const CAPTURES: [(&str, &str, &str, &str); 4] = [
    (
        "1.86__redis7.0.15.master.default.prom",
        "redis",
        "limited",
        "replicated",
    ),
    (
        "1.86__redis7.0.15.replica.default.prom",
        "redis",
        "limited",
        "replicated",
    ),
    (
        "1.86__redis7.0.15.cluster.default.prom",
        "redis",
        "shards",
        "cluster",
    ),
    (
        "1.86__redis7.0.15.sentinel.default.prom",
        "redis-sentinel",
        "ha",
        "sentinel",
    ),
];

fn captures() -> Option<PathBuf> {
    let shared = std::env::var_os("STACKWRIGHT_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"),
        PathBuf::from,
    );
    let directory = shared.join("data/captures");
    directory.is_dir().then_some(directory)
}

/// The samples of a scrape as input series with a target's labels.
fn series(text: &str, labels: &str) -> String {
    let mut out = String::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let Some((series, value)) = line.rsplit_once(' ') else {
            continue;
        };
        let selector = match series.split_once('{') {
            Some((name, rest)) => format!("{name}{{{labels}, {rest}"),
            None => format!("{series}{{{labels}}}"),
        };
        let value: f64 = value.parse().unwrap();
        let _ = writeln!(
            out,
            "      - series: '{}'\n        values: '{value}+0x120'",
            selector.replace('\'', "''")
        );
    }
    out
}

#[test]
fn healthy_servers_of_every_topology_are_silent() {
    let generations = generations();
    let Some(captures) = captures() else {
        eprintln!("not run: no shared data");
        return;
    };
    let catalogue = situation::catalogue();
    let situation = situation::everything();
    let directory = TempDir::new().unwrap();
    for artifact in situation.artifacts(&catalogue) {
        let path = directory.path().join(artifact.path.as_str());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, artifact.text).unwrap();
    }
    let mut input = String::new();
    let mut servers = 0;
    for (file, job, target, topology) in CAPTURES {
        let text = fs::read_to_string(captures.join(file)).unwrap();
        // As many servers as the scrape itself speaks of.
        let copies = match topology {
            "sentinel" => 3,
            "cluster" => scraped(&text, "redis_cluster_known_nodes") as usize,
            _ => 1,
        };
        for copy in 0..copies {
            servers += 1;
            let labels = format!(
                "job=\"{job}\", instance=\"{file}-{copy}\", redis=\"{target}\", topology=\"{topology}\""
            );
            input.push_str(&series(&text, &labels));
            let _ = writeln!(
                input,
                "      - series: 'up{{{labels}}}'\n        values: '1+0x120'"
            );
        }
    }
    assert!(servers > 5);
    let (alerting, _) = situation.resolve(&catalogue);
    let mut test = String::from(
        "rule_files: [../rules/*.yml]\nevaluation_interval: 1m\ngroup_eval_order: [recording]\ntests:\n  - interval: 1m\n    input_series:\n",
    );
    test.push_str(&input);
    test.push_str("    alert_rule_test:\n");
    let mut checked = 0;
    for rule in alerting.rules() {
        // Jobs that this test does not feed are missing, as they should be.
        if rule.alert.name == "TargetMissing" {
            continue;
        }
        checked += 1;
        let _ = writeln!(
            test,
            "      - {{eval_time: 100m, alertname: {}}}",
            rule.name
        );
    }
    assert!(checked > 40);
    let path = directory.path().join("prometheus/tests/healthy.yml");
    fs::write(&path, test).unwrap();
    for generation in &generations {
        let output = Command::new(generation.program("promtool"))
            .args(["test", "rules"])
            .arg(&path)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}: {}{}",
            generation.name,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

fn scraped(text: &str, name: &str) -> f64 {
    text.lines()
        .find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
        .unwrap()
}
