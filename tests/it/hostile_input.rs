//! Input and surroundings that are wrong: a clear message, exit 2, and nothing written.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::program::{Program, Run, SMALL, directory_with, files, stackwright};

/// Renders `profile` and asserts that it is refused and leaves nothing.
#[track_caller]
fn refused(profile: &[u8], words: &str) -> Run {
    let directory = tempfile::tempdir().expect("a directory");
    std::fs::write(directory.path().join("profile.yaml"), profile).expect("a file");
    let run = stackwright(&directory, "render profile.yaml").ends(2);
    assert!(
        run.errors.contains(words),
        "no `{words}` in\n{}",
        run.errors
    );
    assert!(
        run.errors.len() < 4_000,
        "{} bytes of message",
        run.errors.len()
    );
    assert_eq!(files(directory.path()).len(), 1, "something was written");
    run
}

#[test]
fn what_is_no_text_is_refused() {
    refused(b"", "this profile is empty");
    refused(b"\xef\xbb\xbf", "this profile is empty");
    refused(b"\n\n---\n", "this profile is empty");
    let run = refused(
        b"name: x\ndescription: \xe9t\xe9\n",
        "this file is not UTF-8",
    );
    assert!(
        run.errors.contains("--> profile.yaml:2:14"),
        "{}",
        run.errors
    );
    refused(&[0; 4096], "error[");
    refused(
        &(0..=255).cycle().take(100_000).collect::<Vec<u8>>(),
        "not UTF-8",
    );
    refused(b"\x7fELF\x02\x01\x01\x00\x00\x00", "error[");
    refused("name: x\0y\n".as_bytes(), "error[");
}

#[test]
fn what_is_no_profile_is_refused() {
    refused(b"name:\n\tx", "a tab is used for indentation");
    refused(b"name: a\nname: b\n", "the key `name` is given twice");
    refused(b"name: a\n---\nname: b\n", "a second document begins here");
    refused(b"name: [a, b\n", "error[profile/not-yaml]");
    refused(b"name: *nobody\n", "error[profile/not-yaml]");
    refused(b"name: \"a\n", "error[profile/not-yaml]");
    refused(b"? {a: b}\n: c\n", "cannot be a key");
    refused(b"a: &a\n  b: *a\n", "refers to itself");
}

#[test]
fn nesting_without_end_is_refused() {
    refused(
        "[".repeat(10_000).as_bytes(),
        "nested deeper than 128 levels",
    );
    refused(
        "{a: ".repeat(10_000).as_bytes(),
        "nested deeper than 128 levels",
    );
    let block: String = (0..10_000)
        .map(|level| format!("{}a:\n", " ".repeat(level)))
        .collect();
    refused(block.as_bytes(), "nested deeper than 128 levels");
    refused(
        "- ".repeat(10_000).as_bytes(),
        "nested deeper than 128 levels",
    );
    let closed = format!("name: {}{}\n", "[".repeat(100_000), "]".repeat(100_000));
    refused(closed.as_bytes(), "nested deeper than 128 levels");
}

#[test]
fn an_alias_bomb_is_refused_before_it_expands() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let items = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{items}]\n"));
    }
    refused(bomb.as_bytes(), "aliases expand this document beyond");
    let merged = bomb.replace('[', "{k: [").replace(']', "]}");
    refused(merged.as_bytes(), "aliases expand this document beyond");
}

#[test]
fn a_huge_file_takes_neither_the_time_nor_the_memory() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("profile.yaml");
    let file = std::fs::File::create(&path).expect("a file");
    file.set_len(100 << 20).expect("100 MB");
    let started = Instant::now();
    let run = stackwright(&directory, "render profile.yaml").ends(2);
    assert!(
        run.errors.contains("`profile.yaml` is larger than 64 MiB"),
        "{}",
        run.errors
    );
    assert!(started.elapsed() < Duration::from_secs(10));
    // Without a size to ask for, reading ends all the same.
    if Path::new("/dev/zero").exists() {
        let run = stackwright(&directory, "render /dev/zero").ends(2);
        assert!(
            run.errors.contains("is larger than 64 MiB"),
            "{}",
            run.errors
        );
    }
    // One line that is half of what is allowed, with its mistake at either end.
    refused(
        format!("name: x\ntarget: {}\n", "a".repeat(2 << 20)).as_bytes(),
        "no key `target`",
    );
    refused(
        format!("name: {} [\n", "a: ".repeat(1 << 20)).as_bytes(),
        "error[profile/not-yaml]",
    );
}

#[test]
fn what_is_no_readable_file_is_refused() {
    let directory = directory_with(SMALL);
    let at = |arguments: &str| stackwright(&directory, arguments).ends(2).errors;
    let missing = at("render nothing.yaml");
    assert!(
        missing.contains("cannot read `nothing.yaml`: no such file or directory"),
        "{missing}"
    );
    assert!(
        missing.contains("stackwright init nothing.yaml"),
        "{missing}"
    );
    assert!(at("render .").contains("`.` is a directory, expected a profile"));
    assert!(at("render profile.yaml/x").contains("not a directory"));
    assert!(at("render profile.yaml --templates nowhere").contains("cannot read `nowhere`"));
    assert!(
        at("render profile.yaml --templates profile.yaml")
            .contains("cannot read `profile.yaml`: not a directory")
    );
    assert!(at("validate nothing.yaml").contains("cannot read `nothing.yaml`"));
    assert!(at("validate .").contains("`.` holds nothing that can be checked"));
    assert_eq!(files(directory.path()).len(), 1);
}

/// Runs the program as somebody who is not root, in `directory`.
fn as_nobody(directory: &Path, arguments: &[&str]) -> Option<std::process::Output> {
    let binary = env!("CARGO_BIN_EXE_stackwright");
    let mut command = if is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups", binary]);
        command
    } else {
        Command::new(binary)
    };
    let output = command
        .args(arguments)
        .current_dir(directory)
        .stdin(Stdio::null())
        .output()
        .ok()?;
    // The binary may lie where nobody else may go.
    (output.status.code() != Some(126) && output.status.code() != Some(127)).then_some(output)
}

/// Root owns what it makes; nobody else does.
fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0)
}

#[cfg(unix)]
fn permissions(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("permissions");
}

#[test]
fn a_missing_permission_is_said_and_changes_nothing() {
    let directory = directory_with(SMALL);
    let at = directory.path();
    permissions(at, 0o755);
    std::fs::write(at.join("secret.yaml"), SMALL).expect("a file");
    permissions(&at.join("secret.yaml"), 0);
    let out = at.join("out");
    stackwright(at, "render profile.yaml --out out").ends(0);
    // Something to write, or nothing would have to be.
    let other = format!("{SMALL}links: {{grafana: https://grafana.example.com}}\n");
    std::fs::write(at.join("profile.yaml"), other).expect("a file");
    for path in [&out, at] {
        permissions(path, 0o555);
    }
    let before = files(&out);
    let run = |arguments: &[&str]| {
        let output = as_nobody(at, arguments)?;
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        Some(String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let Some(errors) = run(&["render", "secret.yaml"]) else {
        println!("not run: nobody else may run the program here");
        return;
    };
    assert!(
        errors.contains("cannot read `secret.yaml`: permission denied"),
        "{errors}"
    );
    for out in ["out", "new"] {
        let errors = run(&["render", "profile.yaml", "--out", out]).expect("a run");
        assert!(
            errors.contains(&format!("cannot write `{out}`: permission denied")),
            "{errors}"
        );
        assert!(errors.contains("nothing was changed"), "{errors}");
    }
    assert_eq!(files(&out), before);
    permissions(at, 0o755);
    permissions(&out, 0o755);
}

#[test]
fn somebody_else_s_files_at_our_paths_stop_everything() {
    for path in [
        "compose.yaml",
        "prometheus/rules/availability.yml",
        "manifest.json",
        "README.md",
    ] {
        let profile = format!("{SMALL}environments: {{dev: {{}}, production: {{}}}}\n");
        let directory = directory_with(&profile);
        let mine = directory.path().join("out/production").join(path);
        std::fs::create_dir_all(mine.parent().expect("a folder")).expect("a folder");
        std::fs::write(&mine, "mine").expect("a file");
        let before = files(directory.path());
        let run = stackwright(&directory, "render profile.yaml --out out").ends(2);
        assert!(
            run.errors.contains(&format!(
                "`out/production/{path}` exists and was not written by stackwright"
            )),
            "{}",
            run.errors
        );
        assert_eq!(files(directory.path()), before);
        assert_eq!(
            std::fs::read_dir(directory.path().join("out"))
                .expect("out")
                .count(),
            1
        );
    }
}

#[test]
fn a_link_in_the_output_is_never_written_through() {
    let directory = directory_with(SMALL);
    let outside = directory.path().join("outside");
    std::fs::create_dir(&outside).expect("a folder");
    let out = directory.path().join("out/default");
    std::fs::create_dir_all(&out).expect("a folder");
    std::os::unix::fs::symlink(&outside, out.join("prometheus")).expect("a link");
    let run = stackwright(&directory, "render profile.yaml --out out").ends(2);
    assert!(
        run.errors
            .contains("`out/default/prometheus` exists and was not written by stackwright"),
        "{}",
        run.errors
    );
    assert_eq!(files(&outside).len(), 0);
    // The environment's folder itself may be one: then the bundle lies where it points to.
    std::fs::remove_dir_all(&out).expect("a folder");
    std::os::unix::fs::symlink(&outside, &out).expect("a link");
    stackwright(&directory, "render profile.yaml --out out").ends(0);
    stackwright(&directory, "render profile.yaml --out out").ends(0);
    assert!(out.is_symlink() && outside.join("compose.yaml").is_file());
    stackwright(&directory, "render profile.yaml --out out --check").ends(0);
}

#[test]
fn a_file_where_the_output_should_be_is_named() {
    let directory = directory_with(SMALL);
    for (out, named) in [
        ("profile.yaml", "profile.yaml"),
        ("profile.yaml/below", "profile.yaml"),
        ("out", "out/default"),
    ] {
        std::fs::create_dir_all(directory.path().join("out")).expect("a folder");
        std::fs::write(directory.path().join("out/default"), "mine").expect("a file");
        let before = files(directory.path());
        let run = stackwright(&directory, &format!("render profile.yaml --out {out}")).ends(2);
        assert!(
            run.errors
                .contains(&format!("`{named}` is not a directory")),
            "{}",
            run.errors
        );
        assert_eq!(files(directory.path()), before);
    }
}

#[test]
fn a_disk_that_is_full_half_way_leaves_the_old_bundle() {
    let directory = directory_with(SMALL);
    stackwright(&directory, "render profile.yaml --out out").ends(0);
    let before = files(&directory.path().join("out"));
    std::fs::write(
        directory.path().join("profile.yaml"),
        format!("{SMALL}labels: {{team: other}}\n"),
    )
    .expect("a file");
    // Every file may have 8 KB: the dashboards do not fit. The signal would kill the program; a full disk does not.
    for out in ["out", "new"] {
        let command = format!(
            "trap '' XFSZ; ulimit -f 8; exec {} render profile.yaml --out {out}",
            env!("CARGO_BIN_EXE_stackwright")
        );
        let output = Command::new("bash")
            .args(["-c", &command])
            .current_dir(directory.path())
            .output()
            .expect("bash");
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(
            errors.contains(&format!("cannot write `{out}/default/")),
            "{errors}"
        );
        assert!(errors.contains("file too large"), "{errors}");
        assert!(
            !errors.contains(".stackwright-"),
            "names a file that is gone: {errors}"
        );
    }
    assert_eq!(files(&directory.path().join("out")), before);
    assert!(!directory.path().join("new").exists());
}

#[test]
fn a_really_full_disk_leaves_the_old_bundle() {
    let directory = directory_with(SMALL);
    // In a mount namespace of its own: nothing to clean up. 600 KB hold one bundle and not two.
    let script = format!(
        "mkdir disk && mount -t tmpfs -o size=600k none disk || exit 77
        {0} render profile.yaml --out disk -q || exit 1
        (cd disk && find . -type f -exec sha256sum {{}} + | sort) > before
        echo 'labels: {{team: other}}' >> profile.yaml
        {0} render profile.yaml --out disk; echo status $?
        (cd disk && find . -type f -exec sha256sum {{}} + | sort) > after
        cmp before after && ls -A disk",
        env!("CARGO_BIN_EXE_stackwright")
    );
    let output = Command::new("unshare")
        .args(["--mount", "bash", "-c", &script])
        .current_dir(directory.path())
        .output();
    let Ok(output) = output else {
        println!("not run: no `unshare`");
        return;
    };
    let said = String::from_utf8_lossy(&output.stdout);
    if !said.contains("status") {
        println!("not run: no file system can be mounted here: {output:?}");
        return;
    }
    assert_eq!(said, "status 2\ndefault\n", "{output:?}");
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("no space left on device"),
        "{output:?}"
    );
}

#[test]
fn hostile_names_never_become_paths() {
    for name in [
        "../../etc",
        "/etc/passwd",
        "a/b",
        "..",
        "CON",
        "a b",
        "-x",
        "a\\b",
        "é",
    ] {
        let quoted = serde_json::to_string(name).expect("JSON");
        for profile in [
            format!("name: {quoted}\ntargets: {{cache: {{address: 'redis://cache'}}}}\n"),
            format!("{SMALL}environments: {{{quoted}: {{}}}}\n"),
            format!("name: demo\ntargets: {{{quoted}: {{address: 'redis://cache'}}}}\n"),
            format!("{SMALL}dashboards: {{{quoted}: {{}}}}\n"),
            format!("{SMALL}runbooks: {{{quoted}: {{title: x, text: y}}}}\n"),
        ] {
            refused(profile.as_bytes(), "error[profile/");
        }
    }
    let run = Program::in_directory(tempfile::tempdir().expect("a directory").path())
        .arguments(["render", "-", "--env", "../x"])
        .input(SMALL)
        .run()
        .ends(2);
    assert!(
        run.errors.contains("has no environment `../x`"),
        "{}",
        run.errors
    );
}
