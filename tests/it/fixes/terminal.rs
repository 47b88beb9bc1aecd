//! The question that `fix` asks on a terminal, asked on one.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

/// A copy of the mislabelled case, to be changed.
fn mislabelled() -> tempfile::TempDir {
    let input = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixes/mislabelled/input");
    let directory = tempfile::tempdir().expect("a directory");
    for entry in walkdir::WalkDir::new(&input).min_depth(1) {
        let entry = entry.expect("a readable case");
        let place = directory
            .path()
            .join(entry.path().strip_prefix(&input).expect("a path in it"));
        match entry.file_type().is_dir() {
            true => std::fs::create_dir(&place),
            false => std::fs::copy(entry.path(), &place).map(drop),
        }
        .expect("a writable directory");
    }
    directory
}

/// What `fix` shows on a terminal at which somebody types `answer`, and its exit status.
fn answered(directory: &Path, answer: &str) -> (String, Option<i32>) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
    grantpt(&master).expect("a terminal of our own");
    unlockpt(&master).expect("a terminal that opens");
    let name = ptsname(&master, Vec::new()).expect("a terminal with a name");
    let open = || {
        let name = name.to_str().expect("a path");
        let mut options = File::options();
        options
            .read(true)
            .write(true)
            .open(name)
            .expect("the terminal's other end")
    };
    let mut command = Command::new(env!("CARGO_BIN_EXE_stackwright"));
    command
        .args(["fix", "."])
        .current_dir(directory)
        .env("NO_COLOR", "1")
        .env("TERM", "dumb")
        .stdin(open())
        .stdout(open())
        .stderr(Stdio::null());
    let mut child = command.spawn().expect("the program runs");
    // Our copies of the other end would keep the terminal open for ever.
    drop(command);
    let mut master = File::from(master);
    master
        .write_all(answer.as_bytes())
        .expect("a terminal that takes letters");
    let mut shown = Vec::new();
    let mut bytes = [0; 4096];
    // When the last program at a terminal is gone, reading from it is an error.
    while let Ok(count @ 1..) = master.read(&mut bytes) {
        shown.extend_from_slice(&bytes[..count]);
    }
    let status = child.wait().expect("an exit status");
    let shown = String::from_utf8_lossy(&shown).replace("\r\n", "\n");
    (shown, status.code())
}

const QUESTION: &str = "`Shop Redis overview`: rename, replace, split, or nothing? [nothing] ";

#[test]
fn an_answer_is_done() {
    let directory = mislabelled();
    let (shown, status) = answered(directory.path(), "rename\n");
    assert!(shown.contains(QUESTION), "{shown}");
    assert!(shown.ends_with("written\n"), "{shown}");
    assert_eq!(status, Some(0), "{shown}");
    let dashboards = directory.path().join("dashboards");
    assert!(!dashboards.join("shop-redis.json").exists());
    let text = std::fs::read_to_string(dashboards.join("shop-api.json")).expect("the new name");
    assert!(text.contains("\"title\": \"Shop API overview\""), "{text}");
}

#[test]
fn without_a_clear_answer_nothing_is_written() {
    // Enter, a word that is no strategy, part of one, and the end of input.
    for answer in ["\n", "yes\n", "ren\n", "\u{4}"] {
        let directory = mislabelled();
        let place = directory.path().join("dashboards/shop-redis.json");
        let before = std::fs::read(&place).expect("the dashboard");
        let (shown, status) = answered(directory.path(), answer);
        assert!(shown.contains(QUESTION), "{answer:?}: {shown}");
        assert!(!shown.contains("written\n"), "{answer:?}: {shown}");
        assert_eq!(status, Some(1), "{answer:?}: {shown}");
        assert_eq!(std::fs::read(&place).expect("the dashboard"), before);
        assert!(!directory.path().join("dashboards/shop-api.json").exists());
    }
}
