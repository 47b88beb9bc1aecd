//! Real servers, real failures: what the rendered bundles make of them.
#![cfg(target_os = "linux")]
#![allow(dead_code)]

mod failure;
mod failures;
mod http;
mod load;
mod lab;
mod pace;
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
mod wait;

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
