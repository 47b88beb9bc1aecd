//! How many expressions are read and analysed in a second: `cargo bench --bench promql`.

use divan::Bencher;
use divan::counter::ItemsCount;
use stackwright::promql::analysis::Analysis;
use stackwright::promql::{Options, parse_with};

/// Expressions as rules and dashboards have them, short and long.
const EXPRESSIONS: [&str; 10] = [
    "redis_up == 0",
    "redis_memory_used_bytes / (redis_memory_max_bytes > 0) > 0.9",
    "sum by (instance) (rate(redis_commands_processed_total{job=~\"$job\"}[$__rate_interval]))",
    "increase(redis_rejected_connections_total[5m]) > 5 and on (instance) redis_up == 1",
    "histogram_quantile(0.99, sum by (le, path) (rate(http_request_duration_seconds_bucket{code!~\"5..\"}[5m])))",
    "time() - redis_rdb_last_save_timestamp_seconds > 60 * 60 * 48",
    "label_replace(up{job=\"redis\"}, \"host\", \"$1\", \"instance\", \"(.+):.*\")",
    "absent(redis_instance_info{role=\"master\"}) or count(redis_instance_info{role=\"master\"}) > 1",
    "topk(10, sum by (cmd) (rate(redis_commands_duration_seconds_total[5m]))) * on () group_left vector(1e3)",
    "max_over_time(avg by (instance) (redis_connected_clients{instance=~\"${instance:regex}\"})[1d:5m] offset 1w)",
];

/// How often the list is read in one go.
const ROUNDS: usize = 100;

fn main() {
    divan::main();
}

#[divan::bench]
fn parse_and_analyse(bencher: Bencher<'_, '_>) {
    let options = Options::grafana();
    bencher
        .counter(ItemsCount::new(EXPRESSIONS.len() * ROUNDS))
        .bench(|| {
            for _ in 0..ROUNDS {
                for text in EXPRESSIONS {
                    let parsed = parse_with(text, &options);
                    divan::black_box(Analysis::of(&parsed, &()));
                }
            }
        });
}

/// One expression with so many operators: time must grow with the number.
#[divan::bench(args = [1_000, 10_000, 100_000])]
fn chain(bencher: Bencher<'_, '_>, operators: usize) {
    let text = format!("a{}", " + a{b=\"c\"}".repeat(operators));
    bencher
        .counter(ItemsCount::new(operators))
        .bench(|| divan::black_box(parse_with(&text, &Options::default())));
}
