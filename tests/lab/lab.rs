//! One run of everything, which all tests look at.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::dashboard::{Dashboards, Query};
use crate::failure::{Failure, Row};
use crate::stack::Stack;
use crate::tools::{Generation, generations};
use crate::topology::Topology;
use crate::{Outcome, failures, pace};

/// What came of it.
#[derive(Debug, Default)]
pub struct Report {
    /// Alerts while all was well, and stacks that did not even start.
    pub false_alarms: Vec<String>,
    /// Failures that nobody, the wrong people, or too many were told of.
    pub problems: Vec<String>,
    /// What was seen as it should be, in the order of topologies and failures.
    pub seen: Vec<Seen>,
    /// How many queries the dashboards of a topology have, and which of them showed nothing in any of its stacks.
    pub dashboards: BTreeMap<Topology, (usize, BTreeSet<Query>)>,
}

/// A failure that the right people were told of.
#[derive(Debug)]
pub struct Seen {
    pub topology: Topology,
    pub failure: &'static Failure,
    pub rows: Vec<Row>,
}

/// Runs everything once; `None` where there are no tools.
pub fn report() -> Option<&'static Report> {
    static REPORT: OnceLock<Option<Report>> = OnceLock::new();
    REPORT.get_or_init(run).as_ref()
}

/// `STACKWRIGHT_LAB=Cluster` or `STACKWRIGHT_LAB='Standalone: slow'` runs only these failures, for somebody who works on
/// them. What is about the whole is not checked then.
pub fn only() -> Option<String> {
    std::env::var("STACKWRIGHT_LAB")
        .ok()
        .filter(|only| !only.is_empty())
}

/// What one stack is for: the failures of a topology, or a part of them.
struct Lane {
    topology: Topology,
    failures: Vec<&'static Failure>,
}

/// Most of the time everybody waits. Topologies with many failures have several stacks, so that none takes much longer
/// than the others.
fn lanes() -> Vec<Lane> {
    const FAILURES_PER_LANE: usize = 6;
    let only = only().unwrap_or_default();
    let mut lanes = Vec::new();
    for topology in Topology::ALL {
        let failures: Vec<&Failure> = failures::of(topology)
            .iter()
            .filter(|failure| format!("{topology:?}: {}", failure.name).contains(&only))
            .collect();
        lanes.extend(failures.chunks(FAILURES_PER_LANE).map(|chunk| Lane {
            topology,
            failures: chunk.to_vec(),
        }));
    }
    lanes
}

fn run() -> Option<Report> {
    let tools = generations().into_iter().find(|it| it.name == "new")?;
    let start = Instant::now();
    // A process dies with the thread that has started it, so each lane does all of its work in one.
    let results: Vec<LaneReport> = std::thread::scope(|scope| {
        let threads: Vec<_> = lanes()
            .into_iter()
            .map(|lane| {
                let tools = &tools;
                scope.spawn(move || walk(lane, tools, start))
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| {
                thread.join().unwrap_or_else(|_| LaneReport {
                    false_alarms: vec!["the lab itself has failed".into()],
                    ..LaneReport::default()
                })
            })
            .collect()
    });
    let mut report = Report::default();
    for result in results {
        report.false_alarms.extend(result.false_alarms);
        report.problems.extend(result.problems);
        report.seen.extend(result.seen);
        if let Some((topology, dashboards)) = result.dashboards {
            let queries = dashboards.queries();
            report
                .dashboards
                .entry(topology)
                .and_modify(|(_, empty)| empty.retain(|query| dashboards.empty.contains(query)))
                .or_insert((queries, dashboards.empty));
        }
    }
    Some(report)
}

#[derive(Debug, Default)]
struct LaneReport {
    false_alarms: Vec<String>,
    problems: Vec<String>,
    seen: Vec<Seen>,
    dashboards: Option<(Topology, Dashboards)>,
}

/// How often something is tried. On a machine that does other things as well a scrape can take longer than it may, which is
/// no fault of an alert; what is wrong with an alert shows every time.
const TRIES: usize = 3;

/// What `attempt` brings, which is told how often it was tried before, and the last error where it fails each time.
fn persistently<T>(
    say: &impl Fn(String),
    what: &str,
    mut attempt: impl FnMut(usize) -> Outcome<T>,
) -> Outcome<T> {
    for before in 0..TRIES - 1 {
        match attempt(before) {
            Ok(result) => return Ok(result),
            Err(error) => say(format!("{what}: once more, because of {error}")),
        }
    }
    attempt(TRIES - 1)
}

/// Everything about one stack.
fn walk(lane: Lane, tools: &Generation, start: Instant) -> LaneReport {
    let topology = lane.topology;
    let mut report = LaneReport::default();
    let say = |text: String| {
        println!(
            "{:4}s {}: {text}",
            start.elapsed().as_secs(),
            topology.name()
        );
    };
    let started = persistently(&say, "start", |_| Stack::start(topology, tools));
    let mut stack = match started {
        Ok(stack) => stack,
        Err(error) => {
            report
                .false_alarms
                .push(format!("{}: {error}", topology.name()));
            return report;
        }
    };
    let watched = persistently(&say, "quiet", |before| {
        if before > 0 {
            stack.recovers();
            stack.receiver.clear();
        }
        watch(&stack).and_then(|()| stack.verify())
    });
    match watched {
        Ok(()) => say("quiet".into()),
        Err(error) => report
            .false_alarms
            .push(format!("{}: {error}", topology.name())),
    }
    let mut dashboards = match Dashboards::read(&stack.bundle, stack.api()) {
        Ok(dashboards) => dashboards,
        Err(error) => {
            report
                .problems
                .push(format!("{}: dashboards: {error}", topology.name()));
            return report;
        }
    };
    let mut look = |stack: &Stack| dashboards.ask(stack.api());
    if let Err(error) = look(&stack) {
        report
            .problems
            .push(format!("{}: dashboards: {error}", topology.name()));
    }
    for failure in lane.failures {
        let seen = persistently(&say, failure.name, |before| {
            if before > 0 {
                stack.recovers();
            }
            failure.run(&mut stack, &mut look)
        });
        match seen {
            Ok(rows) => {
                for row in &rows {
                    say(format!(
                        "{}: {} told after {:.1}s, resolved after {:.1}s",
                        failure.name,
                        row.alert,
                        row.told_after.as_secs_f64(),
                        row.resolved_after.as_secs_f64()
                    ));
                }
                report.seen.push(Seen {
                    topology,
                    failure,
                    rows,
                });
            }
            Err(error) => {
                say(format!("{}: {error}", failure.name));
                let words = stack.last_words();
                let name = topology.name();
                report
                    .problems
                    .push(format!("{name}: {}: {error}\n{words}", failure.name));
                stack.recovers();
            }
        }
    }
    report.dashboards = Some((topology, dashboards));
    report
}

/// Nothing is pending, firing, or told, for longer than any rate looks back.
fn watch(stack: &Stack) -> Outcome<()> {
    std::thread::sleep(Duration::from_secs(pace::WINDOW + 4));
    let mut alerts = stack.api().alerts_within(pace::WINDOW)?;
    let arrivals = stack.receiver.arrivals();
    alerts.extend(
        arrivals
            .iter()
            .map(|arrival| format!("{} (told)", arrival.name())),
    );
    alerts.extend(stack.receiver.problems());
    if alerts.is_empty() {
        return Ok(());
    }
    Err(alerts.join(", "))
}
