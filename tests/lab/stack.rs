//! A rendered bundle, running: everything in it is started as its README says.

use std::any::Any;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use stackwright::catalogue::Catalogue;
use tempfile::TempDir;

use crate::load::Load;
use crate::ports::Ports;
use crate::process::{Daemon, Signal};
use crate::program::Program;
use crate::prometheus::Prometheus;
use crate::receiver::Receiver;
use crate::server::Server;
use crate::tools::Generation;
use crate::topology::Topology;
use crate::wait::{PATIENCE, until};
use crate::{Outcome, http, pace};

/// A file that somebody may edit.
#[derive(Debug, Clone, Copy)]
pub enum Configuration {
    Prometheus,
    Alertmanager,
}

/// One topology and all that watches it. Processes end before their directory is removed.
#[derive(Debug)]
pub struct Stack {
    pub ports: Ports,
    pub servers: Vec<Server>,
    /// The exporters, that of the servers first.
    pub exporters: Vec<Daemon>,
    prometheus: Daemon,
    pub receiver: Receiver,
    /// The rendered bundle.
    pub bundle: PathBuf,
    pub blackbox: Daemon,
    alertmanager: Daemon,
    _traffic: Load,
    /// What a failure needs for as long as it lasts.
    held: Vec<Box<dyn Any>>,
    _directory: TempDir,
}

impl Stack {
    /// Starts servers, renders the bundle that watches them, and starts what it describes.
    pub fn start(topology: Topology, tools: &Generation) -> Outcome<Self> {
        let (ports, lock) = Ports::choose()?;
        let receiver = Receiver::start(lock)?;
        let directory = tempfile::Builder::new()
            .prefix("lab-")
            .tempdir_in(env!("CARGO_TARGET_TMPDIR"))
            .map_err(|error| error.to_string())?;
        let root = directory.path();
        let servers = topology
            .servers(&ports)
            .iter()
            .enumerate()
            .map(|(number, plan)| Server::start(topology, plan, number, &ports, tools, root))
            .collect::<Outcome<Vec<_>>>()?;
        topology.form(&servers)?;
        for server in servers.iter().filter(|server| !server.is_sentinel) {
            // A server that has just become a replica has one already.
            let _ = server.tell(&["BGSAVE"]);
        }
        let bundle = render_topology(topology, &ports, root)?;
        let password = topology.password().unwrap_or_default();
        let readme = Readme::read(&bundle, password, tools, root)?;
        let mut stack = Self {
            exporters: readme.all("redis_exporter", &[])?,
            prometheus: readme.only(
                "prometheus",
                &[format!(
                    "--storage.tsdb.path={}",
                    root.join("tsdb").display()
                )],
            )?,
            alertmanager: readme.only(
                "alertmanager",
                &[format!(
                    "--storage.path={}",
                    root.join("alertmanager").display()
                )],
            )?,
            blackbox: readme.only("blackbox_exporter", &[])?,
            _traffic: Load::traffic(&servers),
            held: Vec::new(),
            ports,
            servers,
            receiver,
            bundle,
            _directory: directory,
        };
        stack.exporters.iter_mut().try_for_each(Daemon::start)?;
        stack.blackbox.start()?;
        stack.alertmanager.start()?;
        stack.prometheus.start()?;
        stack.is_scraped()?;
        Ok(stack)
    }

    pub fn api(&self) -> Prometheus {
        Prometheus {
            port: self.ports.prometheus(),
        }
    }

    /// Waits until everything answers, and every target has been scraped.
    fn is_scraped(&mut self) -> Outcome<()> {
        let api = self.api();
        until("every target is scraped", 2 * PATIENCE, || {
            self.check()?;
            if !http::is_ready(self.ports.alertmanager(), "/-/ready") {
                return Ok(None);
            }
            let down = api.query("count(up == 0) or vector(0)")?;
            // The exporter of the keys tells of its server as well, under another job.
            let watched = api.query("count(count by (instance) (redis_up == 1))")?;
            let is_up = down.iter().all(|series| series.value.1 == "0");
            let servers = self.servers.len();
            let is_watched = watched.iter().any(|series| {
                series
                    .value
                    .1
                    .parse::<usize>()
                    .is_ok_and(|count| count >= servers)
            });
            if is_up && is_watched {
                return Ok(Some(()));
            }
            let down = api.query("up == 0 or redis_up == 0")?;
            let labels: Vec<String> = down
                .iter()
                .map(|series| format!("{:?}", series.labels))
                .collect();
            Err(format!(
                "{} of {servers} are watched; down: {}",
                watched.first().map_or("none", |series| &series.value.1),
                labels.join(", ")
            ))
        })
    }

    /// An error where something of the watch itself has ended.
    fn check(&mut self) -> Outcome<()> {
        [
            &mut self.blackbox,
            &mut self.alertmanager,
            &mut self.prometheus,
        ]
        .into_iter()
        .chain(&mut self.exporters)
        .try_for_each(Daemon::check)
    }

    /// Asks what the bundle's own script asks of a stack that has been deployed.
    pub fn verify(&self) -> Outcome<()> {
        let here = |port: u16| format!("http://127.0.0.1:{port}");
        let output = Command::new("sh")
            .arg(self.bundle.join("verify.sh"))
            .env("PROMETHEUS", here(self.ports.prometheus()))
            .env("ALERTMANAGER", here(self.ports.alertmanager()))
            .env("GRAFANA", here(self.ports.receiver()))
            .output()
            .map_err(|error| format!("verify.sh: {error}"))?;
        let text = String::from_utf8_lossy(&output.stdout);
        if output.status.success() && text.contains("All of it is watched.") {
            return Ok(());
        }
        Err(format!(
            "verify.sh: {text}{}",
            String::from_utf8_lossy(&output.stderr)
        ))
    }

    /// Keeps something until the failure is over.
    pub fn hold(&mut self, thing: impl Any) {
        self.held.push(Box::new(thing));
    }

    /// Lets go of all that is held.
    pub fn release(&mut self) {
        self.held.clear();
    }

    /// Starts every server that has been killed.
    pub fn revive(&mut self) -> Outcome<()> {
        self.servers
            .iter_mut()
            .filter(|server| !server.daemon.is_running())
            .try_for_each(Server::up)
    }

    /// After a failure that was not seen as it should be: what is left of it is no news of the next one.
    pub fn recovers(&mut self) {
        self.release();
        // Whatever does not work now is told by what comes next.
        let _ = self.revive();
        let _ = self.calms_down(PATIENCE);
    }

    /// Changes a configuration by hand, as nobody should, and makes its reader read it again.
    pub fn edit(&self, file: Configuration, edit: impl FnOnce(&str) -> String) -> Outcome<()> {
        let (path, reader) = self.configuration(file);
        let text = fs::read_to_string(&path).map_err(|error| error.to_string())?;
        let edited = edit(&text);
        if edited == text {
            return Err("the edit changes nothing".into());
        }
        fs::write(kept(&path), &text).map_err(|error| error.to_string())?;
        fs::write(&path, edited).map_err(|error| error.to_string())?;
        reader.signal(Signal::HUP)
    }

    /// Undoes the edit.
    pub fn restore(&self, file: Configuration) -> Outcome<()> {
        let (path, reader) = self.configuration(file);
        fs::rename(kept(&path), &path).map_err(|error| error.to_string())?;
        reader.signal(Signal::HUP)
    }

    /// Waits until no alert is pending or firing, and nobody has anything left to be told, for as long as it takes to
    /// scrape and to evaluate once more.
    pub fn calms_down(&self, patience: Duration) -> Outcome<()> {
        const QUIET: Duration = Duration::from_secs(4);
        let api = self.api();
        let mut since = Instant::now();
        until("all is quiet", patience, || {
            let alerts = api.alerts()?;
            let open = self.receiver.arrivals();
            let open: Vec<&str> = open
                .iter()
                .filter(|arrival| arrival.resolved.is_none())
                .map(|arrival| arrival.name())
                .collect();
            if alerts.is_empty() && open.is_empty() {
                return Ok((since.elapsed() > QUIET).then_some(()));
            }
            since = Instant::now();
            Err(format!(
                "{}; not resolved: {}",
                alerts.join(", "),
                open.join(", ")
            ))
        })
    }

    /// Failed scrapes and the ends of all logs, for a report about what went wrong.
    pub fn last_words(&self) -> String {
        let mut text = match self.api().failed_scrapes() {
            Ok(failed) => failed.join("\n"),
            Err(error) => error,
        };
        text.push('\n');
        let daemons = [&self.prometheus, &self.alertmanager];
        for daemon in daemons
            .into_iter()
            .chain(&self.exporters)
            .chain(self.servers.iter().map(|server| &server.daemon))
        {
            text.push_str(&daemon.last_words());
            text.push('\n');
        }
        text
    }

    fn configuration(&self, file: Configuration) -> (PathBuf, &Daemon) {
        let (path, reader) = match file {
            Configuration::Prometheus => ("prometheus/prometheus.yml", &self.prometheus),
            Configuration::Alertmanager => ("alertmanager/alertmanager.yml", &self.alertmanager),
        };
        (self.bundle.join(path), reader)
    }
}

fn kept(path: &Path) -> PathBuf {
    path.with_extension("yml.kept")
}

/// Renders a profile with the program, and says where the bundle of its environment `lab` is.
pub fn render(profile: &Json, root: &Path) -> Outcome<PathBuf> {
    fs::write(root.join("profile.yaml"), format!("{profile:#}"))
        .map_err(|error| error.to_string())?;
    let run = Program::in_directory(root)
        .arguments(["render", "profile.yaml", "--out", "bundles"])
        .run();
    if run.status != 0 {
        return Err(format!("render: {}{}", run.output, run.errors));
    }
    Ok(root.join("bundles/lab"))
}

fn render_topology(topology: Topology, ports: &Ports, root: &Path) -> Outcome<PathBuf> {
    let catalogue = Catalogue::embedded().map_err(|errors| format!("{errors:?}"))?;
    let mut profile = topology.profile(ports);
    profile["environments"] = json!({"lab": pace::overlay(catalogue.alerting())});
    render(&profile, root)
}

/// What the README of a bundle says is to be run.
struct Readme<'a> {
    /// Programs and the command lines that run them.
    commands: Vec<(String, String)>,
    password: &'a str,
    bundle: &'a Path,
    tools: &'a Generation,
    root: &'a Path,
}

impl<'a> Readme<'a> {
    fn read(
        bundle: &'a Path,
        password: &'a str,
        tools: &'a Generation,
        root: &'a Path,
    ) -> Outcome<Self> {
        let readme =
            fs::read_to_string(bundle.join("README.md")).map_err(|error| error.to_string())?;
        let run = readme.split_once("## Run").map_or("", |(_, rest)| rest);
        let block = run.split("```").nth(1).unwrap_or_default();
        let commands = block
            .lines()
            .skip(1)
            .filter_map(|line| {
                let program = line.split(' ').find(|word| !word.contains('='))?;
                Some((program.to_owned(), line.to_owned()))
            })
            .collect();
        Ok(Self {
            commands,
            password,
            bundle,
            tools,
            root,
        })
    }

    /// Every command of a program, as the README says, in the bundle's directory, with what only the lab knows after it.
    fn all(&self, program: &str, further: &[String]) -> Outcome<Vec<Daemon>> {
        let path = self.tools.program(program);
        let directory = path.parent().unwrap_or(Path::new("/"));
        let elsewhere = std::env::var("PATH").unwrap_or_default();
        let search = format!("{}:{elsewhere}", directory.display());
        let lines = self.commands.iter().filter(|(of, _)| of == program);
        let daemons: Vec<Daemon> = lines
            .enumerate()
            .map(|(number, (_, line))| {
                // A flag that the lab sets is its own: data stay out of the bundle, which is rendered again.
                let flag = |word: &str| word.split('=').next().map(str::to_owned);
                let line = line
                    .split(' ')
                    .filter(|word| !further.iter().any(|own| flag(own) == flag(word)))
                    .collect::<Vec<_>>()
                    .join(" ");
                let mut command: Vec<String> = ["sh", "-c"].map(str::to_owned).into();
                command.push(format!("exec env {line} \"$@\""));
                command.push("sh".into());
                command.extend(further.iter().cloned());
                let name = format!("{program}-{}", number + 1);
                Daemon::new(&name, command, self.bundle, self.root)
                    .variable("PATH", &search)
                    .variable("REDIS_PASSWORD", self.password)
            })
            .collect();
        if daemons.is_empty() {
            return Err(format!("the README does not say how to run {program}"));
        }
        Ok(daemons)
    }

    /// The one command of a program.
    fn only(&self, program: &str, further: &[String]) -> Outcome<Daemon> {
        let mut daemons = self.all(program, further)?;
        match (daemons.pop(), daemons.is_empty()) {
            (Some(daemon), true) => Ok(daemon),
            _ => Err(format!("the README runs {program} more than once")),
        }
    }
}
