//! `cargo bench --bench render`: time and memory of rendering, embedded checks and writing, as whole
//! processes. Prints the table of docs/performance.md. The processor time of all threads together does not depend
//! on what else the machine does; the time that somebody waits does.

use std::path::Path;

use stackwright::commands::{Color, Console, Exit, Format, RenderArgs, render};

mod process;

fn main() {
    if let Some(arguments) = process::arguments() {
        let [profile, out] = arguments.as_slice() else {
            panic!("a profile and a directory, not {arguments:?}");
        };
        return one(profile, out);
    }
    let directory = process::directory();
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
    let mut size = 0;
    let best = process::best(|| {
        let out = tempfile::tempdir_in(directory).expect("a temporary directory");
        let figures = process::measure([file.as_path(), &out.path().join("out")]);
        size = walkdir::WalkDir::new(out.path())
            .into_iter()
            .filter_map(|entry| entry.ok()?.metadata().ok())
            .filter(std::fs::Metadata::is_file)
            .map(|metadata| metadata.len())
            .sum();
        figures
    });
    println!(
        "| {label} | {environments} | {:.0} ms | {:.0} ms | {:.1} µs | {} MB | {:.1} MB |",
        best.seconds * 1e3,
        best.processor * 1e3,
        best.processor * 1e6 / (targets * environments) as f64,
        best.megabytes,
        size as f64 / 1e6
    );
}

/// One render in this process.
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
    process::tell();
}
