//! Real servers, real failures: what the rendered bundles make of them.
#![cfg(target_os = "linux")]
#![allow(dead_code)]

mod http;
mod load;
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
    let Some(tools) = tools::generations().into_iter().find(|it| it.name == "new") else {
        return;
    };
    let quiet = |topology: topology::Topology| -> Outcome<()> {
        let stack = stack::Stack::start(topology, &tools)?;
        std::thread::sleep(std::time::Duration::from_secs(pace::WINDOW + 4));
        let alerts = stack.api().alerts_within(pace::WINDOW)?;
        match alerts.is_empty() && stack.receiver.arrivals().is_empty() {
            true => Ok(()),
            false => Err(format!("{}: {}", topology.name(), alerts.join(", "))),
        }
    };
    let quiet = &quiet;
    let problems: Vec<String> = std::thread::scope(|scope| {
        let threads = topology::Topology::ALL.map(|topology| scope.spawn(move || quiet(topology)));
        threads
            .into_iter()
            .filter_map(|thread| thread.join().expect("no panic").err())
            .collect()
    });
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
