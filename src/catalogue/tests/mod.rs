//! The embedded data against itself.

mod captures;

use super::*;

fn catalogue() -> Catalogue {
    Catalogue::embedded().unwrap_or_else(|errors| {
        let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
        panic!("the embedded data is wrong:\n{}", errors.join("\n"))
    })
}

fn flags<'a>(flags: impl IntoIterator<Item = (&'a str, &'a str)>) -> IndexMap<String, String> {
    flags
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[test]
fn the_embedded_data_is_right_and_complete() {
    let catalogue = catalogue();
    let redis = catalogue.exporter("redis_exporter").expect("the exporter");
    assert_eq!(redis.metrics.len(), 425);
    // 56 of the metrics, and the one that a flag adds.
    assert_eq!(redis.label_names().len(), 57);
    assert!(redis.label_names().contains(&"role"));
}

/// A small catalogue whose exporter file and metrics can be spoiled.
fn load_with(exporter: &str, metrics: &str) -> Vec<String> {
    let files = [
        ("versions.yaml", "[]"),
        ("metric_prefixes.yaml", "[]"),
        ("exporters/e/exporter.yaml", exporter),
        ("exporters/e/metrics/server.yaml", metrics),
    ];
    match Catalogue::load(files) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.iter().map(ToString::to_string).collect(),
    }
}

const EXPORTER: &str = "name: e\ntitle: E\nsource: here\nnamespace: e\n";
const METRIC: &str = "- name: e_up\n  type: gauge\n  help: Up.\n";

#[test]
fn mistakes_in_the_data_are_all_reported_with_their_file() {
    assert_eq!(load_with(EXPORTER, METRIC), Vec::<String>::new());
    let server = "exporters/e/metrics/server.yaml";
    for (metrics, message) in [
        (format!("{METRIC}{METRIC}"), "`e_up` is there twice"),
        (
            format!("{METRIC}  needs: {{any_flag: [nope]}}\n"),
            "`e_up` refers to the flag `nope`, which does not exist",
        ),
        (
            format!("{METRIC}  values: {{role: [a]}}\n"),
            "`e_up` refers to the label `role`, which does not exist",
        ),
        (
            METRIC.replace("e_up", "other_up"),
            "`other_up`: the name does not begin with the namespace `e_`",
        ),
    ] {
        assert_eq!(
            load_with(EXPORTER, &metrics),
            [format!("{server}: {message}")]
        );
    }
    let unknown_key = load_with(EXPORTER, &format!("{METRIC}  colour: red\n"));
    assert_eq!(unknown_key.len(), 1);
    assert!(
        unknown_key[0].contains("unknown field `colour`"),
        "{unknown_key:?}"
    );
    let misnomer = format!("{EXPORTER}misnomers:\n  - name: e_upp\n    meant: [e_uo]\n");
    let both = load_with(&misnomer, &METRIC.replace("Up.", "''"));
    assert_eq!(
        both,
        [
            format!("{server}: `e_up`: `help` is empty"),
            "exporters/e/exporter.yaml: `e_upp` refers to the metric `e_uo`, which does not exist"
                .to_owned(),
        ]
    );
}

#[test]
fn missing_and_misplaced_files_are_mistakes() {
    let errors = Catalogue::load([
        (
            "exporters/a/exporter.yaml",
            "name: b\ntitle: B\nsource: here\n",
        ),
        ("exporters/c/metrics/server.yaml", METRIC),
        ("exporters/c/metrics/weather.yaml", METRIC),
        ("stack/prometheus/prometheus.yml.j2", "<{ not ours }>"),
    ])
    .expect_err("mistakes");
    let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(
        errors,
        [
            "exporters/a/exporter.yaml: `b` does not agree with the path",
            "exporters/c/metrics/weather.yaml: `weather` does not agree with the path",
            "versions.yaml is missing",
            "metric_prefixes.yaml is missing",
            "exporters/c/exporter.yaml is missing",
        ]
    );
}

#[test]
fn names_of_series_resolve_to_their_family() {
    let catalogue = catalogue();
    let of = |name: &str| {
        let resolved = catalogue.metric(name).expect(name);
        (
            resolved.metric.name.as_str(),
            resolved.part,
            resolved.is_series(),
        )
    };
    let latencies = "redis_commands_latencies_usec";
    assert_eq!(
        of("redis_commands_latencies_usec_bucket"),
        (latencies, Part::Bucket, true)
    );
    assert_eq!(
        of("redis_commands_latencies_usec_sum"),
        (latencies, Part::Sum, true)
    );
    assert_eq!(of(latencies), (latencies, Part::Whole, false));
    let summary = "redis_exporter_scrape_duration_seconds";
    assert_eq!(of(summary), (summary, Part::Whole, false));
    assert_eq!(
        of("http_requests_created"),
        ("http_requests_total", Part::Created, true)
    );
    // A counter that happens to end in `_count`, and suffixes that do not fit the type.
    let counter = "redis_search_failure_requests_count";
    assert_eq!(of(counter), (counter, Part::Whole, true));
    for name in [
        "redis_up_sum",
        "redis_latency_percentiles_usec_bucket",
        "redis_commands_created",
    ] {
        assert_eq!(catalogue.metric(name), None, "{name}");
    }
}

#[test]
fn another_namespace_renames_every_metric() {
    let catalogue = catalogue();
    let redis = catalogue.exporter("redis_exporter").expect("the exporter");
    let known = |name, namespace| match catalogue.know_at(redis, name, Some(namespace)) {
        Some(Known::Metric(resolved)) => Some(resolved.metric.name.as_str()),
        _ => None,
    };
    assert_eq!(
        known("valkey_memory_used_bytes", "valkey"),
        Some("redis_memory_used_bytes")
    );
    assert_eq!(known("up", ""), Some("redis_up"));
    assert_eq!(known("redis_up", "valkey"), None);
    assert_eq!(
        known("process_open_fds", "valkey"),
        Some("process_open_fds")
    );
    assert_eq!(redis.exposed_name("redis_up", "valkey"), "valkey_up");
    assert_eq!(redis.exposed_name("redis_up", ""), "up");
    assert_eq!(
        redis.exposed_name("process_open_fds", "valkey"),
        "process_open_fds"
    );
}

#[test]
fn the_reason_says_what_is_missing() {
    let catalogue = catalogue();
    let redis = catalogue.exporter("redis_exporter").expect("the exporter");
    let default = Circumstances {
        exporter: Some(Version::new(1, 86, 0)),
        flags: Some(IndexMap::new()),
        ..Circumstances::default()
    };
    let reason = |name: &str, circumstances: &Circumstances| match catalogue
        .availability(redis, name, circumstances)
        .expect(name)
    {
        Availability::Available => "available".to_owned(),
        Availability::Conditional(condition) => format!("if {condition}"),
        Availability::Unavailable(reason) => reason.to_string(),
    };
    assert_eq!(reason("redis_up", &default), "available");
    assert_eq!(
        reason("redis_key_size", &default),
        "needs --check-keys or --check-single-keys"
    );
    assert_eq!(
        reason("redis_stream_entries_added_total", &default),
        "since v1.88.0, the exporter is v1.86.0"
    );
    assert_eq!(
        reason("redis_connected_clients_details", &default),
        "removed in v1.64.0, the exporter is v1.86.0"
    );
    assert_eq!(
        reason("go_goroutines", &default),
        "needs --include-go-runtime-metrics"
    );
    let with_flags = |list: &[(&'static str, &'static str)]| Circumstances {
        flags: Some(flags(list.iter().copied())),
        ..default.clone()
    };
    assert_eq!(
        reason("redis_key_size", &with_flags(&[("check-keys", "db0=a*")])),
        "available"
    );
    assert_eq!(
        reason(
            "redis_config_maxclients",
            &with_flags(&[("config-command", "-")])
        ),
        "needs the CONFIG command, which --config-command=- switches off"
    );
    assert_eq!(
        reason(
            "redis_exporter_build_info",
            &with_flags(&[("redis-only-metrics", "true")])
        ),
        "switched off by --redis-only-metrics"
    );
    let old = Circumstances {
        exporter: Some(Version::new(1, 45, 0)),
        ..with_flags(&[("include-modules-metrics", "true")])
    };
    assert_eq!(
        reason("redis_module_info", &old),
        "since v1.64.0, the exporter is v1.45.0"
    );
    assert_eq!(reason("redis_connected_clients_details", &old), "available");
    assert_eq!(reason("go_goroutines", &old), "available");
    let sentinels = Circumstances {
        servers: vec![ServerKind::Sentinel],
        ..default.clone()
    };
    assert_eq!(
        reason("redis_memory_max_bytes", &sentinels),
        "only a server that holds data has it"
    );
    let nothing_known = Circumstances::default();
    assert_eq!(reason("redis_key_size", &nothing_known), "available");
    assert_eq!(
        reason("redis_sentinel_masters", &nothing_known),
        "available"
    );
}

#[test]
fn labels_follow_part_version_and_flags() {
    let catalogue = catalogue();
    let labels = |name: &str, circumstances: &Circumstances| {
        let resolved = catalogue.metric(name).expect(name);
        resolved.labels(circumstances).join(" ")
    };
    let version = |minor, list: &[(&'static str, &'static str)]| Circumstances {
        exporter: Some(Version::new(1, minor, 0)),
        flags: Some(flags(list.iter().copied())),
        ..Circumstances::default()
    };
    let new = version(86, &[]);
    assert_eq!(
        labels("redis_commands_latencies_usec_bucket", &new),
        "cmd le"
    );
    assert_eq!(labels("redis_commands_latencies_usec_sum", &new), "cmd");
    assert_eq!(labels("redis_script_values", &new), "key filename");
    assert_eq!(labels("redis_script_values", &version(45, &[])), "key");
    let with_role = version(86, &[("append-instance-role-label", "true")]);
    assert_eq!(labels("redis_up", &new), "");
    assert_eq!(labels("redis_up", &with_role), "instance_role");
    assert_eq!(
        labels("redis_up", &Circumstances::default()),
        "instance_role"
    );
    assert_eq!(labels("redis_exporter_scrapes_total", &with_role), "");
}

#[test]
fn misnomers_and_removed_names_lead_to_the_right_one() {
    let catalogue = catalogue();
    for (wrong, right) in [
        (
            "redis_memory_fragmentation_ratio",
            "redis_mem_fragmentation_ratio",
        ),
        (
            "redis_commands_duration_seconds_count",
            "redis_commands_total",
        ),
        (
            "redis_command_latency_seconds_bucket",
            "redis_commands_latencies_usec_bucket",
        ),
        ("redis_db_expires", "redis_db_keys_expiring"),
        (
            "redis_replication_lag_seconds",
            "redis_connected_slave_lag_seconds",
        ),
        ("redis_keys_total", "redis_db_keys"),
        (
            "redis_master_last_io_seconds",
            "redis_master_last_io_seconds_ago",
        ),
    ] {
        let best = &catalogue.closest(wrong)[0];
        assert_eq!(
            (best.name.as_str(), best.is_known),
            (right, true),
            "{wrong}"
        );
    }
}

#[test]
fn a_typing_error_finds_its_metric_and_nonsense_finds_none() {
    let catalogue = catalogue();
    for (wrong, right) in [
        ("redis_memory_used_byte", "redis_memory_used_bytes"),
        (
            "redis_memory_peak_used_bytes",
            "redis_memory_used_peak_bytes",
        ),
        ("redis_conected_clients", "redis_connected_clients"),
        (
            "redis_commands_latency_usec_bucket",
            "redis_commands_latencies_usec_bucket",
        ),
        (
            "prometheus_rule_evaluation_failure_total",
            "prometheus_rule_evaluation_failures_total",
        ),
    ] {
        let guesses = catalogue.closest(wrong);
        assert_eq!(guesses[0].name, right, "{wrong}");
        assert!(!guesses[0].is_known && guesses.len() <= 3);
    }
    assert_eq!(catalogue.closest("my_business_orders_total"), []);
}

#[test]
fn the_longest_prefix_decides() {
    let catalogue = catalogue();
    let technology = |name: &str| catalogue.prefixes().of(name).map(|p| p.technology.as_str());
    assert_eq!(
        technology("prometheus_operator_syncs"),
        Some("Prometheus Operator")
    );
    assert_eq!(technology("prometheus_ready"), Some("Prometheus"));
    assert_eq!(technology("up"), Some("Target health"));
    assert_eq!(technology("uptime"), None);
    let go = catalogue.prefixes().of("go_goroutines").expect("a prefix");
    assert_eq!(go.evidence, Evidence::Runtime);
}

#[test]
fn explain_shows_what_matters_at_night() {
    let catalogue = catalogue();
    let text = explain::explain_metric(&catalogue, "redis_memory_max_bytes").expect("known");
    assert_eq!(
        text,
        "redis_memory_max_bytes
  maxmemory as INFO reports it. 0 means no limit, so guard every ratio with > 0.

  exporter    Redis exporter
  type        gauge
  unit        bytes
  labels      none
  values      0 or more
  topic       memory
  read from   INFO maxmemory
  since       v1.0.1 or earlier
  needs       a server that holds data
  beware      0 is normal: as a denominator it needs a guard such as `> 0`.
"
    );
    let text = explain::explain_metric(&catalogue, "redis_db_expires").expect("known");
    assert!(
        text.contains("use         redis_db_keys_expiring"),
        "{text}"
    );
    assert_eq!(explain::explain_metric(&catalogue, "no_such_metric"), None);
}

#[test]
fn every_metric_has_a_row_and_an_explanation() {
    let catalogue = catalogue();
    let rows = explain::metric_rows(&catalogue, Some("redis_exporter"), None);
    assert_eq!(rows.len(), 425);
    for row in &rows {
        let text = explain::explain_metric(&catalogue, &row.name).expect("known");
        assert!(
            text.contains(&row.help) && text.lines().all(|line| line == line.trim_end()),
            "{text}"
        );
    }
    let memory = explain::metric_rows(&catalogue, None, Some(Topic::Memory));
    assert!(!memory.is_empty() && memory.iter().all(|row| row.topic == "memory"));
}

#[test]
fn pinned_images_carry_their_version() {
    let catalogue = catalogue();
    for tool in catalogue.tools() {
        assert_eq!(
            Version::from_tag(&tool.tag),
            Some(tool.version),
            "{}",
            tool.tool
        );
    }
    let exporter = catalogue.tool("redis_exporter").expect("a tool");
    assert_eq!(
        exporter.image_reference(),
        "oliver006/redis_exporter:v1.86.0-alpine"
    );
}
