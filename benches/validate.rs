//! `cargo bench --bench validate`: how long a rule file takes, against promtool on the same file in the same run, as whole
//! processes. Prints the table of docs/performance.md. promtool is the newer one of `tests/run`, or that of
//! `STACKWRIGHT_TOOLS`; without it, ours stands alone.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use clap::Parser;
use stackwright::commands::{Color, Console, Exit, ValidateArgs, validate};

mod process;

/// Numbers of rules.
const ROWS: [usize; 3] = [1_000, 10_000, 100_000];

fn main() {
    if let Some(arguments) = process::arguments() {
        let [path] = arguments.as_slice() else {
            panic!("a file, not {arguments:?}");
        };
        return one(path);
    }
    let directory = process::directory();
    let promtool = promtool();
    println!(
        "| rules | file | promtool | its processor time | stackwright | its processor time | faster | less processor time | peak memory |"
    );
    println!("|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
    for rules in ROWS {
        let file = directory.path().join("rules.yml");
        let text = rule_file(rules);
        std::fs::write(&file, &text).expect("a rule file");
        let (mut elapsed, mut processor) = (f64::INFINITY, f64::INFINITY);
        // By turns, so that both meet the same machine.
        let ours = process::best(|| {
            if let Some(promtool) = &promtool {
                let theirs = check_with(promtool, &file);
                elapsed = elapsed.min(theirs.0);
                processor = processor.min(theirs.1);
            }
            process::measure([&*file])
        });
        println!(
            "| {rules} | {:.1} MB | {} | {} | {} | {} | {:.1} × | {:.1} × | {} MB |",
            text.len() as f64 / 1e6,
            milliseconds(elapsed),
            milliseconds(processor),
            milliseconds(ours.seconds),
            milliseconds(ours.processor),
            elapsed / ours.seconds,
            processor / ours.processor,
            ours.megabytes,
        );
    }
}
/// The newer promtool, where there is one.
fn promtool() -> Option<PathBuf> {
    let tools = std::env::var_os("STACKWRIGHT_TOOLS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools"),
        PathBuf::from,
    );
    Some(tools.join("new/bin/promtool")).filter(|path| path.is_file())
}

/// Alerting rules as people write them, a hundred in a group.
fn rule_file(rules: usize) -> String {
    const IN_A_GROUP: usize = 100;
    let mut text = String::from("groups:\n");
    for number in 0..rules {
        if number % IN_A_GROUP == 0 {
            let _ = write!(text, "- name: group-{}\n  rules:\n", number / IN_A_GROUP);
        }
        let expr = match number % 8 {
            0 => "redis_up == 0".to_owned(),
            1 => format!("redis_memory_used_bytes / (redis_memory_max_bytes > 0) > 0.{number}"),
            2 => format!(
                "sum by (instance) (rate(redis_commands_processed_total{{job=\"redis-{number}\"}}[5m])) > {number}"
            ),
            3 => format!(
                "increase(redis_rejected_connections_total[5m]) > {number} and on (instance) redis_up == 1"
            ),
            4 => format!(
                "histogram_quantile(0.99, sum by (le, path) (rate(http_request_duration_seconds_bucket{{code!~\"5..\"}}[5m]))) > {number}"
            ),
            5 => format!("time() - redis_rdb_last_save_timestamp_seconds > 60 * 60 * {number}"),
            6 => format!(
                "absent(redis_instance_info{{role=\"master\",shard=\"{number}\"}}) or count(redis_instance_info{{role=\"master\"}}) > 1"
            ),
            _ => format!(
                "max_over_time(avg by (instance) (redis_connected_clients{{instance=~\"cache-{number}.*\"}})[1d:5m] offset 1w) > {number}"
            ),
        };
        let lines = if number % 3 == 0 { "" } else { "|\n      " };
        let _ = write!(
            text,
            "  - alert: RedisTrouble{number}
    expr: {lines}{expr}
    for: 5m
    labels:
      severity: warning
      team: cache
    annotations:
      summary: Redis {{{{ $labels.instance }}}} is in trouble
      description: \"Value {{{{ $value | humanize }}}} on {{{{ $labels.job }}}}, number {number}\"
"
        );
    }
    text
}

/// Seconds that promtool takes, and those of its threads together, in steps of 10 ms.
fn check_with(promtool: &Path, file: &Path) -> (f64, f64) {
    let before = processor_time_of_children();
    let start = Instant::now();
    let output = Command::new(promtool)
        .args(["check", "rules"])
        .arg(file)
        .output()
        .expect("promtool runs");
    let elapsed = start.elapsed().as_secs_f64();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    (elapsed, processor_time_of_children() - before)
}

/// Seconds that the processes that this one has waited for have run. Linux counts hundredths; `inf` elsewhere.
fn processor_time_of_children() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Behind the name, which may hold spaces: the 14th and 15th field from there.
    let fields = stat.rsplit(')').next().unwrap_or_default().split(' ');
    let ticks: Vec<f64> = fields
        .skip(14)
        .take(2)
        .filter_map(|field| field.parse().ok())
        .collect();
    match ticks.as_slice() {
        [user, system] => (user + system) / 100.0,
        _ => f64::INFINITY,
    }
}

fn milliseconds(seconds: f64) -> String {
    match seconds.is_finite() {
        true => format!("{:.0} ms", seconds * 1e3),
        false => "not measured".into(),
    }
}

/// One `stackwright validate --no-tools`.
fn one(path: &str) {
    #[derive(Parser)]
    struct Arguments {
        #[command(flatten)]
        validate: ValidateArgs,
    }
    let arguments = Arguments::parse_from(["validate", "--no-tools", path]).validate;
    let exit = validate(&arguments, Console::new(Color::Never, true));
    assert_eq!(exit, Exit::Clean, "the file is valid");
    process::tell();
}
