//! Whole processes, measured: the benchmark starts itself again for one run, so that every run is cold and has a peak of
//! its own.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// As the program has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Fewest runs per row; the fastest counts, because everything else is the machine's noise.
const RUNS: usize = 5;
/// As long as it took no longer, a row is run again: of 20 ms, a busy neighbour takes a larger share than of a second.
const ENOUGH: Duration = Duration::from_secs(2);

/// What one run took.
#[derive(Debug, Clone, Copy)]
pub struct Figures {
    /// Seconds that somebody waits.
    pub seconds: f64,
    /// Seconds of all threads together, which do not depend on what else the machine does.
    pub processor: f64,
    /// The most memory that was in use, in MB.
    pub megabytes: u64,
}

impl Figures {
    /// The better of both, figure by figure.
    pub fn or(self, other: Option<Self>) -> Self {
        let Some(other) = other else { return self };
        Self {
            seconds: self.seconds.min(other.seconds),
            processor: self.processor.min(other.processor),
            megabytes: self.megabytes.min(other.megabytes),
        }
    }
}

/// The best figures of as many runs as it takes.
pub fn best(mut run: impl FnMut() -> Figures) -> Figures {
    let start = Instant::now();
    let mut best = run();
    let mut runs = 1;
    while runs < RUNS || start.elapsed() < ENOUGH {
        best = run().or(Some(best));
        runs += 1;
    }
    best
}

/// What `--one` was followed by, where this is a run that shall be measured.
pub fn arguments() -> Option<Vec<String>> {
    let mut arguments = std::env::args().skip(1);
    let is_measured = arguments.next().as_deref() == Some("--one");
    is_measured.then(|| {
        stackwright::cli::work_along();
        arguments.collect()
    })
}

/// Starts this program for one run.
pub fn measure<'a>(arguments: impl IntoIterator<Item = &'a Path>) -> Figures {
    let start = Instant::now();
    let output = Command::new(std::env::current_exe().expect("this program"))
        .arg("--one")
        .args(arguments)
        .stdout(Stdio::null())
        .output()
        .expect("a run");
    let seconds = start.elapsed().as_secs_f64();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    let figures = said.lines().last().and_then(|line| line.split_once(' '));
    let (processor, megabytes) = figures.unwrap_or_else(|| panic!("no figures: {said}"));
    Figures {
        seconds,
        processor: processor.parse().expect("seconds"),
        megabytes: megabytes.parse().expect("megabytes"),
    }
}

/// At the end of a measured run: tells its figures to [`measure`].
pub fn tell() {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|value| value.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    eprintln!("{} {}", processor_time(), peak.unwrap_or_default() / 1024);
}

/// A directory in memory, where it can be: some file systems take longer to create files after many were deleted.
pub fn directory() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    match memory.is_dir() {
        true => tempfile::tempdir_in(memory),
        false => tempfile::tempdir(),
    }
    .expect("a temporary directory")
}

/// Seconds that the threads of this process have run. Linux tells it in nanoseconds; `inf` elsewhere.
fn processor_time() -> f64 {
    let Ok(threads) = std::fs::read_dir("/proc/self/task") else {
        return f64::INFINITY;
    };
    threads
        .flatten()
        .filter_map(|thread| {
            let text = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
            text.split(' ').next()?.parse::<f64>().ok()
        })
        .sum::<f64>()
        / 1e9
}
