//! The external tools that tests use, in two generations, as `tests/run` provides them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use stackwright::check::tool::Toolbox;

/// How long a test waits for one run of a tool on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Tools of about the same age.
#[derive(Debug, Clone)]
pub struct Generation {
    /// `old` (what Debian bookworm ships) or `new` (what Debian testing ships).
    pub name: &'static str,
    directory: PathBuf,
}

impl Generation {
    /// Path of a program: promtool, amtool, prometheus, alertmanager, redis-server, redis-cli, redis-sentinel,
    /// redis_exporter, blackbox_exporter or docker-compose.
    pub fn program(&self, name: &str) -> PathBuf {
        let path = self.directory.join(name);
        assert!(
            path.exists(),
            "no `{name}` among the {} tools, run tests/run",
            self.name
        );
        path
    }

    /// The tools that check bundles.
    pub fn toolbox(&self) -> Toolbox {
        Toolbox::in_directory(&self.directory)
    }
}

/// Both generations; none where `tests/run` has never fetched them, unless `STACKWRIGHT_REQUIRE_TOOLS` is set, as
/// `tests/run` does: then their absence is a failure.
pub fn generations() -> Vec<Generation> {
    let root = std::env::var_os("STACKWRIGHT_TOOLS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools"),
        PathBuf::from,
    );
    let found: Vec<Generation> = ["old", "new"]
        .into_iter()
        .map(|name| Generation {
            name,
            directory: root.join(name).join("bin"),
        })
        .filter(|generation| generation.directory.is_dir())
        .collect();
    if found.len() < 2 {
        assert!(
            std::env::var_os("STACKWRIGHT_REQUIRE_TOOLS").is_none(),
            "no tools in `{}`, run tests/run",
            root.display()
        );
        eprintln!("not run: no tools in `{}`, run tests/run", root.display());
        return Vec::new();
    }
    found
}

#[test]
fn every_tool_of_both_generations_runs_here() {
    for generation in generations() {
        for name in [
            "promtool",
            "amtool",
            "prometheus",
            "alertmanager",
            "redis-server",
            "redis-cli",
            "redis-sentinel",
            "redis_exporter",
            "blackbox_exporter",
            "docker-compose",
        ] {
            let output = Command::new(generation.program(name))
                .arg("--version")
                .output()
                .unwrap_or_else(|error| panic!("{} {name}: {error}", generation.name));
            assert!(
                output.status.success(),
                "{} {name}: {output:?}",
                generation.name
            );
        }
    }
}
