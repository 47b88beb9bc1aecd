//! Running the built `stackwright` as a user does.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// One run to be.
pub struct Program {
    directory: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(String, OsString)>,
    input: Vec<u8>,
}

/// What became of it.
pub struct Run {
    /// Exit status; -1 for a signal.
    pub status: i32,
    /// Standard output.
    pub output: String,
    /// Standard error.
    pub errors: String,
}

impl Program {
    /// To run in `directory`.
    pub fn in_directory(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            arguments: Vec::new(),
            environment: Vec::new(),
            input: Vec::new(),
        }
    }

    pub fn argument(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().into());
        self
    }

    pub fn arguments<S: AsRef<OsStr>>(self, arguments: impl IntoIterator<Item = S>) -> Self {
        arguments
            .into_iter()
            .fold(self, |program, argument| program.argument(argument))
    }

    pub fn variable(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.environment.push((name.into(), value.as_ref().into()));
        self
    }

    pub fn input(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = input.into();
        self
    }

    pub fn run(self) -> Run {
        use std::io::Write;
        let mut child = Command::new(env!("CARGO_BIN_EXE_stackwright"))
            .current_dir(&self.directory)
            .args(&self.arguments)
            .env_remove("NO_COLOR")
            .envs(self.environment)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("stackwright runs");
        let mut input = child.stdin.take().expect("a standard input");
        // A program that does not read its input closes it; that is no failure of the test.
        let _ = input.write_all(&self.input);
        drop(input);
        let output = child.wait_with_output().expect("stackwright ends");
        Run {
            status: output.status.code().unwrap_or(-1),
            output: String::from_utf8_lossy(&output.stdout).into_owned(),
            errors: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// Whether expectations are to be rewritten instead of compared.
pub fn update_expected() -> bool {
    std::env::var_os("UPDATE_EXPECTED").is_some_and(|value| !value.is_empty())
}

/// The repository.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A profile that needs nothing else: one server, the environment `default`.
pub const SMALL: &str = "name: demo\ntargets: {cache: {address: 'redis://cache'}}\n";

/// An empty directory with `profile.yaml` in it.
pub fn directory_with(profile: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    std::fs::write(directory.path().join("profile.yaml"), profile).expect("profile.yaml");
    directory
}

/// Every file below `directory` by its path there.
pub fn files(directory: &Path) -> std::collections::BTreeMap<String, Vec<u8>> {
    walkdir::WalkDir::new(directory)
        .into_iter()
        .map(|entry| entry.expect("a readable directory"))
        .filter(|entry| !entry.file_type().is_dir())
        .map(|entry| {
            let path = entry.path().strip_prefix(directory).expect("a path below");
            let bytes = std::fs::read(entry.path()).expect("a readable file");
            (path.to_string_lossy().into_owned(), bytes)
        })
        .collect()
}

impl Run {
    /// The same, after asserting the exit status.
    #[track_caller]
    pub fn ends(self, status: i32) -> Self {
        assert_eq!(
            self.status, status,
            "output:\n{}\nerrors:\n{}",
            self.output, self.errors
        );
        assert!(!self.errors.contains("panicked"), "{}", self.errors);
        self
    }

    /// Standard output as the one JSON value that it must be.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.output)
            .unwrap_or_else(|error| panic!("{error}: {}", self.output))
    }
}

/// Runs `stackwright` in `directory` with arguments that are separated by spaces.
pub fn stackwright(directory: impl AsRef<Path>, arguments: &str) -> Run {
    Program::in_directory(directory.as_ref())
        .arguments(arguments.split(' ').filter(|word| !word.is_empty()))
        .run()
}
