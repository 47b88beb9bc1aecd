//! `cargo bench --bench render`: time and memory of rendering, embedded checks and writing, as whole
//! processes. Prints the table of docs/performance.md. The processor time of all threads together does not depend
//! on what else the machine does; the time that somebody waits does.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use stackwright::commands::{Color, Console, Exit, Format, RenderArgs, render};

/// Runs per row; the fastest counts, because everything else is the machine's noise.
const RUNS: usize = 5;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, mode, profile, out] = arguments.as_slice()
        && mode == "--one"
    {
        one(profile, out);
        return;
    }
    // In memory, where it can be: some file systems take longer to create files after many were deleted.
    let memory = Path::new("/dev/shm");
    let directory = match memory.is_dir() {
        true => tempfile::tempdir_in(memory),
        false => tempfile::tempdir(),
    }
    .expect("a temporary directory");
    println!(
        "| targets | environments | time | processor time | per target and environment | peak memory | output |"
    );
    println!("|---:|---:|---:|---:|---:|---:|---:|");
    row(
        directory.path(),
        "gatewayz.yaml, production",
        1,
        1,
        gatewayz(),
    );
    for (targets, environments) in [(1, 1), (1, 20), (100, 20), (1_000, 20), (10_000, 20)] {
        let label = targets.to_string();
        row(
            directory.path(),
            &label,
            targets,
            environments,
            profile(targets, environments),
        );
    }
}

fn gatewayz() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("profiles/gatewayz.yaml");
    let text = std::fs::read_to_string(path).expect("profiles/gatewayz.yaml");
    // One environment: the local one goes.
    let start = text.find("  local:\n").expect("the local environment");
    let end = text
        .find("  production:\n")
        .expect("the production environment");
    format!("{}{}", &text[..start], &text[end..])
}

/// A fleet: one exporter for all, and environments that change one threshold each.
fn profile(targets: usize, environments: usize) -> String {
    use std::fmt::Write;
    let mut text = String::from(
        "name: fleet\nnotifications: {channels: {nobody: {kind: silent}}}\ntargets:\n",
    );
    for number in 0..targets {
        let _ = writeln!(
            text,
            "  cache-{number}: {{address: redis://cache-{number}.example.com:6379, maxmemory: 1gb, labels: {{team: team-{}}}}}",
            number % 50
        );
    }
    text.push_str("environments:\n");
    for number in 0..environments {
        let _ = writeln!(text, "  e{number}: {{labels: {{region: r{number}}}}}");
    }
    text
}

fn row(directory: &Path, label: &str, targets: usize, environments: usize, text: String) {
    let file = directory.join("profile.yaml");
    std::fs::write(&file, text).expect("a profile");
    let mut best = f64::INFINITY;
    let mut processor = f64::INFINITY;
    let mut memory = String::new();
    let mut size = 0;
    for _ in 0..RUNS {
        let out = tempfile::tempdir_in(directory).expect("a temporary directory");
        let start = Instant::now();
        let output = Command::new(std::env::current_exe().expect("this program"))
            .arg("--one")
            .arg(&file)
            .arg(out.path().join("out"))
            .output()
            .expect("a run");
        best = best.min(start.elapsed().as_secs_f64());
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let (seconds, peak) = said.trim().split_once(' ').expect("two figures");
        processor = processor.min(seconds.parse().expect("seconds"));
        memory = peak.to_owned();
        size = walkdir::WalkDir::new(out.path())
            .into_iter()
            .filter_map(|entry| entry.ok()?.metadata().ok())
            .filter(std::fs::Metadata::is_file)
            .map(|metadata| metadata.len())
            .sum();
    }
    let each = processor * 1e6 / (targets * environments) as f64;
    println!(
        "| {label} | {environments} | {:.0} ms | {:.0} ms | {each:.1} µs | {memory} | {:.1} MB |",
        best * 1e3,
        processor * 1e3,
        size as f64 / 1e6
    );
}

/// One render in this process; says how many seconds of processor time it took, and how much memory.
fn one(profile: &str, out: &str) {
    let arguments = RenderArgs {
        profile: profile.into(),
        env: Vec::new(),
        out: Some(out.into()),
        check: false,
        diff: false,
        templates: None,
        format: Format::Text,
    };
    let exit = render(&arguments, Console::new(Color::Never, true));
    assert_eq!(exit, Exit::Clean, "the render failed");
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|value| value.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    println!(
        "{} {}",
        processor_time(),
        peak.map_or_else(
            || "unknown".into(),
            |kilobytes| format!("{} MB", kilobytes / 1024)
        )
    );
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
