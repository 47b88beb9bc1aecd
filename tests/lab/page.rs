//! `docs/alert-quality.md`: what was seen, written by `UPDATE_EXPECTED=1 cargo test --test lab`. Seconds differ from run
//! to run, so they are not compared; everything else is.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::time::Duration;

use stackwright::catalogue::{AlertCatalogue, Catalogue};

use crate::dashboard::EXCEPTIONS;
use crate::failure::Failure;
use crate::lab::Report;
use crate::program::{repository, update_expected};
use crate::topology::Topology;
use crate::{failures, pace};

/// Alerts that nothing in the lab raises, and why. Their unit tests show that they can fire.
const NOT_RAISED: &[(&str, &str)] = &[
    (
        "RedisClusterSlotsSuspected",
        "needs nodes that disagree for long; on one host they agree within seconds",
    ),
    (
        "RedisClusterNodesMissing",
        "needs nodes that the profile lists; here the cluster names them",
    ),
    ("RedisSentinelTilt", "needs a clock that jumps"),
    (
        "RedisSystemMemoryHigh",
        "needs the memory of the whole host",
    ),
    (
        "RedisMemoryFragmented",
        "needs hours of changing value sizes",
    ),
    ("RedisKeysGrowing", "looks back a day"),
    (
        "PrometheusRemoteWriteBehind",
        "needs a storage elsewhere that is slow",
    ),
    ("EndpointCertificateExpiring", "needs an endpoint with TLS"),
    (
        "PrometheusRuleFailures",
        "needs a rule that fails, and ours are checked",
    ),
    (
        "PrometheusAlertmanagerMissing",
        "reaches nobody by nature: it is for Prometheus' own page and Grafana",
    ),
    (
        "AlertmanagerNotificationsFailing",
        "looks back a quarter of an hour",
    ),
];

/// What the two public collections make of the same failures, where somebody has tried (Prometheus 3.5, redis_exporter
/// 1.86, thresholds as published, `for` ignored). The first column is ours.
const COLLECTIONS: &[(&str, &str, &str)] = &[
    ("Redis killed", "seen", "seen"),
    (
        "Redis hung (SIGSTOP)",
        "silent: `redis_up` is gone",
        "`RedisMissingMaster`, if there is no other primary anywhere (read, not run)",
    ),
    (
        "exporter of one server killed",
        "silent",
        "`RedisMissingMaster`, if there is no other primary anywhere",
    ),
    (
        "exporter scraped on the wrong path",
        "silent",
        "`RedisMissingMaster`, if there is no other primary anywhere",
    ),
    ("replica link broken", "silent", "seen"),
    (
        "maxmemory reached, writes refused",
        "silent",
        "seen, as memory in percent",
    ),
    ("evictions", "silent", "not as such"),
    ("BGSAVE failing", "silent", "silent for 48 hours"),
    (
        "sentinel quorum lost",
        "only as `RedisDown` of the sentinels",
        "only as `RedisDown` of the sentinels",
    ),
];

/// The same for healthy systems.
const FALSE_ALARMS: &[(Topology, &str, &str)] = &[
    (Topology::Standalone, "none", "`RedisNotEnoughConnections`"),
    (
        Topology::TwoStandalones,
        "none",
        "`RedisTooManyMasters`, `RedisNotEnoughConnections`",
    ),
    (Topology::Replicated, "none", "none"),
    (Topology::Sentinel, "none", "`RedisNotEnoughConnections`"),
    (
        Topology::Cluster,
        "none",
        "`RedisTooManyMasters`, `RedisDisconnectedSlaves`, `RedisNotEnoughConnections`",
    ),
];

/// Writes the page, or compares it with the one that is there.
pub fn hold(report: &Report) {
    let catalogue = Catalogue::embedded().expect("the catalogue");
    let alerting = catalogue.alerting();
    check(report, alerting);
    let path = repository().join("docs/alert-quality.md");
    let page = page(report, alerting);
    if update_expected() {
        fs::write(&path, &page).expect("docs/alert-quality.md");
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        without_seconds(&committed) == without_seconds(&page),
        "docs/alert-quality.md does not say what was seen; run `UPDATE_EXPECTED=1 cargo test --test lab`:\n{}",
        similar::TextDiff::from_lines(without_seconds(&committed), without_seconds(&page))
            .unified_diff()
    );
}

/// The tables above speak of what there is.
fn check(report: &Report, alerting: &AlertCatalogue) {
    let rows = report.seen.iter().flat_map(|seen| &seen.rows);
    let raised: BTreeSet<&str> = rows.map(|row| row.alert).collect();
    let silent: BTreeSet<&str> = alerting
        .alerts()
        .map(|(_, alert)| alert.name.as_str())
        .filter(|alert| !raised.contains(alert))
        .collect();
    let expected: BTreeSet<&str> = NOT_RAISED.iter().map(|(alert, _)| *alert).collect();
    assert_eq!(silent, expected, "alerts that no failure raises");
    for (name, ..) in COLLECTIONS {
        let mut failures = Topology::ALL.into_iter().flat_map(failures::of);
        let is_known = failures.any(|failure| failure.name == *name);
        assert!(is_known, "there is no failure `{name}`");
    }
}

fn page(report: &Report, alerting: &AlertCatalogue) -> String {
    let mut page = String::from(
        "<!-- Generated: UPDATE_EXPECTED=1 cargo test --test lab -->\n\n\
         # How good the alerts are\n\n\
         `tests/lab` starts real servers, renders a bundle for each topology, runs what is in it (Prometheus, Alertmanager,\n\
         redis_exporter, blackbox_exporter), breaks things, and reads what arrives at an HTTP endpoint behind the rendered\n\
         routes: critical alerts at `pager`, the rest at `chat`. It is a part of `cargo test`.\n\n\
         It runs at a quick pace, which the profile sets: scrapes every 2 seconds, rates over 8, and a `for` of 4 to 20\n\
         seconds where the catalogue has minutes. The seconds below are those of the lab; `for` is what is shipped.\n\n\
         ## While all is well\n\n\
         Alerts that are pending or firing after the warm-up.\n\n\
         | topology | stackwright | redis-mixin | awesome-prometheus-alerts |\n|---|---|---|---|\n",
    );
    for (topology, mixin, awesome) in FALSE_ALARMS {
        let _ = writeln!(page, "| {} | none | {mixin} | {awesome} |", topology.name());
    }
    page.push_str(
        "\n## When something fails\n\n\
         Each alert arrived at its channel and was resolved there afterwards; none arrived that was not true.\n\n\
         | topology | failure | alert | told | `for` | seconds |\n|---|---|---|---|---|---|\n",
    );
    for seen in &report.seen {
        for row in &seen.rows {
            let shipped = pace::shipped(alerting, row.alert, row.channel == "pager");
            let _ = writeln!(
                page,
                "| {} | {} | `{}` | {} | {shipped} | {} |",
                seen.topology.name(),
                seen.failure.name,
                row.alert,
                row.channel,
                rounded(row.told_after)
            );
        }
    }
    page.push_str(
        "\nWhat is as true and may arrive as well, or when it is over, until everything has caught up:\n\n\
         | failure | beside | afterwards |\n|---|---|---|\n",
    );
    for seen in &report.seen {
        let Failure {
            name,
            beside,
            afterwards,
            ..
        } = seen.failure;
        if !beside.is_empty() || !afterwards.is_empty() {
            let _ = writeln!(
                page,
                "| {name} | {} | {} |",
                beside.join(", "),
                afterwards.join(", ")
            );
        }
    }
    page.push_str(
        "\n## The same failures, seen by public collections\n\n\
         As far as somebody has tried. What is not listed is not known.\n\n\
         | failure | redis-mixin | awesome-prometheus-alerts |\n|---|---|---|\n",
    );
    for (failure, mixin, awesome) in COLLECTIONS {
        let _ = writeln!(page, "| {failure} | {mixin} | {awesome} |");
    }
    page.push_str(
        "\n## Not raised here\n\nTheir unit tests show that they can fire.\n\n| alert | why |\n|---|---|\n",
    );
    for (alert, reason) in NOT_RAISED {
        let _ = writeln!(page, "| `{alert}` | it {reason} |");
    }
    page.push_str("\n## Dashboards\n\n| topology | queries | that show nothing |\n|---|---|---|\n");
    for (topology, (queries, empty)) in &report.dashboards {
        let panels: BTreeSet<&str> = empty.iter().map(|query| query.panel.as_str()).collect();
        let panels: Vec<&str> = panels.into_iter().collect();
        let _ = writeln!(
            page,
            "| {} | {queries} | {} |",
            topology.name(),
            panels.join(", ")
        );
    }
    page.push('\n');
    for exception in EXCEPTIONS {
        let _ = writeln!(page, "- {}: {}.", exception.panel, exception.reason);
    }
    page
}

/// Within which multiple of five seconds.
fn rounded(time: Duration) -> u64 {
    time.as_secs().div_ceil(5).max(1) * 5
}

/// The page without what differs from run to run: the last cell of a row that ends in a number.
fn without_seconds(page: &str) -> String {
    page.lines()
        .map(|line| {
            let cell = line
                .strip_suffix(" |")
                .and_then(|line| line.rsplit_once("| "));
            match cell {
                Some((row, cell)) if cell.parse::<u64>().is_ok() => format!("{row}|\n"),
                _ => format!("{line}\n"),
            }
        })
        .collect()
}
