//! `cargo bench --bench lint`: time and memory of `lint` over whole setups, as whole processes. Prints the table of
//! docs/performance.md.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Parser;
use stackwright::commands::{Color, Console, Exit, LintArgs, lint};

mod process;

/// Dashboards of the large setup, and panels of each: 24,000 queries.
const DASHBOARDS: usize = 1_000;
const PANELS: usize = 24;
/// Rules of the large setup, in files of 100.
const RULE_FILES: usize = 50;
const RULES: usize = 100;

fn main() {
    if let Some(arguments) = process::arguments() {
        let [path] = arguments.as_slice() else {
            panic!("a directory, not {arguments:?}");
        };
        return one(path);
    }
    println!("| setup | files | size | time | processor time | peak memory |");
    println!("|---|---:|---:|---:|---:|---:|");
    let large = process::directory();
    generate(large.path());
    row("50 MB of dashboards, 5,000 rules", large.path());
    row("the same, once more", large.path());
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    row("examples/gatewayz", &root.join("examples/gatewayz"));
    let shared = std::env::var_os("STACKWRIGHT_SHARED")
        .map_or_else(|| root.join("../shared"), PathBuf::from);
    let real = shared.join("setups/gatewayz-7f8c491");
    if real.is_dir() {
        row("setups/gatewayz-7f8c491", &real);
    }
}

fn row(label: &str, path: &Path) {
    let files = walkdir::WalkDir::new(path)
        .into_iter()
        .filter_map(|entry| entry.ok()?.metadata().ok())
        .filter(fs::Metadata::is_file);
    let sizes: Vec<u64> = files.map(|metadata| metadata.len()).collect();
    let best = process::best(|| process::measure([path]));
    println!(
        "| {label} | {} | {:.1} MB | {:.0} ms | {:.0} ms | {} MB |",
        sizes.len(),
        sizes.iter().sum::<u64>() as f64 / 1e6,
        best.seconds * 1e3,
        best.processor * 1e3,
        best.megabytes,
    );
}

/// The command's own, with their defaults.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    lint: LintArgs,
}

/// One run of the linter in this process, whatever it finds.
fn one(path: &str) {
    let arguments = Arguments::parse_from(["lint", path, "--format", "concise"]).lint;
    let exit = lint(&arguments, Console::new(Color::Never, true));
    assert!(
        matches!(exit, Exit::Clean | Exit::Findings),
        "the linter did not run"
    );
    process::tell();
}

/// A setup as large organisations have them: one Prometheus, many rules, many dashboards.
fn generate(root: &Path) {
    let put = |path: &str, text: &str| {
        let path = root.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    };
    put(
        "compose.yaml",
        "services:
  prometheus:
    image: prom/prometheus:v3.5.0
    volumes: [./prometheus:/etc/prometheus]
  redis-exporter:
    image: oliver006/redis_exporter:v1.86.0
  grafana:
    image: grafana/grafana:12.0.0
    volumes:
      - ./grafana/provisioning:/etc/grafana/provisioning
      - ./grafana/dashboards:/var/lib/grafana/dashboards
",
    );
    put(
        "prometheus/prometheus.yml",
        "scrape_configs:
  - job_name: redis
    static_configs: [{targets: ['redis-exporter:9121']}]
rule_files: [rules/*.yml]
",
    );
    put(
        "grafana/provisioning/datasources/prometheus.yaml",
        "apiVersion: 1
datasources:
  - {name: Prometheus, type: prometheus, uid: prometheus, url: 'http://prometheus:9090', isDefault: true}
",
    );
    put(
        "grafana/provisioning/dashboards/files.yaml",
        "apiVersion: 1
providers:
  - {name: files, type: file, options: {path: /var/lib/grafana/dashboards}}
",
    );
    for file in 0..RULE_FILES {
        put(&format!("prometheus/rules/{file}.yml"), &rules(file));
    }
    for number in 0..DASHBOARDS {
        put(
            &format!("grafana/dashboards/team-{}/{number}.json", number % 20),
            &dashboard(number),
        );
    }
}

/// Queries as people write them; `%` becomes a number, so that no two files are the same.
const QUERIES: [&str; 6] = [
    r#"sum by (instance) (rate(redis_commands_processed_total{job=\"redis\", team=\"%\"}[$__rate_interval]))"#,
    r#"redis_memory_used_bytes{instance=~\"$instance\"} / (redis_memory_max_bytes{instance=~\"$instance\"} > 0) * %"#,
    r#"histogram_quantile(0.99, sum by (le, cmd) (rate(redis_commands_latencies_usec_bucket{shard=\"%\"}[5m])))"#,
    r#"rate(redis_keyspace_hits_total[5m]) / (rate(redis_keyspace_hits_total[5m]) + rate(redis_keyspace_misses_total[5m])) > %"#,
    r#"topk(%, sum by (db) (redis_db_keys{instance=~\"$instance\"}))"#,
    r#"max_over_time(redis_connected_clients[1h:1m]) - % "#,
];

fn rules(file: usize) -> String {
    let mut text = format!("groups:\n  - name: group-{file}\n    rules:\n");
    for number in 0..RULES {
        let query = QUERIES[number % QUERIES.len()]
            .replace('%', &number.to_string())
            .replace("$__rate_interval", "5m")
            .replace("$instance", ".+")
            .replace("\\\"", "\"");
        let _ = write!(
            text,
            "      - alert: Alert{file}x{number}
        expr: '{query}'
        for: 5m
        labels: {{severity: warning}}
        annotations:
          summary: 'Redis {{{{ $labels.instance }}}} is at {{{{ $value | humanize }}}}'
          description: 'Number {number} of file {file}.'
"
        );
    }
    text
}

/// A dashboard as Grafana saves them: 50 KB, most of which says how panels look.
fn dashboard(number: usize) -> String {
    let mut panels = String::new();
    for panel in 0..PANELS {
        let query =
            QUERIES[panel % QUERIES.len()].replace('%', &(number * PANELS + panel).to_string());
        let comma = if panel == 0 { "" } else { "," };
        let (x, y) = (panel % 3 * 8, panel / 3 * 8);
        let _ = write!(
            panels,
            r#"{comma}
    {{
      "datasource": {{"type": "prometheus", "uid": "prometheus"}},
      "description": "What somebody wrote about panel {panel} of dashboard {number}, so that others know what to do.",
      "fieldConfig": {{
        "defaults": {{
          "color": {{"mode": "palette-classic"}},
          "custom": {{
            "axisBorderShow": false, "axisCenteredZero": false, "axisColorMode": "text", "axisLabel": "",
            "axisPlacement": "auto", "barAlignment": 0, "drawStyle": "line", "fillOpacity": 10,
            "gradientMode": "none", "hideFrom": {{"legend": false, "tooltip": false, "viz": false}},
            "insertNulls": false, "lineInterpolation": "linear", "lineWidth": 1, "pointSize": 5,
            "scaleDistribution": {{"type": "linear"}}, "showPoints": "never", "spanNulls": false,
            "stacking": {{"group": "A", "mode": "none"}}, "thresholdsStyle": {{"mode": "off"}}
          }},
          "mappings": [],
          "thresholds": {{
            "mode": "absolute",
            "steps": [{{"color": "green", "value": null}}, {{"color": "red", "value": 80}}]
          }},
          "unit": "short"
        }},
        "overrides": []
      }},
      "gridPos": {{"h": 8, "w": 8, "x": {x}, "y": {y}}},
      "id": {id},
      "options": {{
        "legend": {{"calcs": ["mean", "max"], "displayMode": "table", "placement": "bottom", "showLegend": true}},
        "tooltip": {{"mode": "multi", "sort": "desc"}}
      }},
      "pluginVersion": "12.0.0",
      "targets": [
        {{
          "datasource": {{"type": "prometheus", "uid": "prometheus"}},
          "editorMode": "code",
          "expr": "{query}",
          "legendFormat": "{{{{instance}}}}",
          "range": true,
          "refId": "A"
        }}
      ],
      "title": "Panel {panel}",
      "type": "timeseries"
    }}"#,
            id = panel + 1,
        );
    }
    format!(
        r#"{{
  "annotations": {{"list": []}},
  "editable": true,
  "panels": [{panels}
  ],
  "refresh": "30s",
  "schemaVersion": 41,
  "tags": ["redis"],
  "templating": {{
    "list": [
      {{
        "datasource": {{"type": "prometheus", "uid": "prometheus"}},
        "name": "instance",
        "query": "label_values(redis_up, instance)",
        "type": "query"
      }}
    ]
  }},
  "time": {{"from": "now-6h", "to": "now"}},
  "title": "Dashboard {number}",
  "uid": "dashboard-{number}"
}}
"#
    )
}
