//! Programs that never outlive their lab.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

pub use rustix::process::Signal;
use rustix::process::{Pid, Resource, Rlimit};

use crate::Outcome;

/// A program that can be started, killed, stopped and started again. Dropping it kills it.
#[derive(Debug)]
pub struct Daemon {
    name: String,
    command: Vec<String>,
    directory: PathBuf,
    environment: Vec<(String, String)>,
    log: PathBuf,
    running: Option<Child>,
}

impl Daemon {
    /// Not yet started; `command` is what a shell runs in `directory`, and what it says goes to a log there.
    pub fn new(name: &str, command: Vec<String>, directory: &Path, logs: &Path) -> Self {
        Self {
            name: name.to_owned(),
            command,
            directory: directory.to_owned(),
            environment: Vec::new(),
            log: logs.join(format!("{name}.log")),
            running: None,
        }
    }

    /// The same, with an environment variable.
    pub fn variable(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        let value = value.as_ref().to_string_lossy().into_owned();
        self.environment.push((name.to_owned(), value));
        self
    }

    /// Starts it. Nothing waits for it to be ready.
    pub fn start(&mut self) -> Outcome<()> {
        if self.running.is_some() {
            return Err(format!("{} runs already", self.name));
        }
        let log = File::options()
            .create(true)
            .append(true)
            .open(&self.log)
            .map_err(|error| format!("{}: {error}", self.log.display()))?;
        let errors = log.try_clone().map_err(|error| error.to_string())?;
        let mut command = Command::new(&self.command[0]);
        command
            .args(&self.command[1..])
            .current_dir(&self.directory)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            // Ctrl-C is for the test; it then takes its processes with it.
            .process_group(0);
        // SAFETY: between fork and exec this makes one system call and allocates nothing.
        unsafe {
            command.pre_exec(|| {
                rustix::process::set_parent_process_death_signal(Some(Signal::KILL))
                    .map_err(Into::into)
            });
        }
        let child = command
            .spawn()
            .map_err(|error| format!("{} does not start: {error}", self.name))?;
        self.running = Some(child);
        Ok(())
    }

    /// Ends it at once, as the kernel does when memory is short.
    pub fn kill(&mut self) -> Outcome<()> {
        let mut child = self
            .running
            .take()
            .ok_or(format!("{} does not run", self.name))?;
        child.kill().map_err(|error| error.to_string())?;
        child.wait().map_err(|error| error.to_string())?;
        Ok(())
    }

    pub fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) -> Outcome<()> {
        rustix::process::kill_process(self.pid()?, signal).map_err(|error| error.to_string())
    }

    /// Limits the size of the files that it may write to, as a full disk does; `None` lifts the limit.
    pub fn limit_files(&self, bytes: Option<u64>) -> Outcome<()> {
        let limit = Rlimit {
            current: bytes,
            maximum: None,
        };
        rustix::process::prlimit(Some(self.pid()?), Resource::Fsize, limit)
            .map(drop)
            .map_err(|error| error.to_string())
    }

    /// An error with the end of its log, where it has ended by itself.
    pub fn check(&mut self) -> Outcome<()> {
        let ended = match &mut self.running {
            Some(child) => child.try_wait().map_err(|error| error.to_string())?,
            None => None,
        };
        match ended {
            Some(status) => Err(format!(
                "{} has ended with {status}:\n{}",
                self.name,
                self.last_words()
            )),
            None => Ok(()),
        }
    }

    /// The end of its log.
    pub fn last_words(&self) -> String {
        let log = fs::read(&self.log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }

    fn pid(&self) -> Outcome<Pid> {
        let child = self.running.as_ref();
        child
            .map(Pid::from_child)
            .ok_or(format!("{} does not run", self.name))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if let Some(mut child) = self.running.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
