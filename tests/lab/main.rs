//! Real servers, real failures: what rendered bundles make of them, on running Prometheus and Alertmanager.
//!
//! All tests look at one run of the lab, which takes minutes. `STACKWRIGHT_LAB=Cluster cargo test --test lab` runs a part.
#![cfg(target_os = "linux")]

mod application;
mod dashboard;
mod failure;
mod failures;
mod http;
mod keys;
mod lab;
mod load;
mod pace;
mod page;
mod ports;
mod process;
#[path = "../it/program.rs"]
#[allow(dead_code)] // Shared with the other tests.
mod program;
mod prometheus;
mod receiver;
mod redis;
mod server;
mod stack;
#[path = "../it/tools.rs"]
#[allow(dead_code)] // Shared with the other tests.
mod tools;
mod topology;
mod users;
mod wait;

use std::collections::BTreeSet;

/// What came of something; an error is a sentence.
type Outcome<T> = Result<T, String>;

#[test]
fn nothing_is_pending_or_firing_while_all_is_well() {
    let Some(report) = lab::report() else { return };
    assert!(
        report.false_alarms.is_empty(),
        "{}",
        report.false_alarms.join("\n")
    );
}

#[test]
fn every_failure_is_told_to_the_right_people_and_nothing_else_is() {
    let Some(report) = lab::report() else { return };
    assert!(
        report.problems.is_empty(),
        "{}",
        report.problems.join("\n\n")
    );
}

#[test]
fn every_query_of_every_dashboard_shows_something() {
    let Some(report) = lab::report() else { return };
    if lab::only().is_some() {
        println!("not checked: errors and notifications need failures to be shown");
        return;
    }
    let mut problems = Vec::new();
    let mut needed = BTreeSet::new();
    for (topology, (queries, empty)) in &report.dashboards {
        println!("{}: {queries} queries", topology.name());
        for query in empty {
            let mut exceptions = dashboard::EXCEPTIONS.iter();
            match exceptions.position(|exception| exception.covers(*topology, query)) {
                Some(number) => {
                    needed.insert(number);
                }
                None => problems.push(format!(
                    "{}: {}, {}: nothing for {}",
                    topology.name(),
                    query.dashboard,
                    query.panel,
                    query.expr
                )),
            }
        }
    }
    for (number, exception) in dashboard::EXCEPTIONS.iter().enumerate() {
        if !needed.contains(&number) {
            problems.push(format!("`{}` shows something after all", exception.panel));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn the_page_says_what_was_seen() {
    let Some(report) = lab::report() else { return };
    if lab::only().is_some() {
        println!("not checked: only a part of the lab was run");
        return;
    }
    page::hold(report);
}
