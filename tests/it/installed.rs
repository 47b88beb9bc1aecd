//! The program as it is installed: alone in an empty folder, with nothing of the repository around it.

use std::process::{Command, Stdio};

use crate::program::{files, repository};

fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(repository()).stdin(Stdio::null());
    command
}

#[test]
fn the_installed_binary_is_enough() {
    let root = tempfile::tempdir().expect("a directory");
    // The target directory of this very build, so that nothing is compiled twice.
    let target = std::path::Path::new(env!("CARGO_BIN_EXE_stackwright"))
        .ancestors()
        .nth(2)
        .expect("a target directory");
    let output = cargo()
        .args([
            "install",
            "--path",
            ".",
            "--debug",
            "--locked",
            "--offline",
            "--root",
        ])
        .arg(root.path())
        .env("CARGO_TARGET_DIR", target)
        .output()
        .expect("cargo");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let empty = tempfile::tempdir().expect("a directory");
    for arguments in [
        ["init", "--quiet"].as_slice(),
        &["render", "profile.yaml"],
        &["render", "profile.yaml", "--check"],
        &["list", "alerts"],
        &["explain", "RedisDown"],
        &["schema"],
    ] {
        let output = Command::new(root.path().join("bin/stackwright"))
            .args(arguments)
            .current_dir(empty.path())
            .env_clear()
            .stdin(Stdio::null())
            .output()
            .expect("the installed program");
        assert!(output.status.success(), "{arguments:?}: {output:?}");
    }
    let written = files(empty.path());
    assert!(written.contains_key("build/my-redis/production/compose.yaml"));
    assert!(written.len() > 40, "{:?}", written.keys());
    // Where it was built is no business of what it writes.
    let repository = repository().to_string_lossy();
    for (path, bytes) in written {
        assert!(
            !String::from_utf8_lossy(&bytes).contains(&*repository),
            "{path}"
        );
    }
}

#[test]
fn the_package_holds_everything_that_is_embedded() {
    if !repository().join("README.md").exists() {
        println!("not run: cargo packages nothing without README.md");
        return;
    }
    let output = cargo()
        .args(["package", "--list", "--allow-dirty", "--offline"])
        .output()
        .expect("cargo");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let listed = String::from_utf8_lossy(&output.stdout).replace('\\', "/");
    let listed: std::collections::BTreeSet<&str> = listed.lines().collect();
    for directory in ["templates", "profiles", "src"] {
        for path in files(&repository().join(directory)).keys() {
            let path = format!("{directory}/{path}");
            assert!(listed.contains(path.as_str()), "the package lacks {path}");
        }
    }
    assert!(listed.contains("build.rs") && listed.contains("Cargo.lock"));
}
