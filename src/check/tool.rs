//! Finding the external tools, and running them where they can do no harm.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::str::FromStr;
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

/// Longest time that a tool may take to tell its version. Ample: Go programs answer within 50 ms.
const VERSION_TIMEOUT: Duration = Duration::from_secs(20);

/// More than this of a tool's output is not read: nobody reads a megabyte of findings.
const OUTPUT_LIMIT: u64 = 1 << 20;

/// An external program that checks files of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tool {
    /// Prometheus' own checker.
    Promtool,
    /// Alertmanager's own checker.
    Amtool,
    /// Compose 2 or newer: the program `docker-compose`, else the `compose` plugin of `docker`.
    DockerCompose,
}

impl Tool {
    /// Every tool, in the order in which outcomes are told.
    pub const ALL: [Self; 3] = [Self::Promtool, Self::Amtool, Self::DockerCompose];

    /// Name of the program, and what `--require` takes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Promtool => "promtool",
            Self::Amtool => "amtool",
            Self::DockerCompose => "docker-compose",
        }
    }

    /// Environment variable that names the program to use instead of the one in `PATH`. Empty is as good as unset.
    pub const fn variable(self) -> &'static str {
        match self {
            Self::Promtool => "STACKWRIGHT_PROMTOOL",
            Self::Amtool => "STACKWRIGHT_AMTOOL",
            Self::DockerCompose => "STACKWRIGHT_DOCKER_COMPOSE",
        }
    }
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is no [`Tool`]'s.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no tool that checks anything; these are: promtool, amtool, docker-compose")]
pub struct UnknownTool(pub String);

impl FromStr for Tool {
    type Err = UnknownTool;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|tool| tool.name() == name)
            .ok_or_else(|| UnknownTool(name.to_owned()))
    }
}

/// A tool and the version it says it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolVersion {
    /// Which tool.
    pub tool: Tool,
    /// As the tool spells it, such as `2.42.0+ds`.
    pub version: String,
}

impl fmt::Display for ToolVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.tool, self.version)
    }
}

/// A tool that was found and has answered.
#[derive(Debug, Clone)]
pub struct Program {
    /// What it says it is.
    pub version: ToolVersion,
    path: PathBuf,
    /// `compose` for the plugin of `docker`, else nothing.
    leading: Option<&'static str>,
}

/// Where tools are looked for. Each is found, and asked for its version, at most once.
#[derive(Debug, Default)]
pub struct Toolbox {
    directories: Vec<PathBuf>,
    chosen: BTreeMap<Tool, PathBuf>,
    found: [OnceLock<Result<Program, String>>; Tool::ALL.len()],
    isolation: OnceLock<&'static [&'static str]>,
}

impl Toolbox {
    /// What `PATH` and the tools' own environment variables offer.
    pub fn from_environment() -> Self {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let chosen = Tool::ALL
            .into_iter()
            .filter_map(|tool| Some((tool, PathBuf::from(std::env::var_os(tool.variable())?))))
            .filter(|(_, path)| !path.as_os_str().is_empty())
            .collect();
        Self {
            directories: std::env::split_paths(&path).collect(),
            chosen,
            ..Self::default()
        }
    }

    /// No tools, for this reason.
    pub fn none(reason: &str) -> Self {
        Self {
            found: std::array::from_fn(|_| OnceLock::from(Err(reason.to_owned()))),
            ..Self::default()
        }
    }

    /// The programs of one directory, whatever the environment says.
    pub fn in_directory(directory: impl Into<PathBuf>) -> Self {
        Self {
            directories: vec![directory.into()],
            ..Self::default()
        }
    }

    /// The tool, or the reason why there is none, to be read after "skipped:".
    pub fn find(&self, tool: Tool) -> Result<&Program, &str> {
        self.found[tool as usize]
            .get_or_init(|| self.search(tool))
            .as_ref()
            .map_err(String::as_str)
    }

    fn search(&self, tool: Tool) -> Result<Program, String> {
        if let Some(path) = self.chosen.get(&tool) {
            return self.ask(tool, path, None).map_err(|reason| {
                format!(
                    "`{}` names `{}`, but {reason}",
                    tool.variable(),
                    path.display()
                )
            });
        }
        let named = self.look_up(tool.name()).map(|path| {
            self.ask(tool, &path, None)
                .map_err(|reason| format!("`{}`: {reason}", path.display()))
        });
        if let Some(Ok(program)) = named {
            return Ok(program);
        }
        if tool == Tool::DockerCompose
            && let Some(docker) = self.look_up("docker")
            && let Ok(program) = self.ask(tool, &docker, Some("compose"))
        {
            return Ok(program);
        }
        named.unwrap_or_else(|| Err(format!("`{tool}` is not in PATH")))
    }

    fn look_up(&self, name: &str) -> Option<PathBuf> {
        let name = format!("{name}{}", std::env::consts::EXE_SUFFIX);
        self.directories
            .iter()
            .map(|directory| directory.join(&name))
            .find(|path| is_executable(path))
    }

    /// Asks for the version, which also proves that the program runs here.
    fn ask(
        &self,
        tool: Tool,
        path: &Path,
        leading: Option<&'static str>,
    ) -> Result<Program, String> {
        let mut program = Program {
            version: ToolVersion {
                tool,
                version: String::new(),
            },
            // Tools run in the bundle's directory, where a relative path would mean something else.
            path: std::path::absolute(path).map_err(|error| error.to_string())?,
            leading,
        };
        let arguments: &[&str] = match tool {
            Tool::Promtool | Tool::Amtool => &["--version"],
            Tool::DockerCompose => &["version", "--short"],
        };
        let answer = self
            .run(
                &program,
                arguments,
                &std::env::temp_dir(),
                None,
                VERSION_TIMEOUT,
            )
            .map_err(|error| error.to_string())?;
        program.version.version = answer
            .status
            .success()
            .then(|| version_in(&answer.stdout).or_else(|| version_in(&answer.stderr)))
            .flatten()
            .ok_or("it does not tell its version")?
            .to_owned();
        if tool == Tool::DockerCompose && program.version.version.starts_with("1.") {
            return Err(format!(
                "version {} predates the Compose specification, 2 or newer is needed",
                program.version.version
            ));
        }
        Ok(program)
    }

    /// Runs a tool in `directory` with nothing to read, no network where the system allows that, and nothing of the
    /// user's environment but `PATH`. `home` keeps the user's own settings out: amtool reads
    /// `~/.config/amtool/config.yml`. The plugin of `docker` keeps the real one, it may be installed there.
    pub fn run(
        &self,
        program: &Program,
        arguments: &[impl AsRef<OsStr>],
        directory: &Path,
        home: Option<&Path>,
        timeout: Duration,
    ) -> Result<Answer, RunError> {
        let mut line: Vec<OsString> = self.isolation().iter().map(OsString::from).collect();
        line.push(program.path.clone().into());
        line.extend(program.leading.map(OsString::from));
        line.extend(
            arguments
                .iter()
                .map(|argument| argument.as_ref().to_owned()),
        );
        let home = match (home, program.leading) {
            (Some(home), None) => Some(home.as_os_str().to_owned()),
            _ => std::env::var_os("HOME"),
        };
        execute(&line, directory, home, timeout)
    }

    /// What to put before a command so that it has no network. Some service discoveries of Prometheus ask the cloud for
    /// their region while the file is merely read, and what is checked may come from anyone.
    fn isolation(&self) -> &'static [&'static str] {
        const AS_ROOT: &[&str] = &["unshare", "--net", "--"];
        const AS_USER: &[&str] = &["unshare", "--map-current-user", "--net", "--"];
        self.isolation.get_or_init(|| {
            if !cfg!(target_os = "linux") {
                return &[];
            }
            [AS_ROOT, AS_USER]
                .into_iter()
                .find(|prefix| {
                    let line: Vec<OsString> =
                        prefix.iter().chain(&["true"]).map(OsString::from).collect();
                    execute(&line, &std::env::temp_dir(), None, VERSION_TIMEOUT)
                        .is_ok_and(|answer| answer.status.success())
                })
                .unwrap_or(&[])
        })
    }
}

/// What a tool said and how it ended.
#[derive(Debug)]
pub struct Answer {
    /// How it ended.
    pub status: ExitStatus,
    /// Its standard output; at most 1 MiB, bytes that are not UTF-8 replaced.
    pub stdout: String,
    /// Its standard error, likewise.
    pub stderr: String,
}

/// A tool that gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// It did not even start, or its output could not be kept.
    #[error("it cannot be run: {0}")]
    Io(#[from] io::Error),
    /// It was stopped after this time.
    #[error("it did not finish within {0:?}")]
    Timeout(Duration),
}

fn execute(
    line: &[OsString],
    directory: &Path,
    home: Option<OsString>,
    timeout: Duration,
) -> Result<Answer, RunError> {
    // Files, because a pipe that nobody reads while we wait for the end would stop the tool.
    let (mut stdout, mut stderr) = (tempfile::tempfile()?, tempfile::tempfile()?);
    let mut command = Command::new(&line[0]);
    command
        .args(&line[1..])
        .current_dir(directory)
        .env_clear()
        .envs(
            ["PATH", "TMPDIR", "SYSTEMROOT"]
                .into_iter()
                .filter_map(|name| Some((name, std::env::var_os(name)?))),
        )
        .envs(home.map(|home| ("HOME", home)))
        .stdin(Stdio::null())
        .stdout(stdout.try_clone()?)
        .stderr(stderr.try_clone()?);
    let mut child = command.spawn()?;
    let started = Instant::now();
    let mut pause = Duration::from_millis(1);
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if started.elapsed() > timeout {
            child.kill()?;
            child.wait()?;
            return Err(RunError::Timeout(timeout));
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    };
    Ok(Answer {
        status,
        stdout: read_back(&mut stdout)?,
        stderr: read_back(&mut stderr)?,
    })
}

fn read_back(file: &mut File) -> io::Result<String> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.take(OUTPUT_LIMIT).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The first word that starts like a version number, without a leading `v`.
fn version_in(text: &str) -> Option<&str> {
    text.split_whitespace()
        .map(|word| word.trim_start_matches('v').trim_end_matches(','))
        .find(|word| word.starts_with(|c: char| c.is_ascii_digit()) && word.contains('.'))
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata()
        .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(path: &Path) -> bool {
    path.is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_from_what_every_tool_says() {
        assert_eq!(
            version_in("promtool, version 2.42.0+ds (branch: debian/sid)"),
            Some("2.42.0+ds")
        );
        assert_eq!(version_in("2.26.1-4\n"), Some("2.26.1-4"));
        assert_eq!(version_in("v2.40.3"), Some("2.40.3"));
        assert_eq!(version_in("usage: tool [options]"), None);
    }

    #[test]
    fn a_tool_is_named_as_on_the_command_line() {
        for tool in Tool::ALL {
            assert_eq!(tool.name().parse(), Ok(tool));
        }
        assert_eq!(
            "promtol".parse::<Tool>(),
            Err(UnknownTool("promtol".into()))
        );
    }
}
